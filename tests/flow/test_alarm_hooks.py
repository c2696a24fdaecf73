"""muara-alarm rings by e-mail and by a WhatsApp template, through fakes of a mail server and of the Graph API:
refused once, tried again, taken; nothing a citizen said in it; a server that says nothing is given up.
"""

import email
import json
import socket

from harness import flow, wait_until
from harness.alarm import MailServer, Rings, Webhook, events, start
from harness.records import message, put, ticket_of

MUARA = {'channels': ['whatsapp']}
WAIT = 60
FIRE = 'Tolong, ada kebakaran di Pasar Besar!'
TOKEN = 'EAAtoken-piket'


def mail_hook(url, **more):
    return {'name': 'mail', 'type': 'email', 'url': url, 'from': 'muara@kota.example', 'to': 'piket@kota.example',
            'repeat': '1d', **more}


@flow(limit=90, muara=MUARA)
def test_mail_and_template(env):
    refused = (400, {'error': {'message': 'not for the log', 'type': 'OAuthException', 'code': 131026}})
    with MailServer([451, 250]) as post, Webhook([refused, (200, {'messages': [{'id': 'wamid.x'}]})]) as graph:
        d = start(env, [mail_hook(post.url),
                        {'name': 'wa', 'type': 'whatsapp', 'base': f'{graph.base}/v23.0', 'number_id': '10654',
                         'template': 'darurat', 'to': '+6281100000001', 'token': env.secret('token', TOKEN),
                         'repeat': '1d'}])
        fire = message('w1', FIRE)
        put(env, fire)
        wait_until(lambda: {'mail', 'wa'} <= set(events(env).get(fire['id'], {'rung': ()})['rung']), WAIT, 'both')
        (sender, to, text), = post.mails
        assert sender == 'muara@kota.example' and to == ['piket@kota.example']
        parsed, ticket = email.message_from_string(text), ticket_of(fire['id'])
        assert parsed['Auto-Submitted'] == 'auto-generated' and parsed['Message-ID'] and parsed['Date']
        assert ticket in parsed.get_payload() and fire['id'] in parsed.get_payload()
        assert len(graph.calls) == 2
        path, headers, body = graph.calls[1]
        assert path == '/v23.0/10654/messages' and headers['Authorization'] == f'Bearer {TOKEN}'
        assert body['to'] == '+6281100000001' and body['template']['name'] == 'darurat'
        words = [p['text'] for p in body['template']['components'][0]['parameters']]
        assert words == ['1', ticket], words
        for secret in ('kebakaran', 'Siti Aminah', '6281234500001'):
            assert secret not in text and secret not in json.dumps(body)
        log = d.log_text()
        assert 'hook wa: HTTP 400, error 131026' in log and 'SMTP 451' in log, log
        for secret in (TOKEN, 'piket@', '6281100000001', 'not for the log'):
            assert secret not in log, secret


@flow(limit=90, muara=MUARA)
def test_a_server_that_says_nothing(env):
    """Is given up at its limit, holds up no other hook, and does not keep the daemon from stopping."""
    rings = Rings(env)
    with socket.create_server(('127.0.0.1', 0)) as silent:  # takes connections, never answers
        port = silent.getsockname()[1]
        d = start(env, [mail_hook(f'smtp://127.0.0.1:{port}', timeout='500ms'),
                        mail_hook(f'smtp://127.0.0.1:{port}', name='slow', timeout='5m'),
                        {'name': 'web', 'type': 'webhook', 'url': f'http://127.0.0.1:{port}/', 'timeout': '500ms'},
                        {'name': 'hangs', 'type': 'command', 'command': ['/bin/sleep', '1000'], 'timeout': '500ms'},
                        rings.hook()], stop_timeout='2s')
        fire = message('w1', FIRE)
        put(env, fire)
        wait_until(lambda: rings.of(fire['id']), WAIT, 'the good one')
        for hook in ('mail', 'web', 'hangs'):
            wait_until(lambda: f'hook {hook}: ' in d.log_text(), WAIT, f'{hook} failed')
        assert 'hook slow: ' not in d.log_text()
        assert d.stop() == 0
