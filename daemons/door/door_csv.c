/* door_csv: see door_csv.h. */
#include <string.h>

#include "base/util.h"

#include "door_csv.h"
#include "door_json.h"
#include "intake.h"
#include "sheet.h"
#include "signed.h"

static const struct sheet_conf *find_map(const struct door *d, const char *name)
{
	const struct sheet_conf *c = d->conf->sheets.v;

	for (size_t i = 0; i < d->conf->sheets.n; i++)
		if (strcmp(c[i].name, name) == 0)
			return &c[i];
	return NULL;
}

static void take(struct door *d, struct httpd_request *r, const struct doorkey *k,
	const struct sheet_conf *c, struct sheet *s)
{
	struct intake *i = intake_new(d, r, door_answer_items);
	struct sheet_row row = {.line = 0};
	struct message m;
	struct err e = {0};
	char place[32];

	intake_charge(i, k->client);
	for (door_message(d, k, &m); sheet_next(s, &row, &m); door_message(d, k, &m)) {
		if (row.fault) {
			intake_refuse(i, row.line, 400, row.fault);
		} else if (door_channel(d, k, c->channel, &m, &e)) {
			intake_refuse(i, row.line, 403, e.text);
		} else {
			snprintf(place, sizeof(place), "line %ld", row.line);
			m.source.place = place;
			intake_put(i, &m, row.line);
		}
	}
	sheet_row_free(&row);
	intake_go(i);
}

static void begin(struct door *d, struct httpd_request *r, const struct doorkey *k,
	const struct sheet_conf *c, struct sheet *s)
{
	size_t n = sheet_count(s);

	if (n > (size_t)d->conf->batch_lines)
		door_refuse(d, r, 413, "more rows than one table may have");
	else if (door_has_room(d, r, k, n))
		take(d, r, k, c, s);
}

void door_csv(struct door *d, struct httpd_request *r)
{
	const struct doorkey *k = signed_key(d, r, "POST");
	const struct sheet_conf *c;
	struct sheet *s = NULL;
	struct err e = {0};
	const char *body;
	size_t n;

	if (!k || !door_is_open(d, r))
		return;
	c = find_map(d, httpd_path(r) + strlen(DOOR_CSV_PATH));
	body = httpd_body(r, &n);
	if (!c)
		door_refuse(d, r, 404, "no map of this name is set up");
	else if (sheet_open(c, muara_zone_minutes(source_shared(d->source)), body, n, &s, &e))
		door_refuse(d, r, 400, e.text);
	else
		begin(d, r, k, c, s);
	sheet_close(s);
}
