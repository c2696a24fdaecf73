/* profile_lint_calls: rules about calls and their answers: places, outcomes, headers, the words of
 * a status.
 *
 * Guarantee: a profile without a fault names the report a call is about, and looks for numbers and
 * words where an answer can hold them. Known gap: whether the endpoint answers so shows only
 * there. */
#include <string.h>

#include "base/json.h"
#include "core/profile_lint_private.h"

#define STOP_DEFAULT_MS 110000 /* forwarder.yaml, stop_timeout */

/* --- places in answers --- */

void lint_place(struct lint *l, const char *at, const char *place)
{
	for (const char *s = place; s && *s; s += *s == '.') {
		size_t n = strcspn(s, ".");

		if (n && strspn(s, "0123456789") == n) {
			lint_say(l, FAULT, at,
				"\"%.*s\" is looked for as a member's name and never found in a "
				"list; a list's first element is written name[]",
				(int)n, s);
			return;
		}
		s += n;
	}
}

/* The member at `inner` lies at or below `outer`. */
static bool lies_in(const char *inner, const char *outer)
{
	const size_t n = strlen(outer);

	return strncmp(inner, outer, n) == 0 && (!inner[n] || inner[n] == '.' || inner[n] == '[');
}

/* What `shows` names must be an object or a list, so it is never above a word or a number. */
static void check_shown(struct lint *l, const char *scalar_key, const char *scalar)
{
	const char *shows = l->p->reads[READ_REPORT].shows;

	if (scalar && shows && lies_in(shows, scalar))
		lint_say(l, FAULT, "reads.report.shows",
			"is the place of %s, a word or a number, so no answer is ever good; name "
			"the object or list that holds it",
			scalar_key);
}

static void check_ids(struct lint *l, const char *call, const json_t *places)
{
	char path[PLACE_MAX_LEN], id[PLACE_MAX_LEN];
	const json_t *a, *b;
	size_t i, k;

	pfile_below(id, call, "id");
	json_array_foreach (places, i, a) {
		pfile_nth(path, id, i);
		lint_place(l, path, json_string_value(a));
		json_array_foreach (places, k, b) {
			if (k >= i || strcmp(json_string_value(a), json_string_value(b)) != 0)
				continue;
			lint_say(l, FAULT, path, "stands here a second time; leave it out");
			break;
		}
	}
}

void lint_places(struct lint *l)
{
	const struct profile *p = l->p;
	char path[PLACE_MAX_LEN], at[PLACE_MAX_LEN];
	const json_t *v;
	size_t i;

	for (int k = CALL_UPLOAD; k < CALL_SHEET; k++)
		check_ids(l, lint_call_at[k], p->calls[k].id);
	if (p->calls[CALL_HANDOVER].is.gives_id)
		lint_say(l, WARNING, "calls.handover.id",
			"an answer without it counts as unclear; leave it out unless every "
			"hand-over answers with a number");
	lint_place(l, "reads.probe.shows", p->reads[READ_PROBE].shows);
	lint_place(l, "reads.report.shows", p->reads[READ_REPORT].shows);
	lint_place(l, "reads.report.institution", p->reads[READ_REPORT].institution_at);
	lint_place(l, "reads.followups.shows", p->reads[READ_FOLLOWUPS].shows);
	lint_place(l, "reads.followups.next", p->followups.next);
	lint_place(l, "status.at", p->status_at);
	check_shown(l, "reads.report.institution", p->reads[READ_REPORT].institution_at);
	check_shown(l, "status.at", p->status_at);
	json_array_foreach (p->proofs, i, v)
		lint_place(
			l, pfile_below(at, pfile_nth(path, "proofs", i), "at"), json_str(v, "at"));
}

void lint_reports(struct lint *l)
{
	const struct profile *p = l->p;
	const struct call_map *hand = &p->calls[CALL_HANDOVER];

	if (p->reads[READ_REPORT].is.present && !p->reads[READ_REPORT].is.id_in_path)
		lint_say(l, FAULT, "reads.report.path",
			"reads the same for every report; put {{remote_id}} into it");
	if (!hand->is.present)
		return;
	if (!hand->is.id_in_path && !lint_tree_names(hand->body, "remote_id"))
		lint_say(l, FAULT, "calls.handover",
			"says nowhere which report is meant; put {{remote_id}} into path or body");
	if (!lint_tree_names(hand->body, "institution"))
		lint_say(l, FAULT, "calls.handover.body",
			"says nowhere to whom; put {{institution}} into a field");
}

/* --- outcomes --- */

static void check_once(struct lint *l, enum call_kind k)
{
	const struct profile *p = l->p;
	char at[PLACE_MAX_LEN];

	if (!p->calls[k].is.present || p->calls[k].is.repeat != CALL_ONCE)
		return;
	pfile_below(at, lint_call_at[k], "repeat");
	if (k == CALL_HANDOVER && p->reads[READ_REPORT].institution_at)
		lint_say(l, WARNING, at,
			"reads.report.institution shows whether it arrived; `verifiable` asks it "
			"instead of a person");
	if (k == CALL_UPLOAD)
		lint_say(l, WARNING, at,
			"each unclear upload waits for a person; `repeatable` when a second copy "
			"of a file nobody names does no harm");
	if (!json_array_size(p->proofs))
		lint_say(l, WARNING, at,
			"happens once only, and no answer is known that proves nothing was stored: "
			"each 401 or 403 waits for a person; add the gateway's own refusal to "
			"proofs when its words are known");
}

void lint_outcomes(struct lint *l)
{
	const struct profile *p = l->p;
	char path[PLACE_MAX_LEN], at[PLACE_MAX_LEN];
	const json_t *v;
	size_t i;

	for (int k = CALL_UPLOAD; k < CALL_SHEET; k++) {
		check_once(l, (enum call_kind)k);
		if (p->calls[k].is.present && p->calls[k].is.total_ms > STOP_DEFAULT_MS)
			lint_say(l, WARNING, pfile_below(path, lint_call_at[k], "total"),
				"longer than forwarder.yaml's stop_timeout (110s unless set): a "
				"stop would cut it off and park it; raise stop_timeout and the "
				"unit's TimeoutStopSec, or shorten it");
	}
	json_array_foreach (p->proofs, i, v) {
		pfile_below(at, pfile_nth(path, "proofs", i), "status");
		if (json_int(v, "status", 0) == 429)
			lint_say(l, WARNING, at,
				"429 means not taken without any proof; leave it out");
		if (json_int(v, "status", 0) >= 500)
			lint_say(l, WARNING, at,
				"behind a gateway's 5xx the endpoint may have stored the report "
				"all the same; keep it only if `source` rules that out");
	}
}

/* --- headers --- */

static bool same_header(const char *a, const char *b)
{
	const size_t n = strcspn(a, ":");

	return n == strcspn(b, ":") && strncasecmp(a, b, n) == 0;
}

static bool header_in(const char *header, const char *const *list)
{
	for (; *list; list++)
		if (same_header(header, *list))
			return true;
	return false;
}

static void check_header(struct lint *l, const char *at, const char *header)
{
	static const char *const secrets[] = {"Authorization", "Proxy-Authorization", "Cookie",
		"auth", "token", "apikey", "api-key", "x-api-key", "x-auth-token", NULL};
	static const char *const transport[] = {"Host", "Content-Length", "Transfer-Encoding",
		"Connection", "Expect", "User-Agent", NULL};

	if (header_in(header, secrets))
		lint_say(l, FAULT, at,
			"a credential belongs to the destination in forwarder.yaml, as a secret");
	if (header_in(header, transport))
		lint_say(l, FAULT, at, "is set by the program itself; leave it out");
}

void lint_headers(struct lint *l)
{
	const struct profile *p = l->p;
	const char *key = p->idempotency_header, *header;
	char path[PLACE_MAX_LEN];
	bool typed = false;
	const json_t *v;
	size_t i, k;

	if (p->kind == PROFILE_SHEET)
		return;
	json_array_foreach (p->headers, i, v) {
		header = json_string_value(v);
		pfile_nth(path, "headers", i);
		check_header(l, path, header);
		typed |= same_header(header, "Content-Type");
		for (k = 0; k < i; k++)
			if (same_header(header, json_string_value(json_array_get(p->headers, k))))
				lint_say(l, FAULT, path,
					"a header of this name stands above; keep one of them");
		if (key && same_header(header, key))
			lint_say(l, FAULT, path, "is the idempotency_header; leave it out here");
	}
	if (key && (!*key || key[strcspn(key, ": \t\r\n")]))
		lint_say(l, FAULT, "idempotency_header",
			"is no header name; no blank and no colon may stand in it");
	if (!typed)
		lint_say(l, FAULT, "headers",
			"the bodies are JSON and nothing says so; add \"Content-Type: "
			"application/json\"");
}

/* --- status --- */

static void check_words(struct lint *l)
{
	char path[PLACE_MAX_LEN];
	const char *key, *other;
	json_t *v, *w;

	json_object_foreach (l->p->status, key, v) {
		size_t n = strlen(key);

		pfile_below(path, "status.map", key);
		if (!n || strchr(" \t\r\n", key[0]) || strchr(" \t\r\n", key[n - 1]))
			lint_say(l, FAULT, path,
				"is never found: an answer's word is compared without blanks "
				"around it; take them off");
		json_object_foreach (l->p->status, other, w) {
			if (other == key)
				break;
			if (strcasecmp(other, key) == 0)
				lint_say(l, FAULT, path,
					"is never found: \"%s\" above is the same word, case does "
					"not count; keep one of them",
					other);
		}
	}
}

void lint_status(struct lint *l)
{
	static const char *const ours[] = {
		"received", "verified", "in_progress", "done", "archived", "rejected"};
	const struct profile *p = l->p;
	_cleanup_buf_ struct buf holes = BUF_INIT(256);
	const char *key;
	json_t *v;

	if (p->kind == PROFILE_SHEET)
		return;
	if (!p->status) {
		lint_say(l, WARNING, "status",
			"missing: nobody learns what becomes of a report; add `at` and `map` when "
			"reads.report shows it");
		return;
	}
	check_words(l);
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		bool there = false;

		json_object_foreach (p->status, key, v)
			there |= strcmp(json_string_value(v), ours[i]) == 0;
		if (!there)
			(void)buf_addf(&holes, "%s%s", holes.len ? ", " : "", ours[i]);
	}
	if (holes.len)
		lint_say(l, WARNING, "status.map",
			"no word of theirs means: %s; a report in such a state seems to stand "
			"still. Add its word, unless they have no such state",
			buf_str(&holes));
}
