/* sheet: rows of a table somebody uploads (CSV) -> messages. Pure.
 *
 * A map in the configuration says which column holds what (field: column name, case and blanks
 * around it do not matter): id, text, sent_at, name, phone, email, author, lat, lon, coordinates,
 * address, in_reply_to, and title, category, agency, incident_date, which go beside the message. A
 * column that the map names and the header does not have refuses the whole: one mistake in a map
 * must not make a thousand dead letters. A broken row is refused by itself. A row without an id
 * goes by the hash of its bytes; "-" and blanks are nothing. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/jsonspan.h"
#include "base/options.h"
#include "core/csv.h"
#include "core/message.h"

struct sheet_conf { /* an entry of `csv` in door.yaml */
	char *name, *channel, *delimiter;
	int encoding; /* enum csv_encoding */
	struct strmap fields;
};
extern const char *const sheet_encodings[];
/* NULL when it is a field of the map. */
const char *sheet_field_fault(const char *field);
/* '\0': to be guessed; -1: it is no delimiter. */
char sheet_delimiter(const char *text);

struct sheet;
/* Reads the header. -EINVAL: e says which column is not there, or what else is wrong with it. The
 * body is borrowed. */
int sheet_open(const struct sheet_conf *c, int zone_minutes, const char *body, size_t n,
	struct sheet **ret, struct err *e);
void sheet_close(struct sheet *s); /* NULL-safe */

struct sheet_row { /* zero at first; holds all the message borrows */
	long line;
	const char *fault; /* NULL: a message */
	struct csv_row csv;
	json_t *fields;
	char native_id[SHA256_HEX_SIZE + 8];
};
/* The next row that is not blank; false at the end. `m` is prefilled. Releases what row held. */
bool sheet_next(struct sheet *s, struct sheet_row *row, struct message *m);
void sheet_row_free(struct sheet_row *row);
size_t sheet_count(const struct sheet *s); /* rows from here on that are not blank */
