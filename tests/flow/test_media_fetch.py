"""muara-media against servers that misbehave: every attachment has one end, what is stored is what was sent, and
nothing is asked that may not be."""

import hashlib

from harness import flow, wait_until
from harness.loopback import Loopback
from harness.media import JPEG, PDF, TOKEN, MediaServer, linked, nothing_left, papers, photo, settled, start
from harness.records import message, now_ms, put, put_many


def one(env, m, index=0):
    return papers(env)[(m['id'], index)]


class Trap(Loopback):
    """A server nobody may reach, or that must not see the token."""

    def __init__(self, content=JPEG):
        self.seen, self.content = [], content

    def answer(self, request):
        self.seen.append(request.headers.get('Authorization'))
        request.send_response(200)
        request.send_header('Content-Length', str(len(self.content)))
        request.end_headers()
        request.wfile.write(self.content)


FAULTS = ['busy', 'server', 'cut', 'lie', 'other', 'reset', 'expired']


@flow(limit=60)
def test_what_time_heals(env):
    """Each fault of the line, of the server, of the link and of the token, and in the end the bytes."""
    with MediaServer(TOKEN) as fake:
        content = {f: JPEG + f.encode() for f in FAULTS}
        for f in FAULTS:
            fake.put(f, content[f], faults=[f])
        fake.put('twice', JPEG + b'2', faults=['expired', 'cut', 'expired'], ask=['server', 'nonsense', 'busy'])
        fake.put('dead', JPEG + b'3', ask=['token', 'token'])
        fake.put('slow', JPEG + b'4', faults=['slow'])
        fake.put('paper', PDF, mime='application/pdf')
        messages = [photo(f'w-{i}', i) for i in (*FAULTS, 'twice', 'dead', 'slow')]
        both = photo('w-both', 'paper', 'busy')
        d = start(env, fake, timeout='2s')
        put_many(env, [*messages, message('w-text'), both])
        found = settled(env, len(messages) + 2)
        assert {a['state'] for a in found.values()} == {'stored'}, found
        for m in messages[:len(FAULTS)]:
            f = m['attachments'][0]['id']
            assert one(env, m)['sha256'] == hashlib.sha256(content[f]).hexdigest()
        assert one(env, both)['mime'] == 'application/pdf' and one(env, both)['kind'] == 'document'
        assert {q for _, _, q in fake.asked} == {'phone_number_id=7001'}
        assert d.metrics()['muara_media_attempts_total{reason="token"}'] >= 1
        nothing_left(env)
        text = d.log_text()
        assert TOKEN not in text and '/cdn/' not in text


@flow(limit=60)
def test_what_is_kept_out(env):
    """Each with its reason, none opened, and the next one is fetched all the same."""
    cases = {'endless': ('refused', 'too-large'), 'gzip': ('refused', 'compressed'), 'elf': ('refused', 'program'),
             'zip': ('refused', 'archive'), 'html': ('refused', 'markup'), 'wrong': ('missing', 'wrong-hash'),
             'nowhere': ('missing', 'gone'), 'good': ('stored', None)}
    with MediaServer(TOKEN) as fake:
        fake.put('endless', JPEG, faults=['endless'])
        fake.put('gzip', JPEG, faults=['gzip'])
        fake.put('elf', b'\x7fELF' + bytes(200))
        fake.put('zip', b'PK\x03\x04' + bytes(200))
        fake.put('html', b'<!DOCTYPE html><script>x</script>')
        fake.put('wrong', JPEG, faults=['other'] * 9)
        fake.put('good', JPEG)
        messages = {i: photo(f'w-{i}', i) for i in cases}
        start(env, fake, max_size='1MiB', gone_after='0s')
        put_many(env, messages.values())
        settled(env, len(cases))
        for i, (state, reason) in cases.items():
            a = one(env, messages[i])
            assert (a['state'], a.get('reason')) == (state, reason), (i, a)
        nothing_left(env)


@flow(limit=60)
def test_places_that_are_not_asked(env):
    """Links and redirects to this machine, to the cloud's metadata, to others; the token goes nowhere but home."""
    with MediaServer(TOKEN) as fake, Trap() as trap, Trap(PDF) as friend:
        bad = {'r-private': f'http://{trap.place}/x', 'r-meta': 'http://169.254.169.254/latest/meta-data/',
               'r-other': 'https://example.org/x', 'r-file': 'file:///etc/passwd',
               'r-mapped': 'https://[::ffff:127.0.0.1]/x', 'r-user': 'https://a:b@127.0.0.1/x'}
        for i, url in bad.items():
            fake.put(i, JPEG, faults=[('to', url)])
        fake.put('r-friend', PDF, faults=[('to', f'http://{friend.place}/x')])
        links = [f'http://{trap.place}/x', 'https://10.0.0.1/x', 'gopher://127.0.0.1/x', 'https://127.0.0.1:8443/x', '']
        opened = linked('f-links', *links, fake.link('r-open'))
        fake.put('r-open', JPEG)
        messages = [photo(f'w-{i}', i) for i in (*bad, 'r-friend')]
        start(env, fake, more_exceptions=[friend.place])
        put_many(env, [*messages, opened])
        found = settled(env, len(messages) + len(links) + 1)
        for m in messages[:-1]:
            assert one(env, m)['state'] == 'refused', (m['native_id'], found)
        assert one(env, messages[-1])['state'] == one(env, opened, len(links))['state'] == 'stored', found
        assert [one(env, opened, n)['state'] for n in range(len(links))] == ['refused'] * len(links)
        assert trap.seen == [] and friend.seen == [None]
        assert all(login is None for name, login in fake.got if name == 'r-open')


@flow(limit=60)
def test_a_name_that_leads_home(env):
    """The name is allowed, its address is not: decided on the socket, and after its lifetime told."""
    with MediaServer(TOKEN) as fake:
        m = linked('f-home', 'https://localhost/x', received_ms=now_ms() - 3600_000)
        old = photo('w-old', 'late', received_ms=now_ms() - 9 * 86400_000)
        fake.put('late', JPEG, ask=['server'])
        d = start(env, fake, gone_after='1d', origin={'lifetime': '8d'})
        put_many(env, [m, old])
        wait_until(lambda: d.metrics().get('muara_media_attempts_total{reason="address-refused"}', 0) >= 2, 30,
                   'the address refused, and tried again')
        assert (m['id'], 0) not in papers(env)
        env.clock.advance(8 * 86400_000)
        found = settled(env, 2)
        assert found[(m['id'], 0)]['reason'] == 'address-refused'
        assert found[(old['id'], 0)]['reason'] == 'server'  # past its lifetime: one attempt, no second


@flow(limit=60)
def test_once_over_restarts(env):
    """What has its record is not asked for again, whatever the group remembers; what has none is."""
    with MediaServer(TOKEN) as fake:
        fake.put('a', JPEG)
        fake.put('b', JPEG + b'b', ask=['server'] * 999)
        first, second = photo('w-a', 'a'), photo('w-b', 'b')
        d = start(env, fake)
        put_many(env, [first, second])
        settled(env, 1)
        wait_until(lambda: len([1 for n, _, _ in fake.asked if n == 'b']) > 1, 20, 'b tried again')
        assert d.stop() == 0
        fake.put('b', JPEG + b'b')
        asked = len([1 for n, _, _ in fake.asked if n == 'a'])
        again = start(env, fake, label='again')
        put(env, first)  # delivered twice
        settled(env, 2)
        wait_until(lambda: again.metrics().get('muara_media_attachments_total{result="known"}', 0) >= 1, 20,
                   'the second delivery known')
        assert len([1 for n, _, _ in fake.asked if n == 'a']) == asked
