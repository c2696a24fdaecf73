"""Free loopback ports without races between test runs of one machine.

Asking the kernel for a free port and using it later is a race twice: another
run may get the same one, and an outgoing connection may take it. So: only
ports below the range of outgoing connections, and a lock per port (an abstract
Unix socket) that lives exactly as long as this process.
"""

import os
import random
import socket

FIRST, LAST = 12000, 30000

_locks = {}


def _lock(port):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        s.bind(f'\0muara-test-port-{port}')
    except OSError:
        s.close()
        return None
    return s


def _usable(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(('127.0.0.1', port))
        except OSError:
            return False
    return True


def free_port():
    """A port of 127.0.0.1 that is this process' until it ends."""
    start = random.Random(os.urandom(8)).randrange(FIRST, LAST)
    for i in range(LAST - FIRST):
        port = FIRST + (start - FIRST + i) % (LAST - FIRST)
        lock = _lock(port)
        if not lock:
            continue
        if _usable(port):
            _locks[port] = lock
            return port
        lock.close()
    raise RuntimeError(f'no free port between {FIRST} and {LAST}')
