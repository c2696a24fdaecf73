/* texts: the parsers of short texts: dates, numbers, tickets, phones, waits, keys.
 * What is accepted is in its range, and what is printed is read again as the same. */
// parser: common/core/idtime.c
// parser: common/core/ids.c only hyphen_at uuid_parse uuid_format uuid_valid check_digit
// parser: common/core/ids.c only ticket_print digit_of ticket_parse
// parser: common/core/message.c only phone_normalise
// parser: common/core/lane.c only lane_key_parse
// parser: common/core/outcome.c only retry_after_parse
// parser: common/base/clock.c only time_parse
// parser: common/base/httpd_check.c only http_percent_decode
#include <math.h>

#include "base/clock.h"
#include "base/httpd_check.h"
#include "core/idtime.h"
#include "core/ids.h"
#include "core/lane.h"
#include "core/message.h"
#include "core/muara_conf.h"
#include "core/outcome.h"

#include "fuzz.h"

static void times(const char *s)
{
	char text[TIME_TEXT_SIZE], day[11];
	int64_t ms, again;

	if (time_parse(s, &ms) == 0) {
		time_format(ms, text);
		CHECK(time_parse(text, &again) == 0 && again == ms);
	}
	if (id_time_parse(s, 420, &ms) == 0) {
		time_format(ms, text);
		CHECK(text[0]);
	}
	if (id_date_parse(s, day) == 0)
		CHECK(strlen(day) == 10);
	if (retry_after_parse(s, 1800000000000, &ms) == 0)
		CHECK(ms >= 0 && ms <= OUTCOME_WAIT_MAX_MS);
}

static void numbers(const char *s)
{
	double number;
	int minutes;

	if (id_number_parse(s, &number) == 0)
		CHECK(isfinite(number));
	if (muara_zone_parse(s, &minutes) == 0)
		CHECK(minutes >= -24 * 60 && minutes <= 24 * 60);
}

static void ids(const char *s, size_t n)
{
	char ticket[TICKET_TEXT_SIZE], again[TICKET_TEXT_SIZE], phone[PHONE_TEXT_SIZE];
	char phone_again[PHONE_TEXT_SIZE];
	struct lane_key key;
	uint8_t uuid[UUID_SIZE];

	if (ticket_parse(s, ticket) == 0)
		CHECK(ticket_parse(ticket, again) == 0 && strcmp(ticket, again) == 0);
	if (phone_normalise(s, phone) == 0)
		CHECK(phone_normalise(phone, phone_again) == 0 && strcmp(phone, phone_again) == 0);
	(void)uuid_parse(s, uuid);
	(void)uuid_valid(s);
	(void)lane_key_parse(s, n, &key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *s = fuzz_text(data, n);

	times(s);
	numbers(s);
	ids(s, strlen(s));
	if (http_percent_decode(s) == 0)
		CHECK(strlen(s) <= n);
	free(s);
	return 0;
}
