/* print: answers for people (aligned tables) and for programs (JSON), from the same rows.
 *
 * Text that came from outside passes print_clean before a terminal sees it: control characters and
 * bidi overrides become blanks, so that a citizen's message cannot move the cursor or hide a line.
 * Widths are of terminal columns (wide and combining characters count right). Pure but for the
 * FILE; unit test test-ctl_print.c. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct print_column {
	const char *key;   /* member of the row; NULL ends */
	const char *title; /* heading; NULL: only in JSON */
	bool right;	   /* numbers */
};

/* rows: array of objects. A string as it is, numbers, booleans yes/no, null "-", an array of
 * strings joined by ", ". Nothing is printed for no rows but `none` (may be NULL). */
void print_table(
	FILE *out, const struct print_column *columns, const json_t *rows, const char *none);
/* The same rows as CSV, RFC 4180 with a header line; what a spreadsheet would take for a formula
 * gets a ' before it. */
void print_csv(FILE *out, const struct print_column *columns, const json_t *rows);
/* Pretty JSON and a line feed. */
void print_json(FILE *out, const json_t *j);
/* "key:   value" lines of an object in the order of the columns; absent members are left out. */
void print_object(FILE *out, const struct print_column *columns, const json_t *row);
/* A copy fit for a terminal; line feeds stay only if `lines`. Caller frees. */
char *print_clean(const char *s, bool lines);
/* Columns a terminal needs for it. */
size_t print_width(const char *s);
