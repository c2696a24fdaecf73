/* open311: what GeoReport v2 (wiki.open311.org/GeoReport_v2) says, as data both ways. Pure.
 *
 * In: the form of POST requests -> a message. Out: rows -> JSON or XML, each as that page has it.
 * A report has no number of its client's own: its id is made of all its fields (but the api_key)
 * and the local day, so that what is sent again after a time-out is the same report, and the same
 * lamp out again next month is another one. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"
#include "core/message.h"

#include "form.h"

struct open311_service { /* an entry of `services` in door.yaml */
	char *code, *name, *description, *group, *category, *agency;
};

struct open311_report { /* what the message borrows beside the form */
	json_t *fields;
	char native_id[SHA256_HEX_SIZE + 32], name[256];
	struct message_attachment photo;
};
/* `m` is prefilled; a native_id in it (an idempotency key) holds. `day`: "2026-11-24". -EINVAL,
 * -ENOENT (no such service): e says why, without what was sent. open311_report_free in any case. */
int open311_decode(const struct form *f, const struct open311_service *services, size_t n,
	const char *day, struct open311_report *ret, struct message *m, struct err *e);
void open311_report_free(struct open311_report *r);

json_t *open311_services(const struct open311_service *services, size_t n);
/* rows: array of flat objects. XML: <root><item>…</item></root>. -E2BIG when it does not fit. */
int open311_render(
	const json_t *rows, const char *root, const char *item, bool xml, struct buf *out);
