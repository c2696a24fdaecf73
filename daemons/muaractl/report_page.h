/* report_page: an evaluation (report_sum.h) as a table for a terminal, as CSV, as a page. Pure but
 * for the FILE. None of them holds personal data: names of channels, agencies, classes, and counts.
 *
 *   CSV   RFC 4180, one header: by (total, channel, agency, classification, each, archived, dead),
 *         the names, the figures. A name a spreadsheet would take for a formula gets a ' before it.
 *   page  one HTML file without scripts and without anything from elsewhere: styles and plots (SVG)
 *         are in it. In Indonesian; made for a telephone of 360 px and for A4. */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "base/buf.h"

#define REPORT_PAGE_MAX (8 * 1024 * 1024)

void report_table(FILE *out, const json_t *sum);
void report_csv(FILE *out, const json_t *sum);
/* Check out->over. */
void report_html(struct buf *out, const json_t *sum);
