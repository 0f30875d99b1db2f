/* proves: AUTH-09 */
#include "tests/unit/config_help.h"

#include "lib/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define ME "owner: '@me:example.org'"

static char path[] = "/tmp/test-config-logins-XXXXXX";

static struct config *load_network(const char *network, char **problems)
{
	autofree char *text = xasprintf(GOOD_CONFIG "network: {%s}\n", network);
	struct config_problems list = {0};
	struct err err = ERR_INIT;
	size_t size = 0;
	struct config *config = config_load_text("c.yaml", str_from(text), &list, &err);
	FILE *out = open_memstream(problems, &size);

	config_problems_write(&list, out);
	fclose(out);
	config_problems_finish(&list);
	return config;
}

static void write_secret(const char *text)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void tokens_come_from_values_files_and_variables(void **state)
{
	char *problems;
	autofree char *network = xasprintf(
	        "logins: [{" ME ", bot_token_file: '%s', app_token: '${MSBT_APP}'}, "
	        "{" ME ", bot_token: xoxb-b, app_token: xapp-c}]",
	        path);

	(void)state;
	write_secret("xoxb-in-a-file\n\n");
	setenv("MSBT_APP", "xapp-in-a-variable", 1);
	struct config *config = load_network(network, &problems);
	unsetenv("MSBT_APP");
	assert_string_equal(problems, "");
	assert_non_null(config);
	assert_int_equal(config->login_count, 2);
	assert_string_equal(config->logins[0].owner, "@me:example.org");
	assert_string_equal(config->logins[0].bot_token, "xoxb-in-a-file");
	assert_string_equal(config->logins[0].app_token, "xapp-in-a-variable");
	assert_null(config->logins[0].refresh_token);
	assert_string_equal(config->logins[1].bot_token, "xoxb-b");
	assert_int_equal(config->secret_file_count, 1);
	assert_string_equal(config->secret_files[0], path);
	config_free(&config);
	free(problems);
}

static void a_rotating_token_has_all_it_needs(void **state)
{
	char *problems;
	autofree char *network =
	        xasprintf("client_id: '1.2', client_secret_file: '%s', logins: [{" ME
	                  ", bot_token: xoxe.xoxb-1-a, refresh_token: xoxe-1-b, "
	                  "app_token: xapp-c}]",
	                path);

	(void)state;
	write_secret("the-client-secret\n");
	struct config *config = load_network(network, &problems);
	assert_string_equal(problems, "");
	assert_non_null(config);
	assert_true(config_can_rotate(config));
	assert_string_equal(config->slack.client_secret, "the-client-secret");
	assert_string_equal(config->logins[0].refresh_token, "xoxe-1-b");
	config_free(&config);
	free(problems);
}

static void what_is_wrong_is_said_without_the_token(void **state)
{
	static const struct {
		const char *network, *problem;
	} cases[] = {
	        {"logins: [{bot_token: xoxb-hidden, app_token: xapp-hidden}]",
	                "owner: found nothing"},
	        {"logins: [{owner: me, bot_token: xoxb-hidden, app_token: xapp-hidden}]",
	                "owner: found me; expected a Matrix user ID"},
	        {"logins: [{owner: '@me:elsewhere.org', bot_token: xoxb-hidden, "
	         "app_token: xapp-hidden}]",
	                "may not log in"},
	        {"logins: [{" ME ", app_token: xapp-hidden}]",
	                "bot_token: found nothing"},
	        {"logins: [{" ME ", bot_token: xapp-hidden, app_token: xoxb-hidden}]",
	                "bot_token: found something else"},
	        {"logins: [{" ME
	         ", bot_token: \"xoxb-hidden\\nX: y\", app_token: xapp-a}]",
	                "bot_token: found something else"},
	        {"logins: [{" ME ", bot_token: xoxb-hidden, app_token: xoxb-hidden}]",
	                "app_token: found something else"},
	        {"logins: [{" ME ", bot_token: xoxb-hidden, bot_token_file: /x, "
	         "app_token: xapp-hidden}]",
	                "both bot_token and bot_token_file"},
	        {"logins: [{" ME ", bot_token_file: /not/there, app_token: xapp-hidden}]",
	                "its file /not/there cannot be read"},
	        {"logins: [{" ME ", bot_token: '${MSBT_NONE}', app_token: xapp-hidden}]",
	                "the environment has no variable MSBT_NONE"},
	        {"logins: [{" ME
	         ", bot_token: xoxe.xoxb-hidden, app_token: xapp-hidden}]",
	                "refresh_token: found nothing"},
	        {"logins: [{" ME ", bot_token: xoxe.xoxb-hidden, refresh_token: "
	         "xoxe-hidden, app_token: xapp-hidden}]",
	                "needs network.client_id"},
	        {"logins: [xoxb-hidden]", "expected keys such as owner"},
	        {"logins: xoxb-hidden", "expected"},
	        {"client_secret_file: /not/there", "its file /not/there cannot be read"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *problems;
		struct config *config = load_network(cases[i].network, &problems);
		assert_null(config);
		if (strstr(problems, cases[i].problem) == NULL) {
			fail_msg("case %zu: %s", i, problems);
		}
		assert_null(strstr(problems, "hidden"));
		free(problems);
	}
}

static void an_unknown_key_is_a_warning(void **state)
{
	char *problems;
	struct config *config =
	        load_network("logins: [{" ME ", bot_token: xoxb-a, app_token: "
	                     "xapp-b, colour: red}]",
	                &problems);

	(void)state;
	assert_non_null(config);
	assert_non_null(strstr(problems, "colour: unknown key, ignored"));
	config_free(&config);
	free(problems);
}

/* proves: AUTH-05 */
static void a_person_has_a_token_and_a_cookie(void **state)
{
	static const struct {
		const char *login, *problem;
	} cases[] = {
	        {"user_token: xoxc-a, cookie: xoxd-b", ""},
	        {"user_token: xoxs-a, cookie: xoxd-b", ""},
	        {"user_token: xoxb-a, cookie: xoxd-b",
	                "expected the token of a Slack client"},
	        {"cookie: xoxd-b", "user_token: found nothing"},
	        {"user_token: xoxc-a", "cookie: found nothing"},
	        {"user_token: xoxc-a, cookie: xoxc-b", "begins with xoxd-"},
	        {"user_token: xoxc-a, cookie: xoxd-b, app_token: xapp-c",
	                "expected a login for each"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autofree char *network =
		        xasprintf("logins: [{" ME ", %s}]", cases[i].login);
		char *problems;
		struct config *config = load_network(network, &problems);
		assert_int_equal(config != NULL, cases[i].problem[0] == '\0');
		assert_non_null(strstr(problems, cases[i].problem));
		assert_null(strstr(problems, "xoxd-b"));
		config_free(&config);
		free(problems);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_person_has_a_token_and_a_cookie),
	        cmocka_unit_test(tokens_come_from_values_files_and_variables),
	        cmocka_unit_test(a_rotating_token_has_all_it_needs),
	        cmocka_unit_test(what_is_wrong_is_said_without_the_token),
	        cmocka_unit_test(an_unknown_key_is_a_warning),
	};
	int fd = mkstemp(path);

	close(fd);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
