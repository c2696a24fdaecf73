"""A bug for each fuzz target, one row each: a bound that is not checked, memory given back twice or never, an invariant
of the target that breaks. `old` stands once in the file; with `new` in its place the target must fail within its bound
(see planted.py). Beside each: how it shows."""


def row(target, file, old, new, shows):
    return dict(target=target, file=file, old=old, new=new, shows=shows)


BUGS = [
    row('call112', 'daemons/call112/decode.c', 'while (i < n && p[i] && strchr(" \\t\\r\\n,[]", p[i]))',
        'while (p[i] && strchr(" \\t\\r\\n,[]", p[i]))', 'read behind the window'),
    row('csv', 'common/core/csv.c', "if (*s->p == '\\r' && s->p + 1 < s->end && s->p[1] == '\\n')",
        "if (*s->p == '\\r' && s->p[1] == '\\n')", 'read behind a file that ends in CR'),
    row('door_json', 'daemons/door/decode.c', 'f->data = xmalloc(n);', 'f->data = xmalloc(n / 2 + 1);',
        'written behind the decoded file'),
    row('followups', 'common/core/followups.c', '	if (!end || end - s > NAME_MAX_LEN)\n		return 0;\n',
        '	if (!end)\n		end = s + strlen(s);\n', 'read behind a placeholder that does not end'),
    row('geo', 'common/core/geo.c', '	if (!inside(a.degrees, b.degrees))\n		return -ERANGE;\n', '',
        'a place outside Indonesia is taken'),
    row('graph', 'daemons/social/meta_graph.c', 'if (n && !ours) {', 'if (n && (!ours || b.len)) {',
        'the token stays in the query of the next page'),
    row('http', 'common/base/httpd_check.c', 'if (lengths++)', 'if (lengths++ > 1)', 'two Content-Length are taken'),
    row('json', 'common/base/jsonspan.c', 'while (p < end && !strchr(",]}: \\t\\r\\n\\"[{", *p))',
        'while (!strchr(",]}: \\t\\r\\n\\"[{", *p))', 'read behind a number that ends the text'),
    row('json', 'common/base/jsonspan.c', "		if (*p == '\\\\')\n			p++;\n		else if (*p == '\"')",
        "		if (*p == '\"')", 'jansson and the spans disagree about an escaped quote'),
    row('mail_text', 'common/core/html_text.c', 'while (at + len < n && isalnum(', 'while (isalnum(',
        'read behind a page that ends in a tag'),
    row('mail_text', 'daemons/email/quote_trim.c', '	if (anything_left(l))\n		return;\n',
        '	if (l->n)\n		return;\n', 'all of a mail is trimmed away'),
    row('mapping', 'common/core/mapping.c', "	_cleanup_free_ char *text = NULL;\n\n	if (*pointer == '=')",
        "	char *text = NULL;\n\n	if (*pointer == '=')", 'memory is lost'),
    row('masters', 'common/core/masters_read.c', 'out = xmalloc(strlen(s) + 1);', 'out = xmalloc(strlen(s));',
        'written behind a name'),
    row('media', 'common/core/filetype.c', 'return n >= where + len && memcmp(', 'return memcmp(',
        'read behind a short file'),
    row('meta', 'daemons/social/meta_fields.c', '	if (n + 2 > sizeof(iso))\n		return 0;\n', '',
        'a long time is written over the stack'),
    row('mime', 'daemons/email/mime_parts.c', "*p == '\\n' && out > line && out[-1] == ' '", "*p == '\\n' && out[-1] == ' '",
        'read before a flowed text that begins with a line end'),
    row('open311', 'daemons/door/form.c', '		if (ret->n == FORM_PAIRS_MAX)\n'
        '			return err_set(e, -EINVAL, "more than %d fields", FORM_PAIRS_MAX);\n', '',
        'written behind the last of the pairs'),
    row('listing', 'daemons/call112/listing.c', " || p[i] == '/')", ')', 'a name leads into another folder'),
    row('page', 'daemons/call112/page.c', "	if (memchr(host + 3, '{', strcspn(host + 3, \"/?\")))\n"
        '		return "has a place to fill in within its host";\n', '', 'an answer chooses the host'),
    row('profile', 'common/core/profile_answer.c', '	if (json_is_integer(v) && json_integer_value(v) > 0 &&\n'
        '		(uint64_t)json_integer_value(v) <= REMOTE_ID_MAX)\n',
        '	if (json_is_integer(v) && json_integer_value(v) > 0)\n', 'a number beyond its range is taken'),
    row('records', 'common/core/lane_record.c', 'p->erased = xcalloc(n, sizeof *p->erased);',
        'p->erased = xcalloc((n + 1) / 2, sizeof *p->erased);', 'written behind a list of two'),
    row('sheet', 'daemons/door/sheet.c', '	s->rules.columns = header->n;\n', '', 'read behind a short row'),
    row('texts', 'common/base/httpd_check.c', '{s[1], s[1] ? s[2] : 0, 0}', '{s[1], s[2], 0}',
        'read behind a text that ends in %'),
    row('utf8', 'common/base/utf8.c', 'while (have < n && have <= lead->more &&', 'while (have <= lead->more &&',
        'read behind a torn character'),
    row('weblist', 'daemons/call112/weblist.c', 'while (p < end && n < size) {', 'while (p < end) {', 'written behind a long link'),
    row('webform', 'daemons/door/multipart.c', 'if (n < strlen(delimiter) || memcmp(', 'if (memcmp(',
        'read behind a short body'),
    row('whatsapp', 'daemons/whatsapp/decode.c', 'return n + (r < 0);', 'return n;',
        'more messages than were counted'),
    row('x', 'daemons/social/x_page.c', '			json_set_new(all, json_str(v, key), v);\n		else\n'
        '			json_decref(v);\n', '			json_set_new(all, json_str(v, key), v);\n', 'memory is lost'),
    row('yaml', 'common/base/yaml.c', '	} else {\n		json_decref(v);\n	}\n	return true;',
        '	}\n	return true;', 'memory is lost'),
]
