"""A Redis of our own on a Unix socket, durable like the shipped one."""

import os
import signal
import socket

from .procs import Proc, wait_until


class RedisError(Exception):
    pass


class Resp:
    """The few lines of RESP2 that tests need. Bulk replies are bytes."""

    def __init__(self, path, timeout=60):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout)
        self._socket.connect(path)
        self._file = self._socket.makefile('rb')

    def cmd(self, *args):
        parts = [a if isinstance(a, bytes) else str(a).encode() for a in args]
        self._socket.sendall(b'*%d\r\n' % len(parts) +
                             b''.join(b'$%d\r\n%s\r\n' % (len(p), p) for p in parts))
        return self._reply()

    def _reply(self):
        line = self._file.readline()
        if not line.endswith(b'\r\n'):
            raise ConnectionError('Redis closed the connection')
        kind, rest = line[:1], line[1:-2]
        if kind == b'+':
            return rest.decode()
        if kind == b'-':
            raise RedisError(rest.decode())
        if kind == b':':
            return int(rest)
        if kind == b'$':
            return None if rest == b'-1' else self._file.read(int(rest) + 2)[:-2]
        if kind == b'*':
            return None if rest == b'-1' else [self._reply() for _ in range(int(rest))]
        raise RedisError(f'not RESP2: {line!r}')

    def close(self):
        self._file.close()
        self._socket.close()


class Redis:
    """start / stop / kill9 / cmd; its folder survives a restart."""

    def __init__(self, folder):
        self.dir = folder
        self.socket = os.path.join(folder, 'redis.sock')
        self.log = os.path.join(folder, 'redis.log')
        self.proc = self._client = None
        os.makedirs(folder, exist_ok=True)

    def start(self, *extra):
        """`extra`: settings as on the command line, '--maxmemory', '1mb'."""
        self.proc = Proc('redis', [
            'redis-server', '--port', '0', '--unixsocket', self.socket, '--unixsocketperm', '700',
            '--dir', self.dir, '--appendonly', 'yes', '--appendfsync', 'everysec', '--save', '',
            '--maxmemory-policy', 'noeviction', '--daemonize', 'no', *extra], self.log)
        wait_until(self._answers, 15, lambda: f'Redis answers; log {self.log}', part=True)
        return self

    def _answers(self):
        if not self.proc.alive:
            raise AssertionError(f'Redis ended with {self.proc.code}; log {self.log}')
        try:
            return self.cmd('PING') == 'PONG'
        except (OSError, RedisError):  # not yet listening, or LOADING
            return False

    def cmd(self, *args):
        """One command over a connection that is made anew when it broke."""
        if self._client is None:
            self._client = Resp(self.socket)
        try:
            return self._client.cmd(*args)
        except OSError:
            self._client.close()
            self._client = None
            raise

    def _drop_client(self):
        if self._client:
            self._client.close()
        self._client = None

    def stop(self):
        self._drop_client()
        if self.proc:
            self.proc.stop()

    def kill9(self):
        self._drop_client()
        self.proc.kill9()

    def restart(self, *extra):
        if self.proc.alive:
            self.stop()
        return self.start(*extra)

    def freeze(self):
        self.proc.signal(signal.SIGSTOP)

    def thaw(self):
        self.proc.signal(signal.SIGCONT)
