/* options of muara-door; config/door.yaml is the commented sample of this table. */
#include <string.h>

#include "base/httpd.h"

#include "door.h"
#include "open311.h"
#include "sheet.h"

/* clang-format off */
static const struct option_row service_options[] = {
	OPT(struct open311_service, OPT_STRING, code, "code", NULL, .flags = OPT_REQUIRED, .min = 1, .max = 64,
		.help = "service_code, what apps send"),
	OPT(struct open311_service, OPT_STRING, name, "name", NULL, .flags = OPT_REQUIRED, .min = 1, .max = 200,
		.help = "Its name as citizens read it"),
	OPT(struct open311_service, OPT_STRING, description, "description", NULL, .max = 500,
		.help = "A sentence about it"),
	OPT(struct open311_service, OPT_STRING, group, "group", NULL, .max = 64,
		.help = "Group it is shown in"),
	OPT(struct open311_service, OPT_STRING, category, "category", NULL, .max = 100,
		.help = "Category of its complaints, as the destination knows it"),
	OPT(struct open311_service, OPT_STRING, agency, "agency", NULL, .max = 100,
		.help = "Institution its complaints are for, as the destination knows it"),
	OPT_END
};

static const struct option_row sheet_options[] = {
	OPT(struct sheet_conf, OPT_STRING, name, "name", NULL, .flags = OPT_REQUIRED, .min = 1, .max = 32,
		.help = "Tables of this kind are posted to /v1/csv/NAME"),
	OPT(struct sheet_conf, OPT_STRING, channel, "channel", NULL, .max = 32,
		.help = "Channel of its rows, one of the key's; not set: the key's first"),
	OPT(struct sheet_conf, OPT_STRING, delimiter, "delimiter", "auto", .min = 1, .max = 4,
		.help = "Between columns: auto (the most frequent of , ; tab in the header), one character, or tab"),
	OPT(struct sheet_conf, OPT_ENUM, encoding, "encoding", "utf-8", .choices = sheet_encodings,
		.help = "Old exports are often windows-1252"),
	OPT(struct sheet_conf, OPT_MAP, fields, "fields", NULL, .flags = OPT_REQUIRED, .min = 1,
		.help = "What is where: field: column name"),
	OPT_END
};

const struct option_row door_options[] = {
	SOURCE_OPTIONS(struct door_conf),
	OPT(struct door_conf, OPT_STRING, channel, "channel", "website", .min = 1, .max = 32,
		.help = "Channel of what comes without a key of its own; a client's channels are those of its key"),
	OPT(struct door_conf, OPT_STRING, listen, "listen", NULL, .flags = OPT_REQUIRED, .min = 1, .max = 107,
		.help = "Unix socket (mode 0660) or loopback address nginx passes requests to"),
	OPT(struct door_conf, OPT_PATH, keys, "keys", NULL, .flags = OPT_REQUIRED, .min = 1,
		.help = "Folder of the clients' keys, as muaractl door key writes it; read anew whenever it changes"),
	OPT(struct door_conf, OPT_DURATION, window_ms, "window", "5m", .min = 10 * 1000, .max = 24 * 3600 * 1000,
		.help = "How far X-Muara-Time of a signed request may be from our clock, either way"),
	OPT(struct door_conf, OPT_SIZE, body_bytes, "body", "16MiB", .min = 1024, .max = 64 << 20,
		.help = "Largest body of a request; nginx's client_max_body_size must allow it"),
	OPT(struct door_conf, OPT_INT, batch_lines, "batch", "1000", .min = 1, .max = 10000,
		.help = "Most lines of a batch"),
	OPT(struct door_conf, OPT_SIZE, attachment_bytes, "attachment", "5MiB", .min = 1024, .max = 64 << 20,
		.help = "Largest attachment; a larger one is noted as refused, its message passes"),
	OPT(struct door_conf, OPT_DURATION, answer_ms, "answer_within", "5s", .min = 100, .max = 60000,
		.help = "What is not stored by then is answered 503; the client sends it again"),
	OPT(struct door_conf, OPT_DURATION, request_ms, "request_within", "10s", .min = 1000, .max = 120000,
		.help = "From connection to whole request; later: 408"),
	OPT(struct door_conf, OPT_SIZE, in_flight_bytes, "in_flight", "32MiB", .min = 1 << 20, .max = 1 << 30,
		.help = "Bytes of all bodies of a route taken at once; above: 503. Memory is about three times that"),
	OPT(struct door_conf, OPT_LIST, services, "services", NULL, .max = 500, .sub = service_options,
		.sub_size = sizeof(struct open311_service),
		.help = "What can be reported by Open311; empty: nothing can"),
	OPT(struct door_conf, OPT_LIST, sheets, "csv", NULL, .max = 100, .sub = sheet_options,
		.sub_size = sizeof(struct sheet_conf),
		.help = "Kinds of tables (CSV) that clients may post"),
	OPT(struct door_conf, OPT_PATH, form_templates, "form.templates", NULL, .min = 1,
		.help = "Folder with form.html and terima.html; not set: there is no form page"),
	OPT(struct door_conf, OPT_STRING, address_header, "form.address_header", "X-Real-IP", .min = 1, .max = 64,
		.help = "Header in which nginx names the citizen's address, for the two below"),
	OPT(struct door_conf, OPT_INT, form_per_minute, "form.per_minute", "30", .min = 1, .max = 100000,
		.help = "Forms a minute from one network (/24, or /48 of IPv6); mobile carriers put many people behind one"),
	OPT(struct door_conf, OPT_INT, form_burst, "form.burst", "60", .min = 1, .max = 100000,
		.help = "Forms at once from one network"),
	OPT(struct door_conf, OPT_INT, connections, "connections", "512", .min = 1, .max = 10000,
		.help = "Connections at once; more wait"),
	OPT_END
};
/* clang-format on */

/* Fields may be missing here: the table has told that. */
static void check_services(const struct door_conf *c, struct options_faults *f)
{
	const struct open311_service *s = c->services.v;
	char key[48];

	for (size_t i = 1; i < c->services.n; i++)
		for (size_t k = 0; k < i; k++)
			if (s[i].code && s[k].code && strcmp(s[i].code, s[k].code) == 0) {
				snprintf(key, sizeof(key), "services.%zu.code", i);
				options_fault(f, key, "stands there twice");
			}
}

static void check_map(const struct sheet_conf *c, size_t number, struct options_faults *f)
{
	bool text = false;
	char key[48];

	snprintf(key, sizeof(key), "csv.%zu.fields", number);
	for (size_t i = 0; i < c->fields.n; i++) {
		const char *fault = sheet_field_fault(c->fields.v[i].key);

		if (fault)
			options_fault(f, key, "\"%s\" %s", c->fields.v[i].key, fault);
		text |= strcmp(c->fields.v[i].key, "text") == 0;
	}
	if (c->fields.n && !text)
		options_fault(f, key, "text is missing: which column says what happened?");
	snprintf(key, sizeof(key), "csv.%zu.delimiter", number);
	if (sheet_delimiter(c->delimiter) == -1)
		options_fault(f, key, "must be auto, tab or one character such as ;");
	snprintf(key, sizeof(key), "csv.%zu.name", number);
	if (c->name && !doorkey_name_ok(c->name))
		options_fault(f, key, "must be of a-z 0-9 - _");
}

static void check_maps(const struct door_conf *c, struct options_faults *f)
{
	const struct sheet_conf *s = c->sheets.v;
	char key[48];

	for (size_t i = 0; i < c->sheets.n; i++) {
		check_map(&s[i], i, f);
		for (size_t k = 0; k < i; k++)
			if (s[i].name && s[k].name && strcmp(s[i].name, s[k].name) == 0) {
				snprintf(key, sizeof(key), "csv.%zu.name", i);
				options_fault(f, key, "stands there twice");
			}
	}
}

void door_check(void *conf, struct options_faults *f)
{
	const struct door_conf *c = conf;
	struct err e = {0};

	if (c->listen && httpd_check_listen(c->listen, &e))
		options_fault(f, "listen", "%s", e.text);
	check_services(c, f);
	check_maps(c, f);
	if (c->in_flight_bytes && c->body_bytes > c->in_flight_bytes)
		options_fault(f, "in_flight", "must be at least `body`");
	if (c->attachment_bytes && c->body_bytes && c->attachment_bytes > c->body_bytes)
		options_fault(f, "attachment", "must be at most `body`");
}
