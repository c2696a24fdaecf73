/* decode: see decode.h. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "daemons/file/decode.h"

#define LINE_MAX_BYTES (8 << 20) /* the window of the drop folder is smaller */

static const char *mime_of_name(const char *name)
{
	static const char *const types[][2] = {{".jpg", "image/jpeg"}, {".jpeg", "image/jpeg"},
		{".png", "image/png"}, {".webp", "image/webp"}, {".pdf", "application/pdf"},
		{".mp4", "video/mp4"}, {".mp3", "audio/mpeg"}, {".ogg", "audio/ogg"},
		{".txt", "text/plain"}};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < ARRAY_SIZE(types); i++)
		if (strcasecmp(dot, types[i][0]) == 0)
			return types[i][1];
	return NULL;
}

static int attachment(const json_t *v, struct message_attachment *a, struct err *e)
{
	int r = plain_text(v, "path", &a->id, e);

	*a = (struct message_attachment){.id = a->id, .state = AS_MISSING, .bytes = -1};
	if (r == 0)
		r = plain_text(v, "name", &a->name, e);
	if (r == 0)
		r = plain_text(v, "mime", &a->mime, e);
	if (r)
		return r;
	if (!a->id || !*a->id)
		return err_set(e, -EINVAL, "each of \"attachments\" must have a \"path\"");
	if (!a->mime)
		a->mime = mime_of_name(a->id);
	return 0;
}

static int attachments(struct file_line *line, struct message *m, struct err *e)
{
	const json_t *list;
	size_t n;
	int r = plain_list(line->plain.root, &list, &n, e);

	if (r)
		return r;
	line->attachments = xcalloc(n, sizeof *line->attachments);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = attachment(json_array_get(list, i), &line->attachments[i], e);
	m->attachments = line->attachments;
	m->n_attachments = n;
	return r;
}

int file_decode(const char *p, size_t n, int zone_minutes, struct file_line *line,
	struct message *m, struct err *e)
{
	struct message filled = *m;
	int r;

	*line = (struct file_line){0};
	r = plain_decode(p, n, LINE_MAX_BYTES, zone_minutes, &line->plain, &filled, e);
	if (r == 0)
		r = attachments(line, &filled, e);
	if (r)
		return r;
	line->n_attachments = filled.n_attachments;
	*m = filled;
	return 0;
}

void file_line_free(struct file_line *line)
{
	plain_free(&line->plain);
	free(line->attachments);
	*line = (struct file_line){0};
}
