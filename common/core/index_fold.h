/* index_fold: what one counted record changes in the index. Pure: no clock, no rules, no reads
 * (lane rule 14), so that any owner at any time folds the same logs into the same index.
 *
 * Operations are a JSON array of arrays of strings: ["set",key,value], ["del",key],
 * ["hset",key,field,value], ["hdel",key,field], ["zadd",key,score,member], ["zrem",key,member],
 * ["sadd",key,member], ["srem",key,member]. Keys carry ids only, never a person's data:
 *
 *   a/<message>       absorbed: {"hash","at":"term/n","place","ref","topic","partition","offset"}
 *   k/<ticket>        the message that ticket was given for (the newest of them: 2^-45 a pair)
 *   b/<type>/<input>  absorbed command, media or submission: "term/n"
 *   c/<complaint>     newest snapshot
 *   v/<conversation>  its newest complaint
 *   w/<message>       hash: edits, deletions and media that came before that message
 *   t                 sorted set: "<complaint>/<kind>" by due time in ms
 *   s/<set>           sets of complaints: open held review emergency
 *   f/<complaint>     hash of its filings: attempt, and attempt:outcome; status:<destination>, what
 *                     was read of the report there
 *   r                 hash of refused filings, "term/n" -> record; absorbed ones have
 * b/submission/…
 *
 * No key is written by both logs, so how the two interleave does not matter. Known gap: `r` only
 * grows (one small entry a refusal). */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define INDEX_FORMAT   3
#define INDEX_KEY_SIZE 320

/* Caller owns. Records of no concern (genesis, takeover) give an empty array. */
json_t *index_fold(const json_t *record);

const char *index_key(char out[INDEX_KEY_SIZE], const char *kind, const char *id);
bool index_key_is_hash(const char *key);

/* Is something of this complaint filed, being filed, or possibly filed? `filings` is the hash
 * f/<complaint> or JSON null. State of an attempt: lane rule 17. */
bool index_filed(const json_t *filings);

/* The index that these operations make of an empty one, as text: for tests and `index_dump`. */
struct index_model;
struct index_model *index_model_new(void);
void index_model_free(struct index_model *m);
void index_model_apply(struct index_model *m, const json_t *ops);
int index_model_dump(const struct index_model *m, struct buf *out);
