/* cli: the daemon's command line: the flags of mautrix bridges, with the same letters,
 * meaning and exit statuses, so that units and modules written for those work unchanged.
 */
#ifndef BRIDGE_CLI_H
#define BRIDGE_CLI_H

#include <stdbool.h>
#include <stdio.h>

struct cli {
	const char *config_path;       /* borrowed from argv; config.yaml by default */
	const char *registration_path; /* likewise; registration.yaml by default */
	bool generate_example;
	bool generate_registration;
	bool no_update; /* change no file */
	bool version, version_json, help;
	bool doctor;                    /* our own: for main, which runs it */
	const char *new_key_path;       /* --rotate-key; NULL: not asked for */
	bool config_doc, config_schema; /* our own: print the document, the JSON Schema */
	bool events_doc, app_manifest;  /* our own: event_table.h */
	bool ignore_unsupported_database;
	bool ignore_foreign_tables;
	bool ignore_unsupported_server;
	FILE *out, *err; /* borrowed */
};

enum cli_result {
	CLI_OK,
	CLI_WRONG, /* said on err_text, with the usage; the program owes exit status 1 */
};

/* May reorder argv. out_text and err_text are kept in *out for cli_run_files. */
enum cli_result cli_parse(
        int argc, char **argv, struct cli *out, FILE *out_text, FILE *err_text);

/* Does what ends the program at once: -h, -v, --version-json, -e, -g and the like, in
 * this order. Returns the exit status, or -1 for "go on and run". */
int cli_run_files(const struct cli *cli);

#endif
