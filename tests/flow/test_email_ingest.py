"""muara-email on a real Dovecot: every mail is in raw.email under its own id, the mailbox stays as it is.

Proves: mails that lie there and mails that arrive in IDLE; attachments in the blob store before the message; mail
without a Message-ID; classes; no flag set, nothing deleted; another UIDVALIDITY is read again without a new id; a
wrong certificate or password reads nothing and says so; nothing personal in the log.
"""

import hashlib
import os

from harness import flow, free_port, wait_until
from harness.mail import FOLDER, PASSWORD, PHOTO, Mailbox, id_of, mail, with_photo
from harness.schema import validate_topic

MUARA = {'channels': ['email']}
WAIT = 60


def raw(env):
    return [r.json for r in env.kafka.read_all(env.topic('raw.email'))]


def wait_ids(env, wanted, within=WAIT):
    wait_until(lambda: set(wanted) <= {m['id'] for m in raw(env)}, within,
               lambda: f'ids; there are {len(raw(env))} records')
    return {m['id']: m for m in raw(env)}


@flow(limit=120, muara=MUARA)
def test_mails_arrive(env):
    box = Mailbox(env)
    nameless = mail(None, 'Air mati sejak pagi')
    box.append(mail('1', 'Lampu jalan mati', 'Laporan'), with_photo('2', 'Pohon tumbang di Jalan Ijen', 'Pohon tumbang'), nameless,
               mail('4', 'gagal', sender='MAILER-DAEMON@mx.example'))
    d = env.daemon('email', box.config())
    of_nameless = id_of('sha256:' + hashlib.sha256(nameless.replace(b'\r\n', b'\n')).hexdigest())
    found = wait_ids(env, [id_of('1@uji.example'), id_of('2@uji.example'), of_nameless, id_of('4@uji.example')])
    assert found[id_of('1@uji.example')]['text'] == 'Laporan\n\nLampu jalan mati'
    assert found[id_of('1@uji.example')]['author']['email'] == 'siti@warga.example'
    assert found[of_nameless]['class'] == 'human' and found[id_of('4@uji.example')]['class'] == 'bounce'
    photo = found[id_of('2@uji.example')]['attachments'][0]
    assert photo['state'] == 'stored' and photo['sha256'] == hashlib.sha256(PHOTO).hexdigest(), photo
    assert os.path.getsize(os.path.join(env.muara['blob_dir'], photo['sha256'])) == len(PHOTO)
    wait_until(lambda: 'waiting for mail' in d.log_text(), WAIT, 'IDLE')
    box.append(mail('5', 'Jalan berlubang'))
    wait_ids(env, [id_of('5@uji.example')])
    assert len(raw(env)) == 5
    assert all('\\Seen' not in f and '\\Deleted' not in f for f in box.flags().values()) and len(box.flags()) == 5
    validate_topic(env, 'raw.email')
    for secret in ('siti', 'Aminah', PASSWORD, 'Lampu', 'MAILER'):
        assert secret not in d.log_text(), secret
    assert d.stop() == 0


@flow(limit=120, muara=MUARA)
def test_another_uidvalidity(env):
    box = Mailbox(env)
    mails = [mail(str(i), f'Keluhan {i}') for i in range(10)]
    box.append(*mails)
    d = env.daemon('email', box.config(), label='first')
    wait_ids(env, [id_of(f'{i}@uji.example') for i in range(10)])
    assert d.stop() == 0
    box.recreate()
    box.append(*mails[5:], mail('new', 'Keluhan baru'))
    d = env.daemon('email', box.config(), label='second')
    wait_until(lambda: 'waiting for mail' in d.log_text(), WAIT, 'it has read all there is')
    found = wait_ids(env, [id_of('new@uji.example')], 20)  # from its memory into the log
    assert set(found) == {id_of(f'{i}@uji.example') for i in range(10)} | {id_of('new@uji.example')}
    assert d.stop() == 0


@flow(limit=90, muara=MUARA)
def test_a_start_reads_on(env):
    box = Mailbox(env)
    box.append(mail('1', 'satu'), mail('2', 'dua'))
    d = env.daemon('email', box.config(), label='first')
    wait_ids(env, [id_of('1@uji.example'), id_of('2@uji.example')])
    assert d.stop() == 0
    box.append(mail('3', 'tiga'))
    d = env.daemon('email', box.config(), label='second')
    wait_ids(env, [id_of('3@uji.example')])
    assert len(raw(env)) == 3, 'the cursor was not taken up'
    assert d.stop() == 0


@flow(limit=90, muara=MUARA)
def test_the_server_goes_and_comes(env):
    box = Mailbox(env)
    box.append(mail('1', 'satu'))
    d = env.daemon('email', box.config())
    wait_ids(env, [id_of('1@uji.example')])
    box.stop()
    wait_until(lambda: 'cannot be read, trying again' in d.log_text(), WAIT, 'the loss is told')
    box.start()
    box.append(mail('2', 'dua'))
    wait_ids(env, [id_of('2@uji.example')])
    assert d.stop() == 0


@flow(limit=120, muara=MUARA)
def test_what_a_person_must_mend_is_told(env):
    """In the log and in /healthz, with place and remedy; one that cannot be reached after some tries only."""
    box = Mailbox(env)
    no_token = {**box.config(token_file=env.scratch.path('token')), 'password': None}
    wrong = {'token': ({k: v for k, v in no_token.items() if v is not None}, '`token_file`'),
             'folder': (box.config(mailbox='Tidak Ada'), 'does `mailbox` exist'),
             'certificate': (box.config(ca=box.certificate('other.pem', 'other.key')), '`ca`'),
             'away': (box.config(port=free_port()), 'Connection refused')}
    daemons = {label: env.daemon('email', config, label=label) for label, (config, _) in wrong.items()}
    for label, d in daemons.items():
        wait_until(lambda: d.healthz()[0] == 503, WAIT, lambda: f'{label} ill: {d.healthz()}')
        said = d.healthz()[1]
        assert f'localhost port {wrong[label][0]["port"]}' in said and wrong[label][1] in said, said
        assert wrong[label][1] in d.log_text()


@flow(limit=90, muara=MUARA)
def test_nobody_we_do_not_trust(env):
    box = Mailbox(env)
    box.append(mail('1', 'satu'))
    stranger = box.certificate('other.pem', 'other.key')
    for label, over, told in (('certificate', {'ca': stranger}, 'not trusted'),
                              ('password', {'password': env.secret('wrong', 'salah-sekali')}, 'login: refused')):
        d = env.daemon('email', box.config(**over), label=label)
        wait_until(lambda: told in d.log_text() or raw(env), WAIT, lambda: f'{told} in {d.log_text()}')
        assert d.stop() == 0
        assert 'salah-sekali' not in d.log_text() and FOLDER not in d.log_text()
    assert raw(env) == []
