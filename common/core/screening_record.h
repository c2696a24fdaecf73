/* screening_record: does a whole record (of message_parse) speak of an emergency? Pure.
 *
 * Its class, its call's type, its text (core/screening), and its title unless it answers something:
 * then the title is what the other one said. The normalizer and muara-alarm both ask this one
 * function, so nothing can ring that is filed without a person. */
#pragma once

#include <jansson.h>

#include "core/screening.h"

/* rule: as screen_text, and "class": the source itself called it an emergency. */
struct screening screen_record(const json_t *message);
