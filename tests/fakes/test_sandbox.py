"""Each quirk and each misbehaviour of the LAPOR! sandbox, proved with a raw socket."""
import email.utils
import hashlib
import json
import pathlib
import re
import socket
import tempfile
import time
import unittest

from harness import wait_until
from sandbox_client import AUTH, TOKEN, Sandbox, golden_match

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "lapor-v3"
TICKET = "ABCDE-FGHJK"
VALUES = {"host": "lapor", "base_path": "/lapor/3.0.0", "user_agent": "test", "boundary": "BoUnDaRy",
          "auth": AUTH, "token": TOKEN, "idempotency_key": "k1", "ticket": TICKET, "complaint_id": "1916449",
          "image_id": "501", "doc_id": "502", "own_institution_id": "12", "target_institution_id": "77",
          "category_id": "15", "location_id": "34", "user_id": "51"}


def golden(name, **changes):
    """The bytes of a transcript with its names filled in."""
    values = {**VALUES, **changes}
    raw = (GOLDEN / f"{name}.request").read_bytes()
    raw = re.sub(rb"\{\{(?!content_length)(\w+)\}\}", lambda m: values[m[1].decode()].encode(), raw)
    body = raw.split(b"\r\n\r\n", 1)[1]
    return raw.replace(b"{{content_length}}", str(len(body)).encode())


class Client:
    """One keep-alive connection, read byte by byte."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.data = b""

    def send(self, raw):
        self.sock.sendall(raw)
        return self

    def read(self):
        """(status, headers, body); EOFError when the connection ends before a whole answer."""
        while b"\r\n\r\n" not in self.data:
            self._more()
        head, self.data = self.data.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:])
        size = int(headers["Content-Length"])
        while len(self.data) < size:
            self._more()
        body, self.data = self.data[:size], self.data[size:]
        return int(lines[0].split()[1]), headers, body

    def _more(self):
        got = self.sock.recv(1 << 20)
        if not got:
            raise EOFError
        self.data += got

    def ask(self, raw):
        status, _, body = self.send(raw).read()
        return status, json.loads(body)

    def close(self):
        self.sock.close()


class SandboxTest(unittest.TestCase):
    options = ("--keep-requests",)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.lapor = Sandbox(folder.name, *self.options).start()
        self.addCleanup(self.lapor.stop)

    def client(self):
        c = Client(self.lapor.port)
        self.addCleanup(c.close)
        return c

    def last(self, event):
        """The newest journal line of a kind; of answers, the newest request's: it may be written only
        when the client knows how its connection ended."""
        def newest():
            lines = self.lapor.journal()
            asked = [x for x in lines if x["event"] == "request"]
            found = [x for x in lines if x["event"] == event
                     and (event != "answer" or x["request"] == asked[-1]["request"])]
            return found and found[-1]
        return wait_until(newest, 20, f"a line {event} in the journal")

    def struck(self, action, call="create", **args):
        self.lapor.script({"call": call, "action": action, "args": args})
        return self.client().send(golden("create-plain"))


class Calls(SandboxTest):
    def test_the_whole_way_of_a_complaint(self):
        c = self.client()
        self.assertEqual(c.ask(golden("upload-both")),
                         (200, {"results": {"images": [{"id": 501}], "docs": [{"id": 502}]}}))
        self.assertEqual(c.ask(golden("create-attachments-string")), (201, {"complaint_id": 1916449}))
        self.assertEqual(c.ask(golden("handover"))[0], 200)
        status = c.ask(golden("status"))[1]["results"]["data"]
        self.assertEqual((status["disposition_id"], status["status_name"]), (77, "Belum Terverifikasi"))
        self.assertEqual(len(c.ask(golden("institutions"))[1]["results"]["data"]), 5)
        self.assertTrue(c.ask(golden("templates"))[1]["results"]["data"])
        filed, = self.lapor.filed()
        self.assertEqual((filed["ticket"], filed["handed"], filed["answered"]), (TICKET, [77], 201))
        self.assertEqual([f["list"] for f in self.lapor.files()], ["images", "docs"])

    def test_attachments_forms(self):
        c = self.client()
        c.ask(golden("upload-both"))
        for name in ("create-plain", "create-attachments-string", "create-attachments-string-dot"):
            self.assertEqual(c.ask(golden(name))[0], 201, name)
        self.assertEqual(c.ask(golden("create-attachments-string", doc_id="999"))[0], 422)

    def test_id_places(self):
        c = self.client()
        for place, read in (("complaint_id", lambda b: b["complaint_id"]),
                            ("results.complaint.id", lambda b: b["results"]["complaint"]["id"]),
                            ("data.complaint_id", lambda b: b["data"]["complaint_id"])):
            self.lapor.configure(id_place=place)
            self.assertGreaterEqual(read(c.ask(golden("create-plain"))[1]), 1916449)

    def test_credentials_in_two_headers(self):
        c = self.client()
        self.assertEqual(c.ask(golden("institutions"))[0], 200)
        self.assertEqual(c.ask(golden("institutions-authorization"))[0], 200)
        self.assertEqual(c.ask(golden("institutions", token="x")), (401, {"message": "Invalid Credentials"}))
        self.lapor.configure(auth_header="Authorization")
        self.assertEqual(c.ask(golden("institutions"))[0], 401)
        self.assertEqual(c.ask(golden("institutions-authorization"))[0], 200)

    def follow_up(self, number, content="[Tiket 3K7QX-0M2A5] Masih mati.", secret="0", files=()):
        parts = [("complaint_id", str(number)), ("is_secret", secret), ("content", content)]
        body = b"".join(f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode()
                        for k, v in parts)
        for i, data in enumerate(files):
            body += (f'--b\r\nContent-Disposition: form-data; name="attachment[{i}]"; filename="f.jpg"\r\n'
                     f"Content-Type: image/jpeg\r\n\r\n").encode() + data + b"\r\n"
        body += b"--b--\r\n"
        head = golden("upload-image").split(b"\r\n\r\n")[0].decode()
        lines = [x for x in head.split("\r\n") if not x.lower().startswith(("content-", "idempotency"))]
        lines[0] = lines[0].replace("/complaints/complaint/file", "/complaints/followup/add")
        lines += ["Content-Type: multipart/form-data; boundary=b", f"Content-Length: {len(body)}"]
        return self.client().ask("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def test_what_a_follow_up_must_hold_and_what_is_kept(self):
        number = self.client().ask(golden("create-plain"))[1]["complaint_id"]
        self.assertEqual(self.follow_up(number, files=[b"satu", b"dua"])[0], 200)
        told, = self.lapor.filed()[0]["told"]
        self.assertEqual(told["content"], "[Tiket 3K7QX-0M2A5] Masih mati.")
        self.assertEqual([f["sha256"] for f in told["files"]],
                         [hashlib.sha256(b).hexdigest() for b in (b"satu", b"dua")])
        self.assertEqual(self.last("stored")["ticket"], "3K7QX-0M2A5")
        self.assertEqual(self.follow_up(number + 1)[0], 404)
        self.assertEqual(self.follow_up(number, content="x" * 1001)[0], 422)
        self.assertEqual(self.follow_up(number, secret="Ya")[0], 422)
        self.assertEqual(self.follow_up(number, files=[b"x"] * 6)[0], 422)
        self.lapor.script({"call": "followup_add", "action": "drop_after_store"})
        self.follow_up_unanswered(number)
        self.assertEqual(len(self.lapor.filed()[0]["told"]), 2)

    def follow_up_unanswered(self, number):
        try:
            self.follow_up(number)
        except (OSError, EOFError, ValueError, IndexError):
            pass

    def test_followup_pages(self):
        c = self.client()
        number = c.ask(golden("create-plain"))[1]["complaint_id"]
        for i in range(3):
            self.lapor.add_followup(number, f"Tindak lanjut {i}")
        first = c.ask(golden("followups-page-1"))[1]["results"]
        self.assertEqual(len(first["data"]), 2)
        self.assertTrue(first["next_page_url"].endswith("followups?page=2"))
        second = c.ask(golden("followups-page-2"))[1]["results"]
        self.assertEqual((len(second["data"]), second["next_page_url"]), (1, None))
        self.lapor.set_status(number, "Selesai", "4")
        self.assertEqual(c.ask(golden("status"))[1]["results"]["data"]["status_name"], "Selesai")

    def test_followup_fields_loop_and_what_is_forgotten(self):
        c = self.client()
        number = c.ask(golden("create-plain"))[1]["complaint_id"]
        for i in range(3):
            self.lapor.add_followup(number, f"Jawaban {i}", template_content="Isi.", code="reply_lmw")
        self.lapor.configure(page_loop=True)
        second = c.ask(golden("followups-page-2"))[1]["results"]
        self.assertEqual([(r["content"], r["template_content"], r["template_code"]) for r in second["data"]],
                         [("Jawaban 2", "Isi.", "reply_lmw")])
        self.assertTrue(second["next_page_url"].endswith("followups?page=3"))
        again = c.ask(golden("followups-page-2").replace(b"page=2", b"page=3"))[1]["results"]
        self.assertEqual([r["content"] for r in again["data"]], ["Jawaban 0", "Jawaban 1"])
        self.lapor.forget(number)
        self.assertEqual(c.ask(golden("status"))[0], 404)
        self.lapor.forget(number, False)
        self.assertEqual(c.ask(golden("status"))[0], 200)

    def test_refuses_what_is_wrong(self):
        c = self.client()
        plain = golden("create-plain")
        self.assertEqual(c.ask(golden("create-plain", own_institution_id="1"))[0], 422)
        self.assertEqual(c.ask(plain.replace(b"application/json\r\nIdem", b"text/plain_____\r\nIdem"))[0], 415)
        self.assertEqual(c.ask(plain.replace(b'{"title"', b'["title"'))[0], 400)
        self.assertEqual(c.ask(golden("status", complaint_id="5"))[0], 404)
        self.assertEqual(c.ask(golden("handover", complaint_id="5"))[0], 404)
        self.assertEqual(self.lapor.filed(), [])

    def test_slow_create(self):
        self.lapor.configure(create_delay_ms=150)
        start = time.monotonic()
        self.assertEqual(self.client().ask(golden("create-plain"))[0], 201)
        self.assertGreater(time.monotonic() - start, 0.15)

    def test_what_waits_is_let_go(self):
        self.lapor.configure(create_delay_ms=600_000)
        c = self.client().send(golden("create-plain"))
        self.last("stored")
        self.assertEqual([x for x in self.lapor.journal() if x["event"] == "answer"], [])
        self.lapor.configure(create_delay_ms=0)
        self.assertEqual(c.read()[0], 201)

    def test_who_has_an_answer_finds_it_in_the_journal(self):
        c = self.client()
        for n in range(30):
            c.ask(golden("create-plain"))
            events = [x["event"] for x in self.lapor.journal()]
            self.assertEqual(events, ["request", "stored", "answer"] * (n + 1))

    def test_page_and_kept_bytes(self):
        c = self.client()
        c.ask(golden("create-plain"))
        raw = self.lapor.request_bytes(1)
        values = golden_match((GOLDEN / "create-plain.request").read_bytes(), raw)
        self.assertEqual(values["ticket"], TICKET)
        self.assertIsNone(golden_match((GOLDEN / "create-plain.request").read_bytes(), raw + b" "))
        _, _, page = c.send(b"GET /__sandbox/ HTTP/1.1\r\nHost: x\r\n\r\n").read()
        self.assertIn("Pasar Dinoyo", page.decode())

    def test_restart_goes_on(self):
        self.assertEqual(self.client().ask(golden("create-plain"))[1]["complaint_id"], 1916449)
        self.lapor.stop(kill=True)
        self.lapor.start()
        self.assertEqual(self.client().ask(golden("create-plain"))[1]["complaint_id"], 1916450)
        self.assertEqual(len(self.lapor.filed()), 2)
        numbers = [x["n"] for x in self.lapor.journal()]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))


class Misbehaviour(SandboxTest):
    def assert_fate(self, stored, connection, status=None):
        self.assertEqual(len(self.lapor.filed()), 1 if stored else 0)
        answer = self.last("answer")
        self.assertEqual((answer["stored"], answer["connection"], answer["status"]),
                         (stored, connection, status))

    def test_drops(self):
        for action, stored in (("drop_before", False), ("drop_after_store", True)):
            with self.assertRaises(EOFError):
                self.struck(action).read()
            self.assert_fate(stored, "closed")

    def test_resets(self):
        for action, stored in (("rst_before", False), ("rst_after_store", True)):
            with self.assertRaises(ConnectionResetError):
                self.struck(action).read()
            self.assert_fate(stored, "reset")

    def test_status(self):
        self.assertEqual(self.struck("status", status=503).read()[0], 503)
        self.assert_fate(False, "kept", 503)
        self.assertEqual(self.struck("status", status=500, stored=True).read()[0], 500)
        self.assert_fate(True, "kept", 500)

    def test_429_in_both_forms(self):
        status, headers, _ = self.struck("429", retry_after=7).read()
        self.assertEqual((status, headers["Retry-After"]), (429, "7"))
        before = time.time()
        _, headers, _ = self.struck("429", retry_after=60, form="date").read()
        then = email.utils.parsedate_to_datetime(headers["Retry-After"]).timestamp()
        self.assertTrue(before + 59 <= then <= time.time() + 60, (before, then))
        self.assert_fate(False, "kept", 429)

    def test_html(self):
        status, headers, body = self.struck("html200").read()
        self.assertEqual((status, headers["Content-Type"][:9]), (200, "text/html"))
        self.assertIn(b"<html>", body)
        self.assert_fate(True, "kept", 200)

    def test_truncated(self):
        with self.assertRaises(EOFError):
            self.struck("truncated").read()
        self.assert_fate(True, "closed", 201)

    def test_huge(self):
        _, _, body = self.struck("huge", mb=3).read()
        self.assertGreater(len(body), 3 << 20)

    def test_slow(self):
        start = time.monotonic()
        status, _, _ = self.struck("slow", pause_ms=2).read()
        self.assertEqual(status, 201)
        self.assertGreater(time.monotonic() - start, 0.15)

    def test_delay(self):
        start = time.monotonic()
        self.assertEqual(self.struck("delay", ms=120).read()[0], 201)
        self.assertGreater(time.monotonic() - start, 0.12)

    def test_hang(self):
        c = self.struck("hang")
        self.last("stored")
        c.sock.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            c.read()
        c.close()
        self.assert_fate(True, "hung")

    def test_close_after_an_answer(self):
        c = self.struck("close_after")
        self.assertEqual(c.read()[0], 201)
        with self.assertRaises((EOFError, ConnectionError)):
            c.send(golden("create-plain")).read()
        self.assert_fate(True, "closed", 201)

    def test_reused_connection_dies_after_it_stored(self):
        self.lapor.script({"call": "create", "reused": True, "action": "drop_after_store"})
        c = self.client()
        self.assertEqual(c.ask(golden("create-plain"))[0], 201)
        with self.assertRaises(EOFError):
            c.send(golden("create-plain")).read()
        self.assertEqual(len(self.lapor.filed()), 2)
        self.assertEqual(self.last("request")["conn_request"], 2)

    def test_redirect(self):
        for code in (302, 307):
            status, headers, _ = self.struck("redirect", status=code, location="http://x/y").read()
            self.assertEqual((status, headers["Location"]), (code, "http://x/y"))
        self.assert_fate(False, "kept", 307)

    def test_no_id_bad_json_gateway(self):
        status, _, body = self.struck("no_id").read()
        self.assertEqual((status, json.loads(body)), (201, {"message": "Berhasil"}))
        with self.assertRaises(ValueError):
            json.loads(self.struck("bad_json").read()[2])
        self.assertEqual(len(self.lapor.filed()), 2)
        self.assertEqual(self.struck("gateway401").read()[0], 401)
        self.assertEqual(len(self.lapor.filed()), 2)


class WhichRequestIsHit(SandboxTest):
    def statuses(self, n, **rule):
        self.lapor.script({"call": "create", "action": "status", **rule})
        c = self.client()
        return [c.ask(golden("create-plain"))[0] for _ in range(n)]

    def test_nth_every_times(self):
        self.assertEqual(self.statuses(4, nth=2), [201, 500, 201, 201])
        self.assertEqual(self.statuses(4, every=2), [201, 500, 201, 500])
        self.assertEqual(self.statuses(4, times=1), [500, 201, 201, 201])
        self.assertEqual(self.statuses(7, every=3, burst=2), [201, 201, 500, 500, 201, 500, 500])

    def test_what_the_request_holds(self):
        self.assertEqual(self.statuses(2, holds="Content-Type:", times=1), [500, 201])
        self.assertEqual(self.statuses(2, holds="nobody says this"), [201, 201])

    def test_probability_repeats_with_its_seed(self):
        first = self.statuses(20, probability=0.5, seed=7)
        self.assertEqual(first, self.statuses(20, probability=0.5, seed=7))
        self.assertEqual({201, 500}, set(first))

    def test_ticket(self):
        self.lapor.script({"ticket": "ZZZZZ-ZZZZZ", "action": "status"})
        c = self.client()
        self.assertEqual(c.ask(golden("create-plain"))[0], 201)
        self.assertEqual(c.ask(golden("create-plain", ticket="ZZZZZ-ZZZZZ"))[0], 500)
        self.assertEqual(self.lapor.rules()[0]["hits"], 1)

    def test_path(self):
        c = self.client()
        number = c.ask(golden("create-plain"))[1]["complaint_id"]
        self.lapor.script({"call": "status", "path": f"/{number}/", "action": "status"})
        self.assertEqual(c.ask(golden("status"))[0], 500)
        other = c.ask(golden("create-plain"))[1]["complaint_id"]
        self.assertEqual(c.ask(golden("status", complaint_id=str(other)))[0], 200)

    def test_a_wrong_rule_is_told(self):
        with self.assertRaisesRegex(ValueError, "allowed"):
            self.lapor.script({"action": "explode"})
        with self.assertRaisesRegex(ValueError, "unknown keys"):
            self.lapor.script({"action": "hang", "nht": 3})

    def test_journal_names_ticket_and_key(self):
        self.client().ask(golden("create-plain", idempotency_key="abc.2"))
        line = self.last("request")
        self.assertEqual((line["ticket"], line["idempotency_key"], line["call"]), (TICKET, "abc.2", "create"))


if __name__ == "__main__":
    unittest.main()
