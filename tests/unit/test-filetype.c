/* filetype: what a file is by its first bytes, a row for each type and each reason; no byte behind
 * the end is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "core/filetype.h"

#define F(bytes, declared, mime, kind, why)         \
	{                                           \
		bytes, sizeof(bytes) - 1, declared, \
		{                                   \
			mime, kind, why             \
		}                                   \
	}
#define ZIP(name)    \
	"PK\x03\x04" \
	"12345678901234567890123456" name
static const struct {
	const char *p;
	size_t n;
	const char *declared;
	struct filetype is;
} file_rows[] = {
	F("\xff\xd8\xff\xe0", NULL, "image/jpeg", "image", NULL),
	F("\xff\xd8\xff\xe0", "application/pdf", "image/jpeg", "image", NULL),
	F("\x89PNG\r\n\x1a\nxx", NULL, "image/png", "image", NULL),
	F("%PDF-1.4", "image/jpeg", "application/pdf", "document", NULL),
	F("RIFF1234WEBP", NULL, "image/webp", "image", NULL),
	F("RIFF1234WAVE", NULL, "audio/wav", "audio", NULL),
	F("RIFF1234AVI ", NULL, "video/x-msvideo", "video", NULL),
	F("RIFF1234ACON", NULL, "application/octet-stream", NULL, "unknown-type"),
	F("\0\0\0\x18"
	  "ftypheic",
		NULL, "image/heic", "image", NULL),
	F("\0\0\0\x18"
	  "ftypavif",
		NULL, "image/avif", "image", NULL),
	F("\0\0\0\x18"
	  "ftypisom",
		"video/mp4", "video/mp4", "video", NULL),
	F("\0\0\0\x18"
	  "ftypisom",
		"audio/mp4", "audio/mp4", "audio", NULL),
	F("\0\0\0\x18"
	  "ftypM4A ",
		NULL, "audio/mp4", "audio", NULL),
	F("\0\0\0\x18"
	  "ftyp3gp4",
		NULL, "video/3gpp", "video", NULL),
	F("\0\0\0\x18"
	  "ftypqt  ",
		NULL, "video/quicktime", "video", NULL),
	F("\x1a\x45\xdf\xa3", "audio/webm", "audio/webm", "audio", NULL),
	F("\x1a\x45\xdf\xa3", NULL, "video/webm", "video", NULL),
	F("OggS\0", "audio/ogg; codecs=opus", "audio/ogg", "audio", NULL),
	F("#!AMR\n", NULL, "audio/amr", "audio", NULL),
	F("#!/bin/sh\n", "text/plain", "text/x-script", NULL, "script"),
	F(ZIP("[Content_Types].xml"), NULL, "application/vnd.openxmlformats", "document", NULL),
	F(ZIP("mimetypeapplication/vnd.oasis.opendocument.text"), NULL,
		"application/vnd.oasis.opendocument", "document", NULL),
	F(ZIP("AndroidManifest.xml"), NULL, "application/zip", NULL, "archive"),
	F(ZIP("a.exe"), "image/jpeg", "application/zip", NULL, "archive"),
	F("MZ\x90", "image/jpeg", "application/x-dosexec", NULL, "program"),
	F("\x7f"
	  "ELF\x02",
		NULL, "application/x-executable", NULL, "program"),
	F("Rar!\x1a\x07\x01", NULL, "application/x-rar", NULL, "archive"),
	F("\x1f\x8b\x08", NULL, "application/gzip", NULL, "archive"),
	F(" \r\n<!DOCTYPE html>", "image/jpeg", "text/html", NULL, "markup"),
	F("\xef\xbb\xbf<SVG onload=x>", "image/svg+xml", "text/html", NULL, "markup"),
	F("Jalan rusak, \xc3\xa9", "text/plain", "text/plain", "document", NULL),
	F("a;b\n1;2\n", "text/csv", "text/csv", "document", NULL),
	F("BEGIN:VCARD\r\n", NULL, "text/vcard", "document", NULL),
	F("abc\xc3", NULL, "text/plain", "document", NULL), /* cut in a character */
	F("ab\0c", "text/plain", "application/octet-stream", NULL, "unknown-type"),
	F("ab\x01"
	  "c",
		NULL, "application/octet-stream", NULL, "unknown-type"),
	F("\x80\x81\x82\x83\x84\x85", NULL, "application/octet-stream", NULL, "unknown-type"),
	F("GIF87a", NULL, "image/gif", "image", NULL),
	F("GIF89a", NULL, "image/gif", "image", NULL),
	F("II*\0", NULL, "image/tiff", "image", NULL),
	F("MM\0*", NULL, "image/tiff", "image", NULL),
	F("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", NULL, "application/x-ole-storage", "document", NULL),
	F("{\\rtf1", NULL, "application/rtf", "document", NULL),
	F("fLaC", NULL, "audio/flac", "audio", NULL),
	F("ID3\x03", NULL, "audio/mpeg", "audio", NULL),
	F("\xff\xfb\x90", NULL, "audio/mpeg", "audio", NULL),
	F("\xff\xf3\x90", NULL, "audio/mpeg", "audio", NULL),
	F("\xff\xf2\x90", NULL, "audio/mpeg", "audio", NULL),
	F("\xff\xf1\x50", NULL, "audio/aac", "audio", NULL),
	F("\xff\xf9\x50", NULL, "audio/aac", "audio", NULL),
	F("\xca\xfe\xba\xbe", NULL, "application/x-mach-binary", NULL, "program"),
	F("\xcf\xfa\xed\xfe", NULL, "application/x-mach-binary", NULL, "program"),
	F("\xce\xfa\xed\xfe", NULL, "application/x-mach-binary", NULL, "program"),
	F("dex\n035", NULL, "application/x-dex", NULL, "program"),
	F("L\0\0\0\x01\x14\x02\0", NULL, "application/x-ms-shortcut", NULL, "program"),
	F("7z\xbc\xaf\x27\x1c", NULL, "application/x-7z-compressed", NULL, "archive"),
	F("BZh9", NULL, "application/x-bzip2", NULL, "archive"),
	F("\xfd"
	  "7zXZ\0",
		NULL, "application/x-xz", NULL, "archive"),
	F("\x28\xb5\x2f\xfd", NULL, "application/zstd", NULL, "archive"),
	F("MSCF", NULL, "application/vnd.ms-cab-compressed", NULL, "archive"),
	F("!<arch>\n", NULL, "application/x-archive", NULL, "archive"),
	F("\0\0\0\x18"
	  "ftypheix",
		NULL, "image/heic", "image", NULL),
	F("\0\0\0\x18"
	  "ftypheif",
		NULL, "image/heif", "image", NULL),
	F("\0\0\0\x18"
	  "ftypmif1",
		NULL, "image/heif", "image", NULL),
	F("\0\0\0\x18"
	  "ftypmsf1",
		NULL, "image/heif", "image", NULL),
	F("\0\0\0\x18"
	  "ftypM4B ",
		NULL, "audio/mp4", "audio", NULL),
	F("\0\0\0\x18"
	  "ftypmp42",
		NULL, "video/mp4", "video", NULL),
	F("\0\0\0\x18"
	  "ftypheic",
		"audio/mp4", "image/heic", "image", NULL),
	F(ZIP("_rels/.rels"), NULL, "application/vnd.openxmlformats", "document", NULL),
	F(ZIP("docProps/app.xml"), NULL, "application/vnd.openxmlformats", "document", NULL),
	F(ZIP("word/document.xml"), NULL, "application/vnd.openxmlformats", "document", NULL),
	F(ZIP("xl/workbook.xml"), NULL, "application/vnd.openxmlformats", "document", NULL),
	F(ZIP("ppt/presentation.xml"), NULL, "application/vnd.openxmlformats", "document", NULL),
	F("PK\x05\x06", NULL, "application/zip", NULL, "archive"), /* an empty one */
	F("", NULL, "application/octet-stream", NULL, "unknown-type"),
};

static void files(void **state)
{
	char tar[300] = "a/";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(file_rows); i++) {
		struct filetype is =
			filetype_of(file_rows[i].p, file_rows[i].n, file_rows[i].declared);

		if (strcmp(is.mime, file_rows[i].is.mime) != 0 || is.kind != file_rows[i].is.kind ||
			is.why != file_rows[i].is.why) {
			assert_string_equal(is.mime, file_rows[i].is.mime);
			assert_string_equal(is.kind ? is.kind : "-",
				file_rows[i].is.kind ? file_rows[i].is.kind : "-");
			assert_string_equal(is.why ? is.why : "-",
				file_rows[i].is.why ? file_rows[i].is.why : "-");
		}
	}
	memcpy(tar + 257, "ustar", 6);
	assert_string_equal(filetype_of(tar, sizeof(tar), NULL).why, "archive");
}

/* A file that ends within its mark is another one, and nothing behind it is looked at. */
static void cut_short(void **state)
{
	static const char *const whole[] = {
		"\xff\xd8\xff", "\x89PNG\r\n\x1a\n", "RIFF1234WEBP", "%PDF-", "Rar!\x1a\x07"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(whole); i++) {
		const size_t n = strlen(whole[i]) - 1;
		char *exact = xmalloc(n); /* valgrind and ASan see what is read behind it */
		struct filetype is;

		memcpy(exact, whole[i], n);
		is = filetype_of(exact, n, NULL);
		assert_string_not_equal(is.mime, filetype_of(whole[i], n + 1, NULL).mime);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),
		cmocka_unit_test(cut_short),
	};

	return cmocka_run_group_tests_name("filetype", tests, NULL, NULL);
}
