"""What the broker acknowledged survives kill -9 of the broker.

What this proves: with acks=all and the shipped settings, every record whose
delivery report said "persisted" is in the log after the process was killed and
restarted, at the reported offset, once, in the order of its producer.
What it does not prove: power cuts. Killing a process leaves the page cache of
the kernel alone, so this test passes without flush.messages=1 as well; that the
flush is configured is checked below, that it reaches the disk is Kafka's and the
kernel's part.
"""

import threading
import time

from harness import flow, wait_until

THREADS = 4
BODY = b'x' * 700


class Sender(threading.Thread):
    """Sends numbered records until told to stop; keeps what was acknowledged."""

    def __init__(self, kafka, topic, name):
        super().__init__(daemon=True)
        self.acked = {}  # number -> offset
        self.failed = 0
        self.enough = threading.Event()
        self._topic, self._name = topic, name
        self._producer = kafka.producer(message_timeout_ms=600000, reconnect_backoff_max_ms=500)

    def _report(self, number):
        def on_delivery(error, message):
            if error:
                self.failed += 1
            else:
                self.acked[number] = message.offset()
        return on_delivery

    def run(self):
        number = 0
        while not self.enough.is_set():
            try:
                self._producer.produce(self._topic, BODY, f'{self._name}/{number}', 0,
                                       on_delivery=self._report(number))
                number += 1
            except BufferError:
                pass
            self._producer.poll(0 if number % 16 else 0.002)
        self._producer.flush(600)


def check(records, senders):
    at = {r.offset: r.key.decode() for r in records}
    for name, s in senders.items():
        lost = [n for n, offset in s.acked.items() if at.get(offset) != f'{name}/{n}']
        assert not lost, f'sender {name}: {len(lost)} of {len(s.acked)} acknowledged are lost: {lost[:5]}'
        mine = [int(r.key.decode().split('/')[1]) for r in records if r.key.startswith(name.encode())]
        assert mine == sorted(set(mine)), f'sender {name}: out of order or twice in the log'


@flow(limit=120, topics=False)
def test_acknowledged_survive_kill9(env):
    topic = env.topic('durable')
    env.kafka.create_topic(topic, flush_messages=1)
    senders = {str(i): Sender(env.kafka, topic, str(i)) for i in range(THREADS)}
    for s in senders.values():
        s.start()

    def acked():
        return sum(len(s.acked) for s in senders.values())

    wait_until(lambda: acked() > 500, 30, 'the first 500 acknowledged')
    before = acked()
    env.kafka.kill9()
    time.sleep(0.3)
    env.kafka.start()
    wait_until(lambda: acked() > before + 500, 60, 'senders go on after the restart')
    for s in senders.values():
        s.enough.set()
    for s in senders.values():
        s.join(600)
        assert not s.is_alive(), 'a sender does not end'
        assert not s.failed, f'{s.failed} records were given up'
    records = env.kafka.read_all(topic)
    check(records, senders)
    print(f'       {before} acknowledged before kill -9, {acked()} in all, {len(records)} in the log')


@flow(limit=30, topics=False)
def test_shipped_settings_in_force(env):
    """The durability settings of server.properties.in reach a topic that says
    nothing itself; a topic not made on purpose does not come to be."""
    topic = env.topic('plain')
    env.kafka.create_topic(topic)
    config = env.kafka.topic_config(topic)
    want = {'flush.messages': '1', 'message.timestamp.type': 'LogAppendTime',
            'unclean.leader.election.enable': 'false'}
    assert {k: config[k] for k in want} == want, config
    other = env.topic('by-accident')
    producer = env.kafka.producer(message_timeout_ms=1500)
    producer.produce(other, b'x')
    producer.flush(10)
    assert other not in env.kafka.topics(), 'the broker made a topic by itself'
