/* proves: OPS-03 */
#include "lib/mem.h"
#include "lib/metrics.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const by_two[] = {"a", "b", NULL};

static char *text_of(const struct metrics *metrics)
{
	struct buf out;

	buf_init(&out, 1024 * 1024);
	metrics_write(metrics, &out);
	assert_false(out.failed);
	return buf_take(&out);
}

static void test_counters_and_gauges(void **state)
{
	struct metrics *metrics = metrics_create();
	struct metric *counter =
	        metrics_define(metrics, METRIC_COUNTER, "x_total", "Xes.", by_two);
	struct metric *gauge = metrics_define(metrics, METRIC_GAUGE, "y", "Ys.", NULL);

	(void)state;
	metric_add(counter, LABELS("1", "2"), 1);
	metric_add(counter, LABELS("1", "2"), 2);
	metric_add(counter, LABELS("odd \"\\\n", ""), 1);
	metric_set(gauge, NULL, 7.5);
	metric_set(gauge, NULL, -1);
	autofree char *text = text_of(metrics);
	assert_string_equal(text, "# HELP x_total Xes.\n# TYPE x_total counter\n"
	                          "x_total{a=\"1\",b=\"2\"} 3\n"
	                          "x_total{a=\"odd \\\"\\\\\\n\",b=\"\"} 1\n"
	                          "# HELP y Ys.\n# TYPE y gauge\ny -1\n");
	metric_clear(gauge);
	autofree char *cleared = text_of(metrics);
	assert_null(strstr(cleared, "\ny "));
	metrics_destroy(&metrics);
	assert_null(metrics);
}

static void test_histogram(void **state)
{
	struct metrics *metrics = metrics_create();
	struct metric *histogram =
	        metrics_define(metrics, METRIC_HISTOGRAM, "s", "Seconds.", NULL);

	(void)state;
	metric_observe(histogram, NULL, 0.001);
	metric_observe(histogram, NULL, 0.25);
	metric_observe(histogram, NULL, 4000);
	autofree char *text = text_of(metrics);
	assert_non_null(strstr(text, "s_bucket{le=\"0.001\"} 1\n"));
	assert_non_null(strstr(text, "s_bucket{le=\"0.1\"} 1\n"));
	assert_non_null(strstr(text, "s_bucket{le=\"0.5\"} 2\n"));
	assert_non_null(strstr(text, "s_bucket{le=\"3600\"} 2\n"));
	assert_non_null(strstr(text, "s_bucket{le=\"+Inf\"} 3\n"));
	assert_non_null(strstr(text, "s_sum 4000.251\ns_count 3\n"));
	metrics_destroy(&metrics);
}

/* Whoever can choose a label's value cannot fill the memory. */
static void test_series_are_bounded(void **state)
{
	struct metrics *metrics = metrics_create();
	struct metric *counter =
	        metrics_define(metrics, METRIC_COUNTER, "x_total", "Xes.", by_two);

	(void)state;
	for (int i = 0; i < 3 * METRICS_MOST_SERIES; i++) {
		autofree char *value = xasprintf("%d", i);
		metric_add(counter, LABELS(value, "b"), 1);
	}
	char *huge = xcalloc(1, 100000);
	memset(huge, 'x', 99999);
	metric_add(counter, LABELS(huge, "b"), 1);
	free(huge);
	autofree char *text = text_of(metrics);
	autofree char *rest = xasprintf(
	        "x_total{a=\"other\",b=\"other\"} %d\n", 2 * METRICS_MOST_SERIES + 1);
	assert_non_null(strstr(text, rest));
	metrics_destroy(&metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_counters_and_gauges),
	        cmocka_unit_test(test_histogram),
	        cmocka_unit_test(test_series_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
