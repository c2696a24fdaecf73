/* mailbox: see mailbox.h. */
#include "daemons/email/mailbox.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <strings.h>

#include "base/crash.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"
#include "core/ackprefix.h"
#include "daemons/email/folder_name.h"
#include "daemons/email/imap.h"
#include "daemons/email/mime.h"

#define IN_FLIGHT_MAX 64 /* mails put, not reported yet */
#define LOOK_MS	      1000
#define CURSOR	      "mailbox"

struct sent { /* a mail on its way */
	struct imap_place at;
	int64_t offset; /* in the raw log */
};

struct email {
	struct source *source;
	const struct email_conf *conf;
	struct mail_rules rules;
	struct imap_conf imap_conf;
	char *folder;	   /* as IMAP writes it */
	struct imap *imap; /* from ready on */
	struct loop_fd *news;
	struct imap_mail *held; /* there was no room for it */
	bool draining;

	struct ackprefix acks;
	uint64_t first; /* numbers below are of before the last rewind */
	struct sent sent[IN_FLIGHT_MAX];
	struct imap_place acked, written, writing;
	int64_t acked_offset;
	bool is_writing;
	char box[SHA256_HEX_SIZE]; /* which mailbox the cursor is of; no name in it */

	enum imap_state state;
	char trouble[512]; /* why it cannot be read, "" while it can */
	struct metric *mails, *attached, *connected, *connects;
	uint64_t seen_connects;
};

static const char *const mail_labels[] = {
	"human", "auto", "bounce", "spam", "echo", "undecodable", NULL};
static const char *const attachment_labels[] = {"stored", "refused", NULL};

/* clang-format off */
static const struct option_row options[] = {
	SOURCE_OPTIONS(struct email_conf),
	OPT(struct email_conf, OPT_STRING, host, "host", NULL, .flags = OPT_REQUIRED, .min = 1, .max = 253,
		.help = "IMAP server; its certificate must be of this name"),
	OPT(struct email_conf, OPT_INT, port, "port", "993", .min = 1, .max = 65535,
		.help = "TLS from the first byte; STARTTLS is not supported"),
	OPT(struct email_conf, OPT_PATH, ca, "ca", NULL,
		.help = "File of certificates trusted instead of the system's, for a server with one of its own"),
	OPT(struct email_conf, OPT_STRING, user, "user", NULL, .flags = OPT_REQUIRED, .min = 1, .max = 254,
		.help = "Account to log in to"),
	OPT(struct email_conf, OPT_SECRET, password, "password", NULL,
		.help = "File that holds the password; this or `token_file`"),
	OPT(struct email_conf, OPT_PATH, token_file, "token_file", NULL,
		.help = "File that holds an OAuth 2 access token for XOAUTH2, read at every login; what refreshes it writes it"),
	OPT(struct email_conf, OPT_STRING, mailbox, "mailbox", "INBOX", .min = 1, .max = 200,
		.help = "Folder that is read, by the name a mail program shows; levels are parted as the server parts them"),
	OPT(struct email_conf, OPT_STRINGS, own, "own", NULL, .max = 100,
		.help = "Addresses of your own: mail from them is archived as an echo, or the system complains to itself"),
	OPT(struct email_conf, OPT_STRING, authserv, "authserv", NULL, .max = 253,
		.help = "Name your own mail server puts into Authentication-Results; a sender whose dmarc passed there is proven"),
	OPT(struct email_conf, OPT_BOOL, trust_spam_flag, "trust_spam_flag", "no",
		.help = "yes: X-Spam-Flag is set by your own server, which takes away what others set"),
	OPT(struct email_conf, OPT_DURATION, idle_ms, "idle", "5m", .min = 1000, .max = 29 * 60 * 1000,
		.help = "How long the server is waited for in IDLE before it is asked anew; routers forget quiet connections"),
	OPT(struct email_conf, OPT_DURATION, poll_ms, "poll", "1m", .min = 100, .max = 3600 * 1000,
		.help = "How often a server without IDLE is asked"),
	OPT(struct email_conf, OPT_DURATION, timeout_ms, "timeout", "20s", .min = 1000, .max = 300 * 1000,
		.help = "How long a silent connection is waited for"),
	OPT(struct email_conf, OPT_SIZE, max_mail, "max_mail", "25MiB", .min = 4096, .max = 64 << 20,
		.help = "Of a larger mail only this much is taken; the message says so"),
	OPT_END
};
/* clang-format on */

static void check(void *conf, struct options_faults *f)
{
	const struct email_conf *c = conf;

	if (!c->password && !c->token_file)
		options_fault(f, "password", "is missing: set it, or `token_file`");
	if (c->password && c->token_file)
		options_fault(f, "token_file", "set this or `password`, not both");
	for (size_t i = 0; i < c->own.n; i++)
		if (!strchr(c->own.v[i], '@'))
			options_fault(f, "own", "entry %zu is no address: it has no @", i + 1);
}

/* --- the cursor ---------------------------------------------------------------------------- */

static bool same(struct imap_place a, struct imap_place b)
{
	return a.validity == b.validity && a.uid == b.uid;
}

static void write_cursor(struct email *m);

static void on_written(void *ctx, uint64_t number, bool ok, int64_t offset)
{
	struct email *m = ctx;

	(void)number;
	(void)offset;
	m->is_writing = false;
	if (ok)
		m->written = m->writing;
	if (ok)
		write_cursor(m); /* a failed one waits for the next look */
}

static void write_cursor(struct email *m)
{
	_cleanup_json_ json_t *value = json_object();
	struct err e = {0};

	if (m->is_writing || same(m->acked, m->written))
		return;
	json_set_str(value, "box", m->box);
	json_set_int(value, "validity", m->acked.validity);
	json_set_int(value, "uid", m->acked.uid);
	m->writing = m->acked;
	m->is_writing = true;
	if (source_cursor(m->source, CURSOR, value, m->acked_offset, on_written, m, &e)) {
		m->is_writing = false;
		log_warn("the place in the mailbox is not written yet: %s", e.text);
	}
}

static void email_cursor(void *state, const char *name, const json_t *value)
{
	struct email *m = state;
	int64_t validity = json_int(value, "validity", 0), uid = json_int(value, "uid", 0);

	if (strcmp(name, CURSOR) != 0)
		return;
	/* another mailbox under this instance: its numbers mean nothing here */
	if (strcmp(json_str_or(value, "box", ""), m->box) != 0 || validity <= 0 ||
		validity > UINT32_MAX || uid < 0 || uid > UINT32_MAX)
		return;
	m->acked = (struct imap_place){(uint32_t)validity, (uint32_t)uid};
	m->written = m->acked;
}

/* --- mails --------------------------------------------------------------------------------- */

/* Back to the last mail that is known to be in Kafka. */
static void go_back(struct email *m)
{
	log_warn("a mail was not taken by Kafka: reading again from the last one that was");
	imap_mail_free(TAKE_PTR(m->held));
	m->first = m->acks.next;
	ackprefix_free(&m->acks);
	ackprefix_init(&m->acks, m->first);
	if (m->imap)
		imap_rewind(m->imap, m->acked);
}

static void on_report(void *ctx, uint64_t number, bool ok, int64_t offset)
{
	struct email *m = ctx;
	struct sent *last;

	if (number < m->first)
		return;
	if (!ok) {
		go_back(m);
		return;
	}
	m->sent[number % IN_FLIGHT_MAX].offset = offset;
	if (!ackprefix_ack(&m->acks, number))
		return;
	last = &m->sent[(ackprefix_done(&m->acks) - 1) % IN_FLIGHT_MAX];
	m->acked = last->at;
	m->acked_offset = last->offset;
	write_cursor(m);
}

static int store(struct email *m, struct mail *mail, char (*hashes)[SHA256_HEX_SIZE], struct err *e)
{
	for (size_t i = 0; i < mail->n_attachments; i++) {
		struct message_attachment *a = &mail->attachments[i];
		int r;

		metric_add(m->attached, attachment_labels[a->state == AS_REFUSED], 1);
		if (a->state != AS_PENDING)
			continue;
		r = blob_put(source_blobs(m->source), mail->data[i].p ? mail->data[i].p : "",
			mail->data[i].n, hashes[i], e);
		if (r)
			return err_prefix(e, "an attachment into the blob store");
		a->state = AS_STORED;
		a->sha256 = hashes[i];
	}
	return 0;
}

/* A mail without bytes has no identity but its place. */
static void not_given(struct message *m, char *native, size_t size, const struct imap_mail *mail)
{
	snprintf(native, size, "uid:%" PRIu32 "/%" PRIu32, mail->at.validity, mail->at.uid);
	m->native_id = native;
	m->class = MC_UNDECODABLE;
	m->author.id = "";
	m->error.place = m->source.place;
	m->error.reason =
		mail->bytes ? "a mail without a byte" : "the server does not give this mail";
}

static int put_mail(struct email *m, const struct imap_mail *mail, struct err *e)
{
	char place[64], native[64];
	char hashes[MESSAGE_ATTACHMENTS_MAX][SHA256_HEX_SIZE];
	struct mail parts = {0};
	struct message msg;
	int r;

	source_message(m->source, &msg);
	snprintf(place, sizeof(place), "uid %" PRIu32 "/%" PRIu32, mail->at.validity, mail->at.uid);
	msg.source.place = place;
	mail_decode(mail->bytes ? mail->bytes : "", mail->n, mail->size_bytes > (int64_t)mail->n,
		&m->rules, mail->arrived_ms, &parts, &msg);
	msg.original.data = mail->bytes ? mail->bytes : "";
	msg.original.len = mail->n;
	if (msg.class == MC_UNDECODABLE)
		not_given(&msg, native, sizeof(native), mail);
	r = store(m, &parts, hashes, e);
	if (r == 0) {
		uint64_t number = m->acks.next;

		CRASH_POINT("after-verify", source_in_flight(m->source));
		m->sent[number % IN_FLIGHT_MAX] = (struct sent){mail->at, -1};
		r = source_put(m->source, &msg, on_report, m, number, NULL, e);
		if (r == 0)
			ackprefix_take(&m->acks);
	}
	if (r == 0)
		metric_add(m->mails, message_class_name(msg.class), 1);
	mail_free(&parts);
	return r;
}

static void tell_state(struct email *m)
{
	char text[sizeof(m->trouble)] = "";
	uint64_t connects;
	enum imap_state state = imap_status(m->imap, text, sizeof(text), &connects);

	metric_add(m->connects, NULL, (double)(connects - m->seen_connects));
	m->seen_connects = connects;
	metric_set(m->connected, NULL, state == IMAP_READING || state == IMAP_IDLE);
	if (strcmp(text, m->trouble) != 0 && *text)
		log_line(state == IMAP_ILL ? LOG_L_ERROR : LOG_L_WARN,
			"the mailbox cannot be read, trying again: %s", text);
	memcpy(m->trouble, text, sizeof(m->trouble));
	if (state == IMAP_IDLE && m->state != IMAP_IDLE)
		log_info("the mailbox is read to its end, waiting for mail");
	m->state = state;
}

static void on_news(void *ctx, short revents)
{
	struct email *m = ctx;

	(void)revents;
	source_wake(m->source);
}

static int start(struct email *m)
{
	const struct email_conf *c = m->conf;
	struct message base;
	struct err e = {0};
	int r;

	source_message(m->source, &base);
	m->imap_conf = (struct imap_conf){.host = c->host,
		.user = c->user,
		.password = c->password,
		.token_file = c->token_file,
		.mailbox = m->folder,
		.ca = c->ca,
		.port = (int)c->port,
		.idle_ms = c->idle_ms,
		.poll_ms = c->poll_ms,
		.timeout_ms = c->timeout_ms,
		.since_ms = base.start_ms,
		.max_mail_bytes = c->max_mail};
	r = imap_start(&m->imap_conf, m->acked, &m->imap, &e);
	if (r)
		log_warn("the mailbox is not read yet: %s", e.text);
	else
		m->news = loop_fd_add(source_loop(m->source), imap_fd(m->imap), POLLIN, on_news, m);
	return r;
}

static int64_t email_step(void *state)
{
	struct email *m = state;
	struct err e = {0};

	if (m->draining)
		return -1;
	if (!m->imap && start(m))
		return LOOK_MS;
	imap_watch(m->imap);
	tell_state(m);
	if (!same(m->acked, m->written))
		write_cursor(m);
	while (ackprefix_open(&m->acks) < IN_FLIGHT_MAX) {
		int r;

		if (!m->held)
			m->held = imap_next(m->imap);
		if (!m->held)
			break;
		r = put_mail(m, m->held, &e);
		if (r == -ENOBUFS)
			break;
		if (r) {
			log_warn("a mail is not taken in yet: %s", e.text);
			break;
		}
		imap_mail_free(TAKE_PTR(m->held));
	}
	return LOOK_MS;
}

/* --- the source ---------------------------------------------------------------------------- */

static void set_box(struct email *m)
{
	_cleanup_free_ char *name =
		xasprintf("%s\n%s\n%s", m->conf->host, m->conf->user, m->conf->mailbox);

	sha256_hex(name, strlen(name), m->box);
}

static void email_close(void *state)
{
	struct email *m = state;

	if (!m)
		return;
	loop_fd_del(m->news);
	imap_stop(m->imap);
	imap_mail_free(m->held);
	ackprefix_free(&m->acks);
	free(m->folder);
	free(m);
}

static int email_open(struct source *s, void **ret_state, struct err *e)
{
	struct email *m = xcalloc(1, sizeof(*m));
	const struct email_conf *c = source_conf(s);

	(void)e;
	m->source = s;
	m->conf = c;
	m->rules = (struct mail_rules){&c->own, c->authserv, c->trust_spam_flag};
	m->acked_offset = -1;
	ackprefix_init(&m->acks, 0);
	set_box(m);
	m->folder = folder_name(c->mailbox);
	m->mails = metric_counter(
		"muara_email_mails_total", "Mails handed to Kafka", "class", mail_labels);
	m->attached = metric_counter("muara_email_attachments_total", "Attachments of mails",
		"state", attachment_labels);
	m->connected =
		metric_gauge("muara_email_connected", "1 while the mailbox is open", NULL, NULL);
	m->connects =
		metric_counter("muara_email_connects_total", "Logins that succeeded", NULL, NULL);
	*ret_state = m;
	return 0;
}

static void email_ready(void *state)
{
	source_wake(((struct email *)state)->source);
}

static void email_drain(void *state)
{
	struct email *m = state;

	m->draining = true;
	loop_fd_del(m->news);
	m->news = NULL;
}

static bool email_drained(void *state)
{
	struct email *m = state;

	return ackprefix_open(&m->acks) == 0 && !m->is_writing;
}

static bool email_health(void *state, char *text, size_t size)
{
	const struct email *m = state;

	snprintf(text, size, "%s%s", *m->trouble ? "the mailbox cannot be read: " : "", m->trouble);
	return m->state != IMAP_ILL;
}

/* One mail, as a file of its bytes (.eml). */
static int email_sample(const void *conf, const struct source_sample *s, source_sample_fn *emit,
	void *ctx, struct err *e)
{
	const struct email_conf *c = conf;
	const struct mail_rules rules = {&c->own, c->authserv, c->trust_spam_flag};
	size_t n = MIN(s->len, (size_t)c->max_mail);
	struct message m = *s->base;
	struct mail parts = {0};

	(void)e;
	m.source.place = s->name;
	mail_decode(s->data, n, n < s->len, &rules, 0, &parts, &m);
	m.original.data = s->data;
	m.original.len = n;
	emit(ctx, &m);
	mail_free(&parts);
	return 0;
}

const struct source_ops email_source = {
	.name = "email",
	.channel = "email",
	.summary = "takes in the complaints of an IMAP mailbox",
	.options = options,
	.conf_size = sizeof(struct email_conf),
	.check = check,
	.open = email_open,
	.cursor = email_cursor,
	.ready = email_ready,
	.step = email_step,
	.drain = email_drain,
	.drained = email_drained,
	.health = email_health,
	.close = email_close,
	.sample = email_sample,
	.looks = true,
};
