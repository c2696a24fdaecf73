/* x_request: see x_request.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/util.h"
#include "daemons/social/x_request.h"

#define URL_MAX	  (16 * 1024)
#define TOKEN_MAX 2048

#define MEDIA_FIELDS "&media.fields=media_key,type,url,preview_image_url,variants"
#define USER_FIELDS  "&user.fields=name,username"
#define POST_FIELDS                                                                 \
	"&tweet.fields=created_at,author_id,conversation_id,in_reply_to_user_id,"   \
	"referenced_tweets,lang,geo,attachments,edit_history_tweet_ids,note_tweet," \
	"withheld" MEDIA_FIELDS                                                     \
	"&place.fields=full_name&expansions=attachments.media_keys,geo.place_id"
#define MESSAGE_FIELDS                                                                 \
	"&dm_event.fields=id,event_type,text,created_at,sender_id,dm_conversation_id," \
	"attachments,referenced_tweets&event_types=MessageCreate" MEDIA_FIELDS         \
	"&expansions=attachments.media_keys"

static void add_escaped(struct buf *b, const char *s)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";

	for (; *s; s++) {
		if (strchr(plain, *s))
			buf_addc(b, *s);
		else
			buf_addf(b, "%%%02X", (unsigned char)*s);
	}
}

static void add_list(struct buf *b, const struct x_conf *c, enum x_list list)
{
	switch (list) {
	case X_MENTIONS:
		buf_addf(b, "/2/users/%s/mentions?max_results=%" PRId64 POST_FIELDS "%s", c->user,
			c->page, c->authors ? ",author_id" USER_FIELDS : "");
		return;
	case X_SEARCH:
		buf_addf(b, "/2/tweets/search/recent?max_results=%" PRId64 POST_FIELDS "%s",
			c->page, c->authors ? ",author_id" USER_FIELDS : "");
		buf_adds(b, "&query=");
		add_escaped(b, c->search);
		return;
	default:
		buf_addf(b, "/2/dm_events?max_results=%" PRId64 MESSAGE_FIELDS "%s", c->page,
			c->authors ? ",sender_id" USER_FIELDS : "");
	}
}

/* Direct messages know neither; the reader stops by itself. */
static void add_from(struct buf *b, const struct x_ask *a)
{
	char text[TIME_TEXT_SIZE];

	if (a->list == X_MESSAGES)
		return;
	if (a->since) {
		buf_addf(b, "&since_id=%" PRIu64, a->since);
	} else if (a->start_ms > 0) {
		time_format(a->start_ms / 1000 * 1000, text);
		buf_addf(b, "&start_time=%s", text);
	}
}

char *x_request_url(const struct x_conf *c, const struct x_ask *a)
{
	_cleanup_buf_ struct buf b = BUF_INIT(URL_MAX);
	size_t n = strlen(c->base);

	while (n && c->base[n - 1] == '/')
		n--;
	buf_add(&b, c->base, n);
	add_list(&b, c, a->list);
	add_from(&b, a);
	if (*a->next) {
		buf_adds(&b, a->list == X_SEARCH ? "&next_token=" : "&pagination_token=");
		add_escaped(&b, a->next);
	}
	return buf_take(&b);
}

static int take_token(const char *text, size_t n, char ret_header[X_HEADER_SIZE],
	char ret_hash[SHA256_HEX_SIZE], struct err *e)
{
	while (n && strchr(" \t\r\n", text[n - 1]))
		n--;
	if (n == 0 || n > TOKEN_MAX)
		return err_set(e, -EINVAL, "the token is empty, or over %d bytes", TOKEN_MAX);
	for (size_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] >= 0x7f)
			return err_set(e, -EINVAL,
				"the token holds a character no token has; one line, without "
				"\"Bearer\"");
	snprintf(ret_header, X_HEADER_SIZE, "Authorization: Bearer %.*s", (int)n, text);
	sha256_hex(text, n, ret_hash);
	return 0;
}

int x_request_token(const struct x_conf *c, char ret_header[X_HEADER_SIZE],
	char ret_hash[SHA256_HEX_SIZE], struct err *e)
{
	_cleanup_free_ char *text = NULL;
	size_t n;
	int r;

	if (c->token)
		return take_token(c->token, strlen(c->token), ret_header, ret_hash, e);
	r = fsio_read_file(c->token_file, TOKEN_MAX + 64, &text, &n, e);
	if (r == 0)
		r = take_token(text, n, ret_header, ret_hash, e);
	if (text)
		explicit_bzero(text, n);
	return r;
}
