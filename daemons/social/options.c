/* options: see options.h. config/social.yaml is the commented sample of this table. */
#include <string.h>

#include "base/util.h"
#include "daemons/social/options.h"
#include "daemons/social/platform.h"

static const char *const platform_choices[] = {"x", "meta", NULL};
const struct platform *const social_platforms[] = {&x_platform, &meta_platform, NULL};

/* clang-format off */
const struct option_row social_options[] = {
	SOURCE_OPTIONS(struct social_conf),
	OPT(struct social_conf, OPT_ENUM, platform, "platform", NULL, .flags = OPT_REQUIRED,
		.choices = platform_choices,
		.help = "Where the account is; its section below must be there, no other"),
	X_OPTIONS(struct social_conf),
	META_OPTIONS(struct social_conf),
	OPT_END
};
/* clang-format on */

bool social_base_ok(const char *base)
{
	static const char *const good[] = {
		"https://", "http://127.0.0.1", "http://localhost", "http://[::1]"};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		size_t n = strlen(good[i]);

		if (strncmp(base, good[i], n) == 0 &&
			(i == 0 ? base[n] != '\0' : strchr(":/", base[n]) != NULL))
			return !strpbrk(base, "?#@ \t");
	}
	return false;
}

void social_check(void *conf, struct options_faults *f)
{
	const struct social_conf *c = conf;

	for (int i = 0; social_platforms[i]; i++) {
		const struct platform *p = social_platforms[i];

		if (i == c->platform)
			p->check(c, f);
		else if (options_given(f, p->name))
			options_fault(f, p->name,
				"is the section of another platform; take it out, or set platform: "
				"%s",
				p->name);
	}
}
