/* multipart: a body of multipart/form-data (RFC 7578) taken apart. Pure; spans borrow the body.
 *
 * Strict where browsers agree: CR LF line ends, a boundary of 1 to 70 of RFC 2046's characters, one
 * Content-Disposition with a quoted name in each part. Bounded: parts, and the head of each. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "base/jsonspan.h"

#define MULTIPART_PARTS_MAX 24
#define MULTIPART_HEAD_MAX  1024

struct multipart_part {
	char name[64];
	char filename[256]; /* as the browser sent it, cut; never a path to be opened */
	bool is_file;	    /* a file name was given, an empty one too */
	struct span data;
};
struct multipart {
	struct multipart_part parts[MULTIPART_PARTS_MAX];
	size_t n;
};
/* -EINVAL: not such a body, cut off, or over a bound; e says which. */
int multipart_parse(
	const char *content_type, const char *body, size_t n, struct multipart *ret, struct err *e);
