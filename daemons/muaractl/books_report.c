/* books_report: the books told to a report (see books.h, report_sum.h). What is counted here is
 * what `muaractl balance` counts: the same places of messages, the same ends of filings. */
#include <string.h>

#include "base/util.h"

#include "books_private.h"
#include "report_sum.h"

/* "muara.raw.whatsapp" -> "whatsapp" */
static const char *channel_of(const struct books *b, const struct decided_row *d)
{
	const char *topic = books_name(b, b->parts[d->part].topic), *dot = strrchr(topic, '.');

	return dot ? dot + 1 : topic;
}

/* The raw record says when a message was received; where it is past its retention, the decision is
 * the first that is known of it. */
static void tell_received(struct books *b)
{
	for (uint32_t i = 0; i < b->raws.n; i++) {
		const struct raw_row *r = idmap_at(&b->raws, i);
		struct decided_row *d = books_decision_on(b, r);

		if (!d)
			continue;
		d->tenant = r->tenant;
		if (r->received_ms)
			d->at_ms = MIN(d->at_ms, r->received_ms);
	}
}

/* A complaint was received when the first of its messages was. */
static void tell_message(struct books *b, const struct decided_row *d, struct report *r)
{
	struct complaint_row *c;

	if (d->place == P_COMPLAINT) {
		c = idmap_get(&b->complaints, d->complaint);
		if (c)
			c->received_ms = MIN(c->received_ms, d->at_ms);
	} else if (d->place == P_ARCHIVED || d->place == P_DEAD) {
		report_message(
			r, &(struct report_message){.tenant = books_name(b, d->tenant),
				   .channel = channel_of(b, d),
				   .received_ms = d->at_ms,
				   .class = d->place == P_DEAD ? NULL : books_name(b, d->class)});
	}
}

/* What an attempt left to do is told by the complaint's state. */
static enum report_end end_by_state(const struct books *b, const struct complaint_row *c)
{
	static const struct {
		const char *state;
		enum report_end end;
	} ends[] = {{"open", REPORT_UNDER_WAY}, {"ready", REPORT_UNDER_WAY}, {"held", REPORT_HELD},
		{"review", REPORT_REVIEW}};
	const char *state = books_name(b, c->state);

	if (strcmp(state, "ready") == 0 && c->refused_version == c->version)
		return REPORT_REFUSED;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (strcmp(ends[i].state, state) == 0)
			return ends[i].end;
	return REPORT_CLOSED; /* archived, withdrawn, merged */
}

static enum report_end end_of(
	const struct books *b, const struct complaint_row *c, const struct attempt_row *a)
{
	switch (a ? books_attempt_state(a) : A_NOT_SENT) {
	case A_DONE:
	case A_FILED:
		return REPORT_FILED;
	case A_DROPPED:
		return REPORT_CLOSED;
	case A_REJECTED:
		return REPORT_REFUSED;
	case A_PARKED:
		return REPORT_PARKED;
	case A_HANDED:
		return REPORT_HANDED;
	case 0:
		return REPORT_UNDER_WAY;
	default:
		return end_by_state(b, c);
	}
}

static const char *why_closed(
	const struct books *b, const struct complaint_row *c, const struct attempt_row *a)
{
	const char *closed = books_name(b, c->closed);

	if (a && books_attempt_state(a) == A_DROPPED)
		return "dropped";
	return *closed ? closed : books_name(b, c->state);
}

static void tell_complaint(const struct books *b, const struct complaint_row *c, struct report *r)
{
	const struct attempt_row *a = books_filing(b, c);
	struct report_complaint fact = {.tenant = books_name(b, c->tenant),
		.channel = books_name(b, c->channel),
		.agency = books_name(b, c->agency),
		.classification = books_name(b, c->classification),
		.received_ms = c->received_ms,
		.end = end_of(b, c, a),
		.answered = c->answered};

	if (a && fact.end == REPORT_FILED)
		fact.filed_ms = a->filed_ms;
	if (fact.end == REPORT_CLOSED)
		fact.closed = why_closed(b, c, a);
	report_complaint(r, &fact);
}

void books_report(struct books *b, struct report *r)
{
	report_statuses(r, b->statuses);
	tell_received(b);
	for (uint32_t i = 0; i < b->decided.n; i++)
		tell_message(b, idmap_at(&b->decided, i), r);
	for (uint32_t i = 0; i < b->complaints.n; i++) {
		const struct complaint_row *c = idmap_at(&b->complaints, i);

		if (c->known)
			tell_complaint(b, c, r);
	}
}
