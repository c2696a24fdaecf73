/* muara-media's rules as tables: where may be asked, what an answer means, and how far a topic is
 * settled. */
// uses: daemons/media/reach.c
// uses: daemons/media/judge.c
// uses: daemons/media/book.c
// uses: daemons/media/paper.c
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <curl/curl.h>

#include "base/json.h"
#include "base/util.h"
#include "daemons/media/book.h"
#include "daemons/media/judge.h"
#include "daemons/media/paper.h"
#include "daemons/media/reach.h"

/* --- addresses --- */

static bool reached(const char *text, const struct strlist *exceptions)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(443)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(443)};

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		return reach_address((const void *)&in, exceptions);
	assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
	return reach_address((const void *)&in6, exceptions);
}

static void addresses(void **state)
{
	static const char *const no[] = {"0.0.0.0", "10.0.0.1", "10.255.255.255", "100.64.0.1",
		"100.127.255.255", "127.0.0.1", "127.9.9.9", "169.254.169.254", "172.16.0.1",
		"172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1",
		"198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.9", "224.0.0.1",
		"239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:8.8.8.8",
		"::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "fe80::1", "fc00::1",
		"fd12::1", "ff02::1", "2001::1", "2001:1ff::1", "2001:db8::1", "2002:7f00:1::1",
		"3fff::1", "fec0::1"};
	static const char *const yes[] = {"8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255",
		"100.128.0.0", "126.255.255.255", "128.0.0.1", "169.253.0.1", "172.15.255.255",
		"172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
		"223.255.255.255", "157.240.0.1", "2a03:2880::1", "2001:200::1", "2606:4700::1",
		"2003::1"};
	const struct sockaddr local = {.sa_family = AF_UNIX};
	char a[] = "127.0.0.1:443", b[] = "[fd12::1]:443", c[] = "10.0.0.1:80";
	char *listed[] = {a, b, c};
	const struct strlist exceptions = {listed, ARRAY_SIZE(listed)}, none = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (reached(no[i], &none))
			fail_msg("%s may be reached", no[i]);
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		if (!reached(yes[i], &none))
			fail_msg("%s may not be reached", yes[i]);
	assert_false(reach_address(&local, &none));
	assert_true(reached("127.0.0.1", &exceptions));
	assert_true(reached("fd12::1", &exceptions));
	assert_false(reached("127.0.0.2", &exceptions));
	assert_false(reached("10.0.0.1", &exceptions)); /* another port */
}

static void exceptions_and_hosts(void **state)
{
	static const char *const good[] = {
		"127.0.0.1:80", "10.0.0.5:65535", "[::1]:443", "[fd00::5]:1"};
	static const char *const bad[] = {"127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "a:80",
		"::1:443", "[::1]", "[::1:443", "[127.0.0.1]:80", "127.0.0.1:80 ", "010.0.0.1:80",
		"", ":80", "[]:80", "[0::1]:80", "127.0.0.1:080"};
	static const char *const hosts[] = {"a.example", "*.a.example", "127.0.0.1", "x-1.y"};
	static const char *const no_hosts[] = {
		"", "*", "*.", "A.example", "*.com/", "*.example", "a b", "a.*.b", ".a.b", "*..b"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(reach_exception_check(good[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (reach_exception_check(bad[i], NULL) != -EINVAL)
			fail_msg("exception \"%s\" is taken", bad[i]);
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
		assert_int_equal(reach_host_check(hosts[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(no_hosts); i++)
		if (reach_host_check(no_hosts[i], NULL) != -EINVAL)
			fail_msg("host \"%s\" is taken", no_hosts[i]);
}

static void urls(void **state)
{
	static const struct {
		const char *url;
		enum reach is;
		const char *place;
	} rows[] = {
		{"https://cdn.example/x?y=1", REACH_YES, "cdn.example:443"},
		{"https://CDN.example:443/x", REACH_YES, "cdn.example:443"},
		{"HTTPS://a.cdn.example/x", REACH_HOST, NULL},
		{"https://a.wild.example/x", REACH_YES, "a.wild.example:443"},
		{"https://a.b.wild.example/x", REACH_YES, "a.b.wild.example:443"},
		{"https://wild.example/x", REACH_HOST, NULL},
		{"https://evilwild.example/x", REACH_HOST, NULL},
		{"https://cdn.example.evil.org/x", REACH_HOST, NULL},
		{"https://cdn.example:8443/x", REACH_PORT, NULL},
		{"http://cdn.example/x", REACH_SCHEME, NULL},
		{"ftp://cdn.example/x", REACH_SCHEME, NULL},
		{"file:///etc/passwd", REACH_BAD_URL, NULL},
		{"https://user@cdn.example/", REACH_BAD_URL, NULL},
		{"https://cdn.example@evil.org/", REACH_BAD_URL, NULL},
		{"https://evil.org#@cdn.example/", REACH_HOST, NULL},
		{"https://evil.org\\@cdn.example/", REACH_BAD_URL, NULL},
		{"https://cdn.example/a b", REACH_BAD_URL, NULL},
		{"https://cdn.example/\r\nX: y", REACH_BAD_URL, NULL},
		{"https://cdn.ex\xc3\xa4mple/", REACH_BAD_URL, NULL},
		{"http://127.0.0.1:8080/x", REACH_YES, "127.0.0.1:8080"},
		{"http://127.0.0.1:8081/x", REACH_SCHEME, NULL},
		{"https://127.0.0.1:8080/x", REACH_YES, "127.0.0.1:8080"},
		{"", REACH_BAD_URL, NULL},
		{"cdn.example/x", REACH_BAD_URL, NULL},
	};
	char a[] = "cdn.example", b[] = "*.wild.example", c[] = "127.0.0.1", d[] = "127.0.0.1:8080";
	char *hosts[] = {a, b, c}, *listed[] = {d};
	const struct strlist h = {hosts, ARRAY_SIZE(hosts)}, x = {listed, ARRAY_SIZE(listed)};
	_cleanup_free_ char *long_url = xmalloc(6000);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *place = NULL;
		enum reach is = reach_url(rows[i].url, &h, &x, &place);

		if (is != rows[i].is ||
			strcmp(place ? place : "", rows[i].place ? rows[i].place : "") != 0)
			fail_msg("%s: \"%s\", %s", rows[i].url, reach_word(is), place ? place : "");
	}
	memset(long_url, 'a', 5999);
	memcpy(long_url, "https://cdn.example/", 20);
	long_url[5999] = '\0';
	assert_int_equal(reach_url(long_url, &h, &x, NULL), REACH_BAD_URL);
	assert_int_equal(reach_url("https://any.org:9/", NULL, &x, NULL), REACH_YES);
}

static void redirects(void **state)
{
	static const char *const rows[][2] = {{"https://b.org/z", "https://b.org/z"},
		{"/z?q", "https://a.org/z?q"}, {"z", "https://a.org/x/z"},
		{"//b.org/z", "https://b.org/z"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *to = reach_redirect("https://a.org/x/y", rows[i][0]);

		assert_string_equal(to, rows[i][1]);
	}
	assert_null(reach_redirect("https://a.org/", "https://a b/"));
}

/* --- answers --- */

#define OLD   .age_ms = 7200000
#define BYTES .status = 200, .bytes = 5

struct judged {
	struct attempt a;
	enum next next;
	const char *reason;
};

static void check(struct ruling (*fn)(const struct attempt *), struct attempt a, enum next next,
	const char *reason)
{
	struct ruling r;

	a.gone_ms = 3600000;
	if (!a.sha256)
		a.sha256 = "ab";
	if (!a.announced_sha256)
		a.announced_sha256 = "";
	if (!a.announced_bytes)
		a.announced_bytes = -1;
	r = fn(&a);
	if (r.next != next || strcmp(r.reason, reason) != 0)
		fail_msg("curl %d status %ld code %d: %d \"%s\", expected %d \"%s\"", a.curl,
			a.status, a.error_code, (int)r.next, r.reason, (int)next, reason);
	for (size_t i = 0; judge_reasons[i]; i++)
		if (strcmp(judge_reasons[i], reason) == 0)
			return;
	fail_msg("\"%s\" is not among judge_reasons", reason);
}

static void check_all(
	struct ruling (*fn)(const struct attempt *), const struct judged *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(fn, rows[i].a, rows[i].next, rows[i].reason);
}

static void asked(void **state)
{
	static const struct judged rows[] = {
		{{.status = 200}, NEXT_TAKE, ""},
		{{.curl = CURLE_COULDNT_CONNECT}, NEXT_AGAIN, "no-answer"},
		{{.curl = CURLE_COULDNT_CONNECT, .address_refused = true}, NEXT_AGAIN,
			"address-refused"},
		{{.curl = CURLE_WRITE_ERROR, .status = 200, .too_large = true}, NEXT_AGAIN,
			"odd-answer"},
		{{.curl = CURLE_PARTIAL_FILE, .status = 200}, NEXT_AGAIN, "cut"},
		{{.status = 429}, NEXT_AGAIN, "busy"},
		{{.status = 400, .error_code = 80007}, NEXT_AGAIN, "busy"},
		{{.status = 403, .error_code = 4}, NEXT_AGAIN, "busy"},
		{{.status = 500}, NEXT_AGAIN, "server"},
		{{.status = 408}, NEXT_AGAIN, "server"},
		{{.status = 401, OLD}, NEXT_AGAIN, "token"},
		{{.status = 400, .error_code = 190, OLD}, NEXT_AGAIN, "token"},
		{{.status = 403, .error_code = 10, OLD}, NEXT_AGAIN, "token"},
		{{.status = 400, .error_code = 100}, NEXT_AGAIN, "gone"},
		{{.status = 400, .error_code = 100, OLD}, NEXT_MISSING, "gone"},
		{{.status = 404}, NEXT_AGAIN, "gone"},
		{{.status = 404, OLD}, NEXT_MISSING, "gone"},
		{{.status = 400}, NEXT_AGAIN, "rejected"},
		{{.status = 400, OLD}, NEXT_MISSING, "rejected"},
		{{.status = 302, OLD}, NEXT_AGAIN, "redirect"},
		{{.status = 204, OLD}, NEXT_AGAIN, "odd-answer"},
	};

	(void)state;
	check_all(judge_ask, rows, ARRAY_SIZE(rows));
}

static void got(void **state)
{
	static const struct judged rows[] = {
		{{BYTES}, NEXT_TAKE, ""},
		{{BYTES, .announced_sha256 = "ab", .announced_bytes = 9}, NEXT_TAKE, ""},
		{{BYTES, .announced_sha256 = "cd"}, NEXT_AGAIN, "wrong-hash"},
		{{BYTES, .announced_sha256 = "cd", .wrong = 2}, NEXT_MISSING, "wrong-hash"},
		{{BYTES, .announced_bytes = 9}, NEXT_AGAIN, "wrong-size"},
		{{.status = 200}, NEXT_AGAIN, "empty"},
		{{BYTES, .encoding = "identity"}, NEXT_TAKE, ""},
		{{BYTES, .encoding = "gzip"}, NEXT_REFUSED, "compressed"},
		{{BYTES, .too_large = true, .curl = CURLE_WRITE_ERROR}, NEXT_REFUSED, "too-large"},
		{{.status = 404, .too_large = true, .curl = CURLE_WRITE_ERROR}, NEXT_AGAIN, "gone"},
		{{BYTES, .write_failed = true, .curl = CURLE_WRITE_ERROR}, NEXT_AGAIN, "disk"},
		{{BYTES, .curl = CURLE_PARTIAL_FILE}, NEXT_AGAIN, "cut"},
		{{.curl = CURLE_OPERATION_TIMEDOUT}, NEXT_AGAIN, "no-answer"},
		{{.status = 206, .bytes = 5}, NEXT_AGAIN, "odd-answer"},
		{{.status = 429}, NEXT_AGAIN, "busy"},
		{{.status = 503}, NEXT_AGAIN, "server"},
		{{.status = 404, .by_id = true, OLD}, NEXT_ASK, "link-expired"},
		{{.status = 403, .by_id = true, OLD}, NEXT_ASK, "link-expired"},
		{{.status = 404, OLD}, NEXT_MISSING, "gone"},
		{{.status = 403, OLD}, NEXT_MISSING, "rejected"},
		{{.status = 403}, NEXT_AGAIN, "rejected"},
		{{.status = 302, .location = "/x"}, NEXT_FOLLOW, ""},
		{{.status = 302, .location = "/x", .redirects = REDIRECTS}, NEXT_REFUSED,
			"redirect"},
		{{.status = 302}, NEXT_REFUSED, "redirect"},
	};

	(void)state;
	check_all(judge_get, rows, ARRAY_SIZE(rows));
}

static void waits(void **state)
{
	const struct attempt busy = {.status = 429, .retry_after = "7"}, odd = {.status = 429};

	(void)state;
	assert_int_equal(judge_get(&busy).wait_ms, 7000);
	assert_int_equal(judge_get(&odd).wait_ms, 0);
	assert_true(judge_ask(&(const struct attempt){.status = 401}).alarm);
}

static void links(void **state)
{
	static const char hex[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
			  base64[] = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
	struct {
		const char *body, *url, *sha256;
		int64_t bytes;
	} rows[] = {
		{"{\"url\":\"https://x\"}", "https://x", "", -1},
		{"{\"url\":\"u\",\"file_size\":7}", "u", "", 7},
		{"{\"url\":\"u\",\"file_size\":\"7\"}", "u", "", 7},
		{"{\"url\":\"u\",\"file_size\":\"x\",\"sha256\":\"zz\"}", "u", "", -1},
		{"{\"url\":\"u\",\"file_size\":0}", "u", "", -1},
		{"{\"url\":7}", NULL, NULL, 0},
		{"{\"url\":\"\"}", NULL, NULL, 0},
		{"[1]", NULL, NULL, 0},
		{"<html>", NULL, NULL, 0},
	};
	const char *const hashes[] = {hex, base64};
	struct link l;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r = link_parse(rows[i].body, strlen(rows[i].body), &l, NULL);

		assert_int_equal(r, rows[i].url ? 0 : -EINVAL);
		if (rows[i].url) {
			assert_string_equal(l.url, rows[i].url);
			assert_string_equal(l.sha256, rows[i].sha256);
			assert_int_equal(l.bytes, rows[i].bytes);
		}
		link_clear(&l);
	}
	for (size_t i = 0; i < ARRAY_SIZE(hashes); i++) {
		_cleanup_free_ char *body =
			xasprintf("{\"url\":\"u\",\"sha256\":\"%s\"}", hashes[i]);

		assert_int_equal(link_parse(body, strlen(body), &l, NULL), 0);
		assert_string_equal(l.sha256, hex);
		link_clear(&l);
	}
	assert_int_equal(link_error_code("{\"error\":{\"code\":190}}", 22), 190);
	assert_int_equal(link_error_code("nonsense", 8), 0);
}

/* --- positions and records --- */

static void positions(void **state)
{
	struct book b;
	struct book_topic *t;
	struct book_message *first, *second;
	const char *id;

	(void)state;
	book_init(&b, 1);
	snprintf(b.topics[0].topic, sizeof(b.topics[0].topic), "muara.raw.x");
	assert_null(book_topic(&b, "muara.raw.y"));
	t = book_topic(&b, "muara.raw.x");
	assert_int_equal(book_settled(t, &id), -1);
	assert_null(book_read(t, 4, "m4", 0));
	assert_int_equal(book_settled(t, &id), 5);
	assert_string_equal(id, "m4");
	first = book_read(t, 5, "m5", 2);
	second = book_read(t, 7, "m7", 1);
	book_read(t, 8, "m8", 0);
	second->open = 0;
	assert_int_equal(book_settled(t, &id), 5); /* what follows does not count */
	assert_string_equal(id, "m4");
	first->open = 1;
	assert_int_equal(book_settled(t, &id), 5);
	first->open = 0;
	assert_int_equal(book_settled(t, &id), 9);
	assert_string_equal(id, "m8");
	assert_non_null(book_read(t, 9, "m9", 1));
	assert_false(book_is_done(&b, "m9", 0));
	book_set_done(&b, "m9", 1);
	assert_false(book_is_done(&b, "m9", 0));
	assert_true(book_is_done(&b, "m9", 1));
	book_free(&b);
}

static void records(void **state)
{
	struct paper p = {.message = "6e73531a-81a9-5ae0-9c4a-ffe539ce27da",
		.attachment = "id1",
		.index = 3,
		.state = "missing",
		.reason = "gone",
		.bytes = -1,
		.at_ms = 1,
		.tries = 2};
	char id[UUID_TEXT_SIZE], again[UUID_TEXT_SIZE], key[PAPER_KEY_SIZE];
	_cleanup_json_ json_t *one = paper_make(&p, id), *two = NULL, *other = NULL;

	(void)state;
	assert_string_equal(json_str(json_object_get(one, "attachment"), "reason"), "gone");
	assert_null(json_object_get(json_object_get(one, "attachment"), "sha256"));
	p.at_ms = 9999;
	p.tries = 8;
	two = paper_make(&p, again);
	assert_int_equal(json_int(two, "tries", 0), 8);
	assert_string_equal(id, again); /* the same said twice */
	p.state = "stored";
	p.sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	p.mime = "image/png";
	p.kind = "image";
	other = paper_make(&p, again);
	assert_string_not_equal(id, again);
	assert_null(json_object_get(json_object_get(other, "attachment"), "reason"));
	paper_key(p.message, p.index, key);
	assert_string_equal(key, "6e73531a-81a9-5ae0-9c4a-ffe539ce27da/3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(exceptions_and_hosts),
		cmocka_unit_test(urls),
		cmocka_unit_test(redirects),
		cmocka_unit_test(asked),
		cmocka_unit_test(got),
		cmocka_unit_test(waits),
		cmocka_unit_test(links),
		cmocka_unit_test(positions),
		cmocka_unit_test(records),
	};

	return cmocka_run_group_tests_name("media_rules", tests, NULL, NULL);
}
