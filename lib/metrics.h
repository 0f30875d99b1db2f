/* metrics: counters, gauges and histograms, and their text for Prometheus
 * (prometheus.io, "Exposition formats", version 0.0.4).
 *
 * Bounded: a metric keeps at most METRICS_MOST_SERIES combinations of label values; what
 * comes after is counted under "other" in each label. */
#ifndef LIB_METRICS_H
#define LIB_METRICS_H

#include "lib/buf.h"

struct metrics; /* all of a program */
struct metric;  /* one name; the metrics' */

enum { METRICS_MOST_SERIES = 500 };
enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metrics *metrics_create(void);
void metrics_destroy(struct metrics **metrics); /* *metrics may be NULL */

/* name, help: borrowed for ever. labels: their names, NULL-terminated and borrowed for
 * ever; NULL: none. Histograms have buckets from 1 ms to 1 h. */
struct metric *metrics_define(struct metrics *metrics, enum metric_type type,
        const char *name, const char *help, const char *const *labels);

/* Values of the labels, in the order of their names: metric_add(m, LABELS("a", "b"), 1).
 */
#define LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})

void metric_add(struct metric *metric, const char *const *labels, double by);
void metric_set(struct metric *metric, const char *const *labels, double value);
void metric_observe(struct metric *metric, const char *const *labels, double seconds);
/* Forgets all series of a gauge, before it is set anew. */
void metric_clear(struct metric *metric);

void metrics_write(const struct metrics *metrics, struct buf *out);

#endif
