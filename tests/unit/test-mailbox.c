/* The source of muara-email, with a mailbox and a Kafka whose words the test gives: the cursor
 * follows the reports, never the mails; what failed is read again. */
// uses: daemons/email/folder_name.c
// uses: daemons/email/mailbox.c
// uses: daemons/email/mime.c
// uses: daemons/email/mime_bound.c
// uses: daemons/email/mime_parts.c
// uses: daemons/email/mail_head.c
// uses: daemons/email/charset.c
// uses: daemons/email/quote_trim.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/util.h"
#include "daemons/email/imap.h"
#include "daemons/email/mailbox.h"

#define MAILS	 100
#define VALIDITY 7

/* Both stand-ins. */
static struct source {
	struct email_conf conf;
	struct loop *loop;
	int room;
	source_report_fn *report;
	void *ctx;
	uint64_t numbers[MAILS];
	char natives[MAILS][64];
	enum message_class classes[MAILS];
	int n_puts;
	source_report_fn *written; /* of the cursor under way; NULL: none */
	json_t *cursor;
	int n_cursors;
	int64_t cursor_offset;
} source;

static struct imap {
	struct imap_place from, rewound_to;
	enum imap_state state;
	const char *text;
	uint32_t given, last; /* UIDs handed out, and there */
	int rewinds, fd;
} imap;

static void *state; /* of the source under test */
const char *const source_review_choices[] = {"auto", "required", NULL};

/* --- the source --- */

const void *source_conf(const struct source *s)
{
	return &s->conf;
}

struct loop *source_loop(const struct source *s)
{
	return s->loop;
}

struct blob_store *source_blobs(const struct source *s)
{
	(void)s;
	return NULL;
}

long source_in_flight(const struct source *s)
{
	(void)s;
	return 0;
}

void source_wake(struct source *s)
{
	(void)s;
}

void source_message(const struct source *s, struct message *ret)
{
	(void)s;
	*ret = (struct message){.tenant = "malang", .channel = "email", .account = "kota"};
}

int source_put(struct source *s, const struct message *m, source_report_fn *report, void *ctx,
	uint64_t number, char ret_id[UUID_TEXT_SIZE], struct err *e)
{
	(void)ret_id;
	if (s->room == 0)
		return err_set(e, -ENOBUFS, "queue full");
	s->room--;
	s->report = report;
	s->ctx = ctx;
	s->numbers[s->n_puts] = number;
	s->classes[s->n_puts] = m->class;
	snprintf(s->natives[s->n_puts++], sizeof(s->natives[0]), "%s", m->native_id);
	return 0;
}

int source_cursor(struct source *s, const char *name, const json_t *value, int64_t raw_offset,
	source_report_fn *written, void *ctx, struct err *e)
{
	(void)ctx;
	(void)e;
	assert_string_equal(name, "mailbox");
	assert_null(s->written); /* one at a time */
	s->written = written;
	json_decref(s->cursor);
	s->cursor = json_deep_copy(value);
	s->cursor_offset = raw_offset;
	s->n_cursors++;
	return 0;
}

/* --- the mailbox --- */

int imap_start(const struct imap_conf *c, struct imap_place from, struct imap **ret, struct err *e)
{
	(void)c;
	(void)e;
	imap.from = from;
	imap.given = from.uid;
	*ret = &imap;
	return 0;
}

void imap_stop(struct imap *i)
{
	(void)i;
}

int imap_fd(const struct imap *i)
{
	return i->fd;
}

struct imap_mail *imap_next(struct imap *i)
{
	struct imap_mail *m;

	if (i->given >= i->last)
		return NULL;
	m = xcalloc(1, sizeof(*m));
	m->at = (struct imap_place){VALIDITY, ++i->given};
	m->bytes =
		xasprintf("From: siti@warga.example\nMessage-ID: <%u@uji>\n\nKeluhan\n", m->at.uid);
	m->n = strlen(m->bytes);
	m->size_bytes = (int64_t)m->n;
	return m;
}

void imap_mail_free(struct imap_mail *m)
{
	if (m)
		free(m->bytes);
	free(m);
}

void imap_rewind(struct imap *i, struct imap_place from)
{
	i->rewound_to = from;
	i->given = from.uid;
	i->rewinds++;
}

enum imap_state imap_status(struct imap *i, char *text, size_t size, uint64_t *ret_connects)
{
	snprintf(text, size, "%s", i->text ? i->text : "");
	*ret_connects = 1;
	return i->state;
}

void imap_watch(struct imap *i)
{
	(void)i;
}

/* --- what happens --- */

static int open_box(void **unused)
{
	struct err e = {0};

	(void)unused;
	source = (struct source){.room = MAILS, .loop = loop_new()};
	source.conf.host = source.conf.user = source.conf.mailbox = (char[]){"x"};
	source.conf.max_mail = 1 << 20;
	imap = (struct imap){.state = IMAP_READING, .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	assert_non_null(source.loop);
	assert_int_equal(email_source.open(&source, &state, &e), 0);
	return 0;
}

static int close_box(void **unused)
{
	(void)unused;
	email_source.close(state);
	loop_free(source.loop);
	close(imap.fd);
	json_decref(source.cursor);
	return 0;
}

/* The mailbox holds mails up to this UID. */
static void holds(uint32_t last)
{
	imap.last = last;
	email_source.step(state);
}

static void report(int i, bool ok)
{
	source.report(source.ctx, source.numbers[i], ok, ok ? 500 + i : -1);
}

static void written(bool ok)
{
	source_report_fn *f = source.written;

	assert_non_null(f);
	source.written = NULL;
	f(state, 0, ok, -1);
}

/* The cursor last written; -1: none yet. */
static int64_t cursor_uid(void)
{
	if (!source.cursor)
		return -1;
	assert_int_equal(json_int(source.cursor, "validity", 0), VALIDITY);
	return json_int(source.cursor, "uid", 0);
}

static void the_cursor_follows_the_reports(void **unused)
{
	(void)unused;
	holds(4);
	assert_int_equal(source.n_puts, 4);
	email_source.step(state);
	assert_int_equal(cursor_uid(), -1); /* put is not there */
	report(1, true);
	report(3, true);
	assert_int_equal(cursor_uid(), -1); /* the first is missing */
	report(0, true);
	assert_int_equal(cursor_uid(), 2);
	assert_int_equal(source.cursor_offset, 501); /* of the second, which it stands for */
	assert_false(email_source.drained(state));
	report(2, true);
	assert_int_equal(cursor_uid(), 2); /* one at a time */
	written(true);
	assert_int_equal(cursor_uid(), 4);
	written(true);
	email_source.step(state);
	assert_int_equal(source.n_cursors, 2);
	assert_true(email_source.drained(state));
}

static void a_cursor_that_failed_is_told_again(void **unused)
{
	(void)unused;
	holds(1);
	report(0, true);
	written(false);
	assert_int_equal(source.n_cursors, 1);
	email_source.step(state);
	assert_int_equal(source.n_cursors, 2);
	assert_int_equal(cursor_uid(), 1);
	written(true);
}

static void a_failed_report_goes_back(void **unused)
{
	(void)unused;
	holds(4);
	report(0, true);
	written(true);
	report(1, false);
	assert_int_equal(imap.rewinds, 1);
	assert_int_equal(imap.rewound_to.uid, 1);
	email_source.step(state);
	report(2, true); /* of before: it says nothing of those put again */
	report(3, true);
	assert_int_equal(cursor_uid(), 1);
	assert_int_equal(source.n_puts, 7);
	assert_string_equal(source.natives[4], source.natives[1]); /* the same mail, the same id */
	report(4, true);
	report(5, true);
	written(true);
	written(true);
	assert_int_equal(cursor_uid(), 3);
	report(6, true);
	assert_int_equal(cursor_uid(), 4);
	written(true);
}

static void a_full_queue_loses_nothing(void **unused)
{
	(void)unused;
	source.room = 1;
	holds(3);
	assert_int_equal(source.n_puts, 1);
	email_source.step(state);
	source.room = 9;
	email_source.step(state);
	assert_int_equal(source.n_puts, 3);
	for (int i = 0; i < 3; i++) {
		char want[64];

		snprintf(want, sizeof(want), "%d@uji", i + 1);
		assert_string_equal(source.natives[i], want);
	}
}

static void no_more_than_can_be_remembered(void **unused)
{
	(void)unused;
	holds(90);
	assert_int_equal(source.n_puts, 64);
	report(0, true);
	email_source.step(state);
	assert_int_equal(source.n_puts, 65);
}

static void a_cursor_is_taken_up(void **unused)
{
	_cleanup_json_ json_t *mine = NULL, *others = NULL;

	(void)unused;
	holds(3);
	for (int i = 0; i < 3; i++)
		report(i, true);
	written(true);
	mine = json_deep_copy(source.cursor);
	others = json_deep_copy(mine);
	json_set_str(others, "box", "0000");
	close_box(NULL);
	source.cursor = NULL;

	open_box(NULL);
	email_source.cursor(
		state, "mailbox", others); /* of another mailbox: its numbers mean nothing */
	holds(0);
	assert_int_equal(imap.from.uid, 0);
	close_box(NULL);
	source.cursor = NULL;

	open_box(NULL);
	email_source.cursor(state, "mailbox", mine);
	holds(4);
	assert_int_equal(imap.from.validity, VALIDITY);
	assert_int_equal(imap.from.uid, 3);
	assert_int_equal(source.n_puts, 1);
}

static void a_refused_login_needs_a_person(void **unused)
{
	char text[600];

	(void)unused;
	holds(0);
	assert_true(email_source.health(state, text, sizeof(text)));
	assert_string_equal(text, "");
	imap.state = IMAP_FAILED;
	imap.text = "connecting: refused";
	email_source.step(state);
	assert_true(email_source.health(state, text, sizeof(text))); /* it comes back by itself */
	assert_non_null(strstr(text, "connecting"));
	imap.state = IMAP_ILL;
	imap.text = "login: refused";
	email_source.step(state);
	assert_false(email_source.health(state, text, sizeof(text)));
	assert_non_null(strstr(text, "login: refused"));
	imap.state = IMAP_IDLE;
	imap.text = NULL;
	email_source.step(state);
	assert_true(email_source.health(state, text, sizeof(text)));
	assert_string_equal(text, "");
}

int main(void)
{
#define BOX(f) cmocka_unit_test_setup_teardown(f, open_box, close_box)
	const struct CMUnitTest tests[] = {
		BOX(the_cursor_follows_the_reports),
		BOX(a_cursor_that_failed_is_told_again),
		BOX(a_failed_report_goes_back),
		BOX(a_full_queue_loses_nothing),
		BOX(no_more_than_can_be_remembered),
		BOX(a_cursor_is_taken_up),
		BOX(a_refused_login_needs_a_person),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
