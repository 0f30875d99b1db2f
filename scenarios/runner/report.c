#include "scenarios/runner/report.h"

#include "lib/buf.h"
#include "lib/mem.h"

#include "scenarios/runner/files.h"
#include "scenarios/runner/realtime.h"
#include "scenarios/runner/result.h"
#include "scenarios/runner/timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_REPORT_BYTES = 256 * 1024 * 1024, NAME_WIDTH = 48 };

/* What became of a story, taking `expect_fail` into account. */
enum outcome { OUTCOME_PASSED, OUTCOME_KNOWN, OUTCOME_FAILED, OUTCOME_SKIPPED };

struct report {
	char *tap_path, *junit_path, *results_path;
	struct buf tap, junit, results;
	bool keep_old_results;
	uint64_t seed;
	size_t number, passed, known, failed, skipped;
	size_t by_verdict[VERDICT_SKIP + 1]; /* of those that failed */
	int64_t began_real_ms;
};

static enum outcome outcome_of(
        const struct story *story, const struct engine_result *result)
{
	switch (result->verdict) {
	case VERDICT_PASS:
		return story->expect_fail == NULL ? OUTCOME_PASSED : OUTCOME_FAILED;
	case VERDICT_FAIL:
		return story->expect_fail == NULL ? OUTCOME_FAILED : OUTCOME_KNOWN;
	case VERDICT_SKIP:
		return OUTCOME_SKIPPED;
	case VERDICT_HARNESS:
	case VERDICT_UNKNOWN:
		break;
	}
	return OUTCOME_FAILED;
}

struct report *report_create(const struct report_options *options)
{
	struct report *report = xcalloc(1, sizeof(*report));

	report->tap_path = xstrdup_null(options->tap_path);
	report->junit_path = xstrdup_null(options->junit_path);
	report->results_path = xstrdup_null(options->results_path);
	report->keep_old_results = options->keep_old_results;
	report->seed = options->seed;
	report->began_real_ms = realtime_ms();
	buf_init(&report->tap, MAX_REPORT_BYTES);
	buf_init(&report->junit, MAX_REPORT_BYTES);
	buf_init(&report->results, MAX_REPORT_BYTES);
	buf_printf(&report->tap, "TAP version 13\n1..%zu\n", options->planned);
	return report;
}

/* ---------------------------------------------------------------- people */

static void print_story(const struct story *story, const struct engine_result *result,
        enum outcome outcome)
{
	static const char *const words[] = {"ok   ", "known", "FAIL ", "skip "};
	autofree char *when = virtual_to_str(result->virtual_ms * 1000);

	printf("%s %-*s %14s virtual %6lld ms\n", words[outcome], NAME_WIDTH, story->id,
	        when, (long long)result->real_ms);
	if (outcome == OUTCOME_KNOWN) {
		printf("      known to fail: %s\n", story->expect_fail);
	} else if (outcome == OUTCOME_FAILED && result->verdict == VERDICT_PASS) {
		printf("      it passes now, but expect_fail says: %s\n",
		        story->expect_fail);
	} else if (outcome == OUTCOME_SKIPPED) {
		printf("      %s\n", result->failure != NULL ? result->failure : "");
	} else if (outcome == OUTCOME_FAILED) {
		printf("\n%s\n", result->failure != NULL ? result->failure : "");
	}
	fflush(stdout);
}

/* ---------------------------------------------------------------- TAP */

static void put_comment(struct buf *out, const char *text)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");
		buf_printf(out, "# %.*s\n", (int)n, text);
		text += n + (text[n] == '\n' ? 1 : 0);
	}
}

static void add_tap(struct report *report, const struct story *story,
        const struct engine_result *result, enum outcome outcome)
{
	bool ok = outcome == OUTCOME_PASSED || outcome == OUTCOME_SKIPPED;

	buf_printf(&report->tap, "%s %zu - %s", ok ? "ok" : "not ok", report->number,
	        story->id);
	if (outcome == OUTCOME_SKIPPED) {
		buf_printf(&report->tap, " # SKIP %s",
		        result->failure != NULL ? result->failure : "");
	} else if (outcome == OUTCOME_KNOWN) {
		buf_printf(&report->tap, " # TODO %s", story->expect_fail);
	}
	buf_puts(&report->tap, "\n");
	if (outcome == OUTCOME_FAILED && result->failure != NULL) {
		put_comment(&report->tap, result->failure);
	}
}

/* ---------------------------------------------------------------- JUnit */

static void put_xml(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '<' || c == '>' || c == '&' || c == '"') {
			buf_printf(out, "&#%u;", c);
		} else {
			/* XML 1.0 has no way to write most control characters. */
			buf_add(out, c >= 0x20 || c == '\n' || c == '\t' ? text : "?", 1);
		}
	}
}

static void put_property(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "        <property name=\"%s\" value=\"", name);
	put_xml(out, value);
	buf_puts(out, "\"/>\n");
}

static void add_junit(struct report *report, const struct story *story,
        const struct engine_result *result, enum outcome outcome)
{
	struct buf *out = &report->junit;
	autofree char *seed = xasprintf("%llu", (unsigned long long)report->seed);

	buf_puts(out, "    <testcase classname=\"scenarios\" name=\"");
	put_xml(out, story->id);
	buf_printf(out, "\" time=\"%.3f\">\n      <properties>\n",
	        (double)result->real_ms / 1e3);
	for (size_t i = 0; i < story->proves_count; i++) {
		put_property(out, "requirement", story->proves[i]);
	}
	put_property(out, "seed", seed);
	put_property(out, "title", story->title);
	buf_puts(out, "      </properties>\n");
	if (outcome == OUTCOME_FAILED) {
		buf_printf(out, "      <failure type=\"%s\">",
		        verdict_to_str(result->verdict));
		put_xml(out, result->failure != NULL ? result->failure : "it passes now");
		buf_puts(out, "</failure>\n");
	} else if (outcome != OUTCOME_PASSED) {
		buf_puts(out, "      <skipped message=\"");
		put_xml(out, outcome == OUTCOME_KNOWN  ? story->expect_fail
		             : result->failure != NULL ? result->failure
		                                       : "");
		buf_puts(out, "\"/>\n");
	}
	buf_puts(out, "    </testcase>\n");
}

static char *junit_text(const struct report *report)
{
	return xasprintf(
	        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
	        "  <testsuite name=\"scenarios\" tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\">\n"
	        "%s  </testsuite>\n</testsuites>\n",
	        report->number, report->failed, report->known + report->skipped,
	        buf_cstr(&report->junit));
}

/* ---------------------------------------------------------------- results */

static void add_result(struct report *report, const struct story *story,
        const struct engine_result *result)
{
	autojson cJSON *json = result_to_json(story, result);
	autofree char *line = json_print(json);

	buf_printf(&report->results, "%s\n", line);
}

/* Whether the new results say something about the story of an old line. */
static bool is_replaced(const struct report *report, const cJSON *old)
{
	cJSON *id = cJSON_CreateString(json_str_or(old, "story", ""));
	autofree char *quoted = json_print(id);
	autofree char *begin = xasprintf("{\"story\":%s,", quoted);

	cJSON_Delete(id);
	return strstr(buf_cstr(&report->results), begin) != NULL;
}

static void add_old_results(struct report *report)
{
	autofree char *old = file_read(report->results_path, MAX_REPORT_BYTES, NULL);

	for (char *line = old; line != NULL && *line != '\0';) {
		size_t n = strcspn(line, "\n");
		autojson cJSON *json = json_parse((struct str){line, n}, NULL);
		if (json != NULL && !is_replaced(report, json)) {
			buf_printf(&report->results, "%.*s\n", (int)n, line);
		}
		line += n + (line[n] == '\n' ? 1 : 0);
	}
}

/* ---------------------------------------------------------------- all */

void report_add(struct report *report, const struct story *story,
        const struct engine_result *result)
{
	enum outcome outcome = outcome_of(story, result);
	size_t *const counts[] = {
	        &report->passed, &report->known, &report->failed, &report->skipped};

	report->number++;
	++*counts[outcome];
	if (outcome == OUTCOME_FAILED) {
		report->by_verdict[result->verdict]++;
	}
	print_story(story, result, outcome);
	add_tap(report, story, result, outcome);
	add_junit(report, story, result, outcome);
	add_result(report, story, result);
}

static bool write_files(struct report *report, struct err *err)
{
	autofree char *junit = junit_text(report);
	bool ok = true;

	if (report->keep_old_results && report->results_path != NULL) {
		add_old_results(report);
	}
	if (report->tap_path != NULL) {
		ok = file_write(report->tap_path, buf_cstr(&report->tap), report->tap.len,
		             err) &&
		     ok;
	}
	if (report->junit_path != NULL) {
		ok = file_write(report->junit_path, junit, strlen(junit), err) && ok;
	}
	if (report->results_path != NULL) {
		ok = file_write(report->results_path, buf_cstr(&report->results),
		             report->results.len, err) &&
		     ok;
	}
	return ok;
}

static int status_of(const struct report *report)
{
	if (report->by_verdict[VERDICT_FAIL] + report->by_verdict[VERDICT_PASS] > 0) {
		return 1;
	}
	if (report->by_verdict[VERDICT_HARNESS] > 0) {
		return 3;
	}
	if (report->by_verdict[VERDICT_UNKNOWN] > 0) {
		return 5;
	}
	return report->number > 0 && report->skipped == report->number ? 77 : 0;
}

int report_finish(struct report **report, struct err *err)
{
	struct report *it = *report;
	int status = write_files(it, err) ? status_of(it) : 3;

	printf("\n%zu passed, %zu failed", it->passed, it->failed);
	if (it->known > 0) {
		printf(", %zu known to fail", it->known);
	}
	if (it->skipped > 0) {
		printf(", %zu skipped", it->skipped);
	}
	printf(" (%.1f s)\n", (double)(realtime_ms() - it->began_real_ms) / 1e3);
	fflush(stdout);
	buf_finish(&it->tap);
	buf_finish(&it->junit);
	buf_finish(&it->results);
	free(it->tap_path);
	free(it->junit_path);
	free(it->results_path);
	free(it);
	*report = NULL;
	return status;
}
