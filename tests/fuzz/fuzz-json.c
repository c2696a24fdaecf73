/* json: spans lie within the text, and what jansson accepts the spans take apart. */
// parser: common/base/jsonspan.c
#include "base/json.h"
#include "base/jsonspan.h"

#include "fuzz.h"

static void inside(struct span s, struct span whole)
{
	CHECK(s.p >= whole.p && s.n > 0 && s.p + s.n <= whole.p + whole.n);
}

static void walk(struct span s, int depth)
{
	struct json_span_iter it;
	struct span item;

	if (depth > 4)
		return;
	if (json_span_member(s, "a", &item) == 0) {
		inside(item, s);
		walk(item, depth + 1);
	}
	if (json_span_array(s, &it))
		return;
	while (json_span_next(&it, &item) == 1) {
		inside(item, s);
		walk(item, depth + 1);
	}
}

static size_t elements(struct span array)
{
	struct json_span_iter it;
	struct span item;
	size_t n = 0;

	CHECK(json_span_array(array, &it) == 0);
	while (json_span_next(&it, &item) == 1)
		n++;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;
	struct span root = {0};
	json_t *j = NULL;
	int spans = json_span_root(p, n, &root);

	(void)json_depth_check(p, n, JSON_DEPTH_MAX);
	if (spans == 0) {
		inside(root, (struct span){p, n});
		walk(root, 0);
	}
	if (json_parse(p, n, 1 << 20, &j, NULL) == 0) {
		CHECK(spans == 0);
		if (json_is_array(j))
			CHECK(elements(root) == json_array_size(j));
		json_decref(j);
	}
	return 0;
}
