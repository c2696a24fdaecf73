"""muara-social before an X that misbehaves: every post is in raw.social in the end, under its own id, and none twice; what
needs a person holds, is told, and goes on where it stood.
"""

import time

from harness import flow, wait_until
from harness.x_account import MUARA, TOKEN, WAIT, Account, id_of

DAY_MS = 24 * 3600 * 1000
FAULTS = ['error', 'drop', 'short', 'half', 'broken', 'no_meta', 'large', 'rate_reset', 'partial', 'empty', 'again', 'round',
          'bad_post', 'clock', 'stale']


def told(d, text):
    return lambda: (lambda h: h[0] == 503 and text in h[1])(d.healthz())


def well(d):
    return lambda: d.healthz()[0] == 200


def to_noon(env):
    """No day (UTC) may end in the middle of a test that counts by days."""
    env.clock.advance((36 * 3600 - time.time() % 86400) % 86400 * 1000)


@flow(limit=90, muara=MUARA)
def test_every_fault(env):
    """One after another, at first pages and in the middle of a reading."""
    x = Account(env, page=2)
    posts = [x.fake.post(f'keluhan {i}') for i in range(30)]
    x.fake.fault(*[f for name in env.random.sample(FAULTS, len(FAULTS)) for f in (name, 'ok')])
    d = x.daemon(timeout='2s')
    x.wait(posts)
    wait_until(lambda: not x.fake.faults and (x.cursor('place') or {}).get('mentions') == posts[-1], WAIT,
               lambda: f'the end of it; to come: {x.fake.faults}')
    raw = x.raw()
    bad = [m for m in raw if m['class'] == 'undecodable']
    assert {m['error']['reason'] for m in bad} == {'it has no id of 1 to 19 digits'}, bad
    assert len({m['id'] for m in bad}) == 1
    assert sorted(m['id'] for m in raw if m not in bad) == sorted(map(id_of, posts)), 'lost, or twice without a crash'
    posts.append(x.fake.post('sesudahnya'))
    x.wait(posts)
    wait_until(well(d), WAIT, lambda: d.healthz())
    assert d.stop() == 0
    x.fake.stop()


@flow(limit=60, muara=MUARA)
def test_dead_token(env):
    x = Account(env)
    first = x.fake.post('satu')
    d = x.daemon()
    x.wait([first])
    x.fake.token = 'another one'  # X takes ours no more
    meanwhile = x.fake.post('dua')
    wait_until(told(d, 'X refuses the token'), WAIT, lambda: d.healthz())
    assert d.metrics()['muara_social_held{reason="token"}'] == 1
    refused = [r for r in x.fake.requests if r.status == 401]
    x.new_token('wrong-again', also_at_x=False)  # another one: tried at once, refused
    wait_until(lambda: [r for r in x.fake.requests if r.token.endswith('wrong-again')], WAIT, 'the other token is tried')
    x.new_token('good-again')
    assert id_of(meanwhile) in x.wait([meanwhile])
    assert len(refused) == 1 and len([r for r in x.fake.requests if r.status == 401]) == 2, 'a dead token was tried on'
    wait_until(well(d), WAIT, lambda: d.healthz())
    for secret in (TOKEN, 'wrong-again', 'good-again'):
        assert secret not in d.log_text()
    assert d.stop() == 0
    x.fake.stop()


@flow(limit=60, muara=MUARA)
def test_used_up_cap(env):
    to_noon(env)
    x = Account(env)
    d = x.daemon()
    x.wait([x.fake.post('satu')])
    x.fake.fault('capped')
    later = x.fake.post('dua')
    wait_until(told(d, 'cap or credit'), WAIT, lambda: d.healthz())
    n = len(x.fake.requests)
    env.clock.advance(3600 * 1000)  # an hour later: not asked again
    wait_until(lambda: x.env.clock.offset_ms and told(d, 'cap or credit')(), WAIT, 'held')
    assert len(x.fake.requests) == n and x.fake.requests[-1].status == 429
    env.clock.advance(DAY_MS)
    x.wait([later])
    wait_until(well(d), WAIT, lambda: d.healthz())
    assert d.stop() == 0
    x.fake.stop()


@flow(limit=60, muara=MUARA)
def test_budget_of_a_day(env):
    """Counted across restarts, a killed daemon's too; the next day goes on."""
    to_noon(env)
    x = Account(env)
    first = x.fake.post('satu')
    d = x.daemon(label='first', budget=6)
    x.wait([first])
    wait_until(lambda: (x.cursor('budget') or {}).get('used', 0) >= 3, WAIT, 'three requests')
    d.kill9()
    d = x.daemon(label='second', budget=6)
    wait_until(told(d, 'budget'), WAIT, lambda: d.healthz())
    assert d.stop() == 0
    later = x.fake.post('dua')
    n = len(x.fake.requests)
    assert n <= 6, f'{n} requests of a budget of 6'
    d = x.daemon(label='third', budget=6)
    wait_until(told(d, 'budget'), WAIT, lambda: d.healthz())
    assert len(x.fake.requests) == n and id_of(later) not in x.found()
    env.clock.advance(DAY_MS)
    x.wait([later])
    assert d.stop() == 0
    x.fake.stop()


@flow(limit=60, muara=MUARA)
def test_longer_away_than_x_remembers(env):
    """Eight days: X refuses the old since_id; the reader goes by time and tells the gap."""
    x = Account(env)
    d = x.daemon(label='first', mentions='no', search='lampu')
    old = x.fake.post('lampu mati', search=True)
    x.wait([old])
    wait_until(lambda: (x.cursor('place') or {}).get('search') == old, WAIT, 'the place')
    assert d.stop() == 0
    x.fake.skew_s = 8 * 86400  # by X's clock; ours may say what it likes
    x.fake.fault('old')
    new = x.fake.post('lampu mati lagi', search=True, ms=int(time.time() * 1000) + 8 * DAY_MS)
    d = x.daemon(label='second', mentions='no', search='lampu')
    x.wait([new])
    assert [r.status for r in x.fake.requests if 'start_time' in r.params and 'since_id' not in r.params][-1] == 200
    wait_until(lambda: d.metrics().get('muara_social_gaps_total{list="search"}') == 1, WAIT, 'the gap')
    assert 'a gap in search' in d.log_text()
    x.answered(2)
    assert d.metrics()['muara_social_gaps_total{list="search"}'] == 1, 'told once'
    assert d.stop() == 0
    x.fake.stop()
