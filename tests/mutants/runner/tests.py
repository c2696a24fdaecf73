"""Runs one named test in a tree and says how it went: 'passed', 'failed', or why neither can be said.

A unit test runs the one case only. Flow tests go, one after the other, to one runner of tests/flow per tree, which
keeps its Kafka and Redis: a start of Kafka costs more than most tests.
"""
import json
import os
import queue
import re
import signal
import subprocess
import threading

UNIT_LIMIT_S, FLOW_LIMIT_S, PY_LIMIT_S = 60, 240, 240
DONE = '@@done '  # tests/flow/run.py


class Tests:
    """The tests of one tree. `close` at the end."""

    def __init__(self, tree, one_case):
        self.tree, self.one_case, self.flows = tree, one_case, None

    def result(self, test):
        """(word, output)"""
        kind, what = test.split(':', 1)
        return {'unit': self._unit, 'flow': self._flow, 'py': self._py}[kind](what)

    def close(self):
        if self.flows:
            self.flows.close()
        self.flows = None

    def _unit(self, what):
        program, _, case = what.partition('/')
        code, out = self.tree.run([f'build/test/unit/{program}'], UNIT_LIMIT_S, LD_PRELOAD=str(self.one_case),
                                  MUARA_TEST_CASE=case, CMOCKA_MESSAGE_OUTPUT='stdout')
        if not re.search(rf'^\[ RUN      \] {re.escape(case)}$', out, re.MULTILINE):
            return f'no case {case} in {program} (or it died before)', out
        if f'[       OK ] {case}' in out and code == 0:
            return 'passed', out
        return 'failed', out  # it said so, or crashed, or hung

    def _flow(self, what):
        if self.flows is None or not self.flows.alive:
            self.close()
            self.flows = FlowRunner(self.tree)
        return self.flows.result(what)

    def _py(self, what):
        code, out = self.tree.run(['/usr/bin/python3', f'tests/{what}'], PY_LIMIT_S, PYTHONDONTWRITEBYTECODE='1')
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
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def alive(self):
        return self.proc.poll() is None

    def _read(self):
        for line in self.proc.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def result(self, what):
        text = ''
        try:
            self.proc.stdin.write(what + '\n')
            self.proc.stdin.flush()
            while (line := self.lines.get(timeout=FLOW_LIMIT_S)) is not None:
                if line.startswith(DONE):
                    _, _, failed = json.loads(line[len(DONE):])
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
