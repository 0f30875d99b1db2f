#include "sim-matrix/login_tokens.h"

#include "lib/mem.h"

#include <stdlib.h>

enum { TOKENS_MAX = 1000 };

struct login_token {
	char *user_id;
	int64_t ends_ms;
};

static void login_token_free(void *value)
{
	struct login_token *token = value;

	free(token->user_id);
	free(token);
}

static void forget_old(struct sim_matrix *sim)
{
	const char *text;
	void *value;

	for (size_t i = 0; map_next(sim->login_tokens, &i, &text, &value);) {
		const struct login_token *token = value;
		if (token->ends_ms < loop_now_ms(sim->loop)) {
			login_token_free(map_del(sim->login_tokens, text));
		}
	}
}

bool login_token_make(struct sim_matrix *sim, const struct user *user, char *out)
{
	struct login_token *token;

	forget_old(sim);
	if (map_count(sim->login_tokens) >= TOKENS_MAX) {
		return false;
	}
	rand_text(&sim->rand, out, LOGIN_TOKEN_LENGTH);
	token = xcalloc(1, sizeof(*token));
	token->user_id = xstrdup(user->user_id);
	token->ends_ms = loop_now_ms(sim->loop) + LOGIN_TOKEN_MS;
	map_set(sim->login_tokens, out, token);
	return true;
}

struct user *login_token_spend(struct sim_matrix *sim, const char *text)
{
	struct login_token *token = map_del(sim->login_tokens, text);
	struct user *user = NULL;

	if (token != NULL) {
		if (token->ends_ms >= loop_now_ms(sim->loop)) {
			user = user_find(sim, token->user_id);
		}
		login_token_free(token);
	}
	return user;
}

void login_tokens_init(struct sim_matrix *sim)
{
	sim->login_tokens = map_create();
	sim->openid = map_create();
}

void login_tokens_finish(struct sim_matrix *sim)
{
	map_destroy(&sim->login_tokens, login_token_free);
	map_destroy(&sim->openid, NULL);
}
