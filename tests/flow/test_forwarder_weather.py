"""LAPOR! in bad weather: some answers lost, some refused, bursts of 429; an hour in which it answers
504 to everything, or to creates only; nobody there for ten minutes. Everything is filed or parked,
nothing is lost, nothing doubled, few are parked, and what waited is filed without a hand. Hours are
turned, not waited for."""

import time

from harness import flow, wait_until
from harness.campaign import audit, rest, unrest
from harness.forwarding import AGENCY, Office

WEATHER = [
    {'call': '*', 'probability': 0.02, 'seed': 1, 'action': 'status', 'args': {'status': 503}},
    {'call': '*', 'probability': 0.01, 'seed': 2, 'action': 'drop_after_store'},
    {'call': '*', 'probability': 0.005, 'seed': 3, 'action': 'rst_before'},
    {'call': '*', 'probability': 0.005, 'seed': 4, 'action': 'rst_after_store'},
    # Those that travel together are one event; each is waited out as it says, never longer.
    {'call': 'create', 'every': 250, 'burst': 6, 'action': '429', 'args': {'retry_after': 1}},
]
CALLS = ('upload', 'create', 'handover')
CONCURRENCY = 4
MINUTE = 60_000


def made(o, n):
    """n complaints, a tenth of them with a photo, a fifth for another institution."""
    photo = o.photo(b'\xff\xd8\xff hujan')
    some = [o.ready(messages=[o.message(attachments=[photo])]) for _ in range(min(n // 10, 50))]
    return (o.ready_many(n // 5, agency=AGENCY) + o.ready_many(n - n // 5 - len(some)) + some)


def with_photos(o, n):
    return [o.ready(messages=[o.message(attachments=[o.photo(b'\xff\xd8\xff %d' % i)])]) for i in range(n)]


def failures_and_retries(o):
    """By the sandbox: calls that were not answered by a success, and requests made again."""
    failed, asked = 0, {}
    for line in o.lapor.journal():
        if line['call'] not in CALLS:
            continue
        if line['event'] == 'request':  # an upload is known by its key, which names the file
            key = line['call'], line['idempotency_key']
            asked[key] = asked.get(key, 0) + 1
        elif line['event'] == 'answer':
            failed += line['status'] is None or line['status'] >= 300
    return failed, sum(n - 1 for n in asked.values())


def ended(d):
    m = d.metrics()
    return sum(m.get(f'muara_forwarder_filings{{state="{s}"}}', 0) for s in ('done', 'parked', 'rejected'))


def tally(ends):
    return {e: list(ends.values()).count(e) for e in sorted(set(ends.values()))}


def brought_through(env, n, timeout):
    with Office(env) as o:
        o.growing = True
        o.lapor.script(*WEATHER)
        many, begin = made(o, n), time.monotonic()
        d = o.start(o.destination(concurrency=CONCURRENCY, max_filings_per_hour=0, pause_base='100ms'))
        wait_until(lambda: ended(d) >= len(many), timeout,
                   lambda: f'all have an end: {ended(d):.0f} of {len(many)}; {d.status!r}')
        rest(o, many, timeout=timeout)
        took = time.monotonic() - begin
        ends = audit(o, many)
        assert set(ends.values()) <= {'done', 'parked'}, tally(ends)
        failed, again = failures_and_retries(o)
        assert again <= 1.1 * failed, f'{again} requests again, {failed} failures'
        print(f'       {n} complaints: {tally(ends)}, reports there {o.once()}; {failed} calls failed, '
              f'{again} made again; {took:.0f} s')


@flow(limit=180)
def test_bad_weather(env):
    brought_through(env, env.count(300, 60), 120)


@flow(limit=3000, soak=True)
def test_bad_weather_for_5000(env):
    brought_through(env, 5000, 2400)


# --- hours

def still(o):
    """Until no call travels and no read: the time may be turned."""
    def quiet():
        before = o.lapor.journal()
        time.sleep(0.1)
        after = o.lapor.journal()
        kinds = [line['event'] for line in after]
        return (len(before) == len(after) and kinds.count('request') == kinds.count('answer')
                and 'intent' not in {a.state for a in o.filings().attempts.values()})
    wait_until(quiet, 60, lambda: f'nothing travels; {o.daemon.status!r}')


def turn(o, minutes):
    """As much time goes by, first in small steps: a rest begins with at most a minute."""
    left = minutes * MINUTE
    while left > 0:
        step = min(left, MINUTE // 2 if minutes * MINUTE - left < 8 * MINUTE else 4 * MINUTE)
        still(o)
        o.later(step)
        left -= step
    still(o)


def recover(o, many):
    """Nobody lifts a hand, only time goes by."""
    o.lapor.script()
    for _ in range(12):
        still(o)
        if not unrest(o, many):
            return
        o.later(10 * MINUTE)
    rest(o, many, timeout=10)


def an_hour_of_504(env, call, photos=False):
    """How many it cost. photos: what fails is mixed with calls that pass."""
    with Office(env) as o:
        o.growing = True
        o.start(o.destination(concurrency=CONCURRENCY, max_filings_per_hour=0, pause_base='1m'))
        o.command('pause', destination='lapor')
        many = with_photos(o, 40) if photos else o.ready_many(env.count(60, 40))
        o.lapor.script({'call': call, 'action': 'status', 'args': {'status': 504}})
        o.absorbed(o.resume())
        turn(o, 60)
        lost = o.parked()
        asked = len(o.creates())
        recover(o, many)
        ends = audit(o, many)
        assert o.parked() == lost and tally(ends) == {'done': len(many) - len(lost), 'parked': len(lost)}
        print(f'       {len(many)} complaints, {asked} creates in the hour; {tally(ends)}')
        return len(lost)


@flow(limit=180)
def test_an_hour_of_504_on_everything(env):
    assert an_hour_of_504(env, '*') <= CONCURRENCY


@flow(limit=180)
def test_an_hour_of_504_on_creates(env):
    assert an_hour_of_504(env, 'create') <= CONCURRENCY + 10


@flow(limit=180)
def test_an_hour_of_504_on_creates_while_uploads_pass(env):
    """A file that is taken says nothing of creates."""
    assert an_hour_of_504(env, 'create', photos=True) <= CONCURRENCY + 10


# --- nobody there

def rss_kib(d):
    with open(f'/proc/{d.pid}/status', encoding='ascii') as f:
        return next(int(line.split()[1]) for line in f if line.startswith('VmRSS'))


@flow(limit=180)
def test_ten_minutes_of_nobody_there(env):
    """Input goes on; nothing is given up, and what waits costs no more than a row."""
    n = env.rounds(env.count(20, 5), 500)  # a minute
    with Office(env) as o:
        d = o.start(o.destination(concurrency=CONCURRENCY, max_filings_per_hour=0))
        o.wait(o.ready(), 'done')
        before = rss_kib(d)
        o.lapor.stop()
        many = []
        for _ in range(10):
            many += o.ready_many(n)
            wait_until(lambda: not [a for a in o.filings().attempts.values() if a.state == 'intent'], 30,
                       'no call is under way')
            o.later(MINUTE)
        kinds = {b['kind'] for b in o.bodies()} - {'intent', 'not_sent'}
        assert kinds == {'done'}, f'while nobody was there: {kinds}'
        grown = rss_kib(d) - before
        assert env.sanitized or grown < 64 * 1024, f'{grown} KiB more for {len(many)} that wait'
        o.lapor.start()
        begin = time.monotonic()
        for _ in range(6):  # the back-off is at most five minutes
            o.later(5 * MINUTE)
            try:
                wait_until(lambda: ended(d) == len(many) + 1, 10 + len(many) // 20)
                break
            except AssertionError:
                continue
        took = time.monotonic() - begin
        rest(o, many)
        ends = audit(o, many)
        assert tally(ends) == {'done': len(many)}
        print(f'       {len(many)} waited, {grown} KiB more; all filed {took:.1f} s after it was back, '
              f'{len(many) / took:.0f} a second')
