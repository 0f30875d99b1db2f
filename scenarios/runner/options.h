/* options: the command line's options as one table: what each does to a struct command,
 * and what the help says. */
#ifndef RUNNER_OPTIONS_H
#define RUNNER_OPTIONS_H

#include "scenarios/runner/command.h"

/* Reads the options among argv, sets optind to the first word that is none. False (a
 * sentence on standard error) if one is wrong. */
bool options_read(int argc, char **argv, struct command *command);
void options_write_help(FILE *out);

#endif
