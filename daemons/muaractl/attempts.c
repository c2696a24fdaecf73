/* attempts: see attempts.h. States by lane rule 17; what has come to its end is forgotten. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"
#include "core/call_kind.h"
#include "core/ids.h"
#include "core/lane_record.h"

#include "attempts.h"
#include "snapshots.h"
#include "tail.h"

struct scan {
	json_t *open;	  /* "lane term/n" -> row */
	json_t *rejected; /* slot -> its key in open; a newer attempt takes its place */
	json_t *earlier;  /* slots of which an earlier attempt is done after all */
	json_t *refused;  /* "complaint destination" -> row; NULL: not asked for */
	json_t *typed;	  /* "lane term/n" -> row, filed by a person; NULL: not asked for */
};

static char *slot_key(const json_t *body)
{
	return xasprintf("%s %s %s %s", json_str_or(body, "complaint", ""),
		json_str_or(body, "destination", ""), json_str_or(body, "call", ""),
		json_str_or(body, "attachment", ""));
}

static char *refusal_key(const json_t *body)
{
	return xasprintf(
		"%s %s", json_str_or(body, "complaint", ""), json_str_or(body, "destination", ""));
}

/* What was refused or rejected before this attempt is no news any more. */
static void supersede(struct scan *x, const json_t *body)
{
	_cleanup_free_ char *slot = slot_key(body), *refusal = refusal_key(body);
	const char *old = json_str(x->rejected, slot);

	if (old)
		json_object_del(x->open, old);
	json_object_del(x->rejected, slot);
	if (x->refused)
		json_object_del(x->refused, refusal);
}

static void add(struct scan *x, int32_t lane, const struct lane_entry *en)
{
	static const char *const copied[] = {
		"complaint", "version", "destination", "system", "call"};
	_cleanup_free_ char *place =
		xasprintf("%llu/%llu", (unsigned long long)en->term, (unsigned long long)en->n);
	_cleanup_free_ char *key = xasprintf("%d %s", (int)lane, place);
	char ticket[TICKET_TEXT_SIZE] = "";
	json_t *row = json_object();

	supersede(x, en->body);
	json_set_str(row, "attempt", place);
	json_set_int(row, "lane", lane);
	json_set_str(row, "state", "in_flight");
	for (size_t i = 0; i < ARRAY_SIZE(copied); i++)
		json_object_set(row, copied[i], json_object_get(en->body, copied[i]));
	if (!ticket_of(json_str_or(en->body, "complaint", ""), ticket))
		json_set_str(row, "ticket", ticket);
	json_set_int(row, "number", json_int(en->body, "attempt", 0));
	json_set_str(row, "begun", json_str(en->body, "at"));
	json_set_str(row, "since", json_str(en->body, "at"));
	json_set_str(row, "reason", NULL);
	json_set_new(row, "http_status", json_null());
	json_object_set_new(x->open, key, row);
}

/* Lane rule 17: a rejection is more than a parking, whichever came first. */
static void wait_for_person(json_t *row, const struct lane_entry *en)
{
	if (strcmp(json_str_or(row, "state", ""), "rejected") == 0)
		return;
	json_set_str(row, "state", en->kind);
	json_set_str(row, "since", json_str(en->body, "at"));
	json_set_str(row, "reason", json_str(en->body, "reason"));
	if (json_object_get(en->body, "http_status"))
		json_object_set(row, "http_status", json_object_get(en->body, "http_status"));
}

static bool is_outcome_of_its_writer(const struct lane_entry *en, const char *intent)
{
	char term[24];

	snprintf(term, sizeof term, "%llu/", (unsigned long long)en->term);
	return lane_kind_is_outcome(en->kind) && strncmp(intent, term, strlen(term)) == 0;
}

static void settle(struct scan *x, const char *key, json_t *row, const struct lane_entry *en)
{
	_cleanup_free_ char *slot = slot_key(en->body);

	if (strcmp(en->kind, "rejected") == 0 && !json_object_get(x->earlier, slot)) {
		wait_for_person(row, en);
		json_set_str(x->rejected, slot, key);
	} else {
		json_object_del(x->open, key);
	}
}

/* DONE of an attempt that had been resolved: the one behind it, when it left nothing there, waits
 * for nobody. */
static void done_after_all(struct scan *x, const struct lane_entry *en, const char *intent)
{
	_cleanup_free_ char *slot = slot_key(en->body);

	if (strcmp(en->kind, "done") != 0 || !is_outcome_of_its_writer(en, intent))
		return;
	supersede(x, en->body);
	json_set_new(x->earlier, slot, json_true());
}

static void add_refused(struct scan *x, int32_t lane, const json_t *body)
{
	static const char *const copied[] = {
		"complaint", "version", "destination", "system", "call", "other", "reason"};
	_cleanup_free_ char *key = refusal_key(body);
	char ticket[TICKET_TEXT_SIZE] = "";
	json_t *row = json_object();

	json_set_str(row, "state", "refused");
	json_set_int(row, "lane", lane);
	for (size_t i = 0; i < ARRAY_SIZE(copied); i++)
		json_object_set(row, copied[i], json_object_get(body, copied[i]));
	if (!ticket_of(json_str_or(body, "complaint", ""), ticket))
		json_set_str(row, "ticket", ticket);
	json_set_str(row, "since", json_str(body, "at"));
	json_object_set_new(x->refused, key, row);
}

/* Told of, once more: what had been begun before the time the reminder names. */
static void count_reminder(struct scan *x, const json_t *body)
{
	const char *before = json_str_or(body, "before", ""), *key;
	json_t *row;

	json_object_foreach (x->open, key, row) {
		const char *state = json_str_or(row, "state", "");

		if (strcmp(json_str_or(row, "destination", ""),
			    json_str_or(body, "destination", "?")) == 0 &&
			(strcmp(state, "handed") == 0 || strcmp(state, "parked") == 0) &&
			strcmp(json_str_or(row, "begun", "~"), before) < 0)
			json_set_int(row, "reminded", json_int(row, "reminded", 0) + 1);
	}
}

static void take_word(struct scan *x, int32_t lane, const struct lane_entry *en)
{
	if (strcmp(en->kind, "refused") == 0)
		add_refused(x, lane, en->body);
	else if (strcmp(en->kind, "reminded") == 0)
		count_reminder(x, en->body);
}

static void resolved(struct scan *x, const char *key, json_t *row, const json_t *body)
{
	if (x->typed && call_creates(call_kind_parse(json_str(row, "call"))) &&
		strcmp(json_str_or(body, "resolution", ""), "filed") == 0 &&
		strcmp(json_str_or(body, "by", ""), "person") == 0) {
		json_set_str(row, "state", "filed");
		json_object_set(x->typed, key, row);
	}
	json_object_del(x->open, key);
}

static int on_submission(void *ctx, const struct sight *s)
{
	struct scan *x = ctx;
	const struct lane_entry *en = s->entry;
	const char *intent = en ? json_str(en->body, "intent") : NULL;
	_cleanup_free_ char *key = NULL;
	json_t *row;

	if (en && strcmp(en->kind, "intent") == 0)
		add(x, s->record->partition, en);
	else if (en && x->refused && s->ruling == LANE_COUNTS)
		take_word(x, s->record->partition, en);
	if (!intent)
		return 0;
	key = xasprintf("%d %s", (int)s->record->partition, intent);
	row = json_object_get(x->open, key);
	if (!row)
		done_after_all(x, en, intent);
	else if (strcmp(en->kind, "resolved") == 0)
		resolved(x, key, row, en->body);
	else if (!lane_kind_is_outcome(en->kind))
		wait_for_person(row, en);
	else if (is_outcome_of_its_writer(en, intent))
		settle(x, key, row, en);
	return 0;
}

static int read_scan(struct ctl *c, int lane, struct scan *x, struct err *e)
{
	int r;

	x->open = json_object();
	x->rejected = json_object();
	x->earlier = json_object();
	r = tail_read_all(c, "submissions", lane, on_submission, x, e);
	json_decref(x->rejected);
	json_decref(x->earlier);
	return r;
}

int attempts_waiting(struct ctl *c, int lane, json_t **ret, struct err *e)
{
	struct scan x = {.refused = json_object()};
	int r = read_scan(c, lane, &x, e);
	json_t *list = json_array(), *row;
	const char *key;

	json_object_foreach (x.open, key, row)
		if (strcmp(json_str_or(row, "state", ""), "in_flight") != 0)
			json_array_append(list, row);
	json_object_foreach (x.refused, key, row)
		json_array_append(list, row);
	json_decref(x.open);
	json_decref(x.refused);
	if (r)
		json_decref(list);
	else
		*ret = list;
	return r;
}

/* Those that are open, or those filed under a number a person typed. */
static int read_rows(struct ctl *c, int lane, bool typed, json_t **ret, struct err *e)
{
	struct scan x = {.typed = typed ? json_object() : NULL};
	int r = read_scan(c, lane, &x, e);
	json_t *list = json_members(json_incref(typed ? x.typed : x.open));

	json_decref(x.open);
	json_decref(x.typed);
	if (r)
		json_decref(list);
	else
		*ret = list;
	return r;
}

int attempts_read(struct ctl *c, int lane, json_t **ret, struct err *e)
{
	return read_rows(c, lane, false, ret, e);
}

/* --- by what a person typed --- */

static bool attempt_matches(const struct ctl *c, const struct ref *ref, const json_t *row)
{
	const char *destination = ctl_opt(c, "--destination");

	if (destination && strcmp(destination, json_str_or(row, "destination", "")) != 0)
		return false;
	if (strchr(c->args[0], '/'))
		return strcmp(c->args[0], json_str_or(row, "attempt", "")) == 0;
	return (*ref->id && strcmp(ref->id, json_str_or(row, "complaint", "")) == 0) ||
	       (*ref->ticket && strcmp(ref->ticket, json_str_or(row, "ticket", "")) == 0);
}

/* The complaint a message's ticket means is not known to `submissions`: ask `complaints`. */
static int widen(struct ctl *c, struct ref *ref, struct err *e)
{
	_cleanup_json_ json_t *found = NULL;
	int r = ref_find(c, ref, &found, e);

	if (!r && json_array_size(found) == 1)
		snprintf(ref->id, sizeof ref->id, "%s",
			json_str_or(
				json_object_get(json_array_get(found, 0), "snapshot"), "id", ""));
	return r;
}

static json_t *matching(const struct ctl *c, const struct ref *ref, const json_t *rows)
{
	json_t *some = json_array();
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (attempt_matches(c, ref, row))
			json_array_append(some, (json_t *)(uintptr_t)row);
	return some;
}

int attempts_find(struct ctl *c, bool typed, json_t **ret)
{
	_cleanup_(ref_free) struct ref ref = {0};
	_cleanup_json_ json_t *rows = NULL;
	struct err e = {0};
	int lane = ctl_lane_opt(c);

	if (lane == -EINVAL)
		return CTL_USAGE;
	if ((!strchr(c->args[0], '/') && ref_parse(c->args[0], &ref, &e)) ||
		read_rows(c, lane, typed, &rows, &e))
		return ctl_fail(c, "%s", e.text);
	*ret = matching(c, &ref, rows);
	if (json_array_size(*ret) || strchr(c->args[0], '/'))
		return CTL_OK;
	json_decref(*ret);
	*ret = NULL;
	if (widen(c, &ref, &e))
		return ctl_fail(c, "%s", e.text);
	*ret = matching(c, &ref, rows);
	return CTL_OK;
}

/* --- whose is a number? --- */

struct holder {
	const char *system, *number, *complaint;
	char *ticket;
};

static int on_number(void *ctx, const struct sight *s)
{
	struct holder *h = ctx;
	const json_t *b = s->entry ? s->entry->body : NULL;
	const char *complaint = json_str_or(b, "complaint", "");
	char ticket[TICKET_TEXT_SIZE] = "";

	if (b && strcmp(json_str_or(b, "was", ""), h->number) == 0 &&
		strcmp(json_str_or(b, "system", ""), h->system) == 0 &&
		!ticket_of(complaint, ticket) && strcmp(ticket, h->ticket) == 0)
		*h->ticket = '\0'; /* it was typed wrong */
	if (!b || strcmp(json_str_or(b, "remote_id", ""), h->number) != 0 ||
		strcmp(json_str_or(b, "system", ""), h->system) != 0 ||
		!call_creates(call_kind_parse(json_str(b, "call"))) ||
		strcmp(complaint, h->complaint) == 0)
		return 0;
	if (strcmp(s->entry->kind, "done") == 0 || strcmp(s->entry->kind, "resolved") == 0 ||
		strcmp(s->entry->kind, "corrected") == 0)
		(void)ticket_of(complaint, h->ticket);
	return 0;
}

int attempts_holder(struct ctl *c, const char *system, const char *number, const char *complaint,
	char ret_ticket[TICKET_TEXT_SIZE], struct err *e)
{
	struct holder h = {
		.system = system, .number = number, .complaint = complaint, .ticket = ret_ticket};

	*ret_ticket = '\0';
	return tail_read_all(c, "submissions", -1, on_number, &h, e);
}
