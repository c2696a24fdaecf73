/* metrics: counters, gauges and histograms of one daemon in Prometheus' text form. Static
 * registration, no allocation per event; label values are fixed sets known in the code (channel,
 * verdict), never data. Loop thread only. */
#pragma once

#include <stdint.h>

#include "base/buf.h"

struct metric;
/* label/values may be NULL; values is a NULL-terminated list and must outlive the program, like
 * label. name, help and bounds (rising) are copied. The same name twice returns the same. */
struct metric *metric_counter(
	const char *name, const char *help, const char *label, const char *const *values);
struct metric *metric_gauge(
	const char *name, const char *help, const char *label, const char *const *values);
struct metric *metric_histogram(
	const char *name, const char *help, const double *bounds, int n_bounds);
void metric_add(struct metric *m, const char *value,
	double v); /* unknown label value: counted as "other" */
void metric_set(struct metric *m, const char *value, double v);
void metric_observe(struct metric *m, double v);
double metric_get(const struct metric *m, const char *value); /* histogram: observations so far */
int metrics_render(struct buf *out); /* appends; -E2BIG when the page does not fit `out` */
