/* ledger_read: the fields that records of `submissions` about a call have in common.
 *
 * Guarantees: what is returned with 0 is within its ranges, whatever the body is; an outcome finds
 * its attempt by the INTENT it names ("term/n"), never by guess.
 * Known gap: none known; fields of one kind only are read where that kind is applied. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "core/ids.h"

#include "ledger_rows.h"

int ledger_read_head(struct ledger *l, const json_t *body, struct ledger_head *h, struct err *err)
{
	const char *complaint = json_str(body, "complaint");
	const char *destination = json_str(body, "destination"), *system = json_str(body, "system");
	int64_t version = json_int(body, "version", -1), attempt = json_int(body, "attempt", 1);
	int64_t part = json_int(body, "part", 1);

	*h = (struct ledger_head){.attachment = json_str(body, "attachment"),
		.call = call_kind_parse(json_str(body, "call"))};
	if (!complaint || uuid_parse(complaint, h->complaint))
		return err_set(err, -EINVAL, "complaint: not a UUID");
	if (!destination || !*destination || !system || !*system)
		return err_set(err, -EINVAL, "destination or system is missing");
	if (version < 0 || version > INT32_MAX || attempt < 1 || attempt > UINT16_MAX)
		return err_set(err, -EINVAL, "version or attempt is missing or out of range");
	if (part < 1 || part > LEDGER_PARTS_MAX)
		return err_set(err, -EINVAL, "part: out of range");
	h->version = (uint32_t)version;
	h->attempt = (uint32_t)attempt;
	h->part = (unsigned)part;
	if (h->call == CALL_FOLLOWUP)
		h->attachment = ledger_part(h->version, h->part, h->part_text);
	h->destination = ledger_name(l, destination);
	h->system = ledger_name(l, system);
	if (!h->destination || !h->system)
		return err_set(
			err, -EINVAL, "more than 255 names of destinations and systems in one log");
	return 0;
}

/* "3/17" */
static int read_intent_ref(const json_t *body, uint32_t *ret_term, uint32_t *ret_n)
{
	const char *s = json_str(body, "intent"), *slash = s ? strchr(s, '/') : NULL;
	char term[16];
	int64_t t, n;

	if (!slash || (size_t)(slash - s) >= sizeof term)
		return -EINVAL;
	memcpy(term, s, (size_t)(slash - s));
	term[slash - s] = '\0';
	if (parse_i64(term, 1, UINT32_MAX, &t) || parse_i64(slash + 1, 1, UINT32_MAX, &n))
		return -EINVAL;
	*ret_term = (uint32_t)t;
	*ret_n = (uint32_t)n;
	return 0;
}

int ledger_read_remote_id(const json_t *body, uint64_t *ret)
{
	const char *s = json_str(body, "remote_id");
	int64_t v;

	if (!s)
		return 0;
	if (parse_i64(s, 1, INT64_MAX, &v))
		return -EINVAL;
	*ret = (uint64_t)v;
	return 0;
}

int ledger_read_about(
	struct ledger *l, const struct ledger_entry *e, struct ledger_about *ret, struct err *err)
{
	struct ledger_head h;

	*ret = (struct ledger_about){0};
	if (ledger_read_head(l, e->body, &h, err) || read_intent_ref(e->body, &ret->term, &ret->n))
		return err_set(err, -EINVAL, "outcome without a readable head or \"intent\"");
	if (ledger_read_remote_id(e->body, &ret->remote_id))
		return err_set(err, -EINVAL, "remote_id: not digits");
	ret->slot = ledger_slot(l, h.complaint, h.destination, h.call, h.attachment);
	ret->newest = ret->slot && ret->slot->term == ret->term && ret->slot->n == ret->n;
	ret->version = h.version;
	ret->attempt = h.attempt;
	return 0;
}

uint32_t ledger_read_at(const json_t *body)
{
	const char *s = json_str(body, "at");
	int64_t ms;

	return s && !time_parse(s, &ms) ? (uint32_t)(ms / 1000) : 0;
}
