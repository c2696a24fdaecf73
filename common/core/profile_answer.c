/* profile_answer: what an answer says, by the places a profile names.
 *
 * Guarantees: an id is taken only from a whole, parseable 2xx answer at a place the profile lists
 * (1 … 15 digits, as number or text); an answer that cannot be read proves nothing. What the facts
 * mean is core/outcome's to say. Pure. Known gap: a place holds the first element of a list. */
#include <string.h>

#include "base/crypto.h"
#include "base/json.h"
#include "core/profile_private.h"

bool json_path_ok(const char *path)
{
	static const char members[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	while (true) {
		size_t n = strspn(path, members);

		if (n == 0 || n > 64)
			return false;
		path += n;
		if (strncmp(path, "[]", 2) == 0)
			path += 2;
		if (!*path)
			return true;
		if (*path++ != '.')
			return false;
	}
}

const json_t *json_at(const json_t *j, const char *path)
{
	char name[72];

	while (j && path && *path) {
		size_t n = strcspn(path, ".[");

		snprintf(name, sizeof name, "%.*s", (int)n, path);
		j = json_object_get(j, name);
		path += n;
		if (strncmp(path, "[]", 2) == 0) {
			j = json_array_get(j, 0);
			path += 2;
		}
		path += *path == '.';
	}
	return j;
}

static bool success(const struct httpc_answer *a)
{
	return a->curl == CURLE_OK && a->status >= 200 && a->status <= 299;
}

/* NULL: no whole JSON. Caller owns. */
static json_t *parsed(const struct httpc_answer *a, const struct profile_call *c)
{
	json_t *j = NULL;

	if (a->curl != CURLE_OK || a->too_large || !a->body)
		return NULL;
	return json_parse(a->body, a->body_len, c->max_answer, &j, NULL) ? NULL : j;
}

uint64_t remote_id_of(const json_t *v)
{
	if (json_is_integer(v) && json_integer_value(v) > 0 &&
		(uint64_t)json_integer_value(v) <= REMOTE_ID_MAX)
		return (uint64_t)json_integer_value(v);
	if (is_number(json_string_value(v)))
		return strtoull(json_string_value(v), NULL, 10);
	return 0;
}

static uint64_t find_id(const struct call_map *c, const json_t *answer)
{
	const json_t *place;
	uint64_t id = 0;
	size_t i;

	json_array_foreach (c->id, i, place) {
		id = remote_id_of(json_at(answer, json_string_value(place)));
		if (id)
			break;
	}
	return id;
}

static bool empty(const struct httpc_answer *a)
{
	for (size_t i = 0; i < a->body_len; i++)
		if (!strchr(" \t\r\n", a->body[i]))
			return false;
	return true;
}

/* Is it an answer of which the profile knows that nothing was passed on? */
static bool proves(const struct profile *p, long status, const json_t *answer)
{
	const json_t *proof;
	size_t i;

	json_array_foreach (p->proofs, i, proof) {
		const char *is = json_string_value(json_at(answer, json_str(proof, "at")));

		if (json_int(proof, "status", 0) == status && is &&
			strcmp(is, json_str_or(proof, "is", "")) == 0)
			return true;
	}
	return false;
}

static bool names(const struct httpc_answer *a, const char *ticket)
{
	const size_t n = ticket ? strlen(ticket) : 0;

	if (n == 0 || !a->body)
		return false;
	for (size_t i = 0; i + n <= a->body_len; i++)
		if (strncasecmp(a->body + i, ticket, n) == 0)
			return true;
	return false;
}

void profile_answer(const struct profile *p, enum call_kind c, const struct httpc_answer *a,
	const char *ticket, struct profile_answer *ret)
{
	const struct call_map *map = &p->calls[c];
	_cleanup_json_ json_t *answer = parsed(a, &map->is);

	*ret = (struct profile_answer){.facts = {.repeat = map->is.repeat,
					       .curl = a->curl,
					       .status = (int)a->status,
					       .sent_bytes = a->sent_bytes,
					       .id_in_path = map->is.id_in_path}};
	if (success(a)) {
		ret->remote_id = find_id(map, answer);
		if (map->is.gives_id)
			ret->facts.understood = ret->remote_id != 0;
		else
			ret->facts.understood =
				json_is_object(answer) || (!a->too_large && empty(a));
	} else {
		ret->facts.proof = answer && proves(p, a->status, answer);
	}
	ret->facts.names_ticket = names(a, ticket);
}

json_t *read_answer(const struct profile *p, enum profile_read r, const struct httpc_answer *a)
{
	_cleanup_json_ json_t *answer = success(a) ? parsed(a, &p->reads[r].is) : NULL;
	const json_t *shown = answer ? json_at(answer, p->reads[r].shows) : NULL;

	return json_is_object(shown) || json_is_array(shown) ? TAKE_PTR(answer) : NULL;
}

bool profile_probe_good(const struct profile *p, const struct httpc_answer *a)
{
	_cleanup_json_ json_t *answer = read_answer(p, READ_PROBE, a);

	return answer != NULL;
}

enum read_back profile_read_back(
	const struct profile *p, const struct httpc_answer *a, const char *institution)
{
	_cleanup_json_ json_t *answer = read_answer(p, READ_REPORT, a);
	uint64_t shown;

	if (a->curl == CURLE_OK && a->status == 404)
		return READ_BACK_GONE;
	if (!answer)
		return READ_BACK_UNKNOWN;
	shown = remote_id_of(json_at(answer, p->reads[READ_REPORT].institution_at));
	if (!shown || !is_number(institution))
		return READ_BACK_UNKNOWN;
	return shown == strtoull(institution, NULL, 10) ? READ_BACK_DONE : READ_BACK_NOT;
}

enum read_back profile_report_there(const struct profile *p, const struct httpc_answer *a)
{
	_cleanup_json_ json_t *answer = read_answer(p, READ_REPORT, a);

	if (a->curl == CURLE_OK && a->status == 404)
		return READ_BACK_GONE;
	return answer ? READ_BACK_NOT : READ_BACK_UNKNOWN;
}

bool profile_shows_own(
	const struct profile *p, const struct httpc_answer *a, const struct strmap *settings)
{
	const char *own =
		p->own_institution ? setting_value(p, settings, p->own_institution, NULL) : NULL;

	return own && profile_read_back(p, a, own) == READ_BACK_DONE;
}

/* Their word, without blanks around it; NULL: not readable. Caller frees. */
static char *status_word(const struct profile *p, const struct httpc_answer *a)
{
	_cleanup_json_ json_t *answer = p->status ? read_answer(p, READ_REPORT, a) : NULL;
	const char *name = json_string_value(json_at(answer, p->status_at));
	char *trimmed;
	size_t n;

	if (!name)
		return NULL;
	name += strspn(name, " \t\r\n");
	trimmed = xstrdup(name);
	for (n = strlen(trimmed); n && strchr(" \t\r\n", trimmed[n - 1]); n--)
		trimmed[n - 1] = '\0';
	return trimmed;
}

static const char *meaning(const struct profile *p, const char *word)
{
	const char *key;
	json_t *ours;

	json_object_foreach (p->status, key, ours)
		if (strcasecmp(key, word) == 0)
			return json_string_value(ours);
	return NULL;
}

bool profile_has_status(const struct profile *p)
{
	return p->status && p->reads[READ_REPORT].is.present;
}

/* A word that may stand in a log for ever; another one's hash. */
static void safe_word(const char *word, char ret[PROFILE_WORD_SIZE])
{
	static const char safe[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._/()-";
	char hex[SHA256_HEX_SIZE];

	if (strlen(word) < PROFILE_WORD_SIZE && strspn(word, safe) == strlen(word)) {
		snprintf(ret, PROFILE_WORD_SIZE, "%s", word);
		return;
	}
	sha256_hex(word, strlen(word), hex);
	snprintf(ret, PROFILE_WORD_SIZE, "sha256:%.16s", hex);
}

enum report_status profile_report_status(
	const struct profile *p, const struct httpc_answer *a, char ret_word[PROFILE_WORD_SIZE])
{
	_cleanup_free_ char *word = status_word(p, a);

	*ret_word = '\0';
	if (!word || !*word)
		return REPORT_NONE;
	safe_word(word, ret_word);
	return report_status_parse(meaning(p, word));
}
