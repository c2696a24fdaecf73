/* kafka_admin: topics and the cluster, blocking (kafka.h).
 *
 * Topics are looked up in the list of all topics: a question for one name may create it on a
 * broker that creates topics by itself. A created topic is waited for until the broker shows it, so
 * that the next call finds it. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/kafka_private.h"

#define ADMIN_MS 20000

struct kafka_admin {
	rd_kafka_t *rk;
};

DEFINE_CLEANUP(rd_kafka_NewTopic_t *, rd_kafka_NewTopic_destroy);
DEFINE_CLEANUP(rd_kafka_AdminOptions_t *, rd_kafka_AdminOptions_destroy);
DEFINE_CLEANUP(rd_kafka_queue_t *, rd_kafka_queue_destroy);
DEFINE_CLEANUP(rd_kafka_event_t *, rd_kafka_event_destroy);
DEFINE_CLEANUP(rd_kafka_ConfigResource_t *, rd_kafka_ConfigResource_destroy);

static inline void metadata_cleanup(const struct rd_kafka_metadata **p)
{
	if (*p)
		rd_kafka_metadata_destroy(*p);
}

int kafka_admin_open(const struct kafka_conf *c, struct kafka_admin **ret, struct err *e)
{
	rd_kafka_conf_t *conf = kafka_conf_new(c, e);
	rd_kafka_t *rk = conf ? kafka_client_new(RD_KAFKA_PRODUCER, conf, e) : NULL;

	if (!rk)
		return -EINVAL;
	*ret = xcalloc(1, sizeof **ret);
	(*ret)->rk = rk;
	return 0;
}

void kafka_admin_close(struct kafka_admin *a)
{
	if (!a)
		return;
	kafka_destroy(a->rk, false, NULL, 2000);
	free(a);
}

static rd_kafka_AdminOptions_t *admin_options(struct kafka_admin *a, rd_kafka_admin_op_t op)
{
	rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(a->rk, op);
	char text[128];

	rd_kafka_AdminOptions_set_request_timeout(o, ADMIN_MS - 2000, text, sizeof text);
	if (op == RD_KAFKA_ADMIN_OP_CREATETOPICS) /* until the controller has made it */
		rd_kafka_AdminOptions_set_operation_timeout(o, ADMIN_MS - 5000, text, sizeof text);
	return o;
}

static rd_kafka_event_t *admin_wait(rd_kafka_queue_t *q, struct err *e)
{
	rd_kafka_event_t *ev = rd_kafka_queue_poll(q, ADMIN_MS);

	if (!ev) {
		err_set(e, -ETIMEDOUT, "Kafka gave no answer");
		return NULL;
	}
	if (!rd_kafka_event_error(ev))
		return ev;
	err_set(e, kafka_errno(rd_kafka_event_error(ev)), "Kafka: %s",
		rd_kafka_event_error_string(ev));
	rd_kafka_event_destroy(ev);
	return NULL;
}

static int fewest_replicas(const struct rd_kafka_metadata_topic *t)
{
	int n = t->partition_cnt ? INT32_MAX : 0;

	for (int i = 0; i < t->partition_cnt; i++)
		n = MIN(n, t->partitions[i].replica_cnt);
	return n;
}

static int for_topics(struct kafka_admin *a,
	void (*fn)(void *ctx, const struct kafka_topic_info *t), void *ctx, struct err *e)
{
	_cleanup_(metadata_cleanup) const struct rd_kafka_metadata *md = NULL;
	rd_kafka_resp_err_t err = rd_kafka_metadata(a->rk, 1, NULL, &md, ADMIN_MS);

	if (err)
		return kafka_err_set(e, err, "listing topics");
	for (int i = 0; i < md->topic_cnt; i++) {
		struct kafka_topic_info t = {.partitions = md->topics[i].partition_cnt,
			.replicas = fewest_replicas(&md->topics[i])};

		snprintf(t.name, sizeof t.name, "%s", md->topics[i].topic);
		fn(ctx, &t);
	}
	return 0;
}

int kafka_admin_topics(struct kafka_admin *a,
	void (*fn)(void *ctx, const struct kafka_topic_info *t), void *ctx, struct err *e)
{
	return for_topics(a, fn, ctx, e);
}

struct topic_search {
	const char *name;
	int partitions;
};

static void on_topic(void *ctx, const struct kafka_topic_info *t)
{
	struct topic_search *s = ctx;

	if (!strcmp(t->name, s->name))
		s->partitions = t->partitions;
}

int kafka_admin_topic(struct kafka_admin *a, const char *topic, int *ret_partitions, struct err *e)
{
	struct topic_search s = {.name = topic};
	int r = for_topics(a, on_topic, &s, e);

	if (!r)
		*ret_partitions = s.partitions;
	return r;
}

static int wait_visible(struct kafka_admin *a, const char *topic, int partitions, struct err *e)
{
	int64_t until = clock_mono_ms() + 5000;
	int seen = 0, r = 0;

	while (!r && seen < partitions) {
		r = kafka_admin_topic(a, topic, &seen, e);
		if (!r && seen < partitions) {
			if (clock_mono_ms() > until)
				return err_set(e, -ETIMEDOUT,
					"topic %s was created but does not show up", topic);
			usleep(20000);
		}
	}
	return r;
}

static int topic_results(const rd_kafka_event_t *ev, struct err *e)
{
	size_t n = 0;
	const rd_kafka_CreateTopics_result_t *res =
		rd_kafka_event_CreateTopics_result((rd_kafka_event_t *)(uintptr_t)ev);
	const rd_kafka_topic_result_t **t = rd_kafka_CreateTopics_result_topics(res, &n);
	rd_kafka_resp_err_t err;

	if (n != 1)
		return err_set(e, -EIO, "Kafka gave %zu results for one topic", n);
	err = rd_kafka_topic_result_error(t[0]);
	if (!err)
		return 0;
	return err_set(e, kafka_errno(err), "creating topic %s: %s",
		rd_kafka_topic_result_name(t[0]),
		rd_kafka_topic_result_error_string(t[0]) ? rd_kafka_topic_result_error_string(t[0])
							 : rd_kafka_err2str(err));
}

int kafka_admin_create(struct kafka_admin *a, const char *topic, int partitions, int replication,
	const char *const *configs, struct err *e)
{
	char text[256];
	_cleanup_(rd_kafka_NewTopic_destroy_cleanup) rd_kafka_NewTopic_t *nt =
		rd_kafka_NewTopic_new(topic, partitions, replication, text, sizeof text);
	_cleanup_(rd_kafka_AdminOptions_destroy_cleanup) rd_kafka_AdminOptions_t *o =
		admin_options(a, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	_cleanup_(rd_kafka_queue_destroy_cleanup) rd_kafka_queue_t *q = rd_kafka_queue_new(a->rk);
	_cleanup_(rd_kafka_event_destroy_cleanup) rd_kafka_event_t *ev = NULL;
	int r;

	if (!nt)
		return err_set(e, -EINVAL, "topic %s: %s", topic, text);
	for (; configs && configs[0]; configs += 2) {
		if (rd_kafka_NewTopic_set_config(nt, configs[0], configs[1]))
			return err_set(e, -EINVAL, "topic %s: setting %s", topic, configs[0]);
	}
	rd_kafka_CreateTopics(a->rk, &nt, 1, o, q);
	ev = admin_wait(q, e);
	if (!ev)
		return e ? e->code : -EIO;
	r = topic_results(ev, e);
	return r ? r : wait_visible(a, topic, partitions, e);
}

static int config_results(rd_kafka_event_t *ev,
	void (*fn)(void *ctx, const char *key, const char *value), void *ctx, struct err *e)
{
	size_t n = 0, entries = 0;
	const rd_kafka_ConfigResource_t **res = rd_kafka_DescribeConfigs_result_resources(
		rd_kafka_event_DescribeConfigs_result(ev), &n);
	const rd_kafka_ConfigEntry_t **entry;
	rd_kafka_resp_err_t err;

	if (n != 1)
		return err_set(e, -EIO, "Kafka gave %zu results for one topic", n);
	err = rd_kafka_ConfigResource_error(res[0]);
	if (err)
		return kafka_err_set(e, err, "reading settings");
	entry = rd_kafka_ConfigResource_configs(res[0], &entries);
	for (size_t i = 0; i < entries; i++) {
		const char *value = rd_kafka_ConfigEntry_value(entry[i]);

		fn(ctx, rd_kafka_ConfigEntry_name(entry[i]), value ? value : "");
	}
	return 0;
}

static int describe(struct kafka_admin *a, rd_kafka_ResourceType_t type, const char *name,
	void (*fn)(void *ctx, const char *key, const char *value), void *ctx, struct err *e)
{
	_cleanup_(rd_kafka_ConfigResource_destroy_cleanup) rd_kafka_ConfigResource_t *res =
		rd_kafka_ConfigResource_new(type, name);
	_cleanup_(rd_kafka_AdminOptions_destroy_cleanup) rd_kafka_AdminOptions_t *o =
		admin_options(a, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
	_cleanup_(rd_kafka_queue_destroy_cleanup) rd_kafka_queue_t *q = rd_kafka_queue_new(a->rk);
	_cleanup_(rd_kafka_event_destroy_cleanup) rd_kafka_event_t *ev = NULL;

	rd_kafka_DescribeConfigs(a->rk, &res, 1, o, q);
	ev = admin_wait(q, e);
	if (!ev)
		return e ? e->code : -EIO;
	return config_results(ev, fn, ctx, e);
}

int kafka_admin_configs(struct kafka_admin *a, const char *topic,
	void (*fn)(void *ctx, const char *key, const char *value), void *ctx, struct err *e)
{
	return describe(a, RD_KAFKA_RESOURCE_TOPIC, topic, fn, ctx, e);
}

struct broker_ask {
	void (*fn)(void *ctx, int broker, const char *key, const char *value);
	void *ctx;
	int broker;
};

static void on_broker_config(void *ctx, const char *key, const char *value)
{
	struct broker_ask *b = ctx;

	b->fn(b->ctx, b->broker, key, value);
}

int kafka_admin_broker_configs(struct kafka_admin *a,
	void (*fn)(void *ctx, int broker, const char *key, const char *value), void *ctx,
	struct err *e)
{
	_cleanup_(metadata_cleanup) const struct rd_kafka_metadata *md = NULL;
	rd_kafka_resp_err_t err = rd_kafka_metadata(a->rk, 0, NULL, &md, ADMIN_MS);
	int r = 0;

	if (err)
		return kafka_err_set(e, err, "listing brokers");
	for (int i = 0; !r && i < md->broker_cnt; i++) {
		struct broker_ask b = {.fn = fn, .ctx = ctx, .broker = md->brokers[i].id};
		char name[16];

		snprintf(name, sizeof name, "%d", b.broker);
		r = describe(a, RD_KAFKA_RESOURCE_BROKER, name, on_broker_config, &b, e);
	}
	return r;
}

static int group_result(
	rd_kafka_event_t *ev, int *ret_members, char *ret_state, size_t size, struct err *e)
{
	size_t n = 0;
	const rd_kafka_ConsumerGroupDescription_t **g =
		rd_kafka_DescribeConsumerGroups_result_groups(
			rd_kafka_event_DescribeConsumerGroups_result(ev), &n);
	const rd_kafka_error_t *error;

	if (n != 1)
		return err_set(e, -EIO, "Kafka gave %zu results for one group", n);
	error = rd_kafka_ConsumerGroupDescription_error(g[0]);
	if (error && rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND)
		return kafka_err_set(e, rd_kafka_error_code(error), "describing a group");
	*ret_members = error ? 0 : (int)rd_kafka_ConsumerGroupDescription_member_count(g[0]);
	snprintf(ret_state, size, "%s",
		error ? "none"
		      : rd_kafka_consumer_group_state_name(
				rd_kafka_ConsumerGroupDescription_state(g[0])));
	return 0;
}

int kafka_admin_group(struct kafka_admin *a, const char *group, int *ret_members, char *ret_state,
	size_t size, struct err *e)
{
	_cleanup_(rd_kafka_AdminOptions_destroy_cleanup) rd_kafka_AdminOptions_t *o =
		admin_options(a, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
	_cleanup_(rd_kafka_queue_destroy_cleanup) rd_kafka_queue_t *q = rd_kafka_queue_new(a->rk);
	_cleanup_(rd_kafka_event_destroy_cleanup) rd_kafka_event_t *ev = NULL;

	rd_kafka_DescribeConsumerGroups(a->rk, &group, 1, o, q);
	ev = admin_wait(q, e);
	if (!ev)
		return e ? e->code : -EIO;
	return group_result(ev, ret_members, ret_state, size, e);
}

int kafka_admin_cluster(
	struct kafka_admin *a, char *ret_id, size_t size, int *ret_brokers, struct err *e)
{
	_cleanup_(metadata_cleanup) const struct rd_kafka_metadata *md = NULL;
	rd_kafka_resp_err_t err = rd_kafka_metadata(a->rk, 0, NULL, &md, ADMIN_MS);
	char *id;

	if (err)
		return kafka_err_set(e, err, "asking for the cluster");
	id = rd_kafka_clusterid(a->rk, ADMIN_MS);
	if (!id)
		return err_set(e, -ETIMEDOUT, "Kafka did not tell its cluster id");
	snprintf(ret_id, size, "%s", id);
	rd_kafka_mem_free(a->rk, id);
	*ret_brokers = md->broker_cnt;
	return 0;
}
