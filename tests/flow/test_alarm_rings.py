"""muara-alarm: an emergency rings, whatever else is down, once an event, until a person answers.

Proves: an emergency in each channel rings with Redis stopped and no normalizer (the delay is
printed); it rings again until acknowledged and not after; delivered again, edited or read again it
is the same event; an old one is listed and does not ring; a failing hook is retried and holds up no
other; a restart and a standby go on.
"""

import json
import os
import time

from harness import flow, wait_until
from harness.alarm import Rings, Webhook, emergency_id, events, records, start
from harness.records import call_record, command, edit_of, message, put, text_of
from harness.schema import validate_topic

MUARA = {'channels': ['whatsapp', 'call112', 'file', 'email']}
WAIT = 60
FIRE = 'Tolong, ada kebakaran di Pasar Besar!'
HOUR = 3600 * 1000
WHO = ('--who', 'piket', '--why', 'Damkar berangkat')


def wait_rings(rings, event, n, what):
    wait_until(lambda: len(rings.of(event)) >= n, WAIT, what)


def wait_known(env, event, kind):
    wait_until(lambda: kind in events(env).get(event, {}), WAIT, f'{kind} of {event}')


def listed(env):
    """What rings, by its records: each is written after the ring it tells of."""
    return json.loads(env.ctl('emergency', 'list', '--json'))


def wait_raised(env, n):
    """Each once. Waited for: on a slow machine a ring may come before its record is confirmed."""
    raised = wait_until(lambda: (lambda k: len(k) >= n and k)([r['id'] for r in records(env) if r['kind'] == 'raised']),
                        WAIT, f'{n} raised')
    assert len(raised) == n, raised


@flow(limit=90, muara=MUARA)
def test_again_until_acknowledged(env):
    env.redis.stop()
    rings = Rings(env)
    start(env, [rings.hook('duty'), rings.hook('chief', after='1h')])
    fire, lamp = message('w1', FIRE), message('w2', 'Lampu jalan mati.')
    event = emergency_id(fire)
    put(env, lamp)
    put(env, fire)
    put(env, fire)
    wait_rings(rings, event, 2, 'two rings')
    numbers = [r.number for r in rings.of(event)]
    assert numbers[:2] == [1, 2], numbers
    wait_until(lambda: [(r['id'], r['state'], r['rings'] >= 2) for r in listed(env)] == [(event, 'rings', True)], WAIT,
               lambda: f'two rings are written down: {listed(env)}')
    acked, = json.loads(env.ctl('emergency', 'ack', event, *WHO, '--wait', '--json'))
    assert acked['result'] == 'done', acked
    wait_known(env, event, 'acknowledged')
    env.clock.advance(2 * HOUR)  # whatever were still to ring would do so with the next one
    again = message('w3', FIRE + ' Lagi!')
    put(env, again)
    wait_rings(rings, emergency_id(again), 1, 'the next one')
    wait_until(lambda: rings.of(emergency_id(again), 'duty'), WAIT, 'the next one, on duty')
    for hook in ('duty', 'chief'):  # one ring at a time a hook: lines are in order
        lines = [r.ids for r in rings.all() if r.hook == hook]
        first = lines.index([emergency_id(again)]) if [emergency_id(again)] in lines else len(lines)
        assert all(event not in ids for ids in lines[first:]), 'it rang after it was acknowledged'
    assert not rings.of(event, 'chief')
    kinds = [r['kind'] for r in records(env) if r['id'] == event]
    assert kinds.count('raised') == 1 and kinds.count('acknowledged') == 1, kinds
    assert emergency_id(lamp) not in events(env)
    wait_until(lambda: [r['id'] for r in listed(env)] == [emergency_id(again)], WAIT, lambda: f'{listed(env)}')
    validate_topic(env, 'emergencies')


@flow(limit=90, muara=MUARA)
def test_one_event(env):
    """The same message again, its edit, an update of its call and a restart ring nothing new; a call
    that became an emergency, and an edit that made one, do."""
    rings = Rings(env)
    d = start(env, [rings.hook(repeat='1d')])
    fire, call = message('w1', FIRE), call_record('c1', 'Pohon tumbang', 'normal')
    water = message('w2', 'Air PDAM keruh.')
    worse = call_record('c1', 'Pohon tumbang, ada korban terjepit', 'emergency')
    edited = edit_of(water, 'Air PDAM keruh. Ada orang tenggelam!')
    for m in (fire, call, water, worse, edited):
        put(env, m)
    for m in (fire, worse, edited):
        wait_rings(rings, emergency_id(m), 1, m['text'])
    assert emergency_id(worse) == emergency_id(call) and emergency_id(edited) == water['id']
    d.restart()
    put(env, edit_of(fire, FIRE + ' Cepat!'))
    put(env, fire)
    put(env, worse)
    last = message('w9', FIRE)
    put(env, last)
    put(env, {**call_record('c9', FIRE, 'emergency')})
    wait_rings(rings, emergency_id(last), 1, 'the last one')
    wait_rings(rings, emergency_id(call_record('c9', '')), 1, 'the last call')
    for m in (fire, worse, edited):
        assert len(rings.of(emergency_id(m))) == 1, m['text']
    wait_raised(env, 5)


@flow(limit=90, muara=MUARA)
def test_what_does_not_ring(env):
    """Old ones are stale; what no person wrote, and a ghost call, are nothing; an unknown id is refused."""
    rings = Rings(env)
    start(env, [rings.hook(repeat='1d')])
    now = int(time.time() * 1000)
    old = message('w1', FIRE, sent_ms=now - 7 * HOUR, received_ms=now)
    quiet = [old, message('w2', FIRE, cls='echo'), call_record('c1', FIRE, 'ghost'),
             message('w3', 'Tidak ada kebakaran.'), message('w4', FIRE, cls='auto')]
    for m in quiet:
        put(env, m)
    loud = [message('w5', FIRE), call_record('c2', 'Laporan', 'emergency')]
    for m in loud:
        put(env, m)
    for m in loud:
        wait_rings(rings, emergency_id(m), 1, 'an emergency')
    wait_known(env, old['id'], 'stale')
    for m in quiet:
        assert not rings.of(emergency_id(m)), m
    for m in loud:
        wait_known(env, emergency_id(m), 'raised')
    assert set(events(env)) == {old['id'], *(emergency_id(m) for m in loud)}
    listed = json.loads(env.ctl('emergency', 'list', '--json', '--all'))
    assert {r['id']: r['state'] for r in listed}[old['id']] == 'stale'
    nobody = message('never', FIRE)['id']
    done = env.ctl('emergency', 'ack', nobody, *WHO, '--wait', check=False)
    assert done.returncode == 1 and 'no emergency' in done.stderr, done
    ack = command('acknowledge', message=nobody)  # as one who is faster than the log would
    env.kafka.produce(env.topic('commands'), text_of(ack), ack['id'], 0)
    wait_until(lambda: events(env).get(nobody, {}).get('refused'), WAIT, 'the refusal')
    validate_topic(env, 'emergencies')


@flow(limit=90, muara=MUARA)
def test_a_hook_that_fails(env):
    """Is told, retried and holds up no other; a second in line rings when nobody answers."""
    rings, broken = Rings(env), Rings(env, 'broken')
    broken.exit_with(3)
    with Webhook([503, 200]) as web:
        token = env.secret('token', 'ring-ring')
        d = start(env, [broken.hook('broken'), rings.hook('duty', repeat='1d'),
                        {'name': 'none', 'type': 'command', 'command': ['/nowhere/ring']},
                        {'name': 'web', 'type': 'webhook', 'url': web.url, 'token': token,
                         'repeat': '1d'},
                        rings.hook('chief', after='10m', repeat='1d')])
        fire = message('w1', FIRE)
        put(env, fire)
        wait_rings(rings, fire['id'], 1, 'the good one')
        wait_rings(broken, fire['id'], 2, 'the broken one, tried again')
        wait_until(lambda: len(web.of(fire['id'])) == 2, WAIT, 'the webhook, tried again')
        wait_until(lambda: {'duty', 'web'} <= set(events(env).get(fire['id'], {'rung': ()})['rung']), WAIT, 'two rung')
        assert 'broken' not in events(env)[fire['id']]['rung']
        d.wait_status('hook broken: exit status 3')
        assert d.healthz()[0] == 503
        _, headers, body = web.calls[0]
        assert headers['Authorization'] == 'Bearer ring-ring'
        event, = body['emergencies']
        assert event['channel'] == 'whatsapp' and FIRE not in json.dumps(body), body
        assert not rings.of(fire['id'], 'chief')
        broken.exit_with(0)
        env.clock.advance(HOUR)
        wait_rings(rings, fire['id'], 2, 'the chief')
        assert rings.of(fire['id'], 'chief')
        wait_until(lambda: 'broken' in events(env)[fire['id']]['rung'], WAIT, 'the mended one')
    assert 'ring-ring' not in d.log_text()


@flow(limit=60, muara=MUARA)
def test_a_program_that_is_not_there(env):
    """Is told before the night in which it counts, and no restart is needed when it is there."""
    rings = Rings(env)
    hook, away = rings.hook('duty', repeat='1d'), rings.script + '.away'
    os.rename(rings.script, away)
    d = start(env, [hook])
    d.wait_status('hook duty: nobody would be rung', 30)
    assert d.healthz()[0] == 503 and d.metrics()['muara_alarm_hooks_failing'] == 1
    assert rings.script in d.log_text() and '0755' in d.log_text()
    os.rename(away, rings.script)
    wait_until(lambda: d.healthz()[0] == 200, WAIT, lambda: f'well: {d.healthz()}')
    fire = message('w1', FIRE)
    put(env, fire)
    wait_rings(rings, fire['id'], 1, 'a ring')


@flow(limit=120, muara=MUARA)
def test_a_standby_takes_over(env):
    rings = Rings(env)
    first = start(env, [rings.hook('one')], 'first', args=['--instance', 'first'])
    fire = message('w1', FIRE)
    put(env, fire)
    wait_rings(rings, fire['id'], 1, 'a ring')
    second = start(env, [rings.hook('two')], 'second', args=['--instance', 'second'])
    first.kill9()
    wait_until(lambda: rings.of(fire['id'], 'two'), WAIT, 'a ring of the standby')
    other = message('w2', FIRE)
    put(env, other)
    wait_until(lambda: rings.of(other['id'], 'two'), WAIT, 'its own emergency')
    second.wait_status('2 unacknowledged')
    wait_raised(env, 2)
