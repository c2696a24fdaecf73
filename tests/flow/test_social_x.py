"""muara-social reads an account of X: every post is in raw.social under its own id.

Proves: mentions, search and direct messages; names and media from the includes; long posts; edits; retweets and own
posts archived; paging with one since_id; posts that X shows late; a restart reads on; nothing personal in the log.
"""

from harness import flow, wait_until
from harness.schema import validate_topic
from harness.x_account import ACCOUNT, MUARA, OWN, TOKEN, WAIT, Account, id_of


@flow(limit=90, muara=MUARA)
def test_posts_arrive(env):
    x = Account(env)
    siti = x.fake.user('Siti Aminah', 'siti_aminah')
    short = x.fake.post('@pemkot lampu mati &amp; jalan gelap', siti, **x.fake.photo('https://pbs.twimg.com/media/a.jpg'))
    long = x.fake.post('@pemkot jalan berlubang di', siti, note_tweet={'text': '@pemkot jalan berlubang di depan pasar'})
    own = x.fake.post('Terima kasih laporannya', OWN)
    again = x.fake.retweet(short)
    found_by_search = x.fake.post('banjir di Malang', mention=False, search=True)
    direct = x.fake.message('Sampah menumpuk', siti)
    d = x.daemon(search='banjir (malang OR batu) -is:retweet', messages=True)
    found = x.wait([short, long, own, again, found_by_search, 'dm:' + direct])
    first = found[id_of(short)]
    assert first['text'] == '@pemkot lampu mati & jalan gelap' and first['class'] == 'human'
    assert (first['author']['name'], first['author']['username']) == ('Siti Aminah', 'siti_aminah')
    assert first['author']['proof'] == 'channel' and first['account'] == ACCOUNT
    assert [(a['state'], a['kind'], a['url']) for a in first['attachments']] == \
        [('pending', 'image', 'https://pbs.twimg.com/media/a.jpg')]
    assert found[id_of(long)]['text'] == '@pemkot jalan berlubang di depan pasar'
    assert (found[id_of(own)]['class'], found[id_of(again)]['class']) == ('echo', 'system')
    assert found[id_of('dm:' + direct)]['text'] == 'Sampah menumpuk'
    assert x.fake.requests[0].params.get('start_time') == '2019-12-31T17:00:00.000Z'
    assert [r.params['query'] for r in x.fake.requests if r.list == 'search'][0] == 'banjir (malang OR batu) -is:retweet'
    assert not any('end_time' in r.params for r in x.fake.requests)
    validate_topic(env, 'raw.social')
    for secret in ('siti', 'Aminah', TOKEN, 'lampu', 'banjir', 'twimg'):
        assert secret not in d.log_text(), secret
    assert d.stop() == 0
    x.fake.stop()


@flow(limit=90, muara=MUARA)
def test_pages_of_one_reading(env):
    """Every page is asked for with the since_id of the first; the next reading begins where this one began."""
    x = Account(env, page=3)
    old = [x.fake.post(f'lama {i}') for i in range(2)]
    d = x.daemon(overlap='0s', label='first')
    x.wait(old)
    place = wait_until(lambda: (lambda p: p and p.get('mentions') == old[-1] and p)(x.cursor('place')), WAIT, 'the place')
    assert place['raw'] == 1, 'the place was told before the reports of its posts were in'
    assert d.stop() == 0
    new = [x.fake.post(f'baru {i}') for i in range(10)]
    before = len(x.fake.requests)
    d = x.daemon(overlap='0s', label='second')
    x.wait(new)
    wait_until(lambda: x.cursor('place').get('mentions') == new[-1], WAIT, 'the place')
    of_reading = x.fake.requests[before:before + 4]
    assert {r.params.get('since_id') for r in of_reading} == {old[-1]}, of_reading
    assert [('pagination_token' in r.params) for r in of_reading] == [False, True, True, True]
    x.answered(1)
    assert x.fake.requests[-1].params['since_id'] == new[-1]
    assert len(x.raw()) == 12, 'something was taken in twice'
    assert d.stop() == 0
    x.fake.stop()


@flow(limit=90, muara=MUARA)
def test_edits_and_late_posts(env):
    x = Account(env, page=2)
    first = x.fake.post('lampu mati')
    d = x.daemon()
    x.wait([first])
    wait_until(lambda: (x.cursor('place') or {}).get('mentions') == first, WAIT, 'the place')
    late = x.fake.post('jalan rusak', late=3)
    newer = x.fake.post('pohon tumbang')
    x.wait([newer])
    x.wait([late])
    edited = x.fake.edit(first, 'lampu mati di Jalan Ijen')
    never_seen = x.fake.post('sampah')
    edit_of_it = x.fake.edit(never_seen, 'sampah menumpuk')
    x.wait([never_seen])
    found = wait_until(lambda: (lambda f: id_of(first, edited) in f and f)(x.found()), WAIT, 'the edit')
    assert found[id_of(first, edited)]['kind'] == 'edit' and found[id_of(first, edited)]['native_id'] == first
    assert found[id_of(first)]['text'] == 'lampu mati' and found[id_of(first)]['kind'] == 'message'
    # the first version was edited before anybody saw it: it is carried as the message itself
    whole = found[id_of(never_seen)]
    assert (whole['kind'], whole['text'], whole['fields']['post']) == ('message', 'sampah menumpuk', edit_of_it), whole
    x.answered(2)
    assert len(x.raw()) == len(found) == 5
    assert d.stop() == 0
    d = x.daemon(label='again')
    x.answered(2)
    assert len(x.raw()) == 5, 'a restart has forgotten what was taken in'
    assert d.stop() == 0
    x.fake.stop()
