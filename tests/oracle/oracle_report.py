"""The evaluation of `muaractl report`, a second time: from the topics alone, with Python's own
calendar, zones and YAML. Nothing here is shared with the C side but the meaning of the figures.

    evaluate(raw, complaints, submissions, holidays, first, last, now)

raw: {topic: records}; complaints, submissions: records of each lane, a list of lists; holidays: the
text of holidays.yaml; first, last: dates, both in the period; now: an aware datetime. Gives what
`muaractl --json report` prints, without `period`.
"""

import datetime as dt
import json
from collections import Counter, defaultdict
from zoneinfo import ZoneInfo

import yaml

from oracle_lane import Ruling

JAKARTA = ZoneInfo('Asia/Jakarta')
ENDS = ('under_way', 'held', 'review', 'parked', 'refused', 'handed', 'filed', 'closed')
BOUNDS = (15 * 60, 3600, 6 * 3600, 86400, 3 * 86400)
DAY = dt.timedelta(days=1)
MS = dt.timedelta(milliseconds=1)
RANK = ('done', 'filed', 'dropped', 'not_filed', 'rejected', 'not_sent', 'handed', 'parked')


def moment(text):
    return dt.datetime.fromisoformat(text.replace('Z', '+00:00')) if text else None


def local_day(t):
    return t.astimezone(JAKARTA).date()


class Calendar:
    def __init__(self, text):
        self.years, self.free = {}, set()
        for y in yaml.safe_load(text)['years']:
            self.years[y['year']] = y.get('decreed', False)
            self.free |= set(y.get('holidays') or ()) | set(y.get('leave') or ())

    def works(self, day):
        return day.isoweekday() <= 5 and day not in self.free

    def due(self, day):
        left = 3
        while left:
            day += DAY
            left -= self.works(day)
        return day


class Attempt:
    def __init__(self, intent):
        self.term, self.complaint, self.states, self.filed_at = intent.term, intent.body['complaint'], set(), None
        self.number, self.system, self.older = None, intent.body['system'], None

    def take(self, e):
        state = e.body['resolution'] if e.kind == 'resolved' else e.kind
        if e.kind == 'resolved' and self.states & {'filed', 'not_filed', 'dropped'}:
            return
        if e.kind in ('done', 'rejected', 'not_sent') and e.term != self.term:
            return
        if e.kind in ('parked', 'handed', 'resolved') and e.ruling == 'late':
            return
        self.states.add(state)
        if state in ('done', 'filed'):
            self.number = e.body['remote_id']
            at = moment(e.body['at'])
            self.filed_at = min(self.filed_at or at, at)

    @property
    def state(self):
        return next((s for s in RANK if s in self.states), 'in_flight')

    @property
    def standing(self):
        """An earlier one that is done after all stands when this one left nothing there."""
        a = self.older if self.state in ('not_sent', 'not_filed', 'rejected', 'dropped') else None
        while a and (a.state != 'done' or a.system != self.system):
            a = a.older
        return a or self


class Evaluation:
    def __init__(self, raw, complaints, submissions):
        self.received, self.places, self.first_seen = {}, {}, {}
        self.complaints, self.filing, self.refused, self.status = {}, {}, {}, {}
        for records in raw.values():
            for r in records:
                m = json.loads(r.value)
                at = moment(m['received_at'])
                self.received[m['id']] = min(self.received.get(m['id'], at), at)
        for lane in submissions:
            self._submissions(Ruling(lane, 'submissions'))
        for lane in complaints:
            for e in Ruling(lane, 'complaints').counted():
                self._decision(e.body)

    def _submissions(self, ruling):
        attempts = {}
        for e in ruling.counted():
            b = e.body
            if e.kind == 'intent' and b['call'] in ('create', 'sheet'):
                a = attempts[f'{e.term}/{e.n}'] = Attempt(e)
                a.older, self.filing[b['complaint']] = self.filing.get(b['complaint']), a
            elif e.kind == 'refused':
                self.refused[b['complaint']] = b['version']
            elif e.kind == 'status':
                self.status[(b['complaint'], b['remote_id'])] = b['status']
            elif e.kind == 'corrected':
                attempts[b['intent']].number = b['remote_id']
            elif b.get('intent') in attempts:
                attempts[b['intent']].take(e)

    def _decision(self, d):
        for i in d['inputs']:
            if i['type'] == 'message':
                self.first_seen.setdefault(i['id'], (moment(d['at']), i['topic'].rsplit('.', 1)[1]))
                self.places[i['id']] = self._place(d, i['id'])
        for r in d['results']:
            if r['type'] == 'complaint':
                self.complaints[r['id']] = r

    @staticmethod
    def _place(d, message):
        for r in d['results']:
            if r['type'] == 'complaint' and any(s['message'] == message for s in r['sources']):
                return 'complaint', r['id']
            if r.get('id') == message and r['type'] in ('archived', 'dead'):
                return r['type'], r.get('class', '')
        return 'noted', None

    def message_time(self, message):
        return min(self.first_seen[message][0], self.received.get(message, self.first_seen[message][0]))

    def filed_by(self, complaint):
        a = self.filing.get(complaint)
        return a.standing if a else None

    def answered(self, complaint):
        """Its report's last status is an end; what was read of another number is not of it."""
        return self.status.get((complaint, self.filed_by(complaint).number)) in ('done', 'archived', 'rejected')

    def end(self, c):
        a = self.filed_by(c['id'])
        state = a.state if a else 'not_sent'
        if state in ('done', 'filed'):
            return 'filed', None
        if state == 'dropped':
            return 'closed', 'dropped'
        if state in ('rejected', 'parked', 'handed', 'in_flight'):
            return {'rejected': 'refused', 'in_flight': 'under_way'}.get(state, state), None
        if c['state'] in ('held', 'review'):
            return c['state'], None
        if c['state'] in ('open', 'ready'):
            refused = c['state'] == 'ready' and self.refused.get(c['id']) == c['version']
            return 'refused' if refused else 'under_way', None
        return 'closed', c.get('closed') or c['state']


class Figures:
    def __init__(self):
        self.ends, self.times = Counter(), []
        self.answered = self.late = self.pending = 0

    def rank(self, per_cent):
        """The smallest time that at least so many per cent do not exceed."""
        times = sorted(self.times)
        return next((int(t // MS // 1000) for i, t in enumerate(times, 1) if 100 * i >= per_cent * len(times)), None)

    def out(self, polling, **names):
        return {**names, 'in': sum(self.ends.values()), **{e: self.ends[e] for e in ENDS},
                'answered': self.answered if polling else None, 'median_s': self.rank(50),
                'p90_s': self.rank(90), 'late': self.late, 'late_pending': self.pending}


def evaluate(raw, complaints, submissions, holidays, first, last, now):
    v, calendar = Evaluation(raw, complaints, submissions), Calendar(holidays)
    groups, outs, days, times = defaultdict(Figures), Counter(), defaultdict(Counter), Counter()
    latest, polling = last, bool(v.status)
    messages_of = defaultdict(list)
    for m, (what, where) in v.places.items():
        if what == 'complaint':
            messages_of[where].append(m)
        day = local_day(v.message_time(m))
        if what in ('archived', 'dead') and first <= day <= last:
            outs[(v.first_seen[m][1], 'message', what, where)] += 1
    for c in v.complaints.values():
        received = min([moment(c['opened_at']), *map(v.message_time, messages_of[c['id']])])
        day = local_day(received)
        if not first <= day <= last:
            continue
        end, why = v.end(c)
        until = calendar.due(day)
        latest = max(latest, until)
        filed_at = v.filed_by(c['id']).filed_at if end == 'filed' else None
        late = end != 'closed' and local_day(filed_at or now) > until
        names = {'channel': c['sources'][0]['channel'], 'agency': c['agency'] or '',
                 'classification': 'supervisory' if c['supervisory'] else c['classification']}
        for by in ((), ('channel',), ('agency',), ('classification',), tuple(names)):
            g = groups[(by, tuple(names[k] for k in by))]
            g.ends[end] += 1
            g.late += late
            g.pending += late and end != 'filed'
            g.answered += end == 'filed' and v.answered(c['id'])
            if filed_at:
                g.times.append(filed_at - received)
        days[day]['in'] += 1
        if filed_at:
            days[day]['filed'] += 1
            seconds = (filed_at - received).total_seconds()
            times[next((b for b in BOUNDS if seconds <= b), None)] += 1
        if end == 'closed':
            outs[(names['channel'], 'complaint', 'archived', why)] += 1

    def grouped(*by):
        rows = [g.out(polling, **dict(zip(by, key))) for (b, key), g in groups.items() if b == by]
        return sorted(rows, key=lambda r: (-r['in'], *[r[k].encode() for k in by]))

    span = range((last - first).days + 1)
    warnings = [{'code': 'calendar-reckoned' if y in calendar.years else 'calendar-missing', 'year': y}
                for y in range(first.year, latest.year + 1) if not calendar.years.get(y)]
    soon = (local_day(now) + 60 * DAY).year
    if soon not in calendar.years:
        warnings.append({'code': 'calendar-ends', 'year': soon})
    return {
        'status_polling': polling, 'total': groups[((), ())].out(polling), 'channels': grouped('channel'),
        'agencies': grouped('agency'), 'classifications': grouped('classification'),
        'rows': grouped('channel', 'agency', 'classification'),
        'archived': [{'channel': c, 'what': what, 'reason': why, 'count': n} for (c, what, kind, why), n in sorted(
            outs.items(), key=lambda o: (o[0][0], o[0][1] != 'message', o[0][3])) if kind == 'archived'],
        'dead': [{'channel': c, 'count': n} for (c, _, kind, _), n in sorted(outs.items()) if kind == 'dead'],
        'days': [{'day': str(first + i * DAY), 'works': calendar.works(first + i * DAY),
                  'in': days[first + i * DAY]['in'], 'filed': days[first + i * DAY]['filed']} for i in span],
        'times': [{'until_s': b, 'count': times[b]} for b in (*BOUNDS, None)],
        'unattributed': 0, 'warnings': warnings}
