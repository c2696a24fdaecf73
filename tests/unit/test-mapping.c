/* Foreign bodies by a mapping -> messages: the shipped providers, every key, every way a body can
 * be wrong; and whether a secret or signature is the right one. */
// uses: daemons/whatsapp/provider.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/util.h"
#include "daemons/whatsapp/provider.h"

/* Kept for one case, released by close_all. */
static struct provider *provider;

static struct provider *load_text(const char *text, struct buf *faults)
{
	char path[] = "/tmp/test-mapping.XXXXXX";
	int fd = mkstemp(path);
	struct err e = {0};

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	provider_free(TAKE_PTR(provider));
	if (provider_load(path, &provider, faults, &e) && !faults)
		fail_msg("%s", e.text);
	unlink(path);
	return provider;
}

static struct provider *load_file(const char *name)
{
	_cleanup_free_ char *path = xasprintf("config/whatsapp-providers/%s.yaml", name);
	_cleanup_buf_ struct buf faults = BUF_INIT(8192);

	provider_free(TAKE_PTR(provider));
	if (provider_load(path, &provider, &faults, NULL))
		fail_msg("%s", buf_str(&faults));
	return provider;
}

static int teardown(void **state)
{
	(void)state;
	provider_free(TAKE_PTR(provider));
	return 0;
}

/* --- what comes of a body, a line each --- */

/* A line end in it is a '|'. */
static void add_text(struct buf *out, const char *text)
{
	size_t from = out->len;

	buf_addf(out, " \"%s\"", text);
	for (; from < out->len; from++)
		if (out->data[from] == '\n')
			out->data[from] = '|';
}

static void add_place(struct buf *out, const struct message *m)
{
	if (m->location.set)
		buf_addf(out, " @%.4f,%.4f", m->location.lat, m->location.lon);
	if (m->location.address)
		buf_addf(out, " addr=%s", m->location.address);
	if (m->location.name)
		buf_addf(out, " place=%s", m->location.name);
}

/* class[/kind] native author/name/phone/proof "text" kind:id|url|mime|name @place >reply {fields};
 * hashes and reasons by their first word. */
static void line(void *ctx, struct message *m, struct span bytes)
{
	struct buf *out = ctx;
	_cleanup_json_ json_t *record = NULL;
	struct err e = {0};

	assert_non_null(bytes.p);
	m->original.data = bytes.p;
	m->original.len = bytes.n;
	if (message_build(m, &record, NULL, &e))
		fail_msg("%s", e.text);
	buf_addf(out, "%s", message_class_name(m->class));
	if (m->kind != MK_MESSAGE)
		buf_addf(out, "/%s+%s", message_kind_name(m->kind), m->revision);
	buf_addf(out, " %.*s", (int)strcspn(m->native_id, ":"), m->native_id);
	if (m->class == MC_UNDECODABLE) {
		buf_addf(out, " [%s: %s]\n", m->error.place, m->error.reason);
		return;
	}
	buf_addf(out, " %s/%s/%s/%s", m->author.id, m->author.name ? m->author.name : "-",
		m->author.phone ? m->author.phone : "-", m->author.proven ? "channel" : "claimed");
	if (m->sent_ms)
		buf_addf(out, " t%lld", (long long)m->sent_ms);
	if (m->text)
		add_text(out, m->text);
	for (size_t i = 0; i < m->n_attachments; i++) {
		const struct message_attachment *a = &m->attachments[i];

		buf_addf(out, " %s:%s|%s|%s|%s", a->kind ? a->kind : "-", a->id,
			a->url ? a->url : "-", a->mime ? a->mime : "-", a->name ? a->name : "-");
	}
	add_place(out, m);
	if (m->in_reply_to)
		buf_addf(out, " >%s", m->in_reply_to);
	if (m->fields) {
		_cleanup_free_ char *fields = json_dumps(m->fields, JSON_COMPACT | JSON_SORT_KEYS);

		buf_addf(out, " %s", fields);
	}
	buf_adds(out, "\n");
}

static void decode_n(const struct provider *p, const char *body, size_t len,
	const struct mapping_env *env, struct buf *out)
{
	static const struct mapping_env anywhere = {.zone_minutes = 420};
	struct message base = {.tenant = "malang", .channel = "whatsapp", .account = "kota"};
	struct mapping_body *b = mapping_open(&p->map, body, len);
	int lines = 0;

	base.source.daemon = "muara-whatsapp";
	base.source.instance = "uji";
	base.received_ms = 1790000000000;
	buf_reset(out);
	mapping_decode(b, env ? env : &anywhere, &base, line, out);
	for (const char *s = buf_str(out); *s; s++)
		lines += *s == '\n';
	assert_int_equal(mapping_count(b), lines);
	mapping_close(b);
}

static void expect(const struct provider *p, const char *body, const char *want)
{
	_cleanup_buf_ struct buf got = BUF_INIT(1 << 20);

	decode_n(p, body, strlen(body), NULL, &got);
	assert_string_equal(buf_str(&got), want);
}

static void take_native(void *ctx, struct message *m, struct span bytes)
{
	char **ret = ctx;

	(void)bytes;
	if (!*ret)
		*ret = xstrdup(m->native_id);
}

/* The native id of the first message. */
static char *native_of(const struct provider *p, const char *body)
{
	const struct mapping_env env = {.zone_minutes = 420};
	struct message base = {.tenant = "malang"};
	struct mapping_body *b = mapping_open(&p->map, body, strlen(body));
	char *id = NULL;

	mapping_decode(b, &env, &base, take_native, &id);
	mapping_close(b);
	assert_non_null(id);
	return id;
}

static void assert_ids(const struct provider *p, const char *a, const char *b, bool same)
{
	_cleanup_free_ char *one = native_of(p, a), *other = native_of(p, b);

	assert_int_equal(strcmp(one, other) == 0, same);
}

/* --- the shipped providers --- */

static void fonnte(void **state)
{
	const struct provider *p = load_file("fonnte");

	(void)state;
	expect(p,
		"{\"device\":\"628110000\",\"sender\":\"6281200000001\",\"message\":\"Lampu mati\","
		"\"name\":\"Siti\",\"inboxid\":77,\"timestamp\":1700000000,\"isgroup\":false}",
		"human 77 6281200000001/Siti/+6281200000001/channel t1700000000000 \"Lampu "
		"mati\"\n");
	expect(p,
		"{\"sender\":\"081200000001\",\"message\":\"foto\",\"url\":\"https://f.id/a.jpg\","
		"\"filename\":\"a.jpg\",\"extension\":\"jpg\",\"inboxid\":\"5\"}",
		"human 5 6281200000001/-/+6281200000001/channel \"foto\" "
		"image:https://f.id/a.jpg|https://f.id/a.jpg|image/jpeg|a.jpg\n");
	expect(p,
		"{\"sender\":\"6281200000001\",\"message\":\"\",\"location\":\"-7.98,112.63\","
		"\"inboxid\":6}",
		"human 6 6281200000001/-/+6281200000001/channel @-7.9800,112.6300\n");
	expect(p, "{\"pengirim\":\"6281200000001\",\"pesan\":\"Halo\",\"isgroup\":\"true\"}",
		"system hash 6281200000001/-/+6281200000001/channel \"Halo\"\n");
	expect(p, "{\"sender\":\"6281200000001\",\"choices\":\"Setuju\",\"inboxid\":8}",
		"human 8 6281200000001/-/+6281200000001/channel \"Setuju\"\n");
	expect(p, "{\"status\":\"sent\",\"stateid\":\"1\"}",
		"undecodable undecodable [message 0: nothing a citizen could have sent stands "
		"where "
		"the mapping looks]\n");
}

static void fonnte_ids(void **state)
{
	const struct provider *p = load_file("fonnte");

	(void)state;
	assert_ids(p, "{\"inboxid\":0,\"sender\":\"6281\",\"message\":\"a\",\"timestamp\":1}",
		"{\"timestamp\":1,\"message\":\"a\",\"sender\":\"6281\",\"inboxid\":\"0\",\"x\":1}",
		true);
	assert_ids(p, "{\"inboxid\":0,\"sender\":\"6281\",\"message\":\"a\",\"timestamp\":1}",
		"{\"inboxid\":0,\"sender\":\"6281\",\"message\":\"a\",\"timestamp\":2}", false);
	/* parts do not run into each other */
	assert_ids(p, "{\"sender\":\"6281\",\"message\":\"ab\",\"url\":\"c\"}",
		"{\"sender\":\"6281\",\"message\":\"a\",\"url\":\"bc\"}", false);
	/* nothing of what tells messages apart: their own bytes do */
	assert_ids(p, "{\"text\":\"a\"}", "{\"text\":\"b\"}", false);
	assert_ids(p, "{\"text\":\"a\"}", "{\"text\":\"a\"}", true);
}

#define QONTAK                                                                           \
	"{\"webhook_event\":\"message_interaction\",\"id\":\"a1\",\"room_id\":\"r\","    \
	"\"created_at\":"                                                                \
	"\"2026-11-24T01:15:00.123Z\",\"room\":{\"account_uniq_id\":\"6281200000001\"}," \
	"\"sender\":"                                                                    \
	"{\"name\":\"Siti\",\"participant_type\":\"customer\"},"

static void qontak(void **state)
{
	const struct provider *p = load_file("qontak");

	(void)state;
	expect(p,
		QONTAK "\"data_event\":\"receive_message_from_customer\",\"is_agent\":false,"
		       "\"type\":\"text\",\"text\":\"Jalan rusak\"}",
		"human a1 6281200000001/Siti/+6281200000001/channel t1795482900123 \"Jalan "
		"rusak\"\n");
	expect(p,
		QONTAK
		"\"data_event\":\"receive_message_from_customer\",\"type\":\"image\",\"file\":"
		"{\"url\":\"https://q.id/f\",\"filename\":\"f.png\"}}",
		"human a1 6281200000001/Siti/+6281200000001/channel t1795482900123 "
		"image:https://q.id/f|https://q.id/f|image/png|f.png\n");
	expect(p, QONTAK "\"data_event\":\"receive_message_from_agent\",\"text\":\"Baik\"}",
		"echo a1 6281200000001/Siti/+6281200000001/channel t1795482900123 \"Baik\"\n");
	expect(p, QONTAK "\"data_event\":\"status_message\"}",
		"system a1 6281200000001/Siti/+6281200000001/channel t1795482900123\n");
	expect(p, QONTAK "\"data_event\":\"something_new\",\"text\":\"?\"}",
		"unknown a1 6281200000001/Siti/+6281200000001/channel t1795482900123 \"?\"\n");
	expect(p, QONTAK "\"data_event\":\"receive_message_from_customer\",\"is_agent\":true}",
		"echo a1 6281200000001/Siti/+6281200000001/channel t1795482900123\n");
}

static void wablas(void **state)
{
	const struct provider *p = load_file("wablas");

	(void)state;
	expect(p,
		"{\"id\":\"w1\",\"phone\":\"6281200000001@c.us\",\"message\":\"Banjir\","
		"\"pushName\":"
		"\"Siti\",\"isGroup\":\"false\",\"messageType\":\"text\",\"timestamp\":"
		"\"1700000000000\"}",
		"human w1 6281200000001/Siti/+6281200000001/channel t1700000000000 \"Banjir\"\n");
	expect(p, "{\"id\":\"w2\",\"phone\":\"6281200000001\",\"message\":\"a\",\"isGroup\":true}",
		"system w2 6281200000001/-/+6281200000001/channel \"a\"\n");
	expect(p,
		"{\"id\":\"w3\",\"phone\":\"6281200000001\",\"isGroup\":\"false\",\"messageType\":"
		"\"document\",\"url\":\"https://w.id/x\",\"file\":\"surat.pdf\",\"mimeType\":"
		"\"application/pdf\"}",
		"human w3 6281200000001/-/+6281200000001/channel "
		"document:https://w.id/x|https://w.id/x|application/pdf|surat.pdf\n");
}

static void cloud_has_no_mapping(void **state)
{
	const struct provider *p = load_file("360dialog");

	(void)state;
	assert_int_equal(p->payload, PROVIDER_CLOUD);
	assert_int_equal(p->auth.by, WEBAUTH_HMAC);
	assert_string_equal(p->auth.name, "x-360dialog-signature");
}

/* --- keys --- */

#define VERIFY "verify: {by: query, name: k}\n"
#define LEAST  VERIFY "id: [/id]\nsender: [/from]\ntext: [/text]\n"

static void lists_and_pointers(void **state)
{
	const struct provider *p = load_text(VERIFY "messages: /data/items\n"
						    "id: [/m/0/id~1x]\n"
						    "sender: [/none, 'root:/who', '=nobody']\n"
						    "text: [/a~0b]\n"
						    "account: ['root:/to']\n",
		NULL);
	const char *ours[] = {"7"};
	const struct mapping_env env = {.accounts = ours, .n_accounts = 1};
	_cleanup_buf_ struct buf got = BUF_INIT(1 << 16);
	const char *body = "{\"who\":\"w\",\"to\":7,\"data\":{\"items\":[{\"m\":[{\"id/x\":1}],"
			   "\"a~b\":\"satu\"},7,{\"m\":[{\"id/x\":2}],\"a~b\":true}]}}";

	(void)state;
	expect(p, body,
		"human 1 w/-/-/claimed \"satu\"\n"
		"undecodable undecodable [message 1: not JSON: line 1 column 1 (fault 8)]\n"
		"human 2 w/-/-/claimed \"true\"\n");
	decode_n(p, body, strlen(body), &env, &got);
	assert_non_null(strstr(buf_str(&got), "human 1 "));
	ours[0] = "8";
	decode_n(p, body, strlen(body), &env, &got);
	assert_non_null(strstr(buf_str(&got), "unknown 1 "));
	expect(p, "{\"data\":{\"items\":[]}}", "");
	expect(p, "{\"data\":{\"items\":{\"m\":[{\"id/x\":3}],\"a~b\":\"x\"}}}",
		"human 3 nobody/-/-/claimed \"x\"\n");
	expect(p, "{\"event\":\"ping\"}",
		"undecodable undecodable [message 0: nothing a citizen could have sent stands "
		"where "
		"the mapping looks]\n");
}

static void a_bare_list(void **state)
{
	const struct provider *p = load_text(LEAST, NULL);

	(void)state;
	expect(p,
		"[{\"id\":1,\"text\":\"a\"},{\"id\":2,\"text\":\"\\ud800\"},[],{\"id\":3,\"text\":"
		"\"c\"}]",
		"human 1 /-/-/claimed \"a\"\n"
		"undecodable undecodable [message 1: not JSON: line 1 column 23 (fault 8)]\n"
		"undecodable undecodable [message 2: no JSON object]\n"
		"human 3 /-/-/claimed \"c\"\n");
	expect(p, "[{\"id\":1,\"text\":\"a\"},,{\"id\":2}]",
		"human 1 /-/-/claimed \"a\"\n"
		"undecodable undecodable [list: the list is broken behind its last message]\n");
}

static void forms(void **state)
{
	const struct provider *p = load_text("body: form\n" LEAST, NULL);

	(void)state;
	expect(p, "id=1&from=+62+812&text=Jalan%20rusak%0Aparah&x=%C3%A9&&text=lain&id",
		"human 1  62 812/-/-/claimed \"Jalan rusak|parah\"\n");
	expect(p, "id=2&text=%FF", "human 2 /-/-/claimed \"\xef\xbf\xbd\"\n");
	expect(p, "id=3&text=%00",
		"undecodable undecodable [body: a form with a broken escape or a NUL]\n");
	expect(p, "id=3&text=%zz",
		"undecodable undecodable [body: a form with a broken escape or a NUL]\n");
	p = load_text("body: form-json\nform_field: payload\n" LEAST, NULL);
	expect(p, "payload=%5B%7B%22id%22%3A1%2C%22text%22%3A%22a%22%7D%5D",
		"human 1 /-/-/claimed \"a\"\n");
	expect(p, "muatan=%7B%7D",
		"undecodable undecodable [body: a form without the field that holds the JSON]\n");
	expect(p, "payload=bukan",
		"undecodable undecodable [message 0: not JSON: line 1 column 5 (fault 8)]\n");
}

static void times(void **state)
{
	static const struct {
		const char *format, *value;
		long long want;
	} cases[] = {{"auto", "1700000000", 1700000000000},
		{"auto", "\"1700000000.5\"", 1700000000500},
		{"auto", "1700000000123", 1700000000123},
		{"auto", "\"24 November 2026 08:15\"", 1795482900000},
		{"auto", "\"2026-11-24T01:15:00Z\"", 1795482900000}, {"auto", "\"kemarin\"", 0},
		{"auto", "-5", 0}, {"auto", "0", 0}, {"auto", "\"99999999999999999999999\"", 0},
		{"seconds", "1700000000", 1700000000000}, {"seconds", "1700000000123", 0},
		{"seconds", "\"2026-11-24T01:15:00Z\"", 0}, {"milliseconds", "5000", 5000},
		{"text", "\"24/11/2026 08:15\"", 1795482900000}, {"text", "1700000000", 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *conf =
			xasprintf(LEAST "time: [/t]\ntime_format: %s\n", cases[i].format);
		_cleanup_free_ char *body =
			xasprintf("{\"id\":1,\"text\":\"a\",\"t\":%s}", cases[i].value);
		_cleanup_free_ char *want =
			cases[i].want
				? xasprintf("human 1 /-/-/claimed t%lld \"a\"\n", cases[i].want)
				: xstrdup("human 1 /-/-/claimed \"a\"\n");

		expect(load_text(conf, NULL), body, want);
	}
	expect(load_text(LEAST "time: [/t]\nzone: WIT\n", NULL),
		"{\"id\":1,\"text\":\"a\",\"t\":\"24/11/2026 10:15\"}",
		"human 1 /-/-/claimed t1795482900000 \"a\"\n");
}

static void authors(void **state)
{
	static const struct {
		const char *from, *want;
	} cases[] = {{"\"6281200000001@c.us\"", "6281200000001/-/+6281200000001"},
		{"\"6281200000001:12@s.whatsapp.net\"", "6281200000001/-/+6281200000001"},
		{"6281200000001", "6281200000001/-/+6281200000001"},
		{"\"0812-0000-0001\"", "6281200000001/-/+6281200000001"},
		{"\"6591234567\"", "6591234567/-/+6591234567"},
		{"\"ID.13491208655302741918\"", "ID.13491208655302741918/-/-"}, {"\"\"", "/-/-"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *body =
			xasprintf("{\"id\":1,\"text\":\"a\",\"from\":%s}", cases[i].from);
		_cleanup_free_ char *want = xasprintf("human 1 %s/claimed \"a\"\n", cases[i].want);

		expect(load_text(LEAST "sender_is: phone\n", NULL), body, want);
	}
	expect(load_text(LEAST "phone: [/p]\nname: [/n]\nproven: yes\n", NULL),
		"{\"id\":1,\"text\":\"a\",\"from\":\"u7\",\"p\":\"0812 0000 0001\",\"n\":\"Siti\"}",
		"human 1 u7/Siti/+6281200000001/channel \"a\"\n");
	expect(load_text(LEAST "proven: yes\n", NULL), "{\"id\":1,\"text\":\"a\"}",
		"human 1 /-/-/claimed \"a\"\n"); /* nobody is vouched for */
}

static void places(void **state)
{
	const struct provider *p = load_text(LEAST "latitude: [/lat]\nlongitude: [/lon]\n"
						   "coordinates: [/at]\naddress: [/jalan]\nplace: "
						   "[/nama]\n",
		NULL);

	(void)state;
	expect(p, "{\"id\":1,\"lat\":-7.98,\"lon\":\"112,63\",\"nama\":\"Alun-alun\"}",
		"human 1 /-/-/claimed @-7.9800,112.6300 place=Alun-alun\n");
	expect(p, "{\"id\":1,\"lat\":-97.98,\"lon\":112,\"at\":\"-7.98, 112.63\"}",
		"human 1 /-/-/claimed @-7.9800,112.6300\n");
	expect(p, "{\"id\":1,\"at\":\"depan pasar\"}", "human 1 /-/-/claimed addr=depan pasar\n");
	expect(p, "{\"id\":1,\"at\":\"0,0\",\"jalan\":\"Jl. Ijen\"}",
		"human 1 /-/-/claimed addr=Jl. Ijen\n");
}

static void attachments(void **state)
{
	const struct provider *p =
		load_text(LEAST "attachments:\n"
				"  - {each: /files, url: [''], kind: [=audio]}\n"
				"  - {each: /docs, url: [/u], id: [/i], mime: [/m], "
				"name: [/n], kind: [/k]}\n",
			NULL);
	char url[700] = "https://x.id/", body[900], hex[SHA256_HEX_SIZE];
	_cleanup_free_ char *want = NULL;

	(void)state;
	expect(p,
		"{\"id\":1,\"files\":[\"https://a.id/1\",null,\"https://a.id/2\"],\"docs\":{\"u\":"
		"\"https://a.id/3\",\"i\":9,\"n\":\"x.PDF\",\"k\":\"IMAGE\"}}",
		"human 1 /-/-/claimed audio:https://a.id/1|https://a.id/1|-|- "
		"audio:https://a.id/2|https://a.id/2|-|- "
		"image:9|https://a.id/3|application/pdf|x.PDF\n");
	memset(url + strlen(url), 'a', 600);
	snprintf(body, sizeof(body), "{\"id\":1,\"files\":[\"%s\"]}", url);
	sha256_hex(url, strlen(url), hex);
	want = xasprintf("human 1 /-/-/claimed audio:%s|%s|-|-\n", hex, url);
	expect(p, body, want);
}

static void rules(void **state)
{
	const struct provider *p = load_text(LEAST
		"original: [/of]\nreply_to: [/re]\ntext_more: [/more, /note]\n"
		"fields: {title: /t, secret: /s, source: =kotak}\n"
		"attachments: [{url: [/u]}]\n"
		"rules:\n"
		"  - {from: [/event], map: {new: message, edited: edit, gone: delete, ad: spam},"
		" missing: test}\n"
		"  - {from: [/mine], map: {'1': echo}, other: message}\n"
		"  - {from: [/kind], map: {v: video}, other: message}\n",
		NULL);

	(void)state;
	expect(p,
		"{\"id\":1,\"event\":\"NEW\",\"kind\":\"v\",\"u\":\"https://a.id/"
		"1\",\"re\":5,\"text\":"
		"\"a\",\"more\":\"b\",\"note\":\"c\",\"t\":\"Judul\",\"s\":true}",
		"human 1 /-/-/claimed \"a|b|c\" video:https://a.id/1|https://a.id/1|-|- >5 "
		"{\"secret\":true,\"source\":\"kotak\",\"title\":\"Judul\"}\n");
	expect(p, "{\"id\":2,\"event\":\"edited\",\"of\":1,\"text\":\"baru\"}",
		"human/edit+2 1 /-/-/claimed \"baru\" {\"source\":\"kotak\"}\n");
	expect(p, "{\"id\":2,\"event\":\"gone\",\"of\":1}",
		"human/delete+2 1 /-/-/claimed {\"source\":\"kotak\"}\n");
	expect(p, "{\"id\":2,\"event\":\"edited\",\"text\":\"baru\"}",
		"unknown 2 /-/-/claimed \"baru\" {\"source\":\"kotak\"}\n");
	expect(p, "{\"id\":2,\"event\":\"new\",\"mine\":1}",
		"echo 2 /-/-/claimed {\"source\":\"kotak\"}\n");
	expect(p, "{\"id\":2,\"event\":\"ad\",\"mine\":1}",
		"spam 2 /-/-/claimed {\"source\":\"kotak\"}\n");
	expect(p, "{\"id\":2,\"event\":\"else\"}",
		"unknown 2 /-/-/claimed {\"source\":\"kotak\"}\n");
	expect(p, "{\"id\":2}", "test 2 /-/-/claimed {\"source\":\"kotak\"}\n");
}

static void bodies_that_are_none(void **state)
{
	const struct provider *p = load_text(LEAST, NULL);
	_cleanup_buf_ struct buf many = BUF_INIT(1 << 20), got = BUF_INIT(1 << 20);

	(void)state;
	expect(p, "", "undecodable undecodable [body: not JSON]\n");
	expect(p, "{\"id\":1,\"text\":\"a\"} x", "undecodable undecodable [body: not JSON]\n");
	expect(p, "{\"id\":1,\"id\":2,\"text\":\"a\"}",
		"undecodable undecodable [message 0: not JSON: line 1 column 12 (fault 14)]\n");
	for (int i = 0; i < 40; i++)
		buf_addc(&many, '[');
	expect(p, buf_str(&many), "undecodable undecodable [body: JSON nested deeper than 32]\n");
	buf_reset(&many);
	for (int i = 0; i < MAPPING_MESSAGES_MAX; i++)
		buf_adds(&many, i ? ",{\"id\":1,\"text\":\"a\"}" : "[{\"id\":1,\"text\":\"a\"}");
	buf_addc(&many, ']');
	decode_n(p, buf_str(&many), many.len, NULL, &got);
	assert_null(strstr(buf_str(&got), "undecodable"));
	many.data[many.len - 1] = ',';
	buf_adds(&many, "{}]");
	expect(p, buf_str(&many),
		"undecodable undecodable [body: more than 1000 messages in one body]\n");
}

static void any_cut_is_survived(void **state)
{
	const char *body = QONTAK "\"data_event\":\"status_message\",\"text\":\"\\u00e9\"}";
	const struct provider *p = load_file("qontak");
	_cleanup_buf_ struct buf got = BUF_INIT(1 << 16);

	(void)state;
	for (size_t n = 0; n < strlen(body); n++) {
		_cleanup_free_ char *cut = xcalloc(1, n + 1);

		memcpy(cut, body, n);
		decode_n(p, cut, n, NULL, &got);
		assert_true(got.len > 0);
	}
}

/* --- faults --- */

static void faults_name_line_and_key(void **state)
{
	_cleanup_buf_ struct buf faults = BUF_INIT(8192);
	static const char *const wanted[] = {":1: verify.name: is no name a header",
		":2: id.1: is no JSON pointer", ":3: sender.0: holds a \"~\"",
		":4: latitude: latitude and longitude", ":6: rules.0.from.0: is no JSON pointer",
		":7: rules.0.map.a: must be one of: message, image",
		":9: attachments.0: has neither url nor id",
		":9: attachments.0.each: must be a JSON pointer",
		":10: fields.title: is no JSON pointer", ":11: messages: must be a JSON pointer",
		":12: form_field: is missing", ":13: zone: is no offset",
		": text: is missing: where is what the citizen wrote?"};

	(void)state;
	load_text("verify: {by: header, name: 'a b'}\n"
		  "id: [/id, id]\n"
		  "sender: [/a~2]\n"
		  "latitude: [/lat]\n"
		  "rules:\n"
		  "  - from: [type]\n"
		  "    map: {a: banana}\n"
		  "attachments:\n"
		  "  - each: files\n"
		  "fields: {title: Judul}\n"
		  "messages: data\n"
		  "body: form-json\n"
		  "zone: Senin\n",
		&faults);
	assert_null(provider);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (!strstr(buf_str(&faults), wanted[i]) && i != 10 && i != 12)
			fail_msg("%s\nis not among\n%s", wanted[i], buf_str(&faults));
	assert_non_null(strstr(buf_str(&faults), "form_field: is missing"));
	buf_reset(&faults);
	load_text("verify: {by: body, name: kunci}\nsender: [/a]\nattachments: [{url: [x]}]\n",
		&faults);
	assert_non_null(strstr(buf_str(&faults), ":1: verify.name: is no JSON pointer"));
	assert_non_null(strstr(buf_str(&faults), "id: is missing, and so is id_fallback"));
	assert_non_null(strstr(buf_str(&faults), "attachments.0.url.0: is no JSON pointer"));
	buf_reset(&faults);
	load_text("payload: cloud\nverify: {by: body, name: /kunci}\n", &faults);
	assert_non_null(strstr(buf_str(&faults), "has no place for a secret"));
	buf_reset(&faults);
	load_text("payload: cloud\nverify: {by: header, name: X}\ntext: [/a]\n", &faults);
	assert_non_null(strstr(buf_str(&faults), "text: is no option"));
	assert_string_equal(mapping_pointer_fault("="), "a constant needs a text behind \"=\"");
}

/* --- secrets --- */

static const char *const secrets[] = {"rahasia-satu", NULL, "", "rahasia-dua"};

static bool ok_text(const char *given)
{
	char prefix[] = "Bearer ";
	struct webauth_conf a = {.by = WEBAUTH_HEADER, .prefix = prefix};

	return webauth_ok(&a, given, "x", 1, secrets, ARRAY_SIZE(secrets));
}

static void a_secret(void **state)
{
	struct webauth_conf plain = {.by = WEBAUTH_QUERY};

	(void)state;
	assert_true(ok_text("Bearer rahasia-satu"));
	assert_true(ok_text("Bearer rahasia-dua"));
	assert_false(ok_text("Bearer rahasia-sat"));
	assert_false(ok_text("Bearer rahasia-satuu"));
	assert_false(ok_text("rahasia-satu"));
	assert_false(ok_text("Bearer "));
	assert_false(ok_text(""));
	assert_false(ok_text(NULL));
	assert_false(webauth_ok(&plain, "", "x", 1, secrets, ARRAY_SIZE(secrets)));
	assert_false(webauth_ok(&plain, "x", "x", 1, NULL, 0));
	assert_true(webauth_ok(&plain, "rahasia-dua", "x", 1, secrets, ARRAY_SIZE(secrets)));
}

/* Known answers: openssl dgst -sha256|-sha1 -hmac test_app_secret over Meta's empty envelope. */
static void a_signature(void **state)
{
	static const char body[] = "{\"object\":\"whatsapp_business_account\",\"entry\":[]}";
	static const char hex[] =
		"dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756";
	static const char *const keys[] = {"lain", "test_app_secret"};
	char prefix[] = "sha256=";
	struct webauth_conf a = {.by = WEBAUTH_HMAC, .prefix = prefix};
	_cleanup_free_ char *given = xasprintf("sha256=%s", hex), *base64 = NULL;
	uint8_t bytes[SHA256_SIZE], sha1[20];

	(void)state;
	assert_true(webauth_ok(&a, given, body, strlen(body), keys, 2));
	assert_false(webauth_ok(&a, given, body, strlen(body), keys, 1));
	assert_false(webauth_ok(&a, given, body, strlen(body) - 1, keys, 2));
	assert_false(webauth_ok(&a, hex, body, strlen(body), keys, 2));
	given[strlen(given) - 1] = 'g';
	assert_false(webauth_ok(&a, given, body, strlen(body), keys, 2));
	a = (struct webauth_conf){.by = WEBAUTH_HMAC, .encoding = 1};
	assert_int_equal(hex_decode(hex, SHA256_SIZE, bytes), 0);
	base64 = base64_encode(bytes, SHA256_SIZE);
	assert_true(webauth_ok(&a, base64, body, strlen(body), keys, 2));
	assert_false(webauth_ok(&a, hex, body, strlen(body), keys, 2));
	assert_false(webauth_ok(&a, "", body, strlen(body), keys, 2));
	free(base64);
	hmac_sha1("test_app_secret", 15, body, strlen(body), sha1);
	base64 = base64_encode(sha1, sizeof(sha1));
	assert_false(webauth_ok(&a, base64, body, strlen(body), keys, 2));
	a.algorithm = 1;
	assert_true(webauth_ok(&a, base64, body, strlen(body), keys, 2));
}

static void a_secret_within_the_body(void **state)
{
	const struct provider *p = load_text("verify: {by: body, name: /auth/key}\nid: [/id]\n"
					     "sender: [/from]\ntext: [/text]\n",
		NULL);
	static const struct {
		const char *body, *want;
	} cases[] = {{"{\"auth\":{\"key\":\"k\"}}", "k"}, {"{\"auth\":{\"key\":12}}", "12"},
		{"{\"auth\":{\"key\":{}}}", NULL}, {"{\"auth\":[]}", NULL}, {"[]", NULL},
		{"{\"auth\":{\"key\":\"\\u006b\"}}", "k"}, {"{\"auth\":{\"key\":null}}", NULL}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mapping_body *b =
			mapping_open(&p->map, cases[i].body, strlen(cases[i].body));
		_cleanup_free_ char *got = mapping_root_text(b, p->auth.name);

		assert_int_equal(got == NULL, cases[i].want == NULL);
		if (got)
			assert_string_equal(got, cases[i].want);
		mapping_close(b);
	}
}

#define TEST(t) cmocka_unit_test_teardown(t, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fonnte),
		TEST(fonnte_ids),
		TEST(qontak),
		TEST(wablas),
		TEST(cloud_has_no_mapping),
		TEST(lists_and_pointers),
		TEST(a_bare_list),
		TEST(forms),
		TEST(times),
		TEST(authors),
		TEST(places),
		TEST(attachments),
		TEST(rules),
		TEST(bodies_that_are_none),
		TEST(any_cut_is_survived),
		TEST(faults_name_line_and_key),
		TEST(a_secret),
		TEST(a_signature),
		TEST(a_secret_within_the_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
