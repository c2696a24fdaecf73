"""E-mail samples: what must become of each is a row of email.tsv, written before the parser. A sample without a row must
become one message all the same, with its bytes whole.
"""
import hashlib
import json
import pathlib
import re

TABLE = pathlib.Path(__file__).resolve().parent / 'email.tsv'


def folded(text):
    return re.sub(r'\s+', ' ', text).strip()


def rows(text):
    """{sha256: row}"""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith('#'):
            path, sha256, verdict, phrase, attachments, rule = line.split('\t')
            found[sha256] = {'path': path, 'verdict': verdict, 'phrase': phrase, 'rule': rule,
                             'attachments': None if attachments == '*' else
                             [] if attachments == '-' else attachments.split(',')}
    return found


def verdict(record):
    if record['class'] == 'undecodable':
        return 'dead'
    return 'carried' if record['class'] in ('human', 'stale') else 'archived:' + record['class']


class Email:
    """One mail, as it lies in a mailbox (RFC 5322)."""
    name, tool = 'e-mail', 'eml_decode'
    table = rows(TABLE.read_text(encoding='utf-8'))

    @staticmethod
    def messages(stdout):
        return [json.loads(line) for line in stdout.splitlines()]

    @staticmethod
    def summary(messages):
        if len(messages) != 1 or 'record' not in messages[0]:
            return 'nothing'
        r = messages[0]['record']
        text = hashlib.sha256(r['text'].encode()).hexdigest()[:12]
        kept = ', '.join(a['mime'] or 'unknown' for a in r['attachments'])
        reason = f" ({r['error']['reason']})" if r['class'] == 'undecodable' else ''
        return f'{verdict(r)}{reason} text {text}' + (f' + {kept}' if kept else '')

    @classmethod
    def faults(cls, name, data, messages):
        if len(messages) != 1:
            return [f'{len(messages)} messages of one mail']
        if 'error' in messages[0]:
            return [f'a message cannot be built: {messages[0]["error"]}']
        record = messages[0]['record']
        sha256 = hashlib.sha256(data).hexdigest()
        faults = [] if record['original']['sha256'] == sha256 else ['its original bytes are not kept']
        row = cls.table.get(sha256)
        return faults + (cls.against(row, record) if row else [])

    @staticmethod
    def against(row, record):
        faults = []
        if verdict(record) != row['verdict']:
            faults.append(f"{verdict(record)}, not {row['verdict']} ({row['rule']})")
        if row['verdict'] == 'carried' and folded(row['phrase']) not in folded(record['text']):
            faults.append(f"the text does not hold \"{row['phrase']}\" ({row['rule']})")
        types = [a['mime'] for a in record['attachments']]
        if row['attachments'] is not None and types != row['attachments']:
            faults.append(f"attachments {types}, not {row['attachments']} ({row['rule']})")
        return faults
