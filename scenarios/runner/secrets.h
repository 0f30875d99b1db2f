/* secrets: is there a token in what the daemon wrote? */
#ifndef RUNNER_SECRETS_H
#define RUNNER_SECRETS_H

#include "lib/json.h"

/* Looks through the daemon's whole output and the files it left in its folder, apart from
 * those where tokens belong (configuration, registration, database). secrets: an array of
 * texts. The place of the first one found, without the secret itself, or NULL. Caller
 * frees. */
char *secrets_find(const char *dir, const cJSON *secrets);

#endif
