/* fuzz: what every target shares. A target is one function over bytes from outside; it may not
 * crash or leak, and states with CHECK what must hold whatever the bytes are.
 *
 * The same file becomes a libFuzzer program (run.sh) and, linked with replay.c, one that runs the
 * corpus files once (make test). A finding goes into corpus folder tests/fuzz/<target>/ as it is.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(condition)                                                                  \
	do {                                                                              \
		if (!(condition)) {                                                       \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, \
				#condition);                                              \
			abort();                                                          \
		}                                                                         \
	} while (0)

/* NUL-terminated copy; the caller frees. */
static inline char *fuzz_text(const uint8_t *data, size_t n)
{
	char *s = malloc(n + 1);

	if (!s)
		abort();
	if (n)
		memcpy(s, data, n);
	s[n] = '\0';
	return s;
}
