"""muara-social before a fake Graph API (tests/fakes/graph_fake.py) and as the target of webhooks.

    g = GraphAccount(env)            .fake, .daemon(**over): running; over: keys of its section `meta`
    g.post(body)                     one signed webhook; its status
    g.wait(native ids)               records by id once all of them are there
    comment('9_1', 'Jalan rusak')    a webhook's element; page_body(…), ig_body(…): bodies of elements
"""

import json
import os
import sys
import time

from . import whatsapp
from .procs import wait_until
from .records import message_id

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'fakes'))

from graph_fake import INSTAGRAM, PAGE, FakeGraph  # noqa: E402  (the path comes first)

TENANT, ACCOUNT, TOKEN, SECRET, VERIFY = 'malang', 'meta-pemkot', 'token-uji-rahasia', 'rahasia-aplikasi', 'token-verifikasi'
MUARA = {'channels': ['social']}
WAIT = 60


def id_of(native, revision=None):
    return message_id(TENANT, 'social', ACCOUNT, native, revision)


def comment(number, text, name='Siti Aminah', verb='add', **more):
    value = {'item': 'comment', 'verb': verb, 'comment_id': number, 'post_id': f'{PAGE}_9', 'created_time': int(time.time()),
             'from': {'id': '7', 'name': name}, 'message': text, **more}
    return {'field': 'feed', 'value': {k: v for k, v in value.items() if v is not None}}


def chat(mid, text, sender='7', **more):
    return {'sender': {'id': sender}, 'recipient': {'id': PAGE}, 'timestamp': int(time.time() * 1000),
            'message': {'mid': mid, 'text': text, **more}}


def page_body(*changes, messaging=()):
    entry = {'id': PAGE, 'time': int(time.time())}
    if changes:
        entry['changes'] = list(changes)
    if messaging:
        entry['messaging'] = list(messaging)
    return json.dumps({'object': 'page', 'entry': [entry]}).encode()


def ig_body(field, **value):
    return json.dumps({'object': 'instagram', 'entry': [{'id': INSTAGRAM, 'time': int(time.time()), 'changes': [
        {'field': field, 'value': value}]}]}).encode()


class GraphAccount:
    def __init__(self, env, **fake):
        self.env, self.fake = env, FakeGraph(TOKEN, SECRET, **fake).start()
        self.token_file = env.secret('graph-token', TOKEN)
        self.address = env.scratch.path('meta')

    def new_token(self, text):
        self.fake.token = text
        with open(self.token_file + '.new', 'w', encoding='utf-8') as f:
            f.write(text + '\n')
        os.rename(self.token_file + '.new', self.token_file)

    def config(self, **over):
        meta = {'page': PAGE, 'instagram': INSTAGRAM, 'token_file': self.token_file, 'base': self.fake.base,
                'listen': self.address, 'app_secret': self.env.secret('app', SECRET),
                'verify_token': self.env.secret('verify', VERIFY), 'poll': '100ms', 'spacing': '1ms', 'timeout': '5s',
                'answer_within': '30s', **over}
        return {'tenant': TENANT, 'account': ACCOUNT, 'start': '2020-01-01', 'review': 'auto', 'max_age': '3650d',
                'platform': 'meta', 'meta': {k: v for k, v in meta.items() if v is not None}}

    def daemon(self, label='social', supervise=False, crash=None, ready=True, running=True, **over):
        d = self.env.daemon('social', self.config(**over), label=label, supervise=supervise, crash=crash, ready=ready)
        if running:
            wait_until(lambda: 'cursors read' in d.log_text(), WAIT, lambda: f'intake; status {d.status!r}')
        return d

    def send(self, body, secret=SECRET):
        return whatsapp.post(self.address, body, secret, path='/meta')

    def raw(self):
        return [r.json for r in self.env.kafka.read_all(self.env.topic('raw.social'))]

    def found(self):
        return {m['id']: m for m in self.raw()}

    def wait(self, natives):
        wanted = {id_of(i) for i in natives}
        return wait_until(lambda: (lambda f: wanted <= set(f) and f)(self.found()), WAIT,
                          lambda: f'{len(wanted - set(self.found()))} of {len(wanted)} messages; '
                                  f'the last calls: {self.fake.calls[-3:]}')

    def rounds(self, d, n=2):
        """Waits until `n` further rounds of polling are over."""
        def done():
            return d.metrics().get('muara_meta_rounds_total', 0)
        before = done()
        wait_until(lambda: done() >= before + n, WAIT, lambda: f'{n} rounds; calls: {self.fake.calls[-3:]}')

    def cursor(self):
        found = [r.json['value'] for r in self.env.kafka.read_all(self.env.topic('cursors'))
                 if r.key and r.key.decode().endswith('/graph')]
        return found[-1] if found else None
