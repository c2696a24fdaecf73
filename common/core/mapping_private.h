/* mapping_private: what the parts of mapping share; see mapping.h. */
#pragma once

#include "base/buf.h"
#include "core/mapping.h"

enum mapping_body_kind { MB_JSON, MB_FORM, MB_FORM_JSON };
enum mapping_sender_kind { MS_ID, MS_PHONE };
enum mapping_time_kind { MT_AUTO, MT_SECONDS, MT_MILLISECONDS, MT_TEXT };

/* What a rule can say. */
enum mapping_outcome {
	MO_MESSAGE,
	MO_IMAGE,
	MO_DOCUMENT,
	MO_AUDIO,
	MO_VIDEO,
	MO_STICKER,
	MO_EDIT,
	MO_DELETE,
	MO_AUTO,
	MO_SPAM,
	MO_TEST,
	MO_INFORMATION,
	MO_UNKNOWN,
	MO_ECHO,
	MO_SYSTEM,
	MO_COUNT_
};
extern const char *const mapping_outcome_names[MO_COUNT_ + 1];
int mapping_outcome_of(const char *word); /* -1: none of them */

struct mapping_body {
	const struct mapping_conf *conf;
	struct span raw; /* as it came */
	char *text;	 /* owned JSON text of a form; NULL: raw is JSON itself */
	struct span root;
	struct span *elements;
	size_t n;
	bool cut;	    /* the list breaks off behind the elements */
	const char *broken; /* why the body as a whole cannot be read; constant text */
};
/* Follows a JSON pointer without decoding what lies beside it; -ENOENT, -EINVAL. */
int mapping_span_at(struct span at, const char *pointer, struct span *ret);
/* The next part of a pointer, unescaped, into `part`; NULL at its end. */
const char *mapping_pointer_part(const char *pointer, char part[MAPPING_POINTER_MAX + 1]);
/* The value at a pointer of `j`; NULL when there is none. Borrowed. */
json_t *mapping_value_at(const json_t *j, const char *pointer);
/* A scalar as text; NULL for null, "", lists and maps. The caller frees. */
char *mapping_scalar(const json_t *v);
