#include "scenarios/runner/command.h"

#include "scenarios/runner/adapter.h"

#include "lib/mem.h"

#include "scenarios/runner/options.h"

#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void command_usage(FILE *out)
{
	fputs("Usage: scenario run [OPTIONS] [FILE|FOLDER|ID|NUMBER|REQUIREMENT|TAG ...]\n"
	      "       scenario explain [--bytes] SCENARIO ID|TEXT    the life of one message\n"
	      "       scenario report [FILE|ID ...]                  the last run as out/report.html\n"
	      "       scenario torture [OPTIONS] [FILE|FOLDER|...]   killed around every durable call\n"
	      "       scenario mutants [NUMBER|REQUIREMENT ...]      every seeded bug is caught\n"
	      "       scenario check [--verbs] [FILE ...]\n"
	      "       scenario trace [--check]\n"
	      "       scenario schema\n"
	      "       scenario list [FILE|FOLDER|ID|NUMBER|REQUIREMENT|TAG ...]\n"
	      "\n",
	        out);
	options_write_help(out);
	fputs("\nExit status: 0 passed, 1 failed, 2 usage or a wrong scenario, 3 the harness "
	      "itself,\n4 trace not clean, 5 unknown (cap on real time), 77 all skipped.\n",
	        out);
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
	*out = (struct command){.repeat = 1,
	        .engine = {.program = argv[0],
	                .out_dir = "out",
	                .worlds_dir = "scenarios/worlds",
	                .seed = ENGINE_DEFAULT_SEED}};
	out->bridge = beside_program("matrix-slack-bridge");
	out->shim = beside_program("shim.so");
	if (!options_read(argc, argv, out)) {
		return false;
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
	bool is_alone = out->engine.verbose || out->engine.gdb || out->engine.lanes;
	out->jobs = is_alone ? 1 : out->jobs;
	return true;
}

void command_finish(struct command *command)
{
	free(command->selection);
	free(command->bridge);
	free(command->shim);
	if (command->adapter != NULL) {
		adapter_finish(command->adapter);
		free(command->adapter);
	}
	free(command->gdb_script);
	free(command->template);
	*command = (struct command){0};
}
