/* csv: rows out of any bytes, in every delimiter and encoding; all bytes are consumed, row by row.
 */
// parser: common/core/csv.c
#include "core/csv.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char delimiters[] = ",;\t|";
	struct csv_rules rules = {0};
	struct csv_row row = {0};
	const char *p = (const char *)data + 1;
	size_t left;

	if (n < 1)
		return 0;
	rules.delimiter = delimiters[data[0] & 3];
	rules.encoding = data[0] & 4 ? CSV_WINDOWS_1252 : CSV_UTF8;
	rules.columns = data[0] >> 4;
	left = n - 1;
	(void)csv_guess_delimiter(p, left);
	CHECK(csv_bom(p, left) <= 3);
	while (left) {
		CHECK(csv_next(p, left, true, &rules, &row) == 1);
		CHECK(row.raw == p && row.raw_len > 0 && row.raw_len <= left && row.lines > 0);
		CHECK(row.fault || row.n > 0);
		CHECK(row.fault || row.blank || !rules.columns || row.n == rules.columns);
		for (size_t i = 0; i < row.n; i++)
			CHECK(strlen(row.fields[i]) <= 3 * row.raw_len);
		p += row.raw_len;
		left -= row.raw_len;
	}
	csv_row_free(&row);
	return 0;
}
