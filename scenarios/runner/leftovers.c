#include "scenarios/runner/leftovers.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/files.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* ---------------------------------------------------------------- processes */

/* The name of a process, by /proc. Caller frees. */
static char *name_of(long pid)
{
	autofree char *path = xasprintf("/proc/%ld/comm", pid);
	FILE *file = fopen(path, "re");
	char text[64] = "?";

	if (file != NULL) {
		if (fgets(text, sizeof(text), file) == NULL) {
			text[0] = '\0';
		}
		fclose(file);
	}
	text[strcspn(text, "\n")] = '\0';
	return xstrdup(text);
}

/* The worker is a subreaper: whatever the daemon started and left is a child of ours now.
 */
static char *kill_children(void)
{
	FILE *children = fopen("/proc/thread-self/children", "re");
	char *text = NULL, *found = NULL;
	size_t room = 0;

	if (children != NULL && getline(&text, &room, children) > 0) {
		char *rest = text;
		for (long pid; (pid = strtol(rest, &rest, 10)) > 0;) {
			autofree char *name = name_of(pid);
			free(found);
			found = xasprintf(
			        "a process that the daemon started still ran: %s", name);
			kill((pid_t)pid, SIGKILL);
		}
	}
	free(text);
	if (children != NULL) {
		fclose(children);
	}
	return found;
}

static char *find_process(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0) { /* ended, only nobody asked how */
	}
	char *found = kill_children();
	while (found != NULL && waitpid(-1, NULL, 0) > 0) {
	}
	return found;
}

/* ---------------------------------------------------------------- files */

struct search {
	const struct play *play;
	char *found;
};

static bool was_written(const struct play *play, const char *name)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, play->written)
	{
		if (str_equal(item->valuestring, name)) {
			return true;
		}
	}
	return false;
}

static void look_at_file(const char *path, const char *name, void *arg)
{
	static const char *const known[] = {"config.yaml", "config.yaml.last-crash",
	        "registration.yaml", "bridge.db", "daemon.log", NULL};
	struct search *search = arg;
	bool is_known = was_written(search->play, name);

	(void)path;
	for (size_t i = 0; known[i] != NULL; i++) {
		is_known = is_known || strcmp(known[i], name) == 0;
	}
	if (!is_known && search->found == NULL) {
		search->found = xasprintf("a file of the daemon's: %s", name);
	}
}

/* Only where the daemon ended in peace: a kill leaves a journal, rightly. */
static char *find_file(const struct play *play)
{
	struct search search = {.play = play};

	if (play->has_stopped && play->options->adapter == NULL) {
		folder_each(play->setup.dir, look_at_file, &search);
	}
	return search.found;
}

char *leftovers_find(struct play *play)
{
	char *found = find_process();

	if (found == NULL && play->has_setup && !setup_port_is_free(&play->setup)) {
		found = xasprintf("somebody still listens on the daemon's port");
	}
	return found != NULL || !play->has_setup ? found : find_file(play);
}
