"""Helpers for tests that use the LAPOR! sandbox: start and stop it, script it, read its journal.

    with Sandbox(folder) as lapor:
        lapor.script({"call": "create", "nth": 3, "action": "drop_after_store"})
        ...
        lapor.filed(), lapor.journal()
"""
import http.client
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from harness.ports import free_port  # noqa: E402

AUTH = "Bearer sandbox-auth"
TOKEN = "{SANDBOX0-TOKE-NTOK-ENTO-KENTOKENTOKE}"
NAME = re.compile(rb"\{\{(\w+)\}\}")


class Sandbox:
    """One running sandbox; `base` is what a profile's base URL is set to."""

    def __init__(self, folder, *arguments, port=0):
        """port 0: one that is nobody else's until this process ends, a stopped sandbox's too."""
        self.folder, self.arguments, self.port = pathlib.Path(folder), list(arguments), port or free_port()
        self.process = None

    def start(self):
        """Starts it (again, on the same port and journal, after a stop or kill)."""
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "lapor_sandbox.py"), "--port", str(self.port), "--dir",
             str(self.folder), *self.arguments], stdout=subprocess.PIPE, text=True)
        ready = self.process.stdout.readline().split()
        if ready[:1] != ["READY"]:
            self.stop()
            raise RuntimeError("the sandbox did not start")
        self.port = int(ready[1])
        return self

    def stop(self, kill=False):
        if self.process:
            (self.process.kill if kill else self.process.terminate)()
            self.process.wait(60)
            self.process.stdout.close()
            self.process = None

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}/lapor/3.0.0"

    def control(self, method, what, body=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            c.request(method, f"/__sandbox/{what}", json.dumps(body) if body is not None else None)
            answer = c.getresponse()
            data = json.loads(answer.read())
        finally:
            c.close()
        if answer.status != 200:
            raise ValueError(data["message"])
        return data

    def script(self, *rules, append=False):
        return self.control("POST", "script", {"rules": list(rules), "append": append})["rules"]

    def rules(self):
        return self.control("GET", "script")["rules"]

    def configure(self, **values):
        return self.control("POST", "config", values)

    def institutions(self, rows):
        """{id: name}, the list of institutions from now on."""
        self.control("POST", "institutions", {"rows": [{"id": i, "name": n} for i, n in rows.items()]})

    def filed(self):
        return self.control("GET", "filed")["filed"]

    def files(self):
        return self.control("GET", "filed")["files"]

    def set_status(self, remote_id, name, code="2"):
        self.control("POST", "status", {"remote_id": remote_id, "status_name": name, "status_code": code})

    def add_followup(self, remote_id, content, **fields):
        """Its number."""
        return self.control("POST", "followup", {"remote_id": remote_id, "content": content, **fields})["id"]

    def forget(self, remote_id, forget=True):
        self.control("POST", "forget", {"remote_id": remote_id, "forget": forget})

    def journal(self):
        return read_journal(self.folder)

    def request_bytes(self, number):
        """Raw bytes of a request (needs --keep-requests)."""
        found = list((self.folder / "requests").glob(f"{number:06d}-*.http"))
        return found[0].read_bytes() if found else None


def read_journal(folder):
    """All whole lines, also while the sandbox writes."""
    path = pathlib.Path(folder) / "journal.jsonl"
    whole = path.read_bytes() if path.exists() else b""
    return [json.loads(line) for line in whole[:whole.rfind(b"\n") + 1].splitlines()]


def golden_match(golden, raw):
    """Compares a request with a transcript of tests/golden; {name: value} or None.

    Every {{name}} stands for any bytes without CR or LF, the same name for the same bytes;
    {{content_length}} must be the length of the body.
    """
    pattern, at, seen = b"", 0, set()
    for m in NAME.finditer(golden):
        pattern += re.escape(golden[at:m.start()])
        name = m[1].decode()
        pattern += f"(?P={name})".encode() if name in seen else f"(?P<{name}>[^\r\n]+?)".encode()
        seen.add(name)
        at = m.end()
    m = re.fullmatch(pattern + re.escape(golden[at:]), raw, re.S)
    if not m:
        return None
    values = {k: v.decode("utf-8", "replace") for k, v in m.groupdict().items()}
    body = raw.split(b"\r\n\r\n", 1)[1]
    if values.get("content_length", str(len(body))) != str(len(body)):
        return None
    return values
