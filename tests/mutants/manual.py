"""Working by hand: what is typed back is checked, what is handed out stays in sight."""

JUDGE, ACTS = 'daemons/forwarder/judge.c', 'daemons/forwarder/acts.c'
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
         new='	if (text && day < 0)\n'),
    dict(name='manual-old-date-accepted', file='daemons/forwarder/judge.h', test=F + 'test_day_of_entry',
         old='#define JUDGE_ENTERED_DAYS     31\n', new='#define JUDGE_ENTERED_DAYS     32\n'),
    dict(name='manual-day-by-the-wrong-clock', file=JUDGE, test=F + 'test_day_of_entry',
         old='? v->wall_ms : MIN(ms, v->wall_ms);\n', new='? v->wall_ms : MAX(ms, v->wall_ms);\n'),
    dict(name='manual-date-not-kept', file=ACTS, test=N + 'test_numbers_typed_back',
         old='		json_set_str(body, "entered_on", j->entered_on);\n',
         new='		json_set_str(body, "entered", j->entered_on);\n'),
]
