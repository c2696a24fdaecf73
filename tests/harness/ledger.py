"""What the sources saw: which messages were sent to Muara, and which of them it accepted.

The oracle compares this with the topics; a ledger holds only what the sender itself computed and
saw, never what a daemon says of itself. Threads may share one.
"""

import json
import threading
import time


class Ledger:
    def __init__(self):
        self.accepted = {}      # id -> {'channel', 'text', 'at_ms', 'place', …}, None = not known
        self.offered = set()    # sent, perhaps without ever being told "accepted"
        self.posts = self.refused = self.repeated = 0
        self._lock = threading.Lock()

    def offer(self, message):
        with self._lock:
            self.offered.add(message)

    def accept(self, message, channel, text=None, place=None, told=True, files=None, emergency=None):
        """told: its source was told so just now (a 200), so the log must have had it before. files:
        sha256 of each; emergency: whether it must ring."""
        with self._lock:
            self.offered.add(message)
            self.accepted.setdefault(message, {
                'channel': channel, 'text': text, 'place': place, 'files': files, 'emergency': emergency,
                'at_ms': time.time() * 1000 if told else None})

    def count(self, refused=0, repeated=0):
        with self._lock:
            self.posts += 1
            self.refused += refused
            self.repeated += repeated

    def write(self, path):
        """As the oracle's command line reads it."""
        with self._lock, open(path, 'w', encoding='utf-8') as f:
            for message, facts in self.accepted.items():
                f.write(json.dumps({'id': message, **facts}, ensure_ascii=False) + '\n')
        return path
