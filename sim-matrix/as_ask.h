/* as_ask: questions to an appservice: does this user exist, who is this on your network.
 */
#ifndef SIM_MATRIX_AS_ASK_H
#define SIM_MATRIX_AS_ASK_H

#include "sim-matrix/appservice.h"

struct as_ask;

/* json: the body of a 2xx answer, NULL for anything else. Borrowed. */
typedef void as_answer_fn(const cJSON *json, void *arg);

/* GETs `path` (behind /_matrix/app/v1/, with its query, encoded). answer() runs once,
 * from the loop; NULL: nobody waits for it. */
struct as_ask *as_ask_start(
        const struct appservice *as, const char *path, as_answer_fn *answer, void *arg);
/* *ask may be NULL. */
void as_ask_cancel(struct as_ask **ask);
void as_asks_init(struct sim_matrix *sim);
void as_asks_finish(struct sim_matrix *sim);

#endif
