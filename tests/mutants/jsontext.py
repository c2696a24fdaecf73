"""JSON: what the reader of our own may not take, and what the writer may not leave as it is."""

READ = 'common/base/json_read.c'
WRITE = 'common/base/json.c'


def row(name, file, old, new, case):
    return dict(name=name, file=file, old=old, new=new, test='unit:test-json/' + case)


MUTANTS = [
    row('json-key-twice', READ, 'return json_object_size(obj) > n;', 'return json_object_size(obj) >= n;', 'what_is_no_json_is_not_read'),
    row('json-half-a-pair', READ, 'if (low < 0xDC00 || low > 0xDFFF)', 'if (low < 0 || low > 0xDFFF)', 'what_is_no_json_is_not_read'),
    row('json-nul-in-text', READ, 'if (unit <= 0 ||', 'if (unit < 0 ||', 'what_is_no_json_is_not_read'),
    row('json-line-break-in-text', READ, "if (c == '\"' || c == '\\\\' || c < ' ')", "if (c == '\"' || c == '\\\\')",
        'what_is_no_json_is_not_read'),
    row('json-bad-utf8', READ, '&point, &bad);\n\t\tif (bad)', '&point, &bad);\n\t\tif (bad && !c)', 'what_is_no_json_is_not_read'),
    row('json-leading-zero', READ, "if (!n || (n > 1 && *digits == '0'))", 'if (!n)', 'what_is_no_json_is_not_read'),
    row('json-tail', READ, 'return r.at == r.end ? TAKE_PTR(j) : NULL;', 'return TAKE_PTR(j);', 'what_is_no_json_is_not_read'),
    row('json-comma-at-the-end', READ, "if (!v || json_array_append_new(list, v))\n\t\t\treturn false;",
        "if (!v && *r->at != ']')\n\t\t\treturn false;\n\t\tif (v && json_array_append_new(list, v))\n\t\t\treturn false;",
        'what_is_no_json_is_not_read'),
    row('json-no-depth', READ, 'if (!j || !r->depth)', 'if (!j)', 'depth_is_bounded'),
    row('json-key-lost', READ, 'kept = xstrndup(key.p, key.n);\n\t\tkey.p = kept;', 'kept = xstrndup(key.p, key.n);',
        'what_jansson_takes_is_read_alike'),
    row('json-quote-not-escaped', WRITE, "return c >= ' ' && c != '\"' && c != '\\\\';", "return c >= ' ' && c != '\"';",
        'every_character_is_written_as_jansson_does'),
    row('json-smallest-integer', WRITE, 'v < 0 ? 0 - (unsigned long long)v', 'v < -9223372036854775807 ? 0', 'every_kind_is_written_as_jansson_does'),
]
