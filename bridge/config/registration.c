#include "bridge/config/registration.h"

#include "lib/mem.h"
#include "lib/rand.h"
#include "lib/str.h"

#include "bridge/config/file.h"
#include "bridge/config/reading.h"
#include "bridge/config/write_back.h"
#include "bridge/exit_codes.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TOKEN_CHARS = 64, SENDER_CHARS = 32, REGISTRATION_MODE = 0640, ANY_MODE = 07777 };

struct secrets {
	char as_token[TOKEN_CHARS + 1];
	char hs_token[TOKEN_CHARS + 1];
	char sender[SENDER_CHARS + 1];
};

/* The sender is a user nobody ever is: the bot and the ghosts are in the namespaces.
 * Lower case, because some homeservers make an account for it and take no other. */
static void secrets_make(struct secrets *secrets)
{
	rand_secret(secrets->as_token, TOKEN_CHARS);
	rand_secret(secrets->hs_token, TOKEN_CHARS);
	rand_secret(secrets->sender, SENDER_CHARS);
	for (char *p = secrets->sender; *p != '\0'; p++) {
		*p = (char)tolower((unsigned char)*p);
	}
}

/* Escapes what is special in the regular expressions of Rust and Python alike. */
static void put_escaped(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (strchr("\\.+*?()|[]{}^$", text.p[i]) != NULL) {
			buf_puts(out, "\\");
		}
		buf_add(out, &text.p[i], 1);
	}
}

/* One namespace: before, anything in between if `any`, after, and the domain. */
static void put_namespace(struct buf *out, struct str before, bool any, struct str after,
        const char *domain)
{
	buf_puts(out, "        - regex: '^@");
	put_escaped(out, before);
	buf_puts(out, any ? ".*" : "");
	put_escaped(out, after);
	buf_puts(out, ":");
	put_escaped(out, str_from(domain));
	buf_puts(out, "$'\n          exclusive: true\n");
}

static bool needs_quotes(const char *value)
{
	struct node node = {.kind = NODE_SCALAR, .plain = true, .text = xstrdup(value)};
	bool is_word, is_other = node_is_null(&node) || node_to_bool(&node, &is_word);

	free(node.text);
	return is_other || !isalpha((unsigned char)value[0]) ||
	       value[strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                           "0123456789:/._-")] != '\0' ||
	       str_ends(value, ":");
}

static void put_text(struct buf *out, const char *name, const char *value)
{
	if (!needs_quotes(value)) {
		buf_printf(out, "%s: %s\n", name, value);
		return;
	}
	buf_printf(out, "%s: '", name);
	for (; *value != '\0'; value++) {
		buf_puts(out, *value == '\'' ? "'" : "");
		buf_add(out, value, 1);
	}
	buf_puts(out, "'\n");
}

/* No empty lines: conduwuit's admin command drops them anyway. */
static void put_registration(
        struct buf *out, const struct config *config, const struct secrets *secrets)
{
	const char *ghost = config->appservice.username_template;
	const char *open = strstr(ghost, "{{"), *close = strstr(ghost, "}}");

	put_text(out, "id", config->appservice.id);
	put_text(out, "url", config->appservice.address);
	buf_printf(out, "as_token: %s\nhs_token: %s\nsender_localpart: %s\n",
	        secrets->as_token, secrets->hs_token, secrets->sender);
	buf_puts(out, "rate_limited: false\nnamespaces:\n    users:\n");
	put_namespace(out, str_from(config->appservice.bot_username), false, str_from(""),
	        config->homeserver.domain);
	put_namespace(out, (struct str){ghost, (size_t)(open - ghost)}, true,
	        str_from(close + 2), config->homeserver.domain);
	if (config->appservice.ephemeral_events) {
		buf_puts(out,
		        "de.sorunome.msc2409.push_ephemeral: true\nreceive_ephemeral: true\n");
	}
}

/* Only what goes into the registration counts: tokens and the database may still be
 * unset. */
static bool check_needed(const struct config_problems *problems, struct err *err)
{
	static const char *const needed[] = {"appservice.address", "appservice.id",
	        "appservice.bot.username", "appservice.username_template"};

	if (problems_status(problems) == EXIT_CONFIG_UNREADABLE ||
	        problems->count == PROBLEMS_MAX) {
		return problems_to_err(problems, err);
	}
	for (size_t i = 0; i < problems->count; i++) {
		const struct config_problem *problem = &problems->items[i];
		if (!problem->warning && strcmp(problem->key, "homeserver.domain") == 0) {
			return err_set(err, ERR_PERMANENT, EXIT_NO_DOMAIN,
			        "homeserver.domain is not set: %s", problem->text);
		}
	}
	for (size_t i = 0; i < problems->count; i++) {
		const struct config_problem *problem = &problems->items[i];
		for (size_t j = 0; j < sizeof(needed) / sizeof(needed[0]); j++) {
			if (!problem->warning && strcmp(problem->key, needed[j]) == 0) {
				return err_set(err, ERR_PERMANENT, EXIT_CONFIG_INVALID,
				        "%s: %s", problem->key, problem->text);
			}
		}
	}
	return true;
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat one, other;

	return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

static bool fail(struct err *err, int status)
{
	if (err != NULL) {
		err->code = status;
	}
	return false;
}

/* Both are written aside before either is put in place. */
static bool put_files(const char *config_path, struct str config, const char *path,
        struct str registration, struct err *err)
{
	struct aside aside_registration = {0}, aside_config = {0};

	if (is_same_file(config_path, path)) {
		return err_set(err, ERR_PERMANENT, EXIT_REGISTRATION_WRITE,
		        "%s is the configuration; the registration needs a file of its own",
		        path);
	}
	if (!aside_write(
	            &aside_registration, path, REGISTRATION_MODE, registration, err)) {
		return fail(err, EXIT_REGISTRATION_WRITE);
	}
	if (!aside_write(&aside_config, config_path, ANY_MODE, config, err)) {
		aside_abandon(&aside_registration);
		return fail(err, EXIT_CONFIG_WRITE);
	}
	if (!aside_commit(&aside_registration, err)) {
		aside_abandon(&aside_config);
		return fail(err, EXIT_REGISTRATION_WRITE);
	}
	return aside_commit(&aside_config, err) || fail(err, EXIT_CONFIG_WRITE);
}

static bool generate(const char *config_path, struct str text,
        const struct config *config, const char *path, struct err *err)
{
	struct secrets secrets;
	struct buf registration, edited;

	secrets_make(&secrets);
	buf_init(&registration, 64 * 1024);
	buf_init(&edited, YAML_MAX_BYTES + 4096);
	put_registration(&registration, config, &secrets);
	bool is_done = write_back_tokens(
	                       text, secrets.as_token, secrets.hs_token, &edited, err) ||
	               fail(err, EXIT_CONFIG_WRITE);
	is_done = is_done && put_files(config_path, buf_str(&edited), path,
	                             buf_str(&registration), err);
	buf_finish(&edited);
	buf_finish(&registration);
	explicit_bzero(&secrets, sizeof(secrets));
	return is_done;
}

bool registration_generate_told(const char *config_path, const char *path,
        struct config_problems *problems, struct err *err)
{
	struct config *config = NULL;
	struct buf text;
	bool is_done = false;

	buf_init(&text, YAML_MAX_BYTES + 1);
	if (config_file_read(config_path, &text, problems)) {
		config = reading_run(config_path, buf_str(&text), problems);
	}
	if (config == NULL) {
		problems_to_err(problems, err);
	} else if (check_needed(problems, err)) {
		is_done = generate(config_path, buf_str(&text), config, path, err);
	}
	config_free(&config);
	buf_finish(&text);
	return is_done;
}

bool registration_generate(const char *config_path, const char *path, struct err *err)
{
	struct config_problems problems = {0};
	bool is_done = registration_generate_told(config_path, path, &problems, err);

	config_problems_finish(&problems);
	return is_done;
}
