/* folder_name: see folder_name.h.
 *
 * Guarantees: printable ASCII but `&` stays as it is; anything else is UTF-16BE in a base64 with
 * "," for "/" and without padding, between "&" and "-", in as few pieces as there can be.
 * Ill-formed UTF-8 becomes U+FFFD. */
#include "folder_name.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "base/util.h"

#define BYTES_A_BYTE 8 /* more than any byte of UTF-8 becomes: "&", three digits, "-" */

struct piece { /* bits that wait for their base64 digit */
	struct buf *out;
	uint32_t bits;
	int n;
	bool open;
};

static void digit(struct piece *p, uint32_t v)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

	(void)buf_add(p->out, &digits[v & 63], 1);
}

static void unit(struct piece *p, uint32_t utf16)
{
	p->bits = p->bits << 16 | utf16;
	p->n += 16;
	while (p->n >= 6) {
		p->n -= 6;
		digit(p, p->bits >> p->n);
	}
	p->bits &= (1U << p->n) - 1;
}

static void end_piece(struct piece *p)
{
	if (!p->open)
		return;
	if (p->n)
		digit(p, p->bits << (6 - p->n));
	(void)buf_adds(p->out, "-");
	*p = (struct piece){.out = p->out};
}

static void encoded(struct piece *p, uint32_t c)
{
	if (!p->open)
		(void)buf_adds(p->out, "&");
	p->open = true;
	if (c >= 0x10000) {
		c -= 0x10000;
		unit(p, 0xD800 | c >> 10);
		c = 0xDC00 | (c & 0x3FF);
	}
	unit(p, c);
}

char *folder_name(const char *name)
{
	size_t left = strlen(name);
	_cleanup_buf_ struct buf out = BUF_INIT(left * BYTES_A_BYTE + 1);
	struct piece p = {.out = &out};

	while (left) {
		uint32_t c;
		size_t n = utf8_next(name, left, &c, NULL);

		if (c >= 0x20 && c <= 0x7e) {
			end_piece(&p);
			(void)buf_add(&out, name, 1);
			if (c == '&')
				(void)buf_adds(&out, "-");
		} else {
			encoded(&p, c);
		}
		name += n;
		left -= n;
	}
	end_piece(&p);
	return buf_take(&out);
}
