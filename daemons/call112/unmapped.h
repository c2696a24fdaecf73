/* unmapped: call types that the configuration does not translate: one alarm per type and day. Such
 * a call is class unknown, so it goes to a person and its words are screened; this asks for the
 * mapping. The type's text stays out of the log (a shifted column could put a name there); the
 * alarm names the place of a row. Thread: loop only. */
#pragma once

#include "core/message.h"

struct unmapped;
struct unmapped *unmapped_new(int zone_minutes); /* of the day */
void unmapped_free(struct unmapped *u);		 /* NULL-safe */
/* A message that was put. True when it raised an alarm. */
bool unmapped_tell(struct unmapped *u, const struct message *m);
