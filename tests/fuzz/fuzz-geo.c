/* geo: any text is no place or one in Indonesia, and what is printed again is read as the same. */
// parser: common/core/geo.c
#include <math.h>

#include "core/geo.h"

#include "fuzz.h"

static void check(const char *s, const char *other)
{
	struct geo_point p, again;
	char text[64];

	if ((other ? geo_parse_pair(s, other, &p) : geo_parse(s, &p)) != 0)
		return;
	CHECK(geo_on_earth(p.lat, p.lon) == 0 && fabs(p.lat) < 12 && p.lon > 94 && p.lon < 142);
	snprintf(text, sizeof(text), "%.9f, %.9f", p.lat, p.lon);
	CHECK(geo_parse(text, &again) == 0 && !again.swapped);
	CHECK(fabs(again.lat - p.lat) < 1e-8 && fabs(again.lon - p.lon) < 1e-8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *s = fuzz_text(data, n), *bar = strchr(s, '|');

	check(s, NULL);
	if (bar) {
		*bar = '\0';
		check(s, bar + 1);
	}
	free(s);
	return 0;
}
