/* meta_element: see meta_element.h.
 *
 * Guarantee: the same bytes give the same id for ever. Known gap: an element without an id that
 * comes again with its members in another order is another one. */
#include "base/crypto.h"
#include "base/util.h"
#include "daemons/social/meta_element.h"

const char *meta_hash_id(struct meta_element *x, const char *what)
{
	char hash[SHA256_HEX_SIZE];

	sha256_hex(x->bytes.p, x->bytes.n, hash);
	return meta_keep(&x->s, xasprintf("%s:%s", what, hash));
}

void meta_take_whole(struct meta_element *x, enum message_class class)
{
	x->m.class = class;
	x->m.native_id = meta_hash_id(x, "change");
}

bool meta_is_ours(const struct meta_element *x, const char *id)
{
	const struct meta_rules *r = x->d->rules;

	return meta_same(id, x->account) || meta_same(id, r->page) || meta_same(id, r->instagram);
}

void meta_take_incomplete(struct meta_element *x, const char *what, const char *id,
	const char *media, const char *revision)
{
	json_t *fetch = json_object();

	json_set_str(fetch, "what", what);
	json_set_str(fetch, "id", id);
	if (media)
		json_set_str(fetch, "media", media);
	if (revision)
		json_set_str(fetch, "revision", revision);
	json_set_new(x->s.fields, "fetch", fetch);
	x->notice = true;
	x->m.kind = MK_MESSAGE;
	x->m.class = MC_SYSTEM;
	x->m.native_id = meta_keep(&x->s, xasprintf("incomplete:%s:%s%s%s", what, id,
						  revision ? ":" : "", revision ? revision : ""));
	x->m.revision = NULL;
}

bool meta_is_empty(const struct message *m)
{
	return (!m->text || !*m->text) && !m->n_attachments && !m->location.set;
}
