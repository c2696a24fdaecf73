/* html_text: the words of HTML (a mail, an answer of an agency) as plain text. Pure.
 *
 * No browser: tags become line ends, list marks and blanks, characters references become
 * characters; scripts, styles, comments and the head are left out; what stands in a blockquote gets
 * "> " in front, so that quote_trim knows it as history; a link whose words do not show its address
 * gets it behind (a map position is often all a complaint says of its place). Any bytes are taken:
 * never fails, never recurses, time is linear. Known gaps: text hidden by style sheets is shown; a
 * table becomes lines. Thread: any. */
#pragma once

#include <stddef.h>

#define HTML_TEXT_MAX (1024 * 1024) /* bytes of text; more is cut */

char *html_text(const char *html, size_t n); /* UTF-8 in (not checked), UTF-8 out; caller frees */
