/* screening: see screening.h. Text -> tokens (folded) -> phrases, words, and what takes a word's
 * danger away. The tables are in screening_words.h.
 *
 * The highest verdict of all that is found counts; a suppression (denied, drill, past) takes away
 * one word at its place, never another one of the same text. */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/utf8.h"
#include "base/util.h"
#include "core/screening.h"
#include "core/screening_words.h"

#define TOKEN_SIZE     40    /* a longer word is cut; nothing in the tables is that long */
#define TOKENS_MAX     40000 /* more than MESSAGE_TEXT_MAX can hold */
#define SUBSTRING_MIN  6     /* shorter roots are not looked for inside other words */
#define PAST_YEAR_LAST 2024  /* no clock here: only what was past when this was written is past */
#define PAST_REACH     6     /* words between a danger and its year */

struct token {
	char word[TOKEN_SIZE];	 /* folded, letters never doubled */
	char joined[TOKEN_SIZE]; /* with the tokens behind it that only dots part from it; or "" */
	bool clause;		 /* a clause begins here */
	bool glued;		 /* only a dot, hyphen, star or underscore parts it from the last */
	bool cried;		 /* "tolooong" */
};
struct tokens {
	struct token *v;
	size_t n;
};

/* --- folding --- */

/* Case, accents, full-width and mathematical letters, invisible characters; never NULL. */
static char *fold_characters(const char *text)
{
	_cleanup_free_ char *whole = utf8_repair(text, strlen(text), NULL, NULL);
	utf8proc_uint8_t *out = NULL;
	utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)whole, 0, &out,
		UTF8PROC_NULLTERM | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
			UTF8PROC_STRIPMARK | UTF8PROC_IGNORE);

	return n < 0 ? TAKE_PTR(whole) : (char *)out;
}

static bool word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool has_letter(const char *s)
{
	while (*s && digit(*s))
		s++;
	return *s != '\0';
}

/* Letters that stand doubled or more become one; `cried` tells of three and more. Digits stay. */
static void squeeze(const char *p, size_t n, struct token *t)
{
	size_t w = 0, run = 0;

	for (size_t i = 0; i < n && w < TOKEN_SIZE - 1; i++) {
		run = i && p[i] == p[i - 1] ? run + 1 : 1;
		if (run >= 3 && !digit(p[i]))
			t->cried = true;
		if (run == 1 || digit(p[i]))
			t->word[w++] = p[i];
	}
	t->word[w] = '\0';
}

/* "kebak4ran": digits between letters stand for letters; 1 is i or l. A 2 at the end doubles the
 * word ("tolong2") and goes. */
static void unleet(const char *in, char one, char out[TOKEN_SIZE])
{
	static const char from[] = "034579", to[] = "oeastg";
	size_t n = strlen(in), w = 0;

	if (n > 1 && in[n - 1] == '2')
		n--;
	for (size_t i = 0; i < n; i++) {
		const char *hit = strchr(from, in[i]);
		char c = in[i] == '1' ? one : hit ? to[hit - from] : in[i];

		if (!w || out[w - 1] != c)
			out[w++] = c;
	}
	out[w] = '\0';
}

/* --- tokens --- */

struct gap { /* what parts a token from the last */
	bool clause, glue;
	size_t n;
};

static void see_gap(struct gap *g, char c)
{
	g->n++;
	g->glue = g->n == 1 && strchr(".-*_", c);
	if (strchr(".,!?;:()\n", c))
		g->clause = true;
}

static void split(const char *s, struct tokens *t)
{
	struct gap gap = {.clause = true};
	size_t cap = 0;

	while (*s && t->n < TOKENS_MAX) {
		size_t len = 0;

		if (!word_char(*s)) {
			see_gap(&gap, *s++);
			continue;
		}
		while (word_char(s[len]))
			len++;
		if (t->n == cap)
			t->v = xrealloc(t->v, (cap = cap ? 2 * cap : 64) * sizeof(*t->v));
		t->v[t->n] = (struct token){.clause = gap.clause, .glued = t->n && gap.glue};
		squeeze(s, len, &t->v[t->n++]);
		s += len;
		gap = (struct gap){0};
	}
}

/* "k.e.b.a.k.a.r.a.n", "t o l o n g", "keba-karan": the parts together are looked at too. */
static void join(struct tokens *t)
{
	for (size_t i = 0; i < t->n; i++) {
		bool spelled = strlen(t->v[i].word) == 1;
		struct token out = {0};
		size_t k = i, parts = 0, w = 0;

		for (; k < t->n && parts < TOKEN_SIZE && w < TOKEN_SIZE - 1; k++, parts++) {
			const char *word = t->v[k].word;
			bool one = strlen(word) == 1;

			if (k > i && !t->v[k].glued && !(spelled && one))
				break;
			for (; *word && w < TOKEN_SIZE - 1; word++)
				if (!w || out.joined[w - 1] != *word)
					out.joined[w++] = *word;
		}
		if (parts > 1)
			memcpy(t->v[i].joined, out.joined, sizeof(out.joined));
	}
}

/* --- words of the tables --- */

/* As squeeze, for a word of the tables. */
static bool same_word(const char *token, const char *table)
{
	for (; *token && *table; token++) {
		if (*token != *table)
			return false;
		for (table++; *table && *table == table[-1];)
			table++;
	}
	return !*token && !*table;
}

static bool in_list(const char *word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (same_word(word, list[i]))
			return true;
	return false;
}
#define IN_LIST(word, list) in_list((word), (list), ARRAY_SIZE(list))

static bool suffixes_only(const char *s)
{
	static const char *const suffixes[] = {"nya", "lah", "kah", "pun", "kan", "an", "in", "ne",
		"ku", "mu", "i", "e", "ane", "iki", "iku", "wi"};

	if (!*s)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		size_t n = strlen(suffixes[i]);

		if (strncmp(s, suffixes[i], n) == 0 && suffixes_only(s + n))
			return true;
	}
	return false;
}

static bool prefixes_only(const char *s, size_t n)
{
	static const char *const prefixes[] = {"di", "ke", "ter", "ber", "me", "mem", "men", "meng",
		"nge", "ng", "pe", "pem", "pen", "peng", "per", "se", "tak", "ku", "kau", "sa"};

	if (!n)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t k = strlen(prefixes[i]);

		if (k <= n && strncmp(s, prefixes[i], k) == 0 && prefixes_only(s + k, n - k))
			return true;
	}
	return false;
}

/* The root as the tokens have it: letters never doubled. */
static void squeezed_root(const char *root, char out[TOKEN_SIZE])
{
	size_t w = 0;

	for (; *root && w < TOKEN_SIZE - 1; root++)
		if (!w || out[w - 1] != *root)
			out[w++] = *root;
	out[w] = '\0';
}

/* What stands behind a root; its last letter may be the suffix's first ("kebakara[n]nya"). */
static bool suffixed(const char *behind)
{
	return suffixes_only(behind) || suffixes_only(behind - 1);
}

enum fit { FIT_NONE, FIT_INSIDE, FIT_WORD };

/* The letters a to z that occur in it: a word without all the letters of a root does not hold the
 * root, which spares almost every search. */
static uint32_t letters_of(const char *s)
{
	uint32_t set = 0;

	for (; *s; s++)
		if (*s >= 'a' && *s <= 'z')
			set |= UINT32_C(1) << (*s - 'a');
	return set;
}

static struct root { /* of the danger word with the same index */
	char squeezed[TOKEN_SIZE];
	uint32_t letters;
} roots[ARRAY_SIZE(danger_words)];

static void make_roots(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(danger_words); i++) {
		squeezed_root(danger_words[i].root, roots[i].squeezed);
		roots[i].letters = letters_of(roots[i].squeezed);
	}
}

static enum fit fits(const char *token, const struct danger_word *d, const char *root)
{
	const char *at = strstr(token, root);
	size_t n;

	if (!at)
		return FIT_NONE;
	n = strlen(root);
	if (at == token && (!at[n] || (d->affixes != AFF_NONE && suffixed(at + n))))
		return FIT_WORD;
	if (d->affixes == AFF_ALL && prefixes_only(token, (size_t)(at - token)) && suffixed(at + n))
		return FIT_WORD;
	return d->strong && n >= SUBSTRING_MIN ? FIT_INSIDE : FIT_NONE;
}

static void better(
	struct screening *s, enum screening_verdict v, const char *rule, const char *word)
{
	if (v > s->verdict || !s->word)
		*s = (struct screening){v, rule, word};
}

/* One spelling of a token against the table. */
static void look_up(const char *spelling, struct screening *found)
{
	uint32_t letters = letters_of(spelling);

	for (size_t i = 0; i < ARRAY_SIZE(danger_words); i++) {
		const struct danger_word *d = &danger_words[i];
		enum fit fit;

		if (roots[i].letters & ~letters)
			continue;
		fit = fits(spelling, d, roots[i].squeezed);
		if (fit == FIT_WORD && d->strong)
			better(found, SCREEN_EMERGENCY, "word", d->root);
		else if (fit != FIT_NONE)
			better(found, SCREEN_UNSURE, "weak-word", d->root);
	}
}

static struct screening word_at(const struct token *t)
{
	struct screening found = {0};
	char other[TOKEN_SIZE];

	look_up(t->word, &found);
	if (*t->joined)
		look_up(t->joined, &found);
	if (strpbrk(t->word, "0123456789") && has_letter(t->word)) {
		unleet(t->word, 'i', other);
		look_up(other, &found);
		unleet(t->word, 'l', other);
		look_up(other, &found);
		if (same_word(other, "tolong"))
			better(&found, SCREEN_UNSURE, "weak-word", "tolong");
	}
	/* "tolong" is "please"; drawn out it is a cry */
	if (t->cried && (same_word(t->word, "tolong") || same_word(t->word, "tulung")))
		better(&found, SCREEN_UNSURE, "weak-word", "tolong");
	return found;
}

/* --- phrases --- */

/* One word of a phrase, perhaps with -nya or -ne. */
static bool phrase_word(const char *token, const char *part)
{
	char bare[TOKEN_SIZE];
	size_t n;

	squeezed_root(part, bare);
	n = strlen(bare);
	return strncmp(token, bare, n) == 0 &&
	       (!token[n] || strcmp(token + n, "nya") == 0 || strcmp(token + n, "ne") == 0);
}

/* Tokens it takes at t->v[i], 0 = it does not stand there. Clauses part phrases, but a comma
 * between cries ("tolong, tolong") does not. */
static size_t phrase_at(const struct tokens *t, size_t i, const char *words)
{
	size_t k = i;
	bool cry;

	if (*words != *t->v[i].word)
		return 0;
	cry = same_word(t->v[i].word, "tolong") || same_word(t->v[i].word, "tulung");
	while (*words) {
		size_t n = strcspn(words, " "), len = MIN(n, (size_t)TOKEN_SIZE - 1);
		char part[TOKEN_SIZE];

		if (k >= t->n || (k > i && t->v[k].clause && !cry))
			return 0;
		memcpy(part, words, len);
		part[len] = '\0';
		if (!phrase_word(t->v[k++].word, part))
			return 0;
		words += n + (words[n] == ' ');
	}
	return k - i;
}

/* The longest phrase at i; NULL when there is none. */
static const struct danger_phrase *find_phrase(const struct tokens *t, size_t i, size_t *ret_n)
{
	const struct danger_phrase *best = NULL;

	*ret_n = 0;
	for (size_t k = 0; k < ARRAY_SIZE(danger_phrases); k++) {
		size_t n = phrase_at(t, i, danger_phrases[k].words);

		if (n > *ret_n) {
			*ret_n = n;
			best = &danger_phrases[k];
		}
	}
	return best;
}

/* --- what takes the danger away --- */

static bool follows_in(const struct tokens *t, size_t i, const char *const *list, size_t n)
{
	return i + 1 < t->n && !t->v[i + 1].clause && in_list(t->v[i + 1].word, list, n);
}

static bool denied(const struct tokens *t, size_t i)
{
	size_t k = i;

	if (follows_in(t, i, denial_breakers, ARRAY_SIZE(denial_breakers)))
		return false;
	while (k > 0 && i - k < 2 && !t->v[k].clause && IN_LIST(t->v[k - 1].word, denial_fillers))
		k--;
	return k > 0 && !t->v[k].clause && IN_LIST(t->v[k - 1].word, denials);
}

static size_t clause_begin(const struct tokens *t, size_t i)
{
	while (i > 0 && !t->v[i].clause)
		i--;
	return i;
}

static size_t clause_end(const struct tokens *t, size_t i)
{
	for (i++; i < t->n && !t->v[i].clause;)
		i++;
	return i;
}

static bool drill(const struct tokens *t, size_t i)
{
	size_t k = i, end = clause_end(t, i);

	for (size_t a = clause_begin(t, i); a < end; a++)
		if (IN_LIST(t->v[a].word, drill_breakers))
			return false;
	while (k > 0 && i - k < 3 && !t->v[k].clause && IN_LIST(t->v[k - 1].word, drill_fillers))
		k--;
	return k > 0 && !t->v[k].clause && IN_LIST(t->v[k - 1].word, drills);
}

static bool past_year(const char *word)
{
	int64_t year;

	return strlen(word) == 4 && parse_i64(word, 1900, PAST_YEAR_LAST, &year) == 0;
}

/* "tahun 2019" or "3 tahun (yang) lalu|silam" at k. */
static bool long_past_at(const struct tokens *t, size_t k, size_t end)
{
	static const char *const year_words[] = {"tahun", "thn", "taun", "th"};
	static const char *const ago[] = {"lalu", "silam", "kepungkur"};
	static const char *const since[] = {"sejak", "dari", "mulai", "semenjak", "wiwit"};
	size_t next = k + 1;

	if (!IN_LIST(t->v[k].word, year_words) || next >= end)
		return false;
	if (past_year(t->v[next].word))
		return k == 0 || t->v[k].clause || !IN_LIST(t->v[k - 1].word, since);
	if (k == 0 || !digit(t->v[k - 1].word[0]) || strcmp(t->v[k - 1].word, "1") == 0)
		return false;
	if (same_word(t->v[next].word, "yang") || same_word(t->v[next].word, "yg"))
		next++;
	return next < end && IN_LIST(t->v[next].word, ago);
}

static bool long_past(const struct tokens *t, size_t i)
{
	size_t begin = clause_begin(t, i), end = clause_end(t, i);
	bool found = false;

	for (size_t k = begin; k < end; k++) {
		if (k != i && IN_LIST(t->v[k].word, present_signs) &&
			!(k + 1 == i && same_word(t->v[k].word, "sejak")))
			return false;
		if ((k > i ? k - i : i - k) <= PAST_REACH && long_past_at(t, k, end))
			found = true;
	}
	return found;
}

/* --- verdict --- */

static struct screening judge_word(const struct tokens *t, size_t i)
{
	struct screening s = word_at(&t->v[i]);

	if (s.verdict == SCREEN_NONE)
		return s;
	if (denied(t, i))
		return (struct screening){SCREEN_NONE, "denied", s.word};
	if (drill(t, i))
		return (struct screening){SCREEN_NONE, "drill", s.word};
	if (long_past(t, i))
		return (struct screening){SCREEN_NONE, "past", s.word};
	return s;
}

static struct screening judge_text(const char *text)
{
	_cleanup_free_ char *folded = fold_characters(text);
	struct screening best = {SCREEN_NONE, "nothing", NULL};
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct tokens t = {0};

	pthread_once(&once, make_roots);
	split(folded, &t);
	join(&t);
	for (size_t i = 0, step; i < t.n && best.verdict != SCREEN_EMERGENCY; i += step) {
		const struct danger_phrase *p = find_phrase(&t, i, &step);
		struct screening s =
			p ? (struct screening){p->verdict, "phrase", p->words} : judge_word(&t, i);

		step = p ? step : 1;
		if (s.word)
			better(&best, s.verdict, s.rule, s.word);
	}
	free(t.v);
	return best;
}

struct screening screen_text(const char *text, enum call_class call)
{
	struct screening s;

	switch (call) {
	case CC_EMERGENCY:
		return (struct screening){SCREEN_EMERGENCY, "call-type", NULL};
	case CC_GHOST:
	case CC_PRANK:
	case CC_DROPPED:
	case CC_TEST: /* an operator heard the call */
		return (struct screening){SCREEN_NONE, "call-type", NULL};
	case CC_NONE:
	case CC_NORMAL:
	case CC_INFORMATION:
	case CC_UNKNOWN:
	case CC_COUNT_:
		break;
	}
	s = judge_text(text ? text : "");
	if (call == CC_UNKNOWN && s.verdict == SCREEN_NONE)
		return (struct screening){SCREEN_UNSURE, "unmapped-call-type", NULL};
	return s;
}
