/* Emoji, blocks, attachments, previews: what messages are made of. */
/* proves: SIMS-01 */
#include "tests/unit/sim_slack_fixture.h"

#define IN_GENERAL "channel=C0GENERAL0"

static void be_ready(struct fixture *f)
{
	say(f, "knob", "{\"name\":\"tiers\",\"value\":false}");
	invite_bot(f);
}

/* An event of the type among the connection's envelopes. Caller deletes. */
static cJSON *event_of(struct ws *ws, const char *type)
{
	cJSON *envelope, *event = NULL;

	advance(ws->f, 20);
	while (!event && (envelope = ws_message(ws))) {
		const cJSON *inner = json_obj(envelope, "payload.event");

		ws_ack(ws, envelope);
		if (str_equal(json_str(inner, "type"), type)) {
			event = cJSON_Duplicate(inner, true);
		}
		cJSON_Delete(envelope);
	}
	if (!event) {
		fail_msg("no event %s", type);
	}
	return event;
}

static void test_only_real_emoji(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *made = NULL;

	be_ready(f);
	made = verb(f, "post", "{\"in\":\"general\",\"text\":\"x\"}");
	const char *ts = json_str(made, "ts");
	static const struct {
		const char *name, *error; /* NULL: ok */
	} cases[] = {
	        {"thumbsup", NULL},
	        {"%2B1", "already_reacted"}, /* the same one */
	        {"wave::skin-tone-3", NULL},
	        {"wave", NULL},
	        {"wave::skin-tone-7", "invalid_name"},
	        {"partyparrot", "invalid_name"},
	        {"", "invalid_name"},
	        {"%F0%9F%91%8D", "invalid_name"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autofree char *form =
		        xasprintf(IN_GENERAL "&timestamp=%s&name=%s", ts, cases[i].name);

		if (cases[i].error) {
			call_error(f, "reactions.add", form, cases[i].error);
		} else {
			call_ok(f, "reactions.add", form);
		}
	}
	assert_int_equal(count_records(f, "reaction", "reaction", "+1"), 1);
	autofree char *form = xasprintf(IN_GENERAL "&timestamp=%s&name=partyparrot", ts);
	say_wrong(f, "react", "{\"in\":\"general\",\"name\":\"partyparrot\"}");
	say(f, "add_emoji", "{\"name\":\"partyparrot\"}");
	call_ok(f, "reactions.add", form);
	say(f, "react", "{\"in\":\"general\",\"name\":\"thumbsup\"}");
	autofree char *get = xasprintf(IN_GENERAL "&timestamp=%s", ts);
	call_ok(f, "reactions.get", get);
	const cJSON *first =
	        cJSON_GetArrayItem(json_arr(f->reply, "message.reactions"), 0);
	assert_string_equal(json_str(first, "name"), "+1");
	assert_int_equal(json_int(first, "count", 0), 2);
}

static void test_custom_emoji(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *added = NULL, *renamed = NULL, *removed = NULL;
	struct ws ws;

	be_ready(f);
	ws_ready(&ws, f);
	say(f, "add_emoji", "{\"name\":\"blob\"}");
	added = event_of(&ws, "emoji_changed");
	assert_string_equal(json_str(added, "subtype"), "add");
	assert_string_equal(json_str(added, "name"), "blob");
	const char *base = sim_slack_url(f->sim), *url = json_str(added, "value");
	assert_true(str_starts(url, base));
	request(f, "GET", url + strlen(base), NULL, NULL, NULL);
	assert_memory_equal(f->body, "\x89PNG", 4);
	say(f, "add_emoji", "{\"name\":\"blobby\",\"alias_of\":\"blob\"}");
	say_wrong(f, "add_emoji", "{\"name\":\"blob\"}");
	say_wrong(f, "add_emoji", "{\"name\":\"wave\"}");
	say_wrong(f, "add_emoji", "{\"name\":\"Big One\"}");
	cJSON_Delete(event_of(&ws, "emoji_changed"));
	say(f, "rename_emoji", "{\"name\":\"blob\",\"to\":\"bob\"}");
	renamed = event_of(&ws, "emoji_changed");
	assert_string_equal(json_str(renamed, "new_name"), "bob");
	call_ok(f, "emoji.list", "");
	assert_string_equal(json_str(f->reply, "emoji.blobby"), "alias:blob");
	assert_non_null(json_str(f->reply, "emoji.bob"));
	assert_null(json_str(f->reply, "emoji.blob"));
	say(f, "remove_emoji", "{\"name\":\"bob\"}");
	removed = event_of(&ws, "emoji_changed");
	assert_string_equal(
	        cJSON_GetArrayItem(json_arr(removed, "names"), 0)->valuestring, "bob");
	say_wrong(f, "remove_emoji", "{\"name\":\"bob\"}");
	ws_close(&ws);
}

static void test_blocks_are_checked(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *blocks, *error; /* NULL: ok */
	} cases[] = {
	        {"[{\"type\":\"divider\"}]", NULL},
	        {"[{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"x\"}}]",
	                NULL},
	        {"[{\"type\":\"section\"}]", "invalid_blocks"},
	        {"[{\"type\":\"bogus\"}]", "invalid_blocks"},
	        {"[{\"type\":\"header\",\"text\":{}}]", "invalid_blocks"},
	        {"[{\"type\":\"context\",\"elements\":[]}]", "invalid_blocks"},
	        {"[{\"type\":\"image\",\"image_url\":\"http://x\"}]", "invalid_blocks"},
	        {"[{\"type\":\"image\",\"image_url\":\"http://x\",\"alt_text\":\"x\"}]",
	                NULL},
	        {"[{\"type\":\"divider\",\"block_id\":\"a\"},{\"type\":\"divider\","
	         "\"block_id\":\"a\"}]",
	                "invalid_blocks"},
	        {"[7]", "invalid_blocks"},
	        {"[", "invalid_blocks_format"},
	};

	be_ready(f);
	say(f, "knob", "{\"name\":\"post_burst\",\"value\":100}");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autofree char *form =
		        xasprintf(IN_GENERAL "&text=x&blocks=%s", cases[i].blocks);

		if (cases[i].error) {
			call_error(f, "chat.postMessage", form, cases[i].error);
		} else {
			call_ok(f, "chat.postMessage", form);
			assert_non_null(
			        json_str(cJSON_GetArrayItem(
			                         json_arr(f->reply, "message.blocks"), 0),
			                "block_id"));
		}
	}
	call_error(f, "chat.postMessage", IN_GENERAL "&blocks=[{\"type\":\"section\"}]",
	        "invalid_blocks");
	assert_non_null(json_arr(f->reply, "response_metadata.messages"));
}

static void test_too_many_blocks_and_too_long(void **state)
{
	struct fixture *f = *state;
	struct buf many, long_text;

	be_ready(f);
	buf_init(&many, 100000);
	buf_init(&long_text, 100000);
	buf_puts(&many, IN_GENERAL "&blocks=[");
	for (int i = 0; i < 51; i++) {
		buf_printf(&many, "%s{\"type\":\"divider\"}", i ? "," : "");
	}
	buf_puts(&many, "]");
	call_error(f, "chat.postMessage", buf_cstr(&many), "invalid_blocks");
	buf_puts(&long_text, IN_GENERAL "&blocks=[");
	for (int i = 0; i < 5; i++) {
		buf_printf(&long_text,
		        "%s{\"type\":\"section\",\"text\":{\"type\":\"plain_text\",\"text\":\""
		        "%02900d\"}}",
		        i ? "," : "", 7);
	}
	buf_puts(&long_text, "]");
	call_error(f, "chat.postMessage", buf_cstr(&long_text), "msg_blocks_too_long");
	buf_finish(&many);
	buf_finish(&long_text);
}

static void test_previews_are_no_edits(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *event = NULL;
	struct ws ws;

	be_ready(f);
	say(f, "post", "{\"in\":\"general\",\"text\":\"https://x.org/\"}");
	advance(f, 10);
	ws_ready(&ws, f);
	say(f, "unfurl",
	        "{\"in\":\"general\",\"url\":\"https://x.org/\",\"title\":\"X\"}");
	event = event_of(&ws, "message");
	while (!str_equal(json_str(event, "subtype"), "message_changed")) {
		cJSON_Delete(event);
		event = event_of(&ws, "message");
	}
	assert_null(json_get(event, "message.edited"));
	const cJSON *one = cJSON_GetArrayItem(json_arr(event, "message.attachments"), 0);
	assert_string_equal(json_str(one, "from_url"), "https://x.org/");
	assert_int_equal(json_int(one, "id", 0), 1);
	assert_null(json_arr(event, "previous_message.attachments"));
	assert_string_equal(json_str(event, "message.text"),
	        json_str(event, "previous_message.text"));
	ws_close(&ws);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                test_only_real_emoji, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_custom_emoji, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_blocks_are_checked, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(test_too_many_blocks_and_too_long,
	                fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_previews_are_no_edits, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
