"""muara-call112 and a real SFTP server: only whole files, each once, from nobody but the known server."""

import hashlib
import json
import os

from harness import flow, wait_until
from harness import call112 as c112
from harness.sftp import Sftp


def ids(calls):
    return set(map(c112.id_of, calls))


def found(env):
    return {r.json['id'] for r in env.kafka.read_all(env.topic('raw.call112'))}


def wait_for(env, calls, timeout=60):
    wait_until(lambda: found(env) >= ids(calls), timeout,
               lambda: f'{len(ids(calls) - found(env))} of {len(calls)} calls are missing')
    assert found(env) == ids(calls)


def start(env, server, spool, label='call112', crash=None, supervise=False, ready=True, sftp=None, **over):
    return env.daemon('call112', server.config(spool, sftp, **over), label=label, crash=crash,
                      supervise=supervise, ready=ready)


def manifest(data, name):
    return f'{hashlib.sha256(data).hexdigest()}  {name}\n'.encode()


def failures(d):
    return d.metrics().get('muara_call112_files_total{became="again"}', 0)


def fetched(d):
    return d.metrics().get('muara_call112_files_total{became="fetched"}', 0)


def check_ledger(spool):
    """What it names is there: it is written last. A file moves from the spool to done/, never back."""
    try:
        with open(os.path.join(spool, '.fetched.json')) as f:
            names = json.load(f)
    except FileNotFoundError:
        return
    for name in names:
        assert any(os.path.exists(os.path.join(spool, *place, name)) for place in ((), ('done',))), name


def big(centre, bytes_):
    """A file of many packets: notes of the operator are long."""
    calls = [c._replace(notes='x' * 3000) for c in centre.calls(bytes_ // 3200)]
    return calls, c112.csv_bytes(calls)


@flow(limit=90)
def test_whole_files_once_and_the_server_is_only_read(env):
    centre, spool = c112.Centre(env.random), os.path.join(env.scratch.dir, 'spool')
    with Sftp(env) as server:
        one, two, grown = centre.calls(5), centre.calls(5), centre.calls(3)
        server.put('a.csv', c112.csv_bytes(one))
        for name in ('b.csv.tmp', '.c.csv', 'd.txt'):
            server.put(name, c112.csv_bytes(centre.calls(1)))
        with open(os.path.join(server.dir, 'e.csv.part'), 'wb') as f:
            f.write(c112.csv_bytes(centre.calls(1)))
        os.mkdir(os.path.join(server.dir, 'folder.csv'))
        os.symlink('a.csv', os.path.join(server.dir, 'link.csv'))
        names = server.names()
        d = start(env, server, spool)
        wait_for(env, one)
        server.put('f 100% #1 "ä".csv', c112.csv_bytes(two))
        wait_for(env, one + two)
        assert server.names() == sorted(names + ['f 100% #1 "ä".csv'])
        assert os.stat(spool).st_mode & 0o777 == 0o700
        # grown since: read again, of which only the new is new
        c112.append(server.dir, 'a.csv', b''.join(c112.csv_line(c).encode() for c in grown))
        wait_for(env, one + two + grown)
        wait_until(lambda: fetched(d) == 3, 20, lambda: f'three files; {d.metrics()}')
        status, text = d.healthz()
        assert status == 200, text
        assert d.stop() == 0
        # the ledger knows them; without it they come again, and are nothing
        d = start(env, server, spool)
        last = centre.calls(1)
        server.put('z.csv', c112.csv_bytes(last))
        wait_for(env, one + two + grown + last)
        wait_until(lambda: fetched(d) == 1, 20, lambda: f'one file; {d.metrics()}')
        assert d.stop() == 0
        os.unlink(os.path.join(spool, '.fetched.json'))
        end = env.kafka.end(env.topic('raw.call112'))
        d = start(env, server, spool)
        wait_until(lambda: fetched(d) == 3, 30, lambda: f'all again; {d.metrics()}')
        assert env.kafka.end(env.topic('raw.call112')) == end
        assert d.stop() == 0


@flow(limit=60)
def test_a_manifest_must_agree(env):
    centre, spool = c112.Centre(env.random), os.path.join(env.scratch.dir, 'spool')
    with Sftp(env) as server:
        good, late, wrong = centre.calls(3), centre.calls(3), centre.calls(3)
        data = c112.csv_bytes(wrong)
        server.put('late.csv', c112.csv_bytes(late))
        server.put('wrong.csv', data)
        server.put('wrong.csv.sha256', manifest(data + b'x', 'wrong.csv'))
        server.put('good.csv', c112.csv_bytes(good))
        server.put('good.csv.sha256', manifest(c112.csv_bytes(good), 'good.csv'))
        d = start(env, server, spool, sftp={'complete': 'sha256'})
        wait_for(env, good)
        wait_until(lambda: d.healthz()[0] == 503, 20, lambda: f'ill: {d.healthz()}')
        assert 'wrong.csv' in d.healthz()[1] and '.sha256' in d.healthz()[1]
        assert not os.path.exists(os.path.join(spool, 'wrong.csv'))
        server.put('late.csv.sha256', manifest(c112.csv_bytes(late), 'late.csv'))
        wait_for(env, good + late)
        server.put('wrong.csv.sha256', manifest(data, 'wrong.csv') + b'\n')  # another size: tried at once
        wait_for(env, good + late + wrong)
        wait_until(lambda: d.healthz()[0] == 200, 20, lambda: f'well: {d.healthz()}')
        assert d.stop() == 0


@flow(limit=60)
def test_another_host_key_holds_everything(env):
    centre, spool = c112.Centre(env.random), os.path.join(env.scratch.dir, 'spool')
    with Sftp(env) as server:
        one, two = centre.calls(3), centre.calls(3)
        server.put('a.csv', c112.csv_bytes(one))
        known = server.fingerprint
        d = start(env, server, spool)
        wait_for(env, one)
        server.change_key()
        server.put('b.csv', c112.csv_bytes(two))

        def is_ill():
            assert found(env) == ids(one), 'taken from a server that is not the known one'
            status, text = d.healthz()
            return status == 503 and 'host key' in text

        wait_until(is_ill, 30, lambda: f'ill: {d.healthz()}')
        assert server.fingerprint in d.healthz()[1]
        before = failures(d)
        wait_until(lambda: failures(d) > before, 30, 'another try')
        assert found(env) == ids(one)
        assert d.stop() == 0
        d = start(env, server, spool, sftp={'host_keys': [known, server.fingerprint]})
        wait_for(env, one + two)
        assert d.healthz()[0] == 200
        assert d.stop() == 0


@flow(limit=90)
def test_a_connection_that_breaks_and_a_kill_in_mid_file(env):
    centre, spool = c112.Centre(env.random), os.path.join(env.scratch.dir, 'spool')
    with Sftp(env) as server:
        calls, data = big(centre, 600_000)
        server.wire.cut_after = 300_000
        server.put('big.csv', data)
        d = start(env, server, spool, supervise=True)
        wait_for(env, calls)
        assert server.wire.cuts == 1
        assert failures(d) >= 1
        more, data = big(centre, 600_000)
        restarts = d.restarts
        server.wire.hold_after = 300_000
        server.put('more.csv', data)
        assert server.wire.passed.wait(30)
        assert not os.path.exists(os.path.join(spool, 'more.csv'))
        d.kill9()
        server.wire.hold_after = None
        wait_until(lambda: d.restarts > restarts and d.alive, 30, 'a restart')
        wait_for(env, calls + more)
        assert d.stop() == 0


def left(server):
    """What still lies in the server's folder, and what was moved."""
    done = os.path.join(server.dir, 'done')
    return [n for n in server.names() if n != 'done'], sorted(os.listdir(done)) if os.path.isdir(done) else []


def put_marked(server, name, data):
    server.put(name, data)
    server.put(name + '.done', b'')


MOVE = {'complete': 'marker', 'finished': 'move'}


@flow(limit=60)
def test_finished_files_are_moved_once_they_are_read(env):
    centre, spool = c112.Centre(env.random), os.path.join(env.scratch.dir, 'spool')
    with Sftp(env) as server:
        one, two, three = centre.calls(3), centre.calls(3), centre.calls(3)
        put_marked(server, 'salah.csv', b'kolom;lain\n1;2\n')  # held: its header is none
        put_marked(server, 'a "1" \'x\' \\.csv', c112.csv_bytes(one))
        server.put('a "1" \'x\' \\.csv.sha256', manifest(c112.csv_bytes(one), 'a'))
        server.put('belum.csv', c112.csv_bytes(centre.calls(1)))
        d = start(env, server, spool, sftp=MOVE)
        wait_for(env, one)
        names = [f'a "1" \'x\' \\.csv{end}' for end in ('', '.done', '.sha256')]
        held = ['belum.csv', 'salah.csv', 'salah.csv.done']
        wait_until(lambda: left(server) == (held, names), 20, lambda: f'{left(server)}')
        put_marked(server, 'b.csv', c112.csv_bytes(two))
        wait_until(lambda: left(server) == (held, names + ['b.csv', 'b.csv.done']), 20, lambda: f'{left(server)}')
        assert found(env) == ids(one + two)
        # the same name again: it gets another there, nothing is overwritten
        put_marked(server, 'b.csv', c112.csv_bytes(three))
        wait_until(lambda: left(server)[0] == held, 20, lambda: f'{left(server)}')
        assert found(env) == ids(one + two + three)
        assert len(left(server)[1]) == len(names) + 4, left(server)
        with open(os.path.join(server.dir, 'done', 'b.csv'), 'rb') as f:
            assert f.read() == c112.csv_bytes(two)
        assert d.stop() == 0


@flow(limit=90)
def test_killed_while_it_moves(env):
    centre, calls = c112.Centre(env.random), []
    with Sftp(env) as server:
        for point in ('mid-away', 'before-away', 'after-away'):
            spool, more = os.path.join(env.scratch.dir, 'spool-' + point), centre.calls(3)
            calls += more
            put_marked(server, point + '.csv', c112.csv_bytes(more))
            d = start(env, server, spool, label='call112-' + point, crash=f'{point}:1', supervise=True, ready=False,
                      sftp=MOVE)
            wait_until(lambda: d.restarts == 1, 30, 'a restart')
            assert ids(calls) <= found(env), f'{point}: moved before it was read'
            later = centre.calls(3)
            calls += later
            put_marked(server, 'later-' + point + '.csv', c112.csv_bytes(later))
            there = [point + '.csv'] if point == 'before-away' else []  # read, its marker gone: a person tidies
            wait_until(lambda: left(server)[0] == there, 30, lambda: f'{point}: {left(server)}')
            wait_for(env, calls)
            assert d.stop() == 0
            assert env.crashes()[-1].point == point
            for name in there:
                os.unlink(os.path.join(server.dir, name))


@flow(limit=60)
def test_logins_and_a_file_too_large(env):
    centre, spool = c112.Centre(env.random), os.path.join(env.scratch.dir, 'spool')
    with Sftp(env, password='rahasia-112' if Sftp.passwords else None) as server:
        one = centre.calls(3)
        server.put('a.csv', c112.csv_bytes(one))
        wrong = {'key': None, 'password': env.secret('salah', 'bukan ini')}
        d = start(env, server, spool, sftp=wrong)

        def is_ill():
            status, text = d.healthz()
            return status == 503 and 'login' in text

        wait_until(is_ill, 30, lambda: f'ill: {d.healthz()}')
        before = failures(d)
        wait_until(lambda: failures(d) > before, 30, 'another try')
        assert failures(d) < 20, 'a busy loop of logins'
        assert found(env) == set()
        assert d.stop() == 0
        if not Sftp.passwords:
            print('no mount namespace: only refused passwords are tested')
            return
        assert 1 <= server.logins_refused() < 40
        big_one, data = big(centre, 200_000)
        server.put('b.csv', data)
        right = {'key': None, 'password': env.secret('benar', 'rahasia-112'), 'max': '100KiB'}
        d = start(env, server, spool, sftp=right)
        wait_for(env, one)

        def too_large():
            status, text = d.healthz()
            return status == 503 and 'b.csv' in text and 'sftp.max' in text

        wait_until(too_large, 30, lambda: f'ill: {d.healthz()}')
        assert found(env) == ids(one)
        assert d.stop() == 0
        d = start(env, server, spool, sftp={**right, 'max': '1MiB'})
        wait_for(env, one + big_one)
        assert d.healthz()[0] == 200
        assert d.stop() == 0


@flow(limit=120)
def test_killed_at_every_point(env):
    centre, calls = c112.Centre(env.random), []
    with Sftp(env) as server:
        for point in ('part-written', 'before-spool', 'after-spool', 'after-ledger'):
            spool, names = os.path.join(env.scratch.dir, 'spool-' + point), server.names()
            for name in names:
                os.unlink(os.path.join(server.dir, name))
            for i in range(2):
                more = centre.calls(20)
                calls += more
                server.put(f'{point}-{i}.csv', c112.csv_bytes(more))
            d = start(env, server, spool, label='call112-' + point, crash=f'{point}:1', supervise=True,
                      ready=False)
            wait_until(lambda: d.restarts == 1, 30, 'a restart')
            check_ledger(spool)
            wait_until(lambda: found(env) >= ids(calls), 60,
                       lambda: f'{point}: {len(ids(calls) - found(env))} calls are missing')
            assert found(env) == ids(calls)
            assert d.stop() == 0
            assert env.crashes()[-1].point == point
