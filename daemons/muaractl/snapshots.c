/* snapshots: see snapshots.h. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"

#include "snapshots.h"
#include "tail.h"

struct scan {
	snapshot_want_fn *want;
	void *ctx;
	json_t *found; /* id -> element */
};

static int on_decision(void *ctx, const struct sight *s)
{
	struct scan *x = ctx;
	const json_t *r;
	size_t i;

	if (!s->entry)
		return 0;
	json_array_foreach (json_object_get(s->entry->body, "results"), i, r) {
		const char *id = json_str_or(r, "id", "");
		char at[48];

		if (strcmp(json_str_or(r, "type", ""), "complaint") != 0)
			continue;
		if (!x->want(x->ctx, r)) {
			json_object_del(x->found, id);
			continue;
		}
		snprintf(at, sizeof at, "%llu/%llu", (unsigned long long)s->entry->term,
			(unsigned long long)s->entry->n);
		json_object_set_new(x->found, id,
			json_pack("{s:i, s:s, s:O}", "lane", (int)s->record->partition, "at", at,
				"snapshot", r));
	}
	return 0;
}

int snapshots_read(
	struct ctl *c, int lane, snapshot_want_fn *want, void *ctx, json_t **ret, struct err *e)
{
	struct scan x = {.want = want, .ctx = ctx, .found = json_object()};
	json_t *list = json_array(), *v;
	const char *id;
	int r = tail_read_all(c, "complaints", lane, on_decision, &x, e);

	json_object_foreach (x.found, id, v)
		json_array_append(list, v);
	json_decref(x.found);
	if (r)
		json_decref(list);
	else
		*ret = list;
	return r;
}

/* --- what a person calls a complaint by --- */

int ref_parse(const char *text, struct ref *ret, struct err *e)
{
	size_t digits = strspn(text, "0123456789");
	uint8_t raw[UUID_SIZE];
	int r;

	*ret = (struct ref){0};
	if (!uuid_parse(text, raw)) {
		uuid_format(raw, ret->id);
		return 0;
	}
	r = ticket_parse(text, ret->ticket);
	if (r)
		ret->ticket[0] = '\0';
	if (digits && !text[digits] && digits <= 19)
		snprintf(ret->remote, sizeof ret->remote, "%s", text);
	if (*ret->ticket || *ret->remote)
		return 0;
	if (r == -EBADMSG)
		return err_set(e, -EINVAL,
			"the check character of this ticket does not fit: a character is wrong or "
			"two are swapped");
	return err_set(e, -EINVAL,
		"this is no ticket (10 characters), no id (UUID) and no number of a destination");
}

void ref_free(struct ref *r)
{
	json_decref(r->complaints);
	r->complaints = NULL;
}

static bool listed(const json_t *list, const char *id)
{
	const json_t *v;
	size_t i;

	json_array_foreach (list, i, v)
		if (strcmp(json_string_value(v), id) == 0)
			return true;
	return false;
}

bool ref_matches(const struct ref *r, const json_t *snapshot)
{
	const char *id = json_str_or(snapshot, "id", "");
	const json_t *s;
	size_t i;

	if ((*r->id && strcmp(r->id, id) == 0) || listed(r->complaints, id) ||
		(*r->ticket && strcmp(r->ticket, json_str_or(snapshot, "ticket", "")) == 0))
		return true;
	json_array_foreach (json_object_get(snapshot, "sources"), i, s)
		if ((*r->id && strcmp(r->id, json_str_or(s, "message", "")) == 0) ||
			(*r->ticket && strcmp(r->ticket, json_str_or(s, "ticket", "")) == 0))
			return true;
	return false;
}

static bool want(void *ctx, const json_t *snapshot)
{
	return ref_matches(ctx, snapshot);
}

static int on_number(void *ctx, const struct sight *s)
{
	struct ref *r = ctx;
	const char *id;

	if (!s->entry || strcmp(json_str_or(s->entry->body, "remote_id", ""), r->remote) != 0)
		return 0;
	id = json_str_or(s->entry->body, "complaint", "");
	if (!listed(r->complaints, id))
		json_array_append_new(r->complaints, json_string(id));
	return 0;
}

int ref_find(struct ctl *c, struct ref *r, json_t **ret, struct err *e)
{
	int rc = 0;

	if (*r->remote && !r->complaints) {
		r->complaints = json_array();
		rc = tail_read_all(c, "submissions", -1, on_number, r, e);
	}
	return rc ? rc : snapshots_read(c, -1, want, r, ret, e);
}

int ref_one(struct ctl *c, const char *text, json_t **ret)
{
	_cleanup_(ref_free) struct ref r = {0};
	_cleanup_json_ json_t *found = NULL;
	struct err e = {0};
	const json_t *x;
	size_t i;

	if (ref_parse(text, &r, &e) || ref_find(c, &r, &found, &e))
		return ctl_fail(c, "%s", e.text);
	if (json_array_size(found) == 1) {
		*ret = json_incref(json_array_get(found, 0));
		return CTL_OK;
	}
	if (!json_array_size(found))
		return ctl_fail(c,
			"there is no such complaint (a message that is in no complaint: muaractl "
			"trace)");
	json_array_foreach (found, i, x) {
		const json_t *s = json_object_get(x, "snapshot");

		fprintf(stderr, "%s  %s  %s\n", json_str(s, "id"), json_str(s, "ticket"),
			json_str(s, "state"));
	}
	return ctl_fail(
		c, "%zu complaints are called so: name one by its id", json_array_size(found));
}
