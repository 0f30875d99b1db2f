#include "bridge/doctor/local.h"

#include "bridge/config/file.h"
#include "bridge/config/modes.h"
#include "bridge/config/yaml_read.h"
#include "bridge/exit_codes.h"
#include "lib/mem.h"
#include "lib/str.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ENOUGH_FILES = 1024 };

#define REGISTER_ANEW "run: matrix-slack-bridge -g, and register the file again"

/* ---------------------------------------------------------------- configuration */

struct config *local_check_config(struct findings *findings, const char *path)
{
	struct config_problems problems = {0};
	struct err err = ERR_INIT;
	struct config *config = config_load(path, &problems, &err);

	for (size_t i = 0; i < problems.count; i++) {
		const struct config_problem *problem = &problems.items[i];
		findings_add(findings, problem->warning ? VERDICT_WARN : VERDICT_FAIL,
		        "configuration", err.code, NULL, "%s:%d: %s%s%s", problem->file,
		        problem->line, problem->key, problem->key[0] == '\0' ? "" : ": ",
		        problem->text);
	}
	if (config != NULL) {
		found_ok(findings, "configuration", "%s", path);
	}
	config_problems_finish(&problems);
	return config;
}

static void compare(struct findings *findings, const struct node *root, const char *name,
        const char *expected, int status)
{
	const struct node *node = node_get(root, name);
	const char *found = node == NULL || node->kind != NODE_SCALAR ? "" : node->text;

	if (!str_equal(found, expected)) {
		findings_add(findings, VERDICT_FAIL, "registration", status,
		        REGISTER_ANEW, "its %s is not the configuration's", name);
	}
}

static void compare_all(struct findings *findings, const struct config *config,
        const struct node *root, const char *path)
{
	size_t before = findings->count;

	compare(findings, root, "as_token", config->appservice.as_token,
	        EXIT_HOMESERVER_TOKEN);
	compare(findings, root, "hs_token", config->appservice.hs_token,
	        EXIT_HOMESERVER_PING);
	compare(findings, root, "id", config->appservice.id, EXIT_HOMESERVER_PING);
	compare(findings, root, "url", config->appservice.address, EXIT_HOMESERVER_PING);
	if (findings->count == before) {
		found_ok(findings, "registration", "%s fits the configuration", path);
	}
}

void local_check_registration(
        struct findings *findings, const struct config *config, const char *path)
{
	struct config_problems problems = {0};
	struct buf text;

	if (access(path, F_OK) != 0) {
		findings_add(findings, VERDICT_SKIP, "registration", 0,
		        "name the file with -r to have it compared",
		        "%s is not here; the homeserver is asked below", path);
		return;
	}
	buf_init(&text, YAML_MAX_BYTES + 1);
	struct node *root = config_file_read(path, &text, &problems)
	                            ? config_yaml_read(path, buf_str(&text), &problems)
	                            : NULL;
	if (root == NULL) {
		findings_add(findings, VERDICT_WARN, "registration", 0, REGISTER_ANEW,
		        "%s: %s", path,
		        problems.count > 0 ? problems.items[0].text : "unreadable");
	} else {
		compare_all(findings, config, root, path);
	}
	node_free(root);
	buf_finish(&text);
	config_problems_finish(&problems);
}

/* ---------------------------------------------------------------- modes and limits */

static void check_mode(struct findings *findings, const char *path)
{
	char why[128];

	if (access(path, F_OK) != 0) {
		return;
	}
	if (modes_are_private(path, why, sizeof(why))) {
		found_ok(findings, "file mode", "%s is for its owner and group alone",
		        path);
	} else {
		autofree char *remedy = xasprintf("run: chmod o-rwx,g-w %s", path);
		findings_add(findings, VERDICT_WARN, "file mode", 0, remedy, "%s %s",
		        path, why);
	}
}

void local_check_modes(
        struct findings *findings, const char *config_path, const char *registration)
{
	check_mode(findings, config_path);
	check_mode(findings, registration);
}

void local_check_limits(struct findings *findings)
{
	struct rlimit files = {0}, core = {0};

	getrlimit(RLIMIT_NOFILE, &files);
	getrlimit(RLIMIT_CORE, &core);
	if (files.rlim_cur < ENOUGH_FILES) {
		findings_add(findings, VERDICT_WARN, "limits", 0,
		        "LimitNOFILE=8192 in the unit, or ulimit -n 8192",
		        "only %llu open files are allowed",
		        (unsigned long long)files.rlim_cur);
	} else {
		found_ok(findings, "limits", "%llu open files are allowed",
		        (unsigned long long)files.rlim_cur);
	}
	if (core.rlim_cur > 0) {
		findings_add(findings, VERDICT_WARN, "limits", 0,
		        "LimitCORE=0 in the unit, or ulimit -c 0; the crash report does "
		        "without",
		        "a core dump would be written, with the tokens in it");
	}
}

/* ---------------------------------------------------------------- database */

void local_check_database(
        struct findings *findings, const struct config *config, struct peek *peek)
{
	struct err err = ERR_INIT;

	*peek = (struct peek){0};
	if (!peek_database(config->database.type, config->database.uri, peek, &err)) {
		findings_add(findings, VERDICT_FAIL, "database", err.code,
		        err.code == EXIT_DATABASE_SCHEMA
		                ? "use the program's newest version, or another "
		                  "database.uri"
		        : str_equal(config->database.type, "postgres")
		                ? "start the server, or change database.uri"
		                : "make the folder, give it to the bridge's user, or "
		                  "change database.uri",
		        "%s", err.msg);
	} else if (!peek->is_there) {
		found_ok(findings, "database", "not there yet: the first start makes it");
	} else {
		found_ok(findings, "database",
		        "schema %lld of %lld; %lld events wait, %lld failed",
		        (long long)peek->version, (long long)peek->newest,
		        (long long)peek->waiting, (long long)peek->dead);
	}
	if (peek->quarantined > 0) {
		findings_add(findings, VERDICT_WARN, "database", 0,
		        "say `quarantine` to the bot",
		        "%lld events are in quarantine: the bridge crashed at them",
		        (long long)peek->quarantined);
	}
}
