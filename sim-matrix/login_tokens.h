/* login_tokens: short-lived tokens by which another device logs in (m.login.token). */
#ifndef SIM_MATRIX_LOGIN_TOKENS_H
#define SIM_MATRIX_LOGIN_TOKENS_H

#include "sim-matrix/state.h"

enum { LOGIN_TOKEN_LENGTH = 32, LOGIN_TOKEN_MS = 2 * 60 * 1000 };

/* out: room for LOGIN_TOKEN_LENGTH + 1. False: too many are open. */
bool login_token_make(struct sim_matrix *sim, const struct user *user, char *out);
/* Each works once. NULL: unknown or too old. */
struct user *login_token_spend(struct sim_matrix *sim, const char *text);
void login_tokens_init(struct sim_matrix *sim);
void login_tokens_finish(struct sim_matrix *sim);

#endif
