"""muaractl index rebuild-compare: is what Redis holds what the logs say?"""

from harness import flow


@flow(limit=30)
def test_no_index(env):
    done = env.ctl('index', 'rebuild-compare', check=False)
    assert done.returncode == 1 and 'there is no index' in done.stderr


@flow(limit=30, topics=False)
def test_no_topics(env):
    done = env.ctl('index', 'rebuild-compare', check=False)
    assert done.returncode == 1 and 'complaints' in done.stderr, done.stderr
