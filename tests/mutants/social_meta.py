"""Facebook and Instagram: what is a citizen's, what is ours, what concerns an earlier message; what is read again, when a
watermark moves, when no call is made."""

DECODE = 'daemons/social/meta_decode.c'
FEED, MESSAGES = 'daemons/social/meta_feed.c', 'daemons/social/meta_messages.c'
CASES = 'test-social_meta_decode/'
POLL, POLLS = 'daemons/social/meta_poll.c', 'test-social_meta_poll/'
BOOKS = 'daemons/social/meta_books.c'
GRAPH = 'daemons/social/meta_graph.c'
LIMITS = 'daemons/social/meta_limits.c'


def row(name, file, old, new, case):
    return dict(name=name, file=file, old=old, new=new, test='unit:' + case)


MUTANTS = [
    row('meta-own-words-are-complaints', FEED,
        'x->m.class = ours ? MC_ECHO : MC_HUMAN;', 'x->m.class = ours ? MC_HUMAN : MC_HUMAN;', CASES + 'feed'),
    row('meta-echo-is-a-complaint', MESSAGES,
        'if (json_flag(message, "is_echo") || json_flag(message, "is_self"))', 'if (json_flag(message, "is_self"))',
        CASES + 'messages'),
    row('meta-hide-withdraws', FEED, '{"hide", MODERATE}', '{"hide", REMOVE}', CASES + 'feed'),
    row('meta-edit-is-a-new-message', FEED,
        'x->m.kind = act == REMOVE ? MK_DELETE : MK_EDIT;', 'x->m.kind = act == REMOVE ? MK_DELETE : MK_MESSAGE;',
        CASES + 'feed'),
    row('meta-unknown-verb-dropped-words', FEED,
        'meta_take_whole(x, MC_UNKNOWN);\n\t\tfeed_content(x, v, item);', 'meta_take_whole(x, MC_UNKNOWN);', CASES + 'feed'),
    row('meta-foreign-account-is-ours', DECODE,
        'if ((x->notice || x->m.class == MC_HUMAN) && foreign_account(x)) {',
        'if ((x->notice || x->m.class == MC_HUMAN) && foreign_account(x) && !x->account) {', CASES + 'instagram'),
    row('meta-standby-lost', DECODE,
        'each_event(d, entry, "standby", place);\n\n\treturn n + flat', 'each_event(d, entry, "stand-by", place);\n\n\treturn n + flat',
        CASES + 'messages'),
    row('meta-revision-of-the-sending', 'daemons/social/meta_fields.c',
        'buf_addf(&b, "%s\\n%" PRId64 "\\n", verb, meta_time(created));',
        'buf_addf(&b, "%s\\n%" PRId64 "\\n", verb, m->sent_ms + (created ? 1 : 0));', CASES + 'an_edit_has_an_id_of_its_own'),
    # --- the poll
    row('meta-cursor-before-report', POLL,
        'while (p->at < p->n_roots && !p->first && p->flying == 0)', 'while (p->at < p->n_roots && !p->first)',
        POLLS + 'a_watermark_moves_behind_every_report'),
    row('meta-failed-report-moves-the-watermark', POLL,
        'if (!ok)\n\t\tp->failed = true;', 'if (!ok)\n\t\tp->last_offset = -1;', POLLS + 'a_failed_report_keeps_the_watermark'),
    row('meta-failed-cursor-forgotten', POLL,
        'p->written_dirty |= !ok;', 'p->written_dirty |= !ok && !ctx;', POLLS + 'a_cursor_that_failed_is_written_again'),
    row('meta-empty-page-is-the-end', POLL,
        '(p->page_any && p->page_old)', '(p->page_any ? p->page_old : true)', POLLS + 'an_empty_page_is_not_the_end'),
    row('meta-one-old-item-is-the-end', POLL,
        'p->page_old &= x.time_ms && x.time_ms < p->first->limit_ms;',
        'p->page_old = x.time_ms && x.time_ms < p->first->limit_ms;\n\tp->page_any |= p->page_old;',
        POLLS + 'old_items_in_between_are_not_the_end'),
    row('meta-no-overlap', POLL,
        'watermark - p->c.overlap_ms', 'watermark', POLLS + 'the_watermark_less_the_overlap_is_the_end'),
    row('meta-webhook-under-way-produced-again', POLL,
        'else if (x->carried && meta_books_flying(p->c.books, &x->m))', 'else if (x->carried && x->m.kind == MK_CALL)',
        POLLS + 'what_is_known_is_not_produced'),
    row('meta-giving-up-moves-the-watermark', POLL,
        'p->failed = true;\n\tmetric_add(p->gaps, why, 1);', 'metric_add(p->gaps, why, 1);',
        POLLS + 'giving_up_keeps_the_watermark'),
    row('meta-throttled-is-given-up', POLL,
        'j.verdict != MV_THROTTLED && j.verdict != MV_DEAD && ++t->tries', '++t->tries',
        POLLS + 'giving_up_keeps_the_watermark'),
    row('meta-refused-edge-is-read', POLL,
        'r->refused = true;\n\tp->failed = true;', 'r->refused = true;', POLLS + 'a_refused_edge_stops_no_other'),
    # --- the books
    row('meta-notice-of-a-failed-report', BOOKS,
        'if (persisted && f->fetch)', 'if (f->fetch)', POLLS + 'a_notice_is_completed_once'),
    row('meta-notice-forgotten-at-a-start', BOOKS,
        'if (f)\n\t\tadd_notice(b, f, base);', 'if (f && b->n_notices < 0)\n\t\tadd_notice(b, f, base);',
        POLLS + 'the_raw_log_is_the_books'),
    row('meta-notice-settled-before-its-report', BOOKS,
        'k->durable |= persisted;', 'k->durable = true;', POLLS + 'a_failed_report_keeps_the_watermark'),
    row('meta-books-of-another-account', BOOKS,
        '!same(record, "account", base->account) ||', '!same(record, "account", json_str(record, "account")) ||',
        POLLS + 'the_raw_log_is_the_books'),
    # --- the API
    row('meta-token-in-a-url', GRAPH, '{"access_token=", "appsecret_proof="}', '{"access-token=", "appsecret_proof="}',
        'test-social_meta_graph/pages'),
    row('meta-id-changes-the-path', GRAPH, '0123456789_-:=.$")', '0123456789_-:=.$/")', 'test-social_meta_graph/paths'),
    row('meta-bad-paging-is-the-end', GRAPH,
        'return *ret ? 0 : -EINVAL;', 'return 0;', 'test-social_meta_graph/pages'),
    row('meta-never-stops', LIMITS, 'if (u.percent >= META_STOP_PERCENT)', 'if (u.percent > 100 * META_STOP_PERCENT)',
        'test-social_meta_limits/pauses'),
    row('meta-throttle-is-a-refusal', LIMITS, '{80000, 80014, MV_THROTTLED}', '{80000, 80000, MV_THROTTLED}',
        'test-social_meta_limits/answers'),
    dict(name='meta-dead-token-used', file='daemons/social/meta_api.c',
         old='a->token_state == TOKEN_DEAD && equal_secret', new='a->token_state == TOKEN_MISSING && equal_secret',
         test='flow:test_social_meta:test_dead_token'),
    dict(name='meta-api-away-is-healthy', file='daemons/social/meta_api.c',
         old='a->token_state == TOKEN_WELL && a->failures < MANY_FAILURES', new='a->token_state == TOKEN_WELL',
         test='flow:test_social_meta:test_an_api_that_is_away_is_told'),
]
