/* profile_show: what profile_render made up, for a person's eyes. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* What came from outside is made fit for a terminal (print.h); the exact bytes are in the JSON. */
void profile_show(FILE *out, const json_t *rendered, bool show_text);
