/* masters: a list of numbers of an endpoint as it is kept, compared with what was kept before, and
 * our own numbers looked up in it. Pure; time is the caller's.
 *
 * What is kept is one JSON document, "muara.masters/1": destination, list, origin, fetched_at,
 * pages, skipped, doubles, entries {id: name}, hash (of entries), gone {id: {name, since}}, renamed
 * {id: {was, since}}, change {at, added, gone, renamed: how many and the first ids}. A list never
 * becomes "most of it gone" because a server had a bad day: such an answer is refused and the old
 * document stays. A new name of a known number stays told until a person has accepted it.
 * Thread: any. */
#pragma once

#include "core/masters_read.h"

struct master_place { /* whose list it is; borrowed */
	const char *destination, *list;
	const char *origin; /* masters_origin: a list of another endpoint is another list */
};
/* sha256 of base and path; of a file: of its path. */
void masters_origin(const char *base, const struct profile_master *m, char ret[65]);

struct master_change { /* against what was kept before; the first list of all changes nothing */
	long added, gone, renamed;
};
/* The document after this answer. old: of the same place, may be NULL. accepted: id -> name that a
 * person has accepted, may be NULL. -ESTALE: too much of the old one would be gone at once, and
 * not `shrunk_too`. Caller owns *ret. */
int masters_next(const json_t *old, const struct master_read *r, const struct master_place *at,
	const json_t *accepted, int64_t now_ms, bool shrunk_too, json_t **ret,
	struct master_change *ret_change, struct err *e);
/* A document from the bytes of its file. -EBADMSG: damaged or of another format; -ESTALE: of
 * another endpoint. Caller owns. */
int masters_parse(
	const char *p, size_t n, const struct master_place *at, json_t **ret, struct err *e);
int64_t masters_fetched_ms(const json_t *doc); /* 0 = not told */

/* Numbers of ours that are not in the list, or whose name is another than it was: array of {list,
 * where, line, id, what: "missing" | "renamed", name, was, since}; no line: it stands in the
 * profile. Caller owns. */
json_t *masters_check(const struct profile *p, const struct profile_master *m, const json_t *doc,
	const json_t *accepted, const struct strmap *settings, const struct strmap *agencies);
/* A finding as one sentence with its remedy. */
void masters_finding_text(const json_t *finding, const char *destination, char *out, size_t size);
/* Entries whose id is `text` or whose name holds all its words, gone ones too: array of {id, name,
 * gone_since}. Caller owns. */
json_t *masters_find(const json_t *doc, const char *text, size_t max);
