/* webauth: see webauth.h. */
#include <errno.h>
#include <string.h>

#include "base/crypto.h"
#include "base/util.h"
#include "core/mapping.h"
#include "core/webauth.h"

#define SHA1_SIZE     20
#define SIGNATURE_MAX 128 /* characters; base64 or hex of 32 bytes is at most 64 */

enum { SHA256, SHA1 };
enum { HEX, BASE64 };

const char *const webauth_by_choices[] = {"header", "query", "body", "hmac", NULL};
const char *const webauth_algorithm_choices[] = {"sha256", "sha1", NULL};
const char *const webauth_encoding_choices[] = {"hex", "base64", NULL};

void webauth_check(const struct webauth_conf *a, struct options_faults *f)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
				    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *fault;

	if (!a->name)
		return;
	if (a->by == WEBAUTH_BODY) {
		fault = mapping_pointer_fault(a->name);
		if (fault)
			options_fault(f, "verify.name", "%s", fault);
	} else if (a->by != WEBAUTH_QUERY && strspn(a->name, token) != strlen(a->name)) {
		options_fault(f, "verify.name", "is no name a header can have");
	}
}

/* The compare of hashes tells nothing, not even a length. */
static bool same_text(const char *given, const char *secret)
{
	uint8_t a[SHA256_SIZE], b[SHA256_SIZE];

	sha256_of(given, strlen(given), a);
	sha256_of(secret, strlen(secret), b);
	return equal_secret(a, b, SHA256_SIZE);
}

/* Bytes of a signature, exactly `size`; false for anything else. */
static bool read_signature(
	const struct webauth_conf *a, const char *given, size_t size, uint8_t out[SHA256_SIZE])
{
	uint8_t bytes[SIGNATURE_MAX];
	size_t n = strlen(given);

	if (n > SIGNATURE_MAX)
		return false;
	if (a->encoding == HEX)
		return n == 2 * size && hex_decode(given, size, out) == 0;
	if (base64_decode(given, n, bytes, &n) || n != size)
		return false;
	memcpy(out, bytes, size);
	return true;
}

static bool signed_with(const struct webauth_conf *a, const uint8_t *given, size_t size,
	const char *secret, const void *body, size_t len)
{
	uint8_t wanted[SHA256_SIZE];

	if (a->algorithm == SHA1)
		hmac_sha1(secret, strlen(secret), body, len, wanted);
	else
		hmac_sha256(secret, strlen(secret), body, len, wanted);
	return equal_secret(given, wanted, size);
}

bool webauth_ok(const struct webauth_conf *a, const char *given, const void *body, size_t len,
	const char *const *secrets, size_t n_secrets)
{
	size_t prefix = a->prefix ? strlen(a->prefix) : 0;
	size_t size = a->algorithm == SHA1 ? SHA1_SIZE : SHA256_SIZE;
	uint8_t signature[SHA256_SIZE] = {0};
	bool ok = false;

	if (!given || (prefix && strncmp(given, a->prefix, prefix) != 0))
		return false;
	given += prefix;
	if (a->by == WEBAUTH_HMAC && !read_signature(a, given, size, signature))
		return false;
	for (size_t i = 0; i < n_secrets; i++) {
		if (!secrets[i] || !*secrets[i])
			continue;
		if (a->by == WEBAUTH_HMAC)
			ok |= signed_with(a, signature, size, secrets[i], body, len);
		else
			ok |= same_text(given, secrets[i]);
	}
	return ok;
}
