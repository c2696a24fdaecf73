/* See fetch.h. */
#include "fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"
#include "core/filetype.h"
#include "core/outcome.h"
#include "judge.h"
#include "reach.h"

struct fetcher {
	struct fetch_conf c;
	struct httpc *http;
	struct loop_timer *timer;
	struct fetch *first, **end;
	long under_way;
	char trouble[160];
	const struct origin *trouble_of; /* whose */
	struct metric *attempts, *bytes;
};

struct fetch {
	struct fetch *next, **at;
	struct fetcher *f;
	struct fetch_wish w; /* strings owned */
	fetch_done_fn *done;
	void *ctx;
	struct httpc_call *call; /* NULL: waits */
	int64_t due_ms;		 /* monotonic */
	int tries, wrong, redirects;
	/* by id: what the vendor said; asked for anew when it does not work any more */
	bool linked;
	struct link link;
	char *where, *place; /* to be got now; "host:port" the token may go to, or NULL */
	/* the attempt under way */
	int fd;
	struct sha256 *sha;
	int64_t bytes;
	char *head; /* FILETYPE_BYTES */
	size_t head_n;
	bool too_large, write_failed, refused, allowed;
};

/* --- life --- */

static void attempt_clear(struct fetch *t)
{
	uint8_t unused[SHA256_SIZE];

	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	free(TAKE_PTR(t->head));
	if (t->sha)
		sha256_end(TAKE_PTR(t->sha), unused);
	t->bytes = 0;
	t->head_n = 0;
	t->too_large = t->write_failed = t->refused = t->allowed = false;
}

static void fetch_free(struct fetch *t)
{
	struct fetcher *f = t->f;

	if (t->call) {
		httpc_cancel(t->call);
		f->under_way--;
	}
	*t->at = t->next;
	if (t->next)
		t->next->at = t->at;
	else
		f->end = t->at;
	attempt_clear(t);
	link_clear(&t->link);
	free((char *)(uintptr_t)t->w.id);
	free((char *)(uintptr_t)t->w.url);
	free((char *)(uintptr_t)t->w.mime);
	free(t->where);
	free(t->place);
	free(t);
}

void fetch_drop(struct fetch *t)
{
	struct fetcher *f = t->f;

	fetch_free(t);
	loop_timer_arm(f->timer, 0);
}

static char *copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

struct fetch *fetch_start(
	struct fetcher *f, const struct fetch_wish *w, fetch_done_fn *done, void *ctx)
{
	struct fetch *t = xcalloc(1, sizeof(*t));

	t->f = f;
	t->w = *w;
	t->w.id = xstrdup(w->id);
	t->w.url = copy(w->url);
	t->w.mime = copy(w->mime);
	t->done = done;
	t->ctx = ctx;
	t->fd = -1;
	t->link.bytes = -1;
	t->at = f->end;
	*f->end = t;
	f->end = &t->next;
	loop_timer_arm(f->timer, 0);
	return t;
}

static void finish(struct fetch *t, const char *state, const char *reason, struct fetch_result *r)
{
	fetch_done_fn *done = t->done;
	void *ctx = t->ctx;

	r->state = state;
	r->reason = reason;
	r->tries = t->tries;
	fetch_drop(t);
	done(ctx, r);
}

static void give_up(struct fetch *t, bool refused, const char *reason)
{
	struct fetch_result r = {.bytes = -1};

	finish(t, refused ? "refused" : "missing", reason, &r);
}

/* --- after an attempt --- */

static int64_t wait_of(const struct fetch *t, const struct ruling *v)
{
	const struct media_conf *c = t->f->c.conf;
	uint64_t random;

	random_bytes(&random, sizeof(random));
	return MAX(v->wait_ms, c->retry_ms / 8 + backoff_ms(c->retry_ms, c->retry_max_ms,
							 MIN(t->tries - 1, 30), random));
}

/* Later, unless its lifetime is over by then. */
static void later(struct fetch *t, const struct ruling *v)
{
	int64_t wait = wait_of(t, v);
	int64_t end = t->w.received_ms + t->w.origin->lifetime_ms;

	attempt_clear(t); /* who waits holds no file */
	if (clock_wall_ms() + wait > end) {
		give_up(t, false, v->reason);
		return;
	}
	if (t->redirects) { /* from the first link again */
		t->redirects = 0;
		free(t->where);
		t->where = copy(t->linked ? t->link.url : NULL);
	}
	t->due_ms = clock_mono_ms() + wait;
	loop_timer_arm(t->f->timer, 0);
}

/* Once for each new kind; health and STATUS= say it for as long as it lasts. */
static void say_trouble(struct fetch *t, const char *what)
{
	struct fetcher *f = t->f;
	char text[sizeof(f->trouble)];

	snprintf(text, sizeof(text), "channel %.60s: %s", t->w.origin->channel, what);
	if (strcmp(text, f->trouble) == 0)
		return;
	memcpy(f->trouble, text, sizeof(text));
	f->trouble_of = t->w.origin;
	log_error("attachments wait: %s", text);
}

/* Where the bytes lie, if one may go there. */
static bool set_where(struct fetch *t, const char *url, bool token)
{
	_cleanup_free_ char *place = NULL, *to = xstrdup(url);
	enum reach r = reach_url(to, &t->w.origin->hosts, &t->f->c.conf->exceptions, &place);

	if (r != REACH_YES && token) { /* the vendor's own word: the list needs a look */
		say_trouble(t, "links of the vendor are not allowed, look at hosts");
		later(t, &(const struct ruling){.reason = reach_word(r)});
		return false;
	}
	if (r != REACH_YES) {
		give_up(t, true, reach_word(r));
		return false;
	}
	if (token) {
		free(t->place);
		t->place = TAKE_PTR(place);
	}
	free(t->where);
	t->where = TAKE_PTR(to);
	return true;
}

static void follow(struct fetch *t, const char *location)
{
	_cleanup_free_ char *to = reach_redirect(t->where, location);

	t->redirects++;
	if (!to)
		give_up(t, true, "redirect");
	else if (set_where(t, to, false))
		t->due_ms = 0;
}

/* What has been read becomes a blob: durable, or tried again. */
static void keep(struct fetch *t, const char *sha256)
{
	struct filetype is = filetype_of(t->head, t->head_n, t->w.mime);
	struct fetch_result r = {.mime = is.mime, .kind = is.kind};
	struct err e = {0};

	if (!is.kind) {
		give_up(t, true, is.why);
		return;
	}
	if (lseek(t->fd, 0, SEEK_SET) < 0 ||
		blob_put_fd(t->f->c.blobs, t->fd, t->f->c.conf->max_bytes, r.sha256, &r.bytes, &e) <
			0 ||
		strcmp(r.sha256, sha256) != 0) {
		log_error("an attachment cannot be kept: %s",
			e.text[0] ? e.text : "what was written is not what came");
		later(t, &(const struct ruling){.reason = "disk"});
		return;
	}
	metric_add(t->f->bytes, NULL, (double)r.bytes);
	finish(t, "stored", NULL, &r);
}

static void act(struct fetch *t, const struct ruling *v, const char *location, const char *sha256)
{
	t->wrong += v->wrong;
	if (v->alarm)
		say_trouble(t, "the token is refused");
	switch (v->next) {
	case NEXT_TAKE:
		if (t->f->trouble_of == t->w.origin)
			t->f->trouble[0] = '\0';
		keep(t, sha256);
		break;
	case NEXT_FOLLOW:
		follow(t, location);
		break;
	case NEXT_ASK:
		t->linked = false;
		later(t, v);
		break;
	case NEXT_AGAIN:
		later(t, v);
		break;
	case NEXT_MISSING:
	case NEXT_REFUSED:
		give_up(t, v->next == NEXT_REFUSED, v->reason);
		break;
	}
}

static struct attempt attempt_of(const struct fetch *t, const struct httpc_answer *a)
{
	return (struct attempt){.curl = a->curl,
		.status = a->status,
		.too_large = t->too_large,
		.address_refused = t->refused && !t->allowed,
		.write_failed = t->write_failed,
		.by_id = t->w.origin->by == BY_ID,
		.encoding = httpc_header(a, "Content-Encoding"),
		.location = httpc_header(a, "Location"),
		.retry_after = a->retry_after,
		.bytes = t->bytes,
		.announced_bytes = t->link.bytes,
		.sha256 = "",
		.announced_sha256 = t->link.sha256,
		.wrong = t->wrong,
		.redirects = t->redirects,
		.age_ms = clock_wall_ms() - t->w.received_ms,
		.gone_ms = t->f->c.conf->gone_ms,
		.now_ms = clock_wall_ms()};
}

static void on_link(void *ctx, const struct httpc_answer *a)
{
	struct fetch *t = ctx;
	struct attempt how = attempt_of(t, a);
	struct ruling v;
	struct err e = {0};

	t->call = NULL;
	t->f->under_way--;
	how.too_large = a->too_large;
	if (a->status >= 400)
		how.error_code = link_error_code(a->body, a->body_len);
	v = judge_ask(&how);
	metric_add(t->f->attempts, v.reason, 1);
	attempt_clear(t);
	if (v.next != NEXT_TAKE) {
		act(t, &v, NULL, NULL);
		return;
	}
	link_clear(&t->link);
	if (link_parse(a->body, a->body_len, &t->link, &e) < 0) {
		later(t, &(const struct ruling){.reason = "odd-answer"});
	} else if (t->link.bytes > t->f->c.conf->max_bytes) {
		give_up(t, true, "too-large");
	} else if (set_where(t, t->link.url, true)) {
		t->linked = true;
		t->due_ms = 0;
		loop_timer_arm(t->f->timer, 0);
	}
}

static void on_bytes(void *ctx, const struct httpc_answer *a)
{
	struct fetch *t = ctx;
	struct attempt how = attempt_of(t, a);
	_cleanup_free_ char *location = copy(how.location);
	uint8_t digest[SHA256_SIZE];
	char sha256[SHA256_HEX_SIZE];
	struct ruling v;
	struct fetcher *f = t->f;

	t->call = NULL;
	f->under_way--;
	sha256_end(TAKE_PTR(t->sha), digest);
	hex_encode(digest, sizeof(digest), sha256);
	how.sha256 = sha256;
	v = judge_get(&how);
	metric_add(f->attempts, v.reason, 1);
	act(t, &v, location, sha256);
	loop_timer_arm(f->timer, 0);
}

/* --- an attempt --- */

static bool on_address(void *ctx, const struct sockaddr *to)
{
	struct fetch *t = ctx;
	bool yes = reach_address(to, &t->f->c.conf->exceptions);

	t->allowed |= yes;
	t->refused |= !yes;
	return yes;
}

static int on_piece(void *ctx, const void *p, size_t n)
{
	struct fetch *t = ctx;
	size_t head = MIN(n, FILETYPE_BYTES - t->head_n);

	t->bytes += (int64_t)n;
	if (t->bytes > t->f->c.conf->max_bytes) {
		t->too_large = true;
		return -EFBIG;
	}
	memcpy(t->head + t->head_n, p, head);
	t->head_n += head;
	sha256_add(t->sha, p, n);
	if (fsio_write_all(t->fd, p, n) < 0) {
		t->write_failed = true;
		return -EIO;
	}
	return 0;
}

/* A file without a name: gone with the process, whatever happens. */
static int open_work(const char *dir, struct err *e)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? err_sys(e, -errno, "work_dir %s", dir) : fd;
}

static struct httpc_request request_of(
	const struct fetch *t, bool ask, const char *url, const char **headers)
{
	const struct media_conf *c = t->f->c.conf;

	return (struct httpc_request){.method = "GET",
		.url = url,
		.headers = headers,
		.connect_ms = c->connect_ms,
		.total_ms = c->total_ms,
		.max_answer = LINK_ANSWER_MAX,
		.ca_file = t->w.origin->ca_file,
		.may_connect = on_address,
		.take = ask ? NULL : on_piece};
}

static char *ask_url(const struct origin *o, const char *id)
{
	char *safe = curl_easy_escape(NULL, id, 0), *number, *url;

	if (!safe)
		abort(); /* out of memory, as everywhere: util.h */
	number = o->phone_number_id ? curl_easy_escape(NULL, o->phone_number_id, 0) : NULL;
	url = xasprintf("%s/%s%s%s", o->base, safe, number ? "?phone_number_id=" : "",
		number ? number : "");
	curl_free(safe);
	curl_free(number);
	return url;
}

static bool is_place(const struct fetch *t, const char *url)
{
	char *place = NULL;
	bool same = reach_url(url, NULL, &t->f->c.conf->exceptions, &place) == REACH_YES &&
		    strcmp(place, t->place) == 0;

	free(place);
	return same;
}

/* May the token go there? Asked of what is about to be got. */
static bool token_goes(const struct fetch *t, const char *url, bool ask)
{
	return t->w.origin->token && (ask || (t->place && is_place(t, url)));
}

static void start_failed(struct fetch *t, const struct err *e)
{
	log_error("an attachment cannot be asked for: %s", e->text);
	attempt_clear(t);
	later(t, &(const struct ruling){.reason = "disk"});
}

/* The link, when there is none yet, or the bytes. false: it ended, or waits. */
static bool find_where(struct fetch *t)
{
	if (t->where || t->w.origin->by == BY_ID)
		return true;
	if (t->w.url)
		return set_where(t, t->w.url, false);
	give_up(t, true, "no-link");
	return false;
}

static void start_attempt(struct fetch *t)
{
	bool ask = t->w.origin->by == BY_ID && !t->linked;
	_cleanup_free_ char *url = NULL, *bearer = NULL;
	const char *headers[2] = {NULL, NULL};
	struct httpc_request r;
	struct err e = {0};

	if (!find_where(t))
		return;
	url = ask ? ask_url(t->w.origin, t->w.id) : xstrdup(t->where);
	if (token_goes(t, url, ask))
		bearer = xasprintf("Authorization: Bearer %s", t->w.origin->token);
	headers[0] = bearer;
	attempt_clear(t);
	t->tries++;
	if (!ask) {
		t->fd = open_work(t->f->c.conf->work_dir, &e);
		if (t->fd < 0) {
			start_failed(t, &e);
			return;
		}
		t->sha = sha256_new();
		t->head = xmalloc(FILETYPE_BYTES);
	}
	r = request_of(t, ask, url, headers);
	if (httpc_send(t->f->http, &r, ask ? on_link : on_bytes, t, &t->call, &e) < 0) {
		start_failed(t, &e);
		return;
	}
	t->f->under_way++;
}

/* Those whose time has come, oldest first, while there is room. A start may end others. */
static void on_timer(void *ctx)
{
	struct fetcher *f = ctx;
	int64_t now = clock_mono_ms(), next = INT64_MAX;
	struct fetch *t, *after;

	for (t = f->first; t; t = after) {
		after = t->next;
		if (t->call)
			continue;
		if (t->due_ms > now)
			next = MIN(next, t->due_ms);
		else if (f->under_way < f->c.conf->parallel)
			start_attempt(t);
	}
	if (next != INT64_MAX && !loop_timer_armed(f->timer))
		loop_timer_arm(f->timer, MIN(MAX(next - now, 1), 1000));
}

int fetcher_open(const struct fetch_conf *c, struct fetcher **ret, struct err *e)
{
	struct fetcher *f = xcalloc(1, sizeof(*f));
	int fd = open_work(c->conf->work_dir, e), r = fd < 0 ? fd : 0;

	if (fd >= 0)
		close(fd);
	f->c = *c;
	f->end = &f->first;
	f->timer = loop_timer_new(c->loop, on_timer, f);
	f->attempts = metric_counter("muara_media_attempts_total",
		"Answers to attempts to fetch an attachment, by what was wrong with them", "reason",
		judge_reasons);
	f->bytes = metric_counter(
		"muara_media_bytes_total", "Bytes of attachments stored", NULL, NULL);
	if (!r)
		r = httpc_open(c->loop, c->conf->user_agent, (int)c->conf->parallel, &f->http, e);
	if (r < 0) {
		fetcher_close(f);
		return r;
	}
	*ret = f;
	return 0;
}

void fetcher_close(struct fetcher *f)
{
	if (!f)
		return;
	while (f->first)
		fetch_free(f->first); /* NOLINT(clang-analyzer-unix.Malloc): it takes it out */
	httpc_close(f->http);
	loop_timer_del(f->timer);
	free(f);
}

const char *fetcher_trouble(const struct fetcher *f)
{
	return f->trouble[0] ? f->trouble : NULL;
}
