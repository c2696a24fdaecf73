/* masters: whatever an endpoint answers, or a file kept by hand holds, is a list within its bounds
 * or none; what is made of it reads back as it was, and changes nothing the day after; whatever
 * lies in the place of a kept list is that list or refused. The first byte picks which; pages of an
 * answer are parted by 0x1e. */
// parser: common/core/masters_read.c
// parser: common/core/masters.c without masters_origin: it is made of the configuration
#include "base/json.h"
#include "base/utf8.h"
#include "base/util.h"
#include "core/masters.h"

#include "fuzz.h"

#define T(text) ((char *)(uintptr_t)(text))
#define NOW	1764547200000LL

static struct strpair setting_rows[] = {
	{T("institution"), T("12"), 1}, {T("category"), T("436"), 0}};
static struct strpair agency_rows[] = {{T("Dinas"), T("77"), 2}, {T("PU"), T("78"), 3}};
static const struct strmap settings = {setting_rows, 2}, agencies = {agency_rows, 2};
static const struct profile_master list = {.name = "institutions",
	.path = "/m",
	.list = "data",
	.id = "id",
	.label = "name",
	.more = "more",
	.page = "page",
	.count = "total",
	.max_answer = 1 << 20};
static const struct master_place place = {"lapor", "institutions", "0"};

static struct profile *shipped(void)
{
	static struct profile *p; /* loaded once, still reachable at the end */
	struct err e = {0};

	if (!p && profile_load("config/lapor/lapor-v3.yaml", &p, NULL, &e)) {
		fprintf(stderr, "%s (run from the top of the project)\n", e.text);
		abort();
	}
	return p;
}

static void looked_up(const json_t *doc)
{
	const struct profile *p = shipped();
	_cleanup_json_ json_t *found = masters_check(p, profile_master_named(p, "institutions"),
				      doc, NULL, &settings, &agencies),
			      *words = masters_find(doc, "a b", 5), *all = masters_find(doc, "", 5);
	const json_t *f;
	char text[600];
	size_t i;

	CHECK(json_array_size(words) <= 5 && json_array_size(all) <= 5);
	json_array_foreach (found, i, f) {
		masters_finding_text(f, "lapor", text, sizeof text);
		CHECK(strstr(text, "lapor"));
	}
	CHECK(json_array_size(found) <= 3);
	(void)masters_fetched_ms(doc);
}

/* An entry is one line, not empty, not longer than it may be. */
static void entries_hold(const json_t *entries)
{
	const char *id;
	json_t *name;

	json_object_foreach ((json_t *)(uintptr_t)entries, id, name) {
		const char *s = json_string_value(name);

		CHECK(*id && strlen(id) <= 64 && s && *s);
		CHECK(utf8_length(s) <= MASTERS_NAME_CHARS);
		CHECK(s[0] != ' ' && !strpbrk(s, "\t\r\n\x7f") && !strpbrk(id, "\t\r\n\x7f"));
	}
}

static void taken(const struct master_read *r)
{
	_cleanup_json_ json_t *doc = NULL, *back = NULL, *again = NULL;
	_cleanup_free_ char *text = NULL;
	struct master_change c;
	size_t n = 0;

	CHECK(json_object_size(r->entries) > 0 && r->seen <= MASTERS_ENTRIES_MAX);
	CHECK(r->told < 0 || r->told == r->seen);
	entries_hold(r->entries);
	CHECK(!masters_next(NULL, r, &place, NULL, NOW, false, &doc, &c, NULL));
	CHECK(!c.added && !c.gone && !c.renamed);
	text = json_text(doc, &n);
	CHECK(!masters_parse(text, n, &place, &back, NULL) && json_equal(doc, back));
	CHECK(!masters_next(back, r, &place, NULL, NOW + 1, false, &again, &c, NULL));
	CHECK(!c.added && !c.gone && !c.renamed && masters_fetched_ms(again) == NOW + 1);
	looked_up(doc);
}

static void pages(const char *p, size_t n)
{
	struct master_read r;
	bool more = true;
	int rc = 0;

	master_read_init(&r, &list);
	while (!rc && more) {
		const char *end = memchr(p, 0x1e, n);
		size_t len = end ? (size_t)(end - p) : n;
		char *exact = malloc(len ? len : 1);

		if (!exact)
			abort();
		memcpy(exact, p, len);
		rc = master_read_page(&r, exact, len, &more, NULL);
		free(exact);
		p += len + (end != NULL);
		n -= len + (end != NULL);
	}
	if (!rc && !master_read_end(&r, NULL))
		taken(&r);
	master_read_free(&r);
}

static void by_hand(const char *p, size_t n)
{
	struct master_read r;
	struct err e = {0};

	master_read_init(&r, &list);
	if (!master_read_csv(&r, "f.csv", p, n, &e) && !master_read_end(&r, &e))
		taken(&r);
	else
		CHECK(*e.text);
	master_read_free(&r);
}

/* What lies where a list is kept, and the list as it comes the day after. */
static void kept(const char *p, size_t n)
{
	struct master_read r = {.m = &list, .told = -1};
	_cleanup_json_ json_t *old = NULL, *doc = NULL;
	struct master_change c;

	if (masters_parse(p, n, &place, &old, NULL))
		return;
	looked_up(old);
	r.entries = json_pack("{s:s, s:s}", "77", "Dinas", "78", "PUPR");
	if (!masters_next(old, &r, &place, NULL, NOW, false, &doc, &c, NULL))
		looked_up(doc);
	json_decref(r.entries);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *exact;

	if (n < 1)
		return 0;
	exact = malloc(n > 1 ? n - 1 : 1);
	if (!exact)
		abort();
	memcpy(exact, data + 1, n - 1);
	if (data[0] == 'c')
		by_hand(exact, n - 1);
	else if (data[0] == 'd')
		kept(exact, n - 1);
	else
		pages(exact, n - 1);
	free(exact);
	return 0;
}
