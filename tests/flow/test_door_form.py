"""The form page of muara-door behind the real nginx as shipped, used as a browser without JavaScript
would: fetch, fill in, send; the ticket shown is that of the message in Kafka."""

import html.parser
import re

from harness import ROOT, flow
from harness.door import CHANNELS, FORM_HEAD, Keys, form_body, form_native, start
from harness.records import message_id, ticket_of
from harness.schema import validate_topic
from test_whatsapp_front import Nginx

MUARA = {'channels': CHANNELS}
JPEG = b'\xff\xd8\xff\xe0' + b'foto' * 100


class Page(html.parser.HTMLParser):
    """Fields, labels and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.fields, self.labels, self.form, self.scripts, self.open, self.area = {}, set(), None, 0, [], None
        self.feed(text)
        assert not self.open, f'left open: {self.open}'

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag not in ('meta', 'input'):
            self.open.append(tag)
        if tag == 'form':
            self.form = a
        if tag == 'label':
            self.labels.add(a['for'])
        if tag in ('input', 'textarea'):
            self.fields[a['name']] = {**a, 'value': a.get('value') or ''}
            self.area = a['name'] if tag == 'textarea' else self.area
        self.scripts += tag == 'script' or any(k.startswith('on') for k in a)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
        self.area = None if tag == 'textarea' else self.area

    def handle_data(self, data):
        if self.area:
            self.fields[self.area]['value'] += data


def send(front, values, photos=()):
    status, text = front.request('POST', '/lapor', form_body(values, photos), FORM_HEAD)
    return status, text.decode()


def raw(env):
    return [r.json for r in env.kafka.read_all(env.topic('raw.website'))]


@flow(limit=120, muara=MUARA)
def test_a_citizen_without_javascript(env):
    d, address = start(env, Keys(env), form={'templates': f'{ROOT}/config/door'})
    front = Nginx(env, address, '/run/muara-door-kota/door.sock')
    try:
        status, text = front.request('GET', '/lapor')
        page = Page(text.decode())
        assert status == 200 and page.scripts == 0
        assert (page.form['method'], page.form['action']) == ('post', '/lapor')
        seen = {n for n, f in page.fields.items() if f.get('type') != 'hidden'}
        assert {f['id'] for n, f in page.fields.items() if n in seen} <= page.labels, 'a field without label'
        typed = {'nomor': page.fields['nomor']['value'], 'uraian': 'Lampu jalan mati\ndi depan <sekolah> & pasar',
                 'lokasi': 'Jl. Ijen 5', 'nama': 'Siti Aminah', 'telepon': '0812-3450-0001', 'rahasia': '1'}
        # Mistakes: the page again, all that was typed in still there.
        status, text = send(front, {**typed, 'telepon': ''})
        again = Page(text)
        assert status == 422 and 'role="alert"' in text and again.fields['telepon']['value'] == ''
        for name in ('nomor', 'uraian', 'lokasi', 'nama'):
            assert again.fields[name]['value'] == typed[name], (name, again.fields[name])
        assert 'checked' in again.fields['rahasia'] and raw(env) == []
        assert send(front, typed, [('x.jpg', b'MZ program')])[0] == 422
        # Sent, twice.
        status, text = send(front, typed, [('jalan.jpg', JPEG), ('lagi.jpg', JPEG + b'2')])
        assert status == 200, text
        Page(text)
        ticket = re.search(r'class="tiket">([0-9A-Z-]+)<', text)[1]
        assert send(front, typed, [('jalan.jpg', JPEG), ('lagi.jpg', JPEG + b'2')]) == (200, text)
        records = raw(env)
        assert len(records) == 2 and {r['id'] for r in records} == {records[0]['id']}
        r = records[0]
        photos = [('', JPEG), ('', JPEG + b'2')]
        assert r['id'] == message_id('malang', 'website', 'kota', form_native(typed, photos))
        assert ticket == ticket_of(r['id'])
        assert (r['text'], r['author']['name'], r['author']['phone']) == (typed['uraian'], 'Siti Aminah', '+6281234500001')
        assert r['location']['address'] == 'Jl. Ijen 5' and r['fields']['anonymous'] is True
        assert [a['state'] for a in r['attachments']] == ['stored', 'stored']
        # A program that fills in everything: kept, but as spam.
        assert send(front, {**typed, 'situs': 'http://x'})[0] == 200
        assert raw(env)[-1]['class'] == 'spam'
        validate_topic(env, 'raw.website')
        for secret in ('Siti', '81234500001', '0812-3450-0001', 'Ijen', '127.0.0'):
            assert secret not in d.log_text(), secret
        assert front.request('PUT', '/lapor', b'x')[0] == 403
    finally:
        front.proc.stop(20)


@flow(limit=90, muara=MUARA)
def test_no_ticket_while_the_broker_is_frozen(env):
    _, address = start(env, Keys(env), form={'templates': f'{ROOT}/config/door', 'burst': 1}, answer_within='500ms')
    front = Nginx(env, address, '/run/muara-door-kota/door.sock')
    typed = {'uraian': 'Sampah menumpuk', 'nama': 'Budi', 'email': 'b@contoh.id', 'nomor': '0' * 32}
    try:
        env.kafka.freeze()
        try:
            status, text = send(front, typed)
        finally:
            env.kafka.thaw()
        assert status == 503 and 'belum tersimpan' in text and '>Sampah menumpuk</textarea>' in text
        assert 'class="tiket"' not in text
    finally:
        front.proc.stop(20)
