"""From a citizen's second message to the report it belongs to: told once, whoever dies on the way."""

from harness import flow, wait_until
from harness.city import Bubble, City


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
