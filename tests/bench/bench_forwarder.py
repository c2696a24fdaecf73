"""make bench, the forwarder: what a filing costs beside bare libcurl, what it is limited by, how it starts and what memory
it takes with 100,000 filings, whether a held destination costs its neighbour anything, how it comes back after an outage.

  deliver    N complaints, at a sink that answers at once   beside: the same calls by libcurl alone (calls.c)
  photo      the same, each with a photo: an upload and a create
  sink       the same at a sink that takes 10 ms            beside: libcurl alone, as many at a time
  start      complaints and filings of a year are in the logs
  beside     a healthy destination alone, then beside a held one with a backlog; the 99th percentile of ready -> done
  outage     nothing listens for a while (MUARA_BENCH_DOWN seconds), complaints go on coming

Complaints go straight into the log, as the normalizer would have decided them.
"""
import contextlib
import hashlib
import os
import pathlib
import secrets
import time

from harness import ROOT, free_port, wait_until
from harness.records import (LaneWriter, attachment, complaint, decision_of, message, text_of, time_text, now_ms)
from benchkit import Usage, program, ratio, row, run, told

from sandbox_client import AUTH, TOKEN

FILINGS = int(os.environ.get('MUARA_BENCH_FILINGS', '100000'))
DOWN_S = int(os.environ.get('MUARA_BENCH_DOWN', '60'))
CPU_BOUND = 2.5
PROFILE = os.path.join(ROOT, 'config', 'lapor', 'lapor-v3.yaml')
TEXT = ('Lampu jalan di depan pasar sudah mati sejak minggu lalu, warga takut lewat malam hari. Mohon segera diperbaiki, '
        'nomor tiang {}. ') + 'Sudah dilaporkan ke RT dan RW tetapi belum ada tindak lanjut. ' * 6
HEADERS = ('Accept: application/json', f'auth: {AUTH}', f'token: {TOKEN}', 'Expect:')
JSON_TYPE = 'Content-Type: application/json'
PHOTO_BYTES = 300 * 1024  # as a telephone sends it by WhatsApp


# --- the logs

class Bulk:
    """Appends to a lane log quickly, as its owner; confirmed when the `with` ends."""

    def __init__(self, env, log):
        self.lane, self.failed = LaneWriter(env, log), []
        self.producer = env.kafka.producer(linger_ms=20, batch_size=1000000)

    def __enter__(self):
        return self

    def append(self, kind, body):
        w = self.lane
        w.n += 1
        key = f'{w.term}/{w.n}'
        full = {'schema': w.schema, **body, 'kind': kind, 'term': w.term, 'n': w.n, 'writer': w.writer}
        while True:
            try:
                self.producer.produce(w.topic, text_of(full), key, w.lane, on_delivery=self._told)
                break
            except BufferError:
                self.producer.poll(0.1)
        self.producer.poll(0)
        return key

    def _told(self, err, _record):
        if err:
            self.failed.append(err)

    def __exit__(self, kind, *_):
        left = self.producer.flush(120)
        assert kind or (not left and not self.failed), f'{left} not appended, {self.failed[:1]}'


def photo(env, i):
    """A stored attachment, another one for each i."""
    data = b'\xff\xd8\xff\xe0' + i.to_bytes(8, 'big') + secrets.token_bytes(1024) * (PHOTO_BYTES // 1024 - 1)
    name = hashlib.sha256(data).hexdigest()
    pathlib.Path(env.muara['blob_dir'], name).write_bytes(data)
    return attachment(f'photo-{i}', state='stored', sha256=name, size=len(data), mime='image/jpeg')


def ready(env, i, destination='lapor', attachments=()):
    """(snapshot, decision) of a complaint that is ready now."""
    m = message(f'wamid.{destination}.{i:08d}', TEXT.format(i), author=f'62812{i:08d}', name=f'Warga {i}',
                attachments=attachments)
    c = complaint([m], destination=destination)
    return c, decision_of(env, c, [m])


def fill(env, n, destination='lapor', first=0, photos=False):
    """n complaints, ready."""
    all_of_them = [ready(env, i, destination, (photo(env, i),) if photos else ())[1] for i in range(first, first + n)]
    with Bulk(env, 'complaints') as log:
        for decision in all_of_them:
            log.append('decision', decision)
    return log.lane


def fill_filed(env, n):
    """n complaints and their filings, done."""
    with Bulk(env, 'complaints') as decisions, Bulk(env, 'submissions') as filings:
        for i in range(n):
            c, decision = ready(env, i)
            decisions.append('decision', decision)
            head = {'at': time_text(now_ms()), 'complaint': c['id'], 'version': 1, 'destination': 'lapor', 'system': 'lapor',
                    'call': 'create', 'attempt': 1}
            intent = filings.append('intent', {**head, 'sources': [c['id']], 'content_hash': secrets.token_hex(32)})
            filings.append('done', {**head, 'intent': intent, 'remote_id': str(1000000 + i), 'reason': 'done',
                                    'http_status': 201, 'curl': 0})


# --- the daemon

def destination(env, base, name='lapor', **over):
    return {'name': name, 'profile': PROFILE, 'base': base, 'settle': '0s', 'max_filings_per_hour': 0,
            'headers': [{'name': 'auth', 'secret': env.secret('auth', AUTH)},
                        {'name': 'token', 'secret': env.secret('token', TOKEN)}],
            'settings': {'institution': '12', 'category': '436', 'user': '51'}, **over}


def forwarder(env, *destinations):
    return env.daemon('forwarder', {'session_timeout': '6s', 'masters_every': '0s', 'destinations': list(destinations)})


def metric(d, name):
    with contextlib.suppress(OSError):
        return d.metrics().get(name, 0)
    return 0


def ended(d, verdict):
    return metric(d, f'muara_forwarder_calls_total{{verdict="{verdict}"}}')


def done(d):
    return ended(d, 'done')


def files(d):
    return metric(d, 'muara_forwarder_lanes') == 1


@contextlib.contextmanager
def sink(env, *args, port=None):
    port = port or free_port()
    p = program(env, f'sink-{port}', 'sink', port, *args)
    try:
        yield f'http://127.0.0.1:{port}'
    finally:
        p.stop(10)


def filed(d, n):
    """Seconds for n calls, from the first that is done on."""
    wait_until(lambda: done(d) > 0, 60, 'it files', step=0.005)
    first, begin = done(d), time.monotonic()
    wait_until(lambda: done(d) >= n, 600, 'all are filed', step=0.05)
    return (time.monotonic() - begin) * n / max(n - first, 1)


def file_all(env, n, *destinations):
    """(seconds, CPU us, peak KiB) of a forwarder that finds n ready complaints, its start included."""
    d = forwarder(env, *destinations)
    took = filed(d, n)
    cpu, rss = Usage(d.pid, whole=True).take()
    d.stop()
    return took, cpu, rss


def file_as_they_come(env, n, *destinations, calls_each=1, **what):
    """The same for n complaints that become ready while it runs: what is read, INTENT, look, calls, outcomes. Its start is
    not in it; what that took is told."""
    d = forwarder(env, *destinations)
    wait_until(lambda: files(d), 60, 'it may file')
    time.sleep(1)
    usage = Usage(d.pid)
    fill(env, n, **what)
    took = filed(d, n * calls_each)
    cpu, rss = usage.take()
    print(f'  {"its start":22} {usage.before * 1e3:9,.0f} ms CPU, once', flush=True)
    d.stop()
    return took, cpu, rss


# --- the parts

def bare_calls(env, label, n, parallel, base, bodies):
    return run(env, label, 'calls', n, parallel, base, bodies, *HEADERS)


def deliver(env, n, parallel=4):
    print(f'deliver: {n} complaints, {parallel} at a time, to a sink that answers at once')
    bodies = env.scratch.path('bodies')
    with sink(env, 0, bodies) as base:
        took, cpu, rss = file_as_they_come(env, n, destination(env, base, concurrency=parallel))
    env.kafka.create_topic(env.topic('complaints') + '.intents', flush_messages=1)
    with sink(env) as base:
        bound = bare_calls(env, 'calls', n, parallel, base, bodies)
        appending = run(env, 'bare-post', 'bare', 'post', env.kafka.bootstrap, env.topic('complaints'), n,
                        base + '/complaints/complaint', JSON_TYPE, *HEADERS)
    row('bare libcurl', n, bound['seconds'], bound['cpu_us'], bound['rss_kb'], 'no log at all')
    row('bare, with appends', n, appending['seconds'], appending['cpu_us'], appending['rss_kb'],
        'reads them, appends before and after each call, 4 at a time')
    row('muara-forwarder', n, took, cpu, rss, 'reading, INTENT, look, POST, DONE')
    ratio(appending, cpu, n, of='the CPU of the bare loop that appends, too')
    ratio(bound, cpu, n, most=CPU_BOUND, of='the CPU of bare libcurl')
    return bodies


def deliver_photos(env, n, parallel=4):
    print(f'photo: {n} complaints with a photo of {PHOTO_BYTES // 1024} KiB, {parallel} at a time: an upload and a create each')
    bodies = env.scratch.path('photo-bodies')
    with sink(env, 0, bodies) as base:
        took, cpu, rss = file_as_they_come(env, n, destination(env, base, concurrency=parallel), calls_each=2, first=9000000,
                                           photos=True)
    with sink(env) as base:
        bound = bare_calls(env, 'photo-calls', 2 * n, parallel, base, bodies)
    row('bare libcurl', n, bound['seconds'], bound['cpu_us'], bound['rss_kb'], 'both calls, their bodies in memory')
    row('muara-forwarder', n, took, cpu, rss, 'reading, 2 INTENTs, looks, calls, outcomes')
    told(cpu / bound['cpu_us'], 'x the CPU of bare libcurl', most=CPU_BOUND)


def slow_sink(env, n, bodies, delay_ms=10, parallel=4):
    print(f'sink: {n} complaints, {parallel} at a time, to a sink that takes {delay_ms} ms')
    with sink(env, delay_ms) as base:
        bound = bare_calls(env, f'calls-slow-{parallel}', n, parallel, base, bodies)
        fill(env, n, first=parallel * 1000000)
        took, cpu, rss = file_all(env, n, destination(env, base, concurrency=parallel))
    row('bare libcurl', n, bound['seconds'], bound['cpu_us'], bound['rss_kb'], f'{parallel} / {delay_ms} ms = '
        f'{parallel * 1000 / delay_ms:.0f} /s')
    row('muara-forwarder', n, took, cpu, rss)
    told(n / took / (n / bound['seconds']), 'x the rate of the bare loop', least=0.9)


def start(env, n):
    print(f'start: {n} filings in the log, and {n} complaints')
    sizes = {}
    for there in (0, n):
        if there:
            fill_filed(env, there)
        d = forwarder(env, destination(env, 'http://127.0.0.1:9'))
        begin = time.monotonic()
        wait_until(lambda: files(d), 300, 'it may file', step=0.02)
        took = time.monotonic() - begin
        wait_until(lambda: not metric(d, 'muara_forwarder_waiting{destination="lapor"}'), 120, 'all is looked at')
        time.sleep(2)
        usage = Usage(d.pid, whole=True)
        cpu, peak = usage.take()
        sizes[there] = usage.memory()
        print(f'  {there:9,} filings       {took:9.2f} s until it may file, {cpu / 1e6:6.2f} s CPU, '
              f'{sizes[there] / 1024:7.1f} MB, at most {peak / 1024:7.1f} MB', flush=True)
        assert metric(d, 'muara_forwarder_filings{state="done"}') == there
        d.stop()
    told((sizes[n] - sizes[0]) * 1024 / n, 'bytes a filing, its complaint and its source included')


def feed(env, log, name, first, seconds, rate):
    """Ready complaints at an even pace; their ids."""
    ids, begin = set(), time.monotonic()
    for i in range(int(seconds * rate)):
        time.sleep(max(0.0, begin + i / rate - time.monotonic()))
        c, decision = ready(env, first + i, name)
        log.append('decision', decision)
        ids.add(c['id'])
    return ids


def times(env, ids):
    """ms from ready to done by the broker's clock, sorted."""
    begun = {}
    for r in env.kafka.read_all(env.topic('complaints')):
        for c in (r.json or {}).get('results', []):
            if c['id'] in ids:
                begun[c['id']] = r.timestamp_ms
    return sorted(r.timestamp_ms - begun[r.json['complaint']] for r in env.kafka.read_all(env.topic('submissions'))
                  if r.json and r.json.get('kind') == 'done' and r.json['complaint'] in begun)


def percentile(sorted_values, p):
    return sorted_values[min(len(sorted_values) - 1, len(sorted_values) * p // 100)]


def measured(env, d, log, first, seconds, rate, label):
    """p99 of ready -> done at the healthy destination."""
    before = done(d)
    ids = feed(env, log, 'lapor', first, seconds, rate)
    wait_until(lambda: done(d) >= before + len(ids), 120, 'all of the healthy one are filed')
    took = times(env, ids)
    p50, p99 = percentile(took, 50), percentile(took, 99)
    print(f'  {label:22} p50 {p50} ms, p99 {p99} ms of {len(took)}', flush=True)
    return p99


def beside(env, lapor, seconds=20, rate=40, backlog=2000):
    print(f'beside: {rate} complaints/s for {seconds} s at a healthy destination; then the same beside one that is held, with '
          f'{backlog} waiting')
    with sink(env) as base:
        wrong = destination(env, lapor.base, 'ditahan', headers=[{'name': 'auth', 'secret': env.secret('wrong', 'salah')}])
        d = forwarder(env, destination(env, base, 'lapor'), wrong)
        wait_until(lambda: files(d), 60, 'it may file')
        with Bulk(env, 'complaints') as log:
            measured(env, d, log, 0, 3, rate, 'warm-up')
            alone = measured(env, d, log, 10000, seconds, rate, 'healthy, alone')
            for i in range(backlog):
                log.append('decision', ready(env, i, 'ditahan')[1])
            wait_until(lambda: metric(d, 'muara_forwarder_destination_state{destination="ditahan"}') == 3 and
                       metric(d, 'muara_forwarder_waiting{destination="ditahan"}') >= backlog, 60, 'it is held, all wait')
            held = measured(env, d, log, 20000, seconds, rate, 'healthy, beside it')
        d.stop()
    told(held / max(alone, 1), 'x the p99', most=1.25)


def outage(env, down_s, rate=20):
    print(f'outage: nothing listens for {down_s} s, {rate} complaints/s come in')
    port = free_port()
    d = forwarder(env, destination(env, f'http://127.0.0.1:{port}'))
    wait_until(lambda: files(d), 60, 'it may file')
    usage = Usage(d.pid)
    before = usage.memory()
    with Bulk(env, 'complaints') as log:
        n = len(feed(env, log, 'lapor', 0, down_s, rate))
    tried, parked = ended(d, 'not_sent'), ended(d, 'parked')
    print(f'  {"after it":22} {n} wait, {tried:.0f} calls tried, {parked:.0f} parked, '
          f'{before / 1024:.1f} -> {usage.memory() / 1024:.1f} MB', flush=True)
    begin = time.monotonic()
    with sink(env, port=port):
        wait_until(lambda: done(d) > 0, 400, 'it comes back', step=0.05)
        first = time.monotonic()
        wait_until(lambda: done(d) >= n, 600, 'all are filed', step=0.05)
        took = time.monotonic() - first
    d.stop()
    print(f'  {"recovery":22} first filing {first - begin:.1f} s after it listens (random, up to 5 min), then {n / took:,.0f} /s',
          flush=True)


def main():
    from harness import Env
    from sandbox_client import Sandbox
    n = max(500, int(os.environ.get('MUARA_BENCH', '10000')) // 5)
    with Env(name='bench-deliver', build='rel') as env:
        bodies = deliver(env, n)
        slow_sink(env, n, bodies)
        slow_sink(env, n, bodies, parallel=16)
        deliver_photos(env, max(100, n // 10))
    for parallel in (16, 32):
        with Env(name='bench-deliver', build='rel') as env:
            deliver(env, n, parallel)
    with Env(name='bench-start', build='rel') as env:
        start(env, FILINGS)
    with Env(name='bench-beside', build='rel') as env, Sandbox(env.scratch.mkdir('sandbox')) as lapor:
        beside(env, lapor)
    with Env(name='bench-outage', build='rel') as env:
        outage(env, DOWN_S)
