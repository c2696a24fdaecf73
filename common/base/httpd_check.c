/* httpd_check: see httpd_check.h. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"

#include "base/httpd_check.h"

static int refuse(int status, const char *reason, const char **ret_reason)
{
	*ret_reason = reason;
	return status;
}

static bool is_token(const char *s, size_t n)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
			(!c || !strchr(marks, c)))
			return false;
	}
	return n > 0;
}

static bool has_controls(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (((unsigned char)s[i] < 0x20 && s[i] != '\t') || s[i] == 0x7f)
			return true;
	return false;
}

static bool is(const struct http_field *f, const char *name)
{
	return f->name_len == strlen(name) && strncasecmp(f->name, name, f->name_len) == 0;
}

/* Plain digits only: "+3", "3,3", "0x3" and blanks inside are somebody else's idea of a number. */
static int parse_length(const struct http_field *f, int64_t *ret)
{
	int64_t n = 0;

	if (f->value_len == 0 || f->value_len > 18)
		return -EINVAL;
	for (size_t i = 0; i < f->value_len; i++) {
		if (f->value[i] < '0' || f->value[i] > '9')
			return -EINVAL;
		n = 10 * n + (f->value[i] - '0');
	}
	*ret = n;
	return 0;
}

static int check_line(const struct http_head *h, const char **ret_reason)
{
	size_t n = strlen(h->uri);

	if (strcmp(h->version, "HTTP/1.1") != 0 && strcmp(h->version, "HTTP/1.0") != 0)
		return refuse(505, "only HTTP/1.1 and 1.0", ret_reason);
	if (n > HTTP_URI_MAX_BYTES)
		return refuse(414, "target too long", ret_reason);
	if (h->uri[0] != '/')
		return refuse(400, "the target is not a path", ret_reason);
	for (size_t i = 0; i < n; i++)
		if (h->uri[i] < 0x21 || h->uri[i] > 0x7e || h->uri[i] == '#')
			return refuse(400, "a character that no target may hold", ret_reason);
	if (!is_token(h->method, strlen(h->method)))
		return refuse(400, "method is not a token", ret_reason);
	return 0;
}

static int check_fields(const struct http_head *h, int64_t *ret_length, const char **ret_reason)
{
	int hosts = 0, lengths = 0;

	for (size_t i = 0; i < h->n_fields; i++) {
		const struct http_field *f = &h->fields[i];

		if (!is_token(f->name, f->name_len))
			return refuse(400, "a header name that is not a token", ret_reason);
		if (has_controls(f->value, f->value_len))
			return refuse(400, "a control character in a header", ret_reason);
		if (is(f, "Transfer-Encoding"))
			return refuse(400, "Transfer-Encoding is not taken", ret_reason);
		if (is(f, "Host"))
			hosts++;
		if (is(f, "Content-Length")) {
			if (lengths++)
				return refuse(400, "two Content-Length", ret_reason);
			if (parse_length(f, ret_length))
				return refuse(400, "Content-Length is not a number", ret_reason);
		}
	}
	if (hosts != 1)
		return refuse(400, hosts ? "two Host" : "no Host", ret_reason);
	return 0;
}

/* Every byte of the head must be accounted for by what was read out of it. More: a folded line,
 * text hidden behind a NUL. Fewer: lines that end in LF alone. An empty value may lack its blank.
 */
static int check_bytes(const struct http_head *h, const char **ret_reason)
{
	size_t plain = strlen(h->method) + strlen(h->uri) + strlen(h->version) + 4, empty = 0;

	for (size_t i = 0; i < h->n_fields; i++) {
		plain += h->fields[i].name_len + h->fields[i].value_len + 4;
		empty += h->fields[i].value_len == 0;
	}
	plain += 2;
	if (h->bytes > plain || h->bytes + empty < plain)
		return refuse(400, "the head is not written plainly", ret_reason);
	return 0;
}

int http_head_check(const struct http_head *h, int64_t *ret_length, const char **ret_reason)
{
	int status;

	*ret_length = -1;
	if (h->bytes > HTTP_HEAD_MAX_BYTES || h->n_fields > HTTP_FIELDS_MAX)
		return refuse(431, "the head is too large", ret_reason);
	status = check_line(h, ret_reason);
	if (status == 0)
		status = check_fields(h, ret_length, ret_reason);
	if (status == 0)
		status = check_bytes(h, ret_reason);
	if (status)
		return status;
	if (strcmp(h->method, "GET") == 0 && *ret_length > 0)
		return refuse(400, "GET with a body", ret_reason);
	if (strcmp(h->method, "POST") == 0 && *ret_length < 0)
		return refuse(411, "no Content-Length", ret_reason);
	*ret_length = MAX(*ret_length, 0);
	return 0;
}

int http_percent_decode(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (*s == '+') {
			*out++ = ' ';
		} else if (*s != '%') {
			*out++ = *s;
		} else {
			const char two[3] = {s[1], s[1] ? s[2] : 0, 0};

			if (hex_decode(two, 1, out) || *out == 0)
				return -EINVAL;
			out++;
			s += 2;
		}
	}
	*out = 0;
	return 0;
}
