"""muara-call112 and a web server's folder: whole files, each once, from the known server, whatever it answers."""

import json
import os
import time

from harness import flow, wait_until
from harness import call112 as c112
from harness.webdrop import Fake, Nginx
from test_call112_sftp import check_ledger, failures, fetched, found, ids, manifest, wait_for


def start(env, server, spool, label='call112', crash=None, supervise=False, ready=True, https=None, **over):
    return env.daemon('call112', server.config(spool, https, **over), label=label, crash=crash,
                      supervise=supervise, ready=ready)


def is_ill(d, text):
    status, said = d.healthz()
    return status == 503 and text in said


@flow(limit=90)
def test_whole_files_once_from_an_index(env):
    centre, spool = c112.Centre(env.random), env.scratch.dir + '/spool'
    with Nginx(env) as server:
        one, two, grown = centre.calls(5), centre.calls(5), centre.calls(3)
        server.put('a.csv', c112.csv_bytes(one))
        for name in ('b.csv.tmp', '.c.csv', 'd.txt'):
            server.put(name, c112.csv_bytes(centre.calls(1)))
        os.mkdir(os.path.join(server.dir, 'folder.csv'))
        names = server.names()
        d = start(env, server, spool)
        wait_for(env, one)
        server.put('f & 100% #1 "ä"; d\'or <b>.csv', c112.csv_bytes(two))
        wait_for(env, one + two)
        assert server.names() == sorted(names + ['f & 100% #1 "ä"; d\'or <b>.csv'])
        c112.append(server.dir, 'a.csv', b''.join(c112.csv_line(c).encode() for c in grown))
        wait_for(env, one + two + grown)
        wait_until(lambda: fetched(d) == 3, 20, lambda: f'three files; {d.metrics()}')
        assert d.healthz()[0] == 200, d.healthz()
        check_ledger(spool)
        assert d.stop() == 0


@flow(limit=90)
def test_who_may_and_who_it_is(env):
    """Login, client certificate, another certificate of the server: told, nothing taken, nothing lost."""
    centre = c112.Centre(env.random)
    one, two, three = centre.calls(3), centre.calls(3), centre.calls(3)
    password = env.secret('https', 'rahasia-sekali')
    with Nginx(env, login=('muara', 'rahasia-sekali')) as server:
        server.put('a.csv', c112.csv_bytes(one))
        d = start(env, server, env.scratch.dir + '/spool-1', https={'user': 'muara', 'password': env.secret('salah', 'salah')})
        wait_until(lambda: is_ill(d, 'login'), 30, lambda: f'ill: {d.healthz()}')
        assert d.stop() == 0
        tries = server.log().count(' 401 ')
        assert 1 <= tries < 20, f'{tries} logins'
        d = start(env, server, env.scratch.dir + '/spool-1', https={'user': 'muara', 'password': password})
        wait_for(env, one)
        server.change_certificate()
        server.put('b.csv', c112.csv_bytes(two))
        d.stop()
        asked = server.log().count(' 200 ')
        d = start(env, server, env.scratch.dir + '/spool-1',
                  https={'user': 'muara', 'password': password, 'ca': server.home + '/known.pem'})
        wait_until(lambda: is_ill(d, 'certificate'), 30, lambda: f'ill: {d.healthz()}')
        assert found(env) == ids(one) and server.log().count(' 200 ') == asked
        assert d.stop() == 0
        d = start(env, server, env.scratch.dir + '/spool-1', https={'user': 'muara', 'password': password})
        wait_for(env, one + two)
        assert d.stop() == 0
    with Nginx(env, client=True, name='nginx-client') as server:
        server.put('c.csv', c112.csv_bytes(three))
        d = start(env, server, env.scratch.dir + '/spool-2')
        wait_until(lambda: is_ill(d, '400'), 30, lambda: f'ill: {d.healthz()}')
        assert d.stop() == 0
        d = start(env, server, env.scratch.dir + '/spool-2',
                  https={'cert': server.home + '/client.pem', 'cert_key': server.home + '/client.key'})
        wait_for(env, one + two + three)
        assert d.stop() == 0


@flow(limit=120)
def test_whatever_it_answers(env):
    centre, spool = c112.Centre(env.random), env.scratch.dir + '/spool'
    faults = {'cut': ['cut'], 'short': ['short'], 'endless': ['endless'], 'gzip': ['gzip'], 'grow': ['grow'],
              'gone': [404], 'forbidden': [403], 'broken': [500], 'redirect': ['redirect'], 'drop': ['drop'],
              'fine': []}
    calls = {name: centre.calls(2) for name in faults}
    with Fake() as server:
        server.script('manifest.txt', 'half', None, 'redirect', None, ('retry', 503, 1))
        for name, met in faults.items():
            server.files[name + '.csv'] = c112.csv_bytes(calls[name])
            server.script(name + '.csv', *met)
        server.files['../luar.csv'] = c112.csv_bytes(centre.calls(1))
        d = start(env, server, spool)
        wait_for(env, [c for some in calls.values() for c in some], 90)
        assert failures(d) >= sum(map(len, faults.values()))
        wait_until(lambda: fetched(d) == len(faults), 20, lambda: f'{d.metrics()}')
        wait_until(lambda: d.healthz()[0] == 200, 20, lambda: f'{d.healthz()}')
        assert sorted(n for n in os.listdir(spool) if n.endswith('.part')) == []
        assert not os.path.exists(env.scratch.dir + '/luar.csv')
        assert d.stop() == 0


@flow(limit=60)
def test_a_hash_of_the_list_must_agree(env):
    centre, spool = c112.Centre(env.random), env.scratch.dir + '/spool'
    good, late = centre.calls(2), centre.calls(2)
    with Fake() as server:
        server.files['baik.csv'] = c112.csv_bytes(good)
        data = server.files['salah.csv'] = c112.csv_bytes(late)
        server.listed = server.manifest().replace(manifest(data, '').split()[0], b'0' * 64)
        d = start(env, server, spool)
        wait_for(env, good)
        wait_until(lambda: is_ill(d, 'salah.csv'), 20, lambda: f'ill: {d.healthz()}')
        assert not os.path.exists(spool + '/salah.csv')
        server.listed = None  # the list changes: tried at once
        wait_for(env, good + late)
        assert d.stop() == 0


@flow(limit=60)
def test_redirects_are_not_followed(env):
    """Nor is what has no end that is told: no one can say whether it is all."""
    centre, spool = c112.Centre(env.random), env.scratch.dir + '/spool'
    calls = centre.calls(2)
    with Fake() as server:
        server.files['a.csv'] = server.files['a.csv?lagi'] = c112.csv_bytes(calls)
        server.listed = b'a.csv\n'
        server.script('a.csv', 'redirect', 'endless')
        d = start(env, server, spool, https={'complete': 'stable'}, settle='100ms')
        wait_for(env, calls)
        assert server.asked('a.csv') == 3 and server.asked('a.csv?lagi') == 0
        assert d.stop() == 0


@flow(limit=60)
def test_left_alone_as_long_as_it_says(env):
    centre, spool = c112.Centre(env.random), env.scratch.dir + '/spool'
    calls = centre.calls(2)
    with Fake() as server:
        server.files['a.csv'] = c112.csv_bytes(calls)
        server.script('manifest.txt', ('retry', 429, 3600))
        d = start(env, server, spool)
        wait_until(lambda: failures(d) == 1, 20, 'the refusal')
        time.sleep(3)  # enough for two tries of the ordinary kind
        assert server.asked('manifest.txt') == 1 and server.asked('a.csv') == 0
        assert d.healthz()[0] == 200, d.healthz()
        assert d.stop() == 0  # and it does not wait for the hour
        d = start(env, server, spool)
        wait_for(env, calls)
        assert d.stop() == 0


@flow(limit=60)
def test_an_index_of_thousands(env):
    centre, spool = c112.Centre(env.random), env.scratch.dir + '/spool'
    calls = centre.calls(2)
    with Fake() as server:
        server.files['z.csv'] = c112.csv_bytes(calls)
        page = ''.join(f'<a href="{i:05}.txt">x</a> 24-Nov-2026 20:30 5\n' for i in range(20000))
        size = len(server.files['z.csv'])
        server.files[''] = (f'<html><title>Index of /ekspor/</title><pre>{page}<a href="z.csv">z</a> '
                            f'24-Nov-2026 20:30 {size}\n</pre></html>').encode()
        d = start(env, server, spool, https={'list': 'autoindex', 'complete': 'stable'}, settle='200ms')
        wait_for(env, calls)
        with open(spool + '/.fetched.json', encoding='utf-8') as f:
            assert set(json.load(f)) == {'z.csv'}
        server.files[''] = b'<html>Silakan masuk</html>'
        wait_until(lambda: is_ill(d, 'Index of'), 20, lambda: f'ill: {d.healthz()}')
        assert d.stop() == 0


@flow(limit=120)
def test_killed_in_mid_file_and_before_the_ledger(env):
    centre, calls = c112.Centre(env.random), []
    with Nginx(env, 'json') as server:
        for point in ('part-written', 'after-spool'):  # the others: test_call112_sftp
            spool, names = env.scratch.dir + '/spool-' + point, server.names()
            for name in names:
                os.unlink(os.path.join(server.dir, name))
            for i in range(2):
                more = centre.calls(20)
                calls += more
                server.put(f'{point}-{i}.csv', c112.csv_bytes(more))
            d = start(env, server, spool, label='call112-' + point, crash=f'{point}:1', supervise=True, ready=False)
            wait_until(lambda: d.restarts == 1, 30, 'a restart')
            check_ledger(spool)
            wait_until(lambda: found(env) >= ids(calls), 60,
                       lambda: f'{point}: {len(ids(calls) - found(env))} calls are missing')
            assert found(env) == ids(calls)
            assert d.stop() == 0
            assert env.crashes()[-1].point == point
