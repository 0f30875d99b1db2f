/* setup: what a run's daemon is given: a folder, a port, tokens, a registration, a
 * configuration. Tokens come from the seed; folder and port are whatever is free, and
 * have names in the timeline. */
#ifndef RUNNER_SETUP_H
#define RUNNER_SETUP_H

#include "lib/err.h"
#include "lib/json.h"
#include <stdint.h>

/* The port of the metrics, if they are enabled, lies so far below the other: above is
 * where the kernel takes ports for outgoing connections. */
enum { SETUP_METRICS_OFFSET = 10000 };

struct setup {
	char *dir; /* on memory where the machine has it */
	char *config_path, *registration_path;
	char *registration; /* its text */
	char *as_token, *hs_token;
	uint16_t port;
	int port_lock;
	cJSON *config; /* the good one, with the world's changes */
};

enum { SETUP_TOKEN_CHARS = 40 };

/* A folder and a port. */
bool setup_create(struct setup *setup, struct err *err);

/* Tokens, registration and configuration; database_type and _uri are for the latter.
 * changes: dotted keys and values over the default configuration; may be NULL. */
struct setup_parts {
	uint64_t seed;
	const char *slack_url, *matrix_url, *server_name;
	const char *database_type, *database_uri;
	const cJSON *changes;
};
void setup_fill(struct setup *setup, const struct setup_parts *parts);
/* Removes the folder. */
void setup_finish(struct setup *setup);

/* Whether nobody listens on its port of 127.0.0.1. */
bool setup_port_is_free(const struct setup *setup);

/* The configuration with these changes (may be NULL) becomes the file at config_path. */
bool setup_write_config(const struct setup *setup, const cJSON *changes, struct err *err);
/* Writes any file of the folder, for nobody else's eyes. */
bool setup_write_file(const char *path, const char *text, struct err *err);
bool setup_write_registration(const struct setup *setup, struct err *err);

/* The name of a folder for all runs of this process, swept like theirs. Caller frees. */
char *setup_shared_folder(const char *name);
/* Removes the folders of processes that are no more: of runs that were killed. */
void setup_sweep(void);

/* Copies the folder's files into another one, which must exist. */
void setup_keep(const struct setup *setup, const char *into);

#endif
