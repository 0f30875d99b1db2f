/* mark: says which code fulfils which requirement, and tells the scenario runner that it
 * was executed.
 *
 * REQ("SOCK-05"), or REQ("SOCK-05~2") for a later revision, stands where the requirement
 * is fulfilled: behind the check, in the branch, beside the call that does it. Under the
 * runner's shim the first time is noted; without it a mark is one comparison. `scenario
 * trace` finds the marks in the sources, and complains of one that names no requirement.
 */
#ifndef LIB_MARK_H
#define LIB_MARK_H

#include <stdbool.h>
#include <stddef.h>

/* The preloaded shim has it; nobody else. */
void scenario_mark(const char *id) __attribute__((weak));

#define REQ(id)                                                                          \
	do {                                                                             \
		static bool known_;                                                      \
		if (scenario_mark != NULL && !known_) {                                  \
			known_ = true;                                                   \
			scenario_mark(id);                                               \
		}                                                                        \
	} while (false)

#endif
