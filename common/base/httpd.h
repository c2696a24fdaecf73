/* httpd: HTTP/1.1 server on a Unix socket or loopback, for webhooks behind nginx and for metrics.
 * libmicrohttpd below, driven by the loop.
 *
 * libmicrohttpd 0.9.75 accepts two Content-Length, CL+TE, two Host, "Content-Length :" and its
 * timeout is idle-only (measured), so this module refuses them itself (httpd_check.h), closes every
 * connection after its one answer, and enforces an absolute deadline from accept to complete
 * request (408) and another one for writing the answer. A handler is called once, with the whole
 * body, and may answer at once or later (httpd_reply any time after, loop thread); every request it
 * got must be answered, also after httpd_close: the reply of a client that went away is discarded.
 * Refused without a handler: 404, 405, 413 (body not read to its end), 503 (a limit of the route;
 * the body is read and thrown away so that a proxy sees the answer). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"

struct httpd;
struct httpd_request;

struct httpd_route {
	const char *method;	     /* "GET", "POST" */
	const char *path;	     /* exact, or ends in '*': all that begin so */
	size_t max_body;	     /* larger: 413 */
	int max_in_flight;	     /* requests; 0 = no own limit; above: 503 + Retry-After */
	int64_t max_bytes_in_flight; /* of bodies, as announced; 0 = no limit; above: the same */
	void (*handle)(void *ctx, struct httpd_request *r);
};
struct httpd_conf {
	const char *listen; /* "/run/muara/x.sock" (0660) or "127.0.0.1:8080" / "[::1]:8080"; other
			       addresses are refused */
	const struct httpd_route *routes; /* .method NULL ends */
	int64_t deadline_ms;		  /* accept -> whole request read; default 10000 */
	int max_connections;		  /* default 512; more wait in the backlog */
	/* Told of each refusal of our own (400, 404 … 503; not those libmicrohttpd gives itself to
	 * what is no HTTP). For counting; may be NULL. */
	void (*refused)(void *ctx, int status);
	void *ctx;
};
/* For configurations: 0, or -EINVAL with the remedy for an address that is neither a Unix socket's
 * path nor loopback. */
int httpd_check_listen(const char *listen, struct err *e);
int httpd_open(struct loop *l, const struct httpd_conf *c, struct httpd **ret, struct err *e);
void httpd_stop_accepting(struct httpd *h); /* drain: open requests may still be answered */
long httpd_open_requests(const struct httpd *h);
/* NULL-safe; never inside a handler. Requests without an answer lose their client. */
void httpd_close(struct httpd *h);

const char *httpd_body(const struct httpd_request *r, size_t *ret_len);
const char *httpd_header(const struct httpd_request *r,
	const char *name); /* NULL when missing; -> first; twice = refused for signatures: see
			      httpd_header_count */
int httpd_header_count(const struct httpd_request *r, const char *name);
/* Percent-decoded, the first of that name; NULL when missing. */
const char *httpd_query(const struct httpd_request *r, const char *name);
const char *httpd_path(const struct httpd_request *r);
size_t httpd_route_number(const struct httpd_request *r); /* its place among the routes */
void httpd_set_opaque(struct httpd_request *r, void *p);
void *httpd_opaque(const struct httpd_request *r);
/* Answers and releases r. body copied. retry_after_s < 0 = no such header. */
void httpd_reply(struct httpd_request *r, int status, const char *content_type, const void *body,
	size_t len, int retry_after_s);
