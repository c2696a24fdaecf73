/* kafka_parts: see kafka_parts.h; assigning, pausing and resuming of kafka.h.
 *
 * Guarantee: between pause and resume nothing of that partition leaks; what librdkafka had
 * prefetched is fetched again. Known gap: each change of the assignment restarts the fetching of
 * all partitions (the eager protocol has no other call); fine at start and at a change of lanes. */
#include <errno.h>
#include <string.h>

#include "base/kafka_parts.h"
#include "base/log.h"

struct kafka_part *kafka_part_find(struct kafka_consumer *c, const char *topic, int32_t number)
{
	struct kafka_part *p = c->last;

	if (p && !p->dead && p->number == number && !strcmp(p->topic, topic))
		return p;
	for (p = c->parts; p; p = p->next_part) {
		if (!p->dead && p->number == number && !strcmp(p->topic, topic))
			return c->last = p;
	}
	return NULL;
}

static void part_drop_held(struct kafka_part *p)
{
	if (p->held)
		rd_kafka_message_destroy(TAKE_PTR(p->held));
}

void kafka_parts_sweep(struct kafka_consumer *c, bool all)
{
	for (struct kafka_part **at = &c->parts, *p; (p = *at);) {
		if (all || p->dead) {
			*at = p->next_part;
			part_drop_held(p);
			if (p->handle)
				rd_kafka_topic_destroy(p->handle);
			free(p);
		} else {
			at = &p->next_part;
		}
	}
	c->last = NULL;
}

/* The beginning is 0 until the broker says otherwise (begins_later): librdkafka asks for a logical
 * offset once it knows the leader, and looks whether it does every 500 ms only. */
static int64_t rk_offset(const struct kafka_part *p)
{
	if (p->next == KAFKA_BEGIN)
		return p->ask_begin ? RD_KAFKA_OFFSET_BEGINNING : 0;
	return p->next == KAFKA_END ? RD_KAFKA_OFFSET_END : p->next;
}

void kafka_part_pause(struct kafka_consumer *c, const struct kafka_part *p, bool pause)
{
	_cleanup_parts_ rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);

	rd_kafka_topic_partition_list_add(l, p->topic, p->number);
	if (pause)
		rd_kafka_pause_partitions(c->rk, l);
	else
		rd_kafka_resume_partitions(c->rk, l);
}

int kafka_parts_apply(struct kafka_consumer *c)
{
	_cleanup_parts_ rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(4);
	rd_kafka_resp_err_t err;

	c->changed = false;
	for (struct kafka_part *p = c->parts; p; p = p->next_part) {
		if (!p->dead)
			rd_kafka_topic_partition_list_add(l, p->topic, p->number)->offset =
				rk_offset(p);
	}
	err = rd_kafka_assign(c->rk, l);
	if (err) {
		log_warn("kafka %s: assignment refused: %s", c->link.who, rd_kafka_err2str(err));
		return kafka_errno(err);
	}
	for (struct kafka_part *p = c->parts; p; p = p->next_part) {
		p->moved = false;
		if (p->paused && !p->dead)
			kafka_part_pause(c, p, true);
	}
	return 0;
}

void kafka_parts_changed(struct kafka_consumer *c)
{
	c->changed = true;
	if (!c->rebalancing)
		kafka_wake_soon(&c->wake);
}

int kafka_consumer_assign_add(struct kafka_consumer *c, const char *topic, int32_t partition,
	int64_t offset, struct err *e)
{
	struct kafka_part *p;

	if (partition < 0 || offset < KAFKA_BEGIN)
		return err_set(e, -EINVAL, "topic %s: no such partition or offset", topic);
	p = kafka_part_find(c, topic, partition);
	if (!p) {
		p = xcalloc(1, sizeof *p + strlen(topic) + 1);
		memcpy(p->topic, topic, strlen(topic) + 1);
		p->number = partition;
		p->handle = rd_kafka_topic_new(c->rk, topic, NULL);
		p->next_part = c->parts;
		c->parts = p;
	}
	part_drop_held(p);
	if (p->paused)
		kafka_part_pause(c, p, false);
	p->paused = p->ask_begin = false;
	p->moved = true;
	p->next = offset;
	kafka_parts_changed(c);
	return 0;
}

int kafka_consumer_assign_del(
	struct kafka_consumer *c, const char *topic, int32_t partition, struct err *e)
{
	struct kafka_part *p = kafka_part_find(c, topic, partition);

	if (!p)
		return err_set(
			e, -ENOENT, "topic %s partition %d is not assigned", topic, (int)partition);
	p->dead = true;
	kafka_parts_changed(c);
	return 0;
}

void kafka_consumer_pause(struct kafka_consumer *c, const char *topic, int32_t partition)
{
	struct kafka_part *p = kafka_part_find(c, topic, partition);

	if (!p || p->paused)
		return;
	p->paused = true;
	kafka_part_pause(c, p, true);
}

void kafka_consumer_resume(struct kafka_consumer *c, const char *topic, int32_t partition)
{
	struct kafka_part *p = kafka_part_find(c, topic, partition);

	if (!p || !p->paused)
		return;
	p->paused = false;
	if (!p->held)
		kafka_part_pause(
			c, p, false); /* else when the record that was held has been taken */
	kafka_wake_soon(&c->wake);
}
