/* decode: see decode.h. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"

#include "decode.h"
#include "evidence.h"

/* A file of no known type is not stored; what came is in the original. */
static void judge(struct door_file *f, struct message_attachment *a, int64_t most)
{
	a->mime = evidence_type(f->data, f->n);
	a->bytes = (int64_t)f->n;
	a->state = a->mime && (int64_t)f->n <= most ? AS_STORED : AS_REFUSED;
	a->sha256 = a->state == AS_STORED ? f->sha256 : NULL;
	if (a->state == AS_STORED)
		return;
	free(f->data);
	f->data = NULL;
}

static int attachment(const json_t *v, struct door_file *f, struct message_attachment *a,
	int64_t most, struct err *e)
{
	const char *content = json_str(v, "content");
	size_t n = content ? strlen(content) : 0;
	int r = plain_text(v, "name", &a->name, e);

	if (r == 0)
		r = plain_text(v, "id", &a->id, e);
	if (r)
		return r;
	if (!n)
		return err_set(e, -EINVAL,
			"each of \"attachments\" must have its bytes as base64 in \"content\"");
	f->data = xmalloc(n);
	if (base64_decode(content, n, f->data, &f->n) || f->n == 0)
		return err_set(e, -EINVAL, "\"content\" of an attachment is not base64");
	sha256_hex(f->data, f->n, f->sha256);
	if (!a->id || !*a->id) {
		snprintf(f->id, sizeof(f->id), "sha256:%s", f->sha256);
		a->id = f->id;
	}
	judge(f, a, most);
	return 0;
}

static int attachments(struct door_doc *doc, int64_t most, struct message *m, struct err *e)
{
	const json_t *list;
	size_t n;
	int r = plain_list(doc->plain.root, &list, &n, e);

	if (r || n == 0)
		return r;
	doc->attachments = xcalloc(n, sizeof(*doc->attachments));
	doc->files = xcalloc(n, sizeof(*doc->files));
	doc->n = n;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = attachment(
			json_array_get(list, i), &doc->files[i], &doc->attachments[i], most, e);
	m->attachments = doc->attachments;
	m->n_attachments = n;
	return r;
}

/* What message_build could not take is said here, while the client listens. */
static int check_sizes(struct door_doc *doc, const struct message *m, struct err *e)
{
	if (strlen(m->native_id) > DOOR_NATIVE_ID_MAX)
		return err_set(
			e, -EINVAL, "\"native_id\" must be at most %d bytes", DOOR_NATIVE_ID_MAX);
	if (doc->plain.fields &&
		json_dumpb(doc->plain.fields, NULL, 0, JSON_COMPACT) > DOOR_FIELDS_MAX)
		return err_set(e, -EINVAL,
			"\"fields\" and fields unknown here must be at most %d KiB",
			DOOR_FIELDS_MAX / 1024);
	return 0;
}

static int take_channel(struct door_doc *doc, struct message *m, struct err *e)
{
	int r = plain_text(doc->plain.root, "channel", &doc->channel, e);

	json_object_del(doc->plain.fields, "channel"); /* has its own place in a record */
	m->fields = json_object_size(doc->plain.fields) ? doc->plain.fields : NULL;
	return r;
}

int door_decode(const char *p, size_t n, size_t max_bytes, int zone_minutes,
	int64_t attachment_bytes, struct door_doc *doc, struct message *m, struct err *e)
{
	int r;

	*doc = (struct door_doc){0};
	r = plain_decode(p, n, max_bytes, zone_minutes, &doc->plain, m, e);
	if (r == 0)
		r = take_channel(doc, m, e);
	if (r == 0)
		r = check_sizes(doc, m, e);
	if (r == 0)
		r = attachments(doc, attachment_bytes, m, e);
	if (r == 0 && !(m->text && *m->text) && m->n_attachments == 0 && !m->location.set)
		r = err_set(e, -EINVAL,
			"nothing is said: \"text\", \"attachments\" or \"location\" must be there");
	return r ? -EINVAL : 0;
}

void door_doc_free(struct door_doc *doc)
{
	for (size_t i = 0; i < doc->n; i++)
		free(doc->files[i].data);
	free(doc->files);
	free(doc->attachments);
	plain_free(&doc->plain);
	*doc = (struct door_doc){0};
}
