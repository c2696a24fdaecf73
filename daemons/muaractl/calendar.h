/* calendar: the working days and clocks a command counts by: as its options name them, else beside
 * muara.yaml. */
#pragma once

#include "core/clocks.h"
#include "core/workdays.h"

#include "ctl.h"

/* --holidays, or holidays.yaml. Returns an exit status, everything told; caller owns. */
int calendar_load(const struct ctl *c, struct workdays **ret);
/* --clocks, or clocks.yaml. The same. */
int calendar_clocks(const struct ctl *c, struct clocks **ret);
/* `name` beside muara.yaml, when the option is not given. Caller frees. */
char *calendar_path(const struct ctl *c, const char *option, const char *name);
