"""The other end of sd_notify: what a daemon tells its service manager.

A thread drains the socket all the time: the kernel queues only a few
datagrams, and a daemon must not block on a reader that looks away.
"""

import os
import socket
import threading


class Notify:
    def __init__(self, path):
        self.path = path
        self.ready, self.stopping = threading.Event(), threading.Event()
        self.status = ''      # the last STATUS=
        self.statuses = []    # all of them, in order
        self.watchdogs = 0    # how many WATCHDOG=1
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        if os.path.exists(path):
            os.unlink(path)
        self._socket.bind(path)
        threading.Thread(target=self._drain, daemon=True).start()

    def reset(self):
        """Before a restart: what the last one said is not said by the next."""
        self.ready.clear()
        self.stopping.clear()
        self.status = ''

    def _take(self, key, value):
        if (key, value) == ('READY', '1'):
            self.ready.set()
        elif (key, value) == ('STOPPING', '1'):
            self.stopping.set()
        elif key == 'STATUS':
            self.status = value
            self.statuses.append(value)
        elif key == 'WATCHDOG':
            self.watchdogs += 1

    def _drain(self):
        while True:
            try:
                text = self._socket.recv(4096).decode(errors='replace')
            except OSError:
                return
            # READY last: who waits for it may look at the rest of the datagram
            for line in sorted(text.splitlines(), key=lambda x: x == 'READY=1'):
                self._take(*line.partition('=')[::2])

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()
