/* folder_name: the name of a folder as IMAP writes it. Pure; any thread.
 *
 * A person names a folder as a mail program shows it ("Saran & Keluhan"); on the wire it is
 * modified UTF-7 ("Saran &- Keluhan"). Source: RFC 3501, section 5.1.3. */
#pragma once

/* `name`: valid UTF-8. Caller frees. The separator of levels is the server's own and stays. */
char *folder_name(const char *name);
