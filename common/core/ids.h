/* ids: every identifier of a record, in one place: UUIDs, message and conversation ids, tickets.
 *
 * All pure but uuid_random. Text form is lower-case, 36 characters. The namespace and the byte
 * strings hashed below are fixed for ever: another value would file every message a second time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define UUID_SIZE	 16
#define UUID_TEXT_SIZE	 37
#define TICKET_TEXT_SIZE 12 /* "ABCDE-FGHJK" */

/* Exactly 8-4-4-4-12 hexadecimal digits, either case; -EINVAL else. */
int uuid_parse(const char *text, uint8_t ret[UUID_SIZE]);
void uuid_format(const uint8_t uuid[UUID_SIZE], char ret[UUID_TEXT_SIZE]);
bool uuid_valid(const char *text);	    /* lower-case canonical text; NULL is not */
void uuid_random(char ret[UUID_TEXT_SIZE]); /* version 4 */

/* UUIDv5 (RFC 9562) under Muara's namespace of the parts, in order, joined by one NUL. Parts end
 * with NULL. */
void uuid_of_parts(const char *const *parts, char ret[UUID_TEXT_SIZE]);

/* revision NULL or "" = the message itself, not an edit of it. */
void message_id(const char *tenant, const char *channel, const char *account, const char *native_id,
	const char *revision, char ret[UUID_TEXT_SIZE]);
/* A message whose id was seen with other content (lane rule 12): an id of its own. */
void message_id_conflict(const char *id, const char *content_hash, char ret[UUID_TEXT_SIZE]);
/* All a person writes to one account of one channel. */
void conversation_id(const char *tenant, const char *channel, const char *account,
	const char *author_id, char ret[UUID_TEXT_SIZE]);

/* The short number a citizen reads out, a fixed function of a message's (so of a complaint's) id:
 * 9 characters of 45 bits of sha256("muara-ticket\0" + 16 id bytes), then a check character that
 * finds every single wrong character and every swap of neighbours except of two that stand exactly
 * 16 apart in the alphabet. Two complaints may share a ticket (2^-45 a pair): a look-up by ticket
 * lists all. -EINVAL when id is no UUID. */
int ticket_of(const char *id, char ret[TICKET_TEXT_SIZE]);
/* Accepts lower case, blanks and hyphens anywhere, O for 0, I and L for 1; gives the printed form.
 * -EINVAL: wrong length or character; -EBADMSG: check character does not fit. */
int ticket_parse(const char *text, char ret[TICKET_TEXT_SIZE]);
