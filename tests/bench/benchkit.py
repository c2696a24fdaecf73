"""What the parts of `make bench` share: usage of a process, rows of the table, the small programs."""
import json
import os
import pathlib

from harness import Proc, ROOT, wait_until

PROGRAMS = os.path.join(ROOT, 'build', 'rel', 'bench')
TICK = os.sysconf('SC_CLK_TCK')
missed = []


class Usage:
    """CPU and memory of a process, from /proc. `whole`: since its start, not since now."""

    def __init__(self, pid, whole=False):
        self.pid, self.before = pid, 0 if whole else self._cpu(pid)

    @staticmethod
    def _cpu(pid):
        fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def take(self):
        """(CPU in us, peak of memory in KiB)"""
        return (self._cpu(self.pid) - self.before) * 1e6, self.memory('VmHWM')

    def memory(self, what='VmRSS'):
        """KiB"""
        line = next(line for line in pathlib.Path(f'/proc/{self.pid}/status').read_text().splitlines()
                    if line.startswith(what))
        return int(line.split()[1])


def row(name, n, seconds, cpu_us, rss_kb, note=''):
    print(f'  {name:22} {n / seconds:9,.0f} /s {cpu_us / n:9.1f} us CPU each {rss_kb / 1024:7.1f} MB  {note}', flush=True)


def ratio(bound, cpu, n, most=None, of='the CPU of the bare loop'):
    told(cpu / n / (bound['cpu_us'] / bound['n']), f'x {of}', most)


def told(value, what, most=None, least=None):
    """A number beside its bound. Nothing fails: main says at the end what was missed."""
    note = f'  (at most {most})' if most is not None else f'  (at least {least})' if least is not None else ''
    if (most is not None and value > most) or (least is not None and value < least):
        note += '  MISSED'
        missed.append(f'{value:.2f} {what}{note}')
    print(f'  {"":22} {value:9.2f} {what}{note}', flush=True)


def program(env, label, name, *args):
    """One of the small programs, when it is up."""
    log = env.scratch.path(label + '.log')
    p = Proc(label, [os.path.join(PROGRAMS, name), *map(str, args)], log, {})
    wait_until(lambda: 'READY' in pathlib.Path(log).read_text(), 20, f'{label} is up')
    return p


def last_json(env, label):
    return json.loads(pathlib.Path(env.scratch.path(label + '.log')).read_text().splitlines()[-1])


def run(env, label, name, *args, limit=300):
    """Runs one to its end; what it printed last."""
    p = program(env, label, name, *args)
    wait_until(lambda: not p.alive, limit, f'{label} is through')
    return last_json(env, label)
