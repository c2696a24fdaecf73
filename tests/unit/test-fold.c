/* index_fold and index_view: what a record changes, that both logs may interleave as they like, and
 * that a view with changes in flight says what the index will say. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/util.h"
#include "core/index_fold.h"
#include "core/index_view.h"

static json_t *parse(const char *single_quoted)
{
	char *text = xstrdup(single_quoted), *p;
	json_t *j;

	for (p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	j = json_loads(text, 0, NULL);
	free(text);
	assert_non_null(j);
	return j;
}

static const char *const decisions[] = {
	"{'schema':'muara.decision/1','kind':'decision','term':1,'n':1,"
	"'inputs':[{'type':'message','id':'m1','topic':'raw','partition':0,'offset':7,'hash':'h1'}]"
	","
	"'results':[{'type':'complaint','id':'m1','state':'open','version':1,"
	"'sources':[{'message':'m1','conversation':'k1'}],"
	"'timers':[{'id':'m1/1/quiet','kind':'quiet','due':'1970-01-01T00:00:05.000Z'}]}]}",
	"{'schema':'muara.decision/1','kind':'decision','term':1,'n':2,"
	"'inputs':[{'type':'message','id':'e1','hash':'h2'}],"
	"'results':[{'type':'noted','id':'e1','waits_for':'m9','about':'m9','content':{'x':1}}]}",
	"{'schema':'muara.decision/1','kind':'decision','term':1,'n':3,"
	"'inputs':[{'type':'timer','id':'m1/1/quiet'}],"
	"'results':[{'type':'complaint','id':'m1','state':'review','emergency':true,'version':2,"
	"'sources':[{'message':'m1','conversation':'k1'}],'timers':[]}]}",
	"{'schema':'muara.decision/1','kind':'decision','term':2,'n':1,"
	"'inputs':[{'type':'message','id':'m2','hash':'h3','topic':'raw','partition':0,'offset':9}]"
	","
	"'results':[{'type':'archived','id':'m2','class':'spam'}]}",
	"{'schema':'muara.decision/1','kind':'decision','term':2,'n':2,"
	"'inputs':[{'type':'message','id':'m9','hash':'h9'},{'type':'command','id':'x1'},"
	"{'type':'message','id':'6a29384b-56bb-554d-a3e6-b455b5c34e6f','hash':'h8'}],"
	"'results':[{'type':'dead','id':'m9','reason':'r'}]}",
};
static const char *const submissions[] = {
	"{'schema':'muara.submission/"
	"1','kind':'intent','term':1,'n':1,'complaint':'m1','version':2,"
	"'call':'create','system':'lapor'}",
	"{'schema':'muara.submission/1','kind':'done','term':1,'n':2,'complaint':'m1','version':2,"
	"'call':'create','system':'lapor','intent':'1/1','remote_id':'77'}",
	"{'schema':'muara.submission/"
	"1','kind':'refused','term':1,'n':3,'complaint':'m1','version':2,"
	"'other':'m0'}",
	"{'schema':'muara.submission/1','kind':'status','term':1,'n':4,'complaint':'m1',"
	"'destination':'kota','remote_id':'77','status':'done','at':'2026-11-24T04:00:00Z'}",
	"{'schema':'muara.submission/1','kind':'status','term':1,'n':5,'complaint':'m1',"
	"'destination':'lapor','remote_id':'77','status':'received'}",
	"{'schema':'muara.submission/1','kind':'status','term':1,'n':6,'complaint':'m1',"
	"'destination':'lapor','remote_id':'77','status':'in_progress',"
	"'answers':[{'id':'9','sha256':'00'}]}",
	"{'schema':'muara.submission/1','kind':'status','term':1,'n':7}",
	"{'schema':'muara.submission/1','kind':'intent','term':1,'n':8,'complaint':'m1',"
	"'version':2,'call':'create','destination':'kota'}", /* filed anew: the old status goes */
};

static void fold_into(struct index_model *m, const char *text)
{
	_cleanup_json_ json_t *record = parse(text), *ops = index_fold(record);

	index_model_apply(m, ops);
}

static char *fold_all(unsigned order)
{
	struct index_model *m = index_model_new();
	struct buf out = BUF_INIT(1 << 20);
	size_t d = 0, s = 0;

	while (d < ARRAY_SIZE(decisions) || s < ARRAY_SIZE(submissions)) {
		bool decision = order & 1u;

		order >>= 1;
		if (s == ARRAY_SIZE(submissions) || (decision && d < ARRAY_SIZE(decisions)))
			fold_into(m, decisions[d++]);
		else
			fold_into(m, submissions[s++]);
	}
	index_model_dump(m, &out);
	index_model_free(m);
	return buf_take(&out);
}

static void test_any_interleaving(void **state)
{
	_cleanup_free_ char *first = fold_all(0);
	unsigned order;

	(void)state;
	for (order = 1; order < 512; order++) {
		_cleanup_free_ char *other = fold_all(order);

		assert_string_equal(first, other);
	}
}

static void test_places(void **state)
{
	static const struct {
		const char *key, *part;
	} rows[] = {
		{"\"a/m1\"", "\\\"place\\\":\\\"complaint\\\",\\\"ref\\\":\\\"m1\\\""},
		{"\"a/m2\"", "\\\"place\\\":\\\"archived\\\",\\\"ref\\\":\\\"spam\\\""},
		{"\"a/m9\"", "\\\"place\\\":\\\"dead\\\""},
		{"\"a/e1\"", "\\\"place\\\":\\\"noted\\\""},
		{"\"b/command/x1\"", "2/2"},
		{"\"k/EFTM5-AXCMD\"", "6a29384b-56bb-554d-a3e6-b455b5c34e6f"},
		{"\"v/k1\"", "m1"},
		{"\"s/review\"", "m1"},
		{"\"s/emergency\"", "m1"},
		{"\"r\"", "\"1/3\""},
		{"\"f/m1\"", "\"1/1:done\""},
		{"\"status:lapor\"",
			"{\\\"remote_id\\\":\\\"77\\\",\\\"status\\\":\\\"in_progress\\\"}"},
	};
	_cleanup_free_ char *text = fold_all(0);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *at = strstr(text, rows[i].key);

		assert_non_null(at);
		assert_non_null(strstr(at, rows[i].part));
	}
	assert_null(strstr(text, "\"w/m9\"")); /* its message came */
	assert_null(strstr(text, "\"t\""));    /* its timer fired */
	assert_null(strstr(text, "\"s/open\""));
	assert_null(strstr(text, "\"status:kota\""));
}

static void test_filed(void **state)
{
	static const struct {
		const char *filings;
		bool filed;
	} rows[] = {
		{"null", false},
		{"{'1/1':'{\\'call\\':\\'create\\'}'}", true},
		{"{'1/1':'{\\'call\\':\\'upload\\'}'}", false},
		{"{'1/1':'{\\'call\\':\\'create\\'}','1/1:not_sent':'{}'}", false},
		{"{'1/1':'{\\'call\\':\\'create\\'}','1/1:rejected':'{}'}", false},
		{"{'1/1':'{\\'call\\':\\'create\\'}','1/1:parked':'{}'}", true},
		{"{'1/1':'{\\'call\\':\\'create\\'}','1/1:not_sent':'{}','1/1:done':'{}'}", true},
		{"{'1/1':'{\\'call\\':\\'create\\'}','1/"
		 "1:resolved':'{\\'resolution\\':\\'not_filed\\'}'}",
			false},
		{"{'1/1':'{\\'call\\':\\'sheet\\'}','1/"
		 "1:resolved':'{\\'resolution\\':\\'filed\\'}'}",
			true},
		{"{'1/1':'{\\'call\\':\\'create\\'}','1/1:not_sent':'{}','2/"
		 "1':'{\\'call\\':\\'create\\'}'}",
			true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ json_t *f = i ? parse(rows[i].filings) : json_null();

		assert_int_equal(index_filed(f), rows[i].filed);
	}
}

static void test_view_lays_changes_over(void **state)
{
	struct view *v = view_new();
	_cleanup_json_ json_t *ops =
		parse("[['hset','w/1','b','2'],['hdel','w/1','a'],['set','c/1','x'],"
		      "['del','c/2'],['zadd','t','1','m']]");

	(void)state;
	assert_null(view_get(v, "w/1"));
	view_apply(v, ops);
	assert_null(view_get(v, "w/1")); /* the base is not known yet */
	view_put(v, "w/1", parse("{'a':'1','c':'3'}"));
	assert_null(json_object_get(view_get(v, "w/1"), "a"));
	assert_string_equal(json_str(view_get(v, "w/1"), "b"), "2");
	assert_string_equal(json_str(view_get(v, "w/1"), "c"), "3");
	view_put(v, "c/1", json_string("older"));
	assert_string_equal(json_string_value(view_get(v, "c/1")), "x");
	assert_true(json_is_null(view_get(v, "c/2")));
	assert_null(view_get(v, "t"));
	view_clear(v);
	assert_null(view_get(v, "c/1"));
	view_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_interleaving),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_filed),
		cmocka_unit_test(test_view_lays_changes_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
