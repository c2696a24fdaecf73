/* inputs: `commands` and, once the own log is read, `complaints` of the lane, both from their
 * start, and how far they are read.
 *
 * "Read to its end" is a claim about a moment: the ends are asked for (asker.h) after that moment
 * and then reached. End-of-partition events of the consumer only help to pass over holes that
 * compaction left; they say nothing about now. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"
#include "core/command.h"
#include "core/ids.h"

#include "forwarder.h"

#define READ_RETRY_MS	5000
#define LOOK_RETRY_MS	200	    /* the lane's tick comes as often */
#define PARSED_TEXT_MAX (16 * 1024) /* longer ones are parsed anew: little is kept for nothing */

int inputs_open(struct lane *l, struct lane_member *m, struct err *e)
{
	struct lane_reader_conf c = {
		.log_name = "complaints", .lane = l->number, .kinds = lane_log_kinds("complaints")};
	int r = lane_reader_new(&c, &l->reader, e);

	if (!r)
		r = lane_member_add_input(
			m, l->fwd->topics[IN_COMMANDS], l->number, KAFKA_BEGIN, e);
	return r;
}

static void trouble(struct lane *l, const char *text)
{
	if (*l->trouble)
		return;
	snprintf(l->trouble, sizeof l->trouble, "%s", text);
	log_error("lane %d: nothing is filed, a person must look: %s", (int)l->number, text);
}

/* Only now: with the own log read, most of `complaints` is known to be filed as it comes, and its
 * texts need not be kept. */
void inputs_owned(struct lane *l)
{
	struct err e = {0};

	if (l->reads_complaints)
		return;
	l->reads_complaints = true;
	if (lane_member_add_input(l->fwd->member, l->fwd->topics[IN_COMPLAINTS], l->number, 0, &e))
		trouble(l, e.text);
}

static int input_of(const struct lane *l, const char *topic)
{
	return strcmp(topic, l->fwd->topics[IN_COMPLAINTS]) == 0 ? IN_COMPLAINTS : IN_COMMANDS;
}

static void went_on(struct lane *l, int input, int64_t next)
{
	l->position[input] = MAX(l->position[input], next);
	if (l->start_known && !l->caught_up) {
		l->caught_up = l->position[IN_COMPLAINTS] >= l->start_ends[IN_COMPLAINTS] &&
			       l->position[IN_COMMANDS] >= l->start_ends[IN_COMMANDS];
		if (l->caught_up)
			log_notice("lane %d: inputs are read, filing begins", (int)l->number);
	}
	lane_soon(l);
}

/* --- records --- */

static uint8_t intern(void *ctx, const char *destination)
{
	struct lane *l = ctx;

	return ledger_name(&l->ledger, destination);
}

static void on_decision(void *ctx, const struct lane_entry *en)
{
	struct lane *l = ctx;
	struct err e = {0};

	if (worklist_apply(&l->work, en->kind, en->body, en->offset, intern, l, &e))
		trouble(l, e.text);
}

static void take_complaint(struct lane *l, const struct kafka_record *r)
{
	const char *ours = lane_log_installation(l->log), *theirs;
	struct err e = {0};

	if (lane_reader_feed(l->reader, r, on_decision, l, &e)) {
		trouble(l, e.text);
		return;
	}
	theirs = lane_reader_installation(l->reader);
	if (*ours && *theirs && strcmp(ours, theirs) != 0)
		trouble(l,
			"complaints and submissions are of two installations; see muaractl check");
}

static void take_command(struct lane *l, const struct kafka_record *r)
{
	json_t *command = NULL;
	struct err e = {0};
	int rc;

	if (!r->value)
		return;
	rc = command_parse(r->value, r->value_len, &command, &e);
	if (rc == -EPROTO) {
		err_prefix(&e, "commands offset %" PRId64, r->offset);
		trouble(l, e.text);
	} else if (rc) {
		log_warn("commands offset %" PRId64 " is unusable and ignored: %s", r->offset,
			e.text);
	} else if (strcmp(json_str_or(command, "for", ""), "forwarder") != 0) {
		json_decref(command);
	} else {
		acts_add(l, command, r->offset);
	}
}

int inputs_record(void *obj, const struct kafka_record *r)
{
	struct lane *l = obj;
	int input = input_of(l, r->topic);

	daemon_progress();
	if (input == IN_COMPLAINTS)
		take_complaint(l, r);
	else
		take_command(l, r);
	went_on(l, input, r->offset + 1);
	return 0;
}

void inputs_eof(void *obj, const char *topic, int64_t next_offset)
{
	struct lane *l = obj;
	int input = input_of(l, topic);
	struct err e = {0};

	if (input == IN_COMPLAINTS && lane_reader_eof(l->reader, next_offset, &e) == -EBADMSG)
		trouble(l, e.text);
	went_on(l, input, next_offset);
}

void inputs_error(void *obj, const char *topic, int err, const char *text)
{
	struct lane *l = obj;
	char why[200];

	if (err == -ENOENT) /* the broker is starting, or topics are not made yet */
		return;
	snprintf(why, sizeof why, "topic %s: %s", topic, text);
	trouble(l, why);
}

/* --- looks --- */

static void take_ends(struct lane *l, const int64_t ends[INPUTS])
{
	if (l->look_is_hold)
		l->hold_end = ends[IN_COMMANDS];
	if (l->look_is_start) {
		memcpy(l->start_ends, ends, sizeof l->start_ends);
		l->start_known = true;
	}
	for (struct attempt *a = l->attempts; a; a = a->next)
		if (a->state == ATT_LOOKING && !a->ends_known) {
			memcpy(a->ends, ends, sizeof a->ends);
			a->ends_known = true;
		}
}

static void on_ends(void *ctx, int rc, const int64_t ends[ASKER_TOPICS], const struct err *e)
{
	struct lane *l = ctx;

	daemon_progress();
	l->look_under_way = false;
	if (rc) {
		log_warn("lane %d: ends of the inputs are not known: %s", (int)l->number, e->text);
		l->look_not_before_ms = clock_mono_ms() + LOOK_RETRY_MS;
	} else {
		take_ends(l, ends);
	}
	went_on(l, IN_COMPLAINTS, 0);
}

void inputs_look(struct lane *l)
{
	bool attempts = false;

	if (l->look_under_way || clock_mono_ms() < l->look_not_before_ms)
		return;
	l->look_is_start = lane_log_owned(l->log) && !l->start_known;
	l->look_is_hold = l->held && l->hold_end < 0;
	for (struct attempt *a = l->attempts; a; a = a->next) {
		if (a->state == ATT_CONFIRMED)
			a->state = ATT_LOOKING;
		attempts |= a->state == ATT_LOOKING && !a->ends_known;
	}
	if (!attempts && !l->look_is_start && !l->look_is_hold)
		return;
	l->look_under_way = true;
	asker_ends(l->fwd->looks, (const char *const *)l->fwd->topics, l->number, on_ends, l);
}

/* --- texts that were dropped --- */

static json_t *snapshot_in(const char *value, size_t len, const struct work *row)
{
	_cleanup_json_ json_t *decision = NULL;
	const json_t *c;
	uint8_t id[16];
	size_t i;

	if (json_parse(value, len, 2 * LANE_RECORD_MAX, &decision, NULL))
		return NULL;
	json_array_foreach (json_object_get(decision, "results"), i, c)
		if (strcmp(json_str_or(c, "type", ""), "complaint") == 0 &&
			!uuid_parse(json_str_or(c, "id", ""), id) &&
			memcmp(id, row->id, sizeof id) == 0 &&
			json_int(c, "version", 0) == row->version)
			return json_incref((json_t *)(uintptr_t)c);
	return NULL;
}

static void on_text(void *ctx, int rc, const char *value, size_t len, const struct err *e)
{
	struct lane *l = ctx;
	uint32_t index = l->reading;
	struct work *row = worklist_at(&l->work, index);
	_cleanup_json_ json_t *snapshot = rc ? NULL : snapshot_in(value, len, row);
	char id[UUID_TEXT_SIZE];

	daemon_progress();
	l->reading = IDMAP_NONE;
	for (struct attempt *a = l->attempts; snapshot && a; a = a->next)
		if (a->state == ATT_FOREIGN && !a->snapshot &&
			memcmp(a->complaint, row->id, sizeof a->complaint) == 0)
			a->snapshot = json_incref(snapshot);
	if (snapshot && !row->snapshot) {
		work_keep_text(&l->work, row, snapshot);
	} else if (!row->snapshot) { /* a newer version, or the broker is away: again, later */
		uuid_format(row->id, id);
		log_warn("complaint %s: its text is not read: %s", id,
			rc ? e->text : "it is another version now");
		l->read_not_before_ms = clock_mono_ms() + READ_RETRY_MS;
	}
	if (rc == -ENOENT) { /* erased */
		work_finished(&l->work, index);
		return;
	}
	work_again(&l->work, index, true);
	lane_soon(l);
}

void inputs_read(struct lane *l, uint32_t index)
{
	l->reading = index;
	asker_record(l->fwd->reads, l->fwd->topics[IN_COMPLAINTS], l->number,
		worklist_at(&l->work, index)->offset, on_text, l);
}

/* A row is looked at again when its call has ended, soon after it was parsed for it. */
static json_t *recall(const struct lane *l, uint32_t index, uint32_t version)
{
	for (size_t i = 0; i < PARSED_MAX; i++) {
		const struct parsed *p = &l->parsed[i];

		if (p->snapshot && p->row == index && p->version == version)
			return json_incref(p->snapshot);
	}
	return NULL;
}

/* The oldest makes room. */
static void remember(struct lane *l, uint32_t index, uint32_t version, json_t *snapshot)
{
	struct parsed *p = &l->parsed[l->next_parsed++ % PARSED_MAX];

	json_decref(p->snapshot);
	*p = (struct parsed){.row = index, .version = version, .snapshot = json_incref(snapshot)};
}

/* It came parsed, and its turn comes soon: of a long backlog nothing would be left by then. */
void inputs_kept(void *ctx, const struct work *row, json_t *snapshot)
{
	struct lane *l = ctx;

	if (l->work.queues[row->destination].n < PARSED_MAX / 2 &&
		strlen(row->snapshot) <= PARSED_TEXT_MAX)
		remember(l, idmap_index(&l->work.rows, row), row->version, snapshot);
}

json_t *inputs_snapshot(struct lane *l, uint32_t index)
{
	const struct work *row = worklist_at(&l->work, index);
	struct err e = {0};
	json_t *j = NULL;
	size_t len;

	if (!row->snapshot)
		return NULL;
	j = recall(l, index, row->version);
	if (j)
		return j;
	len = strlen(row->snapshot);
	if (json_parse(row->snapshot, len, 2 * LANE_RECORD_MAX, &j, &e))
		trouble(l, e.text); /* it was JSON when it came */
	else if (len <= PARSED_TEXT_MAX)
		remember(l, index, row->version, j);
	return j;
}

void inputs_free(struct lane *l)
{
	for (size_t i = 0; i < PARSED_MAX; i++)
		json_decref(l->parsed[i].snapshot);
}
