/* Ids and tickets against known answers computed by an independent program (Python's uuid and
 * hashlib), and the error-finding of the ticket's check character over all single faults. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

#include "core/ids.h"

static void uuid_text(void **state)
{
	static const char *const bad[] = {"", "a0805f20-48f9-582d-8cf0-8ba9e34f82d",
		"a0805f20-48f9-582d-8cf0-8ba9e34f82dcc", "a0805f2048f9582d8cf08ba9e34f82dc0000",
		"g0805f20-48f9-582d-8cf0-8ba9e34f82dc", "a0805f20-48f9-582d-8cf0_8ba9e34f82dc"};
	uint8_t raw[UUID_SIZE];
	char text[UUID_TEXT_SIZE];

	(void)state;
	assert_int_equal(uuid_parse("A0805F20-48f9-582d-8cf0-8ba9e34f82dc", raw), 0);
	uuid_format(raw, text);
	assert_string_equal(text, "a0805f20-48f9-582d-8cf0-8ba9e34f82dc");
	assert_true(uuid_valid(text));
	assert_false(uuid_valid("A0805F20-48f9-582d-8cf0-8ba9e34f82dc"));
	assert_false(uuid_valid(NULL));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(uuid_parse(bad[i], raw), -EINVAL);
	assert_int_equal(uuid_parse(NULL, raw), -EINVAL);
}

static void random_ids_are_version_4_and_differ(void **state)
{
	char a[UUID_TEXT_SIZE], b[UUID_TEXT_SIZE];

	(void)state;
	uuid_random(a);
	uuid_random(b);
	assert_true(uuid_valid(a));
	assert_int_equal(a[14], '4');
	assert_non_null(strchr("89ab", a[19]));
	assert_string_not_equal(a, b);
}

static void known_ids(void **state)
{
	char id[UUID_TEXT_SIZE], other[UUID_TEXT_SIZE];

	(void)state;
	message_id("malang", "whatsapp", "628111", "wamid.AA", NULL, id);
	assert_string_equal(id, "a0805f20-48f9-582d-8cf0-8ba9e34f82dc");
	message_id("malang", "whatsapp", "628111", "wamid.AA", "", other);
	assert_string_equal(other, id);
	message_id("malang", "whatsapp", "628111", "wamid.AA", "2", other);
	assert_string_equal(other, "3f04b7e2-fd0c-5a8b-9a95-f908349d06db");
	conversation_id("malang", "whatsapp", "628111", "6281234", other);
	assert_string_equal(other, "a798965c-f1c3-5196-ba1a-6cb3d037f926");
	message_id_conflict(
		id, "abababababababababababababababababababababababababababababababab", other);
	assert_string_equal(other, "e4c6b37f-5a6a-56a5-a754-08ea7d2c5aad");
}

static void parts_are_kept_apart(void **state)
{
	char a[UUID_TEXT_SIZE], b[UUID_TEXT_SIZE];

	(void)state;
	message_id("malang", "whatsapp", "1", "23", NULL, a);
	message_id("malang", "whatsapp", "12", "3", NULL, b);
	assert_string_not_equal(a, b);
}

static void known_tickets(void **state)
{
	char t[TICKET_TEXT_SIZE];

	(void)state;
	assert_int_equal(ticket_of("a0805f20-48f9-582d-8cf0-8ba9e34f82dc", t), 0);
	assert_string_equal(t, "P27SF-CAHVN");
	assert_int_equal(ticket_of("00000000-0000-0000-0000-000000000000", t), 0);
	assert_string_equal(t, "FXZ3D-45G6T");
	assert_int_equal(ticket_of("nonsense", t), -EINVAL);
}

static void tickets_as_people_write_them(void **state)
{
	char t[TICKET_TEXT_SIZE];

	(void)state;
	assert_int_equal(ticket_parse("p27sf cahvn", t), 0);
	assert_string_equal(t, "P27SF-CAHVN");
	assert_int_equal(ticket_parse("P27SFCAHVN", t), 0);
	assert_int_equal(ticket_parse("P27SF-CAHVM", t), -EBADMSG);
	assert_int_equal(ticket_parse("P27SF-CAHV", t), -EINVAL);
	assert_int_equal(ticket_parse("P27SF-CAHVNN", t), -EINVAL);
	assert_int_equal(ticket_parse("P27SF-CAHVU", t), -EINVAL);
	assert_int_equal(ticket_parse("", t), -EINVAL);
	assert_int_equal(ticket_parse(NULL, t), -EINVAL);
}

static void o_i_l_are_read_as_digits(void **state)
{
	char t[TICKET_TEXT_SIZE], id[UUID_TEXT_SIZE], back[TICKET_TEXT_SIZE];
	int with_zero = 0, with_one = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		char spoken[TICKET_TEXT_SIZE];

		uuid_random(id);
		assert_int_equal(ticket_of(id, t), 0);
		memcpy(spoken, t, sizeof t);
		for (char *p = spoken; *p; p++) {
			with_zero += *p == '0';
			with_one += *p == '1';
			*p = *p == '0' ? 'o' : *p == '1' ? (i % 2 ? 'I' : 'l') : *p;
		}
		assert_int_equal(ticket_parse(spoken, back), 0);
		assert_string_equal(back, t);
	}
	assert_true(with_zero > 0 && with_one > 0);
}

static void every_single_fault_is_found(void **state)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	char t[TICKET_TEXT_SIZE], back[TICKET_TEXT_SIZE];

	(void)state;
	assert_int_equal(ticket_of("a0805f20-48f9-582d-8cf0-8ba9e34f82dc", t), 0);
	for (int i = 0; i < 11; i++) {
		char was = t[i];

		if (i == 5)
			continue;
		for (const char *c = alphabet; *c; c++) {
			t[i] = *c;
			assert_int_equal(ticket_parse(t, back), *c == was ? 0 : -EBADMSG);
		}
		t[i] = was;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uuid_text),
		cmocka_unit_test(random_ids_are_version_4_and_differ),
		cmocka_unit_test(known_ids),
		cmocka_unit_test(parts_are_kept_apart),
		cmocka_unit_test(known_tickets),
		cmocka_unit_test(tickets_as_people_write_them),
		cmocka_unit_test(o_i_l_are_read_as_digits),
		cmocka_unit_test(every_single_fault_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
