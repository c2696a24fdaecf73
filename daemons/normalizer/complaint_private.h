/* complaint_private: what the files of a complaint share. */
#pragma once

#include "complaint.h"

#define SEPARATOR "\n\n" /* between the words of two messages */

bool complaint_blank(const char *s);
json_t *complaint_list(json_t *c, const char *key);		/* made when there is none */
json_t *complaint_source(const json_t *c, const char *message); /* borrowed; NULL = none */

/* Composes the text anew from its parts, in the order they were sent; `added` is a source that has
 * no part yet. */
void text_compose(json_t *c, json_t *added, const char *added_text);
void text_drop(
	json_t *c, const char *message);    /* the words of the message and of all its edits go */
void text_set(json_t *c, const char *text); /* an officer's text instead of everything so far */
void title_set(json_t *c);		    /* from the text, unless somebody gave one */
