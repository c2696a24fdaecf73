"""Working by hand: what is typed back is checked, what is handed out stays in sight."""

JUDGE, ACTS = 'daemons/forwarder/judge.c', 'daemons/forwarder/acts.c'
SET = 'daemons/muaractl/sheet_set.c'
S = 'unit:test-ctl_sheets/'
F, N = 'unit:test-filing/', 'flow:test_manual_work:'

MUTANTS = [
    dict(name='manual-used-number-accepted', file=JUDGE, test=F + 'test_judge',
         old='	if (ledger_number_used(v->ledger, system, (uint64_t)number, s->complaint) ||\n',
         new='	if (number < 0 ||\n'),
    dict(name='manual-number-of-another-lane-accepted', file=JUDGE, test=F + 'test_judge',
         old='		(v->used_elsewhere &&\n', new='		(!v->used_elsewhere &&\n'),
    dict(name='manual-number-too-long-accepted', file='daemons/forwarder/judge.h', test=F + 'test_judge',
         old='#define JUDGE_REMOTE_ID_DIGITS 15\n', new='#define JUDGE_REMOTE_ID_DIGITS 16\n'),
    dict(name='manual-future-date-accepted', file=JUDGE, test=F + 'test_day_of_entry',
         old='	if (day > day_at(v, said + JUDGE_CLOCK_MS))\n', new='	if (day > day_at(v, said) + 1)\n'),
    dict(name='manual-date-before-the-sheet-accepted', file=JUDGE, test=F + 'test_day_of_entry',
         old='	if (text && day < day_at(v, (int64_t)s->at_s * 1000 - JUDGE_CLOCK_MS))\n',
         new='	if (text && day + s->at_s < 0)\n'),
    dict(name='manual-old-date-accepted', file='daemons/forwarder/judge.h', test=F + 'test_day_of_entry',
         old='#define JUDGE_ENTERED_DAYS     31\n', new='#define JUDGE_ENTERED_DAYS     32\n'),
    dict(name='manual-day-by-the-wrong-clock', file=JUDGE, test=F + 'test_day_of_entry',
         old='? v->wall_ms : MIN(ms, v->wall_ms);\n', new='? v->wall_ms : MAX(ms, v->wall_ms);\n'),
    dict(name='manual-date-not-kept', file=ACTS, test=N + 'test_numbers_typed_back',
         old='		json_set_str(body, "entered_on", j->entered_on);\n',
         new='		json_set_str(body, "entered", j->entered_on);\n'),
    dict(name='manual-sheet-made-again-after-a-kill', file='daemons/forwarder/attempt.c',
         test=N + 'test_killed_between_sheet_and_log',
         old='		attempt_end(a, there ? END_HANDED : END_PARKED, there ? "sheet" : "no-outcome");\n',
         new='		attempt_end(a, there ? END_NOT_SENT : END_PARKED, there ? "sheet" : "no-outcome");\n'),
    dict(name='manual-agency-as-typed-names-a-file', file=SET, test=S + 'names_of_files',
         old='	for (const char *s = agency; known && *s', new='	for (const char *s = agency; (known || *agency) && *s'),
    dict(name='manual-path-in-an-agency', file=SET, test=S + 'names_of_files',
         old="		else if (n && ret[n - 1] != '-')\n			ret[n++] = '-';\n", new='		else\n			ret[n++] = c;\n'),
    dict(name='manual-list-unescaped', file=SET, test=S + 'a_page_each_behind_a_list',
         old='	(void)buf_adds(out, "<td>");\n	sheet_text(out, s);\n', new='	(void)buf_addf(out, "<td>%s", s);\n'),
    dict(name='manual-set-without-byte-order-mark', file=SET, test=S + 'csv_of_a_set',
         old='	(void)buf_adds(out, SHEET_BOM);\n	if (n)\n', new='	if (n)\n'),
    dict(name='manual-window-without-the-call', file='daemons/muaractl/wayout.c', test=S + 'what_to_look_for',
         old='json_str(row, "begun"), -WINDOW', new='json_str(row, "since"), -WINDOW'),
    dict(name='manual-newest-instead-of-handed', file='daemons/muaractl/sheets.c', test=N + 'test_sheet_is_of_its_version',
         old='			text_key(json_str_or(r, "id", ""), json_int(r, "version", 0));\n',
         new='			text_key(json_str_or(r, "id", ""), MIN(json_int(r, "version", 0), 1));\n'),
]
