"""Records against config/schema, by Debian's python3-jsonschema (no code of ours).

    problems(record)                 [] or ['author.phone: …', ...]
    validate_topic(env, 'complaints')   every record of the topic; how many

Strict: a field no schema describes is a problem too. The schemas themselves are
open (readers keep what they do not know); what this build writes must be
described. `x-open` in a schema marks objects that hold whatever a source knows.
"""

import copy
import functools
import json
import os
import re

import jsonschema

from .kafka import ROOT

FOLDER = os.path.join(ROOT, 'config', 'schema')
NAMES = ('message', 'decision', 'submission', 'command', 'cursor', 'lane', 'emergency', 'media')
LANE_LOGS = {'complaints': 'decision', 'submissions': 'submission'}


def load(name):
    with open(os.path.join(FOLDER, f'{name}.schema.json'), encoding='utf-8') as f:
        return json.load(f)


def _close(schema):
    """Unknown fields are refused wherever a schema lists properties (not in the
    conditions, which list only some)."""
    if not isinstance(schema, dict):
        return
    if 'properties' in schema and not schema.get('x-open'):
        schema.setdefault('additionalProperties', False)
    for part in ('properties', '$defs'):
        for child in schema.get(part, {}).values():
            _close(child)
    _close(schema.get('items'))


@functools.lru_cache(maxsize=None)
def _validator(name, strict):
    schema = load(name)
    if strict:
        schema = copy.deepcopy(schema)
        _close(schema)
    return jsonschema.Draft202012Validator(schema)


def name_of(record):
    """'message' of a record that says muara.message/1; None else."""
    found = re.fullmatch(r'muara\.([a-z]+)/\d+(\.\d+)?', str(record.get('schema')))
    return found.group(1) if found and found.group(1) in NAMES else None


def problems(record, strict=True):
    if not isinstance(record, dict):
        return ['not an object']
    name = name_of(record)
    if not name:
        return [f'schema: {record.get("schema")!r} is not known']
    return [f'{".".join(map(str, e.absolute_path)) or "(root)"}: {e.message}'
            for e in sorted(_validator(name, strict).iter_errors(record), key=lambda e: str(e.path))]


def key_of(record):
    """The Kafka key a record must have; None: not fixed by the record."""
    name = name_of(record)
    if name in ('message', 'command'):
        return record['id']
    if name in ('decision', 'submission'):
        return f"{record['term']}/{record['n']}"
    if name == 'media' and 'index' in record:
        return f"{record['message']}/{record['index']}"
    if name == 'lane':
        if record['kind'] == 'genesis':
            return 'genesis'
        return f"takeover/{record['term']}/{record['writer']}"
    if name == 'emergency':
        if record['kind'] == 'refused':
            return f"refused/{record['command']}"
        return '/'.join([record['id'], record['kind'], *([record['hook']] if 'hook' in record else [])])
    return None


def _wanted(topic):
    if topic.startswith('raw.'):
        return ('message',)
    if topic in LANE_LOGS:
        return ('lane', LANE_LOGS[topic])
    return {'commands': ('command',), 'cursors': ('cursor',), 'replies': ('lane',), 'media': ('media',),
            'emergencies': ('emergency',)}[topic]


def _judge(record, wanted):
    try:
        body = json.loads(record.value)
    except ValueError:
        return ['not JSON']
    found = problems(body)
    if not found and name_of(body) not in wanted:
        found = [f'a {name_of(body)} record does not belong here']
    key = None if found else key_of(body)
    if key is not None and (record.key or b'').decode('utf-8', 'replace') != key:
        found = ['its key is not the one its content asks for']
    return found


def validate_topic(env, name, lane=0, skip=None):
    """Asserts that every record of a topic (without prefix) is as its schema says
    and has the key it must have; tombstones pass. skip(record): leave out what the
    test itself planted. Gives the number of records looked at."""
    bad, n = [], 0
    for record in env.kafka.read_all(env.topic(name), lane):
        if record.value is None or (skip and skip(record)):
            continue
        n += 1
        bad += [f'{name}/{lane}/{record.offset}: {p}' for p in _judge(record, _wanted(name))]
    assert not bad, f'{len(bad)} problems:\n' + '\n'.join(bad[:20])
    return n
