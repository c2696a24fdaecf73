"""The cleaner comes between a crash and the takeover: no filing is forgotten. `complaints` is
compacted (here a filed one is erased and really gone), `submissions` never is, and were it set so by
mistake nothing would go, for no key is used twice. What was written for observers counts for nobody."""

import glob

from harness import flow, wait_until
from harness.campaign import LONG_MS, audit, rest
from harness.forwarding import Office
from harness.records import compacted


@flow(limit=120)
def test_forced_compaction_between_crash_and_takeover(env):
    with Office(env) as o:
        first = o.start(o.destination(max_filings_per_hour=0), crash='answer-read@create:6', filing=False)
        shared = o.message()
        erased, key = o.ready(messages=[shared]), o.writer.key
        o.wait(erased, 'done')
        many = o.ready_many(9)
        wait_until(lambda: not first.alive, 60, 'killed at the answer of a create')
        known = {a.name: a.state for a in o.filings().attempts.values()}
        assert 'intent' in known.values() and list(known.values()).count('done') >= 5, known

        o.put({**erased, 'version': 2, 'state': 'archived', 'text': '', 'reporter': None}, erased=[key])
        env.kafka.produce(env.topic('complaints'), None, key)
        compacted(env, key)
        compacted(env, log='submissions')
        assert {a.name: a.state for a in o.filings().attempts.values()} == known

        second = o.start(o.destination(max_filings_per_hour=0), label='second', filing=False)
        o.daemon = second
        o.wait_filing(second)
        again = o.ready(messages=[o.message(), shared])  # the erased one's message, under another id
        wait_until(lambda: o.records('refused') or o.creates(again), 30, 'a refusal')
        o.wait(o.ready(), 'done')
        rest(o, many, orphans=True)
        o.later(LONG_MS)
        rest(o, many)
        ends = audit(o, [*many, again])
        assert ends[again['id']] == 'refused' and not o.creates(again)
        assert len(o.creates(erased)) == 1
        assert list(ends.values()).count('parked') == list(known.values()).count('intent')


@flow(limit=90, muara={'tenants': [{'name': 'malang', 'lane': 0, 'destination': 'bayangan'}]})
def test_what_was_only_observed_is_filed_elsewhere(env):
    """Also when its message comes back under another id."""
    with Office(env) as o:
        o.start(o.destination('bayangan', 'observe'), o.destination())
        m = o.message()
        c = o.ready(messages=[m], destination='bayangan')
        wait_until(lambda: glob.glob(env.scratch.path('observed', '*.json')), 20, 'a file')
        o.next_version(c, destination='lapor')
        o.wait(c, 'done')
        other = o.message()
        seen = o.ready(messages=[other], destination='bayangan')
        wait_until(lambda: len(glob.glob(env.scratch.path('observed', '*.json'))) == 2, 20, 'a second one')
        again = o.ready(messages=[o.message(), other])
        o.wait(again, 'done')
        assert o.once() == 2 and not o.stored(seen) and not o.records('refused')
