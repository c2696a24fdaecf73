"""muara-call112 killed with SIGKILL at each named point, and anywhere: nothing lost, nothing new."""

import os

from harness import flow, wait_until
from harness import call112 as c112

POINTS = {'after-verify': 40, 'after-produce': 60, 'after-report': 25, 'after-cursor': 1}


def expected(calls):
    return set(map(c112.id_of, calls))


def found(env):
    return {r.json['id'] for r in env.kafka.read_all(env.topic('raw.call112'))}


def check(env, folder, calls, names):
    wait_until(lambda: all(os.path.exists(os.path.join(folder, 'done', n)) for n in names), 60,
               lambda: f'all files done; left: {os.listdir(folder)}')
    assert found(env) == expected(calls)


@flow(limit=150)
def test_every_point(env):
    centre, all_calls, reached = c112.Centre(env.random), [], []
    for point, n in POINTS.items():
        folder, calls = env.scratch.mkdir('drop-' + point), centre.calls(150)
        names = [f'{i}.csv' for i in range(3)]
        for i, name in enumerate(names):
            c112.put(folder, name, c112.csv_bytes(calls[i * 50:(i + 1) * 50]))
        d = env.daemon('call112', c112.config(folder), label='call112-' + point,
                       args=['--instance', point], supervise=True, crash=f'{point}:{n}', ready=False)
        all_calls += calls
        check(env, folder, all_calls, names)
        assert d.restarts == 1, f'{point}: {d.restarts} restarts'
        assert d.stop() == 0
        reached.append(env.crashes()[-1])
    assert [c.point for c in reached] == list(POINTS)
    assert sum(c.in_flight > 0 for c in reached) >= 3, reached


@flow(limit=120)
def test_killed_while_a_file_grows(env):
    folder, centre = env.scratch.mkdir('drop'), c112.Centre(env.random)
    d = env.daemon('call112', c112.config(folder, complete='stable', finished='keep', settle='1h'),
                   supervise=True)
    calls, rounds = [], env.rounds(4, 20)
    c112.append(folder, 'a.csv', c112.csv_header().encode())
    for _ in range(rounds):
        more = centre.calls(40)
        calls += more
        lines = [c112.csv_line(c).encode() for c in more]
        data = b''.join(lines)
        cut = env.random.randrange(len(lines[0]), len(data))  # one whole row at least
        before, restarts = env.kafka.end(env.topic('raw.call112')), d.restarts
        c112.append(folder, 'a.csv', data[:cut])
        wait_until(lambda: env.kafka.end(env.topic('raw.call112')) > before, 30, 'some rows')
        d.kill9()
        c112.append(folder, 'a.csv', data[cut:])
        wait_until(lambda: d.restarts > restarts and d.alive, 30, 'a restart')
        d.wait_ready()
    wait_until(lambda: found(env) >= expected(calls), 60, 'every call')
    assert found(env) == expected(calls)
