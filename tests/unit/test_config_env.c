/* proves: CONF-05 */
#include "tests/unit/config_help.h"

#include "lib/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define PREFIXED GOOD_CONFIG "env_config_prefix: MSBT_\n"

static char path[] = "/tmp/test-config-env-XXXXXX";

static struct config *load_with(const char *text, char **problems, int *code)
{
	struct config_problems list = {0};
	struct err err = ERR_INIT;
	size_t size = 0;
	struct config *config = config_load_text("c.yaml", str_from(text), &list, &err);
	FILE *out = open_memstream(problems, &size);

	config_problems_write(&list, out);
	fclose(out);
	*code = config == NULL ? err.code : 0;
	config_problems_finish(&list);
	return config;
}

/* One variable, and what comes of it. */
static struct config *with(
        const char *name, const char *value, char **problems, int *code)
{
	setenv(name, value, 1);
	struct config *config = load_with(PREFIXED, problems, code);
	unsetenv(name);
	return config;
}

static void a_variable_sets_its_key(void **state)
{
	char *problems;
	int code;
	struct config *config =
	        with("MSBT_APPSERVICE__AS_TOKEN", "from-env", &problems, &code);

	(void)state;
	assert_non_null(config);
	assert_string_equal(config->appservice.as_token, "from-env");
	assert_string_equal(problems, "");
	config_free(&config);
	free(problems);
	config = with("MSBT_appservice.port", "4711", &problems, &code);
	assert_non_null(config);
	assert_int_equal(config->appservice.port, 4711);
	config_free(&config);
	free(problems);
	config = with("MSBT_MATRIX__FEDERATE_ROOMS", "false", &problems, &code);
	assert_non_null(config);
	assert_false(config->matrix.federate_rooms);
	config_free(&config);
	free(problems);
	config = with("MSBT_BRIDGE__PERMISSIONS", "{\"@a:example.org\": admin}",
	        &problems, &code);
	assert_non_null(config);
	assert_int_equal(config_permission(config, "@a:example.org"), PERM_ADMIN);
	assert_int_equal(config_permission(config, "@b:example.org"), PERM_BLOCK);
	config_free(&config);
	free(problems);
}

static void without_a_prefix_the_environment_means_nothing(void **state)
{
	char *problems;
	int code;

	(void)state;
	setenv("MSBT_APPSERVICE__PORT", "no number", 1);
	struct config *config = load_with(GOOD_CONFIG, &problems, &code);
	unsetenv("MSBT_APPSERVICE__PORT");
	assert_non_null(config);
	assert_int_equal(config->appservice.port, 29335);
	config_free(&config);
	free(problems);
}

static void a_file_holds_the_value(void **state)
{
	char *problems;
	int code;
	FILE *out = fopen(path, "we");

	(void)state;
	fputs("from-file\n\n", out);
	fclose(out);
	struct config *config =
	        with("MSBT_APPSERVICE__HS_TOKEN_FILE", path, &problems, &code);
	assert_non_null(config);
	assert_string_equal(config->appservice.hs_token, "from-file");
	config_free(&config);
	free(problems);
	setenv("CREDENTIALS_DIRECTORY", "/tmp", 1);
	autofree char *reference =
	        xasprintf("${CREDENTIALS_DIRECTORY}/%s", strrchr(path, '/') + 1);
	config = with("MSBT_APPSERVICE__HS_TOKEN_FILE", reference, &problems, &code);
	assert_non_null(config);
	assert_string_equal(config->appservice.hs_token, "from-file");
	config_free(&config);
	free(problems);
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void what_is_wrong_names_the_variable(void **state)
{
	static const struct {
		const char *name, *value, *says;
		int code;
	} wrong[] = {
	        {"MSBT_APPSERVICE__PORTT", "1",
	                "MSBT_APPSERVICE__PORTT: appservice.portt: no key has this name; did you "
	                "mean appservice.port?",
	                10},
	        {"MSBT_APPSERVICE__PORT", "many",
	                "MSBT_APPSERVICE__PORT: appservice.port: found \"many\"; expected a whole "
	                "number",
	                10},
	        {"MSBT_APPSERVICE__PORT", "70000",
	                "MSBT_APPSERVICE__PORT: appservice.port: found \"70000\"; expected 1 to "
	                "65535",
	                11},
	        {"MSBT_APPSERVICE__AS_TOKEN_FILE", "/nonexistent/x",
	                "its file /nonexistent/x cannot be read", 10},
	        {"MSBT_APPSERVICE__AS_TOKEN_FILE", "${CREDENTIALS_DIRECTORY}/x",
	                "the folder ${CREDENTIALS_DIRECTORY} is not set", 11},
	        {"MSBT_NETWORK__CA_FILE", "${HOME}/x",
	                "the folder ${HOME} is not known here", 11},
	        {"MSBT_DATABASE__MAX_OPEN_CONNS_FILE_X", "1", "no key has this name", 10},
	        {"MSBT_BRIDGE__PERMISSIONS", "{a", "bridge.permissions", 10},
	};

	(void)state;
	unsetenv("CREDENTIALS_DIRECTORY");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char *problems;
		int code;
		struct config *config =
		        with(wrong[i].name, wrong[i].value, &problems, &code);
		if (config != NULL || strstr(problems, wrong[i].says) == NULL) {
			fail_msg("%s=%s: %s", wrong[i].name, wrong[i].value, problems);
		}
		assert_int_equal(code, wrong[i].code);
		free(problems);
	}
}

static void a_secret_is_never_shown(void **state)
{
	char *problems;
	int code;
	struct config *config =
	        with("MSBT_DATABASE__URI", "postgres://u:hunter22@h/d", &problems, &code);

	(void)state;
	assert_null(config);
	assert_null(strstr(problems, "hunter22"));
	free(problems);
}

static void folders_are_put_into_paths(void **state)
{
	char *problems;
	int code;

	(void)state;
	setenv("STATE_DIRECTORY", "/var/lib/msb:/other", 1);
	autofree char *text = config_with("database.uri", "\"${STATE_DIRECTORY}/b.db\"");
	struct config *config = load_with(text, &problems, &code);
	assert_non_null(config);
	assert_string_equal(config->database.uri, "/var/lib/msb/b.db");
	config_free(&config);
	free(problems);
	unsetenv("STATE_DIRECTORY");
	assert_null(load_with(text, &problems, &code));
	assert_int_equal(code, 11);
	assert_non_null(strstr(problems, "database.uri"));
	free(problems);
}

static void a_template_needs_text_around_its_dot(void **state)
{
	autofree char *text = config_with("appservice.username_template", "'{{.}}'");
	char *problems;
	int code;

	(void)state;
	assert_null(load_with(text, &problems, &code));
	assert_int_equal(code, 11);
	assert_non_null(strstr(problems, "expected some text around {{.}}"));
	free(problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_variable_sets_its_key),
	        cmocka_unit_test(without_a_prefix_the_environment_means_nothing),
	        cmocka_unit_test(a_file_holds_the_value),
	        cmocka_unit_test(what_is_wrong_names_the_variable),
	        cmocka_unit_test(a_secret_is_never_shown),
	        cmocka_unit_test(folders_are_put_into_paths),
	        cmocka_unit_test(a_template_needs_text_around_its_dot),
	};
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
