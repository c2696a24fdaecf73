/* weblist: the first byte chooses how a web server's folder is listed, the rest is the list: names
 * that come out are safe, in order, each once. */
// uses: daemons/call112/weblist.c daemons/call112/listing.c
// elsewhere: listing daemons/call112/listing.c
#include "daemons/call112/weblist.h"

#include "fuzz.h"

static void check(const struct listing *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct listing_file *f = &l->v[i];

		CHECK(f->size >= -1 && *f->name && *f->name != '.');
		CHECK(!strchr(f->name, '/') && !strpbrk(f->name, "\r\n\t"));
		CHECK(strlen(f->name) <= LISTING_NAME_MAX && strlen(f->stamp) < LISTING_STAMP_MAX);
		CHECK(i == 0 || strcmp(l->v[i - 1].name, f->name) < 0);
		CHECK(!*f->sha256 || strspn(f->sha256, "0123456789abcdef") == SHA256_HEX_SIZE - 1);
		CHECK(strlen(f->modified) < LISTING_TIME_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	enum weblist_kind kind = n && *data == 'j'   ? WEBLIST_JSON
				 : n && *data == 'm' ? WEBLIST_MANIFEST
						     : WEBLIST_AUTOINDEX;
	char *text = fuzz_text(n ? data + 1 : data, n ? n - 1 : 0);
	struct err e = {0};
	struct listing l;

	if (weblist_read(kind, "/ekspor/", text, strlen(text), &l, &e))
		CHECK(*e.text);
	else
		check(&l);
	listing_free(&l);
	free(text);
	return 0;
}
