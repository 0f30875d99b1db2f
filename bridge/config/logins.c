#include "bridge/config/reading.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "bridge/config/environment.h"
#include "bridge/exit_codes.h"

#include <stdlib.h>
#include <string.h>

/* Secrets that the configuration gives, as they are, by a file or by a variable. */

#define LOGINS "network.logins"

enum { LOGINS_MAX = 100 };

static const char *const fields[] = {"owner", "bot_token", "bot_token_file", "app_token",
        "app_token_file", "refresh_token", "refresh_token_file", "user_token",
        "user_token_file", "cookie", "cookie_file", NULL};

static void remember_file(struct reading *reading, const char *path)
{
	struct config *config = reading->config;
	autofree char *expanded = strstr(path, "${") == NULL
	                                  ? xstrdup(path)
	                                  : environment_path(reading, LOGINS, path);

	if (expanded != NULL) {
		config->secret_files = xrealloc(config->secret_files,
		        (config->secret_file_count + 1) * sizeof(*config->secret_files));
		config->secret_files[config->secret_file_count++] = xstrdup(expanded);
	}
}

static char *from_file(struct reading *reading, const char *key, const char *path)
{
	char *value = environment_file_value(reading, key, path);

	if (value != NULL) {
		remember_file(reading, path);
	}
	return value;
}

static const char *text_of(const struct node *map, const char *name)
{
	const struct node *node = node_get(map, name);

	return node_is_null(node) || node->kind != NODE_SCALAR || node->text[0] == '\0'
	               ? NULL
	               : node->text;
}

/* "${NAME}" alone is the variable's value. NULL with a problem, or if nothing is given.
 * Caller frees. */
static char *given(struct reading *reading, const char *key, const char *text)
{
	size_t n = strlen(text);

	if (n < 4 || !str_starts(text, "${") || text[n - 1] != '}') {
		return xstrdup(text);
	}
	autofree char *name = xstrndup(text + 2, n - 3);
	const char *value = getenv(name);
	if (value == NULL || value[0] == '\0') {
		complain(reading, key, NULL, EXIT_CONFIG_INVALID,
		        "the environment has no variable %s", name);
		return NULL;
	}
	return xstrdup(value);
}

/* The field, or the file named by the field with "_file" behind it; NULL if neither is
 * there, or with a problem. Caller frees. */
static char *secret_of(
        struct reading *reading, const struct node *login, const char *name)
{
	autofree char *file_name = xasprintf("%s_file", name);
	const char *text = text_of(login, name), *path = text_of(login, file_name);

	if (text != NULL && path != NULL) {
		complain(reading, LOGINS, login, EXIT_CONFIG_INVALID,
		        "both %s and %s are set; expected one of them", name, file_name);
		return NULL;
	}
	if (path != NULL) {
		return from_file(reading, LOGINS, path);
	}
	return text == NULL ? NULL : given(reading, LOGINS, text);
}

static void warn_unknown(struct reading *reading, const struct node *login)
{
	for (size_t i = 0; i < login->count; i++) {
		bool is_known = false;
		for (size_t k = 0; fields[k] != NULL; k++) {
			is_known |= str_equal(fields[k], login->keys[i]->text);
		}
		if (!is_known) {
			warn(reading, LOGINS, login->keys[i], "%s: unknown key, ignored",
			        login->keys[i]->text);
		}
	}
}

/* One word of what a header can hold. */
static bool is_token(const char *text, const char *prefix)
{
	if (!str_starts(text, prefix)) {
		return false;
	}
	for (; *text != '\0'; text++) {
		if (*text <= ' ' || *text > '~') {
			return false;
		}
	}
	return true;
}

static bool is_rotating(const char *text)
{
	return is_token(text, "xoxe.xoxb-");
}

static bool is_bot_token(const char *text)
{
	return is_token(text, "xoxb-") || is_rotating(text);
}

static void check_user(struct reading *reading, const struct node *node,
        const struct config_login *login)
{
	const char *token = login->user_token, *cookie = login->cookie;

	if (token == NULL || !(is_token(token, "xoxc-") || is_token(token, "xoxs-"))) {
		complain(reading, LOGINS, node, EXIT_CONFIG_INVALID,
		        "user_token: found %s; expected the token of a Slack client, which "
		        "begins with xoxc- or xoxs-",
		        token == NULL ? "nothing" : "something else");
	}
	if (cookie == NULL || !is_token(cookie, "xoxd-")) {
		complain(reading, LOGINS, node, EXIT_CONFIG_INVALID,
		        "cookie: found %s; expected the value of the cookie d, which begins "
		        "with xoxd-",
		        cookie == NULL ? "nothing" : "something else");
	}
	if (login->bot_token != NULL || login->app_token != NULL ||
	        login->refresh_token != NULL) {
		complain(reading, LOGINS, node, EXIT_CONFIG_INVALID,
		        "found tokens of an app beside those of a person; expected a login "
		        "for each");
	}
}

static void check_login(struct reading *reading, const struct node *node,
        const struct config_login *login)
{
	if (login->owner == NULL || login->owner[0] != '@' ||
	        strchr(login->owner, ':') == NULL) {
		complain(reading, LOGINS, node, EXIT_CONFIG_INVALID,
		        "owner: found %s; expected a Matrix user ID such as @me:example.org",
		        login->owner == NULL ? "nothing" : login->owner);
	}
	if (login->user_token != NULL || login->cookie != NULL) {
		check_user(reading, node, login);
		return;
	}
	if (login->bot_token == NULL || !is_bot_token(login->bot_token)) {
		complain(reading, LOGINS, node, EXIT_CONFIG_INVALID,
		        "bot_token: found %s; expected a bot token, which begins with xoxb-",
		        login->bot_token == NULL ? "nothing" : "something else");
	}
	if (login->app_token == NULL || !is_token(login->app_token, "xapp-")) {
		complain(reading, LOGINS, node, EXIT_CONFIG_INVALID,
		        "app_token: found %s; expected an app-level token, which begins with "
		        "xapp-",
		        login->app_token == NULL ? "nothing" : "something else");
	}
	if (login->bot_token != NULL && is_rotating(login->bot_token) &&
	        (login->refresh_token == NULL ||
	                !is_token(login->refresh_token, "xoxe-"))) {
		complain(reading, LOGINS, node, EXIT_CONFIG_INVALID,
		        "refresh_token: found %s; expected the refresh token (xoxe-) that came "
		        "with the bot token",
		        login->refresh_token == NULL ? "nothing" : "something else");
	}
}

static void read_login(struct reading *reading, const struct node *node)
{
	struct config *config = reading->config;

	if (node->kind != NODE_MAP) {
		complain(reading, LOGINS, node, EXIT_CONFIG_UNREADABLE,
		        "found something else; expected keys such as owner: \"@me:example.org\"");
		return;
	}
	const struct config_login login = {
	        .owner = xstrdup_null(text_of(node, "owner")),
	        .bot_token = secret_of(reading, node, "bot_token"),
	        .app_token = secret_of(reading, node, "app_token"),
	        .refresh_token = secret_of(reading, node, "refresh_token"),
	        .user_token = secret_of(reading, node, "user_token"),
	        .cookie = secret_of(reading, node, "cookie"),
	};
	check_login(reading, node, &login);
	warn_unknown(reading, node);
	config->logins = xrealloc(
	        config->logins, (config->login_count + 1) * sizeof(*config->logins));
	config->logins[config->login_count++] = login;
}

void declared_logins_apply(struct reading *reading, const struct node *value)
{
	if (value->count > LOGINS_MAX) {
		complain(reading, LOGINS, value, EXIT_CONFIG_INVALID,
		        "found %zu logins; expected at most %d", value->count,
		        LOGINS_MAX);
		return;
	}
	for (size_t i = 0; i < value->count; i++) {
		read_login(reading, value->items[i]);
	}
}

static void read_client(struct reading *reading)
{
	struct config *config = reading->config;
	char **secret = &config->slack.client_secret;
	const char *path = config->slack.client_secret_file;

	if (path != NULL && path[0] != '\0') {
		autofree char *value =
		        from_file(reading, "network.client_secret_file", path);
		str_replace(secret, value);
	} else if (*secret != NULL && (*secret)[0] != '\0') {
		autofree char *value = given(reading, "network.client_secret", *secret);
		str_replace(secret, value);
	}
}

bool config_can_rotate(const struct config *config)
{
	const char *id = config->slack.client_id, *secret = config->slack.client_secret;

	return id != NULL && id[0] != '\0' && secret != NULL && secret[0] != '\0';
}

void declared_logins_check(struct reading *reading)
{
	const struct config *config = reading->config;

	read_client(reading);
	for (size_t i = 0; i < config->login_count; i++) {
		const struct config_login *login = &config->logins[i];
		if (login->owner != NULL &&
		        config_permission(config, login->owner) < PERM_USER) {
			complain(reading, LOGINS, NULL, EXIT_CONFIG_INVALID,
			        "owner: %s may not log in; bridge.permissions must give that "
			        "user at least the level user",
			        login->owner);
		}
		if (login->bot_token != NULL && is_rotating(login->bot_token) &&
		        !config_can_rotate(config)) {
			complain(reading, LOGINS, NULL, EXIT_CONFIG_INVALID,
			        "a rotating token needs network.client_id and "
			        "network.client_secret");
		}
	}
}

void declared_logins_free(struct config *config)
{
	for (size_t i = 0; i < config->login_count; i++) {
		free(config->logins[i].owner);
		free(config->logins[i].bot_token);
		free(config->logins[i].app_token);
		free(config->logins[i].refresh_token);
		free(config->logins[i].user_token);
		free(config->logins[i].cookie);
	}
	free(config->logins);
	for (size_t i = 0; i < config->secret_file_count; i++) {
		free(config->secret_files[i]);
	}
	free(config->secret_files);
}
