/* x_conf: the section `x:` of config/social.yaml. */
#pragma once

#include "base/options.h"

struct x_conf {
	char *base, *user, *token, *token_file, *search, *ca;
	bool mentions, messages, authors;
	int64_t poll_ms, overlap_ms, timeout_ms, page, budget;
};

/* clang-format off */
#define X_OPTIONS(st)                                                                              \
	OPT(st, OPT_STRING, x.user, "x.user", NULL, .min = 1, .max = 19,                           \
		.help = "Numeric id of your account; its mentions are read, its own posts are archived as echoes. Required on X"), \
	OPT(st, OPT_SECRET, x.token, "x.token", NULL, .min = 1,                                    \
		.help = "File that holds the bearer token, read at the start; this or `token_file`"), \
	OPT(st, OPT_PATH, x.token_file, "x.token_file", NULL,                                      \
		.help = "File that holds the bearer token, read before every request; what renews it writes it"), \
	OPT(st, OPT_BOOL, x.mentions, "x.mentions", "yes",                                         \
		.help = "Posts that mention the account are read"),                                \
	OPT(st, OPT_STRING, x.search, "x.search", NULL, .min = 1, .max = 512,                      \
		.help = "Posts that match this query of recent search are read too"),              \
	OPT(st, OPT_BOOL, x.messages, "x.messages", "no",                                          \
		.help = "Direct messages are read; needs a user token with dm.read"),              \
	OPT(st, OPT_BOOL, x.authors, "x.authors", "yes",                                           \
		.help = "Names of authors are asked for; X charges a user read for each"),         \
	OPT(st, OPT_DURATION, x.poll_ms, "x.poll", "1m", .min = 50, .max = 24 * 3600 * 1000,       \
		.help = "How often each of them is asked"),                                        \
	OPT(st, OPT_DURATION, x.overlap_ms, "x.overlap", "5m", .max = 24 * 3600 * 1000,            \
		.help = "How far behind the newest post every poll looks again, for posts that X shows late"), \
	OPT(st, OPT_INT, x.page, "x.page", "100", .min = 10, .max = 100,                           \
		.help = "Posts asked for at once"),                                                \
	OPT(st, OPT_INT, x.budget, "x.budget", "3000", .min = 1, .max = 1000000,                   \
		.help = "Requests a day (UTC); what is over waits for the next day and is told"),  \
	OPT(st, OPT_DURATION, x.timeout_ms, "x.timeout", "20s", .min = 100, .max = 300 * 1000,     \
		.help = "How long an answer is waited for"),                                       \
	OPT(st, OPT_STRING, x.base, "x.base", "https://api.x.com", .min = 1, .max = 200,           \
		.help = "Address of the API"),                                                     \
	OPT(st, OPT_PATH, x.ca, "x.ca", NULL,                                                      \
		.help = "File of certificates trusted instead of the system's")
/* clang-format on */
