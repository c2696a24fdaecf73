"""The lane's rules on real Kafka, with compaction forced: what the model test
(tests/unit/test-lane_model.c) cannot know is how a broker behaves.

Where each fault that a log can suffer is proven:

    one of two merged persons erased, compaction forced,
        raw read anew: readers from before and after       here
    a value gone that no erasure names                      here
    a log's folder put back while Redis is newer, while
        only the witness is newer                           here
    the same while both are                                 test_normalizer_holds
    commits deleted                                         here
    commits that name another record                        test_normalizer_faults
    a new raw topic under two members                       here
    two living processes of one group.instance.id           here
    one that sleeps beside its namesake                     test_e2e_faults
    `submissions` made anew                                 test_normalizer_holds, test_forwarder_crash,
                                                            test_muaractl_filing
    media before its message, an oversized decision         test_normalizer_places
    a hold appended between INTENT and send                 test_forwarder_crash
    an append of a living owner that fails                  test_normalizer_faults
    a zombie writes under an old term                       test_muaractl_trace, test_e2e_faults

Cannot be done here: an erasure by Muara itself, which has no `erase` yet (a
LaneWriter writes what its owner would: the counted record that restates, then
the tombstone); loss by a change of leader or a power cut, which needs several
brokers; readers that start from a stored position: no daemon keeps one yet
(tests/unit/test-lane.c, test_position).
"""

import json
import os
import sys

from harness import ROOT, flow, wait_until, yaml_text
from harness.normalizer import (absorbed, check_index, check_once, dump_index, put_back, start,
                                wait_caught_up, wait_held)
from harness.records import (LaneWriter, call_record, compacted, complaint, counted, decision_of,
                             decisions, message, put, put_many)

sys.path.insert(0, os.path.join(ROOT, 'tests', 'oracle'))

from oracle_lane import Ruling  # noqa: E402

ABSORBED = 'muara_normalizer_inputs_total{outcome="absorbed"}'


def people(n, first=0, **more):
    return [message(f'w{i}', f'Keluhan nomor {i}', author=f'62812{i:07d}', **more)
            for i in range(first, first + n)]


def decide(writer, *messages, version=1, **more):
    """A decision that makes one complaint of these; its key."""
    snapshot = complaint(messages, 'review', version, **more.pop('snapshot', {}))
    return writer.append('decision', {**decision_of(writer.env, snapshot, messages), **more})


def tombstone(env, key, log='complaints'):
    env.kafka.produce(env.topic(log), None, key)


def ruling(env, log='complaints'):
    """The oracle's."""
    return Ruling(env.kafka.read_all(env.topic(log)), log, compacted=log != 'submissions')


def same_index(env):
    (lane,) = json.loads(env.ctl('--json', 'index', 'rebuild-compare'))
    assert lane['equal'] and lane['keys'] > 0, lane


@flow(limit=90)
def test_one_of_two_is_erased(env):
    """Rules 5, 7, 10, 14, 23: who read before the cleaner came and who reads after it agree."""
    first, second, other = messages = people(3)
    put_many(env, messages)
    w = LaneWriter(env, 'complaints')
    erased = decide(w, first, second)
    kept = decide(w, other)
    d = start(env)
    wait_until(lambda: d.metrics()[ABSORBED] == 3, 30, 'all three are known')
    assert d.stop() == 0
    w = LaneWriter(env, 'complaints')
    restated = decide(w, first, second, version=2, erased=[erased],
                      snapshot={'text': second['text'], 'reporter': None})
    tombstone(env, erased)
    d.start()
    d.wait_status('deciding', 30)
    wait_caught_up(env)
    before, rules = dump_index(env), ruling(env)

    compacted(env, erased)
    after = ruling(env)
    assert not rules.faults and not after.faults, (rules.faults, after.faults)
    assert [e.key for e in rules.counted()] == [(1, 1), (1, 2), (3, 1)]
    assert [e.key for e in after.counted()] == [(1, 2), (3, 1)]
    assert (kept, restated) == ('1/2', '3/1')
    assert first['text'] not in str(env.kafka.read_all(env.topic('complaints')))
    same_index(env)  # muaractl reads now what the daemon read before
    env.redis.cmd('FLUSHALL')
    wait_caught_up(env)
    assert dump_index(env) == before
    d.restart()  # its witness and the index remember records from before
    d.wait_status('deciding', 30)
    put_many(env, messages)  # as a source that reads everything anew
    wait_until(lambda: d.metrics()[ABSORBED] >= 3, 30, 'all three are known')
    assert len(decisions(env)) == 2
    check_index(env)


@flow(limit=90)
def test_a_record_gone_that_no_erasure_names(env):
    w, messages = LaneWriter(env, 'complaints'), people(3)
    keys = [decide(w, m) for m in messages]
    tombstone(env, keys[1])
    compacted(env, keys[1])
    d = start(env, owner=False)
    wait_held(d)
    assert f'record {keys[1]} is missing and no erasure names it' in d.status, d.status
    assert [f[0] for f in ruling(env).faults] == ['gap']
    told = env.ctl('balance', check=False)
    assert told.returncode == 1 and 'no erasure names it' in told.stderr + told.stdout
    assert d.stop() == 0
    decide(LaneWriter(env, 'complaints'), messages[1], erased=[keys[1]])  # a person found the reason
    d.start()
    d.wait_status('deciding', 30)
    assert not ruling(env).faults
    wait_caught_up(env)
    same_index(env)


@flow(limit=60)
def test_filings_have_no_gaps_at_all(env):
    """`submissions` is not compacted: what is missing there was lost, whatever is said of it."""
    d = start(env)
    w = LaneWriter(env, 'submissions')
    w.n = 1
    w.append('command', {'command': message('x')['id'], 'result': 'done', 'erased': ['1/1']})
    wait_held(d)
    assert 'submissions' in d.status and 'lost records' in d.status, d.status


@flow(limit=120, own=True)
def test_log_put_back_and_one_memory_is_newer(env):
    a = put_back(env, people(5), people(5, 100))
    b = start(env, 'b', owner=False)  # another machine: no witness there
    wait_held(b)
    assert 'lost records' in b.status, b.status
    assert b.stop() == 0
    env.redis.cmd('FLUSHALL')
    a.start()
    wait_held(a)
    assert 'lost records' in a.status, a.status
    assert len(decisions(env)) == 5, 'something was decided on a log that lost records'


@flow(limit=60)
def test_witness_in_the_folder_of_the_unit(env):
    """As installed: muara.yaml says nothing, systemd leaves only its own folder writable."""
    folder = env.scratch.mkdir('unit')
    d = env.daemon('normalizer', {'quiet': '0s'}, env={'STATE_DIRECTORY': folder},
                   muara={'state_dir': '/var/lib/muara'})
    d.wait_status('deciding', 30)
    messages = people(1)
    put_many(env, messages)
    absorbed(env, messages)
    assert d.stop() == 0
    assert sorted(os.listdir(folder)) == ['witness-complaints-0.json', 'witness-complaints-0.json.new']


@flow(limit=60)
def test_commits_deleted(env):
    sent = people(40)
    d = start(env)
    put_many(env, sent)
    absorbed(env, sent)
    wait_caught_up(env)
    assert d.stop() == 0
    # Refused until the session of the static member that stopped has ended.
    wait_until(lambda: env.kafka.delete_group(env.topic('normalizer')) is None, 40,
               'the group is deleted', step=0.3)
    d = start(env, 'anew')
    wait_until(lambda: d.metrics()[ABSORBED] == len(sent), 40, 'all are read again, and known')
    assert len(decisions(env)) == len(sent)
    check_once(env, sent)


@flow(limit=90)
def test_two_living_ones_of_one_name(env):
    """Each start throws the other out of the group; whoever owns, a message is decided once, and
    the one that is left alone owns."""
    a = start(env, 'a', args=('--instance', 'same'))
    sent = people(50)
    put_many(env, sent)
    b = start(env, 'b', args=('--instance', 'same'), owner=False)
    wait_until(lambda: any('same instance name' in d.log_text() for d in (a, b)), 40,
               'the collision is told')
    more = people(50, 1000)
    put_many(env, more)
    absorbed(env, [*sent, *more], 60)
    assert a.stop() == 0
    last = people(5, 2000)
    put_many(env, last)
    absorbed(env, last, 60)
    check_once(env, [*sent, *more, *last])
    assert not ruling(env).faults


TWO = {'lanes': 2, 'channels': ['whatsapp'],
       'tenants': [{'name': 'malang', 'lane': 0, 'destination': 'lapor'},
                   {'name': 'batu', 'lane': 1, 'destination': 'lapor'}]}


@flow(limit=120, muara=TWO)
def test_a_new_raw_topic_under_two_members(env):
    """A channel is added while two members share the lanes: one after the other is told. A lane has
    one owner at any time, because the group's one topic is the log, not the inputs."""
    members = [start(env, name, args=('--instance', name), owner=False) for name in 'ab']
    wait_until(lambda: all('deciding' in d.status for d in members), 60,
               lambda: f'a lane each: {[d.status for d in members]}')
    sent = {lane: people(20, tenant=t) for lane, t in enumerate(('malang', 'batu'))}
    for lane, messages in sent.items():
        put_many(env, messages, lane)
    env.muara['channels'] = ['whatsapp', 'call112']
    env.scratch.write('muara.yaml', yaml_text(env.muara))
    env.ctl('topics', 'create')
    for lane, tenant in enumerate(('malang', 'batu')):
        calls = [call_record(f'c{i}', f'Panggilan {i}', tenant=tenant) for i in range(10)]
        put_many(env, calls, lane)
        sent[lane] += calls
    for old in members:
        assert old.stop() == 0
        new = start(env, old.label + '2', owner=False, args=('--instance', old.label))
        wait_until(lambda: 'deciding' in new.status, 60, lambda: f'{new.label}: {new.status!r}')
        late = message(f'late-{old.label}', author='99')
        put(env, late)
        sent[0].append(late)
    for lane, messages in sent.items():
        absorbed(env, messages, 60, lane)
        check_once(env, messages, lane)
        records = env.kafka.read_all(env.topic('complaints'), lane)
        assert not Ruling(records, 'complaints', lane, compacted=True).faults
        written = sum(r.value is not None and b'"decision"' in r.value for r in records)
        assert written == len(counted(records)), 'a void decision: the lane had two owners'
