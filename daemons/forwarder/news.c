/* news: see news.h.
 *
 * Guarantee: over all INTENTs whose slots block, each message is told from its begin to its end
 * once, and each file once. Known gaps: an officer's own text that a create had to cut has no
 * message to its name, so its rest is not told (the report says how much was cut); nor is what an
 * officer changed in the seconds between a version's INTENT and its sending. */
#include <string.h>

#include "base/json.h"
#include "core/ids.h"

#include "news.h"

/* --- what is untold --- */

static bool is_deleted(const json_t *complaint, const char *message)
{
	const json_t *s;
	size_t i;

	json_array_foreach (json_object_get(complaint, "sources"), i, s)
		if (strcmp(json_str_or(s, "deletes", ""), message) == 0)
			return true;
	return false;
}

/* Its words within the snapshot's text; 0 bytes: none. */
static const char *words_of(const json_t *complaint, const json_t *source, size_t *ret_bytes)
{
	const char *text = json_str_or(complaint, "text", "");
	const json_t *span = json_object_get(source, "span");
	int64_t start = json_integer_value(json_array_get(span, 0));
	int64_t n = json_integer_value(json_array_get(span, 1)), len = (int64_t)strlen(text);

	*ret_bytes = 0;
	if (json_array_size(span) != 2 || start < 0 || n < 0 || start > len || n > len - start)
		return text;
	*ret_bytes = (size_t)n;
	return text + start;
}

/* A message without words: is there something to say of it? */
static bool speaks(const json_t *complaint, const char *message, bool *ret_place)
{
	const json_t *a;
	size_t i, n = 0, pending = 0;

	json_array_foreach (json_object_get(complaint, "attachments"), i, a) {
		if (strcmp(json_str_or(a, "message", ""), message) != 0)
			continue;
		n++;
		pending += strcmp(json_str_or(a, "state", ""), "pending") == 0;
	}
	*ret_place |= n == 0;
	return n == 0 || pending < n;
}

static bool fill_piece(
	const struct filing_view *v, const json_t *source, struct profile_piece *p, bool *ret_place)
{
	const char *message = json_str_or(source, "message", "");
	uint8_t id[16];
	int64_t told;

	if (uuid_parse(message, id) || json_str(source, "deletes"))
		return false;
	told = ledger_told(v->ledger, v->id, v->destination, v->system, id);
	*p = (struct profile_piece){
		.source = message, .edit = json_str(source, "edits") && told <= 0};
	p->text = words_of(v->complaint, source, &p->bytes);
	if (told == LEDGER_WHOLE || (told > 0 && (uint64_t)told >= p->bytes))
		return false;
	if (told == LEDGER_UNTOLD && !p->bytes)
		return !p->edit && !is_deleted(v->complaint, message) &&
		       speaks(v->complaint, message, ret_place);
	p->from = told > 0 ? (size_t)told : 0;
	while (p->from && p->from < p->bytes && strchr(" \t\r\n", p->text[p->from]))
		p->from++;
	p->text += p->from;
	p->bytes -= p->from;
	return p->bytes > 0;
}

/* Told already, being told, or refused by itself. */
static bool is_file_told(const struct filing_view *v, const struct slot *filing, const char *sha256)
{
	const struct slot *up = ledger_slot(v->ledger, v->id, v->destination, CALL_UPLOAD, sha256);

	if (ledger_told_file(v->ledger, v->id, v->destination, sha256))
		return true;
	if (!up || slot_open(up))
		return false;
	/* Older programs did not list what a create named; it named what was uploaded. */
	return up->state != SLOT_DONE || !(filing->flags & SLOT_F_LISTED);
}

/* Unless the same bytes are in it already, or it is full. */
static void add_file(const json_t **list, size_t *n, const json_t *a)
{
	if (*n == FILING_FILES_MAX)
		return;
	for (size_t i = 0; i < *n; i++)
		if (strcmp(json_str_or(list[i], "sha256", ""), json_str_or(a, "sha256", "")) == 0)
			return;
	list[(*n)++] = a;
}

/* *ret_suspect: the first of those a rejected follow-up carried among others. */
static void add_files(const struct filing_view *v, const struct slot *filing, struct news *n,
	const json_t **ret_suspect)
{
	const json_t *a;
	size_t i;

	json_array_foreach (json_object_get(v->complaint, "attachments"), i, a) {
		const char *sha256 = json_str(a, "sha256");

		if (!sha256 || !profile_follow_up_file(v->profile, a) ||
			is_file_told(v, filing, sha256))
			continue;
		switch (ledger_file_standing(v->ledger, v->id, v->destination, sha256)) {
		case FILE_FINE:
			add_file(n->files, &n->is.n_files, a);
			break;
		case FILE_SUSPECT:
			*ret_suspect = *ret_suspect ? *ret_suspect : a;
			break;
		case FILE_REFUSED:
			add_file(n->refused, &n->is.n_refused, a);
		}
	}
}

static bool has_words(const struct news *n)
{
	for (size_t i = 0; i < n->is.n_pieces; i++)
		if (n->pieces[i].bytes)
			return true;
	return n->is.place;
}

/* Nothing else is left: it goes alone, and shows whether it was the reason. */
static void try_alone(struct news *n, const json_t *suspect)
{
	if (!suspect || n->is.n_files || has_words(n))
		return;
	n->files[n->is.n_files++] = suspect;
	n->is.n_refused = 0; /* said when all have been tried */
}

bool news_of(const struct filing_view *v, struct news *ret)
{
	const struct slot *filing = ledger_filing(v->ledger, v->id, v->destination);
	const json_t *source, *suspect = NULL;
	size_t i;

	memset(ret, 0, sizeof *ret);
	ret->is.pieces = ret->pieces;
	ret->is.files = ret->files;
	ret->is.gone = ret->gone;
	ret->is.refused = ret->refused;
	/* Of what an older program filed, only later versions have news: what it left out of a
	 * report was said there and then. */
	if (!filing || (!(filing->flags & SLOT_F_LISTED) && v->version <= filing->version))
		return false;
	json_array_foreach (json_object_get(v->complaint, "sources"), i, source) {
		if (ret->is.n_pieces == NEWS_PIECES_MAX)
			break;
		ret->is.n_pieces +=
			fill_piece(v, source, &ret->pieces[ret->is.n_pieces], &ret->is.place);
	}
	add_files(v, filing, ret, &suspect);
	try_alone(ret, suspect);
	return ret->is.n_pieces || ret->is.n_files || ret->is.n_refused;
}

void news_file_gone(struct news *n, size_t file)
{
	n->gone[n->is.n_gone++] = n->files[file];
	n->is.n_files--;
	memmove(n->files + file, n->files + file + 1, (n->is.n_files - file) * sizeof(n->files[0]));
}

/* --- what an INTENT says of it --- */

static void add_cut(struct submission_told *t, const char *source, size_t told)
{
	json_t *c = json_object();

	json_set_str(c, "source", source);
	json_set_int(c, "told", (int64_t)told);
	json_array_append_new(t->cut, c);
}

static void told_init(struct submission_told *t)
{
	*t = (struct submission_told){
		.sources = json_array(), .cut = json_array(), .files = json_array()};
}

void told_clear(struct submission_told *t)
{
	json_decref(t->sources);
	json_decref(t->cut);
	json_decref(t->files);
	*t = (struct submission_told){0};
}

/* The first `bytes` of the snapshot's text were told. */
static void tell_sources(const json_t *snapshot, size_t bytes, struct submission_told *ret)
{
	const char *text = json_str_or(snapshot, "text", "");
	const json_t *s;
	size_t i;

	json_array_foreach (json_object_get(snapshot, "sources"), i, s) {
		const char *message = json_str_or(s, "message", ""), *words;
		size_t n, start;

		json_array_append_new(ret->sources, json_str_new(message));
		words = words_of(snapshot, s, &n);
		start = (size_t)(words - text);
		if (bytes != SIZE_MAX && n && start + n > bytes)
			add_cut(ret, message, bytes > start ? bytes - start : 0);
	}
}

void told_by_create(const json_t *snapshot, const struct profile_told *told,
	const struct profile_file *files, size_t n_files, struct submission_told *ret)
{
	told_init(ret);
	tell_sources(snapshot, told->text_bytes, ret);
	for (size_t i = 0; i < n_files; i++)
		json_array_append_new(ret->files, json_str_new(files[i].attachment));
}

void told_by_sheet(const json_t *snapshot, struct submission_told *ret)
{
	const json_t *a;
	size_t i;

	told_init(ret);
	tell_sources(snapshot, SIZE_MAX, ret);
	json_array_foreach (json_object_get(snapshot, "attachments"), i, a)
		if (json_str(a, "sha256"))
			json_array_append_new(ret->files, json_str_new(json_str(a, "sha256")));
}

void told_by_news(
	const struct news *n, const struct profile_told *told, struct submission_told *ret)
{
	size_t begun = told->pieces + (told->bytes > 0);

	told_init(ret);
	for (size_t i = 0; i < begun && i < n->is.n_pieces; i++)
		json_array_append_new(ret->sources, json_str_new(n->pieces[i].source));
	if (told->bytes)
		add_cut(ret, n->pieces[told->pieces].source, told->bytes);
	for (size_t i = 0; i < told->files; i++)
		json_array_append_new(ret->files, json_str_new(json_str(n->files[i], "sha256")));
	for (size_t i = 0; i < n->is.n_gone; i++)
		json_array_append_new(ret->files, json_str_new(json_str(n->gone[i], "sha256")));
	for (size_t i = 0; i < n->is.n_refused; i++)
		json_array_append_new(ret->files, json_str_new(json_str(n->refused[i], "sha256")));
	ret->left_out = n->is.n_gone + n->is.n_refused;
}
