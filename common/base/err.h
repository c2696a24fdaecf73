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
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* As err_set, and appends ": <strerror>". `code` is -errno. */
int err_sys(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Puts "text: " in front of what is there; returns the code that is there. */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void err_clear(struct err *e);
