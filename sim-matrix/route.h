/* route: which handler a path belongs to. */
#ifndef SIM_MATRIX_ROUTE_H
#define SIM_MATRIX_ROUTE_H

#include "sim-matrix/call.h"

enum route_match { ROUTE_FOUND, ROUTE_WRONG_METHOD, ROUTE_NONE };

/* Fills call->route and its parameters, each decoded by itself (an encoded / stays inside
 * its segment). */
enum route_match route_find(struct call *call, const struct route *routes);
void route_params_finish(struct call *call);

#endif
