/* yaml: any text as a configuration; a tree only without faults, lines for every path. */
// parser: common/base/yaml.c without yaml_load_file_all yaml_load_file: they read files
#include <jansson.h>

#include "base/buf.h"
#include "base/yaml.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf faults = BUF_INIT(64 * 1024);
	struct yaml_lines *lines = NULL;
	json_t *tree = NULL;
	int n_faults = 0;
	int r = yaml_load_text(
		"f.yaml", (const char *)data, n, &tree, &lines, &faults, &n_faults, NULL);

	CHECK((r == 0) == (n_faults == 0));
	CHECK(r || tree);
	CHECK(yaml_line(lines, "a.b.0") >= 1);
	(void)yaml_text(lines, "a");
	json_decref(tree);
	yaml_lines_free(lines);
	buf_free(&faults);
	return 0;
}
