/* meta_subs: the page's webhook subscription, looked at on a timer and made anew.
 *
 * Meta takes an app's subscription away after an hour of failed deliveries, and tells nobody who
 * looks ("Webhooks Disabled"): without this a page would go quiet for good. Source:
 * developers.facebook.com, "Webhooks for Pages" (GET and POST /{page}/subscribed_apps; permission
 * pages_manage_metadata). Loop thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/options.h"

#include "meta_api.h"

enum meta_subscribed { MS_BROKEN, MS_MISSING, MS_PARTIAL, MS_WELL };
/* Pure: the answer of GET subscribed_apps. app NULL: any app's subscription counts. */
enum meta_subscribed meta_subs_judge(
	const char *body, size_t len, const char *app, const struct strlist *fields);

struct meta_subs;
/* All borrowed. `fields` empty: what this daemon reads. id: of the page, or the account alone. */
struct meta_subs *meta_subs_new(struct meta_api *api, const char *id, const char *app,
	const struct strlist *fields, int64_t every_ms);
void meta_subs_free(struct meta_subs *s); /* NULL-safe; after the api was closed */
/* Starts a call when one is due and the api is free; ms until it should be asked again. */
int64_t meta_subs_step(struct meta_subs *s);
bool meta_subs_health(const struct meta_subs *s, char *text, size_t size);
