/* door_form: see door_form.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/util.h"
#include "core/blob.h"

#include "door_form.h"
#include "intake.h"
#include "template.h"
#include "webform.h"

#define PAGE_MAX (512 * 1024)

struct door_form {
	struct template *form, *thanks;
};

/* --- pages --- */

static void page(struct door *d, struct httpd_request *r, int status, const struct template *t,
	const struct webform *w, int retry_after_s)
{
	_cleanup_buf_ struct buf out = BUF_INIT(PAGE_MAX);

	if (template_render(t, webform_value, w, &out)) {
		log_error("a page is larger than %d KiB: shorten its template", PAGE_MAX / 1024);
		status = 500;
	}
	door_count(d, status);
	httpd_reply(r, status, "text/html; charset=utf-8", buf_str(&out), out.len, retry_after_s);
}

static bool is_off(struct door *d, struct httpd_request *r)
{
	if (!d->form)
		door_refuse(d, r, 404, "nothing here");
	return !d->form;
}

void door_form_get(struct door *d, struct httpd_request *r)
{
	struct webform w;

	if (is_off(d, r))
		return;
	webform_fresh(&w, d->conf->attachment_bytes);
	page(d, r, 200, d->form->form, &w, -1);
	webform_free(&w);
}

static void parse(struct door *d, struct httpd_request *r, struct webform *w)
{
	size_t n;
	const char *body = httpd_body(r, &n);

	webform_parse(w, httpd_header(r, "Content-Type"), body, n, d->conf->attachment_bytes);
}

/* The page again, with what was typed in and why. */
static void page_again(struct door *d, struct httpd_request *r, int status, struct webform *w,
	unsigned error, int retry_after_s)
{
	w->errors |= error;
	page(d, r, status, d->form->form, w, retry_after_s);
}

static void answer(
	struct door *d, struct httpd_request *r, const struct intake_item *items, size_t n)
{
	struct webform w;

	parse(d, r, &w); /* what was typed in, once more: it need not be kept meanwhile */
	if (intake_status(items, n) != 202) {
		page_again(d, r, 503, &w, WF_NOT_STORED, DOOR_RETRY_S);
	} else {
		w.ticket = items[0].ticket;
		page(d, r, 200, d->form->thanks, &w, -1);
	}
	webform_free(&w);
}

/* --- who sends --- */

/* The network somebody comes from: /24, or /48 of IPv6, in which a subscriber can take any address
 * he likes. What is no address is one and the same. */
static void origin_of(const struct door *d, const struct httpd_request *r, char *ret, size_t size)
{
	const char *address =
		d->conf->address_header ? httpd_header(r, d->conf->address_header) : NULL;
	uint8_t raw[16];
	char hex[13] = "";

	if (address && inet_pton(AF_INET, address, raw) == 1)
		hex_encode(raw, 3, hex);
	else if (address && inet_pton(AF_INET6, address, raw) == 1)
		hex_encode(raw, 6, hex);
	snprintf(ret, size, "form:%s", hex);
}

/* --- a form --- */

static int store_photos(struct door *d, const struct webform *w, struct err *e)
{
	char sha256[SHA256_HEX_SIZE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->n_photos; i++)
		r = blob_put(source_blobs(d->source), w->photos[i].data.p, w->photos[i].data.n,
			sha256, e);
	return r;
}

static void take(struct door *d, struct httpd_request *r, struct webform *w, const char *origin)
{
	struct intake *i = intake_new(d, r, answer);
	struct message m;
	struct err e = {0};

	intake_charge(i, origin);
	source_message(d->source, &m);
	m.kind = MK_MESSAGE;
	webform_message(w, &m);
	m.source.place = "form";
	m.original.data = httpd_body(r, &m.original.len);
	if (store_photos(d, w, &e)) {
		log_error("photos are not stored: %s", e.text);
		intake_again(i, 0);
	} else {
		intake_put(i, &m, 0);
	}
	intake_go(i);
}

void door_form_post(struct door *d, struct httpd_request *r)
{
	const struct quota_rate rate = {
		.per_minute = d->conf->form_per_minute, .burst = d->conf->form_burst};
	struct webform w;
	char origin[32];
	int64_t wait_ms;

	if (is_off(d, r))
		return;
	CRASH_POINT("after-verify", d->open + 1);
	parse(d, r, &w);
	origin_of(d, r, origin, sizeof(origin));
	if (w.errors) {
		page_again(d, r, w.errors & WF_BROKEN ? 400 : 422, &w, 0, -1);
	} else if (!door_takes(d)) {
		page_again(d, r, 503, &w, WF_NOT_STORED, DOOR_RETRY_S);
	} else if ((wait_ms = quota_take(d->quotas, origin, &rate, 1, clock_mono_ms()))) {
		page_again(d, r, 429, &w, WF_TOO_MANY,
			(int)MIN((MAX(wait_ms, 0) + 999) / 1000, 86400));
	} else {
		take(d, r, &w, origin);
	}
	webform_free(&w);
}

/* --- life --- */

int door_form_open(struct door *d, struct err *e)
{
	const char *folder = d->conf->form_templates;
	_cleanup_free_ char *form = NULL, *thanks = NULL;
	int r;

	if (!folder || !*folder)
		return 0;
	form = xasprintf("%s/form.html", folder);
	thanks = xasprintf("%s/terima.html", folder);
	d->form = xcalloc(1, sizeof(*d->form));
	r = template_load(form, webform_keys, &d->form->form, e);
	if (r == 0)
		r = template_load(thanks, webform_keys, &d->form->thanks, e);
	return r ? err_prefix(e, "form.templates") : 0;
}

void door_form_close(struct door *d)
{
	if (!d->form)
		return;
	template_free(d->form->form);
	template_free(d->form->thanks);
	free(d->form);
	d->form = NULL;
}
