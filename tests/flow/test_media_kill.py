"""muara-media killed with SIGKILL at each named point: every attachment has its end, each blob is whole."""

from harness import flow, wait_until
from harness.media import JPEG, TOKEN, MediaServer, nothing_left, papers, photo, settled, start
from harness.records import put_many

POINTS = ('after-blob', 'after-produce', 'after-report', 'after-commit')


@flow(limit=120)
def test_every_point(env):
    n = env.count(20, 6)
    with MediaServer(TOKEN) as fake:
        seen = 0
        for point in POINTS:
            batch = [photo(f'{point}-{i}', f'{point}-{i}') for i in range(n)]
            for i, m in enumerate(batch):
                fake.put(m['attachments'][0]['id'], JPEG + point.encode() + bytes([i]))
            put_many(env, batch)
            seen += n
            d = start(env, fake, crash=f'{point}:{1 if point == "after-commit" else 3}', supervise=True, label=point,
                      parallel=2)
            wait_until(lambda: d.restarts >= 1, 40, lambda: f'{point} reached: {len(papers(env))} ends')
            found = settled(env, seen, 60)
            assert {a['state'] for a in found.values()} == {'stored'}, found
            assert d.stop() == 0
        assert [c.point for c in env.crashes()] == list(POINTS)
        assert sum(c.in_flight > 0 for c in env.crashes()) >= 3, env.crashes()
        nothing_left(env)
