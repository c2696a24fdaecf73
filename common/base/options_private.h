/* options_private: what the parts of options share; see options.h. */
#pragma once

#include "base/options.h"
#include "base/yaml.h"

/* One file, or one map in a list of one: where keys are looked up and how their place is told. */
struct options_layer {
	const char *file;
	json_t *map;			/* borrowed */
	const struct yaml_lines *lines; /* NULL: a default, which has no place */
	const char *prefix;		/* "" or "tenants.0." */
};

struct options_faults {
	struct buf text;
	int n;
	json_t *keys; /* set of full keys that have a fault: a check does not tell them again */
	const struct options_layer *layers; /* of the top level, for options_fault */
	size_t n_layers;
	const char *file; /* the main one */
};

__attribute__((format(printf, 4, 5))) void options_fault_at(struct options_faults *f,
	const struct options_layer *at, const char *key, const char *fmt, ...);

/* The value a layer holds at a dotted key; NULL when it does not mention it. */
json_t *options_find(json_t *map, const char *key);
/* Converts `v` (not NULL, not JSON null) into the row's field of `base`, which must be empty.
 * On a fault the field stays empty and false is returned. */
bool options_convert(struct options_faults *f, const struct options_layer *at,
	const struct option_row *row, json_t *v, void *base);
bool options_convert_default(
	struct options_faults *f, const char *file, const struct option_row *row, void *base);
/* All rows of a table from layers in order; used for the top level and for each map of a list. */
void options_fill(struct options_faults *f, const struct option_row *rows,
	const struct options_layer *layers, size_t n_layers, void *base);
void options_free_field(const struct option_row *row, void *base);

/* Durations and sizes as text and back. */
#define OPT_NUMBER_TEXT_SIZE 32
int options_parse_size(const char *s, int64_t *ret_bytes);
void options_format_duration(int64_t ms, char out[OPT_NUMBER_TEXT_SIZE]);
void options_format_size(int64_t bytes, char out[OPT_NUMBER_TEXT_SIZE]);
void options_format_number(enum option_type t, int64_t v, char out[OPT_NUMBER_TEXT_SIZE]);
