"""Made-up citizens of a made-up city and what they complain about, in the words people use.

    c = Citizens(random)             the same complaints for the same seed
    p = c.person()                   Person(wa_id, name, phone): a number of 0812-0000-xxxx, which no
                                     operator gives out
    c.complaint()                    one text: what, where, since when, a wish
    c.bubbles()                      the same in three or four short messages
    CANARIES                         words of every name and number: they may stand in no log, metric,
                                     key, header or file name (see oracle.privacy)

No text is an emergency, each has its number in it, so that a lost or altered one is seen.
"""

from typing import NamedTuple

FIRST = ('Siti', 'Budi', 'Dewi', 'Agus', 'Rina', 'Wahyu', 'Ningsih', 'Slamet', 'Putri', 'Bambang',
         'Yuni', 'Hendra', 'Lestari', 'Joko', 'Fitri', 'Dimas', 'Sulastri', 'Eko', 'Ratna', 'Arif')
LAST = ('Wijayakusumah', 'Purwadiningrat', 'Sastronegoro', 'Hadikusumo', 'Prawirodirjo',
        'Tjokrosuseno', 'Mangunwiyoto', 'Reksosubroto')
NUMBERS = '628120000'    # and four digits more
CANARIES = (*LAST, NUMBERS, '08120000', '0812-0000')

WHAT = (
    ('Jalan berlubang', 'kendaraan harus pelan-pelan dan jadi macet'),
    ('Lampu penerangan jalan mati', 'kalau malam gelap sekali'),
    ('Sampah menumpuk', 'sudah tidak diangkut, baunya sampai ke rumah warga'),
    ('Air PDAM tidak mengalir', 'warga terpaksa membeli air galon'),
    ('Saluran air tersumbat', 'airnya meluber ke badan jalan setiap hujan'),
    ('Trotoar rusak', 'lansia dan anak sekolah harus berjalan di badan jalan'),
    ('Parkir liar', 'jalan menjadi sempit dan angkot susah lewat'),
    ('Pohon terlalu rimbun', 'dahannya menutupi rambu dan lampu lalu lintas'),
    ('Antrean pengurusan KTP', 'sudah tiga kali datang belum juga selesai'),
    ('Rambu penunjuk arah hilang', 'banyak orang luar kota yang tersesat'),
    ('Pedagang menutup trotoar', 'pejalan kaki tidak kebagian tempat'),
    ('Truk bermuatan tanah lewat siang hari', 'jalannya jadi kotor dan berdebu'),
    ('Halte rusak', 'atapnya bocor dan bangkunya patah'),
    ('Suara bising bengkel', 'sampai tengah malam dan mengganggu anak-anak'),
    ('Tarif parkir tidak sesuai karcis', 'diminta lebih tanpa karcis resmi'),
    ('Jembatan penyeberangan licin', 'kalau hujan susah dilewati'),
)
WHERE = ('Jalan Veteran', 'Pasar Dinoyo', 'Jalan Ijen', 'Perumahan Sawojajar', 'Jalan Soekarno-Hatta',
         'Pasar Blimbing', 'Alun-Alun Merdeka', 'Kelurahan Tlogomas', 'Jalan Gajayana',
         'Terminal Arjosari', 'Jalan Danau Toba', 'Kelurahan Purwantoro', 'Jalan Sumbersari')
NEAR = ('depan minimarket', 'dekat pos ronda', 'samping puskesmas', 'seberang sekolah dasar',
        'pertigaan ujung gang', 'depan balai RW', 'dekat jembatan kecil')
SINCE = ('sejak minggu lalu', 'sudah sebulan ini', 'sejak hari Senin', 'sudah tiga hari',
         'sejak habis lebaran', 'hampir dua bulan')
WISH = ('Mohon segera ditindaklanjuti.', 'Tolong dicek ke lokasi ya Pak/Bu.', 'Mohon bantuannya, terima kasih.',
        'Kapan kira-kira bisa diperbaiki?', 'Semoga cepat ditangani.')
HELLO = ('Selamat pagi Pak/Bu, saya mau lapor', 'Permisi min, mau melaporkan', 'Assalamualaikum, mohon izin melapor',
         'Halo, saya warga ingin menyampaikan keluhan')


class Person(NamedTuple):
    wa_id: str
    name: str
    phone: str


class Citizens:
    def __init__(self, random):
        self.random, self.people, self.told = random, 0, 0

    def person(self):
        """Somebody not seen before."""
        self.people += 1
        wa_id = f'{NUMBERS}{self.people:04d}'
        name = f'{self.random.choice(FIRST)} {self.random.choice(LAST)}'
        return Person(wa_id, name, f'+{wa_id}')

    def _parts(self):
        pick, self.told = self.random.choice, self.told + 1
        what, so = pick(WHAT)
        where = f'{pick(NEAR)} {pick(WHERE)} RT {self.random.randrange(1, 12):02d}'
        return what, where, pick(SINCE), so, f'{pick(WISH)} (laporan warga ke-{self.told})'

    def complaint(self):
        what, where, since, so, wish = self._parts()
        return f'{what} di {where} {since}, {so}. {wish}'

    def bubbles(self):
        """In the order they are sent."""
        what, where, since, so, wish = self._parts()
        out = [self.random.choice(HELLO), f'{what} di {where}', f'{since.capitalize()}, {so}', wish]
        return out[self.random.randrange(0, 2):]
