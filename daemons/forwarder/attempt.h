/* attempt: what the files of an attempt tell each other; what the lane and its other parts call is
 * in forwarder.h. Nobody but attempt*.c includes it. Loop thread. */
#pragma once

#include "forwarder.h"

/* --- attempt.c --- */
/* At the end of the lane's list, state ATT_APPENDED; the lane owns it. s NULL: of a destination
 * that is configured no more; the caller then sets its names. */
struct attempt *attempt_new(struct lane *l, struct site *s, const uint8_t complaint[16]);
/* Out of the list and freed, its call cancelled; the complaint's row is not touched. */
void attempt_drop(struct attempt *a);
/* What a record about it begins with; borrows from the attempt and the ledger. */
struct submission_head attempt_head(const struct attempt *a);
/* Does a second call make a second report? site must be there. */
bool attempt_once_only(const struct attempt *a);
/* Was its INTENT written under the term of now? */
bool attempt_ours(const struct attempt *a);
/* It counts no more among the destination's calls under way. */
void attempt_leave_place(struct attempt *a);
/* Its end is known: written now, or when it may be. `reason` is static. */
void attempt_end(struct attempt *a, enum attempt_end end, const char *reason);
/* The same, for what an outcome asks to have recorded; neither RECORD_VERIFY nor RECORD_PROBE. */
void attempt_end_by(struct attempt *a, const struct outcome *o);

/* --- attempt_verify.c --- */
/* Reads whether it happened; comes back by itself until it is known or was tried in vain. */
void attempt_verify(struct attempt *a);
/* An INTENT of another writer without an outcome: from now on it is waited for. */
void attempt_add_foreign(struct lane *l, struct slot *s);
/* Its call cannot travel any more. */
void attempt_foreign_due(struct attempt *a);
