/* symbols: the names of this program's own functions, for a crash report.
 *
 * From the symbol table of the program's file, which also knows static functions - the
 * dynamic one that backtrace_symbols_fd() looks into does not, and most functions here
 * are static. Without that table (a stripped program) the build ID and the offset are
 * enough for `addr2line -e`. */
#ifndef BRIDGE_SYMBOLS_H
#define BRIDGE_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the table, once. Without one nothing has a name. */
void symbols_load(void);

/* The function at an address of this process and how far into it; NULL if it is none of
 * ours or has no name. *offset: from the function, or if NULL is returned from the
 * program's beginning (0: another file's). Async-signal-safe. */
const char *symbols_find(const void *address, size_t *offset);

/* The library an address lies in, among those loaded at symbols_load(), and how far into
 * it; NULL: in none. Async-signal-safe. */
const char *symbols_library(const void *address, size_t *offset);

/* In hexadecimal; "" if there is none. Async-signal-safe. */
const char *symbols_build_id(void);

#endif
