/* registration: the appservice registration file (Matrix spec, Application Service API,
 * "Registration"), as mautrix bridges write it. */
#ifndef BRIDGE_REGISTRATION_H
#define BRIDGE_REGISTRATION_H

#include "bridge/config/config.h"

/* Makes new tokens, writes the registration to `path` (mode 0640 or stricter, aside and
 * renamed) and the tokens into the configuration file, comments kept. *err's code is the
 * exit status owed: 10 (the configuration cannot be read), 11 (a value the registration
 * needs is invalid), 20 (homeserver.domain unset), 21 (cannot write the registration), 22
 * (nor the config). With any of these but the very last step of 22 both files are as they
 * were. */
bool registration_generate(const char *config_path, const char *path, struct err *err);
/* The same; what is wrong with the configuration is in *problems, as after config_load.
 */
bool registration_generate_told(const char *config_path, const char *path,
        struct config_problems *problems, struct err *err);

#endif
