#include "scripted_server.h"

#include "bridge/matrix/appservice.h"
#include "lib/buf.h"
#include "lib/http_client.h"
#include "lib/json.h"

#include <stdio.h>

#define SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define TOKEN "hs+secret/%41&=" /* every trap of a query string */
#define TOKEN_ENCODED "hs%2Bsecret%2F%2541%26%3D"
#define TXN "/_matrix/app/v1/transactions/"
#define EVENTS "{\"events\":[{\"event_id\":\"$1\"},{\"event_id\":\"$2\"}]}"

enum { MAX_TXNS = 16 };

enum on_txn { STORE_AT_ONCE, FAIL_AT_ONCE, STORE_LATER };

struct fixture {
	struct loop *loop;
	struct http_client *http;
	struct appservice *as;
	const char *token; /* of the homeserver that get() and put() play; NULL: none */
	enum on_txn on_txn;
	bool ready;
	bool takes_others;
	size_t others;
	/* what was handed up */
	struct appservice_txn *txns[MAX_TXNS];
	char *txn_ids[MAX_TXNS];
	int events[MAX_TXNS];
	size_t txn_count;
};

struct told {
	unsigned times;
	int status; /* 0: no answer */
	char body[256];
	char errcode[48];
};

static void handle_transaction(
        struct appservice_txn *txn, const char *txn_id, const cJSON *events, void *arg)
{
	struct fixture *f = arg;
	struct err err;

	assert_true(cJSON_IsArray(events));
	assert_true(f->txn_count < MAX_TXNS);
	f->txns[f->txn_count] = txn;
	f->txn_ids[f->txn_count] = xstrdup(txn_id);
	f->events[f->txn_count] = cJSON_GetArraySize(events);
	f->txn_count++;
	if (f->on_txn == STORE_AT_ONCE) {
		appservice_txn_done(txn, NULL);
	} else if (f->on_txn == FAIL_AT_ONCE) {
		err_set(&err, ERR_RETRY, 0, "the disk is full");
		appservice_txn_done(txn, &err);
	}
}

static bool handle_ready(void *arg)
{
	const struct fixture *f = arg;

	return f->ready;
}

static bool handle_other(struct http_request *req, void *arg)
{
	struct fixture *f = arg;

	f->others++;
	if (f->takes_others) {
		http_request_reply_json(req, 200, "{\"errcode\":\"taken\"}");
	}
	return f->takes_others;
}

static const struct appservice_handlers handlers = {
        .transaction = handle_transaction,
        .ready = handle_ready,
        .other = handle_other,
};

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct http_client_options options = {.user_agent = "conduwuit/0.5.0"};
	struct err err;

	f->loop = loop_create();
	loop_use_virtual_clock(f->loop, 1700000000000);
	f->http = http_client_create(f->loop, &options);
	f->as = appservice_create(f->loop, "127.0.0.1", 0, TOKEN, &handlers, f, &err);
	assert_non_null(f->as);
	f->token = TOKEN;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	appservice_destroy(&f->as);
	pass_ms(f->loop, 100);
	http_client_destroy(&f->http);
	for (size_t i = 0; i < f->txn_count; i++) {
		free(f->txn_ids[i]);
	}
	loop_destroy(&f->loop);
	free(f);
	return 0;
}

static void note(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct told *told = arg;

	(void)err;
	told->times++;
	told->status = reply == NULL ? 0 : reply->status;
	if (reply == NULL) {
		return;
	}
	snprintf(told->body, sizeof(told->body), "%.*s", (int)reply->body.n,
	        reply->body.n == 0 ? "" : reply->body.p);
	assert_string_equal(reply->content_type, "application/json");
	autojson cJSON *json = json_parse(reply->body, NULL);
	assert_true(cJSON_IsObject(json));
	snprintf(told->errcode, sizeof(told->errcode), "%s",
	        json_str_or(json, "errcode", ""));
	/* Nobody is told what the token would have been. */
	assert_null(strstr(told->body, "secret"));
}

static void start(struct fixture *f, const char *method, const char *path_and_query,
        const char *body, struct told *told)
{
	autofree char *url = xasprintf("http://127.0.0.1:%u%s",
	        (unsigned)appservice_port(f->as), path_and_query);
	struct http_req *req = http_req_create(f->http, method, url);

	if (f->token != NULL) {
		autofree char *value = xasprintf("Bearer %s", f->token);
		http_req_set_header(req, "Authorization", value);
	}
	if (body != NULL) {
		http_req_set_body(req, "application/json", str_from(body));
	}
	http_req_set_deadline(req, 3600000);
	http_req_start(req, note, told);
	pass_ms(f->loop, 0);
}

static struct told ask(struct fixture *f, const char *method, const char *path_and_query,
        const char *body)
{
	struct told told = {0};

	start(f, method, path_and_query, body, &told);
	assert_int_equal(told.times, 1);
	return told;
}

static void assert_answer(
        const struct told *told, int status, const char *errcode, size_t line)
{
	if (told->status != status || strcmp(told->errcode, errcode) != 0) {
		fail_msg("case %zu: %d %s and not %d %s", line, told->status,
		        told->errcode, status, errcode);
	}
}

/* ---------------------------------------------------------------- transactions */

static void test_stored_then_answered(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};

	f->on_txn = STORE_LATER;
	start(f, "PUT", TXN "a%2Fb_-1", EVENTS, &told);
	assert_int_equal(f->txn_count, 1);
	assert_string_equal(f->txn_ids[0], "a/b_-1");
	assert_int_equal(f->events[0], 2);
	pass_ms(f->loop, 30000);
	assert_int_equal(told.times, 0); /* not a word before it is stored */
	appservice_txn_done(f->txns[0], &(struct err)ERR_INIT);
	pass_ms(f->loop, 0);
	assert_int_equal(told.times, 1);
	assert_int_equal(told.status, 200);
	assert_string_equal(told.body, "{}");
}

static void test_not_stored_then_again(void **state)
{
	struct fixture *f = *state;

	f->on_txn = FAIL_AT_ONCE;
	struct told failed = ask(f, "PUT", TXN "1", EVENTS);
	assert_answer(&failed, 503, "M_UNKNOWN", 0);
	f->on_txn = STORE_AT_ONCE;
	struct told again = ask(f, "PUT", TXN "1", EVENTS);
	assert_int_equal(again.status, 200);
	assert_int_equal(f->txn_count, 2); /* its receiver is the one that dedupes */
}

static void test_the_same_while_the_first_waits(void **state)
{
	struct fixture *f = *state;
	struct told first = {0}, second = {0};

	f->on_txn = STORE_LATER;
	start(f, "PUT", TXN "1", EVENTS, &first);
	start(f, "PUT", TXN "1", EVENTS, &second);
	assert_int_equal(f->txn_count, 2);
	appservice_txn_done(f->txns[1], NULL);
	appservice_txn_done(f->txns[0], NULL);
	pass_ms(f->loop, 0);
	assert_int_equal(first.status, 200);
	assert_int_equal(second.status, 200);
}

static void test_empty_and_legacy_and_odd_ones(void **state)
{
	static const struct {
		const char *path, *body, *txn_id;
		int events;
	} cases[] = {
	        {TXN "empty", "{\"events\":[]}", "empty", 0},
	        {"/transactions/legacy", EVENTS, "legacy", 2},
	        /* one bad event is the receiver's business */
	        {TXN "bad", "{\"events\":[7,null,{}],\"ephemeral\":[{}]}", "bad", 3},
	        {TXN "%2e%2e", EVENTS, "..", 2},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < SIZE(cases); i++) {
		struct told told = ask(f, "PUT", cases[i].path, cases[i].body);
		assert_answer(&told, 200, "", i);
		assert_int_equal(f->txn_count, i + 1);
		assert_string_equal(f->txn_ids[i], cases[i].txn_id);
		assert_int_equal(f->events[i], cases[i].events);
	}
}

static void test_too_deep_an_event_poisons_nothing(void **state)
{
	struct fixture *f = *state;
	struct buf body;

	buf_init(&body, 1024 * 1024);
	buf_puts(&body, "{\"events\":[{\"event_id\":\"$1\"},{\"content\":");
	for (int i = 0; i < 500; i++) {
		buf_puts(&body, "[");
	}
	for (int i = 0; i < 500; i++) {
		buf_puts(&body, "]");
	}
	buf_puts(&body, "}]}");
	struct told told = ask(f, "PUT", TXN "deep", buf_cstr(&body));
	buf_finish(&body);
	assert_answer(&told, 200, "", 0);
	assert_int_equal(f->events[0], 2);
}

static void test_refused_without_effect(void **state)
{
	static const struct {
		const char *path, *body;
		int status;
		const char *errcode;
	} cases[] = {
	        {TXN "1", "", 400, "M_NOT_JSON"},
	        {TXN "1", NULL, 400, "M_NOT_JSON"},
	        {TXN "1", "nonsense", 400, "M_NOT_JSON"},
	        {TXN "1", "{\"events\":[{}", 400, "M_NOT_JSON"},
	        {TXN "1", "[]", 400, "M_BAD_JSON"},
	        {TXN "1", "{}", 400, "M_BAD_JSON"},
	        {TXN "1", "{\"events\":\"x\"}", 400, "M_BAD_JSON"},
	        {TXN "%zz", EVENTS, 400, "M_INVALID_PARAM"},
	        {TXN "%00", EVENTS, 400, "M_INVALID_PARAM"},
	        {TXN, EVENTS, 404, "M_UNRECOGNIZED"},
	        {TXN "1/2", EVENTS, 404, "M_UNRECOGNIZED"},
	        {TXN "1/", EVENTS, 404, "M_UNRECOGNIZED"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < SIZE(cases); i++) {
		struct told told = ask(f, "PUT", cases[i].path, cases[i].body);
		assert_answer(&told, cases[i].status, cases[i].errcode, i);
	}
	assert_int_equal(f->txn_count, 0);
}

static void test_size_has_a_bound(void **state)
{
	enum { TOO_MUCH = 32 * 1024 * 1024 + 1 };
	struct fixture *f = *state;
	autofree char *body = xmalloc(TOO_MUCH + 1);

	memset(body, ' ', TOO_MUCH);
	body[TOO_MUCH] = '\0';
	struct told told = ask(f, "PUT", TXN "1", body);
	assert_answer(&told, 413, "M_TOO_LARGE", 0);
	assert_int_equal(f->txn_count, 0);
}

/* ---------------------------------------------------------------- the token */

static void test_tokens(void **state)
{
	static const struct {
		const char *bearer; /* NULL: no header */
		const char *query;  /* "" or from the question mark on */
		int status;
		const char *errcode;
	} cases[] = {
	        {TOKEN, "", 200, ""},
	        {NULL, "?access_token=" TOKEN_ENCODED, 200, ""},
	        {TOKEN, "?access_token=" TOKEN_ENCODED, 200, ""},
	        {TOKEN, "?a=b&access_token=" TOKEN_ENCODED "&c", 200, ""},
	        {TOKEN, "?xaccess_token=wrong", 200, ""},
	        {NULL, "", 401, "M_MISSING_TOKEN"},
	        {NULL, "?token=" TOKEN_ENCODED, 401, "M_MISSING_TOKEN"},
	        {"wrong", "", 403, "M_FORBIDDEN"},
	        {"", "", 403, "M_FORBIDDEN"},
	        {TOKEN "x", "", 403, "M_FORBIDDEN"},
	        {"hs+secret/%41&", "", 403, "M_FORBIDDEN"},
	        {"HS+SECRET/%41&=", "", 403, "M_FORBIDDEN"},
	        {NULL, "?access_token=", 403, "M_FORBIDDEN"},
	        {NULL, "?access_token=wrong", 403, "M_FORBIDDEN"},
	        /* if both are given, both must match */
	        {TOKEN, "?access_token=wrong", 403, "M_FORBIDDEN"},
	        {"wrong", "?access_token=" TOKEN_ENCODED, 403, "M_FORBIDDEN"},
	        {TOKEN, "?access_token=wrong&access_token=" TOKEN_ENCODED, 403,
	                "M_FORBIDDEN"},
	        {TOKEN, "?access_token=" TOKEN_ENCODED "&access_token=wrong", 403,
	                "M_FORBIDDEN"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < SIZE(cases); i++) {
		size_t before = f->txn_count;
		autofree char *path = xasprintf(TXN "1%s", cases[i].query);
		f->token = cases[i].bearer;
		struct told told = ask(f, "PUT", path, EVENTS);
		assert_answer(&told, cases[i].status, cases[i].errcode, i);
		assert_int_equal(f->txn_count - before, cases[i].status == 200 ? 1 : 0);
	}
}

/* conduwuit appends the token to the query as it is. */
static void test_a_raw_token_in_the_query(void **state)
{
	struct fixture *f = *state;
	struct appservice *own;
	struct err err;

	own = appservice_create(f->loop, NULL, 0, "a+b%41/c", &handlers, f, &err);
	assert_non_null(own);
	appservice_destroy(&f->as);
	f->as = own;
	f->token = NULL;
	struct told told = ask(f, "PUT", TXN "1?access_token=a+b%41/c", EVENTS);
	assert_answer(&told, 200, "", 0);
	told = ask(f, "PUT", TXN "1?access_token=a+b%41/d", EVENTS);
	assert_answer(&told, 403, "M_FORBIDDEN", 1);
}

static void test_an_empty_token_is_refused_at_start(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_null(appservice_create(f->loop, NULL, 0, "", &handlers, f, &err));
	assert_int_equal(err.kind, ERR_PERMANENT);
}

static void test_other_schemes_are_wrong(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};
	autofree char *url = xasprintf(
	        "http://127.0.0.1:%u" TXN "1", (unsigned)appservice_port(f->as));
	struct http_req *req = http_req_create(f->http, "PUT", url);

	http_req_set_header(req, "Authorization", "Basic " TOKEN);
	http_req_set_body(req, "application/json", str_from(EVENTS));
	http_req_start(req, note, &told);
	pass_ms(f->loop, 0);
	assert_answer(&told, 403, "M_FORBIDDEN", 0);
	assert_int_equal(f->txn_count, 0);
}

/* ---------------------------------------------------------------- the other endpoints */

static void test_endpoints(void **state)
{
	static const struct {
		const char *method, *path;
		bool with_token;
		int status;
		const char *errcode;
	} cases[] = {
	        {"POST", "/_matrix/app/v1/ping", true, 200, ""},
	        {"POST", "/_matrix/app/v1/ping", false, 401, "M_MISSING_TOKEN"},
	        {"GET", "/_matrix/app/v1/users/%40slack_x%3Ax", true, 404, "M_NOT_FOUND"},
	        {"GET", "/_matrix/app/v1/rooms/%23a%3Ax", true, 404, "M_NOT_FOUND"},
	        {"GET", "/users/%40slack_x%3Ax", true, 404, "M_NOT_FOUND"},
	        {"GET", "/rooms/%23a%3Ax", true, 404, "M_NOT_FOUND"},
	        {"GET", "/users/%40slack_x%3Ax", false, 401, "M_MISSING_TOKEN"},
	        {"GET", "/_matrix/mau/live", false, 200, ""},
	        {"GET", "/_matrix/mau/ready", false, 200, ""},
	        /* wrong method, wrong path */
	        {"GET", TXN "1", true, 405, "M_UNRECOGNIZED"},
	        {"POST", TXN "1", true, 405, "M_UNRECOGNIZED"},
	        {"PUT", "/_matrix/app/v1/ping", true, 405, "M_UNRECOGNIZED"},
	        {"POST", "/_matrix/mau/live", false, 405, "M_UNRECOGNIZED"},
	        {"GET", "/", true, 404, "M_UNRECOGNIZED"},
	        {"GET", "/_matrix/app/v1/thirdparty/protocol/x", true, 404,
	                "M_UNRECOGNIZED"},
	        {"PUT", "/_matrix/app/v2/transactions/1", true, 404, "M_UNRECOGNIZED"},
	        {"PUT", "//_matrix/app/v1/transactions/1", true, 404, "M_UNRECOGNIZED"},
	        {"PUT", "/_matrix/app/v1/../v1/transactions/1", true, 404,
	                "M_UNRECOGNIZED"},
	};
	struct fixture *f = *state;

	f->ready = true;
	for (size_t i = 0; i < SIZE(cases); i++) {
		f->token = cases[i].with_token ? TOKEN : NULL;
		struct told told = ask(f, cases[i].method, cases[i].path,
		        strcmp(cases[i].method, "GET") == 0 ? NULL : EVENTS);
		assert_answer(&told, cases[i].status, cases[i].errcode, i);
	}
	assert_int_equal(f->txn_count, 0);
	f->ready = false;
	struct told told = ask(f, "GET", "/_matrix/mau/ready", NULL);
	assert_int_equal(told.status, 503);
	told = ask(f, "GET", "/_matrix/mau/live", NULL);
	assert_int_equal(told.status, 200);
}

/* What is none of the API's goes to the owner, whoever asks; what is does not. */
static void test_other_paths(void **state)
{
	static const struct {
		const char *method, *path;
		bool is_other;
	} cases[] = {
	        {"GET", "/", true},
	        {"POST", "/_mautrix/x/y?z", true},
	        {"GET", "/_matrix/app/v1/thirdparty/protocol/x", true},
	        {"PUT", TXN "1/2", true},
	        {"GET", TXN "1", false},
	        {"PUT", TXN "1", false},
	        {"POST", "/_matrix/app/v1/ping", false},
	        {"GET", "/_matrix/mau/live", false},
	};
	struct fixture *f = *state;

	f->token = NULL;
	for (size_t i = 0; i < SIZE(cases); i++) {
		bool has_body = strcmp(cases[i].method, "GET") != 0;
		for (int takes = 0; takes < 2; takes++) {
			f->others = 0;
			f->takes_others = takes == 1;
			struct told told = ask(f, cases[i].method, cases[i].path,
			        has_body ? EVENTS : NULL);
			assert_int_equal(f->others, cases[i].is_other);
			if (cases[i].is_other && f->takes_others) {
				assert_answer(&told, 200, "taken", i);
			} else if (cases[i].is_other) {
				assert_answer(&told, 404, "M_UNRECOGNIZED", i);
			}
		}
	}
	assert_int_equal(f->txn_count, 0);
}

/* ---------------------------------------------------------------- endings */

/* The homeserver must not take them for stored. */
static void test_destroy_with_transactions_waiting(void **state)
{
	struct fixture *f = *state;
	struct told first = {0}, second = {0};

	f->on_txn = STORE_LATER;
	start(f, "PUT", TXN "1", EVENTS, &first);
	start(f, "PUT", TXN "2", EVENTS, &second);
	assert_int_equal(f->txn_count, 2);
	appservice_destroy(&f->as);
	assert_null(f->as);
	pass_ms(f->loop, 1000);
	assert_int_equal(first.times, 1);
	assert_int_not_equal(first.status, 200);
	assert_int_equal(second.times, 1);
	assert_int_not_equal(second.status, 200);
}

/* The client is gone before its transaction is stored: no effect on anything. */
static void test_a_client_that_went_away(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};
	autofree char *url = xasprintf(
	        "http://127.0.0.1:%u" TXN "1", (unsigned)appservice_port(f->as));
	struct http_req *req = http_req_create(f->http, "PUT", url);

	f->on_txn = STORE_LATER;
	http_req_set_header(req, "Authorization", "Bearer " TOKEN);
	http_req_set_body(req, "application/json", str_from(EVENTS));
	http_req_start(req, note, &told);
	pass_ms(f->loop, 0);
	assert_int_equal(f->txn_count, 1);
	http_req_cancel(&req);
	pass_ms(f->loop, 1000);
	appservice_txn_done(f->txns[0], NULL);
	pass_ms(f->loop, 1000);
	assert_int_equal(told.times, 0);
}

static void test_a_port_that_is_taken(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_null(appservice_create(
	        f->loop, "127.0.0.1", appservice_port(f->as), TOKEN, &handlers, f, &err));
	assert_int_not_equal(err.kind, ERR_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_stored_then_answered),
	        TEST(test_not_stored_then_again),
	        TEST(test_the_same_while_the_first_waits),
	        TEST(test_empty_and_legacy_and_odd_ones),
	        TEST(test_too_deep_an_event_poisons_nothing),
	        TEST(test_refused_without_effect),
	        TEST(test_size_has_a_bound),
	        TEST(test_tokens),
	        TEST(test_a_raw_token_in_the_query),
	        TEST(test_an_empty_token_is_refused_at_start),
	        TEST(test_other_schemes_are_wrong),
	        TEST(test_endpoints),
	        TEST(test_other_paths),
	        TEST(test_destroy_with_transactions_waiting),
	        TEST(test_a_client_that_went_away),
	        TEST(test_a_port_that_is_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
