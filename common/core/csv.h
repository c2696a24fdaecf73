/* csv: rows out of CSV bytes as call centres really write them. Pure; no I/O.
 *
 * RFC 4180 with what real exports do: delimiter , ; or tab, CR LF or LF, quoted line breaks, a bare
 * quote inside an unquoted field, UTF-8 with or without BOM, or windows-1252. A row that breaks the
 * rules (quote never closed, text behind a closing quote, wrong number of columns) costs exactly
 * its first physical line: the next one is tried anew, so neighbours pass.
 * Fields are given as UTF-8 text owned by the row; `raw` borrows the input. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define CSV_ROW_MAX	(256 * 1024) /* a quoted field open for longer was never closed */
#define CSV_COLUMNS_MAX 256

enum csv_encoding { CSV_UTF8, CSV_WINDOWS_1252 };

struct csv_row {
	const char *raw; /* the row's bytes with its line end, in the input */
	size_t raw_len;
	int lines;	   /* physical lines it spans */
	bool blank;	   /* nothing on the line */
	const char *fault; /* NULL, or why it is broken (constant text) */
	char **fields;	   /* n of them; valid until csv_row_free */
	size_t n;
	char *text; /* storage of the fields */
};

struct csv_rules {
	char delimiter;
	enum csv_encoding encoding;
	size_t columns; /* 0 = any number (the header) */
};

/* The next row at p. 1: row filled (also when broken: row->fault). 0: the row is not complete and
 * `eof` is false: come back with more bytes. Frees what the row held before. */
int csv_next(const char *p, size_t n, bool eof, const struct csv_rules *rules, struct csv_row *row);
void csv_row_free(struct csv_row *row); /* NULL-safe */

/* The delimiter that occurs most in the first line outside quotes; ',' when none does. */
char csv_guess_delimiter(const char *p, size_t n);
/* Bytes of a UTF-8 byte order mark at p (0 or 3); -EINVAL for UTF-16, which is not read. */
int csv_bom(const char *p, size_t n);
/* Caller frees. The five bytes windows-1252 leaves open become U+FFFD. */
char *text_from_windows_1252(const char *p, size_t n);
