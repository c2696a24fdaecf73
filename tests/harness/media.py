"""What the tests of muara-media share: its configuration against the fake, messages with attachments, its records.

    with MediaServer(TOKEN) as fake:
        d = start(env, fake)
        put(env, photo('wamid.1', 'id1'))
        settled(env, 1)                    {(message id, index): attachment of the record}
"""

import hashlib
import os
import pathlib
import sys

from .kafka import ROOT
from .procs import wait_until
from .records import attachment, message
from .schema import validate_topic

sys.path.insert(0, os.path.join(ROOT, 'tests', 'fakes'))

from media_server import MediaServer  # noqa: E402  (the path comes first)

__all__ = ['JPEG', 'PDF', 'TOKEN', 'MediaServer', 'check_blob', 'config', 'linked', 'nothing_left', 'papers', 'photo',
           'settled', 'start']

TOKEN = 'token-media-uji-rahasia'
JPEG = b'\xff\xd8\xff\xe0\x00\x10JFIF\x00' + bytes(range(256)) * 8
PDF = b'%PDF-1.7\n' + b'uji ' * 500


def config(env, fake, more_exceptions=(), origin=None, **over):
    """`fake` behind raw.whatsapp by id, and behind raw.file by link."""
    host = {'hosts': ['127.0.0.1', 'localhost'], 'lifetime': '7d'}
    return {'origins': [{'channel': 'whatsapp', 'by': 'id', 'base': fake.base, 'phone_number_id': '7001',
                         'token': env.secret('media-token', TOKEN), **host, **(origin or {})},
                        {'channel': 'file', 'by': 'url', **host}],
            'exceptions': [fake.place, *more_exceptions], 'retry': '50ms', 'retry_max': '200ms', 'commit': '50ms',
            'work_dir': env.scratch.mkdir('work'), 'session': '6s', **over}


def start(env, fake, label='media', crash=None, supervise=False, more_exceptions=(), origin=None, **over):
    d = env.daemon('media', config(env, fake, more_exceptions, origin, **over), label=label, crash=crash,
                   supervise=supervise)
    d.wait_status('lanes assigned', 60)
    return d


def photo(native_id, *ids, **more):
    """A WhatsApp message whose attachments are ids still to be asked for."""
    return message(native_id, attachments=[attachment(i, mime='image/jpeg') for i in ids], **more)


def linked(native_id, *urls, **more):
    """A message of another channel that holds links."""
    return message(native_id, channel='file', attachments=[
        {**attachment(f'{native_id}/{n}'), 'url': url} for n, url in enumerate(urls)], **more)


def papers(env):
    """{(message, index): attachment} of `media`; says so when one thing has two ends."""
    found = {}
    for r in env.kafka.read_all(env.topic('media')):
        at = (r.json['message'], r.json['index'])
        assert r.key.decode() == f'{at[0]}/{at[1]}'
        assert found.setdefault(at, r.json['attachment']) == r.json['attachment'], f'two ends: {found[at]}, {r.json}'
    return found


def settled(env, n, timeout=40):
    wait_until(lambda: len(papers(env)) >= n, timeout, lambda: f'{n} attachments with an end: {papers(env)}')
    found = papers(env)
    assert len(found) == n, found
    validate_topic(env, 'media')
    for a in found.values():
        if a['state'] == 'stored':
            check_blob(env, a)
    return found


def check_blob(env, a):
    data = pathlib.Path(env.muara['blob_dir'], a['sha256']).read_bytes()
    assert hashlib.sha256(data).hexdigest() == a['sha256'] and len(data) == a['bytes']


def nothing_left(env):
    """No half file beside the blobs or in the work folder."""
    names = os.listdir(env.muara['blob_dir'])
    assert all(len(n) == 64 for n in names), names
    assert not os.listdir(env.scratch.mkdir('work'))
