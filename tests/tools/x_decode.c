/* x_decode FILE: one answer of the X API -> a line of JSON on stdout, {"items": n} or {"refused":
 * why}, then one line per element: {"offset", "length", "record"}: which bytes of the answer, and
 * the record they become ("error" in its place when none can be built). For tests/conformance. */
// uses: daemons/social/x_page.c
#include <stdio.h>

#include "base/fsio.h"
#include "base/json.h"
#include "base/util.h"
#include "daemons/social/x_page.h"

static void print(json_t *line)
{
	_cleanup_free_ char *text = json_text(line, NULL);

	puts(text);
	json_decref(line);
}

static void print_item(const struct x_page *page, size_t i, const char *body)
{
	struct message base = {.tenant = "uji", .channel = "social", .account = "uji"};
	json_t *out = json_object(), *record = NULL;
	struct x_post post;
	struct err e = {0};

	base.source.daemon = "muara-social";
	base.source.instance = "uji";
	base.received_ms = 1790000000000;
	x_page_post(page, i, NULL, &base, &post);
	json_set_int(out, "offset", page->items[i].p - body);
	json_set_int(out, "length", (int64_t)page->items[i].n);
	if (message_build(&post.m, &record, NULL, &e))
		json_set_str(out, "error", e.text);
	else
		json_set_new(out, "record", record);
	x_post_free(&post);
	print(out);
}

int main(int argc, char **argv)
{
	_cleanup_free_ char *body = NULL;
	struct x_page *page = xcalloc(1, sizeof(*page));
	json_t *head = json_object();
	struct err e = {0};
	size_t len;

	if (argc != 2 || fsio_read_file(argv[1], X_PAGE_MAX, &body, &len, &e)) {
		fprintf(stderr, "usage: x_decode FILE\n%s\n", e.text);
		return EXIT_FAILURE;
	}
	if (x_page_read(body, len, page, &e))
		json_set_str(head, "refused", e.text);
	else
		json_set_int(head, "items", (int64_t)page->n_items);
	print(head);
	for (size_t i = 0; i < page->n_items; i++)
		print_item(page, i, body);
	x_page_free(page);
	free(page);
	return ferror(stdout) || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
