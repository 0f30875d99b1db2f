/* doctor: --doctor, a table of what is right and wrong, with the remedy for each
 * (CRASH-06).
 *
 * It asks the homeserver, Slack and the database, and changes nothing in any of them, nor
 * any file. While the daemon itself runs it can be asked too: the ping then reaches that
 * one. */
#ifndef BRIDGE_DOCTOR_H
#define BRIDGE_DOCTOR_H

#include <stdio.h>

struct doctor_options {
	const char *config_path;
	const char *registration_path;
	FILE *out; /* plain text, one row per line, for any terminal */
};

/* Returns 0 if the daemon would start and work - warnings do not count -, or the status
 * the daemon would end with, the first in the order of its start; 1 for what keeps it
 * waiting without ending it (a homeserver or Slack out of reach, a login's bad token). */
int doctor_run(const struct doctor_options *options);

#endif
