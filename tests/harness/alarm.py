"""muara-alarm in tests: hooks that write down each ring, a webhook that misbehaves on command.

    ring = Rings(env)                         a program that appends a line for each ring
    d = start(env, [ring.hook('duty', repeat='1s')])
    ring.of(id) -> [Ring(at, hook, ids, count, number, unacknowledged)]
    Webhook(answers=[503, 200])               a context manager; .calls, .bodies, .url; an answer may
                                              be (status, JSON)
    MailServer(answers=[451, 250])            the same, of RCPT TO; .mails [(from, to, text)]
    events(env) -> {id: {'raised': record, 'rung': {hook: record}, 'acknowledged': record ...}}
    emergency_id(message) as anyone can compute it
"""

import json
import os
import socketserver
import threading
from typing import NamedTuple

from .loopback import Loopback
from .records import message_id

BASE = {'session': '3s', 'commit': '50ms', 'max_age': '6h'}
FAST = {'repeat': '1s', 'timeout': '20s'}

# One write, so that two rings at one time are two whole lines.
SCRIPT = '''#!/bin/sh
printf '%s|%s|%s|%s|%s|%s\\n' "$(date +%s%N)" "$MUARA_HOOK" "$MUARA_EMERGENCY_IDS" \\
    "$MUARA_EMERGENCY_COUNT" "$MUARA_EMERGENCY_RING" "$MUARA_UNACKNOWLEDGED" >> "$1"
exit "$(cat "$1.exit" 2>/dev/null || echo 0)"
'''


class Ring(NamedTuple):
    at_ms: float
    hook: str
    ids: list
    count: int
    number: int
    unacknowledged: int


class Rings:
    """What the hooks of one test rang."""

    def __init__(self, env, name='rings'):
        self.path = env.scratch.path(name)
        self.script = env.scratch.write(f'{name}.sh', SCRIPT)
        os.chmod(self.script, 0o755)

    def hook(self, name='duty', **more):
        return {'name': name, 'type': 'command', 'command': [self.script, self.path], **FAST, **more}

    def exit_with(self, status):
        """Of every ring from now on."""
        with open(f'{self.path}.new', 'w') as f:
            f.write(f'{status}\n')
        os.rename(f'{self.path}.new', f'{self.path}.exit')

    def all(self):
        try:
            with open(self.path) as f:
                lines = [line.rstrip('\n').split('|') for line in f if line.endswith('\n')]
        except FileNotFoundError:
            return []
        return [Ring(int(at) / 1e6, hook, ids.split(), int(count), int(number), int(left))
                for at, hook, ids, count, number, left in lines]

    def of(self, event, hook=None):
        return [r for r in self.all() if event in r.ids and hook in (None, r.hook)]


def start(env, hooks, label='alarm', **more):
    options = {k: more.pop(k) for k in ('crash', 'supervise', 'ready', 'args') if k in more}
    return env.daemon('alarm', {**BASE, 'hooks': hooks, **more}, label=label, **options)


def records(env):
    return [r.json for r in env.kafka.read_all(env.topic('emergencies')) if r.value is not None]


def events(env):
    found = {}
    for r in records(env):
        event = found.setdefault(r['id'], {'rung': {}, 'refused': []})
        if r['kind'] == 'rung':
            event['rung'][r['hook']] = r
        elif r['kind'] == 'refused':
            event['refused'].append(r)
        else:
            event[r['kind']] = r
    return found


def emergency_id(m):
    return message_id(m['tenant'], m['channel'], m['account'], m['native_id'])


class Answers:
    """A list of answers, the last one for ever."""

    def __init__(self, answers):
        self._answers, self._lock = list(answers), threading.Lock()

    def take(self):
        with self._lock:
            return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


class Call(NamedTuple):
    path: str
    headers: dict
    body: dict


class Webhook(Loopback):
    """Answers POSTs by the list and keeps them."""

    def __init__(self, answers=(200,)):
        self.calls, self._answers = [], Answers(answers)

    def answer(self, request):
        self.calls.append(Call(request.path, dict(request.headers), json.loads(request.body())))
        answer = self._answers.take()
        status, data = answer if isinstance(answer, tuple) else (answer, {})
        request.send_response(status)
        request.send_header('Content-Length', str(len(json.dumps(data))))
        request.end_headers()
        request.wfile.write(json.dumps(data).encode())

    @property
    def base(self):
        return self.origin

    @property
    def url(self):
        return f'{self.base}/ring'

    @property
    def bodies(self):
        return [c.body for c in list(self.calls)]

    def of(self, event):
        return [b for b in self.bodies if event in [e['id'] for e in b['emergencies']]]


class MailServer:
    """Takes mails by SMTP as far as an alarm needs; RCPT TO is answered by the list."""

    def __init__(self, answers=(250,)):
        self.mails, self._answers = [], Answers(answers)
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def say(self, code):
                self.wfile.write(f'{code} as told\r\n'.encode())

            def handle(self):
                self.say(220)
                sender, to = None, []
                for line in self.rfile:
                    word = line.decode().strip()
                    if word.upper().startswith('RCPT'):
                        code = outer._answers.take()
                        to += [word[8:].strip('<> ')] if code < 400 else []
                        self.say(code)
                    elif word.upper().startswith('DATA'):
                        self.say(354)
                        outer.mails.append((sender, to, self.data()))
                        self.say(250)
                    elif word.upper().startswith('QUIT'):
                        self.say(221)
                        return
                    else:
                        sender = word[10:].strip('<> ') if word.upper().startswith('MAIL') else sender
                        self.say(250)

            def data(self):
                lines = []
                for line in self.rfile:
                    if line == b'.\r\n':
                        break
                    lines.append(line.decode())
                return ''.join(lines)

        socketserver.ThreadingTCPServer.daemon_threads = True
        self._server = socketserver.ThreadingTCPServer(('127.0.0.1', 0), Handler)
        self.url = f'smtp://127.0.0.1:{self._server.server_address[1]}'

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
