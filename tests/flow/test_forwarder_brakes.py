"""What stops a destination: holds that outlive the process, brakes that the lanes of a process
share, turns between lanes."""

import os

from harness import flow, wait_until
from harness.forwarding import Office, Sandbox, opened
from harness.records import only_small

TWO_LANES = {'lanes': 2, 'tenants': [{'name': 'malang', 'lane': 0, 'destination': 'lapor'},
                                     {'name': 'batu', 'lane': 1, 'destination': 'lapor'}]}
POINT = 'hold-counted'
MOVED = {'call': 'create', 'action': 'status', 'args': {'status': 404}}


def words(o, name='lapor'):
    """What the lane's log says of the destination's holds, in order."""
    return [(e.body['state'], e.body['reason']) for e in o.records('hold')
            if e.body['destination'] == name]


def wait_words(o, *expected):
    wait_until(lambda: words(o) == list(expected), 30,
               lambda: f'lane {o.lane} says {expected}: {words(o)}; {o.daemon.status!r}')


class TwoDestinations:
    """`lapor`, which misbehaves, and beside it one that is well: what waits for the one while the
    other has filed was not sent, and not only not sent yet."""

    def __init__(self, env):
        self.office, self.well = Office(env), Sandbox(env.scratch.mkdir('well')).start()

    def __enter__(self):
        return self

    def __exit__(self, *how):
        self.well.stop()
        self.office.__exit__(*how)

    def start(self, lapor=None, **more):
        o = self.office
        return o.start(o.destination(**lapor or {}), o.destination('sehat', base=self.well.base), **more)

    def still_files(self):
        c = self.office.ready(destination='sehat')
        self.office.wait_state(c, 'done')


@flow(limit=60)
def test_a_hold_outlives_the_process(env):
    with TwoDestinations(env) as two:
        o, d = two.office, two.start()
        o.lapor.script({**MOVED, 'times': 1})
        c = o.ready()
        wait_words(o, ('held', 'moved'))
        d.restart()
        d.wait_status('held: endpoint answers 404')
        o.wait_filing(d)
        two.still_files()
        assert len(o.creates()) == 1 and o.kinds(c) == ['intent', 'not_sent']
        o.resume()
        o.wait_state(c, 'done')
        d.restart()  # the resume does, too
        o.wait_filing(d)
        o.wait_state(o.ready(), 'done')
        assert words(o) == [('held', 'moved')] and len(o.creates()) == 3
        o.filings()
        assert not o.faults, o.faults


@flow(limit=90)
def test_doubt_outlives_the_process(env):
    """In an outage a restart costs one create, not as many as may travel at once."""
    with opened(env, concurrency=4, pause_base='30m', max_filings_per_hour=0) as o:
        o.lapor.script({'call': 'create', 'action': 'status', 'args': {'status': 504}})
        many = o.ready_many(20)
        o.wait_states(many, lambda s: 'parked' in s and 'intent' not in s)
        before = o.parked()
        o.daemon.restart()
        o.wait_filing(o.daemon)
        wait_until(lambda: len(o.parked()) > len(before), 60, 'a read has passed, and one create was tried')
        o.daemon.wait_status('cooling')
        o.wait_states(many, lambda s: 'intent' not in s)
        assert len(o.parked()) == len(before) + 1, o.parked()
        o.filings()
        assert not o.faults, o.faults


@flow(limit=60)
def test_kill_when_a_hold_is_counted(env):
    with TwoDestinations(env) as two:
        o = two.office
        o.lapor.script({**MOVED, 'times': 1})
        c = o.ready()
        d = two.start(supervise=True, crash=f'{POINT}:1', filing=False)
        wait_until(lambda: d.restarts == 1, 60, 'the point is reached')
        o.wait_filing(d)
        other = o.ready()
        two.still_files()
        assert len(o.creates()) == 1 and o.state(other) is None, 'nothing was tried'
        o.resume()
        o.wait_states([other], lambda s: s == ['done'])
        o.later(150_000)  # the call of the dead process
        o.wait_states([c], lambda s: s in (['done'], ['parked']))
        o.filings()
        assert not o.faults, o.faults


@flow(limit=60)
def test_a_hold_that_cannot_be_written_is_said_again(env):
    durable = {'message_timestamp_type': 'LogAppendTime', 'cleanup_policy': 'delete',
               'retention_ms': -1, 'flush_messages': 1}
    with TwoDestinations(env) as two:
        go = env.scratch.path('go')
        o, d = two.office, two.start(env={'MUARA_STALL': f'answer-read:1:{go}'})
        topic = env.topic('submissions')
        size = env.kafka.topic_config(topic)['max.message.bytes']
        o.lapor.script({**MOVED, 'times': 1})
        c = o.ready()
        wait_until(lambda: os.path.exists(f'{go}.here'), 30, 'it stands still at the answer')
        only_small(env, 'submissions', 200, **durable)
        env.scratch.write('go', '')
        wait_until(lambda: 'append failed' in d.log_text(), 30, 'an append fails')
        env.kafka.set_topic_config(topic, **{**durable, 'max_message_bytes': size})
        wait_words(o, ('held', 'moved'))
        two.still_files()
        o.resume()
        o.wait_state(c, 'done')
        assert len(o.creates(c)) == 2


@flow(limit=60)
def test_a_renewed_credential_opens_a_held_one_after_a_restart(env):
    with TwoDestinations(env) as two:
        o, d = two.office, two.start(dict(pause_base='30m'))
        o.lapor.configure(auth_header='Authorization')  # ours is named `auth`
        c = o.ready()
        wait_words(o, ('held', 'credential'))
        d.restart()
        d.wait_status('held: credential refused')
        wait_until(lambda: 'probe fails' in d.log_text().split('inputs are read')[-1], 20, 'it probes soon')
        two.still_files()
        assert len(o.creates()) == 1
        o.lapor.configure(auth_header='any')
        d.restart()
        o.wait_state(c, 'done')
        wait_words(o, ('held', 'credential'), ('open', 'probe-passed'))


@flow(limit=60)
def test_an_hourly_hold_and_its_end_outlive_the_process(env):
    with TwoDestinations(env) as two:
        o, d = two.office, two.start(dict(max_filings_per_hour=2))
        first = [o.ready() for _ in range(2)]
        o.wait_states(first, lambda states: set(states) == {'done'})
        third = o.ready()
        wait_words(o, ('held', 'hourly'))
        d.restart()
        d.wait_status('max_filings_per_hour')
        o.wait_filing(d)
        two.still_files()
        assert o.state(third) is None
        o.resume()
        o.wait_state(third, 'done')
        d.restart()  # the two of before the resume count no more
        o.wait_filing(d)
        o.wait_state(o.ready(), 'done')
        assert words(o) == [('held', 'hourly')]


@flow(limit=60, muara=TWO_LANES)
def test_lanes_share_a_hold(env):
    with Office(env) as o:
        d, other = o.start(), o.beside(1)
        o.lapor.script({**MOVED, 'times': 1})
        c = o.ready()
        for lane in (o, other):
            wait_words(lane, ('held', 'moved'))
        waits = other.ready()
        wait_until(lambda: d.metrics()['muara_forwarder_waiting{destination="lapor"}'] == 2, 20, 'both wait')
        assert len(o.creates()) == 1 and other.state(waits) is None
        other.resume()  # in one lane: the destination is one
        other.wait_state(waits, 'done')
        o.wait_state(c, 'done')
        wait_words(o, ('held', 'moved'), ('open', 'resumed'))
        wait_words(other, ('held', 'moved'))
        for lane in (o, other):
            lane.filings()
            assert not lane.faults, lane.faults


@flow(limit=90, muara=TWO_LANES)
def test_a_hold_moves_with_its_lane(env):
    """Another process that is given a lane begins with its hold: no call finds out anew."""
    with Office(env) as o:
        first, other = o.start(label='first'), o.beside(1)
        o.lapor.script({**MOVED, 'times': 1})
        c = o.ready()
        for lane in (o, other):
            wait_words(lane, ('held', 'moved'))
        second = o.start(label='second', filing=False)
        wait_until(lambda: second.metrics().get('muara_forwarder_lanes') == 1, 60, 'it is given a lane')
        wait_until(lambda: first.metrics().get('muara_forwarder_lanes') == 1, 60, 'the first one keeps the other')
        waits = other.ready()
        state = 'muara_forwarder_destination_state{destination="lapor"}'
        for d in (first, second):
            wait_until(lambda d=d: d.metrics()[state] == 3, 20, f'{d.label} holds it')
            wait_until(lambda d=d: d.metrics()['muara_forwarder_waiting{destination="lapor"}'] == 1, 20, 'one waits')
        assert len(o.creates()) == 1
        for lane in (o, other):
            lane.resume()
        o.wait_state(c, 'done')
        other.wait_state(waits, 'done')
        assert o.once() == 2


@flow(limit=60, muara=TWO_LANES)
def test_lanes_share_places_and_take_turns(env):
    with Office(env) as o:
        other = o.beside(1)
        long = [o.ready() for _ in range(env.count(40, 24))]
        short = [other.ready() for _ in range(6)]
        o.lapor.configure(create_delay_ms=60)
        o.start(o.destination(concurrency=2))
        other.wait_states(short, lambda states: set(states) == {'done'})
        o.wait_states(long, lambda states: set(states) == {'done'})
        journal = o.lapor.journal()
        assert o.at_once() <= 2
        order = [line['ticket'] in [c['ticket'] for c in short] for line in journal
                 if line['event'] == 'request' and line['call'] == 'create']
        first, last = order.index(True), len(order) - 1 - order[::-1].index(True)
        between = order[first:last].count(False)
        assert between <= len(short) + 4, f'the short queue waited for the long one: {order}'


@flow(limit=60, muara=TWO_LANES)
def test_a_lane_that_waits_no_more_lets_others_go_on(env):
    with Office(env) as o:
        d, other = o.start(o.destination(concurrency=1)), o.beside(1)
        o.lapor.configure(create_delay_ms=60_000)
        first = o.ready()
        wait_until(o.creates, 20, 'the only place is taken')
        gone = other.ready()
        waiting = 'muara_forwarder_waiting{destination="lapor"}'
        wait_until(lambda: d.metrics()[waiting] == 1, 20, 'lane 1 waits')
        second = o.ready()
        wait_until(lambda: d.metrics()[waiting] == 2, 20, 'lane 0 waits behind it')
        other.next_version(gone, state='held')
        wait_until(lambda: d.metrics()[waiting] == 1, 20, 'lane 1 waits no more')
        o.lapor.configure(create_delay_ms=0)
        o.wait_states([first, second], lambda states: states == ['done', 'done'])
        assert other.state(gone) is None


@flow(limit=60, muara=TWO_LANES)
def test_the_hourly_brake_counts_all_lanes(env):
    with Office(env) as o:
        other = o.beside(1)
        d = o.start(o.destination(max_filings_per_hour=3))
        many = [o.ready() for _ in range(2)]
        o.wait_states(many, lambda states: set(states) == {'done'})
        more = [other.ready() for _ in range(2)]
        wait_words(other, ('held', 'hourly'))
        wait_words(o, ('held', 'hourly'))
        assert len(o.lapor.filed()) == 3
        d.restart()
        d.wait_status('max_filings_per_hour')
        o.wait_filing(d)
        assert len(o.lapor.filed()) == 3
        o.resume()
        other.wait_states(more, lambda states: set(states) == {'done'})
