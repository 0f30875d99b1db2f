/* page: the last run as one HTML file that needs no network: an overview by scenario and
 * by requirement, and for each scenario its sequence diagram with the bytes behind it.
 * What is shown is made in the browser, from data packed into the file, as text and never
 * as HTML. */
#ifndef RUNNER_PAGE_H
#define RUNNER_PAGE_H

#include "lib/err.h"

#include "scenarios/runner/story.h"

/* Of the results in out_dir those of the stories (count 0: all). Where all that is known
 * would be too large for one file, bytes of passed scenarios are left out first.
 * *stories_shown (may be NULL): how many. */
bool page_write(const char *path, const char *out_dir, const struct story *const *stories,
        size_t count, size_t *stories_shown, struct err *err);

#endif
