/* problems: collecting what is wrong with a configuration. */
#ifndef BRIDGE_CONFIG_PROBLEMS_H
#define BRIDGE_CONFIG_PROBLEMS_H

#include "bridge/config/config.h"

enum { PROBLEM_WARNING = 0, WARNINGS_MAX = 100, PROBLEMS_MAX = 200 };

/* Where something stands in a file. */
struct place {
	const char *file;
	int line, column; /* from 1; 0: not in the file */
};

/* status: the exit status it leads to, or PROBLEM_WARNING. key: "" for the file as a
 * whole. Control characters become "?". Over-long lists are cut, warnings first, so that
 * an error is never lost among them. */
void problem_add(struct config_problems *problems, struct place place, const char *key,
        int status, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Brings them into the order of the file; those not in the file come last. */
void problems_sort(struct config_problems *problems);

/* The exit status they lead to together; 0: warnings only. */
int problems_status(const struct config_problems *problems);

/* Fills *err from the list (status as code). Returns false, or true if there are only
 * warnings. */
bool problems_to_err(const struct config_problems *problems, struct err *err);

#endif
