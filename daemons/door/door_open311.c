/* door_open311: see door_open311.h. */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"
#include "core/index_public.h"

#include "door_open311.h"
#include "intake.h"
#include "keyring.h"
#include "open311.h"

#define PAGE_MAX  (256 * 1024)
#define FORM_TYPE "application/x-www-form-urlencoded"
#define BEHIND	  "/open311/v2/requests/"

static const struct stage_text {
	const char *status, *notes; /* for citizens */
} stages[] = {
	[PUBLIC_RECEIVED] = {"open", "Laporan sudah diterima."},
	[PUBLIC_CHECKED] = {"open", "Laporan sedang diperiksa."},
	[PUBLIC_READY] = {"open", "Laporan menunggu diteruskan."},
	[PUBLIC_FORWARDED] = {"open", "Laporan sudah diteruskan ke instansi yang berwenang."},
	[PUBLIC_VERIFIED] = {"open", "Laporan sudah diverifikasi di SP4N-LAPOR!."},
	[PUBLIC_IN_PROGRESS] = {"open", "Laporan sedang ditindaklanjuti oleh instansi."},
	[PUBLIC_DONE] = {"closed", "Laporan sudah ditindaklanjuti dan dinyatakan selesai."},
	[PUBLIC_FILED_AWAY] = {"closed", "Laporan diarsipkan di SP4N-LAPOR!."},
	[PUBLIC_TURNED_DOWN] = {"closed", "Laporan ditolak di SP4N-LAPOR!."},
	[PUBLIC_CLOSED] = {"closed", "Laporan selesai atau tidak diteruskan."},
};

/* --- answers --- */

static bool wants_xml(const struct httpd_request *r)
{
	const char *dot = strrchr(httpd_path(r), '.');

	return dot && strcmp(dot, ".xml") == 0;
}

static void answer(struct door *d, struct httpd_request *r, int status, json_t *rows,
	const char *root, const char *item, int retry_after_s)
{
	_cleanup_json_ json_t *owned = rows;
	_cleanup_buf_ struct buf out = BUF_INIT(PAGE_MAX);
	bool xml = wants_xml(r);

	if (open311_render(owned, root, item, xml, &out)) {
		log_error("an answer of Open311 is larger than %d KiB: fewer services",
			PAGE_MAX / 1024);
		status = 500;
		buf_reset(&out);
	}
	door_count(d, status);
	httpd_reply(r, status, xml ? "application/xml; charset=utf-8" : "application/json",
		buf_str(&out), out.len, retry_after_s);
}

static void fail(
	struct door *d, struct httpd_request *r, int status, const char *text, int retry_after_s)
{
	json_t *rows = json_array(), *o = json_object();

	json_set_int(o, "code", status);
	json_set_str(o, "description", text);
	json_array_append_new(rows, o);
	answer(d, r, status, rows, "errors", "error", retry_after_s);
}

/* --- services --- */

void door_open311_services(struct door *d, struct httpd_request *r)
{
	answer(d, r, 200, open311_services(d->conf->services.v, d->conf->services.n), "services",
		"service", -1);
}

/* --- a report --- */

static void answer_report(
	struct door *d, struct httpd_request *r, const struct intake_item *items, size_t n)
{
	json_t *rows, *o;

	if (intake_status(items, n) == 503) {
		fail(d, r, 503, "not stored, send it again", DOOR_RETRY_S);
		return;
	}
	rows = json_array();
	o = json_object();
	json_set_str(o, "service_request_id", items[0].ticket);
	json_set_str(o, "service_notice", "Laporan diterima. Simpan nomor ini.");
	json_set_str(o, "account_id", "");
	json_array_append_new(rows, o);
	answer(d, r, 201, rows, "service_requests", "request", -1);
}

/* NULL: answered. */
static const struct doorkey *key_of(struct door *d, struct httpd_request *r, const struct form *f)
{
	char id[DOORKEY_ID_SIZE];
	const char *secret = doorkey_bearer(form_get(f, "api_key"), id);
	const struct doorkey *k = NULL;
	struct err e = {0};

	if (secret && keyring_find(d->keys, id, &k, &e)) {
		log_error("nobody can be let in: %s", e.text);
		fail(d, r, 503, "keys cannot be read, send it again", DOOR_RETRY_S);
		return NULL;
	}
	if (!secret || !k || k->use != DOORKEY_OPEN311 || !doorkey_secret_is(k, secret)) {
		fail(d, r, 403, "api_key is missing or does not hold here", -1);
		return NULL;
	}
	CRASH_POINT("after-verify", d->open + 1);
	return k;
}

/* There is room, and Kafka; else it has answered. */
static bool may_come(struct door *d, struct httpd_request *r, const struct doorkey *k)
{
	int64_t wait_ms;

	if (!door_takes(d)) {
		fail(d, r, 503, "not taking anything in now, send it again", DOOR_RETRY_S);
		return false;
	}
	wait_ms = door_room(d, k, 1);
	if (wait_ms == 0)
		return true;
	fail(d, r, 429, "more reports than this api_key may send now",
		(int)MIN((wait_ms + 999) / 1000, 86400));
	return false;
}

/* The local day. */
static void today(const struct door *d, char day[TIME_TEXT_SIZE])
{
	time_format(clock_wall_ms() + muara_zone_minutes(source_shared(d->source)) * INT64_C(60000),
		day);
	day[10] = '\0';
}

/* The body with stars for the key: what is kept of a report must not let its reader report. Caller
 * frees. */
static char *without_key(const char *body, size_t n)
{
	char *copy = xstrndup(body, n);

	for (char *p = copy; *p;) {
		size_t len = strcspn(p, "&"), name = strcspn(p, "=&");
		struct form one;

		if (form_parse(p, len, &one, NULL) == 0 && one.n && name < len &&
			strcmp(one.pairs[0].name, "api_key") == 0)
			memset(p + name + 1, '*', len - name - 1);
		form_free(&one);
		p += len + (p[len] == '&');
	}
	return copy;
}

static void take(struct door *d, struct httpd_request *r, const struct doorkey *k, struct form *f)
{
	_cleanup_free_ char *original = NULL;
	const char *body;
	struct open311_report report;
	struct message m;
	struct intake *i;
	struct err e = {0};
	char day[TIME_TEXT_SIZE];
	int code;

	door_message(d, k, &m);
	if (httpd_header_count(r, "Idempotency-Key") == 1 && *httpd_header(r, "Idempotency-Key"))
		m.native_id = httpd_header(r, "Idempotency-Key");
	today(d, day);
	code = open311_decode(f, d->conf->services.v, d->conf->services.n, day, &report, &m, &e);
	if (code == 0)
		code = door_channel(d, k, NULL, &m, &e);
	if (code) {
		door_give_back(d, k, 1);
		fail(d, r, code == -ENOENT ? 404 : 400, e.text, -1);
	} else {
		m.source.place = "form";
		body = httpd_body(r, &m.original.len);
		original = without_key(body, m.original.len);
		m.original.data = original;
		i = intake_new(d, r, answer_report);
		intake_charge(i, k->client);
		intake_put(i, &m, 0);
		intake_go(i);
	}
	open311_report_free(&report);
}

void door_open311_post(struct door *d, struct httpd_request *r)
{
	const char *type = httpd_header(r, "Content-Type");
	const struct doorkey *k;
	struct err e = {0};
	struct form f;
	size_t n;
	const char *body = httpd_body(r, &n);

	if (!type || strncasecmp(type, FORM_TYPE, strlen(FORM_TYPE)) != 0) {
		fail(d, r, 415, "the body must be " FORM_TYPE, -1);
		return;
	}
	if (form_parse(body, n, &f, &e)) {
		fail(d, r, 400, e.text, -1);
	} else {
		k = key_of(d, r, &f);
		if (k && may_come(d, r, k))
			take(d, r, k, &f);
	}
	form_free(&f);
}

/* --- how far it is --- */

/* The ticket in the path, without its suffix; -EINVAL: it cannot be one. */
static int ticket_in(const char *path, char ret[TICKET_TEXT_SIZE])
{
	char text[32];
	const char *name = path + strlen(BEHIND), *dot = strrchr(name, '.');
	size_t n = dot ? (size_t)(dot - name) : 0;

	if (!dot || (strcmp(dot, ".json") != 0 && strcmp(dot, ".xml") != 0) || n >= sizeof(text))
		return -EINVAL;
	memcpy(text, name, n);
	text[n] = '\0';
	return ticket_parse(text, ret);
}

static json_t *status_rows(const char *ticket, const struct public_status *s)
{
	json_t *rows = json_array(), *o = json_object();

	json_set_str(o, "service_request_id", ticket);
	json_set_str(o, "status", stages[s->stage].status);
	json_set_str(o, "status_notes", stages[s->stage].notes);
	json_set_str(o, "requested_datetime", *s->opened_at ? s->opened_at : NULL);
	json_set_str(o, "updated_datetime", *s->changed_at ? s->changed_at : NULL);
	json_array_append_new(rows, o);
	return rows;
}

void door_open311_status(struct door *d, struct httpd_request *r)
{
	char ticket[TICKET_TEXT_SIZE];
	struct public_status s;
	struct err e = {0};
	int code = ticket_in(httpd_path(r), ticket) ? -ENOENT : 0;

	if (code == 0)
		code = index_public_status(d->index, ticket, &s, &e);
	if (code == 0)
		answer(d, r, 200, status_rows(ticket, &s), "service_requests", "request", -1);
	else if (code == -ENOENT)
		fail(d, r, 404, "no report of this number is known (yet)", -1);
	else {
		log_warn("how far a report is cannot be told: %s", e.text);
		fail(d, r, 503, "this cannot be told now, ask again", DOOR_RETRY_S);
	}
}
