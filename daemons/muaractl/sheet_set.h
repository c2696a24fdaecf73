/* sheet_set: several sheets as one document: a page each for a printer, behind a list in which the
 * numbers are written down by hand; and as one CSV. In Indonesian, for officers. Pure.
 *
 * Both hold personal data, their names do not: an agency's name goes into a file name only when
 * the configuration names it, for anything may be typed into a complaint's field. */
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "core/profile.h"

#define SHEET_SET_MAX	(64 << 20)
#define SHEET_SLUG_SIZE 64
#define SHEET_NO_AGENCY "tanpa instansi"

struct sheet_entry {		       /* borrowed */
	const struct profile *profile; /* of kind sheet */
	const json_t *complaint;       /* the version that was handed out */
	const char *attempt, *agency;
	const char *since;	 /* local, "2026-11-24 11:29" */
	const char *const *note; /* lines for the officer, NULL ends; NULL = the profile's */
};

/* -EINVAL: one of them cannot be expressed; -E2BIG. */
int sheet_set_html(
	const char *title, const struct sheet_entry *v, size_t n, struct buf *out, struct err *e);
/* RFC 4180 with a byte order mark; all of one profile, whose rows are the columns. */
int sheet_set_csv(const struct sheet_entry *v, size_t n, struct buf *out, struct err *e);
/* "dinas-perhubungan"; an agency that the configuration does not name (`known`): "lain-" and a part
 * of its hash; none: "tanpa-instansi". Letters, digits and '-' only. */
void sheet_slug(const char *agency, bool known, char ret[SHEET_SLUG_SIZE]);
