/* quote_trim: see quote_trim.h. The text is split into lines; each rule marks lines as left out. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/util.h"

#include "quote_trim.h"

#define SIGNATURE_LINES	    15
#define CLOSING_LINES	    4
#define CLOSING_LINE_MAX    40
#define ATTRIBUTION_LINES   3 /* mailers break "Pada … menulis:" */
#define HEADER_BLOCK_LINES  8
#define HEADER_BLOCK_LABELS 3

struct lines {
	struct line {
		const char *p;
		size_t n; /* without blanks at the end */
		bool gone;
	} * v;
	size_t n;
};

static void split(const char *text, struct lines *l)
{
	size_t cap = 1;

	for (const char *p = text; *p; p++)
		cap += *p == '\n';
	l->v = xcalloc(cap, sizeof(*l->v));
	for (const char *p = text; l->n < cap; p++) {
		size_t n = strcspn(p, "\n"), len = n;

		while (len && isspace((unsigned char)p[len - 1]))
			len--;
		l->v[l->n++] = (struct line){p, len, false};
		p += n;
		if (!*p)
			break;
	}
}

static const char *start(const struct line *l, size_t *ret_n)
{
	size_t i = 0;

	while (i < l->n && isspace((unsigned char)l->p[i]))
		i++;
	*ret_n = l->n - i;
	return l->p + i;
}

static bool begins(const struct line *l, const char *word)
{
	size_t n, len = strlen(word);
	const char *p = start(l, &n);

	return n >= len && strncasecmp(p, word, len) == 0;
}

static bool ends(const struct line *l, const char *word)
{
	size_t len = strlen(word);

	return l->n >= len && strncasecmp(l->p + l->n - len, word, len) == 0;
}

static bool begins_any(const struct line *l, const char *const *words)
{
	for (; *words; words++)
		if (begins(l, *words))
			return true;
	return false;
}

static bool quoted(const struct line *l)
{
	size_t n;
	const char *p = start(l, &n);

	return n && (*p == '>' || *p == '|') && (n == 1 || p[1] == ' ' || p[1] == '>' || *p == '>');
}

static size_t next_line(const struct lines *l, size_t i)
{
	while (i < l->n && (!l->v[i].n || l->v[i].gone))
		i++;
	return i;
}

static void cut_from(struct lines *l, size_t i)
{
	for (; i < l->n; i++)
		l->v[i].gone = true;
}

/* --- history --- */

static const char *const forward_marks[] = {"---------- Forwarded message",
	"---------- Pesan terusan", "---------- Pesan yang diteruskan", "----- Forwarded",
	"----- Pesan Diteruskan", "-----Pesan Terusan", "Begin forwarded message",
	"Mulai pesan yang diteruskan", NULL};
static const char *const history_marks[] = {"-----Original Message", "----- Original Message",
	"-----Pesan Asli", "----- Pesan Asli", "--- Pesan Asli", "-------- Original message",
	"-------- Pesan asli", "-------- Original Message", "----Pesan asli", NULL};

static bool has_any(const struct lines *l, const char *const *words)
{
	for (size_t i = 0; i < l->n; i++)
		if (begins_any(&l->v[i], words))
			return true;
	return false;
}

/* "Pada Sen, 3 Jan 2026 pukul 10.00 Budi <…> menulis:", in up to three lines. Lines taken, or 0. */
static size_t attribution(const struct lines *l, size_t i)
{
	static const char *const begin[] = {
		"Pada ", "On ", "Tanggal ", "Dalam ", "Op ", "Le ", NULL};
	static const char *const end[] = {
		"menulis:", "menulis :", "wrote:", "wrote :", "berkata:", "mengatakan:", NULL};
	size_t k;

	if (!begins_any(&l->v[i], begin))
		return 0;
	for (k = i; k < l->n && k < i + ATTRIBUTION_LINES && l->v[k].n; k++)
		for (const char *const *e = end; *e; e++)
			if (ends(&l->v[k], *e))
				return k - i + 1;
	return 0;
}

/* "Dari: … Dikirim: … Kepada: … Perihal:" as Outlook puts over what it quotes. */
static bool header_block(const struct lines *l, size_t i)
{
	static const char *const first[] = {"Dari:", "From:", "*Dari:", "*From:", "Dari :", NULL};
	static const char *const labels[] = {"Dikirim:", "Sent:", "Date:", "Tanggal:", "Kepada:",
		"Ke:", "To:", "Untuk:", "Cc:", "Perihal:", "Subject:", "Subjek:", "*Dikirim:",
		"*Sent:", "*Kepada:", "*To:", "*Perihal:", "*Subject:", NULL};
	int found = 1;

	if (!begins_any(&l->v[i], first))
		return false;
	for (size_t k = i + 1; k < l->n && k < i + HEADER_BLOCK_LINES; k++)
		found += begins_any(&l->v[k], labels);
	return found >= HEADER_BLOCK_LABELS;
}

static void cut_history(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++) {
		size_t taken = attribution(l, i);

		if (begins_any(&l->v[i], history_marks) || header_block(l, i)) {
			cut_from(l, i);
			return;
		}
		if (!taken)
			continue;
		if (next_line(l, i + taken) < l->n && !quoted(&l->v[next_line(l, i + taken)])) {
			cut_from(l, i); /* the history stands below without a mark */
			return;
		}
		for (size_t k = i; k < i + taken; k++)
			l->v[k].gone = true;
	}
	for (size_t i = 0; i < l->n; i++)
		l->v[i].gone |= quoted(&l->v[i]);
}

/* --- signature --- */

static size_t last_line(const struct lines *l)
{
	size_t i = l->n;

	while (i && (!l->v[i - 1].n || l->v[i - 1].gone))
		i--;
	return i; /* one past */
}

static void cut_device(struct lines *l)
{
	static const char *const marks[] = {"Dikirim dari ", "Sent from ", "Dikirim melalui ",
		"Get Outlook for ", "Dapatkan Outlook untuk ", "Unduh Outlook untuk ", NULL};
	size_t end;

	while ((end = last_line(l)) && begins_any(&l->v[end - 1], marks) && l->v[end - 1].n < 100)
		l->v[end - 1].gone = true;
}

static void cut_signature(struct lines *l)
{
	size_t end = last_line(l);

	for (size_t i = end; i-- > 0 && end - i <= SIGNATURE_LINES;) {
		if (!l->v[i].gone && l->v[i].n == 2 && memcmp(l->v[i].p, "--", 2) == 0) {
			cut_from(l, i);
			return;
		}
	}
}

/* A name, not a place, a number or a sentence. */
static bool name_like(const struct line *l)
{
	if (l->n > CLOSING_LINE_MAX)
		return false;
	for (size_t i = 0; i < l->n; i++)
		if (isdigit((unsigned char)l->p[i]) || strchr(":/@?!;", l->p[i]))
			return false;
	return !begins(l, "jl") && !begins(l, "jalan") && !begins(l, "gang") && !begins(l, "di ");
}

static void cut_closing(struct lines *l)
{
	static const char *const closings[] = {"Salam", "Hormat saya", "Hormat kami",
		"Terima kasih", "Terimakasih", "Matur nuwun", "Wassalam", "Best regards", "Regards",
		"Kind regards", "Thanks", "Thank you", "Sincerely", NULL};
	size_t behind = 0;

	for (size_t i = last_line(l); i-- > 0 && behind <= CLOSING_LINES;) {
		if (l->v[i].gone || !l->v[i].n)
			continue;
		if (begins_any(&l->v[i], closings) && l->v[i].n <= CLOSING_LINE_MAX &&
			name_like(&l->v[i])) {
			cut_from(l, i);
			behind = 0;
			continue;
		}
		if (!name_like(&l->v[i]))
			return;
		behind++;
	}
}

/* --- */

static bool anything_left(const struct lines *l)
{
	return next_line(l, 0) < l->n;
}

/* A rule that would take everything is not applied. */
static void rule(struct lines *l, void (*cut)(struct lines *))
{
	_cleanup_free_ bool *before = xcalloc(l->n + 1, sizeof(*before));

	for (size_t i = 0; i < l->n; i++)
		before[i] = l->v[i].gone;
	cut(l);
	if (anything_left(l))
		return;
	for (size_t i = 0; i < l->n; i++)
		l->v[i].gone = before[i];
}

static char *join(const struct lines *l)
{
	struct buf b = BUF_INIT(SIZE_MAX / 2);
	size_t first = next_line(l, 0), end = last_line(l);
	int blanks = 0;

	for (size_t i = first; i < end; i++) {
		if (l->v[i].gone)
			continue;
		blanks = l->v[i].n ? 0 : blanks + 1;
		if (blanks > 1)
			continue;
		if (b.len)
			buf_addc(&b, '\n');
		buf_add(&b, l->v[i].p, l->v[i].n);
	}
	return b.len ? buf_take(&b) : (buf_free(&b), xstrdup(""));
}

char *quote_trim(const char *text, bool forwarded, bool *ret_cut)
{
	struct lines l = {0};
	char *joined;

	*ret_cut = false;
	split(text, &l);
	if (!forwarded && !has_any(&l, forward_marks)) {
		rule(&l, cut_history);
		rule(&l, cut_device);
		rule(&l, cut_signature);
		rule(&l, cut_device);
		rule(&l, cut_closing);
	}
	for (size_t i = 0; i < l.n; i++)
		*ret_cut |= l.v[i].gone && l.v[i].n;
	joined = join(&l);
	free(l.v);
	return joined;
}
