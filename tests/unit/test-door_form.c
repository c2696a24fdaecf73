/* The form page: bodies browsers send and those nobody should, templates, what is checked and what
 * comes back, and on the real HTTP server: the ticket only behind the report, the page again with
 * all that was typed in. */
// uses: daemons/door/door.c
// uses: daemons/door/door_form.c
// uses: daemons/door/intake.c
// uses: daemons/door/keyring.c
// uses: daemons/door/multipart.c
// uses: daemons/door/quota.c
// uses: daemons/door/template.c
// uses: daemons/door/webform.c
// uses: daemons/door/evidence.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemons/door/door_form.h"
#include "daemons/door/multipart.h"
#include "daemons/door/template.h"
#include "daemons/door/webform.h"

#include "door-bed.h"

#define TYPE	"multipart/form-data; boundary=\"--B\""
#define D	"----B"
#define PART(n) D "\r\nContent-Disposition: form-data; name=\"" n "\"\r\n\r\n"
#define PHOTO                                                                                 \
	D "\r\nContent-Disposition: form-data; name=\"foto\"; filename=\"a.jpg\"\r\nContent-" \
	  "Type: image/jpeg\r\n\r\n"
#define END   D "--\r\n"
#define JPEG  "\xff\xd8\xff\xe0"
#define TOKEN "0123456789abcdef0123456789abcdef"

static struct err e;

/* --- multipart --- */

static void bodies(void **state)
{
	static const struct {
		const char *type, *body;
		int n; /* parts, or -1 */
	} cases[] = {
		{TYPE, END, 0},
		{TYPE, D "--", 0},
		{TYPE, PART("a") "x\r\n" END, 1},
		{TYPE, PART("a") "x\r\n" PART("b") "\r\n" END, 2},
		{TYPE, PART("a") "\r\n" D "x\r\n" END, -1},
		{"Multipart/Form-Data; boundary=--B", PART("a") "x\r\n" END, 1},
		{TYPE,
			D "\r\nX-A: b\r\ncontent-disposition: form-data; filename=\"f\"; "
			  "name=\"a\"\r\n"
			  "X: \"\r\n\r\nx\r\n" END,
			1},
		{NULL, PART("a") "x\r\n" END, -1},
		{"text/plain", PART("a") "x\r\n" END, -1},
		{"multipart/form-data", PART("a") "x\r\n" END, -1},
		{"multipart/form-data; boundary=", PART("a") "x\r\n" END, -1},
		{"multipart/form-data; "
		 "boundary=01234567890123456789012345678901234567890123456789012345678901234567890",
			"", -1},
		{TYPE, "", -1},
		{TYPE, "x" END, -1},
		{TYPE, D, -1},
		{TYPE, D "\r\n", -1},
		{TYPE, D "-", -1},
		{TYPE, D "\n\n" END, -1},
		{TYPE, PART("a") "x", -1},
		{TYPE, PART("a") "x\r\n" D, -1},
		{TYPE, D "\r\nContent-Disposition: form-data\r\n\r\nx\r\n" END, -1},
		{TYPE, D "\r\nContent-Disposition: form-data; xname=\"a\"\r\n\r\nx\r\n" END, -1},
		{TYPE, D "\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n" END, -1},
		{TYPE, D "\r\nContent-Type: a\r\n\r\nx\r\n" END, -1},
		{TYPE, D "\r\n\r\nx\r\n" END, -1},
	};
	struct multipart m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int r = multipart_parse(
			cases[i].type, cases[i].body, strlen(cases[i].body), &m, &e);

		if (cases[i].n < 0)
			assert_int_equal(r, -EINVAL);
		else
			assert_int_equal(r ? -1 : (int)m.n, cases[i].n);
	}
	assert_int_equal(multipart_parse(TYPE, PART("a") "x\r\n--\r\n" PART("b") "\r\n" END,
				 strlen(PART("a") "x\r\n--\r\n" PART("b") "\r\n" END), &m, &e),
		0);
	assert_int_equal(m.parts[0].data.n, strlen("x\r\n--"));
}

static void bounds_of_a_body(void **state)
{
	_cleanup_buf_ struct buf many = BUF_INIT(1 << 16), head = BUF_INIT(1 << 16);
	static const char nul[] =
		D "\r\nContent-Disposition: form-data; name=\"a\0\"\r\n\r\nx\r\n" END;
	struct multipart m;

	(void)state;
	for (int i = 0; i < MULTIPART_PARTS_MAX + 1; i++)
		buf_adds(&many, PART("a") "x\r\n");
	buf_adds(&many, END);
	assert_int_equal(multipart_parse(TYPE, buf_str(&many), many.len, &m, &e), -EINVAL);
	buf_addf(&head,
		D "\r\nX: %0*d\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n" END,
		MULTIPART_HEAD_MAX, 1);
	assert_int_equal(multipart_parse(TYPE, buf_str(&head), head.len, &m, &e), -EINVAL);
	assert_int_equal(multipart_parse(TYPE, nul, sizeof(nul) - 1, &m, &e), -EINVAL);
}

/* --- templates --- */

static const char *const keys[] = {"a", "b", NULL};

static const char *value(const void *ctx, const char *key)
{
	(void)ctx;
	return strcmp(key, "a") == 0 ? "<\"&'>" : NULL;
}

static void templates(void **state)
{
	static const struct {
		const char *text, *out; /* NULL: refused */
	} cases[] = {
		{"", ""},
		{"x{{a}}y{{b}}z", "x&lt;&quot;&amp;&#39;&gt;yz"},
		{"{{#a}}1{{/a}}{{^a}}2{{/a}}{{#b}}3{{/b}}{{^b}}4{{/b}}", "14"},
		{"{{#b}}1{{#a}}2{{/a}}3{{^a}}4{{/a}}{{/b}}5", "5"},
		{"{{#a}}1{{#b}}2{{/b}}3{{/a}}4", "134"},
		{"{ {a} }", "{ {a} }"},
		{"{{a", NULL},
		{"{{}}", NULL},
		{"{{c}}", NULL},
		{"{{ a }}", NULL},
		{"{{#a}}", NULL},
		{"{{/a}}", NULL},
		{"{{#a}}{{#b}}{{/a}}{{/b}}", NULL},
		{"{{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}}", NULL},
		{"{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT(1000);
		struct template *t = NULL;
		int r = template_parse(
			"x.html", cases[i].text, strlen(cases[i].text), keys, &t, &e);

		assert_int_equal(r, cases[i].out ? 0 : -EINVAL);
		if (r) {
			assert_non_null(strstr(e.text, "x.html"));
			continue;
		}
		assert_int_equal(template_render(t, value, NULL, &out), 0);
		assert_string_equal(buf_str(&out), cases[i].out);
		out.max = 0;
		if (*cases[i].out) {
			buf_free(&out);
			buf_init(&out, 1);
			if (strlen(cases[i].out) > 1)
				assert_int_equal(template_render(t, value, NULL, &out), -E2BIG);
		}
		template_free(t);
	}
	template_free(NULL);
}

/* --- what was typed in --- */

static struct webform w;
static struct message m;

static unsigned typed(const char *body, size_t n)
{
	webform_free(&w);
	webform_parse(&w, TYPE, body, n, 10);
	return w.errors;
}
#define TYPED(body) typed(body, sizeof(body) - 1)
#define NAMED	    PART("nama") "Siti\r\n"
#define PHONED	    PART("telepon") "0812 3456 7890\r\n"
#define SAID	    PART("uraian") "Jalan rusak\r\n"

static int release(void **state)
{
	(void)state;
	webform_free(&w);
	return 0;
}

static void each_mistake(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 16);

	(void)state;
	assert_int_equal(TYPED(SAID NAMED PHONED END), 0);
	assert_int_equal(TYPED(END), WF_NO_TEXT | WF_NO_NAME | WF_NO_CONTACT);
	assert_int_equal(TYPED(PART("uraian") " \r\n \r\n" NAMED PHONED END), WF_NO_TEXT);
	assert_int_equal(TYPED(SAID NAMED END), WF_NO_CONTACT);
	assert_int_equal(TYPED(SAID NAMED PART("email") "s@x.id\r\n" END), 0);
	assert_int_equal(TYPED(SAID NAMED PART("email") "s@x\r\n" END), WF_BAD_EMAIL);
	assert_int_equal(TYPED(SAID NAMED PART("telepon") "saya\r\n" END), WF_BAD_PHONE);
	assert_int_equal(TYPED("x"), WF_BROKEN);
	assert_int_equal(TYPED(SAID NAMED PHONED PHOTO "\r\n" END), 0);
	assert_int_equal(w.n_photos, 0);
	assert_int_equal(TYPED(SAID NAMED PHONED PHOTO JPEG "\r\n" END), 0);
	assert_int_equal(w.n_photos, 1);
	assert_int_equal(TYPED(SAID NAMED PHONED PHOTO "<html>\r\n" END), WF_PHOTO_TYPE);
	assert_int_equal(TYPED(SAID NAMED PHONED PHOTO "%PDF-1\r\n" END), WF_PHOTO_TYPE);
	assert_int_equal(TYPED(SAID NAMED PHONED PHOTO JPEG "1234567\r\n" END), WF_PHOTO_SIZE);
	assert_int_equal(TYPED(SAID NAMED PHONED PHOTO JPEG "\r\n" PHOTO JPEG "\r\n" PHOTO JPEG
							    "\r\n" PHOTO JPEG "\r\n" END),
		WF_PHOTO_COUNT);
	buf_addf(&b, PART("uraian") "%0*d\r\n" NAMED PHONED END, WEBFORM_TEXT_MAX + 1, 1);
	assert_int_equal(typed(buf_str(&b), b.len), WF_LONG_TEXT);
}

static void as_a_message(void **state)
{
	char first[sizeof(w.native_id)];

	(void)state;
	assert_int_equal(
		TYPED(PART("nomor") TOKEN "\r\n" PART("uraian") " Jalan\r\nrusak \r\n" PART(
			"nama") "Siti\nAminah\xff\r\n" PHONED
				PART("lokasi") "Jl. Ijen\r\n" PART("rahasia") "1\r\n" PHOTO JPEG
									      "\r\n" END),
		0);
	m = (struct message){.tenant = "malang"};
	webform_message(&w, &m);
	assert_string_equal(m.text, "Jalan\nrusak");
	assert_string_equal(m.author.name, "Siti Aminah\xef\xbf\xbd");
	assert_string_equal(m.author.id, "0812 3456 7890");
	assert_null(m.author.email);
	assert_string_equal(m.location.address, "Jl. Ijen");
	assert_int_equal(m.n_attachments, 1);
	assert_string_equal(m.attachments[0].mime, "image/jpeg");
	assert_true(json_is_true(json_object_get(m.fields, "anonymous")));
	assert_int_equal(m.class, MC_HUMAN);
	assert_int_equal(strncmp(m.native_id, TOKEN ":", 33), 0);
	/* the same page sent twice is one message, other words on it are another */
	assert_int_equal(TYPED(PART("nomor") TOKEN "\r\n" SAID NAMED PHONED END), 0);
	webform_message(&w, &m);
	memcpy(first, w.native_id, sizeof(first));
	assert_int_equal(TYPED(SAID NAMED PHONED PART("nomor") TOKEN "\r\n" END), 0);
	webform_message(&w, &m);
	assert_string_equal(w.native_id, first);
	assert_int_equal(
		TYPED(PART("nomor") TOKEN "\r\n" SAID PART("nama") "Budi\r\n" PHONED END), 0);
	webform_message(&w, &m);
	assert_string_not_equal(w.native_id, first);
	/* a number that is none is not believed */
	assert_int_equal(TYPED(PART("nomor") "../x\r\n" SAID NAMED PHONED END), 0);
	assert_int_equal(strlen(w.token), WEBFORM_TOKEN_SIZE - 1);
	/* what only programs fill in: kept, as spam */
	assert_int_equal(TYPED(SAID NAMED PHONED PART("situs") "http://x\r\n" END), 0);
	webform_message(&w, &m);
	assert_int_equal(m.class, MC_SPAM);
}

static void every_key_has_a_value(void **state)
{
	(void)state;
	assert_int_equal(TYPED(SAID END), WF_NO_NAME | WF_NO_CONTACT);
	for (const char *const *k = webform_keys; *k; k++)
		(void)webform_value(&w, *k);
	assert_string_equal(webform_value(&w, "uraian"), "Jalan rusak");
	assert_string_equal(webform_value(&w, "salah"), "1");
	assert_string_equal(webform_value(&w, "nama_kosong"), "1");
	assert_null(webform_value(&w, "salah_uraian"));
	assert_null(webform_value(&w, "?"));
}

/* --- on the server --- */

static void on_get(void *ctx, struct httpd_request *r)
{
	struct bed *b = ctx;

	door_form_get(&b->door, r);
}

static void on_post(void *ctx, struct httpd_request *r)
{
	struct bed *b = ctx;

	door_form_post(&b->door, r);
}

static const struct httpd_route routes[] = {
	{.method = "GET", .path = "/lapor", .handle = on_get},
	{.method = "POST", .path = "/lapor", .max_body = 1 << 20, .handle = on_post},
	{.method = NULL},
};

static int setup(void **state)
{
	static char templates_dir[] = "config/door", header[] = "X-Real-IP";
	struct bed *b = bed_new(routes);

	b->conf.form_templates = templates_dir;
	b->conf.address_header = header;
	b->conf.form_per_minute = 1;
	b->conf.form_burst = 2;
	if (door_form_open(&b->door, &e))
		fail_msg("%s", e.text);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	door_form_close(&b->door);
	bed_free(b);
	return 0;
}

static int send_form(struct bed *b, const char *address, const char *body)
{
	_cleanup_free_ char *text =
		xasprintf("POST /lapor HTTP/1.1\r\nHost: x\r\nContent-Type: " TYPE
			  "\r\nX-Real-IP: %s\r\nContent-Length: %zu\r\n\r\n%s",
			address, strlen(body), body);
	_cleanup_close_ int fd = bed_connect(b);

	bed_talk(b, fd, text, strlen(text), -1);
	return b->status;
}

#define GOOD PART("nomor") TOKEN "\r\n" SAID NAMED PHONED

static void a_form_is_told_with_its_ticket(void **state)
{
	struct bed *b = *state;
	char id[UUID_TEXT_SIZE], ticket[TICKET_TEXT_SIZE];

	assert_int_equal(send_form(b, "10.0.0.1", GOOD PHOTO JPEG "\r\n" END), 200);
	assert_string_equal(b->source.puts[0].channel, "website");
	assert_string_equal(b->source.puts[0].account, "kota");
	assert_string_not_equal(b->source.puts[0].attachment, "");
	message_id("malang", "website", "kota", b->source.puts[0].native_id, NULL, id);
	assert_int_equal(ticket_of(id, ticket), 0);
	assert_non_null(strstr(bed_body(b), ticket));
}

static void never_a_ticket_without_the_report(void **state)
{
	struct bed *b = *state;

	b->conf.answer_ms = 50;
	b->source.silent = true;
	assert_int_equal(send_form(b, "10.0.0.1", GOOD END), 503);
	assert_null(strstr(bed_body(b), "Laporan diterima"));
	assert_non_null(strstr(bed_body(b), "belum tersimpan"));
	assert_non_null(strstr(bed_body(b), ">Jalan rusak</textarea>"));
	assert_non_null(strstr(bed_body(b), "value=\"" TOKEN "\""));
	b->source.away = true;
	assert_int_equal(send_form(b, "10.0.0.1", GOOD END), 503);
	assert_non_null(strstr(bed_body(b), ">Jalan rusak</textarea>"));
	assert_int_equal(b->source.n_puts, 1);
}

static void photos_that_are_not_stored(void **state)
{
	struct bed *b = *state;

	assert_int_equal(rmdir(b->blobs), 0);
	assert_int_equal(send_form(b, "10.0.0.1", GOOD PHOTO JPEG "\r\n" END), 503);
	assert_int_equal(b->source.n_puts, 0);
	assert_int_equal(mkdir(b->blobs, 0700), 0);
}

static void the_page_again_with_what_was_typed(void **state)
{
	struct bed *b = *state;

	assert_int_equal(send_form(b, "10.0.0.1",
				 PART("uraian") "</textarea><script>\r\n" PART(
					 "nama") "\"><b\r\n" PART("rahasia") "1\r\n" END),
		422);
	assert_int_equal(b->source.n_puts, 0);
	assert_non_null(strstr(bed_body(b), "&lt;/textarea&gt;&lt;script&gt;</textarea>"));
	assert_non_null(strstr(bed_body(b), "value=\"&quot;&gt;&lt;b\""));
	assert_non_null(strstr(bed_body(b), " checked>"));
	assert_non_null(strstr(bed_body(b), "Isi nomor telepon atau alamat email."));
	assert_non_null(strstr(bed_body(b), "role=\"alert\""));
	assert_null(strstr(bed_body(b), "{{"));
	assert_int_equal(send_form(b, "10.0.0.1", "x"), 400);
}

static void quotas_by_network(void **state)
{
	struct bed *b = *state;

	assert_int_equal(send_form(b, "10.0.0.1", GOOD END), 200);
	assert_int_equal(send_form(b, "10.0.0.2", GOOD END), 200);
	assert_int_equal(send_form(b, "10.0.0.3", GOOD END), 429);
	assert_non_null(strstr(bed_body(b), ">Jalan rusak</textarea>"));
	assert_int_equal(send_form(b, "10.0.1.3", GOOD END), 200);
	assert_int_equal(send_form(b, "2001:db8:1::1", GOOD END), 200);
	assert_int_equal(send_form(b, "2001:db8:1:9::1", GOOD END), 200);
	assert_int_equal(send_form(b, "2001:db8:1::2", GOOD END), 429);
	assert_int_equal(send_form(b, "2001:db8:2::2", GOOD END), 200);
	assert_int_equal(send_form(b, "x", GOOD END), 200);
	assert_int_equal(send_form(b, "y", GOOD END), 200);
	assert_int_equal(send_form(b, "", GOOD END), 429);
}

static void no_page_where_none_is_wanted(void **state)
{
	struct bed *b = *state;

	door_form_close(&b->door);
	assert_int_equal(send_form(b, "10.0.0.1", GOOD END), 404);
	b->conf.form_templates = NULL;
	assert_int_equal(door_form_open(&b->door, &e), 0);
	assert_null(b->door.form);
	b->conf.form_templates = b->blobs;
	assert_int_equal(door_form_open(&b->door, &e), -ENOENT);
}

#define PURE(t) cmocka_unit_test_teardown(t, release)
#define CASE(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies),
		cmocka_unit_test(bounds_of_a_body),
		cmocka_unit_test(templates),
		PURE(each_mistake),
		PURE(as_a_message),
		PURE(every_key_has_a_value),
		CASE(a_form_is_told_with_its_ticket),
		CASE(never_a_ticket_without_the_report),
		CASE(photos_that_are_not_stored),
		CASE(the_page_again_with_what_was_typed),
		CASE(quotas_by_network),
		CASE(no_page_where_none_is_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
