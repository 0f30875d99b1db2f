#include "bridge/flow/connection_news.h"

#include "bridge/flow/app.h"
#include "bridge/flow/logins.h"
#include "bridge/flow/tell_owner.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum { STORE_RETRY_MS = 30000 };

struct telling { /* what of it outlives the transaction */
	struct app *app;
	char *team_id;
	const char *news;
};

/* The state's name if its owner must know of it, "" if all is well, NULL if neither. */
static const char *news_of(enum socket_mode_state state)
{
	if (state == SM_LINK_DISABLED || state == SM_TOO_MANY) {
		return socket_mode_state_to_str(state);
	}
	return state == SM_CONNECTED ? "" : NULL;
}

static char *words(const struct login *login, const char *news)
{
	if (news[0] == '\0') {
		return xasprintf(
		        "%s is connected to Slack again. What was missed meanwhile "
		        "is being caught up with.",
		        login->team_name);
	}
	if (str_equal(news, socket_mode_state_to_str(SM_TOO_MANY))) {
		return xasprintf(
		        "Slack refuses another connection for %s: ten of this app's are open "
		        "already (too_many_websockets). Is it running somewhere else too? "
		        "Nothing arrives from Slack until one of them is closed; the bridge "
		        "tries again every five minutes and then catches up.",
		        login->team_name);
	}
	return xasprintf(
	        "Socket Mode is switched off in the Slack app of %s (link_disabled): nothing "
	        "arrives from Slack until it is switched on again, at api.slack.com/apps "
	        "under \"Socket Mode\". The bridge looks every five minutes and then "
	        "catches up.",
	        login->team_name);
}

static void handle_told(bool committed, void *arg)
{
	struct telling *telling = arg;
	struct app *app = telling->app;
	struct login *login = app->logins == NULL
	                              ? NULL
	                              : logins_by_team(app->logins, telling->team_id);

	if (login != NULL) {
		login->telling = false;
	}
	if (login != NULL && committed) {
		str_replace(&login->told, telling->news);
		connection_news(login); /* it may have changed meanwhile */
	} else if (login != NULL) {
		timer_start(&login->news_timer, STORE_RETRY_MS);
	}
	free(telling->team_id);
	free(telling);
}

void connection_news(struct login *login)
{
	struct app *app = login->app;
	const char *news = news_of(socket_mode_state(login->socket));

	if (news == NULL || str_equal(news, login->told) || login->telling) {
		return;
	}
	struct telling *telling = xcalloc(1, sizeof(*telling));
	struct store_tx *tx = store_tx_create(app->store);
	autofree char *text = words(login, news);
	autofree char *key = xasprintf("news:%s:%s:%lld", login->team_id, news,
	        (long long)loop_wall_ms(app->loop));

	telling->app = app;
	telling->team_id = xstrdup(login->team_id);
	telling->news = news;
	login->telling = true;
	store_tx_add(tx, STMT_LOGIN_TOLD, "ss", login->team_id, news);
	tell_owner_add(app, tx, key, login->owner_mxid, text);
	store_tx_on_commit(tx, handle_told, telling);
	store_tx_submit(tx, NULL, NULL);
}

void connection_news_handle_timer(void *login)
{
	connection_news(login);
}
