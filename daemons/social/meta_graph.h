/* meta_graph: Graph API edges as a table: what is asked, and what an answer's items are. Pure.
 *
 * Sources: developers.facebook.com, Graph API reference of Page feed edges (tagged, visitor_posts,
 * published_posts), comments (filter=stream: without it replies are missing), conversations and
 * messages, Instagram media, comments with replies, tags; "Paging results" (a page may be empty and
 * still have a next one; cursors are not stored); Instagram "mentions". Only fields these pages
 * name are asked for: one that does not exist fails the whole call.
 *
 * A webhook and a poll give the same message the same id, and, as far as the API lets them, the
 * same text and attachments; links differ and are no part of either. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/jsonspan.h"
#include "core/message.h"

#include "meta_decode.h"
#include "meta_fields.h"

enum meta_edge {
	ME_TAGGED,	/* of a page: posts of others that tag it */
	ME_VISITOR,	/* posts of others on it */
	ME_PUBLISHED,	/* its own: only their comments are carried */
	ME_COMMENTS,	/* of a post */
	ME_CHATS,	/* conversations of a page on Messenger */
	ME_IG_CHATS,	/* and on Instagram; of the account when there is no page */
	ME_MESSAGES,	/* of a conversation */
	ME_IG_MEDIA,	/* an account's own: only their comments are carried */
	ME_IG_COMMENTS, /* of a medium, with their first replies */
	ME_IG_REPLIES,	/* the further replies to a comment */
	ME_IG_TAGS,	/* media of others that tag it */
	ME_COUNT
};
const char *meta_edge_name(enum meta_edge e);
/* "/ID/edge?fields=…"; `since_ms` is sent where the edge takes one (0: never); `next`: the query of
 * the page before (meta_page), instead. NULL: the id is none we would put into a URL. Caller frees.
 */
char *meta_edge_path(enum meta_edge e, const char *id, int64_t since_ms, const char *next);

/* --- one page of an edge --- */

struct meta_page {
	enum meta_edge edge;
	char *body; /* owned */
	char *next; /* query of the next page without token; NULL: this is the last */
	struct json_span_iter items, replies;
	bool in_replies;
};
/* `body` is taken over in any case. -EINVAL: no list of data, or a paging that cannot be read (the
 * end would be taken for granted): the call is made again. */
int meta_page_open(enum meta_edge e, char *body, size_t len, struct meta_page *ret);
void meta_page_close(struct meta_page *p);
/* 1: an item, also the replies inside comments; 0: the end; -EINVAL: broken here. */
int meta_page_next(struct meta_page *p, struct span *ret);

struct meta_item {
	bool carried;	  /* `m` is a message of somebody */
	struct message m; /* borrows from `s` and `json` */
	struct meta_scratch s;
	json_t *json;
	int64_t time_ms;      /* of the item; 0: unknown */
	enum meta_edge child; /* what to ask for of it; ME_COUNT: nothing */
	const char *child_id;
};
/* `parent`: id the edge was asked of. An item that cannot be decoded is carried as undecodable. */
void meta_item_decode(const struct meta_page *p, const char *parent, struct span bytes,
	const struct meta_rules *rules, const struct message *base, struct meta_item *ret);
void meta_item_free(struct meta_item *i);

/* --- completing what a webhook told by ids only --- */

struct meta_fetch { /* fields.fetch of a notice */
	char *what, *id, *media, *revision;
};
/* NULL: it is no notice, or one this version does not know. Caller frees with meta_fetch_free. */
struct meta_fetch *meta_fetch_of(const json_t *fields);
void meta_fetch_free(struct meta_fetch *f);
char *meta_fetch_path(const struct meta_fetch *f, const struct meta_rules *rules);
/* The message the notice was about: `base` with native id and revision. */
void meta_fetch_message(const struct meta_fetch *f, struct message *m);
/* false: there is nothing in it (a private owner): as good as gone. */
bool meta_fetch_decode(const struct meta_fetch *f, const char *body, size_t len,
	const struct meta_rules *rules, const struct message *base, struct meta_item *ret);
