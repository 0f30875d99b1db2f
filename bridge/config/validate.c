#include "bridge/config/reading.h"

#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"

#include "bridge/config/template.h"
#include "bridge/exit_codes.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GENERATED "This value is generated when generating the registration"
#define INVALID EXIT_CONFIG_INVALID

/* ---------------------------------------------------------------- forms */

static bool has_bad_char(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p <= 0x20 || *p == 0x7f) {
			return true;
		}
	}
	return false;
}

/* NULL if text is http(s)://host[:port][/path], else what is wrong with it. */
static const char *url_fault(const char *text)
{
	const char *host = NULL;
	int64_t port;

	if (str_starts(text, "http://")) {
		host = text + strlen("http://");
	} else if (str_starts(text, "https://")) {
		host = text + strlen("https://");
	}
	if (host == NULL) {
		return "it does not begin with http:// or https://";
	}
	if (has_bad_char(text)) {
		return "it has a space or control character in it";
	}
	size_t n = strcspn(host, "/?#");
	if (memchr(host, '@', n) != NULL) {
		return "a user name has no place in it";
	}
	if (host[n] == '?' || host[n] == '#' || strpbrk(host + n, "?#") != NULL) {
		return "a query has no place in it";
	}
	size_t name = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
	if (n == 0 || name == 0 || name > n) {
		return "the host is missing";
	}
	struct str rest = {host + name, n - name};
	if (rest.n == 0) {
		return NULL;
	}
	if (rest.p[0] != ':' ||
	        !str_to_int64((struct str){rest.p + 1, rest.n - 1}, 1, 65535, &port)) {
		return "the port is no number from 1 to 65535";
	}
	return NULL;
}

/* Server names: Matrix spec, appendices, "Server Name". */
static bool is_server_name(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && n <= 230 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                    "0123456789.-:[]") == n;
}

/* Localparts: Matrix spec, appendices, "User Identifiers". */
static bool is_localpart(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && n <= 200 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._=/+-") == n;
}

/* ---------------------------------------------------------------- servers */

/* Has the key been complained about already, for its type? Then its value is the default.
 */
static bool has_error(const struct reading *reading, const char *key)
{
	for (size_t i = 0; i < reading->problems->count; i++) {
		const struct config_problem *problem = &reading->problems->items[i];
		if (!problem->warning && strcmp(problem->key, key) == 0) {
			return true;
		}
	}
	return false;
}

static void check_url(struct reading *reading, const char *key, const char *text)
{
	const char *fault = url_fault(text);

	if (fault != NULL) {
		bool may_hold_password = strchr(text, '@') != NULL;
		complain(reading, key, NULL, INVALID,
		        "found \"%s\": %s; expected a URL such as http://localhost:8008",
		        may_hold_password ? "(not shown)" : text, fault);
	}
}

/* Is the value still the example's, or empty? Complains then. */
static bool is_unset(struct reading *reading, const char *key, const char *text,
        const char *placeholder, const char *expected)
{
	bool is_empty = text[0] == '\0';

	if (has_error(reading, key)) {
		return true;
	}
	if (!is_empty && strcmp(text, placeholder) != 0) {
		return false;
	}
	const char *found = is_empty ? "empty" : "still the example's placeholder";
	if (reading_node(reading, key) == NULL) {
		found = "not set";
	}
	REQ("CRASH-01");
	complain(reading, key, NULL, INVALID, "not configured (%s); expected %s", found,
	        expected);
	return true;
}

static void strip_slashes(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && text[n - 1] == '/') {
		text[--n] = '\0';
	}
}

static void check_homeserver(struct reading *reading)
{
	struct config *config = reading->config;
	char *address = config->homeserver.address;
	/* Those of older examples, too. */
	bool is_old = str_equal(address, "https://matrix.example.com") ||
	              str_equal(address, "https://example.com");

	if (!is_unset(reading, "homeserver.address", address,
	            is_old ? address : "http://example.localhost:8008",
	            "where the bridge reaches the homeserver, such as http://localhost:8008")) {
		check_url(reading, "homeserver.address", address);
		strip_slashes(address);
	}
	if (!is_unset(reading, "homeserver.domain", config->homeserver.domain,
	            "example.com",
	            "the server name, the part of user IDs behind the colon") &&
	        !is_server_name(config->homeserver.domain)) {
		complain(reading, "homeserver.domain", NULL, INVALID,
		        "found \"%s\"; expected a server name such as example.org, without https://",
		        config->homeserver.domain);
	}
	if (str_equal(config->homeserver.software, "asmux") ||
	        str_equal(config->homeserver.software, "hungry")) {
		warn(reading, "homeserver.software", NULL,
		        "%s is treated like any other homeserver",
		        config->homeserver.software);
	}
}

static void check_token(struct reading *reading, const char *key, const char *token)
{
	autofree char *expected =
	        xasprintf("the token made with the registration; run: "
	                  "matrix-slack-bridge -g -c %s -r registration.yaml",
	                reading->file);

	if (is_unset(reading, key, token, GENERATED, expected)) {
		return;
	}
	if (has_bad_char(token)) {
		complain(reading, key, NULL, INVALID,
		        "found a value with a space or control character in it (not shown); expected %s",
		        expected);
	}
}

static void check_database(struct reading *reading)
{
	struct config *config = reading->config;
	const char *type = config->database.type, *uri = config->database.uri;

	if (str_equal(type, "sqlite3") || str_equal(type, "litestream")) {
		warn(reading, "database.type", NULL, "%s is read as sqlite3-fk-wal",
		        type);
		str_replace(&config->database.type, "sqlite3-fk-wal");
		type = config->database.type;
	}
	if (is_unset(reading, "database.uri", uri,
	            "postgres://user:password@host/database?sslmode=disable",
	            "a path (type sqlite3-fk-wal) or postgres://... (type postgres)")) {
		return;
	}
	bool is_postgres_uri =
	        str_starts(uri, "postgres://") || str_starts(uri, "postgresql://");
	if (str_equal(type, "postgres") && !is_postgres_uri && strchr(uri, '=') == NULL) {
		complain(reading, "database.uri", NULL, INVALID,
		        "found a value (not shown) that is no PostgreSQL URI; expected postgres://..., "
		        "or database.type: sqlite3-fk-wal for a file");
	} else if (!str_equal(type, "postgres") && is_postgres_uri) {
		complain(reading, "database.uri", NULL, INVALID,
		        "found a PostgreSQL URI (not shown) with database.type %s; expected a path, or "
		        "database.type: postgres",
		        type);
	}
}

/* ---------------------------------------------------------------- appservice */

static void count_dot(const char *path, void *arg)
{
	int *counts = arg;

	counts[path[0] == '\0' ? 0 : 1]++;
}

static void check_username_template(struct reading *reading)
{
	static const char key[] = "appservice.username_template";
	const char *text = reading->config->appservice.username_template;
	int dots[2] = {0, 0};
	struct err err = ERR_INIT;

	if (!template_check(text, count_dot, dots, &err)) {
		complain(reading, key, NULL, INVALID,
		        "found \"%s\": %s; expected a text such as slack_{{.}}", text,
		        err.msg);
		return;
	}
	size_t actions = 0;
	for (const char *p = text; (p = strstr(p, "{{")) != NULL; p += 2) {
		actions++;
	}
	if (dots[0] != 1 || dots[1] != 0 || actions != 1) {
		complain(reading, key, NULL, INVALID,
		        "found \"%s\"; expected {{.}} once, and no other {{...}}: it stands for the "
		        "Slack user's ID",
		        text);
		return;
	}
	autofree char *sample = config_ghost_localpart(reading->config, "t0-u0");
	if (sample != NULL && strcmp(sample, "t0-u0") == 0) {
		complain(reading, key, NULL, INVALID,
		        "found \"%s\"; expected some text around {{.}}, such as slack_{{.}}: or "
		        "every user of the homeserver would be taken for one of Slack's",
		        text);
		return;
	}
	if (sample == NULL || !is_localpart(sample)) {
		complain(reading, key, NULL, INVALID,
		        "found \"%s\"; expected only a-z 0-9 . _ = / + - around {{.}}, and at most 190 "
		        "of them",
		        text);
	}
}

static bool is_ghost_name(const struct config *config, const char *name)
{
	const char *text = config->appservice.username_template;
	const char *open = strstr(text, "{{"), *close = strstr(text, "}}");

	if (open == NULL || close == NULL || close < open) {
		return false;
	}
	size_t n = (size_t)(open - text);
	return strncmp(name, text, n) == 0 && str_ends(name + n, close + 2);
}

static void check_bot(struct reading *reading)
{
	struct config *config = reading->config;
	const char *name = config->appservice.bot_username;
	const char *avatar = config->appservice.bot_avatar;

	if (!is_localpart(name)) {
		complain(reading, "appservice.bot.username", NULL, INVALID,
		        "found \"%s\"; expected only a-z 0-9 . _ = / + -", name);
	} else if (is_ghost_name(config, name)) {
		warn(reading, "appservice.bot.username", NULL,
		        "\"%s\" has the form that appservice.username_template gives to Slack users",
		        name);
	}
	if (avatar[0] != '\0' && strcmp(avatar, "remove") != 0 &&
	        (!str_starts(avatar, "mxc://") || strchr(avatar + 6, '/') == NULL ||
	                has_bad_char(avatar))) {
		complain(reading, "appservice.bot.avatar", NULL, INVALID,
		        "found \"%s\"; expected mxc://server/id, remove, or an empty text",
		        avatar);
	}
}

static void check_appservice(struct reading *reading)
{
	struct config *config = reading->config;
	const char *id = config->appservice.id, *hostname = config->appservice.hostname;

	check_url(reading, "appservice.address", config->appservice.address);
	if (hostname[0] == '\0' || has_bad_char(hostname)) {
		complain(reading, "appservice.hostname", NULL, INVALID,
		        "found \"%s\"; expected an address to listen at, such as 127.0.0.1",
		        hostname);
	}
	if (id[0] == '\0' || has_bad_char(id) || strpbrk(id, "|/?#%") != NULL) {
		complain(reading, "appservice.id", NULL, INVALID,
		        "found \"%s\"; expected a name without spaces and | / ? # %%",
		        id);
	}
	check_bot(reading);
	check_token(reading, "appservice.as_token", config->appservice.as_token);
	check_token(reading, "appservice.hs_token", config->appservice.hs_token);
	check_username_template(reading);
}

/* ---------------------------------------------------------------- public media */

/* Of characters that no proxy writes in another way. */
static bool is_path(const char *text)
{
	return text[0] == '/' && strstr(text, "//") == NULL &&
	       strstr(text, "/.") == NULL &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                    "0123456789-._~/") == strlen(text);
}

static void check_public_media(struct reading *reading)
{
	struct config *config = reading->config;
	char *address = config->appservice.public_address;
	char *prefix = config->public_media.path_prefix;

	if (!config->public_media.enabled) {
		return;
	}
	if (!is_unset(reading, "appservice.public_address", address,
	            "https://bridge.example.com",
	            "where Slack reaches the bridge, or public_media.enabled: false")) {
		check_url(reading, "appservice.public_address", address);
		strip_slashes(address);
	}
	if (config->public_media.signing_key[0] == '\0') {
		complain(reading, "public_media.signing_key", NULL, INVALID,
		        "found an empty text; expected a secret text, or generate");
	}
	strip_slashes(prefix);
	if (!is_path(prefix)) {
		complain(reading, "public_media.path_prefix", NULL, INVALID,
		        "found \"%s\"; expected a path such as /_mautrix/publicmedia, of a-z A-Z 0-9 "
		        "- . _ ~ and /",
		        prefix);
	}
}

/* ---------------------------------------------------------------- bridge, network */

static void check_permissions(struct reading *reading)
{
	static const char *const examples[] = {"*", "example.com", "@admin:example.com"};
	const struct node *map = reading_node(reading, "bridge.permissions");
	const char *domain = reading->config->homeserver.domain;
	size_t count = map != NULL && map->kind == NODE_MAP ? map->count : 0;

	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		count -= count > 0 && node_get(map, examples[i]) != NULL;
	}
	if (count > 0 || has_error(reading, "bridge.permissions")) {
		return;
	}
	bool is_known = is_server_name(domain) && strcmp(domain, "example.com") != 0;
	complain(reading, "bridge.permissions", NULL, INVALID,
	        "not configured (at most *, example.com and @admin:example.com); expected your own "
	        "domain or user ID, such as \"%s\": user",
	        is_known ? domain : "example.org");
}

struct variables {
	struct reading *reading;
	const char *key;
	const char *known; /* words separated by spaces */
};

static void check_variable(const char *path, void *arg)
{
	struct variables *variables = arg;
	size_t n = strlen(path);

	for (const char *p = variables->known; n > 0 && *p != '\0';) {
		size_t word = strcspn(p, " ");
		if (word == n && strncmp(p, path, n) == 0) {
			return;
		}
		p += word + strspn(p + word, " ");
	}
	warn(variables->reading, variables->key, NULL,
	        "the variable .%s is not known: it is empty", path);
}

static void check_template(
        struct reading *reading, const char *key, const char *text, const char *known)
{
	struct variables variables = {reading, key, known};
	struct err err = ERR_INIT;

	if (text[0] == '\0') {
		complain(reading, key, NULL, INVALID,
		        "found an empty text; expected a template such as {{.Name}}");
	} else if (!template_check(text, check_variable, &variables, &err)) {
		complain(reading, key, NULL, INVALID,
		        "found \"%s\": %s; expected a template such as "
		        "{{.Name}}",
		        text, err.msg);
	}
}

static void check_network(struct reading *reading)
{
	struct config *config = reading->config;
	const char *api_url = config->slack.api_url;

	check_template(reading, "network.displayname_template",
	        config->slack.displayname_template,
	        "Name ID IsBot Deleted TeamID Team.Name Team.Domain Team.ID TZ TZLabel TZOffset "
	        "RealName Profile.DisplayName Profile.RealName Profile.FirstName Profile.LastName "
	        "Profile.Title Profile.Pronouns Profile.Email Profile.Phone");
	check_template(reading, "network.channel_name_template",
	        config->slack.channel_name_template,
	        "Name ID Team.Name Team.Domain Team.ID IsNoteToSelf IsGeneral IsChannel IsPrivate "
	        "IsIM IsMpIM IsShared IsExtShared IsOrgShared");
	check_template(reading, "network.team_name_template",
	        config->slack.team_name_template, "Name Domain ID");
	check_url(reading, "network.api_url", api_url);
	if (!str_ends(api_url, "/")) {
		autofree char *with_slash = xasprintf("%s/", api_url);
		str_replace(&config->slack.api_url, with_slash);
	}
	if (config->slack.ca_file != NULL && config->slack.ca_file[0] == '\0') {
		str_replace(&config->slack.ca_file, NULL);
	}
	if (config->slack.ca_file != NULL && access(config->slack.ca_file, R_OK) != 0) {
		complain(reading, "network.ca_file", NULL, INVALID,
		        "found \"%s\", which cannot be read; expected a file of certificates",
		        config->slack.ca_file);
	}
}

void config_validate(struct reading *reading)
{
	const char *prefix = reading->config->bridge.command_prefix;

	check_network(reading);
	if (prefix[0] == '\0' || has_bad_char(prefix)) {
		complain(reading, "bridge.command_prefix", NULL, INVALID,
		        "found \"%s\"; expected a word such as !slack", prefix);
	}
	check_permissions(reading);
	check_database(reading);
	check_homeserver(reading);
	check_appservice(reading);
	check_public_media(reading);
	declared_logins_check(reading);
}

char *config_ghost_localpart(const struct config *config, const char *user_id)
{
	cJSON *dot = cJSON_CreateString(user_id);
	char *localpart =
	        template_expand(config->appservice.username_template, dot, NULL);

	cJSON_Delete(dot);
	return localpart;
}
