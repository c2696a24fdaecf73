/* mail_head: what the fields of a mail say of its author, its class, its thread. Pure; see mime.h
 * for the rules. Values are repaired UTF-8, the caller frees. Thread: one. */
#pragma once

#include <stdbool.h>

#include "mime.h"

#include <gmime/gmime.h> /* behind ours: glib has MIN and MAX of its own */

char *head_text(GMimeObject *o, const char *name); /* decoded (RFC 2047); NULL: not there */
char *head_raw(GMimeObject *o, const char *name);  /* unfolded, trimmed; NULL: not there or empty */

/* First address of the field: lower case; ret_name may be NULL. Both NULL: none can be read. */
void head_address(GMimeObject *o, const char *field, char **ret_address, char **ret_name);
/* First or last "<id>" of the field without its brackets; NULL: none that can be used. */
char *head_message_id(GMimeObject *o, const char *field, bool last);
char *head_ticket(const char *subject); /* "ABCDE-FGHJK" in it; NULL */

/* The class; *ret_kind: constant word for fields.mail ("bounce", "list", …), NULL for a person's.
 */
enum message_class head_class(
	GMimeObject *o, const char *author, const struct mail_rules *rules, const char **ret_kind);
bool head_proven(GMimeObject *o, const char *authserv);

/* Behind "Re: ", "Bls: ", "[Fwd: "…; what was there is told. */
const char *head_subject(const char *subject, bool *ret_reply, bool *ret_forward);
