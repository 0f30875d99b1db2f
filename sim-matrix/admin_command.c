/* The commands of the admin room: only what concerns appservices and people. */
#include "lib/buf.h"
#include "lib/mem.h"

#include "sim-matrix/admin_room.h"
#include "sim-matrix/appservice.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 8, LINES_MAX = 2000, TEXT_MAX_BYTES = 256 * 1024 };

struct command {
	struct sim_matrix *sim;
	char *words[WORDS_MAX]; /* of the first line, without "!admin" */
	size_t word_count;
	struct str lines[LINES_MAX]; /* the others that are not blank */
	size_t line_count;
};

static struct str trimmed(struct str s)
{
	while (s.n > 0 && isspace((unsigned char)s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && isspace((unsigned char)s.p[s.n - 1])) {
		s.n--;
	}
	return s;
}

/* "register_appservice"-style words of old. */
static void dashes(char *word)
{
	for (; *word != '\0'; word++) {
		*word = *word == '_' ? '-' : *word;
	}
}

static void split_words(struct command *c, struct str line)
{
	size_t at = 0;
	bool first = true;

	while (at < line.n && c->word_count < WORDS_MAX) {
		size_t start;
		while (at < line.n && isspace((unsigned char)line.p[at])) {
			at++;
		}
		start = at;
		while (at < line.n && !isspace((unsigned char)line.p[at])) {
			at++;
		}
		if (at > start && !first) {
			c->words[c->word_count++] = xstrndup(line.p + start, at - start);
		}
		first = first && at == start;
	}
	for (size_t i = 0; i < c->word_count && i < 2; i++) {
		dashes(c->words[i]);
	}
}

static void split_lines(struct command *c, const char *text)
{
	bool first = true;

	while (*text != '\0' && c->line_count < LINES_MAX) {
		struct str line = {text, strcspn(text, "\n")};
		text += line.n + (text[line.n] == '\n' ? 1 : 0);
		if (line.n > 0 && line.p[line.n - 1] == '\r') {
			line.n--;
		}
		if (trimmed(line).n == 0) {
			continue;
		}
		if (first) {
			split_words(c, line);
			first = false;
		} else {
			c->lines[c->line_count++] = line;
		}
	}
}

/* ---- appservices ---- */

static bool is_fenced(const struct command *c)
{
	struct str first, last;

	if (c->line_count < 2) {
		return false;
	}
	first = trimmed(c->lines[0]);
	last = trimmed(c->lines[c->line_count - 1]);
	return first.n >= 3 && memcmp(first.p, "```", 3) == 0 && str_is(last, "```");
}

static char *do_register(struct command *c)
{
	char why[512];
	autofree char *id = NULL;
	struct buf yaml;
	char *reply;

	if (!is_fenced(c)) {
		return xstrdup(
		        "Expected code block in command body. Add --help for details.");
	}
	buf_init(&yaml, TEXT_MAX_BYTES);
	for (size_t i = 1; i + 1 < c->line_count; i++) {
		buf_add_str(&yaml, c->lines[i]);
		buf_puts(&yaml, "\n");
	}
	if (appservice_register(c->sim, buf_str(&yaml), &id, why, sizeof(why))) {
		reply = xasprintf("Appservice registered with ID: %s", id);
	} else {
		reply = xstrdup(why);
	}
	buf_finish(&yaml);
	return reply;
}

static char *do_unregister(struct command *c)
{
	return xstrdup(appservice_unregister(c->sim, c->words[2])
	                       ? "Appservice unregistered."
	                       : "Failed to unregister appservice: Appservice not found");
}

static char *do_show(struct command *c)
{
	const struct appservice *as = appservice_find(c->sim, c->words[2]);
	autofree char *yaml = NULL;

	if (as == NULL) {
		return xstrdup("Appservice does not exist.");
	}
	yaml = registration_to_yaml(&as->reg);
	return xasprintf("Config for %s:\n\n```yaml\n%s\n```", c->words[2], yaml);
}

static char *do_list(struct command *c)
{
	struct buf names;
	size_t count = 0;
	char *reply;

	buf_init(&names, TEXT_MAX_BYTES);
	list_for_each(it, &c->sim->appservices)
	{
		buf_printf(&names, "%s%s", count++ > 0 ? ", " : "",
		        container_of(it, struct appservice, link)->reg.id);
	}
	reply = xasprintf("Appservices (%zu): %s", count, buf_cstr(&names));
	buf_finish(&names);
	return reply;
}

/* ---- users ---- */

static char *do_create_user(struct command *c)
{
	const char *name = c->words[2];
	const char *password = c->word_count > 3 ? c->words[3] : NULL;
	autofree char *user_id = user_id_of(c->sim, name);
	char made[26];
	struct user *user;

	if (user_find(c->sim, user_id) != NULL) {
		return xasprintf("Userid %s already exists", user_id);
	}
	if (password == NULL) {
		rand_text(&c->sim->rand, made, sizeof(made) - 1);
		password = made;
	}
	user = user_create(c->sim, name, password);
	user->displayname = xstrdup(name);
	return xasprintf(
	        "Created user with user_id: {%s} and password: `%s`", user_id, password);
}

static char *do_list_users(struct command *c)
{
	struct buf out;
	size_t count = 0;
	const char *user_id;
	void *value;
	char *reply;

	buf_init(&out, TEXT_MAX_BYTES);
	for (size_t i = 0; map_next(c->sim->users, &i, &user_id, &value);) {
		buf_printf(&out, "%s\n", user_id);
		count++;
	}
	reply = xasprintf(
	        "Found %zu local user account(s):\n```\n%s```", count, buf_cstr(&out));
	buf_finish(&out);
	return reply;
}

/* ---- choosing ---- */

static const struct {
	const char *group;
	const char *name;
	const char *alias; /* NULL: none */
	size_t words;      /* needed in all */
	char *(*run)(struct command *c);
} commands[] = {
        {"appservices", "register", NULL, 2, do_register},
        {"appservices", "unregister", NULL, 3, do_unregister},
        {"appservices", "show-appservice-config", "show", 3, do_show},
        {"appservices", "list-registered", "list", 2, do_list},
        {"users", "create-user", "create", 3, do_create_user},
        {"users", "list-users", "list", 2, do_list_users},
};

static char *usage(const struct command *c)
{
	if (c->word_count == 0 || strcmp(c->words[0], "--help") == 0 ||
	        strcmp(c->words[0], "-h") == 0 || strcmp(c->words[0], "help") == 0) {
		return xasprintf(
		        "Usage: @%s:%s: <COMMAND>\n\nCommands:\n  appservices  - Commands "
		        "for managing appservices\n  users        - Commands for managing "
		        "local users\n",
		        c->sim->server_user->localpart, c->sim->server_name);
	}
	return xasprintf(
	        "error: unrecognized subcommand '%s'\n\nUsage: @%s:%s: <COMMAND>\n\nFor "
	        "more information, try '--help'.\n",
	        c->words[c->word_count > 1 ? 1 : 0], c->sim->server_user->localpart,
	        c->sim->server_name);
}

static char *run_command(struct command *c)
{
	for (size_t i = 0;
	        c->word_count >= 2 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		bool named = strcmp(c->words[1], commands[i].name) == 0 ||
		             str_equal(c->words[1], commands[i].alias);
		if (strcmp(c->words[0], commands[i].group) != 0 || !named) {
			continue;
		}
		if (c->word_count < commands[i].words) {
			return xstrdup(
			        "error: the following required arguments were not provided:\n"
			        "  <APPSERVICE_IDENTIFIER>\n");
		}
		return commands[i].run(c);
	}
	return usage(c);
}

char *admin_command_reply(struct sim_matrix *sim, const char *text)
{
	struct command *c = xcalloc(1, sizeof(*c));
	char *reply;

	c->sim = sim;
	split_lines(c, text);
	reply = run_command(c);
	for (size_t i = 0; i < c->word_count; i++) {
		free(c->words[i]);
	}
	free(c);
	return reply;
}
