/* options: the table of config/social.yaml: what all platforms share, then a section for each. Only
 * the section of the platform in use may be there. */
#pragma once

#include "core/source.h"
#include "daemons/social/x_conf.h"

enum social_platform { PLATFORM_X };

struct social_conf {
	struct source_common common; /* first */
	int platform;		     /* enum social_platform, an index into social_platforms */
	struct x_conf x;
};

struct platform;
extern const struct option_row social_options[];
extern const struct platform *const social_platforms[]; /* in the order of the enum; NULL ends */

void social_check(void *conf, struct options_faults *f); /* struct social_conf * */
