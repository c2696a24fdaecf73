/* fetch: brings the finished files of an SFTP server's folder into the drop folder, which then is a
 * private spool that drop.c reads as any other.
 *
 * Order, never swapped: list -> is it complete? -> .name.part, hashed on the way -> size and
 * manifest agree -> fsync -> rename -> fsync of the folder -> ledger (.fetched.json). The remote
 * is only read. The ledger says what was fetched (name, and size and time as listed); it lies in
 * the spool, so whoever loses the spool loses the ledger too, and what was not read yet is fetched
 * again. Fetched twice is harmless: rows have the same ids. A file whose earlier content still
 * stands in the spool waits until that was read to its end.
 *
 * The server is known by its key's fingerprint only: another key stops everything with an alarm
 * (and /healthz says so) before anything secret is sent; nothing is lost, it is tried again.
 *
 * Known gaps: see listing.h; attachments are not fetched; the remote folder is never tidied.
 * libssh2 1.10 (Debian 12) knows ed25519 and ECDSA keys; RSA ones only as SHA-1 signatures, which
 * today's servers refuse. Thread: one of its own; the functions below from the loop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/options.h"

enum fetch_complete {
	FETCH_STABLE, /* size and time have not changed for settle_ms */
	FETCH_MARKER, /* name.done stands beside it */
	FETCH_SHA256, /* name.sha256 stands beside it, and agrees */
};		      /* a name.sha256 that is there must agree in every case */
extern const char *const fetch_complete_choices[];

struct fetch_conf {	 /* borrowed until fetch_close */
	const char *url; /* sftp://host[:port]/folder, "/~/folder" below the home */
	const char *user;
	const char *key, *password;	 /* file of a private key, or the password itself */
	const struct strlist *host_keys; /* "SHA256:...", any of them */
	const char *spool, *files;
	enum fetch_complete complete;
	int64_t settle_ms, every_ms, timeout_ms, max_bytes;
};
/* What is wrong with it, or NULL. */
const char *fetch_url_fault(const char *url);
bool fetch_fingerprint_ok(const char *text);
/* Whether that key (as SSH sends it) has one of the fingerprints; its own into ret. */
#define FETCH_FINGERPRINT_SIZE 56
bool fetch_known_key(const struct strlist *host_keys, const void *key, size_t n,
	char ret[FETCH_FINGERPRINT_SIZE]);

struct fetch;
int fetch_open(const struct fetch_conf *c, struct fetch **ret, struct err *e);
void fetch_stop(struct fetch *f);  /* NULL-safe; ends soon */
void fetch_close(struct fetch *f); /* NULL-safe; waits for the end */

struct fetch_state {
	uint64_t fetched, again; /* files since the start; attempts that failed */
	bool fault;		 /* a person is needed */
	char text[200];		 /* "" = nothing is wrong */
};
void fetch_look(struct fetch *f, struct fetch_state *ret);
