/* log: one line per event, to the journal (native fields) when stderr is the journal, else JSON
 * lines on stderr.
 *
 * The message is a constant format; what varies goes into it as ids, hashes, counts, places. Every
 * line passes the masking filter (base/mask.h) as the last fence against personal data. One outcome
 * line per item and outcome, written by log_outcome only, with stable keys. Same message again
 * within 10 s is counted, not repeated (errors excepted). Thread: any. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum log_level {
	LOG_L_ERROR = 3,
	LOG_L_WARN = 4,
	LOG_L_NOTICE = 5,
	LOG_L_INFO = 6,
	LOG_L_DEBUG = 7
};

void log_open(const char *ident, const char *instance); /* once, before the first line */
void log_set_level(enum log_level max);			/* default LOG_L_INFO */
/* "error", "warning", "notice", "info", "debug"; -EINVAL else. */
int log_level_parse(const char *s, enum log_level *ret);

void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define log_error(...)	log_line(LOG_L_ERROR, __VA_ARGS__)
#define log_warn(...)	log_line(LOG_L_WARN, __VA_ARGS__)
#define log_notice(...) log_line(LOG_L_NOTICE, __VA_ARGS__)
#define log_info(...)	log_line(LOG_L_INFO, __VA_ARGS__)
#define log_debug(...)	log_line(LOG_L_DEBUG, __VA_ARGS__)

/* Counts of suppressed repeats become lines: those older than 10 s (the skeleton calls it now and
 * then), or all (at the end). */
void log_tick(void);
void log_flush(void);
/* Whether fd is the stream that JOURNAL_STREAM (may be NULL) names. */
bool log_is_journal(const char *journal_stream, int fd);

/* "outcome id=… verdict=… key=value…": pairs is a NULL-terminated list "key", "value", … */
void log_outcome(const char *id, const char *verdict, const char *const *pairs);
