/* html: what a text must be written as so that it stays text in HTML or XML, between tags and in
 * quoted attributes. Pure; thread: any. */
#pragma once

/* The entity of a character that means something there; NULL: it stands for itself. Constant. */
const char *html_entity(char c);
