"""An IMAP server over TLS that misbehaves by a script; for what Dovecot will not do.

    fake = FakeImap(folder, {1: ['cut', 'lie'], 3: ['cut'] * 9}, mails={1: bytes, ...})
    fake.port, fake.cert       faults of a UID are used up one per FETCH, then the mail is given
    fake.token = 'ya29.x'      the only one XOAUTH2 takes; fake.refused counts the others
    fake.stop()

Faults: cut (the connection ends inside the literal), bye (BYE inside it, then the end), lie (the literal is announced
longer than it is, then silence), short (announced shorter), other (only an answer about another mail), gone (OK without
an answer, as after EXPUNGE), expunged (this one and its neighbour are expunged before the answer, which never comes),
no (NO, as some servers say to an expunged one). UID stands behind the literal, as some servers have it, and news comes in between.
"""

import base64
import json
import re
import socket
import ssl
import subprocess
import threading

VALIDITY, USER = 7, 'lapor'


class FakeImap:
    def __init__(self, folder, faults, mails):
        self.faults, self.mails, self.fetched = {u: list(f) for u, f in faults.items()}, mails, []
        self.cert, key = f'{folder}/cert.pem', f'{folder}/key.pem'
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                        '-days', '30', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost',
                        '-keyout', key, '-out', self.cert], check=True, capture_output=True)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(self.cert, key)
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.open, self.token, self.refused = [], None, 0
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self.listener.close()
        for c in self.open:
            c.close()

    def _accept(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _serve(self, conn):
        try:
            conn.settimeout(60)
            with self.tls.wrap_socket(conn, server_side=True) as c:
                self.open.append(c)
                c.sendall(b'* OK ready\r\n')
                lines = c.makefile('rb')
                for line in lines:
                    tag, _, command = line.decode().strip().partition(' ')
                    if command.startswith('AUTHENTICATE XOAUTH2'):
                        self._authenticate(c, tag, command.split()[2], lines)
                    elif not self._answer(c, tag, command):
                        return
        except (OSError, ValueError):
            pass

    def _authenticate(self, c, tag, blob, lines):
        """As Google and Microsoft do: what is wrong comes as a challenge, the client says nothing to it."""
        if base64.b64decode(blob).decode() == f'user={USER}\x01auth=Bearer {self.token}\x01\x01':
            c.sendall(f'{tag} OK authenticated\r\n'.encode())
            return
        why = json.dumps({'status': '400', 'schemes': 'Bearer', 'scope': 'https://mail.google.com/'})
        c.sendall(b'+ ' + base64.b64encode(why.encode()) + b'\r\n')
        said = next(lines).strip()
        self.refused += said == b''
        c.sendall(f'{tag} NO SASL authentication failed\r\n'.encode())

    def _answer(self, c, tag, command):
        """False: the connection ends."""
        if command.startswith('CAPABILITY'):
            c.sendall(b'* CAPABILITY IMAP4rev1 IDLE\r\n')
        elif command.startswith('EXAMINE'):
            c.sendall(b'* FLAGS ()\r\n* %d EXISTS\r\n* OK [UIDVALIDITY %d] ok\r\n' % (len(self.mails), VALIDITY))
        elif command.startswith('UID SEARCH'):
            first = re.search(r'UID (\d+):', command[4:])
            found = [u for u in self.mails if u >= int(first[1] if first else 1)] or [max(self.mails)]
            c.sendall(b'* SEARCH %s\r\n' % ' '.join(map(str, found)).encode())
        elif command.startswith('UID FETCH'):
            return self._fetch(c, tag, int(command.split()[2]))
        elif command.startswith('IDLE'):
            c.sendall(b'+ idling\r\n')
            return True
        elif not command:  # DONE
            tag = None
        if tag:
            c.sendall(f'{tag} OK done\r\n'.encode())
        return True

    def _fetch(self, c, tag, uid):
        self.fetched.append(uid)
        fault = self.faults[uid].pop(0) if self.faults.get(uid) else None
        mail = self.mails[uid]
        said = len(mail) + {'lie': 5000, 'short': -20}.get(fault, 0)
        head = b'* %d EXISTS\r\n* 1 FETCH (RFC822.SIZE %d INTERNALDATE "03-Aug-2026 10:00:00 +0700" BODY[]<0> {%d}\r\n' \
            % (len(self.mails), len(mail), said)
        if fault in ('cut', 'bye'):
            c.sendall(head + mail[:len(mail) // 2] + (b'\r\n* BYE shutting down\r\n' if fault == 'bye' else b''))
            return False
        if fault == 'no':
            c.sendall(f'{tag} NO no such message\r\n'.encode())
            return True
        if fault == 'expunged':
            c.sendall(b'* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n* %d EXISTS\r\n' % (len(self.mails) - 2))
        elif fault != 'gone':
            c.sendall(head + mail + b' UID %d)\r\n' % (uid + 100 if fault == 'other' else uid))
        c.sendall(f'{tag} OK done\r\n'.encode())
        return True
