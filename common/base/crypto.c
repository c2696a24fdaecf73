/* crypto: see crypto.h. OpenSSL 3 EVP; a failing digest means a broken library or no memory, so the
 * process ends. */
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>

#include "base/crypto.h"
#include "base/util.h"

struct sha256 {
	EVP_MD_CTX *ctx;
	struct sha256 *next; /* of the spare ones */
};

static void must(int ok)
{
	if (!ok)
		abort();
}

static const EVP_MD *sha256_md;

static void fetch_sha256(void)
{
	sha256_md = EVP_MD_fetch(NULL, "SHA256", NULL);
	must(sha256_md != NULL);
}

/* Found once: EVP_sha256() is looked up anew by each digest, which costs more than a short one. */
static const EVP_MD *md_sha256(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fetch_sha256);
	return sha256_md;
}

/* Most digests are of some tens of bytes: a context made anew for each costs more than they do. As
 * many are kept as were ever in use at once. */
static struct {
	pthread_mutex_t lock;
	struct sha256 *first;
} spare = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct sha256 *take_spare(void)
{
	struct sha256 *s;

	pthread_mutex_lock(&spare.lock);
	s = spare.first;
	if (s)
		spare.first = s->next;
	pthread_mutex_unlock(&spare.lock);
	return s;
}

static void give_spare(struct sha256 *s)
{
	pthread_mutex_lock(&spare.lock);
	s->next = spare.first;
	spare.first = s;
	pthread_mutex_unlock(&spare.lock);
}

struct sha256 *sha256_new(void)
{
	struct sha256 *s = take_spare();

	if (!s) {
		s = xcalloc(1, sizeof *s);
		s->ctx = EVP_MD_CTX_new();
		must(s->ctx != NULL);
	}
	must(EVP_DigestInit_ex(s->ctx, md_sha256(), NULL));
	return s;
}

void sha256_add(struct sha256 *s, const void *p, size_t n)
{
	must(EVP_DigestUpdate(s->ctx, p, n));
}

void sha256_end(struct sha256 *s, uint8_t out[SHA256_SIZE])
{
	must(EVP_DigestFinal_ex(s->ctx, out, NULL));
	give_spare(s);
}

void sha256_key(uint8_t key[16], const void *a, size_t a_len, const void *b, size_t b_len)
{
	uint8_t digest[SHA256_SIZE];
	struct sha256 *s = sha256_new();

	sha256_add(s, a, a_len);
	sha256_add(s, b, b_len);
	sha256_end(s, digest);
	memcpy(key, digest, 16);
}

void sha256_of(const void *p, size_t n, uint8_t out[SHA256_SIZE])
{
	struct sha256 *s = sha256_new();

	sha256_add(s, p, n);
	sha256_end(s, out);
}

void sha256_hex(const void *p, size_t n, char out[SHA256_HEX_SIZE])
{
	uint8_t digest[SHA256_SIZE];

	sha256_of(p, n, digest);
	hex_encode(digest, sizeof digest, out);
}

void sha1_of(const void *p, size_t n, uint8_t out[20])
{
	must(EVP_Digest(p, n, out, NULL, EVP_sha1(), NULL));
}

void hmac_sha256(const void *key, size_t key_len, const void *p, size_t n, uint8_t out[SHA256_SIZE])
{
	must(key_len <= INT_MAX && HMAC(EVP_sha256(), key, (int)key_len, p, n, out, NULL) != NULL);
}

void hmac_sha1(const void *key, size_t key_len, const void *p, size_t n, uint8_t out[20])
{
	must(key_len <= INT_MAX && HMAC(EVP_sha1(), key, (int)key_len, p, n, out, NULL) != NULL);
}

bool equal_secret(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

void random_bytes(void *p, size_t n)
{
	must(n <= INT_MAX && RAND_bytes(p, (int)n) == 1);
}

int base64_decode(const char *s, size_t n, uint8_t *out, size_t *ret_len)
{
	size_t pad = 0;
	int r;

	if (n % 4 || n > INT_MAX)
		return -EINVAL;
	if (memchr(s, '\n', n) || memchr(s, ' ', n) || memchr(s, '\r', n) || memchr(s, '\t', n) ||
		memchr(s, '-', n))
		return -EINVAL; /* EVP_DecodeBlock would trim or stop there */
	while (pad < n && pad < 3 && s[n - 1 - pad] == '=')
		pad++;
	if (pad > 2 || (n > pad && memchr(s, '=', n - pad)))
		return -EINVAL;
	r = n ? EVP_DecodeBlock(out, (const unsigned char *)s, (int)n) : 0;
	if (r < 0)
		return -EINVAL;
	*ret_len = (size_t)r - pad;
	return 0;
}

char *base64_encode(const void *p, size_t n)
{
	char *s = xmalloc(4 * ((n + 2) / 3) + 1);

	must(n <= INT_MAX);
	EVP_EncodeBlock((unsigned char *)s, p, (int)n);
	return s;
}
