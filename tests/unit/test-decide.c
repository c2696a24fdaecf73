// uses: daemons/normalizer/decide.c
// uses: daemons/normalizer/decide_message.c
// uses: daemons/normalizer/decide_thread.c
// uses: daemons/normalizer/decide_act.c
// uses: daemons/normalizer/complaint.c
// uses: daemons/normalizer/complaint_messages.c
// uses: daemons/normalizer/complaint_text.c
/* decide: each rule of decide.h, by tables where they are rows. What holds for any order of inputs
 * is in test-decide_any.c. */
#include "decide-world.h"

/* --- a message by itself --- */

static const struct class_case {
	enum message_class class;
	enum call_class call;
	const char *text;
	const char *type;  /* of the result */
	const char *state; /* complaint: state; archived: class */
	const char *asked; /* a reason for a person, or NULL */
} class_cases[] = {
	{MC_HUMAN, CC_NONE, "Jalan rusak", "complaint", "open", NULL},
	{MC_HUMAN, CC_NONE, " \n", "archived", "empty", NULL},
	{MC_UNKNOWN, CC_NONE, "", "archived", "unknown", NULL},
	{MC_UNKNOWN, CC_NONE, "Jalan", "complaint", "open", "unknown-class"},
	{MC_AUTO, CC_NONE, "Terima kasih", "archived", "auto", NULL},
	{MC_BOUNCE, CC_NONE, "Undelivered", "archived", "bounce", NULL},
	{MC_SPAM, CC_NONE, "Promo", "archived", "spam", NULL},
	{MC_STALE, CC_NONE, "Lama", "archived", "stale", NULL},
	{MC_ECHO, CC_NONE, "Balasan", "archived", "echo", NULL},
	{MC_SYSTEM, CC_NONE, "Nomor berubah", "archived", "system", NULL},
	{MC_GHOST, CC_GHOST, "", "archived", "ghost", NULL},
	{MC_PRANK, CC_PRANK, "ha ha", "archived", "prank", NULL},
	{MC_DROPPED, CC_DROPPED, "", "archived", "dropped", NULL},
	{MC_TEST, CC_TEST, "uji", "archived", "test", NULL},
	{MC_INFORMATION, CC_INFORMATION, "Jam buka?", "archived", "information", NULL},
	{MC_INFORMATION, CC_NONE, "Jam buka?", "complaint", "open", NULL},
	{MC_HUMAN, CC_NORMAL, "Pohon tumbang", "complaint", "ready", NULL},
	{MC_EMERGENCY, CC_EMERGENCY, "", "complaint", "review", "emergency"},
	{MC_GHOST, CC_EMERGENCY, "", "complaint", "review", "emergency"},
	{MC_EMERGENCY, CC_NONE, "Tolong", "complaint", "review", "emergency"},
	{MC_HUMAN, CC_NONE, "KEBAKARAN di pasar", "complaint", "review", "emergency"},
	{MC_HUMAN, CC_NONE, "GAWAT", "complaint", "open", "emergency-unsure"},
	{MC_UNKNOWN, CC_UNKNOWN, "Jenis 77", "complaint", "review", "unmapped-call-type"},
	{MC_UNDECODABLE, CC_NONE, "", "dead", NULL, NULL},
};

static void a_class_has_one_place(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(class_cases); i++) {
		const struct class_case *c = &class_cases[i];
		struct world w;
		struct message m;

		world_open(&w);
		m = bubble(&w, "w1", c->text);
		m.class = c->class;
		m.kind = c->call == CC_NONE ? MK_MESSAGE : MK_CALL;
		m.call.mapped = c->call;
		m.error.place = "row 7";
		m.error.reason = "no text";
		assert_int_equal(take(&w, &m), DECIDE_RECORD);
		print_message("%s/%s\n", message_class_name(c->class), c->text);
		assert_string_equal(json_str(result(&w), "type"), c->type);
		assert_int_equal(json_array_size(json_object_get(w.d.body, "inputs")), 1);
		if (strcmp(c->type, "complaint") == 0) {
			is_state(&w, id_of("w1"), c->state);
			assert_int_equal(json_array_size(json_object_get(
						 json_object_get(result(&w), "review"), "reasons")),
				c->asked ? 1 : 0);
			assert_true(!c->asked || asked(&w, id_of("w1"), c->asked));
		} else if (c->state) {
			assert_string_equal(json_str(result(&w), "class"), c->state);
		} else {
			assert_string_equal(json_str(result(&w), "reason"), "row 7: no text");
			assert_int_equal(json_int(result(&w), "offset", -1), 0);
		}
		world_close(&w);
	}
}

static void what_cannot_be_read_is_absorbed_as_its_place(void **state)
{
	struct decide_input in = {.type = INPUT_MESSAGE,
		.topic = "muara.raw.file",
		.partition = 2,
		.offset = 17,
		.unusable = "not JSON",
		.value_hash = "abc"};
	struct world *w = *state;

	assert_int_equal(decide_input(w, &in), DECIDE_RECORD);
	assert_string_equal(w->d.id, "muara.raw.file/2/17");
	assert_string_equal(json_str(result(w), "type"), "dead");
	assert_string_equal(json_str(result(w), "id"), "muara.raw.file/2/17");
	assert_string_equal(json_str(result(w), "reason"), "not JSON");
	assert_int_equal(decide_input(w, &in), DECIDE_ABSORBED);
}

static void the_same_again_is_dropped(void **state)
{
	struct world *w = *state;

	assert_int_equal(say(w, "w1", "Jalan rusak"), DECIDE_RECORD);
	assert_int_equal(say(w, "w1", "Jalan rusak"), DECIDE_ABSORBED);
	assert_string_equal(w->d.outcome, "absorbed");
	assert_string_equal(w->d.id, id_of("w1"));
}

/* Rule 12: same id, other content. */
static void another_content_is_a_message_of_its_own(void **state)
{
	struct world *w = *state;
	const json_t *c;

	say(w, "w1", "Jalan rusak");
	w->now_ms += SECOND;
	assert_int_equal(say(w, "w1", "Jalan lain"), DECIDE_RECORD);
	assert_int_equal(say(w, "w1", "Jalan lain"), DECIDE_ABSORBED);
	w->now_ms += SECOND;
	assert_int_equal(say(w, "w1", "Jalan ketiga"), DECIDE_RECORD);
	assert_int_equal(say(w, "w1", "Jalan rusak"), DECIDE_ABSORBED);
	c = snapshot(w, id_of("w1"));
	assert_int_equal(json_array_size(json_object_get(c, "sources")), 3);
	assert_true(complaint_has_reason(c, "id-conflict"));
	assert_string_equal(json_str(c, "text"), "Jalan rusak\n\nJalan lain\n\nJalan ketiga");
	fire(w, id_of("w1"), "quiet");
	is_state(w, id_of("w1"), "review");
}

static void a_sticker_says_nothing_a_photo_does(void **state)
{
	struct message_attachment a = {
		.id = "media1", .state = AS_PENDING, .kind = "sticker", .bytes = -1};
	struct world *w = *state;
	struct message m;

	m = bubble(w, "w1", "");
	m.attachments = &a;
	m.n_attachments = 1;
	take(w, &m);
	assert_string_equal(json_str(result(w), "class"), "empty");
	m.native_id = "w2";
	a.kind = "image";
	take(w, &m);
	assert_string_equal(json_str(result(w), "type"), "complaint");
}

/* --- conversations --- */

static void bubbles_become_one_complaint(void **state)
{
	struct world *w = *state;
	const json_t *c;
	int64_t due = 0;

	say(w, "w1", "Lampu jalan mati");
	w->now_ms += 30 * SECOND;
	say(w, "w3", "Sejak minggu lalu");
	w->now_ms += SECOND;
	{ /* sent between the two, delivered last */
		struct message m = bubble(w, "w2", "di depan pasar");

		m.sent_ms = T0 + 10 * SECOND;
		take(w, &m);
	}
	assert_string_equal(w->d.outcome, "joined");
	c = snapshot(w, id_of("w1"));
	assert_int_equal(json_int(c, "version", 0), 3);
	assert_string_equal(
		json_str(c, "text"), "Lampu jalan mati\n\ndi depan pasar\n\nSejak minggu lalu");
	assert_int_equal(json_array_size(json_object_get(c, "timers")), 1);
	assert_int_equal(
		time_parse(json_str(json_array_get(json_object_get(c, "timers"), 0), "due"), &due),
		0);
	assert_int_equal(due, T0 + 31 * SECOND + 2 * MINUTE);
	fire(w, id_of("w1"), "quiet");
	c = snapshot(w, id_of("w1"));
	assert_string_equal(json_str(c, "state"), "ready");
	assert_int_equal(json_int(c, "version", 0), 4);
	assert_non_null(json_str(c, "ready_at"));
	assert_int_equal(json_array_size(json_object_get(c, "timers")), 0);
}

static void a_talker_does_not_keep_it_open_for_ever(void **state)
{
	struct world *w = *state;
	char native[16];
	int64_t due = 0;
	int i;

	w->rules.max_messages = 100;
	for (i = 0; i < 9; i++) {
		snprintf(native, sizeof(native), "w%d", i);
		say(w, native, "dan lagi");
		w->now_ms += 70 * SECOND;
	}
	time_parse(json_str(json_array_get(json_object_get(snapshot(w, id_of("w0")), "timers"), 0),
			   "due"),
		&due);
	assert_int_equal(due, T0 + 10 * MINUTE);
}

static void a_timer_of_an_older_version_is_void(void **state)
{
	struct decide_input in = {.type = INPUT_TIMER};
	char id[160];
	struct world *w = *state;

	say(w, "w1", "Jalan rusak");
	snprintf(id, sizeof(id), "%s/1/quiet", id_of("w1"));
	say(w, "w2", "dan gelap");
	w->now_ms += HOUR;
	in.id = id;
	assert_int_equal(decide_input(w, &in), DECIDE_IGNORED);
	fire(w, id_of("w1"), "quiet");
	snprintf(id, sizeof(id), "%s/2/quiet", id_of("w1"));
	assert_int_equal(decide_input(w, &in), DECIDE_IGNORED); /* and once only */
	in.id = "00000000-0000-0000-0000-000000000000/1/quiet";
	assert_int_equal(decide_input(w, &in), DECIDE_IGNORED);
}

static void a_ready_one_opens_again_filed_or_not(void **state)
{
	struct world *w = *state;

	say(w, "w1", "Jalan rusak");
	fire(w, id_of("w1"), "quiet");
	w->now_ms += MINUTE;
	say(w, "w2", "di RT 3");
	is_state(w, id_of("w1"), "open");
	assert_null(json_str(snapshot(w, id_of("w1")), "ready_at"));
	fire(w, id_of("w1"), "quiet");
	file_it(w, id_of("w1"), "intent", 1);
	w->now_ms += MINUTE;
	say(w, "w3", "Kapan diperbaiki?");
	assert_string_equal(w->d.outcome, "joined");
	is_state(w, id_of("w1"), "open");
	assert_int_equal(json_int(snapshot(w, id_of("w1")), "version", 0), 5);
	assert_true(json_flag(snapshot(w, id_of("w1")), "after_filing"));
	fire(w, id_of("w1"), "quiet");
	is_state(w, id_of("w1"), "ready");
	file_it(w, id_of("w1"), "not_sent", 2); /* it was not filed after all */
	w->now_ms += MINUTE;
	say(w, "w4", "Halo?");
	assert_string_equal(w->d.outcome, "joined");
	assert_false(json_flag(snapshot(w, id_of("w1")), "after_filing"));
	assert_true(complaint_has_source(snapshot(w, id_of("w1")), id_of("w4")));
}

static void too_long_goes_on_in_a_linked_one(void **state)
{
	struct world *w = *state;
	char native[16], big[901];
	int i;

	for (i = 0; i < 6; i++) {
		snprintf(native, sizeof(native), "w%d", i);
		say(w, native, "kalimat");
	}
	assert_int_equal(json_array_size(json_object_get(snapshot(w, id_of("w0")), "sources")), 5);
	assert_string_equal(link_reason(w, id_of("w5")), "continued");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	say(w, "w6", big);
	assert_true(complaint_has_source(snapshot(w, id_of("w5")), id_of("w6")));
	say(w, "w7", big);
	assert_string_equal(link_reason(w, id_of("w7")), "continued");
}

static void much_later_is_another_matter(void **state)
{
	struct world *w = *state;

	say(w, "w1", "Jalan rusak");
	fire(w, id_of("w1"), "quiet");
	w->now_ms = T0 + HOUR;
	say(w, "w2", "masih satu jam");
	assert_string_equal(w->d.outcome, "joined");
	w->now_ms = T0 + 2 * HOUR + 1;
	say(w, "w3", "Sampah menumpuk");
	assert_string_equal(w->d.outcome, "opened");
	assert_string_equal(link_reason(w, id_of("w3")), "later");
}

static void other_people_have_their_own(void **state)
{
	struct world *w = *state;
	struct message m;

	say(w, "w1", "Jalan rusak");
	m = bubble(w, "w2", "Jalan rusak");
	m.author.id = "628123450002";
	take(w, &m);
	assert_string_equal(w->d.outcome, "opened");
	assert_null(link_reason(w, id_of("w2")));
}

static void a_claimed_name_links_and_asks(void **state)
{
	struct world *w = *state;
	struct message m;

	say(w, "w1", "Jalan rusak");
	m = bubble(w, "w2", "Saya juga yang tadi");
	m.author.proven = false;
	take(w, &m);
	assert_string_equal(link_reason(w, id_of("w2")), "claimed-identity");
	assert_true(asked(w, id_of("w2"), "claimed-identity"));
	assert_int_equal(json_int(snapshot(w, id_of("w1")), "version", 0), 1);
}

/* --- threads: by a ticket, or by the message it answers --- */

enum named_by { BY_TICKET, BY_REPLY };

/* Names the complaint or message `other`. */
static void name_it(struct world *w, struct message m, const char *other, enum named_by how)
{
	_cleanup_json_ json_t *fields = json_object();
	char ticket[TICKET_TEXT_SIZE];

	assert_int_equal(ticket_of(id_of(other), ticket), 0);
	json_set_str(fields, "ticket", ticket);
	if (how == BY_TICKET)
		m.fields = fields;
	else
		m.in_reply_to = other;
	take(w, &m);
}

static void say_of(struct world *w, const char *native, const char *other, enum named_by how)
{
	name_it(w, bubble(w, native, "Kapan diperbaiki?"), other, how);
}

static void the_author_names_his_own(void **state)
{
	struct world *w = *state;

	say(w, "w1", "Jalan rusak");
	w->now_ms += DAY;
	say(w, "w2", "Sampah menumpuk"); /* another matter, and the newest */
	for (int how = BY_TICKET; how <= BY_REPLY; how++) {
		w->now_ms += DAY;
		say_of(w, how == BY_TICKET ? "w3" : "w4", "w1", how);
		assert_string_equal(w->d.outcome, "joined");
	}
	assert_true(complaint_has_source(snapshot(w, id_of("w1")), id_of("w3")));
	assert_true(complaint_has_source(snapshot(w, id_of("w1")), id_of("w4")));
	w->now_ms += DAY;
	say_of(w, "w5", "w3", BY_TICKET); /* the ticket of a message that joined */
	assert_true(complaint_has_source(snapshot(w, id_of("w1")), id_of("w5")));
	assert_int_equal(json_int(snapshot(w, id_of("w2")), "version", 0), 1);
}

static void what_takes_no_more_goes_on_in_a_linked_one(void **state)
{
	struct world *w = *state;

	say(w, "w1", "Jalan rusak");
	fire(w, id_of("w1"), "quiet");
	order(w, "archive", id_of("w1"), 2, NULL);
	w->now_ms += DAY;
	say_of(w, "w2", "w1", BY_TICKET);
	assert_string_equal(w->d.outcome, "opened");
	assert_string_equal(link_reason(w, id_of("w2")), "closed");
	w->now_ms += MINUTE;
	say_of(w, "w3", "w1", BY_REPLY); /* the same once more: one more complaint is no help */
	assert_string_equal(w->d.outcome, "joined");
	assert_true(complaint_has_source(snapshot(w, id_of("w2")), id_of("w3")));
	assert_int_equal(json_int(snapshot(w, id_of("w1")), "version", 0), 3);
}

/* A ticket is no proof of who one is. */
static void somebody_else_names_it(void **state)
{
	struct world *w = *state;
	struct message m;

	say(w, "w1", "Jalan rusak");
	for (int how = BY_TICKET; how <= BY_REPLY; how++) {
		const char *native = how == BY_TICKET ? "w2" : "w3";

		m = bubble(w, native, "Saya juga terganggu");
		m.author.id = how == BY_TICKET ? "628123450002" : "628123450003";
		name_it(w, m, "w1", how);
		assert_string_equal(w->d.outcome, "opened");
		assert_string_equal(link_reason(w, id_of(native)), "named");
		assert_false(asked(w, id_of(native), "claimed-identity"));
	}
	m = bubble(w, "w4", "Masih sama"); /* goes on in his own, the link is there already */
	m.author.id = "628123450002";
	name_it(w, m, "w1", BY_TICKET);
	assert_true(complaint_has_source(snapshot(w, id_of("w2")), id_of("w4")));
	assert_int_equal(json_array_size(json_object_get(snapshot(w, id_of("w2")), "links")), 1);
	assert_int_equal(json_int(snapshot(w, id_of("w1")), "version", 0), 1);
}

static void a_claimed_author_names_his_own(void **state)
{
	struct world *w = *state;
	struct message m;

	say(w, "w1", "Jalan rusak");
	m = bubble(w, "w2", "Saya yang tadi");
	m.author.proven = false;
	name_it(w, m, "w1", BY_TICKET);
	assert_string_equal(w->d.outcome, "opened");
	assert_string_equal(link_reason(w, id_of("w2")), "claimed-identity");
	assert_true(asked(w, id_of("w2"), "claimed-identity"));
	assert_int_equal(json_int(snapshot(w, id_of("w1")), "version", 0), 1);
}

static void names_that_lead_nowhere(void **state)
{
	struct world *w = *state;
	struct message m;

	m = bubble(w, "w1", "Beli pulsa murah");
	m.class = MC_SPAM;
	take(w, &m);
	say_of(w, "w2", "w1", BY_TICKET); /* of what is no complaint */
	assert_null(link_reason(w, id_of("w2")));
	w->now_ms += DAY;
	say_of(w, "w3", "w9", BY_REPLY); /* of what never came */
	assert_string_equal(link_reason(w, id_of("w3")), "later");
	m = bubble(w, "x1", "Got mampet");
	m.tenant = "batu"; /* one lane, two governments: neither sees what the other has */
	m.author.id = "628123450002";
	name_it(w, m, "w2", BY_TICKET);
	assert_int_equal(json_array_size(json_object_get(result(w), "links")), 0);
}

static void a_call_is_a_matter_of_its_own(void **state)
{
	struct world *w = *state;
	struct message m;
	int i;

	for (i = 0; i < 2; i++) {
		m = bubble(w, i ? "w2" : "w1", "Pohon tumbang");
		m.kind = MK_CALL;
		m.call.mapped = CC_NORMAL;
		take(w, &m);
		assert_string_equal(w->d.outcome, "opened");
		is_state(w, id_of(m.native_id), "ready"); /* nobody will say more */
		assert_null(link_reason(w, id_of(m.native_id)));
	}
}

/* --- what is asked of a complaint --- */

static const struct missing_case {
	const char *name, *phone, *email, *text;
	bool photo;
	const char *missing; /* NULL: ready */
} missing_cases[] = {
	{"Siti", "0812345678", NULL, "Jalan", false, NULL},
	{"Siti", NULL, "siti@example.org", "Jalan", false, NULL},
	{NULL, "0812345678", NULL, "Jalan", false, "name"},
	{" ", "0812345678", NULL, "Jalan", false, "name"},
	{"Siti", NULL, NULL, "Jalan", false, "contact"},
	{"Siti", "0812345678", NULL, "", true, "text"},
};

static void what_is_missing_is_asked_for(void **state)
{
	struct message_attachment a = {
		.id = "p", .state = AS_PENDING, .kind = "image", .bytes = -1};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(missing_cases); i++) {
		const struct missing_case *c = &missing_cases[i];
		struct world w;
		struct message m;
		const json_t *s;

		world_open(&w);
		m = bubble(&w, "w1", c->text);
		m.author.name = c->name;
		m.author.phone = c->phone;
		m.author.email = c->email;
		m.attachments = c->photo ? &a : NULL;
		m.n_attachments = c->photo;
		take(&w, &m);
		fire(&w, id_of("w1"), "quiet");
		s = snapshot(&w, id_of("w1"));
		assert_string_equal(json_str(s, "state"), c->missing ? "held" : "ready");
		assert_int_equal(
			json_array_size(json_object_get(s, "missing")), c->missing ? 1 : 0);
		assert_true(!c->missing || has_word(json_object_get(s, "missing"), c->missing));
		assert_int_equal(json_array_size(json_object_get(s, "timers")), c->missing ? 1 : 0);
		assert_int_equal(
			json_array_size(json_object_get(s, "replies")), c->missing ? 1 : 0);
		world_close(&w);
	}
}

static void nobody_answers_and_it_is_archived(void **state)
{
	struct world *w = *state;
	struct message m;
	const json_t *c;

	m = bubble(w, "w1", "Jalan rusak");
	m.author.name = NULL;
	take(w, &m);
	fire(w, id_of("w1"), "quiet");
	assert_int_equal(fire(w, id_of("w1"), "hold"), DECIDE_RECORD);
	c = snapshot(w, id_of("w1"));
	assert_string_equal(json_str(c, "state"), "archived");
	assert_string_equal(json_str(c, "closed"), "incomplete");
	assert_int_equal(json_array_size(json_object_get(c, "replies")), 1);
	assert_string_equal(w->d.outcome, "expired");
	say(w, "w2", "Nama saya Siti"); /* too late: a matter of its own */
	assert_string_equal(link_reason(w, id_of("w2")), "closed");
}

static void an_answer_completes_it(void **state)
{
	struct world *w = *state;
	struct message m;

	m = bubble(w, "w1", "Jalan rusak");
	m.author.name = NULL;
	take(w, &m);
	fire(w, id_of("w1"), "quiet");
	is_state(w, id_of("w1"), "held");
	w->now_ms += MINUTE;
	say(w, "w2", "Maaf, baru lihat"); /* with the name in the profile by now */
	is_state(w, id_of("w1"), "open");
	fire(w, id_of("w1"), "quiet");
	is_state(w, id_of("w1"), "ready");
}

static void an_emergency_waits_for_nobody(void **state)
{
	struct world *w = *state;
	struct message m;

	m = bubble(w, "w1", "KEBAKARAN");
	m.author.name = NULL;
	take(w, &m);
	is_state(w, id_of("w1"), "review"); /* though a name is missing, and at once */
	assert_true(json_flag(snapshot(w, id_of("w1")), "emergency"));
	assert_int_equal(json_array_size(json_object_get(snapshot(w, id_of("w1")), "timers")), 0);
	say(w, "w2", "cepat");
	is_state(w, id_of("w1"), "review");
}

static void a_later_word_makes_it_an_emergency(void **state)
{
	struct world *w = *state;

	say(w, "w1", "Ada asap");
	say(w, "w2", "KEBAKARAN");
	is_state(w, id_of("w1"), "review");
}

static void who_must_be_looked_at(void **state)
{
	struct world *w = *state;
	struct message m;

	m = bubble(w, "w1", "Jalan rusak");
	m.source.review_required = true;
	take(w, &m);
	fire(w, id_of("w1"), "quiet");
	is_state(w, id_of("w1"), "review");
	assert_true(asked(w, id_of("w1"), "source-review"));
	m = bubble(w, "w2", "Jalan rusak");
	m.tenant = "batu";
	{
		_cleanup_json_ json_t *record = record_of(&m);
		const char *id = json_str(record, "id");

		take_json(w, record);
		assert_true(asked(w, id, "unknown-tenant"));
		assert_null(json_str(snapshot(w, id), "destination"));
		fire(w, id, "quiet");
		is_state(w, id, "review");
	}
}

/* --- edits, deletions --- */

static enum decide_verdict change(struct world *w, const char *native, const char *revision,
	enum message_kind kind, const char *text)
{
	struct message m = bubble(w, native, text);

	m.kind = kind;
	m.revision = revision;
	return take(w, &m);
}

static void an_edit_replaces_the_words(void **state)
{
	struct world *w = *state;

	say(w, "w1", "Jalan Mawar rusak");
	w->now_ms += SECOND;
	say(w, "w2", "Tolong");
	w->now_ms += SECOND;
	change(w, "w1", "1", MK_EDIT, "Jalan Melati rusak");
	assert_string_equal(w->d.outcome, "edited");
	assert_string_equal(
		json_str(snapshot(w, id_of("w1")), "text"), "Jalan Melati rusak\n\nTolong");
	assert_int_equal(change(w, "w1", "1", MK_EDIT, "Jalan Melati rusak"), DECIDE_ABSORBED);
	fire(w, id_of("w1"), "quiet");
	is_state(w, id_of("w1"), "ready");
}

static void an_older_edit_that_comes_later_changes_nothing(void **state)
{
	struct world *w = *state;
	struct message m;

	say(w, "w1", "satu");
	w->now_ms += 10 * SECOND;
	change(w, "w1", "2", MK_EDIT, "tiga");
	m = bubble(w, "w1", "dua");
	m.kind = MK_EDIT;
	m.revision = "1";
	m.sent_ms -= 5 * SECOND;
	take(w, &m);
	assert_string_equal(json_str(snapshot(w, id_of("w1")), "text"), "tiga");
	assert_int_equal(json_array_size(json_object_get(snapshot(w, id_of("w1")), "sources")), 3);
}

static void a_change_before_its_message_waits(void **state)
{
	struct world *w = *state;
	const json_t *c;

	w->now_ms += 10 * SECOND;
	change(w, "w1", "1", MK_EDIT, "Jalan Melati");
	assert_string_equal(w->d.outcome, "noted");
	assert_string_equal(json_str(result(w), "waits_for"), id_of("w1"));
	assert_null(json_object_get(json_object_get(result(w), "content"), "original"));
	w->now_ms -= 10 * SECOND;
	say(w, "w1", "Jalan Mawar");
	c = snapshot(w, id_of("w1"));
	assert_string_equal(json_str(c, "text"), "Jalan Melati");
	assert_int_equal(json_int(c, "version", 0), 1);
	assert_int_equal(json_array_size(json_object_get(c, "sources")), 2);
}

static void a_deletion_withdraws(void **state)
{
	struct world *w = *state;

	say(w, "w1", "Jalan rusak");
	say(w, "w2", "Maaf salah kirim");
	change(w, "w2", "d", MK_DELETE, "");
	assert_string_equal(w->d.outcome, "edited");
	assert_string_equal(json_str(snapshot(w, id_of("w1")), "text"), "Jalan rusak");
	assert_true(asked(w, id_of("w1"), "deleted"));
	is_state(w, id_of("w1"), "review"); /* at once: somebody takes something back */
	change(w, "w1", "d", MK_DELETE, "");
	assert_string_equal(w->d.outcome, "withdrawn");
	is_state(w, id_of("w1"), "withdrawn");
	assert_string_equal(json_str(snapshot(w, id_of("w1")), "text"), "");
	change(w, "w1", "2", MK_EDIT, "Jalan");
	assert_string_equal(json_str(result(w), "reason"), "its complaint is closed");
}

static void a_deletion_before_its_message_withdraws_it(void **state)
{
	struct world *w = *state;

	change(w, "w1", "d", MK_DELETE, "");
	say(w, "w1", "Jalan rusak");
	is_state(w, id_of("w1"), "withdrawn");
	assert_int_equal(json_array_size(json_object_get(snapshot(w, id_of("w1")), "timers")), 0);
}

static void an_emergency_is_not_taken_back_by_a_finger(void **state)
{
	struct world *w = *state;

	say(w, "w1", "KEBAKARAN");
	change(w, "w1", "d", MK_DELETE, "");
	is_state(w, id_of("w1"), "review");
	assert_true(asked(w, id_of("w1"), "deleted"));
}

/* What its destination was told stands there; the newest version has it no more, so what it was not
 * told is not told. A person looks only when nothing is left: nothing more may be filed of it. */
static void a_deletion_after_filing_goes_unsaid(void **state)
{
	struct world *w = *state;
	const json_t *c;

	say(w, "w1", "Jalan rusak");
	fire(w, id_of("w1"), "quiet");
	file_it(w, id_of("w1"), "intent", 1);
	say(w, "w2", "Nomor saya di bawah");
	fire(w, id_of("w1"), "quiet");
	is_state(w, id_of("w1"), "ready");
	change(w, "w2", "d", MK_DELETE, "");
	assert_string_equal(w->d.outcome, "edited");
	c = snapshot(w, id_of("w1"));
	assert_string_equal(json_str(c, "text"), "Jalan rusak");
	assert_string_equal(
		json_str(json_array_get(json_object_get(c, "sources"), 2), "deletes"), id_of("w2"));
	assert_true(json_is_true(json_object_get(c, "after_filing")));
	assert_false(asked(w, id_of("w1"), "deleted"));
	is_state(w, id_of("w1"), "ready"); /* the rest goes on by itself */
	change(w, "w1", "d", MK_DELETE, "");
	assert_string_equal(w->d.outcome, "edited");
	assert_string_equal(json_str(snapshot(w, id_of("w1")), "text"), "");
	assert_true(asked(w, id_of("w1"), "deleted"));
	is_state(w, id_of("w1"), "review"); /* not withdrawn: the report is there */
}

static void what_was_filed_is_not_taken_back(void **state)
{
	struct world *w = *state;
	const json_t *edit;

	say(w, "w1", "Jalan rusak");
	fire(w, id_of("w1"), "quiet");
	file_it(w, id_of("w1"), "intent", 1);
	attach(w, "m1", id_of("w1"), "p");
	assert_string_equal(w->d.outcome, "noted"); /* it has no such photo */
	order(w, "archive", id_of("w1"), 2, NULL);
	assert_string_equal(json_str(result(w), "reason"), "the complaint is filed");
	order(w, "hold", id_of("w1"), 2, NULL);
	assert_string_equal(json_str(result(w), "reason"), "the complaint is filed");
	assert_int_equal(json_int(snapshot(w, id_of("w1")), "version", 0), 2);
	change(w, "w1", "1", MK_EDIT, "Jalan bagus");
	assert_string_equal(w->d.outcome, "edited");
	assert_non_null(strstr(json_str(snapshot(w, id_of("w1")), "text"), "Jalan rusak"));
	assert_non_null(strstr(json_str(snapshot(w, id_of("w1")), "text"), "Jalan bagus"));
	edit = json_array_get(json_object_get(snapshot(w, id_of("w1")), "sources"), 1);
	assert_string_equal(json_str(edit, "edits"), id_of("w1"));
	assert_true(json_is_array(json_object_get(edit, "span")));
	assert_true(json_is_array(json_object_get(
		json_array_get(json_object_get(snapshot(w, id_of("w1")), "sources"), 0), "span")));
}

/* What a citizen adds goes the way everything goes; a person may keep it back. */
static void news_of_a_filed_one_may_need_a_person(void **state)
{
	struct world *w = *state;

	say(w, "w1", "Jalan rusak");
	fire(w, id_of("w1"), "quiet");
	file_it(w, id_of("w1"), "intent", 1);
	w->now_ms += MINUTE;
	say(w, "w2", "KEBAKARAN");
	is_state(w, id_of("w1"), "review");
	order(w, "release", id_of("w1"), 3, NULL);
	is_state(w, id_of("w1"), "ready");
	order(w, "hold", id_of("w1"), 4, NULL);
	is_state(w, id_of("w1"), "review"); /* an emergency stays where it is seen first */
	order(w, "archive", id_of("w1"), 5, NULL);
	assert_string_equal(json_str(result(w), "reason"), "the complaint is filed");
}

static void say_nameless(struct world *w, const char *native, const char *text)
{
	struct message m = bubble(w, native, text);

	m.author.name = NULL;
	take(w, &m);
}

/* It was filed without the name: what comes later is not held for it, and never put away. */
static void news_of_a_filed_one_waits_for_no_name(void **state)
{
	struct world *w = *state;

	say_nameless(w, "w1", "Jalan rusak");
	fire(w, id_of("w1"), "quiet");
	is_state(w, id_of("w1"), "held");
	order(w, "release", id_of("w1"), 2, NULL);
	file_it(w, id_of("w1"), "intent", 1);
	w->now_ms += MINUTE;
	say_nameless(w, "w2", "Masih rusak");
	fire(w, id_of("w1"), "quiet");
	is_state(w, id_of("w1"), "ready");
}

static void a_change_of_what_is_no_complaint_is_noted(void **state)
{
	struct world *w = *state;
	struct message m;

	m = bubble(w, "w1", "Promo");
	m.class = MC_SPAM;
	take(w, &m);
	change(w, "w1", "1", MK_EDIT, "Promo lain");
	assert_string_equal(json_str(result(w), "reason"), "its message is in no complaint");
}

/* --- media --- */

static void a_photo_finds_its_complaint(void **state)
{
	struct message_attachment a = {
		.id = "p1", .state = AS_PENDING, .kind = "image", .bytes = -1};
	_cleanup_free_ char *before = NULL;
	struct world *w = *state;
	struct message m;
	const json_t *c;

	m = bubble(w, "w1", "Ini fotonya");
	m.attachments = &a;
	m.n_attachments = 1;
	take(w, &m);
	before = xstrdup(json_str(snapshot(w, id_of("w1")), "content_hash"));
	assert_int_equal(attach(w, "m1", id_of("w1"), "p1"), DECIDE_RECORD);
	assert_string_equal(w->d.outcome, "media");
	c = snapshot(w, id_of("w1"));
	assert_string_equal(
		json_str(json_array_get(json_object_get(c, "attachments"), 0), "state"), "stored");
	assert_string_not_equal(json_str(c, "content_hash"), before);
	assert_int_equal(
		json_array_size(json_object_get(c, "timers")), 1); /* its quiet period goes on */
	assert_int_equal(attach(w, "m1", id_of("w1"), "p1"), DECIDE_ABSORBED);
	assert_int_equal(attach(w, "m2", id_of("w1"), "p9"), DECIDE_RECORD);
	assert_string_equal(w->d.outcome, "noted");
	assert_int_equal(fire(w, id_of("w1"), "quiet"), DECIDE_RECORD);
	is_state(w, id_of("w1"), "ready");
}

static void send_photos(struct world *w, size_t n)
{
	const struct message_attachment two[] = {
		{.id = "p1", .state = AS_PENDING, .kind = "image", .bytes = -1},
		{.id = "p2", .state = AS_PENDING, .kind = "image", .bytes = -1}};
	struct message m = bubble(w, "w1", "Ini fotonya");

	m.attachments = two;
	m.n_attachments = n;
	take(w, &m);
}

/* What muara-media says when it could not be had. */
static enum decide_verdict lose(struct world *w, const char *id, const char *attachment)
{
	_cleanup_json_ json_t *m = json_pack("{s:s,s:s,s:s,s:{s:s,s:s,s:s}}", "schema",
		"muara.media/1", "id", id, "message", id_of("w1"), "attachment", "id", attachment,
		"state", "missing", "reason", "gone");
	struct decide_input in = {.type = INPUT_MEDIA, .topic = "muara.media", .record = m};

	return decide_input(w, &in);
}

static const json_t *file_of(struct world *w, size_t i)
{
	return json_array_get(json_object_get(snapshot(w, id_of("w1")), "attachments"), i);
}

static void a_complaint_waits_for_its_photos(void **state)
{
	struct world *w = *state;

	w->rules.media_wait_ms = 10 * MINUTE;
	send_photos(w, 2);
	assert_int_equal(fire(w, id_of("w1"), "quiet"), DECIDE_RECORD);
	is_state(w, id_of("w1"), "open");
	attach(w, "m1", id_of("w1"), "p1");
	is_state(w, id_of("w1"), "open");
	lose(w, "m2", "p2"); /* the last of them, whatever became of it */
	is_state(w, id_of("w1"), "ready");
	assert_string_equal(json_str(file_of(w, 0), "state"), "stored");
	assert_string_equal(json_str(file_of(w, 1), "reason"), "gone");
	assert_null(json_str(snapshot(w, id_of("w1")), "media_until"));
	assert_int_equal(json_array_size(json_object_get(snapshot(w, id_of("w1")), "timers")), 0);
}

static void and_not_for_ever(void **state)
{
	struct world *w = *state;

	w->rules.media_wait_ms = 10 * MINUTE;
	send_photos(w, 1);
	fire(w, id_of("w1"), "quiet");
	w->now_ms += 5 * MINUTE;
	say(w, "w2", "dan gelap"); /* which does not begin the wait anew */
	fire(w, id_of("w1"), "quiet");
	is_state(w, id_of("w1"), "open");
	assert_int_equal(fire(w, id_of("w1"), "quiet"), DECIDE_RECORD);
	is_state(w, id_of("w1"), "ready");
	assert_int_equal(w->now_ms, T0 + 12 * MINUTE);
	assert_string_equal(json_str(file_of(w, 0), "state"), "pending");
	attach(w, "m1", id_of("w1"), "p1"); /* late, and not filed yet */
	is_state(w, id_of("w1"), "ready");
	assert_string_equal(json_str(file_of(w, 0), "state"), "stored");
}

static void a_photo_after_the_filing_is_a_version(void **state)
{
	_cleanup_free_ char *ready = NULL;
	struct world *w = *state;

	send_photos(w, 1);
	fire(w, id_of("w1"), "quiet");
	file_it(w, id_of("w1"), "intent", 1);
	ready = xstrdup(json_str_or(snapshot(w, id_of("w1")), "ready_at", ""));
	w->now_ms += MINUTE;
	attach(w, "m1", id_of("w1"), "p1");
	assert_string_equal(json_str(file_of(w, 0), "state"), "stored");
	is_state(w, id_of("w1"), "ready");
	assert_true(json_flag(snapshot(w, id_of("w1")), "after_filing"));
	/* several settle into one follow-up by the time of the last */
	assert_true(strcmp(json_str(snapshot(w, id_of("w1")), "ready_at"), ready) > 0);
}

static void what_is_stored_stays(void **state)
{
	struct world *w = *state;

	send_photos(w, 1);
	lose(w, "m1", "p1");
	assert_string_equal(json_str(file_of(w, 0), "state"), "missing");
	attach(w, "m2", id_of("w1"), "p1"); /* another process had it */
	assert_string_equal(json_str(file_of(w, 0), "state"), "stored");
	assert_null(json_str(file_of(w, 0), "reason"));
	lose(w, "m3", "p1");
	assert_string_equal(w->d.outcome, "noted");
	assert_string_equal(json_str(file_of(w, 0), "state"), "stored");
}

static void a_photo_before_its_message_waits(void **state)
{
	struct message_attachment a = {
		.id = "p1", .state = AS_PENDING, .kind = "image", .bytes = -1};
	struct world *w = *state;
	struct message m;

	attach(w, "m1", id_of("w1"), "p1");
	assert_string_equal(json_str(result(w), "waits_for"), id_of("w1"));
	m = bubble(w, "w1", "Ini fotonya");
	m.attachments = &a;
	m.n_attachments = 1;
	take(w, &m);
	assert_string_equal(
		json_str(
			json_array_get(json_object_get(snapshot(w, id_of("w1")), "attachments"), 0),
			"state"),
		"stored");
}

static void media_without_a_home_is_noted(void **state)
{
	struct decide_input in = {
		.type = INPUT_MEDIA, .topic = "muara.media", .offset = 3, .unusable = "not JSON"};
	struct world *w = *state;
	struct message m;

	assert_int_equal(decide_input(w, &in), DECIDE_RECORD);
	assert_string_equal(w->d.id, "muara.media/0/3");
	assert_int_equal(decide_input(w, &in), DECIDE_ABSORBED);
	attach(w, "m1", id_of("w1"), NULL);
	assert_string_equal(json_str(result(w), "reason"), "no attachment in it");
	m = bubble(w, "w2", "Promo");
	m.class = MC_SPAM;
	take(w, &m);
	attach(w, "m2", id_of("w2"), "p1");
	assert_string_equal(json_str(result(w), "reason"), "its message is in no complaint");
}

/* --- commands --- */

static const struct command_case {
	const char *name;
	const char *state; /* of the complaint before: open, held, review, ready, archived, none */
	const char *what;
	int stale;
	const char *fields;
	const char *outcome, *after; /* state afterwards */
} command_cases[] = {
	{"release what is held", "held", "release", 0, NULL, "released", "ready"},
	{"release what is in review", "review", "release", 0, NULL, "released", "ready"},
	{"release what is open", "open", "release", 0, NULL, "refused", "open"},
	{"release what is ready", "ready", "release", 0, NULL, "refused", "ready"},
	{"release an older version", "held", "release", 1, NULL, "refused", "held"},
	{"hold what is ready", "ready", "hold", 0, NULL, "held", "held"},
	{"hold what is open", "open", "hold", 0, NULL, "held", "held"},
	{"hold what is closed", "archived", "hold", 0, NULL, "refused", "archived"},
	{"archive", "ready", "archive", 0, NULL, "closed", "archived"},
	{"archive an older version", "ready", "archive", 1, NULL, "refused", "ready"},
	{"complete what is held", "held", "complete", 0, "{\"name\":\"Budi\"}", "completed",
		"ready"},
	{"complete with nothing", "held", "complete", 0, "{}", "refused", "held"},
	{"complete with an unknown field", "held", "complete", 0, "{\"nik\":\"1\"}", "refused",
		"held"},
	{"complete with a bad date", "held", "complete", 0, "{\"incident_date\":\"kemarin\"}",
		"refused", "held"},
	{"complete with a number", "held", "complete", 0, "{\"name\":7}", "refused", "held"},
	{"complete what is in review", "review", "complete", 0, "{\"title\":\"Judul\"}",
		"completed", "review"},
	{"complete what is open", "open", "complete", 0, "{\"text\":\"Teks petugas\"}", "completed",
		"open"},
	{"complete, another thing still missing", "held", "complete", 0, "{\"title\":\"Judul\"}",
		"completed", "held"},
	{"an unknown complaint", "none", "release", 0, NULL, "refused", NULL},
	{"an unknown command", "ready", "explode", 0, NULL, "refused", "ready"},
};

static void bring_to(struct world *w, const char *state)
{
	struct message m = bubble(w, "w1", "Jalan rusak");

	m.author.name = strcmp(state, "held") == 0 ? NULL : "Siti";
	m.source.review_required = strcmp(state, "review") == 0;
	if (strcmp(state, "none") == 0)
		return;
	take(w, &m);
	if (strcmp(state, "open") != 0)
		fire(w, id_of("w1"), "quiet");
	if (strcmp(state, "archived") == 0)
		order(w, "archive", id_of("w1"), 2, NULL);
	is_state(w, id_of("w1"), state);
}

static void an_officer_acts(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(command_cases); i++) {
		const struct command_case *c = &command_cases[i];
		struct world w;
		int64_t version;
		bool refused = strcmp(c->outcome, "refused") == 0;

		print_message("%s\n", c->name);
		world_open(&w);
		bring_to(&w, c->state);
		version = json_int(snapshot(&w, id_of("w1")), "version", 0);
		order(&w, c->what, id_of("w1"), version - c->stale, c->fields);
		assert_string_equal(w.d.outcome, c->outcome);
		assert_int_equal(json_flag(result(&w), "refused"), refused);
		if (c->after) {
			is_state(&w, id_of("w1"), c->after);
			assert_int_equal(json_int(snapshot(&w, id_of("w1")), "version", 0),
				version + !refused);
		}
		world_close(&w);
	}
}

static void a_hold_outlives_more_bubbles(void **state)
{
	struct world *w = *state;

	bring_to(w, "ready");
	order(w, "hold", id_of("w1"), 2, NULL);
	say(w, "w2", "tambahan");
	is_state(w, id_of("w1"), "held");
	order(w, "complete", id_of("w1"), 4, "{\"name\":\"Budi\"}");
	is_state(w, id_of("w1"), "held");
	order(w, "release", id_of("w1"), 5, NULL);
	is_state(w, id_of("w1"), "ready");
	assert_non_null(
		json_str(json_object_get(snapshot(w, id_of("w1")), "review"), "released_by"));
}

static void a_command_is_absorbed_once(void **state)
{
	struct decide_input in = {.type = INPUT_COMMAND,
		.topic = "muara.commands",
		.offset = 5,
		.unusable = "not JSON"};
	_cleanup_json_ json_t *c = json_pack("{s:s,s:s,s:s,s:s,s:i}", "id",
		"cccccccc-0000-4000-8000-aaaaaaaaaaaa", "what", "release", "for", "normalizer",
		"complaint", id_of("w1"), "version", 2);
	struct world *w = *state;

	assert_int_equal(decide_input(w, &in), DECIDE_RECORD);
	assert_string_equal(w->d.outcome, "refused");
	assert_int_equal(decide_input(w, &in), DECIDE_ABSORBED);
	in.record = c;
	assert_int_equal(decide_input(w, &in), DECIDE_RECORD);
	assert_int_equal(decide_input(w, &in), DECIDE_ABSORBED);
	json_set_str(c, "for", "forwarder");
	json_set_str(c, "id", "cccccccc-0000-4000-8000-bbbbbbbbbbbb");
	assert_int_equal(decide_input(w, &in), DECIDE_IGNORED);
}

/* --- replay --- */

static void order_replay(
	struct world *w, int number, const char *message, const json_t *again, const char *error)
{
	_cleanup_json_ json_t *c = json_object();
	struct decide_input in = {.type = INPUT_COMMAND,
		.topic = "muara.commands",
		.record = c,
		.again = again,
		.again_error = error};
	char id[UUID_TEXT_SIZE];

	snprintf(id, sizeof(id), "dddddddd-0000-4000-8000-%012d", number);
	json_set_str(c, "id", id);
	json_set_str(c, "what", "replay");
	json_set_str(c, "for", "normalizer");
	json_set_str(c, "message", message);
	decide_input(w, &in);
}

static void a_message_is_decided_anew(void **state)
{
	struct world *w = *state;
	struct message m;

	say(w, "w0", "Ini keluhan");
	m = bubble(w, "w1", "Bukan promo");
	m.class = MC_SPAM;
	take(w, &m);
	order_replay(w, 1, id_of("w0"), NULL, NULL);
	assert_string_equal(
		json_str(result(w), "reason"), "the message is neither dead nor archived");
	order_replay(w, 2, id_of("w7"), NULL, NULL);
	assert_string_equal(json_str(result(w), "reason"), "there is no such message");
	order_replay(w, 3, id_of("w1"), NULL, NULL);
	assert_int_equal(w->d.verdict, DECIDE_FETCH);
	assert_string_equal(w->d.topic, "muara.raw.whatsapp");
	assert_int_equal(w->d.offset, 1);
	order_replay(w, 3, id_of("w1"), NULL, "raw record is gone (retention)");
	assert_string_equal(w->d.outcome, "refused");
	assert_string_equal(json_str(result(w), "reason"), "raw record is gone (retention)");
	{
		_cleanup_json_ json_t *other = NULL, *again = NULL;

		m.native_id = "w9";
		other = record_of(&m);
		order_replay(w, 4, id_of("w1"), other, NULL);
		assert_string_equal(w->d.outcome, "refused");
		m.native_id = "w1";
		m.class = MC_HUMAN; /* the source, or this build, knows better by now */
		again = record_of(&m);
		order_replay(w, 5, id_of("w1"), again, NULL);
	}
	assert_string_equal(w->d.outcome, "joined");
	assert_true(complaint_has_source(snapshot(w, id_of("w0")), id_of("w1")));
	assert_int_equal(json_array_size(json_object_get(w->d.body, "inputs")), 2);
	order_replay(w, 6, id_of("w1"), NULL, NULL);
	assert_string_equal(w->d.outcome, "refused");
}

/* --- refusals of the forwarder, an accepted restore --- */

static void refuse_filing(
	struct world *w, int n, const char *complaint, int version, const char *other)
{
	_cleanup_json_ json_t *s = json_pack(
		"{s:s,s:i,s:s}", "complaint", complaint, "version", version, "other", other);
	struct decide_input in = {
		.type = INPUT_SUBMISSION, .topic = "muara.submissions", .record = s};
	char id[32];

	snprintf(id, sizeof(id), "4/%d", n);
	in.id = id;
	decide_input(w, &in);
}

static void a_refused_filing_asks_a_person(void **state)
{
	struct world *w = *state;

	bring_to(w, "ready");
	refuse_filing(w, 1, id_of("w1"), 1, id_of("w9"));
	assert_string_equal(w->d.outcome, "noted"); /* an older version */
	refuse_filing(w, 2, id_of("w1"), 2, id_of("w9"));
	assert_string_equal(w->d.outcome, "linked");
	is_state(w, id_of("w1"), "review");
	assert_string_equal(link_reason(w, id_of("w1")), "already-filed");
	refuse_filing(w, 2, id_of("w1"), 2, id_of("w9"));
	assert_int_equal(w->d.verdict, DECIDE_ABSORBED);
	refuse_filing(w, 3, id_of("w1"), 3, id_of("w9"));
	assert_string_equal(w->d.outcome, "noted"); /* in review already */
	refuse_filing(w, 4, id_of("w8"), 1, id_of("w9"));
	assert_string_equal(w->d.outcome, "noted");
}

static void what_was_there_at_a_restore_is_looked_at(void **state)
{
	_cleanup_json_ json_t *record = NULL;
	struct decide_input in = {
		.type = INPUT_MESSAGE, .topic = "muara.raw.file", .restored = true};
	struct world *w = *state;
	struct message m;

	m = bubble(w, "w1", "Jalan rusak");
	record = record_of(&m);
	in.record = record;
	assert_int_equal(decide_input(w, &in), DECIDE_RECORD);
	fire(w, id_of("w1"), "quiet");
	is_state(w, id_of("w1"), "review");
	assert_true(asked(w, id_of("w1"), "restored"));
}

static void after_a_restore_a_person_looks(void **state)
{
	_cleanup_json_ json_t *c =
		json_pack("{s:s,s:s,s:s}", "id", "eeeeeeee-0000-4000-8000-aaaaaaaaaaaa", "what",
			"accept_restore", "for", "normalizer");
	struct decide_input in = {.type = INPUT_COMMAND, .topic = "muara.commands", .record = c};
	struct decide_input each = {.type = INPUT_RESTORE};
	char id[160];
	struct world *w = *state;

	bring_to(w, "ready");
	assert_int_equal(decide_input(w, &in), DECIDE_ACCEPT);
	snprintf(id, sizeof(id), "eeeeeeee-0000-4000-8000-aaaaaaaaaaaa/%s", id_of("w1"));
	each.id = id;
	assert_int_equal(decide_input(w, &each), DECIDE_RECORD);
	is_state(w, id_of("w1"), "review");
	assert_true(asked(w, id_of("w1"), "restored"));
	assert_int_equal(decide_input(w, &each), DECIDE_ABSORBED);
	in.accepted = true;
	assert_int_equal(decide_input(w, &in), DECIDE_RECORD);
	in.accepted = false;
	assert_int_equal(decide_input(w, &in), DECIDE_ABSORBED);
	order(w, "release", id_of("w1"), 3, NULL);
	file_it(w, id_of("w1"), "intent", 1);
	snprintf(id, sizeof(id), "eeeeeeee-0000-4000-8000-bbbbbbbbbbbb/%s", id_of("w1"));
	assert_int_equal(decide_input(w, &each), DECIDE_IGNORED); /* filed: it is done */
}

/* --- size --- */

static void a_decision_too_large_is_dead(void **state)
{
	_cleanup_free_ char *big = xmalloc(60000);
	struct world *w = *state;
	char native[16];
	int i;

	w->rules.max_messages = 1000;
	w->rules.max_text_bytes = 1u << 30; /* rules that let it grow beyond the log's limit */
	memset(big, '\"', 59999);	    /* two bytes each in a record */
	big[59999] = '\0';
	for (i = 0; i < 9; i++) {
		snprintf(native, sizeof(native), "w%d", i);
		big[0] = (char)('a' + i);
		assert_int_equal(say(w, native, big), DECIDE_RECORD);
		assert_true(json_dumpb(w->d.body, NULL, 0, JSON_COMPACT) <= DECISION_RECORD_MAX);
		if (strcmp(w->d.outcome, "dead") == 0)
			break;
	}
	assert_int_equal(i, 4);
	assert_string_equal(json_str(result(w), "id"), id_of("w4"));
	assert_int_equal(strncmp(json_str(result(w), "reason"), "decision too large", 18), 0);
	assert_int_equal(json_int(result(w), "offset", -1), 4);
	assert_string_equal(json_str(snapshot(w, id_of("w0")), "state"), "open");
	assert_int_equal(fire(w, id_of("w0"), "quiet"), DECIDE_RECORD); /* and it lives on */
	is_state(w, id_of("w0"), "ready");
}

static void every_outcome_has_a_metric(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; decide_outcomes[i]; i++)
		for (k = 0; k < i; k++)
			assert_string_not_equal(decide_outcomes[i], decide_outcomes[k]);
}

static int open_world(void **state)
{
	static struct world w;

	world_open(&w);
	*state = &w;
	return 0;
}

static int close_world(void **state)
{
	world_close(*state);
	return 0;
}

#define WORLD(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_class_has_one_place),
		WORLD(what_cannot_be_read_is_absorbed_as_its_place),
		WORLD(the_same_again_is_dropped),
		WORLD(another_content_is_a_message_of_its_own),
		WORLD(a_sticker_says_nothing_a_photo_does),
		WORLD(bubbles_become_one_complaint),
		WORLD(a_talker_does_not_keep_it_open_for_ever),
		WORLD(a_timer_of_an_older_version_is_void),
		WORLD(a_ready_one_opens_again_filed_or_not),
		WORLD(too_long_goes_on_in_a_linked_one),
		WORLD(much_later_is_another_matter),
		WORLD(other_people_have_their_own),
		WORLD(a_claimed_name_links_and_asks),
		WORLD(the_author_names_his_own),
		WORLD(what_takes_no_more_goes_on_in_a_linked_one),
		WORLD(somebody_else_names_it),
		WORLD(a_claimed_author_names_his_own),
		WORLD(names_that_lead_nowhere),
		WORLD(a_call_is_a_matter_of_its_own),
		cmocka_unit_test(what_is_missing_is_asked_for),
		WORLD(nobody_answers_and_it_is_archived),
		WORLD(an_answer_completes_it),
		WORLD(an_emergency_waits_for_nobody),
		WORLD(a_later_word_makes_it_an_emergency),
		WORLD(who_must_be_looked_at),
		WORLD(an_edit_replaces_the_words),
		WORLD(an_older_edit_that_comes_later_changes_nothing),
		WORLD(a_change_before_its_message_waits),
		WORLD(a_deletion_withdraws),
		WORLD(a_deletion_before_its_message_withdraws_it),
		WORLD(an_emergency_is_not_taken_back_by_a_finger),
		WORLD(a_deletion_after_filing_goes_unsaid),
		WORLD(what_was_filed_is_not_taken_back),
		WORLD(news_of_a_filed_one_may_need_a_person),
		WORLD(news_of_a_filed_one_waits_for_no_name),
		WORLD(a_change_of_what_is_no_complaint_is_noted),
		WORLD(a_photo_finds_its_complaint),
		WORLD(a_complaint_waits_for_its_photos),
		WORLD(and_not_for_ever),
		WORLD(a_photo_after_the_filing_is_a_version),
		WORLD(what_is_stored_stays),
		WORLD(a_photo_before_its_message_waits),
		WORLD(media_without_a_home_is_noted),
		cmocka_unit_test(an_officer_acts),
		WORLD(a_hold_outlives_more_bubbles),
		WORLD(a_command_is_absorbed_once),
		WORLD(a_message_is_decided_anew),
		WORLD(a_refused_filing_asks_a_person),
		WORLD(what_was_there_at_a_restore_is_looked_at),
		WORLD(after_a_restore_a_person_looks),
		WORLD(a_decision_too_large_is_dead),
		cmocka_unit_test(every_outcome_has_a_metric),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
