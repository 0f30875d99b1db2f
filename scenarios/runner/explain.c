/* `scenario explain SCENARIO ID`: the life of one message in the last run of a story. */
#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/command.h"
#include "scenarios/runner/lifeline.h"

#include <stdlib.h>
#include <string.h>

static void print_step(const struct evidence *evidence, int64_t number)
{
	const cJSON *step;

	cJSON_ArrayForEach(step, json_arr(evidence->head, "steps"))
	{
		if (json_int(step, "n", -1) == number) {
			printf("   -- step %lld, %s:%d: %s\n", (long long)number,
			        json_str_or(step, "file", ""),
			        (int)json_int(step, "line", 0),
			        json_str_or(step, "verb", ""));
		}
	}
}

/* What one line has no room for. */
static void print_bytes(const cJSON *item)
{
	const char *text = json_str_or(item, "text", "");

	if (json_get(item, "seq") != NULL) {
		return;
	}
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");
		size_t end = n > 0 && text[n - 1] == '\r' ? n - 1 : n;
		printf("           | %.*s\n", (int)end, text);
		text += n + (text[n] == '\n' ? 1 : 0);
	}
}

static void print_life(const struct command *command, const struct evidence *evidence,
        const struct lifeline *life)
{
	autofree char *names = lifeline_names(life);
	autofree char *summary = lifeline_summary(life);
	int64_t step = 0;

	printf("%s\n  known as  %s\n  so far    %s\n\n",
	        json_str_or(evidence->head, "title", ""), names, summary);
	for (size_t i = 0; i < lifeline_count(life); i++) {
		const cJSON *item = lifeline_get(life, i);
		autofree char *line = evidence_line(item);
		if (json_int(item, "step", 0) != step) {
			step = json_int(item, "step", 0);
			print_step(evidence, step);
		}
		printf("%s\n", line);
		if (command->bytes) {
			print_bytes(item);
		}
	}
}

/* A file's name stands for its story. Caller frees. */
static char *story_id(const char *word)
{
	const char *slash = strrchr(word, '/');
	const char *name = slash == NULL ? word : slash + 1;
	size_t n = strlen(name);

	return xstrndup(name, str_ends(name, ".yaml") ? n - strlen(".yaml") : n);
}

int command_explain(const struct command *command)
{
	struct evidence evidence;
	struct err err = ERR_INIT;

	if (command->selection_count != 2) {
		command_usage(stderr);
		return STATUS_USAGE;
	}
	autofree char *id = story_id(command->selection[0]);
	if (!evidence_read(command->engine.out_dir, id, &evidence, &err)) {
		fprintf(stderr, "scenario: %s\n", err.msg);
		return STATUS_USAGE;
	}
	struct lifeline *life = lifeline_create(&evidence, command->selection[1]);
	int status = lifeline_count(life) > 0 ? STATUS_OK : STATUS_FAILED;
	if (status == STATUS_OK) {
		print_life(command, &evidence, life);
	} else {
		fprintf(stderr, "scenario: nothing in that run knows \"%s\"\n",
		        command->selection[1]);
	}
	lifeline_destroy(&life);
	evidence_finish(&evidence);
	return status;
}
