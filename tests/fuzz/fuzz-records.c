/* records: messages, commands, emergencies and lane records as bytes of a topic; what a message
 * says to the screening. */
// parser: common/core/lane_record.c
// parser: common/core/command.c
#include "core/command.h"
#include "core/emergency.h"
#include "core/lane_record.h"
#include "core/message.h"
#include "core/screening_record.h"

#include "fuzz.h"

static void message(const char *p, size_t n)
{
	char hash[SHA256_HEX_SIZE], event[UUID_TEXT_SIZE];
	json_t *j = NULL;

	if (message_parse(p, n, &j, NULL))
		return;
	CHECK(uuid_valid(json_string_value(json_object_get(j, "id"))));
	CHECK(message_class_get(j) < MC_COUNT_ && message_kind_get(j) < MK_COUNT_ &&
		message_call_get(j) < CC_COUNT_);
	message_content_hash(j, hash);
	emergency_id(j, event);
	CHECK(uuid_valid(event) && screen_record(j).rule);
	json_decref(j);
}

static void emergency(const char *p, size_t n)
{
	json_t *j = NULL;

	if (emergency_parse(p, n, &j, NULL))
		return;
	CHECK(emergency_kind_get(j) < EM_KINDS_);
	CHECK(emergency_state_after(ES_NONE, emergency_kind_get(j)) <= ES_ACKNOWLEDGED);
	json_decref(j);
}

static void lane(const char *p, size_t n, size_t key)
{
	static const char *const kinds[] = {"decision", "intent", "done", NULL};
	struct lane_parsed parsed;
	uint8_t hash[LANE_HASH_SIZE];

	key = key > n ? n : key;
	lane_record_parse(7, p, key, p + key, n - key, kinds, &parsed);
	lane_parsed_free(&parsed);
	lane_record_hash(p, key, p + key, n - key, hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data + 1;
	json_t *j = NULL;

	if (n < 1)
		return 0;
	message(p, n - 1);
	if (command_parse(p, n - 1, &j, NULL) == 0) {
		(void)command_what_get(j);
		json_decref(j);
	}
	emergency(p, n - 1);
	lane(p, n - 1, data[0] % 64);
	return 0;
}
