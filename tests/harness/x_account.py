"""muara-social before a fake X (tests/fakes/x_fake.py).

    x = Account(env)                 .fake, .daemon(**over): running; over: keys of its section `x`
    x.raw()                          records of raw.social
    x.wait(ids of posts)             until all of them are there, by the id Muara must give them
    id_of('157...', revision=None)   computed here by UUIDv5
"""

import os
import sys

from .procs import wait_until
from .records import message_id

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'fakes'))

from x_fake import FakeX  # noqa: E402  (the path comes first)

TENANT, ACCOUNT, TOKEN, OWN = 'malang', 'x-pemkot', 'token-uji-rahasia', '1234567890'
MUARA = {'channels': ['social']}
WAIT = 60


def id_of(native, revision=None):
    return message_id(TENANT, 'social', ACCOUNT, native, revision)


class Account:
    def __init__(self, env, **fake):
        self.env, self.fake = env, FakeX(TOKEN, OWN, **fake).start()
        self.token_file = env.secret('x-token', TOKEN)

    def new_token(self, text, also_at_x=True):
        """As the program that renews it does: a new file in place of the old one."""
        if also_at_x:
            self.fake.token = text
        with open(self.token_file + '.new', 'w', encoding='utf-8') as f:
            f.write(text + '\n')
        os.chmod(self.token_file + '.new', 0o600)
        os.rename(self.token_file + '.new', self.token_file)

    def config(self, **over):
        x = {'user': OWN, 'token_file': self.token_file, 'base': self.fake.base, 'poll': '100ms', 'timeout': '5s', **over}
        return {'tenant': TENANT, 'account': ACCOUNT, 'start': '2020-01-01', 'review': 'auto', 'max_age': '3650d',
                'platform': 'x', 'x': {k: v for k, v in x.items() if v is not None}}

    def daemon(self, label='social', supervise=False, crash=None, ready=True, **over):
        return self.env.daemon('social', self.config(**over), label=label, supervise=supervise, crash=crash, ready=ready)

    def raw(self):
        return [r.json for r in self.env.kafka.read_all(self.env.topic('raw.social'))]

    def found(self):
        return {m['id']: m for m in self.raw()}

    def wait(self, ids):
        """Records by id, once those of all native ids are there."""
        wanted = {id_of(i) for i in ids}
        return wait_until(lambda: (lambda f: wanted <= set(f) and f)(self.found()), WAIT,
                          lambda: f'{len(wanted - set(self.found()))} of {len(wanted)} posts; '
                                  f'the last requests: {self.fake.requests[-3:]}')

    def answered(self, n):
        """Waits until X has answered `n` further requests."""
        before = len(self.fake.requests)
        wait_until(lambda: len(self.fake.requests) >= before + n, WAIT, f'{n} further requests')

    def cursor(self, name):
        """The value of the youngest cursor of that name."""
        found = [r.json['value'] for r in self.env.kafka.read_all(self.env.topic('cursors'))
                 if r.key and r.key.decode().endswith('/' + name)]
        return found[-1] if found else None
