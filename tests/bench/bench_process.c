#include "tests/bench/bench_process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_ARGS = 15 };

void bench_die(const char *what, const char *why)
{
	fprintf(stderr, "bench: %s: %s\n", what, why);
	exit(EXIT_FAILURE);
}

void bench_pin(int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)processor, &set);
	sched_setaffinity(0, sizeof(set), &set); /* as well as it goes */
}

static _Noreturn void become(const char *const *args, const char *dir, const char *log)
{
	char *copies[MAX_ARGS + 1] = {NULL};
	int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

	for (size_t i = 0; i < MAX_ARGS && args[i] != NULL; i++) {
		copies[i] = strdup(args[i]);
	}
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	bench_pin(0);
	if (chdir(dir) == 0) {
		execv(copies[0], copies);
	}
	_exit(127);
}

pid_t bench_process_start(const char *const *args, const char *dir, const char *log)
{
	pid_t pid = fork();

	if (pid < 0) {
		bench_die(args[0], "no process");
	}
	if (pid == 0) {
		become(args, dir, log);
	}
	return pid;
}

void bench_process_stop(pid_t pid)
{
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

int64_t bench_cpu_us(pid_t pid)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) {
		return 0;
	}
	return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

int64_t bench_cpu_of_family_us(pid_t pid)
{
	int64_t sum = bench_cpu_us(pid);
	char path[64], text[4096];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	FILE *file = fopen(path, "re");
	if (file == NULL) {
		return sum;
	}
	if (fgets(text, sizeof(text), file) != NULL) {
		char *at = text;
		for (long child; (child = strtol(at, &at, 10)) > 0;) {
			sum += bench_cpu_us((pid_t)child);
		}
	}
	fclose(file);
	return sum;
}

long bench_memory_kib(pid_t pid, const char *field)
{
	char path[64], line[256];
	size_t n = strlen(field);
	long kib = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *status = fopen(path, "re");
	while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
		if (strncmp(line, field, n) == 0 && line[n] == ':') {
			kib = strtol(line + n + 1, NULL, 10);
		}
	}
	if (status != NULL) {
		fclose(status);
	}
	return kib;
}

void bench_forget_peak(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", (int)pid);
	FILE *file = fopen(path, "we");
	if (file != NULL) {
		fputs("5", file);
		fclose(file);
	}
}

int64_t bench_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

double bench_load_average(void)
{
	double load = 0;

	return getloadavg(&load, 1) == 1 ? load : -1;
}
