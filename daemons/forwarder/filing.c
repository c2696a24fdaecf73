/* filing: see filing.h. */
#include <string.h>

#include "base/json.h"

#include "filing.h"
#include "news.h"

static void call_next(
	struct filing_step *ret, enum call_kind call, const struct slot *s, const char *why)
{
	ret->what = FILING_CALL;
	ret->call = call;
	ret->attempt = s ? s->attempt + 1u : 1;
	ret->why = why;
}

static void end(struct filing_step *ret, enum filing_what what, const char *why)
{
	ret->what = what;
	ret->why = why;
}

/* --- may it be created at all? --- */

/* The complaint itself at another destination that files into the same system: its destination was
 * changed after a call that may have stored it. */
static bool elsewhere(
	const struct ledger *l, const uint8_t id[16], uint8_t destination, uint8_t system)
{
	for (unsigned d = 1; d < l->n_names; d++) {
		const struct slot *s = d == destination ? NULL : ledger_filing(l, id, (uint8_t)d);

		if (s && s->system == system && slot_blocks(s))
			return true;
	}
	return false;
}

bool filing_conflict(const struct ledger *l, const json_t *complaint, const uint8_t id[16],
	uint8_t destination, uint8_t system, uint8_t ret_other[16])
{
	const struct slot *s =
		ledger_conflict(l, json_object_get(complaint, "sources"), system, id);

	if (s)
		memcpy(ret_other, s->complaint, 16);
	else if (elsewhere(l, id, destination, system))
		memcpy(ret_other, id, 16);
	else
		return false;
	return true;
}

/* A refusal stands for its version, whatever became of the other one since: the normalizer has
 * taken the complaint back to a person, whose release is a new version. */
static bool refused(const struct filing_view *v, enum call_kind call, struct filing_step *ret)
{
	const struct refusal *r = ledger_refusal(v->ledger, v->id, v->destination);

	if (r && r->version == v->version) {
		end(ret, FILING_FINISHED, "refused");
		return true;
	}
	if (!filing_conflict(v->ledger, v->complaint, v->id, v->destination, v->system, ret->other))
		return false;
	end(ret, FILING_REFUSE, "source-filed-already");
	ret->call = call;
	ret->attempt = 1;
	return true;
}

/* --- uploads --- */

static const struct slot *upload_slot(const struct filing_view *v, const json_t *attachment)
{
	return ledger_slot(
		v->ledger, v->id, v->destination, CALL_UPLOAD, json_str(attachment, "sha256"));
}

/* True when a file still has to be uploaded, or is being. */
static bool uploads(const struct filing_view *v, struct filing_step *ret)
{
	const json_t *list = json_object_get(v->complaint, "attachments"), *a;
	size_t i;

	if (!profile_call(v->profile, CALL_UPLOAD)->present)
		return false;
	json_array_foreach (list, i, a) {
		const struct slot *s;

		if (!json_str(a, "sha256") || !profile_attachment(v->profile, v->complaint, a))
			continue;
		s = upload_slot(v, a);
		if (slot_open(s)) {
			call_next(ret, CALL_UPLOAD, s, "upload");
			ret->attachment = a;
			return true;
		}
		if (s->state == SLOT_INTENT || s->state == SLOT_PARKED) {
			end(ret, FILING_WAIT, "upload-open");
			return true;
		}
	}
	return false;
}

size_t filing_files(const struct filing_view *v, struct profile_file files[static FILING_FILES_MAX])
{
	const json_t *list = json_object_get(v->complaint, "attachments"), *a;
	size_t i, n = 0;

	json_array_foreach (list, i, a) {
		const struct slot *s = json_str(a, "sha256") ? upload_slot(v, a) : NULL;

		if (!s || (s->state != SLOT_DONE && s->state != SLOT_FILED) || !s->remote_id ||
			!profile_attachment(v->profile, v->complaint, a) || n == FILING_FILES_MAX)
			continue;
		files[n++] = (struct profile_file){
			.attachment = json_str(a, "sha256"), .remote_id = s->remote_id};
	}
	return n;
}

/* --- the three stages --- */

static void create_next(
	const struct filing_view *v, const struct slot *filing, struct filing_step *ret)
{
	enum call_kind call = profile_kind(v->profile) == PROFILE_SHEET ? CALL_SHEET : CALL_CREATE;
	const struct slot *s = ledger_slot(v->ledger, v->id, v->destination, call, NULL);

	if (refused(v, call, ret))
		return;
	/* A second attempt has been left alone long enough. */
	if (!filing && v->now_ms < v->ready_ms + v->settle_ms) {
		end(ret, FILING_SETTLE, "settle");
		ret->call = call;
		ret->not_before_ms = v->ready_ms + v->settle_ms;
		return;
	}
	if (call == CALL_SHEET || !uploads(v, ret))
		call_next(ret, call, s, "create");
}

static void handover_next(
	const struct filing_view *v, const struct slot *filing, struct filing_step *ret)
{
	const struct slot *s = ledger_slot(v->ledger, v->id, v->destination, CALL_HANDOVER, NULL);

	if (filing->call == CALL_SHEET || !profile_call(v->profile, CALL_HANDOVER)->present ||
		!profile_institution(v->profile, v->complaint, v->settings, v->agencies)) {
		end(ret, FILING_FINISHED, "filed");
	} else if (!slot_open(s)) {
		bool open = s->state == SLOT_INTENT || s->state == SLOT_PARKED;

		end(ret, open ? FILING_WAIT : FILING_FINISHED, open ? "handover-open" : "filed");
	} else if (!filing->remote_id) {
		end(ret, FILING_FINISHED, "filed-without-number");
	} else {
		call_next(ret, CALL_HANDOVER, s, "handover");
		ret->remote_id = filing->remote_id;
	}
}

/* The part of this version that may be tried now; 0: none, and ret says why. */
static unsigned open_part(
	const struct filing_view *v, const struct slot **ret_slot, struct filing_step *ret)
{
	char name[LEDGER_PART_SIZE];

	for (unsigned part = 1; part <= LEDGER_PARTS_MAX; part++) {
		const struct slot *s = ledger_slot(v->ledger, v->id, v->destination, CALL_FOLLOWUP,
			ledger_part(v->version, part, name));

		*ret_slot = s;
		if (slot_open(s))
			return part;
		if (s->state == SLOT_INTENT) {
			end(ret, FILING_WAIT, "follow-up-open");
			return 0;
		}
		/* Of one with files the rest goes on without what it may have been. */
		if (s->state == SLOT_REJECTED && !(s->flags & SLOT_F_FILES)) {
			end(ret, FILING_FINISHED, "follow-up-rejected");
			return 0;
		}
	}
	end(ret, FILING_FINISHED, "too-many-follow-ups");
	return 0;
}

/* What came after it was filed. ret holds why nothing else is to be done, and keeps it when there
 * is no news. */
static void follow_up_next(
	const struct filing_view *v, const struct slot *filing, struct filing_step *ret)
{
	const struct slot *s;
	struct news news;
	unsigned part;

	if (!filing->remote_id || !news_of(v, &news))
		return;
	part = open_part(v, &s, ret);
	if (!part)
		return;
	if (v->now_ms < v->ready_ms + v->follow_up_settle_ms) {
		end(ret, FILING_SETTLE, "settle");
		ret->call = CALL_FOLLOWUP;
		ret->not_before_ms = v->ready_ms + v->follow_up_settle_ms;
		return;
	}
	call_next(ret, CALL_FOLLOWUP, s, "follow-up");
	ret->part = part;
	ret->remote_id = filing->remote_id;
}

/* A call of it that travels goes first; one that waits for a person does not hold up the news. */
static bool on_its_way(const struct filing_view *v)
{
	const struct slot *s = ledger_slot(v->ledger, v->id, v->destination, CALL_HANDOVER, NULL);

	return s && s->state == SLOT_INTENT;
}

void filing_next(const struct filing_view *v, struct filing_step *ret)
{
	const struct slot *filing = ledger_filing(v->ledger, v->id, v->destination);

	*ret = (struct filing_step){0};
	if (slot_open(filing) || (filing->state == SLOT_REJECTED && v->version > filing->version)) {
		create_next(v, filing, ret);
		return;
	}
	switch ((enum slot_state)filing->state) {
	case SLOT_REJECTED:
	case SLOT_DROPPED:
		end(ret, FILING_FINISHED, slot_state_name((enum slot_state)filing->state));
		break;
	case SLOT_FILED:
	case SLOT_DONE:
		handover_next(v, filing, ret);
		if (ret->what != FILING_CALL && !on_its_way(v))
			follow_up_next(v, filing, ret);
		break;
	default:
		end(ret, FILING_WAIT, slot_state_name((enum slot_state)filing->state));
	}
}
