/* filetype: see filetype.h. Signatures: the formats' own specifications; ISO base media (MP4, HEIC
 * …) say what they are by the brand behind "ftyp" (ISO/IEC 14496-12, 4.3). */
#include <string.h>

#include "base/util.h"
#include "core/filetype.h"

static const struct {
	size_t at;
	const char *bytes;
	size_t n;
	size_t also_at; /* a second mark; also NULL: none */
	const char *also;
	const char *mime;
} marks[] = {
	{0, "\xff\xd8\xff", 3, 0, NULL, "image/jpeg"},
	{0, "\x89PNG\r\n\x1a\n", 8, 0, NULL, "image/png"},
	{0, "GIF87a", 6, 0, NULL, "image/gif"},
	{0, "GIF89a", 6, 0, NULL, "image/gif"},
	{0, "RIFF", 4, 8, "WEBP", "image/webp"},
	{0, "RIFF", 4, 8, "WAVE", "audio/wav"},
	{0, "%PDF-", 5, 0, NULL, "application/pdf"},
	{4, "ftyp", 4, 8, "heic", "image/heic"},
	{4, "ftyp", 4, 8, "heix", "image/heic"},
	{4, "ftyp", 4, 8, "mif1", "image/heif"},
	{4, "ftyp", 4, 8, "avif", "image/avif"},
	{4, "ftyp", 4, 8, "M4A", "audio/mp4"},
	{4, "ftyp", 4, 8, "3gp", "video/3gpp"},
	{4, "ftyp", 4, 8, "qt  ", "video/quicktime"},
	{4, "ftyp", 4, 0, NULL, "video/mp4"},
	{0, "\x1a\x45\xdf\xa3", 4, 0, NULL, "video/webm"},
	{0, "OggS", 4, 0, NULL, "audio/ogg"},
	{0, "#!AMR", 5, 0, NULL, "audio/amr"},
	{0, "ID3", 3, 0, NULL, "audio/mpeg"},
	{0, "\xff\xfb", 2, 0, NULL, "audio/mpeg"},
	{0, "\xff\xf3", 2, 0, NULL, "audio/mpeg"},
};

static int has(const char *p, size_t n, size_t at, const char *bytes, size_t len)
{
	return n >= at + len && memcmp(p + at, bytes, len) == 0;
}

const char *filetype_of(const void *p, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (has(p, n, marks[i].at, marks[i].bytes, marks[i].n) &&
			(!marks[i].also ||
				has(p, n, marks[i].also_at, marks[i].also, strlen(marks[i].also))))
			return marks[i].mime;
	return NULL;
}
