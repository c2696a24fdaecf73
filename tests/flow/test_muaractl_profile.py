"""muaractl profile: what `render` shows is what leaves; `check` tells faults by exit status; neither needs a
configuration, and nothing of a citizen or a secret is shown unasked."""

import json
import os
import subprocess

from harness import flow
from harness.forwarding import AGENCY, AUTH, TOKEN, Office
from harness.kafka import ROOT

REPORT, UPLOAD = 900000000000000, 900000000000001  # stand-ins, see profile_render.h
V3 = os.path.join(ROOT, 'config', 'lapor', 'lapor-v3.yaml')


def plain(env, *args):
    """muaractl where there is no muara.yaml."""
    return subprocess.run([env.bin('muaractl'), '--muara', env.scratch.path('nowhere.yaml'), *args],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=60)


def sent(o, complaint):
    """[(call, head, body)] of one complaint as they came, in order."""
    out = []
    for r in o.lapor.journal():
        if r['event'] == 'request' and (r['idempotency_key'] or '').startswith(complaint['id']):
            head, _, body = o.lapor.request_bytes(r['request']).partition(b'\r\n\r\n')
            out.append((r['call'], head.decode().split('\r\n'), body.decode('utf-8', 'replace')))
    return out


@flow(limit=60)
def test_what_is_rendered_is_what_leaves(env):
    with Office(env, '--keep-requests') as o:
        photo = o.photo()
        c = o.ready(messages=[o.message('Jalan berlubang di depan pasar', attachments=[photo])],
                    agency=AGENCY)
        config = env.scratch.write('render.yaml', json.dumps(o.config()))
        args = ('profile', 'render', V3, '--complaint', c['ticket'], '--destination', 'lapor',
                '--forwarder', config)
        shown = json.loads(env.ctl('--json', *args, '--show-text'))
        masked = env.ctl(*args) + env.ctl('--json', *args)
        assert o.lapor.journal() == [], 'a dry run called the endpoint'
        assert 'berlubang' not in masked and 'berlubang' in json.dumps(shown)
        for secret in (AUTH, TOKEN):
            assert secret not in masked and secret not in json.dumps(shown)

        o.start()
        o.wait(c, 'done', 'handover', timeout=40)
        calls = sent(o, c)
        assert [call for call, _, _ in calls] == [call['call'] for call in shown['calls']] == [
            'upload', 'create', 'handover']
        file, = o.lapor.files()
        report, = o.stored(c)
        numbers = {str(UPLOAD): str(file['id']), str(REPORT): str(report['remote_id'])}
        for (name, head, body), call in zip(calls, shown['calls']):
            for made_up, given in numbers.items():
                call['url'] = call['url'].replace(made_up, given)
                call['body'] = call.get('body', '').replace(made_up, given)
            assert head[0].split()[:2] == [call['method'],
                                           '/' + call['url'].split('://')[1].partition('/')[2]]
            for header in call['headers']:
                assert '<secret ' in header or header in head, (name, header, head)
            assert name == 'upload' or call['body'] == body, name
        assert shown['calls'][0]['parts'][0]['stored'] == 'yes'
        assert f'filename="{shown["calls"][0]["parts"][0]["filename"]}"' in calls[0][2]


@flow(limit=60, topics=False)
def test_neither_needs_a_configuration(env):
    with open(V3) as f:
        text = f.read()
    fault = env.scratch.write('v4.yaml', text.replace('is_anonymous: "{{anonymous}}"', 'x: 0'))
    warning = env.scratch.write('v5.yaml', text.replace('is_secret: "{{secret}}"', 'x: 0'))
    broken = env.scratch.write('v6.yaml', text.replace('"{{title}}"', '"{{judul}}"'))
    line = next(i for i, row in enumerate(text.split('\n'), 1) if row.startswith('    body:'))

    done = plain(env, 'profile', 'check', V3)
    assert (done.returncode, done.stdout) == (0, f'{V3}: ok\n'), done
    done = plain(env, 'profile', 'check', V3, fault)
    assert done.returncode == 1 and f'{fault}:{line}: calls.create.body: the reporter is' in done.stdout
    assert f'{fault}: 1 fault, 0 warnings' in done.stdout
    for strict, code in (((), 0), (('--strict',), 1)):
        done = plain(env, 'profile', 'check', warning, *strict)
        assert done.returncode == code and f'{line}: warning: calls.create.body: ' in done.stdout
    done = plain(env, '--json', 'profile', 'check', broken)
    files = json.loads(done.stdout)
    assert done.returncode == 1 and files[0]['faults'] == len(files[0]['lines']) == 1, files
    assert 'calls.create.body.title: {{judul}} is unknown; there are: ' in files[0]['lines'][0]

    snapshot = os.path.join(ROOT, 'tests', 'golden', 'lapor-v3', 'complaint-plain.json')
    args = ('profile', 'render', V3, '--snapshot', snapshot)
    done = plain(env, *args, '--set', 'institution=12', '--set', 'category=436', '--set', 'user=51')
    assert done.returncode == 0 and '1. create (once, ' in done.stdout, done
    assert 'Siti' not in done.stdout and 'disposition_id": 12' in done.stdout
    done = plain(env, *args)
    assert done.returncode == 1 and 'settings.institution: missing' in done.stderr
    assert 'CANNOT BE MADE' in done.stdout and 'Siti' not in done.stdout + done.stderr
    for wrong in (args[:3], (*args, '--complaint', 'ABCDE-FGHJK'), (*args, '--set', 'institution')):
        assert plain(env, *wrong).returncode == 2, wrong
    done = plain(env, 'profile', 'render', V3, '--snapshot', V3)
    assert done.returncode == 1, done
    assert plain(env, 'profile', 'render', V3, '--complaint', 'ABCDE-FGHJK').returncode == 78
