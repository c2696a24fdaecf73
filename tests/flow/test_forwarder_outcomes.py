"""What a destination becomes of a call's end, and ends that need more than one complaint and one
answer; test_forwarder_matrix.py has every outcome at every call. At most one report a complaint, and
parked is exactly what may be stored.

Between two misbehaved calls stands a good one: it shows that the destination came back, and it keeps
the pauses short (they double only over unclear answers in a row)."""

from harness import flow, wait_until
from harness.forwarding import AGENCY, INSTITUTION, Office, opened

REJECTED = (400, 409, 413, 415, 422)


def rule(complaint, action, call='create', times=1, **args):
    more = {'reused': True} if args.pop('reused', False) else {}
    return {'call': call, 'ticket': complaint['ticket'], 'times': times, 'action': action,
            'args': args, **more}


def misbehave(o, action, call='create', snapshot=None, **args):
    """A complaint whose first `call` meets the action."""
    c, m = o.snapshot(**(snapshot or {}))
    o.lapor.script(rule(c, action, call, **args), append=True)
    o.put(c, [m])
    return c


def good(o, **over):
    c = o.ready(**over)
    o.wait(c, 'done')
    assert len(o.stored(c)) == 1
    return c


def held(o, why):
    wait_until(lambda: f'held: {why}' in o.daemon.status, 20,
               lambda: f'held: {why}; status {o.daemon.status!r}')


# --- create


@flow(limit=60)
def test_create_on_a_connection_that_was_closed(env):
    """libcurl would send a POST again when a kept connection dies before the first answer byte."""
    with opened(env) as o:
        for action in ('drop_before', 'rst_before', 'drop_after_store', 'rst_after_store'):
            good(o)
            c = misbehave(o, action, reused=True)
            o.wait(c, 'parked')
            assert o.kinds(c) == ['intent', 'parked']
        for _ in range(5):  # answered, then closed without a word
            c = misbehave(o, 'close_after')
            o.wait(c, 'done')
        assert o.once() == 4 + 2 + 5


@flow(limit=60)
def test_create_rejected(env):
    with opened(env) as o:
        for status in REJECTED:
            c = misbehave(o, 'status', status=status, body={'message': 'Tidak valid.'})
            end = o.wait(c, 'rejected')
            assert (end['http_status'], end['reason']) == (status, 'rejected')
            assert len(end['answer_sha256']) == 64
            assert o.kinds(c) == ['intent', 'rejected'] and not o.stored(c)
        good(o)
        assert o.parked() == set() and o.once() == 1


@flow(limit=60)
def test_create_conflict_that_names_us(env):
    with opened(env) as o:
        c, m = o.snapshot()
        o.lapor.script(rule(c, 'status', status=409, stored=True,
                               body={'message': f"Tiket {c['ticket']} sudah ada."}))
        o.put(c, [m])
        o.wait(c, 'parked')
        assert o.reasons(c) == ['conflict-names-us'] and len(o.stored(c)) == 1
        good(o)


@flow(limit=90)
def test_many_rejects_hold(env):
    with opened(env) as o:
        for _ in range(10):
            o.wait(misbehave(o, 'status', status=422), 'rejected')
        held(o, 'many rejects')
        c = o.ready()
        o.resume()
        o.wait(c, 'done')
        assert o.once() == 1


@flow(limit=60)
def test_create_endpoint_moved(env):
    with opened(env) as o:
        c = misbehave(o, 'status', status=404)
        o.wait(c, 'not_sent')
        held(o, 'endpoint answers 404')
        other = o.ready()
        o.resume()
        o.wait(c, 'done')
        o.wait(other, 'done')
        assert o.kinds(c) == ['intent', 'not_sent', 'intent', 'done']
        assert o.once() == 2


@flow(limit=60)
def test_create_redirected(env):
    """Not followed, may have been stored: parked, and nothing more goes there by itself."""
    with opened(env) as o:
        for n, args in enumerate(({'status': 302}, {'status': 307, 'stored': True})):
            c = misbehave(o, 'redirect', **args)
            o.wait(c, 'parked')
            held(o, 'endpoint redirects')
            other = o.ready()
            o.resume()
            o.wait(other, 'done')
            assert o.kinds(c) == ['intent', 'parked']
            assert len(o.stored(c)) == n
        o.once()


@flow(limit=90)
def test_gateway_refuses(env):
    """The gateway's own 401 is proven not to have passed anything on: again, after a good probe."""
    with opened(env) as o:
        c = misbehave(o, 'gateway401', times=2)
        o.wait(c, 'done')
        assert o.kinds(c) == ['intent', 'not_sent', 'intent', 'not_sent', 'intent', 'done']
        assert o.reasons(c)[:2] == ['refused-before-it'] * 2
        assert o.once() == 1 and o.parked() == set()


@flow(limit=60)
def test_record_refused(env):
    """401 and 403 that are not the gateway's, while reads pass: a person looks at this one."""
    with opened(env) as o:
        for status in (401, 403):
            c = misbehave(o, 'status', status=status, body={'message': 'Unauthenticated.'})
            o.wait(c, 'parked')
            assert o.reasons(c) == ['record-refused']
            good(o)
        assert o.once() == 2


@flow(limit=90)
def test_credential_dead(env):
    """Reads fail too: nothing was sent, all waits; a renewed credential needs no second hand."""
    with opened(env) as o:
        good(o)
        o.lapor.configure(auth_header='Authorization')  # ours is named `auth`
        c = o.ready()
        o.wait(c, 'not_sent')
        assert o.reasons(c) == ['credential-refused']
        held(o, 'credential refused')
        other = o.ready()
        o.lapor.configure(auth_header='any')
        o.wait(c, 'done', timeout=45)
        o.wait(other, 'done')
        assert o.once() == 3 and o.parked() == set()


@flow(limit=60)
def test_nobody_there(env):
    """Refused connections are no attempts that could be anywhere: again until it goes."""
    with opened(env) as o:
        good(o)
        o.lapor.stop()
        c = o.ready()
        o.wait(c, 'not_sent')
        assert set(o.reasons(c)) == {'not-sent'}
        o.lapor.start()
        o.wait(c, 'done', timeout=60)
        kinds = o.kinds(c)
        assert kinds == ['intent', 'not_sent'] * (len(kinds) // 2 - 1) + ['intent', 'done']
        assert o.once() == 2 and o.parked() == set()


@flow(limit=90)
def test_outage_parks_few(env):
    """All creates fail unclearly: no more than were under way are parked, the rest waits in peace."""
    with opened(env, pause_base='30m', concurrency=4) as o:
        o.lapor.script({'call': 'create', 'action': 'status', 'args': {'status': 503}})
        many = [o.ready() for _ in range(env.count(30, 12))]
        wait_until(o.parked, 30, lambda: f'the first is parked; {o.daemon.status!r}')
        wait_until(lambda: all(o.kinds(c)[-1:] != ['intent'] for c in many), 30,
                   'what was under way has ended')
        parked = o.parked()
        # one more when the first pause, drawn from 0 to 30 min, is over already: a probe, one create
        assert 1 <= len(parked) <= 5, len(parked)
        o.lapor.script()
        env.clock.advance(61 * 60_000)
        for c in many:
            if c['id'] not in parked:
                o.wait(c, 'done')
        assert o.parked() == parked and o.once() == len(many) - len(parked)


@flow(limit=60)
def test_tls_fails(env):
    """The sandbox speaks no TLS: no byte of the request left."""
    with Office(env, total='2s') as o:
        o.start(o.destination(base=o.lapor.base.replace('http:', 'https:')))
        c = o.ready()
        wait_until(lambda: o.kinds(c).count('not_sent') >= 2, 30, lambda: f'two tries: {o.kinds(c)}')
        assert set(o.reasons(c)) == {'not-sent'}
        assert o.parked() == set() and o.once() == 0


# --- upload


@flow(limit=60)
def test_upload_rejected(env):
    """One bad file never stops the complaint, and the text says that it is missing."""
    with opened(env) as o:
        files = [o.photo(b'\xff\xd8 one', id='a1'), o.photo(b'%PDF two', 'application/pdf', id='a2')]
        c, m = o.snapshot(attachments=files)
        o.lapor.script({'call': 'upload', 'nth': 1, 'action': 'status', 'args': {'status': 422}})
        o.put(c, [m])
        o.wait(c, 'done')
        kinds = sorted(tuple(o.kinds(c, 'upload', a['sha256'])) for a in files)
        assert kinds == [('intent', 'done'), ('intent', 'rejected')]
        (report,) = o.stored(c)
        assert '1 berkas tidak dapat diunggah' in report['fields']['content']
        assert report['fields']['attachments'].count(',') == 0


@flow(limit=60)
def test_upload_endpoint_moved(env):
    with opened(env) as o:
        c = misbehave(o, 'status', 'upload', {'attachments': [o.photo(b'\xff\xd8 x')]}, status=404)
        o.wait(c, 'not_sent', 'upload')
        held(o, 'endpoint answers 404')
        assert o.kinds(c) == []
        o.resume()
        o.wait(c, 'done')
        assert o.once() == 1


# --- hand-over

def handed(o, complaint):
    (report,) = o.stored(complaint)
    return report['handed']


def handovers(o, complaint):
    """Requests that reached the sandbox."""
    return [r for r in o.lapor.journal() if r['event'] == 'request' and r['call'] == 'handover'
            and r['ticket'] == complaint['ticket']]


@flow(limit=60)
def test_handover_of_a_report_that_is_gone(env):
    with opened(env) as o:
        c, m = o.snapshot(agency=AGENCY)
        o.lapor.script(rule(c, 'status', 'handover', status=404),
                          {'call': 'status', 'times': 1, 'action': 'status', 'args': {'status': 404}})
        o.put(c, [m])
        o.wait(c, 'parked', 'handover')
        assert o.reasons(c, 'handover')[-1] == 'report-not-found'
        assert o.kinds(c) == ['intent', 'done'] and o.once() == 1


@flow(limit=60)
def test_handover_when_the_read_fails_too(env):
    """Nothing is known: read again later, never sent on a guess."""
    with opened(env) as o:
        c, m = o.snapshot(agency=AGENCY)
        o.lapor.script(rule(c, 'drop_after_store', 'handover'),
                          {'call': 'status', 'times': 2, 'action': 'status', 'args': {'status': 500}})
        o.put(c, [m])
        o.wait(c, 'done', 'handover')
        assert handed(o, c) == [INSTITUTION] and len(handovers(o, c)) == 1
