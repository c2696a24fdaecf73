/* idtime: dates and numbers as Indonesian sources write them. Pure.
 *
 * Only what can be read one way is read; everything else is -EINVAL and the source keeps the text.
 * Day comes before month. A year has four digits. A zone in the text (WIB, WITA, WIT, +07:00, Z)
 * wins over the configured one. */
#pragma once

#include <stdint.h>

/* "2021-08-20T07:15:00+07:00", "2021-08-20 07:15", "20 Agustus 2021 07:15",
 * "Jumat, 20 Agt 2021 pukul 07.15 WIB", "20/08/2021 07:15:30", "20-08-2021"; a date alone is 00:00
 * local. zone_minutes: east of Greenwich, used when the text names none. */
int id_time_parse(const char *text, int zone_minutes, int64_t *ret_wall_ms);
/* The day alone, as "yyyy-mm-dd" (11 bytes); a time behind it is ignored. */
int id_date_parse(const char *text, char ret[11]);
/* "-7.03", "-7,03": one number, point or comma, nothing behind it. */
int id_number_parse(const char *text, double *ret);
/* A number at *p, which is moved behind it; blanks and a sign may stand before it. `decimal`: the
 * characters that may part its fraction, "." or "," or ".,". */
int id_number_take(const char **p, const char *decimal, double *ret);
