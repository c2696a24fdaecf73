"""Records of Muara's topics, made by hand: valid messages, commands and media
results, and a writer of lane logs. Shares no code with the C side, so that both
must agree on ids, hashes and keys.

    m = message('wamid.1', 'Jalan berlubang di depan pasar')     a dict, m['id']
    put(env, m)                       into its raw topic, confirmed; its offset
    put_many(env, messages)           quickly; confirmed when it returns
    put_command(env, 'release', complaint=c)                     its id
    LaneWriter(env, 'submissions').append('intent', {...})       "term/n"
    decisions(env)                    bodies of `complaints` that count
    complaints(env)                   {id: newest snapshot}
    places(env)                       {message id: [(place, ref), ...]}
"""

import base64
import datetime
import hashlib
import json
import os
import re
import secrets
import time
import uuid

from .kafka import ROOT
from .procs import wait_until

NAMESPACE = uuid.UUID('d60c4ef8-2272-45b1-8118-8c14c2ae22cb')
TENANT = 'malang'


def uuid_of(*parts):
    """UUIDv5 of the parts joined by NUL, as common/core/ids.h has it."""
    return str(uuid.uuid5(NAMESPACE, '\0'.join(parts)))


def message_id(tenant, channel, account, native_id, revision=None):
    return uuid_of(*[p for p in (tenant, channel, account, native_id, revision) if p])


def ticket_of(message):
    """The short number a citizen reads out."""
    alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
    digest = hashlib.sha256(b'muara-ticket\0' + uuid.UUID(message).bytes).digest()
    bits = int.from_bytes(digest[:6], 'big') >> 3
    digits = [(bits >> 5 * i) & 31 for i in range(8, -1, -1)]
    digits.append(-sum(d * (1 if i % 2 else 3) for i, d in enumerate(digits)) % 32)
    text = ''.join(alphabet[d] for d in digits)
    return f'{text[:5]}-{text[5:]}'


def now_ms(env=None):
    """The time the daemons see."""
    return int(time.time() * 1000) + (env.clock.offset_ms if env else 0)


def time_text(ms):
    t = datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc)
    return t.strftime('%Y-%m-%dT%H:%M:%S.') + f'{ms % 1000:03d}Z'


def content_hash(m):
    """Lane rule 12: text, NUL, then the attachments' ids in order, NUL after each."""
    parts = [m['text'], *sorted(a['id'] for a in m['attachments'])]
    return hashlib.sha256(b''.join(p.encode() + b'\0' for p in parts)).hexdigest()


def _original(data, blob):
    out = {'bytes': len(data), 'sha256': hashlib.sha256(data).hexdigest()}
    if blob:
        return {**out, 'blob': blob, 'offset': 0, 'length': len(data)}
    try:
        return {**out, 'encoding': 'utf8', 'inline': data.decode()}
    except UnicodeDecodeError:
        return {**out, 'encoding': 'base64', 'inline': base64.b64encode(data).decode()}


def attachment(id, state='pending', kind='image', sha256=None, size=None, mime=None, name=None):
    return {'id': id, 'state': state, 'kind': kind, 'sha256': sha256, 'bytes': size,
            'mime': mime, 'name': name}


def message(native_id, text='Lampu jalan di depan pasar mati sejak minggu lalu.', *,
            channel='whatsapp', account='628110001', author='6281234500001', name='Siti Aminah',
            phone='', email=None, proven=True, kind='message', cls='human', revision=None,
            sent_ms=None, received_ms=None, attachments=(), location=None, call=None, fields=None,
            review='auto', tenant=TENANT, in_reply_to=None, original=None, blob=None, error=None,
            **over):
    """A whole record of schema muara.message/1. phone '' = '+' and the author's
    id; call: a mapped type ('ghost', 'emergency' ...), which makes it a call of
    call112. `over` replaces top-level fields at the end."""
    received = received_ms or now_ms()
    sent = sent_ms or received
    if call:
        kind = 'call'
        call = call if isinstance(call, dict) else {'type': call, 'mapped': call, 'priority': None}
    m = {
        'schema': 'muara.message/1', 'tenant': tenant, 'channel': channel, 'account': account,
        'native_id': native_id, 'revision': revision,
        'id': message_id(tenant, channel, account, native_id, revision), 'kind': kind,
        'author': {'id': author, 'name': name, 'phone': f'+{author}' if phone == '' else phone,
                   'email': email, 'username': None, 'proof': 'channel' if proven else 'claimed'},
        'conversation': uuid_of('conversation', tenant, channel, account, author),
        'class': cls, 'sent_at': time_text(sent), 'sent_at_source': str(sent // 1000),
        'received_at': time_text(received), 'text': text, 'text_repaired': False,
        'text_cut': False, 'location': location, 'in_reply_to': in_reply_to, 'call': call,
        'source': {'daemon': f'muara-{channel}', 'instance': 'test', 'place': None,
                   'review': review, 'start': None},
        'attachments': list(attachments), 'fields': fields or {},
        'original': _original(original or json.dumps({'id': native_id, 'text': text}).encode(),
                              blob),
    }
    if cls == 'undecodable':
        m['error'] = error or {'place': 'row 7', 'reason': 'wrong number of fields'}
    return {**m, **over}


def call_record(native_id, text, mapped='normal', **more):
    """A call of the 112 centre; its caller is known only by what was typed."""
    classes = {'normal': 'human'}
    more = {'channel': 'call112', 'account': 'malang-112', 'author': native_id,
            'phone': '+62341555123', 'proven': False, 'cls': classes.get(mapped, mapped), **more}
    return message(native_id, text, call=mapped, **more)


def edit_of(m, text, revision='1', kind='edit', **more):
    """The author changed (kind 'delete': took back) message m."""
    return message(m['native_id'], text, channel=m['channel'], account=m['account'],
                   author=m['author']['id'], tenant=m['tenant'], kind=kind, revision=revision,
                   **more)


def text_of(record):
    return json.dumps(record, separators=(',', ':'), ensure_ascii=False).encode()


def raw_topic(env, m):
    return env.topic(f"raw.{m['channel']}")


def put(env, m, lane=0):
    return env.kafka.produce(raw_topic(env, m), text_of(m), m['id'], lane)


def put_many(env, messages, lane=0):
    """Confirmed when it returns; order as given."""
    failed, p = [], env.kafka.producer(linger_ms=5)
    for m in messages:
        p.produce(raw_topic(env, m), text_of(m), m['id'], lane,
                  on_delivery=lambda err, _: err and failed.append(err))
        p.poll(0)
    left = p.flush(60)
    assert not left and not failed, f'{left} not sent, {failed[:1]}'


def command(what, *, who='petugas', why='uji', complaint=None, version=None, message=None,
            fields=None, destination=None, attempt=None, resolution=None, remote_id=None,
            target=None, **over):
    """`complaint`: a snapshot, or an id with `version`."""
    if isinstance(complaint, dict):
        version = complaint['version'] if version is None else version
        complaint = complaint['id']
    reader = {'resolve': 'forwarder', 'pause': 'forwarder', 'resume': 'forwarder',
              'acknowledge': 'alarm'}
    return {'schema': 'muara.command/1', 'id': str(uuid.uuid4()), 'at': time_text(now_ms()),
            'who': who, 'why': why, 'what': what, 'for': target or reader.get(what, 'normalizer'),
            'complaint': complaint, 'version': version if complaint else None, 'message': message,
            'fields': fields or {}, 'destination': destination, 'attempt': attempt,
            'resolution': resolution, 'remote_id': remote_id, **over}


def put_command(env, what, lane=0, **more):
    c = command(what, **more)
    env.kafka.produce(env.topic('commands'), text_of(c), c['id'], lane)
    return c['id']


def media(m, attachment, **more):
    """What the media daemon says of one attachment of message m (or its id)."""
    message = m if isinstance(m, str) else m['id']
    return {'schema': 'muara.media/1', 'id': uuid_of('media', message, attachment['id']),
            'message': message, 'at': time_text(now_ms()), 'attachment': attachment, **more}


def put_media(env, m, attachment, lane=0, **more):
    r = media(m, attachment, **more)
    return env.kafka.produce(env.topic('media'), text_of(r), r['id'], lane)


# --- lane logs

TAKEOVER = re.compile(r'takeover/')


def genesis(env, log, installation, lane=0, lanes=None):
    """The first record of a lane log, as `muaractl topics create` writes it."""
    body = {'schema': 'muara.lane/1', 'kind': 'genesis', 'installation': installation,
            'lanes': lanes or env.muara['lanes'], 'log': log, 'lane': lane,
            'created_at': time_text(now_ms())}
    return env.kafka.produce(env.topic(log), text_of(body), 'genesis', lane)


def counted(records):
    """Records of one lane log -> [(record, body)] of ordinary records that count,
    by rules 5 and 17 of the lane; takeovers and genesis are left out."""
    out, terms, n_counted = [], {}, {}
    ruler = (0, None)
    for r in records:
        try:
            body = json.loads(r.value) if r.value else None
        except ValueError:
            body = None
        if not isinstance(body, dict) or body.get('kind') == 'genesis':
            continue
        who = (body.get('term'), body.get('writer'))
        if body.get('kind') == 'takeover':
            if who[0] > ruler[0]:
                ruler = who
                terms[who[0]] = who
            continue
        if who == ruler:
            n_counted[who] = body['n']
            out.append((r, body))
        elif body.get('kind') in ('done', 'rejected', 'not_sent') and terms.get(who[0]) == who:
            term, n = map(int, body['intent'].split('/'))
            if term == who[0] and n <= n_counted.get(who, 0):
                out.append((r, body))
    return out


class LaneWriter:
    """Owner of a lane log for a test: takes over at once (behind whoever is
    there), then appends. Not for a log a daemon owns, unless to fence it."""

    def __init__(self, env, log, lane=0, installation=None):
        self.env, self.topic, self.lane = env, env.topic(log), lane
        records = env.kafka.read_all(self.topic, lane)
        if not records:
            genesis(env, log, installation or str(uuid.uuid4()), lane)
        self.schema = {'complaints': 'muara.decision/1', 'submissions': 'muara.submission/1'}[log]
        highest = max([r.json.get('term', 0) for r in records
                       if r.key and TAKEOVER.match(r.key.decode())], default=0)
        self.take_over(highest + 1)

    def take_over(self, term):
        self.term, self.n, self.writer, self.key = term, 0, secrets.token_hex(16), None  # its last one
        body = {'schema': 'muara.lane/1', 'kind': 'takeover', 'term': term, 'writer': self.writer,
                'rules': 1, 'daemon': 'test', 'at': time_text(now_ms())}
        self.env.kafka.produce(self.topic, text_of(body), f'takeover/{term}/{self.writer}',
                               self.lane)

    def _next(self, kind, body, over):
        self.n += 1
        full = {'schema': self.schema, **body, 'kind': kind, 'term': self.term, 'n': self.n,
                'writer': self.writer, **over}
        return f'{self.term}/{self.n}', text_of(full)

    def append(self, kind, body, **over):
        """Gives the record's key, "term/n"."""
        self.key, text = self._next(kind, body, over)
        self.env.kafka.produce(self.topic, text, self.key, self.lane)
        return self.key

    def append_many(self, kind, bodies):
        """The same for many; confirmed when it returns."""
        bad, p = [], self.env.kafka.producer(linger_ms=5)
        for body in bodies:
            key, text = self._next(kind, body, {})
            p.produce(self.topic, text, key, self.lane,
                      on_delivery=lambda err, _: bad.append(err) if err else None)
            p.poll(0)
        assert p.flush(60) == 0 and not bad, f'{self.topic}: {bad[:1] or "no report within 60 s"}'


def compacted(env, *keys, log='complaints'):
    """Forces the cleaner until no record of these keys is left, tombstones
    included, nor an older one of its own. Only closed segments are cleaned, so
    small void records are appended until it is done: they are for every reader
    what a stranger wrote."""
    topic = env.topic(log)
    env.kafka.set_topic_config(topic, cleanup_policy='compact', segment_ms=20, delete_retention_ms=0,
                               min_cleanable_dirty_ratio=0.001, max_compaction_lag_ms=1,
                               message_timestamp_type='LogAppendTime')
    first = env.kafka.produce(topic, b'{}', b'filler')

    def gone():
        env.kafka.produce(topic, b'{}', b'filler')
        left = env.kafka.read_all(topic)
        return first not in {r.offset for r in left} and not {k.encode() for k in keys} & {r.key for r in left}
    wait_until(gone, 60, f'the cleaner has removed {keys} of {log}', step=0.2)


SAMPLES = {'complaints': 'decision-archived', 'submissions': 'submission-intent'}


def only_small(env, log, size, **settings):
    """The broker takes nothing larger into a lane log: from when this returns, not from when the
    setting was accepted. settings: the topic's others. What it still took counts for nobody: it is of a
    term and a writer that nobody has."""
    with open(os.path.join(ROOT, 'tests', 'schema', 'valid', f'{SAMPLES[log]}.json'), encoding='utf-8') as f:
        record = json.load(f)
    env.kafka.set_topic_config(env.topic(log), **settings, max_message_bytes=size)

    def refused():
        try:
            env.kafka.produce(env.topic(log), text_of(record), f"{record['term']}/{record['n']}")
        except AssertionError as e:
            return 'MSG_SIZE_TOO_LARGE' in str(e)
        return False
    wait_until(refused, 60, f'the broker takes nothing larger than {size} bytes into {log}')


def complaint(messages, state='ready', version=1, *, destination='lapor', text=None, **over):
    """A snapshot as the normalizer makes it of these messages (the first is the
    complaint's id). For tests of who reads `complaints`."""
    first = messages[0]
    spans = _spans(messages) if text is None else {}
    text = text if text is not None else '\n\n'.join(m['text'] for m in messages if m['text'])
    now = time_text(now_ms())
    body = {
        'id': first['id'], 'ticket': ticket_of(first['id']), 'tenant': first['tenant'],
        'version': version, 'state': state, 'classification': 'complaint', 'supervisory': False,
        'emergency': False, 'title': text[:100], 'title_from': 'text', 'text': text,
        'incident_date': first['sent_at'][:10], 'location': first['location'],
        'reporter': {'name': first['author']['name'], 'phone': first['author']['phone'],
                     'email': first['author']['email'], 'proof': first['author']['proof'],
                     'author': {'channel': first['channel'], 'account': first['account'],
                                'id': first['author']['id']}},
        'anonymous': False, 'secret': False, 'category': None, 'agency': None,
        'destination': destination,
        'attachments': [{**a, 'message': m['id']} for m in messages for a in m['attachments']],
        'sources': [_source(m, spans.get(m['id'])) for m in messages],
        'links': [], 'missing': [], 'review': {'required': False, 'reasons': []}, 'replies': [],
        'timers': [], 'opened_at': now, 'last_message_at': messages[-1]['sent_at'],
        'ready_at': now if state == 'ready' else None, **over}
    hashes = sorted(a['sha256'] for a in body['attachments'] if a['sha256'])
    body['content_hash'] = hashlib.sha256(
        (body['title'] + '\0' + body['text'] + '\0' + ''.join(hashes)).encode()).hexdigest()
    return body


def _source(m, span):
    return {'message': m['id'], 'channel': m['channel'], 'conversation': m['conversation'],
            'hash': content_hash(m), 'sent_at': m['sent_at'], 'ticket': ticket_of(m['id']),
            'span': span}


def _spans(messages, before=''):
    """{message id: [first byte, bytes]} of their texts, one behind the other."""
    out, at = {}, len(before.encode())
    for m in messages:
        if m['text']:
            at += 2 if at else 0
            out[m['id']] = [at, len(m['text'].encode())]
            at += out[m['id']][1]
    return out


def joined(c, messages, **over):
    """The version of c that these messages have joined."""
    spans = _spans(messages, c['text'])
    return {**c, 'version': c['version'] + 1, 'ready_at': time_text(now_ms()),
            'text': '\n\n'.join([c['text']] + [m['text'] for m in messages if m['text']]),
            'attachments': c['attachments'] + [{**a, 'message': m['id']} for m in messages
                                               for a in m['attachments']],
            'sources': c['sources'] + [_source(m, spans.get(m['id'])) for m in messages], **over}


def decision_of(env, snapshot, messages=()):
    """Body of the decision that makes this snapshot, for LaneWriter(env,
    'complaints').append('decision', ...)."""
    topic = env.topic
    return {'at': time_text(now_ms()),
            'inputs': [{'type': 'message', 'id': m['id'], 'topic': topic(f"raw.{m['channel']}"),
                        'partition': 0, 'offset': i, 'hash': content_hash(m)}
                       for i, m in enumerate(messages)],
            'results': [{'type': 'complaint', **snapshot}],
            'why': [{'rule': 'test', 'evidence': 'made by a test'}]}


# --- reading `complaints`

def decisions(env, lane=0):
    return [b for _, b in counted(env.kafka.read_all(env.topic('complaints'), lane))]


def complaints(env, lane=0):
    out = {}
    for d in decisions(env, lane):
        for r in d['results']:
            if r['type'] == 'complaint':
                out[r['id']] = r
    return out


def places(env, lane=0):
    """{message id: [(place, ref), ...]}: one entry per counted decision that
    absorbed it; exactly one unless it was replayed."""
    out = {}
    for d in decisions(env, lane):
        for i in d['inputs']:
            if i['type'] == 'message':
                out.setdefault(i['id'], []).append(_place(d, i['id']))
    return out


def _place(decision, id):
    for r in decision['results']:
        if r['type'] == 'complaint' and any(s['message'] == id for s in r['sources']):
            return 'complaint', r['id']
        if r['type'] in ('archived', 'dead', 'noted') and r['id'] == id:
            return r['type'], r.get('class') or r.get('about')
    return 'nowhere', None
