#include "scenarios/runner/trace.h"

#include "lib/mem.h"
#include "lib/str.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *trace_result_to_str(enum trace_result result)
{
	static const char *const names[] = {
	        "not run", "passed", "skipped", "known failure", "failed"};
	return names[result];
}

/* ---------------------------------------------------------------- results */

static void delete_result(void *result)
{
	cJSON_Delete(result);
}

/* Results by story ID. */
static bool read_results(
        const char *path, struct map *results, struct story_problems *problems)
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
		cJSON *result = json_parse((struct str){line, (size_t)n}, &err);
		const char *id = json_str(result, "story");
		ok = id != NULL && json_str(result, "verdict") != NULL;
		if (ok) {
			cJSON_Delete(map_set(results, id, result));
		} else {
			const struct story_pos pos = {(char *)(uintptr_t)path, row, 1};
			story_problem(problems, &pos, "this is no result of a scenario");
			cJSON_Delete(result);
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

static void add_executed(struct trace_file *file, const cJSON *result)
{
	const cJSON *mark;

	cJSON_ArrayForEach(mark, json_arr(result, "marks"))
	{
		if (cJSON_IsString(mark)) {
			map_set(file->executed, mark->valuestring, file);
		}
	}
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
	*file = (struct trace_file){.first = story, .executed = map_create()};
	return file;
}

/* ---------------------------------------------------------------- gathering */

bool trace_gather(struct trace *trace, const struct story_set *set,
        const struct trace_places *places, struct story_problems *problems)
{
	*trace = (struct trace){0};
	if (!requirements_read(places->spec_dir, &trace->requirements, problems)) {
		return false;
	}
	test_marks_read(places->tests_dir, &trace->requirements, &trace->tests, problems);
	code_marks_read(places->code_dir, &trace->requirements, &trace->code, problems);
	mutants_read(
	        places->mutants_dir, &trace->requirements, &trace->mutants, problems);
	struct map *results = map_create();
	bool ok = read_results(places->results_path, results, problems);
	for (size_t i = 0; i < set->count; i++) {
		const struct story *story = &set->stories[i];
		const cJSON *result = map_get(results, story->id);
		struct trace_file *file = file_of(trace, story);
		add_result(file, story, result_of(story, json_str(result, "verdict")));
		add_executed(file, result);
	}
	map_destroy(&results, delete_result);
	return ok;
}

void trace_finish(struct trace *trace)
{
	for (size_t i = 0; i < trace->file_count; i++) {
		free(trace->files[i].which);
		map_destroy(&trace->files[i].executed, NULL);
	}
	free(trace->files);
	test_marks_finish(&trace->tests);
	code_marks_finish(&trace->code);
	mutants_finish(&trace->mutants);
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

/* ---------------------------------------------------------------- states */

static bool is_tested(const struct trace *trace, const char *id)
{
	for (size_t i = 0; i < trace->tests.count; i++) {
		if (strcmp(trace->tests.items[i].link.id, id) == 0) {
			return true;
		}
	}
	return false;
}

static bool has_file(const struct trace *trace, const char *id, enum trace_result result)
{
	for (size_t i = 0; i < trace->file_count; i++) {
		if (trace->files[i].result == result &&
		        trace_file_proves(&trace->files[i], id)) {
			return true;
		}
	}
	return false;
}

static bool is_marked(const struct trace *trace, const char *id)
{
	for (size_t i = 0; i < trace->code.count; i++) {
		if (strcmp(trace->code.items[i].link.id, id) == 0) {
			return true;
		}
	}
	return false;
}

bool trace_is_executed(const struct trace *trace, const char *id)
{
	for (size_t i = 0; i < trace->file_count; i++) {
		const struct trace_file *file = &trace->files[i];
		if (file->result == TRACE_PASSED && trace_file_proves(file, id) &&
		        map_get(file->executed, id) != NULL) {
			return true;
		}
	}
	return false;
}

static bool has_mutant(const struct trace *trace, const char *id, bool killed)
{
	for (size_t i = 0; i < trace->mutants.count; i++) {
		const struct mutant *mutant = &trace->mutants.items[i];
		if (mutant_is_about(mutant, id) &&
		        (!killed || mutant->state == MUTANT_KILLED)) {
			return true;
		}
	}
	return false;
}

char *trace_lack(const struct trace *trace, const struct requirement *one)
{
	char *lack = xstrdup("");
	const struct {
		bool lacks;
		const char *what;
	} parts[] = {
	        {!has_file(trace, one->id, TRACE_PASSED), "no scenario"},
	        {!is_marked(trace, one->id), "no mark in the code"},
	        {is_marked(trace, one->id) && !trace_is_executed(trace, one->id),
	                "mark not executed"},
	        {!has_mutant(trace, one->id, false), "no mutant"},
	        {has_mutant(trace, one->id, false) && !has_mutant(trace, one->id, true),
	                "no mutant killed"},
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].lacks) {
			char *more = xasprintf("%s%s%s", lack,
			        lack[0] == '\0' ? "" : ", ", parts[i].what);
			free(lack);
			lack = more;
		}
	}
	return lack;
}

enum trace_state trace_state_of(const struct trace *trace, const struct requirement *one)
{
	if (has_file(trace, one->id, TRACE_FAILED)) {
		return TRACE_FAILING;
	}
	if (!has_file(trace, one->id, TRACE_PASSED) && !is_tested(trace, one->id)) {
		return TRACE_OPEN;
	}
	autofree char *lack = trace_lack(trace, one);
	return one->needs_code && lack[0] != '\0' ? TRACE_SHALLOW : TRACE_DEEP;
}

size_t trace_count(const struct trace *trace, enum trace_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < trace->requirements.count; i++) {
		count += trace_state_of(trace, &trace->requirements.items[i]) == state;
	}
	return count;
}

/* ---------------------------------------------------------------- links */

static void check_file(const struct trace *trace, const struct story *story,
        struct story_problems *problems)
{
	for (size_t i = 0; story->links != NULL && i < story->proves_count; i++) {
		const struct requirement_link link = {.id = story->proves[i],
		        .revision = story->links[i].revision,
		        .pos = {story->path, story->links[i].line,
		                story->links[i].column}};
		requirements_check_revision(&trace->requirements, &link, problems);
	}
}

void trace_check_links(const struct trace *trace, struct story_problems *problems)
{
	const struct requirements *known = &trace->requirements;

	requirements_check_texts(known, problems);
	for (size_t i = 0; i < trace->file_count; i++) {
		check_file(trace, trace->files[i].first, problems);
	}
	for (size_t i = 0; i < trace->tests.count; i++) {
		requirements_check_revision(known, &trace->tests.items[i].link, problems);
	}
	for (size_t i = 0; i < trace->code.count; i++) {
		requirements_check_revision(known, &trace->code.items[i].link, problems);
	}
	for (size_t i = 0; i < trace->mutants.count; i++) {
		const struct mutant *mutant = &trace->mutants.items[i];
		for (size_t link = 0; link < mutant->link_count; link++) {
			requirements_check_revision(
			        known, &mutant->links[link], problems);
		}
	}
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

static char *summarize(const struct trace *trace, size_t problems)
{
	return xasprintf(
	        "trace: %zu requirements: %zu deep, %zu shallow, %zu failing, %zu open; %zu mutants; %zu problems",
	        trace->requirements.count, trace_count(trace, TRACE_DEEP),
	        trace_count(trace, TRACE_SHALLOW), trace_count(trace, TRACE_FAILING),
	        trace_count(trace, TRACE_OPEN), trace->mutants.count, problems);
}

bool story_trace(const struct story_set *set, const struct trace_places *places,
        const char *out_path, bool check_only, char **summary,
        struct story_problems *problems)
{
	struct trace trace;
	size_t before = problems->count;

	*summary = NULL;
	if (trace_gather(&trace, set, places, problems)) {
		autofree char *text = trace_report(&trace);
		trace_check_links(&trace, problems);
		if (check_only) {
			compare_file(out_path, text, problems);
		} else {
			write_file(out_path, text, problems);
		}
		*summary = summarize(&trace, problems->count - before);
	}
	trace_finish(&trace);
	return problems->count == before;
}
