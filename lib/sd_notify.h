/* sd_notify: tells systemd how a service stands (sd_notify(3)), without its library.
 *
 * Does nothing where $NOTIFY_SOCKET is not set. Never blocks: a manager that does not
 * read misses it. */
#ifndef LIB_SD_NOTIFY_H
#define LIB_SD_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* state: "READY=1", "STATUS=...", lines separated by newlines. False: nobody was told. */
bool sd_notify_send(const char *state);
/* How often at the latest "WATCHDOG=1" is due; 0: nobody watches this process. */
int64_t sd_notify_watchdog_ms(void);

#endif
