/* decide_thread: the complaint that a message names, by our ticket (fields.ticket, which a source
 * found in a subject) or by the message it answers (in_reply_to).
 *
 * A name is a claim that anybody can make who has seen a ticket: it joins only a complaint that the
 * same, proven author writes to already; for everybody else it is a link, for officers to see.
 * Pure, as all of decide. Known gap: a message that comes before the one it answers finds nothing;
 * its conversation decides. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "core/ids.h"

struct ctx;

/* What is looked up; NULL, false: it names none. */
const char *thread_ticket(const json_t *message);
bool thread_reply(const json_t *message, char ret_id[UUID_TEXT_SIZE]);

/* The complaint; the caller owns it. NULL: none, or not known yet. *ret_by: how, a word. */
json_t *thread_named(struct ctx *x, const json_t *message, const char **ret_by);
bool thread_is_of(const json_t *c, const char *conversation); /* its author writes to it already */
bool thread_links(const json_t *c, const json_t *other);      /* it is linked to it, or is it */
