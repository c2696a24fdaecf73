"""A 112 call centre as it drops its files: rows, CSV and NDJSON bytes, the way they get into place.

    calls = [call('T-1', text='Lampu jalan mati'), call('T-2', kind='Prank')]
    put(folder, 'a.csv', csv_bytes(calls))           renamed into place, as config() expects it
    config(folder)                                   settings of muara-call112 for such files
    centre = Centre(random); centre.calls(40)        realistic ones: normal, emergency, ghost, prank …
    id_of(calls[0])                                  the message id, computed here by UUIDv5

No real centre's export is public; the columns are those of a regency's own database (names only),
with the traps seen there: Indonesian dates, coordinates as one text, hidden numbers.
"""

import csv
import hashlib
import io
import json
import os
from typing import NamedTuple

from .citizens import Citizens
from .records import message_id

TENANT, ACCOUNT = 'malang', 'malang-112'
COLUMNS = {'id': 'No Tiket', 'type': 'Jenis Panggilan', 'priority': 'Prioritas',
           'name': 'Nama Pelapor', 'phone': 'No Telp', 'text': 'Uraian', 'notes': 'Keterangan',
           'received': 'Tanggal Terima', 'closed': 'Tanggal Selesai', 'address': 'Alamat',
           'district': 'Kecamatan', 'coordinates': 'Lat Long', 'attachments': 'Foto'}
PATHS = {'id': 'ticket.no', 'type': 'call.type', 'priority': 'call.priority', 'name': 'caller.name',
         'phone': 'caller.phone', 'text': 'description', 'notes': 'notes', 'received': 'received_at',
         'closed': 'closed_at', 'address': 'place.address', 'district': 'place.district',
         'lat': 'place.lat', 'lon': 'place.lon', 'attachments': 'files'}
TYPES = {'Laporan': 'normal', 'Darurat': 'emergency', 'Kebakaran': 'emergency',
         'Informasi': 'information', 'Ghost Call': 'ghost', 'Prank': 'prank', 'Terputus': 'dropped',
         'Simulasi': 'test'}
CLASS = {'normal': 'human', 'emergency': 'emergency', 'information': 'information',
         'ghost': 'ghost', 'prank': 'prank', 'dropped': 'dropped', 'test': 'test'}
MONTHS = ('Januari', 'Februari', 'Maret', 'April', 'Mei', 'Juni', 'Juli', 'Agustus', 'September',
          'Oktober', 'November', 'Desember')


class Call(NamedTuple):
    id: str
    kind: str          # the centre's word, a key of TYPES or one nobody mapped
    name: str
    phone: str
    text: str
    notes: str
    received: str      # local time, "20 Agustus 2026 07:15"
    closed: str
    address: str
    district: str
    lat: float
    lon: float
    photos: tuple
    priority: str

    def values(self):
        """As a row has them."""
        place = f'LatLng({self.lat}, {self.lon})' if self.lat else ''
        return {'id': self.id, 'type': self.kind, 'priority': self.priority, 'name': self.name,
                'phone': self.phone, 'text': self.text, 'notes': self.notes,
                'received': self.received, 'closed': self.closed, 'address': self.address,
                'district': self.district, 'coordinates': place,
                'attachments': '|'.join(self.photos)}


def call(id='', kind='Laporan', name='Sulastri', phone='0812-0000-0001',
         text='Lampu jalan di Jalan Veteran mati', notes='', received='', closed='',
         address='Jalan Veteran 12', district='Lowokwaru', lat=-7.9567, lon=112.6145, photos=(),
         priority=''):
    return Call(id, kind, name, phone, text, notes, received, closed, address, district, lat, lon,
                tuple(photos), priority)


def local_time(t):
    """A datetime as centres write it: "20 Agustus 2026 07:15:00"."""
    return f'{t.day} {MONTHS[t.month - 1]} {t.year} {t:%H:%M:%S}'


# ---- files

def csv_row(values, delimiter=';', end='\r\n'):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerow(values)
    return out.getvalue()


def csv_header(delimiter=';', end='\r\n'):
    return csv_row(COLUMNS.values(), delimiter, end)


def csv_line(c, delimiter=';', end='\r\n'):
    """A Call as text; a str is put in as it is."""
    return c if isinstance(c, str) else csv_row([c.values()[f] for f in COLUMNS], delimiter, end)


def csv_bytes(calls, delimiter=';', encoding='utf-8', end='\r\n', header=True):
    text = (csv_header(delimiter, end) if header else '') + ''.join(
        csv_line(c, delimiter, end) for c in calls)
    return text.encode(encoding)


def json_object(c):
    return {'ticket': {'no': c.id}, 'call': {'type': c.kind, 'priority': c.priority or None},
            'caller': {'name': c.name, 'phone': c.phone}, 'description': c.text, 'notes': c.notes,
            'received_at': c.received, 'closed_at': c.closed,
            'place': {'address': c.address, 'district': c.district, 'lat': c.lat, 'lon': c.lon},
            'files': list(c.photos)}


def json_line(c):
    return c if isinstance(c, str) else json.dumps(json_object(c), ensure_ascii=False) + '\n'


def ndjson_bytes(calls):
    return ''.join(map(json_line, calls)).encode()


def put(folder, name, data):
    """Whole at once: written beside, renamed into place."""
    part = os.path.join(folder, name + '.part')
    with open(part, 'wb') as f:
        f.write(data)
    os.rename(part, os.path.join(folder, name))


def append(folder, name, data):
    """What a centre that writes into one file all day does."""
    with open(os.path.join(folder, name), 'ab') as f:
        f.write(data)


def config(folder, **over):
    """Settings of muara-call112 for csv_bytes() and put(); ndjson: format='ndjson'."""
    ndjson = over.get('format') == 'ndjson'
    return {'tenant': TENANT, 'account': ACCOUNT, 'start': '2020-01-01', 'review': 'auto',
            'max_age': '3650d', 'path': folder, 'poll': '50ms', 'types': TYPES,
            'files': '*.ndjson' if ndjson else '*.csv', 'fields': PATHS if ndjson else COLUMNS,
            'attachments': {'wait': '0s'}, **over}


# ---- ids

def row_hash(data):
    """Of the bytes of a row; its line end does not count."""
    return hashlib.sha256(data.rstrip(b'\r\n')).hexdigest()


def id_of_native(native, tenant=TENANT, account=ACCOUNT):
    return message_id(tenant, 'call112', account, native)


def id_of(c, data=None, **more):
    """The message id of a call; `data`: its row's bytes, for a call without a number."""
    return id_of_native(c.id or 'row:' + row_hash(data), **more)


def id_of_garbage(data, **more):
    return id_of_native('undecodable:' + row_hash(data), **more)


# ---- realistic ones

class Centre:
    """Calls of one centre. Of ten: five complaints, an information, an emergency, a ghost, a prank
    and one that was dropped; now and then a number is hidden or a type is unknown."""
    ORDER = ('Laporan', 'Laporan', 'Ghost Call', 'Laporan', 'Informasi', 'Prank', 'Laporan',
             'Terputus', 'Darurat', 'Laporan')
    EMERGENCIES = ('Kebakaran di gudang plastik, api sudah besar', 'Kecelakaan motor dan truk, ada korban luka',
                   'Pohon tumbang menimpa mobil, orang terjepit di dalam', 'Warga hanyut di sungai')
    DISTRICTS = ('Klojen', 'Blimbing', 'Lowokwaru', 'Sukun', 'Kedungkandang')

    def __init__(self, random, first=1, when=None):
        """when: datetime of the first call, local; None: no times in the rows."""
        self.random, self.next, self.when = random, first, when
        self.citizens = Citizens(random)

    def _text(self, kind):
        if kind in ('Laporan', 'Informasi'):
            return self.citizens.complaint()
        if kind == 'Darurat':
            return f'{self.random.choice(self.EMERGENCIES)} (panggilan ke-{self.next})'
        return ''

    def one(self, kind=None, photos=()):
        n, self.next = self.next, self.next + 1
        kind = kind or self.ORDER[n % len(self.ORDER)]
        person, heard = self.citizens.person(), kind in ('Laporan', 'Informasi', 'Darurat')
        when = local_time(self.when) if self.when else ''
        return call(f'112-{n:06d}', kind, person.name if heard else '', '0' + person.phone[3:],
                    self._text(kind), 'diteruskan ke OPD' if heard else '', when, '',
                    f'{self.random.choice(("Jalan Ijen", "Jalan Kawi", "Gang Mawar"))} {n}',
                    self.random.choice(self.DISTRICTS), -7.9 - n % 100 / 1000, 112.6 + n % 90 / 1000,
                    photos, 'tinggi' if kind == 'Darurat' else '')

    def calls(self, n):
        return [self.one() for _ in range(n)]
