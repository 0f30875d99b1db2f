/* temp_file: a file without a name, for what is too large to be held in memory. */
#ifndef LIB_TEMP_FILE_H
#define LIB_TEMP_FILE_H

#include "lib/err.h"

/* Open for reading and writing in $TMPDIR or /tmp, gone when it is closed. -1 and *err:
 * there is no room for one. */
int temp_file_open(struct err *err);

#endif
