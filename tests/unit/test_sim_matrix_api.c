/* The client-server API without HTTP, in the conduwuit profile. */
#include "sim-matrix/appservice.h"
#include "sim-matrix/events.h"

#include "tests/unit/sim_matrix_fixture.h"

static int setup_as(void **state)
{
	struct fixture *f = fixture_create(NULL);

	register_as(f, "null");
	forget_records(f);
	*state = f;
	return 0;
}

static void register_ghost(struct fixture *f, const char *name)
{
	autofree char *body =
	        xasprintf("{\"type\":\"m.login.application_service\",\"username\":"
	                  "\"%s\",\"inhibit_login\":true}",
	                name);

	expect_call(f, 200, NULL, "POST", C3 "register", "AS", body);
}

/* Makes a room as the bot. Caller frees. */
static char *bot_room(struct fixture *f, const char *body)
{
	expect_call(f, 200, NULL, "POST", C3 "createRoom", "AS", body);
	return xstrdup(json_str(f->reply, "room_id"));
}

/* ---- who asks ---- */

static const struct {
	const char *method, *target, *token;
	int status;
	const char *errcode;
	const char *text; /* of the error; NULL: not looked at */
} auth_rows[] = {
        {"GET", C3 "account/whoami", NULL, 401, "M_MISSING_TOKEN",
                "M_MISSING_TOKEN: Missing access token."},
        {"GET", C3 "account/whoami", "no", 401, "M_UNKNOWN_TOKEN",
                "M_UNKNOWN_TOKEN: Unknown access token."},
        {"GET", "/_matrix/client/versions", "no", 401, "M_UNKNOWN_TOKEN", NULL},
        {"GET", "/_matrix/client/versions", "AS", 200, NULL, NULL},
        {"GET", "/_matrix/client/versions", NULL, 200, NULL, NULL},
        {"GET", C3 "account/whoami?access_token=AS", NULL, 404, "M_NOT_FOUND",
                "M_NOT_FOUND: User does not exist."},
        {"GET", C3 "account/whoami?user_id=@slack_no:sim.test", "AS", 404, "M_NOT_FOUND",
                NULL},
        {"GET", C3 "account/whoami?user_id=@alice:sim.test", "AS", 400, "M_EXCLUSIVE",
                "M_EXCLUSIVE: User is not in namespace."},
        {"GET", C3 "account/whoami?user_id=nonsense", "AS", 400, "M_INVALID_USERNAME",
                "M_INVALID_USERNAME: Username is invalid."},
        {"GET", C3 "nowhere", "AS", 404, "M_UNRECOGNIZED", "M_UNRECOGNIZED: Not Found"},
        {"DELETE", C3 "createRoom", "AS", 405, "M_UNRECOGNIZED",
                "M_UNRECOGNIZED: Method Not Allowed"},
        {"GET", C3 "rooms/!x:sim.test/messages?dir=b", "AS", 500, "M_UNKNOWN",
                "M_UNKNOWN: Internal server error occurred"},
        {"GET", C3 "sync", "AS", 500, "M_UNKNOWN", NULL},
        {"POST", C3 "logout", "AS", 500, "M_UNKNOWN", NULL},
        {"GET", C3 "capabilities", "AS", 200, NULL, NULL},
        {"POST", "/_matrix/media/v1/create", "AS", 404, "M_UNRECOGNIZED", NULL},
        {"PUT", "/_matrix/client/unstable/org.matrix.msc2716/rooms/!x:y/batch_send", "AS",
                404, "M_UNRECOGNIZED", NULL},
        {"POST", "/_matrix/client/v1/appservice/slack/ping", NULL, 403, "M_FORBIDDEN",
                NULL},
        {"POST", "/_matrix/client/v1/appservice/other/ping", "AS", 403, "M_FORBIDDEN",
                NULL},
        {"POST", "/_matrix/client/v1/appservice/slack/ping", "AS", 400, "M_URL_NOT_SET",
                NULL},
        {"GET", C3 "profile/@nobody:sim.test", "AS", 404, "M_NOT_FOUND", NULL},
        {"GET", C3 "pushrules/", "AS", 200, NULL, NULL},
        {"POST", C3 "user/@slackbot:sim.test/filter", "AS", 404, "M_NOT_FOUND", NULL},
        {"OPTIONS", C3 "anything", NULL, 200, NULL, NULL},
};

static void test_auth(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(auth_rows) / sizeof(auth_rows[0]); i++) {
		expect_call(f, auth_rows[i].status, auth_rows[i].errcode,
		        auth_rows[i].method, auth_rows[i].target, auth_rows[i].token, "");
		if (auth_rows[i].text != NULL) {
			assert_string_equal(
			        json_str(f->reply, "error"), auth_rows[i].text);
		}
	}
}

/* ---- register and login ---- */

static const struct {
	const char *token, *body;
	int status;
	const char *errcode;
} register_rows[] = {
        {"AS",
                "{\"type\":\"m.login.application_service\",\"username\":\"slack_1\","
                "\"inhibit_login\":true}",
                200, NULL},
        {"AS", "{\"type\":\"m.login.application_service\",\"username\":\"slack_1\"}", 400,
                "M_USER_IN_USE"},
        {"AS", "{\"type\":\"m.login.application_service\",\"username\":\"SLACK_1\"}", 400,
                "M_USER_IN_USE"},
        {"AS", "{\"type\":\"m.login.application_service\",\"username\":\"admin\"}", 400,
                "M_USER_IN_USE"}, /* before the namespace */
        {"AS", "{\"type\":\"m.login.application_service\",\"username\":\"other\"}", 400,
                "M_EXCLUSIVE"},
        {"AS", "{\"username\":\"slack_2\"}", 400, "M_EXCLUSIVE"},
        {NULL, "{\"username\":\"slack_2\"}", 400, "M_EXCLUSIVE"},
        {NULL, "{\"type\":\"m.login.application_service\",\"username\":\"slack_2\"}", 401,
                "M_MISSING_TOKEN"},
        {"AS", "{\"type\":\"m.login.application_service\",\"username\":\"slack 2\"}", 400,
                "M_INVALID_USERNAME"},
        {"AS", "{\"type\":\"m.login.application_service\",\"username\":\"slack_\xc3\xa4\"}",
                400, "M_INVALID_USERNAME"},
        {NULL, "{\"username\":\"human\",\"password\":\"pw\"}", 401, NULL}, /* flows */
        {NULL,
                "{\"username\":\"human\",\"password\":\"pw\",\"auth\":{\"type\":"
                "\"m.login.dummy\"}}",
                200, NULL},
        {"no", "{}", 401, "M_UNKNOWN_TOKEN"},
};

static void test_register(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(register_rows) / sizeof(register_rows[0]); i++) {
		expect_call(f, register_rows[i].status, register_rows[i].errcode, "POST",
		        C3 "register", register_rows[i].token, register_rows[i].body);
	}
	assert_non_null(user_find(f->sim, "@slack_1:sim.test"));
	assert_string_equal(
	        user_find(f->sim, "@slack_1:sim.test")->displayname, "slack_1");
	assert_null(json_str(f->reply, "access_token"));
}

/* Without inhibit_login there is a device, with the ID that was asked for. */
static void test_register_with_device(void **state)
{
	struct fixture *f = *state;
	autofree char *token = NULL;

	expect_call(f, 200, NULL, "POST", C3 "register", "AS",
	        "{\"type\":\"m.login.application_service\",\"username\":\"slack_d\","
	        "\"device_id\":\"DEV\"}");
	assert_string_equal(json_str(f->reply, "device_id"), "DEV");
	token = xstrdup(json_str(f->reply, "access_token"));
	assert_int_equal(strlen(token), 32);
	expect_call(f, 200, NULL, "GET", C3 "account/whoami", token, "");
	assert_true(json_bool(f->reply, "is_guest", false)); /* it has no password */
	expect_call(f, 200, NULL, "GET", C3 "account/whoami?user_id=@slack_d:sim.test",
	        "AS", "");
	assert_false(json_bool(f->reply, "is_guest", true));
	assert_null(json_str(f->reply, "device_id"));
}

static const struct {
	const char *token, *body;
	int status;
	const char *errcode;
} login_rows[] = {
        {NULL,
                "{\"type\":\"m.login.password\",\"identifier\":{\"type\":\"m.id.user\",\"user\":"
                "\"admin\"},\"password\":\"admin\",\"device_id\":\"D\"}",
                200, NULL},
        {NULL,
                "{\"type\":\"m.login.password\",\"user\":\"@ADMIN:sim.test\",\"password\":"
                "\"admin\",\"device_id\":\"D\"}",
                200, NULL},
        {NULL, "{\"type\":\"m.login.password\",\"user\":\"admin\",\"password\":\"x\"}",
                403, "M_FORBIDDEN"},
        {NULL, "{\"type\":\"m.login.password\",\"user\":\"ghost\",\"password\":\"x\"}",
                403, "M_FORBIDDEN"},
        {NULL, "{\"type\":\"m.login.password\",\"user\":\"@a:else.where\",\"password\":\"x\"}",
                400, "M_UNKNOWN"},
        {NULL, "{\"type\":\"m.login.token\",\"token\":\"x\"}", 403, "M_FORBIDDEN"},
        {NULL, "{\"type\":\"m.login.sso\"}", 400, "M_UNKNOWN"},
        {NULL, "{}", 400, "M_UNKNOWN"},
        {NULL, "{\"type\":\"m.login.application_service\",\"user\":\"slack_1\"}", 401,
                "M_MISSING_TOKEN"},
        {"AS", "{\"type\":\"m.login.application_service\",\"user\":\"admin\"}", 400,
                "M_EXCLUSIVE"},
        {"AS",
                "{\"type\":\"m.login.application_service\",\"identifier\":{\"type\":"
                "\"m.id.user\",\"user\":\"slack_1\"}}",
                200, NULL},
        {NULL, "{\"type\":\"m.login.password\",\"user\":\"slack_1\",\"password\":\"\"}",
                403, "M_USER_DEACTIVATED"},
};

static void test_login(void **state)
{
	struct fixture *f = *state;
	autofree char *first = NULL;

	register_ghost(f, "slack_1");
	for (size_t i = 0; i < sizeof(login_rows) / sizeof(login_rows[0]); i++) {
		expect_call(f, login_rows[i].status, login_rows[i].errcode, "POST",
		        C3 "login", login_rows[i].token, login_rows[i].body);
		if (i == 0) {
			first = xstrdup(json_str(f->reply, "access_token"));
			expect_call(f, 200, NULL, "GET", C3 "account/whoami", first, "");
		}
	}
	/* the second login with the same device ID took the first token's place */
	expect_call(f, 401, "M_UNKNOWN_TOKEN", "GET", C3 "account/whoami", first, "");
}

/* ---- createRoom ---- */

static void expect_types(struct fixture *f, const char *const *types)
{
	const cJSON *record;
	size_t i = 0;

	cJSON_ArrayForEach(record, f->records)
	{
		if (str_equal(json_str(record, "kind"), "event")) {
			if (types[i] == NULL ||
			        !str_equal(json_str(record, "type"), types[i])) {
				fail_msg("event %zu is %s, not %s", i,
				        json_str(record, "type"), types[i]);
			}
			i++;
		}
	}
	assert_null(types[i]);
}

static void test_create_room_order(void **state)
{
	static const char *const types[] = {"m.room.create", "m.room.member",
	        "m.room.power_levels", "m.room.canonical_alias", "m.room.join_rules",
	        "m.room.history_visibility", "m.room.guest_access", "m.bridge",
	        "m.room.avatar", "m.room.name", "m.room.topic", "m.room.member", NULL};
	struct fixture *f = *state;
	autofree char *room = bot_room(f,
	        "{\"name\":\"N\",\"topic\":\"T\",\"room_alias_name\":\"slack_x\",\"is_direct\":true,"
	        "\"invite\":[\"@admin:sim.test\",\"@far:else.where\"],"
	        "\"creation_content\":{\"m.federate\":false,\"type\":\"m.space\"},"
	        "\"initial_state\":[{\"type\":\"m.bridge\",\"state_key\":\"k\",\"content\":{\"a\":1}},"
	        "{\"type\":\"m.empty\",\"content\":{}},"
	        "{\"type\":\"m.room.avatar\",\"content\":{\"url\":\"mxc://a/b\"}}],"
	        "\"power_level_content_override\":{\"users\":{\"@slackbot:sim.test\":9001},"
	        "\"invite\":50}}");
	const struct room *made = room_find(f->sim, room);
	const struct event *create = room_state(made, "m.room.create", "");
	const struct event *levels = room_state(made, "m.room.power_levels", "");

	expect_types(f, types);
	assert_int_equal(strlen(room), 1 + 18 + strlen(":sim.test"));
	assert_string_equal(content_str(create->content, "room_version"), "11");
	assert_string_equal(content_str(create->content, "type"), "m.space");
	assert_null(content_str(create->content, "creator"));
	assert_int_equal(power_of_user(made, "@slackbot:sim.test"), 9001);
	assert_non_null(content_obj(levels->content, "events")); /* the default stands */
	assert_string_equal(room_membership(made, "@admin:sim.test"), "invite");
	assert_ptr_equal(map_get(f->sim->aliases, "#slack_x:sim.test"), made);
}

/* Leaving the creator out of users leaves the room half-made. */
static void test_create_room_half_made(void **state)
{
	struct fixture *f = *state;

	expect_call(f, 403, "M_FORBIDDEN", "POST", C3 "createRoom", "AS",
	        "{\"power_level_content_override\":{\"users\":{\"@admin:sim.test\":100}}}");
	assert_int_equal(count_records(f, "kind", "event"), 3);
}

static const struct {
	const char *body;
	int status;
	const char *errcode;
} create_rows[] = {
        {"", 200, NULL},
        {"not json", 200, NULL},
        {"{\"name\":\"x\",\"y\":1.0}", 200, NULL}, /* as if empty */
        {"{\"room_version\":\"1\"}", 400, "M_UNSUPPORTED_ROOM_VERSION"},
        {"{\"room_version\":\"12\"}", 400, "M_UNSUPPORTED_ROOM_VERSION"},
        {"{\"room_version\":\"10\"}", 200, NULL},
        {"{\"room_alias_name\":\"other\"}", 400, "M_EXCLUSIVE"},
        {"{\"room_alias_name\":\"slack_a\"}", 200, NULL},
        {"{\"room_alias_name\":\"slack_a\"}", 400, "M_ROOM_IN_USE"},
        {"{\"room_alias_name\":\"a:b\"}", 400, "M_INVALID_PARAM"},
        {"{\"room_alias_name\":\"a b\"}", 400, "M_INVALID_PARAM"},
        {"{\"room_id\":\"mine\"}", 200, NULL},
        {"{\"room_id\":\"mine\"}", 400, "M_ROOM_IN_USE"},
        {"{\"initial_state\":[5]}", 400, "M_INVALID_PARAM"},
};

static void test_create_room_table(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(create_rows) / sizeof(create_rows[0]); i++) {
		expect_call(f, create_rows[i].status, create_rows[i].errcode, "POST",
		        C3 "createRoom", "AS", create_rows[i].body);
	}
	/* the one with a float is a room without a name */
	assert_int_equal(count_records(f, "event", "name"), 0);
}

/* ---- sending ---- */

static void test_send_is_idempotent(void **state)
{
	struct fixture *f = *state;
	autofree char *one = bot_room(f, "{\"name\":\"one\"}");
	autofree char *two = bot_room(f, "{\"name\":\"two\"}");
	autofree char *in_one =
	        xasprintf(C3 "rooms/%s/send/m.room.message/t1?ts=1600000000000", one);
	autofree char *in_two = xasprintf(C3 "rooms/%s/send/m.room.message/t1", two);
	autofree char *other_type = xasprintf(C3 "rooms/%s/send/m.reaction/t1", one);
	autofree char *first = NULL;
	const struct event *event;

	expect_call(f, 200, NULL, "PUT", in_one, "AS",
	        "{\"body\":\"a\",\"msgtype\":\"m.text\"}");
	first = xstrdup(json_str(f->reply, "event_id"));
	event = event_find(f->sim, first);
	assert_int_equal(event->ts_ms, 1600000000000LL);
	assert_string_equal(event->txn_id, "t1");
	assert_int_equal(strlen(first), 44);
	expect_call(f, 200, NULL, "PUT", in_one, "AS",
	        "{\"body\":\"a\",\"msgtype\":\"m.text\"}");
	assert_string_equal(json_str(f->reply, "event_id"), first);
	assert_true(json_bool(last_record(f, "request", "PUT send"), "replayed", false));
	/* neither room nor type are part of the key */
	expect_call(f, 200, NULL, "PUT", in_two, "AS",
	        "{\"body\":\"b\",\"msgtype\":\"m.text\"}");
	assert_string_equal(json_str(f->reply, "event_id"), first);
	expect_call(f, 200, NULL, "PUT", other_type, "AS", "{}");
	assert_string_equal(json_str(f->reply, "event_id"), first);
	assert_int_equal(count_records(f, "event", "message"), 1);
	/* but the user is, and it lasts */
	register_ghost(f, "slack_g");
	advance(f, 1000LL * 3600 * 24 * 365);
	expect_call(f, 200, NULL, "PUT", in_one, "AS",
	        "{\"body\":\"a\",\"msgtype\":\"m.text\"}");
	assert_string_equal(json_str(f->reply, "event_id"), first);
}

static void test_txn_shared_with_to_device(void **state)
{
	struct fixture *f = *state;
	autofree char *room = bot_room(f, "{}");
	autofree char *send = xasprintf(C3 "rooms/%s/send/m.room.message/d1", room);

	expect_call(
	        f, 200, NULL, "PUT", C3 "sendToDevice/m.x/d1", "AS", "{\"messages\":{}}");
	expect_call(f, 400, "M_INVALID_PARAM", "PUT", send, "AS", "{\"body\":\"a\"}");
}

static const struct {
	const char *path; /* behind rooms/{room}/ */
	const char *body;
	int status;
	const char *errcode;
} put_rows[] = {
        {"send/m.room.message/1", "{\"body\":\"a\",\"n\":1.0}", 400, "M_BAD_JSON"},
        {"send/m.room.message/2", "{\"n\":9007199254740993}", 400, "M_BAD_JSON"},
        {"send/m.room.message/3", "[]", 400, "M_BAD_JSON"},
        {"send/m.room.message/4", "", 400, "M_BAD_JSON"},
        {"send/m.room.message/5", "{\"body\":", 400, "M_BAD_JSON"},
        {"send/a%2Fb/6%2F7", "{}", 200, NULL},
        {"send/m.room.redaction/8", "{\"redacts\":\"$nothing\"}", 200, NULL},
        {"state/m.room.name", "{\"name\":\"x\"}", 200, NULL},
        {"state/m.room.name/", "{\"name\":\"x\"}", 200, NULL},
        {"state/m.room.name/key", "{\"name\":\"x\"}", 200, NULL},
        {"state/m.room.create/", "{}", 400, "M_BAD_JSON"},
        {"state/m.room.member/nobody", "{\"membership\":\"join\"}", 400, "M_BAD_JSON"},
        {"state/m.room.member/@slackbot:sim.test", "{}", 400, "M_BAD_JSON"},
        {"state/m.room.topic", "{\"topic\":1.5}", 400, "M_BAD_JSON"},
        {"state/m.room.canonical_alias", "{\"alias\":\"#no:sim.test\"}", 400,
                "M_UNKNOWN"},
        {"state/m.room.canonical_alias", "{\"alias\":\"#admins:sim.test\"}", 400,
                "M_BAD_ALIAS"},
        {"state/m.room.server_acl", "{\"allow\":[]}", 400, "M_BAD_JSON"},
        {"state/m.room.server_acl", "{\"allow\":[\"*\"]}", 200, NULL},
        {"state/x/@slack_a:sim.test", "{}", 403, "M_FORBIDDEN"},
        {"redact/$nothing/9", "{}", 200, NULL}, /* power over all, even the unknown */
        {"typing/@slackbot:sim.test", "{\"typing\":true,\"timeout\":1}", 200, NULL},
};

static void test_put_table(void **state)
{
	struct fixture *f = *state;
	autofree char *room = bot_room(f, "{}");

	for (size_t i = 0; i < sizeof(put_rows) / sizeof(put_rows[0]); i++) {
		autofree char *target =
		        xasprintf(C3 "rooms/%s/%s", room, put_rows[i].path);
		expect_call(f, put_rows[i].status, put_rows[i].errcode, "PUT", target,
		        "AS", put_rows[i].body);
	}
	assert_int_equal(count_records(f, "type", "a/b"), 1);
	assert_int_equal(count_records(f, "txn", "6/7"), 2); /* event and request */
}

static void test_large_event(void **state)
{
	struct fixture *f = *state;
	autofree char *room = bot_room(f, "{}");
	autofree char *target = xasprintf(C3 "rooms/%s/send/m.room.message/1", room);
	autofree char *again = xasprintf(C3 "rooms/%s/send/m.room.message/1", room);
	autofree char *text = xcalloc(1, 70001);
	autofree char *body = NULL;
	autofree char *fits = NULL;

	memset(text, 'x', 70000);
	body = xasprintf("{\"body\":\"%s\"}", text);
	fits = xasprintf("{\"body\":\"%.60000s\"}", text);
	expect_call(f, 413, "M_TOO_LARGE", "PUT", target, "AS", body);
	expect_call(
	        f, 200, NULL, "PUT", again, "AS", fits); /* a failed send keeps no txn */
}

static void test_unknown_rooms(void **state)
{
	static const struct {
		const char *method, *path;
		int status;
	} rows[] = {
	        {"PUT", "rooms/!no:sim.test/send/m.room.message/1", 500},
	        {"PUT", "rooms/!no:sim.test/state/m.room.name/", 500},
	        {"PUT", "rooms/!no:sim.test/redact/$x/1", 500},
	        {"POST", "rooms/!no:sim.test/join", 500},
	        {"POST", "join/!no:sim.test", 500},
	        {"POST", "join/%23no:sim.test", 404},
	        {"GET", "rooms/!no:sim.test/state", 403},
	        {"GET", "rooms/!no:sim.test/state/m.room.name/", 404},
	        {"GET", "rooms/!no:sim.test/members", 403},
	        {"GET", "rooms/!no:sim.test/joined_members", 403},
	        {"GET", "rooms/!no:sim.test/event/$x", 404},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		autofree char *target = xasprintf(C3 "%s", rows[i].path);
		if (call(f, rows[i].method, target, "AS", "{}") != rows[i].status) {
			fail_msg("%s %s: %s", rows[i].method, target, f->body);
		}
	}
}

static void test_redact(void **state)
{
	struct fixture *f = *state;
	autofree char *room = bot_room(f, "{}");
	autofree char *send = xasprintf(C3 "rooms/%s/send/m.room.message/1", room);
	autofree char *target = NULL, *by_send = NULL, *id = NULL, *get = NULL;

	expect_call(f, 200, NULL, "PUT", send, "AS",
	        "{\"body\":\"a\",\"msgtype\":\"m.text\"}");
	id = xstrdup(json_str(f->reply, "event_id"));
	target = xasprintf(C3 "rooms/%s/redact/%s/r1", room, id);
	expect_call(f, 200, NULL, "PUT", target, "AS", "{\"reason\":\"why\"}");
	expect_call(f, 200, NULL, "PUT", target, "AS", "{}"); /* no idempotency here */
	assert_int_equal(count_records(f, "event", "redaction"), 2);
	by_send = xasprintf(C3 "rooms/%s/send/m.room.redaction/r2?ts=5", room);
	expect_call(f, 200, NULL, "PUT", by_send, "AS", "{\"redacts\":\"$x\"}");
	expect_call(f, 200, NULL, "PUT", by_send, "AS", "{\"redacts\":\"$x\"}");
	assert_int_equal(count_records(f, "event", "redaction"), 3);
	get = xasprintf(C3 "rooms/%s/event/%s", room, id);
	expect_call(f, 200, NULL, "GET", get, "AS", "");
	assert_null(json_str(f->reply, "content.body"));
	assert_string_equal(
	        json_str(f->reply, "unsigned.redacted_because.type"), "m.room.redaction");
	assert_non_null(json_get(f->reply, "unsigned.age"));
}

/* ---- members ---- */

static void test_ghost_joins(void **state)
{
	struct fixture *f = *state;
	autofree char *room = bot_room(f, "{}");
	autofree char *join =
	        xasprintf(C3 "rooms/%s/join?user_id=@slack_g:sim.test", room);
	autofree char *invite = xasprintf(C3 "rooms/%s/invite", room);
	autofree char *members = xasprintf(C3 "rooms/%s/joined_members", room);
	autofree char *leave =
	        xasprintf(C3 "rooms/%s/leave?user_id=@slack_g:sim.test", room);
	const char *ghost = "{\"user_id\":\"@slack_g:sim.test\"}";

	register_ghost(f, "slack_g");
	expect_call(f, 403, "M_FORBIDDEN", "POST", join, "AS", "");
	expect_call(f, 200, NULL, "POST", invite, "AS", ghost);
	expect_call(f, 200, NULL, "POST", join, "AS", "");
	assert_string_equal(json_str(f->reply, "room_id"), room);
	forget_records(f);
	expect_call(f, 200, NULL, "POST", join, "AS", ""); /* already: no event */
	assert_int_equal(count_records(f, "kind", "event"), 0);
	expect_call(f, 403, "M_FORBIDDEN", "POST", invite, "AS", ghost);
	expect_call(f, 200, NULL, "GET", members, "AS", "");
	assert_string_equal(content_str(content_obj(json_obj(f->reply, "joined"),
	                                        "@slack_g:sim.test"),
	                            "display_name"),
	        "slack_g");
	expect_call(f, 200, NULL, "GET", C3 "joined_rooms?user_id=@slack_g:sim.test",
	        "AS", "");
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "joined_rooms")), 1);
	expect_call(f, 200, NULL, "POST", leave, "AS", "");
	expect_call(
	        f, 403, "M_FORBIDDEN", "POST", leave, "AS", ""); /* leave after leave */
}

/* State PUTs make memberships too: the way mautrix invites and joins. */
static void test_members_by_state(void **state)
{
	struct fixture *f = *state;
	autofree char *room = bot_room(f, "{}");
	autofree char *put = xasprintf(
	        C3 "rooms/%s/state/m.room.member/@slack_g:sim.test?user_id=", room);
	autofree char *as_bot = xasprintf("%s@slackbot:sim.test", put);
	autofree char *as_ghost = xasprintf("%s@slack_g:sim.test", put);

	expect_call(f, 403, "M_FORBIDDEN", "PUT", as_ghost, "AS",
	        "{\"membership\":\"join\"}");
	expect_call(f, 200, NULL, "PUT", as_bot, "AS", "{\"membership\":\"invite\"}");
	expect_call(f, 200, NULL, "PUT", as_ghost, "AS", "{\"membership\":\"join\"}");
	expect_call(f, 200, NULL, "PUT", as_ghost, "AS", "{\"membership\":\"join\"}");
	assert_true(room_is_joined(room_find(f->sim, room), "@slack_g:sim.test"));
	assert_int_equal(
	        count_records(f, "membership", "join"), 3); /* the bot's, and two */
}

static void test_kick_and_ban(void **state)
{
	struct fixture *f = *state;
	autofree char *room = bot_room(f, "{\"invite\":[\"@admin:sim.test\"]}");
	autofree char *kick = xasprintf(C3 "rooms/%s/kick", room);
	autofree char *ban = xasprintf(C3 "rooms/%s/ban", room);
	autofree char *unban = xasprintf(C3 "rooms/%s/unban", room);
	autofree char *forget = xasprintf(C3 "rooms/%s/forget", room);
	autofree char *accept = xasprintf("{\"as\":\"admin\",\"room\":\"%s\"}", room);
	const char *admin = "{\"user_id\":\"@admin:sim.test\",\"reason\":\"r\"}";

	expect_call(f, 200, NULL, "POST", kick, "AS",
	        "{\"user_id\":\"@slack_never:sim.test\"}");
	expect_call(f, 400, "M_BAD_JSON", "POST", kick, "AS", "{}");
	say(f, "accept", accept);
	expect_call(f, 200, NULL, "POST", kick, "AS", admin);
	assert_string_equal(json_str(last_record(f, "event", "member"), "text"), "r");
	expect_call(f, 403, "M_FORBIDDEN", "POST", kick, "AS", admin);
	expect_call(f, 403, "M_FORBIDDEN", "POST", unban, "AS", admin);
	expect_call(f, 200, NULL, "POST", ban, "AS", admin);
	expect_call(f, 403, "M_FORBIDDEN", "POST", ban, "AS",
	        "{\"user_id\":\"@slackbot:sim.test\"}");
	expect_call(f, 200, NULL, "POST", unban, "AS", admin);
	expect_call(f, 400, "M_UNKNOWN", "POST", forget, "AS", "");
}

/* ---- state, profiles, data ---- */

static void test_state_reading(void **state)
{
	struct fixture *f = *state;
	autofree char *room = bot_room(f, "{\"name\":\"N\"}");
	autofree char *name = xasprintf(C3 "rooms/%s/state/m.room.name/", room);
	autofree char *create =
	        xasprintf(C3 "rooms/%s/state/m.room.create?format=event", room);
	autofree char *all = xasprintf(C3 "rooms/%s/state", room);
	autofree char *foreign =
	        xasprintf(C3 "rooms/%s/state?user_id=@slack_o:sim.test", room);

	expect_call(f, 200, NULL, "GET", name, "AS", "");
	assert_string_equal(f->body, "{\"name\":\"N\"}");
	expect_call(f, 200, NULL, "GET", create, "AS", "");
	assert_string_equal(json_str(f->reply, "sender"), "@slackbot:sim.test");
	expect_call(f, 200, NULL, "GET", all, "AS", "");
	assert_int_equal(cJSON_GetArraySize(f->reply), 7);
	expect_call(f, 403, "M_FORBIDDEN", "GET", foreign, "AS", "");
}

/* Each equal PUT makes an event. */
static void test_state_is_never_deduplicated(void **state)
{
	struct fixture *f = *state;
	autofree char *room = bot_room(f, "{}");
	autofree char *name = xasprintf(C3 "rooms/%s/state/m.room.name/", room);

	for (int i = 0; i < 3; i++) {
		expect_call(f, 200, NULL, "PUT", name, "AS", "{\"name\":\"N\"}");
	}
	assert_int_equal(count_records(f, "event", "name"), 3);
}

static void test_profile(void **state)
{
	struct fixture *f = *state;
	const char *name =
	        C3 "profile/@slack_g:sim.test/displayname?user_id=@slack_g:sim.test";
	autofree char *room = NULL;

	register_ghost(f, "slack_g");
	expect_call(f, 200, NULL, "POST", C3 "createRoom?user_id=@slack_g:sim.test", "AS",
	        "{}");
	room = xstrdup(json_str(f->reply, "room_id"));
	forget_records(f);
	expect_call(f, 200, NULL, "PUT", name, "AS", "{\"displayname\":\"Gus\"}");
	expect_call(f, 200, NULL, "PUT", name, "AS", "{\"displayname\":\"Gus\"}");
	assert_int_equal(count_records(f, "event", "member"), 1);
	assert_string_equal(json_str(last_record(f, "event", "member"), "from"), "Gus");
	/* an appservice may rename anybody */
	expect_call(f, 200, NULL, "PUT", C3 "profile/@admin:sim.test/displayname", "AS",
	        "{\"displayname\":\"Boss\"}");
	expect_call(f, 200, NULL, "GET", C3 "profile/@admin:sim.test", NULL, "");
	assert_string_equal(json_str(f->reply, "displayname"), "Boss");
	expect_call(
	        f, 200, NULL, "GET", C3 "profile/@admin:sim.test/avatar_url", NULL, "");
	assert_string_equal(f->body, "{}");
}

static void test_user_data(void **state)
{
	struct fixture *f = *state;
	const char *data =
	        C3 "user/@slack_g:sim.test/account_data/m.x?user_id=@slack_g:sim.test";
	const char *tags =
	        C3 "user/@slack_g:sim.test/rooms/!r:x/tags?user_id=@slack_g:sim.test";
	const char *tag = C3
	        "user/@slack_g:sim.test/rooms/!r:x/tags/m.low?user_id=@slack_g:sim.test";

	register_ghost(f, "slack_g");
	expect_call(f, 404, "M_NOT_FOUND", "GET", data, "AS", "");
	expect_call(f, 200, NULL, "PUT", data, "AS", "{\"a\":1}");
	expect_call(f, 200, NULL, "GET", data, "AS", "");
	assert_string_equal(f->body, "{\"a\":1}");
	expect_call(f, 400, "M_BAD_JSON", "PUT",
	        C3 "user/@slack_g:sim.test/account_data/m.push_rules", "AS", "{}");
	expect_call(f, 200, NULL, "PUT", tag, "AS", "{\"order\":1}");
	expect_call(f, 200, NULL, "GET", tags, "AS", "");
	assert_string_equal(f->body, "{\"tags\":{\"m.low\":{\"order\":1}}}");
	expect_call(f, 200, NULL, "DELETE", tag, "AS", "");
	expect_call(f, 200, NULL, "GET", tags, "AS", "");
	assert_string_equal(f->body, "{\"tags\":{}}");
}

static void test_aliases(void **state)
{
	struct fixture *f = *state;
	autofree char *room = bot_room(f, "{}");
	autofree char *body = xasprintf("{\"room_id\":\"%s\"}", room);
	const char *alias = C3 "directory/room/%23slack_a%3Asim.test";

	expect_call(f, 404, "M_NOT_FOUND", "GET", alias, NULL, "");
	expect_call(f, 200, NULL, "PUT", alias, "AS", body);
	expect_call(f, 409, "M_UNKNOWN", "PUT", alias, "AS", body);
	assert_string_equal(json_str(f->reply, "error"), "Alias already exists.");
	expect_call(f, 200, NULL, "GET", alias, NULL, "");
	assert_string_equal(json_str(f->reply, "room_id"), room);
	expect_call(f, 400, "M_EXCLUSIVE", "PUT", C3 "directory/room/%23other:sim.test",
	        "AS", body);
	expect_call(f, 400, "M_INVALID_PARAM", "PUT", C3 "directory/room/%23slack_a:else",
	        "AS", body);
	expect_call(f, 200, NULL, "DELETE", alias, "AS", "");
	expect_call(f, 404, "M_NOT_FOUND", "GET", alias, NULL, "");
}

/* Two runs with one seed and the same requests give the same bytes. */
static void test_same_seed_same_bytes(void **state)
{
	struct fixture *f = *state;
	struct fixture *other = fixture_create(NULL);
	autofree char *first = NULL, *second = NULL;

	register_as(other, "null");
	forget_records(other);
	for (int i = 0; i < 2; i++) {
		struct fixture *each = i == 0 ? f : other;
		autofree char *room = bot_room(each, "{\"name\":\"x\"}");
		autofree char *send =
		        xasprintf(C3 "rooms/%s/send/m.room.message/1", room);
		expect_call(each, 200, NULL, "PUT", send, "AS", "{\"body\":\"a\"}");
	}
	first = json_print(f->records);
	second = json_print(other->records);
	assert_string_equal(first, second);
	fixture_destroy(other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_as, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(test_auth),
	        TEST(test_register),
	        TEST(test_register_with_device),
	        TEST(test_login),
	        TEST(test_create_room_order),
	        TEST(test_create_room_half_made),
	        TEST(test_create_room_table),
	        TEST(test_send_is_idempotent),
	        TEST(test_txn_shared_with_to_device),
	        TEST(test_put_table),
	        TEST(test_large_event),
	        TEST(test_unknown_rooms),
	        TEST(test_redact),
	        TEST(test_ghost_joins),
	        TEST(test_members_by_state),
	        TEST(test_kick_and_ban),
	        TEST(test_state_reading),
	        TEST(test_state_is_never_deduplicated),
	        TEST(test_profile),
	        TEST(test_user_data),
	        TEST(test_aliases),
	        TEST(test_same_seed_same_bytes),
	};

	return cmocka_run_group_tests_name("sim_matrix_api", tests, NULL, NULL);
}
