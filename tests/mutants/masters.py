"""Lists of numbers: what is believed, what is told, how it is kept; each rule switched off is found out."""

READ, KEEP, SECTION = 'common/core/masters_read.c', 'common/core/masters.c', 'common/core/profile_masters.c'
LINT, REQUEST = 'common/core/profile_lint.c', 'common/core/profile_request.c'
U, L = 'unit:test-masters/', 'unit:test-profile_lint/'

MUTANTS = [
    # what is believed
    dict(name='masters-empty-believed', file=READ, test=U + 'answers_are_taken_whole_or_not_at_all',
         old='	if (!json_object_size(r->entries))', new='	if (!r->pages)'),
    dict(name='masters-half-believed', file=READ, test=U + 'answers_are_taken_whole_or_not_at_all',
         old='	if (r->told >= 0 && r->told != r->seen)', new='	if (r->told > 0 && r->told < r->seen)'),
    dict(name='masters-same-page-for-ever', file=READ, test=U + 'answers_are_taken_whole_or_not_at_all',
         old='	if (*ret_more && !added)', new='	if (*ret_more && added < 0)'),
    dict(name='masters-one-page-only', file=READ, test=U + 'answers_are_taken_whole_or_not_at_all',
         old='	*ret_more = says_more(r, answer);', new='	*ret_more = says_more(r, list);'),
    dict(name='masters-unreadable-believed', file=READ, test=U + 'answers_are_taken_whole_or_not_at_all',
         old='	if (r->skipped * SKIP_ONE_OF > r->seen)', new='	if (r->skipped > r->seen)'),
    dict(name='masters-last-of-two-counts', file=READ, test=U + 'answers_are_taken_whole_or_not_at_all',
         old='	if (json_object_get(r->entries, id))\n		return false;\n', new=''),
    dict(name='masters-any-number-of-pages', file=READ, test=U + 'pages_and_entries_are_bounded',
         old='r->pages == MASTERS_PAGES_MAX)', new='r->pages == MASTERS_PAGES_MAX * 2)'),
    dict(name='masters-any-number-of-entries', file=READ, test=U + 'pages_and_entries_are_bounded',
         old='	if (r->seen < MASTERS_ENTRIES_MAX)', new='	if (r->seen < MASTERS_ENTRIES_MAX * 2)'),
    dict(name='masters-doubles-by-hand', file=READ, test=U + 'files_by_hand',
         old='	return keep(r, id, name) ? 0 :', new='	return keep(r, id, name) || !r->m ? 0 : r->m ? 0 :'),
    dict(name='masters-most-gone-believed', file=KEEP, test=U + 'most_of_a_list_is_never_gone_at_once',
         old='x->counts[GONE] <= MAX(GONE_ALWAYS, had / GONE_ONE_OF))', new='x->counts[GONE] <= MAX(GONE_ALWAYS, had))'),
    # what is kept
    dict(name='masters-damage-unseen', file=KEEP, test=U + 'a_damaged_document_is_not_read',
         old='	if (strcmp(json_str_or(doc, "hash", ""), hash) != 0)', new='	if (!json_str(doc, "hash"))'),
    dict(name='masters-of-another-endpoint', file=KEEP, test=U + 'a_damaged_document_is_not_read',
         old='		strcmp(json_str_or(doc, "origin", ""), at->origin) != 0)', new='		!json_str(doc, "origin"))'),
    dict(name='masters-gone-forgotten', file=KEEP, test=U + 'changes_are_told',
         old='		if (!json_object_get(x->entries, id))', new='		if (!json_object_get(x->entries, id) && !*id)'),
    dict(name='masters-quiet-day-hides-the-change', file=KEEP, test=U + 'changes_are_told',
         old='	if (!change || x.counts[ADDED]', new='	if (change || x.counts[ADDED]'),
    dict(name='masters-new-name-told-a-day', file=KEEP, test=U + 'a_new_name_stays_told_until_it_is_accepted',
         old='		if (!was) {', new='		if (strcmp(before, name) != 0) {'),
    dict(name='masters-old-yes-for-a-new-name', file=KEEP, test=U + 'a_new_name_stays_told_until_it_is_accepted',
         old='|| strcmp(json_str_or(x->accepted, id, ""), name) == 0)', new='|| json_str(x->accepted, id))'),
    dict(name='masters-gone-without-bound', file=KEEP, test=U + 'what_is_remembered_is_bounded',
         old='	bound(x->gone);\n', new=''),
    # what is told
    dict(name='masters-missing-silent', file=KEEP, test=U + 'numbers_are_looked_up',
         old='	if (!name) {', new='	if (!name && !gone) {'),
    dict(name='masters-renamed-silent', file=KEEP, test=U + 'numbers_are_looked_up',
         old='	} else if (renamed && strcmp(', new='	} else if (renamed && !*name && strcmp('),
    dict(name='masters-by-category-not-checked', file=SECTION, test=U + 'numbers_are_looked_up',
         old="(!s->key[n] || s->key[n] == '.')", new='!s->key[n]'),
    dict(name='masters-default-not-checked', file=SECTION, test=U + 'numbers_are_looked_up',
         old='	if (def && !strmap_value(settings, name)) {', new='	if (def && strmap_value(settings, name)) {'),
    # the section
    dict(name='masters-address-chosen-by-the-answer', file=REQUEST, test=U + 'pages_are_asked_for_by_number',
         old='				   m->page, page)', new='				   m->more, page)'),
    dict(name='masters-checks-of-nothing', file=SECTION, test=U + 'mistakes_of_the_section_are_told',
         old='!checked_part(l->p, what)', new='!*what && !checked_part(l->p, what)'),
    dict(name='masters-agencies-in-no-list', file=LINT, test=L + 'each_mistake_is_told',
         old='!checks_it(p, "agencies"))', new='!profile_masters(p) && !checks_it(p, "agencies"))'),
    dict(name='masters-file-not-looked-at', file=LINT, test=L + 'each_mistake_is_told',
         old='		if (m->file)\n			check_kept(', new='		if (m->file && !*m->file)\n			check_kept('),
]
