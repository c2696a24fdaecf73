"""Daemons that were started before their topics exist: an installation in another order than the README's.

Proves: each lives, calls itself unhealthy and names the topic and what makes it; when `muaractl topics
create` has run, each finds its lane by itself, in less than the five minutes after which the client library
looks again whether its topics are as they were.
"""

from harness import flow, wait_until
from harness.alarm import Rings
from harness.alarm import start as start_alarm
from harness.city import City
from harness.procs import tail

GROUPS = {'normalizer': 'complaints', 'forwarder': 'submissions', 'alarm': 'emergencies', 'media': 'media'}
MEDIA = {'origins': [{'channel': 'file', 'by': 'url', 'hosts': ['berkas.example']}], 'session': '6s'}


@flow(limit=200, topics=False)
def test_topics_made_later(env):
    with City(env) as city:
        daemons = [city.start(k) for k in ('whatsapp', 'normalizer', 'forwarder')]
        daemons += [start_alarm(env, [Rings(env).hook()]),
                    env.daemon('media', {**MEDIA, 'work_dir': env.scratch.mkdir('work')})]
        for d in daemons:
            if d.label in GROUPS:
                d.wait_status(f'topic {env.topic(GROUPS[d.label])} is not there (`muaractl topics create`', 60)
            assert d.healthz()[0] == 503, f'{d.label} calls itself healthy: {d.healthz()}'
        env.ctl('topics', 'create')
        for d in daemons:
            wait_until(lambda: d.healthz()[0] == 200 and 'no lane' not in d.healthz()[1], 100,
                       lambda: f'{d.label} at work: {d.healthz()}\n{tail(d.log)}')
            assert d.restarts == 0
