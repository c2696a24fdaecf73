/* trial: shows what a source would take in, for `muaractl channel try`. Nothing is produced, stored
 * or moved; a message is only built, by the code that builds the real ones.
 *
 * Shown of each: number, class, kind, time, id, and of everything personal (native id, author,
 * text, place) lengths, hashes and whether it is there; the texts themselves only when asked for.
 * Output for people, or one JSON object a line. Thread: any, one at a time. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "core/message.h"

struct trial;
struct trial *trial_new(FILE *out, bool show_text, bool json);
/* m as it would be handed to source_put. */
void trial_show(void *trial, struct message *m);
/* The sum; frees. How many messages there were. */
long trial_end(struct trial *t);
