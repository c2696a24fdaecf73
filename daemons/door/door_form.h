/* door_form: the form page for an agency without a website of its own: GET and POST /lapor.
 *
 * Plain HTML without JavaScript, from the templates in `form.templates` (form.html, terima.html).
 * The ticket is shown only after the delivery report; not stored: 503 and the page again, with all
 * that was typed in. No cookie, no session, nothing that a page of somebody else could misuse. How
 * often somebody may send is counted by the prefix of the address nginx names
 * (form.address_header): in memory, under a salted hash, in no log. */
#pragma once

#include "door.h"

struct template;
/* Loads the templates when the form is configured; d->form stays NULL when it is not. */
int door_form_open(struct door *d, struct err *e);
void door_form_close(struct door *d);
void door_form_get(struct door *d, struct httpd_request *r);
void door_form_post(struct door *d, struct httpd_request *r);
