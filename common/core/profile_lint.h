/* profile_lint: what a profile that loads still lacks: what would be sent as it stands, lost
 * without a word, never found in an answer, or left for a person each time.
 *
 * A fault goes wrong in every case or loses something of a complaint; a warning is right for some
 * endpoints. Each is a line "file:line: key: what is wrong; what to do", warnings have "warning: "
 * in front of the key; so an editor can jump there. Thread: any. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct profile_lint {
	int faults, warnings;
	bool loaded; /* false: what loading tells is all that can be said */
};
/* With what the file is built on (`as`). 0 however much was found, a file that cannot be read or
 * loaded included: `out` says it; -errno: this itself failed. */
int profile_lint(const char *path, struct profile_lint *ret, struct buf *out, struct err *e);
