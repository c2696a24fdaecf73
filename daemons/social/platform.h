/* platform: what a platform (X, Meta) is for the daemon: the hooks of a source (core/source.h), and
 * a section of options of its own.
 *
 * One process carries one account of one platform; `platform:` in its file says which. Each hook
 * does what the hook of the same name does there and is called under the same rules; `conf` is
 * struct social_conf. A platform that has no use for a hook leaves it NULL, except open, close and
 * sample. To add one: its struct in struct social_conf, its rows and its name in options.c, its
 * line in main.c. Thread: loop only. */
#pragma once

#include "core/source.h"

struct platform {
	const char *name; /* as `platform:` says it, and the name of its section */
	void (*check)(const void *conf, struct options_faults *f);
	int (*open)(struct source *s, void **ret_state, struct err *e);
	void (*cursor)(void *state, const char *name, const json_t *value);
	void (*raw)(void *state, const json_t *record); /* NULL: the raw log is not read */
	void (*ready)(void *state);
	int64_t (*step)(void *state);
	void (*drain)(void *state);
	bool (*drained)(void *state);
	bool (*health)(void *state, char *text, size_t size);
	void (*close)(void *state); /* NULL-safe */
	int (*sample)(const void *conf, const struct source_sample *s, source_sample_fn *emit,
		void *ctx, struct err *e);
};

extern const struct platform x_platform, meta_platform;
