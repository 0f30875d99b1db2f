/* How fast sim-matrix is: bench_sim_matrix [SECONDS]. The homeserver runs in a process of
 * its own on one core; this one is the clients and the appservice, on another. What
 * counts is how many sends it does in a second of its CPU time, their transactions
 * included; on a busy machine the wall clock says less. */
#include "lib/http_server.h"
#include "lib/json.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "sim-matrix/sim_matrix.h"
#include "sim-matrix/state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	CLIENTS = 16,
	PEERS_MAX = 64,
	IN_BYTES = 512 * 1024,
	DEFAULT_SECONDS = 5,
};

enum mode { EMPTY, SEND, SEND_PUSHED, MODES };

static const char *const mode_names[MODES] = {
        "an empty HTTP handler",
        "PUT send",
        "PUT send, pushed to an appservice",
};

struct told { /* by the homeserver's process, at its start */
	uint16_t port;
	char token[128], room[128];
};

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set); /* as well as it goes */
}

static double clock_s(clockid_t clock)
{
	struct timespec now = {0};

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void die(const char *what)
{
	fprintf(stderr, "bench_sim_matrix: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* ---- the homeserver's process ---- */

static void handle_empty(struct http_request *req, void *arg)
{
	(void)arg;
	http_request_reply_json(req, 200, "{\"event_id\":\"$\"}");
}

/* One text of the verb's result, or NULL. Caller frees. */
static char *say(
        struct sim_matrix *sim, const char *verb, const char *args, const char *key)
{
	autojson cJSON *object = json_parse(str_from(args), NULL);
	cJSON *result = NULL;
	struct err err = ERR_INIT;
	char *text;

	if (!verb_run(sim_matrix_verbs, verb, sim, object, &result, &err)) {
		fprintf(stderr, "bench_sim_matrix: %s: %s\n", verb, err.msg);
		exit(EXIT_FAILURE);
	}
	text = xstrdup_null(key != NULL ? json_str(result, key) : NULL);
	cJSON_Delete(result);
	return text;
}

static void start_sim(
        struct loop *loop, enum mode mode, uint16_t as_port, struct told *told)
{
	const struct sim_matrix_options opts = {.seed = 1};
	struct sim_matrix *sim = sim_matrix_create(loop, &opts, NULL);
	autofree char *yaml = xasprintf(
	        "id: bench\nurl: http://127.0.0.1:%u\nas_token: A\nhs_token: H\n"
	        "sender_localpart: bot\nnamespaces: {users: [{exclusive: true, regex: "
	        "'^@%s:sim.test$'}], aliases: [], rooms: []}\n",
	        as_port, mode == SEND_PUSHED ? "alice" : "nobody");
	autojson cJSON *args = json_set_str(json_new(), "yaml", yaml);
	autofree char *register_args = json_print(args);
	autofree char *token =
	        say(sim, "register_user", "{\"name\":\"alice\"}", "access_token");
	autofree char *room = say(
	        sim, "create_room", "{\"as\":\"alice\",\"room\":\"bench\"}", "room_id");

	free(say(sim, "register_appservice", register_args, NULL));
	told->port = (uint16_t)strtoul(strrchr(sim_matrix_url(sim), ':') + 1, NULL, 10);
	snprintf(told->token, sizeof(told->token), "%s", token);
	snprintf(told->room, sizeof(told->room), "%s", room);
}

static void serve(enum mode mode, uint16_t as_port, int to_parent)
{
	struct loop *loop = loop_create();
	struct told told = {0};

	pin(0);
	if (mode == EMPTY) {
		struct http_server *http =
		        http_server_create(loop, NULL, handle_empty, NULL, NULL);
		told.port = http_server_port(http);
	} else {
		start_sim(loop, mode, as_port, &told);
	}
	if (write(to_parent, &told, sizeof(told)) != (ssize_t)sizeof(told)) {
		die("pipe");
	}
	loop_run(loop); /* until it is killed */
}

/* ---- clients and appservice ---- */

struct peer {
	int fd;
	bool is_client;
	char in[IN_BYTES];
	size_t n;
};

struct load {
	int epoll_fd, listen_fd;
	uint16_t as_port;
	struct peer *peers[PEERS_MAX];
	size_t count;
	const struct told *told;
	uint64_t txn, answers, transactions, pushed;
};

static void watch(struct load *load, int fd, struct peer *peer)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};

	fcntl(fd, F_SETFL, O_NONBLOCK);
	epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static struct peer *add_peer(struct load *load, int fd, bool is_client)
{
	struct peer *peer = xcalloc(1, sizeof(*peer));
	const int on = 1;

	if (load->count == PEERS_MAX) {
		die("too many connections");
	}
	peer->fd = fd;
	peer->is_client = is_client;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	load->peers[load->count++] = peer;
	watch(load, fd, peer);
	return peer;
}

static void send_all(int fd, const char *data, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, data, n, MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN) {
			die("send");
		}
		if (sent > 0) {
			data += sent;
			n -= (size_t)sent;
		}
	}
}

static void send_message(struct load *load, struct peer *peer)
{
	static const char body[] =
	        "{\"msgtype\":\"m.text\",\"body\":\"A message of ordinary "
	        "length, as people write them to each other.\"}";
	char text[1024];
	int n = snprintf(text, sizeof(text),
	        "PUT /_matrix/client/v3/rooms/%s/send/m.room.message/t%llu HTTP/1.1\r\n"
	        "Host: 127.0.0.1\r\nAccept: */*\r\nAuthorization: Bearer %s\r\n"
	        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
	        load->told->room, (unsigned long long)++load->txn, load->told->token,
	        strlen(body), body);

	send_all(peer->fd, text, (size_t)n);
}

/* The bytes of one whole HTTP message at the start of in, or 0. */
static size_t message_length(struct peer *peer)
{
	peer->in[peer->n] = '\0';
	const char *end = strstr(peer->in, "\r\n\r\n");
	const char *length = strcasestr(peer->in, "\r\nContent-Length: ");
	size_t whole;

	if (end == NULL || length == NULL || length > end) {
		return 0;
	}
	whole = (size_t)(end + 4 - peer->in) + strtoul(length + 18, NULL, 10);
	return whole <= peer->n ? whole : 0;
}

static uint64_t count_events(const char *text, size_t n)
{
	static const char mark[] = "\"event_id\":";
	uint64_t count = 0;
	const char *at = text;

	while ((at = memmem(at, n - (size_t)(at - text), mark, strlen(mark))) != NULL) {
		count++;
		at += strlen(mark);
	}
	return count;
}

static void take(struct load *load, struct peer *peer, size_t whole)
{
	static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	                         "Content-Length: 2\r\n\r\n{}";

	if (!peer->is_client) {
		load->transactions++;
		load->pushed += count_events(peer->in, whole);
		send_all(peer->fd, ok, strlen(ok));
		return;
	}
	if (memmem(peer->in, whole, "\"event_id\"", 10) == NULL) {
		errno = 0;
		die(peer->in);
	}
	load->answers++;
	send_message(load, peer);
}

static void handle(struct load *load, struct peer *peer)
{
	ssize_t n = recv(peer->fd, peer->in + peer->n, IN_BYTES - 1 - peer->n, 0);
	size_t whole;

	if (n == 0) {
		if (peer->is_client) {
			errno = ECONNRESET;
			die("the homeserver has gone");
		}
		epoll_ctl(load->epoll_fd, EPOLL_CTL_DEL, peer->fd, NULL);
		return;
	}
	peer->n += n > 0 ? (size_t)n : 0;
	while ((whole = message_length(peer)) > 0) {
		take(load, peer, whole);
		memmove(peer->in, peer->in + whole, peer->n - whole);
		peer->n -= whole;
	}
}

static void run_load(struct load *load, double seconds)
{
	double end = clock_s(CLOCK_MONOTONIC) + seconds;

	while (clock_s(CLOCK_MONOTONIC) < end) {
		struct epoll_event events[PEERS_MAX];
		int n = epoll_wait(load->epoll_fd, events, PEERS_MAX, 100);

		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr != NULL) {
				handle(load, events[i].data.ptr);
				continue;
			}
			int fd = accept4(load->listen_fd, NULL, NULL, SOCK_CLOEXEC);
			if (fd >= 0) {
				add_peer(load, fd, false);
			}
		}
	}
}

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
	        .sin_port = htons(port),
	        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void open_appservice(struct load *load)
{
	struct sockaddr_in at = loopback(0);
	socklen_t room = sizeof(at);

	load->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	load->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(load->listen_fd, (struct sockaddr *)(void *)&at, sizeof(at)) != 0 ||
	        listen(load->listen_fd, 16) != 0 ||
	        getsockname(load->listen_fd, (struct sockaddr *)(void *)&at, &room) !=
	                0) {
		die("listen");
	}
	load->as_port = ntohs(at.sin_port);
	watch(load, load->listen_fd, NULL);
}

static void open_clients(struct load *load)
{
	struct sockaddr_in to = loopback(load->told->port);

	for (int i = 0; i < CLIENTS; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(fd, (struct sockaddr *)(void *)&to, sizeof(to)) != 0) {
			die("connect");
		}
		send_message(load, add_peer(load, fd, true));
	}
}

static void finish(struct load *load)
{
	for (size_t i = 0; i < load->count; i++) {
		close(load->peers[i]->fd);
		free(load->peers[i]);
	}
	close(load->listen_fd);
	close(load->epoll_fd);
}

/* Sends in a second of the homeserver's CPU time. */
static double measure(struct load *load, pid_t child, enum mode mode, double seconds)
{
	clockid_t clock;
	uint64_t before, pushed;
	double cpu, wall;

	if (clock_getcpuclockid(child, &clock) != 0) {
		die("clock");
	}
	run_load(load, 0.5);
	before = load->answers;
	pushed = load->pushed;
	load->transactions = 0;
	cpu = clock_s(clock);
	wall = clock_s(CLOCK_MONOTONIC);
	run_load(load, seconds);
	cpu = clock_s(clock) - cpu;
	wall = clock_s(CLOCK_MONOTONIC) - wall;
	before = load->answers - before;
	printf("%-36s %8.0f /s of CPU %6.1f us each %8.0f /s of wall clock",
	        mode_names[mode], (double)before / cpu, cpu * 1e6 / (double)before,
	        (double)before / wall);
	if (mode == SEND_PUSHED) {
		printf("; %llu events in %llu transactions",
		        (unsigned long long)(load->pushed - pushed),
		        (unsigned long long)load->transactions);
	}
	printf("\n");
	fflush(stdout);
	return (double)before / cpu;
}

static double bench(enum mode mode, double seconds)
{
	struct load load = {0};
	struct told told;
	int pipe_fds[2];
	pid_t child;
	double rate;

	open_appservice(&load);
	if (pipe2(pipe_fds, O_CLOEXEC) != 0 || (child = fork()) < 0) {
		die("fork");
	}
	if (child == 0) {
		serve(mode, load.as_port, pipe_fds[1]);
		_exit(EXIT_SUCCESS);
	}
	if (read(pipe_fds[0], &told, sizeof(told)) != (ssize_t)sizeof(told)) {
		die("pipe");
	}
	load.told = &told;
	open_clients(&load);
	rate = measure(&load, child, mode, seconds);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	finish(&load);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	return rate;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : DEFAULT_SECONDS;
	double rates[MODES];

	pin(1);
	for (int mode = 0; mode < MODES; mode++) {
		if (argc < 3 || strtol(argv[2], NULL, 10) == mode) {
			rates[mode] = bench((enum mode)mode, seconds);
		}
	}
	if (argc < 3) {
		printf("a send costs %.1f empty requests, with its push %.1f\n",
		        rates[EMPTY] / rates[SEND], rates[EMPTY] / rates[SEND_PUSHED]);
	}
	return EXIT_SUCCESS;
}
