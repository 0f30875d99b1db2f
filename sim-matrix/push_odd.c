/* Transactions that a homeserver should not send, or not like this. */
#include "lib/http_client.h"
#include "lib/mem.h"

#include "sim-matrix/push.h"
#include "sim-matrix/records.h"

#include <stdlib.h>
#include <string.h>

enum {
	OVERSIZED_BYTES = 24 * 1024 * 1024,
	DEEP_LEVELS = 200,
};

const char *const push_odd_kinds[] = {"replay_last", "rebatch", "empty", "oversized",
        "wrong_token", "unknown_types", "garbage", NULL};

struct odd {
	struct list link; /* push's odd list */
	struct push *push;
	struct http_req *req;
	const char *how; /* static */
	char *txn_id;
	size_t events;
};

static void odd_free(struct odd *odd)
{
	list_del(&odd->link);
	free(odd->txn_id);
	free(odd);
}

static void handle_answer(
        const struct http_reply *reply, const struct err *err, void *arg)
{
	struct odd *odd = arg;
	struct appservice *as = push_appservice(odd->push);
	int status = reply != NULL ? reply->status : 0;
	cJSON *record = json_new();

	(void)err;
	json_set_str(record, "kind", "push");
	json_set_str(record, "push", odd->txn_id);
	json_set_str(record, "as", as->reg.id);
	json_set_int(record, "events", (int64_t)odd->events);
	json_set_int(record, "attempt", 1);
	json_set_int(record, "status", status);
	json_set_str(record, "result", status >= 200 && status < 300 ? "ok" : "failed");
	json_set_str(record, "odd", odd->how);
	odd_free(odd);
	records_emit(as->sim, record);
}

static void send_odd(struct push *push, const char *how, char *txn_id, size_t events,
        const char *token, const char *body)
{
	struct odd *odd = xcalloc(1, sizeof(*odd));

	odd->push = push;
	odd->how = how;
	odd->txn_id = txn_id;
	odd->events = events;
	list_add_tail(push_odd_list(push), &odd->link);
	odd->req = push_request(push_appservice(push), txn_id, token, body);
	http_req_start(odd->req, handle_answer, odd);
}

void push_odd_cancel_all(struct push *push)
{
	list_for_each(it, push_odd_list(push))
	{
		struct odd *odd = container_of(it, struct odd, link);
		http_req_cancel(&odd->req);
		odd_free(odd);
	}
}

/* An ID of its own for a transaction that no queue knows. */
static char *fresh_txn_id(struct push *push, const char *how)
{
	struct sim_matrix *sim = push_appservice(push)->sim;
	autofree char *source =
	        xasprintf("%s %llu", how, (unsigned long long)rand_next(&sim->rand));

	return sha256_base64url(str_from(source));
}

/* ---- bodies ---- */

static bool replay(struct push *push, const char *how, struct err *err)
{
	const struct batch *last = push_taken(push, 0);
	autofree char *body = NULL;

	if (last == NULL) {
		return err_set(
		        err, ERR_PERMANENT, 0, "no transaction has been taken yet");
	}
	body = push_body(push, last);
	send_odd(push, how, xstrdup(last->txn_id), last->count,
	        push_appservice(push)->reg.hs_token, body);
	return true;
}

/* The events of the last two transactions in one, under a new ID. */
static bool rebatch(struct push *push, const char *how, struct err *err)
{
	const struct batch *last = push_taken(push, 0);
	const struct batch *before = push_taken(push, 1);
	struct batch both = {0};
	size_t older = before != NULL ? before->count : 0;
	autofree char *body = NULL;

	if (last == NULL) {
		return err_set(
		        err, ERR_PERMANENT, 0, "no transaction has been taken yet");
	}
	both.events = xcalloc(older + last->count + 1, sizeof(both.events[0]));
	if (before != NULL) {
		memcpy(both.events, before->events, older * sizeof(both.events[0]));
	}
	memcpy(both.events + older, last->events, last->count * sizeof(both.events[0]));
	both.count = older + last->count;
	body = push_body(push, &both);
	free(both.events);
	send_odd(push, how, fresh_txn_id(push, how), both.count,
	        push_appservice(push)->reg.hs_token, body);
	return true;
}

static char *oversized_body(void)
{
	static const char head[] =
	        "{\"events\":[{\"type\":\"m.room.message\",\"content\":{\"body\":\"";
	static const char tail[] = "\"}}]}";
	char *body = xmalloc(OVERSIZED_BYTES + sizeof(head) + sizeof(tail));

	memcpy(body, head, sizeof(head) - 1);
	memset(body + sizeof(head) - 1, 'x', OVERSIZED_BYTES);
	memcpy(body + sizeof(head) - 1 + OVERSIZED_BYTES, tail, sizeof(tail));
	return body;
}

/* Events that no specification knows, broken in every member, and one that nests deeply.
 */
static char *unknown_body(struct push *push)
{
	const char *server = push_appservice(push)->sim->server_name;
	struct buf out;

	buf_init(&out, 64 * 1024);
	buf_printf(&out,
	        "{\"events\":["
	        "{\"type\":\"org.example.unknown\",\"event_id\":\"$odd1\",\"room_id\":\"!odd:%s\","
	        "\"sender\":\"@odd:%s\",\"origin_server_ts\":1.5,\"content\":{\"float\":1e300}},"
	        "{\"type\":5,\"content\":[],\"sender\":null},{},null,\"text\",42,"
	        "{\"type\":\"m.room.message\",\"event_id\":\"$odd2\",\"room_id\":\"!odd:%s\","
	        "\"sender\":\"@odd:%s\",\"content\":null,\"origin_server_ts\":\"now\"},"
	        "{\"type\":\"m.room.message\",\"event_id\":\"$odd3\",\"room_id\":\"!odd:%s\","
	        "\"sender\":\"@odd:%s\",\"origin_server_ts\":0,\"content\":{\"deep\":",
	        server, server, server, server, server, server);
	for (int i = 0; i < DEEP_LEVELS; i++) {
		buf_puts(&out, "[");
	}
	for (int i = 0; i < DEEP_LEVELS; i++) {
		buf_puts(&out, "]");
	}
	buf_puts(&out, "}}],\"org.example.more\":{\"a\":1},\"ephemeral\":\"none\"}");
	return buf_take(&out);
}

bool push_odd(struct push *push, const char *how, struct err *err)
{
	struct appservice *as = push_appservice(push);
	const char *kind = NULL;
	autofree char *body = NULL;

	for (size_t i = 0; push_odd_kinds[i] != NULL; i++) {
		kind = strcmp(push_odd_kinds[i], how) == 0 ? push_odd_kinds[i] : kind;
	}
	if (kind == NULL || !appservice_has_url(as)) {
		return err_set(err, ERR_PERMANENT, 0, "%s",
		        kind == NULL ? "no such kind of transaction"
		                     : "the appservice has no url");
	}
	if (strcmp(kind, "replay_last") == 0) {
		return replay(push, kind, err);
	}
	if (strcmp(kind, "rebatch") == 0) {
		return rebatch(push, kind, err);
	}
	if (strcmp(kind, "oversized") == 0) {
		body = oversized_body();
	} else if (strcmp(kind, "unknown_types") == 0) {
		body = unknown_body(push);
	} else {
		body = xstrdup(strcmp(kind, "garbage") == 0 ? "{\"events\":[{]"
		                                            : "{\"events\":[]}");
	}
	send_odd(push, kind, fresh_txn_id(push, kind), 0,
	        strcmp(kind, "wrong_token") == 0 ? "not-the-token" : as->reg.hs_token,
	        body);
	return true;
}
