/* See complaint.h.
 *
 * Known gaps: a title is cut by length and punctuation, not by sense; an edit that comes after an
 * officer's own text is kept as a source but not shown in it (the caller sends it to review). */
#include "complaint.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/util.h"
#include "core/ids.h"
#include "core/message.h"
#include "core/screening.h"

#define TITLE_CHARS	100
#define TITLE_MIN_CHARS 12 /* "Pak." and "Halo!" are no titles */
#define SEPARATOR	"\n\n"

static bool blank(const char *s)
{
	return !s || s[strspn(s, " \t\r\n")] == '\0';
}

static json_t *list(json_t *c, const char *key)
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
	json_array_append_new(list(c, "links"), link);
}

void complaint_want_reply(json_t *c, const char *template_name, const char *cause)
{
	json_t *reply = json_object();

	json_set_str(reply, "template", template_name);
	json_set_str(reply, "cause", cause);
	json_array_append_new(list(c, "replies"), reply);
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
	json_array_append_new(list(c, "timers"), timer);
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

/* --- text: parts in the order they were sent, an officer's own text first --- */

struct part {
	const char *order, *id; /* borrowed from sources */
	char *text;
	json_t *source; /* NULL = the officer's */
};

static json_t *source_of(const json_t *c, const char *message)
{
	json_t *source;
	size_t i;

	json_array_foreach (json_object_get(c, "sources"), i, source)
		if (strcmp(json_str_or(source, "message", ""), message) == 0)
			return source;
	return NULL;
}

bool complaint_has_source(const json_t *c, const char *message)
{
	return source_of(c, message) != NULL;
}

static int part_compare(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	int c;

	if (!x->source || !y->source)
		return (x->source != NULL) - (y->source != NULL);
	c = strcmp(x->order, y->order);
	return c ? c : strcmp(x->id, y->id);
}

/* An edit stands where the message it edits stood. */
static const char *order_of(const json_t *c, const json_t *source)
{
	const char *edits = json_str(source, "edits");
	const json_t *first = edits ? source_of(c, edits) : NULL;

	return json_str_or(first ? first : source, "sent_at", "");
}

static char *slice(const char *text, const json_t *span)
{
	size_t start = (size_t)json_integer_value(json_array_get(span, 0));
	size_t n = (size_t)json_integer_value(json_array_get(span, 1)), len = strlen(text);

	if (start > len || n > len - start)
		return xstrdup("");
	return xstrndup(text + start, n);
}

/* Takes the text apart. `added` is a source whose part is `added_text` (it has no span yet). */
static size_t take_apart(const json_t *c, json_t *added, const char *added_text, struct part **ret)
{
	json_t *sources = json_object_get(c, "sources"), *source;
	const char *text = json_str_or(c, "text", "");
	int64_t set = json_int(c, "text_set", 0);
	struct part *parts = xcalloc(json_array_size(sources) + 1, sizeof(*parts));
	size_t n = 0, i;

	if (set > 0)
		parts[n++].text = xstrndup(text, (size_t)set);
	json_array_foreach (sources, i, source) {
		const json_t *span = json_object_get(source, "span");

		if (source != added && !json_is_array(span))
			continue;
		parts[n++] = (struct part){.order = order_of(c, source),
			.id = json_str_or(source, "message", ""),
			.text = source == added ? xstrdup(added_text) : slice(text, span),
			.source = source};
	}
	*ret = parts;
	return n;
}

static void put_together(json_t *c, struct part *parts, size_t n)
{
	struct buf text = BUF_INIT(64u << 20);
	size_t i;

	qsort(parts, n, sizeof(*parts), part_compare);
	for (i = 0; i < n; i++) {
		if (text.len)
			buf_adds(&text, SEPARATOR);
		if (parts[i].source)
			json_set_new(parts[i].source, "span",
				json_pack("[I,I]", (json_int_t)text.len,
					(json_int_t)strlen(parts[i].text)));
		buf_adds(&text, parts[i].text);
		free(parts[i].text);
	}
	json_set_str(c, "text", buf_str(&text));
	buf_free(&text);
	free(parts);
}

/* Text without blanks around it; a part of nothing has no place in the whole. */
static char *trimmed(const char *s)
{
	size_t n;

	s += strspn(s, " \t\r\n");
	n = strlen(s);
	while (n && strchr(" \t\r\n", s[n - 1]))
		n--;
	return xstrndup(s, n);
}

static void compose(json_t *c, json_t *added, const char *added_text)
{
	_cleanup_free_ char *text = added_text ? trimmed(added_text) : NULL;
	struct part *parts;
	size_t n = take_apart(c, text && *text ? added : NULL, text, &parts);

	put_together(c, parts, n);
}

static size_t chars(const char *s, size_t n)
{
	size_t i, k = 0;

	for (i = 0; i < n; i++)
		k += ((unsigned char)s[i] & 0xc0) != 0x80;
	return k;
}

/* Bytes of the first sentence or line that is long enough to say something. */
static size_t sentence(const char *s)
{
	size_t i;

	for (i = 0; s[i]; i++) {
		bool end =
			s[i] == '\n' || (strchr(".!?", s[i]) && (!s[i + 1] || isspace(s[i + 1])));

		if (end && chars(s, i) >= TITLE_MIN_CHARS)
			return i;
	}
	return i;
}

static size_t cut_at_word(const char *s, size_t n)
{
	size_t i, k = 0, space = 0;

	for (i = 0; i < n; i++) {
		if (((unsigned char)s[i] & 0xc0) == 0x80)
			continue;
		if (k++ == TITLE_CHARS)
			return space ? space : i;
		if (s[i] == ' ' || s[i] == '\n')
			space = i;
	}
	return n;
}

static void set_title(json_t *c)
{
	const char *text = json_str_or(c, "text", "");
	_cleanup_free_ char *title = NULL;
	char *p;

	if (strcmp(json_str_or(c, "title_from", "text"), "text") != 0)
		return;
	title = xstrndup(text, cut_at_word(text, sentence(text)));
	for (p = title; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	json_set_str(c, "title", title);
}

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
	json_array_append_new(list(c, "sources"), source);
	return source;
}

static void add_attachments(json_t *c, const json_t *message, const char *id)
{
	const json_t *a;
	size_t i;

	json_array_foreach (json_object_get(message, "attachments"), i, a) {
		json_t *copy = json_deep_copy(a);

		json_set_str(copy, "message", id);
		json_array_append_new(list(c, "attachments"), copy);
	}
}

static void drop_attachments(json_t *c, const char *message)
{
	json_t *all = list(c, "attachments");
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

	if (!blank(value) && blank(json_str(c, key)))
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
	if (!blank(json_str(f, "title"))) {
		json_set_str(c, "title", json_str(f, "title"));
		json_set_str(c, "title_from", "field");
	}
	fill_null(c, "category", f, "category");
	fill_null(c, "agency", f, "agency");
	if (!blank(json_str(f, "incident_date")))
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
	struct screening s = screen_text(json_str(message, "text"), message_call_get(message));

	if (s.verdict == SCREEN_EMERGENCY || message_class_get(message) == MC_EMERGENCY) {
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

	compose(c, source, json_str_or(message, "text", ""));
	add_attachments(c, message, id);
	add_location(c, message);
	add_reporter(c, message);
	add_fields(c, message);
	screen(c, message);
	later(c, "last_message_at", json_str(message, "sent_at"));
	set_title(c);
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

static bool is_of(const json_t *source, const char *message)
{
	return strcmp(json_str_or(source, "message", ""), message) == 0 ||
	       strcmp(json_str_or(source, "edits", ""), message) == 0;
}

/* The words of the message and of all its edits go. */
static void drop_text(json_t *c, const char *message)
{
	struct part *parts;
	size_t n = take_apart(c, NULL, NULL, &parts), kept = 0, i;
	json_t *s;

	for (i = 0; i < n; i++) {
		if (parts[i].source && is_of(parts[i].source, message))
			free(parts[i].text);
		else
			parts[kept++] = parts[i];
	}
	json_array_foreach (json_object_get(c, "sources"), i, s)
		if (is_of(s, message))
			json_set_new(s, "span", json_null());
	put_together(c, parts, kept);
}

void complaint_edit(
	json_t *c, const json_t *message, const char *id, const char *hash, const char *target)
{
	const char *sent = json_str_or(message, "sent_at", "");
	bool old = outdated(c, target, sent);
	json_t *source;

	if (!old)
		drop_text(c, target);
	source = add_source(c, message, id, hash);
	json_set_str(source, "edits", target);
	if (old)
		return;
	compose(c, source, json_str_or(message, "text", ""));
	if (json_array_size(json_object_get(message, "attachments"))) {
		drop_attachments(c, target);
		add_attachments(c, message, id);
	}
	add_location(c, message);
	screen(c, message);
	set_title(c);
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

	drop_text(c, target);
	drop_attachments(c, target);
	source = add_source(c, message, id, hash);
	json_set_str(source, "deletes", target);
	set_title(c);
	return anything_left(c);
}

bool complaint_media(json_t *c, const char *message, const json_t *attachment)
{
	static const char *const taken[] = {"state", "sha256", "bytes", "mime", "kind"};
	json_t *a;
	size_t i, k;

	json_array_foreach (json_object_get(c, "attachments"), i, a) {
		if (strcmp(json_str_or(a, "message", ""), message) != 0 ||
			strcmp(json_str_or(a, "id", ""), json_str_or(attachment, "id", "?")) != 0)
			continue;
		for (k = 0; k < ARRAY_SIZE(taken); k++)
			if (json_object_get(attachment, taken[k]))
				json_object_set(a, taken[k], json_object_get(attachment, taken[k]));
		return true;
	}
	return false;
}

/* --- an officer's hand --- */

static void set_text(json_t *c, const char *text)
{
	json_t *s;
	size_t i;

	json_array_foreach (json_object_get(c, "sources"), i, s)
		json_set_new(s, "span", json_null());
	json_set_str(c, "text", text);
	json_set_int(c, "text_set", (int64_t)strlen(text));
	set_title(c);
}

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
		set_text(c, value);
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

	if (blank(json_str(reporter, "name")))
		json_array_append_new(missing, json_string("name"));
	if (blank(json_str(reporter, "phone")) && blank(json_str(reporter, "email")))
		json_array_append_new(missing, json_string("contact"));
	if (blank(json_str(c, "text")))
		json_array_append_new(missing, json_string("text"));
	json_set_new(c, "missing", missing);
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
	} else if (json_array_size(json_object_get(c, "missing"))) {
		complaint_set_state(c, "held");
		set_timer(c, "hold", now_ms + r->hold_ms);
		complaint_want_reply(c, "missing-data", cause);
	} else if (json_array_size(reasons(c))) {
		complaint_set_state(c, "review");
	} else {
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
