"""A real Dovecot with one account, over TLS, in the test's folder; and mails to put into it.

    box = Mailbox(env)                      running; box.config(**over): settings of muara-email for it
    box.append(mail('1', 'Lampu mati'))     bytes; when=datetime of its arrival
    box.flags()                             {uid: flags} as the server tells
    box.recreate()                          another UIDVALIDITY, empty
    box.stop(), box.start()
    id_of('1@uji.example')                  the message id, computed here by UUIDv5
"""

import base64
import grp
import imaplib
import os
import pwd
import re
import ssl
import subprocess
import tempfile
import time

from .ports import free_port
from .procs import Proc, tail, wait_until
from .records import message_id

TENANT, ACCOUNT, USER, PASSWORD = 'malang', 'pengaduan', 'lapor', 'rahasia-uji'
FOLDER, WRITTEN = 'Saran & Keluhan – é', '"Saran &- Keluhan &IBM- &AOk-"'  # as it is shown, as IMAP writes it (RFC 3501, 5.1.3)
PHOTO = b'\x89PNG\r\n\x1a\n' + bytes(range(256))
WITH_PHOTO = '''Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/html; charset=utf-8\r
\r
<p>{text}</p>\r
--b\r
Content-Type: {mime}; name="foto"\r
Content-Transfer-Encoding: base64\r
\r
{photo}\r
--b--\r
'''
CONF = '''
protocols = imap
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/dovecot.log
listen = 127.0.0.1
ssl = required
ssl_cert = <{root}/cert.pem
ssl_key = <{root}/key.pem
mail_location = maildir:{root}/mail/%u
first_valid_uid = 1
mail_fsync = never
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={root}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
'''


def mail(number, text, subject=None, sender='Siti Aminah <siti@warga.example>', more='', body=None):
    """Bytes of a plain mail; number None: without a Message-ID."""
    head = f'From: {sender}\r\nTo: pengaduan@kota.example\r\n' + \
        (f'Message-ID: <{number}@uji.example>\r\n' if number else '') + \
        (f'Subject: {subject}\r\n' if subject else '') + more
    return (head + (body if body is not None else f'Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n')).encode()


def with_photo(number, text, subject, sender='Siti Aminah <siti@warga.example>', more='', mime='image/png', photo=PHOTO):
    """An HTML mail with one picture."""
    body = WITH_PHOTO.format(text=text, mime=mime, photo=base64.encodebytes(photo).decode().strip())
    return mail(number, '', subject, sender, more, body)


def id_of(native):
    return message_id(TENANT, 'email', ACCOUNT, native)


class Mailbox:
    def __init__(self, env):
        self.env, self.port = env, free_port()
        self.root = tempfile.mkdtemp(prefix='dovecot-', dir=env.scratch.path('.'))
        self.certificate('cert.pem', 'key.pem')
        self._users()
        self.proc = None
        self.start()
        with self._session() as box:
            box.create(WRITTEN)

    def certificate(self, cert, key):
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                        '-days', '30', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
                        '-keyout', f'{self.root}/{key}', '-out', f'{self.root}/{cert}'],
                       check=True, capture_output=True)
        return f'{self.root}/{cert}'

    def _users(self):
        """As root Dovecot wants users of its own; else everything is ours."""
        if os.getuid() == 0:
            owner = pwd.getpwnam('nobody')
            names = {'internal': 'dovecot', 'internal_group': 'dovecot', 'login': 'dovenull'}
        else:
            owner = pwd.getpwuid(os.getuid())
            names = {'internal': owner.pw_name, 'internal_group': grp.getgrgid(owner.pw_gid).gr_name,
                     'login': owner.pw_name}
        os.makedirs(f'{self.root}/mail')
        os.chown(f'{self.root}/mail', owner.pw_uid, owner.pw_gid)
        path = self.root
        while path not in ('/', '/tmp') and os.getuid() == 0:  # nobody must get there
            os.chmod(path, os.stat(path).st_mode | 0o011)
            path = os.path.dirname(path)
        with open(f'{self.root}/dovecot.conf', 'w', encoding='utf-8') as f:
            f.write(CONF.format(root=self.root, port=self.port, password=PASSWORD, uid=owner.pw_uid,
                                gid=owner.pw_gid, **names))

    def start(self):
        self.proc = Proc('dovecot', ['/usr/sbin/dovecot', '-F', '-c', f'{self.root}/dovecot.conf'],
                         f'{self.root}/dovecot.out')

        def up():
            assert self.proc.alive, tail(f'{self.root}/dovecot.out') + tail(f'{self.root}/dovecot.log')
            try:
                self._session().logout()
                return True
            except (OSError, imaplib.IMAP4.error):
                return False
        wait_until(up, 30, lambda: 'Dovecot: ' + tail(f'{self.root}/dovecot.log'))

    def stop(self):
        self.proc.stop()

    def _session(self):
        trust = ssl.create_default_context(cafile=f'{self.root}/cert.pem')
        box = imaplib.IMAP4_SSL('127.0.0.1', self.port, ssl_context=trust, timeout=60)
        box.login(USER, PASSWORD)
        return box

    def append(self, *mails, when=None):
        with self._session() as box:
            for m in mails:
                done, text = box.append(WRITTEN, None, imaplib.Time2Internaldate(when or time.time()), m)
                assert done == 'OK', text

    def flags(self):
        with self._session() as box:
            box.select(WRITTEN, readonly=True)
            _, lines = box.uid('FETCH', '1:*', '(FLAGS)')
            found = [re.search(rb'UID (\d+).*?FLAGS \(([^)]*)\)|FLAGS \(([^)]*)\).*?UID (\d+)', line)
                     for line in lines if line]
            return {int(f[1] or f[4]): (f[2] or f[3] or b'').decode().split() for f in found}

    def recreate(self):
        with self._session() as box:
            box.delete(WRITTEN)
            box.create(WRITTEN)

    def config(self, **over):
        return {'tenant': TENANT, 'account': ACCOUNT, 'start': '2020-01-01', 'review': 'auto', 'max_age': '3650d',
                'host': 'localhost', 'port': self.port, 'user': USER, 'mailbox': FOLDER,
                'password': self.env.secret('email-password', PASSWORD), 'ca': f'{self.root}/cert.pem',
                'own': ['pengaduan@kota.example'], 'idle': '20s', 'timeout': '5s', **over}
