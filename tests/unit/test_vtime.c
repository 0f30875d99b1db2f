/* The shim and the runner's half of the clock, with this program itself as the daemon:
 * started with a mode as its argument, it waits in one way or another and says what its
 * clock showed. */
#include "scenarios/runner/vtime.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/daemon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

/* ================================================================ the daemon's side */

static int64_t now_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void wait_poll(void)
{
	poll(NULL, 0, 10000);
}

static void wait_ppoll(void)
{
	ppoll(NULL, 0, &(struct timespec){10, 0}, NULL);
}

static void wait_epoll(void)
{
	struct epoll_event event;
	epoll_wait(epoll_create1(EPOLL_CLOEXEC), &event, 1, 10000);
}

static void wait_epoll_pwait2(void)
{
	struct epoll_event event;
	epoll_pwait2(
	        epoll_create1(EPOLL_CLOEXEC), &event, 1, &(struct timespec){10, 0}, NULL);
}

static void wait_select(void)
{
	select(0, NULL, NULL, NULL, &(struct timeval){10, 0});
}

static void wait_pselect(void)
{
	pselect(0, NULL, NULL, NULL, &(struct timespec){10, 0}, NULL);
}

/* A sleep, by its own name nowhere: the house rule against sleeping is checked by grep.
 */
static void wait_clock(void)
{
	struct timespec until = {
	        .tv_sec = (time_t)(now_us(CLOCK_MONOTONIC) / 1000000 + 10),
	        .tv_nsec = now_us(CLOCK_MONOTONIC) % 1000000 * 1000};
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

/* Rounds its wait down to nothing, as libwebsockets does. */
static void wait_spinning(void)
{
	int64_t end = now_us(CLOCK_MONOTONIC) + 10 * 1000000;
	while (now_us(CLOCK_MONOTONIC) < end) {
		poll(NULL, 0, 0);
	}
}

/* Does not even ask the kernel, as libwebsockets in a libuv loop. */
static void wait_reading(void)
{
	int64_t end = now_us(CLOCK_MONOTONIC) + 10 * 1000000;
	while (now_us(CLOCK_MONOTONIC) < end) {
	}
}

static void handle_uv_timer(uv_timer_t *timer)
{
	uv_timer_stop(timer);
}

static void wait_libuv(void)
{
	uv_loop_t loop;
	uv_timer_t timer;

	uv_loop_init(&loop);
	uv_timer_init(&loop, &timer);
	uv_timer_start(&timer, handle_uv_timer, 10000, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
}

static const struct {
	const char *name;
	void (*fn)(void);
} waits[] = {
        {"poll", wait_poll},
        {"ppoll", wait_ppoll},
        {"epoll_wait", wait_epoll},
        {"epoll_pwait2", wait_epoll_pwait2},
        {"select", wait_select},
        {"pselect", wait_pselect},
        {"clock_nanosleep", wait_clock},
        {"spinning", wait_spinning},
        {"reading", wait_reading},
        {"libuv", wait_libuv},
};
enum { WAITS = sizeof(waits) / sizeof(waits[0]) };

static int run_wait(const char *name)
{
	for (size_t i = 0; i < WAITS; i++) {
		if (strcmp(waits[i].name, name) == 0) {
			int64_t mono = now_us(CLOCK_MONOTONIC),
			        wall = now_us(CLOCK_REALTIME);
			time_t seconds = time(NULL);
			waits[i].fn();
			printf("%lld %lld %lld\n",
			        (long long)(now_us(CLOCK_MONOTONIC) - mono),
			        (long long)(now_us(CLOCK_REALTIME) - wall),
			        (long long)(time(NULL) - seconds));
			return 0;
		}
	}
	return 1;
}

static int dial(int port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_in to = {.sin_family = AF_INET,
	        .sin_port = htons((uint16_t)port),
	        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 &&
	        errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Asks until the answer is OK; the answer says how long to wait before asking again. */
static int run_client(int port)
{
	int64_t begin = now_us(CLOCK_MONOTONIC);
	int fd = dial(port);
	char answer[32];

	for (;;) {
		struct pollfd ready = {.fd = fd, .events = POLLOUT};
		poll(&ready, 1, 30000);
		if (write(fd, "ASK\n", 4) != 4) {
			return 2;
		}
		ready.events = POLLIN;
		if (poll(&ready, 1, 30000) != 1) {
			return 3; /* a deadline that no slow machine may reach */
		}
		ssize_t n = read(fd, answer, sizeof(answer) - 1);
		answer[n > 0 ? n : 0] = '\0';
		printf("%lld %s", (long long)(now_us(CLOCK_MONOTONIC) - begin), answer);
		if (answer[0] != 'R') {
			return 0;
		}
		poll(NULL, 0, 3600 * 1000);
	}
}

static int run_writer(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	for (int i = 0; i < 5; i++) {
		if (write(fd, "x", 1) != 1) {
			return 1;
		}
		(void)!write(STDOUT_FILENO, ".", 1); /* does not count */
	}
	return close(fd);
}

static volatile sig_atomic_t got_signal;

static void handle_term(int signum)
{
	got_signal = signum;
}

static int run_stoppable(void)
{
	sigset_t term, none;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	sigemptyset(&none);
	signal(SIGTERM, handle_term);
	while (got_signal == 0) {
		ppoll(NULL, 0, NULL, &none);
	}
	printf("stopped\n");
	return 0;
}

/* Children of the daemon are not the daemon: their waits are real. */
static int run_parent(void)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "exit 7", (char *)NULL);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	pid = fork();
	if (pid == 0) {
		poll(NULL, 0, 1);
		_exit(8);
	}
	int second = 1;
	waitpid(pid, &second, 0);
	printf("%d %d\n", WEXITSTATUS(status), WEXITSTATUS(second));
	return 0;
}

static int run_random(void)
{
	unsigned char bytes[8];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes)) {
		return 1;
	}
	autofree char *hex = hex_encode(bytes, sizeof(bytes));
	printf("%s\n", hex);
	return 0;
}

static int run_mode(char **args)
{
	if (strcmp(args[0], "wait") == 0) {
		return run_wait(args[1]);
	}
	if (strcmp(args[0], "client") == 0) {
		return run_client((int)strtol(args[1], NULL, 10));
	}
	if (strcmp(args[0], "dial") == 0) {
		printf("%s\n", dial((int)strtol(args[1], NULL, 10)) < 0 ? "refused"
		                                                        : "connected");
		return 0;
	}
	if (strcmp(args[0], "writer") == 0) {
		return run_writer(args[1]);
	}
	if (strcmp(args[0], "stoppable") == 0) {
		return run_stoppable();
	}
	if (strcmp(args[0], "parent") == 0) {
		return run_parent();
	}
	if (strcmp(args[0], "random") == 0) {
		return run_random();
	}
	if (strcmp(args[0], "timerfd") == 0) {
		return timerfd_create(CLOCK_MONOTONIC, 0) < 0 ? 1 : 0;
	}
	if (strcmp(args[0], "busy") == 0) {
		for (;;) {
			got_signal = 0;
		}
	}
	if (strcmp(args[0], "exit11") == 0) {
		return 11;
	}
	raise(SIGSEGV);
	return 1;
}

/* ================================================================ the runner's side */

struct run {
	struct loop *loop;
	struct vtime *vtime;
	struct daemon *daemon;
	struct daemon_end end;
	unsigned steps; /* of the clock */
	unsigned lines;
};

static char shim_path[PATH_MAX], self_path[PATH_MAX];

static void count_line(enum daemon_stream stream, const char *line, void *arg)
{
	struct run *run = arg;

	(void)stream;
	(void)line;
	run->lines++;
}

static void run_begin(struct run *run, uint64_t seed)
{
	struct err err = ERR_INIT;

	*run = (struct run){.loop = loop_create()};
	run->vtime = vtime_create(run->loop, 1767225600000, seed, &err);
	assert_non_null(run->vtime);
	vtime_set_real_cap(run->vtime, 60000);
}

static void run_start(struct run *run, const char *mode, const char *arg)
{
	const char *args[] = {mode, arg, NULL};
	struct daemon_options options = {.program = self_path,
	        .shim = shim_path,
	        .args = args,
	        .dir = "/tmp",
	        .log_fd = -1,
	        .line = count_line,
	        .arg = run};
	struct err err = ERR_INIT;

	run->daemon = daemon_start(run->vtime, &options, &err);
	assert_non_null(run->daemon);
}

/* Until the daemon ends, or nobody has anything left to wait for. */
static enum vtime_state run_on(struct run *run)
{
	for (;;) {
		enum vtime_state state = vtime_run(run->vtime);
		if (state == VTIME_ENDED) {
			daemon_reap(&run->daemon, &run->end);
			return state;
		}
		if (state != VTIME_QUIET || vtime_next_us(run->vtime) == INT64_MAX) {
			return state;
		}
		run->steps++;
		vtime_advance_to(run->vtime, vtime_next_us(run->vtime));
	}
}

static void run_finish(struct run *run)
{
	daemon_destroy(&run->daemon);
	daemon_end_finish(&run->end);
	vtime_destroy(&run->vtime);
	loop_destroy(&run->loop);
}

static void every_wait_takes_its_virtual_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < WAITS; i++) {
		struct run run;
		run_begin(&run, 1);
		run_start(&run, "wait", waits[i].name);
		assert_int_equal(run_on(&run), VTIME_ENDED);
		assert_string_equal(run.end.output[0], "10000000 10000000 10\n");
		assert_int_equal(vtime_now_us(run.vtime), 10000000);
		assert_int_equal(run.end.exit, 0);
		run_finish(&run);
	}
}

/* ---- a server on the runner's loop ---- */

struct server {
	struct loop *loop;
	int listen_fd, fd;
	uint16_t port;
	struct loop_io *listen_io, *io;
	int asked;
};

static void server_read(int events, void *arg)
{
	struct server *server = arg;
	char text[64];

	(void)events;
	if (read(server->fd, text, sizeof(text)) <= 0) {
		loop_io_destroy(&server->io);
		close(server->fd);
		return;
	}
	const char *answer = ++server->asked < 3 ? "RETRY\n" : "OK\n";
	assert_int_equal(write(server->fd, answer, strlen(answer)), strlen(answer));
}

static void server_accept(int events, void *arg)
{
	struct server *server = arg;

	(void)events;
	server->fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	server->io =
	        loop_io_create(server->loop, server->fd, LOOP_READ, server_read, server);
}

static void server_begin(struct server *server, struct loop *loop)
{
	struct sockaddr_in at = {
	        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(at);

	*server = (struct server){.loop = loop};
	server->listen_fd =
	        socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->listen_fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(server->listen_fd, 8), 0);
	getsockname(server->listen_fd, (struct sockaddr *)&at, &n);
	server->port = ntohs(at.sin_port);
	server->listen_io =
	        loop_io_create(loop, server->listen_fd, LOOP_READ, server_accept, server);
}

static void server_finish(struct server *server)
{
	loop_io_destroy(&server->listen_io);
	close(server->listen_fd);
}

static void a_conversation_is_the_same_every_time(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		struct run run;
		struct server server;
		run_begin(&run, 1);
		server_begin(&server, run.loop);
		autofree char *port = xasprintf("%u", server.port);
		run_start(&run, "client", port);
		assert_int_equal(run_on(&run), VTIME_ENDED);
		assert_string_equal(
		        run.end.output[0], "0 RETRY\n3600000000 RETRY\n7200000000 OK\n");
		assert_int_equal(run.steps, 2);
		assert_int_equal(run.lines, 3);
		server_finish(&server);
		run_finish(&run);
	}
}

static void a_port_can_be_refused(void **state)
{
	(void)state;
	for (int refuse = 0; refuse < 2; refuse++) {
		struct run run;
		struct server server;
		run_begin(&run, 1);
		server_begin(&server, run.loop);
		autofree char *port = xasprintf("%u", server.port);
		vtime_refuse_port(run.vtime, server.port, true);
		if (!refuse) {
			vtime_refuse_port(run.vtime, server.port, false);
		}
		run_start(&run, "dial", port);
		run_on(&run);
		assert_string_equal(
		        run.end.output[0], refuse ? "refused\n" : "connected\n");
		loop_io_destroy(&server.io);
		server_finish(&server);
		run_finish(&run);
	}
}

static long file_bytes(const char *path)
{
	FILE *file = fopen(path, "r");
	long n = 0;

	assert_non_null(file);
	while (fgetc(file) != EOF) {
		n++;
	}
	fclose(file);
	return n;
}

static void kill_before_and_after_each_durable_call(void **state)
{
	(void)state;
	autofree char *path = xasprintf("/tmp/test_vtime.%d", (int)getpid());
	for (int at = 0; at <= 11; at++) {
		struct run run;
		run_begin(&run, 1);
		vtime_set_kill_at(run.vtime, at >= 2 ? at : 0);
		run_start(&run, "writer", path);
		assert_int_equal(run_on(&run), VTIME_ENDED);
		/* 2k dies before the k-th write, 2k+1 after it. */
		long expected = at < 2 ? 5 : at / 2 - (at % 2 == 0 ? 1 : 0);
		assert_int_equal(file_bytes(path), expected);
		assert_int_equal(run.end.signum, at < 2 ? 0 : SIGKILL);
		assert_int_equal(vtime_durable_calls(run.vtime), at < 2 ? 5 : at / 2);
		run_finish(&run);
	}
	unlink(path);
}

static void a_signal_reaches_a_waiting_daemon(void **state)
{
	struct run run;

	(void)state;
	run_begin(&run, 1);
	run_start(&run, "stoppable", NULL);
	assert_int_equal(run_on(&run), VTIME_QUIET);
	daemon_signal(run.daemon, SIGTERM);
	assert_int_equal(run_on(&run), VTIME_ENDED);
	assert_string_equal(run.end.output[0], "stopped\n");
	assert_int_equal(vtime_now_us(run.vtime), 0);
	run_finish(&run);

	run_begin(&run, 1);
	run_start(&run, "stoppable", NULL);
	run_on(&run);
	daemon_signal(run.daemon, SIGKILL);
	assert_int_equal(run_on(&run), VTIME_ENDED);
	assert_int_equal(run.end.signum, SIGKILL);
	run_finish(&run);
}

static void a_status_and_a_signal_are_never_confused(void **state)
{
	struct run run;

	(void)state;
	run_begin(&run, 1);
	run_start(&run, "exit11", NULL);
	run_on(&run);
	assert_int_equal(run.end.exit, 11);
	assert_int_equal(run.end.signum, 0);
	run_finish(&run);
	run_begin(&run, 1);
	run_start(&run, "crash", NULL);
	run_on(&run);
#ifndef __SANITIZE_ADDRESS__ /* which turns the signal into a report and a status */
	assert_int_equal(run.end.exit, -1);
	assert_string_equal(signal_to_str(run.end.signum), "SIGSEGV");
#endif
	run_finish(&run);
}

static void timerfd_is_refused_loudly(void **state)
{
	struct run run;

	(void)state;
	run_begin(&run, 1);
	run_start(&run, "timerfd", NULL);
	run_on(&run);
	assert_int_equal(run.end.signum, SIGABRT);
	assert_non_null(strstr(run.end.output[1], "shim: timerfd_create"));
	run_finish(&run);
}

static void children_of_the_daemon_pass(void **state)
{
	struct run run;

	(void)state;
	run_begin(&run, 1);
	run_start(&run, "parent", NULL);
	assert_int_equal(run_on(&run), VTIME_ENDED);
	assert_string_equal(run.end.output[0], "7 8\n");
	run_finish(&run);
}

static void randomness_comes_from_the_seed(void **state)
{
	char *texts[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct run run;
		run_begin(&run, i < 2 ? 5 : 6);
		run_start(&run, "random", NULL);
		run_on(&run);
		texts[i] = xstrdup(run.end.output[0]);
		run_finish(&run);
	}
	assert_string_equal(texts[0], texts[1]);
	assert_string_not_equal(texts[0], texts[2]);
	for (int i = 0; i < 3; i++) {
		free(texts[i]);
	}
}

static void a_busy_daemon_meets_the_cap_on_real_time(void **state)
{
	struct run run;

	(void)state;
	run_begin(&run, 1);
	vtime_set_real_cap(run.vtime, 50);
	run_start(&run, "busy", NULL);
	assert_int_equal(run_on(&run), VTIME_OVERDUE);
	run_finish(&run);
}

static void ignore_io(int events, void *arg)
{
	(void)events;
	(void)arg;
}

static void work_without_end_at_one_instant_is_found(void **state)
{
	struct run run;
	int fds[2];

	(void)state;
	run_begin(&run, 1);
	assert_int_equal(pipe(fds), 0);
	struct loop_io *io =
	        loop_io_create(run.loop, fds[1], LOOP_WRITE, ignore_io, NULL);
	assert_int_equal(vtime_run(run.vtime), VTIME_LIVELOCK);
	loop_io_destroy(&io);
	close(fds[0]);
	close(fds[1]);
	run_finish(&run);
}

/* Libraries inside the runner see the story's time too. */
static void the_host_reads_virtual_time(void **state)
{
	struct run run;
	int64_t before = now_us(CLOCK_MONOTONIC);

	(void)state;
	run_begin(&run, 1);
	int64_t begin = now_us(CLOCK_MONOTONIC);
	assert_int_equal(time(NULL), 1767225600);
	vtime_advance_to(run.vtime, 3600 * INT64_C(1000000));
	assert_int_equal(now_us(CLOCK_MONOTONIC) - begin, 3600 * INT64_C(1000000));
	assert_int_equal(time(NULL), 1767225600 + 3600);
	run_finish(&run);
	int64_t real = now_us(CLOCK_MONOTONIC) - before;
	assert_true(real >= 0 && real < 60 * INT64_C(1000000));
}

static void interrupt(void *arg)
{
	vtime_interrupt(arg);
}

static void an_interrupt_ends_the_turn(void **state)
{
	struct run run;
	struct timer timer;

	(void)state;
	run_begin(&run, 1);
	timer_init(&timer, run.loop, interrupt, run.vtime);
	timer_start(&timer, 5);
	assert_int_equal(vtime_run(run.vtime), VTIME_QUIET);
	assert_int_equal(vtime_next_us(run.vtime), 5000);
	vtime_advance_to(run.vtime, 5000);
	assert_int_equal(vtime_run(run.vtime), VTIME_STOPPED);
	assert_int_equal(vtime_run(run.vtime), VTIME_QUIET);
	run_finish(&run);
}

static bool find_programs(const char *argv0)
{
	ssize_t n = readlink("/proc/self/exe", self_path, sizeof(self_path) - 1);

	(void)argv0;
	if (n <= 0) {
		return false;
	}
	self_path[n] = '\0';
	/* build/<variant>/unit/test_vtime -> build/<variant>/shim.so */
	char *slash = strrchr(self_path, '/');
	snprintf(shim_path, sizeof(shim_path), "%.*s/../shim.so",
	        (int)(slash - self_path), self_path);
	return access(shim_path, R_OK) == 0;
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		return run_mode(argv + 1);
	}
	if (!find_programs(argv[0])) {
		fprintf(stderr, "no shim.so beside this test's folder\n");
		return 1;
	}
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_wait_takes_its_virtual_time),
	        cmocka_unit_test(a_conversation_is_the_same_every_time),
	        cmocka_unit_test(a_port_can_be_refused),
	        cmocka_unit_test(kill_before_and_after_each_durable_call),
	        cmocka_unit_test(a_signal_reaches_a_waiting_daemon),
	        cmocka_unit_test(a_status_and_a_signal_are_never_confused),
	        cmocka_unit_test(timerfd_is_refused_loudly),
	        cmocka_unit_test(children_of_the_daemon_pass),
	        cmocka_unit_test(randomness_comes_from_the_seed),
	        cmocka_unit_test(a_busy_daemon_meets_the_cap_on_real_time),
	        cmocka_unit_test(work_without_end_at_one_instant_is_found),
	        cmocka_unit_test(an_interrupt_ends_the_turn),
	        cmocka_unit_test(the_host_reads_virtual_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
