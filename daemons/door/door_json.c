/* door_json: see door_json.h. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/jsonspan.h"
#include "base/log.h"
#include "base/util.h"
#include "core/blob.h"

#include "decode.h"
#include "door_json.h"
#include "intake.h"
#include "signed.h"

/* --- answers --- */

static json_t *item_json(const struct intake_item *it)
{
	json_t *o = json_object();

	if (it->line)
		json_set_int(o, "line", it->line);
	json_set_int(o, "status", intake_status(it, 1));
	if (it->state == INTAKE_REFUSED) {
		json_set_str(o, "error", it->reason);
	} else if (it->state == INTAKE_AGAIN) {
		json_set_str(o, "error", "not stored, send it again");
	} else {
		json_set_str(o, "id", it->id);
		json_set_str(o, "ticket", it->ticket);
		json_set_str(o, "state", "accepted");
	}
	return o;
}

static int retry_s(int status)
{
	return status == 503 ? DOOR_RETRY_S : -1;
}

static void answer_one(
	struct door *d, struct httpd_request *r, const struct intake_item *items, size_t n)
{
	int status = intake_status(items, n);

	door_reply_json(d, r, status, item_json(&items[0]), retry_s(status));
}

void door_answer_items(
	struct door *d, struct httpd_request *r, const struct intake_item *items, size_t n)
{
	int status = n ? intake_status(items, n) : 400;
	json_t *o = json_object(), *results = json_array();
	int64_t counts[INTAKE_AGAIN + 1] = {0};

	for (size_t i = 0; i < n; i++) {
		counts[items[i].state]++;
		json_array_append_new(results, item_json(&items[i]));
	}
	json_set_int(o, "status", status);
	if (n == 0)
		json_set_str(o, "error", "there is no line in it");
	json_set_int(o, "stored", counts[INTAKE_STORED]);
	json_set_int(o, "refused", counts[INTAKE_REFUSED]);
	json_set_int(o, "again", counts[INTAKE_AGAIN]);
	json_set_new(o, "results", results);
	door_reply_json(d, r, status, o, retry_s(status));
}

/* --- one message --- */

/* Before the message: a record names only what is on disk. */
static int store_files(struct door *d, struct door_doc *doc, struct err *e)
{
	char sha256[SHA256_HEX_SIZE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < doc->n; i++)
		if (doc->files[i].data)
			r = blob_put(source_blobs(d->source), doc->files[i].data, doc->files[i].n,
				sha256, e);
	return r;
}

/* Decodes bytes into a message of this key's and puts it, or refuses it with the reason. */
static void take(struct intake *i, struct door *d, const struct doorkey *k, const char *idempotency,
	struct span bytes, long line)
{
	const struct door_conf *c = d->conf;
	struct door_doc doc;
	struct message m;
	struct err e = {0};
	char place[32];
	int r;

	door_message(d, k, &m);
	m.native_id = idempotency;
	r = door_decode(bytes.p, bytes.n, (size_t)c->body_bytes,
		muara_zone_minutes(source_shared(d->source)), c->attachment_bytes, &doc, &m, &e);
	if (r == 0)
		r = door_channel(d, k, doc.channel, &m, &e);
	if (r) {
		intake_refuse(i, line, r == -EPERM ? 403 : 400, e.text);
		door_doc_free(&doc);
		return;
	}
	snprintf(place, sizeof(place), line ? "line %ld" : "body", line);
	m.source.place = place;
	m.original.data = bytes.p;
	m.original.len = bytes.n;
	if (store_files(d, &doc, &e)) {
		log_error("attachments are not stored: %s", e.text);
		intake_again(i, line);
	} else {
		intake_put(i, &m, line);
	}
	door_doc_free(&doc);
}

void door_json_one(struct door *d, struct httpd_request *r)
{
	const struct doorkey *k = signed_key(d, r, "POST");
	const char *idempotency = NULL;
	struct span body;
	struct intake *i;

	if (!k || !door_is_open(d, r) || !door_has_room(d, r, k, 1))
		return;
	if (httpd_header_count(r, "Idempotency-Key") == 1)
		idempotency = httpd_header(r, "Idempotency-Key");
	body.p = httpd_body(r, &body.n);
	i = intake_new(d, r, answer_one);
	intake_charge(i, k->client);
	take(i, d, k, idempotency && *idempotency ? idempotency : NULL, body, 0);
	intake_go(i);
}

/* --- many --- */

static bool is_blank(struct span line)
{
	for (size_t i = 0; i < line.n; i++)
		if (!strchr(" \t\r", line.p[i]) || !line.p[i])
			return false;
	return true;
}

/* Cuts the next line off; false at the end. A last one without a line end counts. */
static bool next_line(struct span *rest, struct span *ret)
{
	const char *end;

	if (rest->n == 0)
		return false;
	end = memchr(rest->p, '\n', rest->n);
	ret->p = rest->p;
	ret->n = end ? (size_t)(end - rest->p) : rest->n;
	rest->p += ret->n + (end ? 1 : 0);
	rest->n -= ret->n + (end ? 1 : 0);
	if (ret->n && ret->p[ret->n - 1] == '\r')
		ret->n--;
	return true;
}

static size_t count_lines(struct span body)
{
	struct span line;
	size_t n = 0;

	while (next_line(&body, &line))
		n += !is_blank(line);
	return n;
}

void door_json_batch(struct door *d, struct httpd_request *r)
{
	const struct doorkey *k = signed_key(d, r, "POST");
	struct span body, line;
	struct intake *i;
	long number = 0;
	size_t n;

	if (!k || !door_is_open(d, r))
		return;
	body.p = httpd_body(r, &body.n);
	n = count_lines(body);
	if (n > (size_t)d->conf->batch_lines) {
		door_refuse(d, r, 413, "more lines than one batch may have");
		return;
	}
	if (!door_has_room(d, r, k, n))
		return;
	i = intake_new(d, r, door_answer_items);
	intake_charge(i, k->client);
	while (next_line(&body, &line)) {
		number++;
		if (!is_blank(line))
			take(i, d, k, NULL, line, number);
	}
	intake_go(i);
}
