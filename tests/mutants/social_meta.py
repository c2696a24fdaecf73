"""Facebook and Instagram: what is a citizen's, what is ours, what concerns an earlier message."""

DECODE = 'daemons/social/meta_decode.c'
CASES = 'test-social_meta_decode/'


def row(name, file, old, new, case):
    return dict(name=name, file=file, old=old, new=new, test='unit:' + case)


MUTANTS = [
    row('meta-own-words-are-complaints', DECODE,
        'x->m.class = ours ? MC_ECHO : MC_HUMAN;', 'x->m.class = ours ? MC_HUMAN : MC_HUMAN;', CASES + 'feed'),
    row('meta-echo-is-a-complaint', DECODE,
        'if (json_flag(message, "is_echo") || json_flag(message, "is_self"))', 'if (json_flag(message, "is_self"))',
        CASES + 'messages'),
    row('meta-hide-withdraws', DECODE, '{"hide", MODERATE}', '{"hide", REMOVE}', CASES + 'feed'),
    row('meta-edit-is-a-new-message', DECODE,
        'x->m.kind = act == REMOVE ? MK_DELETE : MK_EDIT;', 'x->m.kind = act == REMOVE ? MK_DELETE : MK_MESSAGE;',
        CASES + 'feed'),
    row('meta-unknown-verb-dropped-words', DECODE,
        'take_whole(x, MC_UNKNOWN);\n\t\tfeed_content(x, v, item);', 'take_whole(x, MC_UNKNOWN);', CASES + 'feed'),
    row('meta-foreign-account-is-ours', DECODE,
        'if (read && foreign_account(x)) {', 'if (read && foreign_account(x) && !x->account) {', CASES + 'instagram'),
    row('meta-standby-lost', DECODE,
        'each_event(d, entry, "standby", place);\n\n\treturn n + flat', 'each_event(d, entry, "stand-by", place);\n\n\treturn n + flat',
        CASES + 'messages'),
    row('meta-revision-of-the-sending', 'daemons/social/meta_fields.c',
        'buf_addf(&b, "%s\\n%" PRId64 "\\n", verb, meta_time(created));',
        'buf_addf(&b, "%s\\n%" PRId64 "\\n", verb, m->sent_ms + (created ? 1 : 0));', CASES + 'an_edit_has_an_id_of_its_own'),
]
