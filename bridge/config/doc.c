#include "bridge/config/config.h"

#include "bridge/config/keys.h"
#include "bridge/exit_codes.h"

#include <string.h>

static const char head[] =
        "# Configuration\n"
        "\n"
        "<!-- Made from the table of keys; do not edit. To renew:\n"
        "     matrix-slack-bridge --config-doc > docs/configuration.md -->\n"
        "\n"
        "The file has the key names and the layout of mautrix bridges (bridgev2): a configuration of\n"
        "mautrix-slack loads unchanged. YAML, and JSON as a part of it.\n"
        "\n"
        "1. `matrix-slack-bridge -e -c config.yaml` writes the complete example, with a comment for\n"
        "   each key.\n"
        "2. Set the keys marked *must be set* below. A file with only those, and with others where\n"
        "   you want another value than the default, is as good as the complete one. A key without\n"
        "   a value, or with `null`, has its default. A list or mapping replaces the default one.\n"
        "3. `matrix-slack-bridge -g -c config.yaml -r registration.yaml` makes the tokens, writes them\n"
        "   into both files, and leaves comments and layout as they are.\n"
        "\n"
        "Every problem is printed, not just the first, each with its place:\n"
        "\n"
        "    config.yaml:12:14: homeserver.address: found \"htp://x\": it does not begin with ...\n"
        "    config.yaml:30:5: warning: bridge.comand_prefix: unknown key, ignored; did you mean ...\n"
        "\n"
        "Warnings do not stop the start. Values of tokens, passwords and the database's URI are never\n"
        "printed. [configuration.schema.json](configuration.schema.json) is a JSON Schema of the file,\n"
        "for editors.\n"
        "\n"
        "## Exit statuses\n"
        "\n"
        "Those of the mautrix family, where it has one for the case.\n"
        "\n"
        "| Status | Meaning |\n"
        "|---|---|\n";

static const char keys_head[] =
        "\n"
        "## Keys\n"
        "\n"
        "*Not used* means: the key of mautrix-slack is known and accepted, and has no effect in this\n"
        "version; a warning says so if it is set to anything but its default. *Ours* means that\n"
        "mautrix-slack does not have it.\n";

static const char names_head[] =
        "\n"
        "## Older names\n"
        "\n"
        "Read as their present name, with a warning. Naming a section covers all in it.\n"
        "\n"
        "| Older name | Now |\n"
        "|---|---|\n";

static const char tail[] =
        "\n"
        "## Permissions\n"
        "\n"
        "`bridge.permissions` is looked up by the exact user ID, then by the domain of the user ID,\n"
        "then by `*`; without any of them the level is `block`. Numbers, as in the oldest files, are\n"
        "read as: below 5 `block`, below 10 `relay`, below 100 `user`, else `admin`. The single rights\n"
        "of mautrix bridges (`send_events`, `commands`, `manage_relay`, `login`, `double_puppet`,\n"
        "`admin`) are read as the highest level of which one is set.\n"
        "\n"
        "## Differences from mautrix-slack\n"
        "\n"
        "- `logging.writers` defaults to standard output alone, not also to `./logs/bridge.log`: this\n"
        "  bridge does not rotate files.\n"
        "- `bridge.permissions` with an unknown level, a template that cannot be read, and a port out\n"
        "  of range are status 11 with all other invalid values, not 10.\n"
        "- The file is not rewritten at start.\n"
        "- YAML merge keys (`<<`) are refused.\n";

/* On one line, runs of spaces as one. */
static void write_cell(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '|') {
			fputc('\\', out);
		}
		if (*text != '\n' && *text != ' ') {
			fputc(*text, out);
		} else if (text[1] != '\n' && text[1] != ' ' && text[1] != '\0') {
			fputc(' ', out);
		}
	}
}

static void write_default(FILE *out, const struct config_key *key)
{
	if (key->flags & KEY_REQUIRED) {
		fputs("*must be set*", out);
	} else if (key->value[0] == '\n') {
		fputs("see the example", out);
	} else if (strcmp(key->value, "null") != 0) {
		fputc('`', out);
		write_cell(out, key->value);
		fputc('`', out);
	}
}

static void write_key(FILE *out, const struct config_key *key)
{
	fprintf(out, "| `%s` | ", key->path);
	write_default(out, key);
	fprintf(out, " |%s%s", key_is_used(key) ? "" : " *Not used.*",
	        key->flags & KEY_OURS ? " *Ours.*" : "");
	if (key->doc != NULL) {
		fputc(' ', out);
		write_cell(out, key->doc);
	}
	if (key->min != key->max) {
		fprintf(out, " From %ld to %ld.", key->min, key->max);
	} else if (key->choices != NULL) {
		fprintf(out, " One of: %s.", key->choices);
	} else if (key->type != KEY_TEXT) {
		fprintf(out, " (%s)", key_type_to_str(key->type));
	}
	fputs(" |\n", out);
}

static void write_keys(FILE *out)
{
	bool in_table = false;

	for (size_t i = 0; i < keys_count(); i++) {
		const struct config_key *key = keys_at(i);
		bool is_top = strchr(key->path, '.') == NULL;
		if (is_top) {
			fprintf(out, "\n### %s\n\n", key->path);
			in_table = false;
		}
		if (key->type == KEY_SECTION && is_top) {
			fprintf(out, "%s\n\n", key->doc);
			continue;
		}
		if (!in_table) {
			fputs("| Key | Default | Meaning |\n|---|---|---|\n", out);
			in_table = true;
		}
		if (key->type == KEY_SECTION) {
			fprintf(out, "| **%s** | | ", key->path);
			write_cell(out, key->doc);
			fputs(" |\n", out);
		} else {
			write_key(out, key);
		}
	}
}

void config_write_doc(FILE *out)
{
	const char *old, *now;

	fputs(head, out);
#define EXIT_CODE_ROW(name, number, text) fprintf(out, "| %d | %s |\n", number, text);
	EXIT_CODES(EXIT_CODE_ROW)
#undef EXIT_CODE_ROW
	fputs(keys_head, out);
	write_keys(out);
	fputs(names_head, out);
	for (size_t i = 0; keys_renamed_at(i, &old, &now); i++) {
		if (now[0] == '\0') {
			fprintf(out, "| `%s` | no successor |\n", old);
		} else {
			fprintf(out, "| `%s` | `%s` |\n", old, now);
		}
	}
	fputs(tail, out);
}
