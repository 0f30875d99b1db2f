/* `scenario report`: the last run as one HTML file. */
#include "lib/mem.h"

#include "scenarios/runner/command.h"
#include "scenarios/runner/page.h"

#include <stdlib.h>

int command_report(const struct command *command)
{
	autofree char *path = xasprintf("%s/report.html", command->engine.out_dir);
	const struct story **stories = NULL;
	struct story_set set = {0};
	struct err err = ERR_INIT;
	size_t count = 0, shown = 0;
	int status = STATUS_USAGE;

	if (command->selection_count == 0 ||
	        command_select(command, &set, &stories, &count)) {
		bool ok = page_write(
		        path, command->engine.out_dir, stories, count, &shown, &err);
		if (!ok) {
			fprintf(stderr, "scenario: %s\n", err.msg);
		} else if (shown == 0) {
			fprintf(stderr, "scenario: nothing was played yet in %s\n",
			        command->engine.out_dir);
		} else {
			printf("%s: %zu scenarios\n", path, shown);
			status = STATUS_OK;
		}
	}
	free(stories);
	story_set_finish(&set);
	return status;
}
