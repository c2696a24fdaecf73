"""`muaractl channel try` on a live place: a mailbox is looked at, nothing is taken and nothing marked."""

import json

from harness import flow, wait_until, yaml_text
from harness.mail import Mailbox, id_of, mail, with_photo


@flow(limit=120, muara={'channels': ['email']})
def test_a_mailbox_is_looked_at(env):
    box = Mailbox(env)
    box.append(mail('1', 'Lampu jalan mati'), with_photo('2', 'Pohon tumbang', 'Pohon'))
    conf = env.scratch.write('email-kota.yaml', yaml_text(box.config()))
    shown = []

    def look():
        out = env.ctl('channel', 'try', conf, '--json')
        shown[:] = [json.loads(line) for line in out.splitlines()]
        return len(shown) == 2
    wait_until(look, 90, lambda: f'two mails; {len(shown)} were shown')
    assert {m['id'] for m in shown} == {id_of('1@uji.example'), id_of('2@uji.example')}
    assert [a['state'] for m in shown for a in m['attachments']] == ['stored']
    assert all('\\Seen' not in f for f in box.flags().values()) and len(box.flags()) == 2
    assert env.kafka.end(env.topic('raw.email')) == 0
    assert env.kafka.end(env.topic('cursors')) == 0
