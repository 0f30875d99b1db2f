#include "scenarios/runner/pool.h"

#include "lib/buf.h"
#include "lib/mem.h"

#include "scenarios/runner/daemon.h"
#include "scenarios/runner/realtime.h"
#include "scenarios/runner/result.h"
#include "scenarios/runner/setup.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_JOBS = 64, MAX_RESULT_BYTES = 16 * 1024 * 1024, GRACE_MS = 15000 };

struct worker {
	pid_t pid; /* 0: free */
	int fd;    /* its result comes here */
	size_t task;
	struct buf text;
	int64_t deadline_ms; /* real: past its own cap and a grace */
	bool overdue;
};

struct pool {
	const struct pool_task *tasks;
	size_t count, next, told; /* next: to start; told: given to done() */
	struct engine_result *results;
	bool *has_result;
	struct worker workers[MAX_JOBS];
	unsigned jobs;
	pool_done_fn *done;
	void *arg;
	bool stopped;
};

/* ---------------------------------------------------------------- the worker's side */

static unsigned count_processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set)
	                                                    : 1;
}

/* To one of the processors we may use. */
static void pin(unsigned slot)
{
	cpu_set_t allowed, one;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
		return;
	}
	unsigned skip = slot % (unsigned)CPU_COUNT(&allowed);
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &allowed) && skip-- == 0) {
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			sched_setaffinity(0, sizeof(one), &one);
			return;
		}
	}
}

static bool play_and_tell(const struct pool_task *task, int fd)
{
	struct engine_result result;

	engine_run(task->story, &task->options, &result);
	autojson cJSON *json = result_to_json(task->story, &result);
	autofree char *text = json_print(json);
	engine_result_finish(&result);
	return dprintf(fd, "%s", text) > 0;
}

static _Noreturn void run_worker(const struct pool_task *task, unsigned slot, int fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	pin(slot);
	exit(play_and_tell(task, fd) ? 0 : 1);
}

/* ---------------------------------------------------------------- the runner's side */

static bool start_worker(struct pool *pool, unsigned slot)
{
	struct worker *worker = &pool->workers[slot];
	const struct pool_task *task = &pool->tasks[pool->next];
	int fds[2];

	if (pipe(fds) != 0) {
		return false;
	}
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		close(fds[0]);
		run_worker(task, slot, fds[1]);
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return false;
	}
	*worker = (struct worker){.pid = pid, .fd = fds[0], .task = pool->next++};
	int64_t limit_ms = engine_real_limit_ms(task->story, &task->options);
	worker->deadline_ms =
	        limit_ms == INT64_MAX ? INT64_MAX : realtime_ms() + limit_ms + GRACE_MS;
	buf_init(&worker->text, MAX_RESULT_BYTES);
	return true;
}

/* What it could not say itself. */
static void give_verdict(
        struct engine_result *result, const struct worker *worker, int status)
{
	*result = (struct engine_result){.verdict = VERDICT_HARNESS};
	if (worker->overdue) {
		result->verdict = VERDICT_UNKNOWN;
		result->failure = xstrdup(
		        "the run did not end at its cap on real time and was killed");
	} else if (WIFSIGNALED(status)) {
		result->failure = xasprintf("the process that played it died: %s",
		        signal_to_str(WTERMSIG(status)));
	} else {
		result->failure = xasprintf(
		        "the process that played it ended with status %d and no result",
		        WEXITSTATUS(status));
	}
}

static void end_worker(struct pool *pool, struct worker *worker)
{
	struct engine_result *result = &pool->results[worker->task];
	int status = 0;

	close(worker->fd);
	while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR) {
	}
	autojson cJSON *json = json_parse(buf_str(&worker->text), NULL);
	if (status != 0 || !result_from_json(json, result)) {
		engine_result_finish(result);
		give_verdict(result, worker, status);
	}
	pool->has_result[worker->task] = true;
	buf_finish(&worker->text);
	worker->pid = 0;
}

static void read_worker(struct pool *pool, struct worker *worker)
{
	char chunk[16384];
	ssize_t n = read(worker->fd, chunk, sizeof(chunk));

	if (n > 0) {
		buf_add(&worker->text, chunk, (size_t)n);
	} else if (n == 0 || errno != EINTR) {
		end_worker(pool, worker);
	}
}

static void tell_results(struct pool *pool)
{
	while (!pool->stopped && pool->told < pool->count &&
	        pool->has_result[pool->told]) {
		size_t index = pool->told++;
		if (!pool->done(index, &pool->tasks[index], &pool->results[index],
		            pool->arg)) {
			pool->stopped = true;
		}
	}
}

/* Waits until a worker has something to say, or is overdue. */
static void wait_for_workers(struct pool *pool)
{
	struct pollfd fds[MAX_JOBS];

	for (unsigned i = 0; i < pool->jobs; i++) {
		bool runs = pool->workers[i].pid > 0;
		fds[i] = (struct pollfd){
		        .fd = runs ? pool->workers[i].fd : -1, .events = POLLIN};
	}
	poll(fds, pool->jobs, 1000);
	for (unsigned i = 0; i < pool->jobs; i++) {
		struct worker *worker = &pool->workers[i];
		if (worker->pid > 0 && fds[i].revents != 0) {
			read_worker(pool, worker);
		} else if (worker->pid > 0 && realtime_ms() > worker->deadline_ms) {
			worker->overdue = true;
			kill(worker->pid, SIGKILL);
		}
	}
}

static unsigned count_running(const struct pool *pool)
{
	unsigned count = 0;

	for (unsigned i = 0; i < pool->jobs; i++) {
		count += pool->workers[i].pid > 0 ? 1 : 0;
	}
	return count;
}

static void start_workers(struct pool *pool)
{
	for (unsigned i = 0; i < pool->jobs && pool->next < pool->count; i++) {
		if (pool->workers[i].pid == 0 && !start_worker(pool, i)) {
			return; /* try again when one has ended */
		}
	}
}

static void kill_workers(struct pool *pool)
{
	for (unsigned i = 0; i < pool->jobs; i++) {
		if (pool->workers[i].pid > 0) {
			kill(pool->workers[i].pid, SIGKILL);
			end_worker(pool, &pool->workers[i]);
		}
	}
}

void pool_run(const struct pool_task *tasks, size_t count, unsigned jobs,
        pool_done_fn *done, void *arg)
{
	struct pool pool = {.tasks = tasks, .count = count, .done = done, .arg = arg};

	pool.jobs = jobs == 0 ? count_processors() : jobs;
	pool.jobs = pool.jobs > MAX_JOBS ? MAX_JOBS : pool.jobs;
	pool.results = xcalloc(count + 1, sizeof(*pool.results));
	pool.has_result = xcalloc(count + 1, sizeof(*pool.has_result));
	while (!pool.stopped && pool.told < count) {
		start_workers(&pool);
		if (count_running(&pool) == 0) {
			break; /* no process can be started at all: the rest has no result
			        */
		}
		wait_for_workers(&pool);
		tell_results(&pool);
	}
	kill_workers(&pool);
	for (size_t i = 0; i < count; i++) {
		engine_result_finish(&pool.results[i]);
	}
	setup_sweep();
	free(pool.results);
	free(pool.has_result);
}
