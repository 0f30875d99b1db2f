/* result: an engine_result as JSON: from the worker to the runner, and as a line of
 * out/results.jsonl. */
#ifndef RUNNER_RESULT_H
#define RUNNER_RESULT_H

#include "scenarios/runner/engine.h"

/* {"story":id,"verdict":"pass","virtual_ms":..,...}. Caller deletes. */
cJSON *result_to_json(const struct story *story, const struct engine_result *result);
/* False if it is no such object. */
bool result_from_json(const cJSON *json, struct engine_result *out);

#endif
