"""What a forwarder leaves behind that is killed, frozen, cut off or told to stop, and what its
successor makes of it: nothing is sent twice, and parked is exactly what nobody can know. Every crash
point of every call: test_forwarder_campaign.py."""

import os

from harness import flow, wait_until
from harness.campaign import LONG_MS, at_rest, audit, rest
from harness.forwarding import Office, fits_the_journal
from harness.records import genesis, only_small

DURABLE = {'message_timestamp_type': 'LogAppendTime', 'cleanup_policy': 'delete',
           'retention_ms': -1, 'flush_messages': 1}


@flow(limit=90)
def test_kill_at_the_answer_under_load(env):
    with Office(env) as o:
        o.lapor.configure(create_delay_ms=200)  # longer than it takes to begin the next one
        many = [o.ready() for _ in range(env.count(24, 12))]
        d = o.start(supervise=True, crash='answer-read:6', filing=False)
        wait_until(lambda: d.restarts == 1, 60, 'it is reached')
        o.wait_filing(d)
        rest(o, many, orphans=True)
        o.later(LONG_MS)
        rest(o, many)
        audit(o, many)
        (hit,) = env.crashes()
        assert hit.point == 'answer-read' and hit.in_flight > 0, hit
        left = {a.complaint for a in o.filings().attempts.values() if a.own_end is None}
        assert left and o.parked() == left, 'parked is what the dead one left, no more'


@flow(limit=60)
def test_what_a_dead_one_left_waits(env):
    """Nobody touches the call of a killed process while it may still travel."""
    with Office(env) as o:
        c = o.ready()
        d = o.start(supervise=True, crash='answer-read:1', filing=False)
        wait_until(lambda: d.restarts == 1, 60, 'killed')
        o.wait_filing(d)
        o.wait_state(o.ready(), 'done')
        a = o.attempts(c)[0]
        assert a.state == 'intent'
        early = o.command('resolve', complaint=c, destination='lapor', attempt=a.name,
                          resolution='resend')
        assert o.absorbed(early).body['reason'] == 'under-way'
        o.later(LONG_MS)
        o.wait_state(c, 'parked')


@flow(limit=90)
def test_kill_during_upload_and_handover(env):
    """The upload is made again, the hand-over is read back: nobody has to look."""
    with Office(env) as o:
        m = o.message('Jembatan retak.', attachments=[o.photo()])
        c = o.ready(messages=[m], agency='Dinas Perhubungan')
        # 1st answer: the upload's; 2nd process: upload, create, hand-over
        d = o.start(supervise=True, crash=['answer-read:1', 'answer-read:3'], filing=False)
        wait_until(lambda: d.restarts == 1, 60, 'killed at the upload')
        o.wait_filing(d)
        o.later(LONG_MS)
        wait_until(lambda: d.restarts == 2, 60, 'killed at the hand-over')
        o.wait_filing(d)
        assert o.state(c) == 'done' and o.state(c, 'handover') == 'intent'
        o.later(LONG_MS)
        assert o.wait_state(c, ('filed', 'parked'), 'handover').state == 'filed'
        assert [a.state for a in o.attempts(c, 'upload')] == ['not_filed', 'done']
        assert len(o.stored(c)) == 1 and o.stored(c)[0]['handed'] == [77]
        assert not o.faults


@flow(limit=90)
def test_answer_lost_after_it_stored(env):
    """Parked; a person finds it there and types the number; the hand-over follows."""
    with Office(env) as o:
        o.lapor.script({'call': 'create', 'action': 'drop_after_store', 'times': 1})
        o.start()
        c = o.ready(agency='Dinas Perhubungan')
        a = o.wait_state(c, 'parked')
        early = o.command('resolve', complaint=c, destination='lapor', attempt=a.name,
                          resolution='resend')
        assert o.absorbed(early).body['reason'] == 'too-early-may-still-arrive'
        number = str(o.stored(c)[0]['remote_id'])
        o.command('resolve', complaint=c, destination='lapor', attempt=a.name, resolution='filed',
                  remote_id=number)
        o.wait_state(c, 'filed')
        o.wait_state(c, 'done', 'handover')
        again = o.command('resolve', complaint=c, destination='lapor', attempt=a.name,
                          resolution='drop')
        assert o.absorbed(again).body['reason'] == 'already-resolved'
        assert len(o.creates(c)) == 1 and o.stored(c)[0]['handed'] == [77]
        other = o.ready()  # the destination has rested and goes on
        o.wait_state(other, 'done')


@flow(limit=90)
def test_resend_by_a_person(env):
    with Office(env) as o:
        o.lapor.script({'call': 'create', 'action': 'drop_before', 'times': 1})
        o.start()
        c = o.ready()
        a = o.wait_state(c, 'parked')
        o.later(LONG_MS)
        o.command('resolve', complaint=c, destination='lapor', attempt=a.name, resolution='resend')
        o.wait_state(c, 'done')
        assert [x.state for x in o.attempts(c)] == ['not_filed', 'done']
        assert len(o.stored(c)) == 1


def stalled(env, o, point, **more):
    """A forwarder that stands still at a point, and the file that lets it go on."""
    go = env.scratch.path('go')
    d = env.daemon('forwarder', o.config(**more), env={'MUARA_STALL': f'{point}:1:{go}'})
    o.daemon = d
    o.wait_filing(d)
    return d, lambda: env.scratch.write('go', ''), env.scratch.path('go.here')


def wait_file(path):
    wait_until(lambda: os.path.exists(path), 30, f'{path} is made')


@flow(limit=60)
def test_hold_between_intent_and_send(env):
    with Office(env) as o:
        _, go, here = stalled(env, o, 'after-intent')
        c = o.ready()
        wait_file(here)
        o.next_version(c, state='held')
        go()
        a = o.wait_state(c, 'not_sent')
        assert a.records[0].body['reason'] == 'not-ready-any-more'
        other = o.ready()
        o.wait_state(other, 'done')
        assert not o.creates(c)


@flow(limit=60)
def test_pause_between_intent_and_send(env):
    with Office(env) as o:
        _, go, here = stalled(env, o, 'after-intent')
        c = o.ready()
        wait_file(here)
        o.command('pause', destination='lapor')
        go()
        a = o.wait_state(c, 'not_sent')
        assert a.records[0].body['reason'] == 'paused'
        assert not o.creates(c)
        o.command('resume', destination='lapor')
        o.wait_state(c, 'done')


@flow(limit=60)
def test_newer_version_between_intent_and_send(env):
    with Office(env) as o:
        _, go, here = stalled(env, o, 'after-intent')
        c = o.ready()
        wait_file(here)
        o.next_version(c, text='Lampu mati dan tiang miring.')
        go()
        o.wait_state(c, 'done')
        assert [a.version for a in o.attempts(c)] == [1, 2]
        assert len(o.creates(c)) == 1
        assert 'tiang miring' in o.stored(c)[0]['fields']['content']


@flow(limit=90)
def test_too_late_after_a_freeze(env):
    """Frozen between the confirmation and the send: it is not sent any more."""
    with Office(env) as o:
        _, go, here = stalled(env, o, 'after-intent')
        c = o.ready()
        wait_file(here)
        o.later(9 * 1000)  # less than the deadline of an append: the lane stays
        go()
        wait_until(lambda: o.attempts(c) and o.attempts(c)[0].state != 'intent', 30, 'an end')
        first = o.attempts(c)[0]
        assert [e.body['reason'] for e in first.records] == ['too-late'], first.state
        o.wait_state(c, 'done')
        assert len(o.creates(c)) == 1


@flow(limit=120)
def test_zombie_sends_nothing_twice(env):
    """Stopped beyond the session timeout with calls under way; another one takes the lane; then it
    wakes up."""
    with Office(env) as o:
        first = o.start(label='first')
        o.lapor.configure(create_delay_ms=3000)
        many = [o.ready() for _ in range(12)]
        wait_until(lambda: len(o.creates()) >= 4, 30, 'calls are under way')
        first.freeze()
        second = o.start(label='second', filing=False)
        o.wait_filing(second)
        o.lapor.configure(create_delay_ms=0)
        o.wait_states(many, lambda states: states.count('done') >= 8)
        first.thaw()
        wait_until(lambda: ': lost: ' in first.log_text(), 60, 'the first one knows')
        # The group may give it back to either; each takes what the other left.
        wait_until(lambda: o.files(first) != o.files(second), 60, 'one of the two files')
        # The clock turns at rest: what the first one had under way has its own word, which counts or is void.
        wait_until(lambda: all(o.kinds(c)[-1] != 'intent' or f'outcome id={c["id"]} verdict=parked' in first.log_text()
                               for c in many), 60, lambda: f'the words of the first: {[o.kinds(c) for c in many]}')
        o.absorbed(o.resume())  # whoever owns the lane has read them
        o.later(LONG_MS)
        o.wait_states(many, at_rest)
        filings = o.filings()
        assert not o.faults, o.faults
        assert all(len(o.creates(c)) == 1 for c in many), 'sent once each'
        fits_the_journal(o, many, filings)


@flow(limit=60)
def test_intent_that_cannot_be_written_sends_nothing(env):
    with Office(env) as o:
        d = o.start()
        o.wait_state(o.ready(), 'done')
        settings = env.kafka.topic_config(env.topic('submissions'))
        only_small(env, 'submissions', 300, **DURABLE)
        c = o.ready()
        wait_until(lambda: d.log_text().count('append failed') >= 2, 30, 'appends fail')
        assert not o.creates(c)
        env.kafka.set_topic_config(env.topic('submissions'), **{
            **DURABLE, 'max_message_bytes': settings['max.message.bytes']})
        o.wait_state(c, 'done')
        assert len(o.creates(c)) == 1


@flow(limit=90)
def test_submissions_lost_and_accepted(env):
    """The log is made anew: the lane holds; a person accepts; nothing moves before a resume."""
    with Office(env) as o:
        d = o.start()
        c = o.ready()
        o.wait_state(c, 'done')
        installation = env.kafka.read_all(env.topic('submissions'))[0].json['installation']
        d.stop()
        topic = env.topic('submissions')
        env.kafka.delete_topic(topic)
        wait_until(lambda: topic not in env.kafka.topics(), 20, 'the topic is gone')
        env.kafka.create_topic(topic, **DURABLE)
        genesis(env, 'submissions', installation)
        d.start()
        d.wait_status('held, a person must look')
        accept = o.command('accept_restore', target='forwarder')
        wait_until(lambda: 'log restored' in d.status or len(o.creates(c)) > 1, 20,
                   lambda: f'the hold is told: {d.status!r}')
        assert o.absorbed(accept).body['result'] == 'done'
        assert len(o.creates(c)) == 1
        d.restart()  # the hold outlives the process
        d.wait_status('log restored')
        o.next_version(c, state='review')
        o.command('resume', destination='lapor')
        other = o.ready()
        o.wait_state(other, 'done')
        assert len(o.creates(c)) == 1 and o.state(c) is None


@flow(limit=90)
def test_term_waits_for_calls_under_way(env):
    with Office(env) as o:
        o.lapor.configure(create_delay_ms=4000)
        many = [o.ready() for _ in range(10)]  # all there before the first call begins
        d = o.start()
        wait_until(lambda: len(o.creates()) >= 4, 30, 'four are under way')
        assert d.stop() == 0
        states, sent = o.states(many), len(o.creates())
        assert states.count('done') == sent < len(many) and states.count('intent') == 0, states


@flow(limit=120, own=True)
def test_lost_term_with_an_answer_known(env):
    """An append fails while calls are under way: what we know is written under the new term."""
    with Office(env) as o:
        d = o.start(session_timeout='60s')  # the lane is kept, however long the broker stands still
        o.lapor.configure(create_delay_ms=3000)
        many = [o.ready() for _ in range(4)]
        wait_until(lambda: len(o.creates()) == 4, 30, 'four are under way')
        env.kafka.freeze()  # outcomes cannot be written within their deadline
        wait_until(lambda: [f['answered'] for f in o.lapor.filed()] == [201] * 4, 30, 'all answered')
        o.later(11 * 1000)
        d.wait_status('reading', 30)
        env.kafka.thaw()
        o.wait_states(many, lambda states: set(states) <= {'done', 'filed'}, 90)
        assert all(len(o.creates(c)) == 1 for c in many)
        assert not o.faults, o.faults



def resent_beside_a_sleeper(o, **second):
    """A sleeper's call was stored and it cannot tell; its successor parks it, and a person resends. Gives the
    complaint, both processes and what wakes the sleeper."""
    env = o.env
    go = env.scratch.path('go-first')
    first = o.start(label='first', env={'MUARA_STALL': f'answer-read@create:1:{go}'})
    c = o.ready()
    wait_file(go + '.here')
    first.freeze()
    o.daemon = o.start(label='second', filing=False, **second)
    o.wait_filing(o.daemon)
    o.later(LONG_MS)
    a = o.wait_state(c, 'parked')

    def resend():
        o.command('resolve', complaint=c, destination='lapor', attempt=a.name, resolution='resend')

    def wake():
        env.scratch.write('go-first', '')
        first.thaw()
        wait_until(lambda: o.attempts(c)[0].state == 'done', 60, 'the first one was stored after all')
    return c, first, o.daemon, resend, wake


def filed_once(o, c, first, second):
    """By the first attempt; nothing is sent any more, though there is time for it."""
    wait_until(lambda: o.files(first) != o.files(second), 60, 'one of the two files')
    o.later(LONG_MS)
    o.wait_state(o.ready(), 'done')
    assert len(o.creates(c)) == 1, [(x.name, x.state) for x in o.attempts(c)]
    assert len(o.stored(c)) == 1 and o.once() == 2
    assert not o.faults, o.faults


@flow(limit=240)
def test_late_done_of_an_earlier_attempt(env):
    """The second one does not get there, and then the sleeper tells of its success. What the citizen wrote
    meanwhile is told to that report."""
    with Office(env) as o:
        c, first, second, resend, wake = resent_beside_a_sleeper(o)
        o.lapor.stop()
        resend()
        wait_until(lambda: [x.state for x in o.attempts(c)][1:2] == ['not_sent'], 60,
                   lambda: f'the second one does not get there: {[x.state for x in o.attempts(c)]}')
        c = o.adds(c, o.message('Sekarang juga padam di seberang.'))
        wake()
        o.lapor.start()
        filed_once(o, c, first, second)
        (told,) = o.wait_told(c, 1)
        assert 'padam di seberang' in told['content']


@flow(limit=240)
def test_late_done_before_the_second_is_sent(env):
    """It comes between the second INTENT and its sending."""
    with Office(env) as o:
        go = env.scratch.path('go-second')
        c, first, second, resend, wake = resent_beside_a_sleeper(
            o, env={'MUARA_STALL': f'after-intent@create:1:{go}'})
        resend()
        wait_file(go + '.here')
        wake()
        env.scratch.write('go-second', '')
        o.wait_state(c, 'not_sent')
        filed_once(o, c, first, second)
