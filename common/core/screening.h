/* screening: does a text, or the type of its call, speak of an emergency? Pure; Indonesian and
 * Javanese.
 *
 * The error that counts is the missed one: a needless review costs an officer a minute. A word of
 * danger therefore says emergency unless a rule can be *sure* it does not: a fixed phrase
 * ("kebakaran jenggot", "banjir diskon"), a plain denial right before it ("tidak ada kebakaran"),
 * a drill, a thing long past with its year. Words stand alone or with Indonesian affixes that are
 * listed; case, accents, repeated letters ("tolooong"), full stops inside words and common
 * number-for-letter spellings are folded. Known gaps: no other languages but a few English words,
 * no misspelling beyond repeated letters and listed variants, no irony. */
#pragma once

#include <stddef.h>

#include "core/message.h"

enum screening_verdict { SCREEN_NONE, SCREEN_UNSURE, SCREEN_EMERGENCY };

struct screening {
	enum screening_verdict verdict;
	const char *rule; /* constant: "call-type", "word", "weak-word", "unmapped-call-type",
			     "phrase", "denied", "past", "drill", "nothing" */
	const char
		*word; /* constant from the table that decided (never the citizen's text) or NULL */
};
/* SCREEN_UNSURE: a weak sign, or a call type nobody mapped: a person looks, it is never filed
 * alone. text NULL = "". */
struct screening screen_text(const char *text, enum call_class call);
