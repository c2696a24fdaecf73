"""muara-email before an IMAP server that misbehaves: a mail is given in the end or becomes a dead message with its
place, those behind it pass, nothing comes twice under another id; a refused login holds, tells, and goes on when the
token file is renewed.
"""

from harness import flow, wait_until
from harness.imap_fake import USER, VALIDITY, FakeImap
from harness.mail import TENANT, ACCOUNT, id_of, mail

MUARA = {'channels': ['email']}
FAULTS = {1: ['cut', 'bye'], 2: ['short', 'lie'], 3: ['cut'] * 9, 4: ['other', 'gone'], 5: ['no', 'expunged'], 6: []}
WORDS = 'A00{0} OK FETCH completed. Keluhan {0}'


def start(env, fake, **login):
    return env.daemon('email', {
        'tenant': TENANT, 'account': ACCOUNT, 'start': '2020-01-01', 'review': 'auto', 'max_age': '3650d',
        'host': 'localhost', 'port': fake.port, 'user': USER, 'ca': fake.cert, 'timeout': '3s', 'idle': '1s', **login})


def raw(env):
    return {r.json['id']: r.json for r in env.kafka.read_all(env.topic('raw.email'))}


@flow(limit=120, muara=MUARA)
def test_a_server_that_misbehaves(env):
    fake = FakeImap(env.scratch.mkdir('imap'), FAULTS, {u: mail(str(u), WORDS.format(u)) for u in FAULTS})
    d = start(env, fake, password=env.secret('pw', 'rahasia-uji'))
    wait_until(lambda: id_of('6@uji.example') in raw(env), 90, lambda: f'the last mail; fetched {fake.fetched}')
    found, given = raw(env), (1, 2, 4, 5, 6)
    dead = [m for m in found.values() if m['class'] == 'undecodable']
    assert set(found) == {id_of(f'{u}@uji.example') for u in given} | {id_of(f'uid:{VALIDITY}/3')}
    assert len(dead) == 1 and dead[0]['error']['place'] == f'uid {VALIDITY}/3', dead
    assert all(found[id_of(f'{u}@uji.example')]['text'].endswith(f'Keluhan {u}') for u in given)
    assert d.stop() == 0
    fake.stop()


@flow(limit=90, muara=MUARA)
def test_a_token_that_has_expired(env):
    fake = FakeImap(env.scratch.mkdir('imap'), {}, {1: mail('1', 'Keluhan')})
    fake.token = 'ya29.baru'
    token = env.scratch.write('token', 'ya29.lama\n')
    d = start(env, fake, token_file=token)
    wait_until(lambda: fake.refused >= 2, 60, 'it is refused, and tries again')
    d.wait_status('refused')
    assert d.healthz()[0] == 503 and not raw(env) and d.metrics()['muara_email_connected'] == 0
    env.scratch.write('token', 'ya29.baru\n')  # as the helper does that renews it: no restart
    wait_until(lambda: id_of('1@uji.example') in raw(env), 60, 'the mail')
    wait_until(lambda: d.healthz()[0] == 200, 20, lambda: f'healthy: {d.status!r}')
    assert 'ya29' not in d.log_text() and 'XOAUTH2 login: refused' in d.log_text()
    assert d.stop() == 0
    fake.stop()
