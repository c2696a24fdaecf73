/* http: a request head in any lines is refused with a status or has one plain length. */
// parser: common/base/httpd_check.c
#include "base/httpd_check.h"

#include "fuzz.h"

static size_t line(const char *p, size_t n)
{
	const char *nl = n ? memchr(p, '\n', n) : NULL;

	return nl ? (size_t)(nl - p) : n;
}

/* First line "METHOD URI VERSION", then "name:value" lines. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct http_field fields[HTTP_FIELDS_MAX + 1];
	char *text = fuzz_text(data, n), *save = NULL, *rest;
	struct http_head h = {.bytes = n, .fields = fields};
	const char *reason = NULL;
	int64_t length = -1;
	int status;

	n = strlen(text);
	rest = text + line(text, n);
	if (*rest)
		*rest++ = '\0';
	h.method = strtok_r(text, " ", &save);
	h.uri = strtok_r(NULL, " ", &save);
	h.version = strtok_r(NULL, " ", &save);
	h.method = h.method ? h.method : "GET";
	h.uri = h.uri ? h.uri : "/";
	h.version = h.version ? h.version : "HTTP/1.1";
	while (*rest && h.n_fields <= HTTP_FIELDS_MAX) {
		size_t len = line(rest, strlen(rest)), name = 0;

		while (name < len && rest[name] != ':')
			name++;
		fields[h.n_fields++] = (struct http_field){rest, name,
			rest + (name < len ? name + 1 : name), name < len ? len - name - 1 : 0};
		rest += len + (rest[len] == '\n');
	}
	status = http_head_check(&h, &length, &reason);
	CHECK(status == 0 || (status >= 400 && status < 600 && reason));
	CHECK(status || length >= 0);
	free(text);
	return 0;
}
