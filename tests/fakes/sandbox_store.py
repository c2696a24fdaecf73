"""What the LAPOR! sandbox knows: complaints, uploads, follow-ups; and its append-only journal.

The journal (journal.jsonl) is the oracle's witness. Lines, in order, each with a running "n":
  {"event":"request","request":N,"call","method","path","conn","conn_request","body_sha256",
   "body_bytes","ticket","idempotency_key","rule":action|null}
  {"event":"stored","request":N,"call":"create","remote_id","ticket","fields":{...}}
  {"event":"stored","request":N,"call":"upload","files":[{"id","list","name","mime","sha256","bytes"}]}
  {"event":"stored","request":N,"call":"handover","remote_id","to":institution}
  {"event":"stored","request":N,"call":"followup_add","remote_id","ticket","fields":{...},
   "files":[{"name","mime","sha256","bytes"}]}
  {"event":"answer","request":N,"call","status":null|int,"action":null|text,"stored":bool,
   "bytes_sent","connection":"kept|closed|reset|hung|client-gone"}
Each line is flushed before the next byte of an answer leaves, that of a whole answer before its last
byte: it may be read while the sandbox runs, and who has an answer finds it there. A request without
an "answer" line still waits for it, or was cut off by the sandbox's own death. At start an
existing journal is read back, so that ids go on and nothing filed is forgotten.
"""
import hashlib
import json
import pathlib
import re
import threading
import time

from sandbox_http import BadRequest, multipart_parts

TICKET = re.compile(r"^\[Tiket ([0-9A-Z]{5}-[0-9A-Z]{5})\]")
TICKET_ANYWHERE = re.compile(rb"\b([0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5})\b")
ATTACHMENTS = re.compile(r"^\[(\d+(?:,\d+)*)\]\.?$")
PICTURES = ("image/jpeg", "image/png")
INSTITUTIONS = [{"id": 12, "name": "Pemerintah Kota Malang"}, {"id": 77, "name": "Dinas Perhubungan"},
                {"id": 78, "name": "Dinas Pekerjaan Umum"}, {"id": 79, "name": "Dinas Lingkungan Hidup"},
                {"id": 80, "name": "Inspektorat"}]
TEMPLATES = [{"template_code": "disposition", "title": "Disposisi", "type": "followup",
              "content": "Laporan diteruskan dari {{institution_from}} kepada {{ institution_to }}."},
             {"template_code": "reply_lmw", "title": "Tanggapan", "type": "followup", "content": ""}]
FILE_LIMIT = 5 * 1024 * 1024


class Refused(Exception):
    """An answer of the API that is not a success."""

    def __init__(self, status, message, errors=None):
        super().__init__(message)
        self.status = status
        self.body = {"message": message, **({"errors": errors} if errors else {})}


class Store:
    def __init__(self, folder, first_id=1916449):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self.complaints, self.files, self.followups, self.answers = {}, {}, {}, {}
        self.forgotten = set()
        self.told = {}   # remote id -> stored lines of what clients told it
        self.institutions = list(INSTITUTIONS)  # may be set to others, see lapor_sandbox.py
        self.next_id, self.next_file, self.requests, self.lines = first_id, 501, 0, 0
        path = self.folder / "journal.jsonl"
        if path.exists():
            self._read_back(path)
        self.journal = open(path, "a", encoding="utf-8")  # noqa: SIM115 (open for the whole life)

    def _read_back(self, path):
        whole = path.read_bytes()
        if not whole.endswith(b"\n"):  # killed within a line: that line never counted
            whole = whole[:whole.rfind(b"\n") + 1]
            path.write_bytes(whole)
        for text in whole.splitlines():
            line = json.loads(text)
            self.lines, self.requests = line["n"], max(self.requests, line["request"])
            if line["event"] == "stored":
                self._apply(line)
            elif line["event"] == "answer":
                self.answers[line["request"]] = line

    def write(self, **line):
        with self.lock:
            self.lines += 1
            line = {"n": self.lines, "at": time.time(), **line}
            self.journal.write(json.dumps(line, ensure_ascii=False) + "\n")
            self.journal.flush()
            if line["event"] == "stored":
                self._apply(line)
            elif line["event"] == "answer":
                self.answers[line["request"]] = line

    def _apply(self, line):
        if line["call"] == "create":
            self.complaints[line["remote_id"]] = {**line, "disposition": line["fields"]["disposition_id"],
                                                  "status_name": "Belum Terverifikasi", "status_code": "1",
                                                  "handed": [], "logs": []}
            self.next_id = max(self.next_id, line["remote_id"] + 1)
        elif line["call"] == "upload":
            for file in line["files"]:
                self.files[file["id"]] = file
                self.next_file = max(self.next_file, file["id"] + 1)
        elif line["call"] == "handover":
            c = self.complaints[line["remote_id"]]
            c["disposition"] = line["to"]
            c["handed"].append(line["to"])
            c["logs"].append({"note": "Bukan wewenang", "timestamp": local_time(line["at"])})
        elif line["call"] == "followup_add":
            self.told.setdefault(line["remote_id"], []).append(line)

    def begin(self, call, request, conn, rule):
        """Journals the arrival; returns the request's number."""
        with self.lock:
            self.requests += 1
            number = self.requests
            self.write(event="request", request=number, call=call, method=request.method,
                       path=request.target, conn=conn.number, conn_request=conn.requests,
                       body_sha256=hashlib.sha256(request.body).hexdigest(),
                       body_bytes=len(request.body), ticket=ticket_of(request),
                       idempotency_key=request.header("idempotency-key"),
                       rule=rule.action if rule else None)
            return number

    # the calls: each takes (request number, request, path arguments), stores, returns the data

    def upload(self, number, request, _):
        with self.lock:
            files = []
            for head, data in parts_of(request):
                disposition = head.get("content-disposition", "")
                if 'name="attachments[]"' not in disposition:
                    raise Refused(422, "Field attachments[] wajib diisi.")
                name = re.search(r'filename="([^"]*)"', disposition)
                if len(data) > FILE_LIMIT:
                    raise Refused(422, "Berkas terlalu besar.")
                mime = head.get("content-type", "application/octet-stream")
                files.append({"id": self.next_file + len(files), "name": name[1] if name else "",
                              "list": "images" if mime in PICTURES else "docs", "mime": mime,
                              "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)})
            if not files:
                raise Refused(422, "Field attachments[] wajib diisi.")
            self.write(event="stored", request=number, call="upload", files=files)
            return files

    def create(self, number, request, _):
        fields = json_of(request)
        with self.lock:
            errors = faults_of(fields, self.files)
            if errors:
                raise Refused(422, "Data yang diberikan tidak valid.", errors)
            ticket = TICKET.match(fields["content"])
            remote_id = self.next_id
            self.write(event="stored", request=number, call="create", remote_id=remote_id,
                       ticket=ticket[1] if ticket else None, fields=fields)
            return remote_id

    def handover(self, number, request, args):
        fields = json_of(request)
        with self.lock:
            c = self.complaint(args[0])
            known = {i["id"] for i in self.institutions}
            if fields.get("is_request") != 1 or fields.get("not_authority") != 1:
                raise Refused(422, "is_request dan not_authority harus 1.")
            if fields.get("reason") not in known or not is_text(fields.get("reason_description"), 1000):
                raise Refused(422, "Instansi tujuan tidak dikenal atau alasan kosong.")
            self.write(event="stored", request=number, call="handover", remote_id=c["remote_id"],
                       to=fields["reason"])
            return c["remote_id"]

    def followup_add(self, number, request, _):
        fields, files = {}, []
        for head, data in parts_of(request):
            disposition = head.get("content-disposition", "")
            name = re.search(r'[ ;]name="([^"]*)"', disposition)
            file = re.search(r'filename="([^"]*)"', disposition)
            if file:
                if not re.fullmatch(r"attachment\[\d\]", name[1]) or len(data) > FILE_LIMIT:
                    raise Refused(422, "Berkas tindak lanjut tidak valid.")
                files.append({"name": file[1], "mime": head.get("content-type", ""), "bytes": len(data),
                              "sha256": hashlib.sha256(data).hexdigest()})
            else:
                fields[name[1] if name else ""] = data.decode("utf-8", "replace")
        with self.lock:
            c = self.complaint(fields.get("complaint_id", ""))
            content = fields.get("content", "")
            if not is_text(content, 1000):
                raise Refused(422, "Isi tindak lanjut 1 sampai 1.000 karakter.")
            if len(files) > 5 or fields.get("is_secret") not in ("0", "1"):
                raise Refused(422, "Paling banyak 5 berkas; is_secret 0 atau 1.")
            ticket = TICKET.match(content)
            self.write(event="stored", request=number, call="followup_add", remote_id=c["remote_id"],
                       ticket=ticket[1] if ticket else None, fields=fields, files=files)
            return self.add_followup(c["remote_id"], content, "reply_lmw")

    # reads

    def complaint(self, text):
        c = self.complaints.get(int(text)) if text.isdigit() and len(text) <= 15 else None
        if not c or c["remote_id"] in self.forgotten:
            raise Refused(404, "Laporan tidak ditemukan.")
        return c

    def forget(self, remote_id, forget=True):
        """Calls about it answer 404 from now on, or no longer."""
        with self.lock:
            (self.forgotten.add if forget else self.forgotten.discard)(remote_id)

    def status(self, _, request, args):
        with self.lock:
            c = self.complaint(args[0])
            name = next((i["name"] for i in self.institutions if i["id"] == c["disposition"]), None)
            data = {"status_code": c["status_code"], "status_name": c["status_name"],
                    "disposition_id": c["disposition"], "disposition_name": name,
                    "status_logs": list(c["logs"])}
            return {"results": {"data": data, "data_logs": []}}

    def add_followup(self, remote_id, content, code="disposition", **more):
        with self.lock:
            rows = self.followups.setdefault(remote_id, [])
            rows.append({"id": 9000 + len(rows) + 1, "created_at": local_time(time.time()),
                         "institution_from_name": "Dinas Perhubungan",
                         "institution_to_name": "Pemerintah Kota Malang", "template_code": code,
                         "template_content": TEMPLATES[0]["content"], "content": content,
                         "attachments": {"docs": []}, **more})
            return rows[-1]["id"]

    def set_status(self, remote_id, name, code):
        with self.lock:
            c = self.complaint(str(remote_id))
            c["status_name"], c["status_code"] = name, code
            c["logs"].append({"note": name, "timestamp": local_time(time.time())})

    def filed(self):
        with self.lock:
            return [{"remote_id": c["remote_id"], "ticket": c["ticket"], "request": c["request"],
                     "title": c["fields"]["title"], "fields": c["fields"], "handed": list(c["handed"]),
                     "content_sha256": hashlib.sha256(c["fields"]["content"].encode()).hexdigest(),
                     "status_name": c["status_name"],
                     "told": [{"request": t["request"], "content": t["fields"]["content"],
                               "fields": t["fields"], "files": t["files"]}
                              for t in self.told.get(c["remote_id"], ())],
                     "answered": self.answers.get(c["request"], {}).get("status")}
                    for c in self.complaints.values()]


def local_time(seconds):
    """As LAPOR! writes it: dd-mm-yyyy HH:MM:SS, zone unsaid (WIB)."""
    return time.strftime("%d-%m-%Y %H:%M:%S", time.gmtime(seconds + 7 * 3600))


def ticket_of(request):
    found = TICKET_ANYWHERE.search(request.body)
    return found[1].decode() if found else None


def json_of(request):
    if not request.header("content-type", "").startswith("application/json"):
        raise Refused(415, "Content-Type harus application/json.")
    try:
        fields = json.loads(request.body)
    except ValueError:
        raise Refused(400, "JSON tidak dapat dibaca.") from None
    if not isinstance(fields, dict):
        raise Refused(400, "JSON harus berupa objek.")
    return fields


def parts_of(request):
    try:
        return multipart_parts(request)
    except BadRequest as e:
        raise Refused(400, str(e)) from None


def is_text(value, most):
    return isinstance(value, str) and 0 < len(value) <= most


def is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


def faults_of(f, files):
    """{field: reason} of a create body, by the table of the create body (1c)."""
    bad = {}

    def want(name, ok, reason):
        if not ok:
            bad[name] = [reason]

    want("title", is_text(f.get("title"), 255), "1 sampai 255 karakter")
    want("content", is_text(f.get("content"), 10000), "1 sampai 10.000 karakter")
    for name in ("channel", "classification_id", "disposition_id", "category_id", "location_id"):
        want(name, is_int(f.get(name)), "harus bilangan bulat")
    want("disposition_id", f.get("disposition_id") in {i["id"] for i in INSTITUTIONS}, "tidak dikenal")
    want("date_of_incident", re.fullmatch(r"\d{4}-\d\d-\d\d|\d\d/\d\d/\d{4}", f.get("date_of_incident") or ""),
         "harus tanggal")
    for name in ("is_new_user_slider", "is_disposisi_slider", "is_approval", "is_anonymous", "is_secret",
                 "is_priority"):
        want(name, isinstance(f.get(name), bool), "harus boolean")
    want("tags_raw", f.get("tags_raw") is None or isinstance(f["tags_raw"], str), "harus teks")
    if f.get("is_new_user_slider") is True:
        want("nameUser", is_text(f.get("nameUser"), 255), "wajib diisi")
        want("phoneUser", is_text(f.get("phoneUser"), 15) or is_text(f.get("emailUser"), 255),
             "telepon atau email wajib diisi")
    else:
        want("user_id", is_int(f.get("user_id")), "wajib diisi")
    a = f.get("attachments")
    ids = ATTACHMENTS.match(a) if isinstance(a, str) else None
    want("attachments", a is False or ids, "harus false atau teks \"[12,13]\"")
    if ids:
        want("attachments", all(int(i) in files for i in ids[1].split(",")), "lampiran tidak dikenal")
    return bad
