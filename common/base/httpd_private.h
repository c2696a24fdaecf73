/* httpd_private: what the files of the HTTP server share; nobody else includes it.
 *
 * httpd.c keeps connections and their deadlines, httpd_request.c takes a request in and answers it.
 * A request belongs to libmicrohttpd until it is with its handler, then to the handler until
 * httpd_reply; `mhd` is NULL once its client went away. Loop's thread. */
#pragma once

#include <microhttpd.h>

#include "base/buf.h"
#include "base/httpd.h"
#include "base/httpd_listen.h"

#define HTTPD_QUERY_MAX 32

enum httpd_reading { HEAD, BODY, THROW_AWAY, WITH_HANDLER };

struct httpd_conn {
	struct httpd_conn *prev, *next;
	int fd;
	int64_t deadline_ms; /* 0 = none: a handler has the request */
	struct httpd_request *request;
	bool answered;
};

struct httpd_load { /* of a route, now */
	int64_t bytes;
	int requests;
};

struct httpd {
	struct loop *loop;
	struct httpd_conf c;
	struct MHD_Daemon *daemon;
	struct httpd_listener listener;
	struct loop_fd *watch;
	struct loop_timer *again, *deadline;
	struct httpd_conn *conns;
	bool room; /* a connection was closed since the last run */
	long open;
	struct httpd_load *loads; /* of each route */
};

struct httpd_request {
	struct httpd *h;
	struct MHD_Connection *mhd; /* NULL: gone */
	struct httpd_conn *conn;
	const struct httpd_route *route;
	char *uri, *query; /* raw; query: cut off behind '?' and decoded, in `pairs` */
	struct {
		const char *name, *value;
	} pairs[HTTPD_QUERY_MAX];
	size_t n_pairs;
	struct buf body;
	void *opaque;
	int64_t length; /* announced */
	enum httpd_reading reading;
	bool counted, suspended, replied;
	struct MHD_Response *answer;
	unsigned status;
};

/* The connection gets as much time as the configuration says, from now on (httpd.c). */
void httpd_set_deadline(struct httpd *h, struct httpd_conn *c);

/* libmicrohttpd's calls about a request (httpd_request.c); ctx is the httpd. */
void *httpd_on_uri(void *ctx, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result httpd_on_request(void *ctx, struct MHD_Connection *mhd, const char *url,
	const char *method, const char *version, const char *data, size_t *len, void **request_ctx);
void httpd_on_completed(void *ctx, struct MHD_Connection *mhd, void **request_ctx,
	enum MHD_RequestTerminationCode how);
