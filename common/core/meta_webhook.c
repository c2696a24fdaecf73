/* meta_webhook: see meta_webhook.h. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/util.h"
#include "core/meta_webhook.h"

#define FIELD_MAX 128

bool meta_handshake_ok(const char *mode, const char *token, const char *expected_token)
{
	uint8_t given[SHA256_SIZE], wanted[SHA256_SIZE];

	if (!mode || !token || !expected_token || !*expected_token)
		return false;
	/* hashes: the compare then tells nothing of the length either */
	sha256_of(token, strlen(token), given);
	sha256_of(expected_token, strlen(expected_token), wanted);
	return equal_secret(given, wanted, SHA256_SIZE) && strcmp(mode, "subscribe") == 0;
}

bool meta_signature_ok(const char *header, const void *body, size_t len, const char *const *secrets,
	size_t n_secrets)
{
	uint8_t given[SHA256_SIZE], wanted[SHA256_SIZE];
	bool ok = false;

	if (!header || strncmp(header, "sha256=", 7) != 0 ||
		strlen(header) != 7 + 2 * SHA256_SIZE || hex_decode(header + 7, SHA256_SIZE, given))
		return false;
	for (size_t i = 0; i < n_secrets; i++) {
		if (!secrets[i] || !*secrets[i])
			continue;
		hmac_sha256(secrets[i], strlen(secrets[i]), body, len, wanted);
		ok |= equal_secret(given, wanted, SHA256_SIZE);
	}
	return ok;
}

/* The text of a JSON string without escapes; NULL when it is something else or too long. */
static const char *plain_string(struct span s, char out[FIELD_MAX])
{
	if (s.n < 2 || s.p[0] != '"' || s.n - 2 >= FIELD_MAX || memchr(s.p, '\\', s.n))
		return NULL;
	memcpy(out, s.p + 1, s.n - 2);
	out[s.n - 2] = '\0';
	return out;
}

static void visit_change(struct span entry, struct span change, const char *place,
	const struct meta_visitor *visitor, void *ctx)
{
	char field[FIELD_MAX];
	struct meta_change c = {.place = place, .entry = entry, .change = change};
	struct span name;
	int r = json_span_member(change, "field", &name);

	if (r == -EINVAL) {
		visitor->broken(ctx, change, place, "a change that is not a JSON object");
		return;
	}
	c.field = r == 0 ? plain_string(name, field) : NULL;
	if (json_span_member(change, "value", &c.value))
		c.value = (struct span){NULL, 0};
	visitor->change(ctx, &c);
}

static void visit_entry(
	struct span entry, int number, const struct meta_visitor *visitor, void *ctx)
{
	struct json_span_iter changes;
	struct span list, change;
	char place[64];
	int r, others;

	snprintf(place, sizeof(place), "entry %d", number);
	others = visitor->entry ? visitor->entry(ctx, entry, place) : 0;
	if (json_span_member(entry, "changes", &list) || json_span_array(list, &changes)) {
		if (others == 0)
			visitor->broken(ctx, entry, place, "an entry without a list of changes");
		return;
	}
	for (int i = 0; (r = json_span_next(&changes, &change)) == 1; i++) {
		snprintf(place, sizeof(place), "entry %d change %d", number, i);
		visit_change(entry, change, place, visitor, ctx);
	}
	if (r < 0)
		visitor->broken(
			ctx, entry, place, "the list of changes is broken behind this place");
}

int meta_envelope(const char *body, size_t len, const char *object,
	const struct meta_visitor *visitor, void *ctx, const char **ret_reason)
{
	struct json_span_iter entries;
	struct span root, name, list, entry;
	char text[FIELD_MAX];
	const char *given;
	int r;

	*ret_reason = "not JSON";
	if (json_depth_check(body, len, JSON_DEPTH_MAX)) {
		*ret_reason = "JSON nested deeper than 32";
		return -EINVAL;
	}
	if (json_span_root(body, len, &root))
		return -EINVAL;
	*ret_reason = "not a JSON object with entry[]";
	if (json_span_member(root, "entry", &list) || json_span_array(list, &entries))
		return -EINVAL;
	given = json_span_member(root, "object", &name) ? NULL : plain_string(name, text);
	*ret_reason = "an object of another kind than this source takes";
	if (!given || (object && strcmp(given, object) != 0))
		return -EINVAL;
	for (int i = 0; (r = json_span_next(&entries, &entry)) == 1; i++)
		visit_entry(entry, i, visitor, ctx);
	if (r < 0)
		visitor->broken(ctx, list, "entry", "the list of entries is broken");
	return 0;
}
