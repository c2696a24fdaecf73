/* quote_trim: what a mail says new: its text without quoted history and signature. Pure.
 *
 * Indonesian, English and the mixture phones and web mailers write ("Pada … menulis:", "On …
 * wrote:", "-----Pesan Asli-----", "Dari: … Dikirim: … Kepada: … Perihal:", "Dikirim dari iPhone
 * saya", "-- "). Cautious: what may be the complaint stays. Forwarded mail is the complaint itself
 * and is never cut; a closing ("Hormat saya,") is cut only when nothing but short names stands
 * behind it; when nothing would be left, all is kept. The caller keeps the full text beside it.
 * Thread: any. Time is linear in the text.
 * Known gaps: a signature without a mark stays; answers written between quoted lines lose what
 * they answer (the full text has it). */
#pragma once

#include <stdbool.h>

/* UTF-8 text; caller frees. *ret_cut: something was left out. `forwarded`: the subject says so
 * (Fwd:), nothing is cut. */
char *quote_trim(const char *text, bool forwarded, bool *ret_cut);
