/* ids: see ids.h. Known answers of every function are in tests/unit/test-ids.c. */
#include <errno.h>
#include <string.h>

#include "base/crypto.h"
#include "base/util.h"

#include "core/ids.h"

/* d60c4ef8-2272-45b1-8118-8c14c2ae22cb: drawn once; never to be changed. */
static const uint8_t namespace_muara[UUID_SIZE] = {0xd6, 0x0c, 0x4e, 0xf8, 0x22, 0x72, 0x45, 0xb1,
	0x81, 0x18, 0x8c, 0x14, 0xc2, 0xae, 0x22, 0xcb};

static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static bool hyphen_at(int i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

int uuid_parse(const char *text, uint8_t ret[UUID_SIZE])
{
	char hex[2 * UUID_SIZE + 1];
	size_t n = 0;

	if (!text || strnlen(text, UUID_TEXT_SIZE) != UUID_TEXT_SIZE - 1)
		return -EINVAL;
	for (int i = 0; i < UUID_TEXT_SIZE - 1; i++) {
		if (hyphen_at(i)) {
			if (text[i] != '-')
				return -EINVAL;
		} else {
			hex[n++] = text[i];
		}
	}
	hex[n] = '\0';
	return hex_decode(hex, UUID_SIZE, ret);
}

void uuid_format(const uint8_t uuid[UUID_SIZE], char ret[UUID_TEXT_SIZE])
{
	char hex[2 * UUID_SIZE + 1];

	hex_encode(uuid, UUID_SIZE, hex);
	snprintf(ret, UUID_TEXT_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
		hex + 20);
}

bool uuid_valid(const char *text)
{
	uint8_t raw[UUID_SIZE];
	char back[UUID_TEXT_SIZE];

	if (uuid_parse(text, raw))
		return false;
	uuid_format(raw, back);
	return strcmp(back, text) == 0;
}

static void stamp(uint8_t uuid[UUID_SIZE], int version)
{
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | version << 4);
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

void uuid_random(char ret[UUID_TEXT_SIZE])
{
	uint8_t uuid[UUID_SIZE];

	random_bytes(uuid, sizeof uuid);
	stamp(uuid, 4);
	uuid_format(uuid, ret);
}

void uuid_of_parts(const char *const *parts, char ret[UUID_TEXT_SIZE])
{
	_cleanup_free_ char *all = NULL;
	size_t n = UUID_SIZE;
	uint8_t digest[20];
	char *p;

	for (size_t i = 0; parts[i]; i++)
		n += strlen(parts[i]) + 1;
	all = xmalloc(n);
	memcpy(all, namespace_muara, UUID_SIZE);
	p = all + UUID_SIZE;
	for (size_t i = 0; parts[i]; i++) {
		size_t len = strlen(parts[i]);

		if (i)
			*p++ = '\0';
		memcpy(p, parts[i], len);
		p += len;
	}
	sha1_of(all, (size_t)(p - all), digest);
	stamp(digest, 5);
	uuid_format(digest, ret);
}

void message_id(const char *tenant, const char *channel, const char *account, const char *native_id,
	const char *revision, char ret[UUID_TEXT_SIZE])
{
	const char *parts[] = {
		tenant, channel, account, native_id, revision && *revision ? revision : NULL, NULL};

	uuid_of_parts(parts, ret);
}

void message_id_conflict(const char *id, const char *content_hash, char ret[UUID_TEXT_SIZE])
{
	const char *parts[] = {"conflict", id, content_hash, NULL};

	uuid_of_parts(parts, ret);
}

void conversation_id(const char *tenant, const char *channel, const char *account,
	const char *author_id, char ret[UUID_TEXT_SIZE])
{
	const char *parts[] = {"conversation", tenant, channel, account, author_id, NULL};

	uuid_of_parts(parts, ret);
}

/* Weights 3, 1, 3 … before a check of weight 1: odd, so a single wrong digit always changes the sum
 * mod 32; neighbours differ by 2, so a swap does too unless the digits are 16 apart. */
static unsigned check_digit(const unsigned digits[9])
{
	unsigned sum = 0;

	for (int i = 0; i < 9; i++)
		sum += digits[i] * (i % 2 ? 1U : 3U);
	return (32U - sum % 32U) % 32U;
}

static void ticket_print(const unsigned digits[10], char ret[TICKET_TEXT_SIZE])
{
	for (int i = 0; i < 10; i++)
		ret[i + (i > 4)] = crockford[digits[i]];
	ret[5] = '-';
	ret[TICKET_TEXT_SIZE - 1] = '\0';
}

int ticket_of(const char *id, char ret[TICKET_TEXT_SIZE])
{
	uint8_t in[13 + UUID_SIZE], digest[SHA256_SIZE];
	unsigned digits[10];
	uint64_t bits = 0;

	memcpy(in, "muara-ticket", 13); /* with its NUL */
	if (uuid_parse(id, in + 13))
		return -EINVAL;
	sha256_of(in, sizeof in, digest);
	for (int i = 0; i < 6; i++)
		bits = bits << 8 | digest[i];
	bits >>= 3; /* the first 45 of 48 */
	for (int i = 8; i >= 0; i--, bits >>= 5)
		digits[i] = bits & 31;
	digits[9] = check_digit(digits);
	ticket_print(digits, ret);
	return 0;
}

static int digit_of(char c)
{
	const char *at;

	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'O')
		c = '0';
	if (c == 'I' || c == 'L')
		c = '1';
	at = c ? strchr(crockford, c) : NULL;
	return at ? (int)(at - crockford) : -EINVAL;
}

int ticket_parse(const char *text, char ret[TICKET_TEXT_SIZE])
{
	unsigned digits[10];
	int n = 0;

	if (!text)
		return -EINVAL;
	for (; *text; text++) {
		int d;

		if (*text == '-' || *text == ' ')
			continue;
		d = digit_of(*text);
		if (d < 0 || n == 10)
			return -EINVAL;
		digits[n++] = (unsigned)d;
	}
	if (n != 10)
		return -EINVAL;
	if (check_digit(digits) != digits[9])
		return -EBADMSG;
	ticket_print(digits, ret);
	return 0;
}
