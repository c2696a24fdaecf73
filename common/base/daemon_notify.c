/* daemon_notify: what the service manager hears: READY, STATUS, STOPPING, WATCHDOG.
 *
 * Guarantees: a status is sent only when it changed, as one line; the watchdog is patted only after
 * progress or while the daemon says itself that it has nothing to do.
 * Known gap: a daemon that calls daemon_idle(true) and then hangs inside a callback is still found
 * (the timer does not run), one that is wrong about being idle is not. */
#include <stdarg.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/daemon_private.h"
#include "base/log.h"
#include "base/util.h"

static struct {
	struct loop_timer *timer;
	int64_t every_ms, patted_ms;
	bool progress, idle, stopping, late_told;
	char status[DAEMON_TEXT_SIZE], health[DAEMON_TEXT_SIZE];
	char sent[2 * DAEMON_TEXT_SIZE + 2]; /* the last STATUS= */
} notify;

static void pat(void *ctx)
{
	(void)ctx;
	if (notify.progress || notify.idle || notify.stopping) {
		sd_notify(0, "WATCHDOG=1");
		notify.patted_ms = clock_mono_ms();
		notify.late_told = false;
	} else if (!notify.late_told) {
		log_warn("no progress for a while; the watchdog is not patted");
		notify.late_told = true;
	}
	notify.progress = false;
	loop_timer_arm(notify.timer, notify.every_ms);
}

/* A third of the limit: two turns may be late before it is over. */
int daemon_notify_open(struct loop *l)
{
	uint64_t usec = 0;
	int r = sd_watchdog_enabled(0, &usec);

	if (r <= 0)
		return r;
	notify.every_ms = MAX((int64_t)(usec / 3000), 1);
	notify.timer = loop_timer_new(l, pat, NULL);
	notify.progress = true; /* it has started */
	pat(NULL);
	return 0;
}

void daemon_notify_close(void)
{
	loop_timer_del(notify.timer);
	memset(&notify, 0, sizeof notify);
}

static void send_status(void)
{
	char text[sizeof notify.sent];

	snprintf(text, sizeof text, "%s%s%s", notify.status,
		*notify.health && *notify.status ? "; " : "", notify.health);
	if (strcmp(text, notify.sent) == 0)
		return;
	memcpy(notify.sent, text, sizeof text);
	sd_notifyf(0, "STATUS=%s", text);
}

/* One line: a line end would begin another assignment. */
static void put_line(char out[DAEMON_TEXT_SIZE], const char *text)
{
	snprintf(out, DAEMON_TEXT_SIZE, "%s", text);
	for (char *p = out; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
}

void daemon_status(const char *fmt, ...)
{
	char text[DAEMON_TEXT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	put_line(notify.status, text);
	send_status();
}

void daemon_notify_health(const char *text)
{
	put_line(notify.health, text);
	send_status();
}

const char *daemon_notify_status(void)
{
	return notify.sent;
}

void daemon_notify_ready(void)
{
	if (strcmp(notify.status, DAEMON_STARTING) == 0)
		daemon_status("running");
	sd_notifyf(0, "READY=1\nSTATUS=%s", notify.sent);
}

void daemon_notify_stopping(void)
{
	notify.stopping = true;
	sd_notify(0, "STOPPING=1");
}

void daemon_progress(void)
{
	notify.progress = true;
}

void daemon_progress_now(void)
{
	notify.progress = true;
	if (notify.timer && clock_mono_ms() - notify.patted_ms >= notify.every_ms)
		pat(NULL);
}

void daemon_idle(bool idle)
{
	notify.idle = idle;
}
