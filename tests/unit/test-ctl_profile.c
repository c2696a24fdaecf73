// uses: daemons/muaractl/profile_render.c daemons/muaractl/profile_destination.c
// uses: daemons/muaractl/profile_show.c daemons/muaractl/print.c
/* muaractl profile render: the calls in order, made of a destination of forwarder.yaml, nothing of
 * a citizen or a secret without being asked for. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "daemons/muaractl/profile_destination.h"
#include "daemons/muaractl/profile_render.h"
#include "daemons/muaractl/profile_show.h"

#include "golden.h"
#include "scratch.h"

#define V3     "config/lapor/lapor-v3.yaml"
#define MANUAL "config/lapor/manual.yaml"
#define JSON   "config/lapor/json.yaml"

static struct profile_destination lapor;
static const struct strmap none;
/* Of the complaints in tests/golden: what must not be seen unasked. */
static const char *const personal[] = {
	"Siti Rahmawati", "siti@", "81200000001", "Lampu jalan", "Dinoyo", "2026-11-20", NULL};

static json_t *render(const char *profile, const json_t *complaint, bool show_text)
{
	struct render_what w = {.complaint = complaint,
		.base = lapor.base,
		.headers = (const char *const *)lapor.headers,
		.settings = strcmp(profile, V3) == 0 ? &lapor.settings : &none,
		.agencies = strcmp(profile, V3) == 0 ? &lapor.agencies : &none,
		.show_text = show_text};
	struct profile *p = NULL;
	json_t *j;

	assert_int_equal(profile_load(profile, &p, NULL, NULL), 0);
	w.profile = p;
	j = profile_render(&w);
	profile_free(p);
	return j;
}

static const json_t *call_of(const json_t *rendered, size_t i)
{
	const json_t *c = json_array_get(json_object_get(rendered, "calls"), i);

	assert_non_null(c);
	return c;
}

static char *shown(const json_t *rendered, bool show_text)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	profile_show(f, rendered, show_text);
	fclose(f);
	return text;
}

/* --- calls --- */

static void calls_stand_in_their_order(void **state)
{
	static const struct {
		const char *profile, *complaint, *calls[5];
	} rows[] = {
		{V3, "attachments", {"upload", "upload", "create", "handover"}},
		{V3, "plain", {"create", "handover"}},
		{JSON, "attachments", {"create"}},
		{MANUAL, "plain", {"sheet"}},
		{"config/lapor/observe.yaml", "plain", {"create"}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ json_t *c = snapshot(rows[i].complaint);
		_cleanup_json_ json_t *j = render(rows[i].profile, c, false);
		size_t n = 0;

		for (; rows[i].calls[n]; n++)
			assert_string_equal(json_str(call_of(j, n), "call"), rows[i].calls[n]);
		assert_int_equal(json_array_size(json_object_get(j, "calls")), n);
	}
}

/* What comes later is shown by the newest message: fields, then files, of one form. */
static void what_comes_later_is_shown(void **state)
{
	static const struct {
		const char *profile;
		size_t n;
	} rows[] = {{V3, 1}, {JSON, 1}, {MANUAL, 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ json_t *c = snapshot("attachments"),
				      *j = render(rows[i].profile, c, true);
		const json_t *later = json_object_get(j, "later"), *call = json_array_get(later, 0),
			     *parts, *part;
		_cleanup_free_ char *text = shown(j, true);

		assert_int_equal(json_array_size(later), rows[i].n);
		assert_int_equal(strstr(text, "Later, if the newest message") != NULL, rows[i].n);
		if (!rows[i].n)
			continue;
		assert_string_equal(json_str(call, "call"), "followup");
		parts = json_object_get(call, "parts");
		if (!parts) {
			assert_non_null(strstr(json_str(call, "body"),
				"\"text\":\"[Tiket ABCDE-FGHJK] Jalan berlubang besar"));
			continue;
		}
		part = json_array_get(parts, json_array_size(parts) - 2);
		assert_string_equal(json_str(part, "name"), "attachment[0]");
		assert_string_equal(json_str(part, "filename"), "ABCDE-FGHJK-1.jpg");
		assert_non_null(strstr(text, "name=\"complaint_id\"\n\n900000000000000\n"));
		assert_non_null(strstr(text, "name=\"institution_to_id\"\n\n77\n"));
		assert_non_null(strstr(text, "name=\"is_secret\"\n\n0\n"));
	}
}

static void bytes_are_those_of_the_forwarder(void **state)
{
	_cleanup_json_ json_t *c = snapshot("attachments"), *j = render(V3, c, true);
	const struct profile_file files[] = {
		{"3bf14efa063f30dd377522beb06e56e4820606224c2f432e88e1274b8a8b78f5",
			RENDER_UPLOAD + 1},
		{"d104dbd85fc211465f031eeda9765e389f6645f5f23213c4aa1cef516d3157e1",
			RENDER_UPLOAD + 2}};
	const struct profile_input in = {.complaint = c,
		.base = lapor.base,
		.headers = (const char *const *)lapor.headers,
		.settings = &lapor.settings,
		.agencies = &lapor.agencies,
		.files = files,
		.n_files = 2};
	struct profile_request r;
	struct profile *p = NULL;

	(void)state;
	assert_int_equal(profile_load(V3, &p, NULL, NULL), 0);
	assert_int_equal(profile_request(p, CALL_CREATE, &in, &r, NULL), 0);
	assert_string_equal(json_str(call_of(j, 2), "body"), buf_str(&r.text));
	assert_string_equal(json_str(call_of(j, 2), "sha256"), r.content_sha256);
	assert_string_equal(json_str(call_of(j, 2), "url"), r.http.url);
	profile_request_clear(&r);
	profile_free(p);
	assert_non_null(strstr(json_str(call_of(j, 2), "body"),
		"\"attachments\":\"[900000000000001,900000000000002].\""));
	assert_string_equal(json_str(call_of(j, 3), "url"),
		"https://lapor.invalid/v3/complaints/process/900000000000000/reject");
	assert_int_equal(json_int(j, "unmakable", -1), 0);
	assert_int_equal(json_array_size(json_object_get(j, "left_out")), 1);
	assert_int_equal(json_array_size(json_object_get(j, "reads")), 5);
	assert_string_equal(json_str(json_array_get(json_object_get(j, "reads"), 2), "url"),
		"https://lapor.invalid/v3/complaints/900000000000000/followups?page=1");
	assert_string_equal(json_str(json_array_get(json_object_get(j, "reads"), 3), "url"),
		"https://lapor.invalid/v3/masters/institutions/external?page_size=1000");
}

static void what_cannot_be_made_says_why(void **state)
{
	_cleanup_json_ json_t *c = snapshot("plain"), *j = NULL;
	_cleanup_free_ char *text = NULL;

	(void)state;
	json_object_del(c, "title");
	j = render(V3, c, false);
	assert_int_equal(json_int(j, "unmakable", -1), 1);
	assert_non_null(strstr(json_str(call_of(j, 0), "cannot_be_made"), "title"));
	text = shown(j, false);
	assert_non_null(strstr(text, "1. create\nCANNOT BE MADE: title: "));
}

/* --- what is not shown --- */

static void nothing_personal_unasked(void **state)
{
	static const char *const profiles[] = {V3, JSON, MANUAL};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		_cleanup_json_ json_t *c = snapshot("plain");
		_cleanup_json_ json_t *masked = render(profiles[i], c, false);
		_cleanup_json_ json_t *open = render(profiles[i], c, true);
		_cleanup_free_ char *m = json_dumps(masked, 0), *o = json_dumps(open, 0);
		_cleanup_free_ char *mt = shown(masked, false), *ot = shown(open, true);

		for (const char *const *s = personal; *s; s++) {
			assert_null(strstr(m, *s));
			assert_null(strstr(mt, *s));
		}
		assert_non_null(strstr(o, "Siti Rahmawati"));
		assert_non_null(strstr(ot, "Siti Rahmawati"));
		assert_non_null(strstr(ot, "PERSONAL DATA below"));
		assert_null(strstr(mt, "PERSONAL DATA below"));
	}
}

/* All phone numbers can be tried: the hash of one is the number. */
static void short_texts_have_no_hash(void **state)
{
	_cleanup_json_ json_t *c = snapshot("plain"), *j = render(JSON, c, false);
	const json_t *shape = json_object_get(call_of(j, 0), "shape");

	(void)state;
	assert_string_equal(
		json_str(json_object_get(shape, "reporter"), "phone"), "<14 characters>");
	assert_non_null(strstr(json_str(shape, "text"), " characters, sha256 "));
	assert_true(json_is_false(json_object_get(shape, "secret")));
	assert_int_equal(json_int(shape, "version", 0), 2);
}

static void a_citizen_commands_no_terminal(void **state)
{
	_cleanup_json_ json_t *c = snapshot("plain"), *j = NULL;
	_cleanup_free_ char *text = NULL;

	(void)state;
	json_set_str(c, "title", "awas \xe2\x80\xae terbalik \x1b[2J");
	j = render(V3, c, true);
	text = shown(j, true);
	assert_null(strchr(text, '\x1b'));
	assert_null(strstr(text, "\xe2\x80\xae"));
	assert_non_null(strstr(json_str(call_of(j, 0), "body"), "\xe2\x80\xae"));
}

static void whether_a_file_is_there_is_told(void **state)
{
	char dir[] = P_tmpdir "/muara-render-XXXXXX";
	_cleanup_json_ json_t *c = snapshot("attachments"), *j = NULL;
	_cleanup_free_ char *path = NULL;
	struct render_what w = {.complaint = c,
		.base = lapor.base,
		.settings = &lapor.settings,
		.agencies = &lapor.agencies};
	struct profile *p = NULL;
	const json_t *part;

	(void)state;
	assert_non_null(mkdtemp(dir));
	path = xasprintf(
		"%s/%s", dir, "3bf14efa063f30dd377522beb06e56e4820606224c2f432e88e1274b8a8b78f5");
	assert_int_equal(fsio_write_atomic(path, "11 bytes ..", 11, 0640, NULL), 0);
	assert_int_equal(profile_load(V3, &p, NULL, NULL), 0);
	w.profile = p;
	w.blob_dir = dir;
	j = profile_render(&w);
	part = json_array_get(json_object_get(call_of(j, 0), "parts"), 0);
	assert_string_equal(json_str(part, "stored"), "yes");
	part = json_array_get(json_object_get(call_of(j, 1), "parts"), 0);
	assert_string_equal(json_str(part, "stored"), "no");
	profile_free(p);
	assert_int_equal(scratch_remove(dir), 0);
}

/* --- the destination --- */

static void secrets_are_names(void **state)
{
	_cleanup_json_ json_t *c = snapshot("plain"), *j = render(V3, c, true);
	const json_t *headers = json_object_get(call_of(j, 0), "headers");

	(void)state;
	assert_string_equal(
		json_string_value(json_array_get(headers, 0)), "auth: <secret %d/lapor_auth>");
	assert_string_equal(json_string_value(json_array_get(headers, 1)), "X-App: muara");
	assert_string_equal(
		json_string_value(json_array_get(headers, 2)), "Accept: application/json");
}

static const char config[] =
	"destinations:\n"
	"  - {name: meja, profile: lapor/manual.yaml}\n"
	"  - name: lapor\n"
	"    profile: lapor/lapor-v3.yaml\n"
	"    base: https://lapor.invalid/v3/\n"
	"    headers:\n"
	"      - {name: auth, secret: \"%d/lapor_auth\"}\n"
	"      - {name: X-App, value: muara}\n"
	"    settings: {institution: 12, category: 436, category.Banjir: 0815, user: 51}\n"
	"    agencies: {Dinas Perhubungan: 77}\n";

static void destination_is_read_as_written(void **state)
{
	struct profile_destination d;
	struct err e = {0};

	(void)state;
	assert_string_equal(lapor.base, "https://lapor.invalid/v3");
	assert_int_equal(lapor.settings.n, 4);
	assert_string_equal(lapor.settings.v[0].value, "12");
	assert_string_equal(lapor.settings.v[2].key, "category.Banjir");
	assert_string_equal(lapor.settings.v[2].value, "0815");
	assert_string_equal(lapor.agencies.v[0].value, "77");
	assert_int_equal(
		profile_destination_read("config/forwarder.yaml", "nowhere", &d, &e), -ENOENT);
	assert_non_null(strstr(e.text, "no destination is named \"nowhere\""));
	assert_int_equal(profile_destination_read("/nowhere.yaml", "lapor", &d, &e), -ENOENT);
	profile_destination_free(&d);
}

/* Of the service, where its unit takes them from; a file that others may read is refused. */
static void secrets_are_opened_when_asked_for(void **state)
{
	static const struct {
		const char *secret, *file, *says; /* says NULL: it is read */
		mode_t mode;
	} rows[] = {{"%d/lapor_auth", "credentials/lapor/auth", NULL, 0600},
		{"%d/kunci", "credentials/kunci", NULL, 0600},
		{"kunci.txt", "kunci.txt", NULL, 0600},
		{"kunci.txt", "kunci.txt", "chmod 600", 0640},
		{"%d/lapor_lain", "kunci.txt", "credentials/lapor/lain: No such file", 0600},
		{"%d/../kunci.txt", "kunci.txt", "the name of one credential", 0600}};

	(void)state;
	unsetenv("CREDENTIALS_DIRECTORY");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char dir[] = "/tmp/muara-secret-XXXXXX";
		_cleanup_free_ char *yaml = NULL, *file = NULL, *folder = NULL, *text = NULL;
		struct profile_destination d = {0};
		struct err e = {0};
		int r;

		assert_non_null(mkdtemp(dir));
		yaml = xasprintf("%s/forwarder.yaml", dir);
		file = xasprintf("%s/%s", dir, rows[i].file);
		folder = xstrndup(file, (size_t)(strrchr(file, '/') - file));
		text = xasprintf(
			"destinations:\n  - name: lapor\n    headers: [{name: auth, secret: "
			"\"%s\"}]\n",
			rows[i].secret);
		assert_int_equal(fsio_make_dirs(folder, 0700, NULL), 0);
		assert_int_equal(fsio_write_atomic(yaml, text, strlen(text), 0600, NULL), 0);
		assert_int_equal(fsio_write_atomic(file, "Bearer x\n", 9, rows[i].mode, NULL), 0);
		assert_int_equal(profile_destination_read(yaml, "lapor", &d, &e), 0);
		r = profile_destination_secrets(&d, &e);
		assert_int_equal(r == 0, rows[i].says == NULL);
		if (r)
			assert_non_null(strstr(e.text, rows[i].says));
		else
			assert_string_equal(d.headers[0], "auth: Bearer x");
		profile_destination_free(&d);
		assert_int_equal(scratch_remove(dir), 0);
	}
}

static void a_drop_in_and_a_set_win(void **state)
{
	char dir[] = P_tmpdir "/muara-dest-XXXXXX";
	_cleanup_free_ char *file = NULL, *drop = NULL, *dropped = NULL;
	static const char later[] = "destinations: [{name: lapor, settings: {institution: 13}}]\n";
	static const char other[] = "user_agent: x\n";
	struct profile_destination d;
	struct err e = {0};

	(void)state;
	assert_non_null(mkdtemp(dir));
	file = xasprintf("%s/forwarder.yaml", dir);
	drop = xasprintf("%s.d", file);
	dropped = xasprintf("%s/20-b.yaml", drop);
	assert_int_equal(mkdir(drop, 0755), 0);
	assert_int_equal(fsio_write_atomic(file, config, strlen(config), 0640, NULL), 0);
	assert_int_equal(fsio_write_atomic(dropped, later, strlen(later), 0640, NULL), 0);
	free(dropped);
	dropped = xasprintf("%s/30-c.yaml", drop);
	assert_int_equal(fsio_write_atomic(dropped, other, strlen(other), 0640, NULL), 0);
	assert_int_equal(profile_destination_read(file, "lapor", &d, &e), 0);
	assert_int_equal(d.settings.n, 1);
	assert_string_equal(d.settings.v[0].value, "13");
	assert_int_equal(profile_destination_set(&d, "institution=14", &e), 0);
	assert_int_equal(profile_destination_set(&d, "tag=#a=b", &e), 0);
	assert_string_equal(d.settings.v[0].value, "14");
	assert_string_equal(d.settings.v[1].value, "#a=b");
	assert_int_equal(profile_destination_set(&d, "tag", &e), -EINVAL);
	assert_int_equal(profile_destination_set(&d, "=x", &e), -EINVAL);
	profile_destination_free(&d);
	assert_int_equal(scratch_remove(dir), 0);
}

static int setup(void **state)
{
	char path[] = P_tmpdir "/muara-forwarder-XXXXXX";
	int fd = mkstemp(path), r;
	struct err e = {0};

	(void)state;
	if (fd < 0 || fsio_write_all(fd, config, strlen(config)))
		return -1;
	close(fd);
	r = profile_destination_read(path, "lapor", &lapor, &e);
	unlink(path);
	if (r)
		print_error("%s\n", e.text);
	return r;
}

static int teardown(void **state)
{
	(void)state;
	profile_destination_free(&lapor);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_stand_in_their_order),
		cmocka_unit_test(what_comes_later_is_shown),
		cmocka_unit_test(bytes_are_those_of_the_forwarder),
		cmocka_unit_test(what_cannot_be_made_says_why),
		cmocka_unit_test(nothing_personal_unasked),
		cmocka_unit_test(short_texts_have_no_hash),
		cmocka_unit_test(a_citizen_commands_no_terminal),
		cmocka_unit_test(whether_a_file_is_there_is_told),
		cmocka_unit_test(secrets_are_names),
		cmocka_unit_test(secrets_are_opened_when_asked_for),
		cmocka_unit_test(destination_is_read_as_written),
		cmocka_unit_test(a_drop_in_and_a_set_win),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
