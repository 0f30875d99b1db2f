#include "bridge/cli.h"

#include "lib/json.h"
#include "lib/mem.h"

#include "bridge/config/config.h"
#include "bridge/config/registration.h"
#include "bridge/exit_codes.h"
#include "bridge/slack/event_table.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "matrix-slack-bridge"

enum flag {
	FLAG_VERSION_JSON = 256,
	FLAG_IGNORE_DATABASE,
	FLAG_IGNORE_TABLES,
	FLAG_IGNORE_SERVER,
	FLAG_CONFIG_DOC,
	FLAG_CONFIG_SCHEMA,
	FLAG_EVENTS_DOC,
	FLAG_APP_MANIFEST,
	FLAG_DOCTOR,
	FLAG_ROTATE_KEY,
};

static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},
        {"config", required_argument, NULL, 'c'},
        {"generate-example-config", no_argument, NULL, 'e'},
        {"no-update", no_argument, NULL, 'n'},
        {"registration", required_argument, NULL, 'r'},
        {"generate-registration", no_argument, NULL, 'g'},
        {"version", no_argument, NULL, 'v'},
        {"version-json", no_argument, NULL, FLAG_VERSION_JSON},
        {"ignore-unsupported-database", no_argument, NULL, FLAG_IGNORE_DATABASE},
        {"ignore-foreign-tables", no_argument, NULL, FLAG_IGNORE_TABLES},
        {"ignore-unsupported-server", no_argument, NULL, FLAG_IGNORE_SERVER},
        {"config-doc", no_argument, NULL, FLAG_CONFIG_DOC},
        {"doctor", no_argument, NULL, FLAG_DOCTOR},
        {"rotate-key", required_argument, NULL, FLAG_ROTATE_KEY},
        {"config-schema", no_argument, NULL, FLAG_CONFIG_SCHEMA},
        {"events-doc", no_argument, NULL, FLAG_EVENTS_DOC},
        {"app-manifest", no_argument, NULL, FLAG_APP_MANIFEST},
        {NULL, 0, NULL, 0},
};

static const char usage[] = NAME
        " - a bridge between Slack and Matrix\n"
        "\n"
        "Usage:\n"
        "  " NAME " [-hgvn] [-c <path>] [-r <path>]\n"
        "\n"
        "  -c, --config=<path>            The configuration (config.yaml).\n"
        "  -r, --registration=<path>      Where -g writes the registration (registration.yaml).\n"
        "  -e, --generate-example-config  Write the example to the path of -c (-: print it) and quit.\n"
        "  -g, --generate-registration    Make tokens, write registration and configuration, and quit.\n"
        "  -n, --no-update                Do not change the configuration file.\n"
        "      --doctor                   Check everything, print a table with remedies, change nothing.\n"
        "      --rotate-key=<path>        Seal the stored tokens with the key in this file and quit; the\n"
        "                                 present one is that of database.key_file.\n"
        "  -v, --version                  Print the version and quit.\n"
        "      --version-json             Print the version as JSON and quit.\n"
        "      --ignore-unsupported-database\n"
        "                                 Run although the database's schema is too new.\n"
        "      --ignore-foreign-tables    Run although the database holds other programs' tables.\n"
        "      --ignore-unsupported-server\n"
        "                                 Run although the homeserver is outdated.\n"
        "      --config-doc               Print the document of all keys and quit.\n"
        "      --config-schema            Print the JSON Schema of the configuration and quit.\n"
        "      --events-doc               Print the document of Slack's events and quit.\n"
        "      --app-manifest             Print the manifest of the Slack app and quit.\n"
        "  -h, --help                     Print this and quit.\n";

static void set_flag(struct cli *cli, int flag)
{
	switch (flag) {
	case 'c':
		cli->config_path = optarg;
		break;
	case 'r':
		cli->registration_path = optarg;
		break;
	case 'e':
		cli->generate_example = true;
		break;
	case 'g':
		cli->generate_registration = true;
		break;
	case 'n':
		cli->no_update = true;
		break;
	case 'v':
		cli->version = true;
		break;
	case 'h':
		cli->help = true;
		break;
	case FLAG_VERSION_JSON:
		cli->version_json = true;
		break;
	case FLAG_IGNORE_DATABASE:
		cli->ignore_unsupported_database = true;
		break;
	case FLAG_IGNORE_TABLES:
		cli->ignore_foreign_tables = true;
		break;
	case FLAG_IGNORE_SERVER:
		cli->ignore_unsupported_server = true;
		break;
	case FLAG_CONFIG_DOC:
		cli->config_doc = true;
		break;
	case FLAG_CONFIG_SCHEMA:
		cli->config_schema = true;
		break;
	case FLAG_EVENTS_DOC:
		cli->events_doc = true;
		break;
	case FLAG_APP_MANIFEST:
		cli->app_manifest = true;
		break;
	case FLAG_ROTATE_KEY:
		cli->new_key_path = optarg;
		break;
	case FLAG_DOCTOR:
		cli->doctor = true;
		break;
	default:
		break;
	}
}

static enum cli_result wrong(
        const struct cli *cli, const char *what, const char *argument)
{
	fprintf(cli->err, "%s: %s\n\n%s", what, argument, usage);
	return CLI_WRONG;
}

enum cli_result cli_parse(
        int argc, char **argv, struct cli *out, FILE *out_text, FILE *err_text)
{
	int flag;

	*out = (struct cli){
	        .config_path = "config.yaml",
	        .registration_path = "registration.yaml",
	        .out = out_text,
	        .err = err_text,
	};
	optind = 0; /* glibc: begin anew, also after an earlier argv */
	opterr = 0;
	while ((flag = getopt_long(argc, argv, ":c:r:egnvh", options, NULL)) != -1) {
		const char *argument = argv[optind > 0 ? optind - 1 : 0];
		if (flag == '?') {
			return wrong(out, "unknown flag", argument);
		}
		if (flag == ':') {
			return wrong(out, "a path is missing after", argument);
		}
		set_flag(out, flag);
	}
	if (optind < argc) {
		return wrong(out, "unexpected argument", argv[optind]);
	}
	return CLI_OK;
}

static int print_version_json(FILE *out)
{
	autojson cJSON *object = json_new();

	json_set_str(object, "Name", NAME);
	json_set_str(object, "BaseVersion", VERSION);
	json_set_str(object, "FormattedVersion", "v" VERSION);
	json_set_str(object, "VersionDescription", NAME " v" VERSION);
	json_set_str(object, "OS", "linux");
#if defined(__x86_64__)
	json_set_str(object, "Arch", "amd64");
#elif defined(__aarch64__)
	json_set_str(object, "Arch", "arm64");
#else
	json_set_str(object, "Arch", "other");
#endif
	autofree char *text = json_print(object);
	fprintf(out, "%s\n", text);
	return EXIT_OK;
}

/* A new file only, and for nobody else's eyes: passwords will be written into it. */
static int write_example(const struct cli *cli)
{
	const char *path = cli->config_path;
	bool is_stream =
	        strcmp(path, "/dev/stdout") == 0 || strcmp(path, "/dev/stderr") == 0;

	if (strcmp(path, "-") == 0) {
		config_write_example(cli->out);
		return EXIT_OK;
	}
	int fd = open(
	        path, O_WRONLY | O_CLOEXEC | (is_stream ? 0 : O_CREAT | O_EXCL), 0600);
	if (fd < 0 && errno == EEXIST) {
		fprintf(cli->err,
		        "%s already exists, please remove it if you want to generate a new example\n",
		        path);
		return EXIT_GENERAL;
	}
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	bool is_written = file != NULL;
	if (file != NULL) {
		config_write_example(file);
		is_written = fflush(file) == 0 && ferror(file) == 0;
		is_written &= fclose(file) == 0;
	}
	if (!is_written) {
		fprintf(cli->err, "%s: cannot be written: %s\n", path, strerror(errno));
		if (fd >= 0 && !is_stream) {
			unlink(path);
		}
		return EXIT_GENERAL;
	}
	fprintf(cli->out, "Wrote example config to %s\n", path);
	return EXIT_OK;
}

static int generate_registration(const struct cli *cli)
{
	struct config_problems problems = {0};
	struct err err = ERR_INIT;
	int status = EXIT_OK;

	if (cli->no_update) {
		fputs("--no-update is not compatible with --generate-registration\n",
		        cli->err);
		return EXIT_NO_UPDATE_WITH_G;
	}
	if (registration_generate_told(
	            cli->config_path, cli->registration_path, &problems, &err)) {
		fprintf(cli->out,
		        "Registration generated: %s\n"
		        "Its tokens are in %s too. Now register it with the homeserver:\n"
		        "  conduwuit, continuwuity, tuwunel: in the admin room, !admin appservices\n"
		        "    register, and the file's text below it in a code block\n"
		        "  Synapse: add the path to app_service_config_files, and restart it\n",
		        cli->registration_path, cli->config_path);
	} else {
		status = err.code;
		if (status == EXIT_CONFIG_UNREADABLE) {
			config_problems_write(&problems, cli->err);
		} else {
			fprintf(cli->err, "%s\n", err.msg);
		}
	}
	config_problems_finish(&problems);
	return status;
}

int cli_run_files(const struct cli *cli)
{
	if (cli->help) {
		fputs(usage, cli->out);
		return EXIT_OK;
	}
	if (cli->version) {
		fputs(NAME " v" VERSION "\n", cli->out);
		return EXIT_OK;
	}
	if (cli->version_json) {
		return print_version_json(cli->out);
	}
	if (cli->config_doc) {
		config_write_doc(cli->out);
		return EXIT_OK;
	}
	if (cli->events_doc) {
		slack_event_write_doc(cli->out);
		return EXIT_OK;
	}
	if (cli->app_manifest) {
		slack_event_write_manifest(cli->out);
		return EXIT_OK;
	}
	if (cli->config_schema) {
		config_write_schema(cli->out);
		return EXIT_OK;
	}
	if (cli->generate_example) {
		return write_example(cli);
	}
	if (cli->generate_registration) {
		return generate_registration(cli);
	}
	return -1;
}
