// uses: daemons/door/multipart.c
// uses: daemons/door/template.c
// uses: daemons/door/webform.c
// uses: daemons/door/evidence.c
/* webform: any body of the form page gives a message that can be built, or a page with all mistakes
 * told, in which nothing of what was typed in is a mark of its own. The first line of the input is
 * the Content-Type. And any text as a template is refused or rendered. */
#include "daemons/door/template.h"
#include "daemons/door/webform.h"

#include "fuzz.h"

#define PAGE                                                                          \
	"{{#salah}}{{uraian}}|{{nama}}|{{telepon}}|{{email}}|{{lokasi}}|{{nomor}}{{/" \
	"salah}}{{^salah}}{{tiket}}{{/salah}}"

static const char *value(const void *ctx, const char *key)
{
	(void)key;
	return ctx;
}

static void as_template(const char *text, size_t n)
{
	struct template *t = NULL;
	struct buf out = BUF_INIT(1 << 22);
	struct err e = {0};

	if (template_parse("x", text, n, webform_keys, &t, &e))
		CHECK(*e.text);
	else
		(void)template_render(t, value, "<", &out);
	buf_free(&out);
	template_free(t);
}

static void as_page(const struct webform *w)
{
	struct template *t = NULL;
	struct buf out = BUF_INIT(1 << 22);

	CHECK(template_parse("x", PAGE, strlen(PAGE), webform_keys, &t, NULL) == 0);
	CHECK(template_render(t, webform_value, w, &out) == 0);
	CHECK(!strpbrk(buf_str(&out), "<>\"'"));
	buf_free(&out);
	template_free(t);
}

static void as_message(struct webform *w, const char *body, size_t n)
{
	struct message m = {.tenant = "malang", .channel = "website", .account = "kota"};
	json_t *record = NULL;
	struct err e = {0};
	char id[UUID_TEXT_SIZE];

	m.received_ms = 1795482900000;
	m.source.daemon = "muara-door";
	m.source.instance = "kota";
	m.source.place = "form";
	m.original.data = body;
	m.original.len = n;
	webform_message(w, &m);
	CHECK(n > MESSAGE_INLINE_MAX || message_build(&m, &record, id, &e) == 0);
	json_decref(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *line = n ? memchr(data, '\n', n) : NULL, *body = line ? line + 1 : "";
	size_t head = line ? (size_t)(line - (const char *)data) : n, len = line ? n - head - 1 : 0;
	char *type = fuzz_text(data, head);
	struct webform w;

	as_template((const char *)data, n);
	webform_parse(&w, type, body, len, 1000);
	CHECK(strlen(w.token) == WEBFORM_TOKEN_SIZE - 1);
	if (w.errors)
		as_page(&w);
	else
		as_message(&w, body, len);
	webform_free(&w);
	free(type);
	return 0;
}
