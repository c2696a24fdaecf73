"""muara-social killed with SIGKILL at each named point, in the middle of readings of several pages: nothing lost, nothing
under another id or with another text, whatever was read before.
"""

from harness import flow, wait_until
from harness.x_account import MUARA, WAIT, Account, id_of

# which pass: in the middle of a reading of five pages (after-cursor: each request is paid by one)
POINTS = {'after-verify': 2, 'after-produce': 8, 'after-page': 2, 'after-report': 8, 'after-cursor': 3}


@flow(limit=120, muara=MUARA)
def test_every_point(env):
    x, posts = Account(env, page=5), {}
    d = None
    for i, point in enumerate(POINTS):
        posts.update({x.fake.post(f'{point} {n}'): f'{point} {n}' for n in range(env.rounds(23, 200))})
        if not d:
            d = x.daemon(supervise=True, crash=[f'{p}:{n}' for p, n in POINTS.items()], ready=False)
        wait_until(lambda: d.restarts > i, WAIT, lambda: f'{point} is reached')
        during = x.fake.post(f'{point} during', late=1)  # shown late, under an id that others have passed
        posts[during] = f'{point} during'
    x.wait(posts)
    assert d.stop() == 0
    assert [c.point for c in env.crashes()] == list(POINTS) and d.restarts == len(POINTS)
    texts = {}
    for m in x.raw():
        assert texts.setdefault(m['id'], m['text']) == m['text'], 'one id, two texts'
    assert texts == {id_of(p): t for p, t in posts.items()}
    x.fake.stop()


@flow(limit=120, own=True, muara=MUARA)
def test_kafka_away(env):
    x = Account(env)
    posts = [x.fake.post('satu')]
    d = x.daemon()
    x.wait(posts)
    env.kafka.stop()
    posts += [x.fake.post(f'selama mati {i}') for i in range(20)]
    assert d.alive
    env.kafka.start()
    x.wait(posts)
    assert set(x.found()) == {id_of(p) for p in posts}
    assert d.stop() == 0
    x.fake.stop()
