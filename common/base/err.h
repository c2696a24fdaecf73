/* err: the one error style of Muara.
 *
 * Functions return 0 or -errno and leave the text in a caller's struct err. The text grows on the
 * way up (err_prefix) and is logged once, by the program. It never holds personal data: name a
 * place, an id, a hash. A NULL struct err is allowed everywhere. No allocation: an error can be
 * told when memory is gone. */
#pragma once

struct err {
	int code; /* -errno, 0 = none */
	char text[512];
};

/* Sets code and text; returns code, so that "return err_set(e, -EINVAL, …)" reads well. */
#define err_set(e, code, ...)                        \
	({                                           \
		const int err_code_ = (code);        \
		err_text(e, err_code_, __VA_ARGS__); \
		err_code_;                           \
	})
/* As err_set, and appends ": <strerror>". `code` is -errno. */
#define err_sys(e, code, ...)                            \
	({                                               \
		const int err_code_ = (code);            \
		err_sys_text(e, err_code_, __VA_ARGS__); \
		err_code_;                               \
	})
/* Macros, so that a static analyser sees that the code comes back as it was given. */
void err_text(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void err_sys_text(struct err *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Puts "text: " in front of what is there; returns the code that is there. */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void err_clear(struct err *e);
