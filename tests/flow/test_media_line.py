"""A photo sent by WhatsApp stands at LAPOR!, byte for byte; what cannot be had delays nobody for ever, and the report
says so."""

import hashlib

from harness import flow, wait_until, whatsapp
from harness import media
from harness.city import Bubble, City
from harness.media import JPEG, TOKEN, MediaServer, papers
from harness.records import complaints
from harness.schema import validate_topic


def photo(city, name):
    p = city.citizens.person()
    text = city.citizens.complaint()
    native = f'wamid.{p.wa_id}'
    return Bubble(p, text, native, whatsapp.image_message(p.wa_id, p.name, name, text, native))


def content_of(filed):
    """Of one report of the sandbox, whatever it keeps beside."""
    return str(filed)


@flow(limit=150)
def test_photo_to_lapor(env):
    """Photos through a bad line and a kill; a program is kept out and the report says so."""
    n = env.count(12, 4)
    with MediaServer(TOKEN) as fake, City(env) as city:
        names = [f'foto{i}' for i in range(n)]
        faults = [[], ['busy'], ['cut'], ['expired']]
        sent = {name: JPEG + name.encode() for name in names}
        for i, name in enumerate(names):
            fake.put(name, sent[name], faults=faults[i % len(faults)])
        fake.put('program', b'MZ' + bytes(300))
        for name in ('whatsapp', 'normalizer', 'forwarder'):
            city.start(name, {**city.config_of(name), 'media_wait': '1h'} if name == 'normalizer' else None)
        city.start('media', media.config(env, fake))
        city.send([photo(city, name) for name in (*names, 'program')]).join()
        wait_until(lambda: papers(env), 60, 'the first of them fetched')
        city.kill('media')
        audit = city.balanced(90)
        assert audit.ends == {'done': n + 1}, audit.ends
        assert {f['sha256'] for f in city.lapor.files()} == {hashlib.sha256(c).hexdigest() for c in sent.values()}
        told = [f for f in city.lapor.filed() if '1 berkas ditolak saat pemeriksaan' in content_of(f)]
        assert len(told) == 1, told
        for topic in ('media', 'raw.whatsapp', 'complaints'):
            assert validate_topic(env, topic), f'{topic} is empty'


@flow(limit=90)
def test_a_photo_that_does_not_come(env):
    """Filed without it after media_wait; when it comes after all it follows, and nothing is filed again."""
    with MediaServer(TOKEN) as fake, City(env) as city:
        fake.put('stuck', JPEG, faults=['server'] * 100000)
        for name in ('whatsapp', 'normalizer', 'forwarder'):
            city.start(name, {**city.config_of(name), 'media_wait': '1s'} if name == 'normalizer' else None)
        city.start('media', media.config(env, fake))
        city.send([photo(city, 'stuck')]).join()
        wait_until(lambda: city.lapor.filed(), 60, 'filed without its photo')
        assert 'berkas belum dapat diambil' in content_of(city.lapor.filed()[0])
        city.balanced()
        fake.put('stuck', JPEG)
        wait_until(lambda: papers(env), 60, 'the photo, late')
        wait_until(lambda: city.lapor.filed()[0]['told'], 30, 'it follows')
        audit = city.balanced()
        (report,), (c,) = city.lapor.filed(), complaints(env).values()
        assert audit.ends == {'done': 1} and c['attachments'][0]['state'] == 'stored'
        assert [f['sha256'] for t in report['told'] for f in t['files']] == [hashlib.sha256(JPEG).hexdigest()]
