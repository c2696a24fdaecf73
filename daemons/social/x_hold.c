/* x_hold: see x_reader.h. What needs a person holds the account: a dead token until there is
 * another (looked at every second; asked once an hour all the same, for a refusal may be X's own
 * trouble), a used-up cap until the next day, a used-up budget likewise.
 *
 * Guarantee: held is told by /healthz, the status line, a metric and one line of the log; nothing
 * is skipped meanwhile. Known gap: a cap that is raised is noticed on the next day only, unless the
 * token changes too. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "daemons/social/x_reader.h"

#define DAY_MS	 (24 * 3600 * 1000LL)
#define PROBE_MS (3600 * 1000L) /* a refused token is tried again */

const char *const x_hold_names[] = {"token", "capped", "budget", NULL};
static const char *const hold_texts[] = {"",
	"X refuses the token: give the daemon another one (nothing is skipped meanwhile)",
	"X's cap or credit is used up: see the developer portal; asked again tomorrow (UTC)",
	"today's request budget (x.budget) is used up; goes on tomorrow (UTC)"};

void x_hold(struct x *x, enum x_hold_reason h, const char *why)
{
	if (x->hold == h)
		return;
	x->hold = h;
	x->hold_since_ms = clock_mono_ms();
	x->hold_day = clock_wall_ms() / DAY_MS;
	metric_set(x->holds, x_hold_names[h - 1], 1);
	log_error("held (%s): %s", why, hold_texts[h]);
}

static void release(struct x *x, const char *why)
{
	log_notice("goes on: %s", why);
	metric_set(x->holds, x_hold_names[x->hold - 1], 0);
	x->hold = HOLD_NONE;
}

static bool token_changed(const struct x *x)
{
	char header[X_HEADER_SIZE], hash[SHA256_HEX_SIZE];
	bool other =
		x_request_token(x->conf, header, hash, NULL) == 0 && strcmp(hash, x->token) != 0;

	explicit_bzero(header, sizeof(header));
	return other;
}

void x_look_at_hold(struct x *x)
{
	bool day = clock_wall_ms() / DAY_MS != x->hold_day;

	if (x->hold == HOLD_NONE)
		return;
	if (x->hold != HOLD_BUDGET && token_changed(x))
		release(x, "there is another token");
	else if (x->hold != HOLD_TOKEN && day)
		release(x, "another day has begun");
	else if (x->hold == HOLD_TOKEN && clock_mono_ms() - x->hold_since_ms >= PROBE_MS)
		release(x, "the token is tried again");
}

bool x_health(void *state, char *text, size_t size)
{
	const struct x *x = state;

	snprintf(text, size, "%s", hold_texts[x->hold]);
	for (int i = 0; i < X_LISTS && x->hold == HOLD_NONE; i++) {
		if (x->lists[i].wrong)
			snprintf(text, size, "X does not take our request for %s: see the log",
				x_list_names[i]);
		else if (x->lists[i].tries >= X_MANY_TRIES)
			snprintf(text, size, "X gives no page of %s", x_list_names[i]);
	}
	return !*text;
}
