/* story: a scenario as data: parsed, checked whole, every variation expanded.
 *
 * The language is described in scenarios/README.md. Nothing runs before every file named
 * on the command line has been found right. */
#ifndef RUNNER_STORY_H
#define RUNNER_STORY_H

#include "lib/err.h"
#include "lib/json.h"
#include "lib/verb.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The folder of the requirements, seen from the top of the repository. */
#define STORY_SPEC "scenarios/spec"

struct story_pos {
	char *file;       /* as given, relative to the current directory */
	int line, column; /* from 1 */
};

struct story_step {
	struct story_pos pos;
	int number;  /* from 1, over world and story; world steps are numbered 0 */
	char *verb;  /* "slack.post", "expect", "settle" ... */
	cJSON *args; /* an object; ${vars} of `vary` and `vars` replaced. References to
	              * values saved at run time ("${saved.name}") are left in and
	              * replaced by the engine. Durations are texts as written ("20ms";
	              * "5" is 5 s), for duration_parse() */
	int64_t within_ms; /* deadline; default 10 s, of a settle 1 h (its own field is
	                      here too) */
	int64_t for_ms; /* span of a never, default 10 s; quiet span of a settle, default
	                   0 */
	char *req;      /* requirement shown by this step, or NULL */
	char *save; /* name under which the matched record or the verb's result is kept,
	               or NULL */
	char *note; /* or NULL */
};

struct story_limit {
	int64_t virtual_ms; /* default 48 h */
	int64_t real_ms;    /* default 60 s */
};

struct story_link { /* where a scenario names a requirement */
	int line, column;
	int revision; /* the one it was written for */
};

struct story {       /* one variation of one file */
	char *path;  /* "scenarios/messages/010-text-both-ways.yaml" */
	char *id;    /* "010-text-both-ways" or "010-text-both-ways[why=token_revoked]" */
	char *title; /* with its variables replaced */
	char **proves;            /* requirement IDs, without a revision */
	struct story_link *links; /* the same, as they stand in the file; or NULL */
	size_t proves_count;
	char **tags; /* e.g. "torture", "smoke"; may be empty */
	size_t tags_count;
	char **needs; /* abilities of the bridge that it takes, see adapter.h */
	size_t needs_count;
	char *world;  /* the fixture's name; "none" for no world */
	cJSON *setup; /* what the world file says about config and workspace: an object,
	                 see engine */
	struct story_step *steps; /* of the world first, then of the story */
	size_t step_count;
	size_t world_steps; /* how many of them are the world's */
	struct story_limit limit;
	char *expect_fail; /* a reason why this one is known to fail, or NULL */
};

struct story_set {
	struct story *stories;
	size_t count;
};

/* Problems are complete sentences with file:line:column first, one per line. */
struct story_problems {
	char **lines;
	size_t count;
};

/* Reads and checks files (NULL-terminated list of paths); worlds are taken from
 * `own_worlds` (may be NULL) if they are there, else from `worlds_dir`. All problems of
 * all files are reported at once. True if there were none.
 */
bool story_load(const char *const *paths, const char *worlds_dir, const char *own_worlds,
        struct story_set *out, struct story_problems *problems);
void story_set_finish(struct story_set *set);
void story_problems_finish(struct story_problems *problems);

/* The runner's own verbs (bridge.*, clock.*, expect, never, settle, note), checked by the
 * same tables as the simulators'; their run pointers are NULL, the engine carries them
 * out. expect and never allow any further key beside those listed: field matchers. */
extern const struct verb runner_verbs[];

/* The verb's table entry for "slack.post", "matrix.post", "bridge.kill", "expect"; NULL
 * if none. */
const struct verb *story_verb(const char *full_name);

/* What every slack.* and matrix.* verb takes beside its own fields; the engine's to carry
 * out. */
extern const struct verb_field story_sim_fields[];

/* What the engine knows at run time under ${name}; ends with a NULL name. The check
 * allows these and values saved by an earlier step, nothing else. */
struct story_variable {
	const char *name;
	const char *doc;
};
extern const struct story_variable story_variables[];

/* The fields of the records of "slack", "matrix" or "bridge": what a matcher may name.
 * NULL if there is no such tap. */
const struct verb_field *story_tap_fields(const char *at);

/* What `texts` means, as an array of texts: a list as it is, "m{1..50}" expanded. Caller
 * deletes; NULL and *err if it means nothing. */
cJSON *story_texts(const cJSON *texts, struct err *err);

/* JSON Schema (draft-07) of a scenario file, from the verb tables. Caller deletes. */
cJSON *story_schema(void);
/* The same as the committed text (scenarios/schema.json). Caller frees. */
char *story_schema_text(void);
/* `scenario check --verbs`: every verb, its fields, the taps and variables, for people.
 */
void story_write_manual(FILE *out);

/* ---- requirements and trace ---- */

struct trace_places;

/* `scenario trace`: gathers what shows which requirement, writes it to `out_path`, or
 * with `check_only` compares: a stale file, unknown IDs, outdated links and texts that
 * changed are problems. *summary (caller frees) is one line for the console. True if
 * clean. */
bool story_trace(const struct story_set *set, const struct trace_places *places,
        const char *out_path, bool check_only, char **summary,
        struct story_problems *problems);

#endif
