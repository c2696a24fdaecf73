/* mapping: a foreign body (JSON or a form) -> messages of our own, by pointers from a
 * configuration; no code per vendor. Pure.
 *
 * A pointer is a JSON pointer (RFC 6901) into one message ("/room/id"), "root:/…" into the body as
 * a whole when `messages` names a list within it, or "=text": that text itself. Most keys hold a
 * list of pointers; the first place where something stands counts (null, "", lists and maps are
 * nothing; numbers and true/false are taken as text). What comes of it:
 *
 *   id            native id; 0, "" and what `id_none` lists are none: then the hash of the fields
 *                 `id_fallback` names, and if all those are empty too, of the message's own bytes
 *   sender        author id. sender_is: phone: "62812…@c.us", "0812…", "+62 812…" become the number
 *                 with country code, as WhatsApp writes it, so that one person stays one person
 *   time          seconds or milliseconds since 1970, or a date in text (idtime.h)
 *   coordinates   "lat,long" in one text; what cannot be read is kept as the address
 *   rules         what a field says about a message: its class (own message, status, group …), its
 *                 kind (edit, delete), the kind of its attachment. All rules are looked at; the
 *                 first that says something about class, kind or attachment counts for it
 *   account       with `accounts` in the environment: one of another account is class unknown
 *
 * Each element of a list is decoded by itself: one that is no object, or that holds nothing a
 * citizen could have sent (text, attachment, place), is a message of class undecodable with its
 * bytes, and never loses its neighbours. A body that cannot be read, or with more than
 * MAPPING_MESSAGES_MAX messages, is one undecodable message. Reasons never hold content. The bytes
 * of a message are its element of a JSON body, else the whole body (forms).
 *
 * Known gaps: multipart/form-data is not read; of a form field that comes twice the first counts; a
 * key of the body written with JSON escapes is not found by `messages` and root pointers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/jsonspan.h"
#include "base/options.h"
#include "core/message.h"

#define MAPPING_MESSAGES_MAX 1000
#define MAPPING_POINTER_MAX  200

struct mapping_conf {
	int body, sender_is, time_format;
	char *form_field, *messages, *zone;
	struct strlist id, id_none, id_fallback, sender, name, phone, username, email, text,
		text_more, time, latitude, longitude, coordinates, address, place, reply_to,
		original, account;
	bool proven;
	struct optlist rules, attachments;
	struct strmap fields;
};
struct mapping_rule {
	struct strlist from;
	struct strmap map;
	int other, missing;
};
struct mapping_attachment {
	char *each;
	struct strlist url, id, mime, name, kind;
};

extern const char *const mapping_body_choices[], *const mapping_sender_choices[],
							 *const mapping_time_choices[];
extern const struct option_row mapping_rule_options[], mapping_attachment_options[];

#define MAPPING_POINTERS_(st, m, field_, sentence) \
	OPT(st, OPT_STRINGS, m.field_, #field_, NULL, .max = 16, .help = sentence)
/* Rows of an option table; `m` is the struct mapping_conf in `st`. */
#define MAPPING_OPTIONS(st, m)                                                                     \
	OPT(st, OPT_ENUM, m.body, "body", "json", .choices = mapping_body_choices,                 \
		.help = "json; form: its fields are a message's; form-json: JSON in a form's "     \
			"field"),                                                                  \
		OPT(st, OPT_STRING, m.form_field, "form_field", NULL, .min = 1, .max = 100,        \
			.help = "With body: form-json, the form's field that holds it"),           \
		OPT(st, OPT_STRING, m.messages, "messages", "", .max = MAPPING_POINTER_MAX,        \
			.help = "Pointer to the list of messages; empty: the body is one, or a "   \
				"list of them"),                                                   \
		MAPPING_POINTERS_(st, m, id, "The provider's id of the message"),                  \
		OPT(st, OPT_STRINGS, m.id_none, "id_none", "[\"0\"]", .max = 16,                   \
			.help = "Values that mean: this message has no id"),                       \
		MAPPING_POINTERS_(st, m, id_fallback,                                              \
			"Without an id: the fields whose hash tells this message from others"),    \
		OPT(st, OPT_STRINGS, m.sender, "sender", NULL, .flags = OPT_REQUIRED, .min = 1,    \
			.max = 16, .help = "Who wrote it: the provider's id of him, or a number"), \
		OPT(st, OPT_ENUM, m.sender_is, "sender_is", "id",                                  \
			.choices = mapping_sender_choices,                                         \
			.help = "phone: a telephone number; id: any text"),                        \
		OPT(st, OPT_BOOL, m.proven, "proven", "no",                                        \
			.help = "yes: the provider vouches for the sender; no: typed by anyone"),  \
		MAPPING_POINTERS_(st, m, name, "His name"),                                        \
		MAPPING_POINTERS_(st, m, phone, "His number, when it is not the sender"),          \
		MAPPING_POINTERS_(st, m, username, "His user name"),                               \
		MAPPING_POINTERS_(st, m, email, "His e-mail address"),                             \
		MAPPING_POINTERS_(st, m, text, "What he wrote; the first that is there"),          \
		MAPPING_POINTERS_(st, m, text_more, "More of it; each on a line of its own"),      \
		MAPPING_POINTERS_(st, m, time, "When he sent it"),                                 \
		OPT(st, OPT_ENUM, m.time_format, "time_format", "auto",                            \
			.choices = mapping_time_choices,                                           \
			.help = "auto tells seconds, milliseconds and dates apart"),               \
		OPT(st, OPT_STRING, m.zone, "zone", NULL, .max = 8,                                \
			.help = "Of dates that name none; default: timezone of muara.yaml"),       \
		MAPPING_POINTERS_(st, m, latitude, "Place, a number"),                             \
		MAPPING_POINTERS_(st, m, longitude, "Place, a number"),                            \
		MAPPING_POINTERS_(st, m, coordinates, "Place as one text: \"lat,long\""),          \
		MAPPING_POINTERS_(st, m, address, "Address of the place"),                         \
		MAPPING_POINTERS_(st, m, place, "Name of the place"),                              \
		MAPPING_POINTERS_(st, m, reply_to, "Id of the message it answers"),                \
		MAPPING_POINTERS_(st, m, original, "Of an edit or deletion: id of its message"),   \
		MAPPING_POINTERS_(st, m, account, "Which of our numbers or accounts got it"),      \
		OPT(st, OPT_LIST, m.rules, "rules", NULL, .max = 32, .sub = mapping_rule_options,  \
			.sub_size = sizeof(struct mapping_rule),                                   \
			.help = "What a field says about the message"),                            \
		OPT(st, OPT_LIST, m.attachments, "attachments", NULL, .max = 8,                    \
			.sub = mapping_attachment_options,                                         \
			.sub_size = sizeof(struct mapping_attachment),                             \
			.help = "Files that came along"),                                          \
		OPT(st, OPT_MAP, m.fields, "fields", NULL, .max = 32,                              \
			.help = "More of it, for the complaint: title, category, agency … : "    \
				"pointer")
/* To be called from the table's check: tells each bad pointer, word and combination at its key. */
void mapping_check(const struct mapping_conf *m, struct options_faults *f);
/* NULL when `pointer` can stand in a list of pointers, else what is wrong with it. */
const char *mapping_pointer_fault(const char *pointer);

/* A body taken apart. Borrows conf and body. */
struct mapping_body;
struct mapping_body *mapping_open(const struct mapping_conf *m, const char *body, size_t len);
void mapping_close(struct mapping_body *b); /* NULL-safe */
/* How many messages mapping_decode will give: at least 1, but 0 for an empty list. */
int mapping_count(const struct mapping_body *b);
/* What stands at a pointer of the body as a whole, as text (for a secret that comes in the body);
 * NULL when there is nothing. The caller frees. */
char *mapping_root_text(const struct mapping_body *b, const char *pointer);

struct mapping_env {
	int zone_minutes;	     /* when the mapping names none */
	const char *const *accounts; /* ours, as `account` gives them */
	size_t n_accounts;	     /* 0: any */
};
/* `m` comes filled as in the base message but for original, which the caller sets from `bytes`
 * (within the body); all borrowed for the call. */
typedef void mapping_emit_fn(void *ctx, struct message *m, struct span bytes);
void mapping_decode(const struct mapping_body *b, const struct mapping_env *env,
	const struct message *base, mapping_emit_fn *emit, void *ctx);
