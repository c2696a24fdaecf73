"""What the tests of the normalizer share: one started, its books, its index.

    n = start(env, quiet='0s')                     a Daemon, owner of its lane
    absorbed(env, messages)                        waits until each has its place
    check_once(env, messages)                      each is absorbed by exactly one counted decision,
                                                   and every decision is as its schema says
    check_index(env)                               what Redis holds = what the logs say
"""

import glob
import shutil

from .procs import wait_until
from .records import complaints, counted, places, put_many
from .schema import validate_topic


def config(**over):
    """Small windows; session above the broker's least."""
    return {'quiet': '0s', 'media_wait': '0s', 'session': '6s', 'commit': '100ms', **over}


def start(env, label='normalizer', owner=True, crash=None, supervise=False, args=(), **over):
    d = env.daemon('normalizer', config(**over), label=label, crash=crash, supervise=supervise,
                   args=args)
    if owner:
        d.wait_status('deciding', 30)
    return d


def wait_held(d, timeout=40):
    """Its lane holds, and it says so everywhere."""
    held = 'muara_normalizer_lanes{state="held"}'
    wait_until(lambda: d.metrics()[held] == 1, timeout, lambda: f'{d.label} holds: {d.status!r}')
    d.wait_status('held: ')
    assert d.healthz()[0] == 503


def put_back(env, old, new):
    """The folder of `complaints` as it was when `old` was known, while `new`
    came after it; the daemon that decided both."""
    d = start(env, 'a')
    put_many(env, old)
    absorbed(env, old)
    wait_caught_up(env)
    (folder,) = glob.glob(f'{env.kafka.dir}/**/{env.topic("complaints")}-0', recursive=True)
    # The broker runs, its index files are half written: it makes them anew where they are missing.
    copy = shutil.copytree(folder, env.scratch.path('copy'),
                           ignore=shutil.ignore_patterns('*index'))
    put_many(env, new)
    absorbed(env, new)
    wait_caught_up(env)
    assert d.stop() == 0
    env.kafka.stop()
    shutil.rmtree(folder)
    shutil.copytree(copy, folder)
    env.kafka.start()
    return d


def absorbed(env, messages, timeout=60, lane=0):
    """Waits until every message has a place; gives places()."""
    ids = {m if isinstance(m, str) else m['id'] for m in messages}
    found = {}

    def all_there():
        found.update(places(env, lane))
        return ids <= set(found)
    wait_until(all_there, timeout,
               lambda: f'{len(ids - set(found))} of {len(ids)} messages without a place', step=0.2)
    return found


def check_once(env, messages, lane=0):
    ids = [m if isinstance(m, str) else m['id'] for m in messages]
    found = places(env, lane)
    missing = [i for i in ids if i not in found]
    twice = {i: p for i, p in found.items() if len(p) != 1}
    nowhere = {i: p for i, p in found.items() if p[0][0] == 'nowhere'}
    assert not missing, f'{len(missing)} of {len(ids)} never absorbed: {missing[:3]}'
    assert not twice, f'{len(twice)} absorbed more than once: {dict(list(twice.items())[:3])}'
    assert not nowhere, f'decisions that place nothing: {nowhere}'
    validate_topic(env, 'complaints', lane)
    return found


def state_of(env, message, lane=0):
    c = complaints(env, lane).get(message['id'])
    return c and c['state']


def wait_state(env, message, state, timeout=20, lane=0):
    wait_until(lambda: state_of(env, message, lane) == state, timeout,
               lambda: f'{message["native_id"]} is {state}; it is {state_of(env, message, lane)}',
               step=0.2)
    return complaints(env, lane)[message['id']]


def dump_index(env, lane=0):
    """{key without prefix: value, members as sorted lists} of the whole index."""
    out, prefix = {}, f'{env.prefix}{lane}:'
    for key in env.redis.cmd('KEYS', prefix + '*'):
        kind = env.redis.cmd('TYPE', key)
        value = {'string': lambda: env.redis.cmd('GET', key),
                 'hash': lambda: _pairs(env.redis.cmd('HGETALL', key)),
                 'set': lambda: sorted(env.redis.cmd('SMEMBERS', key)),
                 'zset': lambda: _pairs(env.redis.cmd('ZRANGE', key, 0, -1, 'WITHSCORES'))}[kind]()
        out[key.decode()[len(prefix):]] = value
    return out


def _pairs(flat):
    return sorted(zip(flat[::2], flat[1::2]))


def position(env, lane=0, log='complaints'):
    """Offset of the log's record the index stands for; -1 at its beginning."""
    at = env.redis.cmd('HGET', f'{env.prefix}{lane}:meta', log)
    return -1 if at in (None, b'-') else int(at.split()[0])


def caught_up(env, lane=0):
    """The index stands for the last decision that counts."""
    last = counted(env.kafka.read_all(env.topic('complaints'), lane))
    return position(env, lane) == (last[-1][0].offset if last else -1)


def wait_caught_up(env, timeout=30, lane=0):
    wait_until(lambda: caught_up(env, lane), timeout,
               lambda: f'the index stands at the log\'s end; it stands at {position(env, lane)}, counted up to '
                       f'{[r.offset for r, _ in counted(env.kafka.read_all(env.topic("complaints"), lane))][-3:]}, '
                       f'meta {env.redis.cmd("HGETALL", f"{env.prefix}{lane}:meta")}', step=0.2)


def check_index(env, lane=0):
    """Nothing may be under way. Redis is emptied: the daemon must find out, and
    make the very same index of the logs alone."""
    wait_caught_up(env, lane=lane)
    before = dump_index(env, lane)
    env.redis.cmd('FLUSHALL')
    wait_caught_up(env, lane=lane)
    after = dump_index(env, lane)
    differ = sorted(k for k in {*before, *after} if before.get(k) != after.get(k))
    assert not differ, f'{len(differ)} keys differ, {differ[:5]}'
