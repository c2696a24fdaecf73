/* drop: the two ways calls come in, each a source of its own behind main.c, and their
 * configuration: a drop folder (drop.c) and a JSON endpoint that is asked (poll.c). Only the
 * functions of a source_ops are set in them. */
#pragma once

#include "core/source.h"

#include "calls.h"
#include "decode.h"

struct call112_conf {
	struct source_common common; /* first member of every source's conf */
	char *path, *files;
	int format, complete, encoding, finished;
	int64_t settle_ms, poll_ms;
	char *delimiter, *comment, *zone;
	bool header;
	struct strmap fields, types;
	char *attachments_path;
	int64_t attachment_max_bytes, attachment_wait_ms;
	struct {
		char *url; /* NULL: a drop folder */
		char *items, *next, *time;
		int since;
		int64_t every_ms, overlap_ms, timeout_ms, max_bytes;
		char *secret_header, *ca_file;
		struct strlist headers;
	} poll;
	struct {
		char *url; /* NULL: the folder is filled by others */
		char *user, *key, *password;
		struct strlist host_keys;
		int complete, finished;
		int64_t every_ms, timeout_ms, max_bytes;
	} sftp;
	struct {
		char *url; /* NULL: as above */
		char *manifest, *user, *password, *secret_header, *ca_file, *cert, *key;
		int list, complete;
		int64_t every_ms, timeout_ms, max_bytes;
	} https;
};

extern const struct source_ops call112_drop, call112_poll;
/* What both make of the configuration; borrows it. */
struct c112_rules call112_rules(const struct call112_conf *c, const struct muara_conf *shared);
/* A row of a sample, judged by books that began with it (channel try). */
void call112_show(
	struct calls *calls, struct message *m, uint64_t number, source_sample_fn *emit, void *ctx);
