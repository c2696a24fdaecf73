"""An emergency rings in each channel, from where the citizen wrote to the ring, with Redis stopped and no
normalizer: muara-alarm and the channel's own ingestor on Kafka, nothing else.

A channel is a row: give(env) starts its ingestor and returns send(n), which says the n-th emergency as its
channel does and returns the id it must have. What it took from there to the ring is printed. Saying it again
(a webhook's repetition, a file that grows) rings nothing anew.
"""

import datetime
import json
import time
from email.utils import formatdate

from harness import call112, door, flow, graph_account, wait_until, whatsapp, x_account
from harness.alarm import Rings, records, start
from harness.mail import Mailbox, mail
from harness.mail import id_of as mail_id
from harness.records import message_id

SOURCE = {'tenant': 'malang', 'account': 'kota', 'start': '2020-01-01', 'review': 'auto', 'max_age': '3650d'}
WAIT = 90
FIRE = 'Tolong, ada kebakaran di Pasar Besar!'


def give_file(env):
    folder = env.scratch.mkdir('drop')
    env.daemon('file', {**SOURCE, 'path': folder, 'poll': '50ms'})

    def send(n):
        line = json.dumps({'native_id': f'n{n}', 'text': FIRE, 'author': {'name': 'Siti'}})
        call112.put(folder, f'{n}.ndjson', f'{line}\n'.encode())
        return message_id('malang', 'file', 'kota', f'n{n}')
    return send


def give_whatsapp(env):
    secret, address = 'rahasia-aplikasi', env.scratch.path('wa')
    d = env.daemon('whatsapp', {**SOURCE, 'listen': address, 'app_secret': env.secret('app', secret),
                                'verify_token': env.secret('verify', 'token-verifikasi')})
    wait_until(lambda: d.healthz()[0] == 200, WAIT, 'the webhook')

    def send(n):
        data = whatsapp.body([whatsapp.text_message('6281234500001', 'Siti', FIRE, f'wamid.{n}')])
        wait_until(lambda: whatsapp.post(address, data, secret) == 200, WAIT, '200')
        return message_id('malang', 'whatsapp', 'kota', f'wamid.{n}')
    return send


def give_call112(env):
    """One table that comes again, a call longer each time."""
    folder, calls = env.scratch.mkdir('drop112'), []
    env.daemon('call112', call112.config(folder))

    def send(n):
        now = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=7)))
        calls.append(call112.call(f'C{n}', 'Darurat', text='Rumah terbakar',
                                  received=call112.local_time(now)))
        call112.put(folder, 'day.csv', call112.csv_bytes(calls))
        return call112.id_of(calls[-1])
    return send


def give_email(env):
    box = Mailbox(env)
    env.daemon('email', box.config())

    def send(n):
        box.append(mail(f'fire{n}', FIRE, 'Tolong', more=f'Date: {formatdate()}\r\n'))
        return mail_id(f'fire{n}@uji.example')
    return send


def give_facebook(env):
    g = graph_account.GraphAccount(env)
    g.daemon(label='facebook', poll='1h')

    def send(n):
        assert g.send(graph_account.page_body(graph_account.comment(f'9_{n}', FIRE))) == 200
        return graph_account.id_of(f'9_{n}')
    return send


def give_x(env):
    x = x_account.Account(env)
    siti = x.fake.user('Siti Aminah', 'siti_aminah')
    x.daemon(label='x')

    def send(n):
        return x_account.id_of(x.fake.post(f'@pemkot {FIRE} {n}', siti))
    return send


def give_door(env):
    keys = door.Keys(env)
    key = keys.new('situs', '--channel', 'website')
    _, address = door.start(env, keys)

    def send(n):
        answer = door.send(address, key, '/v1/messages', {'native_id': f'A-{n}', 'text': FIRE,
                                                          'author': {'name': 'Siti', 'phone': '081234500001'}})
        assert answer.status == 202, answer
        return answer.json['id']
    return send


CHANNELS = {'file': give_file, 'whatsapp': give_whatsapp, 'call112': give_call112, 'email': give_email,
            'facebook': give_facebook, 'x': give_x, 'website': give_door}
TOPICS = ['file', 'whatsapp', 'call112', 'email', 'social', 'website']


@flow(limit=180, muara={'channels': TOPICS})
def test_rings_in_each_channel(env):
    env.redis.stop()
    rings, sent = Rings(env), {}
    start(env, [rings.hook(repeat='1d')])
    senders = {name: give(env) for name, give in CHANNELS.items()}
    for n in (1, 2):
        for name, send in senders.items():
            before = time.time() * 1000
            event = sent[name, n] = send(n)
            wait_until(lambda: rings.of(event), WAIT, f'a ring for {name} {n}')
            print(f'{name}: rang after {rings.of(event)[0].at_ms - before:.0f} ms')
    senders['whatsapp'](1)  # Meta says it again
    last = senders['whatsapp'](3)
    wait_until(lambda: rings.of(last), WAIT, 'the last ring')
    assert {e: len(rings.of(e)) for e in sent.values()} == dict.fromkeys(sent.values(), 1)
    raised = wait_until(lambda: (lambda k: len(k) > len(sent) and k)([r for r in records(env) if r['kind'] == 'raised']),
                        WAIT, 'the last record')
    assert {r['id'] for r in raised} == {*sent.values(), last} and len(raised) == len(sent) + 1
    assert {r['channel'] for r in raised} == set(TOPICS)
