// uses: daemons/door/sheet.c
/* sheet: any table is refused as a whole with a reason, or each of its rows becomes a message that
 * can be built, or has a fault; the rows are those that were counted. */
#include <errno.h>

#include "daemons/door/sheet.h"

#include "fuzz.h"

static char keys[][16] = {"id", "text", "sent_at", "name", "phone", "email", "author", "lat", "lon",
	"coordinates", "address", "in_reply_to", "title", "incident_date"};
static char names[][2] = {"i", "t", "s", "n", "p", "e", "a", "x", "y", "c", "l", "r", "j", "d"};
#define N (sizeof(names) / sizeof(*names))

static void check_row(const struct sheet_row *row, struct message *m, size_t n)
{
	json_t *record = NULL;
	struct err e = {0};
	char id[UUID_TEXT_SIZE];

	if (row->fault)
		return;
	CHECK(m->original.len <= n && m->text && m->native_id);
	m->source.daemon = "muara-door";
	m->source.instance = "kota";
	m->source.place = "line";
	if (m->original.len <= MESSAGE_INLINE_MAX)
		CHECK(message_build(m, &record, id, &e) == 0 || e.code == -E2BIG);
	json_decref(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct strpair pairs[N];
	struct sheet_conf c = {.fields = {.v = pairs, .n = N}, .encoding = n % 2};
	struct sheet_row row = {.line = 0};
	struct sheet *s = NULL;
	struct err e = {0};
	size_t rows = 0, counted;
	long line = 0;

	for (size_t i = 0; i < N; i++)
		pairs[i] = (struct strpair){.key = keys[i], .value = names[i]};
	if (sheet_open(&c, 420, (const char *)data, n, &s, &e)) {
		CHECK(*e.text);
		return 0;
	}
	counted = sheet_count(s);
	for (;; rows++) {
		struct message m = {.tenant = "malang", .channel = "sambat", .account = "dinas"};

		m.received_ms = 1795482900000;
		if (!sheet_next(s, &row, &m))
			break;
		CHECK(row.line > line);
		line = row.line;
		check_row(&row, &m, n);
	}
	CHECK(rows == counted);
	sheet_row_free(&row);
	sheet_close(s);
	return 0;
}
