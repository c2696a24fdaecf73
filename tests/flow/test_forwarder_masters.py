"""The destinations' lists of numbers: read, kept, compared; a number that vanished alarms before a report fails on it;
what cannot be believed changes nothing."""

import json
import os

from harness import flow, wait_until
from harness.forwarding import Office

HOUR, DAY = 3600 * 1000, 24 * 3600 * 1000
LIST = 'lapor/institutions'
KNOWN = {12: 'Pemerintah Kota Malang', 77: 'Dinas Perhubungan', 78: 'Dinas Pekerjaan Umum',
         79: 'Dinas Lingkungan Hidup', 80: 'Inspektorat'}
AGENCIES = {'Dinas Perhubungan': '77', 'PU': '78'}


class Lists(Office):
    """An office whose forwarder reads the lists once a day."""

    def begin(self, first=True, **over):
        d = self.start(self.destination(agencies=AGENCIES), masters_every='24h', **over)
        if first:
            self.wait_first(2)
        return d

    def wait_first(self, n):
        """A first reading comes at random within 30 s of when its lane was taken over."""
        def there():
            if self.kept() < n:
                self.later(31_000)
            return self.kept() >= n
        wait_until(there, 20, lambda: f'lists are kept; {self.daemon.status}', step=0.5)

    @property
    def file(self):
        return self.env.scratch.path('state/forwarder/masters/lapor/institutions.json')

    def ctl(self, *args, **how):
        d = self.daemon
        return self.env.ctl('--muara', d.muara_file, *args, '--forwarder', d.config_file, **how)

    def doc(self):
        with open(self.file) as f:
            return json.load(f)

    def kept(self):
        """How often a list was kept, of both lists."""
        return self.daemon.metrics().get('muara_forwarder_master_fetches_total{result="kept"}', 0)

    def failed(self, result='failed'):
        return self.daemon.metrics().get(f'muara_forwarder_master_fetches_total{{result="{result}"}}', 0)

    def wait_kept(self, rounds):
        """Both lists, so many times since the process began."""
        wait_until(lambda: self.kept() >= 2 * rounds, 20, lambda: f'lists are kept; {self.daemon.status}')

    def gauge(self, name):
        return self.daemon.metrics()[f'muara_forwarder_master_{name}{{list="{LIST}"}}']

    def wait_gauge(self, name, value):
        wait_until(lambda: self.gauge(name) == value, 20, lambda: f'{name} is {value}; it is {self.gauge(name)}')

    def asked(self, call='institutions'):
        return sum(line['event'] == 'request' and line['call'] == call for line in self.lapor.journal())

    def next_day(self, rounds):
        self.later(DAY)
        self.wait_kept(rounds)


@flow(limit=90)
def test_a_number_that_vanishes_is_an_alarm_until_it_is_mended(env):
    with Lists(env) as o:
        d = o.begin()
        assert o.doc()['entries'] == {str(i): n for i, n in KNOWN.items()}
        assert o.gauge('missing') == o.gauge('renamed') == o.gauge('stale') == 0 and d.healthz()[0] == 200
        o.lapor.institutions({**{i: n for i, n in KNOWN.items() if i != 77}, 78: 'Dinas PUPR'})
        o.next_day(2)
        o.wait_gauge('missing', 1)
        o.wait_gauge('renamed', 1)
        wait_until(lambda: '2 of our numbers wrong in lapor/institutions (agencies.Dinas Perhubungan 77, missing)'
                   in d.status, 30, lambda: f'STATUS says so: {d.status}')
        assert d.healthz()[0] == 503
        log = d.log_text()
        assert log.count('agencies.Dinas Perhubungan of lapor: 77 is not in the list of institutions any more') == 1
        assert log.count('78 is now called') == 1
        o.wait_state(o.ready(), 'done')  # an alarm, no hold

        # the same the day after is no new alarm; a restart reads nothing and knows it still
        o.next_day(3)
        assert d.log_text().count('77 is not in the list') == 1
        asked = o.asked()
        d.restart()
        o.wait_filing(d)
        o.wait_gauge('missing', 1)
        o.later(HOUR)
        assert o.asked() == asked

        # a person accepts the new name; the number comes back
        o.ctl('masters', 'accept', 'institutions', '78')
        o.later(11_000)
        o.wait_gauge('renamed', 0)
        o.lapor.institutions({**KNOWN, 78: 'Dinas PUPR'})
        o.next_day(1)
        o.wait_gauge('missing', 0)
        wait_until(lambda: 'agencies.Dinas Perhubungan of lapor (77) is right again' in d.log_text(), 30, 'it is told')
        wait_until(lambda: d.healthz()[0] == 200, 30, 'healthy again')


@flow(limit=120)
def test_what_cannot_be_believed_changes_nothing(env):
    rows = {i: f'Instansi {i}' for i in (12, 77, 78, *range(100, 120))}
    bad = [{'action': 'huge', 'args': {'mb': 9}},
           {'action': 'truncated'}, {'action': 'html200'}, {'action': 'bad_json'}, {'action': 'no_id'},
           {'action': 'redirect'}, {'action': '429', 'args': {'retry_after': 2}}, {'action': 'rst_before'}]
    with Lists(env, total='6s') as o:
        o.lapor.institutions(rows)
        d = o.begin()
        before = open(o.file).read()

        def refused(result='failed', after=HOUR):
            was = o.failed(result)
            o.later(after)
            wait_until(lambda: o.failed(result) > was, 20, lambda: f'refused: {d.status}')
            assert open(o.file).read() == before
        o.lapor.script({'call': 'institutions', 'action': 'status', 'args': {'body': {'results': {
            'data': [{'id': i, 'name': 'Sistem dalam pemeliharaan'} for i in rows]}}}})
        refused(after=DAY)
        for rule in bad:
            o.lapor.script({'call': 'institutions', **rule})
            refused()
        o.lapor.script()
        o.lapor.institutions({})
        refused()
        o.lapor.institutions(dict(list(rows.items())[:10]))  # half of it
        refused('not_believed')
        assert '13 of 23 entries would be gone at once' in d.log_text()
        o.lapor.institutions(rows)  # in pages, of which the second does not come
        o.lapor.configure(institutions_page_size=10)
        o.lapor.script({'call': 'institutions', 'every': 2, 'action': 'status'})
        refused()
        o.wait_gauge('stale', 0)
        refused(after=3 * DAY)  # still so
        shown = o.gauge('age_seconds')
        o.later(10_000)
        wait_until(lambda: o.gauge('age_seconds') > shown + 5, 20, 'gauges are those of after it was refused')
        assert o.gauge('stale') == 1
        assert d.healthz()[0] == 503 and 'institutions was not read for days' in d.log_text()
        assert open(o.file).read() == before
        o.lapor.script()
        kept = o.kept()
        o.later(HOUR)
        wait_until(lambda: o.kept() > kept, 20, 'all pages came')
        o.wait_gauge('stale', 0)
        assert o.doc()['entries'] == {str(i): n for i, n in rows.items()} and o.doc()['pages'] == 3
        assert 'huge' not in d.log_text() and o.gauge('missing') == 0


@flow(limit=90)
def test_not_asked_while_paused_and_read_anew_when_damaged(env):
    with Lists(env) as o:
        d = o.start(o.destination(agencies=AGENCIES), masters_every='24h', supervise=True,
                    crash='masters-before-write:1')
        o.absorbed(o.command('pause', destination='lapor'))
        wait_until(lambda: 'lapor paused' in d.status, 30, lambda: d.status)
        o.later(DAY)
        c = o.ready()  # whatever would come of that hour has come when this was read
        wait_until(lambda: d.metrics()['muara_forwarder_waiting{destination="lapor"}'] == 1, 20, 'it waits')
        assert not o.asked() and not o.asked('templates')
        o.absorbed(o.resume())
        o.wait_state(c, 'done')

        def died():
            if not d.restarts:
                o.later(31_000)
            return d.restarts == 1
        wait_until(died, 20, 'it died before the list was written', step=0.5)
        assert not os.path.exists(o.file)
        o.wait_filing(d)
        o.wait_first(2)
        with open(o.file, 'r+') as f:
            f.truncate(200)
        o.later(11_000)
        wait_until(lambda: 'institutions.json: damaged' in d.log_text(), 20, 'the damage is told')
        o.wait_first(3)
        assert len(o.doc()['entries']) == len(KNOWN)


TWO = {'lanes': 2, 'tenants': [{'name': 'malang', 'lane': 0, 'destination': 'lapor'},
                               {'name': 'batu', 'lane': 1, 'destination': 'lapor'}]}


@flow(limit=90, muara=TWO)
def test_one_process_asks_for_all(env):
    with Lists(env) as o:
        a = o.start(o.destination(), masters_every='24h', label='a')
        b = o.start(o.destination(), masters_every='24h', label='b', filing=False)
        lanes = 'muara_forwarder_lanes'
        wait_until(lambda: a.metrics()[lanes] == b.metrics()[lanes] == 1, 60, 'a lane each')
        files = [env.scratch.path(f'state/{name}/masters/lapor/{kind}.json')
                 for name in 'ab' for kind in ('institutions', 'templates')]
        def one_reads():
            if sum(map(os.path.exists, files)) < 2:
                o.later(31_000)
            return sum(map(os.path.exists, files)) == 2
        wait_until(one_reads, 20, 'one reads them', step=0.5)
        o.later(4 * DAY)
        wait_until(lambda: o.asked() >= 2 and o.asked('templates') >= 2, 20, 'and again')
        assert sum(map(os.path.exists, files)) == 2
        for d in (a, b):
            assert d.metrics()[f'muara_forwarder_master_stale{{list="{LIST}"}}'] == 0
