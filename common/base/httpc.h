/* httpc: HTTP client for the loop: libcurl multi by its socket interface, GnuTLS flavour.
 *
 * libcurl 7.88 silently sends a request again when a reused connection dies before the first answer
 * byte (measured: the server processed a POST twice). Whatever has a body is therefore read through
 * callbacks that cannot go back, which turns that case into CURLE_SEND_FAIL_REWIND (65) and a clear
 * outcome; a request without a body that is not GET gets a connection of its own. Only GET may be
 * repeated inside. HTTP/1.1 only (HTTP/2 repeats refused streams by itself), no "Expect", no
 * redirects, no cookies, no proxy from the environment; answers are bounded and counted while
 * reading (MAXFILESIZE acts only on announced sizes in 7.88); TLS >= 1.2 verified, http(s) only.
 * Loop thread; `done` is never called inside httpc_send.
 * Known gap: cancelling or closing while a name is being resolved waits for the resolver (libcurl
 * joins its thread). */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/loop.h"

struct httpc;
struct httpc_call;

struct httpc_part {			    /* multipart/form-data */
	const char *name, *filename, *mime; /* filename, mime may be NULL */
	const void *data;		    /* in memory … */
	size_t len;
	const char *path; /* … or a file, when data is NULL */
};
struct httpc_request { /* copied where needed before httpc_send returns, except part data and body:
			  kept by the caller until done */
	const char *method, *url;
	const char *const *headers; /* "Name: value", NULL-terminated */
	const void *body;
	size_t body_len;
	const struct httpc_part *parts;
	size_t n_parts;
	int64_t connect_ms, total_ms; /* > 0; connect includes the TLS handshake */
	size_t max_answer;	      /* bytes of the answer's body that are kept */
	const char *ca_file;	      /* NULL = system's */
	/* Called at most once, when the first bytes of the request have certainly left (on a
	   connection that stands, after TLS). Must not call back into httpc. May be NULL. */
	void (*first_byte)(void *ctx); /* ctx: that of httpc_send */
	/* May this address be connected to? Asked with what the name resolved to, before each new
	   connection, so no name can lie; false: the next address, or CURLE_COULDNT_CONNECT. A
	   connection that stands is used again without asking: one client, one policy. NULL: any.
	   Must not call back into httpc. */
	bool (*may_connect)(void *ctx, const struct sockaddr *to);
	/* Takes the body of the answer, in pieces, instead of keeping it (max_answer does not
	   count); not 0: the call ends with CURLE_WRITE_ERROR. Must not call back. NULL: kept. */
	int (*take)(void *ctx, const void *p, size_t n);
};
struct httpc_answer { /* borrowed for the call */
	int curl;     /* CURLE_* */
	long status;  /* 0 = none */
	const char *body;
	size_t body_len;
	bool too_large; /* more than max_answer, or a head over 64 KiB: cut there, CURLE_WRITE_ERROR
			 */
	const char *retry_after; /* header text or NULL */
	const char *content_type;
	struct httpc_call *call; /* for httpc_header; NULL: it finds none */
	/* Request bytes that left, head included; 0 = certainly none did (no connection, TLS
	   failed). All attempts of a repeated GET together. */
	int64_t sent_bytes;
	int64_t total_ms;
	char error[160]; /* curl's text, no URL; "" when curl is 0 */
};
typedef void httpc_done_fn(void *ctx, const struct httpc_answer *a);
/* The first header of that name (case does not matter), NULL when there is none. Valid as long as
 * `a` is. */
const char *httpc_header(const struct httpc_answer *a, const char *name);

int httpc_open(struct loop *l, const char *user_agent, int max_connections, struct httpc **ret,
	struct err *e);
/* Open calls end with CURLE_ABORTED_BY_CALLBACK, told to their `done`. NULL-safe; not inside one.
 */
void httpc_close(struct httpc *h);
/* ret may be NULL; *ret is valid until `done` was called or httpc_cancel. -EINVAL: URL, method or a
 * header that cannot be sent as it is; -errno: a part's file cannot be read. */
int httpc_send(struct httpc *h, const struct httpc_request *r, httpc_done_fn *done, void *ctx,
	struct httpc_call **ret, struct err *e);
void httpc_cancel(struct httpc_call *c); /* done is not called */
long httpc_in_flight(const struct httpc *h);
