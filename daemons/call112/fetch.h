/* fetch: brings the finished files of a server's folder, by SFTP or HTTPS, into the drop folder,
 * which then is a private spool that drop.c reads as any other.
 *
 * Order, never swapped: list -> is it complete? (due.h) -> .name.part, hashed on the way -> size,
 * time and manifest agree -> fsync -> rename -> fsync of the folder -> ledger (.fetched.json). The
 * server is only read, unless `move`: then a file that left the spool, which it does when the
 * cursor behind its last row is written, goes into done/ there, its marker and manifest before it:
 * a marker that stayed would vouch for the next file of that name. The ledger says what was fetched
 * (name, and size and time as listed); it lies in the spool, so whoever loses the spool loses the
 * ledger too, and what was not read yet is fetched again. Fetched twice is harmless: rows have the
 * same ids. A file whose earlier content still stands in the spool waits until that was read to its
 * end.
 *
 * An SFTP server is known by its key's fingerprint only, a web server by its certificate: another
 * one stops everything with an alarm (and /healthz says so) before anything secret is sent; nothing
 * is lost, it is tried again.
 *
 * Known gaps: see listing.h, weblist.h; attachments are not fetched. libssh2 1.10 (Debian 12) knows
 * ed25519 and ECDSA keys; RSA ones only as SHA-1 signatures, which today's servers refuse. Thread:
 * one of its own; the functions below from the loop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/options.h"

#include "due.h"
#include "remote.h"

struct fetch_conf { /* borrowed until fetch_close */
	const struct remote_ops *way;
	const char *url; /* sftp://host[:port]/folder, "/~/folder" below the home; or
			    https://host[:port]/folder/ */
	const char *user, *password;
	const char *key; /* file of a private key: instead of the password, or to `cert` */
	const char *spool, *files;
	enum fetch_complete complete;
	int64_t settle_ms, every_ms, timeout_ms, max_bytes;
	bool move; /* finished files of the server, too */
	/* sftp */
	const struct strlist *host_keys; /* "SHA256:...", any of them */
	/* https */
	int list;		   /* enum weblist_kind */
	const char *manifest;	   /* its name in the folder */
	const char *secret_header; /* "Name: value" */
	const char *ca_file, *cert;
};
/* What is wrong with a URL, or NULL. */
const char *fetch_url_fault(const char *url);
const char *fetch_web_url_fault(const char *url);
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
