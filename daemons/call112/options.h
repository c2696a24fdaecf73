/* options: the table of config/call112.yaml and the checks of several options together. */
#pragma once

#include "base/options.h"

#include "drop.h"
#include "fetch.h"

enum { FINISHED_MOVE, FINISHED_KEEP };
extern const struct option_row call112_options[];
void call112_check(void *conf, struct options_faults *f); /* struct call112_conf * */
/* '\0' for auto, -1 when it is none. */
char call112_delimiter(const char *text);
/* Of sftp or https, whichever has its URL; borrows the configuration. */
struct fetch_conf call112_fetch_conf(const struct call112_conf *c);
