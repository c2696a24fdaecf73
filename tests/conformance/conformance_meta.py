"""Facebook and Instagram webhooks: what must become of each sample is a row of meta.tsv, written before the decoder. A
sample without a row must give a message for every element all the same, with its bytes.
"""
import hashlib
import json
import pathlib

from conformance_email import folded, verdict

TABLE = pathlib.Path(__file__).resolve().parent / 'meta.tsv'


def rows(text):
    """{sha256: row}"""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith('#'):
            path, sha256, becomes, phrase, attachments, rule = line.split('\t')
            found[sha256] = {'path': path, 'becomes': becomes.split(','), 'phrase': phrase, 'rule': rule,
                             'attachments': [] if attachments == '-' else attachments.split(',')}
    return found


class Meta:
    """One body of a webhook of object page or instagram, or another object of the same app."""
    name, tool = 'Facebook and Instagram', 'meta_decode'
    objects = ('page', 'instagram', 'user', 'permissions')
    table = rows(TABLE.read_text(encoding='utf-8'))

    @staticmethod
    def messages(stdout):
        return [json.loads(line) for line in stdout.splitlines()]

    @staticmethod
    def told(message):
        if 'record' not in message:
            return 'ERROR'
        r = message['record']
        text = hashlib.sha256(r['text'].encode()).hexdigest()[:12]
        kinds = ''.join(f" + {a['kind']}" for a in r['attachments'])
        reason = f" ({r['error']['reason']})" if r['class'] == 'undecodable' else ''
        return f"{verdict(r)}/{r['kind']}{reason}" + (f' text {text}' if r['text'] else '') + kinds

    @classmethod
    def summary(cls, messages):
        return ', '.join(cls.told(m) for m in messages) or 'nothing'

    @staticmethod
    def elements(body):
        for entry in body['entry']:
            lists = [e for key in ('messaging', 'standby', 'changes') for e in entry.get(key, [])]
            yield from lists or [entry]

    @classmethod
    def faults(cls, name, data, messages):
        """`broken` in the file's name: some of it may be undecodable, but never lost."""
        faults = [f'a message cannot be built: {m["error"]}' for m in messages if 'error' in m]
        records = [m['record'] for m in messages if 'record' in m]
        elements = list(cls.elements(json.loads(data)))
        if len(messages) != len(elements):
            faults.append(f'{len(elements)} elements, {len(messages)} messages')
        if 'broken' in name:
            return faults
        faults += [f"undecodable: {r['error']}" for r in records if r['class'] == 'undecodable']
        parts = [json.loads(data[m['offset']:m['offset'] + m['length']]) for m in messages]
        faults += [f'original bytes of none: {e}' for e in elements if e not in parts]
        row = cls.table.get(hashlib.sha256(data).hexdigest())
        return faults + (cls.against(row, records) if row and records else [])

    @staticmethod
    def against(row, records):
        faults = []
        became = [f"{verdict(r)}/{r['kind']}" for r in records]
        if became != row['becomes']:
            faults.append(f"{', '.join(became)}, not {', '.join(row['becomes'])} ({row['rule']})")
        if row['phrase'] != '-' and folded(row['phrase']) not in folded(records[0]['text']):
            faults.append(f"the text does not hold \"{row['phrase']}\" ({row['rule']})")
        kinds = [a['kind'] for a in records[0]['attachments']]
        if kinds != row['attachments']:
            faults.append(f"attachments {kinds}, not {row['attachments']} ({row['rule']})")
        return faults
