/* signed: see signed.h. */
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/util.h"

#include "keyring.h"
#include "signed.h"

/* Compared with when there is no key, so that it takes as long. */
#define NO_SECRET "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char *once(const struct httpd_request *r, const char *name)
{
	return httpd_header_count(r, name) == 1 ? httpd_header(r, name) : NULL;
}

static bool in_window(const struct door *d, const char *text)
{
	int64_t seconds, now = clock_wall_ms() / 1000, window = d->conf->window_ms / 1000;

	return parse_i64(text, 0, INT64_C(1) << 40, &seconds) == 0 && seconds >= now - window &&
	       seconds <= now + window;
}

const struct doorkey *signed_key(struct door *d, struct httpd_request *r, const char *method)
{
	struct doorkey_request q = {.key = once(r, "X-Muara-Key"),
		.time = once(r, "X-Muara-Time"),
		.method = method,
		.path = httpd_path(r)};
	const char *hex = once(r, "X-Muara-Signature");
	const struct doorkey *k = NULL;
	struct err e = {0};
	bool ours, good;

	q.body = httpd_body(r, &q.len);
	if (!q.key || !q.time || !hex) {
		door_refuse(d, r, 401,
			"X-Muara-Key, X-Muara-Time and X-Muara-Signature must each be there once");
		return NULL;
	}
	if (keyring_find(d->keys, q.key, &k, &e)) {
		log_error("nobody can be let in: %s", e.text);
		door_refuse_later(d, r, 503, "keys cannot be read, send it again", 1000);
		return NULL;
	}
	ours = k && !k->revoked && k->use == DOORKEY_SIGNED;
	good = doorkey_signed(ours ? k->secret : NO_SECRET, &q, hex);
	if (!ours || !good) {
		door_refuse(d, r, 401, "no signature of a key that holds here");
		return NULL;
	}
	if (!in_window(d, q.time)) {
		door_refuse(d, r, 401, "X-Muara-Time is too far from our clock");
		return NULL;
	}
	CRASH_POINT("after-verify", d->open + 1);
	return k;
}
