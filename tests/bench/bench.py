"""make bench: rate, CPU per message and RSS of the daemons beside the bare loops of the same libraries, in one run.

  ingest     POST -> delivery report -> 200      beside: bare ingest   (libmicrohttpd + librdkafka, nothing else)
  normalize  raw topic -> confirmed decision     beside: bare copy     (consume -> produce -> report, 256 in flight)
  latency    webhook -> filed at 100 messages/s, windows and settle time 0
  and the forwarder: bench_forwarder.py

Shipped build, real Kafka (every append flushed) and Redis, all on this machine: the numbers compare with each other, not
with another machine's. Nothing is asserted; a number stands beside its bound, and what missed it is said again at the end.
MUARA_BENCH=N messages (default 10000), MUARA_BENCH_FILINGS=100000 for the start, MUARA_BENCH_DOWN=60 seconds of outage,
MUARA_BENCH_PART=ingest,latency,forwarder for some of the parts.
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

from harness import Env, free_port, reap, wait_until  # noqa: E402
from harness import procs, whatsapp  # noqa: E402

sys.path.insert(0, str(HERE.parent / 'oracle'))
sys.path.insert(0, str(HERE.parent / 'fakes'))
import bench_forwarder  # noqa: E402
import oracle_ids as ids  # noqa: E402
from benchkit import PROGRAMS, Usage, last_json, missed, program, ratio, row  # noqa: E402
from sandbox_client import Sandbox  # noqa: E402

N = int(os.environ.get('MUARA_BENCH', '10000'))
SECRET = 'rahasia-aplikasi-uji'
TEXT = bench_forwarder.TEXT


def load(port, path, threads=16):
    done = subprocess.run([os.path.join(PROGRAMS, 'bare'), 'load', str(port), path, str(threads)], stdout=subprocess.PIPE, text=True, check=True)
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
    b = program(env, 'bare-ingest', 'bare', 'ingest', env.kafka.bootstrap, env.topic('bench.ingest'), port)
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
    ratio(bound, cpu, N)
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
    b = program(env, 'bare-copy', 'bare', 'copy', env.kafka.bootstrap, env.topic('raw.whatsapp'), env.topic('bench.copy'), N)
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
    ratio(bound, cpu, N)
    d.stop()


def latency(seconds=15, rate=100):
    with Env(name='bench-latency', build='rel') as env, Sandbox(env.scratch.mkdir('sandbox')) as lapor:
        print(f'latency: {rate} webhooks/s for {seconds} s, quiet period and settle time 0, LAPOR! sandbox in Python')
        socket = env.scratch.path('wa.sock')
        env.daemon('whatsapp', whatsapp_config(env, socket))
        env.daemon('normalizer', normalizer_config())
        bench_forwarder.forwarder(env, bench_forwarder.destination(env, lapor.base))
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


def ingest_and_normalize():
    with Env(name='bench', build='rel') as env:
        ingest(env)
        normalize(env)


PARTS = {'ingest': ingest_and_normalize, 'latency': latency, 'forwarder': bench_forwarder.main}


def main():
    procs.install()
    os.environ['MUARA_BUILD'] = 'rel'
    try:
        for part in filter(None, os.environ.get('MUARA_BENCH_PART', ','.join(PARTS)).split(',')):
            PARTS[part]()
    finally:
        reap()
    print('\nmissed:' if missed else '\nno bound was missed')
    for line in missed:
        print(f'  {line}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
