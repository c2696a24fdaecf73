/* Places in all the ways they are written: a row per way. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "core/geo.h"

static const struct {
	const char *text;
	double lat, lon;
	bool swapped;
} good[] = {
	{"LatLng(-7.03753, 113.776377)", -7.03753, 113.776377, false},
	{"latlng(-7.03,113.77)", -7.03, 113.77, false},
	{"-7.03,113.77", -7.03, 113.77, false},
	{" -7.03 113.77 ", -7.03, 113.77, false},
	{"-7.03\xc2\xa0"
	 "113.77",
		-7.03, 113.77, false},
	{"-7.03/113.77", -7.03, 113.77, false},
	{"(-7, 113)", -7, 113, false},
	{"[-7.03, 113.77]", -7.03, 113.77, false},
	{"-0.0263, 109.3425", -0.0263, 109.3425, false}, /* Pontianak, at the equator */
	{"5.548, 95.323", 5.548, 95.323, false},	 /* Banda Aceh */
	{"-8.49, 140.4", -8.49, 140.4, false},		 /* Merauke */
	{"-11.0, 123.0", -11, 123, false},		 /* the southernmost island */
	/* decimal comma */
	{"-7,03; 113,77", -7.03, 113.77, false},
	{"-7,03 ; 113,77", -7.03, 113.77, false},
	{"-7,03 113,77", -7.03, 113.77, false},
	{"-7,03, 113,77", -7.03, 113.77, false},
	{"-7,03,113,77", -7.03, 113.77, false},
	/* degrees, minutes, seconds; hemispheres */
	{"7\xc2\xb0"
	 "2'15\" S, 113\xc2\xb0"
	 "46'35\" E",
		-7.0375, 113.7763888889, false},
	{"7\xc2\xb0"
	 "2'15\"S 113\xc2\xb0"
	 "46'35\"E",
		-7.0375, 113.7763888889, false},
	{"7\xc2\xb0"
	 "2'15\"S113\xc2\xb0"
	 "46'35\"E",
		-7.0375, 113.7763888889, false},
	{"7\xc2\xb0"
	 "2\xe2\x80\xb2"
	 "15\xe2\x80\xb3 LS, 113\xc2\xb0"
	 "46\xe2\x80\xb2"
	 "35\xe2\x80\xb3 BT",
		-7.0375, 113.7763888889, false},
	{"-7\xc2\xb0"
	 "2'15\", 113\xc2\xb0"
	 "46'35\"",
		-7.0375, 113.7763888889, false},
	{"7\xc2\xba 2,25' LS; 113\xc2\xba 46,5' BT", -7.0375, 113.775, false},
	{"7 derajat 2 menit 15 detik Lintang Selatan, 113 derajat 46 menit 35 detik Bujur Timur",
		-7.0375, 113.7763888889, false},
	{"7.0375 LS 113.775 BT", -7.0375, 113.775, false},
	{"1,5 LU; 124,8 BT", 1.5, 124.8, false},
	{"S7.03 E113.77", -7.03, 113.77, false},
	{"S 7\xc2\xb0"
	 "2'15'' E 113\xc2\xb0"
	 "46'35''",
		-7.0375, 113.7763888889, false},
	/* a hemisphere or a label says which is which */
	{"113.77 E, 7.03 S", -7.03, 113.77, false},
	{"lat: -7.03, long: 113.77", -7.03, 113.77, false},
	{"Latitude -7.03 Longitude 113.77", -7.03, 113.77, false},
	{"lng=113.77&lat=-7.03", -7.03, 113.77, false},
	{"{\"lat\": -7.03, \"lng\": 113.77}", -7.03, 113.77, false},
	{"POINT(113.77 -7.03)", -7.03, 113.77, false},
	/* swapped, and only one way lies in Indonesia */
	{"113.77, -7.03", -7.03, 113.77, true},
	{"LatLng(113,77; -7,03)", -7.03, 113.77, true},
	{"95.3, 5.5", 5.5, 95.3, true},
	/* links */
	{"geo:-7.03,113.77", -7.03, 113.77, false},
	{"geo:-7.03,113.77;u=35", -7.03, 113.77, false},
	{"https://maps.google.com/?q=-7.03,113.77", -7.03, 113.77, false},
	{"https://maps.google.com/maps?q=loc:-7.03,113.77&z=17", -7.03, 113.77, false},
	{"https://www.google.com/maps/@-7.03,113.77,17z", -7.03, 113.77, false},
	{"https://maps.google.com/?q=-7.03%2C113.77", -7.03, 113.77, false},
};

static void read_in_all_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct geo_point p = {0};

		if (geo_parse(good[i].text, &p))
			fail_msg("refused: %s", good[i].text);
		if (p.lat - good[i].lat > 1e-9 || p.lat - good[i].lat < -1e-9 ||
			p.lon - good[i].lon > 1e-9 || p.lon - good[i].lon < -1e-9)
			fail_msg("%s: read as %.9f %.9f", good[i].text, p.lat, p.lon);
		if (p.swapped != good[i].swapped)
			fail_msg("%s: swapped is %d", good[i].text, p.swapped);
	}
}

static const struct {
	const char *text;
	int r;
} bad[] = {
	/* read, but not in Indonesia: kept as text, never mended by a guess */
	{"0,0", -ERANGE},
	{"7.03, 113.77", -ERANGE}, /* the sign is lost; 5.1 could be Aceh, so it is not guessed */
	{"-97.03,113.77", -ERANGE},
	{"-7.03,213.77", -ERANGE},
	{"52.37, 4.89", -ERANGE},
	{"113.77 S, 7.03 E", -ERANGE}, /* what is named is believed */
	{"lat: 113.77, long: -7.03", -ERANGE},
	{"7\xc2\xb0"
	 "2'15\" N, 113\xc2\xb0"
	 "46'35\" E",
		-ERANGE},
	{"-7.03, 94", -ERANGE},
	{"1e2,3", -ERANGE}, /* one east, two and three tenths: no exponent */
	{"6.4, 101", -ERANGE},
	/* no pair, or more than one way to read it */
	{"-7.03", -EINVAL},
	{"-7.03,", -EINVAL},
	{"LatLng(-7.03, 113.77", -EINVAL},
	{"LatLng(-7.03, 113.77]", -EINVAL},
	{"-7.03,113.77,5", -EINVAL},
	{"-7.03113.77", -EINVAL},
	{"Jl. Merdeka 7, 113", -EINVAL},
	{"depan SDN 7, 113 rumah", -EINVAL},
	{"-7.03, 113.77 depan pasar", -EINVAL},
	{"-7 S, 113 E", -EINVAL},
	{"7 S, 8 S", -EINVAL},
	{"lat 7 E, long 113 S", -EINVAL},
	{"7\xc2\xb0"
	 "61' S, 113\xc2\xb0 E",
		-EINVAL},
	{"7\xc2\xb0"
	 "1'60\" S, 113\xc2\xb0 E",
		-EINVAL},
	{"POINT(7.03 S 113.77 E)", -EINVAL},
	{"https://maps.app.goo.gl/abcdef", -EINVAL},
	{"https://maps.google.com/?q=-7.03,113.77x", -EINVAL},
	{"nan,inf", -EINVAL},
	{"-", -EINVAL},
	{"", -EINVAL},
	{NULL, -EINVAL},
};

static void the_rest_stays_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct geo_point p = {1, 2, false};
		int r = geo_parse(bad[i].text, &p);

		if (r != bad[i].r)
			fail_msg("%s: %d", bad[i].text ? bad[i].text : "NULL", r);
		assert_true(p.lat == 1 && p.lon == 2);
	}
}

static void two_columns(void **state)
{
	struct geo_point p;

	(void)state;
	assert_int_equal(geo_parse_pair("-7.03", "113.77", &p), 0);
	assert_true(p.lat == -7.03 && p.lon == 113.77 && !p.swapped);
	assert_int_equal(geo_parse_pair("-7,03", " 113,77 ", &p), 0);
	assert_true(p.lat == -7.03 && p.lon == 113.77);
	assert_int_equal(geo_parse_pair("113.77", "-7.03", &p), 0);
	assert_true(p.lat == -7.03 && p.swapped);
	assert_int_equal(geo_parse_pair("7\xc2\xb0"
					"2'15\" LS",
				 "113\xc2\xb0"
				 "46'35\" BT",
				 &p),
		0);
	assert_int_equal(geo_parse_pair("-7.03", "", &p), -EINVAL);
	assert_int_equal(geo_parse_pair(NULL, "113.77", &p), -EINVAL);
	assert_int_equal(geo_parse_pair("-7.03x", "113.77", &p), -EINVAL);
	assert_int_equal(geo_parse_pair("0", "0", &p), -ERANGE);
}

static void on_earth(void **state)
{
	(void)state;
	assert_int_equal(geo_on_earth(52.37, 4.89), 0);
	assert_int_equal(geo_on_earth(0, 0), -ERANGE);
	assert_int_equal(geo_on_earth(0, 109.3), 0);
	assert_int_equal(geo_on_earth(91, 0), -ERANGE);
	assert_int_equal(geo_on_earth(0, -181), -ERANGE);
	assert_int_equal(geo_on_earth(0.0 / 0.0, 1), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_in_all_ways),
		cmocka_unit_test(the_rest_stays_text),
		cmocka_unit_test(two_columns),
		cmocka_unit_test(on_earth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
