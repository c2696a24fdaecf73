"""muara-social of a Facebook page and its Instagram account: webhook and poll bring each message once."""

from harness import flow, wait_until, whatsapp
from harness.graph_account import (MUARA, PAGE, TOKEN, VERIFY, WAIT, GraphAccount, chat, comment, id_of, ig_body,
                                   page_body)
from harness.schema import validate_topic


@flow(limit=90, muara=MUARA)
def test_webhook(env):
    g = GraphAccount(env)
    d = g.daemon(poll='1h')
    assert whatsapp.handshake(g.address, VERIFY, '1158201444', path='/meta') == (200, '1158201444')
    assert g.send(page_body(comment('9_1', 'Jalan rusak 💡')), secret='lain') == 401
    assert g.raw() == []
    body = page_body(comment('9_1', 'Jalan rusak 💡', photo='https://cdn.example/p?x=1'),
                     comment('9_2', 'Baik, kami cek', **{'from': {'id': PAGE, 'name': 'Kota'}}),
                     messaging=[chat('m_1', 'Lampu mati'), chat('m_2', 'Terima kasih', PAGE, is_echo=True)])
    assert g.send(body) == 200
    found = g.found()
    assert {found[id_of(i)]['class'] for i in ('9_1', 'm_1')} == {'human'}
    assert {found[id_of(i)]['class'] for i in ('9_2', 'm_2')} == {'echo'}
    first = found[id_of('9_1')]
    assert first['text'] == 'Jalan rusak 💡' and first['author']['name'] == 'Siti Aminah'
    assert first['fields']['platform'] == 'facebook'
    assert [(a['id'], a['state'], a['url']) for a in first['attachments']] == \
        [('9_1/photo', 'pending', 'https://cdn.example/p?x=1')]
    assert g.send(page_body(comment('9_1', 'Jalan rusak parah', verb='edited'),
                            comment('9_1', None, verb='remove'))) == 200
    kinds = [(r['kind'], r['native_id']) for r in g.raw()][-2:]
    assert kinds == [('edit', '9_1'), ('delete', '9_1')]
    before = len(g.raw())
    assert g.send(body) == 200, 'Meta sends it again'
    assert len(g.raw()) == before, 'what is in Kafka already was produced again'
    validate_topic(env, 'raw.social')
    for secret in ('Siti', 'Aminah', TOKEN, 'Jalan', 'cdn.example'):
        assert secret not in d.log_text(), secret
    assert d.stop() == 0
    g.fake.stop()


def talk(g):
    """One of each kind; their native ids."""
    own = g.fake.post('Pengumuman')
    visitor = g.fake.post('Banjir di Sawojajar', 'visitor')
    media = g.fake.media()
    first = g.fake.ig_comment(media, 'Macet')
    for i in range(4):
        g.fake.ig_comment(media, f'Betul {i}', reply_to=first)
    g.fake.comment(own, 'Jalan rusak', attachment={'type': 'photo', 'media': {'image': {'src': 'https://cdn.example/a'}}})
    g.fake.comment(visitor, 'Di sini juga')
    g.fake.post('@Kota tolong', 'tagged')
    g.fake.tag('@kota sampah')
    g.fake.message('Halo', g.fake.author('Budi'))
    g.fake.message('Halo IG', g.fake.author('Ani'), platform='instagram')
    return list(g.fake.natives)


@flow(limit=90, muara=MUARA)
def test_poll(env):
    g = GraphAccount(env, page=3)
    wanted = talk(g)
    d = g.daemon()
    found = g.wait(wanted)
    assert all(found[id_of(i)]['class'] == 'human' for i in wanted)
    g.rounds(d)
    assert len(g.raw()) == len(wanted), 'a second round took something in again'
    wait_until(lambda: set(g.cursor() or {}) >= {'published_posts', 'media', 'tags'} and min(g.cursor().values()) > 0,
               WAIT, 'the watermarks')
    post = g.fake.post('Lagi')
    new = [g.fake.comment(post, f'keluhan {i}', late=i % 3) for i in range(10)]
    assert g.send(page_body(comment(new[4], 'keluhan 4'))) == 200  # the webhook may be first
    g.wait(new)
    g.rounds(d)
    assert set(g.found()) == {id_of(i) for i in wanted + new}
    assert all('access_token' not in c.params for c in g.fake.calls), 'a token in a URL'
    validate_topic(env, 'raw.social')
    assert d.stop() == 0
    before = len(g.raw())
    d = g.daemon(label='again')
    g.rounds(d)
    assert len(g.raw()) == before, 'a restart has forgotten what was taken in'
    assert d.stop() == 0
    g.fake.stop()


@flow(limit=90, muara=MUARA)
def test_mentions_are_completed(env):
    g = GraphAccount(env)
    d = g.daemon(poll='1h')
    there, private = g.fake.mention('@kota banjir di Sawojajar'), '17900'
    g.fake.fault('error', 'half', edge='object')
    assert g.send(ig_body('mentions', media_id='1', comment_id=there)) == 200
    assert g.send(ig_body('mentions', media_id='1', comment_id=private)) == 200
    found = g.wait([there, private, f'incomplete:ig_mentioned_comment:{there}'])
    assert found[id_of(there)]['text'] == '@kota banjir di Sawojajar' and found[id_of(there)]['class'] == 'human'
    assert found[id_of(private)]['class'] == 'unknown'
    assert found[id_of(f'incomplete:ig_mentioned_comment:{there}')]['class'] == 'system'
    wait_until(lambda: d.metrics()['muara_meta_incomplete'] == 0, WAIT, 'nothing incomplete')
    assert g.send(ig_body('mentions', media_id='1', comment_id=there)) == 200
    assert len(g.raw()) == 4
    validate_topic(env, 'raw.social')
    assert d.stop() == 0
    g.fake.stop()


@flow(limit=90, muara=MUARA)
def test_it_misbehaves(env):
    """Half pages, empty pages, items twice, answers that are none: everything arrives, once."""
    g = GraphAccount(env, page=4)
    post = g.fake.post('Pengumuman')
    new = [g.fake.comment(post, f'keluhan {i}') for i in range(18)]
    g.fake.fault('half', 'again', 'empty', 'again', 'drop', 'empty', 'short', 'again', edge='comments')
    g.fake.fault('surrogate', 'bad_item', edge='messages')
    g.fake.message('Halo')
    d = g.daemon()
    g.wait(new + g.fake.natives)
    wait_until(lambda: not g.fake.faults, WAIT, lambda: f'all faults used up, not {g.fake.faults}')
    g.rounds(d)
    records = g.raw()
    assert len({r['id'] for r in records}) == len(records), 'something came twice'
    assert {r['id'] for r in records if r['class'] == 'human'} == {id_of(i) for i in g.fake.natives}
    assert [r['class'] for r in records if r['class'] != 'human'] == ['undecodable'] * 3, 'one surrogate, two bad items'
    assert d.stop() == 0
    g.fake.stop()


@flow(limit=90, muara=MUARA)
def test_an_api_that_is_away_is_told(env):
    """One bad answer is weather, five in a row are for a person; the first good one ends it."""
    g = GraphAccount(env)
    g.fake.fault(*['error'] * 500)
    d = g.daemon()
    wait_until(lambda: (env.clock.advance(10_000), d.healthz()[0])[1] == 503, WAIT, lambda: f'ill: {d.healthz()}')
    assert 'Graph API' in d.healthz()[1], d.healthz()
    with g.fake.lock:
        g.fake.faults.clear()
    wait_until(lambda: (env.clock.advance(10_000), d.healthz()[0])[1] == 200, WAIT, lambda: f'well: {d.healthz()}')
    assert d.stop() == 0
    g.fake.stop()


@flow(limit=90, muara=MUARA)
def test_dead_token(env):
    """Everything waits but the webhook; a person is told; a new token in the file is enough."""
    g = GraphAccount(env)
    post = g.fake.post('Pengumuman')
    g.fake.comment(post, 'satu')
    g.fake.token = 'yang-lain'
    d = g.daemon()
    wait_until(lambda: d.metrics()['muara_meta_token_dead'] == 1, WAIT, 'the token called dead')
    status, text = d.healthz()
    assert status == 503 and 'token' in text, text
    assert g.send(page_body(comment('9_7', 'Lampu mati'))) == 200
    env.clock.advance(60_000)
    assert g.send(page_body(comment('9_8', 'Lampu mati lagi'))) == 200
    g.new_token('token-baru')
    g.wait(g.fake.natives + ['9_7', '9_8'])
    wait_until(lambda: d.healthz()[0] == 200, WAIT, 'health')
    assert [c.verdict for c in g.fake.calls].count('dead') == 1, 'a dead token was used again'
    assert 'token-baru' not in d.log_text()
    g.fake.fault('dead')
    wait_until(lambda: d.healthz()[0] == 503, WAIT, 'the token called dead by mistake')
    g.fake.comment(post, 'dua')
    env.clock.advance(61 * 60_000)
    g.wait(g.fake.natives)
    wait_until(lambda: d.healthz()[0] == 200, WAIT, 'health')
    assert d.stop() == 0
    g.fake.stop()


def deliver(g, body):
    """As Facebook does: again, when it was refused. A body under way when the clock is turned is late."""
    wait_until(lambda: g.send(body) == 200, WAIT, 'a body is taken')


@flow(limit=90, muara=MUARA)
def test_limits(env):
    """Throttled or above 95 %: no call until the API's own time is over; then everything."""
    g = GraphAccount(env)
    post = g.fake.post('Pengumuman')
    g.fake.comment(post, 'satu')
    g.fake.fault('rate80001')
    d = g.daemon(subscription='12h')
    # told by the daemon, not by the API: its pause begins when it has read the answer
    wait_until(lambda: d.metrics().get('muara_meta_calls_total{verdict="throttled"}') == 1, WAIT, 'the first answer')
    env.clock.advance(200_000)
    deliver(g, page_body(comment('9_7', 'Lampu mati')))  # the loop has turned since
    assert len(g.fake.calls) == 1, 'called while throttled'
    g.fake.business = (97, 19)
    env.clock.advance(200_000)
    wait_until(lambda: len(g.fake.calls) == 2, WAIT, 'one call after five minutes')
    wait_until(lambda: d.metrics()['muara_meta_usage_percent'] == 97, WAIT, 'usage told')
    env.clock.advance(18 * 60_000)
    deliver(g, page_body(comment('9_8', 'Lampu mati')))
    assert len(g.fake.calls) == 2, 'called above 95 %'
    g.fake.business = None
    env.clock.advance(2 * 60_000)
    g.wait(g.fake.natives)
    assert d.stop() == 0
    g.fake.stop()


@flow(limit=90, muara=MUARA)
def test_subscription_is_renewed(env):
    g = GraphAccount(env)
    d = g.daemon(poll='1h', subscription='1h')
    wait_until(lambda: g.fake.subscribed, WAIT, 'a subscription')
    assert set(g.fake.subscribed[0]['subscribed_fields']) >= {'feed', 'mention', 'ratings', 'messages'}
    wait_until(lambda: d.metrics()['muara_meta_subscribed'] == 1, WAIT, 'told as subscribed')
    g.fake.subscribed = []
    env.clock.advance(61 * 60_000)
    wait_until(lambda: g.fake.subscribed, WAIT, 'the subscription anew')
    assert d.stop() == 0
    g.fake.stop()


@flow(limit=90, muara=MUARA)
def test_a_permission_is_missing(env):
    g = GraphAccount(env)
    post = g.fake.post('Pengumuman')
    g.fake.comment(post, 'satu')
    g.fake.fault(*['denied'] * 3, edge='conversations')
    d = g.daemon(poll='50ms')
    g.wait(g.fake.natives)
    wait_until(lambda: d.healthz()[0] == 200 and not g.fake.faults, WAIT, 'the permission again')
    assert 'refuses to show conversations' in d.log_text()
    g.fake.message('Halo')
    g.wait(g.fake.natives)
    assert d.stop() == 0
    g.fake.stop()
