/* idtime: see idtime.h. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "core/idtime.h"

struct moment {
	int year, month, day, hour, minute, second, ms;
	int zone; /* minutes, or NO_ZONE */
};
#define NO_ZONE	  INT32_MIN
#define WORD_SIZE 16

/* Full names, the short forms in use, English ones from spreadsheets. */
static const struct {
	const char *name;
	int month;
} month_names[] = {{"januari", 1}, {"jan", 1}, {"january", 1}, {"februari", 2}, {"pebruari", 2},
	{"feb", 2}, {"february", 2}, {"maret", 3}, {"mar", 3}, {"march", 3}, {"april", 4},
	{"apr", 4}, {"mei", 5}, {"may", 5}, {"juni", 6}, {"jun", 6}, {"june", 6}, {"juli", 7},
	{"jul", 7}, {"july", 7}, {"agustus", 8}, {"agu", 8}, {"ags", 8}, {"agt", 8}, {"agst", 8},
	{"aug", 8}, {"august", 8}, {"september", 9}, {"sep", 9}, {"sept", 9}, {"oktober", 10},
	{"okt", 10}, {"oct", 10}, {"october", 10}, {"november", 11}, {"nopember", 11}, {"nov", 11},
	{"nop", 11}, {"desember", 12}, {"des", 12}, {"dec", 12}, {"december", 12}};

static const char *const day_names[] = {"senin", "selasa", "rabu", "kamis", "jumat", "jum'at",
	"sabtu", "minggu", "ahad", "sen", "sel", "rab", "kam", "jum", "sab", "min"};

static const struct {
	const char *name;
	int minutes;
} zone_names[] = {{"wib", 420}, {"wita", 480}, {"wit", 540}, {"z", 0}, {"utc", 0}, {"gmt", 0}};

static void skip_blanks(const char **p)
{
	while (**p == ' ' || **p == '\t' || **p == '\n' || **p == '\r')
		++*p;
}

/* Lower-case letters (and the apostrophe of Jum'at) at *p; false when there are none or too many.
 */
static bool take_word(const char **p, char out[WORD_SIZE])
{
	size_t n = 0;

	while (isalpha((unsigned char)**p) || (**p == '\'' && n)) {
		if (n == WORD_SIZE - 1)
			return false;
		out[n++] = (char)tolower((unsigned char)*(*p)++);
	}
	out[n] = '\0';
	return n > 0;
}

/* min..max decimal digits; -1 when there are fewer. */
static int take_digits(const char **p, int min, int max)
{
	int value = 0, n = 0;

	while (isdigit((unsigned char)**p) && n < max) {
		value = value * 10 + (*(*p)++ - '0');
		n++;
	}
	return n >= min ? value : -1;
}

static bool take_char(const char **p, const char *set)
{
	if (!**p || !strchr(set, **p))
		return false;
	++*p;
	return true;
}

static int month_of(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(month_names); i++)
		if (strcmp(word, month_names[i].name) == 0)
			return month_names[i].month;
	return -1;
}

static void skip_day_name(const char **p)
{
	const char *q = *p;
	char word[WORD_SIZE];

	if (!take_word(&q, word))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(day_names); i++) {
		if (strcmp(word, day_names[i]) == 0) {
			take_char(&q, ".");
			take_char(&q, ",");
			skip_blanks(&q);
			*p = q;
			return;
		}
	}
}

static int take_month(const char **p)
{
	char word[WORD_SIZE];

	if (isdigit((unsigned char)**p))
		return take_digits(p, 1, 2);
	if (!take_word(p, word))
		return -1;
	take_char(p, ".");
	return month_of(word);
}

static int take_date(const char **p, struct moment *m)
{
	const char *begin = *p;
	int first = take_digits(p, 1, 4);
	long width = *p - begin;
	char sep[2] = {**p, '\0'};

	if (first < 0 || !take_char(p, "-/. "))
		return -EINVAL;
	skip_blanks(p);
	m->month = take_month(p);
	skip_blanks(p);
	if (m->month < 0)
		return -EINVAL;
	if (sep[0] != ' ' && !take_char(p, sep))
		return -EINVAL;
	if (width == 4) {
		m->year = first;
		m->day = take_digits(p, 1, 2);
	} else {
		m->day = width <= 2 ? first : -1;
		m->year = take_digits(p, 4, 4);
	}
	return m->day < 0 || m->year < 0 ? -EINVAL : 0;
}

/* "07:15", "07.15", "07:15:30", "07:15:30.250"; absent = midnight. */
static int take_clock(const char **p, struct moment *m)
{
	char sep[2] = "", word[WORD_SIZE];
	const char *q;

	if (isdigit((unsigned char)**p))
		return -EINVAL; /* nothing between date and clock */
	take_char(p, ",");
	skip_blanks(p);
	q = *p;
	if (take_word(&q, word) &&
		(!strcmp(word, "pukul") || !strcmp(word, "jam") || !strcmp(word, "t"))) {
		take_char(&q, ".");
		*p = q;
		skip_blanks(p);
	}
	if (!isdigit((unsigned char)**p))
		return **p ? -EINVAL : 0;
	m->hour = take_digits(p, 1, 2);
	sep[0] = **p;
	if (m->hour < 0 || !take_char(p, ":."))
		return -EINVAL;
	m->minute = take_digits(p, 2, 2);
	if (take_char(p, sep))
		m->second = take_digits(p, 2, 2);
	if (m->minute < 0 || m->second < 0)
		return -EINVAL;
	if (take_char(p, ".,")) {
		int scale = 100;

		if (!isdigit((unsigned char)**p))
			return -EINVAL;
		for (; isdigit((unsigned char)**p); ++*p, scale /= 10)
			m->ms += (**p - '0') * scale;
	}
	return 0;
}

static int take_offset(const char **p, struct moment *m)
{
	int sign = **p == '-' ? -1 : 1, hours, minutes = 0;

	++*p;
	hours = take_digits(p, 2, 2);
	if (take_char(p, ":") || isdigit((unsigned char)**p))
		minutes = take_digits(p, 2, 2);
	if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59)
		return -EINVAL;
	m->zone = sign * (hours * 60 + minutes);
	return 0;
}

static int take_zone(const char **p, struct moment *m)
{
	char word[WORD_SIZE];

	skip_blanks(p);
	if (**p == '+' || **p == '-')
		return take_offset(p, m);
	if (!**p)
		return 0;
	if (!take_word(p, word))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(zone_names); i++) {
		if (strcmp(word, zone_names[i].name) == 0) {
			m->zone = zone_names[i].minutes;
			return 0;
		}
	}
	return -EINVAL;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool moment_real(const struct moment *m)
{
	return m->year >= 1970 && m->month >= 1 && m->month <= 12 && m->day >= 1 &&
	       m->day <= days_in_month(m->year, m->month) && m->hour < 24 && m->minute < 60 &&
	       m->second < 61;
}

/* Days since 1970-01-01 (Gregorian); the year is counted from March so that leap days end it. */
static int64_t days_from_civil(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year, era = y / 400, yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

int id_time_parse(const char *text, int zone_minutes, int64_t *ret_wall_ms)
{
	struct moment m = {.zone = NO_ZONE};
	const char *p = text;
	int64_t seconds;

	if (!text)
		return -EINVAL;
	skip_blanks(&p);
	skip_day_name(&p);
	if (take_date(&p, &m) || take_clock(&p, &m) || take_zone(&p, &m))
		return -EINVAL;
	skip_blanks(&p);
	if (*p || !moment_real(&m))
		return -EINVAL;
	if (m.zone == NO_ZONE)
		m.zone = zone_minutes;
	seconds = days_from_civil(m.year, m.month, m.day) * 86400 + m.hour * 3600 + m.minute * 60 +
		  m.second - m.zone * 60;
	*ret_wall_ms = seconds * 1000 + m.ms;
	return 0;
}

int id_date_parse(const char *text, char ret[11])
{
	struct moment m = {0};
	const char *p = text;
	char day[40];

	if (!text)
		return -EINVAL;
	skip_blanks(&p);
	skip_day_name(&p);
	if (take_date(&p, &m) || !moment_real(&m))
		return -EINVAL;
	if (isalnum((unsigned char)*p) && *p != 'T')
		return -EINVAL;
	snprintf(day, sizeof(day), "%04d-%02d-%02d", m.year, m.month, m.day);
	memcpy(ret, day, 11);
	return 0;
}

int id_number_take(const char **p, const char *decimal, double *ret)
{
	double value = 0, scale = 1;
	int digits = 0;
	bool negative;

	skip_blanks(p);
	negative = **p == '-';
	if (negative || **p == '+')
		++*p;
	for (; isdigit((unsigned char)**p); ++*p, digits++)
		value = value * 10 + (**p - '0');
	if (digits && **p && strchr(decimal, **p) && isdigit((unsigned char)(*p)[1])) {
		/* whole digits over a power of ten: the nearest double, "-7.03" stays -7.03 */
		for (++*p; isdigit((unsigned char)**p); ++*p) {
			if (value >= 1e14)
				continue; /* beyond what a double can tell */
			scale *= 10;
			value = value * 10 + (**p - '0');
		}
	}
	if (!digits || digits > 15)
		return -EINVAL;
	*ret = (negative ? -value : value) / scale;
	return 0;
}

int id_number_parse(const char *text, double *ret)
{
	const char *p = text;
	double value;

	if (!text || id_number_take(&p, ".,", &value))
		return -EINVAL;
	skip_blanks(&p);
	if (*p)
		return -EINVAL;
	*ret = value;
	return 0;
}
