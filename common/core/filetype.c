/* filetype: see filetype.h. Rows of first bytes; then what is in a container (RIFF, ISO media, ZIP,
 * Matroska); then whether it is text.
 *
 * Guarantees: reads at most FILETYPE_BYTES, and none behind n; every file has a type, and either a
 * kind or a reason. Known gaps: those of the header; and of ISO media only the major brand is
 * asked, so that a film whose brand no row has is "video/mp4". */
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "base/util.h"
#include "core/filetype.h"

struct magic {
	size_t at;
	const char *bytes;
	size_t n;
	struct filetype is;
};
#define M(at_, bytes_, mime_, kind_, why_)                               \
	{                                                                \
		.at = (at_), .bytes = (bytes_), .n = sizeof(bytes_) - 1, \
		.is = {(mime_),                                          \
			(kind_),                                         \
			(why_) }                                         \
	}
#define KEEP(at, bytes, mime, kind) M(at, bytes, mime, kind, NULL)
#define OUT(at, bytes, mime, why)   M(at, bytes, mime, NULL, why)

/* First match wins. Numbers: the formats' own specifications, as file(1) lists them. */
static const struct magic magics[] = {
	KEEP(0, "\xff\xd8\xff", "image/jpeg", "image"),
	KEEP(0, "\x89PNG\r\n\x1a\n", "image/png", "image"),
	KEEP(0, "GIF87a", "image/gif", "image"),
	KEEP(0, "GIF89a", "image/gif", "image"),
	KEEP(0, "II*\0", "image/tiff", "image"),
	KEEP(0, "MM\0*", "image/tiff", "image"),
	KEEP(0, "%PDF-", "application/pdf", "document"),
	KEEP(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage", "document"),
	KEEP(0, "{\\rtf", "application/rtf", "document"),
	KEEP(0, "OggS", "audio/ogg", "audio"),
	KEEP(0, "#!AMR", "audio/amr", "audio"), /* before "#!" */
	KEEP(0, "fLaC", "audio/flac", "audio"),
	KEEP(0, "ID3", "audio/mpeg", "audio"),
	KEEP(0, "\xff\xfb", "audio/mpeg", "audio"),
	KEEP(0, "\xff\xf3", "audio/mpeg", "audio"),
	KEEP(0, "\xff\xf2", "audio/mpeg", "audio"),
	KEEP(0, "\xff\xf1", "audio/aac", "audio"),
	KEEP(0, "\xff\xf9", "audio/aac", "audio"),
	OUT(0, "MZ", "application/x-dosexec", "program"),
	OUT(0,
		"\x7f"
		"ELF",
		"application/x-executable", "program"),
	OUT(0, "\xca\xfe\xba\xbe", "application/x-mach-binary", "program"),
	OUT(0, "\xcf\xfa\xed\xfe", "application/x-mach-binary", "program"),
	OUT(0, "\xce\xfa\xed\xfe", "application/x-mach-binary", "program"),
	OUT(0, "dex\n", "application/x-dex", "program"),
	OUT(0, "L\0\0\0\x01\x14\x02\0", "application/x-ms-shortcut", "program"),
	OUT(0, "#!", "text/x-script", "script"),
	OUT(0, "Rar!\x1a\x07", "application/x-rar", "archive"),
	OUT(0, "7z\xbc\xaf\x27\x1c", "application/x-7z-compressed", "archive"),
	OUT(0, "\x1f\x8b", "application/gzip", "archive"),
	OUT(0, "BZh", "application/x-bzip2", "archive"),
	OUT(0,
		"\xfd"
		"7zXZ\0",
		"application/x-xz", "archive"),
	OUT(0, "\x28\xb5\x2f\xfd", "application/zstd", "archive"),
	OUT(0, "MSCF", "application/vnd.ms-cab-compressed", "archive"),
	OUT(0, "!<arch>", "application/x-archive", "archive"),
	OUT(257, "ustar", "application/x-tar", "archive"),
};

static bool at(const char *p, size_t n, size_t where, const char *bytes, size_t len)
{
	return n >= where + len && memcmp(p + where, bytes, len) == 0;
}
#define AT(p, n, where, text) at(p, n, where, text, sizeof(text) - 1)

static bool declared_is(const char *declared, const char *prefix)
{
	return declared && strncasecmp(declared, prefix, strlen(prefix)) == 0;
}

/* --- containers --- */

static struct filetype riff(const char *p, size_t n)
{
	if (AT(p, n, 8, "WEBP"))
		return (struct filetype){"image/webp", "image", NULL};
	if (AT(p, n, 8, "WAVE"))
		return (struct filetype){"audio/wav", "audio", NULL};
	if (AT(p, n, 8, "AVI "))
		return (struct filetype){"video/x-msvideo", "video", NULL};
	return (struct filetype){"application/octet-stream", NULL, "unknown-type"};
}

/* ISO 14496-12: the major brand says what it is made for; the rest are films. Brands of pictures:
 * ISO 23008-12. */
static struct filetype iso_media(const char *p, size_t n, const char *declared)
{
	static const struct {
		const char *brand, *mime, *kind;
	} brands[] = {
		{"heic", "image/heic", "image"},
		{"heix", "image/heic", "image"},
		{"heif", "image/heif", "image"},
		{"mif1", "image/heif", "image"},
		{"msf1", "image/heif", "image"},
		{"avif", "image/avif", "image"},
		{"M4A ", "audio/mp4", "audio"},
		{"M4B ", "audio/mp4", "audio"},
		{NULL, "audio/mp4", "audio"}, /* any, declared as sound */
		{"3gp", "video/3gpp", "video"},
		{"qt  ", "video/quicktime", "video"},
	};
	const bool sound = declared_is(declared, "audio/");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(brands); i++)
		if (brands[i].brand ? at(p, n, 8, brands[i].brand, strlen(brands[i].brand)) : sound)
			return (struct filetype){brands[i].mime, brands[i].kind, NULL};
	return (struct filetype){"video/mp4", "video", NULL};
}

/* Office files are ZIP archives by form; the first entry tells them from others. An APK or JAR has
 * META-INF, AndroidManifest or classes there. */
static struct filetype zip(const char *p, size_t n)
{
	static const struct {
		const char *name, *mime;
	} office[] = {
		{"[Content_Types].xml", "application/vnd.openxmlformats"},
		{"_rels/", "application/vnd.openxmlformats"},
		{"docProps/", "application/vnd.openxmlformats"},
		{"word/", "application/vnd.openxmlformats"},
		{"xl/", "application/vnd.openxmlformats"},
		{"ppt/", "application/vnd.openxmlformats"},
		{"mimetypeapplication/vnd.oasis.opendocument.",
			"application/vnd.oasis.opendocument"},
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(office); i++)
		if (at(p, n, 30, office[i].name, strlen(office[i].name)))
			return (struct filetype){office[i].mime, "document", NULL};
	return (struct filetype){"application/zip", NULL, "archive"};
}

static struct filetype container(const char *p, size_t n, const char *declared)
{
	if (AT(p, n, 0, "RIFF"))
		return riff(p, n);
	if (AT(p, n, 4, "ftyp"))
		return iso_media(p, n, declared);
	if (AT(p, n, 0, "PK\x03\x04") || AT(p, n, 0, "PK\x05\x06"))
		return zip(p, n);
	if (AT(p, n, 0, "\x1a\x45\xdf\xa3")) /* Matroska: what is in it stands far behind */
		return declared_is(declared, "audio/")
			       ? (struct filetype){"audio/webm", "audio", NULL}
			       : (struct filetype){"video/webm", "video", NULL};
	return (struct filetype){NULL, NULL, NULL};
}

/* --- text --- */

static bool begins(const char *p, size_t n, const char *tag)
{
	size_t len = strlen(tag);

	return n >= len && strncasecmp(p, tag, len) == 0;
}

/* Mark-up can hold scripts, and an error page of a server looks like this. */
static bool is_markup(const char *p, size_t n)
{
	static const char *const tags[] = {"<!doctype", "<html", "<head", "<body", "<script",
		"<svg", "<?xml", "<?php", "<!--"};
	size_t i;

	while (n && strchr(" \t\r\n\xef\xbb\xbf", *p) && *p)
		p++, n--;
	for (i = 0; i < ARRAY_SIZE(tags); i++)
		if (begins(p, n, tags[i]))
			return true;
	return false;
}

static bool is_text(const char *p, size_t n)
{
	size_t i, cut = 0;

	for (i = 0; i < n; i++)
		if ((unsigned char)p[i] < ' ' && !strchr("\t\r\n\f", p[i]))
			return false;
		else if (p[i] == '\0')
			return false;
	while (cut < 4 && cut < n && !utf8_valid(p, n - cut)) /* the last character may be cut */
		cut++;
	return n && utf8_valid(p, n - cut);
}

static struct filetype text(const char *p, size_t n, const char *declared)
{
	if (is_markup(p, n))
		return (struct filetype){"text/html", NULL, "markup"};
	if (!is_text(p, n))
		return (struct filetype){"application/octet-stream", NULL, "unknown-type"};
	if (begins(p, n, "BEGIN:VCARD"))
		return (struct filetype){"text/vcard", "document", NULL};
	return (struct filetype){
		declared_is(declared, "text/csv") ? "text/csv" : "text/plain", "document", NULL};
}

struct filetype filetype_of(const void *data, size_t n, const char *declared)
{
	const char *p = data;
	struct filetype is;
	size_t i;

	n = MIN(n, FILETYPE_BYTES);
	for (i = 0; i < ARRAY_SIZE(magics); i++)
		if (at(p, n, magics[i].at, magics[i].bytes, magics[i].n))
			return magics[i].is;
	is = container(p, n, declared);
	return is.mime ? is : text(p, n, declared);
}
