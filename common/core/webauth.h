/* webauth: did this request come from whom we gave our secret to? For webhooks of providers that
 * are described by configuration. Pure.
 *
 *   header, query, body   the secret itself comes along: in a header, in the query of the URL, or
 * at a JSON pointer of the body hmac                  a header holds HMAC(secret, raw body)
 *
 * All compares in constant time, independent of the length of what was given. Any of the secrets
 * (two during a rotation) will do; without a secret nothing is ever let in. A secret in the URL
 * ends up in other people's logs: choose it only where the provider offers nothing else. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/options.h"

enum webauth_by { WEBAUTH_HEADER, WEBAUTH_QUERY, WEBAUTH_BODY, WEBAUTH_HMAC };

struct webauth_conf {
	int by, algorithm, encoding;
	char *name; /* of the header, the query's member; for body a JSON pointer */
	char *prefix;
};
extern const char *const webauth_by_choices[], *const webauth_algorithm_choices[],
						       *const webauth_encoding_choices[];
/* Rows of an option table; `a` is the struct webauth_conf in `st`. */
#define WEBAUTH_OPTIONS(st, a)                                                                     \
	OPT(st, OPT_ENUM, a.by, "verify.by", NULL, .flags = OPT_REQUIRED,                          \
		.choices = webauth_by_choices,                                                     \
		.help = "Where the secret comes along: header, query, body; hmac: a header holds " \
			"HMAC(secret, body)"),                                                     \
		OPT(st, OPT_STRING, a.name, "verify.name", NULL, .flags = OPT_REQUIRED, .min = 1,  \
			.max = 200,                                                                \
			.help = "Name of the header or of the query's member; for body: a JSON "   \
				"pointer"),                                                        \
		OPT(st, OPT_STRING, a.prefix, "verify.prefix", "", .max = 40,                      \
			.help = "What stands in front of it, such as \"Bearer \" or \"sha256=\""), \
		OPT(st, OPT_ENUM, a.algorithm, "verify.algorithm", "sha256",                       \
			.choices = webauth_algorithm_choices, .help = "Of the HMAC"),              \
		OPT(st, OPT_ENUM, a.encoding, "verify.encoding", "hex",                            \
			.choices = webauth_encoding_choices, .help = "Of the HMAC")
/* To be called from the table's check. */
void webauth_check(const struct webauth_conf *a, struct options_faults *f);

/* `given`: what stood at that place, NULL for nothing. */
bool webauth_ok(const struct webauth_conf *a, const char *given, const void *body, size_t len,
	const char *const *secrets, size_t n_secrets);
