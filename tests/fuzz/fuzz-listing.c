/* listing: what an SFTP server lists: names that come out are safe, in order, and found again. */
// uses: daemons/call112/listing.c
#include "daemons/call112/listing.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = fuzz_text(data, n), hash[SHA256_HEX_SIZE];
	struct listing l;

	listing_read(text, strlen(text), &l);
	for (size_t i = 0; i < l.n; i++) {
		const struct listing_file *f = &l.v[i];

		CHECK(f->size >= 0 && *f->name && *f->name != '.' && !strchr(f->name, '/'));
		CHECK(strlen(f->name) <= LISTING_NAME_MAX && strlen(f->stamp) < LISTING_STAMP_MAX);
		CHECK(i == 0 || strcmp(l.v[i - 1].name, f->name) <= 0);
		CHECK(listing_find(&l, f->name));
		CHECK(!listing_beside(&l, f->name, ".sha256") ||
			strlen(f->name) < LISTING_NAME_MAX);
		if (listing_wanted(f->name, "*.csv"))
			CHECK(strlen(f->name) >= 4);
	}
	listing_free(&l);
	if (listing_manifest(text, strlen(text), hash) == 0)
		CHECK(strspn(hash, "0123456789abcdef") == SHA256_HEX_SIZE - 1);
	free(text);
	return 0;
}
