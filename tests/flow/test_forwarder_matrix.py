"""Every outcome at every call: each way in which the sandbox can misbehave (harness/campaign.py; a
new one of its rules must be told there) at each call of lapor-v3, against the outcome table of
design.md as written again there. Several destinations work off the cases side by side, each of them
with brakes of its own; behind what stops one stands a plain complaint, which shows that it came
back. Printed as a table, which must be full."""

from harness import flow, wait_until
from harness.campaign import FOLLOWUP, SLOW, Campaign, audit, by_http, profile_calls, rest, ways
from harness.forwarding import INSTITUTION, OUTCOMES, Office

BESIDE = 14         # destinations at work
SLOW_TOTAL = '4s'   # longest duration of a call where the case waits for it


class Case:
    """One way at one call, from its complaint to the end of the attempt that met it."""

    def __init__(self, call, way, repeat):
        self.call, self.way = call, way
        self.wanted = way.ends(repeat[call], call == 'handover')
        self.hold = way.holds(call == 'handover')
        self.complaint, self.end = None, None

    def __str__(self):
        return f'{self.call} {self.way.name}'


class Line:
    """A destination and the cases it works off."""

    def __init__(self, campaign, name, cases):
        self.campaign, self.name, self.cases = campaign, name, list(cases)
        self.now = self.between = None
        self.told = False

    @property
    def idle(self):
        return not self.now and not self.between and not self.cases

    def step(self, bodies):
        """bodies: of the log, by complaint."""
        if self.between:
            if newest(bodies, self.between, 'create') == 'done':
                self.between = None
        elif self.now:
            self._watch(bodies.get(self.now.complaint['id'], []))
        elif self.cases:
            self.now, self.told = self.cases.pop(0), False
            self.now.complaint = self.campaign.drive(self.now.call, self.now.way, self.name, news=False)

    def _watch(self, bodies):
        case = self.now
        if case.call == FOLLOWUP and not self.told:
            if newest({0: bodies}, {'id': 0}, 'create') == 'done':
                self.campaign.news(case.complaint)
                self.told = True
            return
        ends = [b for b in bodies if b['call'] == case.call and b['kind'] in OUTCOMES]
        if ends and not case.end:
            case.end = ends[0]
            if case.hold:
                self.campaign.o.resume(self.name)
        if case.end and ends[-1]['kind'] in ('done', 'parked', 'rejected'):
            stopped = case.hold or ends[-1]['kind'] == 'parked'
            self.now, self.between = None, self.campaign.drive('create', None, self.name) if stopped else None


def newest(bodies, c, call):
    found = [b['kind'] for b in bodies.get(c['id'], []) if b['call'] == call]
    return found[-1] if found else None


def by_complaint(o):
    out = {}
    for b in o.bodies():
        if 'complaint' in b:
            out.setdefault(b['complaint'], []).append(b)
    return out


def lines(o, c):
    """Destinations of forwarder.yaml and the lines to them; what takes a call's longest duration has
    lines of its own, by a copy of the profile with a short one."""
    repeat = profile_calls()
    cases = [Case(call, way, repeat) for call in by_http() for way in ways(call, call in ('upload', 'create'))]
    slow = [x for x in cases if x.way.name in SLOW]
    quick = [x for x in cases if x.way.name not in SLOW]
    brakes = {'max_filings_per_hour': 0, 'pause_base': '100ms'}
    out = [Line(c, f'lapor-{i}' if i else 'lapor', quick[i::BESIDE]) for i in range(BESIDE)]
    places = [o.destination(x.name, **brakes) for x in out]
    o.total = SLOW_TOTAL
    late = [Line(c, f'lambat-{i}', [x]) for i, x in enumerate(slow)]
    return places + [o.destination(x.name, **brakes) for x in late], out + late, cases


@flow(limit=180)
def test_every_outcome_of_every_call(env):
    with Office(env) as o:
        c = Campaign(o)
        places, work, cases = lines(o, c)
        o.start(*places)

        def through():
            bodies = by_complaint(o)
            for line in work:
                line.step(bodies)
            return all(line.idle for line in work)
        wait_until(through, 120, lambda: f'all cases end; open: {[str(x.now) for x in work if x.now]}, '
                   f'{[x.name for x in work if x.between]}; {o.daemon.status!r}', step=0.05)
        rest(o, c.all)
        audit(o, c.all)
        show(cases)
        wrong = [f"{x}: {x.end['kind']} ({x.end.get('reason')}), not {x.wanted}" for x in cases
                 if x.end['kind'] not in x.wanted]
        assert not wrong, wrong
        left_once(o, cases)
        for call in by_http():
            parked = {x.complaint['id'] for x in cases if 'parked' in x.wanted and x.call == call}
            assert o.parked(call) == parked, f'{call}: parked is what nobody can know, no more'


def left_once(o, cases):
    """What the sandbox holds of them: a hand-over that arrived is not made again, one that did not is;
    a report names the file of the upload that was answered."""
    asked, files = {}, {f['id']: f for f in o.lapor.files()}
    reports = {r['ticket']: r for r in o.lapor.filed()}
    for r in o.lapor.journal():
        if r['event'] == 'request':
            asked.setdefault((r['call'], r['ticket']), []).append(r)
    for case in cases:
        c, end = case.complaint, case.end['kind']
        report = reports.get(c['ticket'])
        if case.call == 'handover':
            sent = len(asked['handover', c['ticket']])
            assert sent == (2 if end == 'not_sent' else 1), f'{case}: {sent} hand-overs'
            assert report['handed'] == ([] if end in ('rejected', 'parked') else [INSTITUTION]), f'{case}'
        elif case.call == FOLLOWUP:
            there = 1 if end in ('not_sent', 'done') else case.way.stored and end == 'parked'
            assert len(report['told']) == there, f'{case}: {len(report["told"])} follow-ups'
        elif case.call == 'upload' and report and end != 'rejected':
            file = files[int(report['fields']['attachments'].strip('[].'))]
            assert file['sha256'] == c['attachments'][0]['sha256'], f'{case}'
            assert file['name'] == f"{c['ticket']}-1.jpg", f'{case}'


def show(cases):
    calls = by_http()
    table = {}
    for x in cases:
        table.setdefault(x.way.name, {})[x.call] = x.end['kind']
    print(f"       {'':<22}" + ''.join(f'{call:<10}' for call in calls))
    for name, row in table.items():
        print(f'       {name:<22}' + ''.join(f'{row[call]:<10}' for call in calls))
