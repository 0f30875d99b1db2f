/* uia: user-interactive authentication by password (Matrix specification, client-server
 * API, "User-Interactive Authentication API"): for what a stolen token must not do. */
#ifndef SIM_MATRIX_UIA_H
#define SIM_MATRIX_UIA_H

#include "sim-matrix/call.h"

/* The body's auth proves the caller's password. False: answered, 401 with the flows. An
 * appservice that manages devices (io.element.msc4190) needs none. */
bool uia_passed(struct call *call);
/* False and answered: the body's auth names a session that is none. */
bool uia_session_known(struct call *call);
/* Answers 401 with one flow of one stage, and a new session. errcode NULL: none. */
void uia_ask(struct call *call, const char *stage, const char *errcode, const char *why);
void uia_init(struct sim_matrix *sim);
void uia_finish(struct sim_matrix *sim);

#endif
