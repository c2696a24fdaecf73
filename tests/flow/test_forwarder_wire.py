"""The whole daemon's calls as they arrive at the sandbox equal the hand-written wire transcripts of
tests/golden/lapor-v3, byte for byte but for the {{names}}."""

import json
import pathlib
import uuid

from harness import flow
from harness.forwarding import AUTH, SETTINGS, TOKEN, Office
from harness.kafka import ROOT

from sandbox_client import golden_match  # its folder is put on the path by harness.forwarding

GOLDEN = pathlib.Path(ROOT) / 'tests' / 'golden' / 'lapor-v3'
IMAGE, PDF = b'\xff\xd8\xff\xe0muara\xff\xd9', b'%PDF-1.4 muara'


def requests(o, complaint):
    """[(call, bytes)] of one complaint, in order."""
    return [(r['call'], o.lapor.request_bytes(r['request'])) for r in o.lapor.journal()
            if r['event'] == 'request' and (r['idempotency_key'] or '').startswith(complaint['id'])]


def matches(name, raw):
    golden = (GOLDEN / f'{name}.request').read_bytes()
    values = golden_match(golden, raw)
    assert values is not None, f'{name}:\n--- want\n{golden}\n--- got\n{raw}'
    assert (values['auth'], values['token']) == (AUTH, TOKEN)
    assert values['base_path'] == '/lapor/3.0.0' and values['user_agent'] == 'Muara'
    return values


def file(o, name):
    """Decides the snapshot of the transcripts, under an id of its own; what arrived of it."""
    c = json.loads((GOLDEN / f'complaint-{name}.json').read_text())
    c['id'] = str(uuid.uuid4())
    c['sources'] = [{'message': c['id'], 'channel': 'whatsapp', 'conversation': c['id'], 'span': None,
                     'hash': '0' * 64, 'sent_at': c['opened_at'], 'ticket': c['ticket']}]
    o.put(c)
    o.wait(c, 'done', 'handover')
    return c, requests(o, c)


@flow(limit=60)
def test_calls_equal_the_transcripts(env):
    with Office(env, '--keep-requests') as o:
        o.start()
        plain, (create, handover) = file(o, 'plain')
        assert matches('create-plain', create[1])['ticket'] == plain['ticket']
        assert matches('handover', handover[1])['target_institution_id'] == '77'
        _, (create, _) = file(o, 'secret')
        matches('create-anonymous-secret', create[1])


@flow(limit=60)
def test_uploads_equal_the_transcripts(env):
    for form, name in (('string', 'create-attachments-string'),
                       ('string_dot', 'create-attachments-string-dot')):
        with Office(env, '--keep-requests') as o:
            for data in (IMAGE, PDF):
                o.photo(data)
            o.start(o.destination(settings={**SETTINGS, 'attachments_form': form}),
                       label='forwarder-' + form.replace('_', '-'))
            c, calls = file(o, 'attachments')
            assert [call for call, _ in calls] == ['upload', 'upload', 'create', 'handover']
            by_type = {b'%PDF' in raw: raw for call, raw in calls[:2]}
            matches('upload-image', by_type[False])
            matches('upload-document', by_type[True])
            values = matches(name, calls[2][1])
            assert {values['image_id'], values['doc_id']} <= {str(f['id']) for f in o.lapor.files()}
            o.daemon.stop()


@flow(limit=60)
def test_a_follow_up_equals_the_transcript(env):
    with Office(env, '--keep-requests') as o:
        for data in (IMAGE, PDF):
            o.photo(data)
        o.start()
        c, _ = file(o, 'attachments')
        o.adds(c, o.message('Masih berlubang.', attachments=[o.photo(IMAGE.replace(b'muara', b'nanti'))]))
        o.wait(c, 'done', 'followup')
        call, raw = requests(o, c)[-1]
        assert call == 'followup_add'
        values = matches('followup', raw)
        assert values['complaint_id'] == str(o.stored(c)[0]['remote_id'])
        assert (values['own_institution_id'], values['target_institution_id']) == ('12', '77')
        assert values['user_id'] == SETTINGS['user']
        assert values['idempotency_key'] == f"{c['id']}.{c['version'] + 1}.followup"
