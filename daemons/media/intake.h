/* intake: raw.* in, `media` out: which attachments are to be fetched, and the record of each at its
 * end.
 *
 *   raw record -> fetch -> blob durable -> record produced -> report -> position committed
 *
 * never in another order, so whatever dies, an attachment is fetched again or has its record. The
 * group is that of the topic `media`: a lane (partition) of it brings that partition of every raw
 * topic a channel of which is configured. What has a record is known from `media` itself, read at
 * the start of a lane; a lost or foreign commit therefore costs time, never a second fetch. A raw
 * topic with a record of an unknown major version is held (lane rule 15); one whose log begins
 * behind the commit lost records: an error is logged and what is left is read. A message that
 * cannot be read is the normalizer's to declare dead.
 * Crash points: after-blob, after-produce, after-report, after-commit. Thread: loop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/daemon.h"
#include "base/kafka.h"
#include "conf.h"
#include "fetch.h"

struct intake;
struct intake_conf { /* borrowed */
	struct loop *loop;
	struct kafka_conf kafka;
	const struct media_conf *conf;
	const struct muara_conf *shared;
	const char *instance;
	struct fetcher *fetcher;
};
int intake_open(const struct intake_conf *c, struct intake **ret, struct err *e);
void intake_close(struct intake *in); /* NULL-safe; before fetcher_close */
/* No new fetches; what was fetched gets its record. */
void intake_drain(struct intake *in);
bool intake_drained(struct intake *in);
bool intake_health(struct intake *in, char *text, size_t size);
