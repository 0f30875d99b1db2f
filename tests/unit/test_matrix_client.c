#include "matrix_fixture.h"

#include "lib/buf.h"

#include <stdio.h>

static void assert_asked(const struct script *script, size_t number, const char *method,
        const char *path, const char *query, const char *body)
{
	const struct asked *asked = &script->asked[number];

	assert_true(number < script->asked_count);
	assert_string_equal(asked->method, method);
	assert_string_equal(asked->path, path);
	assert_string_equal(asked->query, query);
	assert_string_equal(asked->body, body);
	assert_string_equal(asked->authorization, "Bearer " TOKEN);
	assert_string_equal(
	        asked->content_type, body[0] == '\0' ? "" : "application/json");
}

/* ---------------------------------------------------------------- names */

static void test_names(void **state)
{
	struct fixture *f = *state;
	autofree char *mxid = matrix_mxid(f->matrix, "slack_t1-u1");

	assert_string_equal(mxid, GHOST);
	assert_string_equal(matrix_bot_mxid(f->matrix), "@slackbot:x.org");
	assert_string_equal(matrix_domain(f->matrix), "x.org");
}

static void test_txn_ids(void **state)
{
	autofree char *one = matrix_txn_id("ab", "c", NULL);
	autofree char *same = matrix_txn_id("ab", "c", NULL);
	autofree char *moved = matrix_txn_id("a", "bc", NULL);
	autofree char *joined = matrix_txn_id("abc", NULL);
	autofree char *comma = matrix_txn_id("a,", "b", NULL);
	autofree char *moved_comma = matrix_txn_id("a", ",b", NULL);
	autofree char *longer = matrix_txn_id("ab", "c", "", NULL);

	(void)state;
	assert_string_equal(one, same);
	assert_string_not_equal(one, moved);
	assert_string_not_equal(one, joined);
	assert_string_not_equal(comma, moved_comma);
	assert_string_not_equal(one, longer);
	assert_int_equal(strlen(one), 43);
	/* It goes into a path as it is. */
	assert_int_equal(
	        strspn(one, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                    "0123456789-_"),
	        43);
}

/* ---------------------------------------------------------------- requests and answers
 */

static void test_homeserver_calls(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};

	script_say(&f->script, NULL, "{\"versions\":[\"v1.5\"]}");
	matrix_versions(f->matrix, note_json, &told);
	assert_int_equal(told.times, 0); /* never inside start */
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, "{\"versions\":[\"v1.5\"]}");
	assert_asked(&f->script, 0, "GET", "/_matrix/client/versions", "", "");

	script_say(&f->script, NULL, "{\"user_id\":\"@slackbot:x.org\"}");
	matrix_whoami(f->matrix, note_text, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, "@slackbot:x.org");
	assert_asked(
	        &f->script, 1, "GET", "/_matrix/client/v3/account/whoami", BOT_QUERY, "");

	script_say(&f->script, NULL, "{\"duration_ms\":3}");
	matrix_ping(f->matrix, "slack/1", note_ok, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, NULL);
	assert_asked(&f->script, 2, "POST",
	        "/_matrix/client/v1/appservice/slack%2F1/ping", BOT_QUERY,
	        "{\"transaction_id\":\"ping-1\"}");
}

static void test_user_calls(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};

	script_say(&f->script, NULL, "{\"user_id\":\"" GHOST "\"}");
	matrix_register(f->matrix, "slack_t1-u1", note_ok, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, NULL);
	assert_asked(&f->script, 0, "POST", "/_matrix/client/v3/register", "",
	        "{\"type\":\"m.login.application_service\",\"username\":\"slack_t1-u1\","
	        "\"inhibit_login\":true}");

	matrix_set_displayname(f->matrix, GHOST, "Ann \"x\"", note_ok, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, NULL);
	assert_asked(&f->script, 1, "PUT",
	        "/_matrix/client/v3/profile/%40slack_t1-u1%3Ax.org/displayname",
	        GHOST_QUERY, "{\"displayname\":\"Ann \\\"x\\\"\"}");

	matrix_set_avatar(f->matrix, NULL, "mxc://x/y", note_ok, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, NULL);
	assert_asked(&f->script, 2, "PUT",
	        "/_matrix/client/v3/profile/%40slackbot%3Ax.org/avatar_url", BOT_QUERY,
	        "{\"avatar_url\":\"mxc://x/y\"}");

	script_say(&f->script, NULL, "{\"displayname\":\"Ann\"}");
	matrix_profile(f->matrix, GHOST, note_json, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, "{\"displayname\":\"Ann\"}");
	assert_asked(&f->script, 3, "GET",
	        "/_matrix/client/v3/profile/%40slack_t1-u1%3Ax.org", BOT_QUERY, "");

	script_say(&f->script, NULL, "{\"content_uri\":\"mxc://x/z\"}");
	matrix_upload(f->matrix, GHOST, "image/png", (struct str){"\0\1\2", 3}, note_text,
	        &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, "mxc://x/z");
	assert_string_equal(f->script.asked[4].path, "/_matrix/media/v3/upload");
	assert_string_equal(f->script.asked[4].query, GHOST_QUERY);
	assert_string_equal(f->script.asked[4].content_type, "image/png");
}

static void test_room_calls(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};
	autojson cJSON *body = json_set_str(json_new(), "name", "general");

	script_say(&f->script, NULL, "{\"room_id\":\"!n:x.org\"}");
	matrix_create_room(f->matrix, NULL, body, note_text, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, "!n:x.org");
	assert_asked(&f->script, 0, "POST", "/_matrix/client/v3/createRoom", BOT_QUERY,
	        "{\"name\":\"general\"}");

	script_say(&f->script, NULL, "{\"room_id\":\"" ROOM "\"}");
	matrix_join(f->matrix, GHOST, ROOM, note_ok, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, NULL);
	assert_asked(&f->script, 1, "POST", "/_matrix/client/v3/join/" ROOM_IN_PATH,
	        GHOST_QUERY, "{}");

	script_say(&f->script, NULL, "{\"joined_rooms\":[\"!n:x.org\"]}");
	matrix_joined_rooms(f->matrix, NULL, note_json, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, "[\"!n:x.org\"]");
	assert_asked(
	        &f->script, 2, "GET", "/_matrix/client/v3/joined_rooms", BOT_QUERY, "");

	script_say(&f->script, NULL, "{\"joined\":{\"@a:x.org\":{}}}");
	matrix_joined_members(f->matrix, NULL, ROOM, note_json, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, "{\"@a:x.org\":{}}");
	assert_asked(&f->script, 3, "GET",
	        "/_matrix/client/v3/rooms/" ROOM_IN_PATH "/joined_members", BOT_QUERY,
	        "");
}

static void test_state(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};

	script_say(&f->script, NULL, "{\"name\":\"general\"}");
	matrix_get_state(f->matrix, NULL, ROOM, "m.room.name", "", note_json, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, "{\"name\":\"general\"}");
	assert_asked(&f->script, 0, "GET",
	        "/_matrix/client/v3/rooms/" ROOM_IN_PATH "/state/m.room.name", BOT_QUERY,
	        "");

	script_add(
	        &f->script, (struct answer){.status = 404,
	                            .body = "{\"errcode\":\"M_NOT_FOUND\",\"error\":"
	                                    "\"M_NOT_FOUND: State event not found.\"}"});
	matrix_get_state(
	        f->matrix, GHOST, ROOM, "m.bridge", "sl/ack:1", note_json, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, NULL);
	assert_asked(&f->script, 1, "GET",
	        "/_matrix/client/v3/rooms/" ROOM_IN_PATH "/state/m.bridge/sl%2Fack%3A1",
	        GHOST_QUERY, "");

	/* Not there is not the same as not known. */
	script_add(&f->script, (struct answer){.status = 404,
	                               .body = "{\"errcode\":\"M_UNRECOGNIZED\"}"});
	matrix_get_state(f->matrix, NULL, ROOM, "m.room.name", "", note_json, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_PERMANENT, NULL);
}

static void test_send(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};
	autojson cJSON *content = json_set_str(json_new(), "body", "hi");

	f->script.otherwise.body = "{\"event_id\":\"$new\"}";
	matrix_send(f->matrix, GHOST, ROOM, "m.room.message", "t-1", content,
	        1700000000123, note_text, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, "$new");
	assert_asked(&f->script, 0, "PUT",
	        "/_matrix/client/v3/rooms/" ROOM_IN_PATH "/send/m.room.message/t-1",
	        GHOST_QUERY "&ts=1700000000123", "{\"body\":\"hi\"}");

	matrix_send(f->matrix, NULL, ROOM, "x/y", "t/2", content, 0, note_text, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, "$new");
	assert_asked(&f->script, 1, "PUT",
	        "/_matrix/client/v3/rooms/" ROOM_IN_PATH "/send/x%2Fy/t%2F2", BOT_QUERY,
	        "{\"body\":\"hi\"}");

	matrix_redact(f->matrix, GHOST, ROOM, "$old", "t-3", NULL, note_text, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, "$new");
	assert_asked(&f->script, 2, "PUT",
	        "/_matrix/client/v3/rooms/" ROOM_IN_PATH "/send/m.room.redaction/t-3",
	        GHOST_QUERY, "{\"redacts\":\"$old\"}");
}

static void test_register_twice_and_unknown_profile(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};

	script_add(&f->script, (struct answer){.status = 400,
	                               .body = "{\"errcode\":\"M_USER_IN_USE\",\"error\":"
	                                       "\"M_USER_IN_USE: User ID is not "
	                                       "available.\"}"});
	matrix_register(f->matrix, "slack_t1-u1", note_ok, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, NULL);

	script_add(&f->script,
	        (struct answer){.status = 400, .body = "{\"errcode\":\"M_EXCLUSIVE\"}"});
	matrix_register(f->matrix, "someone", note_ok, &told);
	pass_ms(f->loop, 0);
	assert_string_equal(told.err.name, "M_EXCLUSIVE");
	assert_told(&told, ERR_PERMANENT, NULL);

	script_add(&f->script,
	        (struct answer){.status = 404, .body = "{\"errcode\":\"M_NOT_FOUND\"}"});
	matrix_profile(f->matrix, GHOST, note_json, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, "{}");
}

/* ---------------------------------------------------------------- download */

struct downloaded {
	unsigned times;
	struct err err;
	char type[64];
	struct buf body;
};

static void note_download(
        const char *content_type, struct str body, const struct err *err, void *arg)
{
	struct downloaded *got = arg;

	got->times++;
	got->err = *err;
	assert_null(strstr(err->msg, "secret"));
	snprintf(got->type, sizeof(got->type), "%s", content_type);
	if (err->kind != ERR_NONE) {
		assert_string_equal(content_type, "");
		assert_int_equal(body.n, 0);
	}
	buf_init(&got->body, 1000);
	buf_add_str(&got->body, body);
}

static struct downloaded download(struct fixture *f, const char *mxc, size_t max_bytes)
{
	struct downloaded got = {0};

	matrix_download(f->matrix, mxc, max_bytes, note_download, &got);
	assert_int_equal(got.times, 0); /* never inside start */
	pass_ms(f->loop, 0);
	assert_int_equal(got.times, 1);
	return got;
}

static void reply_with_bytes(struct http_request *req, void *arg)
{
	const struct str *body = arg;

	http_request_reply(req, 200, body->n == 0 ? NULL : "image/png", *body);
}

#define MEDIA_PATH "/_matrix/client/v1/media/download/m.org%3A8448/a_B-1"
#define OLD_MEDIA_PATH "/_matrix/media/v3/download/m.org%3A8448/a_B-1"
#define MXC "mxc://m.org:8448/a_B-1"

static void test_download(void **state)
{
	struct str bodies[] = {{"\0\1{", 3}, {"{}", 2}, {NULL, 0}};
	struct fixture *f = *state;

	f->script.custom = reply_with_bytes;
	f->script.otherwise.how = CUSTOM;
	for (size_t i = 0; i < SIZE(bodies); i++) {
		f->script.custom_arg = &bodies[i];
		struct downloaded got = download(f, MXC, 3);
		assert_int_equal(got.err.kind, ERR_NONE);
		assert_string_equal(got.type, bodies[i].n == 0 ? "" : "image/png");
		assert_int_equal(got.body.len, bodies[i].n);
		assert_int_equal(
		        strncmp(buf_cstr(&got.body), bodies[i].n == 0 ? "" : bodies[i].p,
		                bodies[i].n),
		        0);
		buf_finish(&got.body);
		assert_asked(&f->script, i, "GET", MEDIA_PATH, BOT_QUERY, "");
	}
	f->script.custom_arg = &bodies[0];
	struct downloaded got = download(f, MXC, 2);
	assert_int_equal(got.err.kind, ERR_PERMANENT);
	buf_finish(&got.body);
}

/* Only where the endpoint is not known, and once. */
static void test_download_in_the_old_way(void **state)
{
	static const struct {
		struct answer first, second;
		enum err_kind kind;
		size_t requests;
	} cases[] = {
	        {{.status = 404, .body = "{\"errcode\":\"M_UNRECOGNIZED\"}"},
	                {.body = "gif"}, ERR_NONE, 2},
	        {{.status = 404, .body = "{\"errcode\":\"M_UNRECOGNIZED\"}"},
	                {.status = 404, .body = "{\"errcode\":\"M_UNRECOGNIZED\"}"},
	                ERR_PERMANENT, 2},
	        {{.status = 404, .body = "{\"errcode\":\"M_UNRECOGNIZED\"}"},
	                {.status = 502, .body = "<html>"}, ERR_RETRY, 2},
	        {{.status = 404, .body = "{\"errcode\":\"M_NOT_FOUND\"}"}, {0},
	                ERR_PERMANENT, 1},
	        {{.status = 400, .body = "{\"errcode\":\"M_UNRECOGNIZED\"}"}, {0},
	                ERR_PERMANENT, 1},
	        {{.status = 504, .body = "{\"errcode\":\"M_NOT_YET_UPLOADED\"}"}, {0},
	                ERR_RETRY, 1},
	        {{.status = 202, .body = "{}"}, {0}, ERR_RETRY, 1},
	        {{.status = 204, .body = ""}, {0}, ERR_RETRY, 1},
	        {{.how = ANSWER_CUT, .body = "image"}, {0}, ERR_RETRY, 1},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < SIZE(cases); i++) {
		size_t before = f->script.asked_count;
		script_add(&f->script, cases[i].first);
		if (cases[i].requests > 1) {
			script_add(&f->script, cases[i].second);
		}
		struct downloaded got = download(f, MXC, 1000);
		if (got.err.kind != cases[i].kind) {
			fail_msg("case %zu: %s", i, got.err.msg);
		}
		assert_int_equal(f->script.asked_count - before, cases[i].requests);
		assert_asked(&f->script, before, "GET", MEDIA_PATH, BOT_QUERY, "");
		if (cases[i].requests > 1) {
			assert_asked(&f->script, before + 1, "GET", OLD_MEDIA_PATH,
			        BOT_QUERY, "");
		}
		buf_finish(&got.body);
	}
}

static void test_download_of_no_mxc(void **state)
{
	static const char *const cases[] = {
	        "", "https://x/y", "mxc://m.org", "mxc://m.org/../x"};
	struct fixture *f = *state;

	for (size_t i = 0; i < SIZE(cases); i++) {
		struct downloaded got = download(f, cases[i], 1000);
		assert_int_equal(got.err.kind, ERR_PERMANENT);
		assert_non_null(strstr(got.err.msg, "not an mxc URI"));
		buf_finish(&got.body);
	}
	assert_int_equal(f->script.asked_count, 0);
}

static void test_download_cancelled(void **state)
{
	struct fixture *f = *state;
	struct downloaded got = {0};

	script_add(&f->script, (struct answer){.status = 404,
	                               .body = "{\"errcode\":\"M_UNRECOGNIZED\"}"});
	f->script.otherwise.how = HOLD;
	struct matrix_call *call =
	        matrix_download(f->matrix, MXC, 1000, note_download, &got);
	pass_ms(f->loop, 0);
	assert_int_equal(f->script.asked_count, 2);
	matrix_call_cancel(&call);
	call = matrix_download(f->matrix, "nonsense", 1000, note_download, &got);
	matrix_call_cancel(&call);
	pass_ms(f->loop, 600000);
	assert_int_equal(got.times, 0);
}

/* ---------------------------------------------------------------- invite */

#define CONDUWUIT_REFUSAL                                                                \
	"{\"errcode\":\"M_FORBIDDEN\",\"error\":\"M_FORBIDDEN: Event is not authorized.\"}"
#define MEMBERS "/joined_members"

static void invite(struct fixture *f, struct told *told)
{
	matrix_invite(f->matrix, GHOST, ROOM, "@ann:x.org", note_ok, told);
	pass_ms(f->loop, 0);
}

static void test_invite(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};

	invite(f, &told);
	assert_told(&told, ERR_NONE, NULL);
	assert_int_equal(f->script.asked_count, 1);
	assert_asked(&f->script, 0, "POST",
	        "/_matrix/client/v3/rooms/" ROOM_IN_PATH "/invite", GHOST_QUERY,
	        "{\"user_id\":\"@ann:x.org\"}");
}

static void test_invite_of_one_who_is_there(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};

	/* Synapse */
	script_add(
	        &f->script, (struct answer){.status = 403,
	                            .body = "{\"errcode\":\"M_FORBIDDEN\",\"error\":"
	                                    "\"@ann:x.org is already in the room.\"}"});
	invite(f, &told);
	assert_told(&told, ERR_NONE, NULL);
	assert_int_equal(f->script.asked_count, 1);

	/* conduwuit: the same words for every refusal */
	script_add(&f->script, (struct answer){.status = 403, .body = CONDUWUIT_REFUSAL});
	script_say(&f->script, MEMBERS, "{\"joined\":{\"@ann:x.org\":{}}}");
	invite(f, &told);
	assert_told(&told, ERR_NONE, NULL);
	assert_asked(&f->script, 2, "GET",
	        "/_matrix/client/v3/rooms/" ROOM_IN_PATH MEMBERS, GHOST_QUERY, "");
}

static void test_invite_refused(void **state)
{
	static const struct {
		struct answer members;
		enum err_kind kind;
		const char *name;
	} cases[] = {
	        {{.body = "{\"joined\":{\"@bob:x.org\":{}}}"}, ERR_PERMANENT,
	                "M_FORBIDDEN"},
	        {{.status = 403, .body = "{\"errcode\":\"M_FORBIDDEN\"}"}, ERR_PERMANENT,
	                "M_FORBIDDEN"},
	        /* not found out: to be tried again */
	        {{.status = 502, .body = "<html>"}, ERR_RETRY, ""},
	        {{.how = DROP}, ERR_RETRY, ""},
	};
	struct fixture *f = *state;
	struct told told = {0};

	for (size_t i = 0; i < SIZE(cases); i++) {
		script_add(&f->script, (struct answer){.path = "/invite",
		                               .status = 403,
		                               .body = CONDUWUIT_REFUSAL});
		script_add(&f->script, cases[i].members);
		invite(f, &told);
		assert_string_equal(told.err.name, cases[i].name);
		if (cases[i].kind == ERR_PERMANENT) {
			assert_non_null(strstr(told.err.msg, "Event is not authorized."));
		}
		assert_told(&told, cases[i].kind, NULL);
	}
}

static void test_invite_cancelled_in_between(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};

	script_add(&f->script, (struct answer){.status = 403, .body = CONDUWUIT_REFUSAL});
	f->script.otherwise.how = HOLD;
	struct matrix_call *call =
	        matrix_invite(f->matrix, GHOST, ROOM, "@ann:x.org", note_ok, &told);
	pass_ms(f->loop, 0);
	assert_int_equal(f->script.asked_count, 2);
	matrix_call_cancel(&call);
	pass_ms(f->loop, 600000);
	assert_int_equal(told.times, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_names),
	        TEST(test_txn_ids),
	        TEST(test_homeserver_calls),
	        TEST(test_user_calls),
	        TEST(test_room_calls),
	        TEST(test_state),
	        TEST(test_send),
	        TEST(test_register_twice_and_unknown_profile),
	        TEST(test_download),
	        TEST(test_download_in_the_old_way),
	        TEST(test_download_of_no_mxc),
	        TEST(test_download_cancelled),
	        TEST(test_invite),
	        TEST(test_invite_of_one_who_is_there),
	        TEST(test_invite_refused),
	        TEST(test_invite_cancelled_in_between),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
