/* See decide.h. */
#include "decide.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/util.h"
#include "core/command.h"
#include "core/ids.h"
#include "core/index_fold.h"
#include "core/message.h"
#include "complaint.h"

const char *const decide_outcomes[] = {"opened", "joined", "edited", "withdrawn", "archived",
	"dead", "noted", "settled", "released", "held", "closed", "completed", "expired", "refused",
	"media", "linked", "absorbed", "ignored", NULL};

struct ctx {
	const struct decide_input *in;
	const struct view *known;
	const struct rules *rules;
	int64_t now_ms;
	json_t *needs, *inputs, *results, *why;
	const char *outcome;
};

/* --- looking up --- */

static const json_t *lookup(struct ctx *x, const char *kind, const char *id)
{
	char key[INDEX_KEY_SIZE];
	const json_t *value = view_get(x->known, index_key(key, kind, id));

	if (!value) {
		json_array_append_new(x->needs, json_string(key));
		return NULL;
	}
	return json_is_null(value) ? NULL : value;
}

static json_t *lookup_json(struct ctx *x, const char *kind, const char *id)
{
	const char *text = json_string_value(lookup(x, kind, id));

	return text ? json_loads(text, 0, NULL) : NULL;
}

static bool filed(struct ctx *x, const char *complaint)
{
	return index_filed(lookup(x, "f", complaint));
}

static bool absorbed_input(struct ctx *x, const char *type, const char *id)
{
	char typed[24];

	snprintf(typed, sizeof(typed), "b/%s", type);
	return lookup(x, typed, id) != NULL;
}

/* --- writing --- */

const char *input_type_name(enum input_type t)
{
	static const char *const names[] = {"message", "media", "command", "submission", "timer"};

	return names[t];
}

static void add_input(struct ctx *x, const char *type, const char *id, const char *hash,
	const char *topic, int32_t partition, int64_t offset)
{
	json_t *input = json_object();

	json_set_str(input, "type", type);
	json_set_str(input, "id", id);
	if (topic) {
		json_set_str(input, "topic", topic);
		json_set_int(input, "partition", partition);
		json_set_int(input, "offset", offset);
	}
	if (hash)
		json_set_str(input, "hash", hash);
	json_array_append_new(x->inputs, input);
}

static void add_own_input(struct ctx *x, const char *id, const char *hash)
{
	add_input(x, input_type_name(x->in->type), id, hash, x->in->topic, x->in->partition,
		x->in->offset);
}

static json_t *add_result(struct ctx *x, const char *type, const char *id, const char *reason)
{
	json_t *r = json_object();

	json_set_str(r, "type", type);
	json_set_str(r, "id", id);
	json_set_str(r, "reason", reason);
	json_array_append_new(x->results, r);
	return r;
}

static void because(struct ctx *x, const char *rule, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void because(struct ctx *x, const char *rule, const char *fmt, ...)
{
	char evidence[256];
	json_t *w = json_object();
	va_list args;

	va_start(args, fmt);
	vsnprintf(evidence, sizeof(evidence), fmt, args);
	va_end(args);
	json_set_str(w, "rule", rule);
	json_set_str(w, "evidence", evidence);
	json_array_append_new(x->why, w);
}

static void put_complaint(struct ctx *x, json_t *c)
{
	json_t *r = json_object();

	complaint_seal(c);
	json_set_str(r, "type", "complaint");
	json_object_update(r, c);
	json_array_append_new(x->results, r);
	json_decref(c);
}

static void archive(struct ctx *x, const char *id, const char *class, const char *reason)
{
	json_t *r = add_result(x, "archived", id, reason);

	json_set_str(r, "class", class);
	because(x, "class", "%s", class);
	x->outcome = "archived";
}

static void dead(struct ctx *x, const char *id, const char *reason, const char *topic,
	int32_t partition, int64_t offset)
{
	json_t *r = add_result(x, "dead", id, reason);

	json_set_str(r, "topic", topic);
	json_set_int(r, "partition", partition);
	json_set_int(r, "offset", offset);
	x->outcome = "dead";
}

static json_t *note(struct ctx *x, const char *id, const char *reason, const char *about)
{
	json_t *r = add_result(x, "noted", id, reason);

	json_set_str(r, "about", about);
	x->outcome = "noted";
	return r;
}

/* --- messages --- */

/* A message as this decision takes it: its id may be extended by its hash. */
struct arrival {
	const json_t *m;
	char id[UUID_TEXT_SIZE], hash[SHA256_HEX_SIZE];
	const char *topic; /* where the raw record lies */
	int32_t partition;
	int64_t offset;
	bool conflict;
};

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
			archive(x, a->id, class_rules[i].archived_as, class_rules[i].reason);
			return true;
		}
	if (class == MC_INFORMATION && is_call(a->m)) {
		archive(x, a->id, "information", "answered by the call centre");
		return true;
	}
	if (!has_content(a->m) && !is_call(a->m) && message_kind_get(a->m) == MK_MESSAGE) {
		archive(x, a->id, class == MC_UNKNOWN ? "unknown" : "empty",
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
	const json_t *waiting = lookup(x, "w", a->id);
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
		because(x, "came-before-its-message", "%s", json_str_or(notes[i], "id", ""));
		json_decref(notes[i]);
	}
	free(notes);
}

/* Why a message does not join the newest complaint of its conversation; NULL = it joins. */
static const char *no_join(struct ctx *x, const struct arrival *a, const json_t *c)
{
	int64_t sent = 0, last = 0;

	if (is_call(a->m))
		return "call";
	if (strcmp(json_str_or(json_object_get(a->m, "author"), "proof", "claimed"), "channel") !=
		0)
		return "claimed-identity";
	if (complaint_is(c, "archived") || complaint_is(c, "withdrawn") ||
		complaint_is(c, "merged"))
		return "closed";
	if (filed(x, json_str_or(c, "id", "")))
		return "filed";
	if (complaint_full(c, a->m, x->rules))
		return "continued";
	if (time_parse(json_str_or(a->m, "sent_at", ""), &sent) < 0 ||
		time_parse(json_str_or(c, "last_message_at", ""), &last) < 0 ||
		sent > last + x->rules->join_ms || sent < last - x->rules->join_ms)
		return "later";
	return NULL;
}

static void finish_complaint(struct ctx *x, json_t *c, const struct arrival *a)
{
	if (a->conflict) {
		complaint_add_reason(c, "id-conflict");
		because(x, "id-conflict", "same id, other content");
	}
	apply_waiting(x, c, a);
	if (complaint_is(c, "withdrawn"))
		return;
	complaint_reopen(c, is_call(a->m), a->id, x->now_ms, x->rules);
	because(x, complaint_is(c, "open") ? "quiet-period" : "settled", "%s",
		json_str_or(c, "state", ""));
}

static void open_complaint(
	struct ctx *x, const struct arrival *a, const json_t *old, const char *why_not)
{
	json_t *c = complaint_new(a->m, a->id, x->now_ms, x->rules);

	complaint_add(c, a->m, a->id, a->hash);
	if (old && strcmp(why_not, "call") != 0) {
		complaint_add_link(c, json_str_or(old, "id", ""), why_not);
		because(x, "linked", "%s", why_not);
		if (strcmp(why_not, "claimed-identity") == 0)
			complaint_add_reason(c, "claimed-identity");
	}
	finish_complaint(x, c, a);
	x->outcome = "opened";
	put_complaint(x, c);
}

static void join_complaint(struct ctx *x, const struct arrival *a, const json_t *old)
{
	json_t *c = complaint_next(old);

	complaint_add(c, a->m, a->id, a->hash);
	because(x, "conversation", "%s", json_str_or(c, "id", ""));
	finish_complaint(x, c, a);
	x->outcome = "joined";
	put_complaint(x, c);
}

static void decide_complaint(struct ctx *x, const struct arrival *a)
{
	const char *conversation = json_str_or(a->m, "conversation", "");
	const char *newest = json_string_value(lookup(x, "v", conversation)), *why_not;
	_cleanup_json_ json_t *old = newest ? lookup_json(x, "c", newest) : NULL;

	if (!old) {
		open_complaint(x, a, NULL, NULL);
		return;
	}
	why_not = no_join(x, a, old);
	if (why_not)
		open_complaint(x, a, old, why_not);
	else
		join_complaint(x, a, old);
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
			if (json_flag(c, "emergency"))
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
	json_t *c = complaint_next(old);
	_cleanup_json_ json_t *content = kept_content(a);

	restate(x, content, c, target);
	because(x, deletion ? "deletion" : "edit", "%s", target);
	x->outcome = complaint_is(c, "withdrawn") ? "withdrawn" : "edited";
	if (!complaint_is(c, "withdrawn")) {
		if (deletion)
			complaint_add_reason(c, "deleted");
		if (json_int(c, "text_set", 0) > 0)
			complaint_add_reason(c, "edited-after-officer");
		complaint_reopen(c, deletion, a->id, x->now_ms, x->rules);
	}
	put_complaint(x, c);
}

static void decide_change(struct ctx *x, const struct arrival *a)
{
	char target[UUID_TEXT_SIZE];
	_cleanup_json_ json_t *place = NULL, *c = NULL;
	json_t *r;

	message_id(json_str_or(a->m, "tenant", ""), json_str_or(a->m, "channel", ""),
		json_str_or(a->m, "account", ""), json_str_or(a->m, "native_id", ""), NULL, target);
	place = lookup_json(x, "a", target);
	if (!place) {
		r = note(x, a->id, "its message has not come yet", target);
		json_set_str(r, "waits_for", target);
		json_set_new(r, "content", kept_content(a));
		because(x, "before-its-message", "%s", target);
		return;
	}
	if (strcmp(json_str_or(place, "place", ""), "complaint") == 0)
		c = lookup_json(x, "c", json_str_or(place, "ref", ""));
	if (!c) {
		note(x, a->id, "its message is in no complaint", target);
	} else if (complaint_is(c, "archived") || complaint_is(c, "withdrawn")) {
		note(x, a->id, "its complaint is closed", json_str(c, "id"));
	} else if (filed(x, json_str_or(c, "id", ""))) {
		r = note(x, a->id, "its complaint is filed", json_str(c, "id"));
		json_set_new(r, "content", kept_content(a));
		because(x, "filed", "a filed version is never changed");
	} else {
		change_complaint(x, a, c, target);
	}
}

/* --- a message whole --- */

static void place_message(struct ctx *x, const struct arrival *a)
{
	enum message_kind kind = message_kind_get(a->m);
	const json_t *error = json_object_get(a->m, "error");
	char reason[256];

	add_input(x, "message", a->id, a->hash, a->topic, a->partition, a->offset);
	if (message_class_get(a->m) == MC_UNDECODABLE) {
		snprintf(reason, sizeof(reason), "%s: %s", json_str_or(error, "place", "?"),
			json_str_or(error, "reason", "not decodable"));
		dead(x, a->id, reason, a->topic, a->partition, a->offset);
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
	_cleanup_json_ json_t *before = lookup_json(x, "a", a->id);
	_cleanup_json_ json_t *own = NULL;
	char extended[UUID_TEXT_SIZE];

	if (!before)
		return true;
	if (strcmp(json_str_or(before, "hash", ""), a->hash) == 0)
		return false;
	message_id_conflict(a->id, a->hash, extended);
	memcpy(a->id, extended, sizeof(extended));
	a->conflict = true;
	own = lookup_json(x, "a", a->id);
	return !own;
}

/* A record nobody can read is absorbed as its place. */
static enum decide_verdict decide_unusable(struct ctx *x, struct decision *d)
{
	_cleanup_json_ json_t *before = lookup_json(x, "a", d->id);

	if (before)
		return DECIDE_ABSORBED;
	add_own_input(x, d->id, x->in->value_hash);
	dead(x, d->id, x->in->unusable, x->in->topic, x->in->partition, x->in->offset);
	because(x, "unusable", "not a record");
	return DECIDE_RECORD;
}

static void arrival_fill(struct arrival *a, const json_t *m)
{
	a->m = m;
	snprintf(a->id, sizeof(a->id), "%s", json_str_or(m, "id", ""));
	message_content_hash(m, a->hash);
}

static enum decide_verdict decide_message(struct ctx *x, struct decision *d)
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

/* --- media --- */

static enum decide_verdict decide_media(struct ctx *x, struct decision *d)
{
	const json_t *m = x->in->record, *attachment = json_object_get(m, "attachment");
	const char *message = json_str_or(m, "message", "");
	_cleanup_json_ json_t *place = NULL, *old = NULL, *c = NULL;
	json_t *r;

	if (m)
		snprintf(d->id, sizeof(d->id), "%s", json_str_or(m, "id", d->id));
	if (absorbed_input(x, "media", d->id))
		return DECIDE_ABSORBED;
	add_own_input(x, d->id, NULL);
	if (!m || !json_is_object(attachment)) {
		note(x, d->id, m ? "no attachment in it" : x->in->unusable, NULL);
		return DECIDE_RECORD;
	}
	place = lookup_json(x, "a", message);
	if (!place) {
		r = note(x, d->id, "its message has not come yet", message);
		json_set_str(r, "waits_for", message);
		json_set_new(r, "content", json_deep_copy(m));
		return DECIDE_RECORD;
	}
	if (strcmp(json_str_or(place, "place", ""), "complaint") == 0)
		old = lookup_json(x, "c", json_str_or(place, "ref", ""));
	c = old ? complaint_next(old) : NULL;
	if (!c || filed(x, json_str_or(old, "id", "")) ||
		!complaint_media(c, message, attachment)) {
		note(x, d->id,
			c ? "its complaint is filed or has no such attachment"
			  : "its message is in no complaint",
			c ? json_str(c, "id") : message);
		return DECIDE_RECORD;
	}
	json_object_set(c, "timers", json_object_get(old, "timers"));
	because(x, "media", "%s", json_str_or(attachment, "state", ""));
	x->outcome = "media";
	put_complaint(x, TAKE_PTR(c));
	return DECIDE_RECORD;
}

/* --- commands --- */

static void refuse(struct ctx *x, const char *id, const char *about, const char *reason)
{
	json_t *r = note(x, id, reason, about);

	json_set_new(r, "refused", json_true());
	because(x, "refused", "%s", reason);
	x->outcome = "refused";
}

static bool closed(const json_t *c)
{
	return complaint_is(c, "archived") || complaint_is(c, "withdrawn") ||
	       complaint_is(c, "merged");
}

/* Each returns why it is refused, or NULL. */
static const char *do_release(struct ctx *x, const json_t *command, json_t *c)
{
	if (!complaint_is(c, "review") && !complaint_is(c, "held"))
		return "only what is held or in review can be released";
	complaint_release(c, json_str(command, "id"), x->now_ms);
	x->outcome = "released";
	return NULL;
}

static const char *do_hold(struct ctx *x, const json_t *command, json_t *c)
{
	json_set_str(c, "held_by", json_str(command, "id"));
	complaint_settle(c, json_str_or(command, "id", ""), x->now_ms, x->rules);
	if (!complaint_is(c, "review")) /* an emergency stays where it is seen first */
		complaint_set_state(c, "held");
	x->outcome = "held";
	return NULL;
}

static const char *do_archive(struct ctx *x, const json_t *command, json_t *c)
{
	(void)command;
	complaint_close(c, "archived", "by a person");
	x->outcome = "closed";
	return NULL;
}

static const char *do_complete(struct ctx *x, const json_t *command, json_t *c)
{
	const char *bad = complaint_fill(c, json_object_get(command, "fields"), x->rules);

	if (bad)
		return "a field is unknown, too long or not a text";
	if (complaint_is(c, "open"))
		complaint_reopen(c, false, json_str_or(command, "id", ""), x->now_ms, x->rules);
	else
		complaint_settle(c, json_str_or(command, "id", ""), x->now_ms, x->rules);
	x->outcome = "completed";
	return NULL;
}

typedef const char *command_fn(struct ctx *x, const json_t *command, json_t *c);
static const struct {
	enum command_what what;
	command_fn *fn;
} complaint_commands[] = {
	{CMD_RELEASE, do_release},
	{CMD_HOLD, do_hold},
	{CMD_ARCHIVE, do_archive},
	{CMD_COMPLETE, do_complete},
};

static void command_complaint(struct ctx *x, const json_t *command, command_fn *fn)
{
	const char *id = json_str_or(command, "id", ""), *reason = NULL;
	const char *about = json_str_or(command, "complaint", "");
	_cleanup_json_ json_t *old = lookup_json(x, "c", about), *c = NULL;

	if (!old) {
		refuse(x, id, about, "there is no such complaint");
		return;
	}
	c = complaint_next(old);
	if (json_int(command, "version", -1) != json_int(old, "version", 0))
		reason = "the complaint has another version by now: look again";
	else if (filed(x, about))
		reason = "the complaint is filed";
	else if (closed(old))
		reason = "the complaint is closed";
	else
		reason = fn(x, command, c);
	if (reason) {
		refuse(x, id, about, reason);
		return;
	}
	because(x, "command", "%s", json_str_or(command, "what", ""));
	put_complaint(x, TAKE_PTR(c));
}

/* A message decided dead or archived is decided anew from its raw record. */
static enum decide_verdict command_replay(struct ctx *x, const json_t *command, struct decision *d)
{
	const char *id = json_str_or(command, "id", ""),
		   *message = json_str_or(command, "message", "");
	_cleanup_json_ json_t *place = lookup_json(x, "a", message);
	const char *where = json_str_or(place, "place", "");
	struct arrival a = {.topic = json_str(place, "topic"),
		.partition = (int32_t)json_int(place, "partition", 0),
		.offset = json_int(place, "offset", -1)};

	if (!place || (strcmp(where, "dead") != 0 && strcmp(where, "archived") != 0)) {
		refuse(x, id, message,
			place ? "the message is neither dead nor archived"
			      : "there is no such message");
	} else if (x->in->again_error) {
		refuse(x, id, message, x->in->again_error);
	} else if (!x->in->again) {
		snprintf(d->topic, sizeof(d->topic), "%s", a.topic ? a.topic : "");
		d->partition = a.partition;
		d->offset = a.offset;
		return DECIDE_FETCH;
	} else {
		arrival_fill(&a, x->in->again);
		snprintf(a.id, sizeof(a.id), "%s", message);
		because(x, "replay", "%s", message);
		place_message(x, &a);
	}
	return DECIDE_RECORD;
}

static bool for_another(const json_t *command)
{
	static const char *const others[] = {"forwarder", "replier", "alarm", "media"};
	const char *to = json_str_or(command, "for", "");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(others); i++)
		if (strcmp(to, others[i]) == 0)
			return true;
	return false;
}

static enum decide_verdict decide_command(struct ctx *x, struct decision *d)
{
	const json_t *command = x->in->record;
	size_t i;

	if (command) {
		if (for_another(command))
			return DECIDE_IGNORED;
		snprintf(d->id, sizeof(d->id), "%s", json_str_or(command, "id", d->id));
	}
	if (absorbed_input(x, "command", d->id))
		return DECIDE_ABSORBED;
	add_own_input(x, d->id, NULL);
	if (!command) {
		refuse(x, d->id, NULL, x->in->unusable);
		return DECIDE_RECORD;
	}
	for (i = 0; i < ARRAY_SIZE(complaint_commands); i++)
		if (command_what_get(command) == complaint_commands[i].what) {
			command_complaint(x, command, complaint_commands[i].fn);
			return DECIDE_RECORD;
		}
	if (command_what_get(command) == CMD_REPLAY)
		return command_replay(x, command, d);
	refuse(x, d->id, NULL, "the normalizer does not know this command");
	return DECIDE_RECORD;
}

/* --- refusals of the forwarder, timers --- */

static enum decide_verdict decide_submission(struct ctx *x, struct decision *d)
{
	const json_t *s = x->in->record;
	const char *about = json_str_or(s, "complaint", ""), *other = json_str_or(s, "other", "");
	_cleanup_json_ json_t *old = lookup_json(x, "c", about);
	json_t *c;

	if (absorbed_input(x, "submission", d->id))
		return DECIDE_ABSORBED;
	add_own_input(x, d->id, NULL);
	if (!old || !complaint_is(old, "ready") ||
		json_int(old, "version", 0) != json_int(s, "version", -1) ||
		strcmp(about, other) == 0) {
		note(x, d->id, "refused filing of a version that is not the present one", about);
		return DECIDE_RECORD;
	}
	c = complaint_next(old);
	if (*other)
		complaint_add_link(c, other, "already-filed");
	complaint_add_reason(c, "already-filed");
	json_set_str(c, "ready_at", NULL);
	complaint_set_state(c, "review");
	because(x, "already-filed", "%s", other);
	x->outcome = "linked";
	put_complaint(x, c);
	return DECIDE_RECORD;
}

static bool has_timer(const json_t *c, const char *id)
{
	const json_t *t;
	size_t i;

	json_array_foreach (json_object_get(c, "timers"), i, t)
		if (strcmp(json_str_or(t, "id", ""), id) == 0)
			return true;
	return false;
}

static enum decide_verdict decide_timer(struct ctx *x, struct decision *d)
{
	char complaint[UUID_TEXT_SIZE];
	_cleanup_json_ json_t *old = NULL;
	json_t *c;

	snprintf(complaint, sizeof(complaint), "%.36s", d->id); /* it begins with the complaint */
	old = lookup_json(x, "c", complaint);
	if (!old || !has_timer(old, d->id))
		return DECIDE_IGNORED;
	add_own_input(x, d->id, NULL);
	c = complaint_next(old);
	if (complaint_is(old, "open")) {
		complaint_settle(c, d->id, x->now_ms, x->rules);
		because(x, "quiet-period", "over");
		x->outcome = "settled";
	} else {
		complaint_close(c, "archived", "incomplete");
		complaint_want_reply(c, "incomplete", d->id);
		because(x, "incomplete", "nothing came in time");
		x->outcome = "expired";
	}
	put_complaint(x, c);
	return DECIDE_RECORD;
}

/* --- the whole --- */

static json_t *make_body(struct ctx *x)
{
	json_t *body = json_object();
	char now[TIME_TEXT_SIZE];

	time_format(x->now_ms, now);
	json_set_str(body, "at", now);
	json_object_set(body, "inputs", x->inputs);
	json_object_set(body, "results", x->results);
	json_object_set(body, "why", x->why);
	return body;
}

/* A record too large for the log must not be tried for ever: its input is dead, and says why. */
static void check_size(struct ctx *x, struct decision *d)
{
	bool spare = x->in->type != INPUT_MESSAGE && x->in->type != INPUT_MEDIA;
	size_t size = json_dumpb(d->body, NULL, 0, JSON_COMPACT);
	const json_t *last = json_array_get(x->inputs, json_array_size(x->inputs) - 1);
	char reason[64], id[160];

	if (size <= DECISION_RECORD_MAX - (spare ? 1024u : DECISION_SPARE))
		return;
	snprintf(id, sizeof(id), "%s", json_str_or(last, "id", d->id));
	snprintf(reason, sizeof(reason), "decision too large: %zu bytes", size);
	json_array_clear(x->results);
	json_array_clear(x->why);
	if (strcmp(json_str_or(last, "type", ""), "message") == 0)
		dead(x, id, reason, json_str(last, "topic"),
			(int32_t)json_int(last, "partition", 0), json_int(last, "offset", -1));
	else
		note(x, id, reason, NULL);
	because(x, "too-large", "%zu bytes", size);
	json_decref(d->body);
	d->body = make_body(x);
}

void decision_clear(struct decision *d)
{
	json_decref(d->body);
	json_decref(d->needs);
	memset(d, 0, sizeof(*d));
}

typedef enum decide_verdict decide_fn(struct ctx *x, struct decision *d);
static decide_fn *const deciders[] = {[INPUT_MESSAGE] = decide_message,
	[INPUT_MEDIA] = decide_media,
	[INPUT_COMMAND] = decide_command,
	[INPUT_SUBMISSION] = decide_submission,
	[INPUT_TIMER] = decide_timer};

void decide(const struct decide_input *in, const struct view *known, int64_t now_ms,
	const struct rules *rules, struct decision *ret)
{
	struct ctx x = {.in = in,
		.known = known,
		.rules = rules,
		.now_ms = now_ms,
		.needs = json_array(),
		.inputs = json_array(),
		.results = json_array(),
		.why = json_array(),
		.outcome = "noted"};

	memset(ret, 0, sizeof(*ret));
	if (in->id)
		snprintf(ret->id, sizeof(ret->id), "%s", in->id);
	else
		snprintf(ret->id, sizeof(ret->id), "%s/%" PRId32 "/%" PRId64, in->topic,
			in->partition, in->offset);
	ret->verdict = deciders[in->type](&x, ret);
	if (json_array_size(x.needs)) {
		ret->verdict = DECIDE_NEEDS;
		ret->needs = json_incref(x.needs);
	} else if (ret->verdict == DECIDE_RECORD) {
		ret->body = make_body(&x);
		check_size(&x, ret);
	}
	ret->outcome = ret->verdict == DECIDE_ABSORBED	? "absorbed"
		       : ret->verdict == DECIDE_IGNORED ? "ignored"
							: x.outcome;
	json_decref(x.needs);
	json_decref(x.inputs);
	json_decref(x.results);
	json_decref(x.why);
}
