/* jsonspan: where in a JSON text a value begins and ends, without decoding it.
 *
 * For batches: each element keeps its own bytes (hash, range in the stored body) and is decoded by
 * itself, so that one bad element (a lone surrogate, a key twice) never loses its neighbours. Looks
 * only at brackets, quotes and commas; whoever takes a span hands it to json_parse, which judges
 * the rest. Linear, no recursion, no allocation. Spans borrow the text. Keys are compared as bytes:
 * a key written with escapes is not found. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct span {
	const char *p;
	size_t n;
};

/* The one value of a whole text (blanks around it allowed). -EINVAL: none, cut, or more behind. */
int json_span_root(const char *p, size_t n, struct span *ret);
/* The value p begins with, whatever follows. -EINVAL: none, or it is cut. */
int json_span_first(const char *p, size_t n, struct span *ret);
/* First member of that name. -ENOENT: not there; -EINVAL: not an object, or broken. */
int json_span_member(struct span object, const char *key, struct span *ret);

struct json_span_iter {
	const char *p, *end;
	bool more; /* a comma was seen: an element must follow */
	int state; /* 0 before the first, 1 between, 2 after the end */
};
/* -EINVAL when it is not an array. */
int json_span_array(struct span array, struct json_span_iter *ret);
/* 1: an element; 0: the end; -EINVAL: broken here, nothing further can be found. */
int json_span_next(struct json_span_iter *it, struct span *ret);
