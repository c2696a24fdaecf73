/* Lists of an endpoint's numbers: which answers are taken as the list and which are not, what is
 * told of a change, our own numbers looked up, what a profile may say of its lists. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fsio.h"
#include "base/json.h"
#include "core/masters.h"
#include "core/profile_lint.h"

#define V3  "config/lapor/lapor-v3.yaml"
#define T0  1764547200000LL /* 2025-12-01 */
#define DAY (24 * 3600 * 1000LL)

static const struct profile_master paged = {.name = "institutions",
	.path = "/m?page_size=1000",
	.list = "results.data",
	.id = "id",
	.label = "name",
	.more = "results.next_page_url",
	.page = "page",
	.count = "results.total",
	.max_answer = 1 << 20};
static const struct profile_master bare = {
	.name = "topics", .path = "/t", .id = "id", .label = "n.id", .max_answer = 1 << 20};
static const struct master_place place = {"lapor", "institutions", "0123"};

/* --- answers --- */

static const struct {
	const char *pages[4];
	const char *entries; /* NULL: refused */
	const char *fault;   /* part of it */
} answers[] = {
	{{"{\"results\":{\"data\":[{\"id\":12,\"name\":\"Kota\"},{\"id\":\"77\",\"name\":\" "
	  "Dinas\\t "
	  " Perhubungan \"}]}}"},
		"{\"12\":\"Kota\",\"77\":\"Dinas Perhubungan\"}", NULL},
	{{"{\"results\":{\"data\":[{\"id\":1,\"name\":\"a\"}],\"next_page_url\":\"http://x/"
	  "?page=2\"}}",
		 "{\"results\":{\"data\":[{\"id\":2,\"name\":\"b\"}],\"next_page_url\":null}}"},
		"{\"1\":\"a\",\"2\":\"b\"}", NULL},
	/* a number twice: the first counts; an entry without number or name costs itself */
	{{"{\"results\":{\"data\":[{\"id\":1,\"name\":\"a\"},{\"id\":\"1\",\"name\":\"b\"}]}}"},
		"{\"1\":\"a\"}", NULL},
	{{"{\"results\":{\"data\":[{\"id\":1,\"name\":\"a\"},{\"id\":2,\"name\":\"b\"},{\"id\":3,"
	  "\"name\":\"c\"},{\"id\":4,\"name\":\"d\"},{\"id\":5,\"name\":\"e\"},{\"id\":6,\"name\":"
	  "\"f\"},{\"id\":7,\"name\":\"g\"},{\"id\":8,\"name\":\"h\"},{\"id\":9,\"name\":\"i\"},"
	  "{\"id\":10,\"name\":null}]}}"},
		"{\"1\":\"a\",\"2\":\"b\",\"3\":\"c\",\"4\":\"d\",\"5\":\"e\",\"6\":\"f\",\"7\":"
		"\"g\","
		"\"8\":\"h\",\"9\":\"i\"}",
		NULL},
	/* of as many as it says, as number or text */
	{{"{\"results\":{\"total\":1,\"data\":[{\"id\":1,\"name\":\"a\"}]}}"}, "{\"1\":\"a\"}",
		NULL},
	{{"{\"results\":{\"total\":\"2\",\"data\":[{\"id\":1,\"name\":\"a\"}]}}"}, NULL,
		"1 entries came, of 2"},
	/* what is no list */
	{{"{\"results\":{\"data\":[]}}"}, NULL, "it is empty"},
	{{"{\"results\":{\"data\":{}}}"}, NULL, "page 1: no list at results.data"},
	{{"{\"results\":{}}"}, NULL, "page 1: no list at results.data"},
	{{"[]"}, NULL, "page 1: no list at results.data"},
	{{"{\"results\":{\"data\":[{\"id\":1,\"name\":\"a\"}"}, NULL, "page 1: "},
	{{"<html>"}, NULL, "page 1: "},
	{{""}, NULL, "page 1: "},
	{{"{\"results\":{\"data\":[{\"id\":1,\"nama\":\"a\"},{\"id\":2,\"nama\":\"b\"}]}}"}, NULL,
		"it is empty but for entries without"},
	{{"{\"results\":{\"data\":[{\"id\":1,\"name\":\"a\"},{\"id\":2.5,\"name\":\"b\"}]}}"}, NULL,
		"1 of 2 entries have no number at `id`"},
	/* half a list: the second page did not come, or is the first again */
	{{"{\"results\":{\"data\":[{\"id\":1,\"name\":\"a\"}],\"next_page_url\":\"x\"}}", "{}"},
		NULL, "page 2: no list"},
	{{"{\"results\":{\"data\":[{\"id\":1,\"name\":\"a\"}],\"next_page_url\":\"x\"}}",
		 "{\"results\":{\"data\":[{\"id\":1,\"name\":\"a\"}],\"next_page_url\":\"x\"}}"},
		NULL, "page 2 brings nothing new"},
};

static int read_pages(const struct profile_master *m, const char *const pages[4],
	struct master_read *r, struct err *e)
{
	bool more = true;
	int rc = 0;

	master_read_init(r, m);
	for (size_t i = 0; !rc && more && pages[i]; i++)
		rc = master_read_page(r, pages[i], strlen(pages[i]), &more, e);
	return rc ? rc : master_read_end(r, e);
}

static void answers_are_taken_whole_or_not_at_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct master_read r;
		struct err e = {0};
		int rc = read_pages(&paged, answers[i].pages, &r, &e);

		if (answers[i].entries) {
			_cleanup_free_ char *text = json_text(r.entries, NULL);

			if (rc)
				print_error("row %zu: %s\n", i, e.text);
			assert_int_equal(rc, 0);
			assert_string_equal(text, answers[i].entries);
		} else {
			if (!rc || !strstr(e.text, answers[i].fault))
				print_error("row %zu: \"%s\"\n", i, e.text);
			assert_true(rc < 0);
			assert_non_null(strstr(e.text, answers[i].fault));
		}
		master_read_free(&r);
	}
}

static void a_list_may_stand_at_the_top(void **state)
{
	static const char *const pages[4] = {"[{\"id\":\"13\",\"n\":{\"id\":\"TIK\"}}]"};
	struct master_read r;

	(void)state;
	assert_int_equal(read_pages(&bare, pages, &r, NULL), 0);
	assert_string_equal(json_str(r.entries, "13"), "TIK");
	master_read_free(&r);
}

static void add_page(struct buf *b, int from, int n, const char *more)
{
	buf_reset(b);
	(void)buf_adds(b, "{\"results\":{\"data\":[");
	for (int i = 0; i < n; i++)
		(void)buf_addf(
			b, "%s{\"id\":%d,\"name\":\"n%d\"}", i ? "," : "", from + i, from + i);
	(void)buf_addf(b, "],\"next_page_url\":%s}}", more);
}

static void pages_and_entries_are_bounded(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(8 << 20);
	struct master_read r;
	struct err e = {0};
	bool more = true;
	int rc = 0, n = 0;

	(void)state;
	master_read_init(&r, &paged);
	for (; !rc && more; n++) {
		add_page(&b, n, 1, "\"x\"");
		rc = master_read_page(&r, b.data, b.len, &more, &e);
	}
	assert_int_equal(rc, -E2BIG);
	assert_int_equal(n, MASTERS_PAGES_MAX);
	master_read_free(&r);
	master_read_init(&r, &paged);
	add_page(&b, 0, MASTERS_ENTRIES_MAX + 1, "null");
	assert_int_equal(master_read_page(&r, b.data, b.len, &more, &e), -E2BIG);
	assert_int_equal(json_object_size(r.entries), MASTERS_ENTRIES_MAX);
	master_read_free(&r);
	master_read_init(&r, &paged);
	add_page(&b, 0, MASTERS_ENTRIES_MAX - 1, "null");
	assert_int_equal(master_read_page(&r, b.data, b.len, &more, &e), 0);
	master_read_free(&r);
}

static void long_names_are_cut(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	struct master_read r;
	bool more;

	(void)state;
	(void)buf_adds(&b, "{\"results\":{\"data\":[{\"id\":1,\"name\":\"");
	for (int i = 0; i < 300; i++)
		(void)buf_adds(&b, "é");
	(void)buf_adds(&b, "\"}]}}");
	master_read_init(&r, &paged);
	assert_int_equal(master_read_page(&r, b.data, b.len, &more, NULL), 0);
	assert_int_equal(strlen(json_str(r.entries, "1")), 2 * MASTERS_NAME_CHARS);
	master_read_free(&r);
}

/* --- a file kept by hand --- */

static void files_by_hand(void **state)
{
	static const struct {
		const char *text, *entries, *fault;
	} rows[] = {
		{"id,name\n15,Infrastruktur\n436,Lain-lain\n",
			"{\"15\":\"Infrastruktur\",\"436\":\"Lain-lain\"}", NULL},
		{"\xef\xbb\xbfName;note;ID\r\nAir;x;7\r\n\r\n", "{\"7\":\"Air\"}", NULL},
		{"id,name\n7,Pelayanan \xe9", "{\"7\":\"Pelayanan \xc3\xa9\"}", NULL},
		{"", NULL, "kategori.csv:1: the first line must be: id,name"},
		{"nomor,nama\n7,Air\n", NULL, "kategori.csv:1: the first line must be: id,name"},
		{"id,name\n7,Air\n7,Banjir\n", NULL,
			"kategori.csv:3: this id stands above already"},
		{"id,name\n7,\n", NULL, "kategori.csv:2: a line has an id and a name"},
		{"id,name\n7,Air,x\n", NULL, "kategori.csv:2: "},
		{"id,name\n", NULL, "it is empty"},
		{"\xff\xfei\0d\0", NULL, "kategori.csv: UTF-16"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct master_read r;
		struct err e = {0};
		int rc;

		master_read_init(&r, &bare);
		rc = master_read_csv(&r, "kategori.csv", rows[i].text,
			i == ARRAY_SIZE(rows) - 1 ? 6 : strlen(rows[i].text), &e);
		rc = rc ? rc : master_read_end(&r, &e);
		if (rows[i].entries) {
			_cleanup_free_ char *text = json_text(r.entries, NULL);

			assert_int_equal(rc, 0);
			assert_string_equal(text, rows[i].entries);
		} else {
			if (rc != -EINVAL || !strstr(e.text, rows[i].fault))
				print_error("row %zu: \"%s\"\n", i, e.text);
			assert_int_equal(rc, -EINVAL);
			assert_non_null(strstr(e.text, rows[i].fault));
		}
		master_read_free(&r);
	}
}

/* --- what is kept --- */

/* The document after `entries`; NULL: refused with `want_rc`. */
static json_t *next(const json_t *old, const char *entries, const char *accepted, int64_t now,
	bool shrunk, int want_rc, struct master_change *change)
{
	struct master_read r = {.m = &paged, .entries = json_loads(entries, 0, NULL), .told = -1};
	_cleanup_json_ json_t *yes = accepted ? json_loads(accepted, 0, NULL) : NULL;
	struct master_change unused;
	json_t *doc = NULL;
	struct err e = {0};

	assert_non_null(r.entries);
	assert_int_equal(masters_next(old, &r, &place, yes, now, shrunk, &doc,
				 change ? change : &unused, &e),
		want_rc);
	master_read_free(&r);
	return doc;
}

static void changes_are_told(void **state)
{
	_cleanup_json_ json_t *one = NULL, *two = NULL, *three = NULL, *four = NULL;
	struct master_change c;

	(void)state;
	one = next(
		NULL, "{\"12\":\"Kota\",\"77\":\"Dishub\",\"78\":\"PU\"}", NULL, T0, false, 0, &c);
	assert_int_equal(c.added + c.gone + c.renamed, 0);
	two = next(one, "{\"12\":\"Kota\",\"78\":\"Pekerjaan Umum\",\"80\":\"Inspektorat\"}", NULL,
		T0 + DAY, false, 0, &c);
	assert_int_equal(c.added, 1);
	assert_int_equal(c.gone, 1);
	assert_int_equal(c.renamed, 1);
	assert_string_equal(
		json_str(json_object_get(json_object_get(two, "gone"), "77"), "name"), "Dishub");
	assert_string_equal(
		json_str(json_object_get(json_object_get(two, "renamed"), "78"), "was"), "PU");
	/* a day without change leaves the last one to be seen, what is gone and renamed stays */
	three = next(two, "{\"12\":\"Kota\",\"78\":\"Pekerjaan Umum\",\"80\":\"Inspektorat\"}",
		NULL, T0 + 2 * DAY, false, 0, &c);
	assert_int_equal(c.added + c.gone + c.renamed, 0);
	assert_int_equal(
		json_int(json_object_get(json_object_get(three, "change"), "gone"), "n", -1), 1);
	assert_int_equal(masters_fetched_ms(three), T0 + 2 * DAY);
	assert_non_null(json_object_get(json_object_get(three, "renamed"), "78"));
	/* 77 is back, 78 is called what it was: nothing is open any more */
	four = next(three,
		"{\"12\":\"Kota\",\"77\":\"Dishub\",\"78\":\"PU\",\"80\":\"Inspektorat\"}", NULL,
		T0 + 3 * DAY, false, 0, &c);
	assert_int_equal(json_object_size(json_object_get(four, "gone")), 0);
	assert_int_equal(json_object_size(json_object_get(four, "renamed")), 0);
}

static void a_new_name_stays_told_until_it_is_accepted(void **state)
{
	_cleanup_json_ json_t *one = next(NULL, "{\"78\":\"PU\"}", NULL, T0, false, 0, NULL),
			      *two = NULL, *three = NULL, *four = NULL;

	(void)state;
	two = next(one, "{\"78\":\"PUPR\"}", NULL, T0 + DAY, false, 0, NULL);
	three = next(
		two, "{\"78\":\"PUPR Kota\"}", "{\"78\":\"PUPR\"}", T0 + 2 * DAY, false, 0, NULL);
	assert_string_equal(
		json_str(json_object_get(json_object_get(three, "renamed"), "78"), "was"), "PU");
	four = next(three, "{\"78\":\"PUPR Kota\"}", "{\"78\":\"PUPR Kota\"}", T0 + 3 * DAY, false,
		0, NULL);
	assert_int_equal(json_object_size(json_object_get(four, "renamed")), 0);
}

static char *many(int from, int n)
{
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);

	for (int i = 0; i < n; i++)
		(void)buf_addf(&b, "%s\"%d\":\"n%d\"", i ? "," : "{", from + i, from + i);
	(void)buf_adds(&b, n ? "}" : "{}");
	return buf_take(&b);
}

static void most_of_a_list_is_never_gone_at_once(void **state)
{
	static const struct {
		int had, left;
		bool taken;
	} rows[] = {{100, 100, true}, {100, 80, true}, {100, 79, false}, {100, 1, false},
		{6, 1, true}, {7, 1, false}, {10, 5, true}, {10, 4, false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *had = many(1, rows[i].had), *left = many(1, rows[i].left);
		_cleanup_json_ json_t *old = next(NULL, had, NULL, T0, false, 0, NULL),
				      *doc = next(old, left, NULL, T0 + DAY, false,
					      rows[i].taken ? 0 : -ESTALE, NULL),
				      *forced = next(old, left, NULL, T0 + DAY, true, 0, NULL);

		assert_int_equal(doc != NULL, rows[i].taken);
		assert_non_null(forced);
	}
}

static void what_is_remembered_is_bounded(void **state)
{
	json_t *doc = NULL;

	(void)state;
	for (int i = 0; i < 5; i++) {
		_cleanup_free_ char *now = many(i * 1000, 1000);
		json_t *later = next(doc, now, NULL, T0 + i * DAY, true, 0, NULL);

		json_decref(doc);
		doc = later;
	}
	assert_int_equal(json_object_size(json_object_get(doc, "gone")), 2000);
	assert_null(json_object_get(json_object_get(doc, "gone"), "1"));
	assert_non_null(json_object_get(json_object_get(doc, "gone"), "3999"));
	json_decref(doc);
}

static void a_damaged_document_is_not_read(void **state)
{
	static const struct {
		const char *old, *new;
		int rc;
	} rows[] = {{"Dishub", "Dishub", 0}, {"Dishub", "Dishut", -EBADMSG},
		{"masters/1", "masters/2", -EBADMSG}, {"\"entries\":{", "\"entries\":[", -EBADMSG},
		{"\"lapor\"", "\"meja \"", -ESTALE}, {"\"0123\"", "\"0124\"", -ESTALE},
		{"\"list\":\"institutions\"", "\"list\":\"institutionz\"", -ESTALE}};
	_cleanup_json_ json_t *doc = next(NULL, "{\"77\":\"Dishub\"}", NULL, T0, false, 0, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t n = 0;
		_cleanup_free_ char *text = json_text(doc, &n);
		json_t *back = NULL;
		struct err e = {0};
		char *at = strstr(text, rows[i].old);

		assert_non_null(at);
		memcpy(at, rows[i].new, strlen(rows[i].new));
		assert_int_equal(masters_parse(text, n, &place, &back, &e), rows[i].rc);
		assert_int_equal(masters_parse(text, n - 3, &place, &back, &e), -EBADMSG);
		json_decref(back);
	}
}

/* --- our own numbers --- */

#define T(text) ((char *)(uintptr_t)(text))

static struct strpair setting_rows[] = {{T("institution"), T("12"), 33},
	{T("category"), T("436"), 34}, {T("category.Air"), T("15"), 35},
	{T("categoryx"), T("99"), 36}};
static struct strpair agency_rows[] = {
	{T("Dinas Perhubungan"), T("77"), 40}, {T("PU"), T("78"), 41}};
static const struct strmap settings = {setting_rows, 4}, agencies = {agency_rows, 2};

/* lapor-v3.yaml with another section `masters`; the caller frees, it is unlinked by load. */
static char *with_masters(const char *section)
{
	char *path = xasprintf("%s/muara-masters-XXXXXX", P_tmpdir);
	_cleanup_free_ char *text = NULL;
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	const char *from, *to;
	int fd = mkstemp(path);
	size_t n;

	assert_true(fd >= 0);
	assert_int_equal(fsio_read_file(V3, 1 << 20, &text, &n, NULL), 0);
	from = strstr(text, "\nmasters:\n");
	to = strstr(text, "\n# S1. `status_code`");
	assert_true(from && to && from < to);
	(void)buf_add(&out, text, (size_t)(from - text));
	(void)buf_addf(&out, "\nmasters:\n%s\n", section);
	(void)buf_adds(&out, to);
	assert_int_equal(fsio_write_all(fd, out.data, out.len), 0);
	close(fd);
	return path;
}

#define REMOTE                                                                        \
	"  institutions: {path: /m, connect: 1s, total: 2s, max_answer: 1MiB, list: " \
	"results.data, "                                                              \
	"id: id, name: name"

static struct profile *load(const char *section)
{
	_cleanup_free_ char *path = with_masters(section);
	struct profile *p = NULL;
	struct err e = {0};

	if (profile_load(path, &p, NULL, &e))
		print_error("%s\n", e.text);
	assert_non_null(p);
	unlink(path);
	return p;
}

static void numbers_are_looked_up(void **state)
{
	struct profile *p =
		load(REMOTE ", checks: [agencies, setting.institution, setting.category, "
			    "setting.location, table.classification]}");
	_cleanup_json_ json_t *one = NULL, *two = NULL, *found = NULL, *yes = NULL, *less = NULL;
	_cleanup_free_ char *text = NULL;
	char said[600];

	(void)state;
	one = next(NULL,
		"{\"12\":\"Kota\",\"77\":\"Dishub\",\"78\":\"PU\",\"436\":\"x\",\"1\":\"a\","
		"\"2\":\"b\",\"3\":\"c\",\"34\":\"Nasional\"}",
		NULL, T0, false, 0, NULL);
	two = next(one, "{\"12\":\"Kota\",\"78\":\"PUPR\",\"436\":\"x\",\"1\":\"a\",\"3\":\"c\"}",
		NULL, T0 + DAY, false, 0, NULL);
	found = masters_check(
		p, profile_master_named(p, "institutions"), two, NULL, &settings, &agencies);
	text = json_text(found, NULL);
	assert_string_equal(text,
		"[{\"list\":\"institutions\",\"where\":\"agencies.Dinas Perhubungan\",\"line\":40,"
		"\"id\":\"77\",\"what\":\"missing\",\"was\":\"Dishub\",\"since\":\"2025-12-02T00:"
		"00:00."
		"000Z\"},"
		"{\"list\":\"institutions\",\"where\":\"agencies.PU\",\"line\":41,\"id\":\"78\","
		"\"what\":\"renamed\",\"name\":\"PUPR\",\"was\":\"PU\",\"since\":\"2025-12-02T00:"
		"00:00."
		"000Z\"},"
		"{\"list\":\"institutions\",\"where\":\"settings.category.Air\",\"line\":35,\"id\":"
		"\"15\",\"what\":\"missing\",\"was\":null,\"since\":null},"
		"{\"list\":\"institutions\",\"where\":\"profile: "
		"settings.location.default\",\"id\":"
		"\"34\",\"what\":\"missing\",\"was\":\"Nasional\",\"since\":\"2025-12-02T00:00:00."
		"000Z\"},"
		"{\"list\":\"institutions\",\"where\":\"profile: "
		"tables.classification.to.information\","
		"\"id\":\"2\",\"what\":\"missing\",\"was\":\"b\",\"since\":\"2025-12-02T00:00:00."
		"000Z\"}"
		"]");
	masters_finding_text(json_array_get(found, 0), "lapor", said, sizeof said);
	assert_string_equal(said, "line 40: agencies.Dinas Perhubungan of lapor: 77 is not in the "
				  "list of institutions any "
				  "more (it was \"Dishub\", gone since 2025-12-02T00:00:00.000Z); "
				  "find its successor by "
				  "`muaractl masters find` and put it there");
	masters_finding_text(json_array_get(found, 2), "lapor", said, sizeof said);
	assert_string_equal(said, "line 35: settings.category.Air of lapor: 15 is not in the list "
				  "of institutions; find its "
				  "successor by `muaractl masters find` and put it there");
	masters_finding_text(json_array_get(found, 1), "lapor", said, sizeof said);
	assert_string_equal(said, "line 41: agencies.PU of lapor: 78 is now called \"PUPR\" in the "
				  "list of institutions, it "
				  "was \"PU\"; if it is still the right one, `muaractl masters "
				  "accept institutions 78`");
	/* a name a person has accepted is none to tell; nothing is known without a list */
	yes = json_pack("{s:s}", "78", "PUPR");
	less = masters_check(
		p, profile_master_named(p, "institutions"), two, yes, &settings, &agencies);
	assert_int_equal(json_array_size(less), 4);
	json_decref(less);
	less = masters_check(
		p, profile_master_named(p, "institutions"), NULL, NULL, &settings, &agencies);
	assert_int_equal(json_array_size(less), 0);
	profile_free(p);
}

static void numbers_are_found_by_words(void **state)
{
	_cleanup_json_ json_t *one = next(NULL,
				      "{\"77\":\"Dinas Perhubungan\",\"78\":\"Dinas PU\"}", NULL,
				      T0, false, 0, NULL),
			      *two = next(one, "{\"78\":\"Dinas PU\",\"79\":\"Badan 78\"}", NULL,
				      T0 + DAY, false, 0, NULL);
	static const struct {
		const char *text;
		size_t n;
	} rows[] = {{"dinas", 2}, {"hub DINAS", 1}, {"78", 2}, {"", 3}, {"polisi", 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ json_t *found = masters_find(two, rows[i].text, 10);

		assert_int_equal(json_array_size(found), rows[i].n);
	}
	json_decref(one);
	one = masters_find(two, "hub", 10);
	assert_string_equal(
		json_str(json_array_get(one, 0), "gone_since"), "2025-12-02T00:00:00.000Z");
	json_decref(two);
	two = masters_find(one, "", 0);
	assert_int_equal(json_array_size(two), 0);
}

/* --- what a profile may say --- */

static const struct {
	const char *section, *fault;
} mistakes[] = {
	{"  institutions: 3", "masters.institutions: a map is wanted"},
	{"  Instansi: {file: x.csv}", "masters.Instansi: a name is at most 32"},
	{"  x: {}", "masters.x.path: missing: where the list is read; or `file`"},
	{"  x: {file: x.csv, path: /x}", "masters.x.path: unknown key; there are: file, checks"},
	{REMOTE ", pages: 3}", "masters.institutions.pages: unknown key"},
	{REMOTE ", more: results.next}", "masters.institutions.page: missing: `more` says"},
	{REMOTE ", page: page}", "masters.institutions.more: missing: `more` says"},
	{REMOTE ", more: a.b, page: \"p=1&x\"}",
		"masters.institutions.page: the name of a parameter"},
	{REMOTE ", more: a..b, page: p}", "masters.institutions.more: a place is wanted"},
	{REMOTE ", count: \"a b\"}", "masters.institutions.count: a place is wanted"},
	{REMOTE ", checks: [agency]}",
		"masters.institutions.checks.0: one of: agencies, setting.NAME"},
	{REMOTE ", checks: [agencies, setting.kota]}", "masters.institutions.checks.1: one of"},
	{REMOTE ", checks: [table.kota]}", "masters.institutions.checks.0: one of"},
	{REMOTE ", checks: [3]}", "masters.institutions.checks.0: one of"},
	{"  x: {path: m, connect: 1s, total: 2s, max_answer: 1MiB, id: id, name: name}",
		"masters.x.path: begins with /"},
	{"  x: {path: \"/{{ticket}}\", connect: 1s, total: 2s, max_answer: 1MiB, id: id, name: "
	 "name}",
		"masters.x.path: begins with /"},
	{"  x: {path: /m, connect: 3s, total: 2s, max_answer: 1MiB, id: id, name: name}",
		"masters.x.connect: longer than total"},
	{"  x: {path: /m, connect: 1s, total: 2s, max_answer: 1MiB, name: name}",
		"masters.x.id: missing: where an entry holds its number"},
	{"  a: {file: x}\n  b: {file: x}\n  c: {file: x}\n  d: {file: x}\n  e: {file: x}\n  f: "
	 "{file: x}\n"
	 "  g: {file: x}\n  h: {file: x}\n  i: {file: x}",
		"masters.i: more than 8 lists"},
};

static void mistakes_of_the_section_are_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		_cleanup_free_ char *path = with_masters(mistakes[i].section);
		_cleanup_buf_ struct buf faults = BUF_INIT(1 << 16);
		struct profile *p = NULL;

		if (profile_load(path, &p, &faults, NULL) != -EINVAL ||
			!strstr(buf_str(&faults), mistakes[i].fault)) {
			print_error("%s\n  wanted: %s\n  got: %s\n", mistakes[i].section,
				mistakes[i].fault, buf_str(&faults));
			fail();
		}
		unlink(path);
	}
}

static void files_lie_beside_the_profile(void **state)
{
	struct profile *p = load("  x: {file: kategori.csv}\n  y: {file: /srv/y.csv}");
	_cleanup_free_ char *beside = xasprintf("%s/kategori.csv", P_tmpdir);

	(void)state;
	assert_int_equal(profile_masters(p), 2);
	assert_string_equal(profile_master(p, 0)->file, beside);
	assert_string_equal(profile_master(p, 1)->file, "/srv/y.csv");
	assert_null(profile_master_named(p, "z"));
	profile_free(p);
}

static void pages_are_asked_for_by_number(void **state)
{
	static const char *const headers[] = {"auth: x", NULL};
	const struct profile_input in = {.base = "http://localhost/v3", .headers = headers};
	static const struct {
		const char *path;
		int page;
		const char *url;
	} rows[] = {{"/m?page_size=9", 1, "http://localhost/v3/m?page_size=9"},
		{"/m?page_size=9", 2, "http://localhost/v3/m?page_size=9&page=2"},
		{"/m", 3, "http://localhost/v3/m?page=3"}};
	struct profile *p = load(REMOTE "}");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct profile_master m = paged;
		struct profile_request r;

		m.path = rows[i].path;
		m.connect_ms = 10;
		m.total_ms = 20;
		assert_int_equal(profile_master_request(p, &m, &in, rows[i].page, &r, NULL), 0);
		assert_string_equal(r.http.url, rows[i].url);
		assert_string_equal(r.http.method, "GET");
		assert_string_equal(r.http.headers[0], "auth: x");
		assert_int_equal(r.http.max_answer, 1 << 20);
		assert_int_equal(r.http.total_ms, 20);
		profile_request_clear(&r);
	}
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_taken_whole_or_not_at_all),
		cmocka_unit_test(a_list_may_stand_at_the_top),
		cmocka_unit_test(pages_and_entries_are_bounded),
		cmocka_unit_test(long_names_are_cut),
		cmocka_unit_test(files_by_hand),
		cmocka_unit_test(changes_are_told),
		cmocka_unit_test(a_new_name_stays_told_until_it_is_accepted),
		cmocka_unit_test(most_of_a_list_is_never_gone_at_once),
		cmocka_unit_test(what_is_remembered_is_bounded),
		cmocka_unit_test(a_damaged_document_is_not_read),
		cmocka_unit_test(numbers_are_looked_up),
		cmocka_unit_test(numbers_are_found_by_words),
		cmocka_unit_test(mistakes_of_the_section_are_told),
		cmocka_unit_test(files_lie_beside_the_profile),
		cmocka_unit_test(pages_are_asked_for_by_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
