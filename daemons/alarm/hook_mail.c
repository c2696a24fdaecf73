/* hook_mail: a ring by e-mail, through a mail server that takes it (SMTP, libcurl). See hook.h.
 *
 * libcurl's easy interface blocks, so each ring has a thread of its own, which is given copies and
 * hands back a result by an eventfd; one at a time a hook. TLS is required but on the loopback. The
 * mail says that a program sent it (Auto-Submitted, RFC 3834), so that a mailbox Muara reads does
 * not ring at its own alarm. Known gap: cancelling waits for the name resolver. */
#include "hook_private.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/util.h"
#include "core/ids.h"

#define MAIL_MAX (64 * 1024)

struct mail_job { /* the thread's until it has written to `told` */
	const struct conf_hook *conf;
	char *text;
	size_t len, at;
	atomic_bool stop;
	CURLcode code;
	long smtp; /* the server's last answer */
	int told;
	pthread_t thread;
};

/* --- the mail --- */

static void add_date(struct buf *b)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm t;

	gmtime_r(&now, &t);
	buf_addf(b, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", days[t.tm_wday], t.tm_mday,
		months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

char *mail_text(const struct conf_hook *c, const struct ring *r, size_t *ret_len)
{
	_cleanup_free_ char *ids = ring_list(r, "id"), *tickets = ring_list(r, "ticket");
	struct buf b = BUF_INIT(MAIL_MAX);
	char unique[UUID_TEXT_SIZE];

	uuid_random(unique);
	buf_addf(&b, "From: %s\r\nTo: %s\r\n", c->from, c->to);
	buf_addf(&b, "Subject: Muara: %zu keadaan darurat belum ditangani\r\n", r->unacknowledged);
	add_date(&b);
	buf_addf(&b, "Message-ID: <%s@muara.invalid>\r\n", unique);
	buf_adds(&b, "Auto-Submitted: auto-generated\r\nPrecedence: bulk\r\nMIME-Version: 1.0\r\n"
		     "Content-Type: text/plain; charset=utf-8\r\n\r\n");
	buf_addf(&b, "Laporan yang terdengar darurat (dering ke-%lld):\r\n\r\n",
		(long long)r->number);
	for (char *save = NULL, *t = strtok_r(tickets, " ", &save); t;
		t = strtok_r(NULL, " ", &save))
		buf_addf(&b, "  %s\r\n", t);
	buf_adds(&b, "\r\nBaca:      muaractl emergency show TIKET\r\n"
		     "Ditangani: muaractl emergency ack TIKET --why ...\r\n\r\n");
	for (char *save = NULL, *t = strtok_r(ids, " ", &save); t; t = strtok_r(NULL, " ", &save))
		buf_addf(&b, "id %s\r\n", t);
	*ret_len = b.len;
	return buf_take(&b);
}

/* --- the thread --- */

static size_t give(char *to, size_t size, size_t n, void *ctx)
{
	struct mail_job *j = ctx;
	size_t len = MIN(size * n, j->len - j->at);

	memcpy(to, j->text + j->at, len);
	j->at += len;
	return len;
}

static int look(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct mail_job *j = ctx;

	(void)a, (void)b, (void)c, (void)d;
	return atomic_load(&j->stop);
}

static bool on_loopback(const char *url)
{
	static const char *const here[] = {"smtp://127.0.0.1", "smtp://localhost", "smtp://[::1]"};

	for (size_t i = 0; i < ARRAY_SIZE(here); i++) {
		size_t n = strlen(here[i]);

		if (strncmp(url, here[i], n) == 0 && (!url[n] || url[n] == ':' || url[n] == '/'))
			return true;
	}
	return false;
}

static void set_up(CURL *h, struct mail_job *j)
{
	const struct conf_hook *c = j->conf;

	curl_easy_setopt(h, CURLOPT_URL, c->url);
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(h, CURLOPT_PROXY, "");
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(
		h, CURLOPT_USE_SSL, (long)(on_loopback(c->url) ? CURLUSESSL_NONE : CURLUSESSL_ALL));
	curl_easy_setopt(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (c->ca_file)
		curl_easy_setopt(h, CURLOPT_CAINFO, c->ca_file);
	if (c->user)
		curl_easy_setopt(h, CURLOPT_USERNAME, c->user);
	if (c->password)
		curl_easy_setopt(h, CURLOPT_PASSWORD, c->password);
	curl_easy_setopt(h, CURLOPT_MAIL_FROM, c->from);
	curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(h, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(h, CURLOPT_READDATA, j);
	curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, look);
	curl_easy_setopt(h, CURLOPT_XFERINFODATA, j);
	curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)c->timeout_ms);
	curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)c->timeout_ms);
}

static void *run_job(void *ctx)
{
	struct mail_job *j = ctx;
	struct curl_slist *to = curl_slist_append(NULL, j->conf->to);
	CURL *h = curl_easy_init();
	uint64_t one = 1;

	j->code = CURLE_OUT_OF_MEMORY;
	if (h && to) {
		set_up(h, j);
		curl_easy_setopt(h, CURLOPT_MAIL_RCPT, to);
		j->code = curl_easy_perform(h);
		curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &j->smtp);
	}
	curl_easy_cleanup(h);
	curl_slist_free_all(to);
	while (write(j->told, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	return NULL;
}

/* --- the loop's side --- */

static void free_job(struct mail_job *j)
{
	if (j->told >= 0)
		close(j->told);
	free(j->text);
	free(j);
}

static void on_told(void *ctx, short revents)
{
	struct hook_run *run = ctx;
	struct mail_job *j = TAKE_PTR(run->mail);
	char text[160];
	bool ok;

	(void)revents;
	pthread_join(j->thread, NULL);
	ok = j->code == CURLE_OK;
	if (j->smtp && !ok)
		snprintf(text, sizeof(text), "%s (SMTP %ld)", curl_easy_strerror(j->code), j->smtp);
	else
		snprintf(text, sizeof(text), "%s", curl_easy_strerror(j->code));
	loop_fd_del(TAKE_PTR(run->watch));
	free_job(j);
	hook_end(run, ok, text);
}

int mail_start(
	struct hook_run *run, const struct hook_host *host, const struct ring *r, struct err *e)
{
	struct mail_job *j = xcalloc(1, sizeof(*j));
	int rc;

	(void)host;
	j->conf = run->conf;
	j->text = mail_text(run->conf, r, &j->len);
	j->told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = j->told < 0 ? errno : pthread_create(&j->thread, NULL, run_job, j);
	if (rc) {
		free_job(j);
		return err_sys(e, -rc, "no thread for a mail");
	}
	run->mail = j;
	run->watch = loop_fd_add(run->loop, j->told, POLLIN, on_told, run);
	return 0;
}

void mail_cancel(struct hook_run *run)
{
	struct mail_job *j = TAKE_PTR(run->mail);

	if (!j)
		return;
	atomic_store(&j->stop, true);
	pthread_join(j->thread, NULL);
	loop_fd_del(TAKE_PTR(run->watch));
	free_job(j);
}
