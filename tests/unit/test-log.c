/* Log: the form of a line, the fence, repeats, outcomes. stderr is turned into a file meanwhile. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include <cmocka.h>

#include "base/fsio.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"

static int kept_stderr, captured = -1;
static char clock_file[] = "/tmp/muara-log-clock-XXXXXX";

static void turn_clock(long ms)
{
	char text[32];
	int n = snprintf(text, sizeof text, "%ld\n", ms);
	struct err e;

	assert_int_equal(fsio_write_atomic(clock_file, text, (size_t)n, 0600, &e), 0);
	usleep(25 * 1000); /* the clock looks at its file every 20 ms */
}

static int capture(void **state)
{
	char path[] = "/tmp/muara-log-XXXXXX";

	(void)state;
	captured = mkstemp(path);
	unlink(path);
	kept_stderr = dup(STDERR_FILENO);
	return dup2(captured, STDERR_FILENO) < 0;
}

static int release(void **state)
{
	(void)state;
	log_flush();
	log_set_level(LOG_L_INFO);
	dup2(kept_stderr, STDERR_FILENO);
	close(kept_stderr);
	close(captured);
	return 0;
}

/* The n-th line so far (from 0) as JSON, or NULL. */
static json_t *line(size_t n)
{
	_cleanup_free_ char *text = NULL;
	char *save = NULL, *at;
	size_t len;

	lseek(captured, 0, SEEK_SET);
	assert_int_equal(fsio_read_fd(captured, "log", 1 << 20, &text, &len, NULL), 0);
	lseek(captured, 0, SEEK_END);
	at = strtok_r(text, "\n", &save);
	for (; at && n; n--)
		at = strtok_r(NULL, "\n", &save);
	return at ? json_loads(at, 0, NULL) : NULL;
}

#define assert_line(n, key, text)                                \
	do {                                                     \
		_cleanup_json_ json_t *line_ = line(n);          \
		assert_non_null(line_);                          \
		assert_string_equal(json_str(line_, key), text); \
	} while (0)

static void assert_no_line(size_t n)
{
	_cleanup_json_ json_t *j = line(n);

	assert_null(j);
}

static void a_line_is_json_with_stable_keys(void **state)
{
	(void)state;
	log_open("muara-test", "kota");
	errno = EAGAIN;
	log_warn("broker away for %d s", 3);
	assert_int_equal(errno, EAGAIN);
	assert_line(0, "level", "warning");
	assert_line(0, "daemon", "muara-test");
	assert_line(0, "instance", "kota");
	assert_line(0, "msg", "broker away for 3 s");
	log_debug("not shown");
	assert_no_line(1);
	log_set_level(LOG_L_DEBUG);
	log_debug("shown");
	assert_line(1, "level", "debug");
}

static void the_fence_stands_before_every_line(void **state)
{
	static const char *const pairs[] = {"src", "whatsapp", "from", "6281234567890", NULL};

	(void)state;
	log_error("call +62 812 3456 7890\nfake line \x1b[2J %s", "\xff");
	assert_line(0, "msg", "call +** *** **** *890 fake line [2J ?");
	log_outcome("0812abcd-0000-4000-8000-081234567890", "done", pairs);
	assert_line(1, "from", "**********890");
	assert_line(1, "id", "0812abcd-0000-4000-8000-081234567890");
	assert_no_line(2);
}

static void long_lines_are_cut_whole(void **state)
{
	_cleanup_free_ char *text = xmalloc(9001);
	_cleanup_json_ json_t *j = NULL;

	(void)state;
	for (size_t i = 0; i < 9000; i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	text[9000] = '\0';
	log_info("%s", text);
	log_info("x%s", text);
	j = line(0);
	assert_non_null(j);
	assert_true(strlen(json_str(j, "msg")) < 2048);
	assert_string_equal(json_str(j, "msg") + strlen(json_str(j, "msg")) - 3, "...");
	json_decref(j);
	j = line(1);
	assert_non_null(j);
}

static void repeats_are_counted_not_printed(void **state)
{
	(void)state;
	turn_clock(0);
	for (int i = 0; i < 5; i++)
		log_warn("broker away");
	log_info("other");
	assert_line(0, "msg", "broker away");
	assert_line(1, "msg", "other");
	assert_no_line(2);
	turn_clock(11000);
	log_tick();
	assert_line(2, "msg", "broker away (and 4 times more)");
	assert_line(2, "level", "warning");
	log_warn("broker away"); /* a new window */
	assert_line(3, "msg", "broker away");
	for (int i = 0; i < 3; i++)
		log_error("each one");
	assert_line(6, "msg", "each one");
	assert_no_line(7);
}

static void a_full_table_of_repeats_loses_no_count(void **state)
{
	(void)state;
	turn_clock(20000);
	log_warn("first");
	log_warn("first");
	for (int i = 0; i < 40; i++)
		log_info("line %c%c", 'a' + i / 20, 'a' + i % 20);
	log_flush();
	for (size_t n = 0;; n++) {
		_cleanup_json_ json_t *j = line(n);

		assert_non_null(j);
		if (strcmp(json_str(j, "msg"), "first (and 1 times more)") == 0)
			break;
	}
}

static void outcomes_are_never_suppressed(void **state)
{
	static const char *const pairs[] = {
		"attempts", "2", "reason", "id taken", "empty", "", NULL};

	(void)state;
	log_outcome("a", "done", pairs);
	log_outcome("a", "done", pairs);
	assert_line(
		0, "msg", "outcome id=a verdict=done attempts=2 reason=\"id taken\" empty=\"\"");
	assert_line(1, "verdict", "done");
	assert_line(1, "attempts", "2");
	assert_line(1, "reason", "id taken");
	log_outcome("b", "dead", NULL);
	assert_line(2, "msg", "outcome id=b verdict=dead");
}

static void the_journal_is_recognised_by_its_stream(void **state)
{
	char ours[64];
	struct stat st;

	(void)state;
	assert_int_equal(fstat(captured, &st), 0);
	snprintf(ours, sizeof ours, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	assert_true(log_is_journal(ours, captured));
	assert_false(log_is_journal("1:2", captured));
	assert_false(log_is_journal(NULL, captured));
	assert_false(log_is_journal(ours, -1));
}

/* Stands in for libsystemd's: this program's own symbol wins. */
static char journal_fields[512];
static int journal_answer;

int sd_journal_sendv(const struct iovec *iov, int n)
{
	journal_fields[0] = '\0';
	for (int i = 0; i < n; i++) {
		strncat(journal_fields, iov[i].iov_base, iov[i].iov_len);
		strncat(journal_fields, "|", sizeof journal_fields - strlen(journal_fields) - 1);
	}
	return journal_answer;
}

static void under_systemd_lines_are_native_fields(void **state)
{
	static const char *const pairs[] = {"src", "file", NULL};
	char ours[64];
	struct stat st;

	(void)state;
	assert_int_equal(fstat(captured, &st), 0);
	snprintf(ours, sizeof ours, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", ours, 1);
	log_open("muara-test", "kota");
	log_error("gone");
	assert_string_equal(journal_fields,
		"MESSAGE=gone|PRIORITY=3|SYSLOG_IDENTIFIER=muara-test|MUARA_INSTANCE=kota|");
	log_outcome("a", "done", pairs);
	assert_string_equal(journal_fields,
		"MESSAGE=outcome id=a verdict=done "
		"src=file|PRIORITY=6|SYSLOG_IDENTIFIER=muara-test|"
		"MUARA_INSTANCE=kota|MUARA_ID=a|MUARA_VERDICT=done|MUARA_SRC=file|");
	assert_no_line(0);
	journal_answer = -ECONNREFUSED; /* no journal after all: nothing is lost */
	log_error("gone");
	assert_line(0, "msg", "gone");
	unsetenv("JOURNAL_STREAM");
	log_open("muara-test", NULL);
}

static void levels_have_names(void **state)
{
	enum log_level l = LOG_L_ERROR;

	(void)state;
	assert_int_equal(log_level_parse("debug", &l), 0);
	assert_int_equal(l, LOG_L_DEBUG);
	assert_int_equal(log_level_parse("loud", &l), -EINVAL);
	assert_int_equal(l, LOG_L_DEBUG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_line_is_json_with_stable_keys, capture, release),
		cmocka_unit_test_setup_teardown(
			the_fence_stands_before_every_line, capture, release),
		cmocka_unit_test_setup_teardown(long_lines_are_cut_whole, capture, release),
		cmocka_unit_test_setup_teardown(repeats_are_counted_not_printed, capture, release),
		cmocka_unit_test_setup_teardown(
			a_full_table_of_repeats_loses_no_count, capture, release),
		cmocka_unit_test_setup_teardown(outcomes_are_never_suppressed, capture, release),
		cmocka_unit_test_setup_teardown(
			the_journal_is_recognised_by_its_stream, capture, release),
		cmocka_unit_test_setup_teardown(
			under_systemd_lines_are_native_fields, capture, release),
		cmocka_unit_test(levels_have_names),
	};
	int fd = mkstemp(clock_file), r;

	close(fd);
	setenv("MUARA_CLOCK_FILE", clock_file, 1);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(clock_file);
	return r;
}
