// uses: daemons/normalizer/decide.c
// uses: daemons/normalizer/decide_message.c
// uses: daemons/normalizer/decide_thread.c
// uses: daemons/normalizer/decide_act.c
// uses: daemons/normalizer/complaint.c
// uses: daemons/normalizer/complaint_messages.c
// uses: daemons/normalizer/complaint_text.c
// uses: daemons/forwarder/submission.c
// uses: daemons/forwarder/ledger.c daemons/forwarder/ledger_apply.c
// uses: daemons/forwarder/ledger_read.c daemons/forwarder/ledger_told.c
/* schema_samples: records as the C side builds them: messages, decisions upon them, commands,
 * submissions, genesis and takeover. Each must be readable by our own parser; with
 * MUARA_SAMPLES=FILE they are written there, a line each, and tests/schema/test_schema.py holds
 * them against config/schema. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "core/emergency.h"
#include "core/command.h"
#include "core/index_fold.h"
#include "core/index_view.h"
#include "core/lane_record.h"
#include "core/message.h"
#include "daemons/forwarder/submission.h"
#include "daemons/normalizer/decide.h"

#define T0   1795494555000LL /* 2026-11-24T04:29:15Z */
#define HASH "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static FILE *samples; /* NULL: nobody asked */

static void keep(const json_t *record)
{
	_cleanup_free_ char *text = json_text(record, NULL);

	if (samples)
		fprintf(samples, "%s\n", text);
}

/* --- messages --- */

static const struct message_attachment attachments[] = {
	{.id = "foto/1.jpg",
		.state = AS_STORED,
		.sha256 = HASH,
		.bytes = 4711,
		.mime = "image/jpeg"},
	{.id = "media-9", .state = AS_PENDING, .bytes = -1, .mime = "audio/ogg", .name = "suara"},
	{.id = "besar.mp4", .state = AS_REFUSED, .kind = "video", .bytes = 999999999},
	{.id = "hilang", .state = AS_MISSING, .bytes = -1},
};

static struct message basic(const char *native, const char *text)
{
	return (struct message){.tenant = "malang",
		.channel = "whatsapp",
		.account = "628111",
		.native_id = native,
		.author = {.id = "628123450001",
			.name = "Siti Aminah",
			.phone = "0812-345-0001",
			.email = "siti@example.id",
			.username = "siti",
			.proven = true},
		.received_ms = T0,
		.sent_ms = T0 - 4000,
		.text = text,
		.source = {.daemon = "muara-whatsapp", .instance = "kota"},
		.original = {.data = "{\"id\":1}", .len = 8}};
}

static json_t *build(const struct message *m)
{
	_cleanup_free_ char *text = NULL;
	struct err e = {0};
	json_t *record = NULL;
	size_t len;

	assert_int_equal(message_build_text(m, &text, &len, NULL, &e), 0);
	if (message_parse(text, len, &record, &e))
		fail_msg("%s", e.text);
	keep(record);
	return record;
}

/* --- decisions --- */

struct bench {
	struct muara_tenant tenants[1];
	struct muara_conf conf;
	struct rules rules;
	struct view *index;
	int64_t now_ms, offset;
	uint64_t n;
};

static void bench_open(struct bench *b)
{
	*b = (struct bench){.now_ms = T0, .index = view_new()};
	b->tenants[0] =
		(struct muara_tenant){.name = xstrdup("malang"), .destination = xstrdup("lapor")};
	b->conf.tenants = (struct optlist){b->tenants, 1};
	b->conf.timezone = xstrdup("+07:00");
	b->rules = (struct rules){.quiet_ms = 120000,
		.open_max_ms = 600000,
		.join_ms = 3600000,
		.hold_ms = 86400000,
		.max_messages = 200,
		.max_text_bytes = 262144,
		.conf = &b->conf};
}

static void bench_close(struct bench *b)
{
	view_free(b->index);
	free(b->tenants[0].name);
	free(b->tenants[0].destination);
	free(b->conf.timezone);
}

/* The record as the lane would append it, read again as a reader would. */
static void append(struct bench *b, json_t *body)
{
	static const uint8_t writer[LANE_WRITER_SIZE] = {1, 2, 3};
	const char *const *kinds = lane_log_kinds("complaints");
	struct lane_key key = {1, ++b->n};
	struct lane_parsed made, read;
	_cleanup_json_ json_t *ops = NULL;
	char *text = NULL, name[LANE_KEY_SIZE];
	struct err e = {0};
	size_t len;

	json_set_str(body, "schema", "muara.decision/1");
	if (lane_record_make(body, "decision", &key, writer, kinds, &made, &text, &len, name, &e))
		fail_msg("%s", e.text);
	lane_record_parse(7, name, strlen(name), text, len, kinds, &read);
	assert_int_equal(read.rec.type, LANE_T_RECORD);
	assert_true(read.rec.key_ok && read.rec.kind_known);
	keep(made.body);
	ops = index_fold(made.body);
	view_apply(b->index, ops);
	lane_parsed_free(&read);
	lane_parsed_free(&made);
	free(text);
}

static enum decide_verdict take(struct bench *b, const struct decide_input *in)
{
	struct decision d = {0};
	enum decide_verdict verdict;
	const json_t *key;
	size_t i;

	do {
		decision_clear(&d);
		decide(in, b->index, b->now_ms, &b->rules, &d);
		json_array_foreach (d.needs, i, key)
			view_put(b->index, json_string_value(key), json_null());
	} while (d.verdict == DECIDE_NEEDS);
	verdict = d.verdict;
	if (verdict == DECIDE_RECORD)
		append(b, json_incref(d.body));
	decision_clear(&d);
	return verdict;
}

static void take_message(struct bench *b, const struct message *m)
{
	_cleanup_json_ json_t *record = build(m);
	struct decide_input in = {.type = INPUT_MESSAGE,
		.topic = "muara.raw.whatsapp",
		.offset = b->offset++,
		.record = record,
		.value_hash = HASH};

	assert_int_equal(take(b, &in), DECIDE_RECORD);
}

static void take_command(struct bench *b, const struct command *c)
{
	struct decide_input in = {.type = INPUT_COMMAND, .topic = "muara.commands"};
	_cleanup_json_ json_t *record = NULL, *again = NULL;
	_cleanup_free_ char *text = NULL;
	struct err e = {0};
	size_t len;

	if (command_build(c, &record, NULL, &e))
		fail_msg("%s", e.text);
	text = json_text(record, &len);
	assert_int_equal(command_parse(text, len, &again, &e), 0);
	keep(record);
	in.record = record;
	if (b)
		assert_int_equal(take(b, &in), DECIDE_RECORD);
}

static const char *id_of(const char *native)
{
	static char id[UUID_TEXT_SIZE];

	message_id("malang", "whatsapp", "628111", native, NULL, id);
	return id;
}

static void messages_and_decisions(void **state)
{
	struct bench b;
	struct message m;
	json_t *fields = json_pack("{s:s, s:s, s:b, s:s, s:n}", "title", "Jalan berlubang",
		"incident_date", "2026-11-20", "anonymous", 1, "rt", "03", "kelurahan");

	(void)state;
	bench_open(&b);
	m = basic("w1", "Jalan berlubang di depan pasar \xf0\x9f\x99\x8f");
	m.attachments = attachments;
	m.n_attachments = ARRAY_SIZE(attachments);
	m.fields = fields;
	m.start_ms = T0 - 86400000;
	take_message(&b, &m);
	m = basic("w2", "Sudah \xff\xfe dua minggu");
	m.sent_at_source = "kemarin";
	m.location.set = true;
	m.location.lat = -7.98;
	m.location.lon = 112.63;
	m.location.address = "Jl. Kenanga";
	m.in_reply_to = "w1";
	take_message(&b, &m);
	m = basic("w1", "Jalan berlubang di depan pasar baru");
	m.kind = MK_EDIT;
	m.revision = "e1";
	take_message(&b, &m);
	m = basic("w9", "");
	m.kind = MK_DELETE;
	m.revision = "d1";
	take_message(&b, &m); /* before its message: noted with content */
	m = basic("w2", "");
	m.kind = MK_DELETE;
	m.revision = "d2";
	take_message(&b, &m);
	m = basic("w1", "Isi lain, nomor sama");
	take_message(&b, &m); /* id-conflict */
	json_decref(fields);
	bench_close(&b);
}

static void calls_noise_and_the_dead(void **state)
{
	static const enum call_class calls[] = {CC_NORMAL, CC_EMERGENCY, CC_INFORMATION, CC_GHOST,
		CC_PRANK, CC_DROPPED, CC_TEST, CC_UNKNOWN};
	struct decide_input junk = {.type = INPUT_MESSAGE,
		.topic = "muara.raw.file",
		.offset = 3,
		.unusable = "not JSON",
		.value_hash = HASH};
	char native[16], *big = xcalloc(1, MESSAGE_INLINE_MAX + 2);
	struct message m;
	struct bench b;

	(void)state;
	bench_open(&b);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		snprintf(native, sizeof native, "c%zu", i);
		m = basic(native, "Pohon tumbang");
		m.author.id = NULL;
		m.author.phone = m.author.email = "";
		m.author.proven = false;
		m.class = message_class_of_call(calls[i]);
		m.kind = MK_CALL;
		m.call.mapped = calls[i];
		m.call.type = "Jenis";
		m.source.review_required = true;
		m.source.place = "laporan.csv row 7";
		take_message(&b, &m);
	}
	m = basic("u1", "");
	m.class = MC_UNDECODABLE;
	m.error.place = "laporan.csv row 8";
	m.error.reason = "11 fields where the heading has 9";
	m.original.data = "\xff;;";
	m.original.len = 3;
	take_message(&b, &m);
	m = basic("u2", "Besar");
	memset(big, 'x', MESSAGE_INLINE_MAX + 1);
	m.original.data = big;
	m.original.len = MESSAGE_INLINE_MAX + 1;
	m.original.blob = HASH;
	m.sent_ms = 0;
	m.max_age_ms = 1000;
	take_message(&b, &m);
	assert_int_equal(take(&b, &junk), DECIDE_RECORD);
	free(big);
	bench_close(&b);
}

static void timers_and_media(void **state)
{
	_cleanup_json_ json_t *media = json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:s, s:i}}",
		"schema", "muara.media/1", "id", "m1", "message", id_of("t1"), "attachment", "id",
		"media-9", "state", "stored", "sha256", HASH, "bytes", 7);
	struct decide_input in = {.type = INPUT_MEDIA, .topic = "muara.media", .record = media};
	struct decide_input timer = {.type = INPUT_TIMER};
	struct message m = basic("t1", "Lampu jalan mati");
	char id[80];
	struct bench b;

	(void)state;
	bench_open(&b);
	m.attachments = &attachments[1];
	m.n_attachments = 1;
	assert_int_equal(take(&b, &in), DECIDE_RECORD); /* before its message: noted */
	take_message(&b, &m);
	snprintf(id, sizeof id, "%s/1/quiet", id_of("t1"));
	timer.id = id;
	b.now_ms += 130000;
	assert_int_equal(take(&b, &timer), DECIDE_RECORD);
	bench_close(&b);
}

static void commands(void **state)
{
	_cleanup_json_ json_t *fields = json_pack("{s:s, s:s}", "name", "Budi", "phone", "+62811");
	struct message m = basic("k1", "Got mampet");
	struct command c = {.what = CMD_HOLD, .who = "sri", .why = "tunggu dinas", .version = 1};
	struct bench b;

	(void)state;
	bench_open(&b);
	m.author.name = NULL;
	m.author.phone = NULL;
	m.author.email = NULL;
	take_message(&b, &m);
	c.complaint = id_of("k1");
	take_command(&b, &c);
	take_command(&b, &c); /* another version by now: refused */
	c.what = CMD_COMPLETE;
	c.version = 2;
	c.fields = fields;
	take_command(&b, &c);
	c.what = CMD_RELEASE;
	c.version = 3;
	c.fields = NULL;
	take_command(&b, &c);
	c.what = CMD_ARCHIVE;
	c.version = 4;
	take_command(&b, &c);
	c = (struct command){
		.what = CMD_REPLAY, .who = "sri", .why = "lagi", .message = id_of("k1")};
	take_command(&b, &c);
	c = (struct command){
		.what = CMD_PAUSE, .who = "sri", .why = "rawat", .destination = "lapor"};
	take_command(NULL, &c);
	c = (struct command){.what = CMD_RESOLVE,
		.who = "sri",
		.why = "ada di portal",
		.complaint = id_of("k1"),
		.version = 4,
		.destination = "lapor",
		.attempt = "2/7",
		.resolution = "filed",
		.remote_id = "7318842"};
	take_command(NULL, &c);
	c = (struct command){.what = CMD_ACCEPT_RESTORE,
		.who = "sri",
		.why = "salinan lama",
		.target = "forwarder"};
	take_command(NULL, &c);
	c = (struct command){.what = CMD_ACKNOWLEDGE,
		.who = "sri",
		.why = "Damkar berangkat",
		.message = id_of("k1")};
	take_command(NULL, &c);
	bench_close(&b);
}

/* As the lane would append it. */
static void keep_submission(const char *kind, json_t *body)
{
	static const uint8_t writer[LANE_WRITER_SIZE] = {4, 5, 6};
	static uint64_t n = 10;
	struct lane_key key = {2, ++n};
	struct lane_parsed made;
	char *text = NULL, name[LANE_KEY_SIZE];
	struct err e = {0};
	size_t len;

	if (lane_record_make(body, kind, &key, writer, lane_log_kinds("submissions"), &made, &text,
		    &len, name, &e))
		fail_msg("%s", e.text);
	keep(made.body);
	lane_parsed_free(&made);
	free(text);
}

static void submissions(void **state)
{
	struct submission_told none = {NULL}, told = {.sources = json_pack("[s]", id_of("w1")),
						      .cut = json_array(),
						      .files = json_array()};
	struct submission_head h = {.version = 2,
		.destination = "lapor",
		.system = "sp4n",
		.call = CALL_CREATE,
		.attempt = 1};
	struct submission_head upload = h, followup = h;
	struct submission_result bare = {.reason = "paused"}, full = {.reason = "ok",
								      .http_status = 200,
								      .curl = 28,
								      .remote_id = 7318842,
								      .answer_sha256 = HASH,
								      .answer_blob = HASH};
	const struct lane_key intent = {2, 5};
	const char *command = "6d0c1b2f-8e57-4a64-9b1f-77d0e3a4c5b6";
	static const char *const outcomes[] = {"done", "rejected", "not_sent", "parked", "handed"};

	(void)state;
	upload.call = CALL_UPLOAD;
	upload.attachment = HASH;
	followup.call = CALL_FOLLOWUP;
	followup.part = 2;
	keep_submission("intent", submission_intent(&h, &told, HASH));
	keep_submission("intent", submission_intent(&h, &told, NULL));
	keep_submission("intent", submission_intent(&upload, &none, HASH));
	json_array_append_new(
		told.cut, json_pack("{s:s, s:i}", "source", id_of("w1"), "told", 940));
	json_array_append_new(told.files, json_string(HASH));
	keep_submission("intent", submission_intent(&followup, &told, HASH));
	json_decref(told.sources);
	json_decref(told.cut);
	json_decref(told.files);
	keep_submission("parked", submission_outcome(&followup, &intent, &bare));
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++) {
		keep_submission(outcomes[i], submission_outcome(&h, &intent, &full));
		keep_submission(outcomes[i], submission_outcome(&upload, &intent, &bare));
	}
	keep_submission("resolved",
		submission_resolved(&h, &intent, "filed", "7318842", "by a person", command));
	keep_submission(
		"resolved", submission_resolved(&h, &intent, "not_filed", NULL, "read back", NULL));
	keep_submission("refused", submission_refused(&h, h.complaint, "source-filed"));
	keep_submission("command", submission_command(command, "pause", "lapor", "done", NULL));
	keep_submission("command",
		submission_command(command, "accept_restore", NULL, "refused", "nothing held"));
}

static void lane_bodies(void **state)
{
	static const uint8_t writer[LANE_WRITER_SIZE] = {9};
	char now[TIME_TEXT_SIZE];
	_cleanup_json_ json_t *genesis = NULL, *takeover = NULL;

	(void)state;
	time_format(T0, now);
	genesis =
		lane_genesis_body("3e1f7c52-9a0b-4c1d-8e2f-6a7b8c9d0e1f", 2, "submissions", 1, now);
	takeover = lane_takeover_body(4, writer, "muara-forwarder", now);
	keep(genesis);
	keep(takeover);
}

static void emergencies(void **state)
{
	const struct emergency_place at = {"muara.raw.whatsapp", 0, 41};
	const struct screening words = {SCREEN_EMERGENCY, "word", "kebakaran"},
			       call = {SCREEN_EMERGENCY, "call-type", NULL};
	_cleanup_json_ json_t *command = json_pack("{s:s, s:s, s:s}", "id",
		"6d0c1b2f-8e57-4a64-9b1f-77d0e3a4c5b6", "who", "sri", "message", id_of("e1"));
	struct message m = basic("e1", "Kebakaran!");
	_cleanup_json_ json_t *record = build(&m);
	char key[EMERGENCY_KEY_SIZE];
	json_t *made[] = {emergency_raised(record, EM_RAISED, words, &at, T0, key),
		emergency_raised(record, EM_STALE, call, &at, T0, key),
		emergency_rung(id_of("e1"), "duty", 2, T0, key),
		emergency_acknowledged(id_of("e1"), command, T0, key),
		emergency_refused(command, "acknowledged before", T0, key)};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		keep(made[i]);
		json_decref(made[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_and_decisions),
		cmocka_unit_test(calls_noise_and_the_dead),
		cmocka_unit_test(timers_and_media),
		cmocka_unit_test(commands),
		cmocka_unit_test(submissions),
		cmocka_unit_test(lane_bodies),
		cmocka_unit_test(emergencies),
	};
	const char *path = getenv("MUARA_SAMPLES");
	int r;

	samples = path ? fopen(path, "we") : NULL;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	if (samples && fclose(samples))
		r++;
	return r;
}
