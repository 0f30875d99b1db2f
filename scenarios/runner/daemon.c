#include "scenarios/runner/daemon.h"

#include "lib/mem.h"

#include "scenarios/runner/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	MAX_UNREPORTED_BYTES = 64 * 1024 * 1024,
	MAX_KEPT_BYTES = 256 * 1024,
	MAX_ARGS = 40,
	OWN_ENV = 7,
	MAX_ENV = 31
};

struct daemon {
	struct vtime *vtime;
	struct vtime_party party;
	pid_t pid;
	int log_fd;
	void (*line)(enum daemon_stream stream, const char *line, void *arg);
	void *arg;
	struct wire *wire;
	uint64_t told_bytes;      /* of its standard output, handed over */
	struct buf unreported[2]; /* read, its lines not handed over yet */
	struct buf kept[2];       /* all it wrote, up to a cap */
};

/* ---------------------------------------------------------------- output */

static bool read_output(int which, void *arg)
{
	struct daemon *daemon = arg;
	char chunk[16384];

	wire_read(daemon->wire);
	for (;;) {
		ssize_t n = read(daemon->party.output[which], chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return n < 0 && errno == EAGAIN;
		}
		buf_add(&daemon->unreported[which], chunk, (size_t)n);
		if (daemon->kept[which].len + (size_t)n <= MAX_KEPT_BYTES) {
			buf_add(&daemon->kept[which], chunk, (size_t)n);
		}
		if (daemon->log_fd >= 0) {
			(void)!write(daemon->log_fd, chunk, (size_t)n);
		}
	}
}

static void hand_over_lines(struct daemon *daemon, enum daemon_stream stream)
{
	struct buf *buf = &daemon->unreported[stream];
	size_t begin = 0;

	while (begin < buf->len) {
		char *end = memchr(buf->data + begin, '\n', buf->len - begin);
		if (end == NULL) {
			break;
		}
		*end = '\0';
		if (stream == DAEMON_STDOUT) {
			wire_hand_over(daemon->wire, daemon->told_bytes + begin);
		}
		daemon->line(stream, buf->data + begin, daemon->arg);
		begin = (size_t)(end - buf->data) + 1;
	}
	buf_consume(buf, begin);
	if (stream == DAEMON_STDOUT) {
		daemon->told_bytes += begin;
		wire_hand_over(daemon->wire, UINT64_MAX);
	}
}

static void report_output(void *arg)
{
	struct daemon *daemon = arg;

	hand_over_lines(daemon, DAEMON_STDERR);
	hand_over_lines(daemon, DAEMON_STDOUT);
}

/* ---------------------------------------------------------------- starting */

static _Noreturn void run_child(struct daemon *daemon,
        const struct daemon_options *options, const int out[2], char *const *args,
        char *const *env)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	int null = open("/dev/null", O_RDONLY);
	if (dup2(null, STDIN_FILENO) < 0 || dup2(out[0], STDOUT_FILENO) < 0 ||
	        dup2(out[1], STDERR_FILENO) < 0 || chdir(options->dir) != 0) {
		_exit(127);
	}
	syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
	vtime_enter_child(daemon->vtime);
	if (!sandbox_enter(options->around, options->dir)) {
		_exit(126);
	}
	execvpe(args[0], args, env);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", options->program, strerror(errno));
	_exit(127);
}

static bool make_pipe(int *ours, int *theirs)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0) {
		return false;
	}
	*ours = fds[0];
	*theirs = fds[1];
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	fcntl(fds[1], F_SETPIPE_SZ,
	        1024 * 1024); /* fewer interruptions; smaller is fine too */
	return true;
}

/* A story's variables, in place of our own of that name. */
static void add_env(char **env, const cJSON *story)
{
	const cJSON *item;
	size_t count = OWN_ENV;

	cJSON_ArrayForEach(item, story)
	{
		size_t n = strlen(item->string), at = 0;
		while (at < OWN_ENV &&
		        (strncmp(env[at], item->string, n) != 0 || env[at][n] != '=')) {
			at++;
		}
		if (!cJSON_IsString(item) || (at == OWN_ENV && count == MAX_ENV)) {
			continue;
		}
		at = at == OWN_ENV ? count++ : at;
		free(env[at]);
		env[at] = xasprintf("%s=%s", item->string, item->valuestring);
	}
}

/* The same whatever surrounds the runner, but for what a wrapper such as valgrind needs.
 */
static void make_env(
        const struct daemon *daemon, const struct daemon_options *options, char **env)
{
	const char *path = getenv("PATH");

	const char *slash = strrchr(options->shim, '/');

	env[0] = options->memory_fails && slash != NULL
	                 ? xasprintf("LD_PRELOAD=%.*s/memory.so:%s",
	                           (int)(slash - options->shim), options->shim,
	                           options->shim)
	                 : xasprintf("LD_PRELOAD=%s", options->shim);
	env[1] = xstrdup(vtime_env(daemon->vtime));
	env[2] = xasprintf("HOME=%s", options->dir);
	env[3] = xasprintf("PATH=%s", path != NULL ? path : "/usr/bin:/bin");
	env[4] = xstrdup("ASAN_OPTIONS=verify_asan_link_order=0:strict_string_checks=1:"
	                 "detect_stack_use_after_return=1:check_initialization_order=1");
	env[5] = xstrdup("UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1");
	env[6] = xstrdup("TZ=UTC");
	add_env(env, json_obj(options->around, "env"));
}

static size_t add_args(char **args, size_t count, const char *const *words)
{
	for (size_t i = 0; words != NULL && words[i] != NULL && count < MAX_ARGS; i++) {
		args[count++] = xstrdup(words[i]);
	}
	return count;
}

static bool fork_child(
        struct daemon *daemon, const struct daemon_options *options, const int out[2])
{
	char *args[MAX_ARGS + 2] = {NULL};
	char *env[MAX_ENV + 1] = {NULL};

	size_t count = add_args(args, 0, options->wrapper);
	args[count++] = xstrdup(options->program);
	add_args(args, count, options->args);
	make_env(daemon, options, env);
	fflush(NULL);
	daemon->pid = fork();
	if (daemon->pid == 0) {
		run_child(daemon, options, out, args, env);
	}
	for (size_t i = 0; args[i] != NULL; i++) {
		free(args[i]);
	}
	for (size_t i = 0; env[i] != NULL; i++) {
		free(env[i]);
	}
	return daemon->pid > 0;
}

static void free_daemon(struct daemon **daemon)
{
	int fds[] = {(*daemon)->party.pidfd, (*daemon)->party.output[0],
	        (*daemon)->party.output[1]};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (fds[i] >= 0) {
			close(fds[i]);
		}
	}
	for (int i = 0; i < 2; i++) {
		buf_finish(&(*daemon)->unreported[i]);
		buf_finish(&(*daemon)->kept[i]);
	}
	free(*daemon);
	*daemon = NULL;
}

struct daemon *daemon_start(
        struct vtime *vtime, const struct daemon_options *options, struct err *err)
{
	struct daemon *daemon = xcalloc(1, sizeof(*daemon));
	int theirs[2] = {-1, -1};

	daemon->vtime = vtime;
	daemon->log_fd = options->log_fd;
	daemon->line = options->line;
	daemon->wire = options->wire;
	daemon->arg = options->arg;
	daemon->party =
	        (struct vtime_party){-1, {-1, -1}, read_output, report_output, daemon};
	for (int i = 0; i < 2; i++) {
		buf_init(&daemon->unreported[i], MAX_UNREPORTED_BYTES);
		buf_init(&daemon->kept[i], MAX_KEPT_BYTES);
	}
	bool ok = make_pipe(&daemon->party.output[0], &theirs[0]) &&
	          make_pipe(&daemon->party.output[1], &theirs[1]) &&
	          fork_child(daemon, options, theirs);
	int failed = errno;
	for (int i = 0; i < 2; i++) {
		if (theirs[i] >= 0) {
			close(theirs[i]);
		}
	}
	if (ok) {
		daemon->party.pidfd = (int)syscall(SYS_pidfd_open, daemon->pid, 0);
		ok = daemon->party.pidfd >= 0;
	}
	if (!ok) {
		err_set(err, ERR_PERMANENT, failed, "cannot start the daemon: %s",
		        strerror(failed));
		free_daemon(&daemon);
		return NULL;
	}
	vtime_attach(vtime, &daemon->party);
	return daemon;
}

int daemon_pid(const struct daemon *daemon)
{
	return (int)daemon->pid;
}

/* ---------------------------------------------------------------- ending */

void daemon_signal(struct daemon *daemon, int signum)
{
	struct pollfd ended = {.fd = daemon->party.pidfd, .events = POLLIN};

	kill(daemon->pid, signum);
	if (signum == SIGKILL) {
		/* Its sockets close when it is gone: that moment must not be left to
		 * chance. */
		while (poll(&ended, 1, -1) < 0 && errno == EINTR) {
		}
	}
	vtime_wake(daemon->vtime);
}

/* A last line without an end is a line too. */
static void finish_output(struct daemon *daemon)
{
	for (int i = 0; i < 2; i++) {
		read_output(i, daemon);
		if (daemon->unreported[i].len > 0) {
			buf_puts(&daemon->unreported[i], "\n");
		}
	}
	report_output(daemon);
	wire_end_life(daemon->wire);
}

void daemon_reap(struct daemon **daemon, struct daemon_end *end)
{
	int status = 0;

	vtime_detach((*daemon)->vtime);
	while (waitpid((*daemon)->pid, &status, 0) < 0 && errno == EINTR) {
	}
	finish_output(*daemon);
	end->signum = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	end->exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	for (int i = 0; i < 2; i++) {
		end->output[i] = xstrdup(buf_cstr(&(*daemon)->kept[i]));
	}
	free_daemon(daemon);
}

void daemon_end_finish(struct daemon_end *end)
{
	free(end->output[0]);
	free(end->output[1]);
	*end = (struct daemon_end){0};
}

static void ignore_line(enum daemon_stream stream, const char *line, void *arg)
{
	(void)stream;
	(void)line;
	(void)arg;
}

void daemon_destroy(struct daemon **daemon)
{
	struct daemon_end end;

	if (*daemon == NULL) {
		return;
	}
	(*daemon)->line = ignore_line;
	kill((*daemon)->pid, SIGKILL);
	daemon_reap(daemon, &end);
	daemon_end_finish(&end);
}

const char *signal_to_str(int signum)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {
	        {SIGHUP, "SIGHUP"},
	        {SIGINT, "SIGINT"},
	        {SIGQUIT, "SIGQUIT"},
	        {SIGILL, "SIGILL"},
	        {SIGTRAP, "SIGTRAP"},
	        {SIGABRT, "SIGABRT"},
	        {SIGBUS, "SIGBUS"},
	        {SIGFPE, "SIGFPE"},
	        {SIGKILL, "SIGKILL"},
	        {SIGSEGV, "SIGSEGV"},
	        {SIGPIPE, "SIGPIPE"},
	        {SIGALRM, "SIGALRM"},
	        {SIGTERM, "SIGTERM"},
	        {SIGSYS, "SIGSYS"},
	        {SIGXCPU, "SIGXCPU"},
	        {SIGXFSZ, "SIGXFSZ"},
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].number == signum) {
			return names[i].name;
		}
	}
	return "an unknown signal";
}
