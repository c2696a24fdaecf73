"""X samples: recorded answers of its API (cassettes as JSON or as vcrpy's YAML, or a body alone). What must become of each
is a row of x.tsv, written before the parser. Without a row: every element must become one message with its bytes whole,
none undecodable. An answer that was cut must be refused as a whole, or a half page would be taken for the last one.
"""
import gzip
import hashlib
import json
import pathlib
import re
import urllib.parse

import yaml

TABLE = pathlib.Path(__file__).resolve().parent / 'x.tsv'
HOSTS = ('api.twitter.com', 'api.x.com')


def rows(text):
    """{sha256: row}"""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith('#'):
            name, sha256, verdicts, phrase, attachments, rule = line.split('\t')
            found[sha256] = {'name': name, 'verdicts': spelt_out(verdicts), 'phrase': phrase, 'rule': rule,
                             'attachments': [] if attachments == '-' else attachments.split(',')}
    return found


def spelt_out(verdicts):
    """'carried*2,dead' -> ['carried', 'carried', 'dead']"""
    if verdicts == 'none':
        return []
    parts = [re.fullmatch(r'([^*]+)(?:\*(\d+))?', v) for v in verdicts.split(',')]
    return [p[1] for p in parts for _ in range(int(p[2] or 1))]


def verdict(record):
    if record['class'] == 'undecodable':
        return 'dead'
    return 'carried' if record['class'] in ('human', 'stale') else 'archived:' + record['class']


def is_cassette(tree):
    """A recorded answer of X, ours or vcrpy's."""
    if not isinstance(tree, dict):
        return False
    recorded = tree.get('interactions') or ([tree] if 'request' in tree and 'response' in tree else [])
    return bool(recorded) and all(
        urllib.parse.urlparse(str(i.get('request', {}).get('uri', ''))).hostname in HOSTS for i in recorded)


def is_body(tree):
    """The body of an answer: a list of posts or direct messages."""
    if not isinstance(tree, dict) or 'object' in tree:
        return False
    items = tree.get('data') if isinstance(tree.get('data'), list) else []
    return 'result_count' in (tree.get('meta') or {}) or \
        any(isinstance(i, dict) and ('edit_history_tweet_ids' in i or 'dm_conversation_id' in i) for i in items)


def load(data):
    """The tree of a sample, None when it is neither JSON nor YAML."""
    try:
        return json.loads(data)
    except ValueError:
        pass
    try:
        return yaml.safe_load(data) if b'interactions' in data else None
    except (yaml.YAMLError, ValueError):
        return None


class X:
    """Answers of the X API."""
    name, tool, torn_is_refused = 'X', 'x_decode', True
    table = rows(TABLE.read_text(encoding='utf-8'))

    @staticmethod
    def owns(data):
        tree = load(data)
        return is_cassette(tree) or is_body(tree)

    @staticmethod
    def bodies(data):
        """The answers a sample holds, as X sent them; those that tell an error are no pages."""
        tree = load(data)
        if not is_cassette(tree):
            return [data]
        found = []
        for i in tree.get('interactions') or [tree]:
            answer = i['response']
            status, body = answer.get('status', 200), answer.get('body')
            status = status.get('code') if isinstance(status, dict) else status
            body = body['string'] if isinstance(body, dict) and set(body) == {'string'} else body
            if status in (200, 201) and body:
                found.append(body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else
                             json.dumps(body, ensure_ascii=False).encode())
        return [gzip.decompress(b) if b[:2] == b'\x1f\x8b' else b for b in found]

    @staticmethod
    def messages(stdout):
        return [m for m in map(json.loads, stdout.splitlines()) if 'items' not in m]

    @classmethod
    def summary(cls, messages):
        told = [verdict(m['record']) if 'record' in m else 'refused' if 'refused' in m else 'ERROR' for m in messages]
        texts = ''.join(m['record']['text'] for m in messages if 'record' in m)
        counted = ', '.join(f'{told.count(v)} {v}' for v in sorted(set(told)))
        return f'{counted or "none"}' + (f' text {hashlib.sha256(texts.encode()).hexdigest()[:12]}' if told else '') + \
            ''.join(f" + {a['kind']}" for m in messages if 'record' in m for a in m['record']['attachments'])

    @staticmethod
    def elements(body):
        data = json.loads(body).get('data') or []
        return data if isinstance(data, list) else [data] if 'text' in data else []

    @classmethod
    def faults(cls, name, data, messages):
        faults = [f'refused or not built: {m}' for m in messages if 'record' not in m]
        if faults:
            return faults
        records, bodies = [m['record'] for m in messages], cls.bodies(data)
        elements = [(b, e) for b in bodies for e in cls.elements(b)]
        if len(elements) != len(messages):
            return [f'{len(elements)} elements, {len(messages)} messages']
        for (body, element), m in zip(elements, messages):
            if load(body[m['offset']:m['offset'] + m['length']]) != element:
                faults.append(f"the bytes of message {m['record']['native_id']} are another element's")
            first = element.get('edit_history_tweet_ids', [element.get('id')])[0]
            if m['record']['native_id'] != ('dm:' if 'event_type' in element else '') + str(first):
                faults.append(f"message {m['record']['native_id']} is not named by {first}")
        row = cls.table.get(hashlib.sha256(data).hexdigest())
        told = [verdict(r) for r in records]
        if not row:
            return faults + [f'{told.count("dead")} elements are dead'] * ('dead' in told)
        return faults + cls.against(row, records, told)

    @staticmethod
    def against(row, records, told):
        if told != row['verdicts']:
            return [f"{told}, not {row['verdicts']} ({row['rule']})"]
        carried = [r for r, v in zip(records, told) if v == 'carried']
        faults = []
        if carried and row['phrase'] not in carried[0]['text']:
            faults.append(f"the text does not hold \"{row['phrase']}\" ({row['rule']})")
        if carried and [a['kind'] for a in carried[0]['attachments']] != row['attachments']:
            faults.append(f"attachments are not {row['attachments']} ({row['rule']})")
        return faults
