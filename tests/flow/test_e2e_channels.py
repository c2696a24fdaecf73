"""Every channel of a city at once, every daemon killed at random times: nothing is lost, nothing is filed
twice, every emergency rings, every photo is kept.

Real Kafka, Redis and Dovecot; a Graph API, an X API, a media server and LAPOR! are made up. Each way in
is fed by a thread of its own, which says everything until it is accepted, as its vendor would, and now
and then twice; meanwhile all twelve daemons are killed with SIGKILL, one after the other, in an order
of chance. Afterwards the oracle compares what the senders saw with all topics and LAPOR!'s journal, by
ids, texts and hashes of files.
"""

import json
import time
from collections import Counter

from harness import flow, wait_until
from harness.channels import DAEMONS, FONNTE_KEY, MUARA, SERVICES, Channels
from harness.city import BOX, CALL_COLUMNS, CENTRE, JPEG, City, Sending, ids
from harness.graph_account import TOKEN as GRAPH_TOKEN
from harness.mail import PASSWORD, PHOTO

WAVES, WAIT = 3, 180
FIRE = 'Tolong, ada kebakaran di {} dekat pasar!'


class Voices:
    """One method a way in: says the n-th message of a person. `times` 2: the vendor says it twice."""

    WAYS = ('whatsapp', 'fonnte', 'call112', 'email', 'facebook', 'comments', 'messenger', 'x', 'system', 'form',
            'open311', 'box')

    def __init__(self, city, ways):
        self.city, self.ways, self.said = city, ways, Counter()
        self.announcement = ways.page.fake.post('Sobat Kota, jam layanan berubah.')

    def wave(self, each, fire=False):
        """`each` messages of each way (their words are made here, in one thread), the last of them an
        emergency if `fire` says so: functions to be run beside each other."""
        return [self._feed(way, [self._words(way, fire and i == each - 1) for i in range(each)]) for way in self.WAYS]

    def _words(self, way, fire):
        self.said[way] += 1
        text = FIRE.format(f'gudang {way}') if fire else self.city.citizens.complaint()
        times = 2 if self.said[way] % 3 == 1 else 1
        return self.said[way], self.city.citizens.person(), text, times, {'emergency': fire}

    def _feed(self, way, words):
        def run():
            for n, person, text, times, facts in words:
                getattr(self, way)(n, person, text, times=times, **facts)
        return run

    # ---- the ways

    def whatsapp(self, n, person, text, **more):
        photo = JPEG + str(n).encode() if n % 2 else None
        self.ways.by_whatsapp(person, text, f'wamid.{person.wa_id}', photo, place='complaint', **more)

    def fonnte(self, n, person, text, **more):
        self.ways.by_fonnte({'device': '628110000009', 'sender': person.wa_id, 'name': person.name, 'inboxid': n,
                             'isgroup': False, 'message': text}, place='complaint', **more)

    def call112(self, n, person, text, times, emergency):
        now = time.strftime('%d-%m-%Y %H:%M:%S', time.gmtime(time.time() + 7 * 3600))
        number = f'112-{n:06d}'
        photos = {f'{number}.jpg': JPEG + number.encode()} if n % 2 else {}
        row = [number, now, 'Darurat' if emergency else 'Pengaduan', person.name, person.phone, '', text, '',
               ''.join(photos)]
        self.ways.by_112(CENTRE, CALL_COLUMNS, [(row, text, photos, {'emergency': emergency, 'place': 'complaint'})],
                         [f'{n:04d}-{k}.csv' for k in range(times)])

    def email(self, n, person, text, **more):
        sender = f'{person.name} <warga{n}@warga.example>'
        self.ways.by_mail(f'w{n}', sender, f'Laporan {n}', text, photo=PHOTO + str(n).encode() if n % 2 else None,
                          place='complaint', **more)

    def facebook(self, n, person, text, **more):
        self.ways.comment(text, self._author(n, person), native=f'9_{n}', place='complaint', **more)

    def comments(self, n, person, text, times, **more):
        """Twice: by a webhook as well as by the poll."""
        self.ways.comment(text, self._author(n + 1000, person), 'both' if times > 1 else 'poll',
                          post=self.announcement, place='complaint', **more)

    def messenger(self, n, person, text, times, **more):
        self.ways.comment(text, self._author(n + 2000, person), 'instagram' if times > 1 else 'messenger',
                          place='complaint', **more)

    @staticmethod
    def _author(n, person):
        return {'id': str(700000 + n), 'name': person.name}

    def x(self, n, person, text, times, **more):
        """Twice: the page it stands on is read again; and some are shown late, or edited."""
        fake = self.ways.x.fake
        if times > 1:
            fake.fault('again')
        post = self.ways.by_x(f'@pemkot_uji {text}', fake.user(person.name, f'warga{n}'), late=n % 2,
                              place='complaint', **more)
        if n == 2:
            self.ways.edit_x(post, f'@pemkot_uji {text} Sampai sekarang.')

    def system(self, n, person, text, **more):
        author = {'name': person.name, 'phone': person.phone}
        self.ways.by_system({'native_id': f'SO-{n}', 'text': text, 'author': author}, place='complaint', **more)

    def form(self, n, person, text, **more):
        values = {'nomor': f'{n:032x}', 'uraian': text, 'lokasi': '', 'nama': person.name, 'telepon': person.phone}
        photos = [('foto.jpg', JPEG + f'form{n}'.encode())] if n % 2 else []
        self.ways.by_form(values, photos, place='complaint', **more)

    def open311(self, n, person, text, **more):
        first, last = person.name.split()
        self.ways.by_open311(f'app-{n}', {
            'service_code': SERVICES[0]['code'], 'lat': '-7.9711', 'long': '112.6283', 'first_name': first,
            'last_name': last, 'phone': person.phone, 'description': text}, place='complaint', **more)

    def box(self, n, person, text, times, **more):
        for k in range(times):
            self.ways.by_slips(BOX, [(f'kotak-{n}', person.name, person.phone, text)], f'{n:04d}-{k}.ndjson',
                               place='complaint', **more)


def kill(city, label):
    wait_until(lambda: city.daemons[label].alive, WAIT, f'{label} is there to be killed')
    city.kill(label)


def feed_and_kill(city, voices, fire):
    """Some waves of words, all daemons killed once during them."""
    env = city.env
    deck = env.random.sample(sorted(DAEMONS), len(DAEMONS))
    for n in range(WAVES):
        feed = Sending.of(*voices.wave(env.count(4, 2), fire and n == 1))
        for label in deck[n::WAVES]:
            time.sleep(env.random.uniform(0, 0.3))   # a random time is the point
            kill(city, label)
        feed.join()


def answer(env, ways, fires):
    """The officer on duty was rung for each, answers, and no more rings."""
    wait_until(lambda: all(ways.rings.of(f) for f in fires), WAIT,
               lambda: f'{len(fires)} emergencies rung: {[len(ways.rings.of(f)) for f in fires]}')
    wanted, listed = {ids.ticket(f) for f in fires}, set()

    def all_listed():  # a ring is written down after it rang
        listed.update(e['ticket'] for e in json.loads(env.ctl('emergency', 'list', '--json')))
        return listed >= wanted
    wait_until(all_listed, WAIT, lambda: f'{wanted - listed} are listed')
    assert listed == wanted, listed
    env.ctl('emergency', 'ack', *sorted(listed), '--who', 'piket', '--why', 'berangkat', '--wait', '--timeout', WAIT)
    assert not json.loads(env.ctl('emergency', 'list', '--json')), 'an emergency still rings'


@flow(limit=240, muara=MUARA)
def test_every_channel_killed_at_random(env):
    with City(env, sandbox=('--create-delay-ms', '20')) as city, Channels(city) as ways:
        ways.start(normalizer={'media_wait': '24h'}, call112={'attachments': {'wait': '1s'}})
        voices = Voices(city, ways)
        for n in range(env.rounds(1, 10)):
            feed_and_kill(city, voices, fire=n == 0)
        accepted = city.ledger.accepted
        fires = [m for m, what in accepted.items() if what['emergency']]
        assert len(fires) == len(Voices.WAYS)
        answer(env, ways, fires)
        audit = city.balanced(90, forward_ms=200_000, also=(FONNTE_KEY, GRAPH_TOKEN, PASSWORD))
        assert {m.id for m in audit.messages.values()} == set(accepted)
        assert audit.notes['emergencies'] == len(fires) and not audit.notes['emergencies raised again'], audit.notes
        restarts = {label: d.restarts for label, d in city.daemons.items()}
        assert all(restarts.values()), f'not killed: {restarts}'
        topics = Counter(m.topic for m in audit.messages.values())
        states = Counter(c['state'] for c in audit.newest.values())
        print(f'       {dict(topics)}, {audit.notes["twice in raw"]} twice; complaints {dict(states)}, ends '
              f'{dict(audit.ends)}; {len(fires)} emergencies; restarts {restarts}')
        assert set(audit.ends) <= {'done', 'parked'} and audit.ends['done'], audit.ends
