"""What a citizen adds to a filed complaint: told as a follow-up, once, whatever happens on the way."""


from harness import flow, wait_until
from harness.forwarding import Office, opened

LONG_MS = 150 * 1000  # no call travels longer; see endpoint_longest_ms


def filed(o, **over):
    c = o.ready(**over)
    o.wait_state(c, 'done')
    return c


@flow(limit=60)
def test_news_is_told_and_never_filed(env):
    with opened(env, follow_up_settle='0s') as o:
        c = filed(o, text='Lampu mati.')
        c = o.adds(c, o.message('Sudah dua minggu.'))
        first, = o.wait_told(c, 1)
        assert first['content'] == f"[Tiket {c['ticket']}] Sudah dua minggu.", first
        assert first['fields']['complaint_id'] == str(o.stored(c)[0]['remote_id'])
        c = o.adds(c, o.message('', attachments=[o.photo()]))
        second = o.wait_told(c, 2)[1]
        assert len(second['files']) == 1 and 'minggu' not in second['content']
        o.next_version(c, category='Penerangan')  # nothing that was not told
        other = filed(o)
        o.daemon.restart()
        o.wait_filing(o.daemon)
        filed(o)
        assert len(o.told(c)) == 2 and not o.told(other) and o.once() == 3
        assert [a.part for a in o.attempts(c, 'followup')] == [1, 1]


@flow(limit=60)
def test_late_photos_become_one(env):
    with opened(env, follow_up_settle='10m') as o:
        c = filed(o)
        photos = [o.photo(b'\xff\xd8\xff %d' % i, id=f'{i}') for i in range(3)]
        for p in photos:
            c = o.adds(c, o.message('', attachments=[p]))
        fresh = filed(o)  # one that settles holds up no other
        assert not o.kinds(c, 'followup')
        o.later(10 * 60 * 1000)
        told, = o.wait_told(c, 1)
        assert sorted(f['sha256'] for f in told['files']) == sorted(p['sha256'] for p in photos)
        assert o.once() == 2 and not o.told(fresh)


@flow(limit=60)
def test_long_news_in_several(env):
    """More than a follow-up holds: several, each message and photo in one of them."""
    with opened(env, follow_up_settle='0s') as o:
        c = filed(o)
        words = [f'kata{i}' for i in range(300)]
        photos = [o.photo(b'\xff\xd8\xff %d' % i, id=f'{i}') for i in range(7)]
        c = o.adds(c, o.message(' '.join(words), attachments=photos))
        told = o.wait_told(c, 3)
        said = [w for t in told for w in t['content'].split('\n\n---')[0].split() if w.startswith('kata')]
        assert said == words, said
        assert sorted(f['sha256'] for t in told for f in t['files']) == sorted(p['sha256'] for p in photos)
        assert [len(t['files']) for t in told] == [5, 2, 0]


@flow(limit=60)
def test_what_the_create_cut_follows(env):
    with opened(env, follow_up_settle='0s') as o:
        words = [f'kata{i}' for i in range(1300)]
        c = filed(o, text=None, messages=[o.message(' '.join(words))])

        def said():
            texts = [o.stored(c)[0]['fields']['content']] + [t['content'] for t in o.told(c)]
            return [w for t in texts for w in t.split('\n\n---')[0].split() if w.startswith('kata')]
        wait_until(lambda: len(said()) >= len(words), 40, 'all of it is told')
        filed(o)
        assert said() == words
        assert len(o.stored(c)[0]['fields']['content']) <= 10000


@flow(limit=90)
def test_an_unclear_one_is_parked_and_later_news_goes_on(env):
    with opened(env, follow_up_settle='0s') as o:
        c = filed(o)
        o.lapor.script({'call': 'followup_add', 'action': 'drop_after_store', 'times': 1})
        c = o.adds(c, o.message('Pertama.'))
        a = o.wait_state(c, 'parked', 'followup')
        c = o.adds(c, o.message('Kedua.'))
        wait_until(lambda: len(o.told(c)) == 2, 60, 'the second is told, after a rest')
        assert ['Pertama' in t['content'] for t in o.told(c)] == [True, False]
        wrong = o.command('resolve', complaint=c, destination='lapor', attempt=a.name,
                          resolution='filed', remote_id='99')
        assert o.absorbed(wrong).body['reason'] == 'another-report-number'
        o.command('resolve', complaint=c, destination='lapor', attempt=a.name, resolution='filed',
                  remote_id=str(o.stored(c)[0]['remote_id']))
        wait_until(lambda: a.name in [x.name for x in o.attempts(c, 'followup') if x.state == 'filed'],
                   30, 'resolved')
        filed(o)
        assert len(o.told(c)) == 2


@flow(limit=90)
def test_a_resend_tells_it_again(env):
    with opened(env, follow_up_settle='0s') as o:
        c = filed(o)
        o.lapor.script({'call': 'followup_add', 'action': 'drop_before', 'times': 1})
        c = o.adds(c, o.message('Pertama.'))
        a = o.wait_state(c, 'parked', 'followup')
        o.later(LONG_MS)
        o.command('resolve', complaint=c, destination='lapor', attempt=a.name, resolution='resend')
        told, = o.wait_told(c, 1)
        assert 'Pertama.' in told['content']
        assert [x.state for x in o.attempts(c, 'followup')] == ['not_filed', 'done']


@flow(limit=90)
def test_a_rejected_one_comes_with_the_next_version(env):
    with opened(env, follow_up_settle='0s') as o:
        c = filed(o)
        o.lapor.script({'call': 'followup_add', 'action': 'status', 'times': 1, 'args': {'status': 422}})
        c = o.adds(c, o.message('Pertama.'))
        o.wait_state(c, 'rejected', 'followup')
        filed(o)
        assert not o.told(c)
        c = o.adds(c, o.message('Kedua.'))
        told, = o.wait_told(c, 1)
        assert 'Pertama.' in told['content'] and 'Kedua.' in told['content']


@flow(limit=90)
def test_unknown_there_is_looked_at(env):
    """404 of a follow-up: the report is read; it is there, so it was not taken: again."""
    with opened(env, follow_up_settle='0s') as o:
        c = filed(o)
        o.lapor.script({'call': 'followup_add', 'action': 'status', 'times': 1, 'args': {'status': 404}})
        c = o.adds(c, o.message('Pertama.'))
        o.wait_told(c, 1)
        assert o.kinds(c, 'followup') == ['intent', 'not_sent', 'intent', 'done']


@flow(limit=60)
def test_a_version_that_is_not_ready_tells_nothing(env):
    with opened(env, follow_up_settle='0s') as o:
        c = filed(o)
        c = o.adds(c, o.message('Menunggu petugas.'), state='review', ready_at=None)
        filed(o)
        assert not o.kinds(c, 'followup')
        o.next_version(c, state='ready')
        told, = o.wait_told(c, 1)
        assert 'Menunggu petugas.' in told['content']


@flow(limit=90)
def test_a_lost_file_is_said_and_the_words_go(env):
    with opened(env, follow_up_settle='0s') as o:
        c = filed(o)
        gone = {**o.photo(b'\xff\xd8\xff hilang', id='x'), 'sha256': 'ab' * 32}
        c = o.adds(c, o.message('Lihat foto.', attachments=[gone, o.photo()]))
        told, = o.wait_told(c, 1)
        assert 'Lihat foto.' in told['content'] and '1 berkas tidak dapat diambil' in told['content']
        assert len(told['files']) == 1


@flow(limit=90)
def test_a_refused_file_stops_no_other(env):
    """One of three photos is refused, whatever it comes with: words and the others go, it is said; so over a restart."""
    with opened(env, follow_up_settle='0s') as o:
        c = filed(o)
        o.lapor.script({'call': 'followup_add', 'action': 'status', 'holds': 'virus-uji', 'args': {'status': 422}})
        photos = [o.photo(b'\xff\xd8\xff ' + t, id=t.decode()) for t in (b'satu', b'virus-uji', b'tiga')]
        c = o.adds(c, o.message('Lihat foto.', attachments=photos))
        wait_until(lambda: o.told(c), 60, 'the words have gone')
        o.daemon.restart()
        o.wait_filing(o.daemon)
        wait_until(lambda: '1 berkas tidak dapat diunggah' in o.told(c)[-1]['content'], 60, 'what is left out is said')
        filed(o)
        told = o.told(c)
        assert ['Lihat foto.' in t['content'] for t in told] == [True] + [False] * (len(told) - 1), told
        got = [f['sha256'] for t in told for f in t['files']]
        assert sorted(got) == sorted(p['sha256'] for p in (photos[0], photos[2]))
        states = [a.state for a in o.attempts(c, 'followup') if a.state != 'not_sent']
        assert states.count('rejected') == 2 and o.once() == 2, states  # among others, and alone


def page(env, c, a):
    with open(f"{env.scratch.path('sheets')}/{c['ticket']}.{a.name.replace('/', '-')}.html") as f:
        return f.read()


@flow(limit=60)
def test_without_a_call_for_it_an_officer_tells_it(env):
    with Office(env) as o:
        path = env.scratch.path('short.yaml')
        with open(o.profile_file('lapor-v3')) as f:
            text = f.read()
        a, b = text.index('\n  followup: # S1'), text.index('\nreads:')
        with open(path, 'w') as f:
            f.write(text[:a] + '\n' + text[b:])
        o.start(o.destination(follow_up_settle='0s') | {'profile': path})
        c = filed(o)
        c = o.adds(c, o.message('Masih mati <b>.', attachments=[o.photo()]))
        a = o.wait_state(c, 'handed', 'followup')
        number = str(o.stored(c)[0]['remote_id'])
        assert all(x in page(env, c, a) for x in (number, 'Masih mati &lt;b&gt;.', 'foto.jpg', a.name))
        filed(o)
        assert not o.told(c) and o.once() == 2


@flow(limit=60)
def test_at_the_desk_an_officer_tells_it(env):
    """A report typed in by hand: what comes later is a page of its own, and waits for his word."""
    with Office(env) as o:
        o.start(o.destination(), o.destination('meja', 'manual'))
        c = o.ready(destination='meja')
        a = o.wait_state(c, 'handed', 'sheet')
        c = o.adds(c, o.message('Masih mati.'))
        o.wait_state(o.ready(destination='meja'), 'handed', 'sheet')
        assert not o.kinds(c, 'followup')  # there is no report yet
        o.command('resolve', complaint=c, destination='meja', attempt=a.name, resolution='filed',
                  remote_id='7000001')
        told = o.wait_state(c, 'handed', 'followup')
        assert 'Masih mati.' in page(env, c, told) and '7000001' in page(env, c, told)
        o.command('resolve', complaint=c, destination='meja', attempt=told.name, resolution='filed',
                  remote_id='7000001')
        o.wait_state(c, 'filed', 'followup')
