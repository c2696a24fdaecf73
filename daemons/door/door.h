/* door: what the routes of muara-door share: configuration, keys, quotas, answers.
 *
 * A route is a module of its own (door_json.c, door_csv.c, door_open311.c …) that takes a request
 * apart and hands messages to an intake (intake.h). Everything runs in the loop's thread. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/httpd.h"
#include "base/options.h"
#include "core/doorkey.h"
#include "core/source.h"

#include "quota.h"

struct door_conf {
	struct source_common common; /* first */
	char *channel, *listen, *keys;
	int64_t answer_ms, request_ms, window_ms;
	int64_t body_bytes, in_flight_bytes, attachment_bytes;
	int64_t connections, batch_lines;
	struct optlist services; /* of struct open311_service */
	struct optlist sheets;	 /* of struct sheet_conf */
	char *form_templates, *address_header;
	int64_t form_per_minute, form_burst;
};
extern const struct option_row door_options[];
void door_check(void *conf, struct options_faults *f); /* struct door_conf * */

struct door {
	struct source *source;
	const struct door_conf *conf;
	struct keyring *keys;
	struct quotas *quotas;
	struct intake *intakes;
	long open;		    /* intakes without an answer */
	struct index_public *index; /* how far complaints are */
	struct door_form *form;	    /* NULL: no form page */
	struct metric *answers, *messages;
};

/* Counts an answer by its status; whatever answers calls it once. */
void door_count(struct door *d, int status);
/* Answers with JSON; takes `o`. retry_after_s < 0: no such header. */
void door_reply_json(
	struct door *d, struct httpd_request *r, int status, json_t *o, int retry_after_s);
/* {"status", "error"}: the text is for the client's programmer, and holds nothing he sent. */
void door_refuse(struct door *d, struct httpd_request *r, int status, const char *text);
void door_refuse_later(struct door *d, struct httpd_request *r, int status, const char *text,
	int64_t retry_after_ms);
/* Cursors read, Kafka reachable. */
bool door_takes(const struct door *d);
/* Takes room for n messages of this key's client: 0; ms to wait; -ERANGE: more than it ever has. */
int64_t door_room(struct door *d, const struct doorkey *k, size_t n);
/* The same two with an answer in JSON when it is not so. */
bool door_is_open(struct door *d, struct httpd_request *r);
bool door_has_room(struct door *d, struct httpd_request *r, const struct doorkey *k, size_t n);
/* Gives back what was not stored. */
void door_give_back(struct door *d, const struct doorkey *k, size_t n);

/* A message of that key's client: tenant, account, review, the key's first channel. */
void door_message(struct door *d, const struct doorkey *k, struct message *m);
/* The channel it says (NULL: none) instead. -EPERM: none of this key's; -EINVAL: muara.yaml does
 * not know it, or the tenant. */
int door_channel(const struct door *d, const struct doorkey *k, const char *channel,
	struct message *m, struct err *e);

#define DOOR_RETRY_S 5
