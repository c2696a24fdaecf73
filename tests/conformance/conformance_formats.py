"""Formats of sample payloads: which file belongs to which, which decoder takes it, and what must come of it, computed
here again from the file alone.

A format is a class with `name`, `tool` (program below build/*/tools, None: no decoder yet) and, with a tool:
messages(stdout) -> list, summary(messages) -> text, faults(file name, data, messages) -> list of texts.
Optional: bodies(data) -> the answers a recording holds, each given to the tool; torn_is_refused: see run.py.
A new one: write it, put it into of().
"""
import collections
import hashlib
import json

from conformance_email import Email
from conformance_meta import Meta
from conformance_x import X


class NotCovered:
    tool = None

    def __init__(self, name):
        self.name = name


class WhatsApp:
    """WhatsApp Cloud API webhooks."""
    name, tool = 'WhatsApp', 'wa_decode'

    @staticmethod
    def messages(stdout):
        return [json.loads(line) for line in stdout.splitlines()]

    @staticmethod
    def summary(messages):
        kinds = collections.Counter(f"{m['record']['class']}/{m['record']['kind']}" if 'record' in m else 'ERROR'
                                    for m in messages)
        return ', '.join(f'{n} {k}' for k, n in sorted(kinds.items())) or 'nothing'

    @staticmethod
    def elements(body):
        """[(native id or None, element)] a body holds; a change without a list of them counts as one."""
        for entry in body['entry']:
            for change in entry['changes']:
                value = change.get('value', {})
                lists = [] if change.get('field') != 'messages' else \
                    [(m.get('id') if isinstance(m, dict) else None, m) for m in value.get('messages', [])] + \
                    [(None, s) for s in value.get('statuses', [])]
                if change.get('field') == 'user_id_update':
                    lists = [(None, u) for u in value.get('user_id_update', [])]
                yield from lists or [(None, change)]

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
        told = collections.Counter(r['revision'] or r['native_id'] for r in records)
        for native, element in elements:
            if native and not told[native]:
                faults.append(f'the message {native} is not there')
            elif native:
                told[native] -= 1
        parts = [json.loads(data[m['offset']:m['offset'] + m['length']]) for m in messages]
        faults += [f'original bytes of none: {e}' for _, e in elements if e not in parts]
        return faults


def of(path):
    """The format of a file, by its content."""
    data = path.read_bytes()
    if X.owns(data):
        return X
    try:
        body = json.loads(data)
    except ValueError:
        if path.suffix == '.eml' or hashlib.sha256(data).hexdigest() in Email.table:
            return Email
        return NotCovered(f'"{path.suffix or path.name}"')
    obj = body.get('object') if isinstance(body, dict) else None
    if obj == 'whatsapp_business_account':
        return WhatsApp
    if obj in Meta.objects:
        return Meta
    return NotCovered(f'Meta object "{obj}"' if obj else 'other JSON')
