#include "scenarios/runner/problems.h"

#include "lib/mem.h"
#include "lib/str.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* What stands behind "file:" in a line: where in the file it is. */
static void line_place(const char *line, size_t file_length, long *row, long *column)
{
	char *end = NULL;

	*row = strtol(line + file_length + 1, &end, 10);
	*column = strtol(end + 1, NULL, 10);
}

static bool line_is_later(const char *line, const char *other, size_t file_length)
{
	long row = 0, column = 0, other_row = 0, other_column = 0;

	if (strncmp(line, other, file_length + 1) != 0) {
		return false;
	}
	line_place(line, file_length, &row, &column);
	line_place(other, file_length, &other_row, &other_column);
	return row > other_row || (row == other_row && column > other_column);
}

/* Files stay in the order they were read in; within one, the problems go downwards. */
static void insert(struct story_problems *problems, char *line, size_t file_length)
{
	size_t at = problems->count++;

	problems->lines =
	        xrealloc(problems->lines, problems->count * sizeof(problems->lines[0]));
	while (at > 0 && line_is_later(problems->lines[at - 1], line, file_length)) {
		problems->lines[at] = problems->lines[at - 1];
		at--;
	}
	problems->lines[at] = line;
}

void story_problem(struct story_problems *problems, const struct story_pos *pos,
        const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	autofree char *text = xvasprintf(fmt, args);
	va_end(args);

	char *line = xasprintf("%s:%d:%d: %s", pos->file, pos->line, pos->column, text);
	for (size_t i = 0; i < problems->count; i++) {
		if (strcmp(problems->lines[i], line) == 0) {
			free(line);
			return;
		}
	}
	insert(problems, line, strlen(pos->file));
}

void story_problems_finish(struct story_problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		free(problems->lines[i]);
	}
	free(problems->lines);
	*problems = (struct story_problems){0};
}

void nearest_init(struct nearest *nearest, const char *wanted)
{
	size_t half = strlen(wanted) / 2;

	nearest->wanted = wanted;
	nearest->best = NULL;
	nearest->distance = half < 3 ? (unsigned)half + 1 : 4;
}

void nearest_offer(struct nearest *nearest, const char *name)
{
	unsigned distance = str_distance(nearest->wanted, name, nearest->distance);
	if (distance < nearest->distance) {
		nearest->distance = distance;
		nearest->best = name;
	}
}

char *nearest_hint(const struct nearest *nearest)
{
	if (nearest->best == NULL) {
		return xstrdup("");
	}
	return xasprintf(" (did you mean \"%s\"?)", nearest->best);
}
