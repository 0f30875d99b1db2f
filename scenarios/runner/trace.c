#include "scenarios/runner/trace.h"

#include "lib/mem.h"
#include "lib/str.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char tests_dir[] = "tests/unit";

const char *trace_result_to_str(enum trace_result result)
{
	static const char *const names[] = {
	        "not run", "passed", "skipped", "known failure", "failed"};
	return names[result];
}

/* ---------------------------------------------------------------- results */

/* Verdicts by story ID. */
static bool read_verdicts(
        const char *path, struct map *verdicts, struct story_problems *problems)
{
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	bool ok = true;

	if (in == NULL) {
		return true;
	}
	for (int row = 1; ok && (n = getline(&line, &room, in)) >= 0; row++) {
		struct err err = ERR_INIT;
		autojson cJSON *result = json_parse((struct str){line, (size_t)n}, &err);
		const char *id = json_str(result, "story");
		const char *verdict = json_str(result, "verdict");
		ok = id != NULL && verdict != NULL;
		if (ok) {
			free(map_set(verdicts, id, xstrdup(verdict)));
		} else {
			const struct story_pos pos = {(char *)(uintptr_t)path, row, 1};
			story_problem(problems, &pos, "this is no result of a scenario");
		}
	}
	free(line);
	fclose(in);
	return ok;
}

static enum trace_result result_of(const struct story *story, const char *verdict)
{
	if (verdict == NULL) {
		return TRACE_NOT_RUN;
	}
	if (strcmp(verdict, "pass") == 0) {
		return TRACE_PASSED;
	}
	if (strcmp(verdict, "skip") == 0) {
		return TRACE_SKIPPED;
	}
	return story->expect_fail == NULL ? TRACE_FAILED : TRACE_KNOWN_FAILURE;
}

/* A file is as good as the worst of its variations. */
static bool is_worse(enum trace_result result, enum trace_result than)
{
	static const int badness[] = {[TRACE_PASSED] = 0,
	        [TRACE_SKIPPED] = 1,
	        [TRACE_NOT_RUN] = 2,
	        [TRACE_KNOWN_FAILURE] = 3,
	        [TRACE_FAILED] = 4};
	return badness[result] > badness[than];
}

static void add_result(
        struct trace_file *file, const struct story *story, enum trace_result result)
{
	file->variations++;
	if (file->variations == 1 || is_worse(result, file->result)) {
		file->result = result;
		str_replace(&file->which, result == TRACE_PASSED ? NULL : story->id);
	}
}

static struct trace_file *file_of(struct trace *trace, const struct story *story)
{
	for (size_t i = 0; i < trace->file_count; i++) {
		if (strcmp(trace->files[i].first->path, story->path) == 0) {
			return &trace->files[i];
		}
	}
	trace->files =
	        xrealloc(trace->files, (trace->file_count + 1) * sizeof(trace->files[0]));
	struct trace_file *file = &trace->files[trace->file_count++];
	*file = (struct trace_file){.first = story};
	return file;
}

/* ---------------------------------------------------------------- gathering */

bool trace_gather(struct trace *trace, const struct story_set *set, const char *spec_path,
        const char *results_path, const char *dir, struct story_problems *problems)
{
	*trace = (struct trace){0};
	if (!requirements_read(spec_path, &trace->requirements, problems)) {
		return false;
	}
	test_marks_read(dir, &trace->requirements, &trace->marks, problems);
	struct map *verdicts = map_create();
	bool ok = read_verdicts(results_path, verdicts, problems);
	for (size_t i = 0; i < set->count; i++) {
		const struct story *story = &set->stories[i];
		add_result(file_of(trace, story), story,
		        result_of(story, map_get(verdicts, story->id)));
	}
	map_destroy(&verdicts, free);
	return ok;
}

void trace_finish(struct trace *trace)
{
	for (size_t i = 0; i < trace->file_count; i++) {
		free(trace->files[i].which);
	}
	free(trace->files);
	test_marks_finish(&trace->marks);
	requirements_finish(&trace->requirements);
	*trace = (struct trace){0};
}

bool trace_file_proves(const struct trace_file *file, const char *id)
{
	for (size_t i = 0; i < file->first->proves_count; i++) {
		if (strcmp(file->first->proves[i], id) == 0) {
			return true;
		}
	}
	return false;
}

enum trace_state trace_state_of(
        const struct trace *trace, const struct requirement *requirement)
{
	enum trace_state state = TRACE_OPEN;

	for (size_t i = 0; i < trace->marks.count; i++) {
		if (strcmp(trace->marks.items[i].id, requirement->id) == 0) {
			state = TRACE_SHOWN;
		}
	}
	for (size_t i = 0; i < trace->file_count; i++) {
		const struct trace_file *file = &trace->files[i];
		if (!trace_file_proves(file, requirement->id)) {
			continue;
		}
		if (file->result == TRACE_FAILED) {
			return TRACE_FAILING;
		}
		if (file->result == TRACE_PASSED) {
			state = TRACE_SHOWN;
		}
	}
	return state;
}

/* ---------------------------------------------------------------- the file */

static bool write_file(
        const char *path, const char *text, struct story_problems *problems)
{
	const struct story_pos pos = {(char *)(uintptr_t)path, 1, 1};
	FILE *out = fopen(path, "we");
	bool ok = out != NULL && fputs(text, out) >= 0;

	if (out != NULL && fclose(out) != 0) {
		ok = false;
	}
	if (!ok) {
		story_problem(problems, &pos, "cannot be written: %s", strerror(errno));
	}
	return ok;
}

/* Compares line by line, and shows the first that differs. */
static bool compare_file(
        const char *path, const char *text, struct story_problems *problems)
{
	struct story_pos pos = {(char *)(uintptr_t)path, 1, 1};
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t n = 0;
	bool same = in != NULL;

	if (in == NULL) {
		story_problem(problems, &pos, "is missing: `scenario trace` writes it");
		return false;
	}
	for (; same && (n = getline(&line, &room, in)) >= 0; pos.line += same) {
		same = strncmp(line, text, (size_t)n) == 0;
		text += same ? n : 0;
	}
	if (!same || text[0] != '\0') {
		same = false;
		story_problem(problems, &pos,
		        "is stale: `scenario trace` would write here: %.*s",
		        (int)strcspn(text, "\n"), text);
	}
	free(line);
	fclose(in);
	return same;
}

bool story_trace(const struct story_set *set, const char *spec_path,
        const char *results_path, const char *out_path, bool check_only,
        struct story_problems *problems)
{
	struct trace trace;
	size_t before = problems->count;

	if (trace_gather(&trace, set, spec_path, results_path, tests_dir, problems)) {
		autofree char *text = trace_report(&trace);
		if (check_only) {
			compare_file(out_path, text, problems);
		} else {
			write_file(out_path, text, problems);
		}
	}
	trace_finish(&trace);
	return problems->count == before;
}
