/* Connections of the daemon, broken below the protocol. Slack's are broken by the
 * simulator, which alone can tell a WebSocket from an API call; the homeserver's ends are
 * sockets of this process. */
#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/play.h"

#include <dirent.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

/* Accepted connections to that port. */
static bool is_connection_to(int fd, uint16_t port)
{
	struct sockaddr_in own, peer;
	socklen_t own_bytes = sizeof(own), peer_bytes = sizeof(peer);

	return getsockname(fd, (struct sockaddr *)&own, &own_bytes) == 0 &&
	       own.sin_family == AF_INET && ntohs(own.sin_port) == port &&
	       getpeername(fd, (struct sockaddr *)&peer, &peer_bytes) == 0;
}

static void cut_connection(int fd, bool reset)
{
	static const struct sockaddr nobody = {.sa_family = AF_UNSPEC};

	if (reset) {
		connect(fd, &nobody, sizeof(nobody)); /* Linux: leaves with a RST */
	} else {
		shutdown(fd, SHUT_RDWR);
	}
}

static void cut_port(uint16_t port, bool reset)
{
	DIR *fds = opendir("/proc/self/fd");

	for (struct dirent *entry; fds != NULL && (entry = readdir(fds)) != NULL;) {
		int fd = (int)strtol(entry->d_name, NULL, 10);
		if (entry->d_name[0] != '.' && is_connection_to(fd, port)) {
			cut_connection(fd, reset);
		}
	}
	if (fds != NULL) {
		closedir(fds);
	}
}

static bool tell_slack(struct play *play, const char *verb, const char *key,
        const char *value, const char *how)
{
	autojson cJSON *args = json_set_str(json_new(), key, value);
	struct err err = ERR_INIT;

	json_set_str(args, "how", how);
	if (!verb_run(sim_slack_verbs, verb, play->slack, args, NULL, &err)) {
		return play_fail_text(
		        play, VERDICT_FAIL, "that it can be cut", "%s", err.msg);
	}
	return true;
}

/* A port where connections are made and never answered. */
static uint16_t open_hole(struct play *play)
{
	struct sockaddr_in at = {
	        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(at);

	if (play->hole_fd < 0) {
		play->hole_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (bind(play->hole_fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
		        listen(play->hole_fd, SOMAXCONN) != 0) {
			return 0;
		}
	}
	return getsockname(play->hole_fd, (struct sockaddr *)&at, &bytes) == 0
	               ? ntohs(at.sin_port)
	               : 0;
}

static bool fall_silent(struct play *play)
{
	uint16_t hole = open_hole(play);

	if (hole == 0) {
		return play_fail_text(
		        play, VERDICT_HARNESS, "a port for silence", "none");
	}
	vtime_silence_port(play->vtime, play_port_of(sim_matrix_url(play->matrix)), hole);
	return true;
}

bool net_cut(struct play *play, const cJSON *args)
{
	const char *link = json_str_or(args, "link", ""),
	           *how = json_str_or(args, "how", "rst");
	bool refuse = str_equal(how, "refuse");
	bool reset = !str_equal(how, "fin");
	bool ok = true;

	if (str_equal(link, "slack-ws")) {
		ok = tell_slack(play, "disconnect", "reason", "none",
		             reset ? "rst" : "fin") &&
		     (!refuse || tell_slack(play, "refuse", "what", "connections", NULL));
	} else if (str_equal(link, "slack-api")) {
		ok = tell_slack(play, "refuse", "what", "http", NULL);
	} else if (str_equal(how, "silence")) {
		ok = fall_silent(play);
	} else {
		uint16_t port = play_port_of(sim_matrix_url(play->matrix));
		cut_port(port, reset);
		ok = !refuse || vtime_refuse_port(play->vtime, port, true);
	}
	vtime_wake(play->vtime);
	return ok;
}

bool net_heal(struct play *play, const cJSON *args)
{
	bool ok = true;

	if (str_equal(json_str(args, "link"), "matrix")) {
		vtime_refuse_port(
		        play->vtime, play_port_of(sim_matrix_url(play->matrix)), false);
		vtime_silence_port(play->vtime, 0, 0);
	} else {
		ok = tell_slack(play, "refuse", "what", "nothing", NULL);
	}
	vtime_wake(play->vtime);
	return ok;
}
