/* err: see err.h. Text that does not fit is cut, never an error of its own. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

void err_text(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (e) {
		e->code = code;
		va_start(ap, fmt);
		vsnprintf(e->text, sizeof e->text, fmt, ap);
		va_end(ap);
	}
}

void err_sys_text(struct err *e, int code, const char *fmt, ...)
{
	char reason[128];
	va_list ap;
	int n;

	if (!e)
		return;
	e->code = code;
	va_start(ap, fmt);
	n = vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof e->text)
		snprintf(e->text + n, sizeof e->text - (size_t)n, ": %s",
			strerror_r(-code, reason, sizeof reason));
}

int err_prefix(struct err *e, const char *fmt, ...)
{
	char front[256], old[sizeof e->text];
	va_list ap;

	if (!e)
		return 0;
	va_start(ap, fmt);
	vsnprintf(front, sizeof front, fmt, ap);
	va_end(ap);
	memcpy(old, e->text, sizeof old);
	if ((size_t)snprintf(e->text, sizeof e->text, "%s: ", front) < sizeof e->text)
		strncat(e->text, old, sizeof e->text - strlen(e->text) - 1);
	return e->code;
}

void err_clear(struct err *e)
{
	if (e) {
		e->code = 0;
		e->text[0] = '\0';
	}
}
