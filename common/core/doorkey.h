/* doorkey: keys of the open door: what is in a key's file, and the signature made with it.
 *
 * A key is one JSON file KEY.json in a folder that `muaractl door key` writes and muara-door reads.
 * An HMAC is checked with the same secret it is made with, so the secret itself stands in the file
 * (0640, group muara), and only there: it is shown once, when the key is made. A revoked key keeps
 * its file without the secret, for the record. Its client, not the key, is part of message ids: a
 * new key of the same client gives the same ids.
 *
 * The signature is over six lines joined by LF, without one at the end:
 *   MUARA1 / key / time (Unix seconds, as in the header) / METHOD / path / hex sha256 of the body
 * and is the hex HMAC-SHA256 of that text under the secret's printed characters, so that one line
 * of openssl makes it. Pure but for doorkey_read; errors never hold a secret. Thread: any. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"
#include "base/err.h"

#define DOORKEY_ID_SIZE	     17 /* 16 of a-z 2-7 */
#define DOORKEY_SECRET_SIZE  53 /* 52 of a-z 2-7: 256 bits */
#define DOORKEY_CHANNELS_MAX 16
#define DOORKEY_FILE_MAX     (16 * 1024)
#define DOORKEY_SUFFIX	     ".json"

enum doorkey_use {
	DOORKEY_SIGNED,	 /* signs each request: JSON, NDJSON, CSV */
	DOORKEY_OPEN311, /* sent along as api_key, as GeoReport v2 has it */
	DOORKEY_USES
};

struct doorkey {
	char id[DOORKEY_ID_SIZE];
	char secret[DOORKEY_SECRET_SIZE]; /* "" when revoked */
	enum doorkey_use use;
	bool revoked;
	const char *client, *tenant; /* borrowed from root */
	const char *channels[DOORKEY_CHANNELS_MAX];
	size_t n_channels;	   /* at least 1; the first is the default */
	bool review;		   /* a person releases each complaint */
	int64_t per_minute, burst; /* messages */
	json_t *root;		   /* the whole file */
};

const char *doorkey_use_name(enum doorkey_use u);
/* Names of clients: a-z 0-9 - _, 1 to 32, as in file names and ids. */
bool doorkey_name_ok(const char *client);
/* 16 of a-z 2-7. */
bool doorkey_id_ok(const char *id);
/* Fresh id and secret of an otherwise filled key. */
void doorkey_draw(struct doorkey *k);
/* The file's content (caller frees); root is not looked at. `created` and `revoked` (may be NULL):
 * objects {at, by, why}, borrowed. */
char *doorkey_text(
	const struct doorkey *k, const json_t *created, const json_t *revoked, size_t *ret_len);
/* Fills `ret`; doorkey_free also after an error. -EINVAL: no key's file; -EPROTO: of a later
 * version of Muara. */
int doorkey_parse(const char *text, size_t n, struct doorkey *ret, struct err *e);
/* The file `name` in an open folder; -EINVAL too when its name is not its id. */
int doorkey_read(int dirfd, const char *name, struct doorkey *ret, struct err *e);
void doorkey_free(struct doorkey *k);
bool doorkey_allows(const struct doorkey *k, const char *channel);

struct doorkey_request {
	const char *key, *time, *method, *path;
	const void *body;
	size_t len;
};
void doorkey_sign(
	const char *secret, const struct doorkey_request *r, char ret_hex[SHA256_HEX_SIZE]);
/* In constant time; false for a NULL or malformed signature. */
bool doorkey_signed(const char *secret, const struct doorkey_request *r, const char *hex);
/* "KEY.SECRET", as sent along by Open311 clients: the id (out holds DOORKEY_ID_SIZE) and where the
 * secret begins, NULL when it cannot be one. */
const char *doorkey_bearer(const char *api_key, char ret_id[DOORKEY_ID_SIZE]);
/* In constant time. */
bool doorkey_secret_is(const struct doorkey *k, const char *secret);
