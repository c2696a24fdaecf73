"""A 112 call centre's JSON endpoint on loopback that pages, and misbehaves on command.

    with Endpoint() as centre:
        centre.calls = [...]                    call112.Call; shown by time of change, newest last
        centre.config(folder?)                  settings of muara-call112 for it
        centre.script('half', 'status:503')     what the next requests meet, one each
        centre.requests                         [Request(path, query, headers)]

Faults: half (a page cut in its list, but whole as HTTP), cut (connection closed in the body), drop (closed without an
answer), html, status:N, retry:N:SECONDS, same (the page before again), elsewhere (a next page on another host), big.
"""
import json
import threading
import urllib.parse
from typing import NamedTuple

from . import call112 as c112
from .loopback import Loopback

SECRET = 'X-Kunci: rahasia-pusat-panggilan'


class Request(NamedTuple):
    path: str
    query: dict
    headers: dict


class Endpoint(Loopback):
    def __init__(self, page=3, by='token'):
        """by: token (next), url (next is a URL), number (1, 2 … until an empty page)"""
        self.page, self.by = page, by
        self.rows = []          # (time of change, JSON object)
        self.requests, self.faults, self.last = [], [], b''
        self.lock = threading.Lock()

    @property
    def base(self):
        return f'http://127.0.0.1:{self.port}'

    def config(self, env, **over):
        return {**{k: v for k, v in c112.config('x').items() if k not in ('path', 'files', 'poll')},
                'fields': c112.PATHS,
                'poll_json': {'url': f'{self.base}/api/calls?since={{since}}&p={{page}}', 'items': 'data.items',
                              **({} if self.by == 'number' else {'next': 'data.next'}), 'time': 'changed_at',
                              'every': '50ms', 'overlap': '0s', 'since': 'milliseconds',
                              'secret_header': env.secret('c112', SECRET), **over}}

    def add(self, calls, at):
        """Calls that changed at `at` (ms)."""
        with self.lock:
            self.rows += [(at, {**c112.json_object(c), 'changed_at': at}) for c in calls]

    def add_raw(self, text, at):
        """An item as text, whatever it is."""
        with self.lock:
            self.rows.append((at, text))

    def script(self, *faults):
        with self.lock:
            self.faults += faults

    def asked(self):
        with self.lock:
            return list(self.requests)

    # ---- one request

    def body(self, since, number):
        rows = [r for at, r in self.rows if at >= since]
        begin = (number - 1) * self.page
        items = ','.join(r if isinstance(r, str) else json.dumps(r) for r in rows[begin:begin + self.page])
        more, token = begin + self.page < len(rows), f's{number + 1}'
        if self.by == 'url':
            token = f'{self.base}/api/calls?since={since}&p={number + 1}'
        return '{"data": {"items": [%s], "next": %s}}' % (items, json.dumps(token if more else None))

    def answer(self, http):
        url = urllib.parse.urlsplit(http.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        with self.lock:
            self.requests.append(Request(url.path, query, dict(http.headers)))
            fault = self.faults.pop(0) if self.faults else ''
            body = self.body(int(query['since']), int(query['p'].lstrip('s'))).encode()
            body = self.last if fault == 'same' else body
            self.last = body
        name, _, value = fault.partition(':')
        if SECRET.split(': ')[1] != http.headers.get('X-Kunci'):
            name, value = 'status', '401'
        if name == 'drop':
            http.close_connection = True
            return
        if name == 'half':
            body = body[:body.rindex(b'{')]
        elif name == 'html':
            body = b'<html><body>Silakan masuk</body></html>'
        elif name == 'big':
            body = b'[' + b' ' * (1 << 20) + b']'
        elif name == 'elsewhere':
            body = b'{"data": {"items": [], "next": "http://localhost:1/api"}}'
        status, _, wait = value.partition(':') if name in ('status', 'retry') else ('200', '', '')
        http.send_response(int(status))
        http.send_header('Content-Length', str(len(body)))
        if name == 'retry':
            http.send_header('Retry-After', wait)
        http.end_headers()
        http.wfile.write(body[:len(body) // 2] if name == 'cut' else body)
        if name == 'cut':
            http.wfile.flush()
            http.close_connection = True
