/* book: see book.h. */
#include "book.h"

#include <string.h>

#include "base/clock.h"
#include "base/idmap.h"
#include "base/json.h"
#include "base/util.h"

struct turn {		/* an event's rings through one hook */
	int64_t due_ms; /* mono */
	int64_t n;
};
struct open { /* an event that rings */
	struct open *next, *before;
	json_t *record;	     /* its `raised` */
	bool confirmed;	     /* that is in the log */
	struct turn turns[]; /* one a hook */
};
struct event { /* for ever */
	uint8_t id[UUID_SIZE];
	uint8_t command[UUID_SIZE]; /* that acknowledged it */
	enum emergency_state state;
	struct open *open;
};
struct book {
	const struct book_hook *hooks;
	size_t n_hooks, n_open;
	struct idmap events;
	struct open *first;
};

struct book *book_new(const struct book_hook *hooks, size_t n)
{
	struct book *b = xcalloc(1, sizeof(*b));

	b->hooks = hooks;
	b->n_hooks = n;
	b->events = IDMAP_INIT(struct event);
	return b;
}

static void close_event(struct book *b, struct event *ev)
{
	struct open *o = TAKE_PTR(ev->open);

	if (!o)
		return;
	*(o->before ? &o->before->next : &b->first) = o->next;
	if (o->next)
		o->next->before = o->before;
	b->n_open--;
	json_decref(o->record);
	free(o);
}

void book_free(struct book *b)
{
	if (!b)
		return;
	for (uint32_t i = 0; i < b->events.n; i++)
		close_event(b, idmap_at(&b->events, i));
	idmap_free(&b->events);
	free(b);
}

static struct event *find(const struct book *b, const char *id)
{
	uint8_t key[UUID_SIZE];

	return uuid_parse(id, key) ? NULL : idmap_get(&b->events, key);
}

static struct event *find_or_make(struct book *b, const char *id)
{
	uint8_t key[UUID_SIZE];
	bool is_new;

	return uuid_parse(id, key) ? NULL : idmap_put(&b->events, key, &is_new);
}

static bool concerns(const struct book_hook *h, const char *tenant)
{
	for (size_t i = 0; i < h->n_tenants; i++)
		if (strcmp(h->tenants[i], tenant) == 0)
			return true;
	return !h->n_tenants;
}

/* What is `ago_ms` old is due again an interval after it; a clock that was set back makes nothing
 * wait longer than that. */
static int64_t due_after(struct book_now now, int64_t wall_ms, int64_t interval_ms)
{
	int64_t left = wall_ms + interval_ms - now.wall_ms;

	return now.mono_ms + MIN(MAX(left, 0), interval_ms);
}

static int64_t time_of(const json_t *record, struct book_now now)
{
	int64_t ms;

	return time_parse(json_str_or(record, "at", ""), &ms) ? now.wall_ms : ms;
}

/* --- an event begins to ring --- */

static void open_event(struct book *b, struct event *ev, json_t *record, struct book_now now,
	int64_t wall_ms, int64_t wait_ms)
{
	struct open *o = xcalloc(1, sizeof(*o) + b->n_hooks * sizeof(o->turns[0]));
	const char *tenant = json_str_or(record, "tenant", "");

	o->record = json_incref(record);
	for (size_t i = 0; i < b->n_hooks; i++)
		o->turns[i].due_ms =
			concerns(&b->hooks[i], tenant)
				? due_after(now, wall_ms, b->hooks[i].after_ms) + wait_ms
				: BOOK_NEVER;
	o->next = b->first;
	if (o->next)
		o->next->before = o;
	b->first = o;
	b->n_open++;
	ev->open = o;
	ev->state = ES_RAISED;
}

void book_raise(struct book *b, json_t *record, struct book_now now)
{
	struct event *ev = find_or_make(b, json_str_or(record, "id", ""));

	if (ev && ev->state < ES_RAISED)
		open_event(b, ev, record, now, now.wall_ms, BOOK_UNCONFIRMED_MS);
}

static void confirm(struct book *b, struct event *ev, struct book_now now)
{
	if (!ev || !ev->open || ev->open->confirmed)
		return;
	ev->open->confirmed = true;
	for (size_t i = 0; i < b->n_hooks; i++) {
		struct turn *t = &ev->open->turns[i];

		if (t->due_ms != BOOK_NEVER && !t->n)
			t->due_ms = MIN(t->due_ms, now.mono_ms + b->hooks[i].after_ms);
	}
}

void book_confirmed(struct book *b, const char *id, struct book_now now)
{
	confirm(b, find(b, id), now);
}

/* --- the log --- */

static void fold_raised(struct book *b, struct event *ev, const json_t *record, struct book_now now)
{
	if (ev->state < ES_RAISED)
		open_event(b, ev, (json_t *)(uintptr_t)record, now, time_of(record, now), 0);
	confirm(b, ev, now);
}

/* A ring of an earlier process, or one of ours read back. */
static void fold_rung(struct book *b, struct event *ev, const json_t *record, struct book_now now)
{
	const char *hook = json_str_or(record, "hook", "");
	int64_t n = json_int(record, "n", 0);

	for (size_t i = 0; ev->open && i < b->n_hooks; i++) {
		struct turn *t = &ev->open->turns[i];

		if (strcmp(b->hooks[i].name, hook) != 0 || n <= t->n || t->due_ms == BOOK_NEVER)
			continue;
		t->n = n;
		t->due_ms = due_after(now, time_of(record, now), b->hooks[i].repeat_ms);
	}
}

static void fold_acknowledged(struct book *b, struct event *ev, const json_t *record)
{
	close_event(b, ev);
	ev->state = ES_ACKNOWLEDGED;
	if (uuid_parse(json_str_or(record, "command", ""), ev->command))
		memset(ev->command, 0, sizeof(ev->command));
}

void book_fold(struct book *b, const json_t *record, struct book_now now)
{
	enum emergency_kind kind = emergency_kind_get(record);
	struct event *ev;

	if (kind == EM_REFUSED || kind == EM_KINDS_)
		return;
	ev = find_or_make(b, json_str_or(record, "id", ""));
	if (!ev)
		return;
	if (kind == EM_RAISED)
		fold_raised(b, ev, record, now);
	else if (kind == EM_RUNG)
		fold_rung(b, ev, record, now);
	else if (kind == EM_ACKNOWLEDGED)
		fold_acknowledged(b, ev, record);
	else
		ev->state = emergency_state_after(ev->state, kind);
}

enum emergency_state book_state(const struct book *b, const char *id)
{
	const struct event *ev = find(b, id);

	return ev ? ev->state : ES_NONE;
}

bool book_acknowledged_by(const struct book *b, const char *id, const char *command)
{
	const struct event *ev = find(b, id);
	uint8_t key[UUID_SIZE];

	return ev && ev->state == ES_ACKNOWLEDGED && !uuid_parse(command, key) &&
	       memcmp(key, ev->command, sizeof(key)) == 0;
}

size_t book_open(const struct book *b)
{
	return b->n_open;
}

/* --- ringing --- */

int64_t book_rung(struct book *b, size_t hook, const char *id, struct book_now now)
{
	struct event *ev = find(b, id);
	struct turn *t;

	if (!ev || !ev->open)
		return 0;
	t = &ev->open->turns[hook];
	t->due_ms = now.mono_ms + b->hooks[hook].repeat_ms;
	return ++t->n;
}

int64_t book_rings(const struct book *b, size_t hook, const char *id)
{
	const struct event *ev = find(b, id);

	return ev && ev->open ? ev->open->turns[hook].n : 0;
}

/* Insertion into a short list that is kept in order: max is small. */
size_t book_due(struct book *b, size_t hook, struct book_now now, const json_t **ret, size_t max)
{
	_cleanup_free_ int64_t *due = xcalloc(max + 1, sizeof(*due));
	size_t n = 0;

	for (const struct open *o = b->first; o; o = o->next) {
		int64_t at = o->turns[hook].due_ms;
		size_t i;

		if (at > now.mono_ms || (n == max && at >= due[n - 1]))
			continue;
		n = MIN(n + 1, max);
		for (i = n - 1; i > 0 && due[i - 1] > at; i--) {
			due[i] = due[i - 1];
			ret[i] = ret[i - 1];
		}
		due[i] = at;
		ret[i] = o->record;
	}
	return n;
}

int64_t book_next(const struct book *b, size_t hook)
{
	int64_t next = BOOK_NEVER;

	for (const struct open *o = b->first; o; o = o->next)
		next = MIN(next, o->turns[hook].due_ms);
	return next;
}
