/* The command line: flags, what they print, exit statuses. */
#include "config_help.h"

#include "lib/json.h"
#include "lib/mem.h"

#include "bridge/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { ARGUMENTS_MAX = 10 };

struct outcome {
	enum cli_result result;
	struct cli cli;
	int status; /* of cli_run_files; -2: not called */
	char *out, *err;
};

/* Runs "-a -b c", split at spaces. Argument texts live until outcome_free. */
struct run {
	struct outcome outcome;
	char *line;
};

static struct run run(const char *line, bool with_files)
{
	struct run run = {.line = xstrdup(line), .outcome = {.status = -2}};
	char *argv[ARGUMENTS_MAX + 2] = {NULL};
	int argc = 1;
	size_t sizes[2];
	FILE *out = open_memstream(&run.outcome.out, &sizes[0]);
	FILE *err = open_memstream(&run.outcome.err, &sizes[1]);
	char name[] = "matrix-slack-bridge";

	argv[0] = name;
	for (char *p = run.line; *p != '\0' && argc <= ARGUMENTS_MAX;) {
		argv[argc++] = p;
		p += strcspn(p, " ");
		if (*p == ' ') {
			*p++ = '\0';
		}
	}
	run.outcome.result = cli_parse(argc, argv, &run.outcome.cli, out, err);
	if (run.outcome.result == CLI_OK && with_files) {
		run.outcome.status = cli_run_files(&run.outcome.cli);
	}
	fclose(out);
	fclose(err);
	return run;
}

static void run_free(struct run *run)
{
	free(run->line);
	free(run->outcome.out);
	free(run->outcome.err);
}

static void test_flags(void **state)
{
	(void)state;
	struct run none = run("", false);
	assert_int_equal(none.outcome.result, CLI_OK);
	assert_string_equal(none.outcome.cli.config_path, "config.yaml");
	assert_string_equal(none.outcome.cli.registration_path, "registration.yaml");
	assert_false(none.outcome.cli.no_update);
	run_free(&none);

	struct run letters = run("-n -c a.yaml -rb.yaml -ge", false);
	assert_int_equal(letters.outcome.result, CLI_OK);
	assert_string_equal(letters.outcome.cli.config_path, "a.yaml");
	assert_string_equal(letters.outcome.cli.registration_path, "b.yaml");
	assert_true(letters.outcome.cli.no_update);
	assert_true(letters.outcome.cli.generate_registration);
	assert_true(letters.outcome.cli.generate_example);
	run_free(&letters);

	struct run words =
	        run("--config=a --registration b --no-update --generate-registration "
	            "--ignore-foreign-tables --ignore-unsupported-database "
	            "--ignore-unsupported-server",
	                false);
	assert_int_equal(words.outcome.result, CLI_OK);
	assert_string_equal(words.outcome.cli.config_path, "a");
	assert_string_equal(words.outcome.cli.registration_path, "b");
	assert_true(words.outcome.cli.no_update);
	assert_true(words.outcome.cli.generate_registration);
	assert_true(words.outcome.cli.ignore_foreign_tables);
	assert_true(words.outcome.cli.ignore_unsupported_database);
	assert_true(words.outcome.cli.ignore_unsupported_server);
	run_free(&words);
}

static void test_wrong_flags(void **state)
{
	(void)state;
	static const struct {
		const char *line, *says;
	} cases[] = {
	        {"-x", "unknown flag: -x"},
	        {"--nonsense", "unknown flag: --nonsense"},
	        {"-c", "a path is missing after: -c"},
	        {"--config", "a path is missing after: --config"},
	        {"--version=1", "unknown flag: --version=1"},
	        {"extra", "unexpected argument: extra"},
	        {"-n -- -g", "unexpected argument: -g"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run wrong = run(cases[i].line, true);
		assert_int_equal(wrong.outcome.result, CLI_WRONG);
		assert_non_null(strstr(wrong.outcome.err, cases[i].says));
		assert_non_null(strstr(wrong.outcome.err, "Usage:"));
		assert_string_equal(wrong.outcome.out, "");
		run_free(&wrong);
	}
}

static void test_what_is_printed(void **state)
{
	(void)state;
	static const struct {
		const char *line, *says;
	} cases[] = {
	        {"-h", "--generate-registration"},
	        {"-v", "matrix-slack-bridge v" VERSION "\n"},
	        {"--version-json", "\"BaseVersion\":\"" VERSION "\""},
	        {"--config-doc", "# Configuration\n"},
	        {"--config-schema", "\"$schema\""},
	        {"-e -c -", "homeserver:\n"},
	        {"-hvge", "Usage:"},
	        {"-vge", "v" VERSION},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run printed = run(cases[i].line, true);
		assert_int_equal(printed.outcome.status, 0);
		assert_non_null(strstr(printed.outcome.out, cases[i].says));
		assert_string_equal(printed.outcome.err, "");
		run_free(&printed);
	}
	struct run json = run("--version-json", true);
	autojson cJSON *parsed = json_parse(str_from(json.outcome.out), NULL);
	assert_string_equal(json_str(parsed, "Name"), "matrix-slack-bridge");
	run_free(&json);
	struct run go_on = run("-c x --ignore-foreign-tables", true);
	assert_int_equal(go_on.outcome.status, -1);
	run_free(&go_on);
}

static char *content(const char *path)
{
	char *text = xcalloc(1, 65536);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	size_t n = fread(text, 1, 65535, file);
	text[n] = '\0';
	fclose(file);
	return text;
}

static void test_example_and_registration_files(void **state)
{
	(void)state;
	char folder[] = "/tmp/test-cli-XXXXXX";
	assert_non_null(mkdtemp(folder));
	autofree char *config = xasprintf("%s/config.yaml", folder);
	autofree char *registration = xasprintf("%s/registration.yaml", folder);
	autofree char *example = xasprintf("-e -c %s", config);
	autofree char *generate = xasprintf("-g -c %s -r %s", config, registration);
	autofree char *refused = xasprintf("-n %s", generate);

	struct run first = run(example, true);
	assert_int_equal(first.outcome.status, 0);
	assert_non_null(
	        strstr(first.outcome.out, "Wrote example config to /tmp/test-cli-"));
	run_free(&first);
	struct stat info;
	assert_int_equal(stat(config, &info), 0);
	assert_int_equal(info.st_mode & 077, 0);
	autofree char *text = content(config);
	struct run again = run(example, true);
	assert_int_equal(again.outcome.status, 1);
	assert_non_null(strstr(again.outcome.err,
	        " already exists, please remove it if you want to generate a new example\n"));
	run_free(&again);
	autofree char *same = content(config);
	assert_string_equal(text, same);

	struct run both = run(refused, true);
	assert_int_equal(both.outcome.status, 5);
	assert_string_equal(both.outcome.err,
	        "--no-update is not compatible with --generate-registration\n");
	run_free(&both);
	struct run unset = run(generate, true);
	assert_int_equal(unset.outcome.status, 20);
	assert_non_null(strstr(unset.outcome.err, "homeserver.domain is not set"));
	run_free(&unset);

	FILE *file = fopen(config, "w");
	fputs("homeserver: {domain: example.org}\n", file);
	fclose(file);
	struct run done = run(generate, true);
	assert_int_equal(done.outcome.status, 0);
	assert_non_null(strstr(done.outcome.out, "!admin appservices"));
	run_free(&done);

	file = fopen(config, "w");
	fputs("homeserver: {domain: [\n", file);
	fclose(file);
	struct run broken = run(generate, true);
	assert_int_equal(broken.outcome.status, 10);
	assert_non_null(strstr(broken.outcome.err, "config.yaml:2:1: no valid YAML"));
	run_free(&broken);
	unlink(config);
	unlink(registration);
	struct run missing = run(generate, true);
	assert_int_equal(missing.outcome.status, 10);
	run_free(&missing);
	assert_int_equal(rmdir(folder), 0);
	struct run nowhere = run("-e -c /nonexistent/config.yaml", true);
	assert_int_equal(nowhere.outcome.status, 1);
	run_free(&nowhere);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_flags),
	        cmocka_unit_test(test_wrong_flags),
	        cmocka_unit_test(test_what_is_printed),
	        cmocka_unit_test(test_example_and_registration_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
