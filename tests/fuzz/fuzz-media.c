/* media: what a vendor or a message says never leads anywhere it must not, and every file has a
 * type or a reason. The first byte chooses what the rest is. */
// uses: daemons/media/reach.c
// uses: daemons/media/judge.c
// uses: daemons/media/sniff.c
#include "daemons/media/judge.h"
#include "daemons/media/reach.h"
#include "daemons/media/sniff.h"

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
	struct sniffed s = sniff(p, n, n & 1 ? "audio/mp4" : "text/csv");

	CHECK(s.mime && *s.mime);
	CHECK((s.kind == NULL) == (s.why != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text;

	if (n < 1)
		return 0;
	text = xstrndup((const char *)data + 1, n - 1);
	switch (data[0] % 3) {
	case 0:
		as_link((const char *)data + 1, n - 1);
		break;
	case 1:
		as_url(text);
		break;
	default:
		as_file((const char *)data + 1, n - 1);
		break;
	}
	free(text);
	return 0;
}
