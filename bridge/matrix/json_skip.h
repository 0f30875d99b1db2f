/* json_skip: where a JSON value ends, found without building it and without recursion, so
 * that any depth will do. Syntax is checked strictly; what escapes stand for is not. */
#ifndef BRIDGE_MATRIX_JSON_SKIP_H
#define BRIDGE_MATRIX_JSON_SKIP_H

/* All take the text from p to end, and return NULL if it does not begin with a whole one.
 */
const char *json_skip_space(const char *p, const char *end); /* never NULL */
const char *json_skip_string(const char *p, const char *end);
const char *json_skip_value(const char *p, const char *end); /* p: at the value itself */

#endif
