/* attempt_make: the beginning of an attempt: the request of its call is made, its INTENT appended.
 *
 * The whole request is made before the INTENT, which says what it tells (sources, texts cut short,
 * files) and the hash of its content: what is sent later is what the log says. A call that cannot
 * be made gets its INTENT too, and is rejected when that counts, so that the log says why. Files
 * whose bytes are gone are told of as gone; they stop no follow-up.
 * Known gap: a file that goes after this and before its call is found missing by the call only. */
#include <errno.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"

#include "attempt.h"
#include "news.h"

#define PAGE_MAX (4 << 20)

static const char *no_request(struct attempt *a, int rc, const struct err *e)
{
	log_warn("complaint %s: %s cannot be made: %s", a->id, call_kind_name(a->call), e->text);
	return rc == -ENOENT ? "attachment-gone" : "cannot-be-expressed";
}

static void request(struct attempt *a, const struct profile_input *in)
{
	struct err e = {0};
	int r = profile_request(a->site->ep->profile, a->call, in, &a->request, &e);

	if (r)
		a->unsendable = no_request(a, r, &e);
}

static void make_create(struct attempt *a, const struct filing_view *v)
{
	struct profile_file files[FILING_FILES_MAX];
	struct profile_input in = site_input(a->site, a->snapshot);

	in.files = files;
	in.n_files = filing_files(v, files);
	request(a, &in);
	told_by_create(a->snapshot, &a->request.told, files, in.n_files, &a->told);
}

/* Files whose bytes are gone are told of, the others sent. */
static void sift_files(const struct attempt *a, struct news *n)
{
	size_t i = 0;

	while (i < n->is.n_files) {
		_cleanup_close_ int fd = -1;
		struct err e = {0};
		int64_t bytes;
		int r = blob_open_fd(a->lane->fwd->blobs, json_str_or(n->files[i], "sha256", ""),
			&fd, &bytes, &e);

		if (r != -ENOENT && r != -EBADMSG) {
			i++;
			continue;
		}
		log_warn("complaint %s: a file of its follow-up is gone: %s", a->id, e.text);
		news_file_gone(n, i);
	}
}

/* Without a call for it an officer tells it. */
static void make_page(struct attempt *a, const struct profile_input *in)
{
	_cleanup_buf_ struct buf page = BUF_INIT(PAGE_MAX);
	char attempt[LANE_KEY_SIZE];
	struct err e = {0};
	int r;

	lane_key_format(a->intent.term, a->intent.n, attempt);
	r = profile_news_html(a->site->ep->profile, in, attempt, &page, &e);
	if (r) {
		a->unsendable = no_request(a, r, &e);
		return;
	}
	sha256_hex(page.data, page.len, a->request.content_sha256);
	a->page = buf_take(&page);
}

static void make_follow_up(
	struct attempt *a, const struct filing_view *v, const struct filing_step *step)
{
	struct profile_input in = site_input(a->site, a->snapshot);
	struct news *n = xcalloc(1, sizeof *n);

	news_of(v, n);
	sift_files(a, n);
	n->is.part = step->part;
	in.news = &n->is;
	in.remote_id = step->remote_id;
	if (profile_call(a->site->ep->profile, CALL_FOLLOWUP)->present) {
		request(a, &in);
	} else {
		make_page(a, &in);
		a->request.told =
			(struct profile_told){.pieces = n->is.n_pieces, .files = n->is.n_files};
	}
	told_by_news(n, &a->request.told, &a->told);
	free(n);
}

static void make_request(
	struct attempt *a, const struct filing_view *v, const struct filing_step *step)
{
	struct profile_input in = site_input(a->site, a->snapshot);

	if (a->call == CALL_SHEET) {
		told_by_sheet(a->snapshot, &a->told);
	} else if (a->call == CALL_CREATE) {
		make_create(a, v);
	} else if (a->call == CALL_FOLLOWUP) {
		make_follow_up(a, v, step);
	} else {
		in.remote_id = step->remote_id;
		in.attachment = step->attachment;
		request(a, &in);
	}
}

static const char *content_hash(const struct attempt *a)
{
	if (a->unsendable)
		return NULL;
	return a->call == CALL_SHEET ? json_str(a->snapshot, "content_hash")
				     : a->request.content_sha256;
}

/* --- its record --- */

int attempt_start(struct site *s, uint32_t index, const json_t *snapshot,
	const struct filing_step *step, struct err *e)
{
	const struct work *row = worklist_at(&s->lane->work, index);
	struct attempt *a = attempt_new(s->lane, s, row->id);
	const struct filing_view v = site_view(s, row, snapshot);
	struct submission_head h;
	int r;

	a->version = row->version;
	a->call = step->call;
	a->number = step->attempt;
	a->remote_id = step->remote_id;
	a->part = step->part;
	a->snapshot = json_incref((json_t *)(uintptr_t)snapshot);
	if (step->attachment)
		snprintf(a->attachment, sizeof a->attachment, "%s",
			json_str_or(step->attachment, "sha256", ""));
	r = lane_log_next_key(s->lane->log, &a->intent)
		    ? 0
		    : err_set(e, -EAGAIN, "the lane is not owned");
	if (!r) {
		make_request(a, &v, step);
		h = attempt_head(a);
		r = lane_append(s->lane->log, "intent",
			submission_intent(&h, &a->told, content_hash(a)), NULL, e);
	}
	if (r) {
		attempt_drop(a);
		return r;
	}
	a->holds_row = true;
	a->place = true;
	dest_started(&s->gate->brake, s->lane->number);
	a->appended_ms = clock_mono_ms();
	if (call_creates(a->call)) {
		a->created_s = (uint32_t)(clock_wall_ms() / 1000);
		dest_note_create(&s->gate->brake, s->lane->number, a->created_s);
	}
	return 0;
}

int attempt_refuse(struct site *s, uint32_t index, const struct filing_step *step, struct err *e)
{
	const struct work *row = worklist_at(&s->lane->work, index);
	struct attempt *a = attempt_new(s->lane, s, row->id);
	struct submission_head h;
	int r;

	a->state = ATT_REFUSING;
	a->version = row->version;
	a->call = step->call;
	a->number = step->attempt;
	h = attempt_head(a);
	r = lane_append(
		s->lane->log, "refused", submission_refused(&h, step->other, step->why), NULL, e);
	if (r) {
		attempt_drop(a);
		return r;
	}
	a->holds_row = true;
	return 0;
}
