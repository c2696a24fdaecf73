"""What became of each call, from the log `submissions`; and what LAPOR! really got, from the
sandbox's journal; and whether the two tell the same story.

An attempt is one counted INTENT, its state the highest of DONE > RESOLVED > REJECTED, NOT_SENT >
PARKED, HANDED > INTENT whatever the order of arrival. A slot is one call of one filing; a new
attempt may only follow one that certainly left nothing there, and none that is DONE. It stands for
its newest attempt, or for an earlier one that is DONE after all when the newer left nothing.

The heart is `match`: the requests of one complaint in the journal are laid beside its attempts, in
order. What the sandbox answered says what the attempt's writer must have written; an attempt whose
writer died or was fenced before it wrote anything must have been parked by its successor.
"""

from oracle_lane import parse_key

RANK = {'intent': 1, 'handed': 2, 'parked': 2, 'not_sent': 3, 'rejected': 3, 'not_filed': 4,
        'dropped': 4, 'filed': 4, 'done': 5}
FREE = ('not_sent', 'not_filed')          # certainly nothing there: may be tried again
UNBLOCKED = ('not_sent', 'not_filed', 'rejected')
FILES = ('create', 'sheet')               # the calls that make LAPOR! hold a complaint
TELLS = (*FILES, 'followup')              # the calls that tell it of messages and files
KEPT = ('done', 'filed', 'dropped')       # nothing takes back what these told
NOTHING = (*UNBLOCKED, 'dropped')         # it left nothing there
ENDS = ('done', 'rejected', 'not_sent', 'parked', 'handed')

# What an answer to a once-only call allows its caller to have written.
AMBIGUOUS, DONE, REJECTED, NOT_TAKEN = {'parked'}, {'done'}, {'rejected'}, {'not_sent'}
ACTIONS = {'html200': AMBIGUOUS, 'truncated': AMBIGUOUS, 'huge': AMBIGUOUS, 'no_id': AMBIGUOUS,
           'bad_json': AMBIGUOUS, 'slow': DONE | AMBIGUOUS, 'delay': DONE | AMBIGUOUS,
           'gateway401': NOT_TAKEN, 'redirect': AMBIGUOUS}
STATUSES = {401: NOT_TAKEN | AMBIGUOUS, 403: NOT_TAKEN | AMBIGUOUS, 404: NOT_TAKEN, 408: AMBIGUOUS,
            409: DONE | AMBIGUOUS | REJECTED, 429: NOT_TAKEN}


def allowed_ends(answer):
    """The ends an attempt may have that got this answer line (None: the sandbox died over it)."""
    if answer is None or answer['status'] is None or answer['connection'] == 'client-gone':
        return AMBIGUOUS
    if answer['action'] == 'no_id' and answer.get('call') == 'followup_add':
        return DONE      # a follow-up is told without one
    if answer['action'] in ACTIONS:
        return ACTIONS[answer['action']]
    status = answer['status']
    if status in STATUSES:
        return STATUSES[status]
    if status < 300:
        return DONE
    return AMBIGUOUS if status < 400 or status >= 500 else REJECTED


class Attempt:
    def __init__(self, entry):
        b = entry.body
        self.entry, self.key, self.writer = entry, entry.key, entry.writer
        self.complaint, self.version = b['complaint'], b['version']
        self.destination, self.system, self.call = b['destination'], b['system'], b['call']
        self.attachment, self.sources = b.get('attachment'), b.get('sources') or []
        self.content_hash = b.get('content_hash')
        self.part, self.files, self.cut = b.get('part'), b.get('attachments'), b.get('cut') or []
        self.state, self.remote_id, self.records = 'intent', None, []
        self.late = False     # DONE was told when there was a newer attempt
        self.request = None   # the journal's, once matched

    @property
    def name(self):
        return f'{self.key[0]}/{self.key[1]}'

    @property
    def slot(self):
        which = (self.version, self.part) if self.call == 'followup' else self.attachment
        return self.complaint, self.destination, self.call, which

    @property
    def own_end(self):
        """What its own writer wrote of it, None when it never came to that."""
        own = [e for e in self.records if e.kind in ENDS and e.term == self.key[0]]
        return max((e.kind for e in own), key=RANK.get, default=None)

    def take(self, entry, state):
        self.records.append(entry)
        if RANK[state] > RANK[self.state]:
            self.state = state
            self.remote_id = entry.body.get('remote_id') or self.remote_id


class Filings:
    """The fold of counted submissions, all lanes. `fault(name, where, text)` takes violations."""

    def __init__(self, fault):
        self.fault = fault
        self.attempts, self.slots, self.refusals, self.commands = {}, {}, {}, {}
        self.standing = {}   # (system, message) -> attempts that name it
        self.tellers = {}    # (complaint, destination) -> attempts that tell something
        self.stops = {}      # (lane, destination) -> {'held', 'paused'}
        self.restored = {}   # lane -> destinations resumed since
        self.reports = {}    # (complaint, destination) -> (its number, status, highest answer)

    def feed(self, lane, entry):
        kind, body = entry.kind, entry.body
        if entry.ruling == 'void':
            return
        if kind == 'intent':
            self._intent(lane, entry)
        elif kind in ENDS or kind == 'resolved':
            self._end(lane, entry)
        elif kind == 'corrected':
            self._corrected(lane, entry)
        elif kind == 'refused':
            self.refusals[(body['complaint'], body['destination'])] = entry
        elif kind == 'hold':
            self._stop(lane, body['destination'], 'held', body['state'] == 'held')
        elif kind == 'command':
            self._command(lane, body)
        elif kind == 'status':
            self._status(entry)
        elif kind != 'reminded':
            self.fault('unknown-kind', f'submissions {entry.key}', kind)
        if body.get('command'):
            self.commands.setdefault(body['command'], []).append(entry)

    def _status(self, entry):
        """What was read is of a report that stands there, and is news: killed anywhere, it is told once."""
        b = entry.body
        filing = [o for o in self.told_by(b['complaint'], b['destination']) if o.call in FILES]
        if not any(o.state in ('done', 'filed') for o in filing):
            self.fault('status-of-nothing', b['complaint'], f'submissions {entry.key}: no report stands there')
            return
        if b.get('remote_id') not in {o.remote_id for o in filing}:
            return  # was corrected while it was read: void for the forwarder
        at = (b['complaint'], b['destination'])
        number, status, highest = self.reports.get(at, (None, None, 0))
        if number != b['remote_id']:
            status, highest = None, 0
        answers = [int(x['id']) for x in b.get('answers', ())]
        if any(n <= highest for n in answers) or answers != sorted(set(answers)):
            self.fault('answer-told-twice', b['complaint'], f'submissions {entry.key}: {answers} after {highest}')
        if b.get('status') == status and not answers:
            self.fault('status-told-twice', b['complaint'], f'submissions {entry.key}: {status} again')
        self.reports[at] = b['remote_id'], b.get('status'), max([highest, *answers])

    def _stop(self, lane, destination, why, on):
        stops = self.stops.setdefault((lane, destination), set())
        (stops.add if on else stops.discard)(why)

    def _command(self, lane, body):
        """A pause stops its destination in this lane, a restored log all of them; a resume ends all."""
        if body.get('result') != 'done':
            return
        if body.get('what') == 'accept_restore':
            self.restored[lane] = set()
        elif body.get('what') == 'pause':
            self._stop(lane, body['destination'], 'paused', True)
        elif body.get('what') == 'resume':
            self.stops.pop((lane, body['destination']), None)
            self.restored.get(lane, set()).add(body['destination'])

    def _check_stops(self, lane, a):
        """What stops a destination stands in the log; nothing is begun there after it."""
        stops = set(self.stops.get((lane, a.destination), ()))
        if lane in self.restored and a.destination not in self.restored[lane]:
            stops.add('restored')
        if stops:
            self.fault('filed-while-stopped', a.complaint,
                       f'INTENT {a.name}: {a.destination} is {", ".join(sorted(stops))}')

    def _intent(self, lane, entry):
        a = Attempt(entry)
        self._check_stops(lane, a)
        before = self.slots.setdefault(a.slot, [])
        last = self.stands(a.slot) if before else None
        if before and a.call in FILES and last.state not in FREE:
            redo = last.state == 'rejected' and a.version > last.version
            if not redo:
                self.fault('filed-again', a.complaint, f'INTENT {a.name} although attempt '
                           f'{last.name} is {last.state}')
        if before and a.version < before[-1].version:
            self.fault('version-falls', a.complaint, f'INTENT {a.name} of version {a.version} after '
                       f'version {before[-1].version}')
        self._check_sources(a)
        if a.call == 'followup':
            self._check_told(a)
        if a.call in TELLS:
            self.tellers.setdefault((a.complaint, a.destination), []).append(a)
        before.append(a)
        self.attempts[(lane, a.key)] = a

    def stands(self, slot):
        """The attempt that says what became of it."""
        *earlier, newest = self.slots[slot]
        done = [a for a in earlier if a.state == 'done']
        return done[0] if done and newest.state in NOTHING else newest

    def _check_sources(self, a):
        """One message is filed once into a system, under whatever complaint's id."""
        if a.call not in TELLS:
            return
        for message in a.sources:
            others = self.standing.setdefault((a.system, message), [])
            for o in others:
                if o.complaint != a.complaint and o is self.stands(o.slot) and o.state not in UNBLOCKED:
                    self.fault('double-source', a.complaint, f'INTENT {a.name}: message {message} '
                               f'stands in attempt {o.name} of complaint {o.complaint}')
            others.append(a)

    def told_by(self, complaint, destination):
        """Attempts that stand, or whose refusal stands, and so tell what they name."""
        return [o for o in self.tellers.get((complaint, destination), ())
                if o is self.stands(o.slot) and o.state not in FREE]

    def _check_told(self, a):
        """Only a report that is there is told more, and nothing it was told (or may have been)."""
        before = self.told_by(a.complaint, a.destination)
        if not any(o.call in FILES and o.state in ('done', 'filed') for o in before):
            self.fault('told-before-filed', a.complaint, f'INTENT {a.name}, and no report has its number')
        for o in before:
            if o.slot == a.slot or o.state in UNBLOCKED:
                continue
            goes_on = {c['source'] for c in o.cut} if o.state in KEPT else set()
            again = set(a.sources) & set(o.sources) - goes_on | set(a.files or ()) & set(o.files or ())
            if again:
                self.fault('told-twice', a.complaint, f'INTENT {a.name}: {sorted(again)} stand in {o.name}, '
                           f'which is {o.state}')

    def _end(self, lane, entry):
        intent = parse_key(entry.body.get('intent'))
        a = self.attempts.get((lane, intent))
        if a is None:
            self.fault('phantom-outcome', f'submissions {entry.key}',
                       f'{entry.kind} of INTENT {intent} which never counted')
            return
        state = entry.body.get('resolution') if entry.kind == 'resolved' else entry.kind
        if state not in RANK:
            self.fault('unknown-kind', a.complaint, f'{entry.kind} {state}')
            return
        if entry.kind == 'parked' and entry.term != a.key[0] and a.own_end:
            self.fault('parked-too-many', a.complaint, f'attempt {a.name} is parked by term '
                       f'{entry.term} although its writer had written {a.own_end}')
        a.take(entry, state)
        a.late |= state == 'done' and a is not self.slots[a.slot][-1]
        self._check_twice(a.slot)

    def _check_twice(self, slot):
        """An earlier attempt is DONE after all; the newest may be there, too."""
        *earlier, newest = self.slots[slot]
        done = [a.name for a in earlier if a.late]
        if done and newest.call in FILES and newest.state not in (*NOTHING, 'intent'):
            self.fault('duplicate-filed', newest.complaint, f'attempt {done[0]} is DONE, {newest.name} {newest.state}')

    def _corrected(self, lane, entry):
        """Another number for what a person filed; the destination's own numbers are not corrected."""
        a = self.attempts.get((lane, parse_key(entry.body.get('intent'))))
        if a is None or a.state != 'filed' or a.call not in FILES or a.remote_id != entry.body['was']:
            self.fault('corrected-amiss', f'submissions {entry.key}', 'corrects what no person has filed so')
            return
        a.records.append(entry)
        a.remote_id = entry.body['remote_id']

    def by_complaint(self):
        """{complaint: the attempt that each of its create and sheet slots stands for}"""
        out = {}
        for slot in self.slots:
            if slot[2] in FILES:
                out.setdefault(slot[0], []).append(self.stands(slot))
        return out


class Journal:
    """One sandbox's journal: requests with their stored and answer lines."""

    def __init__(self, lines):
        self.requests, self.files = {}, {}
        for line in lines:
            if line['event'] == 'request':
                self.requests[line['request']] = {**line, 'stored': None, 'answer': None}
            elif line['event'] == 'stored':
                self.requests[line['request']]['stored'] = line
                self.files.update({f['id']: f for f in line.get('files', ()) if 'id' in f})
            elif line['event'] == 'answer':
                self.requests[line['request']]['answer'] = line

    def creates(self):
        return [r for r in self.requests.values() if r['call'] == 'create']

    def follow_ups(self):
        return [r for r in self.requests.values() if r['call'] == 'followup_add']


def fits(attempt, request):
    """May this attempt have led to this request (None: to none)?"""
    own = attempt.own_end
    if own is None:
        return True      # nobody knows what it did; `match` sees to it that it is parked
    if request is None:
        return own == 'not_sent'
    return own in allowed_ends(request['answer'])


def match(attempts, requests):
    """Lays requests beside attempts, both in order, each request one attempt: the list of requests
    (or None) by attempt; None when there is no way to do it."""
    dead = set()

    def go(i, k):
        if i == len(attempts):
            return [] if k == len(requests) else None
        if (i, k) in dead:
            return None
        for taken in ([requests[k], None] if k < len(requests) else [None]):
            if fits(attempts[i], taken):
                rest = go(i + 1, k + (taken is not None))
                if rest is not None:
                    return [taken, *rest]
        dead.add((i, k))
        return None

    return go(0, 0)
