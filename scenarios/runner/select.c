#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/command.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

static const char all_files[] = "scenarios/*.yaml";

static bool is_file(const char *word)
{
	return str_ends(word, ".yaml");
}

static bool is_among(char *const *texts, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(texts[i], text) == 0) {
			return true;
		}
	}
	return false;
}

/* An ID names its variation, or without one all of them. */
static bool is_meant(const struct story *story, const char *word)
{
	size_t n = strlen(word);
	bool is_id = strncmp(story->id, word, n) == 0 &&
	             (story->id[n] == '\0' || story->id[n] == '[');

	return is_id || is_among(story->proves, story->proves_count, word) ||
	       is_among(story->tags, story->tags_count, word) ||
	       (is_file(word) && strcmp(story->path, word) == 0);
}

/* The files to read: those named, and all if anything else is named or nothing is. */
static const char **list_files(const struct command *command, glob_t *found)
{
	bool wants_all = command->selection_count == 0;
	size_t count = 0;

	for (size_t i = 0; i < command->selection_count; i++) {
		wants_all = wants_all || !is_file(command->selection[i]);
	}
	if (wants_all) {
		glob(all_files, 0, NULL, found);
	}
	const char **files =
	        xcalloc(found->gl_pathc + command->selection_count + 1, sizeof(*files));
	for (size_t i = 0; i < found->gl_pathc; i++) {
		files[count++] = found->gl_pathv[i];
	}
	for (size_t i = 0; i < command->selection_count; i++) {
		const char *word = command->selection[i];
		if (is_file(word) && !is_among(found->gl_pathv, found->gl_pathc, word)) {
			files[count++] = word;
		}
	}
	return files;
}

static void choose(const struct command *command, const struct story_set *set,
        const struct story **chosen, size_t *count, const char **unknown)
{
	*unknown = NULL;
	for (size_t i = 0; i < command->selection_count; i++) {
		bool known = false;
		for (size_t j = 0; j < set->count; j++) {
			known = known ||
			        is_meant(&set->stories[j], command->selection[i]);
		}
		*unknown = known ? *unknown : command->selection[i];
	}
	for (size_t j = 0; j < set->count; j++) {
		bool meant = command->selection_count == 0;
		for (size_t i = 0; i < command->selection_count; i++) {
			meant = meant ||
			        is_meant(&set->stories[j], command->selection[i]);
		}
		if (meant) {
			chosen[(*count)++] = &set->stories[j];
		}
	}
}

bool command_select(const struct command *command, struct story_set *set,
        const struct story ***selected, size_t *count)
{
	struct story_problems problems = {0};
	glob_t found = {0};
	const char **files = list_files(command, &found);
	const char *unknown = NULL;

	*set = (struct story_set){0};
	*selected = NULL;
	*count = 0;
	bool ok = story_load(files, command->engine.worlds_dir, set, &problems);
	for (size_t i = 0; i < problems.count; i++) {
		fprintf(stderr, "%s\n", problems.lines[i]);
	}
	if (ok) {
		*selected = xcalloc(set->count + 1, sizeof(const struct story *));
		choose(command, set, *selected, count, &unknown);
	}
	if (unknown != NULL) {
		fprintf(stderr,
		        "scenario: \"%s\" is no file, scenario, requirement shown, or tag\n",
		        unknown);
		ok = false;
	}
	story_problems_finish(&problems);
	free(files);
	globfree(&found);
	return ok;
}
