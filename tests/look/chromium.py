"""A real browser for `make look`: Chromium, spoken to in its own protocol (CDP) through a pipe.

    with Chromium() as b:
        page = b.open('file:///.../page.html', width=360, height=800)
        page.value('document.title'), page.picture(path), page.pdf(path)

Nothing is installed for it: `chromium` is Debian's, or make look says so.
"""
import base64
import fcntl
import json
import os
import shutil
import subprocess
import tempfile

PROGRAM = shutil.which('chromium')
# Root may not use its sandbox; pages here are our own.
OPTIONS = ('--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--remote-debugging-pipe',
           '--no-first-run', '--disable-extensions', '--hide-scrollbars', '--lang=id')
MM = 25.4


class Page:
    def __init__(self, browser, session):
        self.browser, self.session = browser, session

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def value(self, expression):
        got = self.call('Runtime.evaluate', expression=expression, returnByValue=True)
        if 'exceptionDetails' in got:
            raise AssertionError(f'{expression}: {got["exceptionDetails"]["text"]}')
        return got['result'].get('value')

    def size(self, width, height, mobile=True, scale=2):
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=scale, mobile=mobile)

    def media(self, name):
        self.call('Emulation.setEmulatedMedia', media=name)

    def picture(self, path, whole=True):
        size = self.call('Page.getLayoutMetrics')['cssContentSize']
        clip = {'x': 0, 'y': 0, 'width': size['width'], 'height': min(size['height'], 8000), 'scale': 1}
        got = self.call('Page.captureScreenshot', **({'clip': clip, 'captureBeyondViewport': True} if whole else {}))
        _write(path, got['data'])

    def pdf(self, path):
        """On A4, with the margins of the page's own @page."""
        got = self.call('Page.printToPDF', preferCSSPageSize=True, paperWidth=210 / MM, paperHeight=297 / MM)
        _write(path, got['data'])
        with open(path, 'rb') as f:
            return f.read().count(b'/Type /Page\n')

    def close(self):
        self.browser.call('Target.closeTarget', targetId=self.target)


def _write(path, data):
    with open(path, 'wb') as f:
        f.write(base64.b64decode(data))


class Chromium:
    def __enter__(self):
        self.folder, self.number, self.events = tempfile.mkdtemp(prefix='muara-look-'), 0, []
        ends = (*os.pipe(), *os.pipe())
        to_it, self.out, self.inp, from_it = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in ends)
        command = f'exec "$@" 3<&{to_it} 4>&{from_it}'  # it wants these two numbers
        self.process = subprocess.Popen(
            ['bash', '-c', command, 'bash', PROGRAM, *OPTIONS, f'--user-data-dir={self.folder}'],
            pass_fds=(to_it, from_it), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for fd in (*ends, to_it, from_it):
            os.close(fd)
        self.buffer = b''
        return self

    def __exit__(self, *_):
        try:
            self.call('Browser.close')
            self.process.wait(20)
        except (OSError, EOFError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self):
        while b'\0' not in self.buffer:
            got = os.read(self.inp, 1 << 20)
            if not got:
                raise EOFError('chromium ended')
            self.buffer += got
        text, self.buffer = self.buffer.split(b'\0', 1)
        return json.loads(text)

    def call(self, method, session=None, **params):
        self.number += 1
        message = {'id': self.number, 'method': method, 'params': params}
        if session:
            message['sessionId'] = session
        os.write(self.out, json.dumps(message).encode() + b'\0')
        while True:
            got = self._read()
            if got.get('id') == self.number:
                if 'error' in got:
                    raise AssertionError(f'{method}: {got["error"]["message"]}')
                return got['result']
            self.events.append(got)

    def _wait(self, method, session):
        while True:
            for i, e in enumerate(self.events):
                if e.get('method') == method and e.get('sessionId') == session:
                    del self.events[:i + 1]
                    return
            self.events.append(self._read())

    def open(self, url, width=360, height=800):
        target = self.call('Target.createTarget', url='about:blank')['targetId']
        session = self.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        page = Page(self, session)
        page.target = target
        page.call('Page.enable')
        page.size(width, height)
        page.call('Page.navigate', url=url)
        self._wait('Page.loadEventFired', session)
        return page
