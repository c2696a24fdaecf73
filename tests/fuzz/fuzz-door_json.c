// uses: daemons/door/decode.c
// uses: daemons/door/evidence.c
/* door_json: whatever a client signs becomes a message that can be built, or is refused with a
 * reason; a file that is kept has a known type and fits. */
// parser: common/core/plain.c
#include "daemons/door/decode.h"

#include "fuzz.h"

#define ATTACHMENT_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct message m = {.tenant = "malang", .channel = "website", .account = "sambat"};
	struct door_doc doc;
	struct err e = {0};
	json_t *record = NULL;
	char id[UUID_TEXT_SIZE];

	m.received_ms = 1795482900000;
	m.source.daemon = "muara-door";
	m.source.instance = "kota";
	m.source.place = "body";
	m.original.data = data;
	m.original.len = n;
	if (door_decode((const char *)data, n, 1 << 16, 420, ATTACHMENT_MAX, &doc, &m, &e)) {
		CHECK(*e.text);
	} else {
		for (size_t i = 0; i < doc.n; i++)
			CHECK(!doc.files[i].data ||
				(doc.attachments[i].mime && doc.files[i].n <= ATTACHMENT_MAX));
		CHECK(n > MESSAGE_INLINE_MAX || message_build(&m, &record, id, &e) == 0);
	}
	json_decref(record);
	door_doc_free(&doc);
	return 0;
}
