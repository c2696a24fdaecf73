"""muara-media: where may be asked, what counts as the bytes, and the order blob, record, report, commit."""

REACH, JUDGE, BOOK = (f'daemons/media/{n}.c' for n in ('reach', 'judge', 'book'))
RULES = 'unit:test-media_rules/'
FETCH = 'flow:test_media_fetch:'


def row(name, file, old, new, test):
    return dict(name='media-' + name, file=file, old=old, new=new, test=test)


MUTANTS = [
    row('link-local-is-public', REACH, '{{169, 254, 0, 0}, 16}', '{{169, 254, 0, 0}, 32}', RULES + 'addresses'),
    row('mapped-is-public', REACH, 'if ((a[0] & 0xe0) != 0x20)', 'if ((a[0] & 0xe0) == 0xe0)', RULES + 'addresses'),
    row('exception-for-every-port', REACH, 'if (listed(exceptions, text))', 'if (exceptions->n)', RULES + 'addresses'),
    row('any-scheme', REACH, "return REACH_SCHEME;", "return REACH_YES;", RULES + 'urls'),
    row('user-name-in-link', REACH, 'if (p->user || p->password)', 'if (p->user && !p->password && !p->host)',
        RULES + 'urls'),
    row('suffix-without-dot', REACH, 'strcasecmp(host + n - tail, p + 1) == 0',
        'strcasecmp(host + n - tail + 1, p + 2) == 0', RULES + 'urls'),
    row('hash-not-compared', JUDGE, 'strcmp(a->announced_sha256, a->sha256) != 0', 'strcmp(a->sha256, a->sha256) != 0',
        RULES + 'got'),
    row('compressed-is-taken', JUDGE, 'return v(NEXT_REFUSED, "compressed");', 'return v(NEXT_TAKE, "");', RULES + 'got'),
    row('token-is-final', JUDGE, 'struct ruling r = again("token", a);', 'struct ruling r = believed_later("token", a);',
        RULES + 'asked'),
    row('gone-is-believed-at-once', JUDGE, 'return a->age_ms >= a->gone_ms ?', 'return a->age_ms >= 0 ?',
        RULES + 'asked'),
    row('program-is-a-document', 'common/core/filetype.c', 'OUT(0, "MZ", "application/x-dosexec", "program")',
        'KEEP(0, "MZ", "application/x-dosexec", "document")', 'unit:test-filetype/files'),
    row('prefix-not-contiguous', BOOK, 'return m ? m->offset : t->next;', 'return t->next;', RULES + 'positions'),
    row('failed-report-counts', 'daemons/media/intake_want.c', 'if (r->status) {', 'if (r->status > 0) {',
        'unit:test-media_intake/no_position_passes_an_attachment'),
    row('address-not-asked', 'common/base/httpc_call.c', 'if (!c->may_connect(c->ctx, &to->addr))',
        'if (!c->may_connect(c->ctx, &to->addr) && purpose != CURLSOCKTYPE_IPCXN)', 'unit:test-httpc/addresses_are_asked'),
    row('stored-is-lost-again', 'daemons/normalizer/complaint_messages.c',
        'strcmp(json_str_or(a, "state", ""), "stored") == 0)', 'strcmp(json_str_or(a, "state", ""), "x") == 0)',
        'unit:test-decide/what_is_stored_stays'),
    row('waits-for-ever', 'daemons/normalizer/complaint.c', 'if (now_ms >= until)', 'if (now_ms >= until + 864000000)',
        'unit:test-decide/and_not_for_ever'),
    row('waits-for-none', 'daemons/normalizer/complaint.c', 'if (r->media_wait_ms == 0 || !complaint_pending(c))',
        'if (r->media_wait_ms >= 0 || !complaint_pending(c))', 'unit:test-decide/a_complaint_waits_for_its_photos'),
    row('late-is-not-fresh', 'daemons/normalizer/decide_act.c', 'if (json_flag(c, "after_filing"))\n		complaint_fresh',
        'if (x->now_ms < 0)\n		complaint_fresh', 'unit:test-decide/a_photo_after_the_filing_is_a_version'),
]
