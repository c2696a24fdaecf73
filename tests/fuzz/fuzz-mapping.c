/* mapping: any body, read in any of its three forms, becomes messages that can be built, each with
 * bytes of the body; any signature is survived. The first byte chooses the form. */
// parser: common/core/mapping.c
#include "base/util.h"
#include "core/mapping_private.h"
#include "core/webauth.h"

#include "fuzz-message.h"

#define LIST(name, ...)                              \
	static char *name##_items[] = {__VA_ARGS__}; \
	static const struct strlist name = {name##_items, ARRAY_SIZE(name##_items)}

static char slash_a[] = "/a", slash_b[] = "/b/0/c", slash_c[] = "/c~1d", root_a[] = "root:/a",
	    root_b[] = "root:/x/1", constant[] = "=nobody", zero[] = "0", entry[] = "",
	    zone[] = "WIT", data_list[] = "/data", field[] = "p", slash_t[] = "/t",
	    slash_f[] = "/f", key[] = "v", word[] = "video", edit[] = "edit", key_e[] = "e",
	    slash_l[] = "/l", echo[] = "echo", key_o[] = "1", title[] = "title";
LIST(id, slash_a, slash_b);
LIST(none, zero);
LIST(fallback, slash_c, root_b, constant);
LIST(sender, slash_c, root_a, constant);
LIST(text, slash_b, slash_a);
LIST(more, slash_t);
LIST(place, slash_l);
LIST(lat, slash_a);
LIST(kind, slash_f);
LIST(here, entry);

static struct mapping_conf conf_of(uint8_t choice)
{
	static struct strpair words[] = {{key, word, 0}, {key_e, edit, 0}, {key_o, echo, 0}};
	static struct strpair extra[] = {
		{title, slash_a, 0}, {key, constant, 0}, {key_e, slash_f, 0}};
	static struct mapping_rule rules[1];
	static struct mapping_attachment files[2];
	bool list = choice & 4;

	rules[0] = (struct mapping_rule){.from = kind,
		.map = {words, ARRAY_SIZE(words)},
		.other = choice & 8 ? MO_MESSAGE : MO_UNKNOWN};
	files[0] = (struct mapping_attachment){
		.each = slash_f, .url = here, .name = place, .kind = kind};
	files[1] = (struct mapping_attachment){.url = more, .id = text, .name = more, .mime = lat};
	return (struct mapping_conf){.body = choice % 3,
		.sender_is = choice & 16 ? MS_PHONE : MS_ID,
		.time_format = (choice >> 5) & 3,
		.form_field = field,
		.messages = list ? data_list : entry,
		.zone = list ? zone : NULL,
		.id = id,
		.id_none = none,
		.id_fallback = fallback,
		.sender = sender,
		.name = text,
		.phone = list ? more : (struct strlist){0},
		.username = more,
		.email = more,
		.text = text,
		.text_more = more,
		.time = more,
		.latitude = lat,
		.longitude = lat,
		.coordinates = place,
		.address = more,
		.place = more,
		.reply_to = place,
		.original = place,
		.account = lat,
		.proven = true,
		.rules = {rules, 1},
		.attachments = {files, 2},
		.fields = {extra, 3}};
}

static void check_signature(const char *body, size_t len, uint8_t choice)
{
	static const char *const secrets[] = {"rahasia"};
	struct webauth_conf a = {.by = choice & 3,
		.algorithm = (choice >> 2) & 1,
		.encoding = (choice >> 3) & 1,
		.prefix = choice & 16 ? key : entry};
	char *given = xstrndup(body, len);

	(void)webauth_ok(&a, given, body, len, secrets, 1);
	free(given);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct message base = {
		.tenant = "t", .channel = "whatsapp", .account = "a", .received_ms = 1};
	const char *accounts[] = {"7"};
	struct mapping_env env = {.zone_minutes = 420, .accounts = accounts};
	struct mapping_conf conf;
	struct mapping_body *b;
	struct seen s;

	if (n == 0)
		return 0;
	conf = conf_of(data[0]);
	env.n_accounts = data[0] & 1;
	s = (struct seen){(const char *)data + 1, n - 1, 0};
	base.source.daemon = base.source.instance = "f";
	b = mapping_open(&conf, s.body, s.len);
	mapping_decode(b, &env, &base, see_own_message, &s);
	CHECK(s.n == mapping_count(b));
	free(mapping_root_text(b, "root:/x/1"));
	mapping_close(b);
	check_signature(s.body, s.len, data[0]);
	return 0;
}
