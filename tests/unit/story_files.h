/* story_files: files for the tests of the scenario language, in a folder of their own. */
#ifndef TEST_STORY_FILES_H
#define TEST_STORY_FILES_H

#include "lib/mem.h"
#include "scenarios/runner/story.h"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct files {
	char dir[64];
	char worlds[80];
};

static inline void files_init(struct files *files)
{
	snprintf(files->dir, sizeof(files->dir), "/tmp/test-story-XXXXXX");
	assert_non_null(mkdtemp(files->dir));
	snprintf(files->worlds, sizeof(files->worlds), "%s/worlds", files->dir);
	assert_int_equal(mkdir(files->worlds, 0700), 0);
}

static inline void files_empty(const char *dir)
{
	DIR *folder = opendir(dir);
	assert_non_null(folder);
	for (struct dirent *entry = readdir(folder); entry != NULL;
	        entry = readdir(folder)) {
		autofree char *path = xasprintf("%s/%s", dir, entry->d_name);
		if (entry->d_name[0] != '.') {
			unlink(path);
		}
	}
	closedir(folder);
	rmdir(dir);
}

static inline void files_finish(struct files *files)
{
	files_empty(files->worlds);
	files_empty(files->dir);
}

/* Returns the path. Caller frees. */
static inline char *files_write(
        const struct files *files, const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", files->dir, name);
	FILE *out = fopen(path, "we");
	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
	return path;
}

/* Whether one of the problems ends with the text. */
static inline bool problems_have(const struct story_problems *problems, const char *end)
{
	for (size_t i = 0; i < problems->count; i++) {
		size_t n = strlen(problems->lines[i]), m = strlen(end);
		if (n >= m && strcmp(problems->lines[i] + n - m, end) == 0) {
			return true;
		}
	}
	return false;
}

static inline void problems_print(const struct story_problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		print_message("  %s\n", problems->lines[i]);
	}
}

#endif
