/* html: see html.h. */
#include <stddef.h>

#include "base/html.h"

const char *html_entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;"; /* &apos; is none in HTML 4 */
	default:
		return NULL;
	}
}
