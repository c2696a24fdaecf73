"""muara-alarm killed with SIGKILL at each named point, and Kafka away: nothing that should ring is silent, no event twice."""

from harness import flow, wait_until
from harness.alarm import Rings, emergency_id, events, records, start
from harness.records import message, put

MUARA = {'channels': ['whatsapp', 'file']}
WAIT = 90
POINTS = ('after-screen', 'after-append', 'after-ring')
FIRE = 'Tolong, ada kebakaran di Pasar Besar!'


@flow(limit=150, muara=MUARA)
def test_every_point(env):
    rings, fires = Rings(env), []
    for i, point in enumerate(POINTS):
        fires += [message(f'{point}-{k}', FIRE) for k in range(3)]
        for m in fires[3 * i:]:
            put(env, m)
        d = start(env, [rings.hook(repeat='1d')], point, crash=f'{point}:1', supervise=True, ready=False)
        wait_until(lambda: d.restarts == 1, WAIT, f'{point}: killed')
        wait_until(lambda: all('duty' in events(env).get(m['id'], {'rung': ()})['rung'] for m in fires), WAIT,
                   f'{point}: all rung')
        assert d.stop() == 0
    assert [c.point for c in env.crashes()] == list(POINTS)
    assert all(c.in_flight > 0 for c in env.crashes())
    for m in fires:
        assert rings.of(m['id']), m['native_id']
    raised = [r['id'] for r in records(env) if r['kind'] == 'raised']
    assert len(raised) == len(set(raised)) == len(fires), raised


@flow(limit=150, own=True, muara=MUARA)
def test_kafka_away(env):
    """It goes on ringing, and takes up what came meanwhile; an acknowledgement given then is heard."""
    rings = Rings(env)
    d = start(env, [rings.hook(repeat='500ms')])
    fire = message('w1', FIRE)
    put(env, fire)
    wait_until(lambda: rings.of(fire['id']), WAIT, 'a ring')
    env.kafka.stop()
    d.wait_status('Kafka is away', WAIT)
    away = len(rings.of(fire['id']))
    wait_until(lambda: len(rings.of(fire['id'])) > away + 1, WAIT, 'rings without Kafka')
    env.kafka.start()
    other = message('w2', FIRE)
    put(env, other)
    wait_until(lambda: rings.of(emergency_id(other)), WAIT, 'what came then')
    env.ctl('emergency', 'ack', fire['id'], other['id'], '--who', 'piket', '--why', 'berangkat', '--wait',
            '--timeout', str(WAIT))
    found = events(env)
    assert all('acknowledged' in found[m['id']] for m in (fire, other)), found
    assert len([r for r in records(env) if r['kind'] == 'raised']) == 2
