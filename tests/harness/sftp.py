"""A real sshd on loopback that serves files of the scratch folder by SFTP, and a wire that can be cut.

    with Sftp(env) as server:
        server.put('a.csv', data)          renamed into place in server.dir
        server.config(spool, files='*.csv')     settings of muara-call112 that fetch from it
        server.change_key()                another host key from now on, on the same port
        server.wire.cut_after = 100_000    the next connection breaks after so many bytes, once
        server.wire.hold_after = 100_000   ... stands still there until it is None again

    Sftp(env, password='rahasia')      also by a password, which only this sshd knows: it has an /etc/shadow of its own

Only who runs the test may log in, by a key made for it. Host keys: ed25519, and ECDSA after
change_key. A password needs root (a mount namespace): Sftp.passwords says whether that can be had.
"""

import getpass
import os
import socket
import subprocess
import threading

from . import call112 as c112
from .ports import free_port
from .procs import Proc, wait_until

SSHD = '/usr/sbin/sshd'


class Wire:
    """A port that passes everything on to another one, until told otherwise."""

    def __init__(self, target):
        self.target, self.cut_after, self.hold_after, self.cuts = target, None, None, 0
        self.passed = threading.Event()  # hold_after was reached
        self.lock = threading.Lock()
        self.open = set()
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(('127.0.0.1', self.target))
            except OSError:
                near.close()
                continue
            with self.lock:
                self.open |= {near, far}
            for a, b, counted in ((near, far, False), (far, near, True)):
                threading.Thread(target=self._pass, args=(a, b, counted), daemon=True).start()

    def _pass(self, a, b, counted):
        n = 0
        try:
            while data := a.recv(16384):
                n += len(data)
                if counted and self.cut_after is not None and n > self.cut_after:
                    self.cut_after, self.cuts = None, self.cuts + 1
                    break
                if counted and self.hold_after is not None and n > self.hold_after:
                    self.passed.set()
                    wait_until(lambda: self.hold_after is None or self.listener.fileno() < 0, 120,
                               'the wire is let go')
                b.sendall(data)
        except OSError:
            pass
        self._shut(a, b)

    def _shut(self, *sockets):
        for s in sockets:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self._shut(self.listener)
        self.listener.close()
        with self.lock:
            self._shut(*self.open)
            for s in self.open:
                s.close()


class Sftp:
    passwords = subprocess.run(['unshare', '-m', 'true'], check=False, capture_output=True).returncode == 0

    def __init__(self, env, password=None):
        self.env, self.password = env, password
        self.home = env.scratch.mkdir('sshd')
        self.dir = env.scratch.mkdir('sshd/files')
        self.key = self._keygen('client', 'ed25519')
        self.port, self.proc, self.keys = free_port(), None, 0

    def _path(self, name):
        return os.path.join(self.home, name)

    def _keygen(self, name, kind):
        path = self._path(name)
        subprocess.run(['ssh-keygen', '-q', '-t', kind, '-N', '', '-f', path], check=True)
        return path

    def _start(self, kind):
        self.keys += 1
        host = self._keygen(f'host-{self.keys}', kind)
        shown = subprocess.run(['ssh-keygen', '-lf', host], check=True, capture_output=True, text=True)
        self.fingerprint = shown.stdout.split()[1]
        with open(self._path('authorized_keys'), 'w') as f, open(self.key + '.pub') as public:
            f.write(public.read())
        with open(self._path('sshd_config'), 'w') as f:
            f.write(f'Port {self.port}\nListenAddress 127.0.0.1\nHostKey {host}\nPidFile none\n'
                    f'AuthorizedKeysFile {self._path("authorized_keys")}\nStrictModes no\nUsePAM no\n'
                    f'PermitRootLogin yes\nPasswordAuthentication {"yes" if self.password else "no"}\n'
                    'KbdInteractiveAuthentication no\nSubsystem sftp internal-sftp\n'
                    'ForceCommand internal-sftp\nMaxStartups 100\n')
        if os.geteuid() == 0:
            os.makedirs('/run/sshd', mode=0o755, exist_ok=True)  # sshd insists, as root
        command = [SSHD, '-D', '-e', '-f', self._path('sshd_config')]
        self.proc = Proc('sshd', self._with_password(command) if self.password else command, self._path('log'))
        wait_until(self._answers, 20, lambda: f'sshd answers; log {self._path("log")}')

    def _with_password(self, command):
        """The command where /etc/shadow knows who runs the test by that password."""
        made = subprocess.run(['openssl', 'passwd', '-6', '-stdin'], input=self.password, check=True,
                              capture_output=True, text=True, timeout=60).stdout.strip()
        with open(self._path('shadow'), 'w') as f:
            os.fchmod(f.fileno(), 0o600)
            f.write(f'{getpass.getuser()}:{made}:20000:0:99999:7:::\n')
        return ['unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/shadow && exec "$@"', self._path('shadow'), *command]

    def logins_refused(self):
        with open(self._path('log'), errors='replace') as f:
            return f.read().count('Failed password')

    def _answers(self):
        assert self.proc.alive, f'sshd ended with {self.proc.code}; log {self._path("log")}'
        try:
            with socket.create_connection(('127.0.0.1', self.port), 5) as s:
                return s.recv(4) == b'SSH-'
        except OSError:
            return False

    def __enter__(self):
        self._start('ed25519')
        self.wire = Wire(self.port)
        return self

    def __exit__(self, *_):
        self.wire.close()
        self.proc.stop()

    def change_key(self):
        """Open connections end, too."""
        self.proc.stop()
        with self.wire.lock:
            self.wire._shut(*self.wire.open)
        self._start('ecdsa')

    def put(self, name, data):
        c112.put(self.dir, name, data)

    def names(self):
        return sorted(os.listdir(self.dir))

    def config(self, spool, sftp=None, **over):
        conf = {'url': f'sftp://127.0.0.1:{self.wire.port}{self.dir}', 'user': getpass.getuser(),
                'host_keys': [self.fingerprint], 'key': self.key, 'every': '100ms', **(sftp or {})}
        return c112.config(spool, **{'settle': '300ms', 'sftp': conf, **over})
