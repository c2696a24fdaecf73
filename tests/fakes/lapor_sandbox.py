#!/usr/bin/python3
"""A LAPOR! v3 to test against: its calls with their quirks, and misbehaviour on command.

  lapor_sandbox.py --port 8090 --dir scratch/sandbox

Prints "READY <port>" when it listens (port 0 picks one), keeps a journal (see sandbox_store.py) in
--dir, and serves beside the API, never misbehaving:
  GET  /__sandbox/          a page for people: what was filed
  GET  /__sandbox/filed     the same as JSON
  GET|POST /__sandbox/script    rules in force; {"rules": [...], "append": false} sets them
                                (see sandbox_rules.py)
  POST /__sandbox/config    {"id_place": ..., "auth_header": ..., "create_delay_ms": ...}
  POST /__sandbox/institutions  {"rows": [{"id": N, "name": ...}, ...]}, the list from now on
  POST /__sandbox/status    {"remote_id": N, "status_name": ..., "status_code": ...}
  POST /__sandbox/followup  {"remote_id": N, "content": ..., "code": ..., any field of a follow-up: ...}
  POST /__sandbox/forget    {"remote_id": N, "forget": true|false}: reads of it answer 404
Loopback only; standard library only. Known gaps: no TLS, no rate limit of its own, calls outside
the table are 404. What LAPOR! really answers on errors is not public; shapes here are plain.
"""
import argparse
import html
import json
import os
import re
import signal
import socket
import sys
import threading
import time

import sandbox_http as http
from sandbox_rules import Rules, strike
from sandbox_store import TEMPLATES, Refused, Store, ticket_of

ID_PLACES = {
    "complaint_id": lambda i: {"complaint_id": i},
    "results.complaint.id": lambda i: {"results": {"complaint": {"id": i}}},
    "data.complaint_id": lambda i: {"data": {"complaint_id": i}},
}
ROUTES = [
    ("GET", r"/masters/institutions/external", "institutions"),
    ("GET", r"/masters/templates", "templates"),
    ("POST", r"/complaints/complaint/file", "upload"),
    ("POST", r"/complaints/complaint(?:-lmw)?", "create"),
    ("POST", r"/complaints/process/([^/]+)/reject", "handover"),
    ("GET", r"/complaints/([^/]+)/complaint", "status"),
    ("GET", r"/complaints/([^/]+)/followups", "followups"),
    ("POST", r"/complaints/followup/add", "followup_add"),
]
CONFIG = ("id_place", "auth_header", "create_delay_ms", "page_size", "page_loop",
          "institutions_page_size")


class Sandbox:
    def __init__(self, options):
        self.options = options
        self.store, self.rules = Store(options.dir), Rules()
        self.routes = [(m, re.compile(options.base.rstrip("/") + p), c) for m, p, c in ROUTES]
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", options.port), backlog=512)
        self.port = self.listener.getsockname()[1]

    def run(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            conn = http.Connection(sock, self.connections)
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        try:
            while conn.open:
                request = conn.read_head()
                if not request:
                    break
                conn.read_body(request)
                if request.path.startswith("/__sandbox/"):
                    self.serve_control(conn, request)
                else:
                    self.serve_call(conn, request)
                if request.header("connection", "").lower() == "close" and conn.open:
                    conn.close()
        except (EOFError, OSError):
            pass
        except (http.BadRequest, ValueError) as e:
            conn.send(http.answer(400, {"message": str(e)}))
        if conn.open:
            conn.close()

    # the API

    def route(self, request):
        for method, pattern, call in self.routes:
            m = pattern.fullmatch(request.path)
            if m and method == request.method:
                return call, m.groups()
        return None, ()

    def serve_call(self, conn, request):
        call, args = self.route(request)
        ticket = ticket_of(request)
        rule = self.rules.pick(call, ticket, conn.requests > 1, request.path, request.raw) if call else None
        number = self.store.begin(call or "unknown", request, conn, rule)
        self.keep(number, call, request)
        stored, status, body = False, 200, {}
        if not rule or rule.stored:
            status, body = self.perform(call, number, request, args)
            stored = status < 400
        noted = []

        def note(left, fate, sent):
            noted.append(left)
            self.store.write(event="answer", request=number, call=call or "unknown", status=left,
                             action=rule.action if rule else None, stored=stored, bytes_sent=sent,
                             connection=fate)
        conn.note = note
        if rule:
            left = strike(conn, rule, status, body)
        else:
            left = conn.answer(status, http.answer(status, body))
        if not noted:  # no whole answer left
            note(left, conn.fate, conn.sent)

    def perform(self, call, number, request, args):
        """(status, answer body) of an honest server; what is to be stored is stored when it returns."""
        try:
            if not call:
                raise Refused(404, "Tidak ditemukan.")
            self.check_credentials(request)
            data = getattr(self, "do_" + call, None) or getattr(self.store, call)
            result = data(number, request, args)
            return self.shape(call, result)
        except Refused as e:
            return e.status, e.body

    def check_credentials(self, request):
        o = self.options
        names = ["auth", "authorization"] if o.auth_header == "any" else [o.auth_header.lower()]
        given = [request.header(n) for n in names]
        if o.auth not in given or request.header("token") != o.token:
            raise Refused(401, "Invalid Credentials")

    def shape(self, call, result):
        if call == "upload":
            lists = {n: [{"id": f["id"]} for f in result if f["list"] == n] for n in ("images", "docs")}
            return 200, {"results": lists}
        if call == "create":
            self.delay()
            return 201, ID_PLACES[self.options.id_place](result)
        if call in ("handover", "followup_add"):
            return 200, {"message": "Berhasil"}
        return 200, result

    def delay(self):
        """create_delay_ms as it is now: who makes it shorter lets go what waits."""
        begin = time.monotonic()
        while (left := begin + self.options.create_delay_ms / 1000 - time.monotonic()) > 0:
            time.sleep(min(left, 0.05))

    def do_institutions(self, number, request, args):
        rows, size = self.store.institutions, self.options.institutions_page_size
        if not size:
            return {"results": {"data": rows}}
        asked = re.search(r"(?:^|&)page=(\d+)", request.query)
        page = int(asked[1]) if asked else 1
        more = len(rows) > page * size  # as a server behind a gateway would name itself
        return {"results": {"data": rows[(page - 1) * size:page * size], "total": len(rows),
                            "next_page_url": f"http://lapor.internal/x?page={page + 1}" if more else None}}

    def do_templates(self, number, request, args):
        return {"results": {"data": TEMPLATES}}

    def do_followups(self, number, request, args):
        c = self.store.complaint(args[0])
        asked = re.search(r"(?:^|&)page=(\d+)", request.query)
        page, size = int(asked[1]) if asked else 1, self.options.page_size
        rows = self.store.followups.get(c["remote_id"], [])
        more = len(rows) > page * size or self.options.page_loop
        url = f"http://{request.header('host')}{request.path}?page={page + 1}"
        if self.options.page_loop:  # the last page leads to the first
            page = (page - 1) % max(1, -(-len(rows) // size)) + 1
        return {"results": {"data": rows[(page - 1) * size:page * size],
                            "next_page_url": url if more else None}}

    def keep(self, number, call, request):
        """--keep-requests: the raw bytes, for comparing with tests/golden/lapor-v3."""
        if self.options.keep_requests:
            folder = self.store.folder / "requests"
            folder.mkdir(exist_ok=True)
            (folder / f"{number:06d}-{call}.http").write_bytes(request.raw)

    # the control side

    def serve_control(self, conn, request):
        what = request.path.removeprefix("/__sandbox/")
        if request.method == "GET" and what == "":
            conn.send(http.answer(200, self.page().encode(), "text/html; charset=utf-8"))
            return
        try:
            body = json.loads(request.body) if request.body else {}
            result = self.control(request.method, what, body)
            conn.send(http.answer(200, result))
        except (ValueError, KeyError, TypeError, Refused) as e:
            conn.send(http.answer(400, {"message": str(e)}))

    def control(self, method, what, body):
        if what == "filed":
            return {"filed": self.store.filed(), "files": list(self.store.files.values()),
                    "requests": self.store.requests}
        if what == "script":
            if method == "POST":
                self.rules.set(body["rules"], body.get("append", False))
            return {"rules": self.rules.show()}
        if what == "config":
            self.configure(body)
            return {k: getattr(self.options, k) for k in CONFIG}
        if what == "institutions":
            self.store.institutions = list(body["rows"])
            return {}
        if what == "status":
            self.store.set_status(body["remote_id"], body["status_name"], body.get("status_code", "2"))
            return {}
        if what == "followup":
            return {"id": self.store.add_followup(**body)}
        if what == "forget":
            self.store.forget(body["remote_id"], body.get("forget", True))
            return {}
        raise ValueError(f"no such page: {what}")

    def configure(self, body):
        unknown = set(body) - set(CONFIG)
        if unknown or body.get("id_place", "complaint_id") not in ID_PLACES:
            raise ValueError(f"allowed: {CONFIG}; id_place: {list(ID_PLACES)}")
        for key, value in body.items():
            setattr(self.options, key, value)

    def page(self):
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(str(v))}</td>" for v in (
                c["remote_id"], c["ticket"], c["title"], c["status_name"],
                ", ".join(map(str, c["handed"])) or "-",
                c["fields"]["attachments"] or "-", c["answered"] or "tidak dijawab")) + "</tr>"
            for c in self.store.filed())
        return ("<!doctype html><html lang=id><meta charset=utf-8><title>LAPOR! sandbox</title>"
                "<style>body{font-family:sans-serif}td,th{border:1px solid #999;padding:.3em .6em}"
                "table{border-collapse:collapse}</style><h1>LAPOR! sandbox</h1>"
                f"<p>{len(self.store.complaints)} laporan, {len(self.store.files)} berkas, "
                f"{self.store.requests} panggilan.</p><table><tr><th>Nomor<th>Tiket<th>Judul<th>Status"
                f"<th>Diteruskan<th>Lampiran<th>Jawaban</tr>{rows}</table></html>")


def options(argv=None):
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--port", type=int, required=True)
    p.add_argument("--dir", required=True, help="folder of the journal")
    p.add_argument("--base", default="/lapor/3.0.0", help="path in front of every call")
    p.add_argument("--auth", default="Bearer sandbox-auth", help="value of the first credential header")
    p.add_argument("--token", default="{SANDBOX0-TOKE-NTOK-ENTO-KENTOKENTOKE}")
    p.add_argument("--auth-header", default="any", choices=["auth", "Authorization", "any"])
    p.add_argument("--id-place", default="complaint_id", choices=list(ID_PLACES))
    p.add_argument("--create-delay-ms", type=int, default=0)
    p.add_argument("--page-size", type=int, default=2, help="follow-ups per page")
    p.add_argument("--page-loop", action="store_true", help="the last page names a next one")
    p.add_argument("--institutions-page-size", type=int, default=0, help="0: all on one page")
    p.add_argument("--keep-requests", action="store_true")
    return p.parse_args(argv)


def leave_on_term():
    """At once, whatever call hangs: the journal is flushed line by line. By a thread that waits for
    the signal: a handler that is due just before accept() blocks would run with the next connection
    only."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def wait():
        signal.sigwait({signal.SIGTERM})
        os._exit(0)
    threading.Thread(target=wait, daemon=True).start()


def main():
    leave_on_term()
    sandbox = Sandbox(options())
    print(f"READY {sandbox.port}", flush=True)
    try:
        sandbox.run()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
