/* x_page: one answer of the X API (mentions, recent search, direct messages) -> messages. Pure.
 *
 * Shapes: docs.x.com, "Fundamentals / Data dictionary", "Posts / Timelines", "Posts / Search /
 * Paginate", "Direct messages / Lookup". A page is whole or it is refused: a body that was cut, or
 * is no JSON, gives nothing, and the caller asks again. Inside a whole page each element is decoded
 * by itself: a bad one becomes an undecodable message and never loses its neighbours. What becomes
 * of what:
 *
 *   a post, a reply, a quote; MessageCreate                   -> class human
 *   a retweet; ParticipantsJoin, ParticipantsLeave            -> class system
 *   what the account wrote itself                             -> class echo
 *   an element of a kind that is not known                    -> class unknown
 *   an element without a usable id, or broken                 -> class undecodable
 *
 * Ids are 64 bits and come as text; they are never numbers in JSON here. The text of a long post is
 * in note_tweet, `text` holds its beginning. An edit has an id of its own; the id of a message is
 * that of the first of edit_history_tweet_ids, so that all versions belong together. X escapes & <
 * > in texts; they are put back. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/jsonspan.h"
#include "core/message.h"

#define X_PAGE_MAX  (8 * 1024 * 1024) /* bytes of an answer */
#define X_ITEMS_MAX 1000	      /* elements of a page; X gives 100 */
#define X_ID_SIZE   21		      /* digits of 64 bits */
#define X_TOKEN_MAX 512
#define X_MEDIA_MAX 16

struct x_page {
	struct span items[X_ITEMS_MAX]; /* of the body, newest first as X gives them */
	size_t n_items;
	bool has_meta;			/* an answer without it is no page of a list */
	size_t n_errors;		/* partial errors beside the data */
	uint64_t newest;		/* of meta, 0: none */
	char next_token[X_TOKEN_MAX];	/* "": the last page */
	json_t *users, *media, *places; /* id -> element of includes */
};
/* Borrows `body`. -EINVAL: no page; *ret is empty then. */
int x_page_read(const char *body, size_t len, struct x_page *ret, struct err *e);
void x_page_free(struct x_page *p);

struct x_post {		    /* storage of one message */
	struct message m;   /* borrowed pointers into here, the page and the body */
	uint64_t id, first; /* of this version and of the first one; 0 undecodable */
	json_t *item, *fields;
	struct buf text;
	char native[SHA256_HEX_SIZE + 32], revision[X_ID_SIZE], place[64], reply_to[X_ID_SIZE + 8];
	struct message_attachment media[X_MEDIA_MAX];
};
/* Element `i` as a message of kind message under the id of its first version. `own_id` is the
 * account's user id. `base` as for source_message. Never fails. */
void x_page_post(const struct x_page *p, size_t i, const char *own_id, const struct message *base,
	struct x_post *ret);
/* The same as an edit of the first version. */
void x_post_is_edit(struct x_post *post);
void x_post_free(struct x_post *post);

/* 1 to 19 digits, not 0; -EINVAL else. */
int x_id_parse(const char *s, uint64_t *ret);
/* Ids tell their time: ms since the epoch of X in the upper 42 bits ("Fundamentals / X IDs"). */
#define X_ID_TIME_BIT 22
int64_t x_ms_of_id(uint64_t id);
