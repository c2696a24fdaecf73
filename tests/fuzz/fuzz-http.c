/* http: a request head in any lines is refused with a status or has one plain length. */
// parser: common/base/httpd_check.c only is_token has_controls parse_length check_line
// parser: common/base/httpd_check.c only check_fields check_bytes http_head_check
#include "base/httpd_check.h"

#include "fuzz.h"

static size_t line(const char *p, size_t n)
{
	const char *nl = n ? memchr(p, '\n', n) : NULL;

	return nl ? (size_t)(nl - p) : n;
}

static struct http_field field(const char *p, size_t n)
{
	const char *colon = memchr(p, ':', n), *value = colon ? colon + 1 : p + n;

	if (n && p[n - 1] == '\r')
		n--;
	value += value < p + n && *value == ' ';
	if (value > p + n)
		value = p + n;
	return (struct http_field){
		p, colon ? (size_t)(colon - p) : n, value, (size_t)(p + n - value)};
}

static size_t fields_named(const struct http_head *h, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n_fields; i++)
		n += h->fields[i].name_len == strlen(name) &&
		     strncasecmp(h->fields[i].name, name, strlen(name)) == 0;
	return n;
}

/* First line "METHOD URI VERSION", then "name: value" lines up to an empty one, each with or
 * without its CR; as libmicrohttpd does, the first blank before a value goes, the rest is told as
 * it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct http_field fields[HTTP_FIELDS_MAX + 1];
	char *text = fuzz_text(data, n), *save = NULL, *rest, *cr;
	struct http_head h = {.bytes = n, .fields = fields};
	const char *reason = NULL;
	int64_t length = -1;
	int status;

	n = strlen(text);
	rest = text + line(text, n);
	if (*rest)
		*rest++ = '\0';
	cr = strchr(text, '\r');
	if (cr && !cr[1])
		*cr = '\0';
	h.method = strtok_r(text, " ", &save);
	h.uri = strtok_r(NULL, " ", &save);
	h.version = strtok_r(NULL, " ", &save);
	h.method = h.method ? h.method : "GET";
	h.uri = h.uri ? h.uri : "/";
	h.version = h.version ? h.version : "HTTP/1.1";
	while (*rest && *rest != '\r' && h.n_fields <= HTTP_FIELDS_MAX) {
		size_t len = line(rest, strlen(rest));

		fields[h.n_fields++] = field(rest, len);
		rest += len + (rest[len] == '\n');
	}
	status = http_head_check(&h, &length, &reason);
	CHECK(status == 0 || (status >= 400 && status < 600 && reason));
	CHECK(status || length >= 0);
	CHECK(status || (fields_named(&h, "Host") == 1 && fields_named(&h, "Content-Length") <= 1));
	CHECK(status || fields_named(&h, "Transfer-Encoding") == 0);
	free(text);
	return 0;
}
