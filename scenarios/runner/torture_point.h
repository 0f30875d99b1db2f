/* torture_point: one place of --torture=oom, io or net, by name. */
#ifndef RUNNER_TORTURE_POINT_H
#define RUNNER_TORTURE_POINT_H

#include "scenarios/runner/engine.h"

const char *torture_to_str(enum torture_kind torture);
/* "oom" and the like, of n characters. False: there is none. */
bool torture_from_str(const char *text, size_t n, enum torture_kind *out);
/* " --torture-at io:17", "" if there is none. Caller frees. */
char *torture_option(const struct engine_options *options);

#endif
