/* profile_attached: which files of a complaint go into its report, and the words for those that do
 * not.
 *
 * Guarantees: the same bytes are uploaded once; whatever is left out is counted under a reason. The
 * reasons are the keys of not_attached. Known gap: a file's type is the one its channel gave or
 * muara-media found; the bytes are not looked at here. */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "core/profile_names.h"

#define FILES_MAX 32 /* highest attachments.max_count */

const char *const not_attached_keys[] = {
	"pending", "missing", "refused", "type", "size", "count", "upload", NULL};

struct taken { /* different files so far */
	const char *sha256[FILES_MAX];
	size_t n;
};

static const char *state_refusal(const json_t *a)
{
	const char *state = json_str_or(a, "state", "missing");

	if (strcmp(state, "stored") == 0 && json_str(a, "sha256"))
		return NULL;
	if (strcmp(state, "pending") == 0 || strcmp(state, "refused") == 0)
		return state[0] == 'p' ? "pending" : "refused";
	return "missing";
}

const char *attachment_refusal(const struct profile *p, const json_t *a)
{
	const char *why = state_refusal(a);

	if (why)
		return why;
	if (p->mime && !json_object_get(p->mime, json_str_or(a, "mime", "")))
		return "type";
	return p->attachment_max_bytes && json_int(a, "bytes", 0) > p->attachment_max_bytes ? "size"
											    : NULL;
}

/* One attachment after those before it; *copy: same bytes as one of them. */
static const char *judge(const struct profile *p, struct taken *t, const json_t *a, bool *copy)
{
	const char *why = attachment_refusal(p, a), *sha256 = json_str(a, "sha256");

	*copy = false;
	if (why)
		return why;
	for (size_t i = 0; i < t->n && !*copy; i++)
		*copy = strcmp(t->sha256[i], sha256) == 0;
	if (*copy)
		return NULL;
	if (t->n == FILES_MAX ||
		(p->attachment_max_count && (int64_t)t->n == p->attachment_max_count))
		return "count";
	t->sha256[t->n++] = sha256;
	return NULL;
}

bool profile_attachment(const struct profile *p, const json_t *complaint, const json_t *attachment)
{
	const json_t *a;
	struct taken t = {0};
	size_t i;
	bool copy;

	json_array_foreach (json_object_get(complaint, "attachments"), i, a) {
		const char *why = judge(p, &t, a, &copy);

		if (a == attachment)
			return !why && !copy;
	}
	return false;
}

static const struct profile_file *uploaded(const struct profile_input *in, const char *sha256)
{
	for (size_t i = 0; sha256 && i < in->n_files; i++)
		if (strcmp(in->files[i].attachment, sha256) == 0)
			return &in->files[i];
	return NULL;
}

/* A sheet's officer finds every stored file in the list of attachments. */
static const char *left_out(const struct render *r, struct taken *t, const json_t *a)
{
	bool copy;
	const char *why;

	if (r->where == IN_NEWS)
		return news_left_out(r, a);
	why = judge(r->p, t, a, &copy);
	if (why || r->where == IN_SHEET || copy)
		return why;
	return uploaded(r->in, json_str(a, "sha256")) ? NULL : "upload";
}

/* The ids of what was uploaded, in the order of the complaint; false when there are none. */
json_t *name_attachments(const struct render *r, const char *name)
{
	const char *form = name_choice(r, r->p->attachments_form);
	_cleanup_buf_ struct buf out = BUF_INIT(RENDER_MAX);
	const json_t *a;
	struct taken t = {0};
	size_t i;
	bool copy;

	json_array_foreach (json_object_get(r->in->complaint, name), i, a) {
		const struct profile_file *f = uploaded(r->in, json_str(a, "sha256"));

		if (!judge(r->p, &t, a, &copy) && !copy && f)
			(void)buf_addf(&out, "%s%" PRIu64, out.len ? "," : "[", f->remote_id);
	}
	if (!out.len)
		return json_false();
	(void)buf_adds(&out, form && strcmp(form, "string_dot") == 0 ? "]." : "]");
	return json_str_new(buf_str(&out));
}

json_t *name_not_attached(const struct render *r, const char *name)
{
	_cleanup_buf_ struct buf out = BUF_INIT(4096);
	long counts[16] = {0};
	const json_t *a;
	struct taken t = {0};
	size_t i;

	(void)name;
	json_array_foreach (json_object_get(r->in->complaint, "attachments"), i, a) {
		const char *why = left_out(r, &t, a);

		for (size_t k = 0; why && not_attached_keys[k]; k++)
			counts[k] += strcmp(not_attached_keys[k], why) == 0;
	}
	for (size_t k = 0; not_attached_keys[k]; k++) {
		char n[24];
		struct render note = *r;
		_cleanup_free_ char *phrase = NULL;

		if (counts[k] == 0)
			continue;
		snprintf(n, sizeof n, "%ld", counts[k]);
		note.note_n = n;
		phrase = render_text(
			&note, json_str_or(r->p->not_attached, not_attached_keys[k], "{{n}}"));
		if (!phrase)
			return NULL;
		(void)buf_addf(&out, "%s%s", out.len ? ", " : "", phrase);
	}
	return name_text(buf_str(&out));
}
