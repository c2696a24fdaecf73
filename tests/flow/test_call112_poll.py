"""muara-call112 and a JSON endpoint that pages, tells late, repeats and breaks off: nothing lost, nothing twice."""

import json

from harness import call112 as c112
from harness import flow, wait_until
from harness.call112_http import Endpoint
from harness.schema import validate_topic

T0 = 1_780_000_000_000  # ms; the first change


def raw(env):
    return [r.json for r in env.kafka.read_all(env.topic('raw.call112'))]


def ids(env):
    return [m['id'] for m in raw(env)]


def wait_for(env, calls, timeout=30):
    wanted = set(map(c112.id_of, calls))
    wait_until(lambda: wanted <= set(ids(env)), timeout, lambda: f'{len(wanted - set(ids(env)))} calls missing')
    return {m['id']: m for m in raw(env)}


def cursors(env):
    return [r.json for r in env.kafka.read_all(env.topic('cursors')) if r.key.endswith(b'/poll')]


def since_of_cursor(env):
    found = cursors(env)
    return found[-1]['value']['since_ms'] if found else None


def pages(d):
    return d.metrics().get('muara_call112_polls_total{answer="page"}', 0)


def numbered(first, n, **more):
    return [c112.call(f'P-{i}', text=f'Lampu mati di gang {i}', **more) for i in range(first, first + n)]


@flow(limit=90)
def test_pages_updates_and_a_restart(env):
    with Endpoint() as centre:
        calls = numbered(0, 7)
        centre.add(calls, T0)
        d = env.daemon('call112', centre.config(env))
        wait_for(env, calls)
        wait_until(lambda: since_of_cursor(env) == T0, 30, 'the cursor')
        assert cursors(env)[0]['raw']['offset'] == 6  # only after the report of the last call
        asked = centre.asked()
        assert asked[0].query == {'since': '1577811600000', 'p': '1'}  # `start`, in the zone of muara.yaml
        assert [r.query['p'] for r in asked[:3]] == ['1', 's2', 's3']
        centre.add([calls[0]._replace(kind='Kebakaran'), *numbered(7, 1)], T0 + 1000)
        wait_for(env, numbered(7, 1))
        wait_until(lambda: since_of_cursor(env) == T0 + 1000, 30, 'the cursor')
        assert d.stop() == 0
        before = len(centre.asked())
        d.start()
        centre.add(numbered(8, 1), T0 + 2000)
        wait_for(env, numbered(8, 1))
        assert centre.asked()[before].query['since'] == str(T0 + 1000)
        found = raw(env)
        assert len(found) == len({m['id'] for m in found}) == 10
        assert [(m['class'], m['native_id']) for m in found if m['kind'] == 'edit'] == [('emergency', 'P-0')]
        assert found[0]['source']['place'] == 'page 1, item 1'
        assert 'rahasia' not in d.log_text() and 'rahasia' not in json.dumps(found)
        validate_topic(env, 'raw.call112')


@flow(limit=90)
def test_late_calls_and_numbered_pages(env):
    with Endpoint(by='number') as centre:
        centre.add(numbered(0, 4), T0)
        env.daemon('call112', centre.config(env, overlap='10m'))
        wait_for(env, numbered(0, 4))
        wait_until(lambda: since_of_cursor(env) == T0, 30, 'the cursor')
        centre.add(numbered(4, 3), T0 - 60_000)  # shown late
        wait_for(env, numbered(0, 7))
        assert len(ids(env)) == 7
        assert {r.query['p'] for r in centre.asked()} >= {'1', '2', '3'}
        assert str(T0 - 600_000) in {r.query['since'] for r in centre.asked()}


@flow(limit=120)
def test_an_endpoint_that_misbehaves(env):
    faults = ['half', 'status:503', 'cut', 'drop', 'html', 'same', 'status:429', 'big', 'elsewhere', 'status:302']
    with Endpoint(by='url') as centre:
        calls = numbered(0, 5)
        centre.add(calls, T0)
        centre.add_raw('{"ticket": {"no": "P-0", "no": 1}}', T0)
        for fault in faults:  # the second page of a reading is hit, then the first of the next
            centre.script('', fault)
        centre.add(numbered(5, 2), T0 + 1)
        d = env.daemon('call112', centre.config(env, max='64KiB'))

        def all_met():
            env.clock.advance(400 * 1000)  # over its pauses
            return not centre.faults and since_of_cursor(env) == T0 + 1
        wait_until(all_met, 60, lambda: f'all faults met, cursor behind the last; left: {centre.faults}')
        found = wait_for(env, numbered(0, 7))
        assert len(ids(env)) == len(found) == 8
        dead = [m['error']['place'] for m in found.values() if m['class'] == 'undecodable']
        assert len(dead) == 1 and dead[0].endswith(', item 3')
        text = d.log_text()
        for part in ('no whole JSON document', 'status 503', 'no answer', 'larger than poll_json.max',
                     'another host', 'status 302', 'answered again'):
            assert part in text, part


@flow(limit=60)
def test_a_reading_that_breaks_off_moves_nothing(env):
    with Endpoint() as centre:
        newest_first = numbered(0, 6)
        for n, c in enumerate(newest_first):
            centre.add([c], T0 + 1000 - n)
        centre.script('', *['status:500'] * 2)
        d = env.daemon('call112', centre.config(env))
        wait_until(lambda: d.metrics().get('muara_call112_polls_total{answer="again"}', 0) >= 1, 20, 'a break')
        env.clock.advance(10_000)
        wait_until(lambda: (env.clock.advance(10_000), not centre.faults)[1], 20, 'both breaks')
        wait_until(lambda: (env.clock.advance(10_000), since_of_cursor(env))[1] == T0 + 1000, 20, 'the cursor')
        assert len(ids(env)) == 6
        assert d.stop() == 0
        last = len(centre.asked())
        d.start()
        wait_until(lambda: len(centre.asked()) > last, 20, 'asked again')
        assert centre.asked()[last].query['since'] == str(T0 + 1000)


@flow(limit=60)
def test_a_wrong_key_alarms_and_holds(env):
    with Endpoint() as centre:
        centre.add(numbered(0, 1), T0)
        d = env.daemon('call112', centre.config(env, secret_header=env.secret('old', 'X-Kunci: kunci-yang-dulu')))
        wait_until(lambda: d.metrics().get('muara_call112_poll_refused') == 1, 20, 'the alarm')
        assert 'status 401' in d.log_text() and 'kunci-yang-dulu' not in d.log_text()
        status, text = d.healthz()
        assert status == 503 and 'status 401' in text, text
        assert d.stop() == 0 and not raw(env)
        assert since_of_cursor(env) is None


@flow(limit=90)
def test_an_endpoint_that_is_away_is_told(env):
    """One bad answer is weather, five in a row are for a person; the first good one ends it."""
    with Endpoint() as centre:
        centre.add(numbered(0, 1), T0)
        centre.script('status:503')
        d = env.daemon('call112', centre.config(env))
        wait_until(lambda: (env.clock.advance(10_000), pages(d))[1], 30, 'a good page behind a bad one')
        assert d.healthz()[0] == 200, d.healthz()
        centre.script(*['status:503'] * 200)
        wait_until(lambda: (env.clock.advance(10_000), d.healthz()[0])[1] == 503, 30, lambda: f'ill: {d.healthz()}')
        assert 'status 503' in d.healthz()[1], d.healthz()
        with centre.lock:
            centre.faults.clear()
        wait_until(lambda: (env.clock.advance(10_000), d.healthz()[0])[1] == 200, 30, lambda: f'well: {d.healthz()}')


@flow(limit=150)
def test_killed_at_every_point(env):
    with Endpoint(page=20) as centre:
        for n, (point, nth) in enumerate({'after-verify': 30, 'after-produce': 45, 'after-report': 20,
                                          'after-cursor': 1}.items()):
            centre.add(numbered(100 * n, 60), T0 + n)
            d = env.daemon('call112', centre.config(env), label='call112-' + point, supervise=True,
                           crash=f'{point}:{nth}', ready=False)
            wait_for(env, numbered(100 * n, 60), 60)
            wait_until(lambda: since_of_cursor(env) == T0 + n and d.restarts == 1, 30, f'{point}: cursor, one restart')
            d.wait_ready()
            assert d.stop() == 0
        assert [c.point for c in env.crashes()] == ['after-verify', 'after-produce', 'after-report', 'after-cursor']
        assert len(set(ids(env))) == 240
