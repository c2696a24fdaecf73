"""muaractl with a real forwarder and the sandbox: what is parked, rejected or handed out is listed,
resolved by a person, and the books balance with it. (Without a forwarder: test_muaractl_acts.)"""

import json

from harness import flow, wait_until
from harness.forwarding import Office
from harness.records import LaneWriter, complaint, decision_of, message
from harness.schema import validate_topic

WHY = ('--who', 'sri.utami', '--why', 'uji coba')


def ctl(env, *args):
    wait = ('--timeout', 90) if '--wait' in args else ()
    done = env.ctl('--json', *args, *wait, check=False, timeout=120)
    return done.returncode, json.loads(done.stdout)


def listed(env, *args):
    return {r['complaint']: r for r in ctl(env, 'parked', 'list', *args)[1]}


def ends(env):
    """Ends of the ready complaints by destination; no message is in the raw topics here."""
    return {r['destination']: {k: v for k, v in r.items() if v and k != 'destination'}
            for r in json.loads(env.ctl('--json', 'balance', check=False).stdout)['ready']}


@flow(limit=90)
def test_a_parked_follow_up(env):
    """It is listed, said what to look for, resolved by its report's number, and its story is told."""
    with Office(env) as o:
        m = o.message('Lampu mati.')
        o.start()
        c = o.ready(messages=[m])
        o.wait_state(c, 'done')
        o.lapor.script({'call': 'followup_add', 'action': 'drop_after_store', 'times': 1})
        c = o.adds(c, o.message('Masih mati.', attachments=[o.photo()]))
        o.wait_state(c, 'parked', 'followup')
        row = listed(env)[c['id']]
        assert (row['call'], row['state'], row['version']) == ('followup', 'parked', c['version'])
        shown = env.ctl('parked', 'show', row['attempt'])
        assert 'the report shows it' in shown and '--resend' in shown
        code, done = ctl(env, 'resolve', row['attempt'], '--filed', '99', *WHY, '--wait')
        assert code != 0 and done['reason'] == 'another-report-number', done
        number = str(o.stored(c)[0]['remote_id'])
        code, done = ctl(env, 'resolve', row['attempt'], '--filed', number, *WHY, '--wait')
        assert (code, done['state']) == (0, 'filed'), done
        assert listed(env) == {} and ends(env) == {'lapor': {'complaints': 1, 'done': 1}}
        assert 'followup of version 2 at lapor, attempt 1, tells 1 messages, 1 files' in env.ctl('trace', c['id'])


@flow(limit=180)
def test_parked_rejected_and_handed(env):
    with Office(env) as o:
        lost, bad, paper = o.message('Jalan retak'), o.message('Got mampet'), o.message('Parkir liar')
        o.start(o.destination(concurrency=1), o.destination('kantor', 'manual'))
        o.lapor.script({'call': 'create', 'action': 'drop_after_store', 'times': 1})
        lost = o.ready(messages=[lost])
        o.wait_state(lost, 'parked')
        o.lapor.script({'call': 'create', 'action': 'status', 'args': {'status': 422}, 'times': 1})
        bad = o.ready(messages=[bad])
        o.wait_state(bad, 'rejected')
        paper = o.ready(messages=[paper], destination='kantor')
        o.wait_state(paper, 'handed', 'sheet')
        rows = listed(env)
        assert {c: r['state'] for c, r in rows.items()} == {
            lost['id']: 'parked', bad['id']: 'rejected', paper['id']: 'handed'}
        assert rows[bad['id']]['http_status'] == 422

        # The portal shows it: filed under the number it has there.
        number = str(o.stored(lost)[0]['remote_id'])
        code, done = ctl(env, 'resolve', lost['ticket'], '--filed', number, *WHY, '--wait')
        assert (code, done['result'], done['state']) == (0, 'done', 'filed'), done
        code, done = ctl(env, 'resolve', bad['ticket'], '--drop', *WHY, '--wait')
        assert (code, done['state']) == (0, 'dropped')
        code, done = ctl(env, 'resolve', rows[paper['id']]['attempt'], '--filed', '7318990', *WHY,
                         '--wait')
        assert (code, done['state']) == (0, 'filed')
        assert listed(env) == {}
        assert ends(env) == {'lapor': {'complaints': 2, 'filed_by_hand': 1, 'dropped': 1},
                             'kantor': {'complaints': 1, 'filed_by_hand': 1}}
        done = env.ctl('resolve', lost['ticket'], '--drop', *WHY, check=False)
        assert done.returncode == 1 and 'no attempt of it is open' in done.stderr
        story = env.ctl('trace', number)
        assert 'parked' in story and 'resolve by sri.utami' in story and 'Jalan' not in story
        validate_topic(env, 'submissions')
        validate_topic(env, 'commands')


@flow(limit=180)
def test_an_earlier_attempt_was_stored_after_all(env):
    """A person had it sent again, which was refused; before or after that the first one's DONE comes: it is
    filed, and waits for nobody. When the second is parked, a person must look."""
    def intent():
        return log.append('intent', {**head, 'sources': [m['id']], 'content_hash': None})

    fates = {}
    for first_told, end in ((True, 'rejected'), (False, 'rejected'), (True, 'parked')):
        m = message(f'n{len(fates)}')
        c = complaint([m])
        LaneWriter(env, 'complaints').append('decision', decision_of(env, c, [m]))
        log = LaneWriter(env, 'submissions')
        head = {'at': c['opened_at'], 'complaint': c['id'], 'version': 1, 'destination': 'lapor',
                'system': 'sp4n', 'call': 'create', 'attempt': 1}
        first, old = intent(), (log.term, log.writer, 1)
        log.take_over(log.term + 1)
        log.append('parked', {**head, 'intent': first, 'reason': 'no-outcome'})
        log.append('resolved', {**head, 'intent': first, 'reason': None, 'resolution': 'not_filed', 'by': 'person'})
        second = intent()
        told = [((log.term, log.writer, log.n), end, {'attempt': 2, 'intent': second, 'reason': 'x'}),
                (old, 'done', {'intent': first, 'reason': None, 'remote_id': str(70 + len(fates))})]
        for (log.term, log.writer, log.n), kind, body in reversed(told) if first_told else told:
            log.append(kind, {**head, **body})
        fates[c['id']] = end
    assert {c: r['state'] for c, r in listed(env).items()} == {c: e for c, e in fates.items() if e == 'parked'}
    assert ends(env) == {'lapor': {'complaints': 3, 'done': 2, 'parked': 1}}


@flow(limit=180)
def test_pause_and_resume(env):
    with Office(env) as o:
        d = o.start()
        code, done = ctl(env, 'pause', 'lapor', *WHY, '--wait')
        assert (code, done['result'], done['destination']) == (0, 'done', 'lapor')
        c = o.ready('Lampu mati')
        wait_until(lambda: d.metrics()['muara_forwarder_waiting{destination="lapor"}'] == 1, 20,
                   'the complaint waits')
        assert ends(env) == {'lapor': {'complaints': 1, 'waiting': 1}} and not o.creates()
        code, done = ctl(env, 'resume', 'lapor', *WHY, '--wait')
        assert (code, done['result']) == (0, 'done')
        o.wait_state(c, 'done')
        assert ends(env) == {'lapor': {'complaints': 1, 'done': 1}}
        code, done = ctl(env, 'pause', 'nirwana', '--lane', '0', *WHY, '--wait')
        assert code == 1 and done['result'] == 'refused' and done['reason'] == 'unknown-destination'
        validate_topic(env, 'submissions')


@flow(limit=180)
def test_destination_list(env):
    """What stops a destination, from the log alone: no forwarder need be there."""
    with Office(env) as o:
        def stops():
            (row,) = json.loads(env.ctl('--json', 'destination', 'list'))
            assert (row['lane'], row['destination'], row['tenants']) == (0, 'lapor', ['malang'])
            return row['state'], row['reason']
        assert stops() == ('open', None)
        d = o.start()
        o.lapor.script({'call': 'create', 'action': 'status', 'args': {'status': 404}, 'times': 1})
        c = o.ready()
        wait_until(lambda: stops() == ('held', 'moved'), 30, 'the hold')
        ctl(env, 'pause', 'lapor', *WHY, '--wait')
        assert stops() == ('paused', None)
        d.stop()
        assert 'paused' in env.ctl('destination', 'list')
        d.start()
        ctl(env, 'resume', 'lapor', *WHY, '--wait')
        o.wait_state(c, 'done')
        assert stops() == ('open', None)


@flow(limit=180)
def test_lost_log_and_restore(env):
    """The operator's way after a lost log: nothing by itself, then --recreate, --accept, resume."""
    with Office(env) as o:
        d = o.start()
        c = o.ready()
        o.wait_state(c, 'done')
        assert d.stop() == 0
        topic = env.topic('submissions')
        env.kafka.delete_topic(topic)
        wait_until(lambda: topic not in env.kafka.topics(), 60, 'the topic is gone')
        done = env.ctl('topics', 'create', check=False)
        assert done.returncode == 1 and 'the log was lost' in done.stderr
        assert env.ctl('check', check=False).returncode == 1
        env.ctl('topics', 'create', '--recreate', 'submissions')
        d.start()
        d.wait_status('held, a person must look')
        code, done = ctl(env, 'restore', '--accept', 'forwarder', *WHY, '--wait')
        assert (code, done['result']) == (0, 'done'), done
        o.next_version(c, state='review')      # as the normalizer does with every ready one
        code, done = ctl(env, 'resume', 'lapor', *WHY, '--wait')
        assert (code, done['result']) == (0, 'done')
        other = o.ready()
        o.wait_state(other, 'done')
        assert len(o.creates(c)) == 1
