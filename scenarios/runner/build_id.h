/* build_id: which build of a program was run. */
#ifndef RUNNER_BUILD_ID_H
#define RUNNER_BUILD_ID_H

/* "matrix-slack-bridge@3f2c1a09": the name and the first digits of its build ID (ELF
 * note NT_GNU_BUILD_ID); the name alone if it has none. Caller frees. */
char *build_of(const char *path);

#endif
