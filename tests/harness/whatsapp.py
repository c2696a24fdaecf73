"""WhatsApp Cloud API as Meta's servers speak it: updates, signed bodies, the POST and the handshake.

    u = text_message('6281200000001', 'Siti', 'Jalan rusak', 'wamid.1')    an update
    data = body([u, …])                                                     one webhook body
    status = post(socket_path, data, secret)                                0: no answer at all
    status, text = handshake(socket_path, token, challenge)
    ids = until_accepted(send)                                              many clients, until all is 200

Shapes: developers.facebook.com, WhatsApp Cloud API, Webhooks, Reference, messages.
"""

import hashlib
import hmac
import http.client
import itertools
import json
import socket as sockets
import threading
import time
import urllib.parse

NUMBER_ID = '106540352242922'
BUSINESS_ID = '102290129340398'
PATH = '/whatsapp'

_serial = itertools.count(1)


def message(wa_id, name, kind, content, msg_id=None, ts=None, **more):
    """One update of any type: {"contact", "message"}. name None: no profile name in it."""
    profile = {} if name is None else {'name': name}
    return {'contact': {'profile': profile, 'wa_id': wa_id},
            'message': {'from': wa_id, 'id': msg_id or f'wamid.TEST{next(_serial):012d}',
                        'timestamp': str(int(ts if ts is not None else time.time())), 'type': kind,
                        kind: content, **more}}


def text_message(wa_id, name, text, msg_id=None, ts=None):
    return message(wa_id, name, 'text', {'body': text}, msg_id, ts)


def image_message(wa_id, name, media_id, caption=None, msg_id=None, ts=None):
    image = {'id': media_id, 'mime_type': 'image/jpeg', 'sha256': 'c2FuZGJveA=='}
    return message(wa_id, name, 'image', {**image, **({'caption': caption} if caption else {})},
                   msg_id, ts)


def location_message(wa_id, name, lat, lon, place=None, msg_id=None, ts=None):
    return message(wa_id, name, 'location', {'latitude': lat, 'longitude': lon, 'name': place},
                   msg_id, ts)


def sticker_message(wa_id, name, media_id, msg_id=None, ts=None):
    return message(wa_id, name, 'sticker', {'id': media_id, 'mime_type': 'image/webp'}, msg_id, ts)


def status_update(msg_id, wa_id, status='delivered', ts=None):
    """What became of a message of our own."""
    return {'status': {'id': msg_id, 'status': status, 'recipient_id': wa_id,
                       'timestamp': str(int(ts if ts is not None else time.time()))}}


def native_id(update):
    return update['message']['id']


def _value(update, number):
    value = {'messaging_product': 'whatsapp',
             'metadata': {'display_phone_number': '628110000000', 'phone_number_id': number}}
    if 'status' in update:
        return {**value, 'statuses': [update['status']]}
    return {**value, 'contacts': [update['contact']], 'messages': [update['message']]}


def body(updates, phone_number_id=NUMBER_ID):
    """One POST as Meta batches them: a change per update."""
    changes = [{'field': 'messages', 'value': _value(u, phone_number_id)} for u in updates]
    envelope = {'object': 'whatsapp_business_account',
                'entry': [{'id': BUSINESS_ID, 'changes': changes}]}
    return json.dumps(envelope, separators=(',', ':')).encode()


def sign(secret, data):
    """Value of X-Hub-Signature-256."""
    return 'sha256=' + hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()


class Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket, or over TCP for 'host:port'."""

    def __init__(self, address, timeout=60):
        super().__init__('localhost', timeout=timeout)
        self.address = address

    def connect(self):
        if self.address.startswith('/'):
            self.sock = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
            self.sock.settimeout(self.timeout)
            self.sock.connect(self.address)
        else:
            host, port = self.address.rsplit(':', 1)
            self.sock = sockets.create_connection((host, int(port)), self.timeout)


def request(address, method, target, data=None, headers=None, timeout=60):
    """(status, text); (0, '') when the other side went away without an answer."""
    c = Connection(address, timeout)
    try:
        c.request(method, target, data, headers or {})
        answer = c.getresponse()
        return answer.status, answer.read().decode('utf-8', 'replace')
    except (OSError, http.client.HTTPException):
        return 0, ''
    finally:
        c.close()


def post(address, data, secret, path=PATH, timeout=60):
    return request(address, 'POST', path, data, {'Content-Type': 'application/json',
                                                 'X-Hub-Signature-256': sign(secret, data)},
                   timeout)[0]


def until_accepted(send, clients=4, rounds=10, patience_s=180):
    """`clients` at once, each `rounds` bodies one after the other: send(client, round) -> (function that
    posts it and gives the status, native ids of it), posted again until it is 200, as providers do.
    All ids that were accepted."""
    accepted, late = [], []

    def client(k):
        for i in range(rounds):
            once, ids = send(k, i)
            end = time.monotonic() + patience_s
            while once() != 200:
                if time.monotonic() > end:
                    late.append(ids)
                    return
                time.sleep(0.05)
            accepted.extend(ids)
    crew = [threading.Thread(target=client, args=(k,)) for k in range(clients)]
    for t in crew:
        t.start()
    for t in crew:
        t.join()
    assert not late, f'not accepted within {patience_s} s: {late}'
    return accepted


def handshake(address, token, challenge='1158201444', path=PATH):
    query = urllib.parse.urlencode({'hub.mode': 'subscribe', 'hub.challenge': challenge,
                                    'hub.verify_token': token})
    return request(address, 'GET', f'{path}?{query}')
