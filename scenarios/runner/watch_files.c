/* --watch: the stories again whenever one of their files, a world, or the daemon has been
 * written. */
#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/command.h"

#include <errno.h>
#include <fts.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SETTLING_MS = 150, EVENT_BYTES = 64 * 1024 };

static void watch_folder(int fd, const char *path)
{
	inotify_add_watch(fd, path, IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE);
}

static void watch_folder_of(int fd, const char *path)
{
	autofree char *folder = xstrdup(path);
	char *slash = strrchr(folder, '/');

	if (slash != NULL) {
		*slash = '\0';
	}
	watch_folder(fd, slash == NULL ? "." : folder);
}

static void watch_below(int fd, const char *path)
{
	autofree char *root = xstrdup(path);
	char *roots[] = {root, NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);

	for (FTSENT *entry; tree != NULL && (entry = fts_read(tree)) != NULL;) {
		if (entry->fts_info == FTS_D) {
			watch_folder(fd, entry->fts_path);
		}
	}
	if (tree != NULL) {
		fts_close(tree);
	}
}

static int watch_all(const struct command *command)
{
	int fd = inotify_init1(IN_CLOEXEC);

	watch_below(fd, "scenarios");
	watch_folder_of(fd, command->engine.bridge);
	watch_folder_of(fd, command->engine.shim);
	for (size_t i = 0; i < command->selection_count; i++) {
		if (str_ends(command->selection[i], ".yaml")) {
			watch_folder_of(fd, command->selection[i]);
		}
	}
	return fd;
}

static bool matters(const struct command *command, const char *name)
{
	const char *const programs[] = {command->engine.bridge, command->engine.shim};

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		const char *slash = strrchr(programs[i], '/');
		if (str_equal(slash == NULL ? programs[i] : slash + 1, name)) {
			return true;
		}
	}
	return str_ends(name, ".yaml");
}

/* Whether any of the changes that are there to be read matters. */
static bool read_changes(const struct command *command, int fd)
{
	static char events[EVENT_BYTES] __attribute__((aligned(8)));
	ssize_t n = read(fd, events, sizeof(events));
	bool any = false;

	for (ssize_t at = 0; at < n;) {
		struct inotify_event event;
		memcpy(&event, events + at, sizeof(event));
		const char *name = events + at + sizeof(event);
		any = any || (event.len > 0 && matters(command, name));
		at += (ssize_t)sizeof(event) + event.len;
	}
	return any;
}

/* A change, and then a moment without one: editors and linkers write more than once. */
static void wait_for_change(const struct command *command, int fd)
{
	struct pollfd changes = {.fd = fd, .events = POLLIN};
	bool any = false;

	for (;;) {
		int found = poll(&changes, 1, any ? SETTLING_MS : -1);
		if (found == 0) {
			return;
		}
		if (found > 0) {
			any = read_changes(command, fd) || any;
		}
	}
}

static void play_once(struct command *command)
{
	fflush(NULL);
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		exit(command_run(command));
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
	}
}

int command_watch(struct command *command)
{
	int fd = watch_all(command);

	if (fd < 0) {
		perror("inotify");
		return STATUS_HARNESS;
	}
	for (;;) {
		play_once(command);
		printf("-- waiting for a change\n");
		fflush(stdout);
		wait_for_change(command, fd);
	}
}
