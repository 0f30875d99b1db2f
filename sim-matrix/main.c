/* sim-matrix-server: a fake Matrix homeserver, by hand. */
#include "lib/log.h"
#include "lib/loop.h"

#include "sim-matrix/sim_matrix.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_PORT = 6167, EXIT_USAGE = 2 };

static const char usage[] =
        "usage: sim-matrix-server [options]\n"
        "  --host ADDRESS      listen there (127.0.0.1)\n"
        "  --port PORT         (6167; 0: any free one)\n"
        "  --server-name NAME  (sim.test)\n"
        "  --profile NAME      conduwuit, synapse or spec (conduwuit)\n"
        "  --max-upload BYTES  of one upload (as the homeserver's own default)\n"
        "  --seed NUMBER       IDs and tokens come from it (1)\n"
        "  --help\n";

static const struct option long_options[] = {
        {"host", required_argument, NULL, 'H'},
        {"port", required_argument, NULL, 'p'},
        {"server-name", required_argument, NULL, 'n'},
        {"profile", required_argument, NULL, 'P'},
        {"seed", required_argument, NULL, 's'},
        {"max-upload", required_argument, NULL, 'm'},
        {"help", no_argument, NULL, 'h'},
        {0},
};

static bool read_number(const char *text, const char *what, int64_t max, int64_t *out)
{
	if (str_to_int64(str_from(text), 0, max, out)) {
		return true;
	}
	fprintf(stderr, "sim-matrix-server: %s is no %s\n", text, what);
	return false;
}

/* -1: run; otherwise the exit status. */
static int read_options(int argc, char **argv, struct sim_matrix_options *opts)
{
	int64_t number;
	int c;

	while ((c = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		switch (c) {
		case 'H':
			opts->host = optarg;
			break;
		case 'n':
			opts->server_name = optarg;
			break;
		case 'P':
			opts->profile = optarg;
			break;
		case 'p':
			if (!read_number(optarg, "port", UINT16_MAX, &number)) {
				return EXIT_USAGE;
			}
			opts->port = (uint16_t)number;
			break;
		case 'm':
			if (!read_number(optarg, "size", UINT32_MAX, &number)) {
				return EXIT_USAGE;
			}
			opts->upload_max_bytes = (size_t)number;
			break;
		case 's':
			if (!read_number(optarg, "seed", INT64_MAX, &number)) {
				return EXIT_USAGE;
			}
			opts->seed = (uint64_t)number;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
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

int main(int argc, char **argv)
{
	struct sim_matrix_options opts = {
	        .seed = 1, .port = DEFAULT_PORT, .control = true};
	int status = read_options(argc, argv, &opts);
	struct err err = ERR_INIT;
	struct sim_matrix *sim;
	struct loop *loop;

	if (status >= 0) {
		return status;
	}
	loop = loop_create();
	sim = sim_matrix_create(loop, &opts, &err);
	if (sim == NULL) {
		fprintf(stderr, "sim-matrix-server: %s\n", err.msg);
		loop_destroy(&loop);
		return EXIT_FAILURE;
	}
	loop_on_signal(loop, SIGINT, handle_signal, loop);
	loop_on_signal(loop, SIGTERM, handle_signal, loop);
	printf("%s\n", sim_matrix_url(sim));
	fflush(stdout);
	loop_run(loop);
	sim_matrix_destroy(&sim);
	loop_destroy(&loop);
	return EXIT_SUCCESS;
}
