/* debugger: gdb on one life of the daemon. It has this terminal, and as long as it keeps
 * the daemon stopped nothing else happens: virtual time moves only when the daemon waits.
 */
#ifndef RUNNER_DEBUGGER_H
#define RUNNER_DEBUGGER_H

#include <sys/types.h>

struct debugger;

/* program: for its symbols. script: commands in batch mode, or NULL. NULL if no process
 * can be had. */
struct debugger *debugger_start(pid_t daemon, const char *program, const char *script);
/* The daemon stops where it is, as at a breakpoint. */
void debugger_stop(pid_t daemon);
/* Until gdb has ended too, so that two never share a terminal. *debugger may be NULL. */
void debugger_wait(struct debugger **debugger);

#endif
