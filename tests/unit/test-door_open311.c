/* Open311: a form becomes a report and its id, what is refused and how it is said, JSON and XML; on
 * the real HTTP server: who may come, 201 only behind the report, 503 when the index is away. */
// uses: daemons/door/door.c
// uses: daemons/door/door_open311.c
// uses: daemons/door/form.c
// uses: daemons/door/intake.c
// uses: daemons/door/keyring.c
// uses: daemons/door/open311.c
// uses: daemons/door/quota.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/index_public.h"
#include "daemons/door/door_open311.h"
#include "daemons/door/open311.h"

#include "door-bed.h"

#define PLACE "&lat=-7.98&long=112.63"

static char lamp[] = "lampu", lamp_name[] = "Lampu <mati> & padam", street[] = "jalan",
	    street_name[] = "Jalan rusak", transport[] = "Dinas Perhubungan";
static struct open311_service services[] = {
	{.code = lamp, .name = lamp_name, .category = lamp, .agency = transport},
	{.code = street, .name = street_name},
};

/* --- forms --- */

static struct form f;
static struct open311_report report;
static struct message m;
static struct err e;

static int decode_on(const char *text, const char *day)
{
	int r;

	open311_report_free(&report);
	form_free(&f);
	m = (struct message){.class = MC_HUMAN};
	e = (struct err){0};
	r = form_parse(text, strlen(text), &f, &e);
	return r ? r : open311_decode(&f, services, 2, day, &report, &m, &e);
}

static int decode(const char *text)
{
	return decode_on(text, "2026-11-24");
}

static int release(void **state)
{
	(void)state;
	open311_report_free(&report);
	form_free(&f);
	return 0;
}

static void a_whole_report(void **state)
{
	(void)state;
	assert_int_equal(
		decode("api_key=x&service_code=lampu&lat=-7.98&long=112.63&description=Lampu+"
		       "mati%21&first_name=Siti&last_name=Aminah&phone=0812&email=s%40x.id"
		       "&device_id=d1&media_url=https%3A%2F%2Fx.id%2Fa.jpg&attribute%5BTIANG%5D=17"
		       "&address_string=Jl.+Ijen&address_id=9"),
		0);
	assert_string_equal(m.text, "Lampu mati!");
	assert_string_equal(m.author.name, "Siti Aminah");
	assert_string_equal(m.author.id, "d1");
	assert_string_equal(m.author.phone, "0812");
	assert_string_equal(m.author.email, "s@x.id");
	assert_false(m.author.proven);
	assert_true(m.location.set);
	assert_string_equal(m.location.address, "Jl. Ijen");
	assert_int_equal(m.n_attachments, 1);
	assert_string_equal(m.attachments[0].url, "https://x.id/a.jpg");
	assert_int_equal(m.attachments[0].state, AS_PENDING);
	assert_string_equal(json_str(m.fields, "category"), "lampu");
	assert_string_equal(json_str(m.fields, "agency"), "Dinas Perhubungan");
	assert_string_equal(json_str(m.fields, "attribute[TIANG]"), "17");
	assert_string_equal(json_str(m.fields, "address_id"), "9");
	assert_null(json_object_get(m.fields, "api_key"));
	assert_int_equal(decode("service_code=jalan&address_id=9&phone=0812&last_name=Budi"), 0);
	assert_string_equal(m.text, "Jalan rusak"); /* nothing else was said */
	assert_string_equal(m.author.id, "0812");
	assert_string_equal(m.author.name, "Budi");
	assert_null(json_object_get(m.fields, "category"));
}

static void the_same_report_is_the_same(void **state)
{
	char first[sizeof(report.native_id)];

	(void)state;
	assert_int_equal(decode("api_key=a&service_code=jalan&description=x" PLACE), 0);
	memcpy(first, m.native_id, sizeof(first));
	assert_int_equal(decode("api_key=b&service_code=jalan&description=x" PLACE), 0);
	assert_string_equal(m.native_id, first);
	assert_int_equal(decode("api_key=a&service_code=jalan&description=y" PLACE), 0);
	assert_string_not_equal(m.native_id, first);
	/* what moves from one field to the next is another one */
	assert_int_equal(decode("service_code=jalan&description=x&phone=1" PLACE), 0);
	memcpy(first, m.native_id, sizeof(first));
	assert_int_equal(decode("service_code=jalan&description=xphone&=1" PLACE), 0);
	assert_string_not_equal(m.native_id, first);
	/* tomorrow the lamp may be out again */
	assert_int_equal(
		decode_on("service_code=jalan&description=x&phone=1" PLACE, "2026-11-25"), 0);
	assert_string_not_equal(m.native_id, first);
}

static void what_is_refused(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *says;
	} cases[] = {
		{"", -EINVAL, "service_code"},
		{"service_code=", -EINVAL, "service_code"},
		{"service_code=x" PLACE, -ENOENT, "service_code"},
		{"service_code=jalan", -EINVAL, "lat and long"},
		{"service_code=jalan&lat=-7.98", -EINVAL, "lat and long"},
		{"service_code=jalan&long=112.63", -EINVAL, "lat and long"},
		{"service_code=jalan&lat=x&long=112.63", -EINVAL, "lat and long"},
		{"service_code=jalan&lat=91&long=112.63", -EINVAL, "lat and long"},
		{"service_code=jalan&lat=0&long=0", -EINVAL, "lat and long"},
		{"service_code=%00", -EINVAL, "percent"},
		{"service_code=%zz", -EINVAL, "percent"},
		{"a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&"
		 "a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a",
			-EINVAL, "fields"},
	};
	_cleanup_free_ char *large =
		xasprintf("service_code=jalan" PLACE "&attribute[x]=%0*d", 17000, 1);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(decode(cases[i].text), cases[i].code);
		assert_non_null(strstr(e.text, cases[i].says));
	}
	assert_int_equal(decode(large), -EINVAL);
	assert_non_null(strstr(e.text, "KiB"));
	form_free(&f);
	assert_int_equal(form_parse("a=\0b", 4, &f, &e), -EINVAL);
}

static void an_idempotency_key_holds(void **state)
{
	(void)state;
	form_free(&f);
	m = (struct message){.native_id = "k-1"};
	assert_int_equal(form_parse("service_code=jalan&address_id=9&&b", 34, &f, &e), 0);
	assert_int_equal(f.n, 3);
	assert_int_equal(open311_decode(&f, services, 2, "2026-11-24", &report, &m, &e), 0);
	assert_string_equal(m.native_id, "k-1");
}

static void both_formats(void **state)
{
	_cleanup_json_ json_t *rows = open311_services(services, 1);
	_cleanup_buf_ struct buf out = BUF_INIT(2000), small = BUF_INIT(20);

	(void)state;
	assert_int_equal(open311_render(rows, "services", "service", true, &out), 0);
	assert_string_equal(buf_str(&out),
		"<?xml version=\"1.0\" "
		"encoding=\"utf-8\"?>\n<services>\n<service><service_code>lampu"
		"</service_code><service_name>Lampu &lt;mati&gt; &amp; padam</service_name>"
		"<description>Lampu &lt;mati&gt; &amp; "
		"padam</description><metadata>false</metadata>"
		"<type>realtime</type><keywords></keywords><group></group></service>\n</"
		"services>\n");
	buf_reset(&out);
	assert_int_equal(open311_render(rows, "services", "service", false, &out), 0);
	assert_non_null(strstr(buf_str(&out), "\"service_name\":\"Lampu <mati> & padam\""));
	assert_int_equal(open311_render(rows, "services", "service", true, &small), -E2BIG);
	json_object_set_new(json_array_get(rows, 0), "group", json_string("a\x1b[2Jb\n"));
	json_object_set_new(json_array_get(rows, 0), "type", json_null());
	json_object_set_new(json_array_get(rows, 0), "keywords", json_integer(7));
	buf_reset(&out);
	assert_int_equal(open311_render(rows, "services", "service", true, &out), 0);
	assert_non_null(strstr(buf_str(&out), "<group>a[2Jb\n</group>"));
	assert_non_null(strstr(buf_str(&out), "<type></type><keywords>7</keywords>"));
}

/* --- on the server --- */

#define ROUTE(name)                                               \
	static void on_##name(void *ctx, struct httpd_request *r) \
	{                                                         \
		struct bed *b = ctx;                              \
                                                                  \
		door_open311_##name(&b->door, r);                 \
	}                                                         \
	struct door
ROUTE(services);
ROUTE(post);
ROUTE(status);

static const struct httpd_route routes[] = {
	{.method = "GET", .path = "/open311/v2/services.xml", .handle = on_services},
	{.method = "POST",
		.path = "/open311/v2/requests.json",
		.max_body = 1 << 20,
		.handle = on_post},
	{.method = "GET", .path = "/open311/v2/requests/*", .handle = on_status},
	{.method = NULL},
};

static int setup(void **state)
{
	struct bed *b = bed_new(routes);

	b->conf.services.v = services;
	b->conf.services.n = 2;
	b->door.index = index_public_new("/nowhere/redis.sock", "m.", 1, 100);
	bed_key(b, DOORKEY_OPEN311, 3);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	index_public_free(b->door.index);
	bed_free(b);
	return 0;
}

static int talk(struct bed *b, const char *head, const char *body)
{
	_cleanup_free_ char *text =
		xasprintf("%s HTTP/1.1\r\nHost: x\r\nContent-Type: "
			  "application/x-www-form-urlencoded\r\nContent-Length: "
			  "%zu\r\n\r\n%s",
			head, strlen(body), body);
	_cleanup_close_ int fd = bed_connect(b);

	bed_talk(b, fd, text, strlen(text), -1);
	return b->status;
}

static int post(struct bed *b, const char *more)
{
	_cleanup_free_ char *body = xasprintf("api_key=%s.%s%s", b->key, b->secret, more);

	return talk(b, "POST /open311/v2/requests.json", body);
}

#define GOOD "&service_code=jalan" PLACE

static void a_report_is_told_with_its_ticket(void **state)
{
	struct bed *b = *state;
	char id[UUID_TEXT_SIZE], ticket[TICKET_TEXT_SIZE];

	assert_int_equal(post(b, GOOD), 201);
	message_id("malang", "sambat", "sambat", b->source.puts[0].native_id, NULL, id);
	assert_int_equal(ticket_of(id, ticket), 0);
	assert_non_null(strstr(bed_body(b), ticket));
	assert_true(b->source.puts[0].review);
}

/* Whoever may read the log may not report: not by another spelling of the name either. */
static void the_key_is_not_kept(void **state)
{
	static const char *const names[] = {"api_key", "%61pi_key", "api%5fkey"};
	struct bed *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *body = xasprintf("service_code=jalan" PLACE "&%s=%s.%s&x=%zu",
			names[i], b->key, b->secret, i);
		const struct bed_put *p = &b->source.puts[i];

		assert_int_equal(talk(b, "POST /open311/v2/requests.json", body), 201);
		assert_null(strstr(p->original, b->secret));
		assert_int_equal(strlen(p->original), strlen(body));
		assert_memory_equal(p->original, "service_code=jalan", 18);
		assert_string_equal(p->original + strlen(body) - 6,
			((const char *const[]){"**&x=0", "**&x=1", "**&x=2"}[i]));
	}
}

static void never_201_without_the_report(void **state)
{
	struct bed *b = *state;

	b->conf.answer_ms = 50;
	b->source.silent = true;
	assert_int_equal(post(b, GOOD), 503);
	assert_int_equal(b->source.n_puts, 1);
	assert_non_null(strstr(bed_body(b), "\"code\":503"));
	b->source.away = true;
	assert_int_equal(post(b, GOOD), 503);
	assert_int_equal(b->source.n_puts, 1);
}

static void who_has_no_api_key(void **state)
{
	struct bed *b = *state;

	assert_int_equal(
		talk(b, "POST /open311/v2/requests.json", "service_code=jalan" PLACE), 403);
	b->secret[0] = b->secret[0] == 'a' ? 'b' : 'a';
	assert_int_equal(post(b, GOOD), 403);
	bed_key(b, DOORKEY_SIGNED, 3);
	assert_int_equal(post(b, GOOD), 403);
	assert_int_equal(b->source.n_puts, 0);
}

static void quotas_and_refusals(void **state)
{
	struct bed *b = *state;

	for (int i = 0; i < 5; i++) /* cost nothing */
		assert_int_equal(post(b, "&service_code=x" PLACE), 404);
	assert_int_equal(post(b, "&service_code=jalan"), 400);
	assert_int_equal(post(b, "&x=%"), 400);
	for (int i = 0; i < 3; i++)
		assert_int_equal(post(b, GOOD), 201);
	assert_int_equal(post(b, GOOD), 429);
	assert_non_null(strstr(buf_str(&b->got), "Retry-After: "));
}

static void the_index_away_is_not_there_is_none(void **state)
{
	struct bed *b = *state;

	assert_int_equal(talk(b, "GET /open311/v2/requests/EFTM5-AXCMD.json", ""), 503);
	assert_int_equal(talk(b, "GET /open311/v2/requests/EFTM5-AXCMC.json", ""), 404);
	assert_int_equal(talk(b, "GET /open311/v2/requests/EFTM5-AXCMD", ""), 404);
	assert_int_equal(talk(b, "GET /open311/v2/requests/EFTM5-AXCMD.html", ""), 404);
	assert_int_equal(talk(b, "GET /open311/v2/requests/.xml", ""), 404);
	assert_non_null(strstr(bed_body(b), "<errors>"));
	assert_int_equal(talk(b, "GET /open311/v2/services.xml", ""), 200);
	assert_non_null(strstr(bed_body(b), "<service_code>jalan</service_code>"));
}

#define PURE(t) cmocka_unit_test_teardown(t, release)
#define CASE(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PURE(a_whole_report),
		PURE(the_same_report_is_the_same),
		PURE(what_is_refused),
		PURE(an_idempotency_key_holds),
		PURE(both_formats),
		CASE(a_report_is_told_with_its_ticket),
		CASE(the_key_is_not_kept),
		CASE(never_201_without_the_report),
		CASE(who_has_no_api_key),
		CASE(quotas_and_refusals),
		CASE(the_index_away_is_not_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
