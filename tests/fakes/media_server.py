"""Graph's media endpoint and the CDN behind it, misbehaving by a script.

    fake = MediaServer(token)
    fake.put('id1', JPEG, faults=['busy', 'short'])   # one fault an attempt at the bytes, then all is well
    fake.put('id2', JPEG, ask=['server', 'token'])    # the same for asking for the link
    fake.base                                        # http://127.0.0.1:PORT/v25.0
    fake.asked, fake.got                             # [(id, Authorization, query)], [(id, Authorization)]

Asking needs the token; so does the link, which is good for one answer other than an error of the server and then gives
404, as a link of five minutes does.

Faults of the bytes: busy (429, Retry-After 0), server (503), cut (half of them, then the end), lie (a shorter length is
announced), other (other bytes of the same length), slow (a byte, then nothing), expired (404), gzip (a bomb nobody
asked for), endless, reset, ('to', URL) a redirect, ('link', URL) the answer to the question holds that link.
"""

import gzip
import hashlib
import json
import socket
import struct
import threading
import urllib.parse

from harness.loopback import Loopback, Request

BOMB = gzip.compress(b'\0' * (8 << 20))


class Question(Request):
    @property
    def fake(self):
        return self.served

    def answer(self, status, body=b'', **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace('_', '-'), value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def graph_error(self, status, code):
        self.answer(status, json.dumps({'error': {'message': 'x', 'code': code}}).encode(),
                    Content_Type='application/json')

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path)
        where, _, name = path.path.lstrip('/').partition('/')
        login = self.headers.get('Authorization')
        if where == 'v25.0':
            self.fake.asked.append((name, login, path.query))
            self.ask(name, login)
        elif where == 'cdn' and name in self.fake.links:
            self.fake.got.append((self.fake.links[name], login))
            if login != f'Bearer {self.fake.token}':
                self.answer(401)
            else:
                self.give(self.fake.links[name], name)
        elif where == 'open' and name in self.fake.items:
            self.fake.got.append((name, login))
            self.give(name, None)
        else:
            self.fake.got.append((None, login))
            self.answer(404)

    def ask(self, name, login):
        if login != f'Bearer {self.fake.token}':
            return self.graph_error(401, 190)
        if name not in self.fake.items:
            return self.graph_error(404, 100)
        fault = self.fake.next_fault(name, 'ask')
        if fault == 'server':
            return self.answer(503)
        if fault == 'busy':
            return self.answer(429, Retry_After='0')
        if fault == 'token':
            return self.graph_error(401, 190)
        if fault == 'nonsense':
            return self.answer(200, b'{"url": 7}')
        item = self.fake.items[name]
        with self.fake.lock:
            ticket = f'{name}.{len(self.fake.links)}'
            self.fake.links[ticket] = name
        url = fault[1] if fault else f'http://{self.fake.place}/cdn/{ticket}'
        body = {'messaging_product': 'whatsapp', 'id': name, 'url': url, 'mime_type': item['mime'],
                'sha256': hashlib.sha256(item['content']).hexdigest(), 'file_size': len(item['content'])}
        self.answer(200, json.dumps(body).encode(), Content_Type='application/json')

    def give(self, name, ticket):
        content, fault = self.fake.items[name]['content'], self.fake.next_fault(name, 'faults')
        if isinstance(fault, tuple):
            return self.answer(302, Location=fault[1])
        if fault == 'expired':
            self.fake.links.pop(ticket, None)
        if fault:
            return getattr(self, 'fault_' + fault)(content)
        self.answer(200, content, Content_Type=self.fake.items[name]['mime'])

    # ---- faults

    def fault_busy(self, _):
        self.answer(429, Retry_After='0')

    def fault_server(self, _):
        self.answer(503)

    def fault_expired(self, _):
        self.answer(404)

    def announce(self, length):
        self.send_response(200)
        self.send_header('Content-Type', 'image/jpeg')
        if length is not None:
            self.send_header('Content-Length', str(length))
        self.send_header('Connection', 'close')
        self.end_headers()
        self.close_connection = True

    def fault_cut(self, content):
        self.announce(len(content))
        self.wfile.write(content[:len(content) // 2])

    def fault_lie(self, content):
        self.announce(len(content) - 7)
        self.wfile.write(content)

    def fault_other(self, content):
        self.announce(len(content))
        self.wfile.write(content[:-1] + bytes([content[-1] ^ 1]))

    def fault_slow(self, content):
        self.announce(len(content))
        self.wfile.write(content[:1])
        self.wfile.flush()
        self.fake.hung.wait(60)

    def fault_gzip(self, _):
        self.answer(200, BOMB, Content_Encoding='gzip')

    def fault_endless(self, content):
        self.announce(None)
        while not self.fake.hung.is_set():
            self.wfile.write(content * 64)

    def fault_reset(self, _):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.connection.close()


class MediaServer(Loopback):
    request = Question

    def __init__(self, token):
        self.token, self.items, self.asked, self.got, self.links = token, {}, [], [], {}
        self.hung = threading.Event()  # what hangs ends with this
        self.lock = threading.Lock()

    @property
    def base(self):
        return f'{self.origin}/v25.0'

    def stop(self):
        self.hung.set()
        super().stop()

    def put(self, name, content, faults=(), ask=(), mime='image/jpeg'):
        self.items[name] = {'content': content, 'faults': list(faults), 'ask': list(ask), 'mime': mime}

    def link(self, name):
        """A link as a message of a channel would hold it: no question, no token."""
        return f'{self.origin}/open/{name}'

    def next_fault(self, name, key):
        with self.lock:
            faults = self.items[name][key]
            return faults.pop(0) if faults else None
