/* profile_render: the calls of a profile for a complaint, made up and shown, never sent.
 *
 * In the order the forwarder makes them: uploads, create, hand-over; then the reads, which are made
 * when something is in doubt. The bytes are those of core/profile, by the same functions. Numbers
 * an endpoint would give are stand-ins (RENDER_REPORT, RENDER_UPLOAD + n). Without `show_text` each
 * text of a body is its length, a long one also its hash; a short one's hash would be the text
 * itself to whoever tries all phone numbers. Pure but for looking whether attachments are there. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "core/profile.h"

#define RENDER_REPORT 900000000000000ULL
#define RENDER_UPLOAD 900000000000000ULL /* + 1, 2, … */
#define HASHED_CHARS  40		 /* texts from here on are told with their hash */

struct render_what { /* borrowed */
	const struct profile *profile;
	const json_t *complaint; /* snapshot */
	const char *base;
	const char *const *headers; /* NULL ends; secrets are masked already */
	const struct strmap *settings, *agencies;
	const char *blob_dir; /* NULL: not looked whether files are there */
	bool show_text;
};
/* {profile, kind, system, complaint, ticket, version, calls: [], reads: [], left_out: [],
 * unmakable: how many calls}; a call is {call, repeat, connect_ms, total_ms, method, url, headers,
 * bytes, sha256, body | shape | parts} or {call, cannot_be_made}. A sheet is the call "sheet" with
 * rows. Caller owns. */
json_t *profile_render(const struct render_what *w);
