/* profile: any answer of LAPOR! gives facts that a whole 2xx alone can turn into a number; any
 * complaint gives bodies and sheets within their limits, or an error without its data; any text is
 * a profile that can be rendered, or faults. The first byte picks which. */
// parser: common/core/profile_answer.c
// parser: common/core/profile_file.c
// parser: common/core/profile_load.c
// parser: common/core/profile_calls.c
// parser: common/core/profile_parts.c
// parser: common/core/profile_check.c
// parser: common/core/profile_settings.c without profile_check_settings: of one that was read
// parser: common/core/profile_settings.c without check_value declared: of one that was read
// parser: common/core/profile_settings.c without profile_check_agencies: of one that was read
// parser: common/core/profile_settings.c without list_keys: of one that was read
// parser: common/core/profile_masters.c without profile_masters: of one read before
// parser: common/core/profile_masters.c without profile_master: of one read before
// parser: common/core/profile_masters.c without profile_master_named: of one read before
// parser: common/core/profile_masters.c without profile_master_uses: of one read before
// parser: common/core/profile_masters.c without use use_pairs: of one read before
// parser: common/core/profile_masters.c without use_setting use_value: of one read before
// parser: common/core/profile_masters.c without use_table: of one read before
#include <sys/mman.h>

#include "base/fsio.h"
#include "base/json.h"
#include "base/utf8.h"
#include "core/profile.h"

#include "fuzz.h"

#define T(text) ((char *)(uintptr_t)(text))
#define CANARY	"Kenari Rahasia" /* stands in every reporter, must stand in no text and no error */

static struct strpair setting_rows[] = {
	{T("institution"), T("12"), 1}, {T("category"), T("436"), 1}, {T("user"), T("51"), 1}};
static struct strpair agency_rows[] = {{T(""), T("77"), 1}};
static const struct strmap settings = {setting_rows, 3}, agencies = {agency_rows, 1};
static const struct profile_file files[] = {{"aa", 501}, {"bb", 502}};

static struct profile *shipped(const char *name)
{
	struct profile *p = NULL;
	struct err e = {0};

	if (profile_load(name, &p, NULL, &e)) {
		fprintf(stderr, "%s (run from the top of the project)\n", e.text);
		abort();
	}
	return p;
}

static void an_answer(const struct profile *v3, uint8_t pick, const char *body, size_t n)
{
	static const long statuses[] = {200, 201, 302, 401, 404, 409, 429, 500};
	const struct httpc_answer a = {.status = statuses[pick & 7],
		.curl = pick & 8 ? CURLE_PARTIAL_FILE : CURLE_OK,
		.too_large = pick & 16,
		.body = body,
		.body_len = n,
		.sent_bytes = 900};
	const bool whole = !a.curl && !a.too_large && a.status < 300;
	char word[PROFILE_WORD_SIZE];

	for (int c = CALL_UPLOAD; c <= CALL_HANDOVER; c++) {
		struct profile_answer r;

		profile_answer(v3, (enum call_kind)c, &a, "ABCDE-FGHJK", &r);
		CHECK(!r.remote_id || whole);
		CHECK(!r.facts.understood || whole);
		CHECK(!r.facts.proof || a.status >= 400);
		CHECK(r.remote_id <= 999999999999999);
		if (c == CALL_CREATE)
			CHECK((outcome_of(&r.facts).record == RECORD_DONE) == (r.remote_id != 0));
	}
	CHECK(!profile_probe_good(v3, &a) || whole);
	CHECK(profile_read_back(v3, &a, "77") != READ_BACK_DONE || whole);
	CHECK(!profile_shows_own(v3, &a, &settings) || whole);
	CHECK(profile_report_there(v3, &a) != READ_BACK_NOT || whole);
	CHECK(profile_report_status(v3, &a, word) == REPORT_NONE || whole);
	CHECK(strlen(word) < PROFILE_WORD_SIZE && !strpbrk(word, "<>@\n\""));
}

static void body_holds(const struct profile_request *r)
{
	_cleanup_json_ json_t *body = NULL;

	CHECK(!json_parse(r->http.body, r->http.body_len, 4 << 20, &body, NULL));
	CHECK(utf8_length(json_str(body, "title")) <= 255);
	CHECK(utf8_length(json_str(body, "content")) <= 10000);
	CHECK(strncmp(json_str(body, "content"), "[Tiket ", 7) == 0);
	CHECK(strlen(json_str_or(body, "phoneUser", "")) <= 15);
	CHECK(!strstr(json_str(body, "content"), CANARY));
}

static void paper_holds(const struct profile *manual, const json_t *complaint)
{
	_cleanup_buf_ struct buf html = BUF_INIT(4 << 20), csv = BUF_INIT(4 << 20);
	struct err e = {0};

	if (!profile_sheet_html(manual, complaint, "1/1", &html, &e)) {
		CHECK(!strcasestr(html.data, "<script"));
		CHECK(!strcasestr(html.data, "<img"));
	}
	if (!profile_sheet_csv(manual, complaint, "1/1", &csv, &e))
		for (const char *s = strchr("=+-@", csv.data[1]); s && *s; s = NULL)
			CHECK(csv.data[1] == '\'');
	CHECK(!strstr(e.text, CANARY));
}

static void a_complaint(
	const struct profile *v3, const struct profile *manual, const char *text, size_t n)
{
	static const char *const headers[] = {"auth: x", NULL};
	_cleanup_json_ json_t *complaint = NULL;
	_cleanup_free_ char *plain = NULL;
	struct profile_input in = {.base = "http://localhost",
		.headers = headers,
		.settings = &settings,
		.agencies = &agencies,
		.remote_id = 7,
		.files = files,
		.n_files = 2};
	struct profile_request r;
	struct err e = {0};

	if (json_parse(text, n, 1 << 20, &complaint, NULL) || !json_is_object(complaint))
		return;
	plain = json_text(complaint, NULL);
	if (strstr(plain, CANARY)) /* the fuzzer's own: it may stand anywhere */
		return;
	if (json_is_object(json_object_get(complaint, "reporter")))
		json_set_str(json_object_get(complaint, "reporter"), "name", CANARY);
	in.complaint = complaint;
	if (!profile_request(v3, CALL_CREATE, &in, &r, &e)) {
		body_holds(&r);
		profile_request_clear(&r);
	}
	if (!profile_request(v3, CALL_HANDOVER, &in, &r, &e))
		profile_request_clear(&r);
	CHECK(!strstr(e.text, CANARY));
	profile_wants(v3, CALL_UPLOAD, complaint, &settings, &agencies);
	paper_holds(manual, complaint);
}

/* Whatever loads is used on a plain complaint. */
static void a_profile(const char *text, size_t n)
{
	_cleanup_close_ int fd = memfd_create("profile", MFD_CLOEXEC);
	_cleanup_json_ json_t *complaint =
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:[]}", "id", "i", "ticket", "ABCDE-FGHJK",
			"title", "t", "text", "t", "classification", "complaint", "attachments");
	const struct profile_input in = {.complaint = complaint,
		.base = "http://localhost",
		.settings = &settings,
		.agencies = &agencies,
		.remote_id = 7};
	_cleanup_buf_ struct buf faults = BUF_INIT(1 << 20), page = BUF_INIT(4 << 20);
	struct profile *p = NULL;
	struct profile_request r;
	struct err e = {0};
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (fd < 0 || fsio_write_all(fd, text, n))
		return;
	if (profile_load(path, &p, &faults, &e)) {
		CHECK(faults.len > 0 && e.text[0]);
		return;
	}
	CHECK(profile_name(p) && profile_system(p));
	for (int c = CALL_CREATE; c <= CALL_HANDOVER; c++)
		if (profile_call(p, (enum call_kind)c)->present && c != CALL_SHEET &&
			!profile_request(p, (enum call_kind)c, &in, &r, &e))
			profile_request_clear(&r);
	(void)profile_sheet_html(p, complaint, "1/1", &page, &e);
	(void)profile_check_settings(p, &settings, &faults);
	profile_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct profile *v3, *manual; /* loaded once, still reachable at the end */
	_cleanup_free_ char *text = NULL;

	if (!v3) {
		v3 = shipped("config/lapor/lapor-v3.yaml");
		manual = shipped("config/lapor/manual.yaml");
	}
	if (n < 2)
		return 0;
	text = fuzz_text(data + 1, n - 1);
	if (data[0] == 'c')
		a_complaint(v3, manual, text, n - 1);
	else if (data[0] == 'p')
		a_profile(text, n - 1);
	else
		an_answer(v3, data[0], text, n - 1);
	return 0;
}
