#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/adapter.h"
#include "scenarios/runner/catalogue.h"
#include "scenarios/runner/command.h"

#include <stdlib.h>
#include <string.h>

static const char catalogue_dir[] = "scenarios";

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

/* "020" of "020-text-both-ways". */
static bool is_number(const char *id, const char *word)
{
	size_t n = strspn(word, "0123456789");
	return n > 0 && word[n] == '\0' && strncmp(id, word, n) == 0 && id[n] == '-';
}

/* An ID names its variation, or without one all of them. */
static bool is_meant(const struct story *story, const char *word)
{
	size_t n = strlen(word);
	bool is_id = strncmp(story->id, word, n) == 0 &&
	             (story->id[n] == '\0' || story->id[n] == '[');

	return is_id || is_number(story->id, word) ||
	       catalogue_is_below(story->path, word) ||
	       is_among(story->proves, story->proves_count, word) ||
	       is_among(story->tags, story->tags_count, word) ||
	       (is_file(word) && strcmp(story->path, word) == 0);
}

/* The files to read: those named, and all if anything else is named or nothing is. */
static const char **list_files(const struct command *command, struct catalogue *found)
{
	bool wants_all = command->selection_count == 0;
	size_t count = 0;

	for (size_t i = 0; i < command->selection_count; i++) {
		wants_all = wants_all || !is_file(command->selection[i]);
	}
	if (wants_all) {
		catalogue_read(catalogue_dir, found);
	}
	const char **files =
	        xcalloc(found->count + command->selection_count + 1, sizeof(*files));
	for (size_t i = 0; i < found->count; i++) {
		files[count++] = found->paths[i];
	}
	for (size_t i = 0; i < command->selection_count; i++) {
		const char *word = command->selection[i];
		if (is_file(word) && !is_among(found->paths, found->count, word)) {
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
	struct catalogue found = {0};
	const char **files = list_files(command, &found);
	const char *unknown = NULL;

	*set = (struct story_set){0};
	*selected = NULL;
	*count = 0;
	bool ok = story_load(files, command->engine.worlds_dir,
	        command->engine.adapter == NULL ? NULL
	                                        : command->engine.adapter->worlds_dir,
	        set, &problems);
	for (size_t i = 0; i < problems.count; i++) {
		fprintf(stderr, "%s\n", problems.lines[i]);
	}
	if (ok) {
		*selected = xcalloc(set->count + 1, sizeof(const struct story *));
		choose(command, set, *selected, count, &unknown);
	}
	if (unknown != NULL) {
		fprintf(stderr,
		        "scenario: \"%s\" is no file, folder, scenario, requirement shown, or tag\n",
		        unknown);
		ok = false;
	}
	story_problems_finish(&problems);
	free(files);
	catalogue_finish(&found);
	return ok;
}
