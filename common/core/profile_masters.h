/* profile_masters: the lists of numbers an endpoint keeps (institutions, categories, templates …),
 * as a profile's `masters:` names them, and which numbers of ours must stand in them.
 *
 * A list is read from the endpoint (path, one page or several) or from a file a person keeps beside
 * the profile (CSV, first line "id,name"), where the endpoint shows none. `checks` says what is
 * looked up in it: "agencies", "setting.NAME", "table.NAME". Facts: LAPOR! v3 shows institutions
 * and templates; full lists of categories and locations are not public.
 *
 * Thread: any; read-only as the profile it is part of. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/profile.h"

#define MASTERS_MAX 8 /* lists of a profile */

struct profile_master {	  /* all borrowed from the profile */
	const char *name; /* a-z 0-9 _ */
	/* from the endpoint; file is NULL then */
	const char *path, *list, *id, *label; /* list NULL: the answer itself is the list */
	const char *more;  /* place that is there when more pages follow; NULL: one page */
	const char *page;  /* name of the parameter that asks for page 2, 3 … */
	const char *count; /* place of how many entries there are in all; may be NULL */
	int64_t connect_ms, total_ms;
	size_t max_answer;
	/* from a file */
	const char *file;     /* its path */
	const json_t *checks; /* of texts; NULL = none */
};

size_t profile_masters(const struct profile *p);
const struct profile_master *profile_master(const struct profile *p, size_t i);
const struct profile_master *profile_master_named(const struct profile *p, const char *name);

/* GET of one page (from 1). Of in: base, headers, ca_file. */
int profile_master_request(const struct profile *p, const struct profile_master *m,
	const struct profile_input *in, int page, struct profile_request *ret, struct err *e);

struct master_use { /* a number of ours that must stand in a list; valid for the call */
	const struct profile_master *master;
	const char *where; /* "agencies.Dinas Perhubungan", "profile: tables.kanal.to.x" */
	const char *id;
	int line; /* in forwarder.yaml; 0: it stands in the profile */
};
typedef void master_use_fn(void *ctx, const struct master_use *u);
void profile_master_uses(const struct profile *p, const struct strmap *settings,
	const struct strmap *agencies, master_use_fn *fn, void *ctx);
