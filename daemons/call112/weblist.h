/* weblist: what a web server's folder holds, from the page, the JSON or the manifest it is listed
 * by. Pure.
 *
 * autoindex  the page nginx, Apache and lighttpd make of a folder: links, with time and size behind
 * json       nginx's `autoindex_format json`: [{"name", "type", "size", "mtime"} ...]; "sha256",
 * too manifest   lines "name [size] [sha256]" or as sha256sum writes them, "#" begins a comment; or
 * a JSON array of names or of objects as above. The centre's own word for what is whole.
 *
 * Names are unescaped (HTML, then %XX) and must be names within that folder: a link that leads
 * elsewhere, by "..", "/", an encoded slash or another host, is nobody's. A list that is cut (no
 * </html>, no end of the JSON, a manifest without the end of its last line) is none at all. */
#pragma once

#include <stddef.h>

#include "base/err.h"

#include "listing.h"

enum weblist_kind { WEBLIST_AUTOINDEX, WEBLIST_JSON, WEBLIST_MANIFEST };
extern const char *const weblist_choices[];

/* A NUL stands behind the n bytes. `folder`: path of the URL it was got from, as servers write it
 * before names; ends with "/". -EAGAIN: cut; -EBADMSG: nothing of that kind; -EFBIG: more than
 * LISTING_FILES_MAX. Freed by the caller in any case. */
int weblist_read(enum weblist_kind kind, const char *folder, const char *p, size_t n,
	struct listing *ret, struct err *e);
