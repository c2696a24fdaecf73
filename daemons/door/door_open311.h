/* door_open311: Open311 GeoReport v2, for apps that speak it.
 *
 *   GET  /open311/v2/services.{json,xml}
 *   POST /open311/v2/requests.{json,xml}     form with api_key -> 201 service_request_id, the
 * ticket GET  /open311/v2/requests/TICKET.{json,xml}   how far it is and when; nothing else, to
 * anybody
 *
 * 201 is said only after the delivery report. The last one reads the index in Redis; away: 503,
 * never 404. Errors are as the standard has them: a list of code and description.
 * Not there: service definitions (metadata is false), tokens, lists of requests (they would show
 * what citizens wrote). */
#pragma once

#include "door.h"

void door_open311_services(struct door *d, struct httpd_request *r);
void door_open311_post(struct door *d, struct httpd_request *r);
void door_open311_status(struct door *d, struct httpd_request *r);
