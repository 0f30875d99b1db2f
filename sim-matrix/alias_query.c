#include "sim-matrix/alias_query.h"

#include "lib/http_client.h"
#include "lib/mem.h"

#include "sim-matrix/appservice.h"
#include "sim-matrix/push.h"

#include <stdlib.h>
#include <string.h>

struct query { /* one question to an appservice; owned by the parked call */
	struct call *call;
	char *alias;
	alias_found_fn *found;
	struct http_req *req;
};

static void query_free(struct call *call)
{
	struct query *query = call->waiting;

	http_req_cancel(&query->req);
	free(query->alias);
	free(query);
}

/* The appservice said yes: the alias must exist by now. A no is a no. */
static void handle_answer(
        const struct http_reply *reply, const struct err *err, void *arg)
{
	struct query *query = arg;
	struct call *call = query->call;
	struct room *room = map_get(call->sim->aliases, query->alias);
	bool yes = reply != NULL && reply->status >= 200 && reply->status < 300;

	(void)err;
	query->req = NULL;
	query->found(call, yes ? room : NULL);
}

static void ask(struct call *call, const struct appservice *as, const char *alias,
        alias_found_fn *found)
{
	struct query *query = xcalloc(1, sizeof(*query));
	autofree char *encoded = url_encode(alias);
	autofree char *url = xasprintf("%s/_matrix/app/v1/rooms/%s%s%s", as->reg.url,
	        encoded, call->sim->profile->push_query_token ? "?access_token=" : "",
	        call->sim->profile->push_query_token ? as->reg.hs_token : "");

	query->call = call;
	query->alias = xstrdup(alias);
	query->found = found;
	query->req = http_req_create(call->sim->http, "GET", url);
	push_set_headers(as, as->reg.hs_token, query->req);
	http_req_set_deadline(query->req, call->sim->profile->push_timeout_ms);
	call_park(call, query, query_free);
	http_req_start(query->req, handle_answer, query);
}

void alias_query(struct call *call, const char *alias, alias_found_fn *found)
{
	struct room *room = map_get(call->sim->aliases, alias);

	if (room == NULL) {
		list_for_each(it, &call->sim->appservices)
		{
			const struct appservice *as =
			        container_of(it, struct appservice, link);
			if (appservice_owns_alias(as, alias) && appservice_has_url(as)) {
				ask(call, as, alias, found);
				return;
			}
		}
	}
	found(call, room);
}
