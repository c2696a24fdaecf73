"""muara-file: every line dropped is in its raw topic under its own id, whatever happens.

Proves: ids as anyone can compute them; a bad line becomes one undecodable
message with file and line, its neighbours pass; an attachment lies in the blob
store before its message; a torn line waits for its end; the same content again
gives the same ids; Kafka away is a status and a wait; kill -9 after a line was
produced, reported, or its cursor written loses nothing; a file goes to done/
only when all of it is in.
"""

import hashlib
import json
import os
import time

from harness import flow, wait_until
from harness.records import message_id

DAEMON = 'file'
MUARA = {'channels': [DAEMON]}
WAIT = 60
BASE = {'tenant': 'malang', 'account': 'kelurahan', 'start': '2020-01-01', 'review': 'auto',
        'max_age': '3650d', 'poll': '50ms'}


def drop_folder(env):
    return env.scratch.mkdir('drop')


def start(env, drop, **more):
    options = {k: more.pop(k) for k in ('crash', 'supervise', 'label', 'ready') if k in more}
    return env.daemon(DAEMON, {**BASE, 'path': drop, **more}, **options)


def drop(folder, name, lines):
    """As a careful writer does: complete under another name, then renamed."""
    text = lines if isinstance(lines, bytes) else ''.join(f'{x}\n' for x in lines).encode()
    with open(os.path.join(folder, '.new'), 'wb') as f:
        f.write(text)
    os.rename(os.path.join(folder, '.new'), os.path.join(folder, name))


def line(i, **more):
    return json.dumps({'native_id': f'n{i}', 'text': f'Lampu jalan {i} mati.',
                       'sent_at': '2026-11-20T10:00:00+07:00', **more})


def id_of(native):
    return message_id('malang', DAEMON, 'kelurahan', native)


def raw(env):
    return [r.json for r in env.kafka.read_all(env.topic(f'raw.{DAEMON}'))]


def wait_raw(env, wanted, what):
    """Until all these ids are there; everything that is there."""
    wanted = set(wanted)
    wait_until(lambda: env.kafka.end(env.topic(f'raw.{DAEMON}')) >= len(wanted)
               and wanted <= {m['id'] for m in raw(env)}, WAIT, what)
    return raw(env)


def wait_done(folder, name):
    wait_until(lambda: os.path.exists(os.path.join(folder, 'done', name)), WAIT, f'done/{name}')


@flow(limit=90, muara=MUARA)
def test_a_folder_made_anew(env):
    """Removed, moved away or mounted anew: a person is told, and what stands there later is read."""
    folder = drop_folder(env)
    d = start(env, folder)
    wait_until(lambda: d.healthz()[0] == 200, WAIT, lambda: f'healthy: {d.healthz()}')
    drop(folder, 'a.ndjson', [line(1)])
    wait_done(folder, 'a.ndjson')
    os.rename(folder, f'{folder}.away')
    wait_until(lambda: d.healthz()[0] == 503, WAIT, lambda: f'ill: {d.healthz()}')
    assert folder in d.healthz()[1] and 'make it again' in d.healthz()[1], d.healthz()
    os.mkdir(folder)
    drop(folder, 'b.ndjson', [line(2)])
    wait_raw(env, [id_of('n1'), id_of('n2')], 'the line in the new folder')
    wait_done(folder, 'b.ndjson')
    wait_until(lambda: d.healthz()[0] == 200, WAIT, lambda: f'well: {d.healthz()}')


@flow(limit=90, muara=MUARA)
def test_lines_arrive(env):
    folder = drop_folder(env)
    d = start(env, folder)
    d.wait_status('running')
    bad = '{"native_id": "broken", "author": {"name": "Siti'
    drop(folder, 'a.ndjson', [line(1), bad, '', line(2, author={'phone': '0812-3456-7890',
                                                                'name': 'Budi'})])
    records = wait_raw(env, [id_of('n1'), id_of('n2')], 'two messages')
    wait_done(folder, 'a.ndjson')
    assert len(records) == 3, records
    one = next(m for m in records if m['id'] == id_of('n1'))
    assert one['text'] == 'Lampu jalan 1 mati.' and one['class'] == 'human'
    assert one['sent_at'] == '2026-11-20T03:00:00.000Z'
    assert one['source']['daemon'] == f'muara-{DAEMON}' and one['source']['place'] == 'a.ndjson:1'
    two = next(m for m in records if m['id'] == id_of('n2'))
    assert two['author']['phone'] == '+6281234567890' and two['author']['proof'] == 'claimed'
    dead = next(m for m in records if m['class'] == 'undecodable')
    assert dead['error']['place'] == 'a.ndjson:2' and dead['error']['reason']
    assert dead['original']['inline'] == bad
    assert dead['id'] == id_of('undecodable:' + hashlib.sha256(bad.encode()).hexdigest())
    for r in env.kafka.read_all(env.topic(f'raw.{DAEMON}')):
        assert r.key.decode() == r.json['id'] and not r.headers
    for secret in ('Siti', 'Budi', '0812', '6281234567890', 'Lampu'):
        assert secret not in d.log_text(), f'{secret} stands in the log'
    numbers = d.metrics()
    assert numbers['muara_ingest_accepted_total{class="human"}'] == 2
    assert numbers['muara_ingest_accepted_total{class="undecodable"}'] == 1
    assert d.healthz()[0] == 200


@flow(limit=60, muara=MUARA)
def test_attachments(env):
    folder = drop_folder(env)
    os.mkdir(os.path.join(folder, 'foto'))
    photo = b'\xff\xd8\xff' + bytes(range(256)) * 10
    with open(os.path.join(folder, 'foto', '1.jpg'), 'wb') as f:
        f.write(photo)
    with open(os.path.join(folder, 'foto', 'big.bin'), 'wb') as f:
        f.write(b'x' * 20000)
    outside = env.scratch.write('outside.jpg', b'not yours')
    os.symlink(outside, os.path.join(folder, 'foto', 'link.jpg'))
    start(env, folder, max_attachment='10KiB').wait_status('running')
    paths = ['foto/1.jpg', 'foto/none.jpg', 'foto/big.bin', 'foto/link.jpg', '../outside.jpg']
    drop(folder, 'a.ndjson', [line(1, attachments=[{'path': p} for p in paths])])
    found = wait_raw(env, [id_of('n1')], 'the message')[0]['attachments']
    assert [a['state'] for a in found] == ['stored', 'missing', 'refused', 'refused', 'refused']
    digest = hashlib.sha256(photo).hexdigest()
    assert found[0]['sha256'] == digest and found[0]['bytes'] == len(photo)
    assert found[0]['kind'] == 'image'
    with open(os.path.join(env.muara['blob_dir'], digest), 'rb') as f:
        assert f.read() == photo
    assert len(os.listdir(env.muara['blob_dir'])) == 1


@flow(limit=60, muara=MUARA)
def test_a_torn_line_waits(env):
    folder = drop_folder(env)
    start(env, folder, complete='stable', move_done=False, settle='1h').wait_status('running')
    path = os.path.join(folder, 'grows.ndjson')
    with open(path, 'w') as f:
        f.write(line(1) + '\n' + line(2)[:20])
    wait_raw(env, [id_of('n1')], 'the whole line')
    with open(path, 'a') as f:
        f.write(line(2)[20:] + '\n')
    records = wait_raw(env, [id_of('n1'), id_of('n2')], 'the line that was torn')
    assert len(records) == 2 and all(m['class'] == 'human' for m in records)


@flow(limit=60, muara=MUARA)
def test_the_same_again_is_the_same(env):
    folder = drop_folder(env)
    start(env, folder).wait_status('running')
    lines = [line(i) for i in range(5)]
    drop(folder, 'a.ndjson', lines)
    wait_done(folder, 'a.ndjson')
    drop(folder, 'b.ndjson', lines)
    wait_done(folder, 'b.ndjson')
    records = raw(env)
    assert len(records) == 10
    assert {m['id'] for m in records} == {id_of(f'n{i}') for i in range(5)}


@flow(limit=60, muara=MUARA)
def test_old_and_long_lines(env):
    folder = drop_folder(env)
    start(env, folder, start='2026-01-01', max_line='2KiB').wait_status('running')
    long = line(3, text='x' * 5000)
    drop(folder, 'a.ndjson', [line(1, sent_at='2025-12-31 23:59'), long, line(2)])
    wait_done(folder, 'a.ndjson')
    records = raw(env)
    by_class = {}
    for m in records:
        by_class.setdefault(m['class'], []).append(m)
    assert [m['id'] for m in by_class['stale']] == [id_of('n1')]
    assert [m['id'] for m in by_class['human']] == [id_of('n2')]
    pieces = by_class['undecodable']
    assert ''.join(m['original']['inline'] for m in pieces) == long
    assert all(m['error']['place'] == 'a.ndjson:2' for m in pieces)


@flow(limit=120, muara=MUARA)
def test_kafka_away(env):
    folder = drop_folder(env)
    d = start(env, folder)
    d.wait_status('running')
    drop(folder, 'a.ndjson', [line(i) for i in range(10)])
    wait_done(folder, 'a.ndjson')
    env.kafka.stop()
    try:
        drop(folder, 'b.ndjson', [line(i) for i in range(10, 20)])
        d.wait_status('Kafka is away', 60)
        assert d.healthz()[0] == 503
        assert os.path.exists(os.path.join(folder, 'b.ndjson')), 'moved before it was in'
    finally:
        env.kafka.start()
    records = wait_raw(env, [id_of(f'n{i}') for i in range(20)], 'all twenty')
    wait_done(folder, 'b.ndjson')
    assert {m['id'] for m in records} == {id_of(f'n{i}') for i in range(20)}
    assert d.alive


@flow(limit=120, muara=MUARA)
def test_started_before_kafka(env):
    folder = drop_folder(env)
    drop(folder, 'a.ndjson', [line(1)])
    env.kafka.stop()
    try:
        d = start(env, folder)  # READY although Kafka is away
        d.wait_status('Kafka is away', 60)
    finally:
        env.kafka.start()
    wait_raw(env, [id_of('n1')], 'the message')
    assert d.alive


def killed_at(env, point, files=6):
    """Several files, killed at the point, restarted; everything must be there."""
    folder = drop_folder(env)
    n = env.count(200, 40)
    wanted = set()
    for k in range(files):
        drop(folder, f'f{k}.ndjson', [line(f'{k}-{i}') for i in range(n)])
        wanted |= {id_of(f'n{k}-{i}') for i in range(n)}
    d = start(env, folder, crash=point, supervise=True, ready=False)
    for k in range(files):
        wait_done(folder, f'f{k}.ndjson')
    records = raw(env)
    assert {m['id'] for m in records} == wanted, 'a line is missing, or one too many'
    crashes = env.crashes()
    assert [c.point for c in crashes] == [point.partition(':')[0]], crashes
    assert d.restarts == 1
    return crashes[0], records


@flow(limit=90, muara=MUARA)
def test_killed_after_produce(env):
    crash, _ = killed_at(env, 'after-produce:150')
    assert crash.in_flight > 0, 'nothing was at stake'


@flow(limit=90, muara=MUARA)
def test_killed_after_report(env):
    killed_at(env, 'after-report:150')


@flow(limit=90, muara=MUARA)
def test_killed_after_cursor(env):
    killed_at(env, 'after-cursor:1')


@flow(limit=120, muara=MUARA)
def test_killed_at_random(env):
    """kill -9 from outside while files come in, again and again."""
    folder = drop_folder(env)
    d = start(env, folder, supervise=True)
    wanted = set()
    for k in range(env.rounds(4, 50)):
        drop(folder, f'f{k}.ndjson', [line(f'{k}-{i}') for i in range(env.count(300, 50))])
        wanted |= {id_of(f'n{k}-{i}') for i in range(env.count(300, 50))}
        time.sleep(env.random.random() * 0.3)  # the very point of this test: any moment
        d.kill9()
        d.wait_ready()
    for k in range(env.rounds(4, 50)):
        wait_done(folder, f'f{k}.ndjson')
    assert {m['id'] for m in raw(env)} == wanted


@flow(limit=60, muara=MUARA)
def test_cursor_survives_a_stop(env):
    """Stopped in good order and started again: nothing is produced twice."""
    folder = drop_folder(env)
    d = start(env, folder, move_done=False)
    d.wait_status('running')
    drop(folder, 'a.ndjson', [line(i) for i in range(50)])
    wait_raw(env, [id_of(f'n{i}') for i in range(50)], 'fifty')
    assert d.stop() == 0
    d.start()
    d.wait_status('running')
    drop(folder, 'b.ndjson', [line(99)])
    assert len(wait_raw(env, [id_of('n99')], 'the new one')) == 51


@flow(limit=60, muara=MUARA)
def test_start_now_is_remembered(env):
    """`start: now` means the first start: what came while it was stopped is not old."""
    folder = drop_folder(env)
    d = start(env, folder, start='now')
    d.wait_status('running')
    old = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() - 3600))
    drop(folder, 'a.ndjson', [line(1, sent_at=old)])
    wait_raw(env, [id_of('n1')], 'the old one')
    assert d.stop() == 0
    env.clock.advance(60_000)
    sent = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + 30))
    drop(folder, 'b.ndjson', [line(2, sent_at=sent)])
    d.start()
    records = {m['id']: m['class'] for m in wait_raw(env, [id_of('n2')], 'the new one')}
    assert records == {id_of('n1'): 'stale', id_of('n2'): 'human'}


@flow(limit=90, muara=MUARA)
def test_raw_log_lost(env):
    """The raw topic was made anew: its records are gone, the cursor is not. It
    must not be believed: the files are read again, and it is told."""
    folder = drop_folder(env)
    d = start(env, folder, move_done=False)
    d.wait_status('running')
    drop(folder, 'a.ndjson', [line(i) for i in range(20)])
    wanted = [id_of(f'n{i}') for i in range(20)]
    wait_raw(env, wanted, 'twenty')
    assert d.stop() == 0  # writes its last cursor
    topic = env.topic(f'raw.{DAEMON}')
    env.kafka.delete_topic(topic)
    wait_until(lambda: topic not in env.kafka.topics(), WAIT, 'the topic to go')
    env.kafka.create_topic(topic, 1)
    wait_until(lambda: env.kafka.topics().get(topic) == 1, WAIT, 'the topic to come back')
    d.start()
    d.wait_status('running', WAIT)
    assert d.metrics()['muara_ingest_cursor_ahead_total'] >= 1
    assert {m['id'] for m in wait_raw(env, wanted, 'all again')} == set(wanted)


@flow(limit=60, topics=False, muara=MUARA)
def test_topics_made_later(env):
    """Started before `muaractl topics create`: it waits and says for what."""
    folder = drop_folder(env)
    drop(folder, 'a.ndjson', [line(1)])
    d = start(env, folder)
    d.wait_status('topics create')
    env.ctl('topics', 'create')
    wait_raw(env, [id_of('n1')], 'the message')
