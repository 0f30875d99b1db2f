#include "lib/metrics.h"

#include "lib/list.h"
#include "lib/map.h"
#include "lib/mem.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const double bounds_s[] = {
        0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 300, 3600};

enum {
	BOUNDS = sizeof(bounds_s) / sizeof(bounds_s[0]),
	MAX_LABEL_BYTES = 2048,
	MOST_LABELS = 4,
};

struct metrics {
	struct list all; /* metric::link */
};

struct metric {
	struct list link;
	enum metric_type type;
	const char *name, *help;
	const char *const *labels;
	struct map *series; /* their labels as text -> struct series */
};

struct series {
	double value; /* of a histogram: the sum */
	uint64_t count, below[BOUNDS];
};

static const char *const type_names[] = {
        [METRIC_COUNTER] = "counter",
        [METRIC_GAUGE] = "gauge",
        [METRIC_HISTOGRAM] = "histogram",
};

struct metrics *metrics_create(void)
{
	struct metrics *metrics = xcalloc(1, sizeof(*metrics));

	list_init(&metrics->all);
	return metrics;
}

void metrics_destroy(struct metrics **metrics)
{
	if (*metrics == NULL) {
		return;
	}
	list_for_each(it, &(*metrics)->all)
	{
		struct metric *metric = container_of(it, struct metric, link);
		list_del(it);
		map_destroy(&metric->series, free);
		free(metric);
	}
	free(*metrics);
	*metrics = NULL;
}

struct metric *metrics_define(struct metrics *metrics, enum metric_type type,
        const char *name, const char *help, const char *const *labels)
{
	struct metric *metric = xcalloc(1, sizeof(*metric));

	metric->type = type;
	metric->name = name;
	metric->help = help;
	metric->labels = labels;
	metric->series = map_create();
	list_add_tail(&metrics->all, &metric->link);
	return metric;
}

/* ---------------------------------------------------------------- series */

static void add_escaped(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n') {
			buf_puts(out, "\\n");
		} else {
			if (*text == '\\' || *text == '"') {
				buf_puts(out, "\\");
			}
			buf_add(out, text, 1);
		}
	}
}

/* method="auth.test",result="ok" */
static void add_labels(
        struct buf *out, const struct metric *metric, const char *const *values)
{
	for (size_t i = 0; metric->labels != NULL && metric->labels[i] != NULL; i++) {
		buf_printf(out, "%s%s=\"", i == 0 ? "" : ",", metric->labels[i]);
		add_escaped(out, values[i]);
		buf_puts(out, "\"");
	}
}

static struct series *series_of(struct metric *metric, const char *const *values)
{
	static const char *const other[MOST_LABELS] = {
	        "other", "other", "other", "other"};
	struct series *series;
	struct buf key;

	buf_init(&key, MAX_LABEL_BYTES);
	add_labels(&key, metric, values);
	series = key.failed ? NULL : map_get(metric->series, buf_cstr(&key));
	if (series == NULL &&
	        (key.failed || map_count(metric->series) >= METRICS_MOST_SERIES)) {
		buf_finish(&key);
		buf_init(&key, MAX_LABEL_BYTES);
		add_labels(&key, metric, other);
		series = map_get(metric->series, buf_cstr(&key));
	}
	if (series == NULL) {
		series = xcalloc(1, sizeof(*series));
		map_set(metric->series, buf_cstr(&key), series);
	}
	buf_finish(&key);
	return series;
}

void metric_add(struct metric *metric, const char *const *labels, double by)
{
	series_of(metric, labels)->value += by;
}

void metric_set(struct metric *metric, const char *const *labels, double value)
{
	series_of(metric, labels)->value = value;
}

void metric_observe(struct metric *metric, const char *const *labels, double seconds)
{
	struct series *series = series_of(metric, labels);

	series->value += seconds;
	series->count++;
	for (size_t i = 0; i < BOUNDS; i++) {
		series->below[i] += seconds <= bounds_s[i] ? 1 : 0;
	}
}

void metric_clear(struct metric *metric)
{
	map_destroy(&metric->series, free);
	metric->series = map_create();
}

/* ---------------------------------------------------------------- text */

static void write_line(
        struct buf *out, const struct metric *metric, const char *labels, double value)
{
	buf_printf(out, "%s%s%s%s %.15g\n", metric->name, labels[0] == '\0' ? "" : "{",
	        labels, labels[0] == '\0' ? "" : "}", value);
}

static void write_histogram(struct buf *out, const struct metric *metric,
        const char *labels, const struct series *series)
{
	const char *comma = labels[0] == '\0' ? "" : ",";
	const char *open = labels[0] == '\0' ? "" : "{";
	const char *close = labels[0] == '\0' ? "" : "}";

	for (size_t i = 0; i < BOUNDS; i++) {
		buf_printf(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", metric->name, labels,
		        comma, bounds_s[i], (unsigned long long)series->below[i]);
	}
	buf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", metric->name, labels, comma,
	        (unsigned long long)series->count);
	buf_printf(out, "%s_sum%s%s%s %.15g\n", metric->name, open, labels, close,
	        series->value);
	buf_printf(out, "%s_count%s%s%s %llu\n", metric->name, open, labels, close,
	        (unsigned long long)series->count);
}

void metrics_write(const struct metrics *metrics, struct buf *out)
{
	list_for_each(it, &metrics->all)
	{
		const struct metric *metric = container_of(it, struct metric, link);
		const char *labels;
		void *series;

		buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name,
		        metric->help, metric->name, type_names[metric->type]);
		for (size_t i = 0; map_next(metric->series, &i, &labels, &series);) {
			if (metric->type == METRIC_HISTOGRAM) {
				write_histogram(out, metric, labels, series);
			} else {
				write_line(out, metric, labels,
				        ((const struct series *)series)->value);
			}
		}
	}
}
