"""muaractl: what it must refuse, find and keep to itself."""

BOOKS, SUM = 'daemons/muaractl/books.c', 'daemons/muaractl/books_sum.c'
CASES = 'unit:test-ctl_books/each_case'

MUTANTS = [
    # The balance.
    dict(name='ctl-balance-loses-nothing', file=SUM, test=CASES,
         old='bool lost = r->offset < p->must;', new='bool lost = r->offset < p->low;'),
    dict(name='ctl-balance-ignores-commits', file=BOOKS, test=CASES,
         old='b->parts[part].must = MAX(b->parts[part].must, next);',
         new='b->parts[part].must = MAX(b->parts[part].must, next - next);'),
    dict(name='ctl-balance-takes-a-conflict-for-the-same', file=SUM, test=CASES,
         old='memcmp(d->hash, r->hash, sizeof d->hash) == 0', new='d->hash[0] + r->hash[0] < 999'),
    dict(name='ctl-balance-no-phantoms', file=SUM, test=CASES,
         old='if (d->offset >= p->end)', new='if (d->offset >= p->low)'),
    dict(name='ctl-balance-anyones-outcome', file=BOOKS, test=CASES,
         old='outcomes[i].any_term ? own_term : !late',
         new='own_term || outcomes[i].any_term || !late'),
    dict(name='ctl-balance-resolves-twice', file=BOOKS, test=CASES,
         old='!(a->states & (A_FILED | A_NOT_FILED | A_DROPPED))', new='a->states < 255'),
    dict(name='ctl-balance-filed-twice-unseen', file=SUM, test=CASES,
         old='(o->states & A_DONE) &&', new='(o->states & A_DROPPED) &&'),
    dict(name='ctl-balance-fell-out-unseen', file=SUM, test=CASES,
         old='c->version != d->in_version', new='c->version < d->in_version'),
    dict(name='ctl-balance-one-source-in-two-filings', file=SUM, test='unit:test-ctl_books/filed_once',
         old='if ((a->states & filed) && (o->states & filed))',
         new='if ((a->states & filed) && (o->states & A_DROPPED))'),
    # What a terminal gets.
    dict(name='ctl-print-control-characters', file='daemons/muaractl/print.c',
         test='unit:test-ctl_print/clean', old='cat == UTF8PROC_CATEGORY_CC ||', new=''),
    # Rule 4: a lost log is not made anew in silence.
    dict(name='ctl-topics-makes-a-lost-log', file='daemons/muaractl/topics.c',
         test='flow:test_muaractl_topics:test_lost_log_is_not_made',
         old='if (!other || (x->recreate && strcmp(x->recreate, t->topic.short_name) == 0))',
         new='if (!other || x->c)'),
    dict(name='ctl-topics-another-installation', file='daemons/muaractl/topics.c',
         test='flow:test_muaractl_topics:test_interrupted_creation_goes_on',
         old='if (*x->before.installation)', new='if (x->recreate)'),
    # Acts.
    dict(name='ctl-number-unchecked', file='daemons/muaractl/acts.c',
         test='flow:test_muaractl_acts:test_usage_of_acts',
         old="strspn(filed, \"0123456789\") != strlen(filed)", new='strlen(filed) == 0'),
]
