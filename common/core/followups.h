/* followups: what an agency wrote back on a report, as the pages of READ_FOLLOWUPS show it. Pure.
 *
 * A text is template and words, with its placeholders filled ({{institution_from}},
 * {{ institution_to }}, {{status_old}}, …, each also as …_link; one that the follow-up does not say
 * becomes "…"), HTML turned into words, at most FOLLOWUP_TEXT_MAX bytes. Times are read in the zone
 * the profile names. Facts: the shapes read by S1 and S2, see config/lapor/lapor-v3.yaml.
 *
 * The texts, names and file names are personal data: they belong into the blob store, never into a
 * log line or a record of `submissions`. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/profile.h"

#define FOLLOWUP_TEXT_MAX  (16 * 1024)
#define FOLLOWUP_FILES_MAX 32
#define FOLLOWUP_PAGE_MAX  1000 /* follow-ups of one page that are looked at */
#define FOLLOWUP_CODE_SIZE 41

struct followup {
	uint64_t id;		       /* 1 … 15 digits */
	int64_t at_ms;		       /* wall clock; 0 = unknown or not readable */
	char code[FOLLOWUP_CODE_SIZE]; /* template: a-z A-Z 0-9 _ - only; "" = none, or another */
	bool ours;		       /* its words begin with our own "[Tiket …]": we wrote it */
	json_t *content; /* muara.answer/1, for the blob store: id, at, from, to, template, text,
			    attachments [{name, path}] */
};
struct followups {
	struct followup *v;
	size_t n;
	size_t unusable; /* elements without a usable id */
	bool more;	 /* there is a page behind this one */
};

/* A page of the report whose ticket is given. 0; -EBADMSG: no whole answer of the profile's shape
 * (e says what, without content). followups_clear in any case. */
int followups_parse(const struct profile *p, const struct httpc_answer *a, const char *ticket,
	struct followups *ret, struct err *e);
void followups_clear(struct followups *f);
