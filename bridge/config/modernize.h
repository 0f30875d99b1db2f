/* modernize: older names in a configuration file become the present ones, in place.
 *
 * mautrix bridges rewrite their file at each start from the example, and with it go the
 * operator's comments. Here only what has to change does: a key with an older name goes
 * to its present section, with all lines of its value, the remarks behind them and those
 * right above; everything else, comments and unknown keys too, stays as it is to the
 * byte. What does not stand on lines of its own stays where it is, and is read by its
 * older name as before. */
#ifndef BRIDGE_CONFIG_MODERNIZE_H
#define BRIDGE_CONFIG_MODERNIZE_H

#include "lib/buf.h"
#include "lib/err.h"

/* Writes the new text to *out and returns how many keys moved; 0: nothing to do, *out is
 * not used. The result has been read again and means the same. */
size_t modernize_text(struct str text, struct buf *out);

/* The same for the file, unless it cannot be written: false and *err then, and the file
 * is as it was. *moved is set either way. */
bool modernize_file(const char *path, size_t *moved, struct err *err);

#endif
