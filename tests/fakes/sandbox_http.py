"""Raw HTTP/1.1 pieces of the LAPOR! sandbox: reading a request, sending an answer in any broken way.

http.server is not used: a test must decide byte by byte what leaves and how a connection ends.
"""
import json
import socket
import struct
import time

MAX_HEAD = 64 * 1024
MAX_BODY = 64 * 1024 * 1024
REASONS = {200: "OK", 201: "Created", 302: "Found", 307: "Temporary Redirect", 400: "Bad Request",
           401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
           409: "Conflict", 413: "Content Too Large", 415: "Unsupported Media Type",
           422: "Unprocessable Content", 429: "Too Many Requests", 500: "Internal Server Error",
           502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}


class BadRequest(Exception):
    """What came is not HTTP/1.1 that the sandbox reads."""


class Request:
    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        try:
            self.method, self.target, self.version = lines[0].split(" ")
            pairs = [line.split(":", 1) for line in lines[1:] if line]
            self.headers = [(k.lower(), v.strip()) for k, v in pairs]
        except ValueError as e:
            raise BadRequest("request line or header") from e
        self.path, _, self.query = self.target.partition("?")
        self.head, self.body = head, b""

    def header(self, name, default=None):
        return next((v for k, v in self.headers if k == name.lower()), default)

    @property
    def raw(self):
        return self.head + b"\r\n\r\n" + self.body


class Connection:
    """One accepted socket. `fate` says how it ended, for the journal."""

    def __init__(self, sock, number):
        self.sock, self.number, self.requests, self.pending = sock, number, 0, b""
        self.fate, self.sent = "kept", 0
        self.note = lambda status, fate, sent: None  # before the last byte of an answer leaves
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _more(self):
        data = self.sock.recv(65536)
        if not data:
            raise EOFError
        self.pending += data

    def _take(self, n):
        out, self.pending = self.pending[:n], self.pending[n:]
        return out

    def read_head(self):
        """A Request without its body, or None when the client is gone between requests."""
        try:
            while b"\r\n\r\n" not in self.pending:
                if len(self.pending) > MAX_HEAD:
                    raise BadRequest("head too long")
                self._more()
        except EOFError:
            if self.pending:
                raise BadRequest("head cut off") from None
            return None
        head = self._take(self.pending.index(b"\r\n\r\n"))
        self._take(4)
        self.requests += 1
        self.fate, self.sent = "kept", 0
        return Request(head)

    def read_body(self, request):
        if (request.header("expect") or "").lower() == "100-continue":
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if (request.header("transfer-encoding") or "").lower() == "chunked":
            request.body = self._chunked()
            return
        try:
            size = int(request.header("content-length", "0"))
        except ValueError:
            raise BadRequest("Content-Length") from None
        if not 0 <= size <= MAX_BODY:
            raise BadRequest("Content-Length")
        while len(self.pending) < size:
            self._more()
        request.body = self._take(size)

    def _line(self):
        while b"\r\n" not in self.pending:
            self._more()
        line = self._take(self.pending.index(b"\r\n"))
        self._take(2)
        return line

    def _chunked(self):
        out = b""
        while True:
            size = int(self._line().split(b";")[0], 16)
            while len(self.pending) < size + 2:
                self._more()
            out += self._take(size)
            self._take(2)
            if not size:
                return out

    def send(self, data, more=False):
        """Sends and counts what left; a client that is gone is a fate, not an error. more: the rest
        goes with what comes next, an end of the connection too."""
        try:
            for at in range(0, len(data), 65536):
                piece = data[at:at + 65536]
                self.sock.sendall(piece, socket.MSG_MORE if more else 0)
                self.sent += len(piece)
        except OSError:
            self.fate = "client-gone"

    def answer(self, status, data, fate="kept", pause_s=None):
        """A whole answer, byte by byte when there is a pause. It is noted before its last byte
        leaves: who has read all of it finds it in the journal. fate: "closed" when close() follows."""
        if pause_s is None:
            self.send(data[:-1], more=True)
        else:
            self.drip(data[:-1], pause_s)
        if self.fate != "client-gone":
            self.note(status, fate, self.sent + 1)
        self.send(data[-1:], more=fate == "closed")
        return status

    def drip(self, data, pause_s):
        for at in range(len(data)):
            if self.fate == "client-gone":
                return
            self.send(data[at:at + 1])
            time.sleep(pause_s)

    def hang(self, seconds):
        """Silent until the client leaves or the time is over."""
        self.sock.settimeout(seconds)
        try:
            while self.sock.recv(65536):
                pass
        except OSError:
            pass
        self.close("hung")

    def close(self, fate="closed"):
        if self.fate != "client-gone":
            self.fate = fate
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()

    def reset(self):
        """An RST instead of a FIN."""
        self.fate = "reset"
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    @property
    def open(self):
        return self.sock.fileno() >= 0


def answer(status, body=b"", content_type="application/json", headers=(), length=None):
    """The bytes of an answer. `length` lies about Content-Length when given."""
    if not isinstance(body, bytes):
        body = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}", f"Content-Type: {content_type}",
             f"Content-Length: {len(body) if length is None else length}"]
    lines += [f"{k}: {v}" for k, v in headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def multipart_parts(request):
    """[(headers dict, bytes)] of a multipart/form-data body; BadRequest when it is none."""
    kind = request.header("content-type", "")
    if not kind.lower().startswith("multipart/form-data") or "boundary=" not in kind:
        raise BadRequest("not multipart/form-data")
    mark = b"--" + kind.split("boundary=", 1)[1].strip().strip('"').encode("latin-1")
    pieces = (b"\r\n" + request.body).split(b"\r\n" + mark)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise BadRequest("multipart body is cut off")
    parts = []
    for piece in pieces[1:-1]:
        head, sep, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not sep:
            raise BadRequest("part without headers")
        pairs = [h.split(":", 1) for h in head.decode("utf-8", "replace").split("\r\n")]
        parts.append(({k.lower(): v.strip() for k, v in pairs}, data))
    return parts
