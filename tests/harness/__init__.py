"""Harness of the flow tests: real Kafka, real Redis, real processes.

A flow test is a function `test_*(env)` in tests/flow/test_*.py:

    from harness import flow, wait_until

    @flow(limit=60)
    def test_one_message(env):
        d = env.daemon('file', {'instance': 'a', 'path': env.scratch.mkdir('drop')})
        ...
        wait_until(lambda: env.kafka.end(env.topic('raw.file')) == 1, 10, 'the message')

@flow(limit=s, own=False, soak=False, topics=True, muara={}): time limit (x3 in
the sanitizer build); own: a Kafka and Redis of its own (it damages them); soak:
only in `make soak`; topics=False: no `muaractl topics create`; muara: settings
of muara.yaml. Plain functions without @flow have a limit of 60 s.

env   .kafka .redis .clock .scratch .random (seeded by MUARA_SEED and the name)
      .prefix .topic('complaints')   .muara (dict) .muara_file .muara['blob_dir']
      .count(2000) scaled by MUARA_SCALE   .rounds(5, 50) tests / soak
      .secret('token', 'text') -> path, mode 0600     .bin('muaractl') -> path
      .ctl('balance', '--json') -> stdout (AssertionError unless exit 0;
          check=False gives the CompletedProcess)
      .daemon(name, config text or dict, label=, env=, supervise=, crash='point:N',
          ready=True, args=, muara=) -> Daemon, READY=1 seen
      .crashes() -> [Crash(point, in_flight)]   crash points hit so far
Daemon .pid .alive .status .wait_status(text) .log_text() .metrics() .healthz()
      .stop() -> exit status  .kill9()  .freeze() .thaw() (SIGSTOP, SIGCONT)
      .start() .restart()  .wait_ready()   .restarts .codes (supervised: restarted
      after exit != 0 as systemd does, without the crash point)
kafka .bootstrap  .produce(topic, value, key=, partition=, headers=) -> offset
      .read_all(topic, partition=0) -> [Record(topic, partition, offset,
          timestamp_ms, key, value, headers)], tombstones too; record.json
      .offsets(topic) -> (first, end)  .end(topic)  .topics() -> {name: partitions}
      .topic_config(topic) .set_topic_config(topic, max_compaction_lag_ms=1)
      .create_topic(name, partitions, **config) .delete_topic(name)
      .producer(**config) .admin   (confluent_kafka objects)
      .stop() .start() .restart() .kill9() .freeze() .thaw() .wait()
redis .cmd('HGETALL', key) (bulk replies are bytes)  .socket
      .stop() .start('--maxmemory', '1mb') .restart() .kill9() .freeze() .thaw()
clock .advance(ms)    time of all daemons of the test build (monotonic too)
scratch .path('a/b') .mkdir('x') .write(name, text or bytes): kept when a test fails
Also: Proc(name, argv, log, env) any other process (fakes, nginx), wait_until(
condition, timeout, what), free_port(), unix_get(socket, '/path'), Env() and
Shared() by themselves, as context managers outside the runner (demo, bench).

harness.schema: validate_topic(env, 'complaints') at a test's end: every record
is as config/schema says.

Further modules, imported by themselves: city (a whole Muara, feeders, the oracle's
books), channels (every way into it at once), citizens, whatsapp, call112, records, forwarding, campaign
(kills and outcomes against the forwarder), normalizer, schema.

At the end of a test every daemon is stopped by SIGTERM and must end with 0; its
log must hold no sanitizer report. After a failure all records of the test lie in
<scratch>/topics/. No process outlives the runner, whatever ends it.
"""

from .daemon import Daemon, unix_get
from .env import Crash, Env, Shared, yaml_text
from .kafka import ROOT, Kafka, Record
from .ports import free_port
from .procs import Proc, Supervisor, reap, tail, wait_until
from .redis import Redis, RedisError
from .scratch import Scratch


def flow(limit=60, own=False, soak=False, topics=True, muara=None):
    """Marks a flow test with what the runner must know of it."""
    def mark(test):
        test.flow = {'limit': limit, 'own': own, 'soak': soak, 'topics': topics,
                     'muara': muara or {}}
        return test
    return mark


__all__ = ['Crash', 'Daemon', 'Env', 'Kafka', 'Proc', 'ROOT', 'Record', 'Redis', 'RedisError',
           'Scratch', 'Shared', 'Supervisor', 'flow', 'free_port', 'reap', 'tail', 'unix_get',
           'wait_until', 'yaml_text']
