"""Every way a call of lapor-v3 can end, against the sandbox: what the record and the destination
become, by the outcome table (common/core/outcome.c); at most one report a complaint, and parked is
exactly what may be stored.

Between two misbehaved calls stands a good one: it shows that the destination came back, and it keeps
the pauses short (they double only over unclear answers in a row)."""

from harness import flow, wait_until
from harness.desk import AGENCY, INSTITUTION, Desk

REJECTED = (400, 409, 413, 415, 422)

# An answer of these, and nobody knows: action, arguments, is it stored?
UNCLEAR = [
    ('drop_before', {}, False), ('rst_before', {}, False),
    ('drop_after_store', {}, True), ('rst_after_store', {}, True),
    ('html200', {}, True), ('truncated', {}, True), ('truncated', {'keep': 20}, True),
    ('huge', {'mb': 1}, True), ('no_id', {}, True), ('bad_json', {}, True),
    ('status', {'status': 500}, False), ('status', {'status': 500, 'stored': True}, True),
    ('status', {'status': 502}, False), ('status', {'status': 503, 'stored': True}, True),
    ('status', {'status': 504}, False), ('status', {'status': 408}, False),
]


def rule(complaint, action, call='create', times=1, **args):
    more = {'reused': True} if args.pop('reused', False) else {}
    return {'call': call, 'ticket': complaint['ticket'], 'times': times, 'action': action,
            'args': args, **more}


def misbehave(desk, action, call='create', snapshot=None, **args):
    """A complaint whose first `call` meets the action."""
    c, m = desk.snapshot(**(snapshot or {}))
    desk.lapor.script(rule(c, action, call, **args), append=True)
    desk.decide(c, m)
    return c


def good(desk, **over):
    c = desk.complaint(**over)
    desk.wait(c, 'done')
    assert len(desk.stored(c)) == 1
    return c


def held(desk, why):
    wait_until(lambda: f'held: {why}' in desk.daemon.status, 20,
               lambda: f'held: {why}; status {desk.daemon.status!r}')


# --- create

@flow(limit=120)
def test_create_unclear(env):
    with Desk(env) as desk:
        parked = {}
        for action, args, stored in UNCLEAR:
            c = misbehave(desk, action, **args)
            desk.wait(c, 'parked')
            assert desk.kinds(c) == ['intent', 'parked'], (action, args, desk.kinds(c))
            assert len(desk.stored(c)) == stored, (action, args)
            parked[c['id']] = (action, args)
            good(desk)
        assert desk.parked() == set(parked)
        assert desk.once() == len(UNCLEAR) + sum(stored for _, _, stored in UNCLEAR)
        attempts = [r for r in desk.lapor.journal() if r['event'] == 'request' and r['call'] == 'create']
        assert len(attempts) == 2 * len(UNCLEAR), 'a create was sent again'


@flow(limit=60)
def test_create_on_a_connection_that_was_closed(env):
    """libcurl would send a POST again when a kept connection dies before the first answer byte."""
    with Desk(env) as desk:
        for action in ('drop_before', 'rst_before', 'drop_after_store', 'rst_after_store'):
            good(desk)
            c = misbehave(desk, action, reused=True)
            desk.wait(c, 'parked')
            assert desk.kinds(c) == ['intent', 'parked']
        for _ in range(5):  # answered, then closed without a word
            c = misbehave(desk, 'close_after')
            desk.wait(c, 'done')
        assert desk.once() == 4 + 2 + 5


@flow(limit=60)
def test_create_too_late(env):
    with Desk(env, total='3s') as desk:
        for action, args, stored in (('hang', {}, True), ('hang', {'stored': False}, False),
                                     ('delay', {'ms': 5000}, True)):
            c = misbehave(desk, action, **args)
            desk.wait(c, 'parked')
            assert desk.kinds(c) == ['intent', 'parked'], action
            assert len(desk.stored(c)) == stored, action
        desk.once()


@flow(limit=60)
def test_create_slow(env):
    """An answer that trickles in, or comes late but within its time, is an answer."""
    with Desk(env) as desk:
        for action, args in (('slow', {'pause_ms': 2}), ('delay', {'ms': 300})):
            c = misbehave(desk, action, **args)
            desk.wait(c, 'done')
            assert desk.kinds(c) == ['intent', 'done'], action
        assert desk.once() == 2


@flow(limit=60)
def test_create_rejected(env):
    with Desk(env) as desk:
        for status in REJECTED:
            c = misbehave(desk, 'status', status=status, body={'message': 'Tidak valid.'})
            end = desk.wait(c, 'rejected')
            assert (end['http_status'], end['reason']) == (status, 'rejected')
            assert len(end['answer_sha256']) == 64
            assert desk.kinds(c) == ['intent', 'rejected'] and not desk.stored(c)
        good(desk)
        assert desk.parked() == set() and desk.once() == 1


@flow(limit=60)
def test_create_conflict_that_names_us(env):
    with Desk(env) as desk:
        c, m = desk.snapshot()
        desk.lapor.script(rule(c, 'status', status=409, stored=True,
                               body={'message': f"Tiket {c['ticket']} sudah ada."}))
        desk.decide(c, m)
        desk.wait(c, 'parked')
        assert desk.reasons(c) == ['conflict-names-us'] and len(desk.stored(c)) == 1
        good(desk)


@flow(limit=90)
def test_many_rejects_hold(env):
    with Desk(env) as desk:
        for _ in range(10):
            desk.wait(misbehave(desk, 'status', status=422), 'rejected')
        held(desk, 'many rejects')
        c = desk.complaint()
        desk.resume()
        desk.wait(c, 'done')
        assert desk.once() == 1


@flow(limit=60)
def test_create_not_taken(env):
    """429 in each form: not there, waits as told, files."""
    with Desk(env) as desk:
        for args in ({'retry_after': 1}, {'retry_after': 2, 'form': 'date'}, {'form': 'none'}):
            c = misbehave(desk, '429', **args)
            desk.wait(c, 'done')
            assert desk.kinds(c) == ['intent', 'not_sent', 'intent', 'done'], args
            assert desk.reasons(c)[0] == 'rate-limited'
        assert desk.once() == 3 and desk.parked() == set()


@flow(limit=60)
def test_create_endpoint_moved(env):
    with Desk(env) as desk:
        c = misbehave(desk, 'status', status=404)
        desk.wait(c, 'not_sent')
        held(desk, 'endpoint answers 404')
        other = desk.complaint()
        desk.resume()
        desk.wait(c, 'done')
        desk.wait(other, 'done')
        assert desk.kinds(c) == ['intent', 'not_sent', 'intent', 'done']
        assert desk.once() == 2


@flow(limit=60)
def test_create_redirected(env):
    """Not followed, may have been stored: parked, and nothing more goes there by itself."""
    with Desk(env) as desk:
        for n, args in enumerate(({'status': 302}, {'status': 307, 'stored': True})):
            c = misbehave(desk, 'redirect', **args)
            desk.wait(c, 'parked')
            held(desk, 'endpoint redirects')
            other = desk.complaint()
            desk.resume()
            desk.wait(other, 'done')
            assert desk.kinds(c) == ['intent', 'parked']
            assert len(desk.stored(c)) == n
        desk.once()


@flow(limit=90)
def test_gateway_refuses(env):
    """The gateway's own 401 is proven not to have passed anything on: again, after a good probe."""
    with Desk(env) as desk:
        c = misbehave(desk, 'gateway401', times=2)
        desk.wait(c, 'done')
        assert desk.kinds(c) == ['intent', 'not_sent', 'intent', 'not_sent', 'intent', 'done']
        assert desk.reasons(c)[:2] == ['refused-before-it'] * 2
        assert desk.once() == 1 and desk.parked() == set()


@flow(limit=60)
def test_record_refused(env):
    """401 and 403 that are not the gateway's, while reads pass: a person looks at this one."""
    with Desk(env) as desk:
        for status in (401, 403):
            c = misbehave(desk, 'status', status=status, body={'message': 'Unauthenticated.'})
            desk.wait(c, 'parked')
            assert desk.reasons(c) == ['record-refused']
            good(desk)
        assert desk.once() == 2


@flow(limit=90)
def test_credential_dead(env):
    """Reads fail too: nothing was sent, all waits; a renewed credential needs no second hand."""
    with Desk(env) as desk:
        good(desk)
        desk.lapor.configure(auth_header='Authorization')  # ours is named `auth`
        c = desk.complaint()
        desk.wait(c, 'not_sent')
        assert desk.reasons(c) == ['credential-refused']
        held(desk, 'credential refused')
        other = desk.complaint()
        desk.lapor.configure(auth_header='any')
        desk.wait(c, 'done', timeout=45)
        desk.wait(other, 'done')
        assert desk.once() == 3 and desk.parked() == set()


@flow(limit=60)
def test_nobody_there(env):
    """Refused connections are no attempts that could be anywhere: again until it goes."""
    with Desk(env) as desk:
        good(desk)
        desk.lapor.stop()
        c = desk.complaint()
        desk.wait(c, 'not_sent')
        assert set(desk.reasons(c)) == {'not-sent'}
        desk.lapor.start()
        desk.wait(c, 'done', timeout=60)
        kinds = desk.kinds(c)
        assert kinds == ['intent', 'not_sent'] * (len(kinds) // 2 - 1) + ['intent', 'done']
        assert desk.once() == 2 and desk.parked() == set()


@flow(limit=90)
def test_outage_parks_few(env):
    """All creates fail unclearly: no more than were under way are parked, the rest waits in peace."""
    with Desk(env, destination={'pause_base': '30m', 'concurrency': 4}) as desk:
        desk.lapor.script({'call': 'create', 'action': 'status', 'args': {'status': 503}})
        many = [desk.complaint() for _ in range(env.count(30, 12))]
        wait_until(desk.parked, 30, lambda: f'the first is parked; {desk.daemon.status!r}')
        wait_until(lambda: all(desk.kinds(c)[-1:] != ['intent'] for c in many), 30,
                   'what was under way has ended')
        parked = desk.parked()
        # one more when the first pause, drawn from 0 to 30 min, is over already: a probe, one create
        assert 1 <= len(parked) <= 5, len(parked)
        desk.lapor.script()
        env.clock.advance(61 * 60_000)
        for c in many:
            if c['id'] not in parked:
                desk.wait(c, 'done')
        assert desk.parked() == parked and desk.once() == len(many) - len(parked)


@flow(limit=60)
def test_tls_fails(env):
    """The sandbox speaks no TLS: no byte of the request left."""
    with Desk(env, total='2s', start=False) as desk:
        desk.destination['base'] = desk.lapor.base.replace('http:', 'https:')
        desk.start()
        c = desk.complaint()
        wait_until(lambda: desk.kinds(c).count('not_sent') >= 2, 30, lambda: f'two tries: {desk.kinds(c)}')
        assert set(desk.reasons(c)) == {'not-sent'}
        assert desk.parked() == set() and desk.once() == 0


# --- upload

@flow(limit=120)
def test_upload_unclear(env):
    """A file nobody names is not seen: uploads go again."""
    with Desk(env) as desk:
        for n, (action, args) in enumerate((
                ('drop_before', {}), ('drop_after_store', {}), ('rst_after_store', {}),
                ('html200', {}), ('truncated', {}), ('no_id', {}), ('bad_json', {}),
                ('huge', {'mb': 1}), ('status', {'status': 500}), ('status', {'status': 408}))):
            a = desk.file(b'\xff\xd8 picture %d' % n)
            c = misbehave(desk, action, 'upload', {'attachments': [a]}, **args)
            desk.wait(c, 'done')
            assert desk.kinds(c, 'upload') == ['intent', 'not_sent', 'intent', 'done'], (action, args)
            assert desk.kinds(c) == ['intent', 'done']
            (report,) = desk.stored(c)
            number = int(report['fields']['attachments'].strip('[].'))
            (file,) = [f for f in desk.lapor.files() if f['id'] == number]
            assert file['sha256'] == a['sha256'] and file['name'] == f"{c['ticket']}-1.jpg"
        assert desk.parked() == set() and desk.parked('upload') == set()


@flow(limit=60)
def test_upload_rejected(env):
    """One bad file never stops the complaint, and the text says that it is missing."""
    with Desk(env) as desk:
        files = [desk.file(b'\xff\xd8 one', id='a1'), desk.file(b'%PDF two', 'application/pdf', 'a2')]
        c, m = desk.snapshot(attachments=files)
        desk.lapor.script({'call': 'upload', 'nth': 1, 'action': 'status', 'args': {'status': 422}})
        desk.decide(c, m)
        desk.wait(c, 'done')
        kinds = sorted(tuple(desk.kinds(c, 'upload', a['sha256'])) for a in files)
        assert kinds == [('intent', 'done'), ('intent', 'rejected')]
        (report,) = desk.stored(c)
        assert '1 berkas tidak dapat diunggah' in report['fields']['content']
        assert report['fields']['attachments'].count(',') == 0


@flow(limit=60)
def test_upload_endpoint_moved(env):
    with Desk(env) as desk:
        c = misbehave(desk, 'status', 'upload', {'attachments': [desk.file(b'\xff\xd8 x')]}, status=404)
        desk.wait(c, 'not_sent', 'upload')
        held(desk, 'endpoint answers 404')
        assert desk.kinds(c) == []
        desk.resume()
        desk.wait(c, 'done')
        assert desk.once() == 1


@flow(limit=60)
def test_upload_too_late(env):
    with Desk(env, total='4s') as desk:
        c = misbehave(desk, 'hang', 'upload', {'attachments': [desk.file(b'\xff\xd8 x')]})
        desk.wait(c, 'done')
        assert desk.kinds(c, 'upload') == ['intent', 'not_sent', 'intent', 'done']
        assert desk.once() == 1


# --- hand-over

def handed(desk, complaint):
    (report,) = desk.stored(complaint)
    return report['handed']


def handovers(desk, complaint):
    """Requests that reached the sandbox."""
    return [r for r in desk.lapor.journal() if r['event'] == 'request' and r['call'] == 'handover'
            and r['ticket'] == complaint['ticket']]


@flow(limit=120)
def test_handover_unclear(env):
    """Read back: what arrived is not sent again, what did not is."""
    with Desk(env) as desk:
        for action, args, arrived in (
                ('drop_before', {}, False), ('rst_before', {}, False),
                ('drop_after_store', {}, True), ('rst_after_store', {}, True),
                ('html200', {}, True), ('truncated', {}, True), ('bad_json', {}, True),
                ('status', {'status': 500}, False), ('status', {'status': 502, 'stored': True}, True),
                ('status', {'status': 404}, False)):
            c = misbehave(desk, action, 'handover', {'agency': AGENCY}, **args)
            desk.wait(c, 'done', 'handover')
            assert handed(desk, c) == [INSTITUTION], (action, args)
            assert len(handovers(desk, c)) == (1 if arrived else 2), (action, args)
            assert desk.kinds(c) == ['intent', 'done']
        desk.once()
        assert desk.parked('handover') == set()


@flow(limit=60)
def test_handover_of_a_report_that_is_gone(env):
    with Desk(env) as desk:
        c, m = desk.snapshot(agency=AGENCY)
        desk.lapor.script(rule(c, 'status', 'handover', status=404),
                          {'call': 'status', 'times': 1, 'action': 'status', 'args': {'status': 404}})
        desk.decide(c, m)
        desk.wait(c, 'parked', 'handover')
        assert desk.reasons(c, 'handover')[-1] == 'report-not-found'
        assert desk.kinds(c) == ['intent', 'done'] and desk.once() == 1


@flow(limit=60)
def test_handover_rejected(env):
    with Desk(env) as desk:
        c = misbehave(desk, 'status', 'handover', {'agency': AGENCY}, status=422)
        desk.wait(c, 'rejected', 'handover')
        assert desk.kinds(c) == ['intent', 'done'] and handed(desk, c) == []
        desk.once()


@flow(limit=60)
def test_handover_when_the_read_fails_too(env):
    """Nothing is known: read again later, never sent on a guess."""
    with Desk(env) as desk:
        c, m = desk.snapshot(agency=AGENCY)
        desk.lapor.script(rule(c, 'drop_after_store', 'handover'),
                          {'call': 'status', 'times': 2, 'action': 'status', 'args': {'status': 500}})
        desk.decide(c, m)
        desk.wait(c, 'done', 'handover')
        assert handed(desk, c) == [INSTITUTION] and len(handovers(desk, c)) == 1


@flow(limit=60)
def test_handover_too_late(env):
    with Desk(env, total='4s') as desk:
        c = misbehave(desk, 'hang', 'handover', {'agency': AGENCY})
        desk.wait(c, 'done', 'handover')
        assert handed(desk, c) == [INSTITUTION] and len(handovers(desk, c)) == 1


@flow(limit=60)
def test_handover_not_taken(env):
    with Desk(env) as desk:
        c = misbehave(desk, '429', 'handover', {'agency': AGENCY}, retry_after=1)
        desk.wait(c, 'done', 'handover')
        assert desk.kinds(c, 'handover') == ['intent', 'not_sent', 'intent', 'done']
        assert handed(desk, c) == [INSTITUTION]
