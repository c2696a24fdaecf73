/* mask: see mask.h. A left-to-right scan: at each position the first recogniser that matches takes
 * its bytes, so every byte is judged once and a UUID or hash is stepped over before the digits in
 * it can look like a phone number. Quadratic at worst ("a.a.a.…"): meant for lines, which are
 * bounded.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/mask.h"
#include "base/utf8.h"
#include "base/util.h"

#define NIK_DIGITS 16
#define NIK_KEEP   6
#define PHONE_MIN  8
#define PHONE_MAX  15
#define PHONE_KEEP 3
#define TOKEN_MIN  24
#define DIGITS_MAX 16 /* longest thing of digits that is masked */

/* --- control characters -------------------------------------------------------------------- */

static bool invisible(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x00, 0x1F},
		{0x7F, 0x9F},
		{0xAD, 0xAD},
		{0x61C, 0x61C},
		{0x180E, 0x180E},
		{0x200B, 0x200F},
		{0x2028, 0x202E},
		{0x2060, 0x206F},
		{0xFE00, 0xFE0F},
		{0xFEFF, 0xFEFF},
		{0xFFF9, 0xFFFB},
		{0xE0000, 0xE0FFF},
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

void mask_controls(char *s)
{
	size_t n = strlen(s), to = 0, len;
	uint32_t c;
	bool bad;

	for (size_t i = 0; i < n; i += len) {
		len = utf8_next(s + i, n - i, &c, &bad);
		if (bad)
			s[to++] = '?';
		else if (c == '\n' || c == '\t' || c == 0x2028)
			s[to++] = ' ';
		else if (!invisible(c)) {
			memmove(s + to, s + i, len);
			to += len;
		}
	}
	s[to] = '\0';
}

/* --- recognisers: each returns the bytes it took at `at` (0 = not mine) ------------------------
 */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_word(char c)
{
	return is_digit(c) || is_lower(c) || is_upper(c);
}

static void stars(char *s, size_t n)
{
	memset(s, '*', n);
}

static size_t span(const char *s, bool (*in)(char))
{
	size_t n = 0;

	while (in(s[n]))
		n++;
	return n;
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

/* Ids and hashes pass: a UUID, or a lower-case hex word of 32, 40 or 64. */
static size_t take_id(char *at)
{
	static const unsigned char groups[] = {8, 4, 4, 4, 12};
	size_t n = span(at, is_hex), len = 0;

	if ((n == 32 || n == 40 || n == 64) && !is_word(at[n]))
		return n;
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		if (span(at + len, is_hex) != groups[i])
			return 0;
		len += groups[i];
		if (i + 1 < ARRAY_SIZE(groups) && at[len++] != '-')
			return 0;
	}
	return is_word(at[len]) ? 0 : len;
}

static bool is_blank_end(char c)
{
	return c == '\0' || strchr(" \t\"',;&)]}<>", c) != NULL;
}

static bool is_value(char c)
{
	return !is_blank_end(c);
}

/* What follows these words, whatever it looks like. */
static size_t take_named_secret(char *at)
{
	static const char *const words[] = {"bearer ", "basic ", "password=", "passwd=", "secret=",
		"token=", "api_key=", "apikey=", "signature=", "authorization=", "wamid."};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		const size_t n = strlen(words[i]);
		size_t value;

		if (strncasecmp(at, words[i], n) != 0)
			continue;
		value = span(at + n, is_value);
		/* "basic checks" is prose, not a credential */
		if (words[i][n - 1] == ' ' && value < 8)
			continue;
		stars(at + n, value);
		return n + value;
	}
	return 0;
}

static bool is_mail_local(char c)
{
	return is_word(c) || (c && strchr("._%+-", c));
}

static bool is_mail_domain(char c)
{
	return is_word(c) || c == '.' || c == '-' || (unsigned char)c >= 0x80;
}

static size_t take_email(char *at)
{
	size_t local = span(at, is_mail_local), domain;

	if (!local || at[local] != '@')
		return 0;
	domain = span(at + local + 1, is_mail_domain);
	if (!domain)
		return 0;
	stars(at + 1, local - 1);
	stars(at + local + 1, domain);
	return local + 1 + domain;
}

static bool is_token(char c)
{
	return is_word(c) || c == '_' || c == '-' || c == '+' || c == '=' || c == '~';
}

static size_t take_token(char *at)
{
	size_t n = span(at, is_token);
	bool digit = false, upper = false, lower = false;

	if (n < TOKEN_MIN)
		return 0;
	for (size_t i = 0; i < n; i++) {
		digit |= is_digit(at[i]);
		upper |= is_upper(at[i]);
		lower |= is_lower(at[i]);
	}
	if (!digit || !upper || !lower)
		return 0;
	stars(at, n);
	return n;
}

struct digits {
	size_t at[DIGITS_MAX]; /* where they are */
	size_t n, len;	       /* how many; bytes from the first to the last */
	size_t longest;	       /* group */
};

/* Digits in groups joined by one separator each, at most `max` of them, whole groups only. */
static struct digits gather(const char *s, size_t max, const char *separators)
{
	struct digits d = {0};
	size_t at = 0, group;

	for (;;) {
		group = span(s + at, is_digit);
		if (!group || d.n + group > max)
			return d;
		for (size_t i = 0; i < group; i++)
			d.at[d.n++] = at + i;
		at += group;
		d.len = at;
		d.longest = MAX(d.longest, group);
		if (!s[at] || !strchr(separators, s[at]))
			return d;
		at++;
		if (s[at] && strchr("( ", s[at])) /* "+62 (812) …" */
			at++;
	}
}

static size_t take_nik(char *at)
{
	struct digits d = gather(at, NIK_DIGITS, " .-");

	if (d.n != NIK_DIGITS || is_digit(at[d.len]))
		return 0;
	if (d.longest > 6 && d.longest < NIK_DIGITS) /* "1764000000000 123": two numbers */
		return 0;
	for (size_t i = NIK_KEEP; i < d.n; i++)
		at[d.at[i]] = '*';
	return d.len;
}

static bool phone_like(const char *digits, size_t n, bool plus)
{
	if (plus)
		return n >= PHONE_MIN;
	if (strncmp(digits, "628", 3) == 0)
		return n >= 10;
	return digits[0] == '0' && digits[1] >= '2' && digits[1] <= '9' && n >= 9 && n <= 14;
}

static size_t take_phone(char *at)
{
	const bool plus = *at == '+';
	struct digits d = gather(at + plus, PHONE_MAX, " .-)");

	if (!d.n || is_digit(at[plus + d.len]) || !phone_like(at + plus, d.n, plus))
		return 0;
	for (size_t i = 0; i + PHONE_KEEP < d.n; i++)
		at[plus + d.at[i]] = '*';
	return plus + d.len;
}

void mask_personal(char *s)
{
	static const struct {
		size_t (*take)(char *);
		bool after_letter; /* "hp0812…"; the others begin only where a word begins */
	} takers[] = {
		{take_id, false},
		{take_named_secret, false},
		{take_email, false},
		{take_token, false},
		{take_nik, true},
		{take_phone, true},
	};
	char before = ' ';

	while (*s) {
		size_t n = 0;

		for (size_t i = 0; !n && !is_digit(before) && i < ARRAY_SIZE(takers); i++)
			if (takers[i].after_letter || !is_word(before))
				n = takers[i].take(s);
		s += n ? n : 1;
		before = s[-1];
	}
}

void mask_line(char *s)
{
	mask_controls(s);
	mask_personal(s);
}
