/* crypto: the few OpenSSL calls Muara needs, in one place. All deterministic; errors of the library
 * end the process. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE	32
#define SHA256_HEX_SIZE 65

struct sha256; /* streaming */
struct sha256 *sha256_new(void);
void sha256_add(struct sha256 *s, const void *p, size_t n);
void sha256_end(struct sha256 *s, uint8_t out[SHA256_SIZE]); /* frees s */

void sha256_of(const void *p, size_t n, uint8_t out[SHA256_SIZE]);
/* The first 16 bytes for two parts, one behind the other: a key for idmap. */
void sha256_key(uint8_t key[16], const void *a, size_t a_len, const void *b, size_t b_len);
void sha256_hex(const void *p, size_t n, char out[SHA256_HEX_SIZE]);
void sha1_of(const void *p, size_t n, uint8_t out[20]); /* only for UUIDv5 (RFC 9562) */
void hmac_sha256(
	const void *key, size_t key_len, const void *p, size_t n, uint8_t out[SHA256_SIZE]);
void hmac_sha1(const void *key, size_t key_len, const void *p, size_t n,
	uint8_t out[20]); /* for outside parties that still sign so */
bool equal_secret(const void *a, const void *b, size_t n); /* constant time */
void random_bytes(void *p, size_t n);
/* -EINVAL on junk; *ret_len <= 3/4 n. Standard alphabet, padding required, no white space. out
 * holds n bytes. */
int base64_decode(const char *s, size_t n, uint8_t *out, size_t *ret_len);
char *base64_encode(const void *p, size_t n); /* caller frees */
