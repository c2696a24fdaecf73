"""One line through everything: what citizens wrote reaches LAPOR!, each once, exact to the last id."""

from harness import flow
from harness.city import City
from harness.schema import validate_topic


@flow(limit=90)
def test_file_to_lapor(env):
    """The thinnest line, with one answer lost after LAPOR! stored it."""
    with City(env) as city:
        city.lapor.script({'call': 'create', 'nth': 7, 'action': 'drop_after_store'})
        for name in ('file', 'normalizer', 'forwarder'):
            city.start(name)
        city.slips(30)
        audit = city.balanced()
        assert audit.ends == {'done': 29, 'parked': 1}, audit.ends
        assert audit.notes['parked: answered ambiguously'] == 1
        assert len(city.lapor.filed()) == 30
        for topic in ('raw.file', 'complaints', 'submissions', 'cursors'):
            assert validate_topic(env, topic), f'{topic} is empty'


@flow(limit=300)
def test_exact_to_the_last_id(env):
    """2,000 by WhatsApp and 2,000 by 112, a tenth of both twice."""
    n = env.count(2000, 100)
    with City(env, session='30s') as city:  # one owner each, however slow the machine
        for name in ('whatsapp', 'call112', 'normalizer', 'forwarder'):
            city.start(name)
        feed = city.send(city.population(n), batch=5, duplicates=0.1)
        city.call(n, files=4, duplicates=0.1)
        feed.join()
        audit = city.balanced(150)
        assert len(audit.messages) == len(city.ledger.accepted) == 2 * n
        assert audit.notes['twice in raw'] >= n // 10, audit.notes
        assert set(audit.ends) == {'done'}, audit.ends
        assert sum(audit.ends.values()) == len(city.lapor.filed())
        assert audit.notes['takeovers of complaints'] == audit.notes['takeovers of submissions'] == 1
        print(f'       {2 * n} messages, {len(audit.newest)} complaints, {len(city.lapor.filed())} filed')
