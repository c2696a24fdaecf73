/* balance: `muaractl balance`: reads the books and shows their sum.
 * Known gap: while a lane that lost records is decided anew (`restore --accept`), what had been
 * committed before and is not decided again yet is called lost. */
#include <errno.h>

#include "base/json.h"
#include "base/util.h"

#include "books.h"
#include "books_read.h"
#include "commands.h"
#include "emergencies.h"
#include "print.h"

/* --- the answer for people --- */

static const struct print_column message_columns[] = {{"tenant", "TENANT", false},
	{"channel", "CHANNEL", false}, {"accepted", "ACCEPTED", true},
	{"complaint", "= COMPLAINT", true}, {"noted", "+ NOTED", true},
	{"archived", "+ ARCHIVED", true}, {"dead", "+ DEAD", true},
	{"under_way", "+ UNDER WAY", true}, {"lost", "+ LOST", true},
	{"repeated", "(REPEATED)", true}, {}};
static const struct print_column ready_columns[] = {{"destination", "DESTINATION", false},
	{"complaints", "COMPLAINTS", true}, {"done", "= DONE", true},
	{"filed_by_hand", "+ BY HAND", true}, {"dropped", "+ DROPPED", true},
	{"parked", "+ PARKED", true}, {"handed", "+ HANDED", true},
	{"rejected", "+ REJECTED", true}, {"refused", "+ REFUSED", true},
	{"in_flight", "+ IN FLIGHT", true}, {"waiting", "+ WAITING", true}, {}};
static const struct print_column fault_columns[] = {
	{"fault", "FAULT", false}, {"id", "ID", false}, {"detail", "DETAIL", false}, {}};
static const struct print_column missing_columns[] = {{"id", "MESSAGE", false},
	{"topic", "TOPIC", false}, {"partition", "PARTITION", true}, {"offset", "OFFSET", true},
	{"state", "STATE", false}, {}};

static void print_counts(FILE *out, const char *title, json_t *counts)
{
	const char *key;
	json_t *v;
	int n = 0;

	if (!json_object_size(counts))
		return;
	fprintf(out, "%s: ", title);
	json_object_foreach (counts, key, v)
		fprintf(out, "%s%s %lld", n++ ? ", " : "", key, (long long)json_integer_value(v));
	fputc('\n', out);
}

static void print_rest(FILE *out, const json_t *sum)
{
	int64_t before = json_int(sum, "decided_before", 0), newer = json_int(sum, "newer", 0);

	if (before)
		fprintf(out,
			"%lld more messages are decided whose raw record is past its retention\n",
			(long long)before);
	if (newer)
		fprintf(out, "%lld more messages came and were decided while this was read\n",
			(long long)newer);
}

static void print_sum(const struct ctl *c, const json_t *sum)
{
	const json_t *faults = json_object_get(sum, "faults");

	print_table(c->out, message_columns, json_object_get(sum, "messages"),
		"no messages were accepted yet");
	print_counts(c->out, "archived", json_object_get(sum, "archived"));
	print_rest(c->out, sum);
	fputc('\n', c->out);
	print_counts(c->out, "complaints", json_object_get(sum, "complaints"));
	print_table(c->out, ready_columns, json_object_get(sum, "ready"), NULL);
	print_counts(c->out, "emergencies", json_object_get(sum, "emergencies"));
	if (json_object_get(sum, "missing")) {
		fputc('\n', c->out);
		print_table(c->out, missing_columns, json_object_get(sum, "missing"),
			"nothing is missing");
	}
	if (json_array_size(faults)) {
		fputc('\n', c->out);
		print_table(c->out, fault_columns, faults, NULL);
	} else {
		fputs("balanced: every accepted message is in exactly one place, or under way\n",
			c->out);
	}
}

/* Those that rang, and what became of them. */
static int add_emergencies(struct ctl *c, int lane, json_t *sum, struct err *e)
{
	_cleanup_json_ json_t *events = NULL;
	int r = emergencies_read(c, lane, &events, e);

	if (!r)
		json_set_new(sum, "emergencies", emergencies_count(events));
	return r;
}

int ctl_balance(struct ctl *c)
{
	struct books *books = books_new();
	_cleanup_json_ json_t *sum = NULL;
	struct err e = {0};
	int lane = ctl_lane_opt(c), r;

	r = lane == -EINVAL ? lane : books_read(c, lane, books, &e);
	if (!r)
		sum = books_sum(books, ctl_opt(c, "--list-missing") != NULL);
	books_free(books);
	if (lane == -EINVAL)
		return CTL_USAGE;
	if (!r)
		r = add_emergencies(c, lane, sum, &e);
	if (r)
		return ctl_fail(c, "%s", e.text);
	if (c->json)
		print_json(c->out, sum);
	else
		print_sum(c, sum);
	if (json_flag(sum, "balanced"))
		return CTL_OK;
	return ctl_fail(c, "the books do not balance: %zu faults",
		json_array_size(json_object_get(sum, "faults")));
}
