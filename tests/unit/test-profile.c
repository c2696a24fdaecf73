/* Profiles: each mistake in a file is told with its place and what is allowed; what an answer says,
 * by every quirk; settings of a destination. Mistakes are made in the shipped lapor-v3.yaml. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fsio.h"
#include "base/json.h"
#include "core/profile.h"

#define V3     "config/lapor/lapor-v3.yaml"
#define MANUAL "config/lapor/manual.yaml"
#define TICKET "ABCDE-FGHJK"

static struct profile *v3;

/* --- loading --- */

/* A file of this text; the caller unlinks and frees. */
static char *scratch_file(const char *text, size_t n)
{
	char *path = xasprintf("%s/muara-profile-XXXXXX", P_tmpdir);
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(fsio_write_all(fd, text, n), 0);
	close(fd);
	return path;
}

/* The shipped file with one text in the place of another. */
static char *changed(const char *from, const char *old, const char *new)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	_cleanup_free_ char *text = NULL;
	const char *at;
	size_t n;

	assert_int_equal(fsio_read_file(from, 1 << 20, &text, &n, NULL), 0);
	at = strstr(text, old);
	if (!at) {
		print_error("not in %s: %s\n", from, old);
		fail();
		return NULL;
	}
	(void)buf_add(&out, text, (size_t)(at - text));
	(void)buf_adds(&out, new);
	(void)buf_adds(&out, at + strlen(old));
	return scratch_file(out.data, out.len);
}

static void expect_fault(const char *from, const char *old, const char *new, const char *fault)
{
	_cleanup_free_ char *path = changed(from, old, new);
	_cleanup_buf_ struct buf faults = BUF_INIT(1 << 16);
	struct profile *p = NULL;
	struct err e = {0};
	int r = profile_load(path, &p, &faults, &e);

	if (r != -EINVAL || !strstr(buf_str(&faults), fault) ||
		strncmp(buf_str(&faults), path, strlen(path)) != 0) {
		print_error("%s -> %s\n  wanted: %s\n  got (%d): %s\n", old, new, fault, r,
			buf_str(&faults));
		fail();
	}
	assert_int_equal(strncmp(e.text, path, strlen(path)), 0);
	unlink(path);
}

static const struct {
	const char *old, *new, *fault;
} mistakes[] = {
	/* the top */
	{"profile: lapor-v3", "profil: lapor-v3", "profil: unknown key"},
	{"profile: lapor-v3", "", "profile: missing"},
	{"kind: http", "kind: https", "kind: one of: http, sheet, observe"},
	{"system: lapor\n", "", "system: missing: what it files into"},
	{"system: lapor\n", "system: [lapor]\n", "system: text is wanted"},
	/* settings */
	{"    type: int\n    help: Number of our", "    type: number\n    help: Number of our",
		"settings.institution.type: one of: text, int"},
	{"    default: 34", "    default: pusat", "settings.location.default: not of its type"},
	{"    by: category", "    by: name", "settings.category.by: one of: classification"},
	{"  location:\n", "  Loc ation:\n", "a name is at most 32"},
	{"    help: A hashtag by which reports of this program are found.", "    hint: x",
		"settings.tag.hint: unknown key; there are: type, by, default, choices, help"},
	{"date: \"{{setting.date_form}}\"", "date: \"{{setting.tag}}\"",
		"date: settings.tag must be declared with choices among: yyyy-mm-dd, dd/mm/yyyy"},
	{"date: \"{{setting.date_form}}\"", "date: \"{{setting.date_form}} x\"",
		"date: one of: yyyy-mm-dd, dd/mm/yyyy; or {{setting.NAME}}"},
	{"date: \"{{setting.date_form}}\"", "date: \"{{setting.date_form\"",
		"date: one of: yyyy-mm-dd, dd/mm/yyyy; or {{setting.NAME}}"},
	{"date: \"{{setting.date_form}}\"", "date: mm/dd", "date: one of: yyyy-mm-dd, dd/mm/yyyy"},
	{"form: \"{{setting.attachments_form}}\"", "form: list",
		"attachments.form: one of: string, string_dot; or {{setting.NAME}}"},
	{"from: classification", "from: reporter",
		"tables.classification.from: one of: classification"},
	/* names */
	{"title: \"{{title}}\"", "title: \"{{judul}}\"",
		"calls.create.body.title: {{judul}} is unknown; there are: ticket, "},
	{"title: \"{{title}}\"", "title: \"{{setting.judul}}\"", "setting.institution, setting."},
	{"title: \"{{title}}\"", "title: \"{{title\"", "{{ without }}"},
	{"channel: \"{{setting.channel}}\"", "channel: [\"{{table.kanal}}\"]",
		"calls.create.body.channel.0: {{table.kanal}} is unknown"},
	{"reason: \"{{institution}}\"", "reason: \"{{attachments}}\"",
		"calls.handover.body.reason: {{attachments}} cannot stand here"},
	{"disposition_id: \"{{setting.institution}}\"", "disposition_id: \"{{remote_id}}\"",
		"{{remote_id}} cannot stand here"},
	{"/complaints/process/{{remote_id}}", "/complaints/process/{{ticket}}",
		"calls.handover.path: {{ticket}} cannot stand here; there are: remote_id"},
	{"path: /complaints/complaint #", "path: \"/complaints/{{remote_id}}\" #",
		"calls.create.path: {{remote_id}} cannot stand here; no name can"},
	{"{{ticket}}-{{number}}.{{extension}}", "{{reporter_name}}.{{extension}}",
		"calls.upload.file_name: {{reporter_name}} cannot stand here"},
	/* the text that becomes public */
	{"text: \"[Tiket {{ticket}}] {{text}}\"", "text: \"{{text}}\"",
		"content.text: begins with [Tiket {{ticket}}]"},
	{"{{text}}\"", "{{text}} ({{reporter_name}})\"",
		"content.text: {{reporter_name}} cannot stand here"},
	{"Lokasi kejadian: {{location}}", "Telepon: {{reporter_phone}}",
		"content.footer.0: {{reporter_phone}} cannot stand here"},
	{"    refused: ", "    forbidden: ", "content.not_attached.forbidden: unknown reason"},
	/* limits */
	{"title: 255 ", "title: 255KiB ", "limits.title: a whole number is wanted"},
	{"content: 10000", "content: 5", "limits.content: 5 is outside 500"},
	{"max_bytes: 5MiB", "max_bytes: 5MB", "attachments.max_bytes: a size is wanted"},
	{"max_count: 5", "max_count: 50", "attachments.max_count: 50 is outside 1 … 32"},
	{"image/png: png", "image/png: \"../png\"", "attachments.types.image/png: an extension"},
	/* calls */
	{"  create: # S1", "  creat: # S1", "calls.creat: unknown call; there are: upload, create"},
	{"  create: # S1", "  creat: # S1", "calls: create is missing"},
	{"    repeat: once\n", "    repeat: twice\n",
		"calls.create.repeat: one of: repeatable, verifiable, once"},
	{"    repeat: once\n", "", "calls.create.repeat: missing: may it be sent twice?"},
	{"    repeat: once\n", "    repeat: repeatable\n", "sent twice it is filed twice"},
	{"    total: 90s # S1", "    # S1",
		"calls.create.total: missing: after it a call's outcome counts as unknown"},
	{"    total: 90s # S1", "    total: 90 # S1",
		"calls.create.total: a time is wanted: a number and ms, s, m or h"},
	{"    total: 90s # S1", "    total: 3h # S1", "calls.create.total: 10800000 is outside"},
	{"    total: 90s # S1", "    total: 20s # S1", "calls.create.connect: longer than total"},
	{"id: [complaint_id, results.complaint.id, data.complaint_id]", "id: []",
		"calls.create.id: missing"},
	{"    verify: after_success", "    verify: always", "calls.handover.verify: "},
	{"    repeat: verifiable", "    repeat: once",
		"calls.handover.verify: after_success is for a hand-over that is `verifiable`"},
	{"id: [complaint_id, ", "id: [complaint..id, ", "calls.create.id.0: a place in the answer"},
	{"    file_field: \"attachments[]\"\n", "", "calls.upload: an upload has file_field"},
	{"    method: POST\n    path: /complaints/complaint #",
		"    method: GET\n    path: complaints/complaint #",
		"calls.create.method: POST or PUT"},
	{"    path: /complaints/complaint #", "    path: complaints/complaint #",
		"calls.create.path: begins with /"},
	{"    institution: results.data.disposition_id", "",
		"calls.handover: verifiable, but reads.report.institution"},
	{"own_institution: institution", "", "own_institution: missing"},
	{"own_institution: institution", "own_institution: instansi",
		"own_institution: names no declared setting"},
	{"  probe: # does", "  prob: # does", "reads.prob: unknown read; there are: probe, report"},
	{"  probe: # does", "  prob: # does", "reads: probe is missing"},
	{"followups?page={{page}}", "followups",
		"reads.followups.path: {{page}} in it and `next` go together"},
	{"    next: results.next_page_url # null on the last page\n", "",
		"reads.followups.path: {{page}} in it and `next` go together"},
	{"/complaints/{{remote_id}}/followups", "/complaints/followups",
		"reads.followups.path: reads the same for every report"},
	{"    zone: \"+07:00\"", "    zone: Jakarta", "reads.followups.zone: a zone as +07:00"},
	{"    zone: \"+07:00\" # ", "    # ", "reads.followups.zone: missing: its times name none"},
	{"      id: id\n", "", "reads.followups.fields.id: missing: by it a follow-up"},
	{"      text: content\n", "      text: content..x\n",
		"reads.followups.fields.text: a place"},
	{"      text: content\n", "      words: content\n",
		"reads.followups.fields.words: unknown key"},
	{"followups?page={{page}}", "followups?page={{page}}&t={{ticket}}",
		"reads.followups.path: {{ticket}} cannot stand here; there are: remote_id, page"},
	{"    shows: results.data\n    institution", "    institution",
		"reads.report.shows: missing"},
	{"\"Accept: application/json\"", "\"Accept\"", "headers.0: \"Name: value\" is wanted"},
	{"Selesai: done", "Selesai: closed", "status.map.Selesai: one of: received, verified"},
	{"at: results.data.status_name", "at: results[0].x", "status.at: a place in the answer"},
	{"  - status: 401", "  - status: 200", "proofs.0.status: 200 is outside 400 … 599"},
	{"    source: The SPLP", "    # The SPLP",
		"proofs.0.source: missing: what makes it certain"},
	{"reads:\n", "sheet: {}\nreads:\n", "sheet: belongs to a profile of kind sheet"},
};

static void each_mistake_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++)
		expect_fault(V3, mistakes[i].old, mistakes[i].new, mistakes[i].fault);
}

static void mistakes_of_a_sheet_are_told(void **state)
{
	(void)state;
	expect_fault(MANUAL, "sheet:\n", "sheets:\n", "sheets: unknown key");
	expect_fault(MANUAL, "sheet:\n", "sheets:\n", "sheet: missing");
	expect_fault(MANUAL, "{{files}}", "{{attachments}}",
		"sheet.rows.8.value: {{attachments}} cannot stand here");
	expect_fault(MANUAL, "label: Judul laporan, ", "", "sheet.rows.0.label: missing");
	expect_fault(
		MANUAL, "kind: sheet", "kind: sheet\ncalls: {}", "calls: belongs to a profile");
}

static void the_line_is_that_of_the_mistake(void **state)
{
	static const char text[] = "profile: x\nkind: sheet\nsystem: x\ncontent:\n"
				   "  text: \"[Tiket {{ticket}}] {{x}}\"\n"
				   "sheet: {title: a, how: b, rows: 3}\n";
	_cleanup_free_ char *path = scratch_file(text, strlen(text)), *want = NULL;
	_cleanup_buf_ struct buf faults = BUF_INIT(1 << 16);
	struct profile *p = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(profile_load(path, &p, &faults, &e), -EINVAL);
	want = xasprintf("%s:5: content.text: {{x}} is unknown", path);
	assert_int_equal(strncmp(buf_str(&faults), want, strlen(want)), 0);
	assert_non_null(strstr(buf_str(&faults), ":6: sheet.rows: a list is wanted"));
	assert_non_null(strstr(e.text, "(and 1 more)"));
	unlink(path);
}

static void what_is_no_profile_is_refused(void **state)
{
	static const char *const texts[] = {"", "- a\n", "profile: [\n", "kind: observe\n", "\xff"};
	struct profile *p = NULL;
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_free_ char *path = scratch_file(texts[i], strlen(texts[i]));

		assert_int_equal(profile_load(path, &p, NULL, NULL), -EINVAL);
		unlink(path);
	}
	assert_int_equal(profile_load("config/lapor/none.yaml", &p, NULL, &e), -ENOENT);
	assert_null(p);
}

static void observe_takes_the_calls_of_another(void **state)
{
	static const char odd[] = "profile: o\nkind: observe\nsystem: o\nas: %s\n%s";
	static const struct {
		const char *as, *more, *fault;
	} rows[] = {{"config/lapor/manual.yaml", "", "only a profile of kind http"},
		{"config/lapor/lapor-v3.yaml", "headers: []\n", "headers: unknown key"},
		{"config/lapor/none.yaml", "", "none.yaml"}};
	struct profile *p = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(profile_load("config/lapor/observe.yaml", &p, NULL, &e), 0);
	assert_int_equal(profile_kind(p), PROFILE_OBSERVE);
	assert_string_equal(profile_name(p), "observe");
	assert_string_equal(profile_system(p), "observe");
	assert_true(profile_call(p, CALL_CREATE)->present);
	profile_free(p);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *full = realpath(".", NULL), *as = NULL, *text = NULL;
		_cleanup_free_ char *path = NULL;
		_cleanup_buf_ struct buf faults = BUF_INIT(1 << 16);

		as = xasprintf("%s/%s", full, rows[i].as);
		text = xasprintf(odd, as, rows[i].more);
		path = scratch_file(text, strlen(text));
		assert_true(profile_load(path, &p, &faults, &e) < 0);
		assert_non_null(strstr(buf_str(&faults), rows[i].fault));
		unlink(path);
	}
}

static void shipped_profiles_say_what_they_are(void **state)
{
	const struct profile_call *create = profile_call(v3, CALL_CREATE);
	struct profile *manual = NULL;

	(void)state;
	assert_int_equal(profile_kind(v3), PROFILE_HTTP);
	assert_string_equal(profile_system(v3), "lapor");
	assert_int_equal(create->repeat, CALL_ONCE);
	assert_int_equal(profile_call(v3, CALL_UPLOAD)->repeat, CALL_REPEATABLE);
	assert_int_equal(profile_call(v3, CALL_HANDOVER)->repeat, CALL_VERIFIABLE);
	assert_true(profile_call(v3, CALL_HANDOVER)->id_in_path);
	assert_false(create->id_in_path);
	assert_true(create->gives_id);
	assert_false(profile_call(v3, CALL_HANDOVER)->gives_id);
	assert_int_equal(create->total_ms, 90000);
	assert_false(profile_call(v3, CALL_SHEET)->present);
	assert_true(profile_read(v3, READ_PROBE)->present);
	assert_true(profile_read(v3, READ_REPORT)->id_in_path);
	assert_int_equal(profile_load(MANUAL, &manual, NULL, NULL), 0);
	assert_int_equal(profile_kind(manual), PROFILE_SHEET);
	assert_string_equal(profile_system(manual), "lapor");
	assert_true(profile_call(manual, CALL_SHEET)->present);
	assert_false(profile_call(manual, CALL_CREATE)->present);
	profile_free(manual);
}

/* The names of one fault's list ("there are: a, b"), each must stand in the README. */
static void names_in_readme(const char *readme, const char *file, const char *old, const char *new)
{
	_cleanup_free_ char *path = changed(file, old, new), *list = NULL;
	_cleanup_buf_ struct buf faults = BUF_INIT(1 << 16);
	struct profile *p = NULL;
	char *rest, *name;

	assert_int_equal(profile_load(path, &p, &faults, NULL), -EINVAL);
	unlink(path);
	name = strstr(buf_str(&faults), "there are: ");
	assert_non_null(name);
	list = xstrndup(name + 11, strcspn(name + 11, "\n"));
	for (rest = list; (name = strsep(&rest, ", "));) {
		_cleanup_free_ char *braced = xasprintf("`{{%s}}`", name);

		if (!*name || strchr(name, '.') || strstr(readme, braced))
			continue;
		print_error("config/lapor/README.md lacks %s\n", braced);
		fail();
	}
}

static void readme_has_every_name(void **state)
{
	_cleanup_free_ char *readme = NULL;
	size_t n;

	(void)state;
	assert_int_equal(fsio_read_file("config/lapor/README.md", 1 << 16, &readme, &n, NULL), 0);
	names_in_readme(readme, V3, "title: \"{{title}}\"", "title: \"{{x}}\"");
	names_in_readme(readme, V3, "reason: \"{{institution}}\"", "reason: \"{{x}}\"");
	names_in_readme(readme, V3, "Lokasi kejadian: {{location}}", "{{x}}");
	names_in_readme(readme, V3, "{{n}} berkas terlalu", "{{x}} berkas terlalu");
	names_in_readme(readme, V3, "{{ticket}}-{{number}}", "{{x}}");
	names_in_readme(readme, MANUAL, "value: \"{{title}}\"", "value: \"{{x}}\"");
}

/* --- settings --- */

#define CSTR(x) ((char *)(uintptr_t)(x))
#define SET(k, val)                                           \
	{                                                     \
		.key = CSTR(k), .value = CSTR(val), .line = 9 \
	}

static void settings_are_checked(void **state)
{
	static struct strpair good[] = {SET("institution", "12"), SET("category", "436"),
		SET("user", "51"), SET("category.Jalan dan jembatan", "15"),
		SET("attachments_form", "string")};
	static struct strpair bad[] = {SET("institution", "dua belas"), SET("instansi", "12"),
		SET("location.Malang", "3"), SET("attachments_form", "list"),
		SET("category.Jalan", "x")};
	const struct strmap yes = {good, ARRAY_SIZE(good)}, no = {bad, ARRAY_SIZE(bad)};
	_cleanup_buf_ struct buf faults = BUF_INIT(1 << 16);

	(void)state;
	assert_int_equal(profile_check_settings(v3, &yes, &faults), 0);
	assert_int_equal(faults.len, 0);
	assert_int_equal(profile_check_settings(v3, NULL, NULL), 3);
	assert_int_equal(profile_check_settings(v3, &no, &faults), 7);
	assert_non_null(strstr(faults.data, "line 9: settings.institution: a whole number"));
	assert_non_null(
		strstr(faults.data, "settings.instansi: unknown; profile lapor-v3 has: inst"));
	assert_non_null(strstr(faults.data, "settings.location.Malang: unknown"));
	assert_non_null(
		strstr(faults.data, "settings.attachments_form: one of: string, string_dot"));
	assert_non_null(strstr(faults.data, "settings.category.Jalan: a whole number"));
	assert_non_null(strstr(faults.data, "settings.category: missing; Category number"));
	/* None but the office's own is right: no follow-up is told in the name of account 0. */
	assert_non_null(strstr(faults.data, "settings.user: missing; Number of the account"));
}

static void agencies_are_checked(void **state)
{
	static struct strpair rows[] = {
		SET("Dinas A", "77"), SET("", "0"), SET("Dinas B", "1234567890123456")};
	const struct strmap m = {rows, ARRAY_SIZE(rows)};
	_cleanup_buf_ struct buf faults = BUF_INIT(1 << 16);

	(void)state;
	assert_int_equal(profile_check_agencies(v3, &m, &faults), 2);
	assert_non_null(
		strstr(faults.data, "line 9: agencies.Dinas B: the number of an institution"));
	assert_int_equal(profile_check_agencies(v3, NULL, &faults), 0);
}

/* --- answers --- */

static struct httpc_answer answer(long status, const char *body)
{
	return (struct httpc_answer){
		.status = status, .body = body, .body_len = strlen(body), .sent_bytes = 900};
}

static uint64_t id_in(enum call_kind c, long status, const char *body)
{
	struct httpc_answer a = answer(status, body);
	struct profile_answer r;

	profile_answer(v3, c, &a, TICKET, &r);
	assert_int_equal(r.facts.understood, r.remote_id != 0);
	return r.remote_id;
}

static void id_comes_back_in_three_places(void **state)
{
	static const struct {
		const char *body;
		uint64_t id;
	} rows[] = {
		{"{\"complaint_id\":1916449}", 1916449},
		{"{\"complaint_id\":\"1916449\"}", 1916449},
		{"{\"results\":{\"complaint\":{\"id\":7}}}", 7},
		{"{\"results\":{\"complaint\":{\"id\":\"7\"}}}", 7},
		{"{\"data\":{\"complaint_id\":999999999999999}}", 999999999999999},
		{"{\"complaint_id\":null,\"data\":{\"complaint_id\":\"8\"}}", 8},
		{"{\"complaint_id\":5,\"data\":{\"complaint_id\":6}}", 5},
		{" \n{\"complaint_id\":5}\n", 5},
		/* none of these is an id */
		{"{\"complaint_id\":0}", 0},
		{"{\"complaint_id\":-5}", 0},
		{"{\"complaint_id\":1.0}", 0},
		{"{\"complaint_id\":true}", 0},
		{"{\"complaint_id\":[5]}", 0},
		{"{\"complaint_id\":1000000000000000}", 0},
		{"{\"complaint_id\":\"1000000000000000\"}", 0},
		{"{\"complaint_id\":\"12a\"}", 0},
		{"{\"complaint_id\":\" 12\"}", 0},
		{"{\"complaint_id\":\"\"}", 0},
		{"{\"id\":5}", 0},
		{"{\"data\":[{\"complaint_id\":5}]}", 0},
		{"{\"message\":\"Terjadi kesalahan\"}", 0},
		{"{}", 0},
		{"[]", 0},
		{"5", 0},
		{"", 0},
		{"{\"complaint_id\":1916449", 0},
		{"{\"complaint_id\":1916449}}", 0},
		{"{\"complaint_id\":1,\"complaint_id\":2}", 0},
		{"<!doctype html><html><body>complaint_id 5</body></html>", 0},
		{"complaint_id=5", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (id_in(CALL_CREATE, 201, rows[i].body) != rows[i].id) {
			print_error("%s\n", rows[i].body);
			fail();
		}
	assert_int_equal(id_in(CALL_CREATE, 299, "{\"complaint_id\":5}"), 5);
}

static void uploads_give_ids_in_two_lists(void **state)
{
	(void)state;
	assert_int_equal(
		id_in(CALL_UPLOAD, 200, "{\"results\":{\"images\":[{\"id\":501}],\"docs\":[]}}"),
		501);
	assert_int_equal(id_in(CALL_UPLOAD, 200,
				 "{\"results\":{\"images\":[],\"docs\":[{\"id\":\"502\"}]}}"),
		502);
	assert_int_equal(id_in(CALL_UPLOAD, 200, "{\"results\":{\"docs\":[{\"id\":502}]}}"), 502);
	assert_int_equal(id_in(CALL_UPLOAD, 200, "{\"results\":{\"images\":[],\"docs\":[]}}"), 0);
	assert_int_equal(id_in(CALL_UPLOAD, 200, "{\"results\":{\"images\":{\"id\":501}}}"), 0);
}

static struct profile_answer judged(enum call_kind c, struct httpc_answer a)
{
	struct profile_answer r;

	profile_answer(v3, c, &a, TICKET, &r);
	return r;
}

static void an_answer_that_is_not_whole_gives_nothing(void **state)
{
	struct httpc_answer a = answer(201, "{\"complaint_id\":1916449}");
	struct profile_answer r;

	(void)state;
	a.curl = CURLE_PARTIAL_FILE;
	r = judged(CALL_CREATE, a);
	assert_int_equal(r.remote_id, 0);
	assert_false(r.facts.understood);
	assert_int_equal(r.facts.curl, CURLE_PARTIAL_FILE);
	a.curl = CURLE_OK;
	a.too_large = true;
	assert_false(judged(CALL_CREATE, a).facts.understood);
	a.too_large = false;
	a.body = NULL;
	assert_false(judged(CALL_CREATE, a).facts.understood);
	assert_false(judged(CALL_CREATE, answer(302, "{\"complaint_id\":5}")).facts.understood);
	assert_false(judged(CALL_CREATE, answer(500, "{\"complaint_id\":5}")).facts.understood);
}

/* max_answer of the profile bounds what is parsed, whatever the client let through. */
static void a_huge_answer_is_not_parsed(void **state)
{
	static const char id[] = "{\"complaint_id\":5}";
	const size_t n = strlen(id);
	_cleanup_free_ char *body = xmalloc((300 << 10) + 64);

	(void)state;
	memcpy(body, id, n);
	memset(body + n, ' ', 300 << 10);
	body[n + (300 << 10)] = '\0';
	assert_int_equal(id_in(CALL_CREATE, 201, body), 0);
	body[n] = '\0';
	assert_int_equal(id_in(CALL_CREATE, 201, body), 5);
}

static void a_call_without_id_is_understood_by_form(void **state)
{
	(void)state;
	assert_true(
		judged(CALL_HANDOVER, answer(200, "{\"message\":\"Berhasil\"}")).facts.understood);
	assert_true(judged(CALL_HANDOVER, answer(200, "{}")).facts.understood);
	assert_true(judged(CALL_HANDOVER, answer(204, "")).facts.understood);
	assert_true(judged(CALL_HANDOVER, answer(200, " \r\n")).facts.understood);
	assert_false(judged(CALL_HANDOVER, answer(200, "<html></html>")).facts.understood);
	assert_false(judged(CALL_HANDOVER, answer(200, "[]")).facts.understood);
	assert_false(judged(CALL_HANDOVER, answer(200, "{\"message\":")).facts.understood);
	assert_true(judged(CALL_HANDOVER, answer(404, "{}")).facts.id_in_path);
	assert_false(judged(CALL_CREATE, answer(404, "{}")).facts.id_in_path);
}

static void only_the_gateways_own_refusal_is_a_proof(void **state)
{
	(void)state;
	assert_true(judged(CALL_CREATE, answer(401, "{\"message\":\"Invalid Credentials\"}"))
			    .facts.proof);
	assert_false(judged(CALL_CREATE, answer(403, "{\"message\":\"Invalid Credentials\"}"))
			     .facts.proof);
	assert_false(judged(CALL_CREATE, answer(200, "{\"message\":\"Invalid Credentials\"}"))
			     .facts.proof);
	assert_false(judged(CALL_CREATE, answer(401, "{\"message\":\"invalid\"}")).facts.proof);
	assert_false(judged(CALL_CREATE, answer(401, "Invalid Credentials")).facts.proof);
	assert_false(judged(CALL_CREATE, answer(401, "{\"message\":\"Invalid Credentials\""))
			     .facts.proof);
}

/* Another endpoint's answers, by its file alone. */
static void profile_json_reads_its_answers(void **state)
{
	static const struct {
		long status;
		const char *body;
		uint64_t id;
		bool proof;
	} rows[] = {{201, "{\"id\": 12}", 12, false},
		{200, "{\"data\": {\"id\": \"77\"}}", 77, false},
		{201, "{\"id\": \"a8f1\"}", 0, false}, {201, "{\"nomor\": 5}", 0, false},
		{401, "{\"error\": \"invalid_token\"}", 0, true},
		{401, "{\"error\": \"x\"}", 0, false}};
	struct profile *p = NULL;

	(void)state;
	assert_int_equal(profile_load("config/lapor/json.yaml", &p, NULL, NULL), 0);
	assert_string_equal(profile_system(p), "json");
	assert_int_equal(profile_call(p, CALL_CREATE)->repeat, CALL_ONCE);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct httpc_answer a = answer(rows[i].status, rows[i].body);
		struct profile_answer r;

		profile_answer(p, CALL_CREATE, &a, TICKET, &r);
		assert_int_equal(r.remote_id, rows[i].id);
		assert_int_equal(r.facts.understood, rows[i].id != 0);
		assert_int_equal(r.facts.proof, rows[i].proof);
	}
	profile_free(p);
}

static void a_conflict_may_name_our_ticket(void **state)
{
	struct httpc_answer a = answer(409, "{\"message\":\"Tiket abcde-fghjk sudah ada\"}");
	struct profile_answer r;

	(void)state;
	assert_true(judged(CALL_CREATE, a).facts.names_ticket);
	assert_int_equal(judged(CALL_CREATE, a).facts.status, 409);
	a = answer(409, "{\"message\":\"Tiket ABCDE-FGHJ\"}");
	assert_false(judged(CALL_CREATE, a).facts.names_ticket);
	a = answer(409, TICKET);
	profile_answer(v3, CALL_CREATE, &a, NULL, &r);
	assert_false(r.facts.names_ticket);
}

static void verdicts_of_whole_answers(void **state)
{
	static const struct {
		enum call_kind call;
		long status;
		const char *body;
		enum record_fate fate;
	} rows[] = {
		{CALL_CREATE, 201, "{\"complaint_id\":5}", RECORD_DONE},
		{CALL_CREATE, 200, "<html></html>", RECORD_PARK},
		{CALL_CREATE, 200, "{}", RECORD_PARK},
		{CALL_CREATE, 500, "{\"message\":\"x\"}", RECORD_PARK},
		{CALL_CREATE, 422, "{\"message\":\"x\"}", RECORD_REJECT},
		{CALL_CREATE, 409, "{\"message\":\"" TICKET "\"}", RECORD_PARK},
		{CALL_CREATE, 409, "{\"message\":\"x\"}", RECORD_REJECT},
		{CALL_CREATE, 401, "{\"message\":\"Invalid Credentials\"}", RECORD_PROBE},
		{CALL_UPLOAD, 200, "<html></html>", RECORD_RETRY},
		{CALL_UPLOAD, 500, "", RECORD_RETRY},
		{CALL_HANDOVER, 200, "{}", RECORD_DONE},
		{CALL_HANDOVER, 200, "<html></html>", RECORD_VERIFY},
		{CALL_HANDOVER, 404, "{}", RECORD_VERIFY},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct profile_answer r =
			judged(rows[i].call, answer(rows[i].status, rows[i].body));

		assert_int_equal(outcome_of(&r.facts).record, rows[i].fate);
	}
}

/* --- reads --- */

#define REPORT(id, name)                                                              \
	"{\"results\":{\"data\":{\"status_name\":\"" name "\",\"disposition_id\":" id \
	"},\"data_logs\":[]}}"

static enum read_back read_back(long status, const char *body, const char *institution)
{
	struct httpc_answer a = answer(status, body);

	return profile_read_back(v3, &a, institution);
}

static void a_read_shows_who_has_the_report(void **state)
{
	struct httpc_answer a = answer(200, REPORT("77", "x"));

	(void)state;
	assert_int_equal(read_back(200, REPORT("77", "x"), "77"), READ_BACK_DONE);
	assert_int_equal(read_back(200, REPORT("\"77\"", "x"), "77"), READ_BACK_DONE);
	assert_int_equal(read_back(200, REPORT("12", "x"), "77"), READ_BACK_NOT);
	assert_int_equal(read_back(404, "{}", "77"), READ_BACK_GONE);
	assert_int_equal(read_back(200, REPORT("null", "x"), "77"), READ_BACK_UNKNOWN);
	assert_int_equal(read_back(200, "{}", "77"), READ_BACK_UNKNOWN);
	assert_int_equal(read_back(200, "<html></html>", "77"), READ_BACK_UNKNOWN);
	assert_int_equal(read_back(500, REPORT("77", "x"), "77"), READ_BACK_UNKNOWN);
	assert_int_equal(read_back(200, REPORT("77", "x"), NULL), READ_BACK_UNKNOWN);
	assert_int_equal(profile_report_there(v3, &a), READ_BACK_NOT);
	a.curl = CURLE_OPERATION_TIMEDOUT;
	assert_int_equal(profile_read_back(v3, &a, "77"), READ_BACK_UNKNOWN);
	assert_int_equal(profile_report_there(v3, &a), READ_BACK_UNKNOWN);
	a = answer(404, "{}");
	assert_int_equal(profile_report_there(v3, &a), READ_BACK_GONE);
}

static void a_report_is_still_with_us(void **state)
{
	char key[] = "institution", value[] = "12";
	struct strpair own = {.key = key, .value = value};
	const struct strmap ours = {.v = &own, .n = 1}, none = {0};
	static const struct {
		long status;
		const char *body;
		bool own;
	} t[] = {
		{200, REPORT("12", "x"), true},
		{200, REPORT("\"12\"", "x"), true},
		{200, REPORT("77", "x"), false},
		{200, REPORT("null", "x"), false},
		{404, "{}", false},
		{500, REPORT("12", "x"), false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct httpc_answer a = answer(t[i].status, t[i].body);

		assert_int_equal(profile_shows_own(v3, &a, &ours), t[i].own);
		assert_false(profile_shows_own(v3, &a, &none));
	}
	assert_true(profile_call(v3, CALL_HANDOVER)->verify_success);
	assert_false(profile_call(v3, CALL_CREATE)->verify_success);
}

static void a_probe_is_good_when_it_shows_its_list(void **state)
{
	struct httpc_answer good = answer(200, "{\"results\":{\"data\":[{\"id\":12}]}}");
	struct httpc_answer bad[] = {answer(200, "{\"results\":{}}"), answer(200, "<html></html>"),
		answer(401, "{\"results\":{\"data\":[]}}"),
		answer(200, "{\"results\":{\"data\":1}}")};

	(void)state;
	assert_true(profile_probe_good(v3, &good));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(profile_probe_good(v3, &bad[i]));
	good.curl = CURLE_OPERATION_TIMEDOUT;
	assert_false(profile_probe_good(v3, &good));
}

static void a_status_has_a_word_fit_for_the_log(void **state)
{
	static const struct {
		const char *body;
		enum report_status status;
		const char *word;
	} rows[] = {{REPORT("1", " Dalam Proses "), REPORT_IN_PROGRESS, "Dalam Proses"},
		{REPORT("1", "Belum Terverifikasi"), REPORT_RECEIVED, "Belum Terverifikasi"},
		{REPORT("1", "Terverifikasi"), REPORT_VERIFIED, "Terverifikasi"},
		{REPORT("1", "selesai"), REPORT_DONE, "selesai"},
		{REPORT("1", "Diarsipkan"), REPORT_ARCHIVED, "Diarsipkan"},
		{REPORT("1", "Ditolak"), REPORT_REJECTED, "Ditolak"},
		{"{\"results\":{\"data\":{\"status_name\":3}}}", REPORT_NONE, ""},
		{REPORT("1", "Tunda"), REPORT_UNKNOWN, "Tunda"},
		{REPORT("1", "<b>Budi</b>"), REPORT_UNKNOWN, "sha256:"},
		{REPORT("1", "budi@contoh.id"), REPORT_UNKNOWN, "sha256:"},
		{REPORT("1", "Ini adalah kalimat yang terlalu panjang untuk sebuah kata"),
			REPORT_UNKNOWN, "sha256:"},
		{REPORT("1", ""), REPORT_NONE, ""}, {REPORT("1", "  "), REPORT_NONE, ""},
		{"{}", REPORT_NONE, ""}};
	char word[PROFILE_WORD_SIZE];

	(void)state;
	assert_true(profile_has_status(v3));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct httpc_answer a = answer(200, rows[i].body);

		assert_int_equal(profile_report_status(v3, &a, word), rows[i].status);
		if (strcmp(rows[i].word, "sha256:") == 0)
			assert_true(strncmp(word, "sha256:", 7) == 0 && strlen(word) == 23);
		else
			assert_string_equal(word, rows[i].word);
	}
}

static int setup(void **state)
{
	struct err e = {0};

	(void)state;
	if (!profile_load(V3, &v3, NULL, &e))
		return 0;
	print_error("%s\n", e.text);
	return -1;
}

static int teardown(void **state)
{
	(void)state;
	profile_free(v3);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mistake_is_told),
		cmocka_unit_test(mistakes_of_a_sheet_are_told),
		cmocka_unit_test(the_line_is_that_of_the_mistake),
		cmocka_unit_test(what_is_no_profile_is_refused),
		cmocka_unit_test(observe_takes_the_calls_of_another),
		cmocka_unit_test(shipped_profiles_say_what_they_are),
		cmocka_unit_test(readme_has_every_name),
		cmocka_unit_test(settings_are_checked),
		cmocka_unit_test(agencies_are_checked),
		cmocka_unit_test(id_comes_back_in_three_places),
		cmocka_unit_test(uploads_give_ids_in_two_lists),
		cmocka_unit_test(an_answer_that_is_not_whole_gives_nothing),
		cmocka_unit_test(a_huge_answer_is_not_parsed),
		cmocka_unit_test(a_call_without_id_is_understood_by_form),
		cmocka_unit_test(only_the_gateways_own_refusal_is_a_proof),
		cmocka_unit_test(profile_json_reads_its_answers),
		cmocka_unit_test(a_conflict_may_name_our_ticket),
		cmocka_unit_test(verdicts_of_whole_answers),
		cmocka_unit_test(a_read_shows_who_has_the_report),
		cmocka_unit_test(a_report_is_still_with_us),
		cmocka_unit_test(a_probe_is_good_when_it_shows_its_list),
		cmocka_unit_test(a_status_has_a_word_fit_for_the_log),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
