"""muara-call112 and its drop folder: what a centre's rows become, to the last id."""

import hashlib
import json
import os

from harness import flow, wait_until
from harness import call112 as c112
from harness.schema import validate_topic


def start(env, folder, label='call112', crash=None, supervise=False, **over):
    return env.daemon('call112', c112.config(folder, **over), label=label, crash=crash,
                      supervise=supervise)


def raw(env):
    return [r.json for r in env.kafka.read_all(env.topic('raw.call112'))]


def by_id(env):
    return {m['id']: m for m in raw(env)}


def wait_for(env, ids, timeout=30):
    """Until each of these ids is in the raw topic; then exactly these."""
    ids = set(ids)
    wait_until(lambda: env.kafka.end(env.topic('raw.call112')) >= len(ids) and ids <= set(by_id(env)),
               timeout, lambda: f'{len(ids - set(by_id(env)))} of {len(ids)} ids still missing')
    found = by_id(env)
    assert set(found) == ids, f'{len(set(found) - ids)} ids that nobody dropped'
    return found


def wait_done(folder, *names, timeout=30):
    wait_until(lambda: all(os.path.exists(os.path.join(folder, 'done', n)) for n in names), timeout,
               lambda: f'{names} in done/; there: {os.listdir(folder)}')


@flow(limit=60)
def test_csv_semicolons_in_windows_1252(env):
    folder = env.scratch.mkdir('drop')
    calls = [
        c112.call('T-1', text='Lampu jalan mati – sudah 3 hari; „gelap“ sekali', name='Ibu Zoë',
                  phone='0812 0000 0001', received='20 Agustus 2026 07:15', closed='20/08/2026 09:00',
                  notes='diteruskan ke Dishub', priority='rendah'),
        c112.call('T-2', text='dua baris:\r\nbaris kedua', phone='-', lat=0, received='kemarin'),
        c112.call('', text='tanpa nomor tiket', phone='+62 812-0000-0003'),
    ]
    data = c112.csv_bytes(calls, encoding='windows-1252')
    d = start(env, folder, encoding='windows-1252')
    c112.put(folder, 'panggilan.csv', data)
    last = c112.csv_line(calls[2]).encode('windows-1252')
    ids = [c112.id_of(calls[0]), c112.id_of(calls[1]), c112.id_of(calls[2], last)]
    found = wait_for(env, ids)
    one, two, three = (found[i] for i in ids)
    assert one['text'] == calls[0].text and one['author']['name'] == 'Ibu Zoë'
    assert one['kind'] == 'call' and one['class'] == 'human'
    assert one['call'] == {'type': 'Laporan', 'mapped': 'normal', 'priority': 'rendah'}
    assert one['author']['phone'] == one['author']['id'] == '+6281200000001'
    assert one['author']['proof'] == 'claimed'
    assert one['sent_at'].startswith('2026-08-20T00:15:00') or one['sent_at'] == one['received_at']
    assert one['sent_at_source'] == '20 Agustus 2026 07:15'
    assert one['fields']['notes'] == 'diteruskan ke Dishub'
    assert one['fields']['closed_at'].startswith('2026-08-20T02:00:00')
    assert one['location']['address'] == 'Jalan Veteran 12, Lowokwaru'
    assert (one['location']['lat'], one['location']['lon']) == (-7.9567, 112.6145)
    assert one['source']['place'] == 'panggilan.csv:2'
    assert two['text'] == 'dua baris:\r\nbaris kedua' and two['author']['phone'] is None
    assert two['author']['id'] == 'T-2' and two['sent_at_source'] == 'kemarin'
    assert two['location']['lat'] is None
    assert three['native_id'] == 'row:' + c112.row_hash(last)
    assert three['original']['sha256'] == hashlib.sha256(last).hexdigest()
    wait_done(folder, 'panggilan.csv')
    assert d.stop() == 0


@flow(limit=60)
def test_ndjson(env):
    folder = env.scratch.mkdir('drop')
    calls = [c112.call('J-1', text='Air mati', received='2026-11-20T07:15:00+07:00'),
             c112.call('J-2', kind='Ghost Call', text='')]
    lines = [c112.json_line(c) for c in calls]
    number = json.dumps({'ticket': {'no': 77}, 'call': {'type': 'darurat'},
                         'caller': {'phone': 81200000009}, 'description': 'Kebakaran'}) + '\n'
    start(env, folder, format='ndjson')
    c112.put(folder, 'a.ndjson', (lines[0] + '\n' + lines[1] + number).encode())
    found = wait_for(env, [c112.id_of(c) for c in calls] + [c112.id_of_native('77')])
    assert found[c112.id_of(calls[0])]['sent_at'] == '2026-11-20T00:15:00.000Z'
    assert found[c112.id_of(calls[0])]['original']['inline'] == lines[0]
    assert found[c112.id_of(calls[1])]['class'] == 'ghost'
    last = found[c112.id_of_native('77')]
    assert last['class'] == 'emergency' and last['author']['phone'] == '+6281200000009'


@flow(limit=60)
def test_each_type_has_its_class(env):
    folder = env.scratch.mkdir('drop')
    calls = [c112.call(f'K-{i}', kind=k) for i, k in enumerate(c112.TYPES)]
    calls += [c112.call('K-blank', kind=''), c112.call('K-strange', kind='ODGJ'),
              c112.call('K-case', kind='  ghost   CALL ')]
    start(env, folder)
    c112.put(folder, 'a.csv', c112.csv_bytes(calls))
    found = wait_for(env, map(c112.id_of, calls))
    for c in calls[:-3]:
        mapped = c112.TYPES[c.kind]
        m = found[c112.id_of(c)]
        assert (m['call']['mapped'], m['class']) == (mapped, c112.CLASS[mapped]), c.kind
    for name in ('K-blank', 'K-strange'):
        m = found[c112.id_of_native(name)]
        assert (m['call']['mapped'], m['class']) == ('unknown', 'unknown')
    assert found[c112.id_of_native('K-case')]['class'] == 'ghost'


@flow(limit=60)
def test_a_bad_row_loses_no_neighbour(env):
    folder = env.scratch.mkdir('drop')
    good = [c112.call(f'B-{i}') for i in range(4)]
    bad = ['B-x;terlalu;sedikit\r\n', '"kutip yang;tidak pernah ditutup\r\n', 'a"b;"c"d;e\r\n']
    rows = [good[0], bad[0], good[1], bad[1], good[2], '\r\n', ';' * 12 + '\r\n', bad[2], good[3]]
    start(env, folder)
    c112.put(folder, 'a.csv', c112.csv_bytes(rows))
    found = wait_for(env, [c112.id_of(c) for c in good] + [c112.id_of_garbage(b.encode()) for b in bad])
    for text, line in zip(bad, (3, 5, 9)):
        m = found[c112.id_of_garbage(text.encode())]
        assert m['class'] == 'undecodable' and m['kind'] == 'call'
        assert m['error']['place'] == m['source']['place'] == f'a.csv:{line}', m['error']
        assert m['error']['reason'] and 'kutip' not in m['error']['reason']
        assert m['original']['inline'] == text
        assert m['source']['daemon'] == 'muara-call112'
    wait_done(folder, 'a.csv')


@flow(limit=60)
def test_garbage_json_loses_no_neighbour(env):
    folder = env.scratch.mkdir('drop')
    good = [c112.call('G-1'), c112.call('G-2'), c112.call('G-3')]
    bad = ['{"ticket": \n', '[1, 2]\n', '{"a": ' + '[' * 100 + '1' + ']' * 100 + '}\n']
    huge = '{"description": "' + 'x' * (1200 * 1024) + '"}\n'
    body = ''.join([c112.json_line(good[0]), bad[0], bad[1], c112.json_line(good[1]), bad[2], huge])
    binary = b'\x00\xff\xfe{}\n'
    start(env, folder, format='ndjson')
    c112.put(folder, 'a.ndjson', body.encode() + binary + c112.json_line(good[2]).encode())
    ids = [c112.id_of(c) for c in good] + [c112.id_of_garbage(b.encode()) for b in bad]
    ids.append(c112.id_of_garbage(binary))
    wait_until(lambda: set(ids) <= set(by_id(env)), 30, 'all records')  # the last line's is the last
    found = by_id(env)
    parts = [m for i, m in found.items() if i not in ids]  # the line that is too long, in parts
    assert all(m['class'] == 'undecodable' and m['error']['place'] == 'a.ndjson:6' for m in parts)
    assert sum(m['original']['bytes'] for m in parts) == len(huge)
    assert found[c112.id_of_garbage(binary)]['original']['encoding'] == 'base64'


@flow(limit=60)
def test_a_file_with_another_header_is_held_and_its_neighbours_pass(env):
    folder = env.scratch.mkdir('drop')
    c = c112.call('H-1')
    d = start(env, folder)
    c112.put(folder, 'a.csv', b'No;Nama;Alamat\r\n1;Siti;Jalan Ijen\r\n')
    c112.put(folder, 'b.csv', c112.csv_bytes([c]))
    c112.put(folder, 'utf16.csv', c112.csv_bytes([c]).decode().encode('utf-16'))
    wait_for(env, [c112.id_of(c)])
    wait_done(folder, 'b.csv')
    wait_until(lambda: d.metrics().get('muara_call112_held_files') == 2, 30, 'two files held')
    assert d.healthz()[0] == 503 and '2 files are held' in d.healthz()[1], d.healthz()
    assert 'a.csv is held' in d.log_text() and 'No Tiket' in d.log_text()
    mended = c112.call('H-2')
    c112.put(folder, 'a.csv', c112.csv_bytes([mended]))
    wait_for(env, [c112.id_of(c), c112.id_of(mended)])
    wait_until(lambda: d.metrics()['muara_call112_held_files'] == 1, 30, 'one file held')


@flow(limit=90)
def test_a_growing_file_is_followed(env):
    folder = env.scratch.mkdir('drop')
    calls = [c112.call(f'R-{i}') for i in range(5)]
    lines = [c112.csv_line(c).encode() for c in calls]
    d = start(env, folder, complete='stable', finished='keep', settle='1h')
    c112.append(folder, 'hari.csv', c112.csv_header().encode()[:20])
    c112.append(folder, 'hari.csv', c112.csv_header().encode()[20:] + lines[0] + lines[1][:30])
    wait_for(env, map(c112.id_of, calls[:1]))
    c112.append(folder, 'hari.csv', lines[1][30:])
    wait_for(env, map(c112.id_of, calls[:2]))
    # rotated: gone on with under its new name, and a new file under the old one
    os.rename(os.path.join(folder, 'hari.csv'), os.path.join(folder, 'kemarin.csv'))
    c112.append(folder, 'kemarin.csv', lines[2])
    c112.append(folder, 'hari.csv', c112.csv_header().encode() + lines[3] + lines[4].rstrip(b'\r\n'))
    wait_for(env, map(c112.id_of, calls[:4]))
    env.clock.advance(3601 * 1000)  # the last line will not get its end any more
    wait_for(env, map(c112.id_of, calls))
    wait_until(lambda: env.kafka.end(env.topic('cursors')) > 0, 30, 'a cursor')
    assert d.restart().alive  # from the cursor: nothing again, header learnt anew
    more = c112.call('R-9')
    c112.append(folder, 'kemarin.csv', c112.csv_line(more).encode())
    wait_for(env, map(c112.id_of, [*calls, more]))
    assert env.kafka.end(env.topic('raw.call112')) == 6


@flow(limit=60)
def test_the_same_file_again_is_nothing_new(env):
    folder = env.scratch.mkdir('drop')
    calls = c112.Centre(env.random).calls(20) + [c112.call('', text='tanpa nomor')]
    data = c112.csv_bytes(calls)
    d = start(env, folder)
    c112.put(folder, 'a.csv', data)
    wait_done(folder, 'a.csv')
    c112.put(folder, 'a.csv', data)
    c112.put(folder, 'salinan.csv', data)
    wait_done(folder, 'a.csv', 'a.csv.1', 'salinan.csv')
    assert d.restart().alive  # the books are in the raw log, not in memory
    c112.put(folder, 'lagi.csv', c112.csv_bytes(calls[:-1], delimiter=','))
    wait_done(folder, 'lagi.csv')
    ids = [m['id'] for m in raw(env)]
    assert len(ids) == len(set(ids)) == 21


@flow(limit=60)
def test_updates_join_their_call(env):
    folder = env.scratch.mkdir('drop')
    first = [c112.call('U-1', text='Asap di gudang'), c112.call('U-2', kind='Prank', text=''),
             c112.call('U-3', kind='ODGJ'), c112.call('U-4')]
    later = [first[0]._replace(kind='Kebakaran'), first[1]._replace(kind='Darurat', text='Api'),
             first[2]._replace(kind='Laporan', notes='selesai'), first[3]]
    d = start(env, folder, complete='stable', finished='keep', settle='1h')
    c112.append(folder, 'a.csv', c112.csv_bytes(first))
    wait_for(env, map(c112.id_of, first))
    c112.append(folder, 'a.csv', ''.join(map(c112.csv_line, later)).encode())
    wait_until(lambda: env.kafka.end(env.topic('raw.call112')) >= 7, 30, 'three updates')
    c112.append(folder, 'b.csv', c112.csv_bytes(later))  # again, under another name
    c112.append(folder, 'b.csv', c112.csv_line(c112.call('U-5')).encode())
    wait_until(lambda: c112.id_of_native('U-5') in by_id(env), 30, 'the last row of b.csv')
    found = raw(env)
    assert len(found) == 8
    new = {(m['kind'], m['class'], m['native_id'].split('#')[0]): m for m in found[4:]}
    assert set(new) == {('edit', 'emergency', 'U-1'), ('call', 'emergency', 'U-2'),
                        ('edit', 'human', 'U-3'), ('call', 'human', 'U-5')}
    assert new['edit', 'emergency', 'U-1']['revision']
    assert new['edit', 'emergency', 'U-1']['call']['mapped'] == 'emergency'
    assert new['call', 'emergency', 'U-2']['fields']['call_id'] == 'U-2'
    metrics = d.metrics()
    assert metrics['muara_call112_unmapped_types_total'] == 1
    assert 'ODGJ' not in d.log_text() and 'the call at a.csv:4 has a type' in d.log_text()
    validate_topic(env, 'raw.call112')


@flow(limit=60)
def test_a_rewritten_file_is_read_again(env):
    folder = env.scratch.mkdir('drop')
    one, two = [c112.call(f'W-{i}') for i in range(3)], [c112.call(f'V-{i}') for i in range(3)]
    start(env, folder, complete='stable', finished='keep', settle='1h')
    path = os.path.join(folder, 'a.csv')
    with open(path, 'wb') as f:
        f.write(c112.csv_bytes(one))
    wait_for(env, map(c112.id_of, one))
    with open(path, 'r+b') as f:  # in place: the same inode, never shorter
        f.write(c112.csv_bytes(two) + c112.csv_line(c112.call('V-9')).encode())
    wait_for(env, [*map(c112.id_of, one + two), c112.id_of_native('V-9')])


@flow(limit=60)
def test_a_photo_is_stored_before_its_row_is_told(env):
    folder, photo = env.scratch.mkdir('drop'), os.urandom(2000)
    env.scratch.write('drop/satu.jpg', photo)
    start(env, folder)
    c = c112.call('F-1', photos=['satu.jpg'])
    c112.put(folder, 'a.csv', c112.csv_bytes([c]))
    a = wait_for(env, [c112.id_of(c)])[c112.id_of(c)]['attachments'][0]
    assert a['state'] == 'stored' and a['sha256'] == hashlib.sha256(photo).hexdigest()
    assert os.path.getsize(os.path.join(env.muara['blob_dir'], a['sha256'])) == 2000


@flow(limit=60)
def test_attachments(env):
    folder = env.scratch.mkdir('drop')
    photo = os.urandom(3000)
    env.scratch.write('drop/foto/satu.jpg', photo)
    env.scratch.write('drop/besar.png', b'x' * 5000)
    env.scratch.write('rahasia.txt', 'outside')
    os.symlink(env.scratch.path('rahasia.txt'), os.path.join(folder, 'tautan.jpg'))
    c = c112.call('A-1', photos=['foto/satu.jpg', 'tidak-ada.jpg', 'besar.png', '../rahasia.txt',
                                 'tautan.jpg', 'foto'])
    late, after = c112.call('A-2', photos=['nanti.jpg']), c112.call('A-3')
    start(env, folder, attachments={'max': '4000', 'wait': '1h'})
    c112.put(folder, 'b.csv', c112.csv_bytes([late, after]))
    c112.put(folder, 'c.csv', c112.csv_bytes([c112.call('A-4')]))  # it does not wait for b.csv
    wait_for(env, [c112.id_of_native('A-4')])
    env.scratch.write('drop/nanti.jpg', photo[:100])
    wait_for(env, [c112.id_of_native(f'A-{i}') for i in (2, 3, 4)])
    c112.put(folder, 'd.csv', c112.csv_bytes([c]))

    def waited_long_enough():  # counted from when the daemon saw the file
        env.clock.advance(3601 * 1000)
        return os.path.exists(os.path.join(folder, 'done', 'd.csv'))
    wait_until(waited_long_enough, 30, 'd.csv in done/')
    found = wait_for(env, [c112.id_of_native(f'A-{i}') for i in (1, 2, 3, 4)])
    states = {a['id']: a for a in found[c112.id_of(c)]['attachments']}
    assert {k: a['state'] for k, a in states.items()} == {
        'foto/satu.jpg': 'stored', 'tidak-ada.jpg': 'missing', 'besar.png': 'refused',
        '../rahasia.txt': 'refused', 'tautan.jpg': 'refused', 'foto': 'refused'}
    sha = hashlib.sha256(photo).hexdigest()
    assert states['foto/satu.jpg']['sha256'] == sha and states['foto/satu.jpg']['bytes'] == 3000
    assert states['foto/satu.jpg']['mime'] == 'image/jpeg'
    with open(os.path.join(env.muara['blob_dir'], sha), 'rb') as f:
        assert f.read() == photo
    assert found[c112.id_of(late)]['attachments'][0]['state'] == 'stored'


@flow(limit=120, own=True)
def test_broker_away(env):
    folder = env.scratch.mkdir('drop')
    centre = c112.Centre(env.random)
    first, second = centre.calls(50), centre.calls(50)
    d = start(env, folder)
    c112.put(folder, 'a.csv', c112.csv_bytes(first))
    wait_done(folder, 'a.csv')
    env.kafka.stop()
    c112.put(folder, 'b.csv', c112.csv_bytes(second))
    wait_until(lambda: d.metrics().get('muara_ingest_in_flight', 0) > 0, 20, 'rows handed out')
    assert os.path.exists(os.path.join(folder, 'b.csv')), 'moved away without a report'
    assert d.alive
    env.kafka.start()
    wait_done(folder, 'b.csv', timeout=60)
    wait_for(env, map(c112.id_of, first + second))


@flow(limit=60)
def test_drain_leaves_nothing_to_do_again(env):
    folder = env.scratch.mkdir('drop')
    calls = c112.Centre(env.random).calls(300)
    d = start(env, folder, complete='stable', finished='keep', settle='1h')
    c112.append(folder, 'a.csv', c112.csv_bytes(calls))
    wait_for(env, map(c112.id_of, calls))
    assert d.stop() == 0
    d.start()
    c112.append(folder, 'a.csv', c112.csv_line(c112.call('Z')).encode())
    wait_for(env, [*map(c112.id_of, calls), c112.id_of_native('Z')])
    assert env.kafka.end(env.topic('raw.call112')) == 301
