/* unmapped: see unmapped.h. The types of a day are few; if a fault makes them many, the table
 * begins anew at 1000 and a type may alarm twice a day. */
#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/idmap.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"

#include "unmapped.h"

#define DAY_MS	   INT64_C(86400000)
#define TYPES_MAX  1000
#define FOLDED_MAX 256

struct unmapped {
	int64_t zone_ms, day;
	struct idmap told; /* of this day; an item is its key alone */
	struct metric *types;
};
struct told {
	uint8_t key[16];
};

struct unmapped *unmapped_new(int zone_minutes)
{
	struct unmapped *u = xcalloc(1, sizeof(*u));

	u->zone_ms = zone_minutes * INT64_C(60000);
	u->told = IDMAP_INIT(struct told);
	u->types = metric_counter("muara_call112_unmapped_types_total",
		"Alarms for call types that `types` does not translate, one per type and day", NULL,
		NULL);
	return u;
}

void unmapped_free(struct unmapped *u)
{
	if (!u)
		return;
	idmap_free(&u->told);
	free(u);
}

/* Case and the number of blanks make no other type, as in the mapping itself. */
static size_t fold(const char *type, char ret[FOLDED_MAX])
{
	size_t n = 0;

	for (; *type && n < FOLDED_MAX - 1; type++) {
		bool space = isspace((unsigned char)*type);

		if (space && (!n || ret[n - 1] == ' '))
			continue;
		ret[n++] = space ? ' ' : (char)tolower((unsigned char)*type);
	}
	return n && ret[n - 1] == ' ' ? n - 1 : n;
}

static bool first_today(struct unmapped *u, const char *type)
{
	int64_t day = (clock_wall_ms() + u->zone_ms) / DAY_MS;
	char folded[FOLDED_MAX];
	uint8_t key[16];
	bool new;

	if (day != u->day || u->told.n >= TYPES_MAX) {
		idmap_free(&u->told);
		u->told = IDMAP_INIT(struct told);
		u->day = day;
	}
	sha256_key(key, "type", 4, folded, fold(type, folded));
	idmap_put(&u->told, key, &new);
	return new;
}

bool unmapped_tell(struct unmapped *u, const struct message *m)
{
	if (m->class == MC_UNDECODABLE || m->call.mapped != CC_UNKNOWN ||
		!first_today(u, m->call.type ? m->call.type : ""))
		return false;
	metric_add(u->types, NULL, 1);
	log_error("the call at %s has %s; calls like it go to a person, whatever they are, "
		  "until the configuration says whether they are an emergency",
		m->source.place,
		m->call.type && *m->call.type
			? "a type that `types` does not map: add it there"
			: "no type: see whether fields.type names the right column");
	return true;
}
