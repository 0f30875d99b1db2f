#include "slack_fixture.h"

static void note_url(const char *url, const struct err *err, void *arg)
{
	assert_true((url == NULL) == (err->kind != ERR_NONE));
	note(arg, url, err);
}

static void note_identity(
        const struct slack_identity *identity, const struct err *err, void *arg)
{
	struct told *told = arg;

	assert_true((identity == NULL) == (err->kind != ERR_NONE));
	if (identity != NULL) {
		snprintf(told->more, sizeof(told->more), "%s|%s|%s|%s|%s|%s",
		        identity->team, identity->url, identity->user_id,
		        identity->bot_id, identity->app_id, identity->scopes);
	}
	note(told, identity == NULL ? NULL : identity->team_id, err);
}

static void note_channel(
        const struct slack_channel *channel, const struct err *err, void *arg)
{
	struct told *told = arg;

	assert_true((channel == NULL) == (err->kind != ERR_NONE));
	if (channel != NULL) {
		snprintf(told->more, sizeof(told->more), "%s|%s|%s|%d|%d|%d|%lld",
		        channel->name, channel->topic, channel->user, channel->kind,
		        channel->is_member, channel->is_archived,
		        (long long)channel->updated_ms);
	}
	note(told, channel == NULL ? NULL : channel->id, err);
}

static void note_channels(const struct slack_channel *channels, size_t count,
        const char *next_cursor, const struct err *err, void *arg)
{
	struct told *told = arg;

	assert_true(count == 0 || err->kind == ERR_NONE);
	told->count = count;
	snprintf(told->more, sizeof(told->more), "%s",
	        count == 0 ? "" : channels[count - 1].id);
	note(told, next_cursor, err);
}

/* ---------------------------------------------------------------- requests */

static void test_post_as_sent(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};
	struct slack_post message = {.channel_id = "C1",
	        .text = "a &amp; b=c+d \xc3\xa9\n",
	        .thread_ts = "1.1",
	        .username = "Bob & co",
	        .icon_url = "https://x/y?z=1&w",
	        .mark = {.event_id = "$e:\"x\""}};

	script_say(&f->script, "/api/chat.postMessage", POSTED);
	slack_chat_post(f->api, &message, note_ts, &told);
	assert_int_equal(told.times, 0); /* never inside start */
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, "1700000000.000100");

	const struct asked *asked = &f->script.asked[0];
	assert_string_equal(asked->method, "POST");
	assert_string_equal(asked->path, "/api/chat.postMessage");
	assert_string_equal(asked->query, "");
	assert_string_equal(asked->authorization, "Bearer " TOKEN);
	assert_string_equal(asked->content_type, "application/x-www-form-urlencoded");
	assert_form(&f->script, 0, "channel", "C1");
	assert_form(&f->script, 0, "text", message.text);
	assert_form(&f->script, 0, "thread_ts", "1.1");
	assert_form(&f->script, 0, "username", "Bob & co");
	assert_form(&f->script, 0, "icon_url", "https://x/y?z=1&w");
	assert_form(&f->script, 0, "metadata",
	        "{\"event_type\":\"matrix_event\","
	        "\"event_payload\":{\"event_id\":\"$e:\\\"x\\\"\"}}");
	assert_form(&f->script, 0, "unfurl_links", NULL);
	assert_form(&f->script, 0, "token", NULL);
	assert_null(strstr(asked->body, "secret"));
}

static void test_post_leaves_out_what_is_not_given(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};

	script_say(&f->script, NULL, POSTED);
	post(f, &told);
	pass_ms(f->loop, 0);
	assert_form(&f->script, 0, "thread_ts", NULL);
	assert_form(&f->script, 0, "username", NULL);
	assert_form(&f->script, 0, "icon_url", NULL);
}

static void test_too_long_a_text_is_refused_from_the_loop(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};
	autofree char *text = xmalloc(1100000);

	memset(text, 'x', 1099999);
	text[1099999] = '\0';
	struct slack_post message = {
	        .channel_id = "C1", .text = text, .mark = {.event_id = "$e"}};
	slack_chat_post(f->api, &message, note_ts, &told);
	assert_int_equal(told.times, 0);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_PERMANENT, "");
	assert_int_equal(f->script.asked_count, 0);
}

static void test_connections_open(void **state)
{
	struct fixture *f = *state;
	struct told good = {0}, bad = {0};

	script_say(&f->script, "/api/apps.connections.open",
	        "{\"ok\":true,\"url\":\"wss://wss.slack.com/link/?ticket=1\"}");
	slack_connections_open(f->api, note_url, &good);
	pass_ms(f->loop, 0);
	assert_told(&good, ERR_NONE, "wss://wss.slack.com/link/?ticket=1");
	assert_string_equal(f->script.asked[0].method, "POST");
	assert_string_equal(f->script.asked[0].body, "");

	script_say(&f->script, NULL, "{\"ok\":true,\"url\":\"http://x/\"}");
	slack_connections_open(f->api, note_url, &bad);
	pass_ms(f->loop, 0);
	assert_told(&bad, ERR_RETRY, "");
}

static void test_auth_test(void **state)
{
	struct fixture *f = *state;
	struct told good = {0}, bad = {0};

	script_say(&f->script, "/api/auth.test",
	        "{\"ok\":true,\"url\":\"https://w.slack.com/\",\"team\":\"W\","
	        "\"user\":\"b\",\"team_id\":\"T1\",\"user_id\":\"U1\","
	        "\"bot_id\":\"B1\",\"is_enterprise_install\":false}");
	slack_auth_test(f->api, note_identity, &good);
	pass_ms(f->loop, 0);
	assert_told(&good, ERR_NONE, "T1");
	assert_string_equal(good.more, "W|https://w.slack.com/|U1|B1||");

	script_say(&f->script, NULL, "{\"ok\":true}");
	slack_auth_test(f->api, note_identity, &bad);
	pass_ms(f->loop, 0);
	assert_told(&bad, ERR_RETRY, "");
}

static void reply_with_scopes(struct http_request *req, void *arg)
{
	(void)arg;
	http_request_add_header(req, "x-oauth-scopes", "chat:write,users:read");
	http_request_reply_json(
	        req, 200, "{\"ok\":true,\"team_id\":\"T1\",\"user_id\":\"U1\"}");
}

static void test_scopes_are_in_a_header(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};

	f->script.custom = reply_with_scopes;
	script_add(&f->script, (struct answer){.how = CUSTOM});
	slack_auth_test(f->api, note_identity, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, "T1");
	assert_string_equal(told.more, "||U1|||chat:write,users:read");
}

static void test_users_info(void **state)
{
	static const struct {
		const char *profile, *expected;
	} cases[] = {
	        {"{\"real_name\":\"Ann Lee\",\"display_name\":\"ann\","
	         "\"image_512\":\"i512\",\"image_192\":\"i192\"}",
	                "T1|alee|Ann Lee|ann|i512|0|1"},
	        {"{\"display_name\":\"\",\"image_512\":null,\"image_192\":\"i192\","
	         "\"image_original\":\"io\"}",
	                "T1|alee|Ann||i192|0|1"},
	        {"{\"image_original\":\"io\"}", "T1|alee|Ann||io|0|1"},
	        {"[]", "T1|alee|Ann|||0|1"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < SIZE(cases); i++) {
		struct told told = {0};
		autofree char *body = xasprintf(
		        "{\"ok\":true,\"user\":{\"id\":\"U1\",\"team_id\":\"T1\","
		        "\"name\":\"alee\",\"real_name\":\"Ann\",\"deleted\":true,"
		        "\"is_bot\":false,\"profile\":%s}}",
		        cases[i].profile);
		script_say(&f->script, "/api/users.info", body);
		slack_users_info(f->api, "U1", note_user, &told);
		pass_ms(f->loop, 0);
		assert_told(&told, ERR_NONE, "U1");
		assert_string_equal(told.more, cases[i].expected);
		assert_form(&f->script, i, "user", "U1");
	}
}

static void test_bots_info(void **state)
{
	struct fixture *f = *state;
	struct told good = {0}, bad = {0};

	script_say(&f->script, "/api/bots.info",
	        "{\"ok\":true,\"bot\":{\"id\":\"B1\",\"deleted\":false,"
	        "\"name\":\"poll\",\"app_id\":\"A1\",\"icons\":{\"image_36\":\"a\","
	        "\"image_72\":\"c\"}}}");
	slack_bots_info(f->api, "B1", note_user, &good);
	pass_ms(f->loop, 0);
	assert_told(&good, ERR_NONE, "B1");
	assert_string_equal(good.more, "|poll|poll||c|1|0");
	assert_form(&f->script, 0, "bot", "B1");

	script_say(&f->script, NULL, "{\"ok\":true,\"bot\":[]}");
	slack_bots_info(f->api, "B1", note_user, &bad);
	pass_ms(f->loop, 0);
	assert_told(&bad, ERR_RETRY, "");
}

static void test_conversations_info(void **state)
{
	static const struct {
		const char *fields, *expected;
	} cases[] = {
	        {"\"name\":\"general\",\"is_channel\":true,\"is_member\":true,"
	         "\"topic\":{\"value\":\"news\"},\"updated\":1700000000123",
	                "general|news||0|1|0|1700000000123"},
	        {"\"name\":\"x\",\"is_channel\":true", "x|||0|0|0|0"},
	        {"\"name\":\"x\",\"is_private\":true,\"is_archived\":true",
	                "x|||1|0|1|0"},
	        {"\"name\":\"x\",\"is_group\":true", "x|||1|0|0|0"},
	        {"\"name\":\"mpdm-a--b-1\",\"is_mpim\":true,\"is_private\":true",
	                "mpdm-a--b-1|||2|1|0|0"},
	        {"\"is_im\":true,\"user\":\"U2\"", "||U2|3|1|0|0"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < SIZE(cases); i++) {
		struct told told = {0};
		autofree char *body = xasprintf(
		        "{\"ok\":true,\"channel\":{\"id\":\"C1\",%s}}", cases[i].fields);
		script_say(&f->script, "/api/conversations.info", body);
		slack_conversations_info(f->api, "C1", note_channel, &told);
		pass_ms(f->loop, 0);
		assert_told(&told, ERR_NONE, "C1");
		assert_string_equal(told.more, cases[i].expected);
	}
}

static void test_users_conversations(void **state)
{
	struct fixture *f = *state;
	struct told first = {0}, empty = {0}, bad = {0};

	script_say(&f->script, "/api/users.conversations",
	        "{\"ok\":true,\"channels\":[{\"id\":\"C1\"},{\"name\":\"no id\"},7,"
	        "{\"id\":\"D1\",\"is_im\":true}],"
	        "\"response_metadata\":{\"next_cursor\":\"dGVhbQ==\"}}");
	slack_users_conversations(f->api, "", note_channels, &first);
	pass_ms(f->loop, 0);
	assert_told(&first, ERR_NONE, "dGVhbQ==");
	assert_int_equal(first.count, 2);
	assert_string_equal(first.more, "D1");
	assert_form(&f->script, 0, "types", "public_channel,private_channel,mpim,im");
	assert_form(&f->script, 0, "cursor", NULL);

	script_say(&f->script, NULL, "{\"ok\":true,\"channels\":[]}");
	slack_users_conversations(f->api, "dGVhbQ==", note_channels, &empty);
	pass_ms(f->loop, 0);
	assert_told(&empty, ERR_NONE, "");
	assert_int_equal(empty.count, 0);
	assert_form(&f->script, 1, "cursor", "dGVhbQ==");

	script_say(&f->script, NULL, "{\"ok\":true,\"channels\":{}}");
	slack_users_conversations(f->api, "", note_channels, &bad);
	pass_ms(f->loop, 0);
	assert_told(&bad, ERR_RETRY, "");
}

/* ---------------------------------------------------------------- errors */

/* A read and a write, for each way to fail. */
static void test_classification(void **state)
{
	static const struct {
		struct answer answer;
		enum err_kind read, write;
		const char *name;
	} cases[] = {
	        {{.body = REFUSED}, ERR_PERMANENT, ERR_PERMANENT, "is_archived"},
	        {{.body = "{\"ok\":false,\"error\":\"never_heard_of\"}"}, ERR_PERMANENT,
	                ERR_PERMANENT, "never_heard_of"},
	        {{.body = "{\"ok\":false,\"error\":\"invalid_auth\"}"}, ERR_PERMANENT,
	                ERR_PERMANENT, "invalid_auth"},
	        {{.body = "{\"ok\":false,\"error\":\"service_unavailable\"}"}, ERR_RETRY,
	                ERR_RETRY, "service_unavailable"},
	        {{.body = "{\"ok\":false,\"error\":\"request_timeout\"}"}, ERR_RETRY,
	                ERR_RETRY, "request_timeout"},
	        {{.body = "{\"ok\":false,\"error\":\"team_added_to_org\"}"}, ERR_RETRY,
	                ERR_RETRY, "team_added_to_org"},
	        {{.body = "{\"ok\":false,\"error\":\"fatal_error\"}"}, ERR_RETRY,
	                ERR_UNSURE, "fatal_error"},
	        {{.body = "{\"ok\":false,\"error\":\"internal_error\"}"}, ERR_RETRY,
	                ERR_UNSURE, "internal_error"},
	        /* refused without a word, or with a page for one */
	        {{.body = "{\"ok\":false}"}, ERR_PERMANENT, ERR_PERMANENT, ""},
	        {{.body = "{\"ok\":false,\"not_in_channel\":true}"}, ERR_PERMANENT,
	                ERR_PERMANENT, ""},
	        {{.body = "{\"ok\":false,\"error\":\"<html>hi</html>\"}"}, ERR_PERMANENT,
	                ERR_PERMANENT, ""},
	        /* 200, but not Slack */
	        {{.body = "<html>Wi-Fi login</html>"}, ERR_RETRY, ERR_UNSURE, ""},
	        {{.body = ""}, ERR_RETRY, ERR_UNSURE, ""},
	        {{.body = "[]"}, ERR_RETRY, ERR_UNSURE, ""},
	        {{.body = "{\"ok\":\"yes\"}"}, ERR_RETRY, ERR_UNSURE, ""},
	        {{.body = "{\"ok\":tru"}, ERR_RETRY, ERR_UNSURE, ""},
	        /* ok, but without what was asked for */
	        {{.body = "{\"ok\":true}"}, ERR_RETRY, ERR_UNSURE, ""},
	        {{.body = "{\"ok\":true,\"ts\":7}"}, ERR_RETRY, ERR_UNSURE, ""},
	        {{.status = 500, .body = "oops"}, ERR_RETRY, ERR_UNSURE, ""},
	        {{.status = 503, .body = REFUSED}, ERR_RETRY, ERR_UNSURE, ""},
	        {{.status = 302, .body = ""}, ERR_RETRY, ERR_UNSURE, ""},
	        {{.status = 404, .body = "<html>"}, ERR_PERMANENT, ERR_PERMANENT, ""},
	        {{.status = 403, .body = REFUSED}, ERR_PERMANENT, ERR_PERMANENT,
	                "is_archived"},
	        {{.status = 408, .body = ""}, ERR_RETRY, ERR_RETRY, ""},
	        /* lost on the way back */
	        {{.how = DROP}, ERR_RETRY, ERR_UNSURE, ""},
	        {{.how = ANSWER_CUT, .body = POSTED}, ERR_RETRY, ERR_UNSURE, ""},
	};
	struct fixture *f = *state;

	slack_api_unlimit(f->api);
	for (size_t i = 0; i < SIZE(cases); i++) {
		struct told read = {0}, write = {0};
		script_add(&f->script, cases[i].answer);
		slack_bots_info(f->api, "B1", note_user, &read);
		pass_ms(f->loop, 0);
		script_add(&f->script, cases[i].answer);
		post(f, &write);
		pass_ms(f->loop, 0);
		if (read.err.kind != cases[i].read || write.err.kind != cases[i].write) {
			fail_msg("case %zu: read %s, write %s", i,
			        err_kind_to_str(read.err.kind),
			        err_kind_to_str(write.err.kind));
		}
		assert_int_equal(read.times, 1);
		assert_int_equal(write.times, 1);
		assert_string_equal(write.err.name, cases[i].name);
		/* A redirect is not followed. */
		assert_int_equal(f->script.asked_count, 2 * (i + 1));
	}
}

static void test_missing_scope_says_which(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};

	script_say(&f->script, NULL,
	        "{\"ok\":false,\"error\":\"missing_scope\",\"needed\":\"chat:write\","
	        "\"provided\":\"users:read\"}");
	post(f, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_PERMANENT, "");
	assert_string_equal(told.err.name, "missing_scope");
	assert_non_null(strstr(told.err.msg, "chat:write"));
}

static void test_nobody_listens(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};
	autofree char *url = script_url(&f->script, "/api");

	/* Also: a base URL without its slash. */
	struct slack_api *api = slack_api_create(f->loop, f->http, url, TOKEN);
	http_server_destroy(&f->script.server);
	slack_auth_test(api, note_identity, &told);
	pass_ms(f->loop, 1000);
	assert_told(&told, ERR_RETRY, "");
	slack_api_destroy(&api);
}

static void test_deadline(void **state)
{
	struct fixture *f = *state;
	struct told read = {0}, write = {0};

	f->script.otherwise.how = HOLD;
	slack_users_info(f->api, "U1", note_user, &read);
	post(f, &write);
	pass_ms(f->loop, 29900);
	assert_int_equal(read.times + write.times, 0);
	pass_ms(f->loop, 200);
	assert_told(&read, ERR_RETRY, "");
	assert_told(&write, ERR_UNSURE, "");
}

/* ---------------------------------------------------------------- cancel */

static void test_cancel_is_silence(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};
	struct slack_call *call = NULL;

	slack_call_cancel(&call); /* nothing */
	f->script.otherwise.how = HOLD;
	call = post(f, &told);
	slack_call_cancel(&call); /* before it left */
	assert_null(call);
	call = post(f, &told);
	pass_ms(f->loop, 100);
	slack_call_cancel(&call); /* on its way */
	pass_ms(f->loop, 60000);
	assert_int_equal(told.times, 0);
}

static void test_done_may_destroy_the_api(void **state)
{
	struct fixture *f = *state;
	struct told told = {.destroy = f};

	script_say(&f->script, NULL, POSTED);
	post(f, &told);
	pass_ms(f->loop, 0);
	assert_int_equal(told.times, 1);
	assert_null(f->api);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_post_as_sent),
	        TEST(test_post_leaves_out_what_is_not_given),
	        TEST(test_too_long_a_text_is_refused_from_the_loop),
	        TEST(test_connections_open),
	        TEST(test_auth_test),
	        TEST(test_scopes_are_in_a_header),
	        TEST(test_users_info),
	        TEST(test_bots_info),
	        TEST(test_conversations_info),
	        TEST(test_users_conversations),
	        TEST(test_classification),
	        TEST(test_missing_scope_says_which),
	        TEST(test_nobody_listens),
	        TEST(test_deadline),
	        TEST(test_cancel_is_silence),
	        TEST(test_done_may_destroy_the_api),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
