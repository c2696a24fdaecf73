/* geo: places as Indonesian sources write them -> a point within Indonesia. Pure.
 *
 * Read are decimal degrees and degrees, minutes, seconds; a decimal point or comma; latitude first;
 * hemispheres in English (N S E W) or Indonesian (LU LS BT BB, Lintang Selatan ...), before or
 * behind; LatLng(...), POINT(lon lat), geo:..., "lat: … long: …", JSON pairs, and the links of the
 * usual maps (q=, ll=, @…). Only what can be read one way is read: a hemisphere decides which
 * number is the latitude; without one a pair that lies in Indonesia only when swapped is swapped
 * (the two ranges do not touch, so this is never a guess). A lost minus sign is not mended: 5.1 may
 * be Aceh. What is not read, or lies elsewhere, is for the caller to keep as the text it is. */
#pragma once

#include <stdbool.h>

struct geo_point {
	double lat, lon;
	bool swapped; /* they stood the other way round */
};

/* -EINVAL: no coordinates. -ERANGE: read, but not in Indonesia (0,0 of a device without a fix is
 * not, either). ret is set with 0 only. text may be NULL. */
int geo_parse(const char *text, struct geo_point *ret);
/* The same for two columns; each may have its degree marks and hemisphere. */
int geo_parse_pair(const char *lat, const char *lon, struct geo_point *ret);
/* Of two numbers that a source calls latitude and longitude: as above, swapped when only so. */
int geo_in_indonesia(double lat, double lon, struct geo_point *ret);
/* -ERANGE when it is not on earth or is 0,0. For sources that may be anywhere. */
int geo_on_earth(double lat, double lon);
