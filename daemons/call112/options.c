/* options of muara-call112; config/call112.yaml is the commented sample of this table. */
#include <string.h>

#include "base/util.h"
#include "core/dropdir.h"

#include "drop.h"
#include "fetch.h"
#include "options.h"
#include "page.h"
#include "weblist.h"

static const char *const format_choices[] = {"csv", "ndjson", "json", NULL};
static const char *const encoding_choices[] = {"utf-8", "windows-1252", NULL};
static const char *const since_choices[] = {"rfc3339", "seconds", "milliseconds", NULL};
static const char *const finished_choices[] = {"move", "keep", NULL};

/* clang-format off */
const struct option_row call112_options[] = {
	SOURCE_OPTIONS(struct call112_conf),
	OPT(struct call112_conf, OPT_PATH, path, "path", NULL, .min = 1,
		.help = "Folder the call centre puts its files into; this or poll.url"),
	OPT(struct call112_conf, OPT_STRING, files, "files", "*.csv", .min = 1, .max = 200,
		.help = "Which files of it are read: a pattern, case does not matter"),
	OPT(struct call112_conf, OPT_ENUM, format, "format", "csv", .choices = format_choices,
		.help = "csv: columns; ndjson: a JSON object a line; json: objects in a list or one after the other, over any number of lines"),
	OPT(struct call112_conf, OPT_ENUM, complete, "complete", "rename",
		.choices = dropdir_complete_choices,
		.help = "When a file is whole: rename (it was renamed into place), marker (an empty file name.done stands beside it), stable (unchanged for `settle`; a growing file is followed)"),
	OPT(struct call112_conf, OPT_DURATION, settle_ms, "settle", "30s", .min = 100,
		.max = 24 * 3600 * 1000,
		.help = "With complete: stable, how long a file must not change before its last line is taken without a line end"),
	OPT(struct call112_conf, OPT_DURATION, poll_ms, "poll", "1s", .min = 50, .max = 3600 * 1000,
		.help = "How often the folder is looked at"),
	OPT(struct call112_conf, OPT_ENUM, finished, "finished", "move", .choices = finished_choices,
		.help = "move: a finished file goes to done/ in that folder; keep: it stays and is remembered (not more than 1000 files; the only choice with complete: stable)"),
	OPT(struct call112_conf, OPT_STRING, delimiter, "delimiter", "auto", .min = 1, .max = 4,
		.help = "Between columns: auto (the most frequent of , ; tab in the first row), one character, or tab"),
	OPT(struct call112_conf, OPT_ENUM, encoding, "encoding", "utf-8", .choices = encoding_choices,
		.help = "Of CSV files; old exports are often windows-1252"),
	OPT(struct call112_conf, OPT_BOOL, header, "header", "yes",
		.help = "The first row names the columns; no: `fields` gives column numbers from 1"),
	OPT(struct call112_conf, OPT_STRING, comment, "comment", NULL, .max = 8,
		.help = "Lines that begin with this are skipped"),
	OPT(struct call112_conf, OPT_STRING, zone, "zone", NULL, .max = 8,
		.help = "Zone of times that name none; default: timezone of muara.yaml"),
	OPT(struct call112_conf, OPT_MAP, fields, "fields", NULL, .flags = OPT_REQUIRED,
		.help = "What is where: field: column name, or JSON path such as caller.phone"),
	OPT(struct call112_conf, OPT_MAP, types, "types", NULL,
		.help = "What the centre's call types mean: its word: normal, emergency, information, ghost, prank, dropped or test; one that is not here goes to a person"),
	OPT(struct call112_conf, OPT_PATH, attachments_path, "attachments.path", NULL,
		.help = "Folder the attachments' paths start from; default: `path`"),
	OPT(struct call112_conf, OPT_SIZE, attachment_max_bytes, "attachments.max", "16MiB", .min = 1,
		.max = 1024L * 1024 * 1024,
		.help = "A larger attachment is refused; its row passes"),
	OPT(struct call112_conf, OPT_DURATION, attachment_wait_ms, "attachments.wait", "10s",
		.max = 3600 * 1000,
		.help = "How long a row waits for an attachment that is not there yet, counted from the last change of its file"),
	OPT(struct call112_conf, OPT_STRING, poll.url, "poll_json.url", NULL, .min = 8, .max = 2000,
		.help = "Instead of a folder: the URL that lists calls as JSON; {since} becomes the time from which they are wanted, {page} the page's number, or what poll_json.next gave"),
	OPT(struct call112_conf, OPT_STRING, poll.items, "poll_json.items", NULL, .max = 200,
		.help = "Where the list of calls is in the answer, such as data.items; default: the answer is the list"),
	OPT(struct call112_conf, OPT_STRING, poll.next, "poll_json.next", NULL, .min = 1, .max = 200,
		.help = "Where the answer tells the next page: its URL, or what {page} becomes; missing, null or empty ends. Default: pages 1, 2 ... until an empty one, if the URL has {page}"),
	OPT(struct call112_conf, OPT_STRING, poll.time, "poll_json.time", NULL, .min = 1, .max = 200,
		.help = "Where a call has the time of its last change, which {since} goes by"),
	OPT(struct call112_conf, OPT_ENUM, poll.since, "poll_json.since", "rfc3339", .choices = since_choices,
		.help = "How {since} is written: rfc3339 (UTC), seconds or milliseconds since 1970"),
	OPT(struct call112_conf, OPT_DURATION, poll.overlap_ms, "poll_json.overlap", "10m", .max = 7L * 24 * 3600 * 1000,
		.help = "How far {since} lies before the newest change seen: calls may show late, under earlier times"),
	OPT(struct call112_conf, OPT_DURATION, poll.every_ms, "poll_json.every", "30s", .min = 50, .max = 24 * 3600 * 1000,
		.help = "How often it is asked"),
	OPT(struct call112_conf, OPT_DURATION, poll.timeout_ms, "poll_json.timeout", "30s", .min = 100, .max = 600 * 1000,
		.help = "Longest time for a page"),
	OPT(struct call112_conf, OPT_SIZE, poll.max_bytes, "poll_json.max", "8MiB", .min = 1024, .max = 256L * 1024 * 1024,
		.help = "Largest page; a larger one stops the poll with an alarm"),
	OPT(struct call112_conf, OPT_SECRET, poll.secret_header, "poll_json.secret_header", NULL, .min = 1, .max = 8192,
		.help = "File with a whole header line that is secret, such as Authorization: Bearer ..., or %d/NAME for a systemd credential"),
	OPT(struct call112_conf, OPT_STRINGS, poll.headers, "poll_json.headers", NULL, .max = 16,
		.help = "Further header lines, such as Accept: application/json"),
	OPT(struct call112_conf, OPT_PATH, poll.ca_file, "poll_json.ca", NULL,
		.help = "Certificates that the endpoint's is checked by; default: the system's"),
	OPT(struct call112_conf, OPT_STRING, sftp.url, "sftp.url", NULL, .min = 10, .max = 1000,
		.help = "SFTP server whose files are fetched into `path`: sftp://host[:port]/folder, or /~/folder below the home; it is only read, but for sftp.finished"),
	OPT(struct call112_conf, OPT_STRING, sftp.user, "sftp.user", NULL, .min = 1, .max = 64,
		.help = "Who we are there"),
	OPT(struct call112_conf, OPT_STRINGS, sftp.host_keys, "sftp.host_keys", NULL, .max = 8,
		.help = "Fingerprints of the server's keys, SHA256:...; with another key nothing is fetched"),
	OPT(struct call112_conf, OPT_PATH, sftp.key, "sftp.key", NULL, .min = 1,
		.help = "File of our private key, without a passphrase, only for its owner to read; this or sftp.password"),
	OPT(struct call112_conf, OPT_SECRET, sftp.password, "sftp.password", NULL, .min = 1, .max = 1024,
		.help = "File of our password, or %d/NAME for a systemd credential"),
	OPT(struct call112_conf, OPT_ENUM, sftp.complete, "sftp.complete", "stable", .choices = fetch_complete_choices,
		.help = "When a file there is whole: stable (unchanged for `settle`), marker (name.done stands beside it), sha256 (name.sha256 does, and agrees)"),
	OPT(struct call112_conf, OPT_ENUM, sftp.finished, "sftp.finished", "keep", .choices = finished_choices,
		.help = "keep: files stay there; move: into done/ of that folder, once all of it is in Kafka (not with sftp.complete: stable)"),
	OPT(struct call112_conf, OPT_DURATION, sftp.every_ms, "sftp.every", "30s", .min = 50, .max = 24 * 3600 * 1000,
		.help = "How often its folder is listed"),
	OPT(struct call112_conf, OPT_DURATION, sftp.timeout_ms, "sftp.timeout", "5m", .min = 1000, .max = 3600 * 1000,
		.help = "Longest time for a file"),
	OPT(struct call112_conf, OPT_SIZE, sftp.max_bytes, "sftp.max", "256MiB", .min = 1024, .max = 16L * 1024 * 1024 * 1024,
		.help = "Largest file; a larger one stays there with an alarm"),
	OPT(struct call112_conf, OPT_STRING, https.url, "https.url", NULL, .min = 10, .max = 1000,
		.help = "Web server whose files are fetched into `path`: https://host[:port]/folder/; it is only read"),
	OPT(struct call112_conf, OPT_ENUM, https.list, "https.list", "autoindex", .choices = weblist_choices,
		.help = "How its files are listed: autoindex (the page nginx, Apache, lighttpd make of a folder), json (nginx's autoindex_format json), manifest (a file of names, sizes, hashes)"),
	OPT(struct call112_conf, OPT_STRING, https.manifest, "https.manifest", "manifest.txt", .min = 1, .max = 200,
		.help = "With list: manifest, its name in that folder"),
	OPT(struct call112_conf, OPT_STRING, https.user, "https.user", NULL, .min = 1, .max = 64,
		.help = "Who we are there, by Basic authentication"),
	OPT(struct call112_conf, OPT_SECRET, https.password, "https.password", NULL, .min = 1, .max = 1024,
		.help = "File of the password, or %d/NAME for a systemd credential"),
	OPT(struct call112_conf, OPT_SECRET, https.secret_header, "https.secret_header", NULL, .min = 1, .max = 8192,
		.help = "File with a whole header line that is secret, such as Authorization: Bearer ..."),
	OPT(struct call112_conf, OPT_PATH, https.ca_file, "https.ca", NULL,
		.help = "Certificates that the server's is checked by; default: the system's"),
	OPT(struct call112_conf, OPT_PATH, https.cert, "https.cert", NULL, .min = 1,
		.help = "File of our client certificate (PEM)"),
	OPT(struct call112_conf, OPT_PATH, https.key, "https.cert_key", NULL, .min = 1,
		.help = "File of its private key, without a passphrase, only for its owner to read"),
	OPT(struct call112_conf, OPT_ENUM, https.complete, "https.complete", "stable", .choices = fetch_complete_choices,
		.help = "When a file there is whole: stable (unchanged for `settle`), marker (name.done stands beside it), sha256 (name.sha256 does or the list tells its hash, and it agrees)"),
	OPT(struct call112_conf, OPT_DURATION, https.every_ms, "https.every", "30s", .min = 50, .max = 24 * 3600 * 1000,
		.help = "How often its folder is listed"),
	OPT(struct call112_conf, OPT_DURATION, https.timeout_ms, "https.timeout", "5m", .min = 1000, .max = 3600 * 1000,
		.help = "Longest time for a file"),
	OPT(struct call112_conf, OPT_SIZE, https.max_bytes, "https.max", "256MiB", .min = 1024, .max = 16L * 1024 * 1024 * 1024,
		.help = "Largest file; a larger one stays there with an alarm"),
	OPT_END
};
/* clang-format on */

static void check_fields(const struct call112_conf *c, struct options_faults *f)
{
	bool has[2] = {false};

	for (size_t i = 0; i < c->fields.n; i++) {
		const char *key = c->fields.v[i].key, *value = c->fields.v[i].value;
		const char *fault = c112_field_fault(key);
		int64_t column;

		if (fault)
			options_fault(f, "fields", "\"%s\" %s", key, fault);
		if (!*value)
			options_fault(f, "fields", "%s names no column", key);
		else if (!c->poll.url && c->format == C112_CSV && !c->header &&
			 parse_i64(value, 1, CSV_COLUMNS_MAX, &column))
			options_fault(f, "fields",
				"%s: with header: no a column is its number, 1 to %d", key,
				CSV_COLUMNS_MAX);
		has[0] |= strcmp(key, "text") == 0;
		has[1] |= strcmp(key, "type") == 0;
	}
	if (!has[0])
		options_fault(f, "fields", "text is missing: which column says what happened?");
	if (c->types.n && !has[1])
		options_fault(f, "fields", "type is missing, but `types` maps call types");
}

static void check_types(const struct call112_conf *c, struct options_faults *f)
{
	for (size_t i = 0; i < c->types.n; i++) {
		enum call_class class;

		if (call_class_parse(c->types.v[i].value, &class) || class == CC_UNKNOWN)
			options_fault(f, "types",
				"\"%s\": allowed are normal, emergency, information, ghost, prank, "
				"dropped, test",
				c->types.v[i].key);
	}
}

char call112_delimiter(const char *text)
{
	if (!text || strcmp(text, "auto") == 0)
		return '\0';
	if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0)
		return '\t';
	return strlen(text) == 1 && !strchr("\"\r\n", *text) && (unsigned char)*text < 0x80 ? *text
											    : -1;
}

static void check_poll(const struct call112_conf *c, struct options_faults *f)
{
	const char *fault = page_url_fault(c->poll.url);
	bool since = strstr(c->poll.url, "{since}") != NULL, id = false;

	if (c->path)
		options_fault(f, "path",
			"is a folder, and poll_json.url an endpoint: one of the "
			"two; for both run two instances");
	if (fault)
		options_fault(f, "poll_json.url", "%s", fault);
	else if (since != (c->poll.time != NULL))
		options_fault(f, "poll_json.time",
			since ? "is missing, but poll_json.url has {since}"
			      : "is given, but poll_json.url has no {since}");
	for (size_t i = 0; i < c->fields.n; i++)
		id |= strcmp(c->fields.v[i].key, "id") == 0;
	if (!id)
		options_fault(
			f, "fields", "id is missing: what is asked for again and again needs one");
	for (size_t i = 0; i < c->poll.headers.n; i++)
		if (!strchr(c->poll.headers.v[i], ':'))
			options_fault(f, "poll_json.headers", "each is a line \"Name: value\"");
	if (c->poll.secret_header && !strchr(c->poll.secret_header, ':'))
		options_fault(
			f, "poll_json.secret_header", "the file must hold a line \"Name: value\"");
}

static void check_sftp(const struct call112_conf *c, struct options_faults *f)
{
	const char *fault = fetch_url_fault(c->sftp.url);

	if (fault)
		options_fault(f, "sftp.url", "%s", fault);
	if (c->sftp.finished == FINISHED_MOVE && c->sftp.complete == FETCH_STABLE)
		options_fault(f, "sftp.finished",
			"must be keep with sftp.complete: stable: a file that may still grow has "
			"to "
			"stay where it is");
	if (!c->sftp.user)
		options_fault(f, "sftp.user", "is missing");
	if (!c->sftp.key == !c->sftp.password)
		options_fault(f, "sftp.key", "this or sftp.password: one of the two");
	if (!c->sftp.host_keys.n)
		options_fault(f, "sftp.host_keys",
			"is missing: by what is the server known? Ask its operator for ssh-keygen "
			"-lf /etc/ssh/ssh_host_ed25519_key.pub (and _ecdsa_)");
	for (size_t i = 0; i < c->sftp.host_keys.n; i++)
		if (!fetch_fingerprint_ok(c->sftp.host_keys.v[i]))
			options_fault(f, "sftp.host_keys",
				"each is SHA256: and 43 characters, as ssh-keygen -l shows it");
}

static void check_https(const struct call112_conf *c, struct options_faults *f)
{
	const char *fault = fetch_web_url_fault(c->https.url);

	if (fault)
		options_fault(f, "https.url", "%s", fault);
	if (!listing_safe_name(c->https.manifest, strlen(c->https.manifest)))
		options_fault(f, "https.manifest", "must be the name of a file in that folder");
	if (!c->https.user != !c->https.password)
		options_fault(f, "https.user", "and https.password: both or none");
	if (c->https.user && c->https.secret_header)
		options_fault(f, "https.user", "and https.secret_header: one of the two");
	if (c->https.secret_header && !strchr(c->https.secret_header, ':'))
		options_fault(
			f, "https.secret_header", "the file must hold a line \"Name: value\"");
	if (!c->https.cert != !c->https.key)
		options_fault(f, "https.cert", "and https.cert_key: both or none");
}

/* Files that are fetched come into a spool. */
static void check_fetch(const struct call112_conf *c, struct options_faults *f)
{
	const char *way = c->sftp.url ? "sftp" : "https",
		   *url = c->sftp.url ? "sftp.url" : "https.url";

	if (c->sftp.url && c->https.url)
		options_fault(f, url, "and https.url: one of the two");
	if (c->poll.url)
		options_fault(f, url, "and poll_json.url: one of the two");
	if (c->complete != DROPDIR_RENAME)
		options_fault(f, "complete", "must be rename with %s: see %s.complete", way, way);
	if (c->finished != FINISHED_MOVE)
		options_fault(f, "finished", "must be move with %s: `path` is a spool", way);
}

static struct fetch_conf fetch_by_sftp(const struct call112_conf *c)
{
	return (struct fetch_conf){.way = &remote_sftp,
		.url = c->sftp.url,
		.user = c->sftp.user,
		.key = c->sftp.key,
		.password = c->sftp.password,
		.host_keys = &c->sftp.host_keys,
		.complete = (enum fetch_complete)c->sftp.complete,
		.move = c->sftp.finished == FINISHED_MOVE,
		.every_ms = c->sftp.every_ms,
		.timeout_ms = c->sftp.timeout_ms,
		.max_bytes = c->sftp.max_bytes};
}

static struct fetch_conf fetch_by_https(const struct call112_conf *c)
{
	return (struct fetch_conf){.way = &remote_https,
		.url = c->https.url,
		.list = c->https.list,
		.manifest = c->https.manifest,
		.user = c->https.user,
		.password = c->https.password,
		.secret_header = c->https.secret_header,
		.ca_file = c->https.ca_file,
		.cert = c->https.cert,
		.key = c->https.key,
		.complete = (enum fetch_complete)c->https.complete,
		.every_ms = c->https.every_ms,
		.timeout_ms = c->https.timeout_ms,
		.max_bytes = c->https.max_bytes};
}

struct fetch_conf call112_fetch_conf(const struct call112_conf *c)
{
	struct fetch_conf f = c->sftp.url ? fetch_by_sftp(c) : fetch_by_https(c);

	f.spool = c->path;
	f.files = c->files;
	f.settle_ms = c->settle_ms;
	return f;
}

struct c112_rules call112_rules(const struct call112_conf *c, const struct muara_conf *shared)
{
	struct c112_rules rules = {.format = c->poll.url ? C112_JSON : (enum c112_format)c->format,
		.delimiter = call112_delimiter(c->delimiter),
		.encoding = c->encoding ? CSV_WINDOWS_1252 : CSV_UTF8,
		.header = c->header,
		.comment = c->comment,
		.zone_minutes = muara_zone_minutes(shared),
		.fields = &c->fields,
		.types = &c->types};

	if (c->zone)
		(void)muara_zone_parse(c->zone, &rules.zone_minutes); /* checked */
	return rules;
}

void call112_check(void *conf, struct options_faults *f)
{
	const struct call112_conf *c = conf;
	int zone;

	check_fields(c, f);
	check_types(c, f);
	if (call112_delimiter(c->delimiter) == -1)
		options_fault(f, "delimiter", "must be auto, tab or one character such as ;");
	if (c->zone && muara_zone_parse(c->zone, &zone))
		options_fault(
			f, "zone", "is no offset such as +07:00 and none of WIB, WITA, WIT, Z");
	if (c->sftp.url)
		check_sftp(c, f);
	if (c->https.url)
		check_https(c, f);
	if (c->sftp.url || c->https.url)
		check_fetch(c, f);
	if (c->poll.url)
		check_poll(c, f);
	else if (!c->path)
		options_fault(f, "path", "is missing: where do the files come? (or poll_json.url)");
	if (c->complete == DROPDIR_STABLE && c->finished == FINISHED_MOVE)
		options_fault(f, "finished",
			"must be keep with complete: stable: a file that may still grow has to "
			"stay where it is");
}
