/* httpc_private: what the files of the HTTP client share; nobody else includes it.
 *
 * httpc.c joins libcurl with the loop and tells what became of a call, httpc_call.c makes one of a
 * request. A call is in its client's list from httpc_send until it is told or cancelled. Loop's
 * thread. */
#pragma once

#include <curl/curl.h>

#include "base/buf.h"
#include "base/httpc.h"

struct httpc_watch;
struct httpc {
	struct loop *loop;
	CURLM *multi;
	struct loop_timer *timer;
	struct httpc_watch *watches;
	struct httpc_call *calls;
	char *user_agent;
	long in_flight;
	bool closing;
};

struct httpc_source { /* bytes of a body or part, read once from front to end */
	const char *data;
	int fd; /* -1: in memory */
	size_t left;
};

struct httpc_call {
	struct httpc_call *prev, *next;
	struct httpc *h;
	CURL *easy;
	struct curl_slist *headers;
	curl_mime *mime;
	struct httpc_source *sources;
	size_t n_sources;
	httpc_done_fn *done;
	void (*first_byte)(void *ctx);
	bool (*may_connect)(void *ctx, const struct sockaddr *to);
	int (*take)(void *ctx, const void *p, size_t n);
	void *ctx;
	int64_t start_ms;
	struct buf body;
	size_t head_bytes;
	bool head_ended; /* its empty line came */
	bool too_large;
	char error[CURL_ERROR_SIZE];
};

/* A call in no list yet; owned, httpc_call_free. -EINVAL: what is wrong with the request; -errno: a
 * file of it cannot be read. */
int httpc_call_new(struct httpc *h, const struct httpc_request *r, httpc_done_fn *done, void *ctx,
	struct httpc_call **ret, struct err *e);
void httpc_call_free(struct httpc_call *c); /* also out of libcurl's hands */
