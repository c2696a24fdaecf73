/* ledger_told: which messages and files of a complaint are told where, and how much of them; what
 * speaks against telling them again (lane.md 20).
 *
 * A source may stand in several filings (a person's split), a file too: their rows chain, each
 * under the hash of the key before it, until one is not there. A row stays for ever; whether it
 * stands in the way is its slot's state.
 * Known gap: a chain is walked row by row; it is as long as a source has filings. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"
#include "core/ids.h"

#include "ledger_rows.h"

/* --- noting --- */

static void file_key(
	uint8_t key[16], const char *sha256, const uint8_t complaint[16], uint8_t destination)
{
	uint8_t whose[17];

	memcpy(whose, complaint, 16);
	whose[16] = destination;
	sha256_key(key, sha256, strlen(sha256), whose, sizeof whose);
}

/* Where to look next for another slot of the same source or file. */
static void next_key(uint8_t key[16])
{
	uint8_t link[16];

	memcpy(link, key, 16);
	sha256_key(key, link, 16, "+", 1);
}

static uint8_t since_of(const struct slot *s)
{
	return (uint8_t)MIN(s->attempt, SINCE_MAX);
}

/* Does the attempt the slot stands for name what a row says of it? An earlier one that took the
 * place of a newer one does not name what came in between. */
static bool is_named(const struct slot *s, uint32_t since)
{
	return since <= since_of(s);
}

static void note_source(
	struct ledger *l, const uint8_t message[16], uint8_t system, uint32_t slot, uint32_t upto)
{
	uint8_t key[16];
	struct source_row *row;
	bool made;

	ledger_pair_key(key, message, system);
	for (;; next_key(key)) {
		row = idmap_put(&l->sources, key, &made);
		if (made)
			row->since = since_of(idmap_at(&l->slots, slot));
		if (made || row->slot == slot) {
			row->slot = slot;
			row->upto = upto & UPTO_WHOLE;
			return;
		}
	}
}

static void note_file(struct ledger *l, const struct slot *s, uint32_t slot, const char *sha256)
{
	struct file_row *row;
	uint8_t key[16];
	bool made;

	file_key(key, sha256, s->complaint, s->destination);
	for (;; next_key(key)) {
		row = idmap_put(&l->files, key, &made);
		if (made)
			row->since = since_of(s);
		if (made || row->slot == slot) {
			row->slot = slot;
			return;
		}
	}
}

/* How much of this source's text the INTENT tells: all, unless `cut` says otherwise. */
static uint32_t upto_of(const json_t *body, const char *source)
{
	const json_t *c;
	size_t i;

	json_array_foreach (json_object_get(body, "cut"), i, c)
		if (strcmp(json_str_or(c, "source", ""), source) == 0)
			return (uint32_t)MIN(
				MAX(json_int(c, "told", 0), 0), (int64_t)UPTO_WHOLE - 1);
	return UPTO_WHOLE;
}

int ledger_note_told(
	struct ledger *l, const json_t *body, uint8_t system, uint32_t slot, struct err *err)
{
	const json_t *files = json_object_get(body, "attachments"), *v;
	int64_t carried = (int64_t)json_array_size(files) - json_int(body, "left_out", 0);
	struct slot *s = idmap_at(&l->slots, slot);
	uint8_t message[16];
	size_t i;

	json_array_foreach (json_object_get(body, "sources"), i, v) {
		const char *text = json_string_value(v);

		if (!text || uuid_parse(text, message))
			return err_set(err, -EINVAL, "sources[%zu]: not a UUID", i);
		note_source(l, message, system, slot, upto_of(body, text));
	}
	s->flags &= (uint8_t) ~(SLOT_F_FILES | SLOT_F_ALONE); /* of an earlier attempt */
	s->flags |= json_is_array(files) ? SLOT_F_LISTED : 0;
	s->flags |= carried > 0 ? SLOT_F_FILES : 0;
	s->flags |= carried == 1 ? SLOT_F_ALONE : 0;
	json_array_foreach (files, i, v) {
		if (!json_is_string(v))
			return err_set(err, -EINVAL, "attachments[%zu]: no text", i);
		note_file(l, s, slot, json_string_value(v));
	}
	return 0;
}

/* --- asking --- */

static const struct slot *source_conflict(const struct ledger *l, const uint8_t message[16],
	uint8_t system, const uint8_t complaint[16])
{
	const struct source_row *row;
	const struct slot *s;
	uint8_t key[16];

	ledger_pair_key(key, message, system);
	for (; (row = idmap_get(&l->sources, key)); next_key(key)) {
		s = idmap_at(&l->slots, row->slot);
		if (slot_blocks(s) && is_named(s, row->since) &&
			memcmp(s->complaint, complaint, 16) != 0)
			return s;
	}
	return NULL;
}

const struct slot *ledger_conflict(
	const struct ledger *l, const json_t *sources, uint8_t system, const uint8_t complaint[16])
{
	const json_t *source;
	size_t i;

	json_array_foreach (sources, i, source) {
		const char *text = json_is_string(source) ? json_string_value(source)
							  : json_str(source, "message");
		const struct slot *s;
		uint8_t message[16];

		if (!text || uuid_parse(text, message))
			continue;
		s = source_conflict(l, message, system, complaint);
		if (s)
			return s;
	}
	return NULL;
}

/* Nothing will take back what it tells. */
static bool slot_settled(const struct slot *s)
{
	return s->state == SLOT_DONE || s->state == SLOT_FILED || s->state == SLOT_DROPPED;
}

int64_t ledger_told(const struct ledger *l, const uint8_t complaint[16], uint8_t destination,
	uint8_t system, const uint8_t message[16])
{
	const struct source_row *row;
	int64_t told = LEDGER_UNTOLD;
	uint8_t key[16];

	ledger_pair_key(key, message, system);
	for (; (row = idmap_get(&l->sources, key)); next_key(key)) {
		const struct slot *s = idmap_at(&l->slots, row->slot);
		bool own = memcmp(s->complaint, complaint, 16) == 0;

		if (!slot_blocks(s) || !is_named(s, row->since) ||
			(own && s->destination != destination))
			continue;
		told = MAX(told, own && row->upto != UPTO_WHOLE && slot_settled(s)
					 ? (int64_t)row->upto
					 : LEDGER_WHOLE);
	}
	return told;
}

bool ledger_told_file(const struct ledger *l, const uint8_t complaint[16], uint8_t destination,
	const char *sha256)
{
	const struct file_row *row;
	uint8_t key[16];

	file_key(key, sha256, complaint, destination);
	for (; (row = idmap_get(&l->files, key)); next_key(key)) {
		const struct slot *s = idmap_at(&l->slots, row->slot);

		if (slot_blocks(s) && is_named(s, row->since))
			return true;
	}
	return false;
}

enum file_standing ledger_file_standing(const struct ledger *l, const uint8_t complaint[16],
	uint8_t destination, const char *sha256)
{
	enum file_standing worst = FILE_FINE;
	const struct file_row *row;
	uint8_t key[16];

	file_key(key, sha256, complaint, destination);
	for (; (row = idmap_get(&l->files, key)); next_key(key)) {
		const struct slot *s = idmap_at(&l->slots, row->slot);

		if (s->call != CALL_FOLLOWUP || s->state != SLOT_REJECTED ||
			!(s->flags & SLOT_F_FILES))
			continue;
		if (s->flags & SLOT_F_ALONE)
			return FILE_REFUSED;
		worst = FILE_SUSPECT;
	}
	return worst;
}
