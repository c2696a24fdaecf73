/* golden: the complaints beside the hand-written transcripts of the calls. Include behind cmocka.
 */
#pragma once

#include "base/fsio.h"
#include "base/json.h"
#include "base/util.h"

#define GOLDEN "tests/golden/lapor-v3/"

/* The caller drops it. */
static json_t *snapshot(const char *name)
{
	_cleanup_free_ char *path = xasprintf(GOLDEN "complaint-%s.json", name), *text = NULL;
	json_t *j = NULL;
	size_t n;

	assert_int_equal(fsio_read_file(path, 1 << 20, &text, &n, NULL), 0);
	assert_int_equal(json_parse(text, n, 1 << 20, &j, NULL), 0);
	return j;
}
