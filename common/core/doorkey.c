/* doorkey: see doorkey.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/buf.h"
#include "base/fsio.h"
#include "base/json.h"
#include "base/util.h"
#include "core/doorkey.h"
#include "core/schema.h"

#define LETTERS	     "abcdefghijklmnopqrstuvwxyz234567"
#define CLIENT_MAX   32
#define CHANNEL_MAX  32
#define PER_MIN_MAX  1000000
#define SIGNED_LABEL "MUARA1"

static const char *const use_names[DOORKEY_USES] = {"signed", "open311"};

const char *doorkey_use_name(enum doorkey_use u)
{
	return use_names[u];
}

static bool only(const char *s, size_t min, size_t max, const char *letters)
{
	size_t n = s ? strnlen(s, max + 1) : 0;

	return s && n >= min && n <= max && strspn(s, letters) == n;
}

bool doorkey_name_ok(const char *client)
{
	return only(client, 1, CLIENT_MAX, "abcdefghijklmnopqrstuvwxyz0123456789-_");
}

bool doorkey_id_ok(const char *id)
{
	return only(id, DOORKEY_ID_SIZE - 1, DOORKEY_ID_SIZE - 1, LETTERS);
}

/* 32 letters: five bits of a random byte each, so none is likelier than another. */
static void draw(char *out, size_t n)
{
	uint8_t random[DOORKEY_SECRET_SIZE];

	random_bytes(random, n);
	for (size_t i = 0; i < n; i++)
		out[i] = LETTERS[random[i] & 31];
	out[n] = '\0';
}

void doorkey_draw(struct doorkey *k)
{
	draw(k->id, DOORKEY_ID_SIZE - 1);
	draw(k->secret, DOORKEY_SECRET_SIZE - 1);
	k->revoked = false;
}

/* --- the file --- */

char *doorkey_text(
	const struct doorkey *k, const json_t *created, const json_t *revoked, size_t *ret_len)
{
	_cleanup_json_ json_t *o = json_object();
	json_t *channels = json_array();

	json_set_str(o, "schema", "muara.door-key/1");
	json_set_str(o, "key", k->id);
	json_set_str(o, "use", doorkey_use_name(k->use));
	json_set_str(o, "client", k->client);
	json_set_str(o, "tenant", k->tenant);
	for (size_t i = 0; i < k->n_channels; i++)
		json_array_append_new(channels, json_str_new(k->channels[i]));
	json_set_new(o, "channels", channels);
	json_set_str(o, "review", k->review ? "required" : "auto");
	json_set_int(o, "per_minute", k->per_minute);
	json_set_int(o, "burst", k->burst);
	json_set_new(o, "created", created ? json_deep_copy(created) : json_null());
	if (revoked)
		json_set_new(o, "revoked", json_deep_copy(revoked));
	else
		json_set_str(o, "secret", k->secret);
	return json_text(o, ret_len);
}

static int take_channels(struct doorkey *k, struct err *e)
{
	const json_t *list = json_object_get(k->root, "channels"), *one;
	size_t i;

	json_array_foreach (list, i, one) {
		const char *name = json_string_value(one);

		if (i == DOORKEY_CHANNELS_MAX || !name || !*name || strlen(name) > CHANNEL_MAX)
			return err_set(e, -EINVAL, "\"channels\" must be 1 to %d names",
				DOORKEY_CHANNELS_MAX);
		k->channels[k->n_channels++] = name;
	}
	if (!k->n_channels)
		return err_set(
			e, -EINVAL, "\"channels\" must be 1 to %d names", DOORKEY_CHANNELS_MAX);
	return 0;
}

static int take_use(struct doorkey *k, struct err *e)
{
	const char *use = json_str(k->root, "use"), *review = json_str(k->root, "review");
	int i = 0;

	while (i < DOORKEY_USES && !(use && strcmp(use, use_names[i]) == 0))
		i++;
	if (i == DOORKEY_USES)
		return err_set(e, -EINVAL, "\"use\" must be signed or open311");
	if (!review || (strcmp(review, "auto") != 0 && strcmp(review, "required") != 0))
		return err_set(e, -EINVAL, "\"review\" must be auto or required");
	k->use = (enum doorkey_use)i;
	k->review = strcmp(review, "required") == 0;
	k->per_minute = json_int(k->root, "per_minute", 0);
	k->burst = json_int(k->root, "burst", 0);
	if (k->per_minute < 1 || k->per_minute > PER_MIN_MAX || k->burst < 1 ||
		k->burst > PER_MIN_MAX)
		return err_set(
			e, -EINVAL, "\"per_minute\" and \"burst\" must be 1 to %d", PER_MIN_MAX);
	return 0;
}

static int take_names(struct doorkey *k, struct err *e)
{
	const char *id = json_str(k->root, "key"), *secret = json_str(k->root, "secret");

	k->revoked = json_is_object(json_object_get(k->root, "revoked"));
	k->client = json_str(k->root, "client");
	k->tenant = json_str(k->root, "tenant");
	if (!doorkey_id_ok(id))
		return err_set(e, -EINVAL, "\"key\" must be %d of a-z 2-7", DOORKEY_ID_SIZE - 1);
	if (!doorkey_name_ok(k->client))
		return err_set(e, -EINVAL, "\"client\" must be a name: a-z 0-9 - _");
	if (!k->tenant || !*k->tenant)
		return err_set(e, -EINVAL, "\"tenant\" must be there");
	if (!k->revoked && !only(secret, DOORKEY_SECRET_SIZE - 1, DOORKEY_SECRET_SIZE - 1, LETTERS))
		return err_set(
			e, -EINVAL, "\"secret\" must be %d of a-z 2-7", DOORKEY_SECRET_SIZE - 1);
	memcpy(k->id, id, DOORKEY_ID_SIZE);
	if (!k->revoked)
		memcpy(k->secret, secret, DOORKEY_SECRET_SIZE);
	return 0;
}

int doorkey_parse(const char *text, size_t n, struct doorkey *ret, struct err *e)
{
	int r;

	*ret = (struct doorkey){0};
	r = json_parse(text, n, DOORKEY_FILE_MAX, &ret->root, e);
	if (r)
		return r == -EPROTO ? -EINVAL : r;
	r = schema_check(ret->root, "muara.door-key", 1, e);
	if (r == 0)
		r = take_names(ret, e);
	if (r == 0)
		r = take_use(ret, e);
	if (r == 0)
		r = take_channels(ret, e);
	return r;
}

int doorkey_read(int dirfd, const char *name, struct doorkey *ret, struct err *e)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *text = NULL;
	size_t n;
	int r;

	*ret = (struct doorkey){0};
	r = fsio_open_beneath(dirfd, name, O_RDONLY | O_NONBLOCK, 0, &fd, e);
	if (r == 0)
		r = fsio_read_fd(fd, name, DOORKEY_FILE_MAX, &text, &n, e);
	if (r)
		return r;
	r = doorkey_parse(text, n, ret, e);
	explicit_bzero(text, n);
	if (r)
		return err_prefix(e, "%s", name);
	n = strlen(ret->id);
	if (strncmp(name, ret->id, n) != 0 || strcmp(name + n, DOORKEY_SUFFIX) != 0)
		return err_set(e, -EINVAL, "%s: its name must be that of the key in it", name);
	return 0;
}

void doorkey_free(struct doorkey *k)
{
	explicit_bzero(k->secret, sizeof(k->secret));
	json_decref(k->root);
	*k = (struct doorkey){0};
}

bool doorkey_allows(const struct doorkey *k, const char *channel)
{
	for (size_t i = 0; i < k->n_channels; i++)
		if (strcmp(k->channels[i], channel) == 0)
			return true;
	return false;
}

/* --- signatures --- */

void doorkey_sign(
	const char *secret, const struct doorkey_request *r, char ret_hex[SHA256_HEX_SIZE])
{
	_cleanup_free_ char *text = NULL;
	char digest[SHA256_HEX_SIZE];
	uint8_t mac[SHA256_SIZE];

	sha256_hex(r->body, r->len, digest);
	text = xasprintf(
		SIGNED_LABEL "\n%s\n%s\n%s\n%s\n%s", r->key, r->time, r->method, r->path, digest);
	hmac_sha256(secret, strlen(secret), text, strlen(text), mac);
	hex_encode(mac, sizeof(mac), ret_hex);
}

bool doorkey_signed(const char *secret, const struct doorkey_request *r, const char *hex)
{
	char want[SHA256_HEX_SIZE];

	if (!hex || strlen(hex) != SHA256_HEX_SIZE - 1)
		return false;
	doorkey_sign(secret, r, want);
	return equal_secret(want, hex, SHA256_HEX_SIZE - 1);
}

const char *doorkey_bearer(const char *api_key, char ret_id[DOORKEY_ID_SIZE])
{
	if (!api_key || strlen(api_key) != DOORKEY_ID_SIZE + DOORKEY_SECRET_SIZE - 1 ||
		api_key[DOORKEY_ID_SIZE - 1] != '.')
		return NULL;
	memcpy(ret_id, api_key, DOORKEY_ID_SIZE - 1);
	ret_id[DOORKEY_ID_SIZE - 1] = '\0';
	return doorkey_id_ok(ret_id) ? api_key + DOORKEY_ID_SIZE : NULL;
}

bool doorkey_secret_is(const struct doorkey *k, const char *secret)
{
	return !k->revoked && strlen(secret) == DOORKEY_SECRET_SIZE - 1 &&
	       equal_secret(secret, k->secret, DOORKEY_SECRET_SIZE - 1);
}
