"""muaractl masters: the lists read by hand before a forwarder runs, numbers found by words, our own checked."""

import json

from harness import flow
from harness.forwarding import Office, AUTH, TOKEN


@flow(limit=60)
def test_before_the_forwarder_runs(env):
    with Office(env) as o:
        here = o.destination(agencies={'Dinas Perhubungan': '77', 'Dinas Kesehatan': '99'}, settings={
            'institution': '12', 'category': '436', 'user': '51', 'category.Air': '15'})
        config = env.scratch.write('forwarder.yaml', json.dumps(o.config(here, o.destination('meja', 'manual'))))

        def ctl(*args, rc=0):
            done = env.ctl('masters', *args, '--forwarder', config, check=False)
            assert done.returncode == rc, (args, done.returncode, done.stdout, done.stderr)
            for secret in (AUTH, TOKEN):
                assert secret not in done.stdout + done.stderr
            return done.stdout + done.stderr
        assert 'not read yet' in ctl('list')
        assert 'lapor/institutions: ' in ctl('check') and 'masters fetch' in ctl('check')
        fetched = ctl('fetch')
        assert 'institutions' in fetched and ' 5 ' in fetched, fetched
        found = ctl('find', 'hub')
        assert '77' in found and 'Dinas Perhubungan' in found and 'agencies.Dinas Perhubungan' in found, found
        assert 'nothing of that name' in ctl('find', 'polisi', rc=1)
        told = ctl('check', rc=1)
        assert 'agencies.Dinas Kesehatan of lapor: 99 is not in the list of institutions' in told, told
        assert 'agencies.Dinas Perhubungan' not in told and 'forwarder.yaml: line ' in told
        checked = env.ctl('check', check=False)  # forwarder.yaml lies beside muara.yaml
        assert checked.returncode == 1 and 'agencies.Dinas Kesehatan of lapor: 99' in checked.stdout, checked.stdout
        wrong = [r for r in json.loads(ctl('--json', 'check', rc=1)) if r['what'] == 'missing']
        assert [(r['id'], r['where'], r['destination']) for r in wrong] == [('99', 'agencies.Dinas Kesehatan', 'lapor')]

        # what changed, an answer that is not believed, a name accepted
        assert 'no list has changed' in ctl('diff')
        rows = {12: 'Pemerintah Kota Malang', 77: 'Dinas Perhubungan Kota', 99: 'Dinas Kesehatan',
                **{i: f'Instansi {i}' for i in range(100, 110)}}
        o.lapor.institutions(rows)
        ctl('fetch')
        changed = ctl('diff')
        assert all(word in changed for word in ('gone', 'Inspektorat', 'renamed', 'Kota', 'added', 'Dinas Kesehatan'))
        assert '77 is now called "Dinas Perhubungan Kota"' in ctl('check', rc=1)
        assert 'is "Dinas Perhubungan Kota"' in ctl('accept', 'institutions', '77')
        assert 'ok: our numbers are in all 2 lists' in ctl('check')
        assert 'no list institutions that lies here has 5000' in ctl('accept', 'institutions', '5000', rc=1)
        o.lapor.institutions({12: 'Pemerintah Kota Malang', 77: 'Dinas Perhubungan Kota'})
        assert '11 of 13 entries would be gone at once' in ctl('fetch', rc=1)
        assert 'ok: our numbers' in ctl('check')
        ctl('fetch', '--anyway')
        assert '99 is not in the list of institutions any more (it was "Dinas Kesehatan"' in ctl('check', rc=1)
        assert 'Instansi 105' in ctl('find', 'instansi 105')

        # the credential is dead; a list that does not exist
        o.lapor.configure(auth_header='Authorization')
        assert 'HTTP 401' in ctl('fetch', rc=1)
        assert 'has a list "places"' in ctl('list', '--list', 'places', rc=1)
        assert 'no destination is named "kota"' in ctl('list', '--destination', 'kota', rc=1)
