/* matrix-slack-bridge: command line and configuration; then bridge_run(). */
#include "bridge/bridge.h"
#include "bridge/cli.h"
#include "bridge/config/config.h"
#include "bridge/config/modernize.h"
#include "bridge/config/modes.h"
#include "bridge/doctor/doctor.h"
#include "bridge/exit_codes.h"
#include "bridge/logging.h"
#include "bridge/no_memory.h"
#include "bridge/ops/crash.h"
#include "bridge/rotate_key.h"
#include "lib/log.h"
#include "lib/mem.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* False: what is in it is not private, and the configuration demands that it is. */
static bool check_mode(const char *path, bool is_strict)
{
	char why[128];

	if (modes_are_private(path, why, sizeof(why))) {
		return true;
	}
	log_write(is_strict ? LOG_FATAL : LOG_WARN,
	        "a file with tokens in it is not private: chmod o-rwx,g-w",
	        "file=\"%s\" why=\"%s\"", path, why);
	return !is_strict;
}

static bool check_modes(const struct cli *cli, const struct config *config)
{
	bool is_strict = config->bridge.strict_file_modes;
	const char *const paths[] = {
	        cli->config_path, cli->registration_path, config->database.key_file};
	bool is_good = true;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		is_good =
		        (paths[i] == NULL || check_mode(paths[i], is_strict)) && is_good;
	}
	for (size_t i = 0; i < config->secret_file_count; i++) {
		is_good = check_mode(config->secret_files[i], is_strict) && is_good;
	}
	return is_good;
}

/* As mautrix bridges rewrite their file; see modernize.h for how far. */
static void bring_up_to_date(const char *path)
{
	struct err err = ERR_INIT;
	size_t moved = 0;

	if (!modernize_file(path, &moved, &err)) {
		log_warn("older names stay in the configuration: it cannot be written",
		        "error=\"%s\"", err.msg);
	} else if (moved > 0) {
		log_info("configuration rewritten: older names are the present ones now",
		        "file=\"%s\" keys=%zu", path, moved);
	}
}

/* NULL: the exit status is in *status, and all has been said. */
static struct config *load(const struct cli *cli, int *status)
{
	struct config_problems problems = {0};
	struct err err;
	struct config *config = config_load(cli->config_path, &problems, &err);

	config_problems_write(&problems, stderr);
	config_problems_finish(&problems);
	if (config == NULL) {
		fprintf(stderr, "%s\n", err.msg);
		*status = err.code;
	}
	return config;
}

static int rotate_key(const struct cli *cli)
{
	int status = EXIT_OK;
	struct config *config = load(cli, &status);

	if (config != NULL) {
		status = rotate_key_run(config, cli->new_key_path, stdout);
		config_free(&config);
	}
	return status;
}

static int run(const struct cli *cli)
{
	struct err err;
	int status = EXIT_OK;
	struct config *config = load(cli, &status);

	if (config == NULL) {
		return status;
	}
	if (!logging_open(config, &err)) {
		fprintf(stderr, "Failed to initialize logger: %s\n", err.msg);
		config_free(&config);
		return EXIT_LOGGING;
	}
	if (!check_modes(cli, config)) {
		config_free(&config);
		return EXIT_CONFIG_INVALID;
	}
	if (!cli->no_update) {
		bring_up_to_date(cli->config_path);
	}
	log_info("Starting matrix-slack-bridge", "version=%s", VERSION);
	autofree char *crash = crash_path(cli->config_path);
	if (!crash_install(crash, &err)) {
		log_warn("no file for crash reports, so what crashes the bridge twice "
		         "cannot be set aside",
		        "error=\"%s\"", err.msg);
	}
	int exit_code = bridge_run(config, cli->config_path, crash);
	log_info("stopped", "exit=%d", exit_code);
	config_free(&config);
	return exit_code;
}

int main(int argc, char **argv)
{
	struct cli cli;

	no_memory_aborts();
	signal(SIGPIPE,
	        SIG_IGN); /* a closed connection is an error of a write, not our end */
	if (cli_parse(argc, argv, &cli, stdout, stderr) != CLI_OK) {
		return EXIT_GENERAL;
	}
	int done = cli_run_files(&cli);
	if (done >= 0) {
		return done;
	}
	if (cli.new_key_path != NULL) {
		return rotate_key(&cli);
	}
	const struct doctor_options doctor = {
	        cli.config_path, cli.registration_path, stdout};
	return cli.doctor ? doctor_run(&doctor) : run(&cli);
}
