/* See paper.h. */
#include "paper.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"

void paper_key(const char *message, size_t index, char ret[PAPER_KEY_SIZE])
{
	snprintf(ret, PAPER_KEY_SIZE, "%.40s/%zu", message, index);
}

json_t *paper_make(const struct paper *p, char ret_id[UUID_TEXT_SIZE])
{
	char key[PAPER_KEY_SIZE], at[TIME_TEXT_SIZE];
	json_t *o = json_object(), *a = json_object();

	paper_key(p->message, p->index, key);
	uuid_of_parts((const char *const[]){"media", key, p->state,
			      p->sha256 ? p->sha256 : p->reason, NULL},
		ret_id);
	time_format(p->at_ms, at);
	json_set_str(a, "id", p->attachment);
	json_set_str(a, "state", p->state);
	if (p->sha256) {
		json_set_str(a, "sha256", p->sha256);
		json_set_int(a, "bytes", p->bytes);
		json_set_str(a, "mime", p->mime);
		json_set_str(a, "kind", p->kind);
	} else {
		json_set_str(a, "reason", p->reason);
	}
	json_set_str(o, "schema", "muara.media/1");
	json_set_str(o, "id", ret_id);
	json_set_str(o, "message", p->message);
	json_set_int(o, "index", (int64_t)p->index);
	json_set_new(o, "attachment", a);
	json_set_int(o, "tries", p->tries);
	json_set_str(o, "at", at);
	return o;
}
