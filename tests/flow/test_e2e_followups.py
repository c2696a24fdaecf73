"""From a citizen's second message to the report it belongs to: told once, whoever dies on the way."""

from harness import flow, wait_until
from harness.city import Bubble, City
from harness.forwarding import Office
from harness.normalizer import start as start_normalizer
from harness.records import complaints, edit_of, message, put


def said(city):
    """[report, what it was told] of all reports: texts without their tickets and footers."""
    def words(text):
        return text.split('] ', 1)[1].split('\n\n---')[0]
    return [(words(f['fields']['content']), [words(t['content']) for t in f['told']]) for f in city.lapor.filed()]


def people(city, n):
    return [city.citizens.person() for _ in range(n)]


def speak(city, who, round):
    bubbles = [Bubble(p, f'{city.citizens.complaint()} (kabar {round})', f'wamid.{p.wa_id}.{round}') for p in who]
    city.send(bubbles).join()
    return [b.text for b in bubbles]


@flow(limit=120)
def test_later_messages_follow(env):
    with City(env) as city:
        for name in ('whatsapp', 'normalizer', 'forwarder'):
            city.start(name)
        who = people(city, env.count(20, 5))
        first = speak(city, who, 1)
        city.settle()
        later = [speak(city, who, i) for i in (2, 3)]
        audit = city.balanced()
        assert audit.ends == {'done': len(who)}, audit.ends
        told = dict(said(city))
        assert set(told) == set(first) and len(told) == len(who)
        for i, text in enumerate(first):
            assert '\n\n'.join(told[text]) == '\n\n'.join(texts[i] for texts in later)


@flow(limit=150)
def test_killed_between_news_and_its_telling(env):
    """At each crash point of a follow-up, and the normalizer's: what nobody can know is parked, all
    else is told once."""
    points = ['after-intent', 'before-send', 'first-byte-sent', 'answer-read', 'after-outcome']
    with City(env) as city:
        city.start('whatsapp')
        city.start('normalizer', crash=['after-append:9'])
        city.start('forwarder', crash=[f'{p}@followup:1' for p in points])
        who = people(city, 6)
        first = speak(city, who, 1)
        wait_until(lambda: len(city.lapor.filed()) == len(who), 60, 'all are filed')
        for i, point in enumerate(points):
            speak(city, who[i:i + 1], 2)
            wait_until(lambda n=i: city.daemons['forwarder'].restarts == n + 1, 60, f'{point} is reached')
        speak(city, who[-1:], 2)
        audit = city.balanced(90, forward_ms=200_000)
        assert audit.ends == {'done': len(who)} and len(city.lapor.filed()) == len(first), audit.ends
        told = [t for _, texts in said(city) for t in texts]
        assert len(told) == len(set(told)) and len(told) >= 2, told


@flow(limit=90)
def test_what_is_deleted_before_its_telling_is_not_told(env):
    """A message, and one that was all there was to say: what was told stands, nothing else is said of it."""
    with Office(env) as o:
        o.start(o.destination(follow_up_settle='10m'))
        start_normalizer(env)

        def sent(name, text, author):
            m = message(name, text, author=author)
            put(env, m)
            return m

        def filed(name, author):
            m = sent(name, f'Lampu jalan mati ({name}).', author)
            wait_until(lambda: o.kinds({'id': m['id']})[-1:] == ['done'], 60, f'{name} is filed')
            return complaints(env)[m['id']]
        one, other, last = (filed(f'wamid.{i}', f'62812345000{i}') for i in range(3))
        slip = sent('wamid.slip', 'Nomor saya nol delapan.', '628123450000')
        kept = sent('wamid.kept', 'Sudah dua minggu.', '628123450001')
        wait_until(lambda: all(complaints(env)[c['id']]['version'] > c['version'] for c in (one, other)), 60,
                   'the news has come')
        put(env, edit_of(slip, '', kind='delete', revision='d'))
        put(env, edit_of({**slip, 'native_id': 'wamid.2', 'author': {'id': '628123450002'}}, '', kind='delete',
                         revision='d'))
        wait_until(lambda: complaints(env)[last['id']]['state'] == 'review', 60, 'of the last one nothing is left')
        wait_until(lambda: len(complaints(env)[one['id']]['sources']) == 3, 60, 'the deletion has come')
        wait_until(lambda: {complaints(env)[c['id']]['state'] for c in (one, other)} == {'ready'}, 60, 'both go on')
        o.later(11 * 60 * 1000)
        told, = o.wait_told(other, 1)
        assert kept['text'] in told['content']
        fresh = filed('wamid.9', '628123450009')  # behind it in the queue
        assert not o.told(one) and not o.told(last) and not o.kinds(one, 'followup'), o.bodies(one, 'followup')
        assert o.once() == 4 and o.stored(fresh) and 'review' == complaints(env)[last['id']]['state']
