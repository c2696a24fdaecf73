/* reminder: what waits for a person at a destination, and whether to remind of it today. Pure.
 *
 * Counts calls: HANDED, a sheet without its number; PARKED, nobody knows. Of those begun longer
 * than `after_ms` ago it reminds once a working day and destination; that it did is a record
 * (`reminded`), so a restart does not repeat it. Days are those of `timezone`. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/workdays.h"

#include "ledger.h"

struct reminder_view { /* borrowed */
	const struct ledger *ledger;
	const struct workdays *workdays; /* NULL: Saturdays and Sundays only */
	uint8_t destination;
	int64_t now_ms, after_ms; /* wall clock; after_ms 0 = never */
	int zone_minutes;
};

struct reminder {
	long sheets, parked;	       /* all of them */
	long late_sheets, late_parked; /* begun before before_ms */
	int64_t oldest_ms;	       /* of all; 0 = none waits */
	int64_t before_ms;
	bool due; /* remind now */
	char day[DAY_TEXT_SIZE];
};

/* Walks the table when anything waits at all. */
void reminder_look(const struct reminder_view *v, struct reminder *ret);
