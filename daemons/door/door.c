/* door: see door.h. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/daemon.h"
#include "base/json.h"
#include "base/metrics.h"
#include "base/util.h"

#include "door.h"

void door_count(struct door *d, int status)
{
	char label[16];

	snprintf(label, sizeof(label), "%d", status);
	metric_add(d->answers, label, 1);
	daemon_progress();
}

void door_reply_json(
	struct door *d, struct httpd_request *r, int status, json_t *o, int retry_after_s)
{
	_cleanup_json_ json_t *owned = o;
	_cleanup_free_ char *text = NULL;
	size_t n;

	text = json_text(owned, &n);
	door_count(d, status);
	httpd_reply(r, status, "application/json", text, n, retry_after_s);
}

static void refuse(
	struct door *d, struct httpd_request *r, int status, const char *text, int retry_after_s)
{
	json_t *o = json_object();

	json_set_int(o, "status", status);
	json_set_str(o, "error", text);
	door_reply_json(d, r, status, o, retry_after_s);
}

void door_refuse(struct door *d, struct httpd_request *r, int status, const char *text)
{
	refuse(d, r, status, text, -1);
}

void door_refuse_later(struct door *d, struct httpd_request *r, int status, const char *text,
	int64_t retry_after_ms)
{
	refuse(d, r, status, text, (int)MIN((retry_after_ms + 999) / 1000, 86400));
}

bool door_takes(const struct door *d)
{
	return source_running(d->source) && source_kafka_up(d->source);
}

bool door_is_open(struct door *d, struct httpd_request *r)
{
	if (door_takes(d))
		return true;
	door_refuse_later(
		d, r, 503, "not taking anything in now, send it again", DOOR_RETRY_S * 1000);
	return false;
}

int64_t door_room(struct door *d, const struct doorkey *k, size_t n)
{
	const struct quota_rate rate = {.per_minute = k->per_minute, .burst = k->burst};

	return quota_take(d->quotas, k->client, &rate, (int64_t)n, clock_mono_ms());
}

bool door_has_room(struct door *d, struct httpd_request *r, const struct doorkey *k, size_t n)
{
	int64_t wait_ms = door_room(d, k, n);

	if (wait_ms == 0)
		return true;
	if (wait_ms < 0)
		door_refuse(d, r, 413, "more messages than this client may send at once");
	else
		door_refuse_later(
			d, r, 429, "more messages than this client may send now", wait_ms);
	return false;
}

void door_give_back(struct door *d, const struct doorkey *k, size_t n)
{
	quota_give_back(d->quotas, k->client, (int64_t)n);
}

void door_message(struct door *d, const struct doorkey *k, struct message *m)
{
	source_message(d->source, m);
	m->tenant = k->tenant;
	m->account = k->client;
	m->channel = k->channels[0];
	m->source.review_required = k->review;
	m->kind = MK_MESSAGE;
	m->class = MC_HUMAN;
}

int door_channel(const struct door *d, const struct doorkey *k, const char *channel,
	struct message *m, struct err *e)
{
	const struct muara_conf *shared = source_shared(d->source);

	if (channel && !doorkey_allows(k, channel))
		return err_set(e, -EPERM, "\"channel\" is none of this key's");
	if (channel)
		m->channel = channel;
	if (!muara_has_channel(shared, m->channel) || !muara_tenant(shared, m->tenant))
		return err_set(e, -EINVAL,
			"the channel or the tenant of this key is not set up here; tell its "
			"operator");
	return 0;
}
