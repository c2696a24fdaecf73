"""Working by hand, to its end: sheets for officers, numbers typed back right and wrong, what waits,
reminders, and the three ways out of a parked call."""

import json
from datetime import datetime, timedelta

from harness import flow
from harness.forwarding import Office

WHY = ('--who', 'sri.utami', '--why', 'uji coba')
DAY = 24 * 3600 * 1000
DESK = {'tenants': [{'name': 'malang', 'lane': 0, 'destination': 'kantor'}]}


def ctl(env, *args):
    wait = ('--timeout', 90) if '--wait' in args else ()
    done = env.ctl('--json', *args, *wait, check=False, timeout=120)
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def refused(env, ticket, reason, *args):
    """The forwarder's own word, with what it means."""
    code, done, told = ctl(env, 'resolve', ticket, *args, *WHY, '--wait')
    assert (code, done['result'], done['reason']) == (1, 'refused', reason), (done, told)
    assert f'refused: {reason}: ' in told


def told(env, ticket, text, *args):
    """Said at once; nothing is written."""
    before = env.kafka.end(env.topic('commands'))
    done = env.ctl('resolve', ticket, *args, *WHY, check=False)
    assert done.returncode in (1, 2) and text in done.stderr, done.stderr
    assert env.kafka.end(env.topic('commands')) == before


def local_day(at):
    """Of a record's time, where the officers are."""
    return (datetime.fromisoformat(at.replace('Z', '+00:00')) + timedelta(hours=7)).strftime('%Y-%m-%d')


def handed(o, *texts, **over):
    """Complaints whose sheets are with an officer."""
    made = [o.ready(t, destination='kantor', **over) for t in texts]
    for c in made:
        o.wait_state(c, 'handed', 'sheet')
    return made


@flow(limit=120, muara=DESK)
def test_numbers_typed_back(env):
    with Office(env) as o:
        o.start(o.destination('kantor', 'manual', max_filings_per_hour=0))
        one, two, old = handed(o, 'Jalan rusak', 'Got mampet', 'Pohon tumbang')
        code, done, _ = ctl(env, 'resolve', one['ticket'], '--filed', '7318990', *WHY, '--wait')
        assert (code, done['state']) == (0, 'filed')

        told(env, two['ticket'], '1 to 15 digits', '--filed', '73l8990')
        told(env, two['ticket'], '1 to 15 digits', '--filed', '0731899')
        told(env, two['ticket'], '1 to 15 digits', '--filed', '7' * 16)
        told(env, two['ticket'], f"the number of ticket {one['ticket']} already", '--filed', '7318990')
        told(env, two['ticket'], 'still to come', '--filed', '7318991', '--date', '2999-01-01')
        told(env, two['ticket'], 'YYYY-MM-DD', '--filed', '7318991', '--date', '31-11-2026')
        told(env, two['ticket'], 'goes with --filed', '--drop', '--date', '2026-11-24')
        refused(env, two['ticket'], 'entered-before-the-call', '--filed', '7318991', '--date', '2020-02-29')
        # A command that no muaractl wrote is judged all the same.
        a = o.attempts(two, 'sheet')[-1]
        for reason, more in (('number-used-already', {'remote_id': '7318990'}),
                             ('entered-in-the-future', {'remote_id': '8', 'entered_on': '2999-01-01'})):
            c = o.command('resolve', complaint=two, destination='kantor', attempt=a.name,
                          resolution='filed', **more)
            assert o.absorbed(c).body['reason'] == reason
        assert o.state(two, 'sheet') == 'handed'

        o.later(40 * DAY)
        day = local_day(o.bodies(old, 'sheet')[0]['at'])
        refused(env, old['ticket'], 'entered-too-long-ago', '--filed', '7318992', '--date', day)
        code, done, _ = ctl(env, 'resolve', old['ticket'], '--filed', '7318992', *WHY, '--wait')
        assert (code, done['state']) == (0, 'filed'), 'typed in today'
        ends = {b['complaint']: b for b in o.bodies(call='sheet') if b['kind'] == 'resolved'}
        assert set(ends) == {one['id'], old['id']}
        assert all(b['entered_on'] and b['by'] == 'person' for b in ends.values())
        assert ends[old['id']]['entered_on'] > ends[one['id']]['entered_on']
        assert 'entered on' in env.ctl('trace', old['ticket'])
