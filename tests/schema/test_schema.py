"""The record schemas: golden samples, what they must refuse, and records built in C.

valid/ holds one made-up record per case; every sample must pass strictly, and its
ids, tickets and hashes are computed again here. The table below breaks samples in
one place each; the fault must be found, and found there. tests/unit/
test-schema_samples.c writes what the C side builds; those must pass too.
"""

import copy
import glob
import json
import os
import subprocess
import sys
import tempfile
import unittest

import jsonschema

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
from harness import records, schema  # noqa: E402  (the path comes first)

HERE = os.path.dirname(os.path.abspath(__file__))
GONE = object()

# sample, path, new value (GONE: dropped), where the fault must be told
BROKEN = [
    ('message-whatsapp', 'schema', 'muara.message/2', 'schema'),
    ('message-whatsapp', 'id', '81EA8A24-0000-5000-8000-000000000000', 'id'),
    ('message-whatsapp', 'tenant', GONE, '(root)'),
    ('message-whatsapp', 'native_id', '', 'native_id'),
    ('message-whatsapp', 'kind', 'reaction', 'kind'),
    ('message-whatsapp', 'class', 'angry', 'class'),
    ('message-whatsapp', 'class', 'undecodable', '(root)'),
    ('message-whatsapp', 'error', {'place': 'x', 'reason': 'y'}, '(root)'),
    ('message-whatsapp', 'author.phone', '0812 000 0017', 'author.phone'),
    ('message-whatsapp', 'author.proof', 'probably', 'author.proof'),
    ('message-whatsapp', 'author.id', GONE, 'author'),
    ('message-whatsapp', 'sent_at', '2025-11-20 15:59:56', 'sent_at'),
    ('message-whatsapp', 'text', None, 'text'),
    ('message-whatsapp', 'attachments.0.state', 'stored', 'attachments.0.sha256'),
    ('message-whatsapp', 'attachments.0.id', GONE, 'attachments.0'),
    ('message-whatsapp', 'original.sha256', 'abc', 'original.sha256'),
    ('message-whatsapp', 'original.inline', GONE, 'original'),
    ('message-whatsapp', 'source.review', 'maybe', 'source.review'),
    ('message-whatsapp', 'colour', 'red', '(root)'),
    ('message-whatsapp-location', 'location.lat', 97.0, 'location.lat'),
    ('message-edit', 'revision', None, 'revision'),
    ('message-call112', 'call.mapped', 'kebakaran', 'call.mapped'),
    ('message-undecodable', 'error', GONE, '(root)'),
    ('message-undecodable', 'error.reason', '', 'error.reason'),
    ('message-file-blob', 'original.offset', -1, 'original.offset'),
    ('decision-opened', 'inputs', [], 'inputs'),
    ('decision-opened', 'inputs.0.type', 'rumour', 'inputs.0.type'),
    ('decision-opened', 'writer', 'normalizer-1', 'writer'),
    ('decision-opened', 'n', 0, 'n'),
    ('decision-opened', 'results.0.state', 'closed', 'results.0.state'),
    ('decision-opened', 'results.0.ticket', 'ILLEG-ALOU0', 'results.0.ticket'),
    ('decision-opened', 'results.0.timers.0.due', 'soon', 'results.0.timers.0.due'),
    ('decision-opened', 'results.0.reporter', GONE, 'results.0'),
    ('decision-opened', 'results.0.reporter.nik', '3573010101900001', 'results.0.reporter'),
    ('decision-settled', 'results.0.ready_at', None, 'results.0.ready_at'),
    ('decision-settled', 'results.0.sources.0.span', [1], 'results.0.sources.0.span'),
    ('decision-held', 'results.0.missing', ['shoe size'], 'results.0.missing.0'),
    ('decision-archived', 'results.0.class', GONE, 'results.0'),
    ('decision-archived', 'results.0.type', 'deleted', 'results.0.type'),
    ('decision-dead', 'results.0.offset', GONE, 'results.0'),
    ('decision-refused-command', 'results.0.refused', False, 'results.0.refused'),
    ('submission-intent', 'sources', GONE, '(root)'),
    ('submission-intent', 'sources', [], 'sources'),
    ('submission-intent', 'call', 'delete', 'call'),
    ('submission-intent', 'intent', '2/7', '(root)'),
    ('submission-intent', 'name', 'Dewi Rahmawati', '(root)'),
    ('submission-hold', 'destination', GONE, '(root)'),
    ('submission-hold', 'reason', '', 'reason'),
    ('submission-hold', 'state', 'paused', 'state'),
    ('submission-done', 'intent', GONE, '(root)'),
    ('submission-done', 'remote_id', GONE, '(root)'),
    ('submission-done', 'remote_id', '#7318842', 'remote_id'),
    ('submission-done', 'remote_id', 7318842, 'remote_id'),
    ('submission-intent-upload', 'attachment', GONE, '(root)'),
    ('submission-parked', 'reason', GONE, '(root)'),
    ('submission-parked', 'reason', None, 'reason'),
    ('submission-resolved', 'resolution', 'maybe', 'resolution'),
    ('submission-resolved', 'remote_id', GONE, '(root)'),
    ('submission-refused', 'other', GONE, '(root)'),
    ('submission-status', 'status', GONE, '(root)'),
    ('submission-command', 'command', GONE, '(root)'),
    ('command-release', 'why', '', 'why'),
    ('command-release', 'who', GONE, '(root)'),
    ('command-release', 'version', None, 'version'),
    ('command-release', 'for', 'forwarder', 'for'),
    ('command-release', 'what', 'delete', 'what'),
    ('command-complete', 'fields', {}, 'fields'),
    ('command-complete', 'fields.shoe_size', '42', 'fields'),
    ('command-replay', 'message', None, 'message'),
    ('command-resolve-filed', 'remote_id', None, 'remote_id'),
    ('command-resolve-filed', 'remote_id', '0731', 'remote_id'),
    ('command-resolve-filed', 'attempt', '2-13', 'attempt'),
    ('command-pause', 'destination', '', 'destination'),
    ('command-acknowledge', 'message', None, 'message'),
    ('command-acknowledge', 'for', 'normalizer', 'for'),
    ('emergency-raised', 'message', GONE, '(root)'),
    ('emergency-raised', 'rule', 'mood', 'rule'),
    ('emergency-raised', 'kind', 'maybe', 'kind'),
    ('emergency-raised', 'text', 'Kebakaran di rumah saya', '(root)'),
    ('emergency-stale', 'offset', -1, 'offset'),
    ('emergency-rung', 'n', 0, 'n'),
    ('emergency-rung', 'hook', 'Pak Budi', 'hook'),
    ('emergency-acknowledged', 'by', GONE, '(root)'),
    ('emergency-refused', 'reason', GONE, '(root)'),
    ('cursor-file', 'raw.offset', -2, 'raw.offset'),
    ('cursor-file', 'raw', GONE, '(root)'),
    ('lane-genesis', 'installation', 'muara', 'installation'),
    ('lane-genesis', 'log', 'raw.file', 'log'),
    ('lane-takeover', 'term', 0, 'term'),
    ('lane-takeover', 'rules', GONE, '(root)'),
    ('media-stored', 'attachment.sha256', GONE, 'attachment'),
    ('media-stored', 'attachment.state', 'pending', 'attachment.state'),
    ('media-refused', 'attachment.reason', 'Because of it', 'attachment.reason'),
    ('media-refused', 'message', GONE, '(root)'),
]


def sample(name):
    with open(os.path.join(HERE, 'valid', f'{name}.json'), encoding='utf-8') as f:
        return json.load(f)


def samples():
    names = sorted(glob.glob(os.path.join(HERE, 'valid', '*.json')))
    return {os.path.basename(n)[:-5]: sample(os.path.basename(n)[:-5]) for n in names}


def changed(record, path, value):
    out = copy.deepcopy(record)
    *parents, last = [int(p) if p.isdigit() else p for p in path.split('.')]
    at = out
    for p in parents:
        at = at[p]
    if value is GONE:
        del at[last]
    else:
        at[last] = value
    return out


def places(problems):
    return [p.split(': ')[0] for p in problems]


class Schemas(unittest.TestCase):
    def test_schemas_are_schemas(self):
        for name in schema.NAMES:
            jsonschema.Draft202012Validator.check_schema(schema.load(name))
            self.assertTrue(schema.load(name)['description'])

    def test_valid_samples(self):
        seen = set()
        for name, record in samples().items():
            with self.subTest(name):
                self.assertEqual(schema.problems(record), [])
                self.assertEqual(schema.name_of(record), name.split('-')[0])
                seen.add(schema.name_of(record))
        self.assertEqual(seen, set(schema.NAMES))

    def test_every_broken_sample(self):
        for name, path, value, where in BROKEN:
            with self.subTest(f'{name} {path}'):
                found = schema.problems(changed(sample(name), path, value))
                self.assertTrue(found, 'passed')
                self.assertIn(where, places(found), found)

    def test_every_kind_has_a_sample(self):
        every = samples()
        for name in ('submission', 'lane', 'emergency'):
            kinds = set(schema.load(name)['properties']['kind']['enum'])
            have = {r['kind'] for r in every.values() if schema.name_of(r) == name}
            self.assertEqual(have, kinds)
        results = {x['type'] for r in every.values() for x in r.get('results', [])}
        self.assertEqual(results, {'complaint', 'archived', 'dead', 'noted'})

    def test_unknown_fields_are_kept_by_readers(self):
        record = changed(sample('message-whatsapp'), 'colour', 'red')
        self.assertEqual(schema.problems(record, strict=False), [])
        record = changed(sample('message-file-blob'), 'fields.rt', '03')
        self.assertEqual(schema.problems(record), [])

    def test_minor_versions_pass(self):
        record = changed(sample('message-whatsapp'), 'schema', 'muara.message/1.7')
        self.assertEqual(schema.problems(record), [])


class Ids(unittest.TestCase):
    """What a stranger can compute from a sample must be what stands in it."""

    def test_messages(self):
        for name, m in samples().items():
            if schema.name_of(m) != 'message':
                continue
            with self.subTest(name):
                self.assertEqual(m['id'], records.message_id(
                    m['tenant'], m['channel'], m['account'], m['native_id'], m['revision']))
                self.assertEqual(m['conversation'], records.uuid_of(
                    'conversation', m['tenant'], m['channel'], m['account'], m['author']['id']))

    def test_complaints(self):
        for name, d in samples().items():
            for c in d.get('results', []):
                if c['type'] == 'complaint':
                    with self.subTest(name):
                        self.assertEqual(c['ticket'], records.ticket_of(c['id']))
                        self.assertEqual(c['id'], c['sources'][0]['message'])


def built_samples():
    """The newest build's program that writes what the C side builds."""
    pattern = os.path.join(schema.ROOT, 'build', '*', 'unit', 'test-schema_samples')
    return max(glob.glob(pattern), key=os.path.getmtime, default=None)


class BuiltInC(unittest.TestCase):
    @unittest.skipUnless(built_samples(), 'unit tests are not built')
    def test_records_built_in_c(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'samples')
            subprocess.run([built_samples()], env={**os.environ, 'MUARA_SAMPLES': path},
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           timeout=60)
            with open(path, encoding='utf-8') as f:
                built = [json.loads(line) for line in f]
        names = {schema.name_of(r) for r in built}
        self.assertEqual(names, {'message', 'command', 'lane', 'decision', 'submission', 'emergency'})
        for i, record in enumerate(built):
            with self.subTest(f"{i}: {record['schema']} {record.get('kind')}"):
                self.assertEqual(schema.problems(record), [])


if __name__ == '__main__':
    unittest.main()
