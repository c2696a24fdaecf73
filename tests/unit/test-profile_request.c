/* What the profile lapor-v3 renders equals the hand-written wire transcripts byte for byte; and the
 * cases they do not show: cuts, missing data, phones, copies, counts, forms. test-profile_wire.c
 * compares the same transcripts with what really leaves by libcurl. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fsio.h"
#include "base/json.h"
#include "base/utf8.h"
#include "core/profile.h"

#include "golden.h"
#include "scratch.h"

#define ID	"6f1d2c3b-4a59-5e68-8b77-0123456789ab"
#define TICKET	"ABCDE-FGHJK"
#define IMAGE	"3bf14efa063f30dd377522beb06e56e4820606224c2f432e88e1274b8a8b78f5"
#define PDF	"d104dbd85fc211465f031eeda9765e389f6645f5f23213c4aa1cef516d3157e1"
#define CSTR(x) ((char *)(uintptr_t)(x))
#define SET(k, val)                                           \
	{                                                     \
		.key = CSTR(k), .value = CSTR(val), .line = 7 \
	}

static struct profile *v3;
static char blob_dir[64];
static struct blob_store *blobs;

static struct strpair plain_settings[] = {
	SET("institution", "12"), SET("category", "436"), SET("location", "34")};
static struct strpair dot_settings[] = {
	SET("institution", "12"), SET("category", "436"), SET("attachments_form", "string_dot")};
static struct strpair string_settings[] = {
	SET("institution", "12"), SET("category", "436"), SET("attachments_form", "string")};
static struct strpair agency_rows[] = {SET("Dinas Perhubungan", "77"), SET("Pemerintah", "12")};
static const struct strmap plain_map = {plain_settings, ARRAY_SIZE(plain_settings)};
static const struct strmap agencies = {agency_rows, ARRAY_SIZE(agency_rows)};
#define MAP(rows) (&(struct strmap){rows, ARRAY_SIZE(rows)})

static const char *const auth_headers[] = {"auth: Bearer sandbox-auth", "token: {TOKEN}", NULL};
static const char *const authorization_headers[] = {
	"Authorization: Bearer sandbox-auth", "token: {TOKEN}", NULL};

static struct profile_input input_of(const json_t *complaint)
{
	return (struct profile_input){.complaint = complaint,
		.base = "https://lapor.invalid/lapor/3.0.0",
		.headers = auth_headers,
		.settings = &plain_map,
		.agencies = &agencies,
		.remote_id = 1916449,
		.blobs = blobs};
}

/* --- wire bytes --- */

/* As libcurl orders them: its own first, then ours, length and multipart type at the end. */
static void put_wire(const struct httpc_request *h, const char *body, size_t n, const char *type,
	struct buf *out)
{
	const char *path = strchr(h->url + strlen("https://"), '/');

	(void)buf_addf(out, "%s %s HTTP/1.1\r\n", h->method, path);
	(void)buf_adds(out, "Host: lapor.invalid\r\nUser-Agent: muara/test\r\n");
	for (size_t i = 0; h->headers[i]; i++)
		(void)buf_addf(out, "%s\r\n", h->headers[i]);
	if (n)
		(void)buf_addf(out, "Content-Length: %zu\r\n", n);
	if (type)
		(void)buf_addf(out, "Content-Type: %s\r\n", type);
	(void)buf_adds(out, "\r\n");
	(void)buf_add(out, body, n);
}

static void put_multipart(const struct httpc_request *h, struct buf *out)
{
	_cleanup_buf_ struct buf body = BUF_INIT(1 << 20);

	for (size_t i = 0; i < h->n_parts; i++) {
		_cleanup_free_ char *file = NULL;
		size_t n;

		assert_int_equal(fsio_read_file(h->parts[i].path, 1 << 20, &file, &n, NULL), 0);
		(void)buf_addf(&body,
			"--B\r\nContent-Disposition: form-data; name=\"%s\"; "
			"filename=\"%s\"\r\nContent-Type: %s\r\n\r\n",
			h->parts[i].name, h->parts[i].filename, h->parts[i].mime);
		(void)buf_add(&body, file, n);
		(void)buf_adds(&body, "\r\n");
	}
	(void)buf_adds(&body, "--B--\r\n");
	put_wire(h, body.data, body.len, "multipart/form-data; boundary=B", out);
}

/* The transcript with the names of this test filled in; {{content_length}} from the body. */
static void put_golden(const char *name, const char *key, struct buf *out)
{
	static const char *const fixed[][2] = {{"host", "lapor.invalid"},
		{"base_path", "/lapor/3.0.0"}, {"auth", "Bearer sandbox-auth"},
		{"token", "{TOKEN}"}, {"user_agent", "muara/test"}, {"boundary", "B"},
		{"complaint_id", "1916449"}, {"image_id", "501"}, {"doc_id", "502"},
		{"ticket", TICKET}, {"own_institution_id", "12"}, {"target_institution_id", "77"},
		{"category_id", "436"}, {"location_id", "34"}};
	_cleanup_free_ char *path = xasprintf(GOLDEN "%s.request", name), *text = NULL;
	_cleanup_buf_ struct buf filled = BUF_INIT(1 << 20);
	const char *at, *end, *length;
	size_t n;

	assert_int_equal(fsio_read_file(path, 1 << 20, &text, &n, NULL), 0);
	for (at = text; at < text + n;) {
		const char *value = NULL;

		if (strncmp(at, "{{", 2) != 0) {
			(void)buf_addc(&filled, *at++);
			continue;
		}
		end = strstr(at, "}}");
		assert_non_null(end);
		for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
			if (strlen(fixed[i][0]) == (size_t)(end - at - 2) &&
				strncmp(at + 2, fixed[i][0], (size_t)(end - at - 2)) == 0)
				value = fixed[i][1];
		if (strncmp(at, "{{idempotency_key", 17) == 0)
			value = key;
		if (value)
			(void)buf_adds(&filled, value);
		else
			(void)buf_add(&filled, at, (size_t)(end + 2 - at));
		at = end + 2;
	}
	at = memmem(filled.data, filled.len, "\r\n\r\n", 4);
	assert_non_null(at);
	length = strstr(filled.data, "{{content_length}}");
	if (!length) {
		(void)buf_add(out, filled.data, filled.len);
		return;
	}
	(void)buf_add(out, filled.data, (size_t)(length - filled.data));
	(void)buf_addf(out, "%zu", (size_t)(filled.data + filled.len - at - 4));
	length += strlen("{{content_length}}");
	(void)buf_add(out, length, (size_t)(filled.data + filled.len - length));
}

static void compare(const char *name, const char *key, const struct profile_request *r)
{
	_cleanup_buf_ struct buf want = BUF_INIT(1 << 20), got = BUF_INIT(1 << 20);

	put_golden(name, key, &want);
	if (r->http.n_parts)
		put_multipart(&r->http, &got);
	else
		put_wire(&r->http, r->http.body, r->http.body_len, NULL, &got);
	if (got.len != want.len || memcmp(got.data, want.data, got.len) != 0) {
		print_error(
			"%s:\n--- want\n%s\n--- got\n%s\n", name, buf_str(&want), buf_str(&got));
		fail();
	}
}

static void render(
	enum call_kind c, const struct profile_input *in, const char *golden, const char *key)
{
	struct profile_request r;
	struct err e = {0};

	if (profile_request(v3, c, in, &r, &e)) {
		print_error("%s: %s\n", golden, e.text);
		fail();
	}
	compare(golden, key, &r);
	profile_request_clear(&r);
}

/* --- the transcripts --- */

static void create_equals_transcripts(void **state)
{
	static const char *const names[] = {"plain", "secret"};
	static const char *const golden[] = {"create-plain", "create-anonymous-secret"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_json_ json_t *c = snapshot(names[i]);
		struct profile_input in = input_of(c);

		render(CALL_CREATE, &in, golden[i], ID ".2");
	}
}

static const struct profile_file files[] = {{IMAGE, 501}, {PDF, 502}};

static void attachments_equal_transcripts(void **state)
{
	_cleanup_json_ json_t *c = snapshot("attachments");
	struct profile_input in = input_of(c);

	(void)state;
	in.files = files;
	in.n_files = ARRAY_SIZE(files);
	in.settings = MAP(string_settings);
	render(CALL_CREATE, &in, "create-attachments-string", ID ".2");
	in.settings = MAP(dot_settings);
	render(CALL_CREATE, &in, "create-attachments-string-dot", ID ".2");
	in.settings = MAP(plain_settings); /* the newest client's form is the default */
	render(CALL_CREATE, &in, "create-attachments-string-dot", ID ".2");
}

static void uploads_equal_transcripts(void **state)
{
	_cleanup_json_ json_t *c = snapshot("attachments");
	const json_t *all = json_object_get(c, "attachments");
	struct profile_input in = input_of(c);

	(void)state;
	in.attachment = json_array_get(all, 0);
	render(CALL_UPLOAD, &in, "upload-image", ID "." IMAGE);
	in.attachment = json_array_get(all, 1);
	render(CALL_UPLOAD, &in, "upload-document", ID "." PDF);
}

static void handover_equals_transcript(void **state)
{
	_cleanup_json_ json_t *c = snapshot("attachments");
	struct profile_input in = input_of(c);

	(void)state;
	render(CALL_HANDOVER, &in, "handover", ID ".handover");
}

static void reads_equal_transcripts(void **state)
{
	_cleanup_json_ json_t *c = snapshot("plain");
	struct profile_input in = input_of(c);
	struct profile_request r;

	(void)state;
	assert_int_equal(profile_read_request(v3, READ_PROBE, &in, &r, NULL), 0);
	compare("institutions", "", &r);
	profile_request_clear(&r);
	in.headers = authorization_headers;
	in.complaint = NULL; /* a probe is about no complaint */
	assert_int_equal(profile_read_request(v3, READ_PROBE, &in, &r, NULL), 0);
	compare("institutions-authorization", "", &r);
	profile_request_clear(&r);
	in.headers = auth_headers;
	assert_int_equal(profile_read_request(v3, READ_REPORT, &in, &r, NULL), 0);
	compare("status", "", &r);
	profile_request_clear(&r);
}

/* --- beyond the transcripts --- */

/* Body of a create; the caller owns. */
static json_t *body_of(const struct profile_input *in)
{
	struct profile_request r;
	struct err e = {0};
	json_t *j = NULL;

	if (profile_request(v3, CALL_CREATE, in, &r, &e)) {
		print_error("%s\n", e.text);
		fail();
	}
	assert_int_equal(json_parse(r.http.body, r.http.body_len, 1 << 20, &j, NULL), 0);
	profile_request_clear(&r);
	return j;
}

static json_t *created(const json_t *complaint)
{
	struct profile_input in = input_of(complaint);

	return body_of(&in);
}

static void refused(const json_t *complaint, const char *why)
{
	struct profile_input in = input_of(complaint);
	struct profile_request r;
	struct err e = {0};

	assert_int_equal(profile_request(v3, CALL_CREATE, &in, &r, &e), -EINVAL);
	assert_non_null(strstr(e.text, why));
	assert_null(r.own);
}

static void set_text(json_t *c, const char *key, size_t n, const char *word)
{
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);

	while (b.len < n)
		(void)buf_adds(&b, word);
	json_set_str(c, key, buf_str(&b));
}

static void long_text_is_cut_and_says_so(void **state)
{
	_cleanup_json_ json_t *c = snapshot("attachments"), *body = NULL;
	const char *content, *footer;
	long left = 0;

	(void)state;
	set_text(c, "text", 30000, "jalan rusak ");
	body = created(c);
	content = json_str(body, "content");
	assert_true(utf8_length(content) <= 10000);
	assert_true(utf8_length(content) > 9900);
	assert_int_equal(strncmp(content, "[Tiket " TICKET "] jalan", 25), 0);
	footer = strstr(content, "\n\n---\nLokasi kejadian: Depan Gerbang Veteran");
	assert_non_null(footer);
	footer = strstr(footer, "\nTeks dipotong: ");
	assert_non_null(footer);
	assert_int_equal(sscanf(footer, "\nTeks dipotong: %ld karakter", &left), 1);
	/* what is there and what is said to be left out make the whole */
	assert_int_equal((long)(strstr(content, "\n\n---\n") - content) -
				 (long)strlen("[Tiket " TICKET "] ") + left,
		(long)strlen(json_str(c, "text")));
}

static void text_of_just_the_limit_is_whole(void **state)
{
	_cleanup_json_ json_t *c = snapshot("plain"), *fits = NULL, *over = NULL;
	_cleanup_free_ char *text = xmalloc(10001);

	(void)state;
	memset(text, 'a', 10000);
	text[10000 - strlen("[Tiket " TICKET "] ")] = '\0';
	json_set_str(c, "text", text);
	fits = created(c);
	assert_int_equal(strlen(json_str(fits, "content")), 10000);
	assert_null(strstr(json_str(fits, "content"), "dipotong"));
	text[10000 - strlen("[Tiket " TICKET "] ")] = 'a';
	text[10001 - strlen("[Tiket " TICKET "] ")] = '\0';
	json_set_str(c, "text", text);
	over = created(c);
	assert_true(strlen(json_str(over, "content")) <= 10000);
	assert_non_null(strstr(json_str(over, "content"), "Teks dipotong"));
}

/* Around the limit, with characters of one to four bytes and words that do not end with it. */
static void no_length_slips_through(void **state)
{
	_cleanup_json_ json_t *c = snapshot("attachments");
	struct buf text = BUF_INIT(1 << 20);

	(void)state;
	while (utf8_length(buf_str(&text)) < 9700)
		(void)buf_adds(&text, "air \xc3\xa9\xe2\x80\x93\xf0\x9f\x98\x80 ");
	for (int i = 0; i < 400; i++) {
		_cleanup_json_ json_t *body = NULL;
		const char *content, *footer;

		(void)buf_adds(&text, i % 7 ? "\xc3\xa9" : " ");
		json_set_str(c, "text", text.data);
		body = created(c);
		content = json_str(body, "content");
		assert_true(utf8_length(content) <= 10000);
		footer = strstr(content, "\n\n---\nLokasi kejadian: ");
		assert_non_null(footer);
		if (!strstr(footer, "\nTeks dipotong: "))
			assert_non_null(strstr(content, text.data));
	}
	buf_free(&text);
}

static void title_is_one_line_of_255(void **state)
{
	_cleanup_json_ json_t *c = snapshot("plain"), *body = NULL, *short_body = NULL;

	(void)state;
	set_text(c, "title", 600, "Jalan\tberlubang\n");
	body = created(c);
	assert_true(utf8_length(json_str(body, "title")) <= 255);
	assert_null(strpbrk(json_str(body, "title"), "\n\t"));
	json_set_str(c, "title", "Banjir");
	short_body = created(c);
	assert_string_equal(json_str(short_body, "title"), "Banjir");
}

static void a_title_that_is_cut_is_in_the_text_whole(void **state)
{
	static const struct {
		size_t bytes;
		const char *word;
		bool told, whole;
	} rows[] = {{255, "a", false, false}, {256, "a", true, true},
		{600, "Jalan rusak ", true, true}, {2600, "Jalan rusak ", true, false},
		{12000, "\xf0\x9f\x98\x80", true, false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ json_t *c = snapshot("plain"), *body = NULL;
		const char *line;

		set_text(c, "title", rows[i].bytes, rows[i].word);
		body = created(c);
		line = strstr(json_str(body, "content"), "\nJudul lengkap: ");
		assert_int_equal(line != NULL, rows[i].told);
		assert_int_equal(strstr(json_str(body, "content"), json_str(c, "title")) != NULL,
			rows[i].whole);
		assert_int_equal(line && strstr(line, " …"), rows[i].told && !rows[i].whole);
		assert_true(utf8_length(json_str(body, "content")) < 3200);
		assert_true(utf8_length(json_str(body, "title")) <= 255);
	}
}

static void reporter_fits_or_is_left_out(void **state)
{
	_cleanup_json_ json_t *c = snapshot("plain"), *a = NULL, *b = NULL, *d = NULL;
	json_t *reporter = json_object_get(c, "reporter");

	(void)state;
	json_set_str(reporter, "phone", "+123456789012345"); /* E.164's longest: 16 with the plus */
	set_text(reporter, "email", 300, "a@");
	set_text(reporter, "name", 400, "Nama ");
	a = created(c);
	assert_string_equal(json_str(a, "phoneUser"), "123456789012345");
	assert_true(json_is_null(json_object_get(a, "emailUser")));
	assert_true(utf8_length(json_str(a, "nameUser")) <= 255);
	json_set_str(reporter, "phone", "+1234567890123456");
	b = created(c);
	assert_true(json_is_null(json_object_get(b, "phoneUser"))); /* cut: another person's */
	json_set_str(reporter, "name", " ");
	json_set_str(reporter, "phone", NULL);
	d = created(c);
	assert_true(json_is_null(json_object_get(d, "nameUser")));
	assert_true(json_is_null(json_object_get(d, "phoneUser")));
}

static void reporter_is_never_in_the_text(void **state)
{
	_cleanup_json_ json_t *c = snapshot("secret"), *body = NULL;
	const char *content;

	(void)state;
	json_set_str(json_object_get(c, "reporter"), "nik", "3573010101010001");
	json_set_str(json_object_get(c, "reporter"), "address", "Jalan Rahasia 1");
	body = created(c);
	content = json_str(body, "content");
	assert_null(strstr(content, "Bagus"));
	assert_null(strstr(content, "6281200000002"));
	assert_null(strstr(content, "3573"));
	assert_null(strstr(content, "Rahasia 1"));
}

static void flags_are_independent(void **state)
{
	_cleanup_json_ json_t *c = snapshot("plain");

	(void)state;
	for (int i = 0; i < 4; i++) {
		_cleanup_json_ json_t *body = NULL;

		json_set_new(c, "anonymous", json_boolean(i & 1));
		json_set_new(c, "secret", json_boolean(i & 2));
		body = created(c);
		assert_int_equal(json_flag(body, "is_anonymous"), (i & 1) != 0);
		assert_int_equal(json_flag(body, "is_secret"), (i & 2) != 0);
	}
}

static void places_are_told(void **state)
{
	static const struct {
		const char *location, *text;
	} rows[] = {
		{"{\"lat\":-7.5,\"lon\":112.25}", "Lokasi kejadian: -7.500000, 112.250000"},
		{"{\"name\":\"Pasar\",\"address\":\"Jl. A 1\"}", "Lokasi kejadian: Pasar, Jl. A 1"},
		{"{\"name\":\"Pasar\",\"address\":\"Pasar\"}", "Lokasi kejadian: Pasar"},
		{"{\"address\":\"Jl. A\\n1\",\"lat\":1,\"lon\":2}",
			"Lokasi kejadian: Jl. A 1 (1.000000, 2.000000)"},
		{"{\"lat\":null,\"lon\":null,\"name\":\"\"}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ json_t *c = snapshot("plain"), *body = NULL;
		const char *footer;

		json_set_new(c, "location", json_loads(rows[i].location, 0, NULL));
		body = created(c);
		footer = strstr(json_str(body, "content"), "\n\n---\n");
		if (!rows[i].text)
			assert_null(footer);
		else
			assert_string_equal(footer + strlen("\n\n---\n"), rows[i].text);
	}
}

static void add_attachment(
	json_t *c, const char *state, const char *sha256, const char *mime, int64_t bytes)
{
	json_t *a = json_object();

	json_set_str(a, "id", "x");
	json_set_str(a, "state", state);
	json_set_str(a, "sha256", sha256);
	json_set_str(a, "mime", mime);
	json_set_int(a, "bytes", bytes);
	json_array_append_new(json_object_get(c, "attachments"), a);
}

static void what_is_not_attached_is_told(void **state)
{
	_cleanup_json_ json_t *c = snapshot("attachments"), *body = NULL;
	struct profile_input in = input_of(c);
	char sha256[65];

	(void)state;
	add_attachment(c, "missing", NULL, "image/png", 1);
	add_attachment(c, "refused", NULL, "image/png", 1);
	add_attachment(c, "stored", IMAGE, "image/jpeg", 11); /* a copy: attached already */
	add_attachment(c, "stored", PDF, "video/mp4", 11);
	add_attachment(c, "stored", PDF, "image/png", 6 << 20);
	for (int i = 0; i < 5; i++) { /* two are taken before: three more fit */
		memset(sha256, 'a' + i, 64);
		sha256[64] = '\0';
		add_attachment(c, "stored", sha256, "image/png", 100);
	}
	in.files = files;
	in.n_files = ARRAY_SIZE(files);
	body = body_of(&in);
	assert_non_null(strstr(json_str(body, "content"),
		"Lampiran yang tidak disertakan: 1 berkas belum dapat diambil, 1 berkas tidak "
		"dapat diambil, 1 berkas ditolak saat pemeriksaan, 1 berkas dengan jenis yang "
		"tidak diterima, 1 berkas terlalu besar, 2 berkas melebihi jumlah yang diterima, "
		"3 berkas tidak dapat diunggah."));
	assert_string_equal(json_str(body, "attachments"), "[501,502].");
}

static void only_some_attachments_are_wanted(void **state)
{
	_cleanup_json_ json_t *c = snapshot("attachments"), *none = snapshot("plain");
	const json_t *all = json_object_get(c, "attachments");

	(void)state;
	add_attachment(c, "stored", IMAGE, "image/jpeg", 11);
	assert_true(profile_attachment(v3, c, json_array_get(all, 0)));
	assert_true(profile_attachment(v3, c, json_array_get(all, 1)));
	assert_false(profile_attachment(v3, c, json_array_get(all, 2))); /* pending */
	assert_false(profile_attachment(v3, c, json_array_get(all, 3))); /* a copy */
	assert_false(profile_attachment(v3, c, none));
	assert_true(profile_wants(v3, CALL_UPLOAD, c, MAP(plain_settings), &agencies));
	assert_false(profile_wants(v3, CALL_UPLOAD, none, MAP(plain_settings), &agencies));
	assert_true(profile_wants(v3, CALL_CREATE, none, MAP(plain_settings), &agencies));
	assert_false(profile_wants(v3, CALL_SHEET, none, MAP(plain_settings), &agencies));
}

static void handover_goes_to_another_institution_only(void **state)
{
	static struct strpair with_default[] = {SET("", "80"), SET("Pemerintah", "12")};
	_cleanup_json_ json_t *c = snapshot("plain");
	const struct strmap *s = &plain_map;

	(void)state;
	assert_string_equal(profile_institution(v3, c, s, &agencies), "77");
	assert_true(profile_wants(v3, CALL_HANDOVER, c, s, &agencies));
	json_set_str(c, "agency", "Pemerintah"); /* that is us */
	assert_null(profile_institution(v3, c, s, &agencies));
	assert_false(profile_wants(v3, CALL_HANDOVER, c, s, &agencies));
	json_set_str(c, "agency", "Dinas Lain");
	assert_null(profile_institution(v3, c, s, &agencies));
	assert_string_equal(profile_institution(v3, c, s, MAP(with_default)), "80");
	json_set_str(c, "agency", NULL);
	assert_string_equal(profile_institution(v3, c, s, MAP(with_default)), "80");
}

static void tables_and_forms(void **state)
{
	static struct strpair rows[] = {SET("institution", "12"), SET("category", "436"),
		SET("category.Infrastruktur", "15"), SET("date_form", "dd/mm/yyyy"),
		SET("channel", "13"), SET("tag", "#kota")};
	_cleanup_json_ json_t *c = snapshot("plain"), *body = NULL, *plain = NULL;
	struct profile_input in = input_of(c);

	(void)state;
	in.settings = MAP(rows);
	json_set_str(c, "classification", "aspiration");
	body = body_of(&in);
	assert_int_equal(json_int(body, "classification_id", 0), 3);
	assert_int_equal(json_int(body, "category_id", 0), 15);
	assert_int_equal(json_int(body, "channel", 0), 13);
	assert_string_equal(json_str(body, "date_of_incident"), "20/11/2026");
	assert_string_equal(json_str(body, "tags_raw"), "#kota");
	json_set_str(c, "category", "Lain");
	json_set_str(c, "incident_date", NULL);
	plain = body_of(&in);
	assert_int_equal(json_int(plain, "category_id", 0), 436);
	assert_true(json_is_null(json_object_get(plain, "date_of_incident")));
}

static void what_cannot_be_said_is_refused(void **state)
{
	_cleanup_json_ json_t *c = snapshot("plain");

	(void)state;
	json_set_str(c, "classification", "wbs-Siti");
	refused(c, "tables.classification has no row");
	json_set_str(c, "classification", "complaint");
	json_set_str(c, "text", " \n");
	refused(c, "no text");
	json_set_str(c, "text", "x");
	json_set_str(c, "title", "");
	refused(c, "no title");
	json_set_str(c, "title", "x");
	json_set_str(c, "ticket", NULL);
	refused(c, "no ticket");
}

static void handover_needs_number_and_institution(void **state)
{
	static struct strpair odd[] = {SET("Dinas Perhubungan", "tujuh")};
	_cleanup_json_ json_t *c = snapshot("plain");
	struct profile_input in = input_of(c);
	struct profile_request r;
	struct err e = {0};

	(void)state;
	in.remote_id = 0;
	assert_int_equal(profile_request(v3, CALL_HANDOVER, &in, &r, &e), -EINVAL);
	assert_int_equal(profile_read_request(v3, READ_REPORT, &in, &r, &e), -EINVAL);
	in.remote_id = 1916449;
	in.agencies = MAP(odd);
	assert_int_equal(profile_request(v3, CALL_HANDOVER, &in, &r, &e), -EINVAL);
	assert_null(strstr(e.text, "tujuh"));
	in.agencies = NULL;
	assert_int_equal(profile_request(v3, CALL_HANDOVER, &in, &r, &e), -EINVAL);
	assert_int_equal(profile_request(v3, CALL_SHEET, &in, &r, &e), -EINVAL);
}

static void lost_or_damaged_blob_is_enoent(void **state)
{
	_cleanup_json_ json_t *c = snapshot("attachments");
	_cleanup_free_ char *path = NULL;
	struct profile_input in = input_of(c);
	struct profile_request r;
	struct err e = {0};
	json_t *a = json_deep_copy(json_array_get(json_object_get(c, "attachments"), 0));
	char sha256[65];

	(void)state;
	memset(sha256, '0', 64);
	sha256[64] = '\0';
	json_set_str(a, "sha256", sha256);
	in.attachment = a;
	assert_int_equal(profile_request(v3, CALL_UPLOAD, &in, &r, &e), -ENOENT);
	assert_int_equal(blob_put(blobs, "whole", 5, sha256, NULL), 0);
	assert_int_equal(blob_path(blobs, sha256, &path, NULL), 0);
	assert_int_equal(fsio_write_atomic(path, "other", 5, 0640, NULL), 0);
	json_set_str(a, "sha256", sha256);
	assert_int_equal(profile_request(v3, CALL_UPLOAD, &in, &r, &e), -ENOENT);
	assert_null(r.own);
	json_set_str(a, "mime", "text/html");
	assert_int_equal(profile_request(v3, CALL_UPLOAD, &in, &r, &e), -EINVAL);
	json_decref(a);
}

/* A dry run shows an upload whose file it has not got; nothing else does without. */
static void upload_is_shown_without_its_file(void **state)
{
	_cleanup_json_ json_t *c = snapshot("attachments");
	struct profile_input in = input_of(c);
	struct profile_request r;

	(void)state;
	in.attachment = json_array_get(json_object_get(c, "attachments"), 1);
	in.blobs = NULL;
	in.show_only = true;
	assert_int_equal(profile_request(v3, CALL_UPLOAD, &in, &r, NULL), 0);
	assert_string_equal(r.http.parts->filename, TICKET "-2.pdf");
	assert_string_equal(r.http.parts->mime, "application/pdf");
	assert_null(r.http.parts->path);
	profile_request_clear(&r);
}

static void hash_names_what_is_sent(void **state)
{
	_cleanup_json_ json_t *c = snapshot("attachments");
	struct profile_input in = input_of(c);
	struct profile_request r;
	char hex[65];

	(void)state;
	in.attachment = json_array_get(json_object_get(c, "attachments"), 1);
	assert_int_equal(profile_request(v3, CALL_UPLOAD, &in, &r, NULL), 0);
	assert_string_equal(r.content_sha256, PDF);
	profile_request_clear(&r);
	assert_int_equal(profile_request(v3, CALL_CREATE, &in, &r, NULL), 0);
	sha256_hex(r.http.body, r.http.body_len, hex);
	assert_string_equal(r.content_sha256, hex);
	assert_int_equal(r.http.total_ms, 90000);
	assert_int_equal(r.http.connect_ms, 30000);
	profile_request_clear(&r);
}

static int setup(void **state)
{
	static const char image[] = "\xff\xd8\xff\xe0muara\xff\xd9", pdf[] = "%PDF-1.4 muara";
	char sha256[65];
	struct err e = {0};

	(void)state;
	snprintf(blob_dir, sizeof blob_dir, "%s/muara-profile-XXXXXX", P_tmpdir);
	if (!mkdtemp(blob_dir) || blob_open(blob_dir, &blobs, &e) ||
		blob_put(blobs, image, sizeof image - 1, sha256, &e) ||
		blob_put(blobs, pdf, sizeof pdf - 1, sha256, &e) ||
		profile_load("config/lapor/lapor-v3.yaml", &v3, NULL, &e)) {
		print_error("%s\n", e.text);
		return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	profile_free(v3);
	blob_close(blobs);
	return scratch_remove(blob_dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(create_equals_transcripts),
		cmocka_unit_test(attachments_equal_transcripts),
		cmocka_unit_test(uploads_equal_transcripts),
		cmocka_unit_test(handover_equals_transcript),
		cmocka_unit_test(reads_equal_transcripts),
		cmocka_unit_test(long_text_is_cut_and_says_so),
		cmocka_unit_test(text_of_just_the_limit_is_whole),
		cmocka_unit_test(no_length_slips_through),
		cmocka_unit_test(title_is_one_line_of_255),
		cmocka_unit_test(a_title_that_is_cut_is_in_the_text_whole),
		cmocka_unit_test(reporter_fits_or_is_left_out),
		cmocka_unit_test(reporter_is_never_in_the_text),
		cmocka_unit_test(flags_are_independent),
		cmocka_unit_test(places_are_told),
		cmocka_unit_test(what_is_not_attached_is_told),
		cmocka_unit_test(only_some_attachments_are_wanted),
		cmocka_unit_test(handover_goes_to_another_institution_only),
		cmocka_unit_test(tables_and_forms),
		cmocka_unit_test(what_cannot_be_said_is_refused),
		cmocka_unit_test(handover_needs_number_and_institution),
		cmocka_unit_test(lost_or_damaged_blob_is_enoent),
		cmocka_unit_test(upload_is_shown_without_its_file),
		cmocka_unit_test(hash_names_what_is_sent),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
