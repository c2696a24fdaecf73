/* keyring: the keys of a folder, as they are now.
 *
 * The folder is looked at with every request (one stat); when it has changed it is read anew, so a
 * key that was issued or revoked by `muaractl door key` holds from the next request on. Files are
 * replaced whole by a rename, which changes the folder; a file edited in place is noticed only at
 * the next such change. A file that is no key is told in the log and left out. */
#pragma once

#include "base/err.h"
#include "core/doorkey.h"

struct keyring;

/* The folder must be there and readable. */
int keyring_open(const char *path, struct keyring **ret, struct err *e);
void keyring_close(struct keyring *k); /* NULL-safe */
/* *ret: NULL when there is no such key; revoked ones are found. Valid until the next call. -errno:
 * the folder cannot be read, nothing is known. */
int keyring_find(struct keyring *k, const char *id, const struct doorkey **ret, struct err *e);
