/* What a web server's folder holds, in each of the ways it is listed; nothing leads elsewhere. */
// uses: daemons/call112/listing.c daemons/call112/weblist.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "daemons/call112/weblist.h"

#define HASH  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define INDEX "<html>\r\n<head><title>Index of /export/</title></head>\r\n<body>\r\n"
#define END   "</body>\r\n</html>\r\n"

/* As read; its files as "name|size|stamp|sha256|modified|minute" lines. */
static int read_as(
	enum weblist_kind kind, const char *text, char *out, size_t size, size_t *strange)
{
	struct listing l;
	struct err e = {0};
	int r = weblist_read(kind, "/export/", text, strlen(text), &l, &e);
	size_t n = 0;

	*out = '\0';
	for (size_t i = 0; r == 0 && i < l.n && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s|%lld|%s|%.4s|%s|%d\n", l.v[i].name,
			(long long)l.v[i].size, l.v[i].stamp, l.v[i].sha256, l.v[i].modified,
			l.v[i].minute);
	*strange = l.strange;
	assert_true(r == 0 || *e.text);
	listing_free(&l);
	return r;
}

static const struct {
	enum weblist_kind kind;
	const char *text;
	int want;
	const char *files;
	size_t strange;
} lists[] = {
	/* nginx 1.22 */
	{WEBLIST_AUTOINDEX,
		INDEX
		"<h1>Index of /export/</h1><hr><pre><a href=\"../\">../</a>\r\n"
		"<a href=\"lama/\">lama/</a>                 24-Nov-2026 20:30             -\r\n"
		"<a href=\"a.csv\">a.csv</a>                 24-Nov-2026 20:30          1234\r\n"
		"<a href=\"b%20%26%25%20%C3%A4.csv\">b &amp;% \xc3\xa4.csv</a> 24-Nov-2026 20:31  "
		"7\r\n</pre><hr>" END,
		0,
		"a.csv|1234|1234 24-Nov-2026 20:30|||0\nb &% \xc3\xa4.csv|7|7 24-Nov-2026 "
		"20:31|||0\n",
		0},
	/* Apache 2.4, as a table, and its sorting links */
	{WEBLIST_AUTOINDEX,
		"<!DOCTYPE HTML>\n" INDEX "<table><tr><th><a href=\"?C=N;O=D\">Name</a></th></tr>\n"
		"<tr><td><a href=\"/\">Parent Directory</a></td><td>&nbsp;</td></tr>\n"
		"<tr><td valign=\"top\"><img src=\"/icons/text.gif\" alt=\"[TXT]\"></td><td><A "
		"class='x' HREF='a.csv'>a.csv</A></td><td align=\"right\">2026-11-24 20:30  "
		"</td><td "
		"align=\"right\">1.2K</td><td>&nbsp;</td></tr>\n"
		"<tr><td><a href=\"b&amp;c.csv\">b&amp;c.csv</a></td><td>2026-11-24 "
		"20:30</td><td>532 "
		"</td><td>notes</td></tr>\n</table>" END,
		0, "a.csv|-1|1.2K 2026-11-24 20:30|||1\nb&c.csv|532|532 2026-11-24 20:30|||0\n", 0},
	/* lighttpd 1.4; absolute paths as IIS has them */
	{WEBLIST_AUTOINDEX,
		INDEX
		"<tr><td class=\"n\"><a href=\"./a.csv\">a.csv</a></td><td class=\"m\">2026-Nov-24 "
		"20:30:05</td><td class=\"s\">1.0M</td></tr>\n<a href=\"/export/b.csv\">b</a> "
		"2026-11-24 20:30 5\n" END,
		0, "a.csv|-1|1.0M 2026-Nov-24 20:30:05|||1\nb.csv|5|5 2026-11-24 20:30|||0\n", 0},
	/* elsewhere, or no name of ours */
	{WEBLIST_AUTOINDEX,
		INDEX "<a href=\"../x.csv\">x</a> 24-Nov-2026 20:30 1\n"
		      "<a href=\"..%2fx.csv\">x</a> 24-Nov-2026 20:30 1\n"
		      "<a href=\"%2e%2e\">x</a> 24-Nov-2026 20:30 1\n"
		      "<a href=\"/etc/x.csv\">x</a> 24-Nov-2026 20:30 1\n"
		      "<a href=\"/export/../x.csv\">x</a> 24-Nov-2026 20:30 1\n"
		      "<a href=\"https://lain.example/x.csv\">x</a> 24-Nov-2026 20:30 1\n"
		      "<a href=\"//lain.example/x.csv\">x</a> 24-Nov-2026 20:30 1\n"
		      "<a href=\"x.csv?y\">x</a> 24-Nov-2026 20:30 1\n"
		      "<a href=\"x.csv#y\">x</a> 24-Nov-2026 20:30 1\n"
		      "<a href=\"x%00.csv\">x</a> 24-Nov-2026 20:30 1\n"
		      "<a href=\"x%0a.csv\">x</a> 24-Nov-2026 20:30 1\n"
		      "<a href=\"y&#999;&#;&#x;.csv\">x</a> 24-Nov-2026 20:30 1\n"
		      "<a href=\"&#46;x.csv\">x</a> 24-Nov-2026 20:30 1\n"
		      "<a href=\"&#x2e;&#x2e;&#x2F;x.csv\">x</a> 24-Nov-2026 20:30 1\n" END,
		0, "", 0},
	/* not understood, beside one that is; what is no entity stands for itself */
	{WEBLIST_AUTOINDEX,
		INDEX "<a href=\"a%zz.csv\">x</a> 24-Nov-2026 20:30 1\n<a href=\"a%2\">x</a>\n"
		      "<abbr><a name=x>x</a><a href=\"b.csv\">b.csv</a>\n"
		      "<a href=\"c.csv\">c</a> kemarin 20:30 1\n<a href=\"d.csv\">d</a> "
		      "24-Nov-2026 20:30 "
		      "1x\n<a href=\"e&foo;.csv\">e</a> 24-Nov-2026 20:30 9" END,
		0, "e&foo;.csv|9|9 24-Nov-2026 20:30|||0\n", 5},
	{WEBLIST_AUTOINDEX, INDEX "<a href=\"../\">../</a>" END, 0, "", 0}, /* empty */
	{WEBLIST_AUTOINDEX, INDEX "<a href=\"a.csv\">a.csv</a> x\n" END, -EBADMSG, "", 1},
	/* cut, in several places */
	{WEBLIST_AUTOINDEX, INDEX "<a href=\"a.csv\">a.csv</a> 24-Nov-2026 20:30 1", -EAGAIN, "",
		0},
	{WEBLIST_AUTOINDEX, INDEX, -EAGAIN, "", 0},
	{WEBLIST_AUTOINDEX, "", -EBADMSG, "", 0},
	{WEBLIST_AUTOINDEX, "<html>Silakan masuk</html>", -EBADMSG, "", 0},
	{WEBLIST_AUTOINDEX, INDEX END "<a href=\"a.csv", 0, "", 0},
	{WEBLIST_AUTOINDEX, INDEX END "<a href", 0, "", 0},
	/* one name twice */
	{WEBLIST_AUTOINDEX,
		INDEX
		"<a href=\"a.csv\">a.csv</a> 24-Nov-2026 20:31 2\n<a href=\"a.csv\">a.csv</a> "
		"24-Nov-2026 20:30 1\n" END,
		0, "a.csv|1|1 24-Nov-2026 20:30|||0\n", 0},

	/* nginx, autoindex_format json */
	{WEBLIST_JSON,
		"[\n{ \"name\":\"lama\", \"type\":\"directory\", \"mtime\":\"Tue, 24 Nov 2026 "
		"20:30:00 "
		"GMT\" },\n{ \"name\":\"a.csv\", \"type\":\"file\", \"mtime\":\"Tue, 24 Nov 2026 "
		"20:30:00 "
		"GMT\", \"size\":1234 }\n]\n",
		0,
		"a.csv|1234|1234 Tue, 24 Nov 2026 20:30:00 GMT||Tue, 24 Nov 2026 20:30:00 GMT|0\n",
		0},
	{WEBLIST_JSON, "[]", 0, "", 0},
	{WEBLIST_JSON,
		"[\"../a.csv\", \".a.csv\", \"a/b.csv\", \"/a.csv\", {\"name\":\"ok.csv\"}, 7, "
		"[[]], "
		"{\"x\":1}, {\"name\":\"a.csv\",\"size\":-5}, "
		"{\"name\":\"a.csv\",\"sha256\":\"x\"}]",
		0, "ok.csv|-1||||0\n", 5},
	{WEBLIST_JSON, "[{\"name\":\"a.csv\",\"size\":1},", -EAGAIN, "", 0},
	{WEBLIST_JSON, "[\"a.csv\" \"b.csv\"]", -EAGAIN, "", 0},
	{WEBLIST_JSON, "{\"data\":[]}", -EBADMSG, "", 0},
	{WEBLIST_JSON, INDEX END, -EBADMSG, "", 0},
	{WEBLIST_JSON, "[7]", -EBADMSG, "", 1},

	{WEBLIST_MANIFEST,
		"\xef\xbb\xbf# ekspor\r\na.csv\r\n./b.csv 12\nc d 2026.csv\t7 " HASH
		"\n\ne.csv " HASH "\n" HASH "  f g.csv\n" HASH " *h.csv\n9 7\n",
		0,
		"9|7|7 |||0\na.csv|-1||||0\nb.csv|12|12 |||0\nc d 2026.csv|7|7 " HASH "|e3b0||0\n"
		"e.csv|-1|" HASH "|e3b0||0\nf g.csv|-1|" HASH "|e3b0||0\nh.csv|-1|" HASH
		"|e3b0||0\n",
		0},
	{WEBLIST_MANIFEST, "../a.csv 5\n/etc/b.csv\n.c.csv\nx/y.csv 7\n" HASH "  ../z.csv\n", 0, "",
		0},
	{WEBLIST_MANIFEST, "a.csv 12\nb.csv 1", -EAGAIN, "", 0},
	{WEBLIST_MANIFEST, "", 0, "", 0},
	{WEBLIST_MANIFEST,
		" [{\"name\":\"a.csv\",\"size\":5,\"sha256\":\"" HASH "\"}, \"./b.csv\"]", 0,
		"a.csv|5|5 " HASH "|e3b0||0\nb.csv|-1||||0\n", 0},
	{WEBLIST_MANIFEST, "<html></html>\n", -EBADMSG, "", 0},
};

static void lists_of_each_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		char got[2000];
		size_t strange;
		int r = read_as(lists[i].kind, lists[i].text, got, sizeof(got), &strange);

		if (r != lists[i].want || strcmp(got, lists[i].files) != 0 ||
			strange != lists[i].strange)
			fail_msg("%zu: %d, %zu strange, %s", i, r, strange, got);
	}
}

static void no_more_than_can_be_kept(void **state)
{
	size_t n = LISTING_FILES_MAX + 1;
	char *text = xmalloc(n * 8 + 1), *at = text;
	struct listing l;
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < n; i++)
		at += sprintf(at, "%zu\n", i + 100000);
	assert_int_equal(
		weblist_read(WEBLIST_MANIFEST, "/", text, (size_t)(at - text), &l, &e), -EFBIG);
	listing_free(&l);
	assert_int_equal(
		weblist_read(WEBLIST_MANIFEST, "/", text, (size_t)(at - text) - 7, &l, &e), 0);
	assert_int_equal(l.n, LISTING_FILES_MAX);
	listing_free(&l);
	free(text);
}

static void lines_and_names_too_long(void **state)
{
	char text[600] = "[\"", got[900];
	size_t strange;

	(void)state;
	memset(text + 2, 'a', 500);
	memcpy(text + 502, "\"]", 3);
	assert_int_equal(read_as(WEBLIST_JSON, text, got, sizeof(got), &strange), 0);
	assert_string_equal(got, "");
	text[0] = text[1] = 'a';
	memcpy(text + 502, "\nb\n", 4);
	assert_int_equal(read_as(WEBLIST_MANIFEST, text, got, sizeof(got), &strange), 0);
	assert_int_equal(strange, 1);
	assert_string_equal(got, "b|-1||||0\n");
}

/* A list of nothing but marks costs no stack. */
static void many_byte_order_marks(void **state)
{
	enum { MARKS = 300000 };
	static const enum weblist_kind kinds[] = {
		WEBLIST_AUTOINDEX, WEBLIST_JSON, WEBLIST_MANIFEST};
	char *text = xmalloc(3 * MARKS + 1);

	(void)state;
	for (size_t i = 0; i < MARKS; i++)
		memcpy(text + 3 * i, "\xef\xbb\xbf", 3);
	text[3 * MARKS] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct listing l;
		struct err e = {0};

		assert_int_not_equal(
			weblist_read(kinds[i], "/", text, (size_t)3 * MARKS, &l, &e), 0);
		assert_int_equal(l.n, 0);
		listing_free(&l);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_of_each_kind),
		cmocka_unit_test(no_more_than_can_be_kept),
		cmocka_unit_test(lines_and_names_too_long),
		cmocka_unit_test(many_byte_order_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
