"""`muaractl blobs prune`: what nobody needs any more goes, what anybody may still ask for stays."""

import hashlib
import json
import os

from harness import flow
from harness.forwarding import Office
from harness.records import message, time_text

DAY = 24 * 3600 * 1000
NAMES = ('selesai', 'ditahan', 'diparkir', 'susulan', 'ditarik', 'mentah', 'yatim', 'muda', 'media')


def sha(content):
    return hashlib.sha256(content).hexdigest()


def prune(env, *more):
    return json.loads(env.ctl('blobs', 'prune', *more, '--json'))


def stored(env):
    return {n for n in os.listdir(env.muara['blob_dir']) if len(n) == 64}


def decided(o, state, photo):
    c, m = o.snapshot(attachments=[photo], state=state)
    return o.put(c, [m])


def media_record(photo, of):
    return {'schema': 'muara.media/1', 'id': of['id'], 'message': of['id'], 'index': 0, 'at': time_text(0),
            'attachment': {k: photo[k] for k in ('id', 'state', 'sha256', 'bytes')}}


@flow(limit=90)
def test_what_nobody_needs_goes(env):
    content = {name: b'\xff\xd8\xff ' + name.encode() for name in NAMES}
    with Office(env) as o:
        photo = {name: o.photo(content[name], id=name) for name in NAMES}
        o.start(o.destination(settle='0s'))
        done = o.ready(messages=[o.message(attachments=[photo['selesai']])])
        o.wait_state(done, 'done')
        o.lapor.script({'call': 'create', 'nth': 1, 'action': 'drop_after_store'})
        parked = o.ready(messages=[o.message(attachments=[photo['diparkir']])])
        o.wait_state(parked, 'parked')
        assert o.daemon.stop() == 0
        decided(o, 'held', photo['ditahan'])
        decided(o, 'withdrawn', photo['ditarik'])
        o.next_version(done, attachments=[*done['attachments'], {**photo['susulan'], 'message': done['id']}])
        raw = message('wamid.901', attachments=[photo['mentah']])
        env.kafka.produce(env.topic('raw.whatsapp'), raw, key=raw['id'])
        late = message('wamid.902')  # fetched for, and not decided
        env.kafka.produce(env.topic('media'), media_record(photo['media'], late), key=late['id'] + '/0')
        ours, there = {sha(c) for c in content.values()}, stored(env)
        # nothing is old yet
        assert prune(env)['removed']['files'] == 0 and stored(env) == there
        o.later(100 * DAY)
        folder = env.muara['blob_dir']
        young = os.stat(folder).st_mtime + 100 * DAY / 1000
        os.utime(os.path.join(folder, sha(content['muda'])), (young, young))
        would = prune(env, '--dry-run')
        assert stored(env) == there and would['young']['files'] == 1, would
        # killed with one of them out of the way: the next run puts it back and judges it anew
        env.ctl('blobs', 'prune', check=False, crash='blob-away:1')
        assert any(n.startswith('.away-') for n in os.listdir(folder))
        removed = prune(env)['removed']
        assert removed['files'] == would['would_remove']['files'], (removed, would)
        kept = {sha(content[n]) for n in ('ditahan', 'diparkir', 'susulan', 'mentah', 'muda', 'media')}
        assert stored(env) & ours == kept, [n for n in NAMES if (sha(content[n]) in stored(env))]
        assert all(len(n) == 64 for n in os.listdir(folder))
        again = prune(env)
        assert again['removed']['files'] == 0
        assert {k for k, v in again['kept'].items() if v['files']} == {'raw', 'complaint', 'untold', 'undecided'}
        text = env.ctl('blobs', 'prune', '--older', '1d')
        assert 'removed' in text and stored(env) & ours == kept
        assert env.ctl('blobs', 'prune', '--older', '1h', check=False).returncode == 2
