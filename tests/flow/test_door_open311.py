"""Open311 at muara-door, on real Kafka, Redis and the normalizer: a report gets its ticket, by the
ticket anybody sees how far it is and nothing else, and an index that is away says 503."""

from harness import flow, wait_until
from harness.door import CHANNELS, OPEN311, Keys, request, send_report, start
from harness.normalizer import start as start_normalizer
from harness.records import message_id, ticket_of
from harness.schema import validate_topic

MUARA = {'channels': CHANNELS}
SERVICES = [{'code': 'lampu', 'name': 'Lampu jalan mati', 'category': 'Penerangan jalan'},
            {'code': 'jalan', 'name': 'Jalan rusak'}]


def get(address, what):
    return request(address, 'GET', f'{OPEN311}/{what}')


@flow(limit=90, muara=MUARA)
def test_a_report_and_how_far_it_is(env):
    keys = Keys(env)
    key = keys.new('aplikasi', '--channel', 'website', '--open311', '--review', 'auto')
    d, address = start(env, keys, services=SERVICES)
    assert [s['service_code'] for s in get(address, 'services.json').json] == ['lampu', 'jalan']
    assert '<service_code>jalan</service_code>' in get(address, 'services.xml').text
    lamp = {'service_code': 'lampu', 'lat': '-7.98', 'long': '112.63', 'first_name': 'Siti', 'last_name': 'Aminah',
            'phone': '081234500001', 'description': 'Lampu mati di Jl. Ijen & gelap'}
    answer = send_report(address, key, **lamp)
    assert answer.status == 201, answer
    r, = [x.json for x in env.kafka.read_all(env.topic('raw.website'))]
    ticket = ticket_of(r['id'])
    assert answer.json[0]['service_request_id'] == ticket
    assert r['id'] == message_id('malang', 'website', 'aplikasi', r['native_id'])
    assert (r['text'], r['fields']['category']) == (lamp['description'], 'Penerangan jalan')
    assert r['author']['phone'] == '+6281234500001' and r['location']['lat'] == -7.98
    assert key.secret not in str(r) and 'api_key=***' in r['original']['inline'], r['original']
    validate_topic(env, 'raw.website')
    again = send_report(address, key, suffix='xml', **lamp)
    assert again.status == 201 and f'<service_request_id>{ticket}</service_request_id>' in again.text
    # Nothing is decided yet, and the index is not there: this cannot be told.
    assert get(address, f'requests/{ticket}.json').status == 503
    start_normalizer(env)
    wait_until(lambda: get(address, f'requests/{ticket}.json').status == 200, 60, 'the ticket in the index')
    shown = get(address, f'requests/{ticket.lower().replace("-", "")}.json')
    assert set(shown.json[0]) == {'service_request_id', 'status', 'status_notes', 'requested_datetime',
                                  'updated_datetime'}, shown
    assert shown.json[0]['status'] == 'open' and shown.json[0]['requested_datetime'], shown
    for secret in ('Siti', '81234500001', 'Ijen'):
        assert secret not in shown.text and secret not in d.log_text(), secret
    assert f'<service_request_id>{ticket}</service_request_id>' in get(address, f'requests/{ticket}.xml').text
    assert get(address, f'requests/{ticket_of(message_id("x", "y", "z", "1"))}.json').status == 404
    env.redis.stop()
    assert get(address, f'requests/{ticket}.json').status == 503
    assert send_report(address, key, **{**lamp, 'description': 'Lain'}).status == 201  # the door needs no Redis
    env.redis.start()
    wait_until(lambda: get(address, f'requests/{ticket}.json').status == 200, 60, 'the ticket after Redis came back')
    # Refusals as the standard has them.
    assert send_report(address, key, service_code='x', lat=1, long=1).json == [
        {'code': 404, 'description': 'service_code is none of the services'}]
    wrong = key.secret.translate(str.maketrans(key.secret[0], 'y' if key.secret[0] == 'x' else 'x'))
    assert send_report(address, key._replace(secret=wrong), **lamp).status == 403
    keys.revoke(key)
    assert send_report(address, key, **lamp).status == 403
