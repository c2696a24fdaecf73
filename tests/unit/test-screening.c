/* What counts as an emergency. The sentences are made up, in the ways people really write; a missed
 * emergency is the error that matters, so they are most of the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "core/screening.h"

struct sentence {
	const char *text;
	const char *rule; /* NULL = any */
};

static void all_are(const struct sentence *s, size_t n, enum screening_verdict want)
{
	for (size_t i = 0; i < n; i++) {
		struct screening got = screen_text(s[i].text, CC_NORMAL);

		if (got.verdict != want || (s[i].rule && strcmp(got.rule, s[i].rule) != 0))
			fail_msg("\"%s\": verdict %d by %s (%s), wanted %d by %s", s[i].text,
				(int)got.verdict, got.rule, got.word ? got.word : "-", (int)want,
				s[i].rule ? s[i].rule : "any rule");
	}
}

static const struct sentence emergencies[] = {
	{"Tolong ada kebakaran di Jl. Kawi no 12, api sudah sampai atap", NULL},
	{"KEBAKARAN!!! pasar besar malang", NULL},
	{"ada rumah terbakar pak di sukun", "word"},
	{"rumah tetangga saya kebakar", "word"},
	{"omah kobong ning mburi pasar", "word"},
	{"ono kobongan pak, gek ndang rene", "word"},
	{"Kobaran api terlihat dari jalan raya", "word"},
	{"kebakarannya makin besar", "word"},
	{"kebakaraaan woi", "word"},
	{"k.e.b.a.k.a.r.a.n di gudang", "word"},
	{"k e b a k a r a n di gudang", "word"},
	{"keba-karan di gudang", "word"},
	{"kebak4r4n di gudang", "word"},
	{"k3b4k4r4n gudang plastik", "word"},
	{"\xf0\x9d\x90\x8a\xf0\x9d\x90\x84\xf0\x9d\x90\x81\xf0\x9d\x90\x80\xf0\x9d\x90\x8a"
	 "\xf0"
	 "\x9d\x90\x80\xf0\x9d\x90\x91\xf0\x9d\x90\x80\xf0\x9d\x90\x8d",
		"word"}, /* mathematical bold KEBAKARAN */
	{"K\xc3\x89"
	 "BAKARAN dekat SPBU",
		"word"},
	{"tabung elpiji meledak di warung", "word"},
	{"terjadi ledakan di pabrik mercon", "word"},
	{"kompor mbledos, wonge kobong", "word"},
	{"bau gas menyengat di rumah kost", "phrase"},
	{"gas bocor tolong cepat", "phrase"},
	{"asap tebal keluar dari ruko", "phrase"},
	{"kecelakaan di pertigaan dinoyo, motor vs truk", "word"},
	{"laka lantas di jl soekarno hatta", "word"},
	{"ada laka depan matos", "word"},
	{"orang ketabrak kereta di perlintasan", "word"},
	{"nenek ditabrak motor lalu lari", "word"},
	{"korban tabrak lari tergeletak", NULL},
	{"tabrakan beruntun di tol singosari", "word"},
	{"mobil terguling masuk selokan", "word"},
	{"tangan pekerja terjepit mesin", "word"},
	{"bocah kecebur sumur", "word"},
	{"anak saya kelelep di kali", "word"},
	{"ana bocah kecemplung kali", "word"},
	{"dua anak tenggelam di sungai brantas", "word"},
	{"warga hanyut terbawa arus", "word"},
	{"motor kintir banyu", "word"},
	{"kami terjebak di atap rumah, air naik terus", "word"},
	{"rumah kami banjir setinggi dada", "word"},
	{"kebanjiran pak, tulung evakuasi", "word"},
	{"Tahun ini banjir lagi, warga di atap", "word"},
	{"tanah longsor menutup jalan", "word"},
	{"gempa barusan kuat sekali, dinding retak", "word"},
	{"ono lindu gede", "word"},
	{"jembatan ambruk saat dilewati truk", "word"},
	{"tiang listrik rubuh menimpa warung", "word"},
	{"atap sekolah roboh", "word"},
	{"angin puting beliung merusak rumah", "phrase"},
	{"ada orang kesetrum di proyek", "word"},
	{"tukang tersengat listrik", "word"},
	{"bapak saya pingsan di kamar mandi", "word"},
	{"ibuk semaput pak", "word"},
	{"bapak tidak sadarkan diri", "phrase"},
	{"istri saya sesak nafas", "phrase"},
	{"suami kena serangan jantung", "phrase"},
	{"anak kejang demam tinggi", "word"},
	{"satu keluarga keracunan makanan", "word"},
	{"butuh ambulans segera di rt 5", "phrase"},
	{"minta ambulan pak, ibu mau melahirkan", "phrase"},
	{"istri mau melahirkan, tidak ada kendaraan", "phrase"},
	{"pendarahan hebat pasca jatuh", "word"},
	{"tetangga mau bunuh diri", "phrase"},
	{"saya ingin mengakhiri hidup", "phrase"},
	{"ada orang gantung diri", "phrase"},
	{"dipatuk ular kakinya bengkak", "phrase"},
	{"ada ular masuk rumah", "phrase"},
	{"orang gila ngamuk bawa celurit", "word"},
	{"ODGJ mengamuk di pasar", "word"},
	{"toko saya dirampok barusan", "word"},
	{"perampokan di indomaret", "word"},
	{"saya habis dibegal", "word"},
	{"tas dijambret di alun-alun", "word"},
	{"ada maling masuk rumah tetangga", "phrase"},
	{"anak saya diculik", "word"},
	{"penculikan anak sd", "word"},
	{"adik saya disekap di kos", "word"},
	{"diperkosa oleh tetangganya", "word"},
	{"KDRT di rumah sebelah", "word"},
	{"suami memukuli istri, dia dipukuli terus", "word"},
	{"pengeroyokan di depan sekolah", "word"},
	{"korban dibacok di tangan", "word"},
	{"terjadi penusukan", "word"},
	{"ada suara tembakan", "word"},
	{"pembunuhan di kontrakan", "word"},
	{"tawuran pelajar bawa sajam", "word"},
	{"ada mayat mengapung", "word"},
	{"anak hilang umur 5 tahun di pasar", "phrase"},
	{"tolong! tolong! ada orang jahat", "phrase"},
	{"tulung tulung", "phrase"},
	{"tolong,tolong", "phrase"},
	/* a denial, a drill or a year somewhere does not take the danger away */
	{"bukan hanya kebakaran, ada ledakan juga", NULL},
	{"bukan kebakaran kecil pak, sudah satu blok", "word"},
	{"ini bukan latihan, kebakaran sungguhan di gudang", "word"},
	{"simulasi kebakaran beneran jadi api, tolong", "word"},
	{"tidak ada petugas, kebakaran makin luas", "word"},
	{"tidak ada yang menolong, korban tabrakan masih di jalan", NULL},
	{"tidak ada korban tapi rumah terbakar habis", "word"},
	{"sejak tahun 2019 kebakaran terus di lahan ini, sekarang juga", "word"},
	{"sampai sekarang masih kebakaran, sama seperti tahun 2019", "word"},
	{"Tahun 2019 pernah banjir. Malam ini banjir lagi", "word"},
	{"sama seperti tahun 2019 sekarang banjir lagi", "word"},
	{"kemarin sudah lapor lampu jalan mati, hari ini ada kecelakaan di situ", "word"},
	{"banjir diskon di mall, tapi ada kebakaran di parkiran", "word"},
};

static void emergencies_are_found(void **state)
{
	(void)state;
	all_are(emergencies, ARRAY_SIZE(emergencies), SCREEN_EMERGENCY);
}

static void what_may_be_one_is_looked_at(void **state)
{
	static const struct sentence s[] = {
		{"toloooong pak", "weak-word"},
		{"tolong2 pak cepat", "weak-word"},
		{"pohon tumbang menutup jalan", "weak-word"},
		{"kabel listrik menjuntai di jalan", "phrase"},
		{"jalan ini selalu banjir kalau hujan", "phrase"},
		{"tikungan rawan kecelakaan, mohon dipasang cermin", "phrase"},
		{"mobil pemadam kebakaran parkir sembarangan", "phrase"},
		{"ambulans puskesmas rusak", "weak-word"},
		{"pengendara jatuh karena jalan berlubang", "weak-word"},
		{"ada sarang tawon di sekolah", "weak-word"},
		{"motor saya dicuri minggu lalu", "weak-word"},
		{"tetangga sering mengancam saya", "weak-word"},
		{"ada percikan api di gardu", "weak-word"},
		{"lubang jalan ini membahayakan", "phrase"},
		{"infokebakaranmalang tolong", "weak-word"},
		{"kondisi darurat pak", "weak-word"},
		{"please help us", "weak-word"},
	};

	(void)state;
	all_are(s, ARRAY_SIZE(s), SCREEN_UNSURE);
}

static void ordinary_complaints_pass(void **state)
{
	static const struct sentence s[] = {
		{"", "nothing"},
		{"Lampu jalan di Jl. Ijen padam sudah tiga hari", "nothing"},
		{"Jalan berlubang di depan SDN 1 Lowokwaru, mohon diperbaiki", "nothing"},
		{"Tolong perbaiki saluran air yang mampet", "nothing"},
		{"minta tolong diperbaiki pak", "nothing"},
		{"Sampah menumpuk di TPS Tlogomas dan bau", "nothing"},
		{"Pelayanan KTP di kecamatan lambat, antri mengular dari jam 6", NULL},
		{"Air PDAM keruh sejak hari minggu", "nothing"},
		{"kapan jadwal vaksin di puskesmas dinoyo?", "nothing"},
		{"lapor parkir liar di depan stasiun kereta api", "phrase"},
		{"netizen kebakaran jenggot soal parkir", "phrase"},
		{"banjir diskon di toko itu bikin macet", "phrase"},
		{"pajak saya jatuh tempo tapi aplikasi error", "phrase"},
		{"saya terjebak macet di gadang tiap pagi", "phrase"},
		{"petani tembakau minta subsidi pupuk", "phrase"},
		{"jadwal posyandu bentrok jadwal sekolah, mohon diubah", "phrase"},
		{"wabah demam berdarah, mohon fogging", "phrase"},
		{"warga membakar sampah tiap sore, asapnya mengganggu", "phrase"},
		{"tidak ada kebakaran di sini, hanya asap sate", "denied"},
		{"bukan kebakaran pak, cuma bakar sate", "denied"},
		{"gak ada banjir kok aman", "denied"},
		{"ora ono kobongan", "denied"},
		{"tanpa korban", "denied"},
		{"mohon info jadwal simulasi kebakaran di kantor", "drill"},
		{"surat undangan pelatihan penanggulangan kebakaran belum diterima", "drill"},
		{"pasar belum dibangun sejak kebakaran tahun 2014", "past"},
		{"bantuan korban kebakaran 3 tahun lalu belum cair", "past"},
		{"relokasi banjir tahun 2020 tidak jelas", "past"},
	};

	(void)state;
	all_are(s, ARRAY_SIZE(s), SCREEN_NONE);
}

static void the_type_of_the_call_decides(void **state)
{
	static const struct {
		const char *text;
		enum call_class call;
		enum screening_verdict verdict;
		const char *rule;
	} rows[] = {
		{"lampu mati", CC_EMERGENCY, SCREEN_EMERGENCY, "call-type"},
		{NULL, CC_EMERGENCY, SCREEN_EMERGENCY, "call-type"},
		{"lampu mati", CC_UNKNOWN, SCREEN_UNSURE, "unmapped-call-type"},
		{"kebakaran", CC_UNKNOWN, SCREEN_EMERGENCY, "word"},
		{"kabel putus", CC_UNKNOWN, SCREEN_UNSURE, "phrase"},
		{"tidak ada kebakaran", CC_UNKNOWN, SCREEN_UNSURE, "unmapped-call-type"},
		{"kebakaran", CC_PRANK, SCREEN_NONE, "call-type"},
		{"kebakaran", CC_GHOST, SCREEN_NONE, "call-type"},
		{"kebakaran", CC_DROPPED, SCREEN_NONE, "call-type"},
		{"kebakaran", CC_TEST, SCREEN_NONE, "call-type"},
		{"kebakaran", CC_INFORMATION, SCREEN_EMERGENCY, "word"},
		{"kebakaran", CC_NONE, SCREEN_EMERGENCY, "word"},
		{"jadwal samsat", CC_INFORMATION, SCREEN_NONE, "nothing"},
		{NULL, CC_NONE, SCREEN_NONE, "nothing"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct screening s = screen_text(rows[i].text, rows[i].call);

		assert_int_equal(s.verdict, rows[i].verdict);
		assert_string_equal(s.rule, rows[i].rule);
	}
}

/* The word named is the table's, so that it may stand in a record or a log. */
static void the_word_is_the_tables(void **state)
{
	struct screening s = screen_text("K.E.B.A.K.A.R.A.Nnya dekat rumah Bu Sri", CC_NONE);

	(void)state;
	assert_int_equal(s.verdict, SCREEN_EMERGENCY);
	assert_string_equal(s.word, "kebakaran");
	assert_null(screen_text("lampu mati", CC_NONE).word);
}

static void broken_and_huge_text_is_read(void **state)
{
	char *huge = xmalloc(300000);
	struct screening s;

	(void)state;
	assert_int_equal(screen_text("\xff\xfe kebakaran \xc3", CC_NONE).verdict, SCREEN_EMERGENCY);
	assert_int_equal(screen_text("...---...!!!", CC_NONE).verdict, SCREEN_NONE);
	for (size_t i = 0; i < 299999; i++)
		huge[i] = i % 2 ? '.' : 'x';
	huge[299999] = '\0';
	s = screen_text(huge, CC_NONE);
	assert_int_equal(s.verdict, SCREEN_NONE);
	memset(huge, 'i', 299999);
	s = screen_text(huge, CC_NONE);
	assert_int_equal(s.verdict, SCREEN_NONE);
	memcpy(huge, "kebakaran ", 10);
	assert_int_equal(screen_text(huge, CC_NONE).verdict, SCREEN_EMERGENCY);
	free(huge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(emergencies_are_found),
		cmocka_unit_test(what_may_be_one_is_looked_at),
		cmocka_unit_test(ordinary_complaints_pass),
		cmocka_unit_test(the_type_of_the_call_decides),
		cmocka_unit_test(the_word_is_the_tables),
		cmocka_unit_test(broken_and_huge_text_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
