/* call_kind: the calls a filing is made of, and their names in records and profiles. Pure. */
#pragma once

#include <stdbool.h>

enum call_kind {
	CALL_NONE,
	CALL_UPLOAD,
	CALL_CREATE,
	CALL_HANDOVER,
	CALL_FOLLOWUP, /* news of a complaint that stands there already */
	CALL_SHEET,    /* last: all before it are calls a profile describes */
	CALL_KINDS
};

/* Only these calls make the national system hold a complaint. */
static inline bool call_creates(enum call_kind c)
{
	return c == CALL_CREATE || c == CALL_SHEET;
}

/* These tell of messages: their INTENT names them. */
static inline bool call_tells(enum call_kind c)
{
	return call_creates(c) || c == CALL_FOLLOWUP;
}

enum call_kind call_kind_parse(const char *s); /* CALL_NONE when unknown */
const char *call_kind_name(enum call_kind c);
