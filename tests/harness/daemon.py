"""One muara-* process as systemd would run it: notify socket, restarts."""

import http.client
import re
import socket

from .notify import Notify
from .procs import Proc, Supervisor, tail, wait_until

METRIC = re.compile(r'^([a-z_]\w*(?:\{[^}]*\})?) (\S+)$', re.MULTILINE | re.IGNORECASE)


class _UnixHttp(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__('localhost', timeout=60)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(60)
        self.sock.connect(self._path)


def unix_get(path, target):
    """(status, text) of GET target over the Unix socket `path`."""
    c = _UnixHttp(path)
    try:
        c.request('GET', target)
        answer = c.getresponse()
        return answer.status, answer.read().decode(errors='replace')
    finally:
        c.close()


class Daemon:
    """Made by Env.daemon. `proc` is the process of now, `restarts` how often a
    supervised one was restarted, `codes` the exit statuses that led to it."""

    def __init__(self, env, name, config, label, extra_env, crash, args, muara, wrap=None):
        from .env import yaml_text  # Env makes Daemons: each knows the other
        self.name, self.label, self._env = name, label, env
        self.log = env.scratch.path('log', label)
        self.config_file = env.scratch.write(f'{label}.yaml', yaml_text(config))
        self.metrics_socket = env.scratch.path('m', label)
        own = {**env.muara, 'state_dir': env.scratch.mkdir('state', label),
               'metrics': self.metrics_socket, **muara}
        self.muara_file = env.scratch.write(f'muara-{label}.yaml', yaml_text(own))
        self.notify = Notify(env.scratch.path('n', label))
        self._crash = [crash] if isinstance(crash, str) else list(crash or ())
        self._extra_env, self._args, self._wrap = extra_env, args, wrap or (lambda n: ())
        self._proc = self._supervisor = None

    # ---- start

    def _spawn(self, n):
        self.notify.reset()
        env = {**self._env.base_env(), 'NOTIFY_SOCKET': self.notify.path, **self._extra_env}
        if n < len(self._crash):
            env['MUARA_CRASH'] = self._crash[n]
        argv = [*self._wrap(n), self._env.bin(f'muara-{self.name}'), '--config', self.config_file,
                '--muara', self.muara_file, *self._args]
        return Proc(self.label, argv, self.log, env)

    def start(self, supervise=False, ready=True):
        """Also after a stop or kill9 of an unsupervised one."""
        if supervise:
            self._supervisor = Supervisor(self._spawn)
        else:
            self._supervisor, self._proc = None, self._spawn(0 if self._proc is None else 1)
        return self.wait_ready() if ready else self

    def wait_ready(self, timeout=None):
        def is_ready():
            if not self._supervisor and not self.alive:
                raise AssertionError(f'{self.label} ended with {self.proc.code} before READY=1:\n'
                                     f'{tail(self.log)}')
            return self.alive and self.notify.ready.is_set()  # not of one that was killed just now
        wait_until(is_ready, timeout or (60 if self._env.sanitized else 20),
                   lambda: f'{self.label} READY=1; last status {self.notify.status!r}\n{tail(self.log)}')
        return self

    # ---- now

    @property
    def proc(self):
        return self._supervisor.proc if self._supervisor else self._proc

    @property
    def pid(self):
        return self.proc.pid

    @property
    def alive(self):
        return self.proc is not None and self.proc.alive

    @property
    def restarts(self):
        return self._supervisor.restarts if self._supervisor else 0

    @property
    def codes(self):
        return list(self._supervisor.codes) if self._supervisor else []

    @property
    def status(self):
        """The last STATUS= it told its service manager."""
        return self.notify.status

    def wait_status(self, text, timeout=20):
        wait_until(lambda: text in self.status, timeout,
                   lambda: f'{self.label} status with {text!r}; it is {self.status!r}')

    def log_text(self):
        try:
            with open(self.log, errors='replace') as f:
                return f.read()
        except FileNotFoundError:
            return ''

    def metrics(self):
        """{'name{label="x"}': number} from its metrics socket."""
        status, text = unix_get(self.metrics_socket, '/metrics')
        assert status == 200, f'{self.label}: /metrics answered {status}'
        return {name: float(value) for name, value in METRIC.findall(text)}

    def healthz(self):
        return unix_get(self.metrics_socket, '/healthz')

    # ---- signals and the end

    def freeze(self):
        self.proc.freeze()

    def thaw(self):
        self.proc.thaw()

    def kill9(self):
        """SIGKILL, until it is gone; a supervised one comes back by itself."""
        return self.proc.kill9()

    def stop(self, timeout=None):
        """SIGTERM, bounded, no more restarts; its exit status."""
        timeout = timeout or (90 if self._env.sanitized else 30)
        return (self._supervisor or self._proc).stop(timeout)

    def restart(self):
        """Stop and start, unsupervised."""
        self.stop()
        return self.start()

    def kill(self):
        """At the end of a test, whatever its state: no restart, no drain."""
        if self._supervisor:
            self._supervisor.give_up()
        if self.alive:
            self.proc.kill9()
        self.notify.close()
