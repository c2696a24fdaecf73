/* book: of one lane: which attachments have their record, which messages still wait for one, and so
 * how far each raw topic is settled.
 *
 * A message is settled when each of its attachments has a record in `media` that Kafka reported; a
 * position is settled when all before it is. Pure but for memory; thread: loop. Known gap: 24 bytes
 * for each attachment ever fetched, read from the lane's whole `media` log at the start. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/idmap.h"
#include "core/muara_conf.h"

struct book_message { /* one that waits */
	struct book_message *next;
	int64_t offset;
	size_t open;	  /* attachments without a record */
	char before[160]; /* id of the record before it: what a commit at it names */
};

struct book_topic {
	char topic[TOPIC_NAME_SIZE];
	struct book_message *first, **end;
	int64_t next;	/* of what was read; -1 = nothing yet */
	char last[160]; /* id of the record before `next` */
	int64_t committed;
	bool paused, held;
};

struct book {
	struct book_topic *topics;
	size_t n_topics;
	struct idmap done; /* 16 bytes: message and index */
};

void book_init(struct book *b, size_t n_topics);
void book_free(struct book *b);
struct book_topic *book_topic(struct book *b, const char *topic); /* NULL: none of ours */

bool book_is_done(const struct book *b, const char *message, size_t index);
void book_set_done(struct book *b, const char *message, size_t index);

/* A record was read: open > 0 of its attachments are to be fetched. The result is valid until
 * open is 0 and book_settled was called; NULL when open is 0. */
struct book_message *book_read(struct book_topic *t, int64_t offset, const char *id, size_t open);
/* How far all is settled: the next offset, -1 = nothing; frees what is behind it. *ret_id: what the
 * commit names. */
int64_t book_settled(struct book_topic *t, const char **ret_id);
