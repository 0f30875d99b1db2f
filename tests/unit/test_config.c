/* What a configuration is read as, and what is said about a bad one. */
#include "config_help.h"

#include "lib/mem.h"

#include "bridge/config/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static void test_defaults_fill_what_is_left_out(void **state)
{
	(void)state;
	struct loaded loaded = load(GOOD_CONFIG);
	const struct config *config = loaded.config;

	assert_non_null(config);
	assert_int_equal(loaded.problems.count, 0);
	assert_string_equal(config->homeserver.address, "http://localhost:8008");
	assert_string_equal(config->homeserver.domain, "example.org");
	assert_string_equal(config->homeserver.software, "standard");
	assert_string_equal(config->database.type, "sqlite3-fk-wal");
	assert_string_equal(config->database.uri, "bridge.db");
	assert_int_equal(config->database.max_open_conns, 5);
	assert_int_equal(config->database.max_idle_conns, 1);
	assert_string_equal(config->appservice.address, "http://localhost:29335");
	assert_string_equal(config->appservice.hostname, "127.0.0.1");
	assert_int_equal(config->appservice.port, 29335);
	assert_string_equal(config->appservice.id, "slack");
	assert_string_equal(config->appservice.bot_username, "slackbot");
	assert_string_equal(config->appservice.bot_displayname, "Slack bridge bot");
	assert_string_equal(config->appservice.bot_avatar,
	        "mxc://maunium.net/pVtzLmChZejGxLqmXtQjFxem");
	assert_true(config->appservice.ephemeral_events);
	assert_string_equal(config->appservice.as_token, "secret-as");
	assert_string_equal(config->appservice.hs_token, "secret-hs");
	assert_string_equal(config->appservice.username_template, "slack_{{.}}");
	assert_string_equal(config->bridge.command_prefix, "!slack");
	assert_int_equal(config->bridge.permission_count, 1);
	assert_string_equal(config->slack.api_url, "https://slack.com/api/");
	assert_null(config->slack.ca_file);
	assert_int_equal(config->slack.conversation_count, -1);
	assert_int_equal(config->slack.max_connections, 1);
	assert_true(config->matrix.federate_rooms);
	assert_int_equal(config->logging.min_level, LOG_DEBUG);
	assert_int_equal(config->logging.writer_count, 1);
	assert_string_equal(config->logging.writers[0].type, "stdout");
	assert_string_equal(config->logging.writers[0].format, "pretty-colored");
	unload(&loaded);
}

/* A deployment's values, in the layout of mautrix bridges, one older name among them. */
static void test_values_of_a_deployment(void **state)
{
	(void)state;
	struct loaded loaded =
	        load("homeserver:\n"
	             "    address: http://127.0.0.1:8008\n"
	             "    domain: clarun.xyz\n"
	             "database:\n"
	             "    type: postgres\n"
	             "    uri: postgresql:///mautrix_slack?host=/run/postgresql\n"
	             "    max_open_conns: 32\n"
	             "    max_idle_conns: 4\n"
	             "appservice:\n"
	             "    address: http://127.0.0.1:29319\n"
	             "    hostname: 127.0.0.1\n"
	             "    port: 29319\n"
	             "    id: slack\n"
	             "    bot:\n"
	             "        username: slackbot\n"
	             "    username_template: slack_{{.}}\n"
	             "    as_token: a\n"
	             "    hs_token: h\n"
	             "bridge:\n"
	             "    command_prefix: '!slack'\n"
	             "    conversation_count: 10  # Start small, expand organically\n"
	             "    permissions:\n"
	             "        clarun.xyz: user\n"
	             "encryption:\n"
	             "    allow: true\n"
	             "    default: false\n"
	             "logging:\n"
	             "    min_level: info\n");
	const struct config *config = loaded.config;

	assert_non_null(config);
	assert_string_equal(
	        config->database.uri, "postgresql:///mautrix_slack?host=/run/postgresql");
	assert_int_equal(config->database.max_open_conns, 32);
	assert_int_equal(config->database.max_idle_conns, 4);
	assert_int_equal(config->appservice.port, 29319);
	assert_int_equal(config->slack.conversation_count, 10);
	assert_int_equal(config->logging.min_level, LOG_INFO);
	assert_int_equal(config_permission(config, "@dan:clarun.xyz"), PERM_USER);
	assert_int_equal(config_permission(config, "@dan:example.com"), PERM_BLOCK);
	autofree char *ghost = config_ghost_localpart(config, "t0abc-u0def");
	assert_string_equal(ghost, "slack_t0abc-u0def");
	assert_int_equal(loaded.problems.count, 2);
	autofree char *text = written(&loaded.problems);
	assert_string_equal(text,
	        "config.yaml:21:5: warning: bridge.conversation_count: an older name, read as "
	        "network.backfill.conversation_count; please rename it\n"
	        "config.yaml:25:12: warning: encryption.allow: accepted, but not used: this version "
	        "does not bridge encrypted rooms\n");
	unload(&loaded);
}

static char *example(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	config_write_example(out);
	fclose(out);
	return text;
}

/* Line of the example on which a key's value stands. */
static int line_of(const char *text, const char *what)
{
	int line = 1;
	const char *found = strstr(text, what);

	assert_non_null(found);
	for (; text < found; text++) {
		line += *text == '\n';
	}
	return line;
}

static void test_example_names_everything_to_set(void **state)
{
	(void)state;
	static const struct {
		const char *key, *line, *says;
	} expected[] = {
	        {"bridge.permissions", "        \"*\": relay",
	                "such as \"example.org\": user"},
	        {"database.uri", "    uri: postgres://user",
	                "a path (type sqlite3-fk-wal)"},
	        {"homeserver.address", "    address: http://example.localhost",
	                "http://localhost:8008"},
	        {"homeserver.domain", "    domain: example.com", "the server name"},
	        {"appservice.as_token", "    as_token:",
	                "run: matrix-slack-bridge -g -c config.yaml -r registration.yaml"},
	        {"appservice.hs_token", "    hs_token:",
	                "run: matrix-slack-bridge -g -c config.yaml -r registration.yaml"},
	};
	autofree char *text = example();
	struct loaded loaded = load(text);

	assert_null(loaded.config);
	assert_int_equal(loaded.err.code, 11);
	assert_int_equal(loaded.problems.count, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < loaded.problems.count; i++) {
		const struct config_problem *problem = &loaded.problems.items[i];
		assert_string_equal(problem->key, expected[i].key);
		assert_int_equal(problem->line, line_of(text, expected[i].line));
		assert_true(problem->column > 1);
		assert_non_null(strstr(problem->text, "not configured"));
		assert_non_null(strstr(problem->text, expected[i].says));
	}
	unload(&loaded);
}

/* Every key is in the example, alone on its line, and an empty file means the same. */
static void test_example_is_the_defaults(void **state)
{
	(void)state;
	autofree char *text = example();
	struct loaded one = load(text), none = load("");

	for (size_t i = 0; i < keys_count(); i++) {
		const struct config_key *key = keys_at(i);
		autofree char *line = xasprintf("%s:", key_name(key));
		assert_true((strstr(text, line) != NULL) || (key->flags & KEY_HIDDEN));
		assert_true(key->type == KEY_SECTION || key->value != NULL);
	}
	assert_null(strstr(text, "management_room_texts"));
	assert_int_equal(one.problems.count, none.problems.count);
	for (size_t i = 0; i < none.problems.count; i++) {
		assert_int_equal(none.problems.items[i].line, 0);
		assert_non_null(strstr(none.problems.items[i].text, "not configured"));
	}
	unload(&one);
	unload(&none);
}

static void test_values_are_put_into_form(void **state)
{
	(void)state;
	struct loaded loaded = load(
	        "homeserver: {address: 'https://hs.example.org///', domain: example.org}\n"
	        "database: {type: litestream, uri: x.db}\n"
	        "appservice: {as_token: a, hs_token: b, ephemeral_events: off}\n"
	        "bridge: {permissions: {example.org: user}}\n"
	        "network: {api_url: http://127.0.0.1:9/api, ca_file: '', max_connections: 2}\n"
	        "matrix: {federate_rooms: false}\n"
	        "logging:\n"
	        "  min_level: warn\n"
	        "  writers:\n"
	        "  - {type: stdout, min_level: debug}\n"
	        "  - {type: file, format: pretty, filename: a.log, min_level: error}\n");
	const struct config *config = loaded.config;

	assert_non_null(config);
	assert_string_equal(config->homeserver.address, "https://hs.example.org");
	assert_string_equal(config->database.type, "sqlite3-fk-wal");
	assert_false(config->appservice.ephemeral_events);
	assert_string_equal(config->slack.api_url, "http://127.0.0.1:9/api/");
	assert_null(config->slack.ca_file);
	assert_int_equal(config->slack.max_connections, 2);
	assert_false(config->matrix.federate_rooms);
	assert_int_equal(config->logging.writer_count, 2);
	assert_string_equal(config->logging.writers[0].format, "json");
	assert_int_equal(config->logging.writers[0].min_level, LOG_WARN);
	assert_string_equal(config->logging.writers[1].filename, "a.log");
	assert_int_equal(config->logging.writers[1].min_level, LOG_ERROR);
	unload(&loaded);
}

static void test_all_problems_at_once_in_order(void **state)
{
	(void)state;
	struct loaded loaded = load("homeserver:\n"
	                            "  address: htp://x\n"
	                            "  domian: example.org\n"
	                            "appservice:\n"
	                            "  port: eighty\n"
	                            "  as_token: a\n");
	autofree char *text = written(&loaded.problems);

	assert_null(loaded.config);
	assert_int_equal(loaded.err.code, 10);
	assert_string_equal(loaded.err.msg, "6 problems in config.yaml");
	assert_string_equal(text,
	        "config.yaml:2:12: homeserver.address: found \"htp://x\": it does not begin with "
	        "http:// or https://; expected a URL such as http://localhost:8008\n"
	        "config.yaml:3:3: warning: homeserver.domian: unknown key, ignored; did you mean "
	        "homeserver.domain?\n"
	        "config.yaml:5:9: appservice.port: found \"eighty\"; expected a whole number\n"
	        "config.yaml: bridge.permissions: not configured (at most *, example.com and "
	        "@admin:example.com); expected your own domain or user ID, such as \"example.org\": "
	        "user\n"
	        "config.yaml: database.uri: not configured (not set); expected a path (type "
	        "sqlite3-fk-wal) or postgres://... (type postgres)\n"
	        "config.yaml: homeserver.domain: not configured (not set); expected the server name, "
	        "the part of user IDs behind the colon\n"
	        "config.yaml: appservice.hs_token: not configured (not set); expected the token made "
	        "with the registration; run: matrix-slack-bridge -g -c config.yaml -r "
	        "registration.yaml\n");
	unload(&loaded);
}

/* As in mautrix bridges: parsed, then logging set up, then checked. */
static void test_which_status_counts(void **state)
{
	(void)state;
	struct loaded loaded = load("logging: {min_level: loud}\n");
	assert_int_equal(loaded.err.code, 12);
	unload(&loaded);
	loaded = load("logging: {min_level: loud}\nappservice: {port: x}\n");
	assert_int_equal(loaded.err.code, 10);
	unload(&loaded);
}

static void test_present_name_wins_over_older(void **state)
{
	(void)state;
	struct loaded loaded =
	        load(GOOD_CONFIG "    conversation_count: 3\n"
	                         "network: {backfill: {conversation_count: 7}}\n");

	assert_non_null(loaded.config);
	assert_int_equal(loaded.config->slack.conversation_count, 7);
	assert_non_null(strstr(loaded.problems.items[1].text, "set twice"));
	unload(&loaded);
}

/* An error must not drown in a flood of warnings, nor may the flood be endless. */
static void test_flood_of_unknown_keys(void **state)
{
	(void)state;
	struct buf text;

	buf_init(&text, 1 << 20);
	for (int i = 0; i < 2000; i++) {
		buf_printf(&text, "unknown_%d: 1\n", i);
	}
	struct loaded loaded = load(buf_cstr(&text));
	assert_null(loaded.config);
	assert_int_equal(loaded.err.code, 11);
	assert_non_null(problem_of(&loaded.problems, "homeserver.address"));
	assert_true(loaded.problems.count < 200);
	unload(&loaded);
	buf_finish(&text);
}

static void test_permissions(void **state)
{
	(void)state;
	static const struct {
		const char *mxid;
		enum permission level;
	} cases[] = {
	        {"@boss:example.org", PERM_ADMIN},
	        {"@other:example.org", PERM_USER},
	        {"@banned:example.org", PERM_BLOCK},
	        {"@any:elsewhere.net", PERM_RELAY},
	        {"@any:sub.example.org", PERM_RELAY},
	        {"@any:port.example.org:8448", PERM_COMMANDS},
	        {"@boss:elsewhere.net", PERM_RELAY},
	        {"@:example.org", PERM_USER},
	        {"@nobody", PERM_RELAY},
	        {"example.org", PERM_BLOCK},
	        {"*", PERM_BLOCK},
	        {"", PERM_BLOCK},
	};
	struct loaded loaded =
	        load("homeserver: {address: http://localhost:8008, domain: example.org}\n"
	             "database: {type: sqlite3-fk-wal, uri: x}\n"
	             "appservice: {as_token: a, hs_token: b}\n"
	             "bridge:\n"
	             "  permissions:\n"
	             "    '*': relay\n"
	             "    example.org: user\n"
	             "    port.example.org:8448: commands\n"
	             "    '@boss:example.org': admin\n"
	             "    '@banned:example.org': block\n");

	assert_non_null(loaded.config);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum permission level = config_permission(loaded.config, cases[i].mxid);
		if (level != cases[i].level) {
			fail_msg("%s: %s", cases[i].mxid, permission_to_str(level));
		}
	}
	unload(&loaded);
}

static void test_numeric_permissions(void **state)
{
	(void)state;
	static const struct {
		const char *number;
		enum permission level;
	} cases[] = {{"0", PERM_BLOCK}, {"4", PERM_BLOCK}, {"5", PERM_RELAY},
	        {"9", PERM_RELAY}, {"10", PERM_USER}, {"99", PERM_USER},
	        {"100", PERM_ADMIN}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autofree char *map = xasprintf("{example.org: %s}", cases[i].number);
		autofree char *text = config_with("bridge.permissions", map);
		struct loaded loaded = load(text);
		assert_non_null(loaded.config);
		assert_int_equal(config_permission(loaded.config, "@a:example.org"),
		        cases[i].level);
		unload(&loaded);
	}
}

static void test_unreadable_files(void **state)
{
	(void)state;
	struct config_problems problems = {0};
	struct err err = ERR_INIT;

	assert_null(config_load("/nonexistent/config.yaml", &problems, &err));
	assert_int_equal(err.code, 10);
	assert_non_null(strstr(problems.items[0].text,
	        "matrix-slack-bridge -e -c /nonexistent/config.yaml"));
	config_problems_finish(&problems);
	assert_null(config_load("/", &problems, &err));
	assert_int_equal(err.code, 10);
	assert_non_null(strstr(problems.items[0].text, "cannot be read"));
	config_problems_finish(&problems);
	assert_null(config_load("/dev/zero", &problems, &err));
	assert_int_equal(err.code, 10);
	config_problems_finish(&problems);
}

static void test_config_free_takes_null(void **state)
{
	(void)state;
	struct config *config = NULL;
	config_free(&config);
	assert_null(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_defaults_fill_what_is_left_out),
	        cmocka_unit_test(test_values_of_a_deployment),
	        cmocka_unit_test(test_example_names_everything_to_set),
	        cmocka_unit_test(test_example_is_the_defaults),
	        cmocka_unit_test(test_values_are_put_into_form),
	        cmocka_unit_test(test_all_problems_at_once_in_order),
	        cmocka_unit_test(test_which_status_counts),
	        cmocka_unit_test(test_present_name_wins_over_older),
	        cmocka_unit_test(test_flood_of_unknown_keys),
	        cmocka_unit_test(test_permissions),
	        cmocka_unit_test(test_numeric_permissions),
	        cmocka_unit_test(test_unreadable_files),
	        cmocka_unit_test(test_config_free_takes_null),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
