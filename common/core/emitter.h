/* emitter: a source's way into Kafka: builds messages, produces them at the tenant's lane, hands
 * each delivery report to who asked. Part of the skeleton (source.h); sources use source_put.
 *
 * Nothing here says "accepted": that is the source's to say, from the report callback. The queue of
 * the producer is the only store in memory and is bounded; full is -ENOBUFS. Loop thread only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/source.h"

struct emitter;
struct emitter_conf {
	struct loop *loop;
	const struct muara_conf *shared;
	const char *daemon, *instance, *channel;
	int32_t lane;
	struct blob_store *blobs;
	void (*reported)(void *ctx); /* after each report: there is room again */
	void *ctx;
};
int emitter_open(const struct emitter_conf *c, struct emitter **ret, struct err *e);
/* Stops within seconds; messages still queued are reported as not persisted. NULL-safe. */
void emitter_close(struct emitter *em);

/* Into the raw topic of the message's channel, the lane of its tenant; both are in muara.yaml. */
int emitter_put(struct emitter *em, const struct message *m, source_report_fn *report, void *ctx,
	uint64_t number, char ret_id[UUID_TEXT_SIZE], struct err *e);
int emitter_cursor(struct emitter *em, const char *name, const json_t *value, int64_t raw_offset,
	source_report_fn *written, void *ctx, struct err *e);

const char *emitter_raw_topic(const struct emitter *em);
const char *emitter_cursors_topic(const struct emitter *em);
long emitter_in_flight(const struct emitter *em);
bool emitter_up(const struct emitter *em);
