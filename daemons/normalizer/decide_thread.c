/* decide_thread: see decide_thread.h. */
#include "decide_thread.h"
#include "decide_private.h"

#include <string.h>

#include "base/json.h"
#include "core/message.h"

static json_t *complaint_of(struct ctx *x, const char *message)
{
	_cleanup_json_ json_t *place = ctx_lookup_json(x, "a", message);

	if (!place || strcmp(json_str_or(place, "place", ""), "complaint") != 0)
		return NULL;
	return ctx_lookup_json(x, "c", json_str_or(place, "ref", ""));
}

/* One lane may hold several tenants. */
static json_t *own_tenants(json_t *c, const json_t *m)
{
	if (c && strcmp(json_str_or(c, "tenant", ""), json_str_or(m, "tenant", "")) == 0)
		return c;
	json_decref(c);
	return NULL;
}

const char *thread_ticket(const json_t *m)
{
	return json_str(json_object_get(m, "fields"), "ticket");
}

bool thread_reply(const json_t *m, char ret_id[UUID_TEXT_SIZE])
{
	const char *native = json_str(m, "in_reply_to");

	if (!native || !*native)
		return false;
	message_id(json_str_or(m, "tenant", ""), json_str_or(m, "channel", ""),
		json_str_or(m, "account", ""), native, NULL, ret_id);
	return true;
}

json_t *thread_named(struct ctx *x, const json_t *m, const char **ret_by)
{
	const char *ticket = thread_ticket(m), *message;
	char id[UUID_TEXT_SIZE];
	json_t *c = NULL;

	*ret_by = "ticket";
	message = ticket ? json_string_value(ctx_lookup(x, "k", ticket)) : NULL;
	if (message)
		c = own_tenants(complaint_of(x, message), m);
	if (c || !thread_reply(m, id))
		return c;
	*ret_by = "reply";
	return own_tenants(complaint_of(x, id), m);
}

bool thread_is_of(const json_t *c, const char *conversation)
{
	const json_t *source;
	size_t i;

	json_array_foreach (json_object_get(c, "sources"), i, source)
		if (strcmp(json_str_or(source, "conversation", ""), conversation) == 0)
			return true;
	return false;
}

bool thread_links(const json_t *c, const json_t *other)
{
	const char *id = json_str_or(other, "id", "");
	const json_t *link;
	size_t i;

	if (strcmp(json_str_or(c, "id", ""), id) == 0)
		return true;
	json_array_foreach (json_object_get(c, "links"), i, link)
		if (strcmp(json_str_or(link, "complaint", ""), id) == 0)
			return true;
	return false;
}
