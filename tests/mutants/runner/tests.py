"""Runs one named test in a tree and says how it went: 'passed', 'failed', or why neither can be said.

A unit test runs the one case only. Flow tests go, one after the other, to one runner of tests/flow per tree, which
keeps its Kafka and Redis: a start of Kafka costs more than most tests.

Patience. What a broken rule keeps from coming never comes: to wait a whole limit for it is lost time. The run of a
test on the sources as they are, which comes first in the same lane, says how long its longest wait took (a unit test:
all of it); a mutated run may take MORE_S and TIMES that. So no wait that ends a mutant was shorter than the one that
was enough without it, by far.
"""
import json
import os
import queue
import re
import signal
import subprocess
import threading
import time

UNIT_LIMIT_S, FLOW_LIMIT_S, PY_LIMIT_S = 180, 240, 240
MORE_S, TIMES = 6, 4
SCHEDULES = os.environ.get('MUARA_MODEL', '20000')  # of test-lane_model: it finds a broken rule among the first
DONE = '@@done '  # tests/flow/run.py


class Tests:
    """The tests of one tree. `close` at the end."""

    def __init__(self, tree, one_case):
        self.tree, self.one_case, self.flows = tree, one_case, None
        self.took = 0.0  # seconds: of a flow test the longest of its waits, of another test all of it

    def result(self, test, unmutated_took=None):
        """(word, output). `unmutated_took`: of a mutated tree, `took` of the same test without the mutant."""
        kind, what = test.split(':', 1)
        patience = None if unmutated_took is None else MORE_S + TIMES * unmutated_took
        begin = time.monotonic()
        word, out = {'unit': self._unit, 'flow': self._flow, 'py': self._py}[kind](what, patience)
        self.took = self.flows.longest if kind == 'flow' else time.monotonic() - begin
        return word, out

    def close(self):
        if self.flows:
            self.flows.close()
        self.flows = None

    def _unit(self, what, patience):
        program, _, case = what.partition('/')
        limit = min(patience or UNIT_LIMIT_S, UNIT_LIMIT_S)
        code, out = self.tree.run([f'build/test/unit/{program}'], limit, LD_PRELOAD=str(self.one_case),
                                  MUARA_TEST_CASE=case, CMOCKA_MESSAGE_OUTPUT='stdout', MUARA_MODEL=SCHEDULES)
        if not re.search(rf'^\[ RUN      \] {re.escape(case)}$', out, re.MULTILINE):
            return f'no case {case} in {program} (or it died before)', out
        if f'[       OK ] {case}' in out and code == 0:
            return 'passed', out
        return 'failed', out  # it said so, or crashed, or hung

    def _flow(self, what, patience):
        if self.flows is None or not self.flows.alive:
            self.close()
            self.flows = FlowRunner(self.tree)
        return self.flows.result(what, patience)

    def _py(self, what, patience):
        limit = min(patience or PY_LIMIT_S, PY_LIMIT_S)
        code, out = self.tree.run(['/usr/bin/python3', f'tests/{what}'], limit, PYTHONDONTWRITEBYTECODE='1')
        return ('passed' if code == 0 else 'failed'), out


class FlowRunner:
    """tests/flow/run.py as a worker: names in, results out."""

    def __init__(self, tree):
        argv = ['setpriv', '--pdeathsig', 'KILL', '--', '/usr/bin/python3', '-u', 'tests/flow/run.py',
                '--build', 'test', '--worker']
        self.proc = subprocess.Popen(
            argv, cwd=tree.path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors='replace', start_new_session=True,
            env={**os.environ, 'MUARA_KEEP': 'never', 'PYTHONDONTWRITEBYTECODE': '1'})
        self.lines, self.longest = queue.Queue(), 0.0
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def alive(self):
        return self.proc.poll() is None

    def _read(self):
        for line in self.proc.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def result(self, what, patience):
        text = ''
        try:
            self.proc.stdin.write(f'{what} {patience or ""}\n')
            self.proc.stdin.flush()
            while (line := self.lines.get(timeout=FLOW_LIMIT_S)) is not None:
                if line.startswith(DONE):
                    *_, failed, self.longest = json.loads(line[len(DONE):])
                    return ('failed' if failed else 'passed'), text
                text += line
            return f'no result of {what}: its runner ended', text
        except OSError:
            return f'no result of {what}: its runner ended', text
        except queue.Empty:
            self._end(signal.SIGKILL)
            return f'no result of {what} within {FLOW_LIMIT_S} s', text

    def _end(self, number):
        try:
            os.killpg(self.proc.pid, number)
        except ProcessLookupError:
            pass

    def close(self):
        try:
            self.proc.stdin.close()  # no more names
        except OSError:
            pass
        try:
            self.proc.wait(60)
        except subprocess.TimeoutExpired:
            pass
        self._end(signal.SIGKILL)
        self.proc.wait()
