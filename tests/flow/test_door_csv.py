"""Tables at muara-door: the shipped maps (config/door/csv.yaml) take in the samples beside them, row by
row under the ids and tickets they are told, and the same table again is the same messages."""

import yaml

from harness import ROOT, flow
from harness.door import CHANNELS, Keys, send, start
from harness.records import message_id, ticket_of
from harness.schema import validate_topic

MUARA = {'channels': CHANNELS}


@flow(limit=90, muara=MUARA)
def test_the_shipped_samples(env):
    keys = Keys(env)
    key = keys.new('dinas', '--channel', 'sambat,jkn,kotak')
    with open(f'{ROOT}/config/door/csv.yaml', encoding='utf-8') as f:
        maps = yaml.safe_load(f)['csv']
    d, address = start(env, keys, csv=maps)
    want = {'sambat': ['SO-2026-0001', 'SO-2026-0002', 'SO-2026-0003'], 'jkn': ['JKN-77001', 'JKN-77002'],
            'kotak': ['KA/014/XI', 'KA/015/XI']}
    records = {}
    for m in maps:
        name = m['name']
        with open(f'{ROOT}/config/door/samples/{name}.csv', 'rb') as f:
            table = f.read()
        answer = send(address, key, f'/v1/csv/{name}', table)
        assert answer.status == 202, answer
        channel = m.get('channel', 'sambat')  # else the key's first
        ids = [message_id('malang', channel, 'dinas', n) for n in want[name]]
        assert [r['id'] for r in answer.json['results']] == ids
        assert [r['ticket'] for r in answer.json['results']] == [ticket_of(i) for i in ids]
        assert send(address, key, f'/v1/csv/{name}', table).json['results'] == answer.json['results']
        found = [x.json for x in env.kafka.read_all(env.topic(f'raw.{channel}'))]
        assert [r['id'] for r in found] == ids * 2
        records.update({r['native_id']: r for r in found})
        validate_topic(env, f'raw.{channel}')
    one, two, three = (records[n] for n in want['sambat'])
    assert one['sent_at'] == '2026-11-20T01:15:00.000Z' and one['author']['phone'] == '+6281200000001'
    assert (one['location']['lat'], one['fields']['agency']) == (-7.98, 'Dinas Perhubungan')
    assert two['text'] == 'Jalan berlubang\ndi depan sekolah "Harapan".' and two['author']['email'] == 'dua@contoh.id'
    assert three['location']['lon'] == 112.62 and three['author']['name'] == 'Contoh Tiga'
    assert '\u2013' in records['JKN-77001']['text']
    assert records['KA/014/XI']['fields']['incident_date'] == '2026-11-19'
    wrong = send(address, key, '/v1/csv/sambat', b'No Aduan,Isi\nSO-9,x\n')
    assert wrong.status == 400 and 'the header has no column' in wrong.json['error'], wrong
    assert 'Contoh' not in d.log_text()
