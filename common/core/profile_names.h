/* profile_names: the {{names}} a profile's texts and maps may hold: which there are, where they may
 * stand, what they give for a complaint. Private to the profile's files.
 *
 * A getter returns a value the caller owns (null, false and "" mean there is nothing to say), or
 * NULL: r->e says why, by the field, never by its content. All pure. */
#pragma once

#include "core/profile_private.h"

#define NAME_MAX_LEN 64
#define RENDER_MAX   (1 << 20) /* bytes of a rendered text */

typedef json_t *name_fn(const struct render *r, const char *name);

struct profile_name {
	const char *name;
	unsigned where; /* enum place, or-ed */
	name_fn *get;
};
extern const struct profile_name profile_names[];	/* ends with .name = NULL */
const struct profile_name *name_find(const char *name); /* NULL = there is none */
name_fn name_setting, name_table; /* of {{setting.NAME}}, {{table.NAME}}: given NAME */

/* --- getters of other files --- */

name_fn name_title, name_title_whole, name_whole_text, name_content; /* profile_content.c */
name_fn name_attachments, name_not_attached;			     /* profile_attached.c */
name_fn news_content;						     /* profile_news.c */

/* --- what getters have in common --- */

bool name_blank(const char *s);				       /* NULL, empty, white space */
const char *name_member(const json_t *obj, const char *key);   /* NULL = missing or blank */
json_t *name_text(const char *s);			       /* null for a blank one */
json_t *name_refuse(const struct render *r, const char *what); /* NULL */
/* One line of at most so many characters. Caller frees. */
char *name_line(const char *s, int64_t max_chars);
/* A choice as written, or the value of the {{setting.x}} it points to; NULL = not given. */
const char *name_choice(const struct render *r, const char *written);
