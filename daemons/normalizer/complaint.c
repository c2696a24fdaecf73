/* See complaint.h. Here: states, a new snapshot, an officer's hand, and what happens next. Messages
 * are taken in by complaint_messages.c, words and title are composed by complaint_text.c. */
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/util.h"
#include "core/ids.h"
#include "complaint_private.h"

#define SEPARATOR "\n\n"

bool complaint_blank(const char *s)
{
	return !s || s[strspn(s, " \t\r\n")] == '\0';
}

json_t *complaint_list(json_t *c, const char *key)
{
	json_t *l = json_object_get(c, key);

	if (!json_is_array(l)) {
		l = json_array();
		json_set_new(c, key, l);
	}
	return l;
}

/* --- state --- */

bool complaint_is(const json_t *c, const char *state)
{
	return strcmp(json_str_or(c, "state", ""), state) == 0;
}

void complaint_set_state(json_t *c, const char *state)
{
	json_set_str(c, "state", state);
}

void complaint_close(json_t *c, const char *state, const char *why)
{
	complaint_set_state(c, state);
	json_set_str(c, "closed", why);
}

static json_t *reasons(const json_t *c)
{
	return json_object_get(json_object_get(c, "review"), "reasons");
}

bool complaint_has_reason(const json_t *c, const char *reason)
{
	const json_t *r;
	size_t i;

	json_array_foreach (reasons(c), i, r)
		if (strcmp(json_string_value(r), reason) == 0)
			return true;
	return false;
}

void complaint_add_reason(json_t *c, const char *reason)
{
	if (!complaint_has_reason(c, reason))
		json_array_append_new(reasons(c), json_string(reason));
	json_set_new(json_object_get(c, "review"), "required", json_true());
}

void complaint_add_link(json_t *c, const char *other, const char *reason)
{
	json_t *link = json_object();

	json_set_str(link, "complaint", other);
	json_set_str(link, "reason", reason);
	json_array_append_new(complaint_list(c, "links"), link);
}

void complaint_want_reply(json_t *c, const char *template_name, const char *cause)
{
	json_t *reply = json_object();

	json_set_str(reply, "template", template_name);
	json_set_str(reply, "cause", cause);
	json_array_append_new(complaint_list(c, "replies"), reply);
}

static void set_timer(json_t *c, const char *kind, int64_t due_ms)
{
	_cleanup_free_ char *id = xasprintf(
		"%s/%lld/%s", json_str_or(c, "id", ""), (long long)json_int(c, "version", 0), kind);
	char due[TIME_TEXT_SIZE];
	json_t *timer = json_object();

	time_format(due_ms, due);
	json_set_str(timer, "id", id);
	json_set_str(timer, "kind", kind);
	json_set_str(timer, "due", due);
	json_array_append_new(complaint_list(c, "timers"), timer);
}

/* --- making --- */

static void set_date(json_t *c, const json_t *message, const struct rules *r)
{
	int64_t sent = 0;
	char text[TIME_TEXT_SIZE];

	if (time_parse(json_str_or(message, "sent_at", ""), &sent) < 0)
		return;
	time_format(sent + (int64_t)muara_zone_minutes(r->conf) * 60000, text);
	text[10] = '\0';
	json_set_str(c, "incident_date", text);
}

static json_t *reporter_of(const json_t *message)
{
	const json_t *author = json_object_get(message, "author");
	json_t *reporter = json_object(), *who = json_object();

	json_set_str(reporter, "name", json_str(author, "name"));
	json_set_str(reporter, "phone", json_str(author, "phone"));
	json_set_str(reporter, "email", json_str(author, "email"));
	json_set_str(reporter, "proof", json_str_or(author, "proof", "claimed"));
	json_set_str(who, "channel", json_str(message, "channel"));
	json_set_str(who, "account", json_str(message, "account"));
	json_set_str(who, "id", json_str(author, "id"));
	json_set_new(reporter, "author", who);
	return reporter;
}

json_t *complaint_new(const json_t *message, const char *id, int64_t now_ms, const struct rules *r)
{
	const char *tenant = json_str_or(message, "tenant", "");
	const struct muara_tenant *t = muara_tenant(r->conf, tenant);
	char ticket[TICKET_TEXT_SIZE] = "", now[TIME_TEXT_SIZE];
	json_t *c = json_object(), *review = json_object();

	ticket_of(id, ticket);
	time_format(now_ms, now);
	json_set_str(c, "id", id);
	json_set_str(c, "ticket", ticket);
	json_set_str(c, "tenant", tenant);
	json_set_int(c, "version", 1);
	json_set_str(c, "state", "open");
	json_set_str(c, "classification", "complaint");
	json_set_new(c, "supervisory", json_false());
	json_set_new(c, "emergency", json_false());
	json_set_str(c, "title", "");
	json_set_str(c, "title_from", "text");
	json_set_str(c, "text", "");
	json_set_str(c, "incident_date", NULL);
	set_date(c, message, r);
	json_set_new(c, "location", json_null());
	json_set_new(c, "reporter", reporter_of(message));
	json_set_new(c, "anonymous", json_false());
	json_set_new(c, "secret", json_false());
	json_set_str(c, "category", NULL);
	json_set_str(c, "agency", NULL);
	json_set_str(c, "destination", t ? t->destination : NULL);
	json_set_new(c, "attachments", json_array());
	json_set_new(c, "sources", json_array());
	json_set_new(c, "links", json_array());
	json_set_new(c, "missing", json_array());
	json_set_new(review, "required", json_false());
	json_set_new(review, "reasons", json_array());
	json_set_new(c, "review", review);
	json_set_new(c, "replies", json_array());
	json_set_new(c, "timers", json_array());
	json_set_str(c, "opened_at", now);
	json_set_str(c, "last_message_at", json_str(message, "sent_at"));
	json_set_str(c, "ready_at", NULL);
	if (!t)
		complaint_add_reason(c, "unknown-tenant");
	complaint_want_reply(c, "receipt", id);
	return c;
}

json_t *complaint_next(const json_t *c)
{
	json_t *next = json_deep_copy(c);

	json_object_del(next, "type");
	json_set_int(next, "version", json_int(c, "version", 0) + 1);
	json_set_new(next, "timers", json_array());
	json_set_new(next, "replies", json_array());
	return next;
}

/* --- an officer's hand --- */

static bool is_date(const char *s)
{
	static const char form[] = "dddd-dd-dd";
	size_t i;

	for (i = 0; form[i]; i++)
		if (form[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != form[i])
			return false;
	return s[i] == '\0';
}

static bool fill_one(json_t *c, const char *key, const char *value, const struct rules *r)
{
	json_t *reporter = json_object_get(c, "reporter");

	if (strcmp(key, "name") == 0 || strcmp(key, "phone") == 0 || strcmp(key, "email") == 0) {
		json_set_str(reporter, key, value);
	} else if (strcmp(key, "text") == 0) {
		if (strlen(value) > r->max_text_bytes)
			return false;
		text_set(c, value);
	} else if (strcmp(key, "title") == 0) {
		json_set_str(c, "title", value);
		json_set_str(c, "title_from", "officer");
	} else if (strcmp(key, "category") == 0 || strcmp(key, "agency") == 0) {
		json_set_str(c, key, value);
	} else if (strcmp(key, "incident_date") == 0 && is_date(value)) {
		json_set_str(c, key, value);
	} else {
		return false;
	}
	return true;
}

const char *complaint_fill(json_t *c, const json_t *fields, const struct rules *r)
{
	const char *key;
	json_t *value;

	if (!json_is_object(fields) || json_object_size(fields) == 0)
		return "fields";
	json_object_foreach ((json_t *)(uintptr_t)fields, key, value)
		if (!json_is_string(value) || !fill_one(c, key, json_string_value(value), r))
			return key;
	return NULL;
}

bool complaint_full(const json_t *c, const json_t *message, const struct rules *r)
{
	size_t text = strlen(json_str_or(c, "text", "")) + strlen(json_str_or(message, "text", ""));

	return json_array_size(json_object_get(c, "sources")) >= r->max_messages ||
	       text + strlen(SEPARATOR) > r->max_text_bytes;
}

/* --- what happens next --- */

static void set_missing(json_t *c)
{
	const json_t *reporter = json_object_get(c, "reporter");
	json_t *missing = json_array();

	if (complaint_blank(json_str(reporter, "name")))
		json_array_append_new(missing, json_string("name"));
	if (complaint_blank(json_str(reporter, "phone")) &&
		complaint_blank(json_str(reporter, "email")))
		json_array_append_new(missing, json_string("contact"));
	if (complaint_blank(json_str(c, "text")))
		json_array_append_new(missing, json_string("text"));
	json_set_new(c, "missing", missing);
}

bool complaint_pending(const json_t *c)
{
	const json_t *a;
	size_t i;

	json_array_foreach (json_object_get(c, "attachments"), i, a)
		if (strcmp(json_str_or(a, "state", ""), "pending") == 0)
			return true;
	return false;
}

/* Ready but for its attachments: one filing with all of them instead of one without. Bounded from
 * the first time on, whatever comes meanwhile. */
static bool waits_for_media(json_t *c, int64_t now_ms, const struct rules *r)
{
	int64_t until = now_ms + r->media_wait_ms;
	char text[TIME_TEXT_SIZE];

	if (r->media_wait_ms == 0 || !complaint_pending(c))
		return false;
	if (time_parse(json_str_or(c, "media_until", ""), &until) < 0) {
		time_format(until, text);
		json_set_str(c, "media_until", text);
	}
	if (now_ms >= until)
		return false;
	complaint_set_state(c, "open");
	set_timer(c, "quiet", until);
	return true;
}

void complaint_fresh(json_t *c, int64_t now_ms)
{
	char now[TIME_TEXT_SIZE];

	if (!complaint_is(c, "ready"))
		return;
	time_format(now_ms, now);
	json_set_str(c, "ready_at", now);
}

void complaint_settle(json_t *c, const char *cause, int64_t now_ms, const struct rules *r)
{
	char now[TIME_TEXT_SIZE];

	set_missing(c);
	json_set_str(c, "ready_at", NULL);
	if (json_flag(c, "emergency")) {
		complaint_set_state(c, "review");
	} else if (json_str(c, "held_by")) {
		complaint_set_state(c, "held");
	} else if (json_array_size(json_object_get(c, "missing")) &&
		   !json_flag(c, "after_filing")) { /* it was filed without */
		complaint_set_state(c, "held");
		set_timer(c, "hold", now_ms + r->hold_ms);
		complaint_want_reply(c, "missing-data", cause);
	} else if (json_array_size(reasons(c))) {
		complaint_set_state(c, "review");
	} else if (!waits_for_media(c, now_ms, r)) {
		json_object_del(c, "media_until");
		complaint_set_state(c, "ready");
		time_format(now_ms, now);
		json_set_str(c, "ready_at", now);
	}
}

void complaint_reopen(
	json_t *c, bool at_once, const char *cause, int64_t now_ms, const struct rules *r)
{
	int64_t due = now_ms + r->quiet_ms, since = now_ms;
	char now[TIME_TEXT_SIZE];

	if (json_array_size(reasons(c)))
		json_set_new(json_object_get(c, "review"), "required", json_true());
	if (at_once || r->quiet_ms == 0 || json_flag(c, "emergency") || json_str(c, "held_by")) {
		complaint_settle(c, cause, now_ms, r);
		return;
	}
	if (!complaint_is(c, "open") || time_parse(json_str_or(c, "open_since", ""), &since) < 0)
		since = now_ms;
	time_format(since, now);
	json_set_str(c, "open_since", now);
	complaint_set_state(c, "open");
	json_set_str(c, "ready_at", NULL);
	if (due > since + r->open_max_ms)
		due = MAX(since + r->open_max_ms, now_ms);
	set_missing(c);
	set_timer(c, "quiet", due);
}

void complaint_release(json_t *c, const char *command, int64_t now_ms)
{
	json_t *review = json_object_get(c, "review");
	char now[TIME_TEXT_SIZE];

	time_format(now_ms, now);
	set_missing(c);
	json_set_new(review, "required", json_false());
	json_set_str(review, "released_by", command);
	json_object_del(c, "held_by");
	json_object_del(c, "media_until");
	complaint_set_state(c, "ready");
	json_set_str(c, "ready_at", now);
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void complaint_seal(json_t *c)
{
	json_t *all = json_object_get(c, "attachments"), *a;
	const char **hashes = xcalloc(json_array_size(all) + 1, sizeof(*hashes));
	struct buf text = BUF_INIT(64u << 20);
	char hex[SHA256_HEX_SIZE];
	size_t n = 0, i;

	json_array_foreach (all, i, a)
		if (json_str(a, "sha256"))
			hashes[n++] = json_str(a, "sha256");
	qsort(hashes, n, sizeof(*hashes), compare_text);
	buf_add(&text, json_str_or(c, "title", ""), strlen(json_str_or(c, "title", "")) + 1);
	buf_add(&text, json_str_or(c, "text", ""), strlen(json_str_or(c, "text", "")) + 1);
	for (i = 0; i < n; i++)
		buf_adds(&text, hashes[i]);
	sha256_hex(text.data, text.len, hex);
	json_set_str(c, "content_hash", hex);
	buf_free(&text);
	free(hashes);
}
