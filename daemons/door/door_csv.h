/* door_csv: a table a client signs: POST /v1/csv/NAME, by the map `csv` NAME of door.yaml.
 *
 * The answer is that of a batch, row by row, by the line a row begins on. 400 for the whole when a
 * column of the map is not in the header. Quotas count rows. */
#pragma once

#include "door.h"

#define DOOR_CSV_PATH "/v1/csv/"

void door_csv(struct door *d, struct httpd_request *r);
