"""What stands beside the lanes: the topics `emergencies` and `media`, against what the sources sent.

An accepted message may say whether it is an emergency ("emergency": true, false) and which files came
with it ("files": sha256 of each, as its sender computed them). Faults:

  phantom-emergency not-raised false-alarm not-rung emergency-filed
  phantom-file two-ends-of-a-file lost-file altered-file foreign-file

Known gap: a file nobody could fetch ("missing", "refused") is told as lost when its sender names it.
"""

import json
from collections import defaultdict

import oracle_ids as ids
from oracle_filings import FILES


def bodies(records):
    return [json.loads(r.value) for r in records if r.value is not None]


class Beside:
    def __init__(self, audit):
        self.audit, self.facts, self.fault = audit, audit.facts, audit.fault
        self.by_id = defaultdict(list)
        for m in audit.messages.values():
            if m.body:
                self.by_id[m.id].append(m)

    def run(self):
        self._check_emergencies()
        self._check_files()

    # ---- emergencies: one event a message (its edits are the same event)

    def _check_emergencies(self):
        raised, heard = {}, set()
        for r in bodies(self.facts.emergencies):
            if r['kind'] in ('raised', 'stale'):
                self.audit.notes['emergencies raised again'] += r['id'] in raised
                raised[r['id']] = r
                self._check_origin(r)
            elif r['kind'] in ('rung', 'acknowledged'):
                heard.add(r['id'])
        self.audit.notes['emergencies'] = len(raised)
        self._check_said(raised)
        for event in heard - raised.keys():
            self.fault('phantom-emergency', event, 'rung or acknowledged, and never raised')
        if self.facts.settled:
            for event, r in raised.items():
                if r['kind'] == 'raised' and event not in heard:
                    self.fault('not-rung', event, 'raised, and nobody was rung')
        self._check_not_filed({r['message'] for r in raised.values()})

    def _check_origin(self, r):
        found = self.by_id.get(r['message'])
        body = found[0].body if found else None
        if body is None or r['channel'] != body['channel'] or r['id'] != ids.message_id(
                body['tenant'], body['channel'], body['account'], body['native_id']):
            self.fault('phantom-emergency', r['id'], f'raised by {r["message"]}, which is no message of it')

    def _check_said(self, raised):
        for message, what in (self.facts.accepted or {}).items():
            loud = what.get('emergency')
            if loud and message not in raised and self.facts.settled:
                self.fault('not-raised', message, 'accepted, an emergency, and nobody is told')
            elif loud is False and message in raised:
                self.fault('false-alarm', message, 'raised, and it is no emergency')

    def _check_not_filed(self, loud):
        """What rang is filed by a person's word only."""
        seen = {json.loads(r.value).get('complaint') for r in self.facts.commands if r.value}
        for a in self.audit.filings.attempts.values():
            if a.call in FILES and loud & set(a.sources) and a.complaint not in seen:
                self.fault('emergency-filed', a.complaint, f'INTENT {a.name} of an emergency no person released')

    # ---- files: what was sent is what is kept

    def _check_files(self):
        fetched = self._read_media()
        known = {}   # message id -> {sha256}
        for message, found in self.by_id.items():
            known[message] = {f for m in found for i, a in enumerate(m.body['attachments'])
                              for f in (a.get('sha256'), fetched.get((message, i))) if f}
        for message, what in (self.facts.accepted or {}).items():
            if what.get('files') is not None and message in known and self.facts.settled:
                self._check_sent(message, set(what['files']), known[message])
        for c in self.audit.newest.values():
            own = set().union(*(known.get(self._id_of(s), set()) for s in c['sources']))
            foreign = {a['sha256'] for a in c['attachments'] if a.get('sha256')} - own
            if foreign:
                self.fault('foreign-file', c['id'], f'{len(foreign)} files none of its messages came with')

    def _id_of(self, source):
        m = self.audit.by_input.get(source['message'])
        return m.id if m else source['message']

    def _check_sent(self, message, sent, got):
        if got - sent:
            self.fault('altered-file', message, f'{len(got - sent)} files its sender did not send')
        elif sent - got:
            self.fault('lost-file', message, f'{len(sent - got)} of {len(sent)} files are not kept')

    def _read_media(self):
        """{(message, index): sha256 or None}"""
        ends = {}
        for r in bodies(self.facts.media):
            at, a = (r['message'], r['index']), r['attachment']
            named = [m.body['attachments'] for m in self.by_id.get(r['message'], ())]
            if not any(r['index'] < len(x) and x[r['index']]['id'] == a['id'] for x in named):
                self.fault('phantom-file', r['message'], f'the end of attachment {r["index"]}, which no message has')
            end = (a['state'], a.get('sha256'))
            if ends.setdefault(at, end) != end:
                self.fault('two-ends-of-a-file', r['message'], f'attachment {r["index"]}: {ends[at][0]} and {end[0]}')
        return {at: sha256 for at, (_, sha256) in ends.items()}
