/* How fast sim-slack is: bench_sim_slack [SECONDS [CASE]]. The simulator runs in a
 * process of its own on one core; this one is the client, on another. What counts is how
 * many a second of its CPU time it does; on a busy machine the wall clock says less. */
#include "lib/buf.h"
#include "lib/http_server.h"
#include "lib/json.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/ws_frame.h"
#include "sim-slack/acts.h"
#include "sim-slack/sim.h"
#include "sim-slack/sim_slack.h"

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
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	CONNECTIONS = 16,
	IN_BYTES = 256 * 1024,
	POSTS_A_TURN = 64,
	OUTSTANDING_MAX = 512,
	DEFAULT_SECONDS = 5,
};

enum mode { EMPTY, POST, POST_HEARD, EVENTS, MODES };

static const char *const mode_names[MODES] = {
        "an empty HTTP handler",
        "chat.postMessage",
        "chat.postMessage, and its event on a socket",
        "envelopes acknowledged",
};

struct told { /* by the simulator's process, at its start */
	uint16_t port;
	char bot[128], app[128];
};

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set); /* as well as it goes */
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void die(const char *what)
{
	fprintf(stderr, "bench_sim_slack: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* ---- the simulator's process ---- */

struct server {
	struct loop *loop;
	struct sim_slack *sim;
	struct timer pump;
	int64_t outstanding;
};

static void handle_empty(struct http_request *req, void *arg)
{
	(void)arg;
	http_request_reply_json(req, 200, "{\"ok\":true}");
}

static void handle_record(const cJSON *record, void *arg)
{
	struct server *server = arg;
	const char *kind = json_str_or(record, "kind", "");

	server->outstanding += strcmp(kind, "envelope") == 0;
	server->outstanding -= strcmp(kind, "ack") == 0;
}

/* Alice types as fast as the app listens. */
static void handle_pump(void *arg)
{
	struct server *server = arg;
	struct sim_slack *sim = server->sim;
	const struct post post = {.channel = workspace_channel(&sim->ws, "C0GENERAL0"),
	        .user = workspace_user(&sim->ws, "U0SIMALICE"),
	        .text = "A message of ordinary length, as people write them to each other.",
	        .client_msg_id = "9f1c3e5a-6f0d-4b53-8a43-1d2f64b0f5b7",
	        .own_blocks = true};

	for (int i = 0; i < POSTS_A_TURN && server->outstanding < OUTSTANDING_MAX; i++) {
		act_post(sim, &post, NULL);
	}
	timer_start(&server->pump, server->outstanding < OUTSTANDING_MAX ? 0 : 1);
}

static void say(struct sim_slack *sim, const char *verb, const char *args)
{
	autojson cJSON *object = json_parse(str_from(args), NULL);
	cJSON *result = NULL;
	struct err err = ERR_INIT;

	if (!verb_run(sim_slack_verbs, verb, sim, object, &result, &err)) {
		fprintf(stderr, "bench_sim_slack: %s: %s\n", verb, err.msg);
		exit(EXIT_FAILURE);
	}
	cJSON_Delete(result);
}

static void start_sim(struct server *server, enum mode mode, struct told *told)
{
	const struct sim_slack_options opts = {
	        .seed = 1, .control = true, .tap = handle_record, .tap_arg = server};
	struct sim_slack *sim = sim_slack_create(server->loop, &opts, NULL);

	server->sim = sim;
	say(sim, "knob", "{\"name\":\"tiers\",\"value\":false}");
	say(sim, "knob", "{\"name\":\"events_per_hour\",\"value\":0}");
	if (mode == POST) {
		say(sim, "app", "{\"unsubscribe\":[\"message.channels\"]}");
	}
	say(sim, "app", "{\"unsubscribe\":[\"member_joined_channel\"]}");
	say(sim, "knob", "{\"name\":\"event_delay\",\"value\":0}");
	say(sim, "invite", "{\"in\":\"general\",\"bot\":true}");
	told->port = (uint16_t)strtoul(strrchr(sim_slack_url(sim), ':') + 1, NULL, 10);
	snprintf(told->bot, sizeof(told->bot), "%s", sim->app.tokens[TOKEN_BOT].text);
	snprintf(told->app, sizeof(told->app), "%s", sim->app.tokens[TOKEN_APP].text);
}

static void serve(enum mode mode, int to_parent)
{
	struct server server = {.loop = loop_create()};
	struct told told = {0};

	pin(0);
	if (mode == EMPTY) {
		struct http_server *http =
		        http_server_create(server.loop, NULL, handle_empty, NULL, NULL);
		told.port = http_server_port(http);
	} else {
		start_sim(&server, mode, &told);
	}
	timer_init(&server.pump, server.loop, handle_pump, &server);
	if (mode == EVENTS) {
		timer_start(&server.pump, 1000);
	}
	if (write(to_parent, &told, sizeof(told)) != (ssize_t)sizeof(told)) {
		die("pipe");
	}
	loop_run(server.loop); /* until it is killed */
}

/* ---- the client ---- */

struct peer {
	int fd;
	char in[IN_BYTES];
	size_t n;
	struct ws_decoder decoder;
	bool is_ws;
};

struct load {
	int epoll_fd;
	struct peer *peers[CONNECTIONS + 1];
	size_t count;
	char request[1024];
	size_t request_bytes;
	uint64_t answers, envelopes;
};

static struct peer *connect_peer(struct load *load, uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	        .sin_port = htons(port),
	        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct peer *peer = xcalloc(1, sizeof(*peer));
	const int on = 1;

	peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (peer->fd < 0 ||
	        connect(peer->fd, (struct sockaddr *)(void *)&to, sizeof(to)) != 0) {
		die("connect");
	}
	setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	load->peers[load->count++] = peer;
	return peer;
}

static void watch(struct load *load, struct peer *peer)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};

	fcntl(peer->fd, F_SETFL, O_NONBLOCK);
	epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, peer->fd, &event);
}

static void send_all(struct peer *peer, const char *data, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(peer->fd, data, n, MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN) {
			die("send");
		}
		if (sent > 0) {
			data += sent;
			n -= (size_t)sent;
		}
	}
}

/* The bytes of one whole HTTP answer at the start of in, or 0. */
static size_t answer_length(struct peer *peer)
{
	peer->in[peer->n] = '\0';
	const char *end = strstr(peer->in, "\r\n\r\n");
	const char *length = strstr(peer->in, "Content-Length: ");
	size_t whole;

	if (end == NULL || length == NULL) {
		return 0;
	}
	whole = (size_t)(end + 4 - peer->in) + strtoul(length + 16, NULL, 10);
	return whole <= peer->n ? whole : 0;
}

static void take_answers(struct load *load, struct peer *peer)
{
	size_t whole;

	while ((whole = answer_length(peer)) > 0) {
		if (strstr(peer->in, "\"ok\":true") == NULL) {
			die(peer->in);
		}
		memmove(peer->in, peer->in + whole, peer->n - whole);
		peer->n -= whole;
		load->answers++;
		send_all(peer, load->request, load->request_bytes);
	}
}

static void take_frames(struct load *load, struct peer *peer)
{
	static const uint8_t mask[4] = {1, 2, 3, 4};
	static const char key[] = "{\"envelope_id\":\"";
	struct ws_frame frame;
	struct err err;
	struct buf out;

	ws_decoder_feed(&peer->decoder, (struct str){peer->in, peer->n});
	peer->n = 0;
	buf_init(&out, 1024 * 1024);
	while (ws_decoder_next(&peer->decoder, &frame, &err) == WS_FRAME) {
		char ack[128];

		if (frame.payload.n < 60 ||
		        memcmp(frame.payload.p, key, strlen(key)) != 0) {
			continue;
		}
		load->envelopes++;
		int n = snprintf(ack, sizeof(ack), "%s%.36s\"}", key,
		        frame.payload.p + strlen(key));
		ws_frame_encode(&out, true, WS_TEXT, (struct str){ack, (size_t)n}, mask);
	}
	send_all(peer, out.data, out.len);
	buf_finish(&out);
}

static void handle(struct load *load, struct peer *peer)
{
	ssize_t n = recv(peer->fd, peer->in + peer->n, IN_BYTES - 1 - peer->n, 0);

	if (n == 0) {
		errno = ECONNRESET;
		die("the simulator has gone");
	}
	if (n > 0) {
		peer->n += (size_t)n;
		if (peer->is_ws) {
			take_frames(load, peer);
		} else {
			take_answers(load, peer);
		}
	}
}

/* What came until the text is there; leaves the rest in peer->in. */
static void read_until(struct peer *peer, const char *text)
{
	char *at;

	for (;;) {
		ssize_t n = recv(peer->fd, peer->in + peer->n, IN_BYTES - 1 - peer->n, 0);
		if (n <= 0) {
			die("no answer");
		}
		peer->n += (size_t)n;
		peer->in[peer->n] = '\0';
		at = strstr(peer->in, text);
		if (at != NULL) {
			return;
		}
	}
}

static void open_socket(struct load *load, const struct told *told)
{
	struct peer *http = connect_peer(load, told->port), *ws;
	char text[1024], *path, *end;

	snprintf(text, sizeof(text),
	        "POST /api/apps.connections.open HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
	        "Content-Length: 0\r\n\r\n",
	        told->app);
	send_all(http, text, strlen(text));
	read_until(http, "\"}");
	path = strstr(http->in, "/link/");
	end = path == NULL ? NULL : strchr(path, '"');
	if (end == NULL) {
		die("no ticket");
	}
	*end = '\0';
	ws = connect_peer(load, told->port);
	snprintf(text, sizeof(text),
	        "GET %s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
	        path);
	send_all(ws, text, strlen(text));
	read_until(ws, "\r\n\r\n");
	end = strstr(ws->in, "\r\n\r\n") + 4;
	ws->n -= (size_t)(end - ws->in);
	memmove(ws->in, end, ws->n);
	ws->is_ws = true;
	ws_decoder_init(&ws->decoder, IN_BYTES);
	close(http->fd);
	load->peers[0] = ws;
	load->count = 1;
	free(http);
	watch(load, ws);
}

static void prepare(struct load *load, enum mode mode, const struct told *told)
{
	static const char body[] =
	        "channel=C0GENERAL0&text=A+message+of+ordinary+length,+as+people+write+them."
	        "&username=Ann&icon_url=http://127.0.0.1/a.png&metadata=%7B%22event_type%22:%22m%22,"
	        "%22event_payload%22:%7B%22event_id%22:%22%241234567%22%7D%7D";

	load->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	snprintf(load->request, sizeof(load->request),
	        "POST /api/chat.postMessage HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n"
	        "Authorization: Bearer %s\r\nContent-Type: application/x-www-form-urlencoded\r\n"
	        "Content-Length: %zu\r\n\r\n%s",
	        told->bot, strlen(body), body);
	load->request_bytes = strlen(load->request);
	if (mode == EVENTS || mode == POST_HEARD) {
		open_socket(load, told);
	}
	for (int i = 0; i < CONNECTIONS && mode != EVENTS; i++) {
		struct peer *peer = connect_peer(load, told->port);

		watch(load, peer);
		send_all(peer, load->request, load->request_bytes);
	}
}

static void run_load(struct load *load, double seconds)
{
	double end = now_s() + seconds;

	while (now_s() < end) {
		struct epoll_event events[CONNECTIONS + 1];
		int n = epoll_wait(load->epoll_fd, events, CONNECTIONS + 1, 100);

		for (int i = 0; i < n; i++) {
			handle(load, events[i].data.ptr);
		}
	}
}

static void finish(struct load *load)
{
	for (size_t i = 0; i < load->count; i++) {
		close(load->peers[i]->fd);
		if (load->peers[i]->is_ws) {
			ws_decoder_finish(&load->peers[i]->decoder);
		}
		free(load->peers[i]);
	}
	close(load->epoll_fd);
}

static double cpu_s(pid_t pid)
{
	struct timespec spent;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &spent) != 0) {
		return 0;
	}
	return (double)spent.tv_sec + (double)spent.tv_nsec / 1e9;
}

static double bench(enum mode mode, double seconds)
{
	struct load load = {0};
	struct told told;
	int pipe_fds[2];
	pid_t child;
	uint64_t done, before;
	double cpu, wall;

	if (pipe2(pipe_fds, O_CLOEXEC) != 0 || (child = fork()) < 0) {
		die("fork");
	}
	if (child == 0) {
		serve(mode, pipe_fds[1]);
		_exit(EXIT_SUCCESS);
	}
	if (read(pipe_fds[0], &told, sizeof(told)) != (ssize_t)sizeof(told)) {
		die("pipe");
	}
	prepare(&load, mode, &told);
	run_load(&load, mode == EVENTS ? 1.5 : 0.5);
	before = mode == EVENTS ? load.envelopes : load.answers;
	cpu = cpu_s(child);
	wall = now_s();
	run_load(&load, seconds);
	done = (mode == EVENTS ? load.envelopes : load.answers) - before;
	cpu = cpu_s(child) - cpu;
	wall = now_s() - wall;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	finish(&load);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	printf("%-46s %8.0f /s of CPU  %6.1f us each  %8.0f /s of wall clock\n",
	        mode_names[mode], (double)done / cpu, cpu * 1e6 / (double)done,
	        (double)done / wall);
	fflush(stdout);
	return (double)done / cpu;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : DEFAULT_SECONDS;
	double rates[MODES];

	pin(1);
	if (argc > 2) {
		bench((enum mode)(strtoul(argv[2], NULL, 10) % MODES), seconds);
		return EXIT_SUCCESS;
	}
	for (int mode = 0; mode < MODES; mode++) {
		rates[mode] = bench((enum mode)mode, seconds);
	}
	printf("chat.postMessage costs %.1f empty requests, an envelope %.1f\n",
	        rates[EMPTY] / rates[POST], rates[EMPTY] / rates[EVENTS]);
	return EXIT_SUCCESS;
}
