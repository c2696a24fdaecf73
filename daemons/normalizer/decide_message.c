/* Messages: their class, their complaint, their edits and deletions. Rules: decide.h. */
#include "decide_private.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "core/message.h"
#include "complaint.h"
#include "decide_thread.h"

struct class_rule {
	enum message_class class;
	const char *archived_as, *reason;
};
static const struct class_rule class_rules[] = {
	{MC_AUTO, "auto", "automatic answer"},
	{MC_BOUNCE, "bounce", "undeliverable mail"},
	{MC_SPAM, "spam", "marked as spam by its source"},
	{MC_GHOST, "ghost", "ghost call"},
	{MC_PRANK, "prank", "prank call"},
	{MC_DROPPED, "dropped", "call dropped"},
	{MC_TEST, "test", "test call"},
	{MC_STALE, "stale", "older than its source takes"},
	{MC_ECHO, "echo", "our own message"},
	{MC_SYSTEM, "system", "system notice of the channel"},
};

static bool is_call(const json_t *m)
{
	return message_kind_get(m) == MK_CALL || message_call_get(m) != CC_NONE;
}

static bool has_content(const json_t *m)
{
	const char *text = json_str_or(m, "text", "");
	const json_t *a;
	size_t i;

	if (text[strspn(text, " \t\r\n")] || json_is_object(json_object_get(m, "location")))
		return true;
	json_array_foreach (json_object_get(m, "attachments"), i, a)
		if (strcmp(json_str_or(a, "kind", "other"), "sticker") != 0)
			return true;
	return false;
}

/* Does the class alone decide? An emergency never ends here, whatever else it says. */
static bool archived_by_class(struct ctx *x, const struct arrival *a)
{
	enum message_class class = message_class_get(a->m);
	enum call_class call = message_call_get(a->m);
	size_t i;

	if (call == CC_EMERGENCY || class == MC_EMERGENCY)
		return false;
	for (i = 0; i < ARRAY_SIZE(class_rules); i++)
		if (class_rules[i].class == class) {
			ctx_archive(x, a->id, class_rules[i].archived_as, class_rules[i].reason);
			return true;
		}
	if (class == MC_INFORMATION && is_call(a->m)) {
		ctx_archive(x, a->id, "information", "answered by the call centre");
		return true;
	}
	if (!has_content(a->m) && !is_call(a->m) && message_kind_get(a->m) == MK_MESSAGE) {
		ctx_archive(x, a->id, class == MC_UNKNOWN ? "unknown" : "empty",
			"no text, place or document in it");
		return true;
	}
	return false;
}

static void restate(struct ctx *x, const json_t *note_of, json_t *c, const char *target);

/* Edits, deletions and media that came first, in the order they were sent. */
static int compare_sent(const void *a, const void *b)
{
	json_t *const *x = a, *const *y = b;
	const char *s = json_str_or(*x, "sent_at", ""), *t = json_str_or(*y, "sent_at", "");
	int c = strcmp(s, t);

	return c ? c : strcmp(json_str_or(*x, "id", ""), json_str_or(*y, "id", ""));
}

static void apply_waiting(struct ctx *x, json_t *c, const struct arrival *a)
{
	const json_t *waiting = ctx_lookup(x, "w", a->id);
	json_t *value, **notes;
	const char *field;
	size_t n = 0, i;

	if (!json_is_object(waiting) || json_object_size(waiting) == 0)
		return;
	notes = xcalloc(json_object_size(waiting), sizeof(json_t *));
	json_object_foreach ((json_t *)(uintptr_t)waiting, field, value) {
		notes[n] = json_loads(json_string_value(value), 0, NULL);
		n += notes[n] != NULL;
	}
	qsort(notes, n, sizeof(*notes), compare_sent);
	for (i = 0; i < n; i++) {
		restate(x, notes[i], c, a->id);
		ctx_because(x, "came-before-its-message", "%s", json_str_or(notes[i], "id", ""));
		json_decref(notes[i]);
	}
	free(notes);
}

static bool too_far_apart(struct ctx *x, const json_t *m, const json_t *c)
{
	int64_t sent = 0, last = 0;

	return time_parse(json_str_or(m, "sent_at", ""), &sent) < 0 ||
	       time_parse(json_str_or(c, "last_message_at", ""), &last) < 0 ||
	       sent > last + x->rules->join_ms || sent < last - x->rules->join_ms;
}

/* Why a message does not join this complaint of its conversation; NULL = it joins. Named: it says
 * itself that it belongs there, however long ago that was. */
static const char *no_join(struct ctx *x, const struct arrival *a, const json_t *c, bool is_named)
{
	if (is_call(a->m))
		return "call";
	if (strcmp(json_str_or(json_object_get(a->m, "author"), "proof", "claimed"), "channel") !=
		0)
		return "claimed-identity";
	if (complaint_is(c, "archived") || complaint_is(c, "withdrawn") ||
		complaint_is(c, "merged"))
		return "closed";
	if (complaint_full(c, a->m, x->rules))
		return "continued";
	return !is_named && too_far_apart(x, a->m, c) ? "later" : NULL;
}

/* Somebody else's complaint is named: both can be seen together, nothing more. */
static void link_named(struct ctx *x, json_t *c, const json_t *named)
{
	if (!named || thread_links(c, named))
		return;
	complaint_add_link(c, json_str_or(named, "id", ""), "named");
	ctx_because(x, "linked", "named");
}

static void finish_complaint(struct ctx *x, json_t *c, const struct arrival *a)
{
	if (a->conflict) {
		complaint_add_reason(c, "id-conflict");
		ctx_because(x, "id-conflict", "same id, other content");
	}
	if (x->in->restored) {
		complaint_add_reason(c, "restored");
		ctx_because(x, "restore", "may have been decided and filed before");
	}
	apply_waiting(x, c, a);
	if (complaint_is(c, "withdrawn"))
		return;
	complaint_reopen(c, is_call(a->m), a->id, x->now_ms, x->rules);
	ctx_because(x, complaint_is(c, "open") ? "quiet-period" : "settled", "%s",
		json_str_or(c, "state", ""));
}

static void open_complaint(struct ctx *x, const struct arrival *a, const json_t *old,
	const char *why_not, const json_t *named)
{
	json_t *c = complaint_new(a->m, a->id, x->now_ms, x->rules);

	complaint_add(c, a->m, a->id, a->hash);
	if (old && strcmp(why_not, "call") != 0) {
		complaint_add_link(c, json_str_or(old, "id", ""), why_not);
		ctx_because(x, "linked", "%s", why_not);
		if (strcmp(why_not, "claimed-identity") == 0)
			complaint_add_reason(c, "claimed-identity");
	}
	link_named(x, c, named);
	finish_complaint(x, c, a);
	x->outcome = "opened";
	ctx_put(x, c);
}

static void join_complaint(struct ctx *x, const struct arrival *a, const json_t *old,
	const char *rule, const json_t *named)
{
	json_t *c = ctx_next(x, old);

	complaint_add(c, a->m, a->id, a->hash);
	ctx_because(x, rule, "%s", json_str_or(c, "id", ""));
	link_named(x, c, named);
	finish_complaint(x, c, a);
	x->outcome = "joined";
	ctx_put(x, c);
}

/* The author names one of his own: that one, or what went on behind it since it takes no more. */
static void go_on(struct ctx *x, const struct arrival *a, const json_t *named, const char *by,
	const json_t *newest)
{
	const char *why_not = no_join(x, a, named, true);

	if (!why_not)
		join_complaint(x, a, named, by, NULL);
	else if (newest && thread_links(newest, named) && !no_join(x, a, newest, false))
		join_complaint(x, a, newest, by, NULL);
	else
		open_complaint(x, a, named, why_not, NULL);
}

static void decide_complaint(struct ctx *x, const struct arrival *a)
{
	const char *conversation = json_str_or(a->m, "conversation", ""), *by = NULL, *why_not;
	const char *newest = json_string_value(ctx_lookup(x, "v", conversation));
	_cleanup_json_ json_t *old = newest ? ctx_lookup_json(x, "c", newest) : NULL;
	_cleanup_json_ json_t *named = is_call(a->m) ? NULL : thread_named(x, a->m, &by);

	if (named && thread_is_of(named, conversation)) {
		go_on(x, a, named, by, old);
		return;
	}
	why_not = old ? no_join(x, a, old, false) : NULL;
	if (!old || why_not)
		open_complaint(x, a, old, why_not, named);
	else
		join_complaint(x, a, old, "conversation", named);
}

/* --- edits and deletions --- */

/* What a noted message must keep for the day its message comes: all but the original bytes. */
static json_t *kept_content(const struct arrival *a)
{
	json_t *content = json_deep_copy(a->m);

	json_object_del(content, "original");
	json_set_str(content, "id", a->id);
	json_set_str(content, "hash", a->hash);
	return content;
}

/* Lays a noted edit, deletion or media result over the complaint that now has its message. */
static void restate(struct ctx *x, const json_t *note_of, json_t *c, const char *target)
{
	const char *id = json_str_or(note_of, "id", ""), *hash = json_str_or(note_of, "hash", "");

	if (strncmp(json_str_or(note_of, "schema", ""), "muara.media/", 12) == 0) {
		complaint_media(c, target, json_object_get(note_of, "attachment"));
	} else if (message_kind_get(note_of) == MK_DELETE) {
		if (!complaint_delete(c, note_of, id, hash, target)) {
			if (json_flag(c, "emergency") || json_flag(c, "after_filing"))
				complaint_add_reason(c, "deleted");
			else
				complaint_close(c, "withdrawn", "deleted by its author");
		}
	} else {
		complaint_edit(c, note_of, id, hash, target);
	}
	(void)x;
}

static void change_complaint(
	struct ctx *x, const struct arrival *a, const json_t *old, const char *target)
{
	bool deletion = message_kind_get(a->m) == MK_DELETE;
	json_t *c = ctx_next(x, old);
	_cleanup_json_ json_t *content = kept_content(a);

	restate(x, content, c, target);
	ctx_because(x, deletion ? "deletion" : "edit", "%s", target);
	x->outcome = complaint_is(c, "withdrawn") ? "withdrawn" : "edited";
	if (!complaint_is(c, "withdrawn")) {
		/* Of what is filed nobody can take back what was told; the rest goes unsaid. */
		if (deletion && !json_flag(c, "after_filing"))
			complaint_add_reason(c, "deleted");
		if (json_int(c, "text_set", 0) > 0)
			complaint_add_reason(c, "edited-after-officer");
		complaint_reopen(c, deletion, a->id, x->now_ms, x->rules);
	}
	ctx_put(x, c);
}

static void decide_change(struct ctx *x, const struct arrival *a)
{
	char target[UUID_TEXT_SIZE];
	_cleanup_json_ json_t *place = NULL, *c = NULL;
	json_t *r;

	message_id(json_str_or(a->m, "tenant", ""), json_str_or(a->m, "channel", ""),
		json_str_or(a->m, "account", ""), json_str_or(a->m, "native_id", ""), NULL, target);
	place = ctx_lookup_json(x, "a", target);
	if (!place) {
		r = ctx_note(x, a->id, "its message has not come yet", target);
		json_set_str(r, "waits_for", target);
		json_set_new(r, "content", kept_content(a));
		ctx_because(x, "before-its-message", "%s", target);
		return;
	}
	if (strcmp(json_str_or(place, "place", ""), "complaint") == 0)
		c = ctx_lookup_json(x, "c", json_str_or(place, "ref", ""));
	if (!c) {
		ctx_note(x, a->id, "its message is in no complaint", target);
	} else if (complaint_is(c, "archived") || complaint_is(c, "withdrawn")) {
		ctx_note(x, a->id, "its complaint is closed", json_str(c, "id"));
	} else {
		change_complaint(x, a, c, target);
	}
}

/* --- a message whole --- */

void place_message(struct ctx *x, const struct arrival *a)
{
	enum message_kind kind = message_kind_get(a->m);
	const json_t *error = json_object_get(a->m, "error");
	char reason[256];

	ctx_add_input(x, "message", a->id, a->hash, a->topic, a->partition, a->offset);
	if (message_class_get(a->m) == MC_UNDECODABLE) {
		snprintf(reason, sizeof(reason), "%s: %s", json_str_or(error, "place", "?"),
			json_str_or(error, "reason", "not decodable"));
		ctx_dead(x, a->id, reason, a->topic, a->partition, a->offset);
	} else if (archived_by_class(x, a)) {
		return;
	} else if (kind == MK_EDIT || kind == MK_DELETE) {
		decide_change(x, a);
	} else {
		decide_complaint(x, a);
	}
}

/* Rule 12. False: absorbed before with this very content. */
static bool is_new(struct ctx *x, struct arrival *a)
{
	_cleanup_json_ json_t *before = ctx_lookup_json(x, "a", a->id);
	_cleanup_json_ json_t *own = NULL;
	char extended[UUID_TEXT_SIZE];

	if (!before)
		return true;
	if (strcmp(json_str_or(before, "hash", ""), a->hash) == 0)
		return false;
	message_id_conflict(a->id, a->hash, extended);
	memcpy(a->id, extended, sizeof(extended));
	a->conflict = true;
	own = ctx_lookup_json(x, "a", a->id);
	return !own;
}

/* A record nobody can read is absorbed as its place. */
static enum decide_verdict decide_unusable(struct ctx *x, struct decision *d)
{
	_cleanup_json_ json_t *before = ctx_lookup_json(x, "a", d->id);

	if (before)
		return DECIDE_ABSORBED;
	ctx_add_own_input(x, d->id, x->in->value_hash);
	ctx_dead(x, d->id, x->in->unusable, x->in->topic, x->in->partition, x->in->offset);
	ctx_because(x, "unusable", "not a record");
	return DECIDE_RECORD;
}

void arrival_fill(struct arrival *a, const json_t *m)
{
	a->m = m;
	snprintf(a->id, sizeof(a->id), "%s", json_str_or(m, "id", ""));
	message_content_hash(m, a->hash);
}

enum decide_verdict decide_message(struct ctx *x, struct decision *d)
{
	struct arrival a = {
		.topic = x->in->topic, .partition = x->in->partition, .offset = x->in->offset};

	if (!x->in->record)
		return decide_unusable(x, d);
	arrival_fill(&a, x->in->record);
	snprintf(d->id, sizeof(d->id), "%s", a.id);
	if (!is_new(x, &a))
		return DECIDE_ABSORBED;
	place_message(x, &a);
	return DECIDE_RECORD;
}
