/* outcome of every call: each call of each profile that ships, times every result of curl, every
 * status, with and without sent bytes, every shape of body, against the table of design.md as it is
 * written again here. A new profile or call joins by itself; the number of cases is printed. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <curl/curl.h>

#include "base/json.h"
#include "base/util.h"
#include "core/profile_private.h"

#define TICKET	   "ABCDE-FGHJK"
#define SHAPES_MAX 64

/* What design.md says of a call's end. */
enum end {
	IS_DONE,
	IS_NOT_SENT,
	IS_UNCLEAR,
	IS_REDIRECT,
	IS_CREDENTIAL,
	IS_WAIT,
	IS_MOVED,
	IS_UNKNOWN,
	IS_REJECTED
};

static const char *const end_names[] = {"done", "not sent", "unclear", "redirected",
	"credential or record", "not taken", "moved", "unknown there", "rejected"};

/* Record and destination, by kind of call: repeatable, verifiable, once. */
static const struct {
	enum record_fate record[CALL_REPEAT_COUNT_];
	enum destination_fate destination[CALL_REPEAT_COUNT_];
} means[] = {
	[IS_DONE] = {{RECORD_DONE, RECORD_DONE, RECORD_DONE},
		{DESTINATION_GO, DESTINATION_GO, DESTINATION_GO}},
	[IS_NOT_SENT] = {{RECORD_RETRY, RECORD_RETRY, RECORD_RETRY},
		{DESTINATION_BACK_OFF, DESTINATION_BACK_OFF, DESTINATION_BACK_OFF}},
	[IS_UNCLEAR] = {{RECORD_RETRY, RECORD_VERIFY, RECORD_PARK},
		{DESTINATION_BACK_OFF, DESTINATION_BACK_OFF, DESTINATION_PAUSE}},
	[IS_REDIRECT] = {{RECORD_RETRY, RECORD_VERIFY, RECORD_PARK},
		{DESTINATION_HOLD, DESTINATION_HOLD, DESTINATION_HOLD}},
	[IS_CREDENTIAL] = {{RECORD_PROBE, RECORD_PROBE, RECORD_PROBE},
		{DESTINATION_PROBE, DESTINATION_PROBE, DESTINATION_PROBE}},
	[IS_WAIT] = {{RECORD_RETRY, RECORD_RETRY, RECORD_RETRY},
		{DESTINATION_WAIT, DESTINATION_WAIT, DESTINATION_WAIT}},
	[IS_MOVED] = {{RECORD_RETRY, RECORD_RETRY, RECORD_RETRY},
		{DESTINATION_HOLD, DESTINATION_HOLD, DESTINATION_HOLD}},
	[IS_UNKNOWN] = {{RECORD_VERIFY, RECORD_VERIFY, RECORD_VERIFY},
		{DESTINATION_GO, DESTINATION_GO, DESTINATION_GO}},
	[IS_REJECTED] = {{RECORD_REJECT, RECORD_REJECT, RECORD_REJECT},
		{DESTINATION_GO, DESTINATION_GO, DESTINATION_GO}},
};

struct shape {
	char what[64];
	char *body;
	bool id;	  /* one, where the profile looks for it */
	bool object;	  /* whole JSON, an object */
	bool empty;	  /* nothing, or blanks */
	bool names;	  /* our ticket */
	int proof_status; /* with this status it is known that nothing was passed on; 0 = none */
};

static struct shape shapes[SHAPES_MAX];
static size_t n_shapes;
static unsigned long n_cases;

/* --- shapes of a body --- */

static struct shape *shape(const char *what, char *body)
{
	struct shape *s = &shapes[n_shapes++];

	assert_true(n_shapes < SHAPES_MAX);
	*s = (struct shape){.body = body, .object = true};
	snprintf(s->what, sizeof s->what, "%s", what);
	return s;
}

/* {"results": {"images": [{"id": VALUE}]}} of "results.images[].id"; steals */
static json_t *at_place(const char *place, json_t *value)
{
	const char *dot = strchr(place, '.');
	size_t n = dot ? (size_t)(dot - place) : strlen(place);
	bool list = n > 2 && strncmp(place + n - 2, "[]", 2) == 0;
	_cleanup_free_ char *name = xstrndup(place, list ? n - 2 : n);
	json_t *in = dot ? at_place(dot + 1, value) : value, *out = json_object();

	if (list) {
		json_t *a = json_array();

		json_array_append_new(a, in);
		in = a;
	}
	json_object_set_new(out, name, in);
	return out;
}

static char *body_at(const char *place, json_t *value)
{
	_cleanup_json_ json_t *j = at_place(place, value);

	return json_dumps(j, JSON_COMPACT);
}

static void shapes_of_an_id(const char *place)
{
	char *whole;

	shape("an id", body_at(place, json_integer(1916449)))->id = true;
	shape("an id as text", body_at(place, json_string("1916449")))->id = true;
	shape("id 0", body_at(place, json_integer(0)));
	shape("a negative id", body_at(place, json_integer(-5)));
	shape("an id of 16 digits", body_at(place, json_integer(1234567890123456)));
	shape("an id in words", body_at(place, json_string("nomor 12")));
	shape("an id that is a list", body_at(place, json_pack("[i]", 12)));
	shape("id null", body_at(place, json_null()));
	whole = body_at(place, json_integer(1916449));
	whole[strlen(whole) - 1] = '\0'; /* cut */
	shape("an id, cut off", whole)->object = false;
}

static void shapes_of(const struct profile *p, const struct call_map *c)
{
	const json_t *row;
	size_t i;

	n_shapes = 0;
	json_array_foreach (c->id, i, row)
		shapes_of_an_id(json_string_value(row));
	json_array_foreach (p->proofs, i, row)
		shape("a proof", body_at(json_str(row, "at"), json_string(json_str(row, "is"))))
			->proof_status = (int)json_int(row, "status", 0);
	shape("an object without an id", xstrdup("{\"message\":\"Berhasil\"}"));
	shape("our ticket", xstrdup("{\"message\":\"Tiket " TICKET " sudah ada\"}"))->names = true;
	shape("a page", xstrdup("<!doctype html><html>12</html>"))->object = false;
	shape("a list", xstrdup("[{\"complaint_id\":12,\"id\":12}]"))->object = false;
	shape("a number", xstrdup("12"))->object = false;
	shape("two objects", xstrdup("{\"complaint_id\":12}{\"complaint_id\":12}"))->object = false;
	shape("blanks", xstrdup(" \r\n"))->object = false;
	shapes[n_shapes - 1].empty = true;
	shape("nothing", xstrdup(""))->object = false;
	shapes[n_shapes - 1].empty = true;
}

static void forget_shapes(void)
{
	for (size_t i = 0; i < n_shapes; i++)
		free(shapes[i].body);
}

/* --- what design.md says --- */

/* Certainly before the first byte: no DNS, refused, TLS, a connect that took too long, rc 65. */
static bool known_unsent(int curl)
{
	static const int codes[] = {CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_RESOLVE_HOST,
		CURLE_COULDNT_CONNECT, CURLE_OPERATION_TIMEDOUT, CURLE_SSL_CONNECT_ERROR,
		CURLE_PEER_FAILED_VERIFICATION, CURLE_SEND_FAIL_REWIND};

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i] == curl)
			return true;
	return false;
}

static enum end by_status(const struct call_map *c, long status, const struct shape *s)
{
	if (status >= 200 && status < 300)
		return (c->is.gives_id ? s->id : s->object || s->empty) ? IS_DONE : IS_UNCLEAR;
	if (status >= 300 && status < 400)
		return IS_REDIRECT;
	if (status == 401 || status == 403)
		return IS_CREDENTIAL;
	if (status == 429)
		return IS_WAIT;
	if (s->proof_status && s->proof_status == status)
		return IS_NOT_SENT;
	if (status == 404)
		return c->is.id_in_path ? IS_UNKNOWN : IS_MOVED;
	if (status < 400 || status == 408 || status >= 500)
		return IS_UNCLEAR;
	return status == 409 && s->names ? IS_UNCLEAR : IS_REJECTED;
}

static enum destination_fate destination_of(
	enum end e, enum call_repeat repeat, long status, const struct shape *s)
{
	/* Whoever names our ticket is in good health. */
	return status == 409 && s->names ? DESTINATION_GO : means[e].destination[repeat];
}

/* --- the cases --- */

static void check(const struct profile *p, enum call_kind c, const struct httpc_answer *a,
	const struct shape *s)
{
	const struct call_map *map = &p->calls[c];
	enum call_repeat repeat = map->is.repeat;
	struct profile_answer answer;
	struct outcome o;
	enum end e;
	bool fine;

	profile_answer(p, c, a, TICKET, &answer);
	o = outcome_of(&answer.facts);
	n_cases++;
	if (a->curl == CURLE_OK) {
		e = by_status(map, a->status, s);
		fine = o.record == means[e].record[repeat] &&
		       o.destination == destination_of(e, repeat, a->status, s);
	} else if (a->sent_bytes > 0 || a->status || !known_unsent(a->curl)) {
		e = IS_UNCLEAR; /* another code is believed only where not a byte left */
		fine = (o.record == means[e].record[repeat] &&
			       o.destination == means[e].destination[repeat]) ||
		       (o.record == RECORD_RETRY && !a->sent_bytes && !a->status);
	} else {
		e = IS_NOT_SENT;
		fine = o.record == means[e].record[repeat] &&
		       o.destination == means[e].destination[repeat];
	}
	if (o.record == RECORD_DONE && map->is.gives_id && !answer.remote_id)
		fine = false;
	if (!fine)
		fail_msg("%s %s: curl %d, status %ld, %ld bytes sent, %s: should be %s; it is %s "
			 "(%s), record %d, "
			 "destination %d",
			profile_name(p), call_kind_name(c), a->curl, a->status, (long)a->sent_bytes,
			s->what, end_names[e], verdict_name(o.verdict), o.reason, (int)o.record,
			(int)o.destination);
}

static void check_call(const struct profile *p, enum call_kind c)
{
	static const long statuses[] = {0, 100, 101, 199, 200, 201, 202, 204, 206, 299, 300, 301,
		302, 303, 304, 307, 308, 400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 413,
		414, 415, 418, 422, 423, 425, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504,
		507, 511, 520, 599, 600, 999};

	shapes_of(p, &p->calls[c]);
	for (size_t i = 0; i < n_shapes; i++)
		for (int curl = CURLE_OK; curl < CURL_LAST; curl++)
			for (size_t k = 0; k < ARRAY_SIZE(statuses); k++)
				for (int64_t sent = 0; sent <= 900; sent += 900) {
					struct httpc_answer a = {.curl = curl,
						.status = statuses[k],
						.sent_bytes = sent,
						.body = shapes[i].body,
						.body_len = strlen(shapes[i].body)};

					if (curl == CURLE_OK && !sent)
						continue; /* an answer to nothing */
					check(p, c, &a, &shapes[i]);
				}
	forget_shapes();
}

static void every_call_of_every_profile(void **state)
{
	unsigned profiles = 0, calls = 0;
	glob_t found;

	(void)state;
	assert_int_equal(glob("config/lapor/*.yaml", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct profile *p = NULL;

		assert_int_equal(profile_load(found.gl_pathv[i], &p, NULL, NULL), 0);
		for (int c = CALL_NONE; c < CALL_KINDS && profile_kind(p) == PROFILE_HTTP; c++)
			if (profile_call(p, (enum call_kind)c)->present) {
				check_call(p, (enum call_kind)c);
				calls++;
			}
		profiles += profile_kind(p) == PROFILE_HTTP;
		profile_free(p);
	}
	globfree(&found);
	print_message("%u profiles, %u calls, %lu cases\n", profiles, calls, n_cases);
	assert_true(profiles >= 2 && calls >= 5);
}

/* An answer over its bound is none, whatever its first bytes say. */
static void an_answer_too_large(void **state)
{
	struct profile *p = NULL;
	struct httpc_answer a = {.curl = CURLE_WRITE_ERROR,
		.status = 201,
		.sent_bytes = 900,
		.too_large = true,
		.body = "{\"complaint_id\":12}",
		.body_len = 19};
	struct profile_answer answer;

	(void)state;
	assert_int_equal(profile_load("config/lapor/lapor-v3.yaml", &p, NULL, NULL), 0);
	profile_answer(p, CALL_CREATE, &a, TICKET, &answer);
	assert_int_equal(answer.remote_id, 0);
	assert_int_equal(outcome_of(&answer.facts).record, RECORD_PARK);
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_of_every_profile),
		cmocka_unit_test(an_answer_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
