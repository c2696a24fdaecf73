/* graph: any answer of the Graph API is a page or none, and every item of a page becomes a message
 * that can be built; any error and any usage header is judged. The first byte picks the edge. */
// uses: daemons/social/meta_graph.c
// uses: daemons/social/meta_fields.c
// uses: daemons/social/meta_limits.c
// elsewhere: meta daemons/social/meta_fields.c
#include "daemons/social/meta_graph.h"
#include "daemons/social/meta_limits.h"

#include "fuzz.h"

static const struct meta_rules ours = {.page = "100", .instagram = "200"};

static void build(struct meta_item *x)
{
	json_t *j = NULL;
	char *text = NULL;
	size_t len;

	CHECK(!x->carried || (x->m.native_id && *x->m.native_id));
	if (x->carried && x->m.original.len <= MESSAGE_INLINE_MAX &&
		message_build_text(&x->m, &text, &len, NULL, NULL) == 0) {
		CHECK(message_parse(text, len, &j, NULL) == 0);
		json_decref(j);
	}
	free(text);
}

static void page(enum meta_edge e, const char *body, size_t n, const struct message *base)
{
	struct meta_page p;
	struct meta_item x;
	struct span bytes;
	char *path;

	if (meta_page_open(e, fuzz_text((const uint8_t *)body, n), n, &p))
		return;
	if (p.next) {
		path = meta_edge_path(e, "1", 0, p.next);
		CHECK(path && strncmp(path + strcspn(path, "?"), "?access_token=", 14) != 0);
		CHECK(!strstr(path, "&access_token="));
		free(path);
	}
	while (meta_page_next(&p, &bytes) == 1) {
		CHECK(bytes.p >= p.body && bytes.p + bytes.n <= p.body + n);
		meta_item_decode(&p, "1", bytes, &ours, base, &x);
		build(&x);
		meta_item_free(&x);
	}
	meta_page_close(&p);
}

static void fetch(const char *what, const char *body, size_t n, const struct message *base)
{
	json_t *fields = json_pack("{s:{s:s,s:s}}", "fetch", "what", what, "id", "31");
	struct meta_fetch *f = meta_fetch_of(fields);
	struct meta_item x;
	char *path = meta_fetch_path(f, &ours);

	CHECK(path);
	if (meta_fetch_decode(f, body, n, &ours, base, &x))
		build(&x);
	meta_item_free(&x);
	meta_fetch_free(f);
	free(path);
	json_decref(fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const whats[] = {
		"comment", "post", "ig_comment", "ig_mentioned_comment", "ig_mentioned_media"};
	struct message base = {
		.tenant = "t", .channel = "social", .account = "a", .received_ms = 1};
	static const long statuses[] = {200, 0, 429, 401, 404, 403, 500};
	struct meta_reply r = {.answered = true};
	char *text;

	if (n < 1)
		return 0;
	base.source.daemon = base.source.instance = "f";
	text = fuzz_text(data + 1, n - 1);
	r.body = text;
	r.len = n - 1;
	r.status = statuses[data[0] % 7];
	r.answered = r.status != 0;
	CHECK(meta_verdict_name(meta_judge(&r).verdict));
	CHECK(meta_pause_ms(meta_usage(text, text)) >= 0);
	page(data[0] % ME_COUNT, text, n - 1, &base);
	fetch(whats[data[0] % 5], text, n - 1, &base);
	free(text);
	return 0;
}
