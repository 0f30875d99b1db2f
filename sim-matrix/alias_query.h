/* alias_query: finding a room by alias; an appservice whose namespace it is may be asked
 * to make it first. */
#ifndef SIM_MATRIX_ALIAS_QUERY_H
#define SIM_MATRIX_ALIAS_QUERY_H

#include "sim-matrix/call.h"

/* room: NULL if there is none. */
typedef void alias_found_fn(struct call *call, struct room *room);

/* Calls found() at once, or later with the call parked; found() answers the call. */
void alias_query(struct call *call, const char *alias, alias_found_fn *found);

#endif
