/* metrics: see metrics.h. A list that only grows; an event is a search in a short list and one
 * addition.
 *
 * Guarantees: no allocation after registration, the same order on every page, an unknown label
 * value lands in "other" (shown once something did). A name registered with two meanings is a bug
 * and ends the process. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/metrics.h"
#include "base/util.h"

enum kind { COUNTER, GAUGE, HISTOGRAM };

struct metric {
	struct metric *next;
	enum kind kind;
	char *name, *help;
	const char *label;
	const char *const *values; /* of the label; NULL: one value without a label */
	int n_values;
	double *v; /* n_values + 1 ("other"); histogram: count per bound, + above all of them */
	double *bounds, sum;
	int n_bounds;
};

static struct metric *first, **last = &first;

static struct metric *find(const char *name)
{
	for (struct metric *m = first; m; m = m->next)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

static struct metric *add(const char *name, const char *help, enum kind kind, int slots)
{
	struct metric *m = xcalloc(1, sizeof *m);

	m->name = xstrdup(name);
	m->help = xstrdup(help);
	m->kind = kind;
	m->v = xcalloc((size_t)slots, sizeof *m->v);
	*last = m;
	last = &m->next;
	return m;
}

static struct metric *simple(const char *name, const char *help, enum kind kind, const char *label,
	const char *const *values)
{
	struct metric *m = find(name);
	int n = 0;

	if (m) {
		if (m->kind != kind || !m->label != !label)
			abort();
		return m;
	}
	while (label && values && values[n])
		n++;
	m = add(name, help, kind, n + 1);
	m->label = label;
	m->values = values;
	m->n_values = n;
	return m;
}

struct metric *metric_counter(
	const char *name, const char *help, const char *label, const char *const *values)
{
	return simple(name, help, COUNTER, label, values);
}

struct metric *metric_gauge(
	const char *name, const char *help, const char *label, const char *const *values)
{
	return simple(name, help, GAUGE, label, values);
}

struct metric *metric_histogram(
	const char *name, const char *help, const double *bounds, int n_bounds)
{
	struct metric *m = find(name);

	if (m) {
		if (m->kind != HISTOGRAM)
			abort();
		return m;
	}
	m = add(name, help, HISTOGRAM, n_bounds + 1);
	m->bounds = xcalloc((size_t)n_bounds, sizeof *bounds);
	memcpy(m->bounds, bounds, (size_t)n_bounds * sizeof *bounds);
	m->n_bounds = n_bounds;
	return m;
}

/* Index of a label value; n_values is "other", and the only one of a metric without a label. */
static int slot(const struct metric *m, const char *value)
{
	for (int i = 0; value && i < m->n_values; i++)
		if (m->values[i] == value || strcmp(m->values[i], value) == 0)
			return i;
	return m->n_values;
}

void metric_add(struct metric *m, const char *value, double v)
{
	m->v[slot(m, value)] += v;
}

void metric_set(struct metric *m, const char *value, double v)
{
	m->v[slot(m, value)] = v;
}

void metric_observe(struct metric *m, double v)
{
	int i = 0;

	while (i < m->n_bounds && v > m->bounds[i])
		i++;
	m->v[i]++;
	m->sum += v;
}

double metric_get(const struct metric *m, const char *value)
{
	double n = 0;

	if (m->kind != HISTOGRAM)
		return m->v[slot(m, value)];
	for (int i = 0; i <= m->n_bounds; i++)
		n += m->v[i];
	return n;
}

/* --- the page ------------------------------------------------------------------------------ */

static void put_number(struct buf *out, double v)
{
	if (isnan(v))
		(void)buf_adds(out, "NaN");
	else if (isinf(v))
		(void)buf_adds(out, v > 0 ? "+Inf" : "-Inf");
	else if (fabs(v) < 9e15 && v == floor(v))
		(void)buf_addf(out, "%" PRId64, (int64_t)v);
	else
		(void)buf_addf(out, "%.12g", v);
}

/* Backslash and line end are escaped, in label values the quotation mark too. */
static void put_escaped(struct buf *out, const char *s, bool label)
{
	for (; *s; s++) {
		if (*s == '\n')
			(void)buf_adds(out, "\\n");
		else if (*s == '\\' || (label && *s == '"'))
			(void)buf_addf(out, "\\%c", *s);
		else
			(void)buf_addc(out, *s);
	}
}

static void put_simple(struct buf *out, const struct metric *m)
{
	for (int i = 0; i <= m->n_values; i++) {
		const char *value = i < m->n_values ? m->values[i] : "other";

		if (m->label && i == m->n_values && m->v[i] == 0)
			continue;
		(void)buf_adds(out, m->name);
		if (m->label) {
			(void)buf_addf(out, "{%s=\"", m->label);
			put_escaped(out, value, true);
			(void)buf_adds(out, "\"}");
		}
		(void)buf_addc(out, ' ');
		put_number(out, m->v[i]);
		(void)buf_addc(out, '\n');
	}
}

static void put_histogram(struct buf *out, const struct metric *m)
{
	double n = 0;

	for (int i = 0; i <= m->n_bounds; i++) {
		n += m->v[i];
		(void)buf_addf(out, "%s_bucket{le=\"", m->name);
		put_number(out, i < m->n_bounds ? m->bounds[i] : INFINITY);
		(void)buf_adds(out, "\"} ");
		put_number(out, n);
		(void)buf_addc(out, '\n');
	}
	(void)buf_addf(out, "%s_sum ", m->name);
	put_number(out, m->sum);
	(void)buf_addf(out, "\n%s_count ", m->name);
	put_number(out, n);
	(void)buf_addc(out, '\n');
}

int metrics_render(struct buf *out)
{
	static const char *const kinds[] = {"counter", "gauge", "histogram"};

	for (const struct metric *m = first; m; m = m->next) {
		(void)buf_addf(out, "# HELP %s ", m->name);
		put_escaped(out, m->help, false);
		(void)buf_addf(out, "\n# TYPE %s %s\n", m->name, kinds[m->kind]);
		if (m->kind == HISTOGRAM)
			put_histogram(out, m);
		else
			put_simple(out, m);
	}
	return out->over ? -E2BIG : 0;
}
