/* calls: the bound of `make bench` for delivery: libcurl and nothing else.
 *
 *   calls N PARALLEL URL FILE HEADER...
 *
 * POSTs the bodies of FILE (what the forwarder sent, kept by `sink`) N times, so many at a time, on
 * connections that stay. Prints "READY", then one line of JSON: n, seconds, cpu_us, rss_kb. */
#include <curl/curl.h>
#include <string.h>

#include "bench.h"

#define PARALLEL_MAX 64

struct bodies { /* each behind its length, 4 bytes */
	unsigned char *all;
	size_t len, at;
};

static void load(struct bodies *b, const char *path)
{
	FILE *f = fopen(path, "rb");
	long size;

	if (!f || fseek(f, 0, SEEK_END))
		die(path, "cannot be read");
	size = ftell(f);
	rewind(f);
	b->len = size > 4 ? (size_t)size : 0;
	b->all = malloc(b->len + 1);
	if (!b->all || !b->len || fread(b->all, 1, b->len, f) != b->len)
		die(path, "holds no bodies");
	fclose(f);
}

/* The next one, from the start again after the last. */
static const unsigned char *next_body(struct bodies *b, long *ret_len)
{
	const unsigned char *p = b->all + b->at;
	size_t n = (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16;

	b->at += 4 + n;
	if (b->at + 4 > b->len)
		b->at = 0;
	*ret_len = (long)n;
	return p + 4;
}

static size_t swallow(char *p, size_t size, size_t n, void *ctx)
{
	(void)p, (void)ctx;
	return size * n;
}

static CURL *handle(const char *url, struct curl_slist *headers)
{
	CURL *h = curl_easy_init();

	curl_easy_setopt(h, CURLOPT_URL, url);
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, swallow);
	return h;
}

static void begin(CURLM *multi, CURL *h, struct bodies *b)
{
	long len;
	const unsigned char *p = next_body(b, &len);

	curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE, len);
	curl_easy_setopt(h, CURLOPT_POSTFIELDS, p);
	curl_multi_add_handle(multi, h);
}

static void ended(CURLM *multi, const CURLMsg *m)
{
	long status = 0;

	if (m->data.result)
		die("call", curl_easy_strerror(m->data.result));
	curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
	if (status / 100 != 2)
		die("call", "not taken");
	curl_multi_remove_handle(multi, m->easy_handle);
}

static void run(struct bodies *b, long n, int parallel, const char *url, struct curl_slist *headers)
{
	CURLM *multi = curl_multi_init();
	long sent = 0, done = 0;
	int running, left;

	for (; sent < parallel && sent < n; sent++)
		begin(multi, handle(url, headers), b);
	while (done < n) {
		CURLMsg *m;

		curl_multi_perform(multi, &running);
		while ((m = curl_multi_info_read(multi, &left))) {
			CURL *h = m->easy_handle;

			ended(multi, m);
			done++;
			if (sent++ < n)
				begin(multi, h, b);
			else
				curl_easy_cleanup(h);
		}
		if (done < n)
			curl_multi_poll(multi, NULL, 0, 1000, NULL);
	}
	curl_multi_cleanup(multi);
}

int main(int argc, char **argv)
{
	struct curl_slist *headers = NULL;
	struct bodies b = {0};
	double start;
	long n;
	int parallel;

	if (argc < 5) {
		fprintf(stderr, "usage: see the head of tests/bench/calls.c\n");
		return 2;
	}
	n = strtol(argv[1], NULL, 10);
	parallel = (int)strtol(argv[2], NULL, 10);
	if (parallel < 1 || parallel > PARALLEL_MAX)
		die("PARALLEL", "not 1 to 64");
	load(&b, argv[4]);
	for (char **h = argv + 5; *h; h++)
		headers = curl_slist_append(headers, *h);
	ready();
	start = now();
	run(&b, n, parallel, argv[3], headers);
	result(n, now() - start);
	return 0;
}
