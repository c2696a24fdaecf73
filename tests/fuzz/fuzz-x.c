/* x: any answer of the X API is refused whole, or each element becomes a message that can be built,
 * of bytes of the answer; any answer is judged. */
// uses: daemons/social/x_page.c
// uses: daemons/social/x_judge.c
#include "daemons/social/x_judge.h"
#include "daemons/social/x_page.h"

#include "fuzz.h"

static void check_post(const struct x_page *page, size_t i, const char *body, size_t n)
{
	struct message base = {
		.tenant = "t", .channel = "social", .account = "a", .received_ms = 1};
	struct x_post post;
	char *text = NULL;
	size_t len;

	base.source.daemon = base.source.instance = "f";
	x_page_post(page, i, "100", &base, &post);
	CHECK(page->items[i].p >= body && page->items[i].p + page->items[i].n <= body + n);
	CHECK(post.m.native_id && *post.m.native_id);
	CHECK((post.id == 0) == (post.m.class == MC_UNDECODABLE) && post.first <= post.id);
	if (post.id && i & 1)
		x_post_is_edit(&post);
	if (post.m.original.len <= MESSAGE_INLINE_MAX &&
		message_build_text(&post.m, &text, &len, NULL, NULL) == 0)
		CHECK(len <= MESSAGE_RECORD_MAX);
	free(text);
	x_post_free(&post);
}

static void check_judgement(const char *body, size_t n, long status)
{
	const struct x_reply r = {.status = status, .body = body, .body_len = n, .now_ms = 1};
	struct x_judgement j;

	x_judge(&r, &j);
	CHECK(j.verdict < X_VERDICTS_ && j.wait_ms >= 0);
	CHECK(status == 200 || j.verdict != X_PAGE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const long statuses[] = {200, 400, 401, 402, 403, 404, 429, 503};
	struct x_page *page = malloc(sizeof(*page));
	const char *body = (const char *)data;

	if (x_page_read(body, n, page, NULL) == 0)
		for (size_t i = 0; i < page->n_items; i++)
			check_post(page, i, body, n);
	x_page_free(page);
	free(page);
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		check_judgement(body, n, statuses[i]);
	return 0;
}
