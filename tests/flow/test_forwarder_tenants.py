"""Several destinations and tenants in one forwarder: each with its own credentials, brakes and hold, none in another's
way; destinations of one system know of each other (lane.md 20), those of another one do not count."""

import os

from harness import flow, wait_until
from harness.forwarding import PROFILES, Office, Sandbox

OWN = {'lanes': 2, 'tenants': [{'name': 'malang', 'lane': 0, 'destination': 'lapor'},
                               {'name': 'batu', 'lane': 1, 'destination': 'batu'}]}
BATU = ('Bearer batu-auth', '{BATU0000-TOKE-NTOK-ENTO-KENTOKENTOKE}')
MOVED = {'call': 'create', 'action': 'status', 'args': {'status': 404}}
REFUSED = {'call': 'create', 'action': 'status', 'args': {'status': 422}}


class Tenants:
    """Malang in lane 0 files into `lapor`, Batu in lane 1 into `batu`, an account of its own at another sandbox."""

    def __init__(self, env):
        self.malang = Office(env)
        self.there = Sandbox(env.scratch.mkdir('batu'), '--auth', BATU[0], '--token', BATU[1]).start()
        self.batu, self.env = self.malang.beside(1), env
        self.batu.lapor = self.there

    def __enter__(self):
        return self

    def __exit__(self, *how):
        self.there.stop()
        self.malang.__exit__(*how)

    def start(self, malang=None, batu=None, **more):
        o = self.malang
        headers = [{'name': 'auth', 'secret': self.env.secret('batu_auth', BATU[0])},
                   {'name': 'token', 'secret': self.env.secret('batu_token', BATU[1])}]
        d = o.start(o.destination(**malang or {}),
                    o.destination('batu', base=self.there.base, headers=headers, **batu or {}), **more)
        self.batu.daemon = d
        return d

    def ready(self, n=1):
        """(of Malang, of Batu)"""
        return [self.malang.ready() for _ in range(n)], [self.batu.ready(destination='batu') for _ in range(n)]


def done(states):
    return set(states) == {'done'}


@flow(limit=60, muara=OWN)
def test_a_held_and_a_slow_one_beside_a_healthy_one(env):
    """One destination is held, then hangs with all its places taken: all of the other one's are filed meanwhile."""
    with Tenants(env) as t:
        d = t.start()
        t.malang.lapor.script({**MOVED, 'times': 1})
        (stuck,), first = t.ready()
        wait_until(lambda: 'lapor held: endpoint answers 404' in d.status, 20, lambda: f'held: {d.status!r}')
        _, theirs = t.ready(env.count(20, 8))
        t.batu.wait_states([*first, *theirs], done)
        assert len(t.malang.creates()) == 1
        assert not t.batu.records('hold'), 'nobody of that lane files there'
        t.malang.lapor.script({'call': 'create', 'action': 'hang'})
        t.malang.resume()
        wait_until(lambda: len(t.malang.creates()) == 2, 20, 'its call hangs')
        _, theirs = t.ready(env.count(20, 8))
        t.batu.wait_states(theirs, done)
        assert t.malang.state(stuck) == 'intent'
        # STATUS is told each second; all of theirs may be filed in less.
        wait_until(lambda: 'one call at a time' in d.status, 20, lambda: f'the call hangs: {d.status!r}')
        t.malang.lapor.stop()


@flow(limit=60, muara=OWN)
def test_a_dead_credential_is_of_one_account(env):
    """Each has its own: Batu's is refused, Malang's complaints are filed, and only they."""
    with Tenants(env) as t:
        t.there.configure(auth_header='Authorization')  # ours is named `auth`
        d = t.start()
        ours, theirs = t.ready(3)
        t.malang.wait_states(ours, done)
        wait_until(lambda: 'batu held: credential refused' in d.status, 20, lambda: f'held: {d.status!r}')
        t.there.configure(auth_header='any')
        t.batu.wait_states(theirs, done)
        for o, here in ((t.malang, ours), (t.batu, theirs)):
            assert {f['ticket'] for f in o.lapor.filed()} == {c['ticket'] for c in here}


@flow(limit=60, muara=OWN)
def test_the_hourly_brake_is_of_a_destination(env):
    with Tenants(env) as t:
        d = t.start(dict(max_filings_per_hour=2))
        ours, theirs = t.ready(4)
        t.batu.wait_states(theirs, done)
        wait_until(lambda: 'lapor held: max_filings_per_hour' in d.status, 20, lambda: f'held: {d.status!r}')
        t.malang.wait_states(ours, lambda states: states.count('done') == 2)
        d.wait_status('batu open')


# --- one system, several destinations (lane.md 20)

ONE = {'tenants': [{'name': 'malang', 'lane': 0, 'destination': 'lapor'}]}


def both(o, env, **lapor):
    return o.start(o.destination(**lapor), o.destination('kantor', 'manual'))


def refusal(o, c):
    r = wait_until(lambda: [e.body for e in o.records('refused') if e.body['complaint'] == c['id']], 20,
                   f'{c["ticket"]} is refused')[0]
    return r['destination'], r['other'], r['reason']


@flow(limit=60, muara=ONE)
def test_its_destination_is_changed_after_it_may_be_stored(env):
    """Parked at LAPOR!; an officer sends it to the desk, which files into the same system: refused, no sheet."""
    with Office(env) as o:
        both(o, env)
        o.lapor.script({'call': 'create', 'action': 'drop_after_store', 'times': 1})
        c = o.ready()
        a = o.wait_state(c, 'parked')
        desk = o.next_version(c, destination='kantor')
        assert refusal(o, c) == ('kantor', c['id'], 'source-filed-already')
        assert o.state(c, 'sheet') is None and not os.listdir(env.scratch.path('sheets'))
        # A person says that it is not there: now the desk may have it, at the next version.
        o.later(150_000)
        o.command('resolve', complaint=c, destination='lapor', attempt=a.name, resolution='resend')
        wait_until(lambda: o.state(c) == 'not_filed', 20, 'resolved')
        o.next_version(desk)
        o.wait_state(c, 'handed', 'sheet')
        assert len(o.creates(c)) == 1


@flow(limit=60, muara=ONE)
def test_a_sheet_stands_in_the_way_of_a_create(env):
    with Office(env) as o:
        both(o, env)
        c = o.ready(destination='kantor')
        o.wait_state(c, 'handed', 'sheet')
        o.next_version(c, destination='lapor')
        assert refusal(o, c) == ('lapor', c['id'], 'source-filed-already')
        # The same message in another complaint, too.
        m = o.message()
        first = o.ready(messages=[m], destination='kantor')
        o.wait_state(first, 'handed', 'sheet')
        second = o.ready(messages=[o.message(), m])
        assert refusal(o, second) == ('lapor', first['id'], 'source-filed-already')
        o.wait_state(o.ready(), 'done')
        assert not o.creates(c) and not o.creates(second)


@flow(limit=60, muara=ONE)
def test_what_was_refused_there_may_go_elsewhere(env):
    with Office(env) as o:
        both(o, env)
        o.lapor.script({**REFUSED, 'times': 1})
        c = o.ready()
        o.wait_state(c, 'rejected')
        o.next_version(c, destination='kantor')
        o.wait_state(c, 'handed', 'sheet')
        assert not o.records('refused')


@flow(limit=60, muara=ONE)
def test_shadow_and_training_do_not_count(env):
    """What was only observed, or filed into a training system, is filed where it belongs; and not back again."""
    with open(os.path.join(PROFILES, 'lapor-v3.yaml'), encoding='utf-8') as f:
        text = f.read()
    training = env.scratch.write('latihan.yaml', text.replace('\nsystem: lapor\n', '\nsystem: latihan\n'))
    with Office(env) as o, Sandbox(env.scratch.mkdir('latihan')) as there:
        o.start(o.destination(), o.destination('bayangan', 'observe'),
                {**o.destination('latihan', base=there.base), 'profile': training})
        c = o.ready(destination='bayangan')
        wait_until(lambda: os.listdir(env.scratch.path('observed')), 20, 'it is observed')
        o.next_version(c, destination='latihan')
        wait_until(there.filed, 20, 'it is filed for training')
        wait_until(lambda: [a.state for a in o.attempts(c)] == ['done'], 20, 'done')
        o.next_version({**c, 'version': 2}, destination='lapor')
        wait_until(lambda: o.stored(c) or o.records('refused'), 20, 'it is filed')
        wait_until(lambda: [(a.system, a.state) for a in o.attempts(c)]
                   == [('latihan', 'done'), ('lapor', 'done')], 20, lambda: f'{o.kinds(c)}')
        assert not o.records('refused') and len(there.filed()) == 1 and o.once() == 1


# --- what waits

@flow(limit=60, muara=ONE)
def test_a_backlog_is_remembered_by_its_place(env):
    """Beyond backlog_memory only offsets are kept; each text is read again when its turn comes."""
    bound = 16384
    with Office(env) as o:
        d = o.start(backlog_memory=bound)
        o.absorbed(o.command('pause', destination='lapor'))
        many = [o.ready(f'Jalan {n} rusak. ' + 'Sudah lama sekali. ' * 60) for n in range(env.count(60, 30))]
        waiting = 'muara_forwarder_waiting{destination="lapor"}'
        wait_until(lambda: d.metrics()[waiting] == len(many), 30, 'all wait')
        assert 0 < d.metrics()['muara_forwarder_backlog_bytes'] <= bound
        o.resume()
        o.wait_states(many, done)
        assert o.once() == len(many)
        texts = {f['ticket']: f['fields']['content'] for f in o.lapor.filed()}
        assert all(c['text'].strip() in texts[c['ticket']] for c in many)
        wait_until(lambda: d.metrics()['muara_forwarder_backlog_bytes'] == 0, 20, 'nothing waits')


@flow(limit=60, muara=ONE)
def test_an_absurd_retry_after(env):
    """A day at most, "now" is no invitation; the other destinations go on."""
    with Office(env) as o, Sandbox(env.scratch.mkdir('well')) as well:
        d = o.start(o.destination(), o.destination('sehat', base=well.base))
        for args in ({'retry_after': 10 ** 9}, {'retry_after': 10 ** 7, 'form': 'date'}):
            o.lapor.script({'call': 'create', 'action': '429', 'times': 1, 'args': args})
            c = o.ready()
            o.wait(c, 'not_sent')
            o.wait_state(o.ready(destination='sehat'), 'done')
            assert o.kinds(c) == ['intent', 'not_sent'], args
            d.wait_status('lapor one call at a time')
            o.later(25 * 3600 * 1000)
            o.wait_state(c, 'done')
        for args in ({'retry_after': 0}, {'retry_after': -3600, 'form': 'date'}):
            o.lapor.script({'call': 'create', 'action': '429', 'times': 1, 'args': args})
            o.wait(o.ready(), 'done')
        assert o.once() == 4
