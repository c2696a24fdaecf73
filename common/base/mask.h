/* mask: the last fence between personal data and a log, metric label or status line.
 *
 * Code does not put a person's data there in the first place; this catches what slips through an
 * error text of a library or a careless format. Works in place on a C string. Known gaps: names and
 * free text cannot be recognised; a foreign number without "+" looks like any number; digits
 * spelled in other scripts. Thread: any. */
#pragma once

/* One printable line of valid UTF-8: control characters (C0, C1, DEL), bidi controls, zero-width
 * characters and separators of lines go (a line break or tab becomes a blank), ill-formed bytes
 * become '?'. Never longer than before. */
void mask_controls(char *s);

/* 16-digit NIK: first 6 digits stay. Phone (+62…, 62 8…, 0…): last 3. E-mail: first character.
 * Tokens ("Bearer x", "password=x", wamid.…, mixed-case runs of 24 and more): nothing. The rest
 * becomes '*'. UUIDs, hex hashes, times, offsets and addresses of hosts pass. Same length. */
void mask_personal(char *s);

/* Both, in this order (a zero-width character must not hide a number). */
void mask_line(char *s);
