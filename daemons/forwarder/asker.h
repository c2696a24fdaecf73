/* asker: blocking questions to Kafka, asked in a thread of their own so that the loop never waits
 * for a broker. Questions are answered one after the other; answers come in the loop thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/kafka.h"
#include "base/loop.h"

#define ASKER_TOPICS 2

struct asker;
/* c is borrowed for the asker's life. */
int asker_open(struct loop *l, const struct kafka_conf *c, struct asker **ret, struct err *e);
/* Waits for the question under way (some seconds when the broker is away). NULL-safe. */
void asker_close(struct asker *a);

/* rc 0, or -errno (text in e) and ends unset. */
typedef void asker_ends_fn(
	void *ctx, int rc, const int64_t ends[ASKER_TOPICS], const struct err *e);
/* The next offset of the same partition of each topic, as of a moment after this call. Topics are
 * borrowed until the answer. */
void asker_ends(struct asker *a, const char *const topics[ASKER_TOPICS], int32_t partition,
	asker_ends_fn *fn, void *ctx);

/* value borrowed for the call; rc -ENOENT: that record is gone. */
typedef void asker_record_fn(void *ctx, int rc, const char *value, size_t len, const struct err *e);
void asker_record(struct asker *a, const char *topic, int32_t partition, int64_t offset,
	asker_record_fn *fn, void *ctx);

/* No answer comes to this ctx any more. */
void asker_forget(struct asker *a, const void *ctx);
