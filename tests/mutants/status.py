"""What is read of filed reports: answers of agencies, states, clocks; each rule switched off is found out."""

PAGES = 'common/core/followups.c'
F = 'unit:test-followups/'

MUTANTS = [
    # pages of follow-ups
    dict(name='status-own-followups-are-news', file=PAGES, test=F + 'our_own_are_known',
         old='	f->ours = ticket && begins_with_ticket(words, ticket);', new='	f->ours = ticket && begins_with_ticket("", ticket);'),
    dict(name='status-times-without-a-zone', file=PAGES, test=F + 'a_row_is_read',
         old='id_time_parse(at, m->zone_minutes, &f->at_ms)', new='id_time_parse(at, 0, &f->at_ms)'),
    dict(name='status-names-become-html', file=PAGES, test=F + 'texts_become_words',
         old='			add_escaped(out, value);', new='			(void)add_escaped, (void)buf_adds(out, value);'),
    dict(name='status-lines-run-together', file=PAGES, test=F + 'texts_become_words',
         old='	if (!b.over && !has_tags(buf_str(&b)))', new='	if (b.over && !has_tags(buf_str(&b)))'),
    dict(name='status-text-of-any-length', file=PAGES, test=F + 'texts_and_files_are_bounded',
         old='	if (strlen(whole) > FOLLOWUP_TEXT_MAX)', new='	if (strlen(whole) > 4 * FOLLOWUP_TEXT_MAX)'),
    dict(name='status-last-page-never', file=PAGES, test=F + 'the_last_page_says_null',
         old='	ret->more = row && !json_is_null(row) && !json_is_false(row);', new='	ret->more = row != NULL;'),
]
