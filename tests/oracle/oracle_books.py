"""The audit: everything the sources saw accepted, every topic, and LAPOR!'s own journal, compared by
ids and content hashes. No counter of ours is believed, no code of ours is used.

`Facts` is what was seen, `audit(facts)` says what is wrong with it. Each violation has a name:

  I1  lost-before-raw lost-before-decision absorbed-twice placed-twice placed-nowhere phantom-message
      phantom-decision wrong-place wrong-text wrong-topic wrong-id
  I2  no-end two-ends filed-but-gone open-intent phantom-filing not-ready-filed
  I3  filed-again double-filed double-source duplicate-filed parked-too-many parked-too-few
      refused-without-ground told-before-filed told-twice untold
  I4  phantom-at-lapor altered-title altered-text altered-reporter altered-body altered-files
      altered-snapshot content-hash wrong-institution handed-twice not-handed
  I5  version-order version-falls
  I9  acked-before-log sent-before-intent
  of the logs themselves: see oracle_lane; of emergencies and files: see oracle_beside
"""

import hashlib
import json
from collections import Counter, defaultdict

import oracle_ids as ids
from oracle_beside import Beside
from oracle_filings import FILES, Filings, Journal, allowed_ends, match
from oracle_lane import Ruling

BLANKS = ' \t\r\n'
SEPARATOR = '\n\n'
FOOTER = '\n\n---\n'
TITLE_LIMIT = 255
WHOLE_TEXT = 9000          # characters that surely fit beside ticket and footer in LAPOR!'s 10,000
UPLOADED = ('image/jpeg', 'image/png', 'application/pdf')
UPLOAD_LIMIT = 5 * 1024 * 1024


class Facts:
    """raw: {topic: [records of all partitions]}; complaints, submissions: a list of records per
    lane; commands: records; journals: a list of journal lines per sandbox (None: not looked at);
    emergencies, media: records of those topics;
    accepted: {message id: {'text', 'files', 'at_ms', 'place', 'channel', 'emergency'}, all optional};
    offered: ids that were sent but perhaps not accepted; waiting: destinations that may hold back
    ready complaints; settled=False: work may still be under way; agencies: {name: institution at
    LAPOR!} for which a filed complaint must be handed over, once."""

    def __init__(self, raw, complaints, submissions, commands=(), journals=None, accepted=None,
                 offered=(), waiting=(), settled=True, agencies=None, emergencies=(), media=()):
        self.emergencies, self.media = list(emergencies), list(media)
        self.raw, self.complaints, self.submissions = raw, complaints, submissions
        self.commands, self.journals, self.accepted = list(commands), journals, accepted
        self.offered, self.waiting, self.settled = set(offered), set(waiting), settled
        self.agencies = agencies or {}


class Message:
    """One distinct message of the raw topics: (id, content hash)."""

    def __init__(self, record, topic, key, body):
        self.topic, self.key, self.body = topic, key, body
        self.id, self.hash = key
        self.first_ms = record.timestamp_ms
        self.place = None     # ('complaint', id) ('archived', class) ('dead', reason) ('noted', …)
        self.absorbed = 0


class Audit:
    def __init__(self, facts):
        self.facts, self.violations, self.notes = facts, [], Counter()
        self.messages, self.extended, self.by_input = {}, {}, {}
        self.newest, self.versions = {}, {}
        self.filings = Filings(self.fault)
        self.decided, self.ends = [], Counter()

    def fault(self, name, where, text):
        self.violations.append((name, str(where), text))

    def run(self):
        self._read_raw()
        self._read_decisions()
        self._place_messages()
        self._read_submissions()
        self._check_accepted()
        self._check_messages()
        self._check_snapshots()
        self._check_filings()
        self._check_ends()
        self._check_untold()
        self._check_commands()
        Beside(self).run()
        if self.facts.journals is not None:
            self._check_lapor()
        return self

    # ---- the raw topics

    def _read_raw(self):
        for topic, records in self.facts.raw.items():
            for r in records:
                if r.value is not None:
                    self._read_message(topic, r)
        many = Counter(m.id for m in self.messages.values())
        self.extended = {(ids.conflict_id(m.id, m.hash), m.hash): m for m in self.messages.values()
                         if many[m.id] > 1}

    def _read_message(self, topic, record):
        try:
            body = json.loads(record.value)
            key = (body['id'], ids.message_hash(body['text'], [a['id'] for a in body['attachments']]))
        except (ValueError, KeyError, TypeError, AttributeError):
            body = None
            key = (f'{record.topic}/{record.partition}/{record.offset}',
                   hashlib.sha256(record.value).hexdigest())
        if body and body['id'] != ids.message_id(body['tenant'], body['channel'], body['account'],
                                                 body['native_id'], body.get('revision')):
            self.fault('wrong-id', body['id'], f'{topic}: not the id of its tenant, channel, account '
                       'and native id')
        if body and topic != f'raw.{body["channel"]}':
            self.fault('wrong-topic', body['id'], f'a message of {body["channel"]} in {topic}')
        if key in self.messages:
            self.notes['twice in raw'] += 1
        else:
            self.messages[key] = Message(record, topic, key, body)

    # ---- decisions

    def _read_decisions(self):
        for lane, records in enumerate(self.facts.complaints):
            ruling = Ruling(records, 'complaints', lane, compacted=True)
            self.violations += ruling.faults
            self.notes['void decisions'] += sum(e.ruling == 'void' for e in ruling.entries)
            self.notes['takeovers of complaints'] += len(ruling.terms)
            for e in ruling.counted():
                self.decided.append(e)
                for result in e.body.get('results', ()):
                    if result['type'] == 'complaint':
                        self._read_snapshot(e, result)

    def _read_snapshot(self, entry, c):
        before = self.newest.get(c['id'])
        if c['version'] != (before['version'] + 1 if before else 1):
            self.fault('version-order', c['id'], f'version {c["version"]} after '
                       f'{before["version"] if before else "nothing"} in {entry.key}')
        self.newest[c['id']] = c
        self.versions[(c['id'], c['version'])] = c

    def _place_messages(self):
        """Which message each decision took in, and where it put it."""
        for e in self.decided:
            inputs = e.body.get('inputs', ())
            replay = any(i['type'] == 'command' for i in inputs)
            for i in inputs:
                if i['type'] == 'message':
                    self._absorb(e, i, replay)

    def _absorb(self, entry, given, replay):
        m = self._message_of(given)
        if m is None:
            self.fault('phantom-decision', given['id'], f'{entry.key} takes in a message that no raw '
                       'topic holds')
            return
        m.absorbed += not replay
        if m.absorbed > 1:
            self.fault('absorbed-twice', m.id, f'again in {entry.key}')
        self.by_input[given['id']] = m
        places = [('complaint', r['id']) for r in entry.body['results'] if r['type'] == 'complaint'
                  and any(s['message'] == given['id'] for s in r['sources'])]
        places += [(r['type'], r.get('class', r.get('reason'))) for r in entry.body['results']
                   if r['type'] in ('archived', 'dead', 'noted') and r['id'] == given['id']]
        if len(places) > 1:
            self.fault('placed-twice', m.id, f'{entry.key}: {places}')
        if not places:
            self.fault('placed-nowhere', m.id, f'{entry.key} takes it in and puts it nowhere')
        m.place = places[0] if places else m.place

    def _message_of(self, given):
        """The raw message an input stands for: its id as it is, or extended by its hash."""
        key = (given['id'], given.get('hash'))
        return self.messages.get(key) or self.extended.get(key)

    # ---- I1: accepted = absorbed + archived + dead

    def _check_accepted(self):
        f = self.facts
        if f.accepted is None:
            return
        by_id = defaultdict(list)
        for m in self.messages.values():
            by_id[m.id].append(m)
        for message, what in f.accepted.items():
            if message not in by_id:
                self.fault('lost-before-raw', message, 'accepted, and in no raw topic')
            else:
                self._check_as_accepted(by_id[message], message, what)
        known = set(f.accepted) | f.offered
        for message in by_id.keys() - known:
            self.fault('phantom-message', message, f'{by_id[message][0].topic}: no source sent it')

    def _check_as_accepted(self, found, message, what):
        at = what.get('at_ms')
        if at is not None and min(m.first_ms for m in found) > at + 1:
            self.fault('acked-before-log', message, 'its source was told "accepted" before the log '
                       'had it')
        if what.get('text') is not None and not any(
                m.body and m.body['text'] == what['text'] for m in found):
            self.fault('wrong-text', message, 'the raw record holds another text than was sent')
        place = what.get('place')
        if place and found[0].place and found[0].place[0] != place:
            self.fault('wrong-place', message, f'is {found[0].place[0]}, should be {place}')

    def _check_messages(self):
        for m in self.messages.values():
            if m.absorbed:
                continue
            if self.facts.settled:
                self.fault('lost-before-decision', m.id, f'{m.topic}: no counted decision takes it in')
            else:
                self.notes['not decided yet'] += 1

    # ---- I4: snapshots say what the messages said

    def _check_snapshots(self):
        for c in self.newest.values():
            for s in c['sources']:
                m = self.by_input.get(s['message'])
                if m is None:
                    self.fault('phantom-decision', c['id'], f'source {s["message"]} was never taken in')
                elif m.place != ('complaint', c['id']):
                    self.fault('placed-twice', m.id, f'in complaint {c["id"]} and {m.place}')
            if c['state'] == 'ready':
                self._check_snapshot(c)
        for m in self.messages.values():
            if m.place and m.place[0] == 'complaint':
                held = self.newest[m.place[1]]['sources']
                if not any(self.by_input.get(s['message']) is m for s in held):
                    self.fault('placed-nowhere', m.id, f'complaint {m.place[1]} lost it again')

    def _check_snapshot(self, c):
        hashes = [a['sha256'] for a in c['attachments'] if a.get('sha256')]
        if c['content_hash'] != ids.complaint_hash(c['title'], c['text'], hashes):
            self.fault('content-hash', c['id'], f'version {c["version"]}: not the hash of its content')
        if c['ticket'] != ids.ticket(c['id']):
            self.fault('content-hash', c['id'], 'not the ticket of its id')
        if c.get('text_set') or any(s.get('edits') or s.get('deletes') for s in c['sources']):
            self.notes['texts written by a hand or edited'] += 1
            return
        text = self._composed(c)
        if text is not None and text != c['text']:
            self.fault('altered-snapshot', c['id'], f'version {c["version"]}: its text is not that of '
                       'its messages')

    def _composed(self, c):
        parts = []
        for s in sorted(c['sources'], key=lambda x: (x['sent_at'], x['message'])):
            m = self.by_input.get(s['message'])
            if m is None or m.body is None:
                return None
            parts.append(m.body['text'].strip(BLANKS))
        return SEPARATOR.join(filter(None, parts))

    # ---- I2, I3: every ready complaint has exactly one end

    def _read_submissions(self):
        for lane, records in enumerate(self.facts.submissions):
            ruling = Ruling(records, 'submissions', lane)
            self.violations += ruling.faults
            self.notes['void submissions'] += sum(e.ruling == 'void' for e in ruling.entries)
            self.notes['late outcomes'] += sum(e.ruling == 'late' for e in ruling.entries)
            self.notes['takeovers of submissions'] += len(ruling.terms)
            for e in ruling.entries:
                self.filings.feed(lane, e)

    def _check_filings(self):
        for a in self.filings.attempts.values():
            c = self.versions.get((a.complaint, a.version))
            if c is None:
                self.fault('phantom-filing', a.complaint, f'INTENT {a.name} of version {a.version}, '
                           'which no counted decision made')
                continue
            if c['state'] != 'ready':
                self.fault('not-ready-filed', a.complaint, f'INTENT {a.name}: version {a.version} is '
                           f'{c["state"]}')
            if a.call in FILES and set(a.sources) != {s['message'] for s in c['sources']}:
                self.fault('phantom-filing', a.complaint, f'INTENT {a.name} names other messages than '
                           'the complaint has')
            if a.call == 'followup':
                self._check_named(a, c)
            if a.state == 'intent' and self.facts.settled and a.destination not in self.facts.waiting:
                self.fault('open-intent', a.complaint, f'{a.call} {a.name} has no outcome')
        for (complaint, destination), e in self.filings.refusals.items():
            self._check_refusal(complaint, destination, e)

    def _check_named(self, a, c):
        files = {x.get('sha256') for x in c['attachments']}
        if set(a.sources) - {s['message'] for s in c['sources']} or set(a.files) - files:
            self.fault('phantom-filing', a.complaint, f'INTENT {a.name} tells what the complaint has not')

    def _check_untold(self):
        """At rest a filed complaint has nothing its destination does not know, or was refused."""
        for c in self.newest.values():
            tellers = self.filings.told_by(c['id'], c['destination'])
            if (not self.facts.settled or c['state'] != 'ready' or c['destination'] in self.facts.waiting
                    or not any(a.call in FILES and a.state in ('done', 'filed') and a.files is not None
                               for a in tellers)):
                continue
            whole = {s for a in tellers for s in set(a.sources) - {x['source'] for x in a.cut}}
            due = {s['message'] for s in c['sources'] if (s.get('span') or (0, 0))[1]}
            if due - whole:
                self.fault('untold', c['id'], f'version {c["version"]}: {sorted(due - whole)}')

    def _check_refusal(self, complaint, destination, entry):
        c = self.versions.get((complaint, entry.body['version']))
        mine = {s['message'] for s in c['sources']} if c else set()
        other = entry.body.get('other')
        if not any(mine & set(a.sources) for a in self.filings.attempts.values()
                   if a.complaint == other and a.call in FILES):
            self.fault('refused-without-ground', complaint, f'{entry.key} names {other}')

    def _check_ends(self):
        by_complaint = self.filings.by_complaint()
        for c in self.newest.values():
            attempts = by_complaint.get(c['id'], [])
            ends = [a.state for a in attempts if a.state not in ('not_sent', 'not_filed')]
            refusal = self.filings.refusals.get((c['id'], c['destination']))
            if refusal and refusal.body['version'] == c['version']:
                ends.append('refused')
            if c['state'] != 'ready':
                self.notes['changed after filing'] += bool(ends)
                continue
            self._check_end(c, ends)

    def _check_end(self, c, ends):
        if len(ends) > 1:
            self.fault('two-ends', c['id'], ' and '.join(ends))
        elif ends:
            self.ends[ends[0]] += 1
        elif c['destination'] in self.facts.waiting or not self.facts.settled:
            self.ends['waiting'] += 1
        else:
            self.fault('no-end', c['id'], f'ready (version {c["version"]}), not filed, and its '
                       'destination is not held')

    def _check_commands(self):
        if not self.facts.settled:
            return
        absorbed = Counter(i['id'] for e in self.decided for i in e.body.get('inputs', ())
                           if i['type'] == 'command')
        for r in self.facts.commands:
            body = json.loads(r.value) if r.value else {}
            if body.get('for') == 'normalizer':
                times = absorbed[body['id']]
            elif body.get('for') == 'forwarder':
                times = len(self.filings.commands.get(body['id'], ()))
            else:
                continue
            if times != 1:
                self.fault('command', body['id'], f'{body.get("what")}: absorbed {times} times')

    # ---- what LAPOR! got

    def _check_lapor(self):
        tickets = {ids.ticket(c): c for c in self.newest}
        by_complaint, journals = defaultdict(list), [Journal(x) for x in self.facts.journals]
        stored = defaultdict(list)
        for j in journals:
            for r in j.creates():
                complaint = tickets.get(r['ticket'])
                if complaint is None:
                    self.fault('phantom-at-lapor', r['ticket'], f'request {r["request"]}: no complaint '
                               'has this ticket')
                    continue
                by_complaint[complaint].append((j, r))
                if r['stored']:
                    stored[complaint].append(r['stored']['remote_id'])
        for complaint, attempts in self._create_attempts().items():
            self._match(complaint, attempts, by_complaint.pop(complaint, []))
        for complaint, requests in by_complaint.items():
            self.fault('phantom-at-lapor', complaint, f'{len(requests)} creates, and no INTENT')
        self._check_stored(stored)
        for j in journals:
            self._check_handed(j)
            self._check_follow_ups(j, tickets)

    def _check_follow_ups(self, journal, tickets):
        """What came as a follow-up is what the log says was sent, each once."""
        came = defaultdict(list)
        for r in journal.follow_ups():
            came[tickets.get(r['ticket'])].append(r)
        sent = defaultdict(list)
        for a in self.filings.attempts.values():
            if a.call == 'followup':
                sent[a.complaint].append(a)
        for complaint in {*came, *sent} - {None}:
            laid = match(sent[complaint], came[complaint])
            if laid is None:
                self._explain(complaint, sent[complaint], came[complaint])
                continue
            for a, r in zip(sent[complaint], laid):
                if r and r['stored'] and {f['sha256'] for f in r['stored']['files']} - set(a.files):
                    self.fault('altered-files', complaint, f'{a.name}: LAPOR! got other files')
                if r and a.entry.timestamp_ms > r['at'] * 1000 + 1:
                    self.fault('sent-before-intent', complaint, f'{a.name} came before its INTENT')
        if came[None]:
            self.fault('phantom-at-lapor', '-', f'{len(came[None])} follow-ups of no complaint')

    def _create_attempts(self):
        out = defaultdict(list)
        for a in self.filings.attempts.values():
            if a.call == 'create':
                out[a.complaint].append(a)
        return out

    def _match(self, complaint, attempts, requests):
        laid = match(attempts, [r for _, r in requests])
        if laid is None:
            self._explain(complaint, attempts, [r for _, r in requests])
            return
        journal_of = {id(r): j for j, r in requests}
        for a, r in zip(attempts, laid):
            if a.own_end == 'parked':
                self.notes['parked: answered ambiguously'] += 1
            elif a.own_end is None:
                self.notes['parked: writer gone without a word'] += 1
            if r is not None:
                a.request = r
                self._check_request(a, r, journal_of[id(r)])

    def _explain(self, complaint, attempts, requests):
        """No way to lay requests beside attempts: say what is wrong with the simplest one."""
        told = ', '.join(f'{a.name} {a.own_end or "no outcome"}' for a in attempts)
        if len(requests) > len(attempts):
            self.fault('sent-before-intent', complaint, f'{len(requests)} creates for {told}')
            return
        for a, r in zip(attempts, [*requests, *[None] * len(attempts)]):
            answer = r and r['answer']
            if a.own_end == 'parked' and not (r and 'parked' in allowed_ends(r['answer'])):
                self.fault('parked-too-many', complaint, f'{a.name} is parked, LAPOR! answered '
                           f'{answer and answer["status"]}' if r else f'{a.name} is parked, and no call was made')
                return
            if r and 'parked' in allowed_ends(r['answer']):
                self.fault('parked-too-few', complaint, f'{a.name} is {a.own_end}, its call was '
                           'answered ambiguously')
                return
        self.fault('outcome-wrong', complaint, f'{told}; answers '
                   f'{[r["answer"] and r["answer"]["status"] for r in requests]}')

    def _check_request(self, a, r, journal):
        if a.entry.timestamp_ms > r['at'] * 1000 + 1:
            self.fault('sent-before-intent', a.complaint, f'{a.name} was sent before its INTENT was in the log')
        if a.content_hash and a.content_hash != r['body_sha256']:
            self.fault('altered-body', a.complaint, f'{a.name}: the body LAPOR! got is not the one of the INTENT')
        c = self.versions.get((a.complaint, a.version))
        if r['stored'] and c:
            self._check_content(c, r['stored']['fields'], journal)

    def _check_content(self, c, fields, journal):
        if fields['title'] != c['title'][:TITLE_LIMIT] and not _cut(fields['title'], c['title']):
            self.fault('altered-title', c['id'], 'LAPOR! got another title')
        head = f'[Tiket {ids.ticket(c["id"])}] '
        got = fields['content'][len(head):]
        text = c['text']
        whole = got == text or got.startswith(text + FOOTER)
        cut = len(text) > WHOLE_TEXT and got[:WHOLE_TEXT - 100] == text[:WHOLE_TEXT - 100]
        if not fields['content'].startswith(head) or not (whole or cut):
            self.fault('altered-text', c['id'], 'LAPOR! got another text')
        reporter = c['reporter']
        if fields.get('nameUser') != reporter['name'] or (
                reporter['phone'] and len(reporter['phone']) <= 15
                and fields.get('phoneUser') != reporter['phone']):
            self.fault('altered-reporter', c['id'], 'LAPOR! got another reporter')
        for ours, theirs in (('anonymous', 'is_anonymous'), ('secret', 'is_secret')):
            if c[ours] != fields[theirs]:
                self.fault('altered-reporter', c['id'], f'LAPOR! got another {theirs}')
        self._check_files(c, fields['attachments'], journal)

    def _check_files(self, c, attached, journal):
        got = {journal.files[int(i)]['sha256'] for i in attached.strip('[].').split(',')} if attached else set()
        stored = {a['sha256']: a for a in c['attachments'] if a.get('state') == 'stored'}
        due = {h for h, a in stored.items() if a.get('mime') in UPLOADED and a['bytes'] <= UPLOAD_LIMIT}
        if got - stored.keys() or due - got:
            self.fault('altered-files', c['id'], f'{len(got)} files at LAPOR!, {len(due)} should be')

    def _check_stored(self, stored):
        """The sandbox holds each complaint at most once, holds every DONE, and what it holds beyond
        DONE waits for a person (parked) or was seen by one (filed, dropped)."""
        newest = {c: [a for a in v if a.call == 'create'] for c, v in self.filings.by_complaint().items()}
        for complaint, remote in stored.items():
            if len(remote) > 1:
                self.fault('double-filed', complaint, f'stands {len(remote)} times at LAPOR!: {remote}')
            states = [a.state for a in newest.get(complaint, [])]
            if not set(states) & {'done', 'parked', 'filed', 'dropped'} and not (
                    'intent' in states and not self.facts.settled):
                self.fault('stored-unknown', complaint, f'stands at LAPOR! as {remote}, here it is '
                           f'{states or "not filed"}')
        for complaint, attempts in newest.items():
            for a in attempts:
                if a.state == 'done' and a.remote_id not in map(str, stored.get(complaint, ())):
                    self.fault('filed-but-gone', complaint, f'{a.name} is DONE as {a.remote_id}, LAPOR! '
                               f'holds {stored.get(complaint, "nothing")}')

    def _check_handed(self, journal):
        """Each filed complaint of a mapped agency was handed over once, to that agency."""
        handed = defaultdict(list)
        for r in journal.requests.values():
            if r['call'] == 'handover' and r['stored']:
                handed[str(r['stored']['remote_id'])].append(str(r['stored']['to']))
        for a in self.filings.attempts.values():
            if a.call != 'create' or a.state not in ('done', 'filed'):
                continue
            c = self.versions.get((a.complaint, a.version), {})
            want, got = self.facts.agencies.get(c.get('agency')), handed.pop(a.remote_id, [])
            last = self.filings.slots.get((a.complaint, a.destination, 'handover', None), [None])[-1]
            if len(got) > 1:
                self.fault('handed-twice', a.complaint, f'report {a.remote_id} was handed over to {got}')
            elif got and got != [want]:
                self.fault('wrong-institution', a.complaint, f'handed over to {got[0]}, should be {want}')
            elif want and not got and (last is None or last.state in ('done', 'not_sent')):
                self.fault('not-handed', a.complaint, f'report {a.remote_id} never reached institution {want}')

    # ---- the result

    def unsettled(self):
        """Complaints that are still open: a quiet period is not over."""
        return [c['id'] for c in self.newest.values() if c['state'] == 'open']

    def table(self):
        """The balance, for people."""
        places = Counter(m.place[0] if m.place else 'not decided' for m in self.messages.values())
        states = Counter(c['state'] for c in self.newest.values())
        lines = [('messages accepted', len(self.facts.accepted) if self.facts.accepted is not None else '?'),
                 ('messages in raw topics', len(self.messages))]
        lines += [(f'  {k}', v) for k, v in sorted(places.items())]
        lines += [('complaints', len(self.newest))]
        lines += [(f'  {k}', v) for k, v in sorted(states.items())]
        lines += [('ready complaints by end', sum(self.ends.values()))]
        lines += [(f'  {k}', v) for k, v in sorted(self.ends.items())]
        lines += [(k, v) for k, v in sorted(self.notes.items()) if v]
        lines += [('violations', len(self.violations))]
        return '\n'.join(f'{k:<36}{v:>8}' for k, v in lines)

    def complain(self, most=40):
        """AssertionError with the violations, by id, if there are any."""
        if not self.violations:
            return
        shown = '\n'.join(f'  {name}: {where}: {text}' for name, where, text in self.violations[:most])
        more = len(self.violations) - most
        raise AssertionError(f'the books do not balance, {len(self.violations)} violations:\n{shown}'
                             + (f'\n  … and {more} more' if more > 0 else '') + f'\n{self.table()}')


def _cut(got, whole):
    """A title too long for LAPOR! may end in an ellipsis."""
    return len(whole) > TITLE_LIMIT and got and whole.startswith(got.rstrip('…. '))


def audit(facts):
    return Audit(facts).run()
