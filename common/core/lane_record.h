/* lane_record: lane records as bytes: JSON value and Kafka key <-> struct lane_rec, the bodies of
 * genesis and takeover, and a view's stored position.
 *
 * A counted record may carry "erased": ["4/17", …]: the keys whose values it allows to be removed
 * (rule 23); the list must be restated if its carrier is erased itself. */
#pragma once

#include <jansson.h>

#include "core/lane.h"

/* The three lane logs, whether they are compacted, and the ordinary kinds of records they hold
 * (NULL-terminated; for lane_reader_conf and lane_log_conf; NULL for another name). */
bool lane_log_name_ok(const char *log_name);
bool lane_log_compacted(const char *log_name);
const char *const *lane_log_kinds(const char *log_name);
/* done, rejected, not_sent */
bool lane_kind_is_outcome(const char *kind);

struct lane_parsed { /* owns what rec points to */
	struct lane_rec rec;
	json_t *body; /* NULL for a tombstone or junk */
	struct lane_key *erased;
};
/* Never fails: what cannot be read is LANE_T_BAD (void). kinds: NULL-terminated, the ordinary kinds
 * the reader knows. value NULL = tombstone. */
void lane_record_parse(int64_t offset, const char *key, size_t key_len, const char *value,
	size_t value_len, const char *const *kinds, struct lane_parsed *ret);
void lane_parsed_free(struct lane_parsed *p);
/* What the owner appends next: body (stolen, on errors too) gets kind, term, n, writer. 0;
 * -EINVAL: a kind not in kinds, or an outcome that names no INTENT; -ESTALE: an outcome of an
 * INTENT of another term, void for everybody. *ret_text: the value, caller frees; key: its key. */
int lane_record_make(json_t *body, const char *kind, const struct lane_key *k,
	const uint8_t writer[LANE_WRITER_SIZE], const char *const *kinds, struct lane_parsed *ret,
	char **ret_text, size_t *ret_len, char key[LANE_KEY_SIZE], struct err *e);

void lane_record_hash(const char *key, size_t key_len, const char *value, size_t value_len,
	uint8_t ret[LANE_HASH_SIZE]);

/* Key of a genesis record, and its value (caller owns). For `muaractl topics create`. */
#define LANE_GENESIS_KEY "genesis"
json_t *lane_genesis_body(const char *installation, int lanes, const char *log_name, int lane,
	const char *created_at);
json_t *lane_takeover_body(
	uint64_t term, const uint8_t writer[LANE_WRITER_SIZE], const char *daemon, const char *at);

/* {"offset","term","writer","sha256"}: what a witness or an index keeps. */
json_t *lane_mark_json(const struct lane_mark *m);
int lane_mark_from_json(const json_t *j, struct lane_mark *ret); /* -EINVAL */

/* Position of a reader, to go on later without reading from 0: includes the ruling. Caller owns. */
json_t *lane_view_save(const struct lane_view *v);
/* Into a freshly initialised view. -EINVAL: not a position of this log; the view is unchanged. The
 * first record fed afterwards must be the one at v->last.offset (rule 10), else hold. */
int lane_view_load(struct lane_view *v, const json_t *position, struct err *e);
