"""make bench: rate, CPU per message and RSS of the daemons beside the bare loops of the same libraries, in one run.

  ingest     POST -> delivery report -> 200      beside: bare ingest   (libmicrohttpd + librdkafka, nothing else)
  normalize  raw topic -> confirmed decision     beside: bare copy     (consume -> produce -> report, 256 in flight)
  deliver    ready complaint -> INTENT -> POST   beside: bare post     (consume -> append -> POST -> append, 4 at a time)
  latency    webhook -> filed at 100 messages/s, windows and settle time 0

Shipped build, real Kafka (every append flushed) and Redis, all on this machine: the numbers compare with each other, not
with another machine's. Nothing is asserted. MUARA_BENCH=N messages (default 10000).
"""
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from harness import Env, Proc, ROOT, free_port, reap, wait_until  # noqa: E402
from harness import procs, whatsapp  # noqa: E402

sys.path.insert(0, str(HERE.parent / 'oracle'))
sys.path.insert(0, str(HERE.parent / 'fakes'))
import oracle_ids as ids  # noqa: E402
from sandbox_client import AUTH, TOKEN, Sandbox  # noqa: E402

N = int(os.environ.get('MUARA_BENCH', '10000'))
DELIVER = max(100, N // 5)
SECRET = 'rahasia-aplikasi-uji'
BARE = os.path.join(ROOT, 'build', 'rel', 'bench', 'bare')
TICK = os.sysconf('SC_CLK_TCK')
TEXT = ('Lampu jalan di depan pasar sudah mati sejak minggu lalu, warga takut lewat malam hari. Mohon segera diperbaiki, '
        'nomor tiang {}. ') + 'Sudah dilaporkan ke RT dan RW tetapi belum ada tindak lanjut. ' * 6


class Usage:
    """CPU and peak memory of a process, from /proc."""

    def __init__(self, pid):
        self.pid, self.before = pid, self._cpu(pid)

    @staticmethod
    def _cpu(pid):
        fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def take(self):
        peak = next(line for line in pathlib.Path(f'/proc/{self.pid}/status').read_text().splitlines()
                    if line.startswith('VmHWM'))
        return (self._cpu(self.pid) - self.before) * 1e6, int(peak.split()[1])


def row(name, n, seconds, cpu_us, rss_kb, note=''):
    print(f'  {name:22} {n / seconds:9,.0f} /s {cpu_us / n:9.1f} us CPU each {rss_kb / 1024:7.1f} MB  {note}', flush=True)


def ratio(name, bound, cpu, n):
    print(f'  {name:22} {cpu / n / (bound["cpu_us"] / bound["n"]):9.2f} x the CPU of the bare loop', flush=True)


def bare(env, label, *args):
    p = Proc(label, [BARE, *map(str, args)], env.scratch.path(label + '.log'), {})
    wait_until(lambda: 'READY' in pathlib.Path(env.scratch.path(label + '.log')).read_text(), 20, f'{label} is up')
    return p


def last_json(env, label):
    return json.loads(pathlib.Path(env.scratch.path(label + '.log')).read_text().splitlines()[-1])


def load(port, path, threads=16):
    done = subprocess.run([BARE, 'load', str(port), path, str(threads)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def requests_file(env):
    """Signed webhook requests, a citizen each."""
    out = bytearray()
    for i in range(N):
        update = whatsapp.text_message(f'62812{i:08d}', f'Warga {i}', TEXT.format(i), f'wamid.BENCH{i:08d}')
        body = whatsapp.body([update])
        head = (f'POST {whatsapp.PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
                f'X-Hub-Signature-256: {whatsapp.sign(SECRET, body)}\r\nContent-Length: {len(body)}\r\n\r\n')
        whole = head.encode() + body
        out += len(whole).to_bytes(4, 'little') + whole
    return env.scratch.write('requests', bytes(out))


def ingest(env):
    print(f'ingest: {N} signed webhooks of ~1 KiB, 16 connections at a time')
    path = requests_file(env)
    port = free_port()
    env.kafka.create_topic(env.topic('bench.ingest'), flush_messages=1)
    b = bare(env, 'bare-ingest', 'ingest', env.kafka.bootstrap, env.topic('bench.ingest'), port)
    got = load(port, path)
    b.stop(20)
    bound = last_json(env, 'bare-ingest')
    row('bare', N, got['seconds'], bound['cpu_us'], bound['rss_kb'], f'p50 {got["p50_ms"]} ms p99 {got["p99_ms"]} ms')
    port = free_port()
    d = env.daemon('whatsapp', whatsapp_config(env, f'127.0.0.1:{port}'))
    taking_in(f'127.0.0.1:{port}')
    usage = Usage(d.pid)
    got = load(port, path)
    cpu, rss = usage.take()
    row('muara-whatsapp', N, got['seconds'], cpu, rss, f'p50 {got["p50_ms"]} ms p99 {got["p99_ms"]} ms')
    ratio('', bound, cpu, N)
    d.stop()


def whatsapp_config(env, listen):
    return {'tenant': 'malang', 'account': 'kota', 'start': '2020-01-01', 'review': 'auto', 'max_age': '30d',
            'listen': listen, 'app_secret': env.secret('app', SECRET), 'verify_token': env.secret('verify', 'token')}


def taking_in(address):
    """Until a webhook is accepted: a status of our own output, which becomes no complaint."""
    body = whatsapp.body([whatsapp.status_update('wamid.OURS', '628120000')])
    wait_until(lambda: whatsapp.post(address, body, SECRET) == 200, 30, 'the source takes in')


def normalizer_config():
    return {'quiet': '0s', 'session': '6s'}


def normalize(env):
    print(f'normalize: {N} raw messages, a conversation each')
    env.kafka.create_topic(env.topic('bench.copy'), flush_messages=1)
    b = bare(env, 'bare-copy', 'copy', env.kafka.bootstrap, env.topic('raw.whatsapp'), env.topic('bench.copy'), N)
    wait_until(lambda: not b.alive, 120, 'the bare copy is through')
    bound = last_json(env, 'bare-copy')
    row('bare', N, bound['seconds'], bound['cpu_us'], bound['rss_kb'])
    d = env.daemon('normalizer', normalizer_config())
    usage, begin = Usage(d.pid), time.monotonic()
    first = env.kafka.end(env.topic('complaints'))
    wait_until(lambda: env.kafka.end(env.topic('complaints')) >= first + N, 300, 'all decided')
    took = time.monotonic() - begin
    cpu, rss = usage.take()
    row('muara-normalizer', N, took, cpu, rss, 'start-up and take-over included')
    ratio('', bound, cpu, N)
    d.stop()


def deliver(env):
    print(f'deliver: {DELIVER} of the complaints, 4 at a time, to a sink that answers at once')
    port = free_port()
    sink = bare(env, 'sink', 'sink', port)
    env.kafka.create_topic(env.topic('complaints') + '.intents', flush_messages=1)
    b = bare(env, 'bare-post', 'post', env.kafka.bootstrap, env.topic('complaints'), DELIVER,
             f'http://127.0.0.1:{port}/lapor', 'Content-Type: application/json', 'Expect:')
    wait_until(lambda: not b.alive, 300, 'the bare posts are through')
    bound = last_json(env, 'bare-post')
    row('bare', DELIVER, bound['seconds'], bound['cpu_us'], bound['rss_kb'])
    d = env.daemon('forwarder', forwarder_config(env, f'http://127.0.0.1:{port}'))
    filings = env.topic('submissions')
    wait_until(lambda: env.kafka.end(filings) > 10, 60, 'the forwarder files')
    usage, begin, first = Usage(d.pid), time.monotonic(), env.kafka.end(filings)
    wait_until(lambda: env.kafka.end(filings) >= first + 2 * DELIVER, 300, 'enough are filed')
    took, last = time.monotonic() - begin, env.kafka.end(filings)
    cpu, rss = usage.take()
    row('muara-forwarder', (last - first) / 2, took, cpu, rss, 'INTENT, POST and DONE; upload and hand-over none')
    ratio('', bound, cpu, (last - first) / 2)
    d.stop()
    sink.stop(10)


def forwarder_config(env, base):
    return {'session_timeout': '6s', 'destinations': [{
        'name': 'lapor', 'profile': os.path.join(ROOT, 'config', 'lapor', 'lapor-v3.yaml'), 'base': base,
        'headers': [{'name': 'auth', 'secret': env.secret('auth', AUTH)},
                    {'name': 'token', 'secret': env.secret('token', TOKEN)}],
        'settings': {'institution': '12', 'category': '436'}, 'settle': '0s', 'max_filings_per_hour': 0}]}


def latency(seconds=15, rate=100):
    with Env(name='bench-latency', build='rel') as env, Sandbox(env.scratch.mkdir('sandbox')) as lapor:
        print(f'latency: {rate} webhooks/s for {seconds} s, quiet period and settle time 0, LAPOR! sandbox in Python')
        socket = env.scratch.path('wa.sock')
        env.daemon('whatsapp', whatsapp_config(env, socket))
        env.daemon('normalizer', normalizer_config())
        env.daemon('forwarder', forwarder_config(env, lapor.base))
        wait_until(lambda: env.kafka.end(env.topic('submissions')) > 1, 60, 'the forwarder files')
        taking_in(socket)
        sent, lock = {}, threading.Lock()

        def one(i):
            update = whatsapp.text_message(f'62813{i:08d}', f'Warga {i}', TEXT.format(i), f'wamid.LAT{i:08d}')
            begin = time.time()
            if whatsapp.post(socket, whatsapp.body([update]), SECRET) == 200:
                with lock:
                    sent[ids.ticket(ids.message_id('malang', 'whatsapp', 'kota', f'wamid.LAT{i:08d}'))] = begin

        start, threads = time.monotonic(), []
        for i in range(seconds * rate):
            time.sleep(max(0, start + i / rate - time.monotonic()))
            threads.append(threading.Thread(target=one, args=(i,)))
            threads[-1].start()
        for t in threads:
            t.join()
        wait_until(lambda: len(lapor.filed()) >= len(sent), 120, 'all filed')
        answered = {line['ticket']: line['at'] for line in lapor.journal()
                    if line['event'] == 'stored' and line['call'] == 'create'}
        took = sorted((answered[t] - at) * 1000 for t, at in sent.items() if t in answered)
        print(f'  webhook -> stored       p50 {took[len(took) // 2]:.0f} ms, p99 {took[len(took) * 99 // 100]:.0f} ms, '
              f'{len(took)} of {seconds * rate} sent')


def main():
    procs.install()
    os.environ['MUARA_BUILD'] = 'rel'
    try:
        with Env(name='bench', build='rel') as env:
            ingest(env)
            normalize(env)
            deliver(env)
        latency()
    finally:
        reap()
    return 0


if __name__ == '__main__':
    sys.exit(main())
