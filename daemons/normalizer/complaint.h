/* complaint: the snapshot a decision holds, and what can be done with it. Pure.
 *
 * A snapshot is complete (never a diff); every function below works on a copy made for the next
 * version. Beside the fields of the record's schema a snapshot carries, for its own next version:
 *   sources[].span  [start, bytes] of that source's part of `text`, null when it has none (any
 * more) sources[].edits/deletes  the message this one changed text_set        bytes of an officer's
 * text at the start of `text` title_from      "field", "text", "officer" open_since      when the
 * present quiet period began media_until     it is ready but for attachments, and waits until then
 * held_by         id of the command that holds it after_filing    a filing had begun: what is new
 * is told as a follow-up closed          why it is archived or withdrawn
 * attachments[].reason  why it is missing or refused Times are ms UTC. No function reads a clock.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "rules.h"

/* Version 0 without sources: what the first message says. Caller owns. */
json_t *complaint_new(const json_t *message, const char *id, int64_t now_ms, const struct rules *r);
/* A copy with the next version number, without timers and wanted replies. Caller owns. */
json_t *complaint_next(const json_t *c);

bool complaint_is(const json_t *c, const char *state);
bool complaint_has_reason(const json_t *c, const char *reason);
void complaint_add_reason(json_t *c, const char *reason);
void complaint_add_link(json_t *c, const char *other, const char *reason);
void complaint_want_reply(json_t *c, const char *template_name, const char *cause);
void complaint_set_state(json_t *c, const char *state);
void complaint_close(json_t *c, const char *state, const char *why);

/* Takes the message in: text in sent order, attachments, location, reporter, flags, screening. */
void complaint_add(json_t *c, const json_t *message, const char *id, const char *hash);
/* The message `target`, one of its sources, was edited or deleted by `message`. */
void complaint_edit(
	json_t *c, const json_t *message, const char *id, const char *hash, const char *target);
/* Returns false when nothing of it is left. */
bool complaint_delete(
	json_t *c, const json_t *message, const char *id, const char *hash, const char *target);
bool complaint_has_source(const json_t *c, const char *message);
/* State of one attachment as the media daemon found it; false when there is none of that id, or it
 * is stored already: what is there is never lost again. */
bool complaint_media(json_t *c, const char *message, const json_t *attachment);
/* What an officer filled in. Returns the name of a field that is not allowed or has a wrong type,
 * else NULL. */
const char *complaint_fill(json_t *c, const json_t *fields, const struct rules *r);

/* Would this message still fit? */
bool complaint_full(const json_t *c, const json_t *message, const struct rules *r);

/* After messages: open again for a quiet period, or settled at once (emergency, call, quiet 0). */
void complaint_reopen(
	json_t *c, bool at_once, const char *cause, int64_t now_ms, const struct rules *r);
bool complaint_pending(const json_t *c); /* some attachment is still to be fetched */
/* The quiet period is over: held, review or ready; or, if it would be ready but for pending
 * attachments, open until `media_until`, which is set once. */
void complaint_settle(json_t *c, const char *cause, int64_t now_ms, const struct rules *r);
/* One that is ready is so since now: it has something new. */
void complaint_fresh(json_t *c, int64_t now_ms);
/* A person lets it go: ready, whatever was missing or asked for review. */
void complaint_release(json_t *c, const char *command, int64_t now_ms);
/* content_hash; call it last. */
void complaint_seal(json_t *c);
