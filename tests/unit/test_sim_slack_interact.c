/* proves: SIMS-01 SIMS-03 */
#include "tests/unit/sim_slack_fixture.h"

static const char blocks_form[] =
        "channel=C0GENERAL0&text=choose&blocks=[{\"type\":\"actions\",\"block_id\":\"b1\",\"elements\":"
        "[{\"type\":\"button\",\"action_id\":\"yes\",\"value\":\"1\",\"text\":{\"type\":\"plain_text\","
        "\"text\":\"Yes\"}}]},{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"x\"},"
        "\"accessory\":{\"type\":\"button\",\"action_id\":\"side\",\"text\":{\"type\":\"plain_text\","
        "\"text\":\"S\"}}}]";

static const char view_form[] =
        "view={\"type\":\"modal\",\"callback_id\":\"form\",\"notify_on_close\":true,\"title\":"
        "{\"type\":\"plain_text\",\"text\":\"T\"},\"blocks\":[]}&trigger_id=";

static void ack_with(struct ws *ws, const cJSON *envelope, const char *payload)
{
	autofree char *text = xasprintf("{\"envelope_id\":\"%s\",\"payload\":%s}",
	        json_str(envelope, "envelope_id"), payload);

	ws_send(ws, WS_TEXT, text, strlen(text));
}

/* Posts JSON to a response_url. */
static int respond(struct fixture *f, const char *url, const char *body)
{
	request(f, "POST", strstr(url, "/response/"), NULL, "application/json", body);
	return f->status;
}

static cJSON *next_envelope(struct ws *ws)
{
	advance(ws->f, 10);
	return ws_message(ws);
}

/* ---- slash commands ---- */

static void test_command(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	autojson cJSON *gave = NULL, *envelope = NULL;
	const cJSON *payload;

	ws_ready(&ws, f);
	gave = verb(f, "command",
	        "{\"as\":\"carol\",\"in\":\"general\",\"command\":\"/do\",\"text\":\"it now\"}");
	envelope = next_envelope(&ws);
	payload = json_obj(envelope, "payload");
	assert_string_equal(json_str(envelope, "type"), "slash_commands");
	assert_true(json_bool(envelope, "accepts_response_payload", false));
	assert_null(json_get(envelope, "retry_attempt"));
	assert_string_equal(json_str(payload, "command"), "/do");
	assert_string_equal(json_str(payload, "text"), "it now");
	assert_string_equal(json_str(payload, "user_id"), "U0SIMCAROL");
	assert_string_equal(json_str(payload, "channel_name"), "general");
	assert_string_equal(json_str(payload, "is_enterprise_install"), "false");
	assert_string_equal(
	        json_str(payload, "response_url"), json_str(gave, "response_url"));
	ack_with(&ws, envelope, "{\"text\":\"done\"}");
	assert_int_equal(count_records(f, "ephemeral", "text", "done"), 1);
	assert_int_equal(count_records(f, "interaction", "answered", "ok"), 1);
	assert_int_equal(pending(f), 0);
	say_wrong(f, "command", "{\"in\":\"general\",\"command\":\"do\"}");
	say_wrong(
	        f, "command", "{\"as\":\"bot\",\"in\":\"general\",\"command\":\"/do\"}");
	ws_close(&ws);
}

static void test_unanswered_command_is_not_sent_again(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	autojson cJSON *first = NULL, *second = NULL;

	ws_ready(&ws, f);
	say(f, "command", "{\"in\":\"general\",\"command\":\"/do\"}");
	first = next_envelope(&ws);
	assert_non_null(first);
	advance(f, 400000);
	second = ws_message(&ws);
	assert_null(second);
	assert_int_equal(count_records(f, "interaction", "answered", "timeout"), 1);
	ack_with(&ws, first, "{\"text\":\"too late\"}");
	assert_int_equal(count_records(f, "ephemeral", "text", "too late"), 0);
	assert_int_equal(pending(f), 0);
	ws_close(&ws);
}

static void test_response_url(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *gave = NULL;
	autofree char *url = NULL;

	gave = verb(f, "command", "{\"in\":\"general\",\"command\":\"/do\"}");
	url = xstrdup(json_str(gave, "response_url"));
	assert_int_equal(respond(f, url, "{\"text\":\"one\"}"), 200);
	assert_string_equal(f->body, "ok");
	assert_int_equal(count_records(f, "ephemeral", "text", "one"), 1);
	assert_int_equal(respond(f, url, "nonsense"), 400);
	assert_int_equal(respond(f, url, "{}"), 400);
	assert_string_equal(json_str(f->reply, "error"), "no_text");
	assert_int_equal(
	        respond(f, url, "{\"text\":\"two\",\"response_type\":\"in_channel\"}"),
	        200);
	assert_int_equal(count_records(f, "message", "text", "two"), 1);
	for (int i = 3; i <= 5; i++) {
		assert_int_equal(respond(f, url, "{\"text\":\"more\"}"), 200);
	}
	assert_int_equal(respond(f, url, "{\"text\":\"six\"}"), 404);
	assert_string_equal(json_str(f->reply, "error"), "used_url");
	assert_int_equal(
	        respond(f, "/response/T0SIMTEAM0/nobody", "{\"text\":\"x\"}"), 404);
}

static void test_response_url_ends(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *gave = NULL;

	gave = verb(f, "command", "{\"in\":\"general\",\"command\":\"/do\"}");
	advance(f, 30 * 60 * 1000 + 1);
	assert_int_equal(
	        respond(f, json_str(gave, "response_url"), "{\"text\":\"x\"}"), 404);
	assert_string_equal(json_str(f->reply, "error"), "expired_url");
}

/* ---- buttons ---- */

static void test_click(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	autojson cJSON *gave = NULL, *envelope = NULL;
	const cJSON *payload, *action;

	invite_bot(f);
	call_ok(f, "chat.postMessage", blocks_form);
	advance(f, 400000);
	ws_ready(&ws, f);
	say_wrong(f, "click",
	        "{\"in\":\"general\",\"of\":\"choose\",\"action_id\":\"no\"}");
	gave = verb(f, "click",
	        "{\"in\":\"general\",\"of\":\"choose\",\"action_id\":\"yes\",\"with\":{\"extra\":1}}");
	envelope = next_envelope(&ws);
	payload = json_obj(envelope, "payload");
	assert_string_equal(json_str(envelope, "type"), "interactive");
	assert_false(json_bool(envelope, "accepts_response_payload", true));
	assert_string_equal(json_str(payload, "type"), "block_actions");
	assert_string_equal(json_str(payload, "message.text"), "choose");
	assert_string_equal(json_str(payload, "container.channel_id"), "C0GENERAL0");
	action = cJSON_GetArrayItem(json_arr(payload, "actions"), 0);
	assert_string_equal(json_str(action, "action_id"), "yes");
	assert_string_equal(json_str(action, "block_id"), "b1");
	assert_string_equal(json_str(action, "value"), "1");
	assert_int_equal(json_int(action, "extra", 0), 1);
	assert_non_null(json_str(action, "action_ts"));
	ws_ack(&ws, envelope);
	assert_int_equal(respond(f, json_str(gave, "response_url"),
	                         "{\"text\":\"chosen\",\"replace_original\":true}"),
	        200);
	assert_int_equal(count_records(f, "edit", "text", "chosen"), 1);
	assert_int_equal(
	        respond(f, json_str(gave, "response_url"), "{\"delete_original\":true}"),
	        200);
	assert_int_equal(count_records(f, "delete", "text", NULL), 1);
	assert_int_equal(
	        respond(f, json_str(gave, "response_url"), "{\"delete_original\":true}"),
	        400);
	ws_close(&ws);
}

/* ---- views ---- */

static void test_triggers(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *gave = NULL, *late = NULL;
	autofree char *form = NULL, *old = NULL;

	gave = verb(f, "shortcut", "{\"callback_id\":\"s\"}");
	form = xasprintf("%s%s", view_form, json_str(gave, "trigger_id"));
	call_ok(f, "views.open", form);
	assert_string_equal(json_str(f->reply, "view.callback_id"), "form");
	call_error(f, "views.open", form, "exchanged_trigger_id");
	late = verb(f, "shortcut", "{\"callback_id\":\"s\"}");
	advance(f, 3001);
	old = xasprintf("%s%s", view_form, json_str(late, "trigger_id"));
	call_error(f, "views.open", old, "expired_trigger_id");
	autofree char *bad = xasprintf("%snonsense", view_form);
	call_error(f, "views.open", bad, "invalid_trigger_id");
	call_error(f, "views.open", "trigger_id=1&view={\"type\":\"modal\"}",
	        "invalid_arguments");
}

static void open_view(struct fixture *f)
{
	autojson cJSON *gave = verb(f, "shortcut", "{\"callback_id\":\"s\"}");
	autofree char *form = xasprintf("%s%s", view_form, json_str(gave, "trigger_id"));

	call_ok(f, "views.open", form);
}

static void submit_and_answer(struct ws *ws, const char *answer)
{
	autojson cJSON *envelope = NULL;

	say(ws->f, "submit", "{\"values\":{\"b\":{\"a\":\"text\"}}}");
	envelope = next_envelope(ws);
	assert_string_equal(json_str(envelope, "payload.type"), "view_submission");
	assert_true(json_bool(envelope, "accepts_response_payload", false));
	assert_string_equal(
	        json_str(envelope, "payload.view.state.values.b.a.value"), "text");
	ack_with(ws, envelope, answer);
}

static void test_submissions(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	autojson cJSON *shortcut = NULL, *closed = NULL;

	ws_ready(&ws, f);
	say_wrong(f, "submit", "{}");
	open_view(f);
	shortcut = next_envelope(&ws);
	ws_ack(&ws, shortcut);
	submit_and_answer(
	        &ws, "{\"response_action\":\"errors\",\"errors\":{\"b\":\"no\"}}");
	assert_int_equal(count_records(f, "interaction", "action", "errors"), 1);
	submit_and_answer(&ws,
	        "{\"response_action\":\"push\",\"view\":{\"type\":\"modal\",\"callback_id\":\"second\","
	        "\"notify_on_close\":true,\"title\":{},\"blocks\":[]}}");
	say(f, "submit", "{\"view\":\"second\",\"close\":true}");
	closed = next_envelope(&ws);
	assert_string_equal(json_str(closed, "payload.type"), "view_closed");
	assert_string_equal(json_str(closed, "payload.view.callback_id"), "second");
	ws_ack(&ws, closed);
	submit_and_answer(&ws, "{\"response_action\":\"clear\"}");
	say_wrong(f, "submit", "{}");
	ws_close(&ws);
}

static void test_update_and_publish(void **state)
{
	struct fixture *f = *state;
	autofree char *id = NULL, *form = NULL;

	open_view(f);
	id = xstrdup(json_str(f->reply, "view.id"));
	form = xasprintf("view_id=%s&hash=stale&%s", id, view_form);
	call_error(f, "views.update", form, "hash_conflict");
	autofree char *right = xasprintf("view_id=%s&%s", id, view_form);
	call_ok(f, "views.update", right);
	autofree char *other = xasprintf("view_id=VNOBODY&%s", view_form);
	call_error(f, "views.update", other, "not_found");
	call_ok(f, "views.publish",
	        "user_id=U0SIMALICE&view={\"type\":\"home\",\"blocks\":[]}");
	call_error(f, "views.publish",
	        "user_id=UNOBODY&view={\"type\":\"home\",\"blocks\":[]}",
	        "user_not_found");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                test_command, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(test_unanswered_command_is_not_sent_again,
	                fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_response_url, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_response_url_ends, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_click, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_triggers, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_submissions, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_update_and_publish, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
