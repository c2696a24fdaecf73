"""What the citizens of the demo say. Persons, numbers and houses are made up (0812-0000-xxxx is given
out by no operator); the streets are Malang's, the tone is the one of real complaints.

WHATSAPP: conversations, each a person and messages in the order they are sent. A message is a text,
('photo', caption) or ('place', latitude, longitude, name).
CALLS: rows of the 112 centre's CSV: number, type, name, phone, place, latitude, longitude, what was
said, photo.
PAGE: what comes to the city's Facebook page and its Instagram account.
POSTS: what mentions the city on X.
FONNTE: a WhatsApp message as another provider posts it.
FORM: what is typed into the form page of an agency without a website; REPORT: what an app sends by
Open311; ONLINE: what another complaint system hands over, native id, name, phone, text.
BOX: slips of the complaint box at a town hall whose government files by hand.
"""

WHATSAPP = (
    ('6281200000011', 'Siti Rahmawati', (
        'Selamat pagi Pak/Bu, saya Siti warga Kelurahan Dinoyo',
        'Lampu jalan di depan Pasar Dinoyo mati sejak tiga malam yang lalu',
        'Kalau pulang kerja gelap sekali, mohon segera diperbaiki. Terima kasih 🙏')),
    ('6281200000012', 'Budi Hartanto', (
        'Jalan Veteran depan gerbang kampus berlubang besar, diameter kira-kira satu meter. '
        'Motor harus menghindar ke kanan dan jadi macet setiap pagi.',
        ('photo', 'ini fotonya pak'))),
    ('6281200000013', 'Dewi Anggraini', (
        'Sampah di TPS Jalan Danau Toba sudah 5 hari tidak diangkut, baunya masuk sampai ke rumah. '
        'Mohon ditindaklanjuti dinas kebersihan.',)),
    ('6281200000014', 'Agus Setiawan', (
        'Min, air PDAM di Perumahan Sawojajar blok F mati lagi',
        'Sudah 2 hari cuma keluar angin',
        'Tagihan jalan terus padahal 😤')),
    ('6281200000015', 'Rina Puspitasari', (
        'Pengurusan KTP di kecamatan sudah tiga kali datang selalu disuruh kembali besok. '
        'Katanya blangko habis. Mohon kejelasan, saya harus izin kerja setiap kali datang.',)),
    ('6281200000016', 'Wahyu Nugroho', (
        'Parkir liar di sepanjang Jalan Ijen setiap hari Minggu, angkot sampai tidak bisa lewat. '
        'Tarifnya juga tidak sesuai karcis.',)),
    ('6281200000017', 'Bu Ningsih', (
        'Assalamualaikum, mohon izin melapor. Saluran air di Jalan Gajayana RT 04 tersumbat, '
        'setiap hujan airnya meluber sampai ke teras rumah warga.',
        ('photo', None))),
    ('6281200000018', 'Slamet', (
        'Trotoar depan puskesmas rusak, keramiknya lepas semua. Lansia susah lewat.',
        ('place', -7.9421, 112.6077, 'Puskesmas Dinoyo'))),
    ('6281200000019', 'Putri Maharani', (
        'Halo min, usul boleh ya?',
        'Tolong di Alun-Alun ditambah tempat sampah pilah, yang ada sekarang cuma dua dan selalu penuh')),
    ('6281200000020', 'Bambang Sutrisno', (
        'Rambu penunjuk arah ke Terminal Arjosari hilang sejak proyek galian selesai. Banyak orang '
        'luar kota yang kesasar ke kampung kami.',)),
    ('6281200000021', 'Yuni Astuti', (
        'Bising bengkel las di sebelah SD Purwantoro 2, dari jam 7 pagi. Anak-anak tidak bisa belajar. '
        'Sudah ditegur RW tapi tidak digubris.',)),
    ('6281200000022', 'Hendra Gunawan', (
        'Zebra cross depan SMP 3 sudah tidak kelihatan catnya. Anak sekolah menyeberang rawan.',)),
    ('6281200000023', 'Lestari', (
        'Petugas loket minta uang rokok 50 ribu tanpa kuitansi waktu saya urus surat pindah. '
        'Mohon ditertibkan, saya punya catatan tanggal dan jamnya.',)),
    ('6281200000024', 'Joko Santoso', (
        'Lampu merah perempatan ITN nyala hijaunya cuma 10 detik dari arah barat, antrean sampai '
        '500 meter tiap sore.',)),
    ('6281200000025', 'Fitriani', (
        'Bangku taman di Taman Kunang-Kunang patah dan ada pakunya keluar.',
        ('photo', 'yang sebelah kolam'))),
    ('6281200000043', 'Nanik Wulandari', (
        'Jam buka Puskesmas Kendalkerep di papan jam 7, tapi loketnya baru buka jam setengah 9.',)),
    ('6281200000044', 'Arif Rahman', (
        'Proyek galian kabel di Jalan Sumbersari tidak ditutup lagi dengan benar, aspalnya turun.',
        'Sudah 3 minggu begitu')),
    ('6281200000045', 'Bu RT Kartini', (
        'Mohon pengasapan nyamuk di RT 02 RW 05 Kelurahan Purwantoro, sudah dua bulan tidak ada jadwal.',)),
    ('6281200000046', 'Gilang', (
        'Halte depan RS tidak ada atapnya dari dulu. Kalau hujan penumpang berdiri di warung orang.',
        ('photo', 'haltenya'))),
    ('6281200000026', None, (      # no profile name: not enough for a report, an officer asks
        'Got depan rumah saya mampet, sudah lapor RT tidak ada tindakan',)),
    ('6281200000027', 'Dimas Prakoso', (
        'TOLONG ada kebakaran di gudang belakang Pasar Blimbing!!',)),
    ('6281200000028', 'Ratna Kusuma', (('sticker',),)),
)

CALL_COLUMNS = ('nomor', 'waktu', 'jenis', 'nama', 'telepon', 'lokasi', 'lintang', 'bujur', 'uraian', 'foto')
CALLS = (
    ('112-0001', 'Infrastruktur', 'Sulastri', '0812-0000-0031', 'Jalan Soekarno-Hatta depan halte', '-7.9386',
     '112.6247', 'Penutup gorong-gorong hilang di jalur lambat, ditandai ranting oleh warga.', 'gorong.jpg'),
    ('112-0002', 'Infrastruktur', 'Eko Purnomo', '0812-0000-0032', 'Jembatan Tlogomas', '', '',
     'Pagar jembatan keropos dan goyang bila dipegang.', ''),
    ('112-0003', 'Ghost Call', '', '', '', '', '', '', ''),
    ('112-0004', 'Kebersihan', 'Murni', '0812-0000-0033', 'Pasar Blimbing sisi timur', '', '',
     'Sampah sisa pasar dibuang ke saluran, airnya hitam dan bau.', ''),
    ('112-0005', 'Prank Call', '', '0812-0000-0034', '', '', '', 'Anak-anak bercanda.', ''),
    ('112-0006', 'Informasi', 'Anwar', '0812-0000-0035', '', '', '', 'Menanyakan jam buka pelayanan KTP.', ''),
    ('112-0007', 'Perhubungan', 'Tutik Handayani', '0812-0000-0036', 'Terminal Arjosari', '', '',
     'Angkot jurusan GA menaikkan tarif sepihak menjadi dua kali lipat.', ''),
    ('112-0008', 'Pohon', 'Samsul Hadi', '0812-0000-0037', 'Jalan Ijen no. 40', '-7.9712', '112.6211',
     'Dahan pohon menyentuh kabel dan menutupi lampu lalu lintas.', 'pohon.jpg'),
    ('112-0009', 'Air Bersih', 'Wiwik', '0812-0000-0038', 'Perumahan Sawojajar blok G', '', '',
     'Pipa PDAM bocor di pinggir jalan, air terbuang sejak kemarin.', ''),
    ('112-0010', 'Drone', 'Taufik', '0812-0000-0039', 'Alun-Alun Merdeka', '', '',
     'Ada drone terbang rendah di atas keramaian setiap malam Minggu.', ''),     # a type nobody mapped
    ('112-0011', 'Infrastruktur', 'Heru Cahyono', '0812-0000-0040', 'Jalan Sumbersari gang 3', '', '',
     'Aspal mengelupas setelah hujan, penuh kerikil.', ''),
    ('112-0012', 'Kebersihan', 'Endang', '0812-0000-0041', 'Sungai Brantas kampung warna', '', '',
     'Warga luar membuang kasur dan kayu ke sungai pada malam hari.', ''),
)
BROKEN_ROW = '112-0013;Infrastruktur;Pak Darmo;Jalan Kawi'   # columns are missing
# number, type, name, phone, what was said, place: of two other centres, by SFTP and by a JSON endpoint
SFTP_CALLS = (
    ('K-2001', 'Laporan', 'Bambang Irawan', '0812-0000-0071', 'Tiang listrik di gang sebelah masjid miring ke rumah warga.',
     'Gang Melati Sukun'),
    ('K-2002', 'Ghost Call', '', '', '', ''),
)
POLL_CALLS = (
    ('P-3001', 'Laporan', 'Yuni Astuti', '0812-0000-0072', 'Air PDAM keruh dan berbau sejak dua hari.', 'Perumahan Araya'),
    ('P-3002', 'Prank', '', '', 'Tertawa lalu ditutup.', ''),
)
CALL_TYPES = {'Infrastruktur': 'normal', 'Kebersihan': 'normal', 'Perhubungan': 'normal', 'Pohon': 'normal',
              'Air Bersih': 'normal', 'Ghost Call': 'ghost', 'Prank Call': 'prank',
              'Informasi': 'information'}

BOX = (
    ('kotak-001', 'Sri Wahyuni', '+6281200000051',
     'Jalan desa menuju makam belum diaspal padahal sudah diukur dua tahun lalu. Mohon kejelasan.'),
    ('kotak-002', 'Mulyadi', '+6281200000052',
     'Pelayanan surat di balai kota sangat cepat dan ramah, semoga dipertahankan. Usul: tambah kursi tunggu.'),
)

# (number, from, subject, text, what follows that no officer wants to read, photo)
PROVEN = 'Authentication-Results: mx.kota.example; spf=pass; dmarc=pass\r\n'
MAILS = (
    ('1', 'Lilis Suryani <lilis@warga.example>', 'Atap halte bocor di Jalan Borobudur',
     'Atap halte angkot di Jalan Borobudur bocor sejak Sabtu, bangkunya basah setiap hujan.', '', True),
    ('2', 'Yoyok Prasetyo <yoyok@warga.example>', 'Drainase Perumahan Griya Shanta',
     'Saluran di Griya Shanta blok D buntu, setiap hujan air masuk rumah warga.',
     '\r\n\r\nPada tanggal 20 November 2026 Pengaduan Kota menulis:\r\n> Laporan Bapak kami terima.\r\n', False),
    ('3', 'Mail Delivery System <MAILER-DAEMON@mx.kota.example>', 'Undelivered Mail Returned to Sender',
     'The mail could not be delivered.', '', False),
)

# Comments on the page's own post and messages to it: (how it comes, native id or None, name, text)
ANNOUNCEMENT = 'Sobat Kota, mulai pekan depan jam layanan berubah.'
PAGE_SAYS = 'Terima kasih, sudah kami teruskan.'
PAGE = (
    ('webhook', '9_1001', 'Retno Palupi', 'Lampu penerangan di Jalan Kawi Atas mati dari ujung ke ujung, sudah seminggu.'),
    ('webhook', '9_1002', 'Yudi Kurniawan', 'Min, tolong bak sampah di depan Stasiun Kota Baru, penuh dan berbau.'),
    ('poll', None, 'Anita Sari', 'Lubang di Jalan Bandung depan sekolah makin dalam, kemarin ada motor terperosok.'),
    ('messenger', None, 'Mas Bayu', 'Permisi, air keran di Jalan Bareng Tenes keruh sejak pagi, apa sedang ada perbaikan?'),
    ('instagram', None, 'Citra Lestari', 'Kak, bangku di Taman Merbabu lepas bautnya, bahaya buat anak kecil.'),
)

# Posts on X that mention the city: (username, name, text as X shows it, the whole of a long one); the last is edited.
X_SAYS = 'Terima kasih, laporan diteruskan ke dinas terkait.'
X_EDIT = '@pemkot_uji tiang reklame di Jalan Letjen Sutoyo miring ke arah jalan, sudah diikat tali oleh warga'
POSTS = (
    ('rudi_uji', 'Rudi Hermawan', '@pemkot_uji lampu taman di Jalan Merbabu mati semua, gelap buat yang jogging malam', None),
    ('mega_uji', 'Mega Pratiwi', '@pemkot_uji jembatan penyeberangan di Jalan Ahmad Yani lantainya …',
     '@pemkot_uji jembatan penyeberangan di Jalan Ahmad Yani lantainya berlubang di dua tempat, anak tangganya pun karatan. '
     'Setiap pagi dipakai anak sekolah. Sudah saya laporkan ke petugas parkir tetapi tidak tahu harus ke siapa.'),
    ('totok_uji', 'Totok Subagyo', '@pemkot_uji tiang reklame di Jalan Letjen Sutoyo miring', None),
)

FORM = {'uraian': 'Trotoar di depan Pasar Oro-Oro Dowo rusak parah, paving lepas semua.\nIbu-ibu sering tersandung.',
        'lokasi': 'Jalan Guntur, depan pasar', 'nama': 'Wahyuni Lestari', 'telepon': '0812-0000-0071', 'rahasia': '1'}
REPORT = {'service_code': 'lampu', 'lat': '-7.9711', 'long': '112.6283', 'first_name': 'Hendra', 'last_name': 'Gunawan',
          'phone': '081200000072', 'description': 'Tiga lampu jalan berturut-turut mati di Jalan Kawi Atas.'}
ONLINE = (
    ('SO-2026-0417', 'Sri Mulyani Astuti', '081200000073',
     'Loket pendaftaran puskesmas baru buka jam sembilan padahal di papan tertulis jam tujuh.'),
    ('SO-2026-0418', 'Bambang Irawan', '081200000074',
     'Saluran air di Jalan Bandung tertutup beton parkir ruko, setiap hujan air naik ke jalan.'))

FONNTE = {'device': '628110000009', 'sender': '6281200000091', 'name': 'Wulan Sari', 'inboxid': 7, 'isgroup': False,
          'message': 'Saluran air di Jalan Bandulan Gang 3 tersumbat sampah, setiap hujan airnya meluap ke jalan.'}
