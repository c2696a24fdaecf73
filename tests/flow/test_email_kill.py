"""muara-email killed with SIGKILL at each named point, Kafka away and back: nothing lost, nothing new."""

from harness import flow, wait_until
from harness.mail import Mailbox, id_of, mail

MUARA = {'channels': ['email']}
POINTS = {'after-verify': 10, 'after-produce': 15, 'after-report': 8, 'after-cursor': 1}
EACH = 25


def found(env):
    return {r.json['id'] for r in env.kafka.read_all(env.topic('raw.email'))}


@flow(limit=150, muara=MUARA)
def test_every_point(env):
    box, wanted, reached = Mailbox(env), set(), []
    for point, n in POINTS.items():
        box.append(*[mail(f'{point}-{i}', f'Keluhan {i}') for i in range(EACH)])
        wanted |= {id_of(f'{point}-{i}@uji.example') for i in range(EACH)}
        d = env.daemon('email', box.config(), label='email-' + point, supervise=True, crash=f'{point}:{n}', ready=False)
        wait_until(lambda: d.restarts == 1 and found(env) >= wanted, 60, lambda: f'{point}: {len(found(env))} mails')
        assert found(env) == wanted
        assert d.stop() == 0
        reached.append(env.crashes()[-1])
    assert [c.point for c in reached] == list(POINTS)


@flow(limit=150, own=True, muara=MUARA)
def test_kafka_away(env):
    box = Mailbox(env)
    box.append(mail('1', 'satu'))
    d = env.daemon('email', box.config())
    wait_until(lambda: found(env) == {id_of('1@uji.example')}, 60, 'the first')
    env.kafka.stop()
    box.append(*[mail(str(i), f'Keluhan {i}') for i in range(2, 12)])
    assert d.alive
    env.kafka.start()
    wait_until(lambda: found(env) == {id_of(f'{i}@uji.example') for i in range(1, 12)}, 90, 'all of them')
    assert d.stop() == 0
