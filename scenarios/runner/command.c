#include "scenarios/runner/command.h"

#include "lib/mem.h"
#include "lib/str.h"

#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum option_code {
	OPT_SEED = 256,
	OPT_KEEP,
	OPT_VERBOSE,
	OPT_TAP,
	OPT_JUNIT,
	OPT_REPEAT,
	OPT_TORTURE,
	OPT_BRIDGE,
	OPT_KILL_AT,
	OPT_OUT,
	OPT_CHECK,
	OPT_VERBS,
	OPT_DATABASE,
};

static const struct option options[] = {
        {"jobs", required_argument, NULL, 'j'},
        {"seed", required_argument, NULL, OPT_SEED},
        {"keep", no_argument, NULL, OPT_KEEP},
        {"verbose", no_argument, NULL, OPT_VERBOSE},
        {"tap", required_argument, NULL, OPT_TAP},
        {"junit", required_argument, NULL, OPT_JUNIT},
        {"repeat", required_argument, NULL, OPT_REPEAT},
        {"torture", required_argument, NULL, OPT_TORTURE},
        {"bridge", required_argument, NULL, OPT_BRIDGE},
        {"kill-at", required_argument, NULL, OPT_KILL_AT},
        {"out", required_argument, NULL, OPT_OUT},
        {"check", no_argument, NULL, OPT_CHECK},
        {"verbs", no_argument, NULL, OPT_VERBS},
        {"database", required_argument, NULL, OPT_DATABASE},
        {"help", no_argument, NULL, 'h'},
        {0},
};

void command_usage(FILE *out)
{
	fputs("Usage: scenario run [OPTIONS] [FILE|FOLDER|ID|NUMBER|REQUIREMENT|TAG ...]\n"
	      "       scenario check [--verbs] [FILE ...]\n"
	      "       scenario trace [--check]\n"
	      "       scenario schema\n"
	      "       scenario list [FILE|FOLDER|ID|NUMBER|REQUIREMENT|TAG ...]\n"
	      "\n"
	      "  -j, --jobs N        stories at once (as many as there are processors)\n"
	      "      --seed S        of the simulators' and the daemon's randomness (1)\n"
	      "      --keep          keep the files of passed stories too, in out/ID/\n"
	      "      --verbose       print the timeline as it grows (one story at a time)\n"
	      "      --tap FILE      results as TAP 13\n"
	      "      --junit FILE    results as JUnit XML\n"
	      "      --repeat N      play each N times and compare the timelines\n"
	      "      --torture kill9 play each once, then once more for every durable call of the\n"
	      "                      daemon, before and after it, with kill -9 there\n"
	      "      --kill-at K     one run of that: 2k before the k-th durable call, 2k+1 after it\n"
	      "      --bridge PATH   the daemon (beside this program), or a wrapper such as valgrind\n"
	      "      --database KIND sqlite (if not said) or postgres, for stories that do not say\n"
	      "      --out DIR       where files and results go (out)\n"
	      "\n"
	      "Exit status: 0 passed, 1 failed, 2 usage or a wrong scenario, 3 the harness itself,\n"
	      "4 trace not clean, 5 unknown (cap on real time), 77 all skipped.\n",
	        out);
}

static bool read_number(const char *text, int64_t min, int64_t max, int64_t *out)
{
	if (!str_to_int64(str_from(text), min, max, out)) {
		fprintf(stderr, "scenario: \"%s\" is no number in range\n", text);
		return false;
	}
	return true;
}

static bool read_option(struct command *command, int code)
{
	int64_t number = 0;

	switch (code) {
	case 'j':
		if (!read_number(optarg, 1, 64, &number)) {
			return false;
		}
		command->jobs = (unsigned)number;
		return true;
	case OPT_SEED:
		if (!read_number(optarg, 0, INT64_MAX, &number)) {
			return false;
		}
		command->engine.seed = (uint64_t)number;
		return true;
	case OPT_REPEAT:
		if (!read_number(optarg, 1, 10000, &number)) {
			return false;
		}
		command->repeat = (unsigned)number;
		return true;
	case OPT_KILL_AT:
		if (!read_number(optarg, 2, INT32_MAX, &number)) {
			return false;
		}
		command->engine.kill_at = (long)number;
		return true;
	case OPT_KEEP:
		command->engine.keep = true;
		return true;
	case OPT_VERBOSE:
		command->engine.verbose = true;
		return true;
	case OPT_TAP:
		command->tap_path = optarg;
		return true;
	case OPT_JUNIT:
		command->junit_path = optarg;
		return true;
	case OPT_BRIDGE:
		free(command->bridge);
		command->bridge = realpath(optarg, NULL);
		if (command->bridge == NULL) {
			fprintf(stderr, "scenario: there is no %s\n", optarg);
		}
		return command->bridge != NULL;
	case OPT_OUT:
		command->engine.out_dir = optarg;
		return true;
	case OPT_TORTURE:
		command->torture_kill9 = strcmp(optarg, "kill9") == 0;
		if (!command->torture_kill9) {
			fprintf(stderr, "scenario: --torture knows kill9 only\n");
		}
		return command->torture_kill9;
	case OPT_DATABASE:
		command->engine.on_postgres = strcmp(optarg, "postgres") == 0;
		if (!command->engine.on_postgres && strcmp(optarg, "sqlite") != 0) {
			fprintf(stderr, "scenario: --database is sqlite or postgres\n");
			return false;
		}
		return true;
	case OPT_CHECK:
		command->check_only = true;
		return true;
	case OPT_VERBS:
		command->verbs = true;
		return true;
	default:
		return false;
	}
}

/* The daemon and the shim of the same build lie beside this program. */
static char *beside_program(const char *name)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(self, '/');
	return xasprintf("%.*s/%s", slash == NULL ? 0 : (int)(slash - self), self, name);
}

bool command_parse(int argc, char **argv, struct command *out)
{
	int code;

	*out = (struct command){.repeat = 1,
	        .engine = {.program = argv[0],
	                .out_dir = "out",
	                .worlds_dir = "scenarios/worlds",
	                .seed = ENGINE_DEFAULT_SEED}};
	out->bridge = beside_program("matrix-slack-bridge");
	out->shim = beside_program("shim.so");
	while ((code = getopt_long(argc, argv, "j:h", options, NULL)) != -1) {
		if (!read_option(out, code)) {
			return false;
		}
	}
	if (optind >= argc) {
		return false;
	}
	out->name = argv[optind++];
	out->selection = xcalloc((size_t)(argc - optind) + 1, sizeof(*out->selection));
	while (optind < argc) {
		out->selection[out->selection_count++] = argv[optind++];
	}
	out->engine.bridge = out->bridge;
	out->engine.shim = out->shim;
	out->jobs = out->engine.verbose ? 1 : out->jobs;
	return true;
}

void command_finish(struct command *command)
{
	free(command->selection);
	free(command->bridge);
	free(command->shim);
	*command = (struct command){0};
}
