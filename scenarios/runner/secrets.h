/* secrets: is there a token in what the daemon wrote? */
#ifndef RUNNER_SECRETS_H
#define RUNNER_SECRETS_H

#include "lib/json.h"

/* Looks through the daemon's whole output and the files it left in its folder, apart from
 * those where tokens belong (configuration, registration, database, an operator's
 * *.secret). secrets: an array of texts. The place of the first one found, without the
 * secret itself, or NULL. Caller frees. */
char *secrets_find(const char *dir, const cJSON *secrets);

/* The same in what the bridge wrote where others see it: its log lines and output, its
 * Matrix events and requests, its calls and messages on Slack, but for the one call that
 * carries tokens as arguments. What people wrote is theirs, and a file that a story
 * looked at is no output. */
struct timeline;
char *secrets_find_in_timeline(const struct timeline *timeline, const cJSON *secrets);

/* The text with <secret> in place of each; NULL if there is none in it. Caller frees. */
char *secrets_remove(const char *text, const cJSON *secrets);

/* The place of a secret in the arguments of a process, which every user of the machine
 * can read. */
char *secrets_find_in_arguments(int pid, const cJSON *secrets);

#endif
