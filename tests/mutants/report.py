"""muaractl report: what a figure must not be."""

SUM, BOOKS = (f'daemons/muaractl/{f}.c' for f in ('report_sum', 'books_report'))
DAYS = 'common/core/workdays.c'
FIGURES, ENDS = 'unit:test-report/figures', 'unit:test-report/ends'

MUTANTS = [
    dict(name='report-late-a-day-early', file=SUM, test=FIGURES,
         old='day_of(end_ms, r->conf.zone_minutes) > until;', new='day_of(end_ms, r->conf.zone_minutes) >= until;'),
    dict(name='report-closed-is-late', file=SUM, test=FIGURES,
         old='return c->end != REPORT_CLOSED && day_of', new='return c->end != REPORT_ENDS && day_of'),
    dict(name='report-pending-is-not-late', file=SUM, test=FIGURES,
         old='g->late_pending += late && !filed;', new='g->late_pending += late && filed;'),
    dict(name='report-months-of-utc', file=SUM, test=FIGURES,
         old='*ret_day = day_of(received_ms, r->conf.zone_minutes);', new='*ret_day = day_of(received_ms, 0);'),
    dict(name='report-rank-one-too-high', file=SUM, test=FIGURES,
         old='(g->n_times * percent + 99) / 100 - 1', new='(g->n_times * percent) / 100'),
    dict(name='report-times-not-sorted', file=SUM, test=FIGURES,
         old='qsort(g->times, g->n_times, sizeof *g->times, by_size);', new='qsort(g->times, 1, sizeof *g->times, by_size);'),
    dict(name='report-answered-by-nobody', file=SUM, test='unit:test-report/answered_only_when_statuses_are_read',
         old='r->statuses ? json_integer(g->answered)', new='r->statuses || g->n_times ? json_integer(g->answered)'),
    dict(name='report-calendar-ends-in-silence', file=SUM, test='unit:test-report/warnings',
         old='if (workdays_cover(r->conf.workdays, soon) == WORKDAYS_MISSING)',
         new='if (workdays_cover(r->conf.workdays, soon) > WORKDAYS_DECREED)'),
    dict(name='report-deadline-beyond-the-calendar', file=SUM, test='unit:test-report/warnings',
         old='r->last_deadline = MAX(r->last_deadline, until);', new='r->last_deadline = MAX(r->last_deadline, day);'),
    dict(name='report-of-every-tenant', file=SUM, test='unit:test-report/of_one_tenant',
         old='if (r->conf.tenant && strcmp(r->conf.tenant, c->tenant) != 0)', new='if (r->conf.tenant && !*c->tenant)'),
    dict(name='report-received-when-decided', file=BOOKS, test=ENDS,
         old='d->at_ms = MIN(d->at_ms, r->received_ms);', new='d->at_ms = MAX(d->at_ms, r->received_ms);'),
    dict(name='report-refused-is-under-way', file=BOOKS, test=ENDS,
         old='c->refused_version == c->version)', new='c->refused_version > c->version)'),
    dict(name='report-filed-at-the-last-word', file='daemons/muaractl/books.c', test=ENDS,
         old='a->filed_ms ? MIN(a->filed_ms, at) : at;', new='MAX(a->filed_ms, at);'),
    dict(name='report-works-on-holidays', file=DAYS, test='unit:test-workdays/the_shipped_calendar',
         old='return !w->n_free || !bsearch', new='return w->n_free || !bsearch'),
    dict(name='report-collective-leave-is-worked', file=DAYS, test='unit:test-workdays/the_shipped_calendar',
         old='		add_days(w, &years[i].leave);\n', new=''),
    dict(name='report-page-unescaped', file='daemons/muaractl/report_html.c', test='unit:test-report/the_page',
         old='const char *as = html_entity(*s);', new="const char *as = *s == '<' ? NULL : html_entity(*s);"),
    dict(name='report-csv-formulas', file='daemons/muaractl/report_table.c', test='unit:test-report/the_table_and_csv',
         old='strchr("=+-@\\t\\r", *s)', new='strchr("\\t\\r", *s)'),
]
