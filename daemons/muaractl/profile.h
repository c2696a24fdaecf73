/* profile: `profile check` and `profile render`: is a profile fit to be used, and what exactly
 * would it send. Neither sends anything, nor needs more than files, but `render --complaint`
 * (Kafka). */
#pragma once

#include "ctl.h"

int ctl_profile_check(struct ctl *c);
int ctl_profile_render(struct ctl *c);
