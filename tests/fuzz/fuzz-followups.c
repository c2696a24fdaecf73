/* followups: any answer gives follow-ups with a number each and texts within their bounds, valid
 * UTF-8, or an error; only a whole 2xx gives any. */
// parser: common/core/followups.c
#include "base/json.h"
#include "base/utf8.h"
#include "core/followups.h"

#include "fuzz.h"

static void holds(const struct followup *f)
{
	const char *text = json_str(f->content, "text");
	const json_t *files = json_object_get(f->content, "attachments"), *file;
	size_t i;

	CHECK(f->id > 0 && f->id <= 999999999999999);
	CHECK(strlen(f->code) < FOLLOWUP_CODE_SIZE && !strpbrk(f->code, "<> \n@"));
	CHECK(text && strlen(text) <= FOLLOWUP_TEXT_MAX && utf8_valid(text, strlen(text)));
	CHECK(json_array_size(files) <= FOLLOWUP_FILES_MAX);
	json_array_foreach (files, i, file)
		CHECK(strlen(json_str(file, "path")) <= 500);
	CHECK(strlen(json_str_or(f->content, "from", "")) <= 500);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct profile *v3; /* loaded once, still reachable at the end */
	_cleanup_free_ char *body = NULL;
	struct httpc_answer a = {.status = 200};
	struct followups f;
	struct err e = {0};

	if (!v3 && profile_load("config/lapor/lapor-v3.yaml", &v3, NULL, &e)) {
		fprintf(stderr, "%s (run from the top of the project)\n", e.text);
		abort();
	}
	if (n < 1)
		return 0;
	body = fuzz_text(data + 1, n - 1);
	a.body = body;
	a.body_len = n - 1;
	a.status = data[0] == '5' ? 500 : 200;
	a.too_large = data[0] == '!';
	if (followups_parse(v3, &a, "ABCDE-FGHJK", &f, &e)) {
		CHECK(f.n == 0 && e.text[0]);
	} else {
		CHECK(a.status == 200 && !a.too_large);
		for (size_t i = 0; i < f.n; i++)
			holds(&f.v[i]);
	}
	followups_clear(&f);
	return 0;
}
