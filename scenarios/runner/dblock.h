/* dblock: another program that holds the write lock of the daemon's database file: what
 * an operator's shell, a backup or a full disk does to it for a while. */
#ifndef RUNNER_DBLOCK_H
#define RUNNER_DBLOCK_H

#include "lib/err.h"

struct dblock;

/* Takes the lock of bridge.db in `dir`; nothing if it is held already. */
bool dblock_take(struct dblock **lock, const char *dir, struct err *err);
void dblock_release(struct dblock **lock); /* NULL is fine */

#endif
