/* Value by value: what is refused, with which status and words; what is taken, and warned
 * of. */
#include "config_help.h"

#include "lib/mem.h"

#include "bridge/config/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct bad {
	const char *path, *value;
	int status;
	const char *says;
};

static const struct bad bad[] = {
        /* missing, empty, left as it was */
        {"homeserver.address", NULL, 11, "not set"},
        {"homeserver.address", "''", 11, "empty"},
        {"homeserver.address", "http://example.localhost:8008", 11, "placeholder"},
        {"homeserver.address", "https://matrix.example.com", 11, "placeholder"},
        {"homeserver.domain", "example.com", 11, "placeholder"},
        {"homeserver.domain", "''", 11, "empty"},
        {"appservice.as_token", "", 11, "not configured"},
        {"appservice.as_token",
                "\"This value is generated when generating the registration\"", 11,
                "placeholder"},
        {"appservice.hs_token", "''", 11, "run: matrix-slack-bridge -g -c config.yaml"},
        {"database.uri", "postgres://user:password@host/database?sslmode=disable", 11,
                "placeholder"},
        {"database.uri", "~", 11, "not configured"},
        {"bridge.permissions", NULL, 11, "\"example.org\": user"},
        {"bridge.permissions",
                "{'*': admin, example.com: user, '@admin:example.com': admin}", 11,
                "not configured"},
        /* forms */
        {"homeserver.address", "localhost:8008", 11, "http:// or https://"},
        {"homeserver.address", "http://", 11, "host is missing"},
        {"homeserver.address", "'http://a b'", 11, "space"},
        {"homeserver.address", "http://a:99999", 11, "port"},
        {"homeserver.address", "'http://a:'", 11, "port"},
        {"homeserver.address", "http://a/?x=1", 11, "query"},
        {"homeserver.address", "http://[::1", 11, "host"},
        {"homeserver.domain", "https://example.org", 11, "server name"},
        {"homeserver.software", "synapse", 11, "one of: standard"},
        {"appservice.address", "''", 11, "URL"},
        {"appservice.port", "0", 11, "1 to 65535"},
        {"appservice.port", "65536", 11, "1 to 65535"},
        {"appservice.hostname", "''", 11, "127.0.0.1"},
        {"appservice.id", "'a|b'", 11, "without spaces"},
        {"appservice.bot", "{username: 'Slack Bot'}", 11, "a-z"},
        {"appservice.bot", "{avatar: 'http://x/y.png'}", 11, "mxc://"},
        {"appservice.as_token", "'a b'", 11, "not shown"},
        {"database.type", "mysql", 11, "one of: postgres"},
        {"database.type", "postgres", 11, "no PostgreSQL URI"},
        {"database.uri", "postgres://u:hunter2@h/d", 11, "database.type sqlite3-fk-wal"},
        {"database.max_open_conns", "-1", 11, "0 to 10000"},
        {"bridge.command_prefix", "''", 11, "!slack"},
        {"network.backfill", "{conversation_count: -2}", 11, "-1 to"},
        {"network.max_connections", "11", 11, "1 to 10"},
        {"network.api_url", "ftp://x/", 11, "http://"},
        {"network.ca_file", "/nonexistent/ca.pem", 11, "cannot be read"},
        {"public_media", "{hash_length: 7}", 11, "8 to 32"},
        {"public_media", "{hash_length: 33}", 11, "8 to 32"},
        {"public_media", "{enabled: perhaps}", 10, "true or false"},
        {"public_media", "{signing_key: [secret]}", 10, "not shown"},
        /* permissions */
        {"bridge.permissions", "{example.org: boss}", 11,
                "block relay commands user admin"},
        {"bridge.permissions", "{example.org: [user]}", 10, "a list"},
        {"bridge.permissions", "{example.org: }", 10, "nothing"},
        {"bridge.permissions", "{example.org: {login: 7}}", 10, "true or false"},
        {"bridge.permissions", "[user]", 10, "a mapping"},
        /* templates */
        {"appservice.username_template", "slack_", 11, "{{.}} once"},
        {"appservice.username_template", "'{{.}}{{.}}'", 11, "{{.}} once"},
        {"appservice.username_template", "'slack_{{.Name}}'", 11, "{{.}} once"},
        {"appservice.username_template", "'slack_{{if .}}x{{end}}'", 11, "{{.}} once"},
        {"appservice.username_template", "'slack_{{\"x\"}}'", 11, "{{.}} once"},
        {"appservice.username_template", "'slack_{{.'", 11, "}}"},
        {"appservice.username_template", "'Slack {{.}}'", 11, "a-z"},
        {"network.displayname_template", "'{{if .Name}}x'", 11, "{{end}}"},
        {"network.displayname_template", "''", 11, "empty"},
        {"network.channel_name_template", "'{{printf .Name}}'", 11, "printf"},
        {"network.team_name_template", "'{{.Name'", 11, "}}"},
        /* types */
        {"appservice.port", "'29335'", 10, "a whole number, without quotes"},
        {"appservice.port", "many", 10, "a whole number"},
        {"appservice.port", "029335", 10, "a whole number"},
        {"appservice.port", "1.5", 10, "a whole number"},
        {"appservice.port", "[1]", 10, "a list"},
        {"appservice.ephemeral_events", "'true'", 10, "true or false, without quotes"},
        {"appservice.ephemeral_events", "1", 10, "true or false"},
        {"appservice.id", "{a: b}", 10, "a mapping"},
        {"appservice.as_token", "[secret]", 10, "not shown"},
        {"homeserver.domain", "[example.org]", 10, "text"},
        {"matrix", "yes", 10, "keys of this section"},
        {"logging.writers", "{type: stdout}", 10, "a list"},
        {"logging.writers", "[stdout]", 10, "type: stdout"},
        /* logging */
        {"logging.min_level", "loud", 12, "trace debug info"},
        {"logging.writers", "[{type: carrier-pigeon}]", 12, "stdout stderr file"},
        {"logging.writers", "[{format: json}]", 12, "type: found nothing"},
        {"logging.writers", "[{type: stdout, format: xml}]", 12, "json pretty"},
        {"logging.writers", "[{type: file}]", 12, "filename"},
        {"logging.writers", "[{type: stdout, min_level: loud}]", 12, "one of"},
        {"logging.writers",
                "[{type: stdout}, {type: stdout}, {type: stdout}, {type: stdout}, {type: stdout}]",
                12, "at most 4"},
};

/* Each is refused with its status, at its place or under its key, and alone. */
static void test_bad_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		autofree char *text = config_with(bad[i].path, bad[i].value);
		struct loaded loaded = load(text);
		autofree char *said = written(&loaded.problems);
		if (loaded.config != NULL || loaded.err.code != bad[i].status ||
		        strstr(said, bad[i].says) == NULL ||
		        strstr(said, "secret") != NULL ||
		        strstr(said, "hunter2") != NULL) {
			fail_msg("%s: %s\nstatus %d, said: %s", bad[i].path,
			        bad[i].value == NULL ? "(no line)" : bad[i].value,
			        loaded.err.code, said);
		}
		const struct config_problem *problem = &loaded.problems.items[0];
		assert_int_equal(
		        strncmp(problem->key, bad[i].path, strcspn(bad[i].path, ".")), 0);
		assert_true((problem->line > 0) == (bad[i].value != NULL));
		unload(&loaded);
	}
}

struct accepted {
	const char *path, *value;
	const char *warns; /* NULL: silently */
};

static const struct accepted accepted[] = {
        {"homeserver.address", "https://matrix.example.org/", NULL},
        {"homeserver.address", "http://[::1]:8008", NULL},
        {"homeserver.domain", "example.org:8448", NULL},
        {"homeserver.software", "hungry", "like any other"},
        {"database.type", "sqlite3", "read as sqlite3-fk-wal"},
        {"appservice.bot", "{avatar: remove}", NULL},
        {"appservice.bot", "{avatar: ''}", NULL},
        {"appservice.bot", "{username: slack_bot}", "has the form"},
        {"appservice.id", "5", NULL},
        {"appservice.id", "null", NULL},
        {"appservice.ephemeral_events", "no", NULL},
        {"network.displayname_template", "'{{.Name}}'", NULL},
        {"network.displayname_template", "'{{.Nmae}}'", "variable .Nmae is not known"},
        {"network.team_name_template", "plain", "not used"},
        {"network.conversation_count", "10",
                "read as network.backfill.conversation_count"},
        {"network.ca_file", "''", NULL},
        /* public media that are not enabled */
        {"public_media", "{signing_key: made-up-by-the-other-bridge}", NULL},
        {"public_media", "{signing_key: '', path_prefix: x}", NULL},
        {"appservice.public_address", "nonsense", NULL},
        /* not used */
        {"public_media", "{expiry: 3600}", "links are good for ever"},
        {"network.dm_only", "true", NULL},
        {"network.dm_only", "false", NULL},
        {"network.custom_emoji_reactions", "yes", NULL},
        {"bridge.bridge_status_notices", "some", "one of: none errors all"},
        {"bridge.transient_state_debounce", "1h30m", "not used"},
        {"bridge.transient_state_debounce", "soon", "a duration"},
        {"bridge.only_bridge_tags", "[m.favourite, m.lowpriority]", NULL},
        {"bridge.only_bridge_tags", "[]", "not used"},
        {"homeserver.status_endpoint", "", NULL},
        {"homeserver.status_endpoint", "''", NULL},
        {"provisioning.shared_secret", "made-up-by-the-other-bridge", NULL},
        {"encryption.pickle_key", "made-up-by-the-other-bridge", NULL},
        {"encryption.default", "true", "does not bridge encrypted rooms"},
        {"env_config_prefix", "BRIDGE_", NULL},
        {"env_config_prefix", "", NULL},
        {"double_puppet.secrets", "{example.com: 'as_token:foobar'}", NULL},
        {"double_puppet.secrets", "{example.org: 'as_token:secret'}", "not used"},
        /* unknown */
        {"homeserver.adress", "x", "did you mean homeserver.address?"},
        {"bridge.comand_prefix", "x", "did you mean bridge.command_prefix?"},
        {"homserver", "{address: x}", "did you mean homeserver?"},
        {"homeserver.username_template", "x",
                "did you mean appservice.username_template?"},
        {"bridge.cleanup_on_logout", "{manual: {shared_o_users: kick}}",
                "did you mean bridge.cleanup_on_logout.manual.shared_no_users?"},
        {"bridge.zzzzzzzz", "1", "unknown key, ignored\n"},
        {"zz", "1", "unknown key, ignored\n"},
        /* older names */
        {"bridge.username_template", "old_{{.}}", "read as appservice.username_template"},
        {"bridge.encryption", "{allow: false}", "read as encryption"},
        {"bridge.private_chat_portal_meta", "default", "expected true or false"},
        {"bridge.portal_message_buffer", "128", "without effect now"},
        {"bridge.backfill", "{conversations_count: 3}",
                "read as network.backfill.conversation_count"},
        /* permissions */
        {"bridge.permissions", "{example.org: USER}", NULL},
        {"bridge.permissions", "{example.org: 10}", "10 is read as user"},
        {"bridge.permissions", "{example.org: {send_events: true, commands: yes}}",
                "read as the level commands"},
        {"bridge.permissions", "{example.org: {fly: true}}", "unknown right fly"},
        {"bridge.permissions", "{example.org: user, 'me@example.org': admin}",
                "matches nobody"},
        /* logging */
        {"logging.min_level", "disabled", "read as fatal"},
        {"logging.timestamps", "true", NULL},
        {"logging.writers", "[{type: stderr, format: pretty}]", NULL},
        {"logging.writers", "[{type: file, filename: x.log, max_size: 100}]",
                "not rotated"},
        {"logging.writers", "[{type: stdout, time_format: x}]", "time_format: accepted"},
};

static void test_accepted_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		autofree char *text = config_with(accepted[i].path, accepted[i].value);
		struct loaded loaded = load(text);
		autofree char *said = written(&loaded.problems);
		bool is_right = accepted[i].warns == NULL
		                        ? loaded.problems.count == 0
		                        : strstr(said, accepted[i].warns) != NULL &&
		                                  strstr(said, "warning: ") != NULL;
		if (loaded.config == NULL || !is_right ||
		        strstr(said, "secret\"") != NULL) {
			fail_msg("%s: %s\nsaid: %s", accepted[i].path, accepted[i].value,
			        said);
		}
		unload(&loaded);
	}
}

static struct loaded load_public_media(const char *address, const char *rest)
{
	autofree char *text = config_with("appservice.public_address", address);
	autofree char *all = xasprintf("%spublic_media: {enabled: true%s}\n", text, rest);

	return load(all);
}

static void test_public_media(void **state)
{
	static const struct {
		const char *address, *rest, *says; /* says NULL: it is taken */
		const char *key;
	} cases[] = {
	        {"https://bridge.example.org/x//", "", NULL, NULL},
	        {"http://127.0.0.1:29335", ", signing_key: k, hash_length: 8", NULL,
	                NULL},
	        {"https://a.org", ", path_prefix: /a/b_c-d.e~f//", NULL, NULL},
	        {NULL, "", "not set", "appservice.public_address"},
	        {"''", "", "empty", "appservice.public_address"},
	        {"https://bridge.example.com", "", "placeholder",
	                "appservice.public_address"},
	        {"bridge.example.org", "", "http:// or https://",
	                "appservice.public_address"},
	        {"https://a.org", ", signing_key: ''", "generate",
	                "public_media.signing_key"},
	        {"https://a.org", ", path_prefix: ''", "a path",
	                "public_media.path_prefix"},
	        {"https://a.org", ", path_prefix: /", "a path",
	                "public_media.path_prefix"},
	        {"https://a.org", ", path_prefix: a/b", "a path",
	                "public_media.path_prefix"},
	        {"https://a.org", ", path_prefix: /a//b", "a path",
	                "public_media.path_prefix"},
	        {"https://a.org", ", path_prefix: /a/../b", "a path",
	                "public_media.path_prefix"},
	        {"https://a.org", ", path_prefix: '/a b'", "a path",
	                "public_media.path_prefix"},
	        {"https://a.org", ", path_prefix: '/a%20b'", "a path",
	                "public_media.path_prefix"},
	        {"https://a.org", ", path_prefix: '/a?b'", "a path",
	                "public_media.path_prefix"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct loaded loaded = load_public_media(cases[i].address, cases[i].rest);
		autofree char *said = written(&loaded.problems);
		bool is_right =
		        cases[i].says == NULL
		                ? loaded.problems.count == 0
		                : loaded.err.code == 11 && loaded.problems.count == 1 &&
		                          strstr(said, cases[i].says) != NULL &&
		                          problem_of(&loaded.problems, cases[i].key) !=
		                                  NULL;
		if (!is_right) {
			fail_msg("case %zu: status %d, said: %s", i, loaded.err.code,
			        said);
		}
		unload(&loaded);
	}
}

static void test_public_media_without_slashes(void **state)
{
	struct loaded loaded = load_public_media(
	        "https://a.org/x//", ", path_prefix: /p/q/, hash_length: 9");

	(void)state;
	assert_non_null(loaded.config);
	assert_string_equal(loaded.config->appservice.public_address, "https://a.org/x");
	assert_true(loaded.config->public_media.enabled);
	assert_string_equal(loaded.config->public_media.path_prefix, "/p/q");
	assert_string_equal(loaded.config->public_media.signing_key, "generate");
	assert_int_equal(loaded.config->public_media.hash_length, 9);
	unload(&loaded);
}

/* Set to its own default, a key changes nothing and is not warned of. */
static void test_every_key_set_to_its_default(void **state)
{
	(void)state;
	for (size_t i = 0; i < keys_count(); i++) {
		const struct config_key *key = keys_at(i);
		if (key->type == KEY_SECTION || key->flags & KEY_REQUIRED ||
		        key->value[0] == '\n' ||
		        strcmp(key->path, "database.type") == 0) {
			continue;
		}
		autofree char *path = xstrdup(key->path);
		autofree char *value = xstrdup(key->value);
		char *dot;
		while ((dot = strrchr(path, '.')) != NULL && dot != strchr(path, '.')) {
			char *outer = xasprintf("{%s: %s}", dot + 1, value);
			free(value);
			value = outer;
			*dot = '\0';
		}
		autofree char *text = config_with(path, value);
		struct loaded loaded = load(text);
		if (loaded.config == NULL || loaded.problems.count > 0) {
			fail_msg("%s: %s", key->path, loaded.problems.items[0].text);
		}
		unload(&loaded);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_bad_values),
	        cmocka_unit_test(test_accepted_values),
	        cmocka_unit_test(test_public_media),
	        cmocka_unit_test(test_public_media_without_slashes),
	        cmocka_unit_test(test_every_key_set_to_its_default),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
