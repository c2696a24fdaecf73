/* clock: see clock.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/util.h"

static int64_t read_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

#ifdef MUARA_TEST
static int64_t turned_ms(void)
{
	static int64_t offset, looked = INT64_MIN / 2;
	int64_t now = read_ms(CLOCK_MONOTONIC);
	const char *path;
	char text[32] = "";
	int fd;

	if (now - looked < 20)
		return offset;
	looked = now;
	path = getenv("MUARA_CLOCK_FILE");
	fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return offset;
	if (read(fd, text, sizeof text - 1) > 0) {
		text[strcspn(text, "\n")] = '\0';
		(void)!parse_i64(text, INT64_MIN / 4, INT64_MAX / 4, &offset);
	}
	close(fd);
	return offset;
}
#else
static int64_t turned_ms(void)
{
	return 0;
}
#endif

int64_t clock_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME) + turned_ms();
}

int64_t clock_mono_ms(void)
{
	return read_ms(CLOCK_BOOTTIME) + turned_ms();
}

void time_format(int64_t wall_ms, char out[TIME_TEXT_SIZE])
{
	time_t s = (time_t)(wall_ms / 1000);
	int ms = (int)(wall_ms % 1000);
	char day[24];
	struct tm tm;

	if (ms < 0) {
		ms += 1000;
		s--;
	}
	gmtime_r(&s, &tm);
	strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, TIME_TEXT_SIZE, "%.20s.%03dZ", day, ms);
}

/* Reads exactly n digits. */
static int digits(const char **s, int n, int min, int max, int *ret)
{
	int v = 0;

	for (int i = 0; i < n; i++, (*s)++) {
		if (**s < '0' || **s > '9')
			return -EINVAL;
		v = v * 10 + (**s - '0');
	}
	if (v < min || v > max)
		return -EINVAL;
	*ret = v;
	return 0;
}

static int expect(const char **s, const char *any)
{
	if (!**s || !strchr(any, **s))
		return -EINVAL;
	(*s)++;
	return 0;
}

static int parse_fraction(const char **s, int *ret_ms)
{
	int scale = 100, ms = 0, n = 0;

	if (**s != '.')
		return 0;
	for ((*s)++; **s >= '0' && **s <= '9'; (*s)++, n++) {
		ms += (**s - '0') * scale;
		scale /= 10;
	}
	*ret_ms = ms;
	return n > 0 && n <= 12 ? 0 : -EINVAL;
}

static int parse_zone(const char **s, int *ret_minutes)
{
	int sign, h, m;

	if (**s == 'Z' || **s == 'z') {
		(*s)++;
		*ret_minutes = 0;
		return 0;
	}
	sign = **s == '-' ? -1 : 1;
	if (expect(s, "+-") || digits(s, 2, 0, 23, &h) || expect(s, ":") || digits(s, 2, 0, 59, &m))
		return -EINVAL;
	*ret_minutes = sign * (h * 60 + m);
	return 0;
}

int time_parse(const char *s, int64_t *ret_wall_ms)
{
	int year, mon, day, hour, min, sec, ms = 0, zone;
	struct tm tm = {0}, back;
	time_t t;

	if (digits(&s, 4, 1970, 9999, &year) || expect(&s, "-") || digits(&s, 2, 1, 12, &mon) ||
		expect(&s, "-") || digits(&s, 2, 1, 31, &day) || expect(&s, "Tt ") ||
		digits(&s, 2, 0, 23, &hour) || expect(&s, ":") || digits(&s, 2, 0, 59, &min) ||
		expect(&s, ":") || digits(&s, 2, 0, 60, &sec) || parse_fraction(&s, &ms) ||
		parse_zone(&s, &zone) || *s)
		return -EINVAL;
	tm.tm_year = year - 1900;
	tm.tm_mon = mon - 1;
	tm.tm_mday = day;
	t = timegm(&tm);
	gmtime_r(&t, &back);
	if (back.tm_mday != day) /* 31 February */
		return -EINVAL;
	*ret_wall_ms = ((int64_t)t + hour * 3600 + min * 60 + sec - zone * 60) * 1000 + ms;
	return 0;
}
