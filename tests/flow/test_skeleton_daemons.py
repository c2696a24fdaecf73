"""What every daemon owes its service manager, on all of them.

Proves: READY; the watchdog is patted while a daemon is idle, and while Kafka is
away (a restart every thirty seconds would be no help); the shipped units' limit
is above what the tests use; STATUS names Kafka; TERM ends each with 0; metrics
and /healthz are there and hold no secret of the configuration.
"""

import time

from harness import Env, Shared, flow, wait_until
from harness.city import SECRET, VERIFY, City
from harness.procs import tail

KINDS = ('whatsapp', 'file', 'call112', 'normalizer', 'forwarder')
WATCHDOG_MS = 3000
SOURCE = {'tenant': 'malang', 'account': 'kota', 'start': '2020-01-01', 'review': 'auto',
          'max_age': '7d'}


def start_all(env, city):
    return [env.daemon(k, city.config_of(k), env={'WATCHDOG_USEC': str(WATCHDOG_MS * 1000)})
            for k in KINDS]


def patted(daemons, times, what):
    """Each is patted again and again, at least this often from now on."""
    before = {d.label: d.notify.watchdogs for d in daemons}
    for d in daemons:
        wait_until(lambda: d.notify.watchdogs >= before[d.label] + times, 60,
                   lambda: f'{d.label}: the watchdog {what}; status {d.status!r}\n{tail(d.log)}')


@flow(limit=180)
def test_every_daemon_and_the_watchdog(env):
    with City(env) as city:
        daemons = start_all(env, city)
        # four pats in a row span more than the limit: none of them was the first one only
        patted(daemons, 4, 'while idle')
        for d in daemons:
            assert d.metrics()['process_resident_memory_bytes'] > 1 << 20
            page = d.healthz()[1]
            assert SECRET not in page and VERIFY not in page
            assert 'no progress' not in d.log_text(), tail(d.log)
        env.kafka.stop()
        try:
            patted(daemons, 5, 'with Kafka away')
            for d in daemons:
                assert d.alive, f'{d.label} ended with Kafka away\n{tail(d.log)}'
                d.wait_status('Kafka', 60)
                assert d.healthz()[0] == 503, f'{d.label} calls itself healthy without Kafka'
        finally:
            env.kafka.start()
        for d in daemons:
            wait_until(lambda: d.healthz()[0] == 200, 90,
                       lambda: f'{d.label} healthy again; {d.healthz()}\n{tail(d.log)}')
        for d in daemons:
            assert d.stop() == 0, tail(d.log)
            wait_until(d.notify.stopping.is_set, 10, f'{d.label} said that it stops')


@flow(limit=90, topics=False)
def test_a_quiet_night(env):
    """Kafka closes connections that are idle (after 10 min; here 1 s). A daemon
    that has had nothing to produce yet must not take that for an outage."""
    shared = Shared({'connections.max.idle.ms': '1000'})
    try:
        with Env(shared, 'quiet', build=env.build) as quiet:
            d = quiet.daemon('file', {**SOURCE, 'path': quiet.scratch.mkdir('drop')},
                             muara={'kafka': {'topic.metadata.refresh.interval.ms': '500'}})
            d.wait_status('running', 30)
            seen = len(d.notify.statuses)
            end = time.monotonic() + 5  # five times the limit: in all of it nothing may happen
            while time.monotonic() < end:
                assert d.healthz()[0] == 200, f'{d.status}\n{tail(d.log)}'
                time.sleep(0.3)
            assert d.notify.statuses[seen:] == [], d.notify.statuses
    finally:
        shared.close()
