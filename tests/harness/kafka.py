"""A real Kafka node of our own (deploy/kafka/kafka.sh), and raw access to its
topics that shares no code with Muara's lane reader."""

import functools
import json
import os
import subprocess
from typing import NamedTuple, Optional

from confluent_kafka import (OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer,
                             TopicPartition)
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from .groups import delete_group
from .ports import free_port
from .procs import Proc, tail, wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPT = os.path.join(ROOT, 'deploy', 'kafka', 'kafka.sh')

# Only what makes tests quick: durability stays as shipped.
PROPS = {
    'broker.session.timeout.ms': 3000,    # back 4.5 s after kill -9 instead of 12
    'broker.heartbeat.interval.ms': 500,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    'log.cleaner.backoff.ms': 200,        # forced compaction shows at once
    'log.retention.check.interval.ms': 500,
    'log.initial.task.delay.ms': 500,
    'log.cleaner.dedupe.buffer.size': 2097152,
}

# librdkafka's own words about brokers that a test took away on purpose.
QUIET = {'log_level': 2}


class Record(NamedTuple):
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: Optional[bytes]
    value: Optional[bytes]    # None: a tombstone
    headers: list             # [(name, bytes)]

    @property
    def json(self):
        return None if self.value is None else json.loads(self.value)


# A broker that was frozen or killed finds its place again.
PASSING = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE,
           KafkaError._UNKNOWN_PARTITION, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT,
           KafkaError._TRANSPORT)


@functools.cache
def _archive():
    """Once for a checkout and JVM: half the processor time of every start. Goes without."""
    done = subprocess.run([SCRIPT, 'archive'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        print(f'kafka.sh archive: {done.stdout.strip()}', flush=True)


class Kafka:
    """One node. `bootstrap` is fixed for its whole life, over restarts."""

    def __init__(self, folder, props=None):
        self.dir = folder
        self.port = free_port()
        self._options = ['--port', str(self.port), '--controller-port', str(free_port())]
        for key, value in {**PROPS, **(props or {})}.items():
            self._options += ['--prop', f'{key}={value}']
        self.bootstrap = f'127.0.0.1:{self.port}'
        self.log = os.path.join(folder, 'kafka.log')
        self.proc = self._admin = None
        os.makedirs(folder, exist_ok=True)

    # ---- the process

    def _sh(self, *args):
        done = subprocess.run([SCRIPT, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise AssertionError(f'kafka.sh {" ".join(args)}: {done.stderr.strip()}')

    def start(self, wait=True):
        """`run` as our child and not `start`, so that it cannot outlive us."""
        self._sh('fetch')
        _archive()
        first = not os.path.exists(os.path.join(self.dir, 'server.properties'))
        self.proc = Proc('kafka', [SCRIPT, 'run', self.dir, *(self._options if first else [])],
                         self.log)
        return self.wait() if wait else self

    def ready(self):
        """Answers a request now (not only: the port is open)."""
        if not self.alive:
            raise AssertionError(f'Kafka ended with {self.proc.code}:\n{self.log_tail()}')
        return subprocess.run([SCRIPT, 'status', self.dir], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0

    def wait(self, seconds=60):
        wait_until(self.ready, seconds, f'Kafka answers; log {self.log}', step=0.1, part=True)
        return self

    def stop(self):
        if self.proc and self.proc.alive:
            self.proc.stop(60)

    def kill9(self):
        self.proc.kill9()

    def restart(self):
        self.stop()
        return self.start()

    def freeze(self):
        self.proc.freeze()

    def thaw(self):
        self.proc.thaw()

    @property
    def alive(self):
        return bool(self.proc and self.proc.alive)

    def log_tail(self, lines=15):
        return tail(self.log, lines)

    # ---- topics

    @property
    def admin(self):
        if self._admin is None:
            self._admin = AdminClient({'bootstrap.servers': self.bootstrap, **QUIET})
        return self._admin

    def create_topic(self, name, partitions=1, **config):
        """Config names with '_' for '.'. For tests of Kafka and of the harness;
        Muara's topics are made by `muaractl topics create`."""
        new = NewTopic(name, partitions, 1, config={k.replace('_', '.'): str(v)
                                                    for k, v in config.items()})
        self.admin.create_topics([new], request_timeout=60)[name].result(60)
        # The controller answered; the broker hears of it a moment later.
        wait_until(lambda: name in self.topics(), 20, f'topic {name} is known to the broker', part=True)

    def delete_topic(self, name):
        self.admin.delete_topics([name], request_timeout=60)[name].result(60)

    def topics(self):
        """{name: number of partitions}, without Kafka's own."""
        found = self.admin.list_topics(timeout=60).topics
        return {n: len(t.partitions) for n, t in found.items() if not n.startswith('__')}

    def topic_config(self, name):
        """{setting: text}, all of them as in force."""
        resource = ConfigResource(ConfigResource.Type.TOPIC, name)
        entries = self.admin.describe_configs([resource], request_timeout=60)[resource].result(60)
        return {k: e.value for k, e in entries.items()}

    def set_topic_config(self, name, **config):
        """Replaces the topic's own settings (given ones stay, others go back
        to the broker's), e.g. to force compaction."""
        resource = ConfigResource(ConfigResource.Type.TOPIC, name,
                                  set_config={k.replace('_', '.'): str(v) for k, v in config.items()})
        self.admin.alter_configs([resource], request_timeout=60)[resource].result(60)
        want = {k.replace('_', '.'): str(v) for k, v in config.items()}
        # The controller answered; the broker hears of it a moment later.
        wait_until(lambda: want.items() <= self.topic_config(name).items(), 20, f'the settings of {name} are in force',
                   part=True)

    def delete_group(self, name):
        """Its commits are gone. None, or why not (it has members still). By
        librdkafka itself: Debian's confluent_kafka cannot."""
        return delete_group(self.bootstrap, name)

    # ---- records

    def _consumer(self):
        return Consumer({'bootstrap.servers': self.bootstrap, 'group.id': 'harness-raw-reader',
                         'enable.auto.commit': False, 'enable.auto.offset.store': False,
                         'enable.partition.eof': True, 'auto.offset.reset': 'error',
                         'fetch.wait.max.ms': 20, **QUIET})

    def _open(self, topic, partition):
        """(consumer, first, end) of one partition; what passes is waited for. With a client of its own
        for each try: one that has heard of no leader asks again after minutes only."""
        def ask():
            c = self._consumer()
            try:
                return (c, *c.get_watermark_offsets(TopicPartition(topic, partition), timeout=15))
            except KafkaException as e:
                c.close()
                if e.args[0].code() not in PASSING:
                    raise
                return None
        return wait_until(ask, 60, f'{topic}/{partition} has a leader', step=0.1, part=True)

    def offsets(self, topic, partition=0):
        """(first, end): end is the offset the next record will get."""
        c, first, end = self._open(topic, partition)
        c.close()
        return first, end

    def end(self, topic, partition=0):
        return self.offsets(topic, partition)[1]

    def read_all(self, topic, partition=0, start=OFFSET_BEGINNING):
        """Every record from the log's start to its end of now, tombstones too,
        with no group, no commit and no interpretation."""
        c, first, end = self._open(topic, partition)
        # A number, not "the beginning": that would be asked for, and often only after 500 ms.
        first, out = first if start == OFFSET_BEGINNING else start, []

        def whole():
            """Takes what comes; true at the end."""
            while m := c.poll(1):
                if not m.error():
                    out.append(Record(m.topic(), m.partition(), m.offset(), m.timestamp()[1],
                                      m.key(), m.value(), m.headers() or []))
                elif m.error().code() == KafkaError._PARTITION_EOF:
                    if m.offset() >= end:
                        return True
                elif m.error().code() not in PASSING:
                    raise KafkaException(m.error())
            return False
        try:
            c.assign([TopicPartition(topic, partition, first)])
            wait_until(whole, 60, f'{topic}/{partition} is read to its end, {end}', part=True)
            return out
        finally:
            c.close()

    def producer(self, **config):
        """A durable producer; config names with '_' for '.'."""
        full = {'bootstrap.servers': self.bootstrap, 'acks': 'all', 'enable.idempotence': True,
                'linger.ms': 0, **QUIET}
        full.update({k.replace('_', '.'): v for k, v in config.items()})
        return Producer(full)

    def produce(self, topic, value, key=None, partition=0, headers=None):
        """One record, confirmed; gives its offset. `value`: bytes, text, None
        (tombstone), or anything JSON. For many, use producer()."""
        if value is not None and not isinstance(value, (bytes, str)):
            value = json.dumps(value, separators=(',', ':'), ensure_ascii=False)
        got, p = [], self.producer()
        p.produce(topic, value, key, partition, headers=headers or [],
                  on_delivery=lambda err, m: got.append(err or m.offset()))
        p.flush(60)
        if not got or not isinstance(got[0], int):
            raise AssertionError(f'produce to {topic}: {got[0] if got else "no report within 60 s"}')
        return got[0]
