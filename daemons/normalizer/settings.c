/* See settings.h; config/normalizer.yaml is the commented sample of this table. */
#include "settings.h"

#include <inttypes.h>
#include <string.h>

#include "base/util.h"
#include "core/lane.h"

#define MINUTE (60 * 1000LL)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* clang-format off */
const struct option_row settings_options[] = {
	OPT(struct settings, OPT_DURATION, quiet_ms, "quiet", "2m", .min = 0, .max = DAY,
		.help = "A complaint is complete when its author was silent this long; 0s: each message at once."),
	OPT(struct settings, OPT_DURATION, open_max_ms, "open_max", "15m", .min = 0, .max = 7 * DAY,
		.help = "And no later than this after its first message, however long its author goes on."),
	OPT(struct settings, OPT_DURATION, join_ms, "join", "6h", .min = 0, .max = 30 * DAY,
		.help = "A message sent later than this after the one before begins another complaint."),
	OPT(struct settings, OPT_DURATION, hold_ms, "hold", "7d", .min = MINUTE, .max = 90 * DAY,
		.help = "A complaint that lacks a name, a contact or a text waits this long, then it is archived."),
	OPT(struct settings, OPT_DURATION, media_wait_ms, "media_wait", "10m", .min = 0, .max = 7 * DAY,
		.help = "A complaint that lacks only attachments being fetched waits this long for them; 0s: never."),
	OPT(struct settings, OPT_INT, max_messages, "max_messages", "200", .min = 1, .max = 1000,
		.help = "Messages of one complaint; what follows opens a linked one."),
	OPT(struct settings, OPT_SIZE, max_text_bytes, "max_text", "256KiB", .min = 1024, .max = 256 * 1024,
		.help = "Bytes of text of one complaint; what follows opens a linked one."),
	OPT(struct settings, OPT_DURATION, session_ms, "session", "45s", .min = 1000, .max = 30 * MINUTE,
		.help = "A process that was not heard of for this long loses its lanes to another."),
	OPT(struct settings, OPT_DURATION, append_deadline_ms, "append_deadline", "10s", .min = 1000, .max = 10 * MINUTE,
		.help = "A decision not confirmed by then is given up, and made anew under a new term."),
	OPT(struct settings, OPT_DURATION, commit_ms, "commit", "1s", .min = 0, .max = MINUTE,
		.help = "Positions of inputs are committed this often; they only save reading again."),
	OPT(struct settings, OPT_INT, in_flight, "in_flight", "256", .min = 1, .max = LANE_IN_FLIGHT_MAX,
		.help = "Decisions of a lane on their way at one time."),
	OPT(struct settings, OPT_INT, waiting, "waiting", "1024", .min = 1, .max = 100000,
		.help = "Inputs of a lane read and not decided yet; beyond that its topics pause."),
	OPT(struct settings, OPT_SIZE, waiting_bytes, "waiting_bytes", "32MiB", .min = 1024 * 1024, .max = 1LL << 32,
		.help = "And no more bytes than these."),
	OPT(struct settings, OPT_DURATION, stop_ms, "stop_timeout", "25s", .min = 1000, .max = 10 * MINUTE,
		.help = "What is in flight at a stop has this long; below TimeoutStopSec of the unit."),
	OPT(struct settings, OPT_STRING, metrics, "metrics", NULL, .max = 200,
		.help = "Where /metrics and /healthz listen; without it as muara.yaml says."),
	OPT_END
};
/* clang-format on */

void settings_check(void *settings, struct options_faults *f)
{
	const struct settings *s = settings;

	if (s->open_max_ms < s->quiet_ms)
		options_fault(f, "open_max",
			"%" PRId64 " ms is shorter than quiet, which is %" PRId64 " ms",
			s->open_max_ms, s->quiet_ms);
	if (s->join_ms < s->quiet_ms)
		options_fault(f, "join",
			"%" PRId64 " ms is shorter than quiet, which is %" PRId64
			" ms: a complaint still open would not be joined",
			s->join_ms, s->quiet_ms);
}

void settings_rules(const struct settings *s, const struct muara_conf *shared, struct rules *ret)
{
	*ret = (struct rules){.quiet_ms = s->quiet_ms,
		.open_max_ms = s->open_max_ms,
		.join_ms = s->join_ms,
		.hold_ms = s->hold_ms,
		.media_wait_ms = s->media_wait_ms,
		.max_messages = (size_t)s->max_messages,
		.max_text_bytes = (size_t)s->max_text_bytes,
		.conf = shared};
}
