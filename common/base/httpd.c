/* httpd: see httpd.h. Connections, their deadlines, opening and closing.
 *
 * libmicrohttpd runs in its external epoll mode: its one descriptor is in our loop, each turn calls
 * MHD_run. Its own time-outs are off; `conn` keeps the absolute deadlines. A deadline answers 408
 * straight on the socket, which is safe because libmicrohttpd has written nothing yet, and shuts
 * the socket down; libmicrohttpd then sees the end of the stream and frees everything in its
 * ordinary way. Known gap: a client that went away while its request is with a handler is noticed
 * only when the answer is written. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/httpd_private.h"
#include "base/util.h"

#define DEADLINE_MS	10000
#define MAX_CONNECTIONS 512
#define POOL_BYTES	(32 * 1024) /* of a connection: head and read buffer; answers are outside */

/* --- connections and their deadlines --- */

static void httpd_run(struct httpd *h)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	h->room = false;
	MHD_run(h->daemon);
	/* At its limit of connections or descriptors it stops listening, and it begins again only
	 * in a run after the one that closed something; nothing else would call for that run. */
	if (h->room)
		loop_timer_arm(h->again, 0);
	/* Edge-triggered inside: what it could not finish in this run it tells only here. */
	else if (MHD_get_timeout(h->daemon, &wait_ms) == MHD_YES)
		loop_timer_arm(h->again, (int64_t)MIN(wait_ms, 60000));
}

static void on_ready(void *ctx, short revents)
{
	(void)revents;
	httpd_run(ctx);
}

static void on_again(void *ctx)
{
	httpd_run(ctx);
}

void httpd_set_deadline(struct httpd *h, struct httpd_conn *c)
{
	c->deadline_ms = clock_mono_ms() + h->c.deadline_ms;
	if (!loop_timer_armed(h->deadline))
		loop_timer_arm(h->deadline, h->c.deadline_ms);
}

static void too_late(struct httpd *h, struct httpd_conn *c)
{
	static const char text[] = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
				   "Content-Type: text/plain\r\nContent-Length: 12\r\n\r\n"
				   "408 too late";

	if (!c->answered) {
		(void)!send(c->fd, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (h->c.refused)
			h->c.refused(h->c.ctx, 408);
	}
	shutdown(c->fd, SHUT_RDWR);
	c->deadline_ms = 0;
}

/* All deadlines are equally long, so the timer armed for the first never comes too late for one. */
static void on_deadline(void *ctx)
{
	struct httpd *h = ctx;
	int64_t now = clock_mono_ms(), next = INT64_MAX;

	for (struct httpd_conn *c = h->conns; c; c = c->next) {
		if (c->deadline_ms && c->deadline_ms <= now)
			too_late(h, c);
		if (c->deadline_ms)
			next = MIN(next, c->deadline_ms);
	}
	if (next != INT64_MAX)
		loop_timer_arm(h->deadline, next - now);
	httpd_run(h);
}

static void on_connection(void *ctx, struct MHD_Connection *mhd, void **socket_ctx,
	enum MHD_ConnectionNotificationCode what)
{
	struct httpd *h = ctx;
	struct httpd_conn *c = *socket_ctx;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*socket_ctx = c = xcalloc(1, sizeof(*c));
		c->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
		c->next = h->conns;
		if (c->next)
			c->next->prev = c;
		h->conns = c;
		httpd_set_deadline(h, c);
		return;
	}
	*(c->prev ? &c->prev->next : &h->conns) = c->next;
	if (c->next)
		c->next->prev = c->prev;
	free(c);
	*socket_ctx = NULL;
	h->room = true;
}

/* --- open and close --- */

static int start_daemon(struct httpd *h, struct err *e)
{
	const union MHD_DaemonInfo *info;

	h->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
		httpd_on_request, h, MHD_OPTION_LISTEN_SOCKET, h->listener.fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)h->c.max_connections,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
		MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_URI_LOG_CALLBACK, httpd_on_uri, h, MHD_OPTION_NOTIFY_COMPLETED,
		httpd_on_completed, h, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
		MHD_OPTION_END);
	if (!h->daemon)
		return err_set(e, -EIO, "%s: libmicrohttpd does not start", h->c.listen);
	info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	h->watch = loop_fd_add(h->loop, info->epoll_fd, POLLIN, on_ready, h);
	return 0;
}

int httpd_check_listen(const char *listen, struct err *e)
{
	return httpd_listener_check(listen, e);
}

int httpd_open(struct loop *l, const struct httpd_conf *c, struct httpd **ret, struct err *e)
{
	struct httpd *h = xcalloc(1, sizeof(*h));
	size_t n_routes = 0;
	int r;

	h->loop = l;
	h->c = *c;
	h->c.deadline_ms = c->deadline_ms ? c->deadline_ms : DEADLINE_MS;
	h->c.max_connections = c->max_connections ? c->max_connections : MAX_CONNECTIONS;
	h->listener.fd = -1;
	while (c->routes[n_routes].method)
		n_routes++;
	h->loads = xcalloc(n_routes + 1, sizeof(*h->loads));
	h->again = loop_timer_new(l, on_again, h);
	h->deadline = loop_timer_new(l, on_deadline, h);
	r = httpd_listener_open(c->listen, &h->listener, e);
	if (r == 0)
		r = start_daemon(h, e);
	if (r) {
		httpd_close(h);
		return r;
	}
	*ret = h;
	return 0;
}

void httpd_stop_accepting(struct httpd *h)
{
	if (h->listener.fd < 0)
		return;
	if (h->daemon)
		MHD_quiesce_daemon(h->daemon);
	httpd_listener_close(&h->listener);
}

long httpd_open_requests(const struct httpd *h)
{
	return h->open;
}

/* libmicrohttpd cannot stop while a connection is suspended. */
static void resume_all(struct httpd *h)
{
	for (struct httpd_conn *c = h->conns; c; c = c->next) {
		if (!c->request || !c->request->suspended)
			continue;
		c->request->suspended = false;
		MHD_resume_connection(c->request->mhd);
	}
}

void httpd_close(struct httpd *h)
{
	if (!h)
		return;
	httpd_stop_accepting(h);
	loop_fd_del(h->watch);
	if (h->daemon) {
		resume_all(h);
		MHD_stop_daemon(h->daemon);
	}
	loop_timer_del(h->again);
	loop_timer_del(h->deadline);
	free(h->loads);
	free(h);
}
