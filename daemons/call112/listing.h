/* listing: what a remote folder holds; from the lines an SFTP server lists it with (as `ls -l`
 * writes them: OpenSSH, ProFTPD, GoAnywhere ...), or put together by weblist.c. Pure.
 *
 * Taken are regular files with a name that is safe to be a name here: no dot files, no '/', no
 * control characters. A line of another form is skipped and counted, never guessed at. Known gap:
 * owners whose names hold blanks; a file rewritten within the minute at the same size looks the
 * same (the server tells no seconds). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"

#define LISTING_NAME_MAX  200
#define LISTING_STAMP_MAX 128
#define LISTING_TIME_MAX  40
#define LISTING_FILES_MAX 50000

struct listing_file {
	char name[LISTING_NAME_MAX + 1];
	char stamp[LISTING_STAMP_MAX]; /* size and time as listed: another stamp, another content */
	int64_t size;		       /* -1: not told, or rounded */
	bool minute; /* size rounded: only once its minute is over a change must show in the stamp
		      */
	char sha256[SHA256_HEX_SIZE];	 /* "": the listing tells none */
	char modified[LISTING_TIME_MAX]; /* as an HTTP date; "": not told so */
};
struct listing {
	struct listing_file *v; /* in name order, each name once */
	size_t n, strange;	/* strange: lines that were not understood */
	size_t room;
};

/* One line without its end: 1 a file, 0 nothing of ours (folder, link, dot file), -EINVAL. */
int listing_line(const char *p, size_t n, struct listing_file *ret);
/* -EFBIG: more than LISTING_FILES_MAX. ret is to be freed in any case. */
int listing_read(const char *p, size_t n, struct listing *ret);
/* Room for one more; it counts once l->n was raised. NULL: there are too many. */
struct listing_file *listing_more(struct listing *l);
/* Puts them in order; of two of one name the first in order of stamps stays. */
void listing_sort(struct listing *l);
/* A name that may be one here. */
bool listing_safe_name(const char *p, size_t n);
void listing_free(struct listing *l);
/* NULL: not there. */
const struct listing_file *listing_find(const struct listing *l, const char *name);
/* name + suffix */
const struct listing_file *listing_beside(
	const struct listing *l, const char *name, const char *suffix);
/* Matches the pattern, and is neither unfinished (.part, .tmp) nor a marker (.done, .sha256). */
bool listing_wanted(const char *name, const char *pattern);
/* The hash of a manifest as sha256sum writes it: 64 hex digits, then the end, or a blank and
 * whatever. Lower case in ret. -EINVAL: ret is as it was. */
int listing_manifest(const char *p, size_t n, char ret[SHA256_HEX_SIZE]);
