/* control: the HTTP interface by which people and scripts drive the simulator.
 *
 * POST /_control/<verb> with the verb's arguments as JSON: {"ok":true,"result":..} or
 * {"ok":false,"error":".."}; GET /_control/verbs, /_control/state and
 * /_control/records?since=N&timeout=S. */
#ifndef SIM_MATRIX_CONTROL_H
#define SIM_MATRIX_CONTROL_H

#include "lib/http_server.h"
#include "sim-matrix/state.h"

struct control;

struct control *control_create(struct sim_matrix *sim);
/* Requests that wait are dropped. *control may be NULL. */
void control_destroy(struct control **control);
/* rest: the path behind /_control/. Owes the request its answer from now on. */
void control_request(struct control *control, struct http_request *req, const char *rest);

#endif
