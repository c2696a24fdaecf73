/* httpc: HTTP client for the loop: libcurl multi by its socket interface, GnuTLS flavour.
 *
 * libcurl 7.88 silently sends a POST again when a reused connection dies before the first answer
 * byte (measured: the server processed it twice). Bodies are therefore given by READFUNCTION with a
 * SEEKFUNCTION that refuses, which turns that case into CURLE_SEND_FAIL_REWIND (65) and a clear
 * outcome. Redirects are never followed, answers are bounded and counted while reading (MAXFILESIZE
 * acts only on announced sizes in 7.88), TLS >= 1.2 verified, http(s) only. Loop thread. */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
	int64_t connect_ms, total_ms;
	size_t max_answer;
	const char *ca_file; /* NULL = system's */
	/* Called at most once, when the first bytes of the request have certainly left (on a
	   connection that stands, after TLS). Must not call back into httpc. May be NULL. */
	void (*first_byte)(void *ctx); /* ctx: that of httpc_send */
};
struct httpc_answer { /* borrowed for the call */
	int curl;     /* CURLE_* */
	long status;  /* 0 = none */
	const char *body;
	size_t body_len;
	bool too_large;
	const char *retry_after; /* header text or NULL */
	const char *content_type;
	int64_t sent_bytes; /* request bytes that left, headers included: 0 = certainly nothing was
			       sent */
	int64_t total_ms;
	char error[160]; /* curl's text, no URL */
};
typedef void httpc_done_fn(void *ctx, const struct httpc_answer *a);

int httpc_open(struct loop *l, const char *user_agent, int max_connections, struct httpc **ret,
	struct err *e);
void httpc_close(struct httpc *h); /* open calls end with CURLE_ABORTED_BY_CALLBACK; NULL-safe */
int httpc_send(struct httpc *h, const struct httpc_request *r, httpc_done_fn *done, void *ctx,
	struct httpc_call **ret, struct err *e);
void httpc_cancel(struct httpc_call *c); /* done is not called */
long httpc_in_flight(const struct httpc *h);
