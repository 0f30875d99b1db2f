/* auth: whose token it is, and for whom the request is made. */
#ifndef SIM_MATRIX_AUTH_H
#define SIM_MATRIX_AUTH_H

#include "sim-matrix/call.h"

/* Fills call->as, device, user_id and user as the route wants it; false and answered if
 * not. */
bool auth_check(struct call *call);

#endif
