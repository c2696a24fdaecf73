"""The oracle must be right before it may judge: a correct history passes, and every planted fault is
found by its name. No Kafka: records are lists made here."""

import json
import pathlib
import sys
import unittest
from typing import NamedTuple, Optional

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent.parent))

import oracle_ids as ids  # noqa: E402
from oracle_books import Facts, audit  # noqa: E402
from oracle_filings import allowed_ends, match  # noqa: E402
from oracle_lane import Ruling  # noqa: E402

INSTALLATION = '11111111-1111-4111-8111-111111111111'


class Rec(NamedTuple):
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: Optional[bytes]
    value: Optional[bytes]


class Log:
    """A topic of one partition; a lane log when `lane` says so. Time is the number of records."""

    def __init__(self, world, name, lane=True):
        self.world, self.name, self.records = world, name, []
        self.term, self.n, self.writer = 0, 0, None
        if lane:
            self.put('genesis', {'kind': 'genesis', 'installation': INSTALLATION, 'lanes': 1,
                                 'log': name, 'lane': 0})
            self.take_over()

    def put(self, key, body):
        value = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        self.records.append(Rec(self.name, 0, len(self.records), self.world.tick(),
                                key if key is None else key.encode(), value))

    def take_over(self):
        self.term, self.n = self.term + 1, 0
        self.writer = f'{self.name[:1]}{self.term:031x}'
        self.put(f'takeover/{self.term}/{self.writer}',
                 {'kind': 'takeover', 'term': self.term, 'writer': self.writer, 'rules': 1})

    def append(self, kind, body, term=None, n=None, writer=None):
        """Under the ruling term, or as a given (term, n, writer). Gives the key."""
        if term is None:
            self.n += 1
        place = (term or self.term, n or self.n)
        key = f'{place[0]}/{place[1]}'
        self.put(key, {**body, 'kind': kind, 'term': place[0], 'n': place[1],
                       'writer': writer or self.writer})
        return key

    def drop(self, key):
        self.records = [r for r in self.records if r.key != key.encode()]


class World:
    """A small Muara: three WhatsApp messages (two of one complaint, one archived), one of 112, one
    undecodable; both complaints filed, one of them parked."""

    def __init__(self):
        self.now = 1000
        self.raw, self.accepted, self.journal, self.requests = Log(self, 'raw.whatsapp', False), {}, [], 0
        self.complaints, self.submissions = Log(self, 'complaints'), Log(self, 'submissions')
        self.remote, self.numbers = 100, {}  # of reports; complaint id -> its own
        self.waiting, self.commands, self.settled, self.agencies = (), [], True, None
        self.emergencies, self.media = Log(self, 'emergencies', False), Log(self, 'media', False)

    def tick(self):
        self.now += 10
        return self.now

    # ---- messages and decisions

    def message(self, native, text, accepted=True, attached=(), **facts):
        m = {'schema': 'muara.message/1', 'tenant': 'malang', 'channel': 'whatsapp', 'account': 'a',
             'native_id': native, 'revision': None, 'text': text,
             'attachments': [{'id': f, 'sha256': None} for f in attached],
             'sent_at': f'2026-11-24T00:00:{len(self.accepted):02d}.000Z',
             'id': ids.message_id('malang', 'whatsapp', 'a', native)}
        self.raw.put(m['id'], m)
        if accepted:
            self.accepted[m['id']] = {'text': text, 'at_ms': self.now + 5, **facts}
        return m

    def event(self, kind, m, **over):
        self.emergencies.put(f'{m["id"]}/{kind}', {'kind': kind, 'id': m['id'], 'message': m['id'],
                                                   'channel': 'whatsapp', **over})

    def fetched(self, m, index, sha256, state='stored'):
        self.media.put(f'{m["id"]}/{index}', {'message': m['id'], 'index': index, 'attachment': {
            'id': m['attachments'][0]['id'], 'state': state, 'sha256': sha256}})

    def snapshot(self, messages, version=1, state='ready', **over):
        text = '\n\n'.join(m['text'].strip() for m in messages)
        return {'type': 'complaint', 'id': messages[0]['id'], 'ticket': ids.ticket(messages[0]['id']),
                'version': version, 'state': state, 'title': text[:20], 'text': text,
                'destination': 'lapor', 'attachments': [], 'anonymous': False, 'secret': False,
                'reporter': {'name': 'Siti', 'phone': '+6281200000001'},
                'sources': [{'message': m['id'], 'sent_at': m['sent_at']} for m in messages],
                'content_hash': ids.complaint_hash(text[:20], text, []), **over}

    def decide(self, messages, results, **place):
        return self.complaints.append('decision', {
            'inputs': [{'type': 'message', 'id': m['id'], 'hash': ids.message_hash(
                m['text'], [a['id'] for a in m['attachments']])} for m in messages], 'results': results}, **place)

    # ---- filings

    def head(self, c):
        return {'complaint': c['id'], 'version': c['version'], 'destination': 'lapor',
                'system': 'lapor', 'call': 'create', 'attempt': 1}

    def intent(self, c, **over):
        return self.submissions.append('intent', {
            **self.head(c), 'sources': [s['message'] for s in c['sources']], **over})

    def end(self, c, kind, intent, remote_id=None, **place):
        more = {'remote_id': str(remote_id)} if remote_id else {}
        return self.submissions.append(kind, {**self.head(c), 'intent': intent, **more}, **place)

    def line(self, **line):
        self.journal.append({'n': len(self.journal) + 1, 'at': self.tick() / 1000, 'call': 'create', **line})

    def call(self, c, status=201, action=None, stored=True, connection='kept', answered=True, **fields):
        """One create request at the sandbox; gives the remote id when it stored."""
        self.requests += 1
        number, remote = self.requests, None
        self.line(event='request', request=number, ticket=c['ticket'], body_sha256='b')
        if stored:
            self.remote += 1
            remote = self.remote
            self.line(event='stored', request=number, remote_id=remote, ticket=c['ticket'], fields={
                'title': c['title'], 'content': f'[Tiket {c["ticket"]}] {c["text"]}', 'attachments': False,
                'nameUser': c['reporter']['name'], 'phoneUser': c['reporter']['phone'],
                'is_anonymous': False, 'is_secret': False, **fields})
        if answered:
            self.line(event='answer', request=number, status=status, action=action, stored=stored,
                      connection=connection)
        return remote

    def file(self, c, **call):
        intent = self.intent(c)
        remote = self.call(c, **call)
        self.end(c, 'done', intent, remote)
        self.numbers[c['id']] = str(remote)
        return intent, remote

    # ---- whole histories

    def usual(self):
        """Everything right, with a void record, a late outcome and a retry in it."""
        a, b = self.message('1', 'Jalan berlubang'), self.message('2', ' di depan pasar ')
        self.one = self.snapshot([a], state='open')
        self.decide([a], [self.one])
        self.one = self.snapshot([a, b], 2)
        self.decide([b], [self.one])
        self.ghost = self.message('3', '')
        self.decide([self.ghost], [{'type': 'archived', 'id': self.ghost['id'], 'class': 'ghost'}])
        self.file(self.one)
        self.bad = self.message('4', '{')
        self.decide([self.bad], [{'type': 'dead', 'id': self.bad['id'], 'reason': 'row 7'}])
        self.two = self.ready('5', 'Lampu mati')
        intent = self.intent(self.two)
        self.call(self.two, status=429, stored=False)
        self.end(self.two, 'not_sent', intent)
        self.intent_two = self.intent(self.two)
        self.call(self.two, status=None, action='drop_after_store')
        self.end(self.two, 'parked', self.intent_two)
        return self

    def ready(self, native, text):
        m = self.message(native, text)
        c = self.snapshot([m])
        self.decide([m], [c])
        return c

    def audit(self):
        return audit(Facts({'raw.whatsapp': self.raw.records}, [self.complaints.records],
                           [self.submissions.records], self.commands, [self.journal], self.accepted,
                           waiting=self.waiting, settled=self.settled, agencies=self.agencies,
                           emergencies=self.emergencies.records, media=self.media.records))

    def names(self):
        return sorted({name for name, _, _ in self.audit().violations})


class Right(unittest.TestCase):
    def test_usual_history(self):
        result = World().usual().audit()
        self.assertEqual(result.violations, [])
        self.assertEqual(result.ends, {'done': 1, 'parked': 1})
        self.assertIn('messages accepted', result.table())
        result.complain()

    def test_duplicates_and_conflicts(self):
        w = World()
        m = w.message('1', 'satu')
        w.raw.put(m['id'], m)
        other = {**m, 'text': 'dua'}
        w.raw.put(m['id'], other)
        extended = ids.conflict_id(m['id'], ids.message_hash('dua'))
        w.decide([m], [w.snapshot([m], state='open')])
        c = w.snapshot([{**other, 'id': extended}], state='review')
        w.decide([{**other, 'id': extended}], [c])
        self.assertEqual(w.names(), [])

    def test_killed_writer_is_parked_by_the_next(self):
        w = World().usual()
        c = w.ready('6', 'Sampah')
        intent = w.intent(c)
        w.call(c, connection='client-gone')
        w.submissions.take_over()
        w.end(c, 'parked', intent)
        self.assertEqual(w.names(), [])

    def test_late_done_unparks(self):
        w = World().usual()
        c = w.ready('6', 'Sampah')
        intent, old = w.intent(c), (w.submissions.term, w.submissions.n + 1, w.submissions.writer)
        remote = w.call(c)
        w.submissions.take_over()
        w.end(c, 'parked', intent)
        w.end(c, 'done', intent, remote, term=old[0], n=old[1], writer=old[2])
        result = w.audit()
        self.assertEqual(result.violations, [])
        self.assertEqual(result.ends['done'], 2)

    def resent_and_late(self, end, again=False, **more):
        """A sleeper's DONE comes when the attempt a person had made after it has ended so."""
        w = World()
        c = w.ready('1', 'Sampah')
        intent, old = w.intent(c), (w.submissions.term, w.submissions.n + 1, w.submissions.writer)
        remote = w.call(c)
        w.submissions.take_over()
        w.end(c, 'parked', intent)
        w.submissions.append('resolved', {**w.head(c), 'intent': intent, 'resolution': 'not_filed'})
        second = w.intent(c)
        w.end(c, end, second, **more)
        w.end(c, 'done', intent, remote, term=old[0], n=old[1], writer=old[2])
        if again:
            w.end(c, 'not_sent', w.intent(c))
        return w

    def test_late_done_after_a_resend_in_vain(self):
        result = self.resent_and_late('not_sent').audit()
        self.assertEqual(result.violations, [])
        self.assertEqual(result.ends, {'done': 1})

    def test_late_done_and_tried_again(self):
        self.assertIn('filed-again', self.resent_and_late('not_sent', again=True).names())

    def test_late_done_and_the_second_may_be_there(self):
        self.assertIn('duplicate-filed', self.resent_and_late('parked').names())

    def test_resend_by_a_person(self):
        w = World()
        c = w.ready('1', 'Sampah')
        intent = w.intent(c)
        w.call(c, status=None, action='drop_before', stored=False)
        w.end(c, 'parked', intent)
        w.submissions.append('resolved', {**w.head(c), 'intent': intent, 'resolution': 'not_filed'})
        w.file(c)
        self.assertEqual(w.names(), [])

    def test_resolved_as_filed(self):
        w = World()
        c = w.ready('1', 'Sampah')
        intent = w.intent(c)
        remote = w.call(c, status=None, action='rst_after_store')
        w.end(c, 'parked', intent)
        w.submissions.append('resolved', {**w.head(c), 'intent': intent, 'resolution': 'filed',
                                          'remote_id': str(remote)})
        self.assertEqual(w.audit().ends, {'filed': 1})
        self.assertEqual(w.names(), [])

    def test_corrected(self):
        """Only what a person filed is corrected, and from the number it had."""
        for was, fault in ((None, []), ('9', ['corrected-amiss'])):
            w = World()
            c = w.ready('1', 'Sampah')
            intent = w.intent(c)
            remote = w.call(c, status=None, action='rst_after_store')
            w.end(c, 'parked', intent)
            head = {**w.head(c), 'intent': intent}
            w.submissions.append('resolved', {**head, 'resolution': 'filed', 'remote_id': '7'})
            w.submissions.append('corrected', {**head, 'remote_id': str(remote), 'was': was or '7'})
            self.assertEqual(w.audit().ends, {'filed': 1})
            self.assertEqual(w.names(), fault)

    def test_waiting_destination(self):
        w = World()
        w.ready('1', 'Sampah')
        self.assertEqual(w.names(), ['no-end'])
        w.waiting = ('lapor',)
        self.assertEqual(w.names(), [])

    def test_replay_moves_a_message(self):
        w = World().usual()
        c = w.snapshot([w.bad], state='held')
        w.complaints.append('decision', {'inputs': [
            {'type': 'command', 'id': 'x'},
            {'type': 'message', 'id': w.bad['id'], 'hash': ids.message_hash(w.bad['text'])}],
            'results': [c]})
        self.assertEqual(w.names(), [])

    def test_refused_with_ground(self):
        """A message of the refused one stands in another filing."""
        w = World().usual()
        m = w.message('6', 'Sampah')
        first = w.snapshot([m])
        w.decide([m], [first])
        w.file(first)
        other = w.message('7', 'Sampah lagi')
        both = w.snapshot([other, m])
        w.decide([other], [both])
        w.submissions.append('refused', {**w.head(both), 'other': first['id']})
        self.assertNotIn('refused-without-ground', w.names())
        self.assertEqual(w.audit().ends['refused'], 1)

    def test_refused_without_ground(self):
        w = World().usual()
        c = w.ready('6', 'Sampah')
        w.submissions.append('refused', {**w.head(c), 'other': w.one['id']})
        self.assertEqual(w.names(), ['refused-without-ground'])


class Lost(unittest.TestCase):
    def test_before_raw(self):
        w = World().usual()
        w.accepted[ids.message_id('malang', 'whatsapp', 'a', 'never')] = {}
        self.assertEqual(w.names(), ['lost-before-raw'])

    def test_before_decision(self):
        w = World().usual()
        lost = w.message('9', 'hilang')
        result = w.audit()
        self.assertEqual([(n, i) for n, i, _ in result.violations], [('lost-before-decision', lost['id'])])
        w.settled = False
        self.assertEqual(w.names(), [])

    def test_out_of_its_complaint(self):
        w = World().usual()
        w.decide([], [w.snapshot([{**w.raw.records[0]._asdict(), **json.loads(w.raw.records[0].value)}], 3)])
        self.assertIn('placed-nowhere', w.names())

    def test_missing_number(self):
        w = World().usual()
        w.submissions.drop('1/2')
        self.assertIn('gap', w.names())

    def test_no_genesis(self):
        w = World().usual()
        w.complaints.records.pop(0)
        self.assertIn('no-genesis', w.names())

    def test_command(self):
        w = World().usual()
        w.commands.append(Rec('commands', 0, 0, 1, b'x', json.dumps(
            {'id': 'x', 'for': 'normalizer', 'what': 'release'}).encode()))
        self.assertEqual(w.names(), ['command'])


class Stops(unittest.TestCase):
    """Nothing is begun at a destination that its lane's log stops."""

    def names(self, *records):
        w = World().usual()
        for kind, body in records:
            w.submissions.append(kind, {'destination': 'lapor', **body})
        m = w.message('z', 'Trotoar rusak')
        c = w.snapshot([m])
        w.decide([m], [c])
        w.submissions.append('not_sent', {**w.head(c), 'intent': w.intent(c)})
        w.waiting = [c['id']]
        return [n for n in w.names() if n == 'filed-while-stopped']

    def test_stops(self):
        held, opened = ('hold', {'state': 'held', 'reason': 'moved'}), ('hold', {'state': 'open', 'reason': 'resumed'})

        def command(what, result='done', **over):
            return 'command', {'command': 'x', 'what': what, 'result': result, **over}
        elsewhere = {'destination': 'kantor'}
        for stops, records in (
                (1, [held]), (0, [held, opened]), (0, [opened]), (0, [('hold', {**held[1], **elsewhere})]),
                (1, [command('pause')]), (0, [command('pause', **elsewhere)]),
                (0, [command('pause', 'refused')]), (1, [command('pause'), opened]),
                (0, [command('pause'), held, command('resume')]),
                (1, [held, command('resume', **elsewhere)]),
                (1, [command('accept_restore')]), (0, [command('accept_restore'), command('resume')]),
                (1, [command('accept_restore'), command('resume', **elsewhere)])):
            with self.subTest(records=records):
                self.assertEqual(len(self.names(*records)), stops)


class Statuses(unittest.TestCase):
    """What was read of a report: of one that stands there, and each news once."""

    def names(self, *statuses):
        w = World().usual()
        for c, status, more in statuses:
            head = w.head(getattr(w, c))
            w.submissions.append('status', {**head, 'remote_id': w.numbers[head['complaint']], 'status': status,
                                            **more})
        return [n for n in w.names() if 'told-twice' in n or n == 'status-of-nothing']

    def test_each(self):
        def answers(*ids):
            return {'answers': [{'id': str(n), 'sha256': '0' * 64} for n in ids]}
        for names, statuses in (
                ([], [('one', 'received', {}), ('one', 'done', {})]),
                ([], [('one', 'received', answers(3, 5)), ('one', 'received', answers(6))]),
                (['status-told-twice'], [('one', 'received', {}), ('one', 'received', {})]),
                (['answer-told-twice'], [('one', 'received', answers(3)), ('one', 'done', answers(3))]),
                (['answer-told-twice'], [('one', 'received', answers(5, 3))]),
                ([], [('one', 'received', {}), ('one', 'received', {'remote_id': '1'})])):
            with self.subTest(names=names, statuses=statuses):
                self.assertEqual(self.names(*statuses), names)

    def test_of_nothing(self):
        w = World().usual()
        c = w.ready('6', 'Sampah')
        w.submissions.append('status', {**w.head(c), 'remote_id': '5', 'status': 'done'})
        self.assertIn('status-of-nothing', w.names())


class Twice(unittest.TestCase):
    def test_absorbed(self):
        w = World().usual()
        w.decide([w.ghost], [{'type': 'archived', 'id': w.ghost['id'], 'class': 'ghost'}])
        self.assertEqual(w.names(), ['absorbed-twice'])

    def test_placed(self):
        w = World().usual()
        w.decide([], [w.snapshot([w.ghost], state='held')])
        self.assertEqual(w.names(), ['placed-twice'])

    def test_stored(self):
        w = World().usual()
        w.call(w.one)
        self.assertEqual(w.names(), ['double-filed', 'sent-before-intent'])

    def test_filed_again_after_done(self):
        w = World().usual()
        w.file(w.one)
        self.assertEqual(w.names(), ['double-filed', 'filed-again'])

    def test_sent_again_after_an_unknown_outcome(self):
        w = World().usual()
        w.file(w.two)
        self.assertEqual(w.names(), ['double-filed', 'filed-again'])

    def test_same_message_under_another_complaint(self):
        w = World().usual()
        c = w.ready('6', 'Sampah')
        w.intent(c, sources=[w.one['sources'][0]['message']])
        self.assertIn('double-source', w.names())

    def test_key(self):
        w = World().usual()
        w.submissions.append('status', w.head(w.one), term=1, n=1)
        self.assertIn('key-twice', w.names())

    def test_end(self):
        w = World().usual()
        w.submissions.append('intent', {**w.head(w.one), 'call': 'sheet', 'sources':
                                        [s['message'] for s in w.one['sources']]})
        self.assertIn('two-ends', w.names())


class Altered(unittest.TestCase):
    def stored(self, **fields):
        w = World()
        w.file(w.ready('1', 'Jalan rusak'), **fields)
        return w.names()

    def test_at_lapor(self):
        self.assertEqual(self.stored(), [])
        self.assertEqual(self.stored(title='lain'), ['altered-title'])
        self.assertEqual(self.stored(content='[Tiket AAAAA-AAAAA] Jalan rusak'), ['altered-text'])
        self.assertEqual(self.stored(nameUser='Budi'), ['altered-reporter'])
        self.assertEqual(self.stored(is_secret=True), ['altered-reporter'])

    def test_body_of_another_intent(self):
        w = World()
        c = w.ready('1', 'Jalan rusak')
        intent = w.intent(c, content_hash='another')
        w.end(c, 'done', intent, w.call(c))
        self.assertEqual(w.names(), ['altered-body'])

    def test_raw(self):
        w = World().usual()
        w.accepted[w.one['id']]['text'] = 'Jalan mulus'
        self.assertEqual(w.names(), ['wrong-text'])

    def test_snapshot(self):
        w = World()
        m = w.message('1', 'satu')
        c = w.snapshot([m], text='dua', content_hash=ids.complaint_hash('satu', 'dua', []))
        w.decide([m], [c])
        w.waiting = ('lapor',)
        self.assertEqual(w.names(), ['altered-snapshot'])

    def test_content_hash(self):
        w = World()
        m = w.message('1', 'satu')
        w.decide([m], [w.snapshot([m], content_hash='0')])
        w.waiting = ('lapor',)
        self.assertEqual(w.names(), ['content-hash'])

    def test_wrong_place(self):
        w = World().usual()
        w.accepted[w.ghost['id']]['place'] = 'complaint'
        self.assertEqual(w.names(), ['wrong-place'])


class Phantom(unittest.TestCase):
    def test_message(self):
        w = World().usual()
        m = w.message('9', 'dari mana', accepted=False)
        w.decide([m], [{'type': 'archived', 'id': m['id'], 'class': 'spam'}])
        self.assertEqual(w.names(), ['phantom-message'])

    def test_decision(self):
        w = World().usual()
        m = {**w.ghost, 'id': ids.message_id('malang', 'whatsapp', 'a', '77')}
        w.decide([m], [{'type': 'archived', 'id': m['id'], 'class': 'spam'}])
        self.assertEqual(w.names(), ['phantom-decision'])

    def test_at_lapor(self):
        w = World().usual()
        w.call({**w.one, 'ticket': 'AAAAA-AAAAA'})
        self.assertEqual(w.names(), ['phantom-at-lapor'])

    def test_filing(self):
        w = World().usual()
        w.file({**w.ready('6', 'Sampah'), 'version': 7})
        self.assertEqual(w.names(), ['phantom-filing'])

    def test_filing_of_what_is_not_ready(self):
        w = World()
        m = w.message('1', 'satu')
        c = w.snapshot([m], state='held')
        w.decide([m], [c])
        w.file(c)
        self.assertEqual(w.names(), ['not-ready-filed'])

    def test_done_without_a_call(self):
        w = World().usual()
        c = w.ready('6', 'Sampah')
        w.end(c, 'done', w.intent(c), 999)
        self.assertEqual(w.names(), ['filed-but-gone', 'outcome-wrong'])


class Void(unittest.TestCase):
    """Records that do not count must be taken for nothing."""

    def test_decision_of_an_old_term(self):
        w = World().usual()
        old = w.complaints.term, w.complaints.n + 1, w.complaints.writer
        m = w.message('6', 'Sampah')
        w.complaints.take_over()
        w.decide([m], [w.snapshot([m])], term=old[0], n=old[1], writer=old[2])
        self.assertEqual(w.names(), ['lost-before-decision'])
        w.decide([m], [w.snapshot([m], state='held')])
        self.assertEqual(w.names(), [])

    def test_intent_of_an_old_term_must_not_be_sent(self):
        w = World().usual()
        old = w.submissions.term, w.submissions.n + 1, w.submissions.writer
        c = w.ready('6', 'Sampah')
        w.submissions.take_over()
        w.submissions.append('intent', {**w.head(c), 'sources': [c['id']]}, term=old[0], n=old[1],
                             writer=old[2])
        w.call(c)
        self.assertEqual(w.names(), ['no-end', 'phantom-at-lapor', 'stored-unknown'])

    def test_outcome_of_another_writer(self):
        w = World().usual()
        c = w.ready('6', 'Sampah')
        intent, remote = w.intent(c), w.call(c)
        w.submissions.take_over()
        w.end(c, 'done', intent, remote)
        self.assertIn('open-intent', w.names())

    def test_stranger(self):
        w = World().usual()
        w.submissions.append('done', {**w.head(w.two), 'intent': w.intent_two, 'remote_id': '1'},
                             term=1, n=99, writer='f' * 32)
        self.assertEqual(w.names(), [])

    def test_lower_takeover_changes_nothing(self):
        w = World().usual()
        w.submissions.put('takeover/1/' + 'e' * 32, {'kind': 'takeover', 'term': 1, 'writer': 'e' * 32,
                                                     'rules': 1})
        w.file(w.ready('6', 'Sampah'))
        self.assertEqual(w.names(), [])

    def test_tombstones(self):
        log = World().complaints
        log.append('decision', {'results': []})
        log.drop('1/1')
        log.put('1/1', None)
        log.append('decision', {'results': [], 'erased': ['1/1']})
        self.assertEqual(Ruling(log.records, 'complaints', compacted=True).faults, [])
        self.assertEqual([f[0] for f in Ruling(log.records, 'complaints').faults], ['gap'])
        log.put('genesis', None)
        self.assertEqual([f[0] for f in Ruling(log.records, 'complaints', compacted=True).faults],
                         ['fixed-tombstone'])


class Parked(unittest.TestCase):
    def test_too_many(self):
        w = World()
        c = w.ready('1', 'Sampah')
        w.end(c, 'parked', w.intent(c))
        self.assertEqual(w.names(), ['parked-too-many'])
        w = World()
        c = w.ready('1', 'Sampah')
        intent = w.intent(c)
        w.call(c, status=422, stored=False)
        w.end(c, 'parked', intent)
        self.assertEqual(w.names(), ['parked-too-many'])

    def test_too_many_by_a_successor(self):
        w = World()
        c = w.ready('1', 'Sampah')
        intent = w.intent(c)
        w.call(c, status=422, stored=False)
        w.end(c, 'rejected', intent)
        w.submissions.take_over()
        w.end(c, 'parked', intent)
        self.assertEqual(w.names(), ['parked-too-many'])

    def test_too_few(self):
        for kind in ('not_sent', 'rejected'):
            w = World()
            c = w.ready('1', 'Sampah')
            intent = w.intent(c)
            w.call(c, status=500, stored=False)
            w.end(c, kind, intent)
            w.waiting = ('lapor',)
            self.assertEqual(w.names(), ['parked-too-few'])

    def test_open_intent(self):
        w = World()
        w.intent(w.ready('1', 'Sampah'))
        self.assertEqual(w.names(), ['open-intent'])


class Order(unittest.TestCase):
    def test_versions(self):
        w = World().usual()
        w.decide([], [{**w.two, 'version': 4}])
        self.assertEqual(w.names(), ['version-order'])

    def test_told_before_logged(self):
        w = World().usual()
        w.accepted[w.one['id']]['at_ms'] = 1
        self.assertEqual(w.names(), ['acked-before-log'])

    def test_sent_before_intent(self):
        w = World()
        c = w.ready('1', 'Sampah')
        remote = w.call(c)
        w.end(c, 'done', w.intent(c), remote)
        self.assertEqual(w.names(), ['sent-before-intent'])


class Handed(unittest.TestCase):
    """A filed complaint of a mapped agency goes on to that agency, once."""

    def handed(self, *institutions, agency='Dinas Perhubungan'):
        w = World()
        m = w.message('1', 'Sampah')
        c = w.snapshot([m], agency=agency)
        w.decide([m], [c])
        _, remote = w.file(c)
        for to in institutions:
            w.requests += 1
            head = {**w.head(c), 'call': 'handover'}
            intent = w.submissions.append('intent', head)
            w.line(event='request', request=w.requests, call='handover', ticket=c['ticket'])
            w.line(event='stored', request=w.requests, call='handover', remote_id=remote, to=to)
            w.line(event='answer', request=w.requests, call='handover', status=200, action=None,
                   stored=True, connection='kept')
            w.submissions.append('done', {**head, 'intent': intent})
        w.agencies = {'Dinas Perhubungan': '77'}
        return w.names()

    def test_once(self):
        self.assertEqual(self.handed(77), [])
        self.assertEqual(self.handed(agency=None), [])

    def test_wrong(self):
        self.assertEqual(self.handed(77, 77), ['handed-twice'])
        self.assertEqual(self.handed(78), ['wrong-institution'])
        self.assertEqual(self.handed(77, agency=None), ['wrong-institution'])
        self.assertEqual(self.handed(), ['not-handed'])


class Emergencies(unittest.TestCase):
    def fire(self, state='review', **facts):
        w = World().usual()
        m = w.message('8', 'Kebakaran!', **{'emergency': True, **facts})
        w.fire = w.snapshot([m], state=state)
        w.decide([m], [w.fire])
        return w, m

    def test_right(self):
        w, m = self.fire()
        for kind in ('raised', 'rung', 'acknowledged'):
            w.event(kind, m)
        self.assertEqual(w.names(), [])
        w, m = self.fire()
        w.event('stale', m)
        self.assertEqual(w.names(), [])
        w.event('raised', m)
        w.event('rung', m)
        self.assertEqual(w.audit().notes['emergencies raised again'], 1)

    def test_not_raised(self):
        w, m = self.fire()
        self.assertEqual(w.names(), ['not-raised'])
        w.settled = False
        self.assertEqual(w.names(), [])

    def test_not_rung(self):
        w, m = self.fire()
        w.event('raised', m)
        self.assertEqual(w.names(), ['not-rung'])

    def test_false_alarm(self):
        w, m = self.fire(emergency=False)
        w.event('raised', m)
        w.event('rung', m)
        self.assertEqual(w.names(), ['false-alarm'])

    def test_phantom(self):
        for over in ({'message': ids.message_id('malang', 'whatsapp', 'a', '77')}, {'channel': 'email'},
                     {'id': ids.message_id('malang', 'whatsapp', 'a', '77')}):
            w, m = self.fire(emergency=None)
            w.event('raised', m, **over)
            w.event('rung', m, **over)
            self.assertEqual(w.names(), ['phantom-emergency'])
        w, m = self.fire(emergency=None)
        w.event('rung', m)
        self.assertEqual(w.names(), ['phantom-emergency'])

    def test_filed(self):
        w, m = self.fire(state='ready')
        w.event('raised', m)
        w.event('rung', m)
        w.file(w.fire)
        self.assertEqual(w.names(), ['emergency-filed'])
        w.commands = [Rec('commands', 0, 0, 1, b'k', json.dumps({'complaint': w.fire['id']}).encode())]
        self.assertEqual(w.names(), [])


class Kept(unittest.TestCase):
    """Files: what was sent is what is kept."""

    def photo(self, **over):
        w = World().usual()
        m = w.message('8', 'Jalan rusak', attached=['f1'], files=['aa'])
        w.decide([m], [w.snapshot([m], state='held', **over)])
        return w, m

    def test_right(self):
        w, m = self.photo(attachments=[{'id': 'f1', 'sha256': 'aa'}])
        w.fetched(m, 0, 'aa')
        w.fetched(m, 0, 'aa')
        self.assertEqual(w.names(), [])

    def test_lost(self):
        w, m = self.photo()
        self.assertEqual(w.names(), ['lost-file'])
        w.fetched(m, 0, None, 'missing')
        self.assertEqual(w.names(), ['lost-file'])
        w.settled = False
        self.assertEqual(w.names(), [])

    def test_altered(self):
        w, m = self.photo()
        w.fetched(m, 0, 'bb')
        self.assertEqual(w.names(), ['altered-file'])

    def test_two_ends(self):
        w, m = self.photo()
        w.fetched(m, 0, None, 'missing')
        w.fetched(m, 0, 'aa')
        self.assertEqual(w.names(), ['lost-file', 'two-ends-of-a-file'])

    def test_phantom(self):
        w, m = self.photo()
        w.fetched(m, 0, 'aa')
        w.fetched(m, 1, 'aa')
        self.assertEqual(w.names(), ['phantom-file'])

    def test_of_another_complaint(self):
        w, m = self.photo(attachments=[{'id': 'f1', 'sha256': 'bb'}])
        w.fetched(m, 0, 'aa')
        self.assertEqual(w.names(), ['foreign-file'])

    def test_wrong_topic(self):
        w = World().usual()
        facts = Facts({'raw.email': w.raw.records}, [w.complaints.records], [w.submissions.records],
                      journals=[w.journal], accepted=w.accepted)
        self.assertEqual({name for name, _, _ in audit(facts).violations}, {'wrong-topic'})


class Parts(unittest.TestCase):
    def test_known_ids(self):
        m = ids.message_id('malang', 'whatsapp', '628111', 'wamid.AA')
        self.assertEqual(m, 'a0805f20-48f9-582d-8cf0-8ba9e34f82dc')
        self.assertEqual(ids.message_id('malang', 'whatsapp', '628111', 'wamid.AA', '2'),
                         '3f04b7e2-fd0c-5a8b-9a95-f908349d06db')
        self.assertEqual(ids.conflict_id(m, 'ab' * 32), 'e4c6b37f-5a6a-56a5-a754-08ea7d2c5aad')
        self.assertEqual(ids.ticket(m), 'P27SF-CAHVN')

    def test_answers(self):
        def answer(status, action=None, connection='kept'):
            return allowed_ends({'status': status, 'action': action, 'connection': connection})
        self.assertEqual(answer(201), {'done'})
        self.assertEqual(answer(201, 'close_after'), {'done'})
        self.assertEqual(answer(None, 'hang'), {'parked'})
        self.assertEqual(allowed_ends(None), {'parked'})
        self.assertEqual(answer(200, 'html200'), {'parked'})
        self.assertEqual(answer(503), {'parked'})
        self.assertEqual(answer(302), {'parked'})
        self.assertEqual(answer(422), {'rejected'})
        self.assertEqual(answer(429), {'not_sent'})
        self.assertEqual(answer(401, 'gateway401'), {'not_sent'})

    def test_matching(self):
        class Own:
            def __init__(self, own_end):
                self.own_end = own_end
        done = {'answer': {'status': 201, 'action': None, 'connection': 'kept'}}
        self.assertEqual(match([], []), [])
        self.assertIsNone(match([], [done]))
        self.assertEqual(match([Own('not_sent'), Own('done')], [done]), [None, done])
        self.assertIsNone(match([Own('not_sent')], [done]))
        self.assertEqual(match([Own(None)], []), [None])


class News(unittest.TestCase):
    """What a filed complaint has more is told its report, once."""

    def world(self):
        w = World()
        self.first = w.message('1', 'Lampu mati')
        self.c = self.with_spans(w.snapshot([self.first]))
        w.decide([self.first], [self.c])
        intent = w.intent(self.c, attachments=[])
        self.remote = w.call(self.c)
        w.end(self.c, 'done', intent, self.remote)
        self.more = w.message('2', 'Masih mati')
        self.c = self.with_spans(w.snapshot([self.first, self.more], 2))
        w.decide([self.more], [self.c])
        return w

    @staticmethod
    def with_spans(c):
        for s in c['sources']:
            s['span'] = [0, 10]
        return c

    def head(self, w, part=1):
        return {**w.head(self.c), 'call': 'followup', 'part': part}

    def intent(self, w, part=1, **over):
        return w.submissions.append('intent', {**self.head(w, part), 'sources': [self.more['id']],
                                               'attachments': [], **over})

    def call(self, w, stored=True, status=200, files=()):
        w.requests += 1
        head = {'request': w.requests, 'call': 'followup_add'}
        w.line(event='request', ticket=self.c['ticket'], **head)
        if stored:
            w.line(event='stored', ticket=self.c['ticket'], remote_id=self.remote, fields={},
                   files=[{'sha256': f} for f in files], **head)
        w.line(event='answer', status=status, action=None, stored=stored, connection='kept', **head)

    def end(self, w, kind, intent, part=1, **more):
        w.submissions.append(kind, {**self.head(w, part), 'intent': intent, **more})

    def tell(self, w, part=1, **over):
        intent = self.intent(w, part, **over)
        self.call(w)
        self.end(w, 'done', intent, part)

    def test_told(self):
        w = self.world()
        self.assertEqual(w.names(), ['untold'])
        self.tell(w)
        self.assertEqual(w.names(), [])

    def test_told_again(self):
        w = self.world()
        self.tell(w)
        self.tell(w, 2)
        self.assertEqual(w.names(), ['told-twice'])

    def test_a_parked_one_may_have_told_it(self):
        w = self.world()
        intent = self.intent(w)
        self.call(w, status=None)
        self.end(w, 'parked', intent)
        self.assertEqual(w.names(), [])
        self.tell(w, 2)
        self.assertEqual(w.names(), ['told-twice'])

    def test_in_parts(self):
        w = self.world()
        self.tell(w, cut=[{'source': self.more['id'], 'told': 4}])
        self.assertEqual(w.names(), ['untold'])
        self.tell(w, 2)
        self.assertEqual(w.names(), [])

    def test_sent_without_an_intent(self):
        w = self.world()
        self.tell(w)
        self.call(w)
        self.assertEqual(w.names(), ['sent-before-intent'])

    def test_before_there_is_a_report(self):
        w = World()
        self.first = self.more = w.message('1', 'Lampu mati')
        self.c = w.snapshot([self.first])
        w.decide([self.first], [self.c])
        self.remote = 7
        self.tell(w)
        self.assertIn('told-before-filed', w.names())

    def test_what_the_complaint_has_not(self):
        w = self.world()
        self.tell(w, attachments=['ab' * 32])
        self.assertEqual(w.names(), ['phantom-filing'])

    def test_other_files(self):
        w = self.world()
        intent = self.intent(w)
        self.call(w, files=['cd' * 32])
        self.end(w, 'done', intent)
        self.assertEqual(w.names(), ['altered-files'])


if __name__ == '__main__':
    unittest.main()
