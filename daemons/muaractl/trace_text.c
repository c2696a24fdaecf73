/* trace_text: see trace_text.h. */
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mask.h"
#include "base/utf8.h"
#include "base/util.h"

#include "trace_text.h"

#define LINE_MAX_BYTES (256 * 1024)

static char *take(struct buf *b)
{
	return b->data ? buf_take(b) : xstrdup("");
}

static void add_result(struct buf *b, const json_t *r)
{
	const char *type = json_str_or(r, "type", "?");

	if (b->len)
		buf_adds(b, "; ");
	if (strcmp(type, "complaint") == 0)
		buf_addf(b, "complaint %s version %lld: %s%s", json_str_or(r, "ticket", "?"),
			(long long)json_int(r, "version", 0), json_str_or(r, "state", "?"),
			json_flag(r, "emergency") ? " (emergency)" : "");
	else if (json_flag(r, "refused"))
		buf_addf(b, "refused: %s", json_str_or(r, "reason", ""));
	else if (strcmp(type, "archived") == 0)
		buf_addf(b, "archived as %s: %s", json_str_or(r, "class", "?"),
			json_str_or(r, "reason", ""));
	else
		buf_addf(b, "%s: %s", type, json_str_or(r, "reason", ""));
}

char *trace_decision_text(const json_t *decision)
{
	struct buf b = BUF_INIT(LINE_MAX_BYTES);
	const json_t *x;
	size_t i;

	json_array_foreach (json_object_get(decision, "results"), i, x)
		add_result(&b, x);
	buf_adds(&b, " (by");
	json_array_foreach (json_object_get(decision, "inputs"), i, x)
		buf_addf(&b, "%s %s %s", i ? "," : "", json_str_or(x, "type", "?"),
			json_str_or(x, "id", "?"));
	buf_adds(&b, ")");
	return take(&b);
}

char *trace_why_text(const json_t *decision)
{
	struct buf b = BUF_INIT(LINE_MAX_BYTES);
	const json_t *w;
	size_t i;

	json_array_foreach (json_object_get(decision, "why"), i, w)
		buf_addf(&b, "%s%s: %s", i ? "; " : "", json_str_or(w, "rule", "?"),
			json_str_or(w, "evidence", ""));
	return take(&b);
}

static void add_if(struct buf *b, const char *label, const char *value)
{
	if (value)
		buf_addf(b, ", %s%s", label, value);
}

static void add_answers(struct buf *b, const json_t *answers)
{
	const json_t *a;
	size_t i;

	json_array_foreach (answers, i, a)
		buf_addf(b, "%s%s%s%s", i ? "; " : ", answers ", json_str_or(a, "id", "?"),
			json_str(a, "at") ? " of " : "", json_str_or(a, "at", ""));
}

char *trace_submission_text(const json_t *s)
{
	struct buf b = BUF_INIT(LINE_MAX_BYTES);
	int64_t http = json_int(s, "http_status", 0), curl = json_int(s, "curl", 0);

	buf_addf(&b, "%s", json_str_or(s, "kind", "?"));
	if (json_str(s, "call"))
		buf_addf(&b, ": %s of version %lld at %s, attempt %lld", json_str(s, "call"),
			(long long)json_int(s, "version", 0), json_str_or(s, "destination", "?"),
			(long long)json_int(s, "attempt", 0));
	if (json_int(s, "part", 1) > 1)
		buf_addf(&b, ", part %lld", (long long)json_int(s, "part", 1));
	if (json_str(s, "call") && strcmp(json_str(s, "call"), "followup") == 0 &&
		json_object_get(s, "sources"))
		buf_addf(&b, ", tells %zu messages, %lld files",
			json_array_size(json_object_get(s, "sources")),
			(long long)json_array_size(json_object_get(s, "attachments")) -
				(long long)json_int(s, "left_out", 0));
	if (json_int(s, "left_out", 0))
		buf_addf(&b, ", says of %lld that they are left out",
			(long long)json_int(s, "left_out", 0));
	add_if(&b, "of intent ", json_str(s, "intent"));
	add_if(&b, "number ", json_str(s, "remote_id"));
	add_if(&b, "in place of ", json_str(s, "was"));
	add_if(&b, "entered on ", json_str(s, "entered_on"));
	add_if(&b, "", json_str(s, "resolution"));
	add_if(&b, "by a ", json_str(s, "by"));
	add_if(&b, "", json_str(s, "status"));
	if (json_str(s, "status_name"))
		buf_addf(&b, " (%s)", json_str(s, "status_name"));
	add_answers(&b, json_object_get(s, "answers"));
	add_if(&b, "the source is filed by complaint ", json_str(s, "other"));
	add_if(&b, "", json_str(s, "result"));
	add_if(&b, "", json_str(s, "reason"));
	if (http)
		buf_addf(&b, ", HTTP %lld", (long long)http);
	if (curl)
		buf_addf(&b, ", curl %lld", (long long)curl);
	add_if(&b, "command ", json_str(s, "command"));
	return take(&b);
}

char *trace_command_text(const json_t *c, bool show)
{
	struct buf b = BUF_INIT(LINE_MAX_BYTES);
	const char *key;
	json_t *v;
	int n = 0;

	buf_addf(&b, "%s by %s: %s", json_str_or(c, "what", "?"), json_str_or(c, "who", "?"),
		json_str_or(c, "why", ""));
	if (json_int(c, "version", 0))
		buf_addf(&b, ", version %lld", (long long)json_int(c, "version", 0));
	add_if(&b, "attempt ", json_str(c, "attempt"));
	add_if(&b, "", json_str(c, "resolution"));
	add_if(&b, "number ", json_str(c, "remote_id"));
	add_if(&b, "entered on ", json_str(c, "entered_on"));
	json_object_foreach (json_object_get(c, "fields"), key, v) {
		buf_addf(&b, "%s%s", n++ ? " " : ", fields ", key);
		if (show)
			buf_addf(&b, "=%s", json_is_string(v) ? json_string_value(v) : "?");
	}
	return take(&b);
}

char *trace_emergency_text(const json_t *o)
{
	struct buf b = BUF_INIT(LINE_MAX_BYTES);

	buf_addf(&b, "%s", json_str_or(o, "kind", "?"));
	add_if(&b, "rule ", json_str(o, "rule"));
	add_if(&b, "word ", json_str(o, "word"));
	add_if(&b, "through ", json_str(o, "hook"));
	if (json_int(o, "n", 0))
		buf_addf(&b, ", %lld times so far", (long long)json_int(o, "n", 0));
	add_if(&b, "by ", json_str(o, "by"));
	add_if(&b, "", json_str(o, "reason"));
	add_if(&b, "command ", json_str(o, "command"));
	return take(&b);
}

/* "Siti Aminah" -> "S***": enough to tell two people apart, not enough to name one. */
static void add_person(struct buf *b, const json_t *author, bool show)
{
	const char *name = json_str(author, "name"), *phone = json_str(author, "phone");
	_cleanup_free_ char *masked = xstrdup(phone ? phone : "");

	if (show) {
		add_if(b, "from ", name);
		add_if(b, "", phone);
		add_if(b, "", json_str(author, "email"));
		return;
	}
	mask_personal(masked);
	if (name)
		buf_addf(b, ", from %.*s***", (int)utf8_prefix(name, 1), name);
	if (phone)
		buf_addf(b, ", %s", masked);
}

char *trace_message_text(const json_t *m, bool show)
{
	struct buf b = BUF_INIT(LINE_MAX_BYTES);
	const json_t *source = json_object_get(m, "source");
	const char *text = json_str_or(m, "text", "");
	size_t files = json_array_size(json_object_get(m, "attachments"));

	buf_addf(&b, "%s %s accepted by %s/%s, class %s", json_str_or(m, "channel", "?"),
		json_str_or(m, "kind", "message"), json_str_or(source, "daemon", "?"),
		json_str_or(source, "instance", "?"), json_str_or(m, "class", "?"));
	add_if(&b, "sent ", json_str(m, "sent_at"));
	add_person(&b, json_object_get(m, "author"), show);
	if (files)
		buf_addf(&b, ", %zu file%s", files, files == 1 ? "" : "s");
	if (show)
		buf_addf(&b, ": %s", text);
	else
		buf_addf(&b, ", %zu characters", utf8_length(text));
	return take(&b);
}
