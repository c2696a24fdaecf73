/* calls: the bound of `make bench` for delivery: libcurl and nothing else.
 *
 *   calls N PARALLEL BASE FILE HEADER...
 *
 * Makes N of the calls in FILE (what the forwarder sent, kept by `sink`), from the start again
 * after the last, so many at a time, on connections that stay. Prints "READY", then one line of
 * JSON: n, seconds, cpu_us, rss_kb. All is in memory before it begins, the headers of each call,
 * too. */
#include <curl/curl.h>
#include <string.h>

#include "bench.h"

#define PARALLEL_MAX 64
#define URL_MAX	     256
#define TYPE_MAX     200

struct call {
	char url[URL_MAX];
	struct curl_slist *headers; /* its own first, then those of all */
	const char *body;
	long len;
};

static struct call *calls;
static size_t n_calls, next_call;

static void slurp(const char *path, char **ret, size_t *ret_len)
{
	FILE *f = fopen(path, "rb");
	long size;

	if (!f || fseek(f, 0, SEEK_END))
		die(path, "cannot be read");
	size = ftell(f);
	rewind(f);
	*ret_len = size > 4 ? (size_t)size : 0;
	*ret = malloc(*ret_len + 1);
	if (!*ret || !*ret_len || fread(*ret, 1, *ret_len, f) != *ret_len)
		die(path, "holds no calls");
	fclose(f);
}

/* path, line break, type, line break, body */
static void add_call(const char *p, size_t n, const char *base, char **common)
{
	const char *type = memchr(p, '\n', n), *body;
	struct call *c;
	char header[TYPE_MAX];

	body = type ? memchr(type + 1, '\n', n - (size_t)(type + 1 - p)) : NULL;
	if (!body)
		die("FILE", "is not what sink keeps");
	c = realloc(calls, (n_calls + 1) * sizeof *calls);
	if (!c)
		die("memory", "gone");
	calls = c;
	c += n_calls++;
	snprintf(c->url, sizeof c->url, "%s%.*s", base, (int)(type - p), p);
	snprintf(header, sizeof header, "Content-Type: %.*s", (int)(body - type - 1), type + 1);
	c->headers = curl_slist_append(NULL, header);
	for (char **h = common; *h; h++)
		c->headers = curl_slist_append(c->headers, *h);
	c->body = body + 1;
	c->len = (long)(p + n - c->body);
}

static void load(const char *path, const char *base, char **common)
{
	size_t len, at = 0;
	char *all;

	slurp(path, &all, &len);
	while (at + 4 <= len) {
		const unsigned char *p = (const unsigned char *)all + at;
		size_t n =
			(size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;

		if (n > len - at - 4)
			break;
		add_call(all + at + 4, n, base, common);
		at += 4 + n;
	}
}

static size_t swallow(char *p, size_t size, size_t n, void *ctx)
{
	(void)p, (void)ctx;
	return size * n;
}

static CURL *handle(void)
{
	CURL *h = curl_easy_init();

	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, swallow);
	return h;
}

static void begin(CURLM *multi, CURL *h)
{
	const struct call *c = &calls[next_call++ % n_calls];

	curl_easy_setopt(h, CURLOPT_URL, c->url);
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, c->headers);
	curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE, c->len);
	curl_easy_setopt(h, CURLOPT_POSTFIELDS, c->body);
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

static void run(long n, int parallel)
{
	CURLM *multi = curl_multi_init();
	long sent = 0, done = 0;
	int running, left;

	for (; sent < parallel && sent < n; sent++)
		begin(multi, handle());
	while (done < n) {
		CURLMsg *m;

		curl_multi_perform(multi, &running);
		while ((m = curl_multi_info_read(multi, &left))) {
			CURL *h = m->easy_handle;

			ended(multi, m);
			done++;
			if (sent++ < n)
				begin(multi, h);
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
	load(argv[4], argv[3], argv + 5);
	ready();
	start = now();
	run(n, parallel);
	result(n, now() - start);
	return 0;
}
