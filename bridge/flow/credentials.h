/* credentials: what becomes of a login whose tokens Slack refuses.
 *
 * Refused for good, the login sleeps: no call leaves with that token, what waits goes on
 * waiting, its owner is told once, in the words to mend it. "invalid_auth" is looked into
 * first, for some minutes: Slack has been seen to say it by mistake (Slack protocol
 * reference, 5.1). One that expired is renewed first, if it rotates. No token is ever
 * erased for it. The state is a row: a restart neither forgets it nor tells again. */
#ifndef BRIDGE_FLOW_CREDENTIALS_H
#define BRIDGE_FLOW_CREDENTIALS_H

#include "bridge/flow/logins.h"
#include "bridge/flow/user_logins.h"

struct credentials;

enum token_kind { TOKEN_BOT, TOKEN_APP, TOKEN_REFRESH, TOKEN_USER };

/* Belongs to the login, whose bot_api exists already and stays. stored: the login's row's
 * state. */
struct credentials *credentials_create(struct login *login, const char *stored);
/* Likewise of a user's login, whose api exists already and stays. */
struct credentials *credentials_of_user(struct user_login *user, const char *stored);
void credentials_destroy(struct credentials **credentials);

/* Slack refused the token with this word. */
void credentials_refused(
        struct credentials *credentials, enum token_kind kind, const char *word);
/* Somebody has logged in again, or the app-level token works again: all is good. */
void credentials_renewed(struct credentials *credentials);

/* An event says so: adds to tx what must be kept, and goes to sleep once it is. word:
 * "tokens_revoked" or "app_uninstalled". */
void credentials_revoked_by_event(
        struct credentials *credentials, struct store_tx *tx, const char *word);

/* For the status: "" if all is good. Borrowed until the next change. */
const char *credentials_trouble(const struct credentials *credentials);
bool credentials_are_bad(const struct credentials *credentials, enum token_kind kind);

#endif
