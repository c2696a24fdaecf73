"""Misbehaviour on command for the LAPOR! sandbox: which rule hits a request, and what it does.

A rule is {call, nth | every | probability+seed, burst, ticket, path, reused, holds, times, action, args}:
  call         upload create handover status followups followup_add institutions templates, or "*"
  nth, every   counted over the requests the rule's call/ticket/path/reused/holds match (1 = the first)
  burst        with every: the so many requests from there on, not one
  probability  0..1, with "seed" for the same sequence at every run
  ticket       only requests that carry this ticket
  path         only requests whose path holds this text
  reused       true: only on a connection that has served a request before
  holds        only requests with this text in their bytes
  times        at most so many hits
The first rule that hits wins. Neither nth, every nor probability: each matching request.
"""
import email.utils
import random
import threading
import time

import sandbox_http as http

# action -> is the request stored before it strikes? (args.stored overrules)
ACTIONS = {"drop_before": False, "rst_before": False, "drop_after_store": True,
           "rst_after_store": True, "status": False, "429": False, "html200": True,
           "truncated": True, "huge": True, "slow": True, "delay": True, "hang": True,
           "close_after": True, "redirect": False, "no_id": True, "bad_json": True,
           "gateway401": False}
CALLS = ("upload", "create", "handover", "status", "followups", "followup_add", "institutions",
         "templates")
KEYS = {"call", "nth", "every", "burst", "probability", "seed", "ticket", "path", "reused", "holds", "times",
        "action", "args"}
HTML = b"<!doctype html><html><body><h1>Sistem dalam pemeliharaan</h1></body></html>"


class Rule:
    def __init__(self, data):
        unknown = set(data) - KEYS
        if unknown:
            raise ValueError(f"unknown keys {sorted(unknown)}; allowed: {sorted(KEYS)}")
        if data.get("action") not in ACTIONS:
            raise ValueError(f"action {data.get('action')!r}; allowed: {sorted(ACTIONS)}")
        if data.get("call", "*") not in (*CALLS, "*"):
            raise ValueError(f"call {data['call']!r}; allowed: {CALLS} or '*'")
        self.data, self.args, self.action = data, data.get("args", {}), data["action"]
        self.seen = self.hits = 0
        self.random = random.Random(data.get("seed", 0))

    @property
    def stored(self):
        return self.args.get("stored", ACTIONS[self.action])

    def hits_request(self, call, ticket, reused, path, raw):
        d = self.data
        if d.get("call", "*") not in (call, "*") or d.get("path", "") not in path:
            return False
        if d.get("ticket") not in (None, ticket) or (d.get("reused") and not reused):
            return False
        if d.get("holds", "").encode() not in raw:
            return False
        self.seen += 1
        if self.hits >= d.get("times", 1 << 60) or not self._count_hits():
            return False
        self.hits += 1
        return True

    def _count_hits(self):
        d = self.data
        if "nth" in d:
            return self.seen == d["nth"]
        if "every" in d:
            return self.seen >= d["every"] and self.seen % d["every"] < d.get("burst", 1)
        return self.random.random() < d.get("probability", 1)


class Rules:
    def __init__(self):
        self.lock, self.rules = threading.Lock(), []

    def set(self, data, append=False):
        new = [Rule(d) for d in data]
        with self.lock:
            self.rules = self.rules + new if append else new

    def pick(self, call, ticket, reused, path, raw):
        with self.lock:
            return next((r for r in self.rules if r.hits_request(call, ticket, reused, path, raw)), None)

    def show(self):
        with self.lock:
            return [{**r.data, "seen": r.seen, "hits": r.hits} for r in self.rules]


def retry_after(args):
    """Header value: seconds, or (args.form == "date") an HTTP-date so many seconds ahead."""
    seconds = args.get("retry_after", 1)
    if args.get("form") == "date":
        return email.utils.formatdate(time.time() + seconds, usegmt=True)
    return str(seconds)


def _status(conn, rule, status, body):
    code = rule.args.get("status", 500)
    return conn.answer(code, http.answer(code, rule.args.get("body", {"message": "Internal Server Error"})))


def _429(conn, rule, status, body):
    headers = [] if rule.args.get("form") == "none" else [("Retry-After", retry_after(rule.args))]
    return conn.answer(429, http.answer(429, {"message": "Too Many Requests"}, headers=headers))


def _html(conn, rule, status, body):
    return conn.answer(200, http.answer(200, HTML, "text/html; charset=utf-8"))


def _truncated(conn, rule, status, body):
    whole = http.answer(status, body)
    conn.send(whole[:rule.args.get("keep", len(whole) - max(1, len(whole) // 8))])
    conn.close()
    return status


def _huge(conn, rule, status, body):
    filler = {**body, "filler": "x" * (int(rule.args.get("mb", 8) * 1024 * 1024))}
    return conn.answer(status, http.answer(status, filler))


def _slow(conn, rule, status, body):
    return conn.answer(status, http.answer(status, body), pause_s=rule.args.get("pause_ms", 50) / 1000)


def _delay(conn, rule, status, body):
    time.sleep(rule.args.get("ms", 1000) / 1000)
    return conn.answer(status, http.answer(status, body))


def _hang(conn, rule, status, body):
    conn.hang(rule.args.get("ms", 600_000) / 1000)


def _close_after(conn, rule, status, body):
    conn.answer(status, http.answer(status, body, headers=[("Connection", "keep-alive")]), fate="closed")
    conn.close()
    return status


def _redirect(conn, rule, status, body):
    code = rule.args.get("status", 302)
    where = rule.args.get("location", "http://127.0.0.1:9/elsewhere")
    return conn.answer(code, http.answer(code, b"", "text/html", [("Location", where)]))


def _no_id(conn, rule, status, body):
    return conn.answer(status, http.answer(status, {"message": "Berhasil"}))


def _bad_json(conn, rule, status, body):
    return conn.answer(status, http.answer(status, b'{"complaint_id": 12, "message": '))


def _gateway401(conn, rule, status, body):
    return conn.answer(401, http.answer(401, {"message": "Invalid Credentials"}))


def _drop(conn, rule, status, body):
    conn.close()


def _rst(conn, rule, status, body):
    conn.reset()


STRIKES = {"drop_before": _drop, "drop_after_store": _drop, "rst_before": _rst,
           "rst_after_store": _rst, "status": _status, "429": _429, "html200": _html,
           "truncated": _truncated, "huge": _huge, "slow": _slow, "delay": _delay, "hang": _hang,
           "close_after": _close_after, "redirect": _redirect, "no_id": _no_id,
           "bad_json": _bad_json, "gateway401": _gateway401}


def strike(conn, rule, status, body):
    """Answers as the rule says; returns the status that left, None when none did."""
    return STRIKES[rule.action](conn, rule, status, body)
