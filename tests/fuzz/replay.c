/* replay: main() of a fuzz target in the ordinary builds: runs each file given, and each file of
 * each folder given, once. Ends with the number of files; not zero when none was found. */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/fsio.h"
#include "base/util.h"

#include "fuzz.h"

static int one_file(const char *path)
{
	_cleanup_free_ char *data = NULL;
	struct err e = {0};
	size_t n;

	if (fsio_read_file(path, 16 << 20, &data, &n, &e)) {
		fprintf(stderr, "%s\n", e.text);
		exit(2);
	}
	/* a copy of the exact size: reading behind the end is found by ASan */
	{
		_cleanup_free_ uint8_t *exact = xmalloc(n ? n : 1);

		memcpy(exact, data, n);
		LLVMFuzzerTestOneInput(exact, n);
	}
	return 1;
}

static int one_path(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int n = 0;

	if (!dir)
		return one_file(path);
	while ((entry = readdir(dir))) {
		_cleanup_free_ char *name = xasprintf("%s/%s", path, entry->d_name);

		if (entry->d_name[0] != '.')
			n += one_file(name);
	}
	closedir(dir);
	return n;
}

int main(int argc, char **argv)
{
	int n = 0;

	for (int i = 1; i < argc; i++)
		n += one_path(argv[i]);
	printf("%d files\n", n);
	return n ? 0 : 1;
}
