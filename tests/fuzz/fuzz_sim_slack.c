/* fuzz_sim_slack: any bytes at sim-slack's faces, on a loop with its own clock: raw HTTP,
 * Web API bodies of each kind, WebSocket bytes and messages, the client's socket, verbs.
 * The first byte chooses the face, the second the method. Afterwards the clock runs on
 * through whatever was set going. */
#include "lib/buf.h"
#include "lib/json.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/ws_frame.h"
#include "sim-slack/sim.h"
#include "sim-slack/sim_slack.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WALL_MS = 1700000000, ON_MS = 400000, STEPS_MAX = 600, REQUEST_MAX = 256 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct target {
	struct loop *loop;
	struct sim_slack *sim;
	const char *port;
	const char *bot;
};

static const char *const methods[] = {"chat.postMessage", "chat.update", "chat.delete",
        "chat.postEphemeral", "chat.meMessage", "conversations.history",
        "conversations.replies", "conversations.list", "conversations.open",
        "conversations.create", "conversations.rename", "conversations.info",
        "conversations.members", "users.list", "users.info", "users.conversations",
        "reactions.add", "reactions.remove", "pins.add", "views.open", "views.publish",
        "views.update", "files.getUploadURLExternal", "files.completeUploadExternal",
        "files.info", "api.test", "auth.test", "apps.connections.open", "rtm.connect",
        "usergroups.list", "oauth.v2.access", "emoji.list"};

/* ---- bytes ---- */

static int connect_to(const struct target *target)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	        .sin_port = htons((uint16_t)strtoul(target->port, NULL, 10)),
	        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (fd < 0 || connect(fd, (struct sockaddr *)(void *)&to, sizeof(to)) != 0) {
		abort();
	}
	return fd;
}

static void put(const struct target *target, int fd, struct str bytes)
{
	(void)!send(fd, bytes.p, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	loop_drain(target->loop);
}

/* In two parts, and what came back is thrown away. */
static void talk(const struct target *target, int fd, struct str bytes)
{
	size_t half = bytes.n / 2;
	char answer[4096];

	put(target, fd, (struct str){bytes.p, half});
	put(target, fd, (struct str){bytes.p + half, bytes.n - half});
	while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0) {
	}
}

static void raw(const struct target *target, struct str bytes)
{
	int fd = connect_to(target);

	talk(target, fd, bytes);
	close(fd);
	loop_drain(target->loop);
}

static void post(
        const struct target *target, const char *path, const char *type, struct str body)
{
	struct buf out;

	buf_init(&out, REQUEST_MAX);
	buf_printf(&out,
	        "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
	        "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n",
	        path, target->bot, type, body.n);
	buf_add_str(&out, body);
	raw(target, buf_str(&out));
	buf_finish(&out);
}

/* ---- sockets ---- */

static char *socket_path(const struct target *target, bool client)
{
	char *path = NULL, answer[4096];
	cJSON *session = NULL;

	if (client) {
		verb_run(sim_slack_verbs, "session", target->sim, NULL, &session, NULL);
		path = xasprintf("/?token=%s HTTP/1.1\r\nCookie: d=%s\r\nX: ",
		        json_str_or(session, "token", ""),
		        json_str_or(session, "cookie", ""));
		cJSON_Delete(session);
		return path;
	}
	int fd = connect_to(target);
	autofree char *request = xasprintf(
	        "POST /api/apps.connections.open HTTP/1.1\r\nHost: x\r\nAuthorization: "
	        "Bearer %s\r\nContent-Length: 0\r\n\r\n",
	        target->sim->app.tokens[TOKEN_APP].text);
	put(target, fd, str_from(request));
	ssize_t n = recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT);
	close(fd);
	loop_drain(target->loop);
	answer[n > 0 ? n : 0] = '\0';
	const char *from = strstr(answer, "/link/");
	return from == NULL ? xstrdup("/") : xstrndup(from, strcspn(from, "\""));
}

static int open_socket(const struct target *target, bool client)
{
	autofree char *path = socket_path(target, client);
	autofree char *head = xasprintf(
	        "GET %s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	        "Sec-WebSocket-Version: 13\r\n\r\n",
	        path);
	int fd = connect_to(target);

	put(target, fd, str_from(head));
	return fd;
}

/* Each line is a text message. */
static void messages(const struct target *target, int fd, struct str text)
{
	static const uint8_t mask[4] = {9, 8, 7, 6};

	while (text.n > 0) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t n = end == NULL ? text.n : (size_t)(end - text.p);
		struct buf frame;

		buf_init(&frame, REQUEST_MAX);
		ws_frame_encode(&frame, true, WS_TEXT, (struct str){text.p, n}, mask);
		put(target, fd, buf_str(&frame));
		buf_finish(&frame);
		n += end != NULL;
		text.p += n;
		text.n -= n;
	}
}

/* ---- verbs ---- */

static void run_verb(const struct target *target, struct str line)
{
	const char *space = memchr(line.p, ' ', line.n);
	size_t n = space == NULL ? line.n : (size_t)(space - line.p);
	autofree char *name = xstrndup(line.p, n);
	autojson cJSON *args = NULL;
	cJSON *result = NULL;
	struct err err = ERR_INIT;

	if (space != NULL) {
		args = json_parse((struct str){space + 1, line.n - n - 1}, NULL);
	}
	verb_run(sim_slack_verbs, name, target->sim, args, &result, &err);
	cJSON_Delete(result);
	loop_drain(target->loop);
}

/* Each line is a verb and its arguments; with a client connected. */
static void verbs(const struct target *target, struct str text)
{
	int fd = open_socket(target, false);

	while (text.n > 0) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t n = end == NULL ? text.n : (size_t)(end - text.p);

		if (n > 0) {
			run_verb(target, (struct str){text.p, n});
		}
		n += end != NULL;
		text.p += n;
		text.n -= n;
	}
	close(fd);
}

/* ---- one input ---- */

static void run_on(const struct target *target)
{
	int64_t until_us = loop_now_us(target->loop) + (int64_t)ON_MS * 1000;

	loop_drain(target->loop);
	for (int i = 0; i < STEPS_MAX && loop_next_due_us(target->loop) <= until_us;
	        i++) {
		loop_advance_to_us(target->loop, loop_next_due_us(target->loop));
		loop_drain(target->loop);
	}
}

static void attack(
        const struct target *target, uint8_t face, uint8_t which, struct str in)
{
	const char *method = methods[which % (sizeof(methods) / sizeof(methods[0]))];
	autofree char *path = xasprintf("/api/%s", method);
	int fd = -1;

	switch (face % 9) {
	case 0:
		raw(target, in);
		break;
	case 1:
		post(target, path, "application/x-www-form-urlencoded", in);
		break;
	case 2:
		post(target, path, "application/json; charset=utf-8", in);
		break;
	case 3:
		post(target, path, "multipart/form-data; boundary=b", in);
		break;
	case 4:
		fd = open_socket(target, false);
		talk(target, fd, in);
		break;
	case 5:
		fd = open_socket(target, which % 2 != 0);
		messages(target, fd, in);
		break;
	case 6:
		verbs(target, in);
		break;
	case 7:
		post(target, "/_control/log", "application/json", in);
		break;
	default:
		post(target, "/response/T0SIMTEAM0/x", "application/json", in);
		break;
	}
	run_on(target);
	if (fd >= 0) {
		close(fd);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sim_slack_options opts = {.seed = 7, .control = true};
	struct target target = {.loop = loop_create()};

	if (size < 2) {
		loop_destroy(&target.loop);
		return 0;
	}
	/* A copy of exactly that size, so that reading beyond its end is seen. */
	char *copy = xmalloc(size - 1);
	memcpy(copy, data + 2, size - 2);
	loop_use_virtual_clock(target.loop, (int64_t)WALL_MS * 1000);
	target.sim = sim_slack_create(target.loop, &opts, NULL);
	target.port = strrchr(sim_slack_url(target.sim), ':') + 1;
	target.bot = target.sim->app.tokens[TOKEN_BOT].text;
	run_verb(&target, str_from("invite {\"in\":\"general\",\"bot\":true}"));
	run_verb(&target, str_from("post {\"in\":\"general\",\"text\":\"hi\"}"));
	attack(&target, data[0], data[1], (struct str){copy, size - 2});
	sim_slack_destroy(&target.sim);
	loop_drain(target.loop);
	loop_destroy(&target.loop);
	free(copy);
	return 0;
}
