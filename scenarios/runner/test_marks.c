#include "scenarios/runner/test_marks.h"

#include "lib/mem.h"
#include "lib/str.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static const char mark_start[] = "/* proves: ";

struct scan {
	const char *path;
	const struct requirements *requirements;
	struct test_marks *out;
	struct story_problems *problems;
	int line;
};

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

/* The identifier before the first parenthesis of a line. Caller frees; NULL if there is
 * none. */
static char *function_name(const char *line)
{
	if (str_starts(line, "#") || str_starts(line, "/")) {
		return NULL;
	}
	const char *open = strchr(line, '(');
	const char *start = open;

	while (start != NULL && start > line && is_word(start[-1])) {
		start--;
	}
	return start == NULL || start == open ? NULL
	                                      : xstrndup(start, (size_t)(open - start));
}

static void add_mark(struct scan *scan, const char *id, int column, const char *test)
{
	const struct story_pos pos = {(char *)(uintptr_t)scan->path, scan->line, column};
	struct test_marks *out = scan->out;

	struct requirement_link link;
	if (!requirements_check(scan->requirements, id, &pos, &link, scan->problems)) {
		return;
	}
	out->items = xrealloc(out->items, (out->count + 1) * sizeof(out->items[0]));
	struct test_mark *mark = &out->items[out->count++];
	*mark = (struct test_mark){link, xstrdup(scan->path), xstrdup(test)};
	mark->link.pos.file = mark->path;
}

/* "test_queue" of "tests/unit/test_queue.c". Caller frees. */
static char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;

	return xstrndup(base, strcspn(base, "."));
}

/* line: from the mark on; next: the line below it, or "". Above no function the mark
 * speaks for the whole file. */
static void read_mark(struct scan *scan, const char *line, int column, const char *next)
{
	char *function = function_name(next);
	autofree char *test = function == NULL ? file_name(scan->path) : function;
	const char *at = line + strlen(mark_start);

	while (*at != '\0' && *at != '*') {
		size_t n = strcspn(at, ", *");
		if (n > 0) {
			autofree char *id = xstrndup(at, n);
			add_mark(scan, id, column + (int)(at - line), test);
		}
		at += n;
		at += strspn(at, ", ");
	}
}

static void scan_file(struct scan *scan)
{
	const struct story_pos start = {(char *)(uintptr_t)scan->path, 1, 1};
	FILE *in = fopen(scan->path, "re");
	char *line = NULL, *mark = NULL;
	size_t room = 0;
	int row = 0, column = 0;

	if (in == NULL) {
		story_problem(scan->problems, &start, "cannot be read");
		return;
	}
	while (getline(&line, &room, in) >= 0) {
		row++;
		if (mark != NULL) {
			scan->line = row - 1;
			read_mark(scan, mark, column, line);
			str_replace(&mark, NULL);
		}
		const char *found = line + strspn(line, " \t");
		if (str_starts(found, mark_start)) {
			column = (int)(found - line) + 1;
			str_replace(&mark, found);
		}
	}
	scan->line = row;
	if (mark != NULL) {
		read_mark(scan, mark, column, "");
	}
	free(mark);
	free(line);
	fclose(in);
}

static int only_c(const struct dirent *entry)
{
	return str_ends(entry->d_name, ".c");
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

void test_marks_read(const char *dir, const struct requirements *requirements,
        struct test_marks *out, struct story_problems *problems)
{
	struct dirent **entries = NULL;
	*out = (struct test_marks){0};
	int count = scandir(dir, &entries, only_c, by_bytes);

	for (int i = 0; i < count; i++) {
		autofree char *path = xasprintf("%s/%s", dir, entries[i]->d_name);
		struct scan scan = {.path = path,
		        .requirements = requirements,
		        .out = out,
		        .problems = problems};
		scan_file(&scan);
		free(entries[i]);
	}
	free(entries);
}

void test_marks_finish(struct test_marks *marks)
{
	for (size_t i = 0; i < marks->count; i++) {
		free(marks->items[i].link.id);
		free(marks->items[i].path);
		free(marks->items[i].test);
	}
	free(marks->items);
	*marks = (struct test_marks){0};
}
