"""Every message ends in exactly one place, for the reason it should; an officer's
commands and the clock move complaints on."""

from harness import flow, wait_until
from harness.normalizer import absorbed, check_index, check_once, start, state_of, wait_state
from harness.records import (attachment, call_record, complaints, decisions, edit_of, message, now_ms, put,
                             put_command, put_many, put_media, ticket_of)


@flow(limit=60)
def test_one_message_one_decision(env):
    n = start(env)
    m = message('wamid.1')
    put(env, m)
    assert absorbed(env, [m])[m['id']] == [('complaint', m['id'])]
    c = wait_state(env, m, 'ready')
    assert c['ticket'] == ticket_of(m['id']) and c['destination'] == 'lapor'
    assert c['text'] == m['text'] and c['reporter']['phone'] == m['author']['phone']
    put(env, m)  # the same again, by another delivery
    put(env, m)
    wait_until(lambda: n.metrics()['muara_normalizer_inputs_total{outcome="absorbed"}'] == 2, 20,
               'both duplicates dropped')
    assert len(decisions(env)) == 1
    check_index(env)


@flow(limit=60)
def test_bubbles_are_one_complaint(env):
    n = start(env, quiet='5m', open_max='1h')
    bubbles = [message(f'w{i}', f'Bagian {i} dari keluhan ini', sent_ms=now_ms() + i)
               for i in range(4)]
    other = message('x1', 'Keluhan orang lain', author='6281234500002')
    put_many(env, [*bubbles, other])
    absorbed(env, [*bubbles, other])
    assert state_of(env, bubbles[0]) == 'open'
    wait_until(lambda: n.metrics()['muara_normalizer_complaints{set="open"}'] == 2, 20, 'gauge')
    env.clock.advance(5 * 60 * 1000 + 1000)
    c = wait_state(env, bubbles[0], 'ready')
    wait_state(env, other, 'ready')
    assert [s['message'] for s in c['sources']] == [m['id'] for m in bubbles]
    assert c['text'] == '\n\n'.join(m['text'] for m in bubbles)
    late = message('w9', 'Satu lagi')
    put(env, late)
    absorbed(env, [late])
    assert state_of(env, bubbles[0]) == 'open' and not complaints(env).get(late['id'])
    check_index(env)


@flow(limit=60)
def test_a_ticket_or_an_answer_leads_to_its_complaint(env):
    """As a reply by mail does: its author goes on where he says, others get a link."""
    start(env, join='1s')
    mine = {'author': 'siti@warga.example', 'email': 'siti@warga.example'}
    first = message('m1', 'Lampu mati', channel='file', sent_ms=now_ms() - 60_000, **mine)
    put(env, first)
    absorbed(env, [first])
    ticket = {'fields': {'ticket': ticket_of(first['id'])}}
    answer = message('m2', 'Sudah seminggu', channel='file', in_reply_to='m1', **mine)
    named = message('m3', 'Kapan?', channel='file', sent_ms=now_ms() + 60_000, **mine, **ticket)
    other = message('m4', 'Di sini juga', channel='file', author='budi@warga.example', **ticket)
    put_many(env, [answer, named, other])
    found = absorbed(env, [answer, named, other])
    assert found[answer['id']] == found[named['id']] == [('complaint', first['id'])]
    assert found[other['id']] == [('complaint', other['id'])]
    assert complaints(env)[other['id']]['links'] == [{'complaint': first['id'], 'reason': 'named'}]
    check_index(env)


CLASSES = [  # the message, its place, class or None
    (message('c1', author='c1', cls='spam'), 'archived', 'spam'),
    (message('c2', author='c2', cls='undecodable', text=''), 'dead', None),
    (message('c3', author='c3', text=''), 'archived', 'empty'),
    (call_record('c4', 'hening', 'ghost'), 'archived', 'ghost'),
    (call_record('c5', 'Rumah terbakar di Jalan Ijen', 'emergency'), 'complaint', 'review'),
    (call_record('c6', 'jenis panggilan 77', 'unknown'), 'complaint', 'review'),
    (call_record('c7', 'Lampu jalan mati di perempatan'), 'complaint', 'ready'),
    (message('c8', author='c8', name=None), 'complaint', 'held'),
    (message('c9', author='c9', review='required'), 'complaint', 'review'),
]


@flow(limit=60)
def test_each_class_has_its_place(env):
    n = start(env)
    for m, _, _ in CLASSES:
        put(env, m)
    found = absorbed(env, [m for m, _, _ in CLASSES])
    snapshots = complaints(env)
    for m, place, which in CLASSES:
        got = found[m['id']][0]
        if place == 'complaint':
            got = (got[0], snapshots[m['id']]['state'])
        assert got == (place, which), f'{m["native_id"]}: {got}'
    assert snapshots[CLASSES[4][0]['id']]['emergency'] is True
    for name, count in (('emergency', 1), ('review', 3)):
        wait_until(lambda g=f'muara_normalizer_complaints{{set="{name}"}}', n_=count: n.metrics()[g] == n_, 20, name)
    check_index(env)


@flow(limit=60)
def test_what_nobody_can_read_is_dead_and_its_neighbours_pass(env):
    start(env)
    first, last = message('w1'), message('w2', author='6281234500002')
    put(env, first)
    at = env.kafka.produce(env.topic('raw.whatsapp'), b'{"schema": "muara.message/1", "id"')
    nothing = env.kafka.produce(env.topic('raw.whatsapp'), None, 'x')
    put(env, last)
    junk = [f'{env.topic("raw.whatsapp")}/0/{o}' for o in (at, nothing)]
    found = absorbed(env, [first, last, *junk])
    for j in junk:
        assert found[j] == [('dead', None)]
    check_once(env, [first, last, *junk])


@flow(limit=90)
def test_incomplete_waits_is_completed_or_archived(env):
    start(env, hold='7d')
    a, b = (message(f'w{i}', author=f'628123450000{i}', name=None) for i in (1, 2))
    put_many(env, [a, b])
    c = wait_state(env, a, 'held')
    assert c['missing'] == ['name'] and 'missing-data' in [r['template'] for r in c['replies']]
    wait_state(env, b, 'held')
    put_command(env, 'complete', complaint=c['id'], version=c['version'] + 4,
                fields={'name': 'Budi Santoso'})  # of another version: refused
    put_command(env, 'complete', complaint=c, fields={'name': 'Budi Santoso'})
    done = wait_state(env, a, 'ready')
    assert done['reporter']['name'] == 'Budi Santoso' and done['version'] == c['version'] + 1
    refused = [r for d in decisions(env) for r in d['results'] if r.get('refused')]
    assert len(refused) == 1 and 'another version' in refused[0]['reason']
    env.clock.advance(7 * 24 * 3600 * 1000 + 1000)
    gone = wait_state(env, b, 'archived')
    assert gone['closed'] == 'incomplete'
    check_index(env)


@flow(limit=60)
def test_an_officer_holds_releases_archives(env):
    start(env)
    m = message('w1')
    put(env, m)
    for what, state in (('hold', 'held'), ('release', 'ready'), ('archive', 'archived')):
        c = complaints(env).get(m['id']) or wait_state(env, m, 'ready')
        put_command(env, what, complaint=c)
        wait_state(env, m, state)


@flow(limit=60)
def test_media_and_edits_before_their_message(env):
    start(env, quiet='1h', open_max='2h')
    photo = attachment('media-77', mime='image/jpeg')
    m = message('w1', 'Ini foto lubangnya', attachments=[photo])
    put_media(env, m, {**photo, 'state': 'stored', 'sha256': 'ab' * 32, 'bytes': 7})
    edit = edit_of(m, 'Ini foto lubang di jalan')
    put(env, edit)
    absorbed(env, [edit])
    wait_until(lambda: len(decisions(env)) == 2, 20, 'both are noted')
    assert {d['results'][0]['type'] for d in decisions(env)} == {'noted'}
    put(env, m)
    absorbed(env, [m])
    c = complaints(env)[m['id']]
    assert c['attachments'][0]['state'] == 'stored' and c['attachments'][0]['sha256'] == 'ab' * 32
    assert c['text'] == 'Ini foto lubang di jalan'


@flow(limit=60)
def test_a_dead_one_is_replayed(env):
    start(env)
    m = message('w1', 'Bukan promo', cls='spam')
    put(env, m)
    assert absorbed(env, [m])[m['id']] == [('archived', 'spam')]
    put_command(env, 'replay', message=m['id'])  # still spam, but decided anew
    wait_until(lambda: len(absorbed(env, [m])[m['id']]) == 2, 20, 'decided a second time')
    put_command(env, 'replay', message=message('never')['id'])
    wait_until(lambda: len(decisions(env)) == 3, 20, 'the refusal')
    assert decisions(env)[-1]['results'][0]['refused'] is True


@flow(limit=60)
def test_a_decision_too_large_is_dead(env):
    """A complaint may hold more text than a record may once it is JSON."""
    start(env, quiet='1h', open_max='2h', max_text='256KiB', max_messages=1000)
    many = [message(f'w{i}', f'{i} ' + '\u0001' * 20000) for i in range(6)]
    put_many(env, many)
    found = absorbed(env, many)
    kinds = [found[m['id']][0][0] for m in many]
    assert kinds.count('dead') >= 1 and kinds[0] == 'complaint', kinds
    assert all(len(r.value) <= 512 * 1024 for r in env.kafka.read_all(env.topic('complaints')))
    after = message('x', 'Tetap hidup', author='6281234500002')
    put(env, after)
    absorbed(env, [after])
    check_once(env, [*many, after])
