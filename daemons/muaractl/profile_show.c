/* profile_show: see profile_show.h. Laid out as the requests would travel. */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"

#include "print.h"
#include "profile_render.h"
#include "profile_show.h"

static void put(FILE *out, const char *before, const char *text, const char *after)
{
	_cleanup_free_ char *clean = print_clean(text, false);

	fprintf(out, "%s%s%s", before, clean, after);
}

static void show_limits(FILE *out, const json_t *call)
{
	const char *repeat = json_str(call, "repeat");

	if (json_object_get(call, "total_ms"))
		fprintf(out, " (%s%sconnect %" PRId64 " ms, total %" PRId64 " ms)",
			repeat ? repeat : "", repeat ? ", " : "", json_int(call, "connect_ms", 0),
			json_int(call, "total_ms", 0));
	fputc('\n', out);
}

static void show_head(FILE *out, const json_t *call)
{
	const json_t *h;
	size_t i;

	put(out, json_str_or(call, "method", ""), "", " ");
	put(out, "", json_str_or(call, "url", ""), "\n");
	json_array_foreach (json_object_get(call, "headers"), i, h) {
		put(out, "", json_string_value(h), "\n");
	}
}

static void show_parts(FILE *out, const json_t *parts)
{
	const json_t *p;
	size_t i;

	fputs("Content-Type: multipart/form-data; boundary=BOUNDARY\n\n", out);
	json_array_foreach (parts, i, p) {
		put(out, "--BOUNDARY\nContent-Disposition: form-data; name=\"",
			json_str_or(p, "name", ""), json_str(p, "filename") ? "\"; " : "\"\n\n");
		if (!json_str(p, "filename")) {
			put(out, "", json_str_or(p, "value", json_str_or(p, "shape", "")), "\n");
			continue;
		}
		put(out, "filename=\"", json_str_or(p, "filename", ""), "\"\n");
		put(out, "Content-Type: ", json_str_or(p, "mime", ""), "\n\n");
		if (!json_str(p, "sha256")) {
			fputs("<the file>\n", out);
			continue;
		}
		if (json_object_get(p, "bytes"))
			fprintf(out, "<%" PRId64 " bytes, ", json_int(p, "bytes", 0));
		put(out, json_object_get(p, "bytes") ? "sha256 " : "<sha256 ",
			json_str_or(p, "sha256", ""), "");
		if (json_str(p, "stored"))
			put(out, ", in the store: ", json_str(p, "stored"), "");
		fputs(">\n", out);
	}
	fputs("--BOUNDARY--\n", out);
}

static void show_shape(FILE *out, const json_t *shape)
{
	char *text = json_dumps(shape, JSON_INDENT(2));
	_cleanup_free_ char *clean = text ? print_clean(text, true) : NULL;

	free(text);
	fprintf(out, "%s\n", clean ? clean : "");
}

static void show_body(FILE *out, const json_t *call)
{
	if (json_object_get(call, "parts")) {
		show_parts(out, json_object_get(call, "parts"));
		return;
	}
	if (!json_object_get(call, "bytes"))
		return;
	fprintf(out, "Content-Length: %" PRId64 "\n\n", json_int(call, "bytes", 0));
	if (json_str(call, "body"))
		put(out, "", json_str(call, "body"), "\n");
	else
		show_shape(out, json_object_get(call, "shape"));
}

static void show_rows(FILE *out, const json_t *rows)
{
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		_cleanup_free_ char *value =
			print_clean(json_str_or(row, "value", json_str_or(row, "shape", "")), true);

		put(out, "", json_str_or(row, "label", ""), ": ");
		fprintf(out, "%s\n", value);
	}
}

static void show_call(FILE *out, const json_t *call)
{
	show_limits(out, call);
	if (json_str(call, "cannot_be_made")) {
		put(out, "CANNOT BE MADE: ", json_str(call, "cannot_be_made"), "\n\n");
		return;
	}
	if (json_object_get(call, "rows")) {
		show_rows(out, json_object_get(call, "rows"));
	} else {
		show_head(out, call);
		show_body(out, call);
	}
	fputc('\n', out);
}

static void show_top(FILE *out, const json_t *j, bool show_text)
{
	put(out, "profile ", json_str_or(j, "profile", ""), "");
	fprintf(out, " (%s), files into ", json_str_or(j, "kind", ""));
	put(out, "", json_str_or(j, "system", ""), "\n");
	put(out, "complaint ", json_str_or(j, "complaint", ""), ", ");
	put(out, "ticket ", json_str_or(j, "ticket", ""), ", ");
	fprintf(out, "version %" PRId64 "\n", json_int(j, "version", 0));
	fputs("Nothing is sent.", out);
	if (strcmp(json_str_or(j, "kind", ""), "sheet") != 0)
		fprintf(out,
			" Numbers the endpoint would give are stand-ins: %llu the report's, %llu … "
			"the uploads'.\nlibcurl adds Host and User-Agent, and makes up the "
			"boundary.",
			(unsigned long long)RENDER_REPORT, (unsigned long long)RENDER_UPLOAD + 1);
	fprintf(out, "\n%s\n\n",
		show_text ? "PERSONAL DATA below: --show-text asked for it."
			  : "Texts are told by their length, long ones by their hash, too; "
			    "--show-text shows them.");
}

void profile_show(FILE *out, const json_t *j, bool show_text)
{
	const json_t *left = json_object_get(j, "left_out"), *reads = json_object_get(j, "reads"),
		     *c;
	size_t i;

	show_top(out, j, show_text);
	json_array_foreach (json_object_get(j, "calls"), i, c) {
		fprintf(out, "%zu. %s", i + 1, json_str_or(c, "call", ""));
		show_call(out, c);
	}
	if (json_array_size(left)) {
		fputs("not uploaded (the text says why; a second copy of a file goes once): "
		      "attachment",
			out);
		json_array_foreach (left, i, c)
			fprintf(out, "%s %" JSON_INTEGER_FORMAT, i ? "," : "",
				json_integer_value(c));
		fputs("\n\n", out);
	}
	json_array_foreach (json_object_get(j, "later"), i, c) {
		fprintf(out, "Later, if the newest message came after the filing:\n\n%s",
			json_str_or(c, "call", ""));
		show_call(out, c);
	}
	if (json_array_size(reads))
		fputs("Only when needed:\n\n", out);
	json_array_foreach (reads, i, c) {
		fprintf(out, "read %s, %s", json_str_or(c, "read", ""), json_str_or(c, "when", ""));
		show_call(out, c);
	}
}
