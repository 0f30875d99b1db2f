#include "bridge/flow/slack_links.h"

#include "bridge/flow/app.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

/* The workspace of a permalink: hosts are "acme.slack.com" (docs.slack.dev,
 * chat.getPermalink). NULL: none that we are logged in to. */
static const struct login *login_of(
        const struct app *app, const struct login *own, const char *host)
{
	struct login *login = NULL;

	if (host == NULL) {
		return own;
	}
	for (size_t i = 0; logins_next(app->logins, &i, &login);) {
		autofree char *name = xasprintf("%s.slack.com", login->team_domain);
		if (login->team_domain[0] != '\0' && str_equal(name, host)) {
			return login;
		}
	}
	return NULL;
}

static const struct portal *portal_of(const struct app *app, const struct login *own,
        const char *host, const char *channel_id)
{
	const struct login *login = login_of(app, own, host);

	return login == NULL
	               ? NULL
	               : portals_by_channel(app->portals, login->team_id, channel_id);
}

/* Columns: see MESSAGE_BY_TS. A message of several events is linked to by its first. */
static void handle_rows(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct slack_links *links = arg;
	const struct app *app = links->flow->app;
	const char *via = app->config->homeserver.domain;

	for (size_t i = 0; err->kind == ERR_NONE && i < links->count; i++) {
		struct slack_link *link = &links->items[i];
		for (size_t row = 0; row < store_rows(results[i]); row++) {
			if (link->url == NULL && store_int(results[i], row, 8) == 0) {
				link->url = matrix_to_event(link->portal->room_id,
				        store_text(results[i], row, 2), via);
			}
		}
	}
	links->known = err->kind == ERR_NONE;
	flow_continue(links->flow, err);
}

enum step_rc slack_links_find(struct flow *flow, struct slack_links *links,
        const struct login *login, const struct to_matrix_refs *refs)
{
	struct app *app = flow->app;

	if (links->known) {
		return STEP_DONE;
	}
	slack_links_finish(links);
	links->flow = flow;
	for (size_t i = 0; i < refs->message_count && links->count < SLACK_LINKS_MAX;
	        i++) {
		const struct to_matrix_message_ref *ref = &refs->messages[i];
		const struct portal *portal =
		        portal_of(app, login, ref->host, ref->channel_id);
		if (portal != NULL) {
			links->items[links->count++] = (struct slack_link){
			        .channel_id = xstrdup(ref->channel_id),
			        .ts = xstrdup(ref->ts),
			        .portal = portal};
		}
	}
	links->known = links->count == 0;
	if (links->known) {
		return STEP_DONE;
	}
	struct store_tx *tx = store_tx_create(app->store);
	for (size_t i = 0; i < links->count; i++) {
		const struct slack_link *link = &links->items[i];
		store_tx_add(tx, STMT_MESSAGE_BY_TS, "sss", link->portal->team_id,
		        link->channel_id, link->ts);
	}
	store_tx_submit(tx, handle_rows, links);
	return wait_store(flow, tx);
}

const char *slack_links_url(const struct slack_links *links, const struct login *login,
        const char *host, const char *channel_id, const char *ts)
{
	const struct portal *portal =
	        links->count == 0 ? NULL
	                          : portal_of(links->flow->app, login, host, channel_id);

	for (size_t i = 0; portal != NULL && i < links->count; i++) {
		const struct slack_link *link = &links->items[i];
		if (link->portal == portal && str_equal(link->ts, ts)) {
			return link->url;
		}
	}
	return NULL;
}

void slack_links_finish(struct slack_links *links)
{
	for (size_t i = 0; i < links->count; i++) {
		free(links->items[i].channel_id);
		free(links->items[i].ts);
		free(links->items[i].url);
	}
	*links = (struct slack_links){0};
}
