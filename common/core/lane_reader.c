/* lane_reader: readers of lane logs they do not own; see lane_log.h. The same view, the same
 * parser, no owner. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"

#include "core/lane_log.h"

struct lane_reader {
	struct lane_view view;
	char *log_name, *installation;
	const char *const *kinds;
	enum lane_ruling ruling;
	int64_t from;
	struct err why; /* of the hold */
};

int lane_reader_new(const struct lane_reader_conf *c, struct lane_reader **ret, struct err *e)
{
	struct lane_reader *r;
	struct lane_view_conf vc;
	int rc = 0;

	if (!lane_log_name_ok(c->log_name))
		return err_set(e, -EINVAL, "%s is not a lane log", c->log_name);
	r = xcalloc(1, sizeof *r);
	r->log_name = xstrdup(c->log_name);
	r->installation = c->installation ? xstrdup(c->installation) : NULL;
	r->kinds = c->kinds;
	vc = (struct lane_view_conf){.log_name = r->log_name,
		.installation = r->installation,
		.lanes = c->lanes,
		.lane = c->lane,
		.compacted = lane_log_compacted(r->log_name)};
	lane_view_init(&r->view, &vc);
	if (c->position)
		rc = lane_view_load(&r->view, c->position, e);
	if (rc) {
		lane_reader_free(r);
		return rc;
	}
	r->from = r->view.check_last ? r->view.last.offset : 0;
	for (int i = 0; i < c->n_marks; i++)
		lane_view_add_mark(&r->view, &c->marks[i]);
	*ret = r;
	return 0;
}

void lane_reader_free(struct lane_reader *r)
{
	if (!r)
		return;
	lane_view_free(&r->view);
	free(r->log_name);
	free(r->installation);
	free(r);
}

int64_t lane_reader_from(const struct lane_reader *r)
{
	return r->from;
}

static void give(
	const struct lane_reader *r, const struct lane_parsed *p, lane_entry_fn *fn, void *ctx)
{
	struct lane_entry en = {.ruling = r->ruling,
		.offset = p->rec.offset,
		.term = p->rec.term,
		.n = p->rec.n,
		.kind = p->rec.kind,
		.body = p->body,
		.mark = r->view.last};

	memcpy(en.writer, p->rec.writer, sizeof en.writer);
	memcpy(en.sha256, p->rec.hash, sizeof en.sha256);
	fn(ctx, &en);
}

int lane_reader_feed(struct lane_reader *r, const struct kafka_record *k, lane_entry_fn *fn,
	void *ctx, struct err *e)
{
	struct lane_parsed p;

	if (!r->view.held) {
		lane_record_parse(
			k->offset, k->key, k->key_len, k->value, k->value_len, r->kinds, &p);
		r->ruling = lane_view_feed(&r->view, &p.rec, &r->why);
		if (p.rec.type == LANE_T_RECORD &&
			(r->ruling == LANE_COUNTS || r->ruling == LANE_LATE))
			give(r, &p, fn, ctx);
		lane_parsed_free(&p);
	}
	return r->view.held ? err_set(e, -EBADMSG, "%s lane %d: %s", r->log_name, r->view.conf.lane,
				      r->why.text)
			    : 0;
}

int lane_reader_eof(struct lane_reader *r, int64_t next_offset, struct err *e)
{
	int rc = r->view.held ? -EBADMSG : lane_view_eof(&r->view, next_offset, &r->why);

	return rc ? err_set(e, rc, "%s lane %d: %s", r->log_name, r->view.conf.lane, r->why.text)
		  : 0;
}

int64_t lane_reader_next(const struct lane_reader *r)
{
	return r->view.next;
}

struct lane_mark lane_reader_mark(const struct lane_reader *r)
{
	return r->view.last;
}

const char *lane_reader_installation(const struct lane_reader *r)
{
	return r->view.installation;
}

enum lane_ruling lane_reader_ruling(const struct lane_reader *r)
{
	return r->ruling;
}

json_t *lane_reader_save(const struct lane_reader *r)
{
	return lane_view_save(&r->view);
}
