/* idmap: finds what was put, and only that, across many growths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/crypto.h"
#include "base/idmap.h"

struct item {
	uint8_t key[16];
	uint32_t value;
};

static void key_of(uint32_t i, uint8_t key[16])
{
	uint8_t digest[SHA256_SIZE];

	sha256_of(&i, sizeof i, digest);
	memcpy(key, digest, 16);
}

static void test_put_and_get(void **state)
{
	struct idmap m = IDMAP_INIT(struct item);
	uint8_t key[16];
	bool made;

	(void)state;
	key_of(0, key);
	assert_null(idmap_get(&m, key));
	for (uint32_t i = 0; i < 20000; i++) {
		key_of(i, key);
		struct item *it = idmap_put(&m, key, &made);
		assert_true(made);
		it->value = i;
	}
	for (uint32_t i = 0; i < 20000; i++) {
		key_of(i, key);
		struct item *it = idmap_put(&m, key, &made);
		assert_false(made);
		assert_int_equal(it->value, i);
		assert_int_equal(idmap_index(&m, it), i);
	}
	key_of(20000, key);
	assert_null(idmap_get(&m, key));
	assert_int_equal(m.n, 20000);
	idmap_free(&m);
}

static void test_same_first_bytes(void **state)
{
	struct idmap m = IDMAP_INIT(struct item);
	uint8_t key[16] = {0};

	(void)state;
	for (uint8_t i = 0; i < 200; i++) { /* all probe the same cell first */
		key[15] = i;
		((struct item *)idmap_put(&m, key, NULL))->value = i;
	}
	for (uint8_t i = 0; i < 200; i++) {
		key[15] = i;
		assert_int_equal(((struct item *)idmap_get(&m, key))->value, i);
	}
	idmap_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put_and_get),
		cmocka_unit_test(test_same_first_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
