/* decode: rows of a call centre's export (CSV, NDJSON, JSON) -> messages of our own. Pure.
 *
 * No Indonesian 112 centre publishes its format, so nothing is assumed but rows: a map says which
 * column (or JSON path, "caller.phone", "calls.0.id") holds what, another what the centre's own
 * call types mean. What becomes of what:
 *
 *   a row                     -> kind call, class by its type; a type that is missing or not mapped
 *                                is class unknown (a person looks)
 *   ghost, prank, dropped, test, information -> that class
 *   blank line, comment, row of empty columns, header (also one in the middle) -> nothing
 *   JSON objects anyhow parted: a list, one a line, printed over many lines -> as rows
 *   an object that holds nothing of what the map names -> undecodable, never an empty call
 *   a broken row, garbage JSON, a line that never ends -> class undecodable with its bytes, place
 *                                and reason; the next line is tried anew
 *   a header without a column that the map names, UTF-16 -> the file is held: one mistake in the
 *                                map must not make a thousand dead letters
 *
 * Native id: the call id; a row without one goes by the hash of its bytes (line end excluded). So
 * two rows without an id and with the same bytes are one call, and a row corrected later is another
 * call. The author is the phone number as the operator typed it: claimed, never proven; hidden
 * numbers ("-", all digits the same) are nobody. Text from the row never gets into an error. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/options.h"
#include "core/csv.h"
#include "core/message.h"

enum c112_format { C112_CSV, C112_NDJSON, C112_JSON };
#define C112_JSON_LINE_MAX (1024 * 1024)
#define C112_ROW_MAX	   (C112_JSON_LINE_MAX + 64) /* bytes a window must be able to hold */

struct c112_rules {
	enum c112_format format;
	char delimiter; /* 0: guessed from the first row */
	enum csv_encoding encoding;
	bool header;		     /* the first row names the columns; else they are 1, 2 … */
	const char *comment;	     /* a line that begins so is nothing; NULL or "" = none do */
	int zone_minutes;	     /* of times that name none */
	const struct strmap *fields; /* message field -> column or path */
	const struct strmap *types;  /* the centre's word -> name of a call class */
};
/* NULL when it is a field of the map, else what is wrong with it. */
const char *c112_field_fault(const char *field);

/* A file being read: its header and delimiter. */
struct c112_file;
struct c112_file *c112_file_new(const struct c112_rules *rules); /* borrows rules */
void c112_file_free(struct c112_file *f);			 /* NULL-safe */
/* The file is gone on with behind its beginning: learns what the header says from its first bytes.
 * Not 0: hold the file. */
int c112_file_learn(struct c112_file *f, const char *head, size_t n, struct err *e);

struct c112_window {
	const char *p;
	size_t n;
	bool first;	 /* of the file: a byte order mark may stand here */
	bool line_start; /* false: the rest of a line whose beginning was taken already */
	bool eof, full;	 /* as in struct dropdir_at */
	const char *place;
};
enum c112_result { C112_MORE, C112_NOTHING, C112_MESSAGE };

/* What was found; storage of all that `m` borrows, so keep it until m was put. Zero at first. */
struct c112_row {
	size_t used; /* bytes of the window */
	struct message m;
	const char **paths; /* attachments as the row names them; m's are for the caller to fill */
	size_t n_paths;
	struct c112_storage *storage;
};
void c112_row_free(struct c112_row *row); /* NULL-safe */

/* An enum c112_result, or -errno: hold the file. `base` (tenant, account, source …) is copied into
 * row->m. Releases what row held before. */
int c112_next(struct c112_file *f, const struct c112_window *w, const struct message *base,
	struct c112_row *row, struct err *e);
/* One JSON value that is framed already (an item of an answer). Never C112_MORE. */
int c112_item(struct c112_file *f, const char *p, size_t n, const char *place,
	const struct message *base, struct c112_row *row);
/* What a JSON row has at a path beside the map's, as text; NULL: nothing. Caller frees. */
char *c112_row_text(const struct c112_row *row, const char *path);
