/* sim-slack-server: a fake Slack to be used by hand. */
#include "lib/err.h"
#include "lib/loop.h"
#include "lib/str.h"
#include "sim-slack/sim_slack.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_PORT = 4010, EXIT_USAGE = 2 };

static const char usage[] =
        "Usage: sim-slack-server [--host ADDRESS] [--port NUMBER] [--seed NUMBER]\n"
        "\n"
        "A fake Slack workspace: Web API, Socket Mode, its people and its faults.\n"
        "\n"
        "  --host ADDRESS  address to listen on (127.0.0.1)\n"
        "  --port NUMBER   port to listen on, 0 for any (4010)\n"
        "  --seed NUMBER   where its IDs, tokens and choices come from (1)\n"
        "  --help          this text\n";

struct options {
	const char *host;
	int64_t port;
	int64_t seed;
};

/* -1: go on; otherwise the status to exit with. */
static int read_options(int argc, char **argv, struct options *out)
{
	static const struct option known[] = {{"host", required_argument, NULL, 'H'},
	        {"port", required_argument, NULL, 'p'},
	        {"seed", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'},
	        {0}};
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
static void greet(struct sim_slack *sim)
{
	cJSON *tokens = NULL;
	const char *url = sim_slack_url(sim);

	if (!verb_run(sim_slack_verbs, "tokens", sim, NULL, &tokens, NULL)) {
		return;
	}
	printf("Slack API   %s/api/\n", url);
	printf("bot token   %s\n", json_str_or(tokens, "bot", ""));
	printf("app token   %s\n", json_str_or(tokens, "app", ""));
	printf("control     %s/_control/verbs\n\n", url);
	printf("curl -d '{\"as\":\"alice\",\"in\":\"general\",\"text\":\"Hello\"}' "
	       "%s/_control/post\n",
	        url);
	fflush(stdout);
	cJSON_Delete(tokens);
}

int main(int argc, char **argv)
{
	struct options options = {.port = DEFAULT_PORT, .seed = 1};
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
	loop = loop_create();
	sim = sim_slack_create(loop, &slack, &err);
	if (!sim) {
		fprintf(stderr, "sim-slack-server: %s\n", err.msg);
		loop_destroy(&loop);
		return EXIT_FAILURE;
	}
	greet(sim);
	loop_on_signal(loop, SIGINT, handle_signal, loop);
	loop_on_signal(loop, SIGTERM, handle_signal, loop);
	loop_run(loop);
	sim_slack_destroy(&sim);
	loop_destroy(&loop);
	return EXIT_SUCCESS;
}
