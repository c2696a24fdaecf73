/* masters_store: where the lists of core/masters lie: DIR/<destination>/<list>.json, one document
 * each, beside it <list>.accepted.json, {id: name} that a person has accepted (muaractl masters
 * accept). A list kept by hand lies where the profile says and is read from there.
 *
 * One writer a file: the forwarder (or `muaractl masters fetch`) the document, muaractl what is
 * accepted. Written by temp + fsync + rename, mode 0640: a reader finds the old or the new. Files
 * hold names of institutions, no personal data. Thread: any; calls block on the disk. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "core/masters.h"

struct masters_at { /* one list of one destination; borrowed */
	const char *dir, *base;
	const char *destination;
	const struct profile_master *m;
};
/* -ENOENT: not read yet, or the file kept by hand is not there; -EBADMSG: damaged; -ESTALE: of
 * another endpoint; -EINVAL: the file kept by hand has a fault. Caller owns *ret. */
int masters_load(const struct masters_at *at, json_t **ret, struct err *e);
/* What becomes of an answer that was read whole: compared with what lies there, written in its
 * place. Whatever lies there damaged is written over. As masters_next else. ret may be NULL. */
int masters_keep(const struct masters_at *at, const struct master_read *r, int64_t now_ms,
	bool shrunk_too, json_t **ret, struct master_change *ret_change, struct err *e);
/* {} when there is none, or none that can be read (e then says so). Caller owns. */
json_t *masters_accepted(const struct masters_at *at, struct err *e);
int masters_accept(const struct masters_at *at, const char *id, const char *name, struct err *e);
/* Another value when a file of the list was written anew. */
int64_t masters_stamp(const struct masters_at *at);
