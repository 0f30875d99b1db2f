/* oauth: tokens besides the app's first two: those of people, those that expire and are
 * renewed, and how they are come by (sections 5.2, 5.3). */
#ifndef SIM_SLACK_OAUTH_H
#define SIM_SLACK_OAUTH_H

#include "lib/http_server.h"
#include "sim-slack/sim.h"

struct oauth *oauth_create(struct sim_slack *sim);
void oauth_destroy(struct oauth **oauth);

/* Who a token makes of its bearer. */
struct credential {
	int kind;             /* enum token_kind; -1: unknown, or no token */
	struct user *user;    /* the app's own without a good token */
	const char *scopes;   /* "" for none; of no meaning for TOKEN_CLIENT */
	const char *error;    /* what calls with it are answered; "" while it is good */
	struct grant *grant;  /* NULL: one of the app's first two, or a client's */
	int64_t expires_in_s; /* 0: never */
};
/* token may be NULL. req carries a client's cookie. */
void credential_read(const struct sim_slack *sim, const struct http_request *req,
        const char *token, struct credential *out);

/* A user token (xoxp-). Borrowed, valid as long as the simulator. */
const char *oauth_user_token(struct oauth *oauth, struct user *user, const char *scopes);
/* A code as it comes back from the consent page. user_scopes may be "". Borrowed. */
const char *oauth_authorize(
        struct oauth *oauth, struct user *user, const char *user_scopes);
/* A bot token that expires, as an installation of an app with rotation gives it, and its
 * refresh token. Borrowed. */
void oauth_pair(struct oauth *oauth, const char **access, const char **refresh);
const char *oauth_client_id(struct oauth *oauth);
const char *oauth_client_secret(struct oauth *oauth);
/* Any call with the grant is answered this from now on. */
void oauth_spoil(struct grant *grant, const char *error);

#endif
