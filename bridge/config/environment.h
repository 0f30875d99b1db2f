/* environment: keys set by environment variables, and folders that systemd names. */
#ifndef BRIDGE_CONFIG_ENVIRONMENT_H
#define BRIDGE_CONFIG_ENVIRONMENT_H

#include "bridge/config/reading.h"

/* Takes every variable whose name begins with the file's env_config_prefix: the rest of
 * the name in small letters is a key, "__" standing for its dots; with "_FILE" behind it
 * the value is in the file of that path. They win over the file. As in mautrix bridges
 * (bridgev2/bridgeconfig, envconfig.go) a name that is no key is an error (10). A list or
 * mapping is written as YAML. */
void environment_read(struct reading *reading);
void environment_free(struct reading *reading);

/* What the file holds, without the white space at its end. ${CREDENTIALS_DIRECTORY} and
 * its like are put into the path. NULL with a problem of that key. Caller frees. */
char *environment_file_value(struct reading *reading, const char *key, const char *path);

/* The variable a value came from; NULL: it stands in the file. */
const char *environment_name(const struct reading *reading, const struct node *value);

/* A path with ${CREDENTIALS_DIRECTORY} and its like (folders that systemd makes for a
 * service, named by its variables) put in; caller frees. NULL, and a problem with the
 * key, if one of them is not set or not known. */
char *environment_path(struct reading *reading, const char *key, const char *path);

#endif
