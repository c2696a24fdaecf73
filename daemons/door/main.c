/* muara-door: the open door: what has no ingestor of its own comes in here, over HTTP, behind nginx
 * (deploy/nginx/muara.conf): programs of websites, of Sambat Online, of JKN, of the complaint box.
 *
 * Each row of `routes` is a way in and a module of its own. Guarantees, for all of them: who may
 * come is asked before anything is parsed; "accepted" (202, a ticket) is said only after the
 * delivery report of every message it covers, and 503 when that cannot be said; the client's own
 * number of a message makes its id, so whatever is sent twice is one message. README.md in this
 * folder is the page for whoever writes a client.
 * Known gaps: quotas are in memory, a restart fills them; edits and deletions cannot be told. */
#include <string.h>

#include "base/metrics.h"
#include "base/util.h"
#include "core/index_public.h"

#include "door.h"
#include "door_csv.h"
#include "door_form.h"
#include "door_json.h"
#include "door_open311.h"
#include "intake.h"
#include "keyring.h"

#define CLIENTS_MAX	 4096
#define INDEX_TIMEOUT_MS 300

typedef void route_fn(struct door *d, struct httpd_request *r);

static const struct way {
	const char *method, *path;
	route_fn *take;
} ways[] = {
	{"POST", "/v1/messages", door_json_one},
	{"POST", "/v1/batch", door_json_batch},
	{"POST", DOOR_CSV_PATH "*", door_csv},
	{"GET", "/lapor", door_form_get},
	{"POST", "/lapor", door_form_post},
	{"GET", "/open311/v2/services.json", door_open311_services},
	{"GET", "/open311/v2/services.xml", door_open311_services},
	{"POST", "/open311/v2/requests.json", door_open311_post},
	{"POST", "/open311/v2/requests.xml", door_open311_post},
	{"GET", "/open311/v2/requests/*", door_open311_status},
};

struct state {
	struct door door;
	struct httpd *httpd;
	struct httpd_route routes[ARRAY_SIZE(ways) + 1];
};

static void on_request(void *ctx, struct httpd_request *r)
{
	struct state *st = ctx;

	ways[httpd_route_number(r)].take(&st->door, r);
}

static void on_refused(void *ctx, int status)
{
	struct state *st = ctx;

	door_count(&st->door, status);
}

static void register_metrics(struct door *d)
{
	static const char *const statuses[] = {"200", "201", "202", "207", "400", "401", "403",
		"404", "405", "408", "411", "413", "414", "415", "422", "429", "431", "500", "503",
		NULL};
	static const char *const ends[] = {"stored", "refused", "again", NULL};

	d->answers = metric_counter(
		"muara_door_answers_total", "Answers to requests", "status", statuses);
	d->messages = metric_counter("muara_door_messages_total",
		"What became of the messages of all requests", "end", ends);
}

static void door_close(void *state)
{
	struct state *st = state;

	if (!st)
		return;
	intake_close_all(&st->door);
	httpd_close(st->httpd);
	door_form_close(&st->door);
	keyring_close(st->door.keys);
	quotas_free(st->door.quotas);
	index_public_free(st->door.index);
	free(st);
}

static int open_parts(struct state *st, const struct door_conf *c, struct err *e)
{
	struct httpd_conf h = {.listen = c->listen,
		.routes = st->routes,
		.deadline_ms = c->request_ms,
		.max_connections = (int)c->connections,
		.refused = on_refused,
		.ctx = st};
	const struct muara_conf *shared = source_shared(st->door.source);
	int r = keyring_open(c->keys, &st->door.keys, e);

	st->door.index = index_public_new(
		shared->redis, shared->prefix, (int)shared->lanes, INDEX_TIMEOUT_MS);
	if (r == 0)
		r = door_form_open(&st->door, e);
	if (r)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		st->routes[i] = (struct httpd_route){.method = ways[i].method,
			.path = ways[i].path,
			.max_body = (size_t)c->body_bytes,
			.max_bytes_in_flight = c->in_flight_bytes,
			.handle = on_request};
	r = httpd_open(source_loop(st->door.source), &h, &st->httpd, e);
	return r ? err_prefix(e, "listen") : 0;
}

static int door_open(struct source *s, void **ret_state, struct err *e)
{
	struct state *st = xcalloc(1, sizeof(*st));
	int r;

	st->door.source = s;
	st->door.conf = source_conf(s);
	st->door.quotas = quotas_new(CLIENTS_MAX);
	register_metrics(&st->door);
	r = open_parts(st, st->door.conf, e);
	if (r) {
		door_close(st);
		return r;
	}
	*ret_state = st;
	return 0;
}

static void door_drain(void *state)
{
	struct state *st = state;

	httpd_stop_accepting(st->httpd);
}

static bool door_drained(void *state)
{
	const struct state *st = state;

	return httpd_open_requests(st->httpd) == 0;
}

static const char *channel_of(const void *conf)
{
	return ((const struct door_conf *)conf)->channel;
}

int main(int argc, char **argv)
{
	static const struct source_ops ops = {
		.name = "door",
		.channel_of = channel_of,
		.summary = "The open door: complaints that other programs send over HTTP.",
		.options = door_options,
		.conf_size = sizeof(struct door_conf),
		.check = door_check,
		.open = door_open,
		.drain = door_drain,
		.drained = door_drained,
		.close = door_close,
	};

	return source_main(argc, argv, &ops);
}
