/* decode_row: what the files of decode share: the fields of the map, a file's header, a row's
 * values. Nobody but decode*.c includes it; what callers see is decode.h. */
#pragma once

#include <jansson.h>

#include "base/crypto.h"
#include "core/csv.h"

#include "decode.h"

enum row_field {
	F_ID,
	F_TYPE,
	F_PRIORITY,
	F_NAME,
	F_PHONE,
	F_EMAIL,
	F_TEXT,
	F_NOTES,
	F_RECEIVED,
	F_CLOSED,
	F_ADDRESS,
	F_DISTRICT,
	F_COORDINATES,
	F_LAT,
	F_LON,
	F_ATTACHMENTS,
	F_TITLE,
	F_CATEGORY,
	F_AGENCY,
	F_INCIDENT_DATE,
	F_COUNT
};
extern const char *const row_field_names[F_COUNT];

struct c112_file {
	const struct c112_rules *rules;
	const char *where[F_COUNT]; /* column or path, NULL = not in the map */
	/* CSV only */
	struct csv_rules csv;
	bool known; /* header read, or none needed, and delimiter known */
	int column[F_COUNT];
	char **header;
	size_t n_header;
};

struct c112_storage {
	struct csv_row csv;
	json_t *json, *fields;
	const char *value[F_COUNT]; /* trimmed, "" when missing */
	char *copies[F_COUNT];	    /* of values that are not text in the row */
	char *address, *paths;
	const char *path[MESSAGE_ATTACHMENTS_MAX];
	char native[SHA256_HEX_SIZE + 16], phone[PHONE_TEXT_SIZE];
};

/* --- decode_file.c --- */
char *row_trim(char *s); /* in place; the rest of the same buffer */
void row_trim_all(struct csv_row *row);
size_t row_line_length(const char *p, size_t n); /* its end included, when there is one */
/* Length of a blank or comment line at p; 0: it is neither, or not whole. */
size_t row_nothing_line(const struct c112_rules *rules, const char *p, size_t n, bool eof);
/* Which column holds what, by the names of the first row, or by the map's numbers. Not 0: hold the
 * file. */
int row_learn_header(struct c112_file *f, struct csv_row *row, struct err *e);
int row_learn_numbers(struct c112_file *f, const struct csv_row *row, struct err *e);

/* --- decode_message.c --- */
void row_csv_values(const struct c112_file *f, struct c112_storage *s);
bool row_json_values(const struct c112_file *f, struct c112_storage *s); /* false: none is there */
/* The message of the values, or of bytes that are none; row->m.original must stand. Both return
 * C112_MESSAGE. */
int row_fill(const struct c112_file *f, struct c112_row *row);
int row_undecodable(const struct c112_window *w, struct c112_row *row, const char *reason);
