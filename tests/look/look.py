"""make look: the pages people read, in a real browser: on a telephone (360 x 800) and on A4 paper.

Makes them as they are made in service (report of a month of generated history, the door's form page and its answers, the
sheets of a `manual` destination), and leaves a picture and a PDF of each in build/look. Fails when a page must be pushed
from side to side on a telephone, has text too small to read there, or is wider than the paper. What no program judges is
for the eye: look at the pictures.
"""
import glob
import pathlib
import re
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
for folder in ('', 'flow', 'oracle', 'fakes'):
    sys.path.insert(0, str(HERE.parent / folder))

import chromium  # noqa: E402
from harness import Env, ROOT, procs, reap  # noqa: E402
from harness import door  # noqa: E402
from harness.forwarding import Office  # noqa: E402
from harness.whatsapp import Connection  # noqa: E402
from test_muaractl_report import History, report  # noqa: E402

OUT = pathlib.Path(ROOT) / 'build' / 'look'
PHONE = (360, 800)
PAPER_PX = round((210 - 2 * 12) / 25.4 * 96)  # between margins of 12 mm
SMALLEST_PX = 11
LONG = 'Saluran air di Jalan Raya Langsep sudah tersumbat sejak tiga minggu lalu; setiap kali hujan air naik ke teras. ' * 8

WIDER = '''(() => { const w = document.documentElement.clientWidth, out = [];
  for (const e of document.body.querySelectorAll('*')) { const r = e.getBoundingClientRect();
    if (r.right > w + 1 && r.width) out.push(e.tagName + ' ' + Math.round(r.right)); }
  return {width: w, scroll: document.documentElement.scrollWidth, wider: out.slice(0, 3)}; })()'''
SMALL = '''(() => { const out = new Set(); const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) { const n = walk.currentNode, e = n.parentElement, s = getComputedStyle(e);
    if (!n.textContent.trim() || ['SCRIPT', 'STYLE', 'TITLE'].includes(e.tagName.toUpperCase()) || s.display === 'none') continue;
    const r = e.getBoundingClientRect(); if (!r.width) continue;
    const svg = e.closest('svg'), scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
    const px = parseFloat(s.fontSize) * scale;
    if (px < LIMIT) out.add(e.tagName + ' ' + px.toFixed(1) + 'px ' + n.textContent.trim().slice(0, 20)); }
  return [...out].slice(0, 4); })()'''


def month(env):
    History(env, 'look').make(360)
    report(env, '--month', '2026-10', '--html', OUT / 'report.html')


def form(env):
    _, address = door.start(env, door.Keys(env), form={'templates': f'{ROOT}/config/door'})
    def ask(name, method, body=None):
        connection = Connection(address, 20)
        connection.request(method, '/lapor', body, door.FORM_HEAD if body else {})
        text = connection.getresponse().read()
        connection.close()
        (OUT / f'{name}.html').write_bytes(text)
        return text.decode()

    number = re.search(r'name="nomor" value="([^"]+)"', ask('form', 'GET'))[1]
    typed = {'nomor': number, 'uraian': LONG, 'lokasi': 'Jl. Raya Langsep 14', 'nama': 'Siti Aminah', 'telepon': '0812 3450 0001'}
    ask('form-wrong', 'POST', door.form_body({**typed, 'telepon': 'tidak ada'}))
    ask('form-sent', 'POST', door.form_body(typed))


def sheets(env):
    with Office(env) as o:
        o.start(o.destination('meja', 'manual'), o.destination())
        for i in range(3):
            snapshot, m = o.snapshot(LONG, destination='meja', category='Infrastruktur',
                                     agency='Dinas Pekerjaan Umum, Penataan Ruang dan Perumahan Rakyat')
            o.wait(o.put(snapshot, [m]), 'handed', 'sheet')
        o.lapor.script({'call': 'create', 'action': 'drop_after_store', 'times': 1})
        o.wait(o.ready(LONG), 'parked')
        shutil.copy(sorted(glob.glob(env.scratch.path('sheets', '*.html')))[0], OUT / 'sheet.html')
        for name, more in (('sheets-of-a-day', ()), ('sheets-parked', ('--parked',))):
            env.ctl('sheets', '--out', env.scratch.path(name), '--forwarder', env.scratch.path('forwarder.yaml'),
                    '--profile', o.profile_file('manual'), *more)
            found = sorted(pathlib.Path(env.scratch.path(name)).rglob('*.html'))
            shutil.copy(found[0], OUT / f'{name}.html')


def judge(browser, path):
    """What is wrong with it; pictures and PDF beside it."""
    name, wrong = path.stem, []
    page = browser.open(path.as_uri(), *PHONE)
    seen = page.value(WIDER)
    if seen['scroll'] > PHONE[0] or seen['wider']:
        wrong.append(f'must be pushed from side to side at {PHONE[0]} px: {seen["scroll"]} px, {seen["wider"]}')
    small = page.value(SMALL.replace('LIMIT', str(SMALLEST_PX)))
    if small:
        wrong.append(f'text under {SMALLEST_PX} px: {small}')
    page.picture(OUT / f'{name}-phone.png')
    page.picture(OUT / f'{name}-phone-top.png', whole=False)
    page.media('print')
    page.size(PAPER_PX, 1000, mobile=False, scale=1)
    seen = page.value(WIDER)
    if seen['scroll'] > PAPER_PX or seen['wider']:
        wrong.append(f'is wider than A4: {seen["scroll"]} of {PAPER_PX} px, {seen["wider"]}')
    page.picture(OUT / f'{name}-print.png')
    page.media('')
    pages = page.pdf(OUT / f'{name}.pdf')
    page.close()
    print(f'{"FAIL" if wrong else "ok  "}  {name}: {pages} pages of A4')
    for line in wrong:
        print(f'      {line}')
    return not wrong


def main():
    if not chromium.PROGRAM:
        print('look: needs a browser: apt-get install --no-install-recommends chromium')
        return 1
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    procs.install()
    try:
        for make, muara in ((month, {}), (form, {'channels': door.CHANNELS}), (sheets, {})):
            with Env(name='look', muara=muara) as env:
                make(env)
        with chromium.Chromium() as browser:
            fine = [judge(browser, path) for path in sorted(OUT.glob('*.html'))]
    finally:
        reap()
    print(f'pictures and PDFs: {OUT}')
    return 0 if all(fine) else 1


if __name__ == '__main__':
    sys.exit(main())
