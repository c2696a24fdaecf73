"""What became of filed reports: their status and what agencies wrote back, read until the end; each
change is one record, whatever dies in between."""

import datetime
import json
import os

from harness import flow, wait_until
from harness.forwarding import AGENCY, Office, opened
from harness.kafka import ROOT
from harness.schema import validate_topic

PERIOD_MS = 4 * 3600 * 1000  # more than status_every and its tenth
SECRET = 'Kenari Rahasia'  # stands in every answer, must stand in no log and no record


def filed(o, *texts, **over):
    """Ready complaints that are filed by now, and the numbers of their reports."""
    many = [o.ready(text, **over) for text in texts]
    for c in many:
        o.wait_state(c, 'done')
    return many, [o.stored(c)[0]['remote_id'] for c in many]


def news(o, c):
    return [b for b in o.bodies(c) if b['kind'] == 'status']


def statuses(o, c):
    return [b['status'] for b in news(o, c)]


def wait_statuses(o, c, *want, timeout=60):
    wait_until(lambda: statuses(o, c) == list(want), timeout,
               lambda: f'the statuses {want} are written; there are {statuses(o, c)}')


def reads(o, number, call='status'):
    return [r for r in o.lapor.journal() if r['event'] == 'request' and r['call'] == call
            and f'/{number}/' in r['path']]


def ends(o, daemon=None):
    """Reads that came to their end, by the daemon's own count: nothing of them is under way then."""
    try:
        return sum(n for name, n in (daemon or o.daemon).metrics().items()
                   if name.startswith('muara_forwarder_status_reads_total'))
    except OSError:  # it is being restarted
        return 0


def turn(o, reports=1, daemon=None, days=0):
    """A period passes, or so many days, and so many reports are read."""
    before = ends(o, daemon)
    o.later(days * 86400_000 or PERIOD_MS)
    wait_until(lambda: ends(o, daemon) >= before + reports, 60,
               lambda: f'{reports} reports are read; {ends(o, daemon) - before} are')


@flow(limit=60)
def test_a_report_is_followed_to_its_end(env):
    with opened(env, status_per_minute=600) as o:
        (one, two), (first, second) = filed(o, 'Satu.', 'Dua.')
        turn(o, 2)
        wait_statuses(o, one, 'received')
        o.lapor.set_status(first, 'Dalam Proses')
        turn(o, 2)
        wait_statuses(o, one, 'received', 'in_progress')
        assert news(o, one)[1]['status_name'] == 'Dalam Proses'
        assert news(o, one)[1]['remote_id'] == str(first)
        o.lapor.set_status(first, 'Selesai')
        turn(o, 2)
        wait_statuses(o, one, 'received', 'in_progress', 'done')
        done, seen = len(reads(o, first)), len(reads(o, second))
        turn(o)
        assert statuses(o, two) == ['received'], 'what is the same is written once'
        o.daemon.stop()
        d = o.start(o.destination(status_per_minute=600), label='successor')
        turn(o, daemon=d)
        turn(o, daemon=d)
        assert len(reads(o, second)) >= seen + 3, 'the successor goes on'
        assert len(reads(o, first)) == done, 'what is at its end is read no more'
        assert statuses(o, one)[-1] == 'done' and statuses(o, two) == ['received']
        assert o.once() == 2


@flow(limit=60)
def test_answers_of_agencies(env):
    """Every page; texts without HTML and placeholders, in the blob store only; our own are no news."""
    with opened(env, status_per_minute=600) as o:
        (c,), (number,) = filed(o, 'Lampu jalan mati.')
        template = '<p>Dari {{institution_from}} kepada {{ institution_to_link }}.</p>'
        ids = [o.lapor.add_followup(number, f'{SECRET} menjawab <b>{n}</b> &amp; selesai.',
                                    template_content=template) for n in range(4)]
        own = o.lapor.add_followup(number, f'[Tiket {c["ticket"]}] Foto lain.', template_content='')
        turn(o)
        wait_statuses(o, c, 'received')
        answers = news(o, c)[0]['answers']
        assert [a['id'] for a in answers] == [str(i) for i in ids] and own not in ids
        assert answers[0]['template'] == 'disposition' and answers[0]['at'].endswith('Z')
        with open(os.path.join(env.muara['blob_dir'], answers[1]['sha256'])) as f:
            blob = json.load(f)
        assert blob['text'] == ('Dari Dinas Perhubungan kepada Pemerintah Kota Malang.\n\n'
                                f'{SECRET} menjawab 1 & selesai.'), blob
        last = o.lapor.add_followup(number, SECRET, template_content=None)
        o.lapor.configure(page_loop=True)  # pages without an end
        turn(o)
        wait_statuses(o, c, 'received', 'received')
        assert [a['id'] for a in news(o, c)[1]['answers']] == [str(last)]
        assert SECRET not in o.daemon.log_text() and SECRET not in json.dumps(o.bodies())
        validate_topic(env, 'submissions')


@flow(limit=60)
def test_more_answers_than_a_record_holds(env):
    with opened(env, status_per_minute=600) as o:
        o.lapor.configure(page_size=10)
        (c,), (number,) = filed(o, 'Jalan rusak.')
        ids = [str(o.lapor.add_followup(number, f'Jawaban {n}.')) for n in range(43)]
        turn(o, 3)
        assert [a['id'] for b in news(o, c) for a in b.get('answers', [])] == ids
        assert max(len(b['answers']) for b in news(o, c)) <= 20


@flow(limit=60)
def test_reads_fail_filing_goes_on(env):
    with opened(env, status_per_minute=600) as o:
        (c,), (number,) = filed(o, 'Satu.')
        this = {'path': f'/{number}/', 'times': 1}  # the others' reads go well
        o.lapor.script({'call': 'status', 'action': 'status', 'args': {'status': 500}, **this},
                       {'call': 'status', 'action': 'html200', **this},
                       {'call': 'followups', 'action': 'truncated', **this})
        failed = 'muara_forwarder_status_reads_total{result="failed"}'
        for n in range(3):
            o.later(PERIOD_MS)
            wait_until(lambda n=n: o.daemon.metrics().get(failed) == n + 1, 60, f'read {n + 1} of it fails')
            assert statuses(o, c) == []
            o.wait_state(o.ready(f'Lagi {n}.'), 'done')  # the destination is as open as before
        o.later(PERIOD_MS)
        wait_statuses(o, c, 'received')


@flow(limit=60)
def test_a_report_that_is_gone(env):
    with opened(env, status_per_minute=600) as o:
        (c, other), (number, _) = filed(o, 'Satu.', 'Dua.')
        o.lapor.forget(number)
        o.lapor.set_status(o.stored(other)[0]['remote_id'], 'Ditunda')
        turn(o, 2)
        wait_statuses(o, c, 'missing')
        wait_statuses(o, other, 'unknown')
        assert news(o, other)[0]['status_name'] == 'Ditunda'
        o.lapor.forget(number, False)
        turn(o, 2)
        wait_statuses(o, c, 'missing', 'received')
        assert o.state(c) == 'done' and o.once() == 2


@flow(limit=60)
def test_a_paused_destination_is_left_alone(env):
    with Office(env) as o:
        o.start(o.destination(status_per_minute=600), o.destination('kedua', status_per_minute=600))
        (c,), (number,) = filed(o, 'Satu.')
        (other,), (second,) = filed(o, 'Dua.', destination='kedua')
        pause = o.command('pause', destination='lapor')
        o.absorbed(pause)
        seen = len(reads(o, number))
        turn(o)
        turn(o)
        assert len(reads(o, second)) >= 2
        assert len(reads(o, number)) == seen and statuses(o, c) == []
        o.resume()
        wait_statuses(o, c, 'received')
        wait_statuses(o, other, 'received')


def gauge(o, name, **label):
    """Its value; None while the daemon cannot be asked."""
    where = ','.join(f'{k}="{v}"' for k, v in label.items())
    return o.daemon.metrics().get(f'muara_forwarder_{name}' + (f'{{{where}}}' if where else ''))


def wait_gauge(o, want, name, **label):
    wait_until(lambda: gauge(o, name, **label) == want, 60,
               lambda: f'{name} {label} is {want}; it is {gauge(o, name, **label)}')


@flow(limit=60)
def test_clocks_run_out(env):
    with Office(env) as o:
        config = os.path.join(ROOT, 'config')
        o.start(o.destination(status_per_minute=600), o.destination('kedua', status_every='0s'),
                holidays=f'{config}/holidays.yaml', clocks=f'{config}/clocks.yaml')
        (c, info), (number, asked) = filed(o, 'Satu.', 'Berapa tarif parkir?', classification='information')
        unread, _ = filed(o, 'Tiga.', destination='kedua')
        turn(o, 2)
        wait_gauge(o, 0, 'clocks_overdue', destination='lapor')
        o.lapor.set_status(asked, 'Terverifikasi')
        turn(o, 2)
        wait_statuses(o, info, 'received', 'verified')
        turn(o, 2, days=60)  # no feast lasts so long
        wait_gauge(o, 1, 'clocks_overdue_by_clock', clock='verify')
        wait_gauge(o, 1, 'clocks_overdue_by_clock', clock='finish-information')
        wait_gauge(o, 0, 'clocks_overdue_by_clock', clock='finish')
        wait_gauge(o, 3, 'clocks_overdue', destination='lapor')  # the first answer's, too
        wait_gauge(o, 0, 'clocks_overdue', destination='kedua')
        wait_until(lambda: 'destination lapor: 3 clocks of reports are overdue' in o.daemon.log_text(), 60, 'it is told')
        for text in ('Empat.', 'Lima.'):  # some seconds go by
            filed(o, text, destination='kedua')
        o.lapor.set_status(asked, 'Selesai')
        o.lapor.set_status(number, 'Ditolak')
        turn(o, 2)
        o.later(15 * 60_000)  # all filings are looked at each ten minutes
        wait_gauge(o, 0, 'clocks_overdue', destination='lapor')
        told = days_of(o.daemon.log_text(), 'clocks of reports are overdue')
        assert told and len(told) == len(set(told)), f'told on the days {told}'
        o.later(800 * 86400_000)
        wait_until(lambda: gauge(o, 'calendar_ends') > 2027, 60, 'the calendar is at its end')
        wait_until(lambda: 'does not hold' in o.daemon.log_text(), 60, 'the end of the calendar is told')


def days_of(log, words):
    """The days of Jakarta on which the log says so, one for each line."""
    at = [json.loads(line)['t'] for line in log.splitlines() if words in line]
    return [(datetime.datetime.fromisoformat(t.replace('Z', '+00:00')) + datetime.timedelta(hours=7)).date() for t in at]


def crash_at(env, point):
    """Killed there once: the news is told, once."""
    with Office(env) as o:
        d = o.start(o.destination(status_per_minute=600), supervise=True, crash=f'{point}:1')
        (c,), (number,) = filed(o, 'Satu.')
        ids = [str(o.lapor.add_followup(number, f'Jawaban {n}.')) for n in range(3)]
        o.later(PERIOD_MS)
        wait_until(lambda: d.restarts == 1, 60, f'{point} is reached')
        o.wait_filing(d)
        turn(o)
        assert statuses(o, c) == ['received'], statuses(o, c)
        o.lapor.set_status(number, 'Selesai')
        turn(o)
        assert statuses(o, c) == ['received', 'done'], statuses(o, c)
        assert [a['id'] for b in news(o, c) for a in b.get('answers', [])] == ids
        assert [x.point for x in env.crashes()] == [point]
        assert o.once() == 1 and not o.faults


@flow(limit=60)
def test_kill_before_the_news_is_written(env):
    crash_at(env, 'status-read')


@flow(limit=60)
def test_kill_after_the_news_is_appended(env):
    crash_at(env, 'status-appended')


@flow(limit=60)
def test_kill_after_the_news_counts(env):
    crash_at(env, 'after-status')


@flow(limit=60)
def test_a_handover_that_was_taken_is_looked_at(env):
    """2xx, and the report is still with us: a person is told, a minute later and at each reading; never sent again."""
    lost = 'muara_forwarder_handovers_not_shown_total{destination="lapor"}'
    with opened(env, status_per_minute=600) as o:
        good, m = o.snapshot(agency=AGENCY)
        o.put(good, [m])
        o.wait_state(good, 'done', 'handover')
        c, m = o.snapshot(agency=AGENCY)
        o.lapor.script({'call': 'handover', 'ticket': c['ticket'], 'times': 1, 'action': 'status',
                        'args': {'status': 200, 'body': {}}})
        o.put(c, [m])
        o.wait_state(c, 'done', 'handover')
        o.later(61_000)
        wait_until(lambda: o.daemon.metrics()[lost] == 1, 30, 'it is told')
        wait_until(lambda: ends(o) >= 2, 30, 'both were read')
        assert [c['id'] in line for line in o.daemon.log_text().splitlines() if 'was handed over' in line] == [True]
        turn(o, 2)
        wait_until(lambda: o.daemon.metrics()[lost] == 2, 30, 'it is told again')
        assert o.kinds(c, 'handover') == o.kinds(good, 'handover') == ['intent', 'done']
        handovers = [r for r in o.lapor.journal() if r['event'] == 'request' and r['call'] == 'handover']
        assert len(handovers) == 2, 'one each'
