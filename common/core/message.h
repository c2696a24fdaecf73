/* message: the record of a raw topic: built by ingestors, parsed by everyone else.
 *
 * The record is the real plug-in interface (config/schema/message.schema.json). message_build takes
 * what a source knows and applies the rules all sources share: ids, the clock rules of sent_at,
 * text made valid UTF-8, the original bytes inline or by pointer. Nothing here does I/O. Errors
 * name fields, never their content. Thread: any. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"
#include "base/err.h"
#include "core/ids.h"

#define MESSAGE_INLINE_MAX	(64 * 1024) /* larger originals lie in the blob store */
#define MESSAGE_TEXT_MAX	(64 * 1024) /* longer text is cut; "text_cut" says so, original kept */
#define MESSAGE_RECORD_MAX	(960 * 1024) /* bytes of a whole record; broker's limit is 1 MiB */
#define MESSAGE_ATTACHMENTS_MAX 64
#define MESSAGE_FUTURE_MS	(5 * 60 * 1000) /* sent later than received + this becomes received */

enum message_kind { MK_MESSAGE, MK_EDIT, MK_DELETE, MK_CALL, MK_COUNT_ };

enum message_class {
	MC_HUMAN,
	MC_AUTO,
	MC_BOUNCE,
	MC_SPAM,
	MC_GHOST,
	MC_PRANK,
	MC_DROPPED,
	MC_TEST,
	MC_INFORMATION,
	MC_EMERGENCY,
	MC_UNKNOWN, /* also: a class this version does not know; a person looks */
	MC_UNDECODABLE,
	MC_STALE,
	MC_ECHO,
	MC_SYSTEM,
	MC_COUNT_
};

/* What a call centre's own type means (configuration maps it). CC_NONE: the channel has no types;
 * CC_UNKNOWN: it has, and this one is not mapped. */
enum call_class {
	CC_NONE,
	CC_NORMAL,
	CC_EMERGENCY,
	CC_INFORMATION,
	CC_GHOST,
	CC_PRANK,
	CC_DROPPED,
	CC_TEST,
	CC_UNKNOWN,
	CC_COUNT_
};

const char *message_kind_name(enum message_kind k);
const char *message_class_name(enum message_class c);
const char *call_class_name(enum call_class c);		     /* NULL for CC_NONE */
int call_class_parse(const char *s, enum call_class *ret);   /* -EINVAL; for field maps */
enum message_class message_class_of_call(enum call_class c); /* the class a mapped type gives */

enum attachment_state { AS_STORED, AS_PENDING, AS_MISSING, AS_REFUSED };

struct message_attachment {
	const char *id; /* native id or path as the source named it; required */
	enum attachment_state state;
	const char *kind;   /* image document audio video sticker other; NULL: from mime */
	const char *sha256; /* required when stored */
	int64_t bytes;	    /* -1 = unknown */
	const char *mime, *name;
	const char *url; /* where it lies now, when the source says so; such links are short-lived
			    and differ from time to time, so they are no part of any id */
};

struct message { /* all pointers borrowed; text fields may hold any bytes, they are repaired */
	const char *tenant, *channel, *account, *native_id, *revision;
	enum message_kind kind;
	enum message_class class;

	struct {
		const char *id; /* required; channel-scoped; "" -> native_id (nobody known) */
		const char *name, *phone, *email, *username;
		bool proven; /* by the channel; false = typed in */
	} author;

	int64_t received_ms;	    /* 0 = now (clock_wall_ms) */
	int64_t sent_ms;	    /* 0 = the source gave none, or one that cannot be read */
	const char *sent_at_source; /* as the source gave it; NULL = it gave none */
	int64_t max_age_ms;	    /* 0 = no limit; older becomes class stale */
	int64_t start_ms;	    /* 0 = none; sent before the configured start becomes stale */

	const char *text;
	size_t text_len; /* 0 with text != NULL: strlen */
	const struct message_attachment *attachments;
	size_t n_attachments;

	struct {
		bool set;
		double lat, lon;
		const char *address, *name;
	} location; /* address or name alone are kept too: set = false, lat/lon null */
	const char *in_reply_to;

	struct {
		enum call_class mapped; /* CC_NONE: "call" is null */
		const char *type, *priority;
	} call;
	json_t *fields; /* borrowed object of extra fields, or NULL; see the schema */

	struct {
		const char *daemon, *instance, *place;
		bool review_required;
	} source;

	struct {
		const void *data; /* this message's bytes as received; required */
		size_t len;
		const char *blob; /* sha256 of the blob that holds them; required above
				     MESSAGE_INLINE_MAX, NULL = inline */
		int64_t offset;	  /* where in the blob */
	} original;
	struct {
		const char *place, *reason;
	} error; /* class undecodable only; both required then */
};

/* *ret: the record (caller owns). -EINVAL: a required field is missing or wrong; -E2BIG: original
 * too large for inline without a blob, too many attachments, or the record as a whole. ret_id may
 * be NULL. */
int message_build(
	const struct message *m, json_t **ret, char ret_id[UUID_TEXT_SIZE], struct err *e);
/* The id message_build will give it; needs tenant, channel, account and native_id. */
void message_identity(const struct message *m, char ret[UUID_TEXT_SIZE]);
/* The same as bytes ready for Kafka (compact JSON, caller frees). */
int message_build_text(const struct message *m, char **ret, size_t *ret_len,
	char ret_id[UUID_TEXT_SIZE], struct err *e);

/* Bytes of a raw record -> checked JSON (caller owns). -EPROTO: unknown major version: hold the
 * partition. -EINVAL/-E2BIG: unusable: absorb it as topic/partition/offset, dead. After 0: id is a
 * UUID, tenant/channel/account/native_id/author.id/text/received_at/sent_at/conversation are there
 * and of their type, attachments is an array of objects with an id, source is an object. */
int message_parse(const void *p, size_t n, json_t **ret, struct err *e);

enum message_class message_class_get(const json_t *record); /* unknown text: MC_UNKNOWN */
enum message_kind message_kind_get(const json_t *record);   /* unknown text: MK_MESSAGE */
enum call_class message_call_get(const json_t *record);	    /* CC_NONE without call */

/* Lane rule 12: hex sha256 of text, NUL, then each native attachment id in sorted order with a NUL
 * after it. */
void message_content_hash(const json_t *record, char ret[SHA256_HEX_SIZE]);

/* E.164 of what Indonesian sources write ("0812…", "62812…", "+62 812-…", "(0341) 55…"): digits
 * with '+'; -EINVAL when it cannot be a number. `ret` holds 17. */
#define PHONE_TEXT_SIZE 17
int phone_normalise(const char *text, char ret[PHONE_TEXT_SIZE]);
