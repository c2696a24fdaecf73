/* submission: see submission.h. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "core/ids.h"

#include "submission.h"

static json_t *new_body(void)
{
	json_t *b = json_object();
	char at[TIME_TEXT_SIZE];

	if (!b)
		abort();
	time_format(clock_wall_ms(), at);
	json_set_str(b, "schema", "muara.submission/1");
	json_set_str(b, "at", at);
	return b;
}

static json_t *new_call(const struct submission_head *h)
{
	json_t *b = new_body();
	char id[UUID_TEXT_SIZE];

	uuid_format(h->complaint, id);
	json_set_str(b, "complaint", id);
	json_set_int(b, "version", h->version);
	json_set_str(b, "destination", h->destination);
	json_set_str(b, "system", h->system);
	json_set_str(b, "call", call_kind_name(h->call));
	json_set_int(b, "attempt", h->attempt);
	if (h->attachment)
		json_set_str(b, "attachment", h->attachment);
	if (h->call == CALL_FOLLOWUP)
		json_set_int(b, "part", h->part);
	return b;
}

static void set_intent(json_t *b, const struct lane_key *intent)
{
	char key[LANE_KEY_SIZE];

	lane_key_format(intent->term, intent->n, key);
	json_set_str(b, "intent", key);
}

struct submission_head submission_head_of(
	const struct ledger *l, const struct slot *s, const char *attachment)
{
	struct submission_head h = {.version = s->version,
		.destination = l->names[s->destination],
		.system = l->names[s->system],
		.call = (enum call_kind)s->call,
		.attempt = s->attempt,
		.attachment = attachment,
		.part = s->call == CALL_FOLLOWUP ? s->part : 0};

	memcpy(h.complaint, s->complaint, sizeof h.complaint);
	return h;
}

json_t *submission_intent(const struct submission_head *h, const struct submission_told *told,
	const char *content_hash)
{
	json_t *b = new_call(h);

	json_set_str(b, "content_hash", content_hash);
	if (told->sources)
		json_object_set(b, "sources", told->sources);
	if (json_array_size(told->cut))
		json_object_set(b, "cut", told->cut);
	if (told->files)
		json_object_set(b, "attachments", told->files);
	if (told->left_out)
		json_set_int(b, "left_out", (int64_t)told->left_out);
	return b;
}

static void set_remote_id(json_t *b, uint64_t remote_id)
{
	char text[24];

	if (!remote_id)
		return;
	snprintf(text, sizeof text, "%" PRIu64, remote_id);
	json_set_str(b, "remote_id", text);
}

json_t *submission_outcome(const struct submission_head *h, const struct lane_key *intent,
	const struct submission_result *r)
{
	json_t *b = new_call(h);

	set_intent(b, intent);
	json_set_str(b, "reason", r->reason);
	if (r->http_status)
		json_set_int(b, "http_status", r->http_status);
	if (r->curl)
		json_set_int(b, "curl", r->curl);
	set_remote_id(b, r->remote_id);
	if (*r->answer_sha256)
		json_set_str(b, "answer_sha256", r->answer_sha256);
	if (*r->answer_blob)
		json_set_str(b, "answer_blob", r->answer_blob);
	return b;
}

json_t *submission_status(const struct submission_head *h, const struct submission_status *s)
{
	json_t *b = new_call(h);

	set_remote_id(b, s->remote_id);
	json_set_str(b, "status", report_status_name(s->status));
	json_set_str(b, "status_name", s->name);
	if (json_array_size(s->answers))
		json_object_set(b, "answers", s->answers);
	return b;
}

json_t *submission_resolved(const struct submission_head *h, const struct lane_key *intent,
	const char *resolution, const char *remote_id, const char *reason, const char *command)
{
	json_t *b = new_call(h);

	set_intent(b, intent);
	json_set_str(b, "resolution", resolution);
	json_set_str(b, "reason", reason);
	if (remote_id)
		json_set_str(b, "remote_id", remote_id);
	if (command)
		json_set_str(b, "command", command);
	json_set_str(b, "by", command ? "person" : "forwarder");
	return b;
}

json_t *submission_corrected(const struct submission_head *h, const struct lane_key *intent,
	const char *remote_id, uint64_t was, const char *command)
{
	json_t *b = new_call(h);

	set_intent(b, intent);
	set_remote_id(b, was);
	json_object_set(b, "was", json_object_get(b, "remote_id"));
	json_set_str(b, "remote_id", remote_id);
	json_set_str(b, "reason", "person");
	json_set_str(b, "command", command);
	json_set_str(b, "by", "person");
	return b;
}

json_t *submission_refused(
	const struct submission_head *h, const uint8_t other[16], const char *reason)
{
	json_t *b = new_call(h);
	char id[UUID_TEXT_SIZE];

	uuid_format(other, id);
	json_set_str(b, "other", id);
	json_set_str(b, "reason", reason);
	return b;
}

json_t *submission_command(const char *command, const char *what, const char *destination,
	const char *result, const char *reason)
{
	json_t *b = new_body();

	json_set_str(b, "command", command);
	json_set_str(b, "what", what);
	if (destination)
		json_set_str(b, "destination", destination);
	json_set_str(b, "result", result);
	if (reason)
		json_set_str(b, "reason", reason);
	return b;
}

json_t *submission_reminded(const char *destination, const char *day, int64_t before_ms,
	int64_t oldest_ms, long sheets, long parked)
{
	json_t *b = new_body();
	char time[TIME_TEXT_SIZE];

	json_set_str(b, "destination", destination);
	json_set_str(b, "day", day);
	time_format(before_ms, time);
	json_set_str(b, "before", time);
	time_format(oldest_ms, time);
	json_set_str(b, "oldest", time);
	json_set_int(b, "sheets", sheets);
	json_set_int(b, "parked", parked);
	return b;
}

json_t *submission_hold(const char *destination, const char *state, const char *reason)
{
	json_t *b = new_body();

	json_set_str(b, "destination", destination);
	json_set_str(b, "state", state);
	json_set_str(b, "reason", reason);
	return b;
}
