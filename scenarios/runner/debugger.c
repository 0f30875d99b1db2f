#include "scenarios/runner/debugger.h"

#include "lib/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct debugger {
	pid_t pid;
};

static _Noreturn void become_gdb(pid_t daemon, const char *program, const char *script)
{
	autofree char *pid = xasprintf("%d", (int)daemon);
	const char *args[] = {"gdb", "-q", "-nx", "-ex", "set pagination off", "-ex",
	        "set debuginfod enabled off", program, "-p", pid, "-batch", "-x", script,
	        NULL};

	if (script == NULL) {
		args[10] = NULL;
	}
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	execvp(args[0], (char *const *)(void *)args);
	perror("gdb");
	_exit(127);
}

struct debugger *debugger_start(pid_t daemon, const char *program, const char *script)
{
	struct debugger *debugger = xcalloc(1, sizeof(*debugger));

	signal(SIGINT, SIG_IGN); /* Ctrl-C is for gdb */
	fflush(NULL);
	debugger->pid = fork();
	if (debugger->pid == 0) {
		become_gdb(daemon, program, script);
	}
	if (debugger->pid < 0) {
		free(debugger);
		return NULL;
	}
	return debugger;
}

void debugger_stop(pid_t daemon)
{
	kill(daemon, SIGTRAP);
}

void debugger_wait(struct debugger **debugger)
{
	if (*debugger == NULL) {
		return;
	}
	while (waitpid((*debugger)->pid, NULL, 0) < 0 && errno == EINTR) {
	}
	free(*debugger);
	*debugger = NULL;
}
