/* meta_conf: the section `meta:` of config/social.yaml. */
#pragma once

#include "base/options.h"

struct meta_conf {
	char *page, *instagram, *app, *base, *token, *token_file, *ca;
	char *listen, *path, *app_secret, *app_secret_next, *verify_token;
	struct strlist fields;
	bool comments, posts, messages;
	int64_t poll_ms, overlap_ms, posts_ms, spacing_ms, timeout_ms, subscription_ms;
	int64_t answer_ms, request_ms, in_flight_bytes, connections;
};

/* clang-format off */
#define META_OPTIONS(st)                                                                           \
	OPT(st, OPT_STRING, meta.page, "meta.page", NULL, .min = 1, .max = 32,                     \
		.help = "Numeric id of your Facebook page; this, `instagram` or both"),            \
	OPT(st, OPT_STRING, meta.instagram, "meta.instagram", NULL, .min = 1, .max = 32,           \
		.help = "Numeric id of your Instagram professional account"),                      \
	OPT(st, OPT_STRING, meta.app, "meta.app", NULL, .min = 1, .max = 32,                       \
		.help = "Numeric id of your app: its subscription is looked for. Unset: any app's counts"), \
	OPT(st, OPT_SECRET, meta.token, "meta.token", NULL, .min = 1,                              \
		.help = "File that holds the access token, read at the start; this or `token_file`"), \
	OPT(st, OPT_PATH, meta.token_file, "meta.token_file", NULL,                                \
		.help = "File that holds the access token, read before every call: a new one is taken at once"), \
	OPT(st, OPT_STRING, meta.listen, "meta.listen", NULL, .min = 1, .max = 107,                \
		.help = "Unix socket (mode 0660) or loopback address nginx passes requests to. Required on Meta"), \
	OPT(st, OPT_STRING, meta.path, "meta.path", "/meta", .min = 1, .max = 200,                 \
		.help = "Path of the callback URL, exactly"),                                      \
	OPT(st, OPT_SECRET, meta.app_secret, "meta.app_secret", NULL, .min = 1,                    \
		.help = "File with the app secret (Meta app, Settings, Basic). Required on Meta"), \
	OPT(st, OPT_SECRET, meta.app_secret_next, "meta.app_secret_next", NULL, .min = 1,          \
		.help = "File with a second app secret, for the time of a rotation"),              \
	OPT(st, OPT_SECRET, meta.verify_token, "meta.verify_token", NULL, .min = 1,                \
		.help = "File with the verify token typed in at Meta. Required on Meta"),          \
	OPT(st, OPT_STRINGS, meta.fields, "meta.fields", NULL, .max = 50,                          \
		.help = "Fields the page's subscription must have. Empty: those this daemon reads"), \
	OPT(st, OPT_DURATION, meta.subscription_ms, "meta.subscription", "1h", .min = 100,         \
		.max = 24 * 3600 * 1000, .help = "How often the subscription is looked at; Meta takes it away after an hour of failures"), \
	OPT(st, OPT_BOOL, meta.comments, "meta.comments", "yes",                                   \
		.help = "Comments are polled, beside the webhook"),                                \
	OPT(st, OPT_BOOL, meta.posts, "meta.posts", "yes",                                         \
		.help = "Visitors' posts and what tags the account are polled"),                   \
	OPT(st, OPT_BOOL, meta.messages, "meta.messages", "yes",                                   \
		.help = "Conversations are polled"),                                               \
	OPT(st, OPT_DURATION, meta.poll_ms, "meta.poll", "5m", .min = 50, .max = 24 * 3600 * 1000, \
		.help = "Pause between two rounds of polling"),                                    \
	OPT(st, OPT_DURATION, meta.overlap_ms, "meta.overlap", "6h", .max = 30 * 24 * 3600 * INT64_C(1000), \
		.help = "How far behind the last round the next one looks again"),                 \
	OPT(st, OPT_DURATION, meta.posts_ms, "meta.posts_window", "30d", .min = 60 * 1000,         \
		.max = 365 * 24 * 3600 * INT64_C(1000),                                            \
		.help = "Comments are looked for under posts not older than this"),                \
	OPT(st, OPT_DURATION, meta.spacing_ms, "meta.spacing", "500ms", .max = 60 * 1000,          \
		.help = "Least time between two calls"),                                           \
	OPT(st, OPT_DURATION, meta.timeout_ms, "meta.timeout", "20s", .min = 100, .max = 300 * 1000, \
		.help = "How long an answer of the Graph API is waited for"),                      \
	OPT(st, OPT_STRING, meta.base, "meta.base", "https://graph.facebook.com/v23.0", .min = 1,  \
		.max = 200, .help = "Address of the Graph API, with its version"),                 \
	OPT(st, OPT_PATH, meta.ca, "meta.ca", NULL,                                                \
		.help = "File of certificates trusted instead of the system's"),                   \
	OPT(st, OPT_DURATION, meta.answer_ms, "meta.answer_within", "5s", .min = 100, .max = 60000, \
		.help = "A webhook body not stored by then is answered 503; Meta sends it again"), \
	OPT(st, OPT_DURATION, meta.request_ms, "meta.request_within", "10s", .min = 1000,          \
		.max = 120000, .help = "From connection to whole request; later: 408"),            \
	OPT(st, OPT_SIZE, meta.in_flight_bytes, "meta.in_flight", "16MiB", .min = 3 << 20,         \
		.max = 1 << 30, .help = "Bytes of all bodies taken at once; above: 503"),          \
	OPT(st, OPT_INT, meta.connections, "meta.connections", "512", .min = 1, .max = 10000,      \
		.help = "Connections at once; more wait")
/* clang-format on */
