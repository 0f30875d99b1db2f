#include "scenarios/runner/code_marks.h"

#include "lib/mem.h"
#include "lib/str.h"
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 4 };

static const char mark_start[] = "REQ(\"";

struct scan {
	const char *path;
	const struct requirements *requirements;
	struct code_marks *out;
	struct story_problems *problems;
	char *function; /* whose lines are being read; NULL: none yet */
	int line;
};

/* A definition begins at the line's begin, and its name stands before a parenthesis. */
static void note_function(struct scan *scan, const char *line)
{
	const char *open = strchr(line, '(');
	const char *start = open;

	if (open == NULL || !isalpha((unsigned char)line[0]) || str_ends(line, ";\n")) {
		return;
	}
	while (start > line && (isalnum((unsigned char)start[-1]) || start[-1] == '_')) {
		start--;
	}
	autofree char *name = xstrndup(start, (size_t)(open - start));
	str_replace(&scan->function, name);
}

static void add_mark(struct scan *scan, const char *id, int column)
{
	const struct story_pos pos = {(char *)(uintptr_t)scan->path, scan->line, column};
	struct code_marks *out = scan->out;
	struct requirement_link link;

	if (!requirements_check(scan->requirements, id, &pos, &link, scan->problems)) {
		return;
	}
	out->items = xrealloc(out->items, (out->count + 1) * sizeof(out->items[0]));
	struct code_mark *mark = &out->items[out->count++];
	*mark = (struct code_mark){link, xstrdup(scan->path),
	        xstrdup(scan->function == NULL ? "" : scan->function)};
	mark->link.pos.file = mark->path;
}

static void scan_file(struct scan *scan)
{
	FILE *in = fopen(scan->path, "re");
	char *line = NULL;
	size_t room = 0;

	while (in != NULL && getline(&line, &room, in) >= 0) {
		scan->line++;
		note_function(scan, line);
		const char *found = line + strspn(line, " \t");
		if (str_starts(found, mark_start)) {
			const char *id = found + strlen(mark_start);
			autofree char *text = xstrndup(id, strcspn(id, "\""));
			add_mark(scan, text, (int)(id - line) + 1);
		}
	}
	free(scan->function);
	free(line);
	if (in != NULL) {
		fclose(in);
	}
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.' &&
	       (str_ends(entry->d_name, ".c") || strchr(entry->d_name, '.') == NULL);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void read_folder(const char *dir, int depth, const struct scan *with)
{
	struct dirent **entries = NULL;
	int count = scandir(dir, &entries, is_visible, by_bytes);

	for (int i = 0; i < count; i++) {
		autofree char *path = xasprintf("%s/%s", dir, entries[i]->d_name);
		if (str_ends(path, ".c")) {
			struct scan scan = *with;
			scan.path = path;
			scan_file(&scan);
		} else if (depth < MAX_DEPTH) {
			read_folder(path, depth + 1, with);
		}
		free(entries[i]);
	}
	free(entries);
}

void code_marks_read(const char *dir, const struct requirements *requirements,
        struct code_marks *out, struct story_problems *problems)
{
	const struct scan with = {
	        .requirements = requirements, .out = out, .problems = problems};

	*out = (struct code_marks){0};
	read_folder(dir, 0, &with);
}

void code_marks_finish(struct code_marks *marks)
{
	for (size_t i = 0; i < marks->count; i++) {
		free(marks->items[i].link.id);
		free(marks->items[i].path);
		free(marks->items[i].function);
	}
	free(marks->items);
	*marks = (struct code_marks){0};
}
