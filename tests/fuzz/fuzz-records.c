/* records: messages, commands, emergencies and lane records as bytes of a topic; what a message
 * says to the screening. */
// parser: common/core/lane_record.c only lane_record_hash key_is get_u64 get_writer
// parser: common/core/lane_record.c only parse_genesis parse_takeover parse_erased parse_ordinary
// parser: common/core/lane_record.c only is_fixed_key lane_record_parse lane_parsed_free
// parser: common/core/lane_record.c only lane_mark_from_json load_terms load_gaps lane_view_load
// parser: common/core/command.c only command_what_get attempt_text resolution_fits lacking check
// parser: common/core/command.c only command_parse
// parser: common/core/message.c only check_record message_parse message_class_get
// parser: common/core/message.c only message_kind_get message_call_get message_content_hash
// parser: common/core/emergency.c only emergency_kind_get emergency_state_after lacking check
// parser: common/core/emergency.c only emergency_parse
// parser: common/core/screening_record.c
#include "base/json.h"
#include "core/command.h"
#include "core/emergency.h"
#include "core/lane.h"
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

/* A stored position is taken whole, or the view stays as it was; what is taken is stored as it was.
 */
static void position(const char *p, size_t n)
{
	const struct lane_view_conf conf = {.log_name = "complaints", .lane = 0};
	struct lane_view v, again;
	json_t *j = NULL, *saved, *resaved;

	if (json_parse(p, n, 1 << 20, &j, NULL))
		return;
	lane_view_init(&v, &conf);
	if (lane_view_load(&v, j, NULL) == 0) {
		saved = lane_view_save(&v);
		lane_view_init(&again, &conf);
		CHECK(lane_view_load(&again, saved, NULL) == 0);
		resaved = lane_view_save(&again);
		CHECK(json_equal(saved, resaved));
		lane_view_free(&again);
		json_decref(saved);
		json_decref(resaved);
	} else {
		CHECK(v.n_terms == 0 && v.lanes == 0);
	}
	lane_view_free(&v);
	json_decref(j);
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
	position(p, n - 1);
	lane(p, n - 1, data[0] % 64);
	return 0;
}
