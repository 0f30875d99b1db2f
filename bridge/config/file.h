/* file: reading small files whole, and replacing files so that no reader ever sees half
 * of one. */
#ifndef BRIDGE_CONFIG_FILE_H
#define BRIDGE_CONFIG_FILE_H

#include "lib/buf.h"
#include "lib/err.h"

#include "bridge/config/problems.h"

#include <sys/types.h>

/* Appends the file to *out, up to its cap. False with a problem (status 10) otherwise. */
bool config_file_read(
        const char *path, struct buf *out, struct config_problems *problems);

/* A new version of a file, written aside. */
struct aside {
	char *target; /* symbolic links followed */
	char *temporary;
};

/* Writes text beside path and syncs it. An existing file's mode and owner are kept, its
 * mode cut to at most max_mode; a new file gets max_mode under the umask. */
bool aside_write(struct aside *aside, const char *path, mode_t max_mode, struct str text,
        struct err *err);
/* Puts it in place. Frees *aside either way. */
bool aside_commit(struct aside *aside, struct err *err);
/* Takes it away again. *aside may be all zero. */
void aside_abandon(struct aside *aside);

#endif
