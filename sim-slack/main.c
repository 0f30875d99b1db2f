/* sim-slack-server: a fake Slack to be used by hand. */
#include "lib/err.h"
#include "lib/loop.h"
#include "lib/str.h"
#include "sim-slack/sim_slack.h"

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEFAULT_PORT = 4010, EXIT_USAGE = 2, TIME_SCALE_MAX = 1000, PATH_BYTES = 4096 };

static const char usage[] =
        "Usage: sim-slack-server [--host ADDRESS] [--port NUMBER] [--seed NUMBER]\n"
        "                        [--tls] [--ca-file FILE] [--time-scale NUMBER]\n"
        "\n"
        "A fake Slack workspace: Web API, Socket Mode, its people and its faults.\n"
        "\n"
        "  --host ADDRESS  address to listen on (127.0.0.1)\n"
        "  --port NUMBER   port to listen on, 0 for any (4010)\n"
        "  --seed NUMBER   where its IDs, tokens and choices come from (1)\n"
        "  --tls           https and wss as well, on the same port\n"
        "  --ca-file FILE  where to write the certificate to trust then (a new file in\n"
        "                  TMPDIR or /tmp, removed at the end)\n"
        "  --time-scale N  its clock runs N times as fast (1)\n"
        "  --help          this text\n";

struct options {
	const char *host;
	int64_t port;
	int64_t seed;
	int64_t time_scale;
	bool tls;
	const char *ca_file; /* NULL: a temporary one */
};

/* -1: go on; otherwise the status to exit with. */
static int read_options(int argc, char **argv, struct options *out)
{
	static const struct option known[] = {{"host", required_argument, NULL, 'H'},
	        {"port", required_argument, NULL, 'p'},
	        {"seed", required_argument, NULL, 's'}, {"tls", no_argument, NULL, 't'},
	        {"ca-file", required_argument, NULL, 'c'},
	        {"time-scale", required_argument, NULL, 'T'},
	        {"help", no_argument, NULL, 'h'}, {0}};
	int c;
	bool ok = true;

	while (ok && (c = getopt_long(argc, argv, "h", known, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		} else if (c == 'H') {
			out->host = optarg;
		} else if (c == 'p') {
			ok = str_to_int64(str_from(optarg), 0, 65535, &out->port);
		} else if (c == 's') {
			ok = str_to_int64(str_from(optarg), 0, INT64_MAX, &out->seed);
		} else if (c == 't') {
			out->tls = true;
		} else if (c == 'c') {
			out->ca_file = optarg;
		} else if (c == 'T') {
			ok = str_to_int64(
			        str_from(optarg), 1, TIME_SCALE_MAX, &out->time_scale);
		} else {
			ok = false;
		}
	}
	if (!ok || optind < argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	return -1;
}

static void handle_signal(int signum, void *arg)
{
	(void)signum;
	loop_stop(arg);
}

/* The tokens open nothing but this program: they are printed on purpose. */
static void greet(struct sim_slack *sim, const char *ca_path)
{
	cJSON *tokens = NULL;
	const char *url = sim_slack_url(sim);

	if (!verb_run(sim_slack_verbs, "tokens", sim, NULL, &tokens, NULL)) {
		return;
	}
	printf("Slack API   %s/api/\n", url);
	printf("bot token   %s\n", json_str_or(tokens, "bot", ""));
	printf("app token   %s\n", json_str_or(tokens, "app", ""));
	printf("control     %s/_control/verbs\n", url);
	if (*ca_path) {
		printf("trust       %s\n", ca_path);
	}
	printf("\ncurl %s%s%s-d '{\"as\":\"alice\",\"in\":\"general\",\"text\":\"Hello\"}' "
	       "%s/_control/post\n",
	        *ca_path ? "--cacert " : "", ca_path, *ca_path ? " " : "", url);
	fflush(stdout);
	cJSON_Delete(tokens);
}

/* Writes the certificate to trust. False: it could not be, and why is said. */
static bool write_ca(const struct sim_slack *sim, const char *wanted, char *path)
{
	const char *folder = getenv("TMPDIR");
	char *pem = sim_slack_ca_pem(sim);
	size_t n = strlen(pem);
	bool ok;
	int fd;

	if (wanted) {
		snprintf(path, PATH_BYTES, "%s", wanted);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	} else {
		snprintf(path, PATH_BYTES, "%s/sim-slack-ca-XXXXXX.pem",
		        folder ? folder : "/tmp");
		fd = mkostemps(path, (int)strlen(".pem"), O_CLOEXEC);
	}
	ok = fd >= 0 && write(fd, pem, n) == (ssize_t)n;
	if (fd < 0 || close(fd) != 0 || !ok) {
		fprintf(stderr, "sim-slack-server: cannot write %s\n", path);
		ok = false;
	}
	free(pem);
	return ok;
}

static int serve(struct loop *loop, struct sim_slack *sim, const struct options *options)
{
	char ca_path[PATH_BYTES] = "";

	if (options->tls && !write_ca(sim, options->ca_file, ca_path)) {
		return EXIT_FAILURE;
	}
	greet(sim, ca_path);
	loop_on_signal(loop, SIGINT, handle_signal, loop);
	loop_on_signal(loop, SIGTERM, handle_signal, loop);
	loop_run(loop);
	if (options->tls && !options->ca_file) {
		unlink(ca_path);
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct options options = {.port = DEFAULT_PORT, .seed = 1, .time_scale = 1};
	struct sim_slack_options slack = {.control = true};
	struct err err = ERR_INIT;
	struct sim_slack *sim;
	struct loop *loop;
	int status = read_options(argc, argv, &options);

	if (status >= 0) {
		return status;
	}
	slack.host = options.host;
	slack.port = (uint16_t)options.port;
	slack.seed = (uint64_t)options.seed;
	slack.tls = options.tls;
	loop = loop_create();
	if (options.time_scale > 1) {
		loop_scale_time(loop, (unsigned)options.time_scale);
	}
	sim = sim_slack_create(loop, &slack, &err);
	if (!sim) {
		fprintf(stderr, "sim-slack-server: %s\n", err.msg);
		loop_destroy(&loop);
		return EXIT_FAILURE;
	}
	status = serve(loop, sim, &options);
	sim_slack_destroy(&sim);
	loop_destroy(&loop);
	return status;
}
