/* mail_head: see mail_head.h. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "base/util.h"
#include "core/ids.h"

#include "mail_head.h"

#define ID_MAX_BYTES 250

/* --- fields as text --- */

static char *trimmed(const char *s)
{
	size_t n;
	char *t;

	if (!s)
		return NULL;
	while (isspace((unsigned char)*s))
		s++;
	n = strlen(s);
	while (n && isspace((unsigned char)s[n - 1]))
		n--;
	t = utf8_repair(s, n, &n, NULL);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)t[i] < ' ')
			t[i] = ' ';
	if (!n) {
		free(t);
		return NULL;
	}
	return t;
}

static GMimeHeader *field(GMimeObject *o, const char *name)
{
	return o ? g_mime_header_list_get_header(g_mime_object_get_header_list(o), name) : NULL;
}

char *head_text(GMimeObject *o, const char *name)
{
	GMimeHeader *h = field(o, name);
	_cleanup_free_ char *raw = h ? trimmed(g_mime_header_get_raw_value(h)) : NULL;
	char *decoded, *text;

	if (!raw)
		return NULL;
	decoded = g_mime_utils_header_decode_text(NULL, raw);
	text = trimmed(decoded);
	g_free(decoded);
	return text;
}

char *head_raw(GMimeObject *o, const char *name)
{
	GMimeHeader *h = field(o, name);

	return h ? trimmed(g_mime_header_get_raw_value(h)) : NULL;
}

/* --- addresses --- */

static char *address_text(const char *p, size_t n)
{
	char *s;

	if (n < 3 || n > 254 || !memchr(p, '@', n) || *p == '@' || p[n - 1] == '@')
		return NULL;
	s = utf8_repair(p, n, &n, NULL);
	for (size_t i = 0; i < n; i++)
		s[i] = (char)tolower((unsigned char)s[i]);
	return s;
}

/* Of a field no parser takes: the first word that looks like an address. */
static char *address_guess(const char *raw)
{
	for (const char *p = raw; *p;) {
		size_t n = strcspn(p, " \t,;<>()\"");
		char *s = n ? address_text(p, n) : NULL;

		if (s)
			return s;
		p += n;
		p += *p != '\0';
	}
	return NULL;
}

static void first_mailbox(InternetAddressList *list, char **ret_address, char **ret_name, int depth)
{
	int n = list ? internet_address_list_length(list) : 0;

	for (int i = 0; i < n && !*ret_address && depth < 3; i++) {
		InternetAddress *a = internet_address_list_get_address(list, i);
		const char *addr;

		if (INTERNET_ADDRESS_IS_GROUP(a)) {
			first_mailbox(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(a)),
				ret_address, ret_name, depth + 1);
			continue;
		}
		addr = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(a));
		*ret_address = addr ? address_text(addr, strlen(addr)) : NULL;
		if (*ret_address && ret_name)
			*ret_name = trimmed(internet_address_get_name(a));
	}
}

void head_address(GMimeObject *o, const char *name, char **ret_address, char **ret_name)
{
	_cleanup_free_ char *raw = head_raw(o, name);
	InternetAddressList *list;

	*ret_address = NULL;
	if (ret_name)
		*ret_name = NULL;
	if (!raw)
		return;
	list = internet_address_list_parse(NULL, raw);
	first_mailbox(list, ret_address, ret_name, 0);
	if (list)
		g_object_unref(list);
	if (!*ret_address)
		*ret_address = address_guess(raw);
}

/* --- ids --- */

static char *id_text(const char *p, size_t n)
{
	while (n && (isspace((unsigned char)*p) || *p == '<'))
		p++, n--;
	while (n && (isspace((unsigned char)p[n - 1]) || p[n - 1] == '>'))
		n--;
	if (!n || n > ID_MAX_BYTES)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] <= ' ' || (unsigned char)p[i] >= 0x7F)
			return NULL;
	return xstrndup(p, n);
}

char *head_message_id(GMimeObject *o, const char *name, bool last)
{
	_cleanup_free_ char *raw = head_raw(o, name);
	const char *open, *close;

	if (!raw)
		return NULL;
	open = last ? strrchr(raw, '<') : strchr(raw, '<');
	if (!open) /* some mailers forget the brackets */
		return strchr(raw, '@') ? id_text(raw, strlen(raw)) : NULL;
	close = strchr(open, '>');
	return id_text(open, close ? (size_t)(close - open) : strlen(open));
}

char *head_ticket(const char *subject)
{
	char ticket[TICKET_TEXT_SIZE], word[TICKET_TEXT_SIZE];
	size_t n = subject ? strlen(subject) : 0;

	for (size_t i = 0; i + TICKET_TEXT_SIZE - 1 <= n; i++) {
		if (subject[i + 5] != '-' || (i && isalnum((unsigned char)subject[i - 1])) ||
			isalnum((unsigned char)subject[i + TICKET_TEXT_SIZE - 1]))
			continue;
		memcpy(word, subject + i, TICKET_TEXT_SIZE - 1);
		word[TICKET_TEXT_SIZE - 1] = '\0';
		if (ticket_parse(word, ticket) == 0)
			return xstrdup(ticket);
	}
	return NULL;
}

/* --- class --- */

static bool is(GMimeObject *o, const char *name, const char *const *values)
{
	_cleanup_free_ char *raw = head_raw(o, name);

	for (; raw && *values; values++)
		if (strncasecmp(raw, *values, strlen(*values)) == 0)
			return true;
	return false;
}

static bool has(GMimeObject *o, const char *const *names)
{
	for (; *names; names++)
		if (field(o, *names))
			return true;
	return false;
}

/* Local part of the address is one of the words, or has one of them at an end, set off by - _ . */
static bool local_part(const char *address, const char *const *words)
{
	size_t n = address ? strcspn(address, "@") : 0;

	for (; n && *words; words++) {
		size_t len = strlen(*words);

		if (n < len)
			continue;
		if (strncasecmp(address, *words, len) == 0 &&
			(n == len || strchr("-_.+", address[len])))
			return true;
		if (n > len && strncasecmp(address + n - len, *words, len) == 0 &&
			strchr("-_.", address[n - len - 1]))
			return true;
	}
	return false;
}

static bool own_address(const char *author, const struct strlist *own)
{
	for (size_t i = 0; author && own && i < own->n; i++)
		if (strcasecmp(author, own->v[i]) == 0)
			return true;
	return false;
}

static const char *report_type(GMimeObject *o)
{
	GMimeContentType *t = g_mime_object_get_content_type(o);

	if (!t || !g_mime_content_type_is_type(t, "multipart", "report"))
		return NULL;
	return g_mime_content_type_get_parameter(t, "report-type");
}

static bool null_sender(GMimeObject *o)
{
	_cleanup_free_ char *raw = head_raw(o, "Return-Path");

	return raw && strcmp(raw, "<>") == 0;
}

/* NULL: nothing marks it as a machine's. */
static const char *machine(GMimeObject *o, const char *author)
{
	static const char *const lists[] = {
		"List-Id", "List-Unsubscribe", "List-Post", "List-Help", NULL};
	static const char *const replies[] = {
		"X-Autoreply", "X-Autorespond", "X-Autoresponder", NULL};
	static const char *const bulk[] = {"bulk", "junk", "list", "auto_reply", NULL};
	static const char *const no[] = {"no", NULL};
	static const char *const noreply[] = {"noreply", "no-reply", "no_reply", "donotreply",
		"do-not-reply", "do_not_reply", "jangan-balas", NULL};

	if (field(o, "Auto-Submitted") && !is(o, "Auto-Submitted", no))
		return "auto-reply";
	if (has(o, replies))
		return "auto-reply";
	if (has(o, lists))
		return "list";
	if (is(o, "Precedence", bulk))
		return "bulk";
	return local_part(author, noreply) ? "no-reply" : NULL;
}

enum message_class head_class(
	GMimeObject *o, const char *author, const struct mail_rules *rules, const char **ret_kind)
{
	static const char *const daemons[] = {"mailer-daemon", "postmaster", "mail-daemon", NULL};
	static const char *const yes[] = {"yes", NULL};
	const char *report = report_type(o);

	*ret_kind = NULL;
	if (own_address(author, rules->own))
		return *ret_kind = "own", MC_ECHO;
	if (report && strcasecmp(report, "disposition-notification") == 0)
		return *ret_kind = "receipt", MC_AUTO;
	if (report && strcasecmp(report, "feedback-report") == 0)
		return *ret_kind = "feedback", MC_AUTO;
	if (report || local_part(author, daemons) || field(o, "X-Failed-Recipients"))
		return *ret_kind = "bounce", MC_BOUNCE;
	*ret_kind = machine(o, author);
	if (*ret_kind)
		return MC_AUTO;
	if (null_sender(o))
		return *ret_kind = "bounce", MC_BOUNCE;
	if (rules->trust_spam_flag && is(o, "X-Spam-Flag", yes))
		return *ret_kind = "spam", MC_SPAM;
	return MC_HUMAN;
}

/* Only the topmost: a server of ours puts its own there and takes away what claims to be its own.
 */
bool head_proven(GMimeObject *o, const char *authserv)
{
	_cleanup_free_ char *raw = authserv ? head_raw(o, "Authentication-Results") : NULL;
	size_t n = authserv ? strlen(authserv) : 0;
	const char *p;

	if (!raw || !n || strncasecmp(raw, authserv, n) != 0 || !strchr("; \t", raw[n]))
		return false;
	for (p = raw; (p = strcasestr(p, "dmarc=pass")); p++)
		if (p[-1] == ' ' || p[-1] == ';' || p[-1] == '\t')
			return true;
	return false;
}

/* --- subject --- */

const char *head_subject(const char *s, bool *ret_reply, bool *ret_forward)
{
	static const struct {
		const char *word;
		bool forward;
	} marks[] = {{"re:", false}, {"re :", false}, {"bls:", false}, {"balas:", false},
		{"aw:", false}, {"fw:", true}, {"fwd:", true}, {"tr:", true}, {"trs:", true},
		{"terusan:", true}, {"[fwd:", true}};

	*ret_reply = *ret_forward = false;
	for (bool more = true; more;) {
		more = false;
		while (*s == ' ')
			s++;
		for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
			size_t n = strlen(marks[i].word);

			if (strncasecmp(s, marks[i].word, n) != 0)
				continue;
			*(marks[i].forward ? ret_forward : ret_reply) = true;
			s += n;
			more = true;
			break;
		}
	}
	return s;
}
