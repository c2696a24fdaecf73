/* daemon_http: the listener of a daemon for /metrics and /healthz.
 *
 * Guarantees: no data of citizens (metrics.h, and health texts are the daemon's own short words);
 * a Unix socket or loopback only, which httpd enforces. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "base/daemon_private.h"
#include "base/fsio.h"
#include "base/metrics.h"
#include "base/util.h"

#define PAGE_MAX_BYTES (1 << 20)

static struct {
	daemon_health_fn *health;
	struct metric *healthy, *cpu, *resident;
} page;

static int64_t resident_bytes(void)
{
	_cleanup_free_ char *text = NULL;
	int64_t pages = 0;
	size_t n;

	if (fsio_read_file("/proc/self/statm", 256, &text, &n, NULL) ||
		sscanf(text, "%*d %" SCNd64, &pages) != 1)
		return 0;
	return pages * sysconf(_SC_PAGESIZE);
}

static void refresh(bool healthy)
{
	struct rusage u;

	metric_set(page.healthy, NULL, healthy);
	metric_set(page.resident, NULL, (double)resident_bytes());
	if (getrusage(RUSAGE_SELF, &u) == 0)
		metric_set(page.cpu, NULL,
			(double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
				(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
}

static void on_metrics(void *ctx, struct httpd_request *r)
{
	_cleanup_buf_ struct buf out = BUF_INIT(PAGE_MAX_BYTES);
	char text[DAEMON_TEXT_SIZE] = "";

	(void)ctx;
	refresh(page.health(text, sizeof text));
	if (metrics_render(&out))
		httpd_reply(r, 500, "text/plain", "page too large\n", 15, -1);
	else
		httpd_reply(r, 200, "text/plain; version=0.0.4; charset=utf-8", buf_str(&out),
			out.len, -1);
}

static void on_healthz(void *ctx, struct httpd_request *r)
{
	_cleanup_buf_ struct buf out = BUF_INIT(4096);
	char text[DAEMON_TEXT_SIZE] = "";
	bool healthy = page.health(text, sizeof text);

	(void)ctx;
	(void)buf_addf(&out, "%s\n", healthy ? "ok" : "not ok");
	(void)buf_addf(&out, "%s\n", daemon_notify_status());
	if (*text && !strstr(daemon_notify_status(), text))
		(void)buf_addf(&out, "%s\n", text);
	httpd_reply(
		r, healthy ? 200 : 503, "text/plain; charset=utf-8", buf_str(&out), out.len, -1);
}

static void register_metrics(void)
{
	struct metric *start = metric_gauge(
		"process_start_time_seconds", "Start of the process, Unix time", NULL, NULL);

	metric_set(start, NULL, (double)clock_wall_ms() / 1000);
	page.healthy = metric_gauge("muara_healthy", "1 when /healthz answers 200", NULL, NULL);
	page.cpu = metric_counter(
		"process_cpu_seconds_total", "CPU time, user and system", NULL, NULL);
	page.resident = metric_gauge(
		"process_resident_memory_bytes", "Resident memory of the process", NULL, NULL);
}

/* "%n" and "%i" replaced; anything else stays. */
static void expand(const char *where, const char *name, const char *instance, struct buf *out)
{
	for (; *where; where++) {
		if (where[0] == '%' && (where[1] == 'n' || where[1] == 'i'))
			(void)buf_adds(out, *++where == 'n' ? name : instance);
		else
			(void)buf_addc(out, *where);
	}
}

int daemon_http_open(struct loop *l, const char *where, const char *name, const char *instance,
	daemon_health_fn *health, struct httpd **ret, struct err *e)
{
	static const struct httpd_route routes[] = {
		{.method = "GET", .path = "/metrics", .handle = on_metrics},
		{.method = "GET", .path = "/healthz", .handle = on_healthz},
		{0},
	};
	_cleanup_buf_ struct buf listen = BUF_INIT(1024);
	struct httpd_conf c = {.routes = routes, .max_connections = 16};

	*ret = NULL;
	page.health = health;
	register_metrics();
	if (!where || !*where)
		return 0;
	expand(where, name, instance, &listen);
	c.listen = buf_str(&listen);
	if (httpd_open(l, &c, ret, e))
		return err_prefix(e, "metrics");
	return 0;
}
