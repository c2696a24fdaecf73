/* books_read: every log read once into the books, in the order books.h asks for. Blocking; the
 * daemons may be at work meanwhile. */
#pragma once

#include "books.h"
#include "ctl.h"

/* lane -1 = all. */
int books_read(struct ctl *c, int lane, struct books *books, struct err *e);
