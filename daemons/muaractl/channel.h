/* channel: `channel try`: what a source would take from a sample or its live place, shown by the
 * source itself. */
#pragma once

#include "ctl.h"

int ctl_channel_try(struct ctl *c);
