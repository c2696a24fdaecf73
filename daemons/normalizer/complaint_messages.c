/* What messages, their edits and deletions, and fetched media do to a complaint. An edit that comes
 * after an officer's own text is shown behind that text; whether it says the same twice is for a
 * person, so the caller sends it to review. */
#include <string.h>

#include "base/json.h"
#include "base/util.h"
#include "core/ids.h"
#include "core/message.h"
#include "core/screening_record.h"
#include "complaint_private.h"

/* --- messages --- */

static json_t *add_source(json_t *c, const json_t *message, const char *id, const char *hash)
{
	json_t *source = json_object();
	char ticket[TICKET_TEXT_SIZE] = "";

	ticket_of(id, ticket);
	json_set_str(source, "message", id);
	json_set_str(source, "channel", json_str(message, "channel"));
	json_set_str(source, "conversation", json_str(message, "conversation"));
	json_set_str(source, "hash", hash);
	json_set_str(source, "sent_at", json_str(message, "sent_at"));
	json_set_str(source, "ticket", ticket);
	json_set_new(source, "span", json_null());
	json_array_append_new(complaint_list(c, "sources"), source);
	return source;
}

static void add_attachments(json_t *c, const json_t *message, const char *id)
{
	const json_t *a;
	size_t i;

	json_array_foreach (json_object_get(message, "attachments"), i, a) {
		json_t *copy = json_deep_copy(a);

		json_set_str(copy, "message", id);
		json_object_del(copy, "url"); /* muara-media's, and soon dead */
		json_array_append_new(complaint_list(c, "attachments"), copy);
	}
}

static void drop_attachments(json_t *c, const char *message)
{
	json_t *all = complaint_list(c, "attachments");
	size_t i = 0;

	while (i < json_array_size(all)) {
		if (strcmp(json_str_or(json_array_get(all, i), "message", ""), message) == 0)
			json_array_remove(all, i);
		else
			i++;
	}
}

static void fill_null(json_t *c, const char *key, const json_t *from, const char *from_key)
{
	const char *value = json_str(from, from_key);

	if (!complaint_blank(value) && complaint_blank(json_str(c, key)))
		json_set_str(c, key, value);
}

static void add_reporter(json_t *c, const json_t *message)
{
	const json_t *author = json_object_get(message, "author");
	json_t *reporter = json_object_get(c, "reporter");

	fill_null(reporter, "name", author, "name");
	fill_null(reporter, "phone", author, "phone");
	fill_null(reporter, "email", author, "email");
}

static void set_classification(json_t *c, const char *value)
{
	if (!value)
		return;
	if (strcmp(value, "supervisory") == 0) {
		json_set_str(c, "classification", "complaint");
		json_set_new(c, "supervisory", json_true());
		json_set_new(c, "secret", json_true());
	} else if (strcmp(value, "complaint") == 0 || strcmp(value, "aspiration") == 0 ||
		   strcmp(value, "information") == 0) {
		json_set_str(c, "classification", value);
	}
}

static void add_fields(json_t *c, const json_t *message)
{
	const json_t *f = json_object_get(message, "fields");

	if (message_class_get(message) == MC_INFORMATION)
		json_set_str(c, "classification", "information");
	if (!json_is_object(f))
		return;
	if (!complaint_blank(json_str(f, "title"))) {
		json_set_str(c, "title", json_str(f, "title"));
		json_set_str(c, "title_from", "field");
	}
	fill_null(c, "category", f, "category");
	fill_null(c, "agency", f, "agency");
	if (!complaint_blank(json_str(f, "incident_date")))
		json_set_str(c, "incident_date", json_str(f, "incident_date"));
	set_classification(c, json_str(f, "classification"));
	if (json_flag(f, "supervisory"))
		set_classification(c, "supervisory");
	if (json_flag(f, "anonymous"))
		json_set_new(c, "anonymous", json_true());
	if (json_is_boolean(json_object_get(f, "secret")))
		json_object_set(c, "secret", json_object_get(f, "secret"));
}

/* Words, call type and source decide whether a person must look. */
static void screen(json_t *c, const json_t *message)
{
	struct screening s = screen_record(message);

	if (s.verdict == SCREEN_EMERGENCY) {
		json_set_new(c, "emergency", json_true());
		complaint_add_reason(c, "emergency");
	} else if (s.verdict == SCREEN_UNSURE && message_call_get(message) != CC_UNKNOWN) {
		complaint_add_reason(c, "emergency-unsure");
	}
	if (message_call_get(message) == CC_UNKNOWN)
		complaint_add_reason(c, "unmapped-call-type");
	else if (message_class_get(message) == MC_UNKNOWN)
		complaint_add_reason(c, "unknown-class");
	if (strcmp(json_str_or(json_object_get(message, "source"), "review", "auto"), "required") ==
		0)
		complaint_add_reason(c, "source-review");
}

static void later(json_t *c, const char *key, const char *time)
{
	if (time && strcmp(json_str_or(c, key, ""), time) < 0)
		json_set_str(c, key, time);
}

static void add_location(json_t *c, const json_t *message)
{
	json_t *location = json_object_get(message, "location");

	if (json_is_object(location) && !json_is_object(json_object_get(c, "location")))
		json_object_set(c, "location", location);
}

void complaint_add(json_t *c, const json_t *message, const char *id, const char *hash)
{
	json_t *source = add_source(c, message, id, hash);

	text_compose(c, source, json_str_or(message, "text", ""));
	add_attachments(c, message, id);
	add_location(c, message);
	add_reporter(c, message);
	add_fields(c, message);
	screen(c, message);
	later(c, "last_message_at", json_str(message, "sent_at"));
	title_set(c);
}

/* Is there an edit or deletion of `target` sent after `sent`? */
static bool outdated(const json_t *c, const char *target, const char *sent)
{
	const json_t *s;
	size_t i;

	json_array_foreach (json_object_get(c, "sources"), i, s) {
		const char *on = json_str_or(s, "edits", json_str_or(s, "deletes", ""));

		if (strcmp(on, target) == 0 && strcmp(json_str_or(s, "sent_at", ""), sent) > 0)
			return true;
	}
	return false;
}

void complaint_edit(
	json_t *c, const json_t *message, const char *id, const char *hash, const char *target)
{
	const char *sent = json_str_or(message, "sent_at", "");
	bool old = outdated(c, target, sent), told = json_flag(c, "after_filing");
	json_t *source;

	/* What may have been told stays, and the correction is told beside it. */
	if (!old && !told)
		text_drop(c, target);
	source = add_source(c, message, id, hash);
	json_set_str(source, "edits", target);
	if (old)
		return;
	text_compose(c, source, json_str_or(message, "text", ""));
	if (json_array_size(json_object_get(message, "attachments"))) {
		if (!told)
			drop_attachments(c, target);
		add_attachments(c, message, id);
	}
	add_location(c, message);
	screen(c, message);
	title_set(c);
}

static bool deleted(const json_t *c, const char *message)
{
	const json_t *s;
	size_t i;

	json_array_foreach (json_object_get(c, "sources"), i, s)
		if (strcmp(json_str_or(s, "deletes", ""), message) == 0)
			return true;
	return false;
}

static bool anything_left(const json_t *c)
{
	const json_t *s;
	size_t i;

	if (json_int(c, "text_set", 0) > 0)
		return true;
	json_array_foreach (json_object_get(c, "sources"), i, s)
		if (!json_object_get(s, "edits") && !json_object_get(s, "deletes") &&
			!deleted(c, json_str_or(s, "message", "")))
			return true;
	return false;
}

bool complaint_delete(
	json_t *c, const json_t *message, const char *id, const char *hash, const char *target)
{
	json_t *source;

	text_drop(c, target);
	drop_attachments(c, target);
	source = add_source(c, message, id, hash);
	json_set_str(source, "deletes", target);
	title_set(c);
	return anything_left(c);
}

bool complaint_media(json_t *c, const char *message, const json_t *attachment)
{
	static const char *const taken[] = {"state", "sha256", "bytes", "mime", "kind", "reason"};
	json_t *a;
	size_t i, k;

	json_array_foreach (json_object_get(c, "attachments"), i, a) {
		if (strcmp(json_str_or(a, "message", ""), message) != 0 ||
			strcmp(json_str_or(a, "id", ""), json_str_or(attachment, "id", "?")) != 0 ||
			strcmp(json_str_or(a, "state", ""), "stored") == 0) /* what we have stays */
			continue;
		json_object_del(a, "reason");
		for (k = 0; k < ARRAY_SIZE(taken); k++)
			if (json_object_get(attachment, taken[k]))
				json_object_set(a, taken[k], json_object_get(attachment, taken[k]));
		return true;
	}
	return false;
}
