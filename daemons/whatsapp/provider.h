/* provider: whose webhook this is, by a file of config/whatsapp-providers: how a request is
 * verified and where in its body is what. No code per vendor.
 *
 * `payload: cloud` is Meta's own payload passed on by somebody else (360dialog): decode.h takes it
 * apart; `payload: mapping` is anything: core/mapping.h does. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "core/mapping.h"
#include "core/webauth.h"

enum provider_payload { PROVIDER_CLOUD, PROVIDER_MAPPING };

struct provider {
	int payload;
	struct webauth_conf auth;
	struct mapping_conf map;
};
/* -EINVAL: every fault is a line "file:line: key: …" in ret_faults (may be NULL). */
int provider_load(const char *path, struct provider **ret, struct buf *ret_faults, struct err *e);
void provider_free(struct provider *p); /* NULL-safe */
