#include "bridge/matrix/appservice.h"

#include "lib/http_server.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"

#include "bridge/matrix/txn_body.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_BODY_BYTES = 32 * 1024 * 1024, /* Synapse sends up to 100 events of 64 KiB */
	MAX_TXN_ID_BYTES = 1024,
	MAX_CONNECTIONS = 128,
	IDLE_S = 320, /* conduwuit keeps an idle connection for 300 s */
};

struct appservice {
	struct http_server *server;
	char *hs_token;
	const struct appservice_handlers *handlers;
	void *arg;
	struct list txns; /* appservice_txn::link */
	bool paused;
};

struct appservice_txn {
	struct list link; /* appservice::txns */
	struct http_request *req;
	const struct appservice_handlers *handlers;
	void *arg;
};

/* rest: what follows the route's path, percent-encoded as it came. */
typedef void route_fn(struct appservice *as, struct http_request *req, const char *rest);

struct route {
	const char *method;
	const char *path; /* with a slash at its end: one more segment follows */
	bool is_open;     /* to anybody, without the token */
	route_fn *handle;
};

static void reply_error(
        struct http_request *req, int status, const char *errcode, const char *text)
{
	autojson cJSON *body = json_set_str(json_new(), "errcode", errcode);
	autofree char *json = json_print(json_set_str(body, "error", text));

	log_debug("appservice request refused", "request=%llu status=%d errcode=%s",
	        (unsigned long long)http_request_id(req), status, errcode);
	http_request_reply_json(req, status, json);
}

/* ---------------------------------------------------------------- the token */

/* conduwuit puts the token into the query as it is, others percent-encoded. */
static bool is_token_text(const struct appservice *as, struct str text)
{
	struct str token = str_from(as->hs_token);
	autofree char *decoded = url_decode(text, false);

	return str_equal_secret(text, token) ||
	       (decoded != NULL && str_equal_secret(str_from(decoded), token));
}

/* How many access_token parameters there are; *wrong is set if one of them is not ours.
 */
static unsigned count_query_tokens(
        const struct appservice *as, const char *query, bool *wrong)
{
	static const char name[] = "access_token=";
	unsigned count = 0;

	while (*query != '\0') {
		size_t n = strcspn(query, "&");
		if (n >= strlen(name) && strncmp(query, name, strlen(name)) == 0) {
			struct str value = {query + strlen(name), n - strlen(name)};
			*wrong = !is_token_text(as, value) || *wrong;
			count++;
		}
		query += n;
		query += *query == '&';
	}
	return count;
}

/* Answers the request itself if it is not the homeserver's. */
static bool authenticate(const struct appservice *as, struct http_request *req)
{
	const char *bearer = http_request_bearer(req);
	bool has_header = http_request_header(req, "Authorization") != NULL;
	bool wrong = false;

	unsigned given = count_query_tokens(as, http_request_query(req), &wrong);
	if (has_header) {
		given++;
		wrong = bearer == NULL || wrong ||
		        !str_equal_secret(str_from(bearer), str_from(as->hs_token));
	}
	if (given == 0) {
		reply_error(req, 401, "M_MISSING_TOKEN", "No hs_token was sent.");
		return false;
	}
	if (wrong) {
		reply_error(req, 403, "M_FORBIDDEN", "That is not the hs_token.");
		return false;
	}
	return true;
}

/* ---------------------------------------------------------------- the routes */

static void handle_transaction(
        struct appservice *as, struct http_request *req, const char *rest)
{
	autofree char *txn_id = url_decode(str_from(rest), false);
	struct err err = ERR_INIT;

	if (txn_id == NULL || strlen(txn_id) > MAX_TXN_ID_BYTES) {
		reply_error(req, 400, "M_INVALID_PARAM", "No usable transaction ID.");
		return;
	}
	if (as->paused) {
		reply_error(req, 503, "M_UNKNOWN", "The bridge is stopping.");
		return;
	}
	autojson cJSON *events = txn_body_events(http_request_body(req), &err);
	if (events == NULL) {
		reply_error(req, err.code, err.name, err.msg);
		return;
	}
	struct appservice_txn *txn = xcalloc(1, sizeof(*txn));
	txn->req = req;
	txn->handlers = as->handlers;
	txn->arg = as->arg;
	list_add_tail(&as->txns, &txn->link);
	as->handlers->transaction(txn, txn_id, events, as->arg);
}

/* Ghosts and rooms are made by the bridge alone, never on demand. */
static void handle_query(
        struct appservice *as, struct http_request *req, const char *rest)
{
	(void)as;
	(void)rest;
	reply_error(req, 404, "M_NOT_FOUND", "There is no such user or room here.");
}

static void handle_ping(struct appservice *as, struct http_request *req, const char *rest)
{
	(void)as;
	(void)rest;
	http_request_reply_json(req, 200, "{}");
}

static void reply_health(struct appservice *as, struct http_request *req, int status)
{
	autofree char *body =
	        as->handlers->describe == NULL ? NULL : as->handlers->describe(as->arg);

	http_request_reply_json(req, status, body == NULL ? "{}" : body);
}

static void handle_live(struct appservice *as, struct http_request *req, const char *rest)
{
	(void)rest;
	reply_health(as, req, 200);
}

static void handle_ready(
        struct appservice *as, struct http_request *req, const char *rest)
{
	bool ready = as->handlers->ready == NULL || as->handlers->ready(as->arg);

	(void)rest;
	reply_health(as, req, ready ? 200 : 503);
}

static const struct route routes[] = {
        {"PUT", "/_matrix/app/v1/transactions/", false, handle_transaction},
        {"GET", "/_matrix/app/v1/users/", false, handle_query},
        {"GET", "/_matrix/app/v1/rooms/", false, handle_query},
        {"POST", "/_matrix/app/v1/ping", false, handle_ping},
        /* From before version 1 of the API; servers fall back to them. */
        {"PUT", "/transactions/", false, handle_transaction},
        {"GET", "/users/", false, handle_query},
        {"GET", "/rooms/", false, handle_query},
        {"GET", "/_matrix/mau/live", true, handle_live},
        {"GET", "/_matrix/mau/ready", true, handle_ready},
};

static bool is_on_route(const struct route *route, const char *path, const char **rest)
{
	if (!str_ends(route->path, "/")) {
		*rest = "";
		return strcmp(path, route->path) == 0;
	}
	if (!str_starts(path, route->path)) {
		return false;
	}
	*rest = path + strlen(route->path);
	return **rest != '\0' && strchr(*rest, '/') == NULL;
}

static void handle_request(struct http_request *req, void *arg)
{
	struct appservice *as = arg;
	const char *rest = "";

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		const struct route *route = &routes[i];
		if (!is_on_route(route, http_request_path(req), &rest)) {
			continue;
		}
		if (strcmp(http_request_method(req), route->method) != 0) {
			http_request_add_header(req, "Allow", route->method);
			reply_error(req, 405, "M_UNRECOGNIZED", "Wrong method.");
		} else if (route->is_open || authenticate(as, req)) {
			route->handle(as, req, rest);
		}
		return;
	}
	if (as->handlers->other != NULL && as->handlers->other(req, as->arg)) {
		return;
	}
	reply_error(req, 404, "M_UNRECOGNIZED", "There is no such endpoint.");
}

/* ---------------------------------------------------------------- for the owner */

struct appservice *appservice_create(struct loop *loop, const char *hostname,
        uint16_t port, const char *hs_token, const struct appservice_handlers *handlers,
        void *arg, struct err *err)
{
	const struct http_server_options options = {
	        .host = hostname,
	        .port = port,
	        .max_body_bytes = MAX_BODY_BYTES,
	        .idle_timeout_s = IDLE_S,
	        .max_connections = MAX_CONNECTIONS,
	        .too_large_body =
	                "{\"errcode\":\"M_TOO_LARGE\",\"error\":\"Too large.\"}",
	};
	struct appservice *as;

	if (hs_token[0] == '\0') { /* would let everybody in */
		err_set(err, ERR_PERMANENT, 0, "hs_token is empty");
		return NULL;
	}
	as = xcalloc(1, sizeof(*as));
	as->hs_token = xstrdup(hs_token);
	as->handlers = handlers;
	as->arg = arg;
	list_init(&as->txns);
	as->server = http_server_create(loop, &options, handle_request, as, err);
	if (as->server == NULL) {
		appservice_destroy(&as);
	}
	return as;
}

void appservice_destroy(struct appservice **as)
{
	const struct err stopping = {.kind = ERR_CANCELLED};

	if (*as == NULL) {
		return;
	}
	list_for_each(it, &(*as)->txns)
	{
		appservice_txn_done(
		        container_of(it, struct appservice_txn, link), &stopping);
	}
	http_server_destroy(&(*as)->server);
	free((*as)->hs_token);
	free(*as);
	*as = NULL;
}

void appservice_pause(struct appservice *as)
{
	as->paused = true;
}

uint16_t appservice_port(const struct appservice *as)
{
	return http_server_port(as->server);
}

void appservice_txn_done(struct appservice_txn *txn, const struct err *err)
{
	struct http_request *req = txn->req;
	const struct appservice_handlers *handlers = txn->handlers;
	void *arg = txn->arg;

	list_del(&txn->link);
	free(txn);
	if (err == NULL || err->kind == ERR_NONE) {
		http_request_reply_json(req, 200, "{}");
	} else {
		reply_error(req, 503, "M_UNKNOWN",
		        "The events could not be stored. Send them again.");
		if (handlers->refused != NULL) {
			handlers->refused(arg);
		}
	}
}
