"""muaractl trace: the whole story of a complaint, from the raw record to the number.

Proves: it is found by ticket, by the id of a message in it, by the number it got;
everything that belongs to it is there and in order, what is void is shown as
void; a message that is not decided yet is found; nothing personal without --show.
"""

import hashlib
import json
import os

from harness import flow, wait_until
from harness.records import (LaneWriter, complaint, complaints, decision_of, message, places, put,
                             put_many, ticket_of)

WHY = ('--who', 'sri.utami', '--why', 'uji coba')
TEXT, NAME, PHONE = 'Jalan Kenanga berlubang', 'Dewi Rahmawati', '+6281200000017'
ANSWER = 'Lubang sudah ditambal pada hari Selasa'


def trace(env, ref, *args):
    return json.loads(env.ctl('--json', 'trace', ref, *args))


@flow(limit=180)
def test_story_of_a_complaint(env):
    first = message('w1', TEXT, author=PHONE[1:], name=NAME, review='required')
    second = message('w2', 'Sudah dua minggu', author=PHONE[1:], name=NAME)
    other = message('w3', 'Pohon tumbang', author='628999')
    ghost = message('c1', '', channel='call112', account='x', call='ghost', cls='ghost')
    put_many(env, [first, second, other, ghost])
    env.daemon('normalizer', {'quiet': '0s', 'join': '1h'})
    wait_until(lambda: len(places(env)) == 4, 60, 'all decided')
    ticket = ticket_of(second['id'])      # the ticket of a message that joined
    env.ctl('release', ticket, *WHY, '--wait')
    version = complaints(env)[first['id']]['version']
    filer = LaneWriter(env, 'submissions')
    head = {'at': '2026-11-24T04:29:15.000Z', 'complaint': first['id'], 'version': version,
            'destination': 'lapor', 'system': 'sp4n', 'call': 'create', 'attempt': 1}
    intent = filer.append('intent', {**head, 'sources': [first['id']], 'content_hash': None})
    filer.append('done', {**head, 'intent': intent, 'reason': None, 'remote_id': '7318842'})
    answer = json.dumps({'schema': 'muara.answer/1', 'id': '9001', 'from': 'Dinas', 'text': ANSWER}).encode()
    sha256 = hashlib.sha256(answer).hexdigest()
    with open(os.path.join(env.muara['blob_dir'], sha256), 'wb') as f:
        f.write(answer)
    filer.append('status', {**head, 'remote_id': '7318842', 'status': 'in_progress', 'status_name': 'Dalam Proses',
                            'answers': [{'id': '9001', 'at': '2026-11-25T02:05:00.000Z', 'sha256': sha256}]})
    filer.append('parked', {**head, 'intent': intent, 'reason': 'x'}, writer='0' * 32)

    events = trace(env, ticket)
    kinds = [e['kind'] for e in events]
    assert kinds == ['message', 'message', 'decision', 'decision', 'command', 'decision', 'filing',
                     'filing', 'filing', 'filing'], kinds
    assert [e['ruling'] for e in events[6:]] == ['counts', 'counts', 'counts', 'void']
    assert 'in_progress (Dalam Proses), answers 9001 of 2026-11-25T02:05:00.000Z' in events[-2]['text'], events[-2]
    texts = ' '.join(e['text'] for e in events)
    assert 'review' in texts and 'ready' in texts and '7318842' in texts
    assert 'release by sri.utami: uji coba' in texts
    assert all(e['why'] for e in events if e['kind'] == 'decision')
    assert trace(env, first['id']) == events == trace(env, '7318842')
    shown = env.ctl('trace', ticket)
    for secret in (TEXT, NAME, PHONE, ANSWER, 'Sudah dua'):
        assert secret not in json.dumps(events) + shown
    assert '[void]' in shown and 'D***' in shown
    shown = env.ctl('trace', ticket, '--show')
    assert TEXT in shown and NAME in shown and f'answer 9001 from Dinas: {ANSWER}' in shown
    assert trace(env, ticket, '--show')[-2]['answers'][0]['text'] == ANSWER

    # A message that is in no complaint, and a command.
    assert [e['kind'] for e in trace(env, ghost['id'])] == ['message', 'decision']
    command = env.kafka.read_all(env.topic('commands'))[0].json['id']
    assert 'release by' in env.ctl('trace', command)


@flow(limit=60)
def test_not_decided_yet_and_unknown(env):
    m = message('w1', TEXT, name=NAME)
    put(env, m)
    events = trace(env, ticket_of(m['id']))
    assert [e['kind'] for e in events] == ['message']
    done = env.ctl('trace', message('w2')['id'], check=False)
    assert done.returncode == 1 and 'nothing is known' in done.stderr


@flow(limit=60)
def test_void_decision(env):
    """A stopped normalizer that woke up decided something: never for any reader."""
    m = message('w1', TEXT)
    put(env, m)
    owner = LaneWriter(env, 'complaints')
    zombie = (owner.term, owner.writer)
    owner.take_over(owner.term + 1)
    now = (owner.term, owner.writer)
    owner.term, owner.writer, owner.n = *zombie, 4
    owner.append('decision', decision_of(env, complaint([m], 'archived'), [m]))
    owner.term, owner.writer, owner.n = *now, 0
    owner.append('decision', decision_of(env, complaint([m], 'review'), [m]))
    events = trace(env, m['id'])
    assert [(e['kind'], e['ruling']) for e in events] == [
        ('message', None), ('decision', 'void'), ('decision', 'counts')]
    assert 'review' in env.ctl('show', m['id'])
