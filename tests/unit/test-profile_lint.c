/* The linter of profiles: each rule by a mistake made in a shipped file that still loads; the
 * shipped files themselves have none. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fsio.h"
#include "base/util.h"
#include "core/profile_lint.h"

#define V3     "config/lapor/lapor-v3.yaml"
#define MANUAL "config/lapor/manual.yaml"
#define JSON   "config/lapor/json.yaml"

enum level { FAULT, WARNING };

static struct profile_lint lint(const char *path, struct buf *out)
{
	struct profile_lint found;
	struct err e = {0};

	if (profile_lint(path, &found, out, &e)) {
		print_error("%s: %s\n", path, e.text);
		fail();
	}
	return found;
}

static void replace(struct buf *text, const char *old, const char *new)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	char *at = strstr(text->data, old);

	if (!at) {
		print_error("not in the file: %s\n", old);
		fail();
		return;
	}
	(void)buf_add(&out, text->data, (size_t)(at - text->data));
	(void)buf_adds(&out, new);
	(void)buf_adds(&out, at + strlen(old));
	buf_reset(text);
	(void)buf_adds(text, buf_str(&out));
}

/* `file` with one text in the place of another, in a file of its own; the caller frees. */
static char *changed(const char *file, const char *old, const char *new)
{
	char *path = xasprintf("%s/muara-lint-XXXXXX", P_tmpdir);
	_cleanup_buf_ struct buf text = BUF_INIT(1 << 20);
	_cleanup_free_ char *whole = NULL;
	int fd = mkstemp(path);
	size_t n;

	assert_true(fd >= 0);
	assert_int_equal(fsio_read_file(file, 1 << 20, &whole, &n, NULL), 0);
	(void)buf_add(&text, whole, n);
	replace(&text, old, new);
	assert_int_equal(fsio_write_all(fd, text.data, text.len), 0);
	close(fd);
	return path;
}

#define TITLE_FIELD  "title: \"{{title}}\""
#define CUT_LINE     "    - \"Teks dipotong: {{text_cut}} karakter terakhir tidak disertakan.\"\n"
#define CREATE_PLACE "id: [complaint_id, results.complaint.id, data.complaint_id]"

#define INSTITUTIONS_LIST "list: results.data\n    id: id\n"
#define NO_CATEGORIES	  "  #categories:\n  #  file: categories.csv\n"

static const struct {
	const char *file, *old, *new;
	enum level level;
	const char *says; /* behind "file:line: " (and "warning: ") */
} rows[] = {
	/* names that are none */
	{V3, TITLE_FIELD, "title: \"{title}\"", FAULT,
		"calls.create.body.title: {title} would be sent as it stands; write {{title}}"},
	{V3, "reason_description: \"[Tiket {{ticket}}]", "reason_description: \"[${ticket}]", FAULT,
		"calls.handover.body.reason_description: {ticket} would"},
	{V3, "/complaints/process/{{remote_id}}/", "/complaints/process/{remote_id}/{{remote_id}}/",
		FAULT, "calls.handover.path: {remote_id} would"},
	{V3, "\"Lokasi kejadian: {{location}}\"", "\"{setting.tag}: {{location}}\"", FAULT,
		"content.footer.0: {setting.tag} would be sent"},
	{V3, "Accept: application/json", "Accept: {{setting.tag}}", FAULT,
		"headers.0: no name has a meaning here"},
	{V3, "file_field: \"attachments[]\"", "file_field: \"{{ticket}}\"", FAULT,
		"calls.upload.file_field: no name"},
	{V3, "default: \"#muara\"", "default: \"{{ticket}}\"", FAULT,
		"settings.tag.default: no name"},
	{MANUAL, "label: Judul laporan", "label: \"{{ticket}}\"", FAULT,
		"sheet.rows.0.label: no name"},
	/* what a complaint must not lose */
	{V3, "content: \"{{content}}\"", "content: \"-\"", FAULT,
		"calls.create.body: the complaint's text is sent nowhere"},
	{V3, "content: \"{{content}}\"", "content: \"{{text}}\"", FAULT,
		"calls.create.body: no field holds the ticket"},
	{JSON, "text: \"{{content}}\"", "text: \"{{text}}\"", WARNING,
		"calls.create.body: {{text}} is not cut"},
	{V3, CUT_LINE, "", FAULT, "content.footer: a text over limits.content would be cut"},
	{JSON, "text: \"{{content}}\"", "text: \"{{text}}\"", FAULT,
		"content.footer: a text over limits.content would be cut"},
	{V3, "    - \"Lampiran yang tidak disertakan: {{not_attached}}.\"\n", "", FAULT,
		"content.footer: a file that is left out would be so without a word"},
	{V3, "is_anonymous: \"{{anonymous}}\"", "is_anonymous: false", FAULT,
		"calls.create.body: the reporter is named, but not whether"},
	{MANUAL, "    - {label: Anonim, value: \"{{anonymous}}\"}\n", "", FAULT,
		"sheet.rows: the reporter is named, but not whether"},
	{V3, "is_secret: \"{{secret}}\"", "is_secret: false", WARNING,
		"calls.create.body: {{secret}} is in no field"},
	{V3, "    count: \"{{n}} berkas melebihi jumlah yang diterima\"\n", "", FAULT,
		"content.not_attached.count: missing"},
	{V3, "upload: \"{{n}} berkas tidak", "upload: \"berkas tidak", WARNING,
		"content.not_attached.upload: does not say how many"},
	{V3, "attachments: \"{{attachments}}\"", "attachments: false", FAULT,
		"calls.create.body: files are uploaded, but the report does not name them"},
	{JSON, "secret: \"{{secret}}\"", "secret: \"{{secret}}\"\n      files: \"{{attachments}}\"",
		FAULT, "calls.create.body: {{attachments}} is always false"},
	{V3, "{{ticket}}-{{number}}.{{extension}}", "{{ticket}}.{{extension}}", WARNING,
		"calls.upload.file_name: all files of a complaint get the same name"},
	{V3, "{{ticket}}-{{number}}.{{extension}}", "{{ticket}}-{{number}}", WARNING,
		"calls.upload.file_name: says nothing of the file's type"},
	/* places in answers */
	{V3, "results.images[].id", "results.images.0.id", FAULT,
		"calls.upload.id.0: \"0\" is looked for as a member's name and never found"},
	{V3, CREATE_PLACE, "id: [complaint_id, results.complaint.id, complaint_id]", FAULT,
		"calls.create.id.2: stands here a second time"},
	{V3, "    not_authority: 1", "    not_authority: 1\n    id: [id]", WARNING,
		"calls.handover.id: an answer without it counts as unclear"},
	{V3, "shows: results.data\n    institution",
		"shows: results.data.status_name\n    institution", FAULT,
		"reads.report.shows: is the place of status.at"},
	{V3, "shows: results.data\n    institution",
		"shows: results.data.disposition_id\n    institution", FAULT,
		"reads.report.shows: is the place of reads.report.institution"},
	{V3, "    at: message\n", "    at: errors.0\n", FAULT, "proofs.0.at: \"0\" is looked for"},
	{V3, "path: \"/complaints/{{remote_id}}/complaint\"", "path: /complaints/complaint", FAULT,
		"reads.report.path: reads the same for every report"},
	{V3, "/complaints/process/{{remote_id}}/reject", "/complaints/reject", FAULT,
		"calls.handover: says nowhere which report is meant"},
	{V3, "reason: \"{{institution}}\"", "reason: 77", FAULT,
		"calls.handover.body: says nowhere to whom"},
	/* outcomes */
	{V3, "repeat: verifiable\n    verify: after_success", "repeat: once", WARNING,
		"calls.handover.repeat: reads.report.institution shows whether it arrived"},
	{V3, "repeat: repeatable", "repeat: once", WARNING,
		"calls.upload.repeat: each unclear upload waits for a person"},
	{V3, "total: 90s # S1 waits", "total: 120s # S1 waits", WARNING,
		"calls.create.total: longer than forwarder.yaml's stop_timeout"},
	{V3, "status: 401", "status: 429", WARNING, "proofs.0.status: 429 means not taken"},
	{V3, "status: 401", "status: 502", WARNING, "proofs.0.status: behind a gateway's 5xx"},
	/* limits, settings, tables */
	{V3, "  phone: 15 ", "  #", WARNING, "limits.phone: missing, 15 is taken"},
	{V3, "  content: 10000 ", "  #", WARNING, "limits.content: missing, 10000 is taken"},
	{V3, "default: yyyy-mm-dd", "default: today", FAULT,
		"settings.date_form.default: \"today\" is none of its choices"},
	{V3, "tags_raw: \"{{setting.tag}}\"", "tags_raw: null", WARNING,
		"settings.tag: is asked for and used nowhere"},
	{V3, "    type: int\n    help: Number of our", "    type: text\n    help: Number of our",
		FAULT, "settings.institution.type: an institution is a number"},
	{V3, ", aspiration: 3}", "}", FAULT,
		"tables.classification.to: no row for aspiration and no `other`"},
	{V3, "aspiration: 3}", "aspiration: 3, aduan: 4}", FAULT,
		"tables.classification.to.aduan: no complaint is of this classification"},
	{V3, "from: classification", "from: agency", FAULT,
		"tables.classification: no `other`: a complaint whose agency has no row"},
	{V3, "\"{{table.classification}}\"", "1", WARNING,
		"tables.classification: is used nowhere"},
	/* headers */
	{V3, "\"Accept: application/json\"", "\"Token: {x}\"", FAULT,
		"headers.0: a credential belongs to the destination"},
	{V3, "\"Accept: application/json\"", "\"content-length: 12\"", FAULT,
		"headers.0: is set by the program itself"},
	{V3, "\"Accept: application/json\"", "\"content-type: text/json\"", FAULT,
		"headers.1: a header of this name stands above"},
	{V3, "\"Accept: application/json\"", "\"idempotency-key: 1\"", FAULT,
		"headers.0: is the idempotency_header"},
	{V3, "idempotency_header: Idempotency-Key", "idempotency_header: \"Key:\"", FAULT,
		"idempotency_header: is no header name"},
	{V3, "  - \"Content-Type: application/json\"\n", "", FAULT,
		"headers: the bodies are JSON and nothing says so"},
	/* status */
	{V3, "    Selesai: done\n", "", WARNING, "status.map: no word of theirs means: done; "},
	{V3, "    Selesai: done\n", "    \"Selesai \": done\n", FAULT, "is never found"},
	{V3, "    Selesai: done\n", "    Selesai: done\n    SELESAI: archived\n", FAULT,
		"status.map.SELESAI: is never found: \"Selesai\" above is the same word"},
	/* sheets, what is idle */
	{MANUAL, "muaractl resolve {{ticket}} --filed", "muaractl resolve TIKET --filed", FAULT,
		"sheet.how: does not say which ticket"},
	{MANUAL, "date: dd/mm/yyyy", "date: dd/mm/yyyy\nproofs: []", WARNING,
		"proofs: has no meaning in a profile of kind sheet"},
	{JSON, "date: yyyy-mm-dd",
		"date: yyyy-mm-dd\nattachments: {types: {image/png: png}, max_bytes: 1MiB, "
		"max_count: 1}",
		WARNING, "attachments: without calls.upload no file is sent"},
	{JSON, "date: yyyy-mm-dd", "date: yyyy-mm-dd\nown_institution: source", WARNING,
		"own_institution: is looked at for a hand-over only"},
	{V3, "    - \"Judul lengkap: {{title_whole}}\" # of one that is longer than limits.title\n",
		"", WARNING, "content.footer: a title over limits.title is cut and the rest"},
	/* lists of numbers */
	{V3, INSTITUTIONS_LIST, "list: results.0.data\n    id: id\n", FAULT,
		"masters.institutions.list: \"0\" is looked for as a member's name"},
	{V3, INSTITUTIONS_LIST, "list: results.data\n    id: \"0\"\n", FAULT,
		"masters.institutions.id: \"0\" is looked for"},
	{V3, "    more: results.next_page_url\n", "    more: results.1\n", FAULT,
		"masters.institutions.more: \"1\" is looked for"},
	{V3, "checks: [setting.institution, agencies]", "checks: [setting.institution]", WARNING,
		"masters: no list is looked at for `agencies`"},
	{V3, NO_CATEGORIES, "  categories:\n    file: /nowhere/categories.csv\n", FAULT,
		"masters.categories.file: /nowhere/categories.csv: No such file"},
	{V3, NO_CATEGORIES, "  categories:\n    file: /dev/null\n", FAULT,
		"masters.categories.file: /dev/null: "},
};

/* A line of `out` that begins with file and line and says it; its line, 0: none. */
static int line_told(const char *out, const char *path, enum level level, const char *says)
{
	const size_t n = strlen(path);

	for (const char *at = out; *at; at = strchr(at, '\n') + 1) {
		_cleanup_free_ char *line = xstrndup(at, strcspn(at, "\n"));
		const char *text = strncmp(line, path, n) == 0 ? strstr(line + n, ": ") : NULL;
		const bool warns = text && strncmp(text + 2, "warning: ", 9) == 0;

		if (text && warns == (level == WARNING) && strstr(text, says))
			return (int)strtol(line + n + 1, NULL, 10);
	}
	return 0;
}

static void each_mistake_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *path = changed(rows[i].file, rows[i].old, rows[i].new);
		_cleanup_buf_ struct buf out = BUF_INIT(1 << 16);
		struct profile_lint found = lint(path, &out);

		unlink(path);
		if (!found.loaded || !line_told(buf_str(&out), path, rows[i].level, rows[i].says)) {
			print_error("%s -> %s\n  wanted: %s\n  got: %s\n", rows[i].old, rows[i].new,
				rows[i].says, buf_str(&out));
			fail();
		}
		assert_true(rows[i].level == FAULT ? found.faults : found.warnings);
	}
}

static void shipped_profiles_have_none(void **state)
{
	static const char *const files[] = {V3, MANUAL, JSON, "config/lapor/observe.yaml"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT(1 << 16);
		struct profile_lint found = lint(files[i], &out);

		assert_string_equal(buf_str(&out), "");
		assert_true(found.loaded);
		assert_int_equal(found.faults, 0);
		assert_int_equal(found.warnings, 0);
	}
}

/* Loading tells its own; then there is nothing more to look at. */
static void what_does_not_load_is_told_by_loading(void **state)
{
	_cleanup_free_ char *path = changed(V3, TITLE_FIELD, "title: \"{{judul}}\"");
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 16), none = BUF_INIT(1 << 16);
	struct profile_lint found = lint(path, &out);

	(void)state;
	unlink(path);
	assert_false(found.loaded);
	assert_int_equal(found.faults, 1);
	assert_int_not_equal(line_told(buf_str(&out), path, FAULT, "{{judul}} is unknown"), 0);
	found = lint("/nowhere/profile.yaml", &none);
	assert_false(found.loaded);
	assert_int_equal(found.faults, 1);
	assert_non_null(strstr(buf_str(&none), "/nowhere/profile.yaml: "));
}

/* A finding of what is observed names the file it stands in, and its line there. */
static void observer_is_checked_by_what_it_observes(void **state)
{
	_cleanup_free_ char *base = changed(V3, "is_secret: \"{{secret}}\"", "is_secret: false");
	_cleanup_free_ char *as = xasprintf("as: %s", strrchr(base, '/') + 1);
	_cleanup_free_ char *path = changed("config/lapor/observe.yaml", "as: lapor-v3.yaml", as);
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 16);
	struct profile_lint found = lint(path, &out);

	(void)state;
	assert_int_equal(found.warnings, 1);
	assert_int_equal(found.faults, 0);
	assert_true(line_told(buf_str(&out), base, WARNING, "calls.create.body: ") > 100);
	unlink(base);
	unlink(path);
}

/* The word "once" needs a proof beside it, or each refusal of a key is a person's. */
static void once_without_proof_is_told(void **state)
{
	_cleanup_free_ char *path = changed(V3,
		"proofs:\n  - status: 401\n    at: message\n    is: "
		"Invalid Credentials\n    source:",
		"#");
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 16);
	struct profile_lint found = lint(path, &out);

	(void)state;
	unlink(path);
	assert_int_equal(found.warnings, 2); /* of the follow-up, too */
	assert_true(line_told(buf_str(&out), path, WARNING,
			    "calls.create.repeat: happens once only, and no answer is known") > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mistake_is_told),
		cmocka_unit_test(shipped_profiles_have_none),
		cmocka_unit_test(what_does_not_load_is_told_by_loading),
		cmocka_unit_test(observer_is_checked_by_what_it_observes),
		cmocka_unit_test(once_without_proof_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
