/* geo: see geo.h.
 *
 * A text is read as: words in front, first angle, something between, second angle, end. It is tried
 * with a decimal point first, then with a decimal comma; at most one of the two can take a text
 * whole. Bounds of Indonesia with its seas (UU 4/2011 and BIG's gazetteer: 6°04'N to 11°00'S,
 * 95°00'E to 141°01'E), a quarter of a degree wider. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "core/geo.h"
#include "core/idtime.h"

#define SOUTH (-11.25)
#define NORTH 6.33
#define WEST  94.75
#define EAST  141.27

enum axis { ANY, LAT, LON };

struct angle {
	double degrees;
	enum axis axis;
};

int geo_on_earth(double lat, double lon)
{
	if (!isfinite(lat) || !isfinite(lon) || fabs(lat) > 90 || fabs(lon) > 180)
		return -ERANGE;
	return fabs(lat) < 1e-9 && fabs(lon) < 1e-9 ? -ERANGE : 0;
}

static bool inside(double lat, double lon)
{
	return lat >= SOUTH && lat <= NORTH && lon >= WEST && lon <= EAST;
}

int geo_in_indonesia(double lat, double lon, struct geo_point *ret)
{
	if (inside(lat, lon))
		*ret = (struct geo_point){lat, lon, false};
	else if (inside(lon, lat))
		*ret = (struct geo_point){lon, lat, true};
	else
		return -ERANGE;
	return 0;
}

/* --- angles --- */

static void skip_blanks(const char **p)
{
	while (isspace((unsigned char)**p) || strncmp(*p, "\xc2\xa0", 2) == 0)
		*p += **p == '\xc2' ? 2 : 1;
}

/* One of the texts at *p, longest first; its index or -1. `word`: no letter may follow. */
static int take_one(const char **p, const char *const *texts, size_t n, bool word)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(texts[i]);

		if (strncasecmp(*p, texts[i], len) != 0 ||
			(word && isalpha((unsigned char)(*p)[len])))
			continue;
		*p += len;
		return (int)i;
	}
	return -1;
}

struct hemisphere {
	enum axis axis;
	double sign;
};

/* 0, or -EINVAL when none stands there. */
static int take_hemisphere(const char **p, struct hemisphere *ret)
{
	static const char *const names[] = {"lintang selatan", "lintang utara", "bujur timur",
		"bujur barat", "south", "north", "east", "west", "LS", "LU", "BT", "BB", "S", "N",
		"E", "W"};
	static const struct hemisphere meaning[] = {{LAT, -1}, {LAT, 1}, {LON, 1}, {LON, -1}};
	const char *at = *p;
	int i;

	skip_blanks(&at);
	i = take_one(&at, names, ARRAY_SIZE(names), true);
	if (i < 0)
		return -EINVAL;
	*ret = meaning[i % 4];
	*p = at;
	return 0;
}

static const char *const degree_marks[] = {
	"\xc2\xb0", "\xc2\xba", "\xcb\x9a", "derajat", "deg", "d"};
static const char *const minute_marks[] = {
	"\xe2\x80\xb2", "\xe2\x80\x99", "\xc2\xb4", "menit", "min", "'"};
static const char *const second_marks[] = {
	"\xe2\x80\xb3", "\xe2\x80\x9d", "detik", "sec", "''", "\""};

static bool take_mark(const char **p, const char *const *marks, size_t n)
{
	const char *at = *p;

	skip_blanks(&at);
	if (take_one(&at, marks, n, false) < 0)
		return false;
	*p = at;
	return true;
}

/* 2'15" behind the degrees: both may be missing; each below 60. */
static int take_minutes(const char **p, const char *decimal, double *degrees)
{
	const char *at = *p;
	double minutes, seconds;

	skip_blanks(&at);
	if (!isdigit((unsigned char)*at) || id_number_take(&at, decimal, &minutes))
		return 0;
	if (!take_mark(&at, minute_marks, ARRAY_SIZE(minute_marks)))
		return 0; /* it belongs to what follows */
	if (minutes >= 60)
		return -EINVAL;
	*degrees += minutes / 60;
	*p = at;
	skip_blanks(&at);
	if (!isdigit((unsigned char)*at) || id_number_take(&at, decimal, &seconds) ||
		!take_mark(&at, second_marks, ARRAY_SIZE(second_marks)))
		return 0;
	if (seconds >= 60)
		return -EINVAL;
	*degrees += seconds / 3600;
	*p = at;
	return 0;
}

static void take_label(const char **p, enum axis *axis)
{
	static const char *const labels[] = {"\"latitude\"", "\"lat\"", "latitude", "lintang",
		"lat", "\"longitude\"", "\"long\"", "\"lng\"", "\"lon\"", "longitude", "bujur",
		"long", "lng", "lon"};
	const char *at = *p;
	int i;

	skip_blanks(&at);
	i = take_one(&at, labels, ARRAY_SIZE(labels), true);
	if (i < 0)
		return;
	skip_blanks(&at);
	at += *at == ':' || *at == '=';
	*axis = i < 5 ? LAT : LON;
	*p = at;
}

/* Two statements about which axis it is must agree. */
static int note_axis(struct angle *a, enum axis axis)
{
	if (a->axis != ANY && a->axis != axis)
		return -EINVAL;
	a->axis = axis;
	return 0;
}

static int take_angle(const char **p, const char *decimal, struct angle *ret)
{
	struct hemisphere h = {ANY, 0}, behind;
	bool negative;
	double v;

	*ret = (struct angle){0, ANY};
	take_label(p, &ret->axis);
	(void)take_hemisphere(p, &h);
	skip_blanks(p);
	negative = **p == '-';
	if (id_number_take(p, decimal, &v))
		return -EINVAL;
	v = fabs(v);
	if (take_mark(p, degree_marks, ARRAY_SIZE(degree_marks)) && take_minutes(p, decimal, &v))
		return -EINVAL;
	if (h.axis == ANY && take_hemisphere(p, &behind) == 0)
		h = behind;
	if (h.axis != ANY && (negative || note_axis(ret, h.axis)))
		return -EINVAL;
	ret->degrees = negative || h.sign < 0 ? -v : v;
	return 0;
}

/* --- pairs --- */

enum shape { PLAIN, ROUND, CURLY, SQUARE, LINK };

/* What stands in front of the numbers. *lon_first: WKT has it so. */
static enum shape take_front(const char **p, bool *lon_first)
{
	static const char *const words[] = {"latlng", "point", "geo:"};
	static const char *const links[] = {"q=loc:", "q=", "ll=", "query=", "center=", "/@"};
	int word;

	*lon_first = false;
	skip_blanks(p);
	if (strncasecmp(*p, "http://", 7) == 0 || strncasecmp(*p, "https://", 8) == 0) {
		for (; **p; ++*p)
			if (take_one(p, links, ARRAY_SIZE(links), false) >= 0)
				break;
		return LINK;
	}
	word = take_one(p, words, ARRAY_SIZE(words), false);
	*lon_first = word == 1;
	skip_blanks(p);
	if (!**p || !strchr("({[", **p))
		return word == 2 ? LINK : PLAIN; /* geo: may have ";u=…" or "?z=…" behind */
	++*p;
	return (*p)[-1] == '(' ? ROUND : (*p)[-1] == '{' ? CURLY : SQUARE;
}

static int take_end(const char *p, enum shape shape)
{
	static const char closing[] = {[ROUND] = ')', [CURLY] = '}', [SQUARE] = ']'};

	if (shape == LINK)
		return !*p || strchr(",&;?/# ", *p) ? 0 : -EINVAL;
	skip_blanks(&p);
	if (shape != PLAIN && *p++ != closing[shape])
		return -EINVAL;
	skip_blanks(&p);
	return *p ? -EINVAL : 0;
}

/* Between two angles: one of , ; / & or %2C, or blanks. */
static int take_between(const char **p)
{
	static const char *const separators[] = {",", ";", "/", "&", "%2C"};
	const char *before = *p;

	skip_blanks(p);
	return take_one(p, separators, ARRAY_SIZE(separators), false) >= 0 || *p != before
		       ? 0
		       : -EINVAL;
}

static int read_pair(const char *p, const char *decimal, struct angle *a, struct angle *b)
{
	bool lon_first;
	enum shape shape = take_front(&p, &lon_first);
	int r = take_angle(&p, decimal, a);

	if (r == 0 && take_between(&p)) /* "7°2'S113°46'E": the hemisphere parts them */
		r = a->axis == ANY ? -EINVAL : 0;
	if (r == 0)
		r = take_angle(&p, decimal, b);
	if (r == 0)
		r = take_end(p, shape);
	if (r == 0 && lon_first)
		r = note_axis(a, LON) ? -EINVAL : note_axis(b, LAT);
	return r;
}

/* Two angles -> a point. An axis that was named is believed, never swapped. */
static int settle(struct angle a, struct angle b, struct geo_point *ret)
{
	bool named = a.axis != ANY || b.axis != ANY;

	if (named && a.axis == b.axis)
		return -EINVAL;
	if (!named)
		return geo_in_indonesia(a.degrees, b.degrees, ret);
	if (a.axis == LON || b.axis == LAT) {
		struct angle t = a;

		a = b;
		b = t;
	}
	if (!inside(a.degrees, b.degrees))
		return -ERANGE;
	*ret = (struct geo_point){a.degrees, b.degrees, false};
	return 0;
}

int geo_parse(const char *text, struct geo_point *ret)
{
	struct angle a, b;

	if (!text || (read_pair(text, ".", &a, &b) && read_pair(text, ",", &a, &b)))
		return -EINVAL;
	return settle(a, b, ret);
}

static int read_one(const char *p, struct angle *ret)
{
	if (!p || take_angle(&p, ".,", ret))
		return -EINVAL;
	skip_blanks(&p);
	return *p ? -EINVAL : 0;
}

int geo_parse_pair(const char *lat, const char *lon, struct geo_point *ret)
{
	struct angle a, b;

	if (read_one(lat, &a) || read_one(lon, &b))
		return -EINVAL;
	return settle(a, b, ret);
}
