#include "lib/http_client.h"

#include "lib/http_req.h"
#include "lib/log.h"
#include "lib/mem.h"
#include <assert.h>
#include <signal.h>
#include <stdlib.h>

enum { DEFAULT_MAX_PER_HOST = 8 };

/* The number of connections is limited here and not by libcurl (7.88), which has one
 * queue for all hosts: one that does not answer would hold up the others. */
struct http_host {
	unsigned active;     /* requests at libcurl */
	struct list waiting; /* http_req::link */
};

/* ------------------------------------------------------------ queues */

static struct http_host *host_get(struct http_client *client, const char *key)
{
	struct http_host *host = map_get(client->hosts, key);

	if (host == NULL) {
		host = xcalloc(1, sizeof(*host));
		list_init(&host->waiting);
		map_set(client->hosts, key, host);
	}
	return host;
}

static void launch_ready(struct http_client *client, struct http_host *host)
{
	while (host->active < client->max_per_host && !list_empty(&host->waiting)) {
		struct http_req *req =
		        container_of(host->waiting.next, struct http_req, link);
		list_del(&req->link);
		req->state = REQ_ACTIVE;
		host->active++;
		http_transfer_begin(req);
	}
}

/* After this the request is nowhere but in the caller's hands, and the next in line has
 * its place. */
static void withdraw(struct http_req *req, bool at_libcurl)
{
	struct http_client *client = req->client;
	struct http_host *host = req->host;

	timer_stop(&req->timer);
	list_del(&req->link);
	client->requests--;
	if (req->pieces != NULL) {
		timer_stop(&req->pieces->tell);
	}
	if (req->state == REQ_ACTIVE) {
		bool held = req->pieces != NULL && req->pieces->over;
		http_transfer_end(req, at_libcurl && !held);
		host->active--;
	}
	req->state = REQ_ENDING;
	if (host == NULL) {
		return;
	}
	launch_ready(client, host);
	if (host->active == 0) {
		map_del(client->hosts, req->host_key);
		free(host);
	}
}

/* ------------------------------------------------------------ the end */

/* The only place a started request ends by itself. Touch neither request nor client
 * after. */
static void finish(struct http_req *req, bool at_libcurl, const struct http_reply *reply,
        const struct err *err)
{
	if (req->client->log_requests) {
		log_debug("http request",
		        "method=%s host=%s path=%s status=%d result=%s code=%d",
		        req->method, req->host_name != NULL ? req->host_name : "",
		        req->path != NULL ? req->path : "",
		        reply != NULL ? reply->status : 0, err_kind_to_str(err->kind),
		        err->code);
	}
	withdraw(req, at_libcurl);
	req->done(reply, err, req->arg);
	http_req_free(req);
}

static void end_with(struct http_req *req, CURLcode result)
{
	struct err err = ERR_INIT;
	struct http_reply reply;

	if (result == CURLE_OK) {
		http_transfer_reply(req, &reply);
		finish(req, false, &reply, &err);
	} else {
		http_transfer_error(req, result, &err);
		finish(req, false, NULL, &err);
	}
}

static void handle_done(CURL *easy, CURLcode result, void *arg)
{
	struct http_req *req = NULL;

	(void)arg;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &req);
	if (result == CURLE_OK && !req->whole_head) {
		result = CURLE_GOT_NOTHING; /* libcurl takes a head cut short for a whole
		                               one */
	}
	if (req->stale) {
		http_transfer_again(req);
	} else if (req->pieces == NULL || !http_pieces_hold_end(req, result)) {
		end_with(req, result);
	}
}

void http_req_end_held(struct http_req *req)
{
	end_with(req, req->pieces->result);
}

static void handle_deadline(void *arg)
{
	struct http_req *req = arg;
	struct err err = ERR_INIT;

	if (req->state == REQ_ACTIVE && req->pieces != NULL && http_pieces_moves(req)) {
		timer_start(&req->timer, req->deadline_ms);
		return;
	}
	if (req->refused.kind != ERR_NONE) {
		err = req->refused;
	} else if (req->state == REQ_WAITING) {
		err_set(&err, ERR_RETRY, CURLE_OPERATION_TIMEDOUT,
		        "no connection was free within %u ms",
		        (unsigned)req->deadline_ms);
	} else {
		bool sent = http_transfer_may_have_been_sent(req);
		const char *what = req->pieces != NULL ? "progress" : "answer";
		err_set(&err, sent ? ERR_UNSURE : ERR_RETRY, CURLE_OPERATION_TIMEDOUT,
		        "no %s within %u ms", sent ? what : "connection",
		        (unsigned)req->deadline_ms);
	}
	finish(req, true, NULL, &err);
}

void http_req_start(struct http_req *req, http_done_fn *done, void *arg)
{
	struct http_client *client = req->client;

	assert(req->state == REQ_NEW);
	req->done = done;
	req->arg = arg;
	req->state = REQ_WAITING;
	client->requests++;
	timer_init(&req->timer, client->loop, handle_deadline, req);
	if (req->refused.kind != ERR_NONE || !http_req_read_url(req)) {
		timer_start(&req->timer, 0);
		return;
	}
	timer_start(&req->timer, req->deadline_ms);
	req->host = host_get(client, req->host_key);
	list_add_tail(&req->host->waiting, &req->link);
	launch_ready(client, req->host);
}

void http_req_cancel(struct http_req **handle)
{
	struct http_req *req = *handle;

	*handle = NULL;
	if (req == NULL || req->state == REQ_ENDING) {
		return; /* from its own done(): it goes by itself */
	}
	if (req->state != REQ_NEW) {
		withdraw(req, true);
	}
	http_req_free(req);
}

/* ------------------------------------------------------------ the client */

struct http_client *http_client_create(
        struct loop *loop, const struct http_client_options *opts)
{
	struct http_client *client = xcalloc(1, sizeof(*client));
	struct sigaction now = {0};

	/* Writes by OpenSSL to a closed connection raise it, and CURLOPT_NOSIGNAL keeps
	 * libcurl from taking care of that. */
	if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL) {
		signal(SIGPIPE, SIG_IGN);
	}
	client->loop = loop;
	client->curl = http_curl_create(loop, handle_done, client);
	client->user_agent = xstrdup_null(opts->user_agent);
	client->ca_file = xstrdup_null(opts->ca_file);
	client->max_per_host =
	        opts->max_per_host != 0 ? opts->max_per_host : DEFAULT_MAX_PER_HOST;
	client->log_requests = opts->log_requests;
	client->hosts = map_create();
	return client;
}

void http_client_destroy(struct http_client **handle)
{
	struct http_client *client = *handle;

	if (client == NULL) {
		return;
	}
	*handle = NULL;
	assert(client->requests == 0);
	for (size_t i = 0; i < client->spare_count; i++) {
		curl_easy_cleanup(client->spare[i]);
	}
	http_curl_destroy(&client->curl);
	map_destroy(&client->hosts, NULL);
	free(client->user_agent);
	free(client->ca_file);
	free(client);
}
