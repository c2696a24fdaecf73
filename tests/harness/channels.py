"""Every way into a city at once, for the end-to-end test and the demo: what stands outside Muara (a real
Dovecot, a Graph API, an X API, a media server, the door's keys), the daemons before it, and the ways
citizens' words get in.

    with Channels(city) as ways:        city: harness.city.City, its env with muara=MUARA
        ways.start(told=print, social={…})       all daemons of DAEMONS, supervised; settings over by label
        ways.comment('Jalan rusak', ways.page.fake.author('Siti'), 'webhook', emergency=False)

Each way says its words until its vendor would stop (a webhook until 200, a file once it lies there) and
writes them into the city's ledger with the id they must have, computed here. `facts` are the ledger's:
place, emergency, files. times=2: the vendor says it twice. Threads may use one `ways`, each way by one
thread.
"""

import hashlib
import json
import pathlib
from email.utils import formatdate

from . import door, media, whatsapp
from .alarm import Rings
from .city import ACCOUNT, SECRET, TENANT, TESTS, ids
from .graph_account import ACCOUNT as META, GraphAccount, comment, page_body
from .mail import ACCOUNT as MAILBOX, Mailbox, mail, with_photo
from .procs import wait_until
from .x_account import ACCOUNT as X, Account

CONFIG = TESTS.parent / 'config'
TOPICS = ['whatsapp', 'call112', 'email', 'social', 'website', 'file']
MUARA = {'channels': TOPICS}
# label: its program; those of one program are told apart by --instance
DAEMONS = {'alarm': 'alarm', 'whatsapp': 'whatsapp', 'call112': 'call112', 'email': 'email', 'social': 'social',
           'file': 'file', 'door': 'door', 'media': 'media', 'normalizer': 'normalizer', 'forwarder': 'forwarder',
           'whatsapp-fonnte': 'whatsapp', 'social-x': 'social'}
DOOR, APP, SYSTEM, FONNTE = 'pintu', 'aplikasi', 'sambat-online', 'kota-fonnte'
FONNTE_KEY = 'kunci-fonnte-uji'
MX = 'mx.kota.example'
PROVEN = f'Authentication-Results: {MX}; spf=pass; dmarc=pass\r\n'
SERVICES = [{'code': 'lampu', 'name': 'Lampu penerangan jalan mati', 'category': 'Penerangan jalan'}]
PATIENCE = 120   # of a vendor


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Channels:
    def __init__(self, city):
        self.city, self.env = city, city.env
        self.photos, self.box = media.MediaServer(media.TOKEN).start(), Mailbox(self.env)
        self.page, self.x, self.keys = GraphAccount(self.env), Account(self.env), door.Keys(self.env)
        self.rings = Rings(self.env)
        common = ('--channel', 'website', '--review', 'auto', '--tenant', TENANT)
        self.app = self.keys.new(APP, '--open311', *common)
        self.system = self.keys.new(SYSTEM, *common)
        self.fonnte = self.env.scratch.path('fonnte.sock')
        self.door = self.env.scratch.path('h', 'door')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.photos.stop()
        self.page.fake.stop()
        self.x.fake.stop()
        self.box.stop()

    # ---- daemons

    def start(self, told=lambda label: None, **over):
        for label, program in DAEMONS.items():
            config = {**self.config(label), **over.get(label.replace('-', '_'), {})}
            instance = label.partition('-')[2]
            self.city.start(program, config, label=label, ready=False, args=('--instance', instance) if instance else ())
        for label in DAEMONS:
            self.city.daemons[label].wait_ready()
            told(label)

    def config(self, label):
        name = '_' + label.replace('-', '_')
        return getattr(self, name)() if hasattr(self, name) else self.city.config_of(label)

    def _alarm(self):
        return {'session': '6s', 'commit': '50ms', 'max_age': '7d', 'hooks': [self.rings.hook('piket', repeat='5s')]}

    def _email(self):
        return self.box.config(authserv=MX)

    def _social(self):
        return self.page.config(poll='300ms', spacing='5ms')

    def _social_x(self):
        return self.x.config(poll='300ms')

    def _door(self):
        return door.config(self.env, self.keys, account=DOOR, listen=self.door, services=SERVICES,
                           form={'templates': str(CONFIG / 'door')})

    def _media(self):
        return media.config(self.env, self.photos, origin={'account': ACCOUNT})

    def _whatsapp_fonnte(self):
        shared = {k: v for k, v in self.city.config_of('whatsapp').items() if k not in ('app_secret', 'verify_token')}
        return {**shared, 'account': FONNTE, 'listen': self.fonnte, 'numbers': [],
                'provider': str(CONFIG / 'whatsapp-providers' / 'fonnte.yaml'),
                'secret': self.env.secret('fonnte', FONNTE_KEY)}

    # ---- the ledger

    def pushed(self, channel, account, native, send, text=None, times=1, **facts):
        """send() until it is true, `times` times: whoever pushes has been told "accepted" then."""
        message = ids.message_id(TENANT, channel, account, native)
        self.city.ledger.offer(message)
        for _ in range(times):
            wait_until(send, PATIENCE, f'{channel}, {account}: accepted', step=0.05)
            self.city.ledger.accept(message, channel, text, **facts)

    def lies(self, channel, account, native, text=None, tenant=TENANT, revision=None, **facts):
        """Where Muara fetches: all is accepted that lies there."""
        message = ids.message_id(tenant, channel, account, native, revision)
        self.city.ledger.accept(message, channel, text, told=False, **facts)

    # ---- WhatsApp

    def by_whatsapp(self, person, text, native, photo=None, times=1, **facts):
        """A text, or a photo with it."""
        who, files = (person.wa_id, person.name), []
        update = whatsapp.text_message(*who, text, native)
        if photo:
            self.photos.put(f'media-{native}', photo, faults=['cut'])
            update, files = whatsapp.image_message(*who, f'media-{native}', text, native), [sha256(photo)]
        data = whatsapp.body([update])
        self.pushed('whatsapp', ACCOUNT, native, lambda: whatsapp.post(self.city.socket, data, SECRET) == 200, text,
                    times, **{'files': files, **facts})

    # ---- WhatsApp by another provider

    def post_fonnte(self, words, key=FONNTE_KEY):
        return whatsapp.request(self.fonnte, 'POST', f'{whatsapp.PATH}?kunci={key}', json.dumps(words).encode())[0]

    def by_fonnte(self, words, times=1, **facts):
        self.pushed('whatsapp', FONNTE, str(words['inboxid']), lambda: self.post_fonnte(words) == 200,
                    words['message'], times, **facts)

    # ---- e-mail

    def by_mail(self, number, sender, subject, text, below='', more=PROVEN, photo=None, times=1, **facts):
        """The citizen's words are subject and text; `below` is what follows them."""
        head = f'Date: {formatdate()}\r\n{more}'
        letter = with_photo(number, text, subject, sender, head, photo=photo) if photo else \
            mail(number, text + below, subject, sender, head)
        self.lies('email', MAILBOX, f'{number}@uji.example', f'{subject}\n\n{text}' if more else None,
                  **{'files': [sha256(photo)] if photo else [], **facts})
        self.box.append(*[letter] * times)

    # ---- the city's page

    def by_webhook(self, native, body, text, times=1, **facts):
        self.pushed('social', META, native, lambda: self.page.send(body) == 200, text, times, **facts)

    def comment(self, text, author, how='webhook', native=None, post=None, times=1, **facts):
        """how: webhook; poll, messenger, instagram (found by the poll); both: a webhook of what the
        poll finds, too."""
        fake = self.page.fake
        if how in ('messenger', 'instagram'):
            self.lies('social', META, fake.message(text, author, how), text, **facts)
            return
        if how != 'webhook':
            native = fake.comment(post, text, author)
            self.lies('social', META, native, text, **facts)
        if how != 'poll':
            self.by_webhook(native, page_body(comment(native, text, **{'from': author})), text, times, **facts)

    # ---- X

    def by_x(self, text, author, whole=None, late=0, **facts):
        """The native id of a post; `whole` is the text of a long one."""
        more = {'note_tweet': {'text': whole}} if whole else {}
        post = self.x.fake.post(text, author, late=late, **more)
        self.lies('social', X, post, whole or text, **facts)
        return post

    def edit_x(self, post, text):
        """Once Muara has it as it was: X shows the newest version only."""
        before = ids.message_id(TENANT, 'social', X, post)
        wait_until(lambda: before in self.x.found(), PATIENCE, 'the post before its edit')
        self.lies('social', X, post, text, revision=self.x.fake.edit(post, text))

    # ---- the door

    def by_form(self, values, photos=(), times=1, **facts):
        """The last page answered."""
        pages = []

        def send():
            pages[:] = [door.send_form(self.door, values, photos)]
            return pages[0].status == 200
        self.pushed('website', DOOR, door.form_native(values, photos), send, values['uraian'], times,
                    **{'files': [sha256(data) for _, data in photos], **facts})
        return pages[0]

    def by_open311(self, native, fields, times=1, **facts):
        """The ticket."""
        tickets = []

        def send():
            answer = door.send_report(self.door, self.app, native, **fields)
            if answer.status == 201:
                tickets.append(answer.json[0]['service_request_id'])
            return answer.status == 201
        self.pushed('website', APP, native, send, fields['description'], times, **facts)
        assert len(set(tickets)) == 1, tickets
        return tickets[0]

    def by_system(self, line, times=1, **facts):
        """One message of another complaint system."""
        self.pushed('website', SYSTEM, line['native_id'],
                    lambda: door.send(self.door, self.system, '/v1/messages', line).status in (200, 202),
                    line['text'], times, **facts)

    def by_batch(self, lines, more=b'', **facts):
        """Many, and bytes that are none; the answer."""
        for line in lines:
            self.lies('website', SYSTEM, line['native_id'], line['text'], **facts)
        return door.send(self.door, self.system, '/v1/batch', door.ndjson(lines) + more)

    # ---- files

    def by_slips(self, account, slips, name, tenant=TENANT, **facts):
        """[(native id, name, phone, text)] as a file of the complaint box."""
        lines = []
        for native, who, phone, text in slips:
            self.lies('file', account, native, text, tenant, **facts)
            lines.append(json.dumps({'native_id': native, 'text': text, 'author': {
                'id': native, 'name': who, 'phone': phone}}, ensure_ascii=False))
        self.city.drop('drop-file', name, '\n'.join(lines) + '\n')

    def by_112(self, account, columns, rows, names, odd=()):
        """[(row as a list, text, {photo name: bytes}, facts)] as a CSV file under each name; the first
        field of a row is the call's number. odd: {place in the file: a line that is no row}."""
        folder = pathlib.Path(self.env.scratch.mkdir('drop-112'))
        for row, text, photos, facts in rows:
            for name, data in photos.items():
                (folder / name).write_bytes(data)
            self.lies('call112', account, row[0], text, **{'files': [sha256(d) for d in photos.values()], **facts})
        lines = [';'.join(row) for row, *_ in rows]
        for at in odd:
            lines.insert(at, odd[at])
        for name in names:
            self.city.drop('drop-112', name, '\n'.join([';'.join(columns), *lines]) + '\n')
