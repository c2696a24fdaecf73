"""muara-email before an IMAP server that misbehaves: a mail is given in the end or becomes a dead message with its
place, those behind it pass, nothing comes twice under another id.
"""

from harness import flow, wait_until
from harness.imap_fake import VALIDITY, FakeImap
from harness.mail import TENANT, ACCOUNT, id_of, mail

MUARA = {'channels': ['email']}
FAULTS = {1: ['cut', 'bye'], 2: ['short', 'lie'], 3: ['cut'] * 9, 4: ['other', 'gone'], 5: []}


@flow(limit=120, muara=MUARA)
def test_a_server_that_misbehaves(env):
    mails = {u: mail(str(u), f'A00{u} OK FETCH completed. Keluhan {u}') for u in FAULTS}
    fake = FakeImap(env.scratch.mkdir('imap'), FAULTS, mails)
    d = env.daemon('email', {'tenant': TENANT, 'account': ACCOUNT, 'start': '2020-01-01', 'review': 'auto',
                             'max_age': '3650d', 'host': 'localhost', 'port': fake.port, 'user': 'lapor',
                             'password': env.secret('pw', 'rahasia-uji'), 'ca': fake.cert, 'timeout': '3s',
                             'idle': '1s'})

    def raw():
        return [r.json for r in env.kafka.read_all(env.topic('raw.email'))]
    wait_until(lambda: id_of('5@uji.example') in {m['id'] for m in raw()}, 90,
               lambda: f'the last mail; fetched {fake.fetched}')
    found = {m['id']: m for m in raw()}
    dead = [m for m in found.values() if m['class'] == 'undecodable']
    assert set(found) == {id_of(f'{u}@uji.example') for u in (1, 2, 4, 5)} | {id_of(f'uid:{VALIDITY}/3')}
    assert len(dead) == 1 and dead[0]['error']['place'] == f'uid {VALIDITY}/3', dead
    assert all(found[id_of(f'{u}@uji.example')]['text'].endswith(f'Keluhan {u}') for u in (1, 2, 4, 5))
    assert d.stop() == 0
    fake.stop()
