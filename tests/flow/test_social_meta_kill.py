"""muara-social of a page killed with SIGKILL at each named point, webhooks and polls under way: nothing lost, nothing new."""

import threading
import time

from harness import flow, wait_until
from harness.graph_account import MUARA, WAIT, GraphAccount, comment, id_of, ig_body, page_body

POINTS = {'after-verify': 20, 'after-produce': 25, 'after-report': 20, 'after-cursor': 1}


def deliver(g, bodies, accepted):
    """As Meta does: again, until it is answered 200."""
    for body in bodies:
        end = time.monotonic() + WAIT
        while g.send(body) != 200:
            assert time.monotonic() < end, 'not accepted'
            time.sleep(0.05)
        accepted.append(body)


def load(g, point, rounds):
    """(bodies of two senders, ids they and the Graph API hold)"""
    post, ids, bodies = g.fake.post('Pengumuman'), set(), ([], [])
    for i in range(rounds):
        for k in range(2):
            names = [f'9_{point}.{k}.{i}.{n}' for n in range(3)]
            bodies[k].append(page_body(*[comment(name, f'keluhan {name}') for name in names]))
            ids |= {id_of(name) for name in names}
        mention = g.fake.mention(f'@kota {i}')
        bodies[i % 2].append(ig_body('mentions', media_id='1', comment_id=mention))
        ids |= {id_of(mention), id_of(f'incomplete:ig_mentioned_comment:{mention}')}
        for n in range(3):
            ids.add(id_of(g.fake.comment(post, f'polling {i} {n}')))
    return bodies, ids


@flow(limit=150, muara=MUARA)
def test_every_point(env):
    g, wanted, reached = GraphAccount(env, page=5), set(), []
    for point, at in POINTS.items():
        bodies, ids = load(g, point, 5)
        wanted |= ids
        d = g.daemon(label='social-' + point, supervise=True, crash=f'{point}:{at}', ready=False, running=False)
        accepted = []
        crew = [threading.Thread(target=deliver, args=(g, b, accepted)) for b in bodies]
        for t in crew:
            t.start()
        for t in crew:
            t.join()
        assert len(accepted) == len(bodies[0]) + len(bodies[1])
        wait_until(lambda: d.restarts == 1 and set(g.found()) >= wanted, WAIT,
                   lambda: f'{point}: restarts {d.restarts}, {len(wanted - set(g.found()))} of {len(wanted)} missing')
        assert set(g.found()) == wanted, 'something nobody sent'
        d.wait_ready()  # all of it may have been there before the kill
        assert d.stop() == 0
        reached.append(env.crashes()[-1])
    assert [c.point for c in reached] == list(POINTS)
    assert all(c.in_flight > 0 for c in reached[:2]), reached
    g.fake.stop()


@flow(limit=120, own=True, muara=MUARA)
def test_kafka_away(env):
    g = GraphAccount(env)
    post = g.fake.post('Pengumuman')
    g.fake.comment(post, 'satu')
    d = g.daemon(answer_within='1s')
    g.wait(g.fake.natives)
    env.kafka.stop()
    new = [g.fake.comment(post, f'keluhan {i}') for i in range(5)]
    body = page_body(comment('9_1', 'Lampu mati'))
    assert g.send(body) == 503
    assert d.alive
    env.kafka.start()
    wait_until(lambda: g.send(body) == 200, WAIT, 'intake after the broker')
    g.wait(new + ['9_1'])
    assert set(g.found()) == {id_of(i) for i in g.fake.natives + ['9_1']}
    assert d.stop() == 0
    g.fake.stop()
