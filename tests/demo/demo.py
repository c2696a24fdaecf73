#!/usr/bin/python3
"""make demo: everything in a scratch folder. Complaints of made-up citizens come in by signed WhatsApp
webhooks (photos are fetched after them; and of another provider, by a mapping), by files of the 112
centre (a folder, a real sshd, a JSON endpoint), by e-mail (a real Dovecot), on the city's Facebook page and Instagram account (signed webhooks and a Graph API), on X (its
API), by a form page, Open311 and a signed batch, and from a complaint box; an emergency rings the officer
on duty until he answers; officers do what officers do; a LAPOR! sandbox gives the numbers; at the end the
books are balanced, by Muara's own tool and by an oracle that shares no code with it.

Prints plain lines, needs no terminal, listens on loopback and Unix sockets only, and leaves nothing
running: all processes end with this one. Exit 0 when the books balance.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / 'tests'))

from harness import Env, call112, procs, whatsapp  # noqa: E402
from harness.call112_http import Endpoint  # noqa: E402
from harness.channels import PROVEN, TOPICS, Channels, sha256  # noqa: E402
from harness.citizens import Person  # noqa: E402
from harness.city import JPEG, SECRET, TENANT, Bubble, City, ids  # noqa: E402
from harness import door, media  # noqa: E402
from harness.graph_account import PAGE as PAGE_ID, comment, page_body  # noqa: E402
from harness.mail import PHOTO  # noqa: E402
from harness.sftp import Sftp  # noqa: E402
from harness.x_account import ACCOUNT as X_ACCOUNT  # noqa: E402
import stories  # noqa: E402

TOWN, SHEETS = 'batu', 'lembar'          # a second government, which files by hand
CALL_FIELDS = ('id', 'received', 'type', 'name', 'phone', 'address', 'lat', 'lon', 'text', 'attachments')
TENANTS = [{'name': TENANT, 'lane': 0, 'destination': 'lapor'},
           {'name': TOWN, 'lane': 0, 'destination': SHEETS}]
BEGIN = time.monotonic()


def say(text=''):
    print(f'{time.monotonic() - BEGIN:6.1f} s  {text}' if text else '', flush=True)


def head(text):
    print(f'\n== {text}', flush=True)


class Demo:
    def __init__(self, env, city, ways, sftp, endpoint):
        self.env, self.city, self.ways, self.last = env, city, ways, None
        self.sftp, self.endpoint = sftp, endpoint

    # ---- the table

    def row(self):
        """One line of the table, when it changed; gives the audit."""
        audit = self.city.books(settled=False).audit()
        states, places = {}, {}
        for c in audit.newest.values():
            states[c['state']] = states.get(c['state'], 0) + 1
        for m in audit.messages.values():
            place = m.place[0] if m.place else 'waiting'
            places[place] = places.get(place, 0) + 1
        channels = [sum(m.topic == f'raw.{c}' for m in audit.messages.values())
                    for c in TOPICS]
        cells = channels + [places.get(k, 0) for k in ('archived', 'dead')]
        cells += [states.get(k, 0) for k in ('open', 'held', 'review', 'ready')]
        cells += [audit.ends[k] for k in ('waiting', 'done', 'handed', 'parked', 'filed')]
        if cells != self.last:
            say(' '.join(f'{x:>8}' for x in cells))
            self.last = cells
        return audit

    def table_head(self):
        groups = f'{"accepted from":^53} | {"no complaint":^17} | {"complaints":^35} | {"of the ready ones":^44}'
        names = ('whatsapp', '112', 'e-mail', 'page', 'door', 'box', 'archived', 'dead', 'open', 'held', 'review', 'ready', 'waiting',
                 'lapor', 'sheet', 'parked', 'typed')
        print(f'          {groups}\n          {" ".join(f"{n:>8}" for n in names)}', flush=True)

    def watch(self, until, what, seconds=60):
        end = time.monotonic() + seconds
        while not until(self.row()):
            if time.monotonic() > end:
                raise AssertionError(f'not within {seconds} s: {what}')
            time.sleep(0.3)

    # ---- citizens

    def bubbles(self):
        """All WhatsApp messages, conversation by conversation, each a second after the one before."""
        sent = time.time() - 120
        for wa_id, name, texts in stories.WHATSAPP:
            for n, content in enumerate(texts):
                sent += 1
                person = Person(wa_id, name, f'+{wa_id}')
                yield self.bubble(person, content, f'wamid.DEMO{wa_id}{n}', sent)

    def bubble(self, person, content, native, sent):
        who = (person.wa_id, person.name)
        if isinstance(content, str):
            return Bubble(person, content, native, whatsapp.text_message(*who, content, native, sent))
        kind, *more = content
        if kind == 'photo':
            self.ways.photos.put(f'media-{native}', JPEG + native.encode(), faults=['cut'])
            update = whatsapp.image_message(*who, f'media-{native}', more[0], native, sent)
            return Bubble(person, more[0] or '', native, update)
        if kind == 'place':
            return Bubble(person, '', native, whatsapp.location_message(*who, *more, native, sent))
        self.ways.photos.put(f'media-{native}', b'RIFF1234WEBP' + native.encode(), mime='image/webp')
        return Bubble(person, '', native, whatsapp.sticker_message(*who, f'media-{native}', native, sent))

    def by_whatsapp(self):
        head('Citizens write by WhatsApp: signed webhooks, some delivered twice, one forged, one garbage')
        bubbles = list(self.bubbles())
        for i, b in enumerate(bubbles):
            again = i % 9 == 4     # Meta repeats what it is not sure of
            self.city.send([b, b] if again else [b], threads=1).join()
            if i % 4 == 0:
                self.row()
        forged = whatsapp.post(self.city.socket, whatsapp.body([bubbles[0].as_update()]), 'bukan-rahasia')
        say(f'a webhook with a forged signature: answered {forged}')
        garbage = b'ini bukan JSON {'
        answered = whatsapp.post(self.city.socket, garbage, SECRET)
        self.accept('whatsapp', 'kota', 'undecodable:' + sha256(garbage), 'dead')
        say(f'signed garbage: answered {answered}, kept with its bytes for a person to see')

    def by_another_provider(self):
        head('A second number is with another provider (Fonnte): a mapping in configuration, no code')
        words, group = dict(stories.FONNTE), {**stories.FONNTE, 'inboxid': 8, 'isgroup': 'true'}
        refused = self.ways.post_fonnte(words, 'bukan-kunci')
        self.ways.by_fonnte(words, times=2, place='complaint')
        self.ways.by_fonnte(group, place='archived')
        say(f'with the wrong secret: {refused}; the right one, sent twice: 200, 200; a group: 200, kept apart')

    def accept(self, channel, account, native, place=None, text=None, tenant=TENANT, revision=None):
        """Of a file: all in it is accepted once it is there."""
        self.city.ledger.accept(ids.message_id(tenant, channel, account, native, revision), channel, text, place,
                                told=False)

    def by_112(self):
        head('The 112 centre drops its CSV of the morning, with photos beside it, and drops it again')
        now = time.strftime('%d-%m-%Y %H:%M', time.gmtime(time.time() + 7 * 3600))
        rows = [([number, now, *rest], rest[-2], {rest[-1]: JPEG + number.encode()} if rest[-1] else {}, {})
                for number, *rest in stories.CALLS]
        self.accept('call112', 'malang-112', 'undecodable:' + sha256(stories.BROKEN_ROW.encode()), 'dead')
        self.ways.by_112('malang-112', stories.CALL_COLUMNS, rows, ('pagi.csv', 'pagi-kirim-ulang.csv'),
                         {5: stories.BROKEN_ROW})
        say(f'{len(rows) + 1} rows, one of them broken, one ghost call; the same file twice')

    def calls(self, account, rows):
        """Of another centre, accepted when they lie there."""
        for number, kind, name, phone, text, place in rows:
            self.accept('call112', account, number, 'complaint' if kind == 'Laporan' else 'archived', text)
            yield call112.call(number, kind, name, phone, text, address=place, district='', lat=0)

    def by_other_centres(self):
        head('A second centre puts its files on an SFTP server, with their hashes; a third shows its calls as JSON')
        data = call112.csv_bytes(list(self.calls('sftp-112', stories.SFTP_CALLS)))
        self.sftp.put('kedua.csv.sha256', f'{sha256(data)}  kedua.csv\n'.encode())
        self.sftp.put('kedua.csv', data)
        self.endpoint.script('half', 'retry:503:1')
        self.endpoint.add(self.calls('poll-112', stories.POLL_CALLS), int(time.time() * 1000) - 60000)
        say(f'{len(stories.SFTP_CALLS)} calls in a file on the sshd, {len(stories.POLL_CALLS)} at the endpoint, whose first pages fail')

    def by_box(self):
        head(f'The town of {TOWN.capitalize()} has no API account: its complaint box goes by sheet')
        self.ways.by_slips('kotak-balai-kota', stories.BOX, 'kotak.ndjson', TOWN, place='complaint')

    def by_door(self):
        head('An agency without a website has a form page; an app reports by Open311; another system hands over a batch')
        photo, typed = [('trotoar.jpg', JPEG + b'trotoar')], {'nomor': '5f0e' * 8, **stories.FORM}
        missing = door.send_form(self.ways.door, {**typed, 'telepon': ''})
        say(f'the form without a phone number: {missing.status}, the page again with all that was typed')
        page = self.ways.by_form(typed, photo, times=2, place='complaint')  # a double click
        say('sent twice, one ticket: ' + page.text.split('class="tiket">')[1].split('<')[0])
        self.reported = self.ways.by_open311('app-1', stories.REPORT, place='complaint')
        say(f'Open311: 201, ticket {self.reported}')
        lines = [{'native_id': n, 'text': text, 'author': {'name': name, 'phone': phone}}
                 for n, name, phone, text in stories.ONLINE]
        answer = self.ways.by_batch(lines, b'{"native_id": "SO-2026-04\n', place='complaint')
        assert answer.status == 207 and answer.json['stored'] == len(lines), answer
        say(f'a signed batch: {answer.json["stored"]} stored, {answer.json["refused"]} refused with its line')

    def how_far(self):
        head('Anybody may ask by the ticket how far a report is, and learns nothing else')
        target = f'{door.OPEN311}/requests/{self.reported}.json'
        procs.wait_until(lambda: 'diteruskan' in door.request(self.ways.door, 'GET', target).text, 30, 'the report forwarded')
        say(f'GET {target}')
        say(door.request(self.ways.door, 'GET', target).text)

    def by_email(self):
        head('Citizens write e-mail: one with a photo, one above an old answer; a bounce comes back, too')
        for number, sender, subject, text, below, photo in stories.MAILS:
            bounce = 'MAILER' in sender
            self.ways.by_mail(number, sender, subject, text, below, '' if bounce else PROVEN, PHOTO if photo else None,
                              place='archived' if bounce else None)
        say(f'{len(stories.MAILS)} mails lie in the mailbox; they stay there, unread')

    def by_page(self):
        head("Citizens comment on the city's Facebook page and write to it; two webhooks never came, the poll finds them")
        post = self.ways.page.fake.post(stories.ANNOUNCEMENT)
        for i, (how, native, name, text) in enumerate(stories.PAGE):    # Meta repeats what it is not sure of
            self.ways.comment(text, self.ways.page.fake.author(name), how, native, post, 2 if i == 0 else 1,
                              place='complaint')
        own = page_body(comment('9_1003', stories.PAGE_SAYS, **{'from': {'id': PAGE_ID, 'name': 'Kota'}}))
        self.ways.by_webhook('9_1003', own, stories.PAGE_SAYS, place='archived')
        webhooks = 1 + sum(how == 'webhook' for how, *_ in stories.PAGE)
        say(f'{webhooks} webhooks, one of them twice, one of the page itself')

    def by_x(self):
        head("Citizens mention the city on X; X limits our requests once, shows one post late, and one is edited")
        fake, posts = self.ways.x.fake, []
        fake.fault('rate_reset')
        for username, name, text, whole in stories.POSTS:
            posts.append(self.ways.by_x(text, fake.user(name, username), whole, late=len(posts) == 1, place='complaint'))
        self.accept('social', X_ACCOUNT, fake.retweet(posts[0]), 'archived')
        self.accept('social', X_ACCOUNT, fake.post(stories.X_SAYS, fake.own), 'archived', stories.X_SAYS)
        self.ways.edit_x(posts[-1], stories.X_EDIT)
        say(f'{len(posts)} posts, a retweet, an answer of the city, an edit; {len(fake.requests)} requests so far')

    # ---- officers

    def ctl(self, *args):
        """An act of an officer, shown as it is typed, with what it prints."""
        say('$ muaractl ' + ' '.join(f"'{a}'" if ' ' in a else a for a in args))
        text = self.env.ctl(*args)
        for line in text.rstrip().splitlines():
            print(f'          {line}', flush=True)
        return text

    def find(self, what, wanted):
        """The first complaint of a kind, by its snapshot."""
        found = [c for c in self.row().newest.values() if wanted(c)]
        assert found, f'no complaint is {what}'
        return found[0]

    def act(self, c, *args):
        """An officer's act upon a complaint, until the daemon has it."""
        self.ctl(args[0], c['ticket'], *args[1:], '--wait')

    def officers(self):
        head('An officer calls back the citizen whose name was missing, and completes the report')
        self.ctl('held', 'list')
        held = self.find('held for a name', lambda c: c['state'] == 'held' and c['missing'] == ['name'])
        self.act(held, 'complete', '--name', 'Karyono', '--why', 'ditelepon, menyebut nama')
        self.watch(lambda a: a.newest[held['id']]['state'] == 'ready', 'the completed one is ready')

        head('Who wrote on the page is known by name only: an officer asks for a number')
        asked = self.find('held for a contact', lambda c: c['state'] == 'held' and c['missing'] == ['contact'])
        self.act(asked, 'complete', '--phone', '081200000061', '--why', 'dibalas lewat pesan halaman')
        self.watch(lambda a: a.newest[asked['id']]['state'] == 'ready', 'the one with a number is ready')

        self.emergencies()
        head('What a person must see first: an emergency stays, a call type nobody mapped is released')
        self.ctl('review', 'list')
        odd = self.find('to be reviewed', lambda c: 'unmapped-call-type' in c['review']['reasons'])
        self.act(odd, 'release', '--why', 'bukan darurat, teruskan ke dinas')
        self.watch(lambda a: a.newest[odd['id']]['state'] == 'ready', 'the released one is ready')
        self.watch(lambda a: not a.ends['waiting'], 'LAPOR! has all that is ready')
        head('What nobody could read is kept, with its bytes')
        self.ctl('dead', 'list')
        self.parked()
        self.by_hand()

    def emergencies(self):
        head('An emergency waits for nobody: the officer on duty was rung, and is again until he answers')
        loud = [c for c in self.row().newest.values() if c.get('emergency')]
        procs.wait_until(lambda: all(any(self.ways.rings.of(s['message']) for s in c['sources']) for c in loud), 30,
                         'a ring for every emergency')
        for r in self.ways.rings.all():
            say(f'{r.hook} rang for {", ".join(map(ids.ticket, r.ids))}; {r.unacknowledged} not answered')
        for event in json.loads(self.env.ctl('emergency', 'list', '--json')):
            self.ctl('emergency', 'ack', event['ticket'], '--why', 'Damkar dan ambulans berangkat', '--wait')
        assert loud and not json.loads(self.env.ctl('emergency', 'list', '--json')), 'an emergency still rings'

    def parked(self):
        head('One answer of LAPOR! was lost: never sent again blindly, a person looks there')
        self.ctl('parked', 'list')
        a = next(x for x in self.row().filings.attempts.values() if x.state == 'parked')
        ticket = ids.ticket(a.complaint)
        there = next(f for f in self.city.lapor.filed() if f['ticket'] == ticket)
        say(f'the officer searches LAPOR! for {ticket} and finds report {there["remote_id"]}')
        self.ctl('resolve', ticket, '--filed', str(there['remote_id']), '--why', 'ditemukan di LAPOR!', '--wait')
        self.watch(lambda x: not x.ends['parked'], 'the parked one is resolved')

    def by_hand(self):
        head(f'A report of {TOWN.capitalize()} is typed into the national form from its sheet, the number typed back')
        for s in sorted(pathlib.Path(self.sheet_dir).rglob('*.html')):
            say(f'sheet {s.name}')
        handed = next(a for a in self.row().filings.attempts.values() if a.state == 'handed')
        self.ctl('resolve', ids.ticket(handed.complaint), '--filed', '2099001', '--why', 'sudah diketik', '--wait')
        self.watch(lambda x: x.filings.attempts[0, handed.key].state == 'filed', 'the number is noted')

    # ---- the end

    def filed_list(self, audit):
        head('Filed')
        attached = {f['ticket']: f['fields']['attachments'] for f in self.city.lapor.filed()}
        rows = []
        for c in audit.newest.values():
            for a in audit.filings.by_complaint().get(c['id'], ()):
                how = {'done': 'LAPOR!', 'filed': 'by a person', 'handed': 'sheet, waits'}.get(a.state, a.state)
                files = attached.get(c['ticket']) or ''
                rows.append((a.remote_id or '-', c['ticket'], c['sources'][0]['channel'], how,
                             str(files.count(',') + 1) if files else '-', c['title']))
        print(f'          {"LAPOR! no.":<11}{"ticket":<13}{"channel":<10}{"filed":<14}{"files":<7}title')
        for remote, ticket, channel, how, files, title in sorted(rows):
            short = title if len(title) <= 60 else title[:59] + '…'
            print(f'          {remote:<11}{ticket:<13}{channel:<10}{how:<14}{files:<7}{short}')
        return rows

    def balance(self):
        head("Balance by Muara's own tool")
        self.ctl('balance')
        head('Balance by the oracle (tests/oracle), which shares no code with Muara')
        ledger = self.city.ledger.write(self.env.scratch.path('accepted.jsonl'))
        done = subprocess.run(
            [sys.executable, ROOT / 'tests/oracle/oracle.py', '--bootstrap', self.env.kafka.bootstrap,
             '--prefix', self.env.prefix, '--accepted', ledger, '--journal',
             f'{self.city.sandbox_dir}/journal.jsonl'], stdout=subprocess.PIPE, text=True)
        for line in done.stdout.splitlines():
            print(f'          {line}')
        assert done.returncode == 0, 'the oracle found violations'

    def run(self):
        head('Muara starts: Kafka, Redis, Dovecot, sshd, a Graph API, an X API, a LAPOR! sandbox, fourteen daemons')
        self.start()
        self.table_head()
        self.by_whatsapp()
        self.by_another_provider()
        self.by_112()
        self.by_other_centres()
        self.by_box()
        self.by_email()
        self.by_page()
        self.by_x()
        self.by_door()
        self.watch(lambda a: not a.notes['not decided yet'] and len(a.messages) >= len(self.city.ledger.accepted)
                   and not a.unsettled(), 'every message is decided')
        self.fetched()
        self.officers()
        audit = self.city.settle(30)
        self.how_far()
        rows = self.filed_list(audit)
        self.balance()
        return (f'{len(audit.messages)} messages accepted, each in exactly one place; {len(rows)} complaints '
                'filed or handed out, none twice, none lost')

    def fetched(self):
        kept = [a for a in media.papers(self.env).values() if a['state'] == 'stored']
        say(f'{len(kept)} photos and stickers fetched from WhatsApp before their links die, each photo cut off once')

    def start(self):
        self.sheet_dir = self.env.scratch.mkdir('lembar')
        city = self.city
        self.ways.start(
            lambda label: say(f'muara-{label} is ready'),
            call112={'types': stories.CALL_TYPES, 'fields': dict(zip(CALL_FIELDS, stories.CALL_COLUMNS)),
                     'attachments': {'wait': '1s'}},
            file={'tenant': TOWN, 'account': 'kotak-balai-kota'}, normalizer={'quiet': '2s', 'media_wait': '10s'},
            forwarder={'destinations': [city.destination(), city.sheets(SHEETS)], 'sheet_dir': self.sheet_dir})
        self.start_centres()
        city.lapor.script({'call': 'create', 'nth': 4, 'action': 'drop_after_store'})

    def start_centres(self):
        origin = {'tenant': TENANT, 'max_age': '7d'}
        sftp = self.sftp.config(self.env.scratch.path('spool-sftp'), {'complete': 'sha256'}, **origin, account='sftp-112')
        poll = {**self.endpoint.config(self.env), **origin, 'account': 'poll-112'}
        for name, config in (('sftp', sftp), ('poll', poll)):
            self.city.start('call112', config, label='call112-' + name, args=('--instance', name))
            say(f'muara-call112-{name} is ready')


def main():
    procs.install()
    os.environ['MUARA_WHO'] = 'petugas-demo'
    say(f'scratch folder, real Kafka and Redis, the shipped build in {ROOT / "build/rel"}')
    try:
        with Env(name='demo', build='rel', muara={'tenants': TENANTS, 'channels': TOPICS}) as env, \
                City(env) as city, Channels(city) as ways, Sftp(env) as sftp, Endpoint() as endpoint:
            verdict = Demo(env, city, ways, sftp, endpoint).run()
    except (AssertionError, OSError) as e:
        print(f'\nDEMO FAILED: {e}', flush=True)
        return 1
    finally:
        left = procs.reap()
    if left:
        print(f'\nDEMO FAILED: still running at its end: {left}', flush=True)
        return 1
    say('everything is stopped, the scratch folder is gone')
    print(f'\nDEMO PASSED: {verdict}.', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
