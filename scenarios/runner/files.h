/* files: small work with files and folders. */
#ifndef RUNNER_FILES_H
#define RUNNER_FILES_H

#include "lib/err.h"
#include <stdbool.h>
#include <stddef.h>

/* Replaces the file. */
bool file_write(const char *path, const void *data, size_t n, struct err *err);
/* The whole file, NUL-terminated, the caller's to free; NULL if it cannot be read or is
 * longer than cap_bytes. *n (may be NULL) gets the length. */
char *file_read(const char *path, size_t cap_bytes, size_t *n);
/* With all folders above it. True if it is there. */
bool folder_make(const char *path);
void folder_remove(const char *path); /* with all in it */
/* Each plain file directly in the folder, in the order of names. */
void folder_each(const char *path,
        void (*fn)(const char *path, const char *name, void *arg), void *arg);

#endif
