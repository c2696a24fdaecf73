"""`muaractl channel try` on a live place: a mailbox, a 112 centre's server; nothing is taken and nothing marked."""

import json
import os

from harness import call112 as c112
from harness import flow, wait_until, yaml_text
from harness.mail import Mailbox, id_of, mail, with_photo
from harness.webdrop import Nginx


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


@flow(limit=60, muara={'channels': ['call112']})
def test_a_web_servers_folder_is_looked_at(env):
    calls = c112.Centre(env.random).calls(3)
    with Nginx(env, 'json') as server:
        server.put('a.csv', c112.csv_bytes(calls))
        names = server.names()
        conf = env.scratch.write('call112-kota.yaml', yaml_text(server.config(env.scratch.dir + '/spool', settle='1h')))
        shown = [json.loads(line) for line in env.ctl('channel', 'try', conf, '--json').splitlines()]
        assert {m['id'] for m in shown} == {c112.id_of(c) for c in calls}
        assert server.names() == names
    assert not os.path.exists(env.scratch.dir + '/spool')
    assert env.kafka.end(env.topic('raw.call112')) == 0
    assert env.kafka.end(env.topic('cursors')) == 0
