/* options: the table of config/social.yaml: what all platforms share, then a section for each. Only
 * the section of the platform in use may be there. */
#pragma once

#include "core/source.h"
#include "daemons/social/meta_conf.h"
#include "daemons/social/x_conf.h"

enum social_platform { PLATFORM_X, PLATFORM_META };

struct social_conf {
	struct source_common common; /* first */
	int platform;		     /* enum social_platform, an index into social_platforms */
	struct x_conf x;
	struct meta_conf meta;
};

struct platform;
extern const struct option_row social_options[];
extern const struct platform *const social_platforms[]; /* in the order of the enum; NULL ends */

/* Address of an API: a token goes there, so never in the clear over a network. */
bool social_base_ok(const char *base);
#define SOCIAL_BASE_RULE \
	"must begin with https:// and hold no ?, #, @ or blank (http:// only to this machine)"

void social_check(void *conf, struct options_faults *f); /* struct social_conf * */
