/* canonical: what room events may hold, and how large they may be. */
#ifndef SIM_MATRIX_CANONICAL_H
#define SIM_MATRIX_CANONICAL_H

#include "lib/json.h"
#include "lib/str.h"

/* True if no number in the JSON text is written as a fraction, with an exponent, as -0,
 * or lies beyond 2^53-1. The text is taken as well-formed; only its numbers are judged.
 */
bool canonical_numbers(struct str json);

/* The same for a parsed value, where 1.0 and 1 can no longer be told apart. */
bool canonical_value(const cJSON *value);

#endif
