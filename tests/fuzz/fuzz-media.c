/* media: what a vendor or a message says never leads anywhere it must not, and every file has a
 * type or a reason. The first byte chooses what the rest is. */
// uses: daemons/media/reach.c
// uses: daemons/media/judge.c
// parser: common/core/filetype.c
#include <netinet/in.h>

#include "core/filetype.h"
#include "daemons/media/judge.h"
#include "daemons/media/reach.h"

#include "fuzz.h"

#define BELOW ".wild.example:443"

static void as_link(const char *p, size_t n)
{
	struct link l;

	if (link_parse(p, n, &l, NULL) == 0) {
		CHECK(l.url && *l.url);
		CHECK(l.bytes == -1 || l.bytes > 0);
		CHECK(strlen(l.sha256) == 0 || strlen(l.sha256) == SHA256_HEX_SIZE - 1);
	}
	link_clear(&l);
	(void)link_error_code(p, n);
}

/* Whatever is allowed is on the host and the port it must be on. */
static void as_url(const char *url)
{
	char a[] = "cdn.example", b[] = "*.wild.example", x[] = "127.0.0.1:8080";
	char *hosts[] = {a, b}, *listed[] = {x};
	const struct strlist h = {hosts, 2}, e = {listed, 1};
	char *place = NULL, *to = reach_redirect("https://cdn.example/x/y", url);
	enum reach r = reach_url(url, &h, &e, &place);
	size_t n = place ? strlen(place) : 0;

	CHECK((r == REACH_YES) == (place != NULL));
	CHECK(r != REACH_YES || strcmp(place, "cdn.example:443") == 0 ||
		(n > strlen(BELOW) && strcmp(place + n - strlen(BELOW), BELOW) == 0));
	CHECK(r == REACH_YES || *reach_word(r));
	free(place);
	place = NULL;
	if (to && reach_url(to, &h, &e, &place) == REACH_YES)
		CHECK(place != NULL);
	free(place);
	free(to);
	(void)reach_exception_check(url, NULL);
	(void)reach_host_check(url, NULL);
}

static void as_file(const char *p, size_t n)
{
	struct filetype s = filetype_of(p, n, n & 1 ? "audio/mp4" : "text/csv");

	CHECK(s.mime && *s.mime);
	CHECK((s.kind == NULL) == (s.why != NULL));
}

/* An address of either family: IPv6 that is reached is global unicast. */
static void as_address(const uint8_t *p, size_t n)
{
	char x[] = "127.0.0.1:8080";
	char *listed[] = {x};
	const struct strlist e = {listed, 1};
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (n >= 18) {
		memcpy(&in6.sin6_addr, p, 16);
		memcpy(&in6.sin6_port, p + 16, 2);
		CHECK(!reach_address((const void *)&in6, &e) || (p[0] & 0xe0) == 0x20);
	} else if (n >= 6) {
		memcpy(&in.sin_addr, p, 4);
		memcpy(&in.sin_port, p + 4, 2);
		CHECK(!reach_address((const void *)&in, &e) || (p[0] != 10 && p[0] < 224));
	}
}

/* Any answer means something that has a word; only a whole 200 is taken. */
static void as_answer(const uint8_t *p, size_t n, const char *header)
{
	struct attempt a = {.sha256 = "ab", .announced_sha256 = "", .announced_bytes = -1};
	struct ruling ask, get;

	if (n < 6)
		return;
	a.curl = p[0] & 1 ? 0 : p[0] % 90;
	a.status = p[1] * 4;
	a.too_large = p[2] & 1;
	a.address_refused = p[2] & 2;
	a.write_failed = p[2] & 4;
	a.by_id = p[2] & 8;
	a.encoding = p[2] & 16 ? header : NULL;
	a.location = p[2] & 32 ? header : NULL;
	a.retry_after = header;
	a.announced_sha256 = p[2] & 64 ? "cd" : "";
	a.bytes = p[3] & 3;
	a.announced_bytes = (p[3] >> 2 & 3) - 1;
	a.error_code = p[4];
	a.redirects = a.wrong = p[5] & 3;
	a.age_ms = p[5] & 4 ? 10 : 0;
	a.gone_ms = 5;
	ask = judge_ask(&a);
	get = judge_get(&a);
	CHECK(ask.reason && get.reason && ask.wait_ms >= 0 && get.wait_ms >= 0);
	CHECK(ask.next != NEXT_TAKE || (a.status == 200 && !a.curl));
	CHECK(get.next != NEXT_TAKE || (a.status == 200 && !a.curl && a.bytes > 0));
	CHECK((*get.reason == '\0') == (get.next == NEXT_TAKE || get.next == NEXT_FOLLOW));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text;

	if (n < 1)
		return 0;
	text = xstrndup((const char *)data + 1, n - 1);
	switch (data[0] % 5) {
	case 0:
		as_link((const char *)data + 1, n - 1);
		break;
	case 1:
		as_url(text);
		break;
	case 2:
		as_address(data + 1, n - 1);
		break;
	case 3:
		as_answer(data + 1, n - 1, strlen(text) > 6 ? text + 6 : "");
		break;
	default:
		as_file((const char *)data + 1, n - 1);
		break;
	}
	free(text);
	return 0;
}
