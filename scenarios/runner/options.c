#include "scenarios/runner/options.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/torture_point.h"

#include "scenarios/runner/adapter.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum value { IS_FLAG, IS_TEXT, IS_NUMBER, IS_READ };

struct rule {
	const char *name, *argument; /* NULL: it has none */
	const char *help;
	enum value value;
	size_t offset;    /* in struct command: a bool, a const char *, an int64_t */
	int64_t min, max; /* of a number */
	bool (*read)(struct command *command, const char *text);
	int letter; /* short form; 0: none */
};

static bool fail(const char *text)
{
	fprintf(stderr, "scenario: %s\n", text);
	return false;
}

/* The file says how some bridge is started. */
static bool read_adapter(struct command *command)
{
	struct story_problems problems = {0};

	command->adapter = xcalloc(1, sizeof(*command->adapter));
	bool ok = adapter_read(command->bridge, command->adapter, &problems);
	for (size_t i = 0; i < problems.count; i++) {
		fprintf(stderr, "%s\n", problems.lines[i]);
	}
	story_problems_finish(&problems);
	command->engine.adapter = command->adapter;
	return ok;
}

static bool read_bridge(struct command *command, const char *text)
{
	free(command->bridge);
	command->bridge = realpath(text, NULL);
	if (command->bridge == NULL) {
		fprintf(stderr, "scenario: there is no %s\n", text);
	}
	return command->bridge != NULL &&
	       (!str_ends(command->bridge, ".yaml") || read_adapter(command));
}

static bool read_torture(struct command *command, const char *text)
{
	bool both = strcmp(text, "kill9,pgstop") == 0;

	command->torture_kill9 = both || strcmp(text, "kill9") == 0;
	command->torture_stop = both || strcmp(text, "pgstop") == 0;
	return command->torture_kill9 || command->torture_stop ||
	       torture_from_str(text, strlen(text), &command->torture) ||
	       fail("--torture is kill9, pgstop, kill9,pgstop, oom, io or net");
}

/* "io:17", "io:17:on" */
static bool read_torture_at(struct command *command, const char *text)
{
	struct engine_options *engine = &command->engine;
	size_t n = strcspn(text, ":");
	const char *number = text[n] == ':' ? text + n + 1 : "";
	size_t digits = strcspn(number, ":");

	engine->torture_lasts = strcmp(number + digits, ":on") == 0;
	bool ok = torture_from_str(text, n, &engine->torture) &&
	          str_to_int64((struct str){number, digits}, 1, INT64_MAX,
	                  &engine->torture_at) &&
	          (number[digits] == '\0' || engine->torture_lasts);
	return ok ||
	       fail("--torture-at is oom, io or net, a number, and :on if it lasts");
}

static bool read_database(struct command *command, const char *text)
{
	command->engine.on_postgres = strcmp(text, "postgres") == 0;
	return command->engine.on_postgres || strcmp(text, "sqlite") == 0 ||
	       fail("--database is sqlite or postgres");
}

static bool read_gdb_script(struct command *command, const char *text)
{
	free(command->gdb_script);
	command->gdb_script = realpath(text, NULL);
	command->engine.gdb = true;
	command->engine.gdb_script = command->gdb_script;
	return command->gdb_script != NULL || fail("there is no such script for gdb");
}

#define FLAG(name, field, help)                                                          \
	{                                                                                \
		name, NULL, help, IS_FLAG, offsetof(struct command, field), 0, 0, NULL,  \
		        0                                                                \
	}
#define TEXT(name, argument, field, help)                                                \
	{                                                                                \
		name, argument, help, IS_TEXT, offsetof(struct command, field), 0, 0,    \
		        NULL, 0                                                          \
	}
#define NUMBER(name, field, min, max, letter, help)                                      \
	{                                                                                \
		name, "N", help, IS_NUMBER, offsetof(struct command, field), min, max,   \
		        NULL, letter                                                     \
	}
#define READ(name, argument, fn, help)                                                   \
	{                                                                                \
		name, argument, help, IS_READ, 0, 0, 0, fn, 0                            \
	}

static const struct rule rules[] = {
        NUMBER("jobs", jobs, 1, 64, 'j',
                "stories at once (as many as there are processors)"),
        NUMBER("seed", engine.seed, 0, INT64_MAX, 0,
                "of the simulators' and the daemon's randomness (1)"),
        FLAG("keep", engine.keep,
                "keep the daemon's files of passed stories too, in out/ID/"),
        FLAG("verbose", engine.verbose,
                "print the timeline as it grows (one story at a time)"),
        FLAG("gdb", engine.gdb,
                "gdb attaches to the daemon before main(); virtual time stands still while "
                "it is stopped (one story at a time)"),
        READ("gdb-script", "FILE", read_gdb_script,
                "the same in batch mode, with the commands of that file"),
        NUMBER("until", engine.until, 1, INT32_MAX, 0,
                "with --gdb: stop the daemon when the record of that number has come"),
        FLAG("valgrind", engine.valgrind,
                "the daemon runs under valgrind; an error or a leak fails the story"),
        FLAG("watch", watch,
                "play again whenever a scenario, a world or the daemon changes"),
        FLAG("lanes", engine.lanes,
                "draw each story as lanes of text: who said what to whom, and when"),
        TEXT("tap", "FILE", tap_path, "results as TAP 13"),
        TEXT("junit", "FILE", junit_path, "results as JUnit XML"),
        FLAG("fail-fast", fail_fast, "begin nothing more after the first failure"),
        NUMBER("repeat", repeat, 1, 10000, 0,
                "play each N times and compare the timelines"),
        READ("torture", "KINDS", read_torture,
                "play each once, then once more for every durable call of the daemon, "
                "before and after it: kill9, the daemon is killed there; pgstop, PostgreSQL "
                "crashes there and comes back; or kill9,pgstop. Or for every call that can "
                "fail: oom, io, net, an allocation, a call on a file, a send or receive, "
                "once, and (oom, io) from there on"),
        NUMBER("count", torture_count, 1, 1000000, 0,
                "of those instants only so many of each kind, by the seed"),
        READ("torture-at", "WHAT", read_torture_at,
                "one run of oom, io or net: io:17, or io:17:on"),
        NUMBER("kill-at", engine.kill_at, 2, INT32_MAX, 0,
                "one run of that: 2k before the k-th durable call, 2k+1 after it"),
        READ("bridge", "PATH", read_bridge,
                "the daemon (beside this program), or an adapter: a .yaml that says how "
                "another bridge is started"),
        NUMBER("stop-at", engine.stop_at, 2, INT32_MAX, 0, "the same of pgstop"),
        READ("database", "KIND", read_database,
                "sqlite (if not said) or postgres, for stories that do not say"),
        TEXT("out", "DIR", engine.out_dir, "where files and results go (out)"),
        FLAG("check", check_only, "trace: compare, write nothing"),
        FLAG("verbs", verbs, "check: the manual, every verb and its fields"),
        FLAG("bytes", bytes, "explain: the bytes of each message and frame too"),
};
enum { RULES = sizeof(rules) / sizeof(rules[0]), FIRST_CODE = 256 };

static bool read_number(const struct rule *rule, const char *text, int64_t *out)
{
	if (str_to_int64(str_from(text), rule->min, rule->max, out)) {
		return true;
	}
	fprintf(stderr, "scenario: --%s: \"%s\" is no number in range\n", rule->name,
	        text);
	return false;
}

static bool read_one(struct command *command, const struct rule *rule, const char *text)
{
	void *field = (char *)command + rule->offset;

	switch (rule->value) {
	case IS_FLAG:
		*(bool *)field = true;
		return true;
	case IS_TEXT:
		*(const char **)field = text;
		return true;
	case IS_NUMBER:
		return read_number(rule, text, field);
	case IS_READ:
		return rule->read(command, text);
	}
	return false;
}

static const struct rule *find_rule(int code)
{
	for (int i = 0; i < RULES; i++) {
		if (code == FIRST_CODE + i || (code != 0 && code == rules[i].letter)) {
			return &rules[i];
		}
	}
	return NULL;
}

bool options_read(int argc, char **argv, struct command *command)
{
	struct option long_options[RULES + 1] = {{0}};
	int code;

	for (int i = 0; i < RULES; i++) {
		long_options[i] = (struct option){rules[i].name,
		        rules[i].argument != NULL ? required_argument : no_argument, NULL,
		        FIRST_CODE + i};
	}
	while ((code = getopt_long(argc, argv, "j:", long_options, NULL)) != -1) {
		const struct rule *rule = find_rule(code);
		if (rule == NULL || !read_one(command, rule, optarg)) {
			return false;
		}
	}
	return true;
}

/* The rest of a text from the column where helps stand. */
static void write_wrapped(FILE *out, const char *text)
{
	enum { COLUMN = 24, WIDTH = 92 };
	int at = COLUMN;

	while (*text != '\0') {
		int n = (int)strcspn(text, " ");
		if (at + n > WIDTH) {
			fprintf(out, "\n%*s", COLUMN, "");
			at = COLUMN;
		}
		fprintf(out, "%.*s ", n, text);
		at += n + 1;
		text += n + (text[n] == ' ' ? 1 : 0);
	}
	fputc('\n', out);
}

void options_write_help(FILE *out)
{
	for (int i = 0; i < RULES; i++) {
		const struct rule *rule = &rules[i];
		autofree char *name =
		        xasprintf("%s--%s %s", rule->letter != 0 ? "-j, " : "    ",
		                rule->name, rule->argument != NULL ? rule->argument : "");
		fprintf(out, "  %-21s ", name);
		write_wrapped(out, rule->help);
	}
}
