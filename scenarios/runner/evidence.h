/* evidence: all that is known of one run, in one order: the story and its steps, the
 * records of the timeline, and between them what the daemon sent, heard and asked its
 * database. Every run leaves it as out/ID/trace.jsonl: the head in the first line, then
 * an item in each. No secret is in it: tokens are written as <secret>.
 *
 * An item is a record as the timeline has it (`at`: slack, matrix, bridge, runner), or
 *   {"at":"wire", "kind":"http"|"frame"|"open"|"close", "from", "to", "conn", "us",
 *    "after", "step", "text", "bytes" ...}, or
 *   {"at":"database", "kind":"sql", "us", "after", "step", "text"} */
#ifndef RUNNER_EVIDENCE_H
#define RUNNER_EVIDENCE_H

#include "scenarios/runner/engine.h"
#include "scenarios/runner/play.h"

struct evidence {
	cJSON *head;
	cJSON *items; /* an array */
};

void evidence_of_play(struct play *play, struct evidence *out);
void evidence_finish(struct evidence *evidence);

/* The folder of a story's files under out_dir. Caller frees. */
char *evidence_dir(const char *out_dir, const char *story_id);
bool evidence_write(const struct evidence *evidence, const char *dir, struct err *err);
/* False and *err if the story has not been played there. */
bool evidence_read(
        const char *out_dir, const char *story_id, struct evidence *out, struct err *err);

/* One line for people. Caller frees. */
char *evidence_line(const cJSON *item);

#endif
