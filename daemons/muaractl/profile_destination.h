/* profile_destination: what forwarder.yaml says of one destination, as far as the calls of a
 * profile are made of it. No secret is opened unless it is asked for (profile_destination_secrets):
 * a header's secret is shown by the name of its file.
 *
 * Drop-ins count as for the forwarder: of forwarder.yaml and forwarder.yaml.d/?*.yaml the last one
 * that names destinations. Its own checks are the forwarder's (muara-forwarder --check-config). */
#pragma once

#include <jansson.h>

#include "base/err.h"
#include "base/options.h"

struct profile_destination {
	char *profile;	/* path of its file; "" = none named */
	char *base;	/* without '/' at its end, "" = none */
	char *ca_file;	/* NULL = the system's */
	char **headers; /* "Name: value", NULL ends; a secret as <secret FILE> */
	struct strmap settings, agencies;
	json_t *header_list; /* as written */
	char *folder;	     /* of the file it stands in, with its '/' */
};
/* forwarder.yaml as --forwarder names it, else beside muara.yaml. Caller frees. */
char *profile_destination_file(const char *given, const char *muara);
/* Names of all destinations, in order; caller owns. */
int profile_destination_names(const char *file, json_t **ret, struct err *e);
/* -ENOENT: no such file or no such destination; -EINVAL: it cannot be read. */
int profile_destination_read(
	const char *file, const char *name, struct profile_destination *ret, struct err *e);
/* "NAME=VALUE" over what the file gives. -EINVAL: no "=". */
int profile_destination_set(struct profile_destination *d, const char *text, struct err *e);
/* Opens the secrets: headers then hold their values, explicit_bzero'd when freed. A credential
 * "%d/lapor_auth" of the service is looked for where its unit takes it from,
 * credentials/lapor/auth beside forwarder.yaml, when this program has none of its own. */
int profile_destination_secrets(struct profile_destination *d, struct err *e);
void profile_destination_free(struct profile_destination *d);
