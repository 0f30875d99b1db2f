#include "bridge/config/problems.h"

#include "lib/mark.h"
#include "lib/mem.h"

#include "bridge/exit_codes.h"

#include <stdlib.h>
#include <string.h>

static char *printable(char *text)
{
	for (char *p = text; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			*p = '?';
		}
	}
	return text;
}

void problem_add(struct config_problems *problems, struct place place, const char *key,
        int status, const char *fmt, ...)
{
	if (problems->count >=
	        (status == PROBLEM_WARNING ? WARNINGS_MAX : PROBLEMS_MAX)) {
		return;
	}
	problems->items = xrealloc(
	        problems->items, (problems->count + 1) * sizeof(*problems->items));
	struct config_problem *problem = &problems->items[problems->count++];
	va_list args;
	va_start(args, fmt);
	*problem = (struct config_problem){
	        .file = xstrdup(place.file),
	        .line = place.line,
	        .column = place.column,
	        .key = printable(xstrdup(key)),
	        .text = printable(xvasprintf(fmt, args)),
	        .warning = status == PROBLEM_WARNING,
	        .exit_status = status,
	};
	va_end(args);
}

static bool is_before(const struct config_problem *a, const struct config_problem *b)
{
	if ((a->line == 0) != (b->line == 0)) {
		return b->line == 0;
	}
	return a->line < b->line || (a->line == b->line && a->column < b->column);
}

void problems_sort(struct config_problems *problems)
{
	for (size_t i = 1; i < problems->count; i++) {
		struct config_problem moved = problems->items[i];
		size_t to = i;
		while (to > 0 && is_before(&moved, &problems->items[to - 1])) {
			problems->items[to] = problems->items[to - 1];
			to--;
		}
		problems->items[to] = moved;
	}
}

int problems_status(const struct config_problems *problems)
{
	/* As in the mautrix family: first it is parsed, then logging starts, then it is
	 * checked. */
	static const int order[] = {
	        EXIT_CONFIG_UNREADABLE, EXIT_LOGGING, EXIT_CONFIG_INVALID};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		for (size_t j = 0; j < problems->count; j++) {
			if (problems->items[j].exit_status == order[i]) {
				REQ("CONF-07");
				return order[i];
			}
		}
	}
	return 0;
}

bool problems_to_err(const struct config_problems *problems, struct err *err)
{
	size_t count = 0;
	const struct config_problem *first = NULL;

	for (size_t i = 0; i < problems->count; i++) {
		if (!problems->items[i].warning) {
			first = first == NULL ? &problems->items[i] : first;
			count++;
		}
	}
	if (first == NULL) {
		return true;
	}
	int status = problems_status(problems);
	if (count > 1) {
		return err_set(err, ERR_PERMANENT, status, "%zu problems in %s", count,
		        first->file);
	}
	return err_set(err, ERR_PERMANENT, status, "%s: %s%s%s", first->file, first->key,
	        first->key[0] == '\0' ? "" : ": ", first->text);
}

void config_problems_write(const struct config_problems *problems, FILE *out)
{
	REQ("CONF-04");
	for (size_t i = 0; i < problems->count; i++) {
		const struct config_problem *problem = &problems->items[i];
		fputs(problem->file, out);
		if (problem->line > 0) {
			fprintf(out, ":%d:%d", problem->line, problem->column);
		}
		fprintf(out, ": %s%s%s%s\n", problem->warning ? "warning: " : "",
		        problem->key, problem->key[0] == '\0' ? "" : ": ", problem->text);
	}
	if (problems->count >= WARNINGS_MAX) {
		fputs("More problems may have been left out.\n", out);
	}
}

void config_problems_finish(struct config_problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		free(problems->items[i].file);
		free(problems->items[i].key);
		free(problems->items[i].text);
	}
	free(problems->items);
	*problems = (struct config_problems){0};
}
