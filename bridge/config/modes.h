/* modes: may others read a file that holds secrets (SEC-02)? */
#ifndef BRIDGE_CONFIG_MODES_H
#define BRIDGE_CONFIG_MODES_H

#include <stdbool.h>
#include <stddef.h>

/* True for 0400, 0440, 0600, 0640 and what is stricter, and for what is no plain file or
 * not there. Otherwise *why says what is wrong: "can be read by everybody (mode 0644)".
 */
bool modes_are_private(const char *path, char *why, size_t room);

#endif
