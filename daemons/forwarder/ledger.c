/* ledger: the table that the fold of `submissions` fills, its names and keys, and what is asked of
 * it (see ledger.h). How records change it: ledger_apply.c; how they are read: ledger_read.c; which
 * messages and files are told where: ledger_told.c.
 *
 * Guarantees: what is asked changes nothing; an answer is of the records applied so far.
 * Known gap: ledger_number_used walks the whole table. */
#include <string.h>

#include "base/util.h"

#include "ledger_rows.h"

static const char *const state_names[SLOT_STATES] = {"none", "intent", "handed", "parked",
	"not_sent", "rejected", "not_filed", "dropped", "filed", "done"};

void ledger_init(struct ledger *l)
{
	*l = (struct ledger){
		.slots = IDMAP_INIT(struct slot),
		.sources = IDMAP_INIT(struct source_row),
		.files = IDMAP_INIT(struct file_row),
		.refusals = IDMAP_INIT(struct refusal),
		.commands = IDMAP_INIT(struct command_row),
		.reported = IDMAP_INIT(struct reported),
		.earlier = IDMAP_INIT(struct earlier),
	};
	l->names[l->n_names++] = xstrdup("");
}

void ledger_free(struct ledger *l)
{
	idmap_free(&l->slots);
	idmap_free(&l->sources);
	idmap_free(&l->files);
	idmap_free(&l->refusals);
	idmap_free(&l->commands);
	idmap_free(&l->reported);
	idmap_free(&l->earlier);
	for (unsigned i = 0; i < l->n_names; i++)
		free(l->names[i]);
	l->n_names = 0;
}

uint8_t ledger_find_name(const struct ledger *l, const char *name)
{
	for (unsigned i = 1; i < l->n_names; i++)
		if (strcmp(l->names[i], name) == 0)
			return (uint8_t)i;
	return 0;
}

uint8_t ledger_name(struct ledger *l, const char *name)
{
	uint8_t there = ledger_find_name(l, name);

	if (there || !*name || l->n_names == ARRAY_SIZE(l->names))
		return there;
	l->names[l->n_names] = xstrdup(name);
	return (uint8_t)l->n_names++;
}

const char *slot_state_name(enum slot_state s)
{
	return state_names[s];
}

/* --- keys --- */

void ledger_slot_key(uint8_t key[16], const uint8_t complaint[16], uint8_t destination,
	enum call_kind call, const char *attachment)
{
	uint8_t what[2 + SHA256_HEX_SIZE] = {destination, (uint8_t)call};

	if (attachment)
		strncpy((char *)what + 2, attachment, SHA256_HEX_SIZE - 1);
	sha256_key(key, complaint, 16, what, sizeof what);
}

const char *ledger_part(uint32_t version, unsigned part, char ret[LEDGER_PART_SIZE])
{
	snprintf(ret, LEDGER_PART_SIZE, "v%u.%u", version, part);
	return ret;
}

void ledger_pair_key(uint8_t key[16], const uint8_t id[16], uint8_t name)
{
	sha256_key(key, id, 16, &name, 1);
}

/* --- asking --- */

struct slot *ledger_slot(const struct ledger *l, const uint8_t complaint[16], uint8_t destination,
	enum call_kind call, const char *attachment)
{
	uint8_t key[16];

	ledger_slot_key(key, complaint, destination, call, attachment);
	return idmap_get(&l->slots, key);
}

bool slot_open(const struct slot *s)
{
	return !s || s->state == SLOT_NOT_SENT || s->state == SLOT_NOT_FILED;
}

bool ledger_done_before(const struct ledger *l, const struct slot *s)
{
	return l->earlier.n && idmap_get(&l->earlier, s->key) != NULL;
}

bool slot_blocks(const struct slot *s)
{
	return s->state != SLOT_NOT_SENT && s->state != SLOT_REJECTED && s->state != SLOT_NOT_FILED;
}

bool slot_correctable(const struct slot *s)
{
	return s->state == SLOT_FILED && (s->flags & SLOT_F_TYPED) && s->remote_id &&
	       call_creates((enum call_kind)s->call);
}

struct slot *ledger_filing(const struct ledger *l, const uint8_t complaint[16], uint8_t destination)
{
	struct slot *create = ledger_slot(l, complaint, destination, CALL_CREATE, NULL);
	struct slot *sheet = ledger_slot(l, complaint, destination, CALL_SHEET, NULL);

	/* The destination's profile was changed between the two: what stands counts. */
	if (!create || (sheet && slot_open(create) && !slot_open(sheet)))
		return sheet;
	return create;
}

const struct refusal *ledger_refusal(
	const struct ledger *l, const uint8_t complaint[16], uint8_t destination)
{
	uint8_t key[16];

	ledger_pair_key(key, complaint, destination);
	return idmap_get(&l->refusals, key);
}

bool ledger_number_used(
	const struct ledger *l, const char *system, uint64_t remote_id, const uint8_t complaint[16])
{
	for (uint32_t i = 0; i < l->slots.n; i++) {
		const struct slot *s = idmap_at(&l->slots, i);

		if (s->remote_id == remote_id && call_creates((enum call_kind)s->call) &&
			strcmp(l->names[s->system], system) == 0 &&
			memcmp(s->complaint, complaint, 16) != 0)
			return true;
	}
	return false;
}

const struct reported *ledger_reported(const struct ledger *l, const struct slot *s)
{
	return idmap_get(&l->reported, s->key);
}

uint64_t ledger_last_answer(const struct ledger *l, const struct slot *s)
{
	const struct reported *row = ledger_reported(l, s);

	return row ? row->last : 0;
}

bool ledger_command_absorbed(const struct ledger *l, const uint8_t command[16])
{
	return idmap_get(&l->commands, command) != NULL;
}
