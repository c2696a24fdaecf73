/* deads: see deads.h; and the commands `dead list`, `dead show`. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"

#include "commands.h"
#include "deads.h"
#include "print.h"
#include "tail.h"

struct scan {
	const char *only; /* one message, whatever became of it; NULL: all that are dead */
	json_t *rows;	  /* id -> row */
};

static const json_t *result_on(const json_t *decision, const char *id)
{
	const json_t *r, *s;
	size_t i, k;

	json_array_foreach (json_object_get(decision, "results"), i, r) {
		if (strcmp(json_str_or(r, "type", ""), "complaint") != 0) {
			if (strcmp(json_str_or(r, "id", ""), id) == 0)
				return r;
			continue;
		}
		json_array_foreach (json_object_get(r, "sources"), k, s)
			if (strcmp(json_str_or(s, "message", ""), id) == 0)
				return r;
	}
	return NULL;
}

static json_t *row_of(
	const struct sight *s, const json_t *input, const json_t *result, const char *place)
{
	static const char *const of_input[] = {"id", "topic", "partition", "offset"};
	static const char *const of_result[] = {"reason", "class"};
	json_t *row = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(of_input); i++)
		json_object_set(row, of_input[i], json_object_get(input, of_input[i]));
	json_set_str(row, "place", place);
	for (size_t i = 0; i < ARRAY_SIZE(of_result); i++)
		json_set_str(row, of_result[i], json_str(result, of_result[i]));
	if (strcmp(place, "complaint") == 0)
		json_set_str(row, "complaint", json_str(result, "id"));
	json_set_int(row, "lane", s->record->partition);
	json_set_str(row, "at", json_str(s->entry->body, "at"));
	return row;
}

static void take_input(struct scan *x, const struct sight *s, const json_t *input)
{
	const char *id = json_str_or(input, "id", "");
	const json_t *result = result_on(s->entry->body, id);
	const char *place = json_str_or(result, "type", "noted");

	if (x->only ? strcmp(x->only, id) == 0 : strcmp(place, "dead") == 0)
		json_object_set_new(x->rows, id, row_of(s, input, result, place));
	else if (!x->only) /* decided anew: dead no more */
		json_object_del(x->rows, id);
}

static int on_decision(void *ctx, const struct sight *s)
{
	const json_t *input;
	size_t i;

	if (!s->entry)
		return 0;
	json_array_foreach (json_object_get(s->entry->body, "inputs"), i, input)
		if (strcmp(json_str_or(input, "type", ""), "message") == 0)
			take_input(ctx, s, input);
	return 0;
}

static int read_rows(struct ctl *c, int lane, const char *only, json_t **ret, struct err *e)
{
	struct scan x = {.only = only, .rows = json_object()};
	int r = tail_read_all(c, "complaints", lane, on_decision, &x, e);
	json_t *list = json_members(x.rows);

	if (r)
		json_decref(list);
	else
		*ret = list;
	return r;
}

int deads_read(struct ctl *c, int lane, json_t **ret, struct err *e)
{
	return read_rows(c, lane, NULL, ret, e);
}

int deads_place(struct ctl *c, const char *id, json_t **ret, struct err *e)
{
	_cleanup_json_ json_t *rows = NULL;
	int r = read_rows(c, -1, id, &rows, e);

	if (!r)
		*ret = json_incref(json_array_get(rows, 0));
	return r;
}

static const struct print_column columns[] = {{"id", "MESSAGE", false}, {"at", "DECIDED", false},
	{"topic", "TOPIC", false}, {"partition", "PARTITION", true}, {"offset", "OFFSET", true},
	{"reason", "REASON", false}, {}};

int ctl_dead_list(struct ctl *c)
{
	_cleanup_json_ json_t *rows = NULL;
	struct err e = {0};
	int lane = ctl_lane_opt(c);

	if (lane == -EINVAL)
		return CTL_USAGE;
	if (deads_read(c, lane, &rows, &e))
		return ctl_fail(c, "%s", e.text);
	if (c->json)
		print_json(c->out, rows);
	else
		print_table(c->out, columns, rows, "no message is dead");
	return CTL_OK;
}

/* --- one of them, with what was received --- */

struct shown {
	struct ctl *c;
	const json_t *row;
	const struct print_column *columns;
};

/* The record as it stands: JSON when it is some, else its bytes with what a terminal cannot show
 * replaced. */
static int show_record(void *ctx, const struct kafka_record *r)
{
	const struct shown *x = ctx;
	_cleanup_json_ json_t *record = NULL;
	_cleanup_free_ char *bytes = xstrndup(r->value ? r->value : "", r->value_len),
			    *clean = NULL;
	json_t *all;

	if (r->value)
		json_parse(r->value, r->value_len, SIZE_MAX, &record, NULL);
	clean = print_clean(bytes, true);
	if (x->c->json) {
		all = json_deep_copy(x->row);
		json_set_new(all, "record", record ? json_incref(record) : json_string(clean));
		print_json(x->c->out, all);
		json_decref(all);
		return 0;
	}
	print_object(x->c->out, x->columns, x->row);
	fputc('\n', x->c->out);
	if (record)
		print_json(x->c->out, record);
	else
		fprintf(x->c->out, "%s\n", clean);
	return 0;
}

int raw_show(struct ctl *c, const json_t *row, const struct print_column *with)
{
	struct shown x = {.c = c, .row = row, .columns = with};
	struct err e = {0};
	int r = kafka_read_one(&c->kafka, json_str_or(row, "topic", ""),
		(int32_t)json_int(row, "partition", 0), json_int(row, "offset", -1), show_record,
		&x, CTL_READ_MS, &e);

	if (r == -ENOENT)
		return ctl_fail(c, "its raw record is past its retention: %s", e.text);
	return r ? ctl_fail(c, "%s", e.text) : CTL_OK;
}

int ctl_dead_show(struct ctl *c)
{
	_cleanup_json_ json_t *row = NULL;
	struct err e = {0};
	int r = deads_place(c, c->args[0], &row, &e);

	if (r)
		return ctl_fail(c, "%s", e.text);
	if (!row)
		return ctl_fail(c, "no decision names this message (muaractl dead list)");
	return raw_show(c, row, columns);
}
