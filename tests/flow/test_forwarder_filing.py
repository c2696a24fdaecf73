"""Complaints reach LAPOR!: the calls of a filing, their order, what is recorded; pause, brake,
settle time, refusals, sheets, observers, destinations that do not answer."""

import csv
import glob
import json
import os

from harness import flow, wait_until
from harness.forwarding import Office, Sandbox
from harness.records import LaneWriter, complaint, decision_of


@flow(limit=60)
def test_plain_filing(env):
    with Office(env) as o:
        d = o.start()
        c = o.ready('Jalan berlubang di depan pasar.')
        a = o.wait_state(c, 'done')
        filed = o.stored(c)
        assert len(filed) == 1 and str(filed[0]['remote_id']) == a.remote_id
        assert c['text'] in filed[0]['fields']['content']
        assert [e.kind for e in a.records] == ['done']
        wait_until(lambda: d.metrics()['muara_forwarder_filings{state="done"}'] == 1, 10, 'the gauge')
        assert not o.faults


@flow(limit=60)
def test_upload_create_handover(env):
    with Office(env) as o:
        o.start()
        m = o.message('Lampu merah mati.', attachments=[o.photo(), o.photo(b'%PDF-1.4', 'application/pdf', 'surat.pdf')])
        c = o.ready(messages=[m], agency='Dinas Perhubungan')
        o.wait_state(c, 'done', 'handover')
        calls = [line['call'] for line in o.lapor.journal() if line['event'] == 'request']
        assert calls == ['upload', 'upload', 'create', 'handover'], calls
        filed = o.stored(c)[0]
        assert filed['handed'] == [77]
        assert sorted(f['id'] for f in o.lapor.files()) == [501, 502]
        assert '501' in filed['fields']['attachments'] and '502' in filed['fields']['attachments']
        assert [a.remote_id for a in o.attempts(c, 'upload')] == ['501', '502']


@flow(limit=60)
def test_many_and_a_restart_files_nothing_again(env):
    with Office(env) as o:
        d = o.start()
        many = [o.ready() for _ in range(env.count(60, 10))]
        wait_until(lambda: len(o.lapor.filed()) == len(many), 60, 'all are filed')
        d.restart()
        o.wait_filing(d)
        late = o.ready()
        o.wait_state(late, 'done')
        assert len(o.lapor.filed()) == len(many) + 1
        assert all(len(o.stored(c)) == 1 for c in many)


@flow(limit=60)
def test_a_later_version_that_says_nothing_new_is_not_sent(env):
    with Office(env) as o:
        o.start(o.destination(follow_up_settle='0s'))
        c = o.ready()
        o.wait_state(c, 'done')
        o.next_version(c, category='Penerangan')
        o.wait_state(o.ready(), 'done')
        assert len(o.creates(c)) == 1 and not o.kinds(c, 'followup')


@flow(limit=60)
def test_settle_time(env):
    with Office(env) as o:
        o.start(o.destination(settle='10m'))
        c, other = o.ready(), o.ready()
        again = o.next_version(c, text='Lampu mati, sudah seminggu.')
        o.later(5 * 60 * 1000)
        assert not o.creates(c) and not o.creates(other)
        o.later(5 * 60 * 1000)
        o.wait_state(c, 'done')
        o.wait_state(other, 'done')
        assert again['text'] in o.stored(c)[0]['fields']['content']


@flow(limit=60)
def test_not_ready_is_not_filed(env):
    with Office(env) as o:
        o.start()
        held = o.ready(state='held')
        review = o.ready(state='review')
        c = o.ready()
        o.wait_state(c, 'done')
        assert o.state(held) is None and o.state(review) is None
        o.next_version(held, state='ready', ready_at=c['ready_at'])
        o.wait_state(held, 'done')


@flow(limit=60)
def test_pause_and_resume(env):
    with Office(env) as o:
        d = o.start()
        pause = o.command('pause', destination='lapor')
        assert o.absorbed(pause).body['result'] == 'done'
        c = o.ready()
        wait_until(lambda: 'paused by an operator' in d.status or o.state(c), 20,
                   lambda: f'it pauses: {d.status!r}')
        assert o.state(c) is None
        d.restart()  # a pause outlives the process
        d.wait_status('paused by an operator')
        o.wait_filing(d)
        assert o.state(c) is None
        o.command('resume', destination='lapor')
        o.wait_state(c, 'done')
        nobody = o.command('pause', destination='entah')
        assert o.absorbed(nobody).body['reason'] == 'unknown-destination'


@flow(limit=60)
def test_same_source_under_another_id_is_refused(env):
    with Office(env) as o:
        o.start()
        m = o.message()
        first = o.ready(messages=[m])
        o.wait_state(first, 'done')
        second = o.ready(messages=[o.message(), m])
        refused = wait_until(lambda: o.records('refused'), 20, 'a refusal')
        assert refused[0].body['complaint'] == second['id']
        assert refused[0].body['other'] == first['id']
        third = o.ready()
        o.wait_state(third, 'done')
        assert len(o.records('refused')) == 1 and not o.creates(second)


@flow(limit=60)
def test_two_with_one_source_at_once(env):
    """Both INTENTs are on their way before either counts: the later one in the log gives way."""
    with Office(env) as o:
        m = o.message()
        first = o.ready(messages=[m])
        second = o.ready(messages=[o.message(), m])
        o.start()
        o.wait_state(first, 'done')
        wait_until(lambda: o.records('refused') or len(o.creates()) > 1, 20, 'a refusal')
        assert [a.state for a in o.attempts(second)] in (['not_sent'], []), 'it was not sent'
        assert len(o.creates()) == 1


@flow(limit=60)
def test_hourly_brake(env):
    with Office(env) as o:
        many = [o.ready() for _ in range(5)]  # all in one turn: held while three are on their way
        d = o.start(o.destination(max_filings_per_hour=3))
        wait_until(lambda: 'max_filings_per_hour' in d.status or len(o.lapor.filed()) > 3, 20,
                   lambda: f'it brakes: {d.status!r}')
        wait_until(lambda: len(o.lapor.filed()) >= 3 or o.records('not_sent'), 20, 'three are filed')
        assert len(o.lapor.filed()) == 3 and not o.records('not_sent')
        o.command('resume', destination='lapor')
        wait_until(lambda: len(o.lapor.filed()) == 5, 20, 'the others after a resume')
        assert all(len(o.creates(c)) == 1 for c in many)


@flow(limit=60, muara={'tenants': [{'name': 'malang', 'lane': 0, 'destination': 'kantor'}]})
def test_manual_sheet(env):
    with Office(env) as o:
        d = o.start(o.destination('kantor', 'manual'))
        c = o.ready('Saluran air tersumbat.', destination='kantor')
        a = o.wait_state(c, 'handed', 'sheet')
        folder = env.scratch.path('sheets')
        names = sorted(os.listdir(folder))
        term, n = a.key
        assert names == [f"{c['ticket']}.{term}-{n}.csv", f"{c['ticket']}.{term}-{n}.html"], names
        with open(os.path.join(folder, names[0]), encoding='utf-8', newline='') as f:
            rows = list(csv.reader(f))
        assert len(rows) == 2 and any('Saluran air tersumbat.' in cell for cell in rows[1])
        assert os.stat(os.path.join(folder, names[1])).st_mode & 0o777 == 0o640
        wrong = o.command('resolve', complaint=c, destination='kantor', attempt=a.name,
                          resolution='filed', remote_id='12x')
        assert o.absorbed(wrong).body['reason'] == 'not-a-report-number'
        o.command('resolve', complaint=c, destination='kantor', attempt=a.name,
                  resolution='filed', remote_id='1916449')
        o.wait_state(c, 'filed', 'sheet')
        d.restart()
        o.wait_filing(d)
        assert sorted(os.listdir(folder)) == names


@flow(limit=60, muara={'tenants': [{'name': 'malang', 'lane': 0, 'destination': 'bayangan'}]})
def test_observe_sends_nothing(env):
    with Office(env) as o:
        d = o.start(o.destination('bayangan', 'observe'))
        c = o.ready(messages=[o.message('Pohon tumbang.', attachments=[o.photo()])],
                    destination='bayangan', agency='Dinas Perhubungan')
        found = wait_until(lambda: glob.glob(env.scratch.path('observed', '*.json')), 20, 'a file')
        with open(found[0], encoding='utf-8') as f:
            seen = json.load(f)
        assert [x['call'] for x in seen['calls']] == ['upload', 'create', 'handover'], seen
        assert 'Pohon tumbang.' in seen['calls'][1]['body']['content']
        assert 'auth' in seen['calls'][1]['headers'] and 'sandbox-auth' not in json.dumps(seen)
        assert os.stat(found[0]).st_mode & 0o777 == 0o600
        later = o.ready(destination='bayangan')
        wait_until(lambda: len(glob.glob(env.scratch.path('observed', '*.json'))) == 2
                   or o.lapor.journal(), 20, 'a second file: the first complaint is through')
        assert o.state(c) is None and o.state(later) is None and not o.lapor.journal()
        assert d.metrics()['muara_forwarder_destination_state{destination="bayangan"}'] == 5


@flow(limit=60)
def test_one_destination_hangs_the_other_files(env):
    with Office(env) as o, Sandbox(env.scratch.mkdir('slow')) as slow:
        slow.script({'call': 'create', 'action': 'hang'})
        o.start(o.destination(), o.destination('lambat', base=slow.base))
        stuck = [o.ready(destination='lambat') for _ in range(6)]
        wait_until(lambda: [line['event'] for line in slow.journal()].count('request') == 4, 20, 'four calls hang')
        many = [o.ready() for _ in range(10)]
        wait_until(lambda: len(o.lapor.filed()) == len(many), 30, 'all others are filed')
        assert [o.state(c) for c in stuck].count('intent') == 4
        slow.stop()  # the calls end: unclear, so they are parked; the others wait
        for c in stuck[:4]:
            o.wait_state(c, 'parked')
        assert all(o.state(c) is None for c in stuck[4:])


TWO_LANES = {'lanes': 2, 'tenants': [{'name': 'malang', 'lane': 0, 'destination': 'lapor'},
                                     {'name': 'batu', 'lane': 1, 'destination': 'lapor'}]}


@flow(limit=90)
def test_prepared_ones_wait_for_a_place_and_see_a_pause(env):
    """After quick calls INTENTs are written ahead; no more calls travel for it, and what is appended while
    they wait still stops them."""
    with Office(env) as o:
        o.start(o.destination(concurrency=2, max_filings_per_hour=0))
        quick = [o.ready() for _ in range(30)]
        o.wait_states(quick, lambda states: set(states) == {'done'})
        o.lapor.script({'call': 'create', 'action': 'delay', 'args': {'ms': 3000}, 'times': 6})
        many = [o.ready() for _ in range(6)]
        o.wait_states(many, lambda states: states.count('intent') > 2 or 'done' in states)
        o.absorbed(o.command('pause', destination='lapor'))
        paused = [c for c in many if not o.creates(c)]
        o.lapor.script()
        o.wait_states(many, lambda states: states.count('done') >= 2 and 'intent' not in states)
        assert not any(o.creates(c) for c in paused), 'sent though it was paused'
        assert {r for c in paused for r in o.reasons(c)} <= {'paused'}
        o.resume()
        o.wait_states(many, lambda states: set(states) == {'done'})
        assert o.once() == len(quick) + len(many) and o.at_once() <= 2


@flow(limit=60, muara=TWO_LANES)
def test_two_lanes_are_apart(env):
    """A pause in one lane is none in the other; each has its own log of filings."""
    with Office(env, lane=1) as o:
        o.start()
        other = LaneWriter(env, 'complaints')
        pause = o.command('pause', destination='lapor')
        assert o.absorbed(pause).body['result'] == 'done'
        c = o.ready()
        elsewhere = complaint([o.message()])
        other.append('decision', decision_of(env, elsewhere))
        wait_until(lambda: o.stored(elsewhere), 20, 'lane 0 files')
        assert o.state(c) is None and not o.creates(c)
        o.command('resume', destination='lapor')
        o.wait_state(c, 'done')


@flow(limit=60)
def test_a_slow_call_is_no_hang(env):
    """The service manager must not kill a forwarder whose only work is to wait for LAPOR!."""
    with Office(env) as o:
        o.lapor.script({'call': 'create', 'action': 'hang'})
        o.ready()
        d = o.start(env={'WATCHDOG_USEC': '600000'})
        wait_until(o.creates, 20, 'the call is under way')
        before = d.notify.watchdogs
        wait_until(lambda: d.notify.watchdogs >= before + 8, 15, 'the watchdog is patted on')
        o.lapor.stop()


@flow(limit=90, own=True)
def test_broker_away(env):
    with Office(env) as o:
        d = o.start()
        first = o.ready()
        o.wait_state(first, 'done')
        o.lapor.configure(create_delay_ms=1500)
        c = o.ready()
        wait_until(lambda: o.creates(c), 20, 'its create is under way')
        env.kafka.stop()
        wait_until(lambda: o.stored(c), 20, 'LAPOR! has it')
        env.kafka.start()
        o.lapor.configure(create_delay_ms=0)
        late = o.ready()
        o.wait_state(late, 'done', timeout=60)
        o.wait_state(c, ('done', 'filed'), timeout=60)
        assert len(o.creates(c)) == 1 and d.alive


@flow(limit=120, own=True)
def test_broker_away_longer_than_the_group_waits(env):
    """The lane goes and takes the append of the answer along. The process knows that answer when it gets the lane
    again: nobody waits for the call, nobody is asked."""
    with Office(env) as o:
        d = o.start()
        o.wait_state(o.ready(), 'done')
        o.lapor.configure(create_delay_ms=1500)
        c = o.ready()
        wait_until(lambda: o.creates(c), 20, 'its create is under way')
        env.kafka.stop()
        wait_until(lambda: o.stored(c), 20, 'LAPOR! has it')
        d.wait_status('no lane assigned', timeout=60)
        env.kafka.start()
        end = o.wait_state(c, 'filed', timeout=60)
        assert end.remote_id == str(o.stored(c)[0]['remote_id'])
        assert len(o.creates(c)) == 1 and d.alive


@flow(limit=60)
def test_uploaded_once_though_killed_before_the_create(env):
    """What was uploaded is in the log: the next process names it in the report and uploads nothing again. What was
    left out is said in the text; so is a title that did not fit."""
    with Office(env) as o:
        o.lapor.script({'call': 'create', 'times': 1, 'action': '429', 'args': {'retry_after': 60}})
        d = o.start(supervise=True)
        files = [o.photo(), o.photo(b'%PDF-1.4', 'application/pdf', 'surat.pdf')]
        film = o.photo(b'film', 'video/mp4', 'film.mp4')
        title = 'Lampu jalan di depan pasar ' * 12 + 'mati'
        c = o.ready(messages=[o.message(attachments=[*files, film])], title=title)
        o.wait_state(c, 'not_sent')
        d.kill9()
        wait_until(lambda: d.restarts == 1, 20, 'it is there again')
        o.wait_filing(d)
        o.later(61_000)
        o.wait_state(c, 'done')
        uploads = [line for line in o.lapor.journal() if line['event'] == 'request' and line['call'] == 'upload']
        assert len(uploads) == len(o.lapor.files()) == 2, uploads
        fields = o.stored(c)[0]['fields']
        assert '501' in fields['attachments'] and '502' in fields['attachments']
        assert '1 berkas dengan jenis yang tidak diterima' in fields['content']
        assert f'Judul lengkap: {title}' in fields['content'] and len(fields['title']) <= 255
        assert title.startswith(fields['title'] + ' ')  # cut between words
