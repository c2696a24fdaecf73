/* mapping_conf: the words a mapping is written in, and what is wrong with one; see mapping.h. */
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "core/mapping_private.h"
#include "core/muara_conf.h"

const char *const mapping_body_choices[] = {"json", "form", "form-json", NULL};
const char *const mapping_sender_choices[] = {"id", "phone", NULL};
const char *const mapping_time_choices[] = {"auto", "seconds", "milliseconds", "text", NULL};
const char *const mapping_outcome_names[MO_COUNT_ + 1] = {
	[MO_MESSAGE] = "message",
	[MO_IMAGE] = "image",
	[MO_DOCUMENT] = "document",
	[MO_AUDIO] = "audio",
	[MO_VIDEO] = "video",
	[MO_STICKER] = "sticker",
	[MO_EDIT] = "edit",
	[MO_DELETE] = "delete",
	[MO_AUTO] = "auto",
	[MO_SPAM] = "spam",
	[MO_TEST] = "test",
	[MO_INFORMATION] = "information",
	[MO_UNKNOWN] = "unknown",
	[MO_ECHO] = "echo",
	[MO_SYSTEM] = "system",
};

/* clang-format off */
const struct option_row mapping_rule_options[] = {
	OPT(struct mapping_rule, OPT_STRINGS, from, "from", NULL, .flags = OPT_REQUIRED, .min = 1, .max = 16,
		.help = "Pointers to the field"),
	OPT(struct mapping_rule, OPT_MAP, map, "map", NULL, .flags = OPT_REQUIRED, .min = 1, .max = 64,
		.help = "Its values, case ignored: what each says about the message"),
	OPT(struct mapping_rule, OPT_ENUM, other, "other", "unknown", .choices = mapping_outcome_names,
		.help = "What any other value says"),
	OPT(struct mapping_rule, OPT_ENUM, missing, "missing", "message", .choices = mapping_outcome_names,
		.help = "What it says when nothing stands there"),
	OPT_END
};

const struct option_row mapping_attachment_options[] = {
	OPT(struct mapping_attachment, OPT_STRING, each, "each", NULL, .min = 1, .max = MAPPING_POINTER_MAX,
		.help = "Pointer to a list of them; the others then point into its entries (\"\": the entry)"),
	OPT(struct mapping_attachment, OPT_STRINGS, url, "url", NULL, .max = 16,
		.help = "Where it can be fetched"),
	OPT(struct mapping_attachment, OPT_STRINGS, id, "id", NULL, .max = 16,
		.help = "The provider's id of it; default: the URL"),
	OPT(struct mapping_attachment, OPT_STRINGS, mime, "mime", NULL, .max = 16,
		.help = "Its media type"),
	OPT(struct mapping_attachment, OPT_STRINGS, name, "name", NULL, .max = 16,
		.help = "Its file name"),
	OPT(struct mapping_attachment, OPT_STRINGS, kind, "kind", NULL, .max = 16,
		.help = "image, document, audio, video or sticker; default: by the rules, the type, the name"),
	OPT_END
};
/* clang-format on */

int mapping_outcome_of(const char *word)
{
	for (int i = 0; i < MO_COUNT_; i++)
		if (strcasecmp(word, mapping_outcome_names[i]) == 0)
			return i;
	return -1;
}

const char *mapping_pointer_fault(const char *pointer)
{
	if (*pointer == '=')
		return pointer[1] ? NULL : "a constant needs a text behind \"=\"";
	if (strncmp(pointer, "root:", 5) == 0)
		pointer += 5;
	if (*pointer != '/')
		return "is no JSON pointer: it begins with \"/\", \"root:/\", or with \"=\" for a "
		       "constant text";
	if (strlen(pointer) > MAPPING_POINTER_MAX)
		return "is longer than a pointer may be";
	for (const char *p = strchr(pointer, '~'); p; p = strchr(p + 1, '~'))
		if (p[1] != '0' && p[1] != '1')
			return "holds a \"~\" that is neither \"~0\" (a ~) nor \"~1\" (a /)";
	return NULL;
}

static void check_list(
	const struct strlist *l, const char *key, bool entry, struct options_faults *f)
{
	for (size_t i = 0; i < l->n; i++) {
		_cleanup_free_ char *place = xasprintf("%s.%zu", key, i);
		const char *fault = entry && !*l->v[i] ? NULL : mapping_pointer_fault(l->v[i]);

		if (fault)
			options_fault(f, place, "%s", fault);
	}
}

static void check_rule(const struct mapping_rule *r, size_t i, struct options_faults *f)
{
	_cleanup_free_ char *from = xasprintf("rules.%zu.from", i);

	check_list(&r->from, from, false, f);
	for (size_t k = 0; k < r->map.n; k++) {
		_cleanup_free_ char *place = xasprintf("rules.%zu.map.%s", i, r->map.v[k].key);

		if (mapping_outcome_of(r->map.v[k].value) < 0)
			options_fault(f, place,
				"must be one of: message, image, document, audio, video, sticker, "
				"edit, delete, auto, spam, test, information, unknown, echo, "
				"system");
	}
}

static void check_attachment(const struct mapping_attachment *a, size_t i, struct options_faults *f)
{
	const struct {
		const char *key;
		const struct strlist *list;
	} lists[] = {{"url", &a->url}, {"id", &a->id}, {"mime", &a->mime}, {"name", &a->name},
		{"kind", &a->kind}};
	_cleanup_free_ char *each = xasprintf("attachments.%zu.each", i);
	_cleanup_free_ char *whole = xasprintf("attachments.%zu", i);

	if (a->each && (*a->each != '/' || mapping_pointer_fault(a->each)))
		options_fault(f, each, "must be a JSON pointer into the message: \"/\" first");
	for (size_t k = 0; k < ARRAY_SIZE(lists); k++) {
		_cleanup_free_ char *place = xasprintf("%s.%s", whole, lists[k].key);

		check_list(lists[k].list, place, a->each != NULL, f);
	}
	if (!a->url.n && !a->id.n)
		options_fault(f, whole, "has neither url nor id: there is nothing to fetch it by");
}

static void check_together(const struct mapping_conf *m, struct options_faults *f)
{
	int zone;

	if (m->body == MB_FORM_JSON && !m->form_field)
		options_fault(
			f, "form_field", "is missing: which field of the form holds the JSON?");
	if (m->messages && *m->messages &&
		(*m->messages != '/' || mapping_pointer_fault(m->messages)))
		options_fault(f, "messages", "must be a JSON pointer into the body: \"/\" first");
	if (!m->id.n && !m->id_fallback.n)
		options_fault(f, "id",
			"is missing, and so is id_fallback: what tells one message from another?");
	if (!m->text.n && !m->text_more.n && !m->attachments.n)
		options_fault(f, "text", "is missing: where is what the citizen wrote?");
	if ((m->latitude.n > 0) != (m->longitude.n > 0))
		options_fault(f, m->latitude.n ? "latitude" : "longitude",
			"latitude and longitude go together");
	if (m->zone && muara_zone_parse(m->zone, &zone))
		options_fault(
			f, "zone", "is no offset such as +07:00 and none of WIB, WITA, WIT, Z");
}

void mapping_check(const struct mapping_conf *m, struct options_faults *f)
{
	const struct {
		const char *key;
		const struct strlist *list;
	} lists[] = {{"id", &m->id}, {"id_fallback", &m->id_fallback}, {"sender", &m->sender},
		{"name", &m->name}, {"phone", &m->phone}, {"username", &m->username},
		{"email", &m->email}, {"text", &m->text}, {"text_more", &m->text_more},
		{"time", &m->time}, {"latitude", &m->latitude}, {"longitude", &m->longitude},
		{"coordinates", &m->coordinates}, {"address", &m->address}, {"place", &m->place},
		{"reply_to", &m->reply_to}, {"original", &m->original}, {"account", &m->account}};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		check_list(lists[i].list, lists[i].key, false, f);
	for (size_t i = 0; i < m->rules.n; i++)
		check_rule((const struct mapping_rule *)m->rules.v + i, i, f);
	for (size_t i = 0; i < m->attachments.n; i++)
		check_attachment((const struct mapping_attachment *)m->attachments.v + i, i, f);
	for (size_t i = 0; i < m->fields.n; i++) {
		_cleanup_free_ char *place = xasprintf("fields.%s", m->fields.v[i].key);
		const char *fault = mapping_pointer_fault(m->fields.v[i].value);

		if (fault)
			options_fault(f, place, "%s", fault);
	}
	check_together(m, f);
}
