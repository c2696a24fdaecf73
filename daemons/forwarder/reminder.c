/* reminder: see reminder.h. */
#include "base/util.h"

#include "reminder.h"

static void count(const struct slot *s, struct reminder *ret)
{
	const bool handed = s->state == SLOT_HANDED;
	const int64_t at_ms = (int64_t)s->at_s * 1000;

	ret->sheets += handed;
	ret->parked += !handed;
	ret->oldest_ms = ret->oldest_ms ? MIN(ret->oldest_ms, at_ms) : at_ms;
	if (at_ms >= ret->before_ms)
		return;
	ret->late_sheets += handed;
	ret->late_parked += !handed;
}

static bool works(const struct workdays *w, int64_t day)
{
	return w ? workdays_works(w, day) : day_weekday(day) < 5;
}

void reminder_look(const struct reminder_view *v, struct reminder *ret)
{
	const struct ledger *l = v->ledger;
	const int64_t today = day_of(v->now_ms, v->zone_minutes);

	*ret = (struct reminder){.before_ms = v->now_ms - v->after_ms};
	day_format(today, ret->day);
	if (!l->with_person)
		return;
	for (uint32_t i = 0; i < l->slots.n; i++) {
		const struct slot *s = idmap_at(&l->slots, i);

		if (s->destination == v->destination &&
			(s->state == SLOT_HANDED || s->state == SLOT_PARKED))
			count(s, ret);
	}
	ret->due = v->after_ms && (ret->late_sheets || ret->late_parked) &&
		   works(v->workdays, today) && l->reminded[v->destination] < today;
}
