#include "sim-matrix/as_ask.h"

#include "sim-matrix/push.h"

#include "lib/http_client.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

struct as_ask {
	struct list link; /* sim->asks */
	struct http_req *req;
	as_answer_fn *answer; /* or NULL */
	void *arg;
};

static void ask_free(struct as_ask *ask)
{
	list_del(&ask->link);
	http_req_cancel(&ask->req);
	free(ask);
}

/* The only place where a question ends by itself. */
static void handle_reply(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct as_ask *ask = arg;
	as_answer_fn *answer = ask->answer;
	void *answer_arg = ask->arg;
	bool good = reply != NULL && reply->status >= 200 && reply->status < 300;
	autojson cJSON *json = good ? json_parse(reply->body, NULL) : NULL;

	(void)err;
	ask->req = NULL;
	ask_free(ask);
	if (answer != NULL) {
		answer(json, answer_arg);
	}
}

struct as_ask *as_ask_start(
        const struct appservice *as, const char *path, as_answer_fn *answer, void *arg)
{
	struct sim_matrix *sim = as->sim;
	struct as_ask *ask = xcalloc(1, sizeof(*ask));
	bool has_query = strchr(path, '?') != NULL;
	autofree char *token = sim->profile->push_query_token
	                               ? xasprintf("%caccess_token=%s",
	                                         has_query ? '&' : '?', as->reg.hs_token)
	                               : xstrdup("");
	autofree char *url =
	        xasprintf("%s/_matrix/app/v1/%s%s", as->reg.url, path, token);

	ask->answer = answer;
	ask->arg = arg;
	list_add_tail(&sim->asks, &ask->link);
	ask->req = http_req_create(sim->http, "GET", url);
	push_set_headers(as, as->reg.hs_token, ask->req);
	http_req_set_deadline(ask->req, sim->profile->push_timeout_ms);
	http_req_start(ask->req, handle_reply, ask);
	return ask;
}

void as_ask_cancel(struct as_ask **ask)
{
	if (*ask != NULL) {
		ask_free(*ask);
		*ask = NULL;
	}
}

void as_asks_init(struct sim_matrix *sim)
{
	list_init(&sim->asks);
}

void as_asks_finish(struct sim_matrix *sim)
{
	while (!list_empty(&sim->asks)) {
		ask_free(container_of(sim->asks.next, struct as_ask, link));
	}
}
