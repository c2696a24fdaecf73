/* desk: destinations of forwarder.yaml with the profiles their sheets are made by, read when they
 * are first asked for. No secret is opened. */
#pragma once

#include <stdbool.h>

#include "core/profile.h"

#include "ctl.h"
#include "profile_destination.h"

struct desk {
	struct desk *next;
	char *name;
	struct profile_destination conf;
	struct profile *profile; /* its own; NULL: not configured any more */
	struct profile *sheet;	 /* by which a sheet is made; NULL until desk_load_sheet */
};

struct desks;
/* By the command's --forwarder, else forwarder.yaml beside muara.yaml. */
struct desks *desks_new(struct ctl *c);
void desks_free(struct desks *d); /* NULL-safe */
/* An exit status, everything told; the desk belongs to desks. A destination that is configured no
 * more is a desk without a profile. */
int desk_get(struct desks *d, const char *name, struct desk **ret);
/* Its own profile when that makes sheets, else --profile, else lapor/manual.yaml beside
 * forwarder.yaml. */
int desk_load_sheet(struct desks *d, struct desk *desk);
/* Does the configuration name this agency? */
bool desk_names(const struct desk *desk, const char *agency);
