/* call112: any file becomes rows that cover it byte for byte, and messages that can be built. */
// uses: daemons/call112/decode.c daemons/call112/decode_file.c
// uses: daemons/call112/decode_message.c daemons/call112/page.c
// elsewhere: page daemons/call112/page.c
#include <errno.h>

#include "base/util.h"
#include "daemons/call112/decode.h"

#include "fuzz.h"

#define FULL	4096 /* bytes of a window here; the daemon's holds C112_ROW_MAX */
#define T(text) ((char *)(uintptr_t)(text))

static struct strpair by_name[] = {{T("id"), T("a"), 1}, {T("text"), T("b"), 1},
	{T("type"), T("c.d"), 1}, {T("attachments"), T("e"), 1}};
static struct strpair by_path[] = {{T("id"), T("a"), 1}, {T("text"), T("b"), 1},
	{T("type"), T("c.d"), 1}, {T("attachments"), T("e"), 1}, {T("phone"), T("p"), 1},
	{T("address"), T("s"), 1}, {T("district"), T("k"), 1}, {T("lat"), T("y"), 1},
	{T("lon"), T("x.0"), 1}, {T("closed"), T("z"), 1}, {T("incident_date"), T("h"), 1},
	{T("received"), T("r"), 1}, {T("notes"), T("n"), 1}};
static struct strpair by_number[] = {{T("id"), T("1"), 1}, {T("text"), T("2"), 1},
	{T("coordinates"), T("3"), 1}, {T("received"), T("4"), 1}};
static struct strpair type_words[] = {{T("x"), T("ghost"), 1}, {T("x y"), T("prank"), 1}};

static void can_be_built(struct message *m)
{
	char *text = NULL;
	struct err e = {0};
	size_t len;
	int r = m->original.len > MESSAGE_INLINE_MAX ? 0
						     : message_build_text(m, &text, &len, NULL, &e);

	CHECK(r == 0 || r == -E2BIG);
	free(text);
}

static void read_all(const struct c112_rules *rules, const char *p, size_t n, size_t chunk)
{
	struct message base = {
		.tenant = "t", .channel = "call112", .account = "a", .received_ms = 1};
	struct c112_file *f = c112_file_new(rules);
	struct c112_row row = {0};
	size_t at = 0, have = 0;
	int r = 0;

	base.source.daemon = base.source.instance = "f";
	while (at < n && r >= 0) {
		struct c112_window w = {.p = p + at,
			.first = at == 0,
			.line_start = at == 0 || p[at - 1] == '\n',
			.place = "f:1"};

		have = MIN(MAX(have, at) + chunk, n);
		w.n = have - at;
		w.eof = have == n;
		w.full = !w.eof && w.n >= FULL;
		r = c112_next(f, &w, &base, &row, NULL);
		CHECK(r != C112_MORE || (have < n && !w.full));
		if (r == C112_MESSAGE)
			can_be_built(&row.m);
		if (r > C112_MORE) {
			CHECK(row.used > 0 && row.used <= w.n);
			at += row.used;
		}
	}
	c112_row_free(&row);
	c112_file_free(f);
}

/* Going on behind the beginning: what a whole reading takes is taken as it was; and one item alone.
 */
static void gone_on(const struct c112_rules *rules, const char *p, size_t n)
{
	struct message base = {
		.tenant = "t", .channel = "call112", .account = "a", .received_ms = 1};
	struct c112_file *f = c112_file_new(rules);
	struct c112_row row = {0};

	base.source.daemon = base.source.instance = "f";
	(void)c112_file_learn(f, p, n, NULL);
	if (rules->format != C112_CSV && c112_item(f, p, n, "f:1", &base, &row) == C112_MESSAGE) {
		CHECK(row.used == n);
		can_be_built(&row.m);
		free(c112_row_text(&row, "a"));
	}
	c112_row_free(&row);
	c112_file_free(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct strmap fields = {by_name, 4};
	const struct strmap types = {type_words, 2};
	struct c112_rules rules = {.fields = &fields, .types = &types, .comment = "#"};
	const char *p = (const char *)data + 1;

	if (n < 2)
		return 0;
	rules.format = !(data[0] & 1) ? C112_CSV : data[0] & 2 ? C112_JSON : C112_NDJSON;
	rules.encoding = data[0] & 2 ? CSV_WINDOWS_1252 : CSV_UTF8;
	rules.header = data[0] & 4;
	if (rules.format != C112_CSV)
		fields = (struct strmap){by_path, ARRAY_SIZE(by_path)};
	else if (!rules.header)
		fields.v = by_number;
	read_all(&rules, p, n - 1, n);
	read_all(&rules, p, n - 1, 1 + (data[0] >> 3));
	gone_on(&rules, p, n - 1);
	for (size_t i = 0; i < rules.fields->n; i++)
		CHECK(!c112_field_fault(rules.fields->v[i].key));
	CHECK(c112_field_fault("entah"));
	return 0;
}
