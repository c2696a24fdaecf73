// uses: daemons/door/form.c
// uses: daemons/door/open311.c
/* open311: any form becomes a report that can be built, or is refused with a reason; what is
 * answered is one JSON text, and XML without a raw mark of its own. */
#include "daemons/door/open311.h"

#include "fuzz.h"

static char code[] = "lampu", name[] = "Lampu <mati>";
static const struct open311_service services[] = {
	{.code = code, .name = name, .category = code, .agency = name}};

static void render(const struct form *f)
{
	json_t *rows = json_array(), *o = json_object(), *back;
	struct buf out = BUF_INIT(1 << 20);

	for (size_t i = 0; i < f->n; i++) {
		json_t *v = json_string(f->pairs[i].value); /* NULL: no UTF-8 */

		json_object_set_new(o, i % 2 ? "status" : "notes", v ? v : json_integer(7));
	}
	json_array_append_new(rows, o);
	CHECK(open311_render(rows, "requests", "request", false, &out) == 0);
	back = json_loads(buf_str(&out), 0, NULL);
	CHECK(json_equal(back, rows));
	json_decref(back);
	buf_reset(&out);
	CHECK(open311_render(rows, "requests", "request", true, &out) == 0);
	for (const char *p = strstr(buf_str(&out), "<request>") + 9; *p; p++)
		CHECK(*p != '<' || p[1] == '/' || strncmp(p, "<status>", 8) == 0 ||
			strncmp(p, "<notes>", 7) == 0);
	buf_free(&out);
	json_decref(rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct message m = {.tenant = "malang", .channel = "website", .account = "aplikasi"};
	struct open311_report report = {0};
	json_t *record = NULL, *list;
	struct err e = {0};
	struct form f;
	char id[UUID_TEXT_SIZE];

	m.received_ms = 1795482900000;
	m.source.daemon = "muara-door";
	m.source.instance = "kota";
	m.source.place = "form";
	m.original.data = data;
	m.original.len = n;
	if (form_parse((const char *)data, n, &f, &e) == 0) {
		if (open311_decode(&f, services, 1, "2026-11-24", &report, &m, &e) == 0)
			CHECK(n > MESSAGE_INLINE_MAX || message_build(&m, &record, id, &e) == 0);
		else
			CHECK(*e.text);
		render(&f);
	}
	list = open311_services(services, 1);
	json_decref(list);
	json_decref(record);
	open311_report_free(&report);
	form_free(&f);
	return 0;
}
