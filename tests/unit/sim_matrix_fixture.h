/* sim_matrix_fixture: a homeserver on a loop with a virtual clock, requests to its API
 * core without HTTP, and a small appservice over real sockets, for test_sim_matrix*.c. */
#ifndef SIM_MATRIX_FIXTURE_H
#define SIM_MATRIX_FIXTURE_H

#include "lib/http_client.h"
#include "lib/http_server.h"
#include "lib/json.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/str.h"

#include "sim-matrix/call.h"
#include "sim-matrix/content.h"
#include "sim-matrix/sim_matrix.h"
#include "sim-matrix/state.h"

/* cmocka's header needs these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNUSED_OK __attribute__((unused))
#define FIXTURE_WALL_MS 1700000000000LL
#define C3 "/_matrix/client/v3/"

enum { TXNS_MAX = 256, WAITS_MAX = 500, WAIT_STEP_MS = 10 };

struct txn { /* one transaction that reached the appservice */
	char *id;
	char *bearer;
	char *query_token; /* NULL: none */
	cJSON *body;       /* NULL: no JSON */
	struct http_request *held;
};

struct fixture {
	struct loop *loop;
	struct sim_matrix *sim;
	cJSON *records;
	/* the last call's answer */
	bool done;
	int status;
	enum call_end end;
	size_t cut_at;
	cJSON *reply;
	char *body;
	size_t body_bytes;
	char *type;
	/* the appservice */
	struct http_server *as;
	struct txn txns[TXNS_MAX];
	size_t txn_count;
	int as_status; /* it answers with this; 0: not at all */
	bool as_pinged;
	char *as_asked; /* the last path that was no transaction */
};

/* ---- driving ---- */

UNUSED_OK static void turn(struct fixture *f)
{
	struct pollfd fd = {loop_fd(f->loop), POLLIN, 0};

	if (!loop_drain(f->loop)) {
		poll(&fd, 1, WAIT_STEP_MS);
	}
}

UNUSED_OK static void settle(struct fixture *f)
{
	for (int quiet = 0; quiet < 3;) {
		quiet = loop_drain(f->loop) ? 0 : quiet + 1;
		if (quiet > 0) {
			struct pollfd fd = {loop_fd(f->loop), POLLIN, 0};
			poll(&fd, 1, 2);
		}
	}
}

UNUSED_OK static void advance(struct fixture *f, int64_t ms)
{
	settle(f);
	loop_advance_to_us(f->loop, loop_now_us(f->loop) + ms * 1000);
	settle(f);
}

/* ---- calls ---- */

UNUSED_OK static void fixture_answer(const struct call_answer *answer, void *arg)
{
	struct fixture *f = arg;

	assert_false(f->done);
	f->done = true;
	f->end = answer->end;
	f->status = answer->status;
	f->cut_at = answer->cut_at;
	f->body = xstrndup(answer->body.n > 0 ? answer->body.p : "", answer->body.n);
	f->body_bytes = answer->body.n;
	f->type = xstrdup_null(answer->content_type);
	f->reply = json_parse(answer->body, NULL);
}

UNUSED_OK static void forget_answer(struct fixture *f)
{
	cJSON_Delete(f->reply);
	free(f->body);
	free(f->type);
	f->reply = NULL;
	f->body = f->type = NULL;
	f->done = false;
	f->status = 0;
}

/* target: path and query. Does not wait. */
UNUSED_OK static void start_call(struct fixture *f, const char *method,
        const char *target, const char *token, const char *body)
{
	const char *mark = strchr(target, '?');
	static char path[2048]; /* borrowed while the call waits: one at a time */
	static char query[2048];
	struct call_request request = {.method = method, .path = path, .query = query};

	forget_answer(f);
	snprintf(path, sizeof(path), "%.*s",
	        (int)(mark != NULL ? (size_t)(mark - target) : strlen(target)), target);
	snprintf(query, sizeof(query), "%s", mark != NULL ? mark + 1 : "");
	request.bearer = token;
	request.content_type = "application/json";
	request.body = str_from(body);
	call_start(f->sim, &request, fixture_answer, f);
}

UNUSED_OK static void wait_answer(struct fixture *f)
{
	for (int i = 0; i < WAITS_MAX && !f->done; i++) {
		turn(f);
	}
	assert_true(f->done);
}

/* Answered: the status; f->reply holds the JSON. */
UNUSED_OK static int call(struct fixture *f, const char *method, const char *target,
        const char *token, const char *body)
{
	start_call(f, method, target, token, body);
	wait_answer(f);
	return f->status;
}

UNUSED_OK static void expect_call(struct fixture *f, int status, const char *errcode,
        const char *method, const char *target, const char *token, const char *body)
{
	call(f, method, target, token, body);
	if (f->status != status || !str_equal(json_str(f->reply, "errcode"), errcode)) {
		fail_msg("%s %s: %d %s, expected %d %s", method, target, f->status,
		        f->body, status, errcode != NULL ? errcode : "");
	}
}

/* ---- verbs ---- */

/* Runs a verb that must succeed. Caller deletes the result (may be NULL). */
UNUSED_OK static cJSON *verb(struct fixture *f, const char *name, const char *args)
{
	struct err err = ERR_INIT;
	autojson cJSON *object = json_parse(str_from(args), &err);
	cJSON *result = NULL;

	if (object == NULL ||
	        !verb_run(sim_matrix_verbs, name, f->sim, object, &result, &err)) {
		fail_msg("verb %s %s: %s", name, args, err.msg);
	}
	return result;
}

UNUSED_OK static void say(struct fixture *f, const char *name, const char *args)
{
	cJSON_Delete(verb(f, name, args));
}

UNUSED_OK static void say_wrong(struct fixture *f, const char *name, const char *args)
{
	struct err err = ERR_INIT;
	autojson cJSON *object = json_parse(str_from(args), &err);
	cJSON *result = NULL;

	assert_non_null(object);
	assert_false(verb_run(sim_matrix_verbs, name, f->sim, object, &result, &err));
	assert_true(err.msg[0] != '\0');
}

/* One text of a verb's result. Caller frees. */
UNUSED_OK static char *verb_text(
        struct fixture *f, const char *name, const char *args, const char *key)
{
	autojson cJSON *result = verb(f, name, args);

	assert_non_null(json_str(result, key));
	return xstrdup(json_str(result, key));
}

/* ---- records ---- */

UNUSED_OK static void fixture_tap(const cJSON *record, void *arg)
{
	struct fixture *f = arg;

	cJSON_AddItemToArray(f->records, cJSON_Duplicate(record, true));
}

UNUSED_OK static void forget_records(struct fixture *f)
{
	cJSON_Delete(f->records);
	f->records = cJSON_CreateArray();
}

/* How many records have this text under this key. */
UNUSED_OK static int count_records(struct fixture *f, const char *key, const char *text)
{
	const cJSON *record;
	int count = 0;

	cJSON_ArrayForEach(record, f->records)
	{
		count += str_equal(content_str(record, key), text) ? 1 : 0;
	}
	return count;
}

UNUSED_OK static const cJSON *last_record(
        struct fixture *f, const char *key, const char *text)
{
	const cJSON *record, *last = NULL;

	cJSON_ArrayForEach(record, f->records)
	{
		last = str_equal(content_str(record, key), text) ? record : last;
	}
	return last;
}

/* ---- the appservice ---- */

UNUSED_OK static void as_reply(struct http_request *req, int status)
{
	http_request_reply_json(req, status, "{}");
}

UNUSED_OK static void as_handle(struct http_request *req, void *arg)
{
	static const char prefix[] = "/_matrix/app/v1/transactions/";
	struct fixture *f = arg;
	const char *path = http_request_path(req);
	struct txn *txn;

	if (!str_starts(path, prefix)) {
		f->as_pinged = str_ends(path, "/ping");
		str_replace(&f->as_asked, path);
		as_reply(req, f->as_pinged ? 200 : 404);
		return;
	}
	assert_true(f->txn_count < TXNS_MAX);
	txn = &f->txns[f->txn_count++];
	txn->id = xstrdup(path + strlen(prefix));
	txn->bearer = xstrdup_null(http_request_bearer(req));
	txn->query_token = form_get(str_from(http_request_query(req)), "access_token");
	txn->body = json_parse(http_request_body(req), NULL);
	if (f->as_status == 0) {
		txn->held = req;
	} else {
		as_reply(req, f->as_status);
	}
}

UNUSED_OK static void forget_txns(struct fixture *f)
{
	for (size_t i = 0; i < f->txn_count; i++) {
		if (f->txns[i].held != NULL) {
			http_request_drop(f->txns[i].held, HTTP_DROP_CLOSE);
		}
		free(f->txns[i].id);
		free(f->txns[i].bearer);
		free(f->txns[i].query_token);
		cJSON_Delete(f->txns[i].body);
		f->txns[i] = (struct txn){0};
	}
	f->txn_count = 0;
}

UNUSED_OK static int txn_events(const struct fixture *f, size_t index)
{
	assert_true(index < f->txn_count);
	return cJSON_GetArraySize(json_arr(f->txns[index].body, "events"));
}

/* The body text of an event in a transaction, "" if it has none. */
UNUSED_OK static const char *txn_text(const struct fixture *f, size_t index, int event)
{
	const cJSON *item =
	        cJSON_GetArrayItem(json_arr(f->txns[index].body, "events"), event);

	return json_str_or(item, "content.body", "");
}

UNUSED_OK static void wait_txns(struct fixture *f, size_t count)
{
	for (int i = 0; i < WAITS_MAX && f->txn_count < count; i++) {
		turn(f);
	}
	settle(f);
	assert_int_equal(f->txn_count, count);
}

/* Registers appservice "slack" with users @slack_.* and the bot slackbot. */
UNUSED_OK static void register_as(struct fixture *f, const char *url)
{
	autofree char *yaml =
	        xasprintf("id: slack\nurl: %s\nas_token: AS\nhs_token: HS\n"
	                  "sender_localpart: slackbot\nnamespaces:\n  users:\n"
	                  "  - exclusive: true\n    regex: ^@slack_.*:sim\\.test$\n"
	                  "  - exclusive: true\n    regex: ^@slackbot:sim\\.test$\n"
	                  "  aliases:\n  - exclusive: true\n"
	                  "    regex: ^#slack_.*:sim\\.test$\n"
	                  "receive_ephemeral: true\n",
	                url);
	autojson cJSON *args = json_set_str(json_new(), "yaml", yaml);
	autofree char *text = json_print(args);

	say(f, "register_appservice", text);
}

UNUSED_OK static void start_as(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct http_server_options options = {.max_body_bytes = 64 * 1024 * 1024};
	autofree char *url = NULL;

	f->as_status = 200;
	f->as = http_server_create(f->loop, &options, as_handle, f, &err);
	assert_non_null(f->as);
	url = xasprintf("http://127.0.0.1:%u", (unsigned)http_server_port(f->as));
	register_as(f, url);
}

/* ---- ends ---- */

UNUSED_OK static struct fixture *fixture_create(const char *profile)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct sim_matrix_options opts = {
	        .seed = 7, .profile = profile, .tap = fixture_tap, .tap_arg = f};
	struct err err = ERR_INIT;

	f->loop = loop_create();
	loop_use_virtual_clock(f->loop, FIXTURE_WALL_MS);
	f->records = cJSON_CreateArray();
	f->sim = sim_matrix_create(f->loop, &opts, &err);
	if (f->sim == NULL) {
		fail_msg("no homeserver: %s", err.msg);
	}
	return f;
}

UNUSED_OK static void fixture_destroy(struct fixture *f)
{
	forget_txns(f);
	sim_matrix_destroy(&f->sim);
	http_server_destroy(&f->as);
	forget_answer(f);
	cJSON_Delete(f->records);
	settle(f);
	loop_destroy(&f->loop);
	free(f->as_asked);
	free(f);
}

UNUSED_OK static int setup(void **state)
{
	*state = fixture_create(NULL);
	return 0;
}

UNUSED_OK static int setup_synapse(void **state)
{
	*state = fixture_create("synapse");
	return 0;
}

UNUSED_OK static int teardown(void **state)
{
	fixture_destroy(*state);
	return 0;
}

#endif
