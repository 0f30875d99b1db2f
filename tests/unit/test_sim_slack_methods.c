#include "tests/unit/sim_slack_fixture.h"

#define IN_GENERAL "channel=C0GENERAL0"

/* ---- messages ---- */

static void test_post_plain_and_customised(void **state)
{
	struct fixture *f = *state;
	const cJSON *message;

	say(f, "knob", "{\"name\":\"tiers\",\"value\":false}");
	call_error(f, "chat.postMessage", IN_GENERAL "&text=x", "not_in_channel");
	call_error(
	        f, "chat.postMessage", "channel=C0SECRET00&text=x", "channel_not_found");
	call_error(
	        f, "chat.postMessage", "channel=C0NOWHERE0&text=x", "channel_not_found");
	call_ok(f, "conversations.join", IN_GENERAL);
	call_error(f, "chat.postMessage", IN_GENERAL, "no_text");
	call_error(f, "chat.postMessage", IN_GENERAL "&text=+", "no_text");
	call_error(
	        f, "chat.postMessage", IN_GENERAL "&blocks=%7B", "invalid_blocks_format");
	call_error(f, "chat.postMessage", IN_GENERAL "&blocks=%7B%7D", "invalid_blocks");
	call_error(f, "chat.postMessage", IN_GENERAL "&text=x&as_user=true",
	        "as_user_not_supported");
	call_error(f, "chat.postMessage", IN_GENERAL "&text=x&markdown_text=y",
	        "markdown_text_conflict");
	call_error(f, "chat.postMessage", IN_GENERAL "&text=x&metadata=x",
	        "invalid_metadata_format");
	call_error(f, "chat.postMessage", IN_GENERAL "&text=x&metadata=%7B%22a%22:1%7D",
	        "invalid_metadata_schema");
	call_error(f, "chat.postMessage", IN_GENERAL "&text=x&thread_ts=1.000001",
	        "cannot_reply_to_message");

	call_ok(f, "chat.postMessage", IN_GENERAL "&text=plain");
	message = json_obj(f->reply, "message");
	assert_null(json_str(message, "subtype"));
	assert_string_equal(json_str(message, "user"), "U0SIMBOT00");
	assert_string_equal(json_str(message, "bot_profile.app_id"), "A0SIMAPP00");

	call_ok(f, "chat.postMessage",
	        IN_GENERAL
	        "&text=x&username=Bob+(Matrix)&icon_url=http://i/b.png"
	        "&metadata={\"event_type\":\"m\",\"event_payload\":{\"event_id\":"
	        "\"$1\"}}");
	message = json_obj(f->reply, "message");
	assert_string_equal(json_str(message, "subtype"), "bot_message");
	assert_null(json_str(message, "user"));
	assert_string_equal(json_str(message, "bot_id"), "B0SIMBOT00");
	assert_string_equal(json_str(message, "icons.image_48"), "http://i/b.png");
	assert_string_equal(json_str(message, "metadata.event_payload.event_id"), "$1");
	message = last_record(f, "message", "username", "Bob (Matrix)");
	assert_string_equal(json_str(message, "mark"), "$1");
	assert_string_equal(json_str(message, "by"), "app");

	say(f, "app", "{\"ungrant\":[\"chat:write.customize\"]}");
	call_ok(f, "chat.postMessage", IN_GENERAL "&text=x&username=Bob");
	assert_null(json_str(f->reply, "message.subtype"));
	assert_null(json_str(f->reply, "message.username"));
}

static void test_update_and_delete(void **state)
{
	struct fixture *f = *state;
	autofree char *own = NULL, *long_text = xcalloc(1, 4002);
	autojson cJSON *foreign = NULL;

	say(f, "invite", "{\"in\":\"general\",\"bot\":true}");
	call_ok(f, "chat.postMessage",
	        IN_GENERAL
	        "&text=one&metadata={\"event_type\":\"m\",\"event_payload\":{}}");
	own = xasprintf(IN_GENERAL "&ts=%s", json_str(f->reply, "ts"));
	foreign = verb(f, "post", "{\"in\":\"general\",\"text\":\"hers\"}");
	autofree char *hers = xasprintf(IN_GENERAL "&ts=%s", json_str(foreign, "ts"));

	autofree char *edit = xasprintf("%s&text=two", own);
	call_ok(f, "chat.update", edit);
	assert_string_equal(json_str(f->reply, "text"), "two");
	assert_string_equal(json_str(f->reply, "message.edited.user"), "B0SIMBOT00");
	assert_true(str_ends(json_str(f->reply, "message.edited.ts"), ".000000"));
	assert_string_equal(json_str(f->reply, "message.metadata.event_type"), "m");
	autofree char *clear = xasprintf("%s&text=two&metadata={}", own);
	call_ok(f, "chat.update", clear);
	assert_null(json_get(f->reply, "message.metadata"));

	memset(long_text, 'x', 4001);
	autofree char *too_long = xasprintf("%s&text=%s", own, long_text);
	call_error(f, "chat.update", too_long, "msg_too_long");
	autofree char *not_mine = xasprintf("%s&text=y", hers);
	call_error(f, "chat.update", not_mine, "cant_update_message");
	call_error(f, "chat.delete", hers, "cant_delete_message");
	call_error(f, "chat.delete", IN_GENERAL "&ts=1.000000", "message_not_found");
	call_ok(f, "chat.delete", own);
	call_error(f, "chat.delete", own, "message_not_found");
}

static void test_posting_to_users(void **state)
{
	struct fixture *f = *state;
	autofree char *channel = NULL;

	call_ok(f, "chat.postMessage", "channel=U0SIMALICE&text=hi");
	channel = xstrdup(json_str(f->reply, "channel"));
	assert_int_equal(channel[0], 'D');
	call_ok(f, "conversations.open", "users=U0SIMALICE");
	assert_string_equal(json_str(f->reply, "channel.id"), channel);
	assert_true(json_bool(f->reply, "already_open", false));
	call_ok(f, "conversations.open", "users=U0SIMALICE,U0SIMCAROL&return_im=true");
	assert_true(json_bool(f->reply, "channel.is_mpim", false));
	autofree char *close = xasprintf("channel=%s", channel);
	call_ok(f, "conversations.close", close);
	call_ok(f, "conversations.close", close);
	assert_true(json_bool(f->reply, "already_closed", false));
	call_ok(f, "conversations.open", "users=U0SIMALICE");
	assert_false(json_bool(f->reply, "already_open", false));
	call_error(f, "conversations.close", IN_GENERAL, "missing_scope");
	call_error(f, "conversations.open", "", "users_list_not_supplied");
	call_error(f, "conversations.open", "users=U0NOBODY00", "user_not_found");
	call_error(f, "conversations.open", "users=U0SIMDAVE0&prevent_creation=true",
	        "channel_not_found");
	say(f, "update_user", "{\"user\":\"dave\",\"deleted\":true}");
	call_error(f, "conversations.open", "users=U0SIMDAVE0", "user_disabled");
	say(f, "post", "{\"as\":\"alice\",\"in\":\"@bot\",\"text\":\"hello app\"}");
	autofree char *form = xasprintf("channel=%s", channel);
	call_ok(f, "conversations.history", form);
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "messages")), 2);
	call_ok(f, "conversations.info", form);
	assert_string_equal(json_str(f->reply, "channel.user"), "U0SIMALICE");
}

/* ---- history ---- */

static const char *text_at(const struct fixture *f, int index)
{
	return json_str_or(
	        cJSON_GetArrayItem(json_arr(f->reply, "messages"), index), "text", "?");
}

static void test_history_pages(void **state)
{
	struct fixture *f = *state;
	char got[256] = "";
	autofree char *form = xstrdup(IN_GENERAL "&limit=3");
	unsigned pages = 0;

	say(f, "invite", "{\"in\":\"general\",\"bot\":true}");
	for (int i = 1; i <= 10; i++) {
		autofree char *args =
		        xasprintf("{\"in\":\"general\",\"text\":\"m%d\"}", i);
		say(f, "post", args);
		advance(f, 1000);
	}
	for (const char *next = ""; next; pages++) {
		const cJSON *message;

		call_ok(f, "conversations.history", form);
		cJSON_ArrayForEach(message, json_arr(f->reply, "messages"))
		{
			size_t n = strlen(got);
			snprintf(got + n, sizeof(got) - n, "%s ",
			        json_str(message, "text"));
		}
		next = json_str(f->reply, "response_metadata.next_cursor");
		assert_int_equal(json_bool(f->reply, "has_more", false), next != NULL);
		if (next) {
			autofree char *cursor = url_encode(next);
			free(form);
			form = xasprintf(IN_GENERAL "&limit=3&cursor=%s", cursor);
		}
	}
	assert_string_equal(got, "m10 m9 m8 m7 m6 m5 m4 m3 m2 m1 "
	                         "<@U0SIMBOT00> has joined the channel ");
	assert_int_equal(pages, 4);
}

static void test_history_bounds(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *more;
		int count;
		const char *first;
	} cases[] = {
	        {"&oldest=%s", 2, "m4"},
	        {"&oldest=%s&inclusive=true", 3, "m4"},
	        {"&latest=%s", 2, "m1"},
	        {"&latest=%s&inclusive=1", 3, "m2"},
	        {"&oldest=%s&latest=%s", 0, "?"},
	        {"&oldest=%s&latest=%s&inclusive=true", 1, "m2"},
	};
	autofree char *ts = NULL;

	say(f, "invite", "{\"in\":\"general\",\"bot\":true}");
	for (int i = 1; i <= 4; i++) {
		autofree char *args =
		        xasprintf("{\"in\":\"general\",\"text\":\"m%d\"}", i);
		autojson cJSON *sent = verb(f, "post", args);
		if (i == 2) {
			ts = xstrdup(json_str(sent, "ts"));
		}
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf form;
		buf_init(&form, 1000);
		buf_puts(&form, IN_GENERAL);
		for (const char *p = cases[i].more; *p; p++) {
			if (str_starts(p, "%s")) {
				buf_puts(&form, ts);
				p++;
			} else {
				buf_add(&form, p, 1);
			}
		}
		call_ok(f, "conversations.history", buf_cstr(&form));
		buf_finish(&form);
		assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "messages")),
		        cases[i].count);
		if (i != 2) { /* the older end holds the note about the app's joining */
			assert_string_equal(text_at(f, 0), cases[i].first);
		}
	}
	call_error(
	        f, "conversations.history", IN_GENERAL "&oldest=x", "invalid_ts_oldest");
	call_error(
	        f, "conversations.history", IN_GENERAL "&latest=x", "invalid_ts_latest");
	call_error(f, "conversations.history", IN_GENERAL "&cursor=x", "invalid_cursor");
	call_error(f, "conversations.history", IN_GENERAL "&limit=x", "invalid_limit");
}

static void test_metadata_in_history(void **state)
{
	struct fixture *f = *state;
	const cJSON *message;

	call_ok(f, "conversations.join", IN_GENERAL);
	call_ok(f, "chat.postMessage",
	        IN_GENERAL
	        "&text=x&metadata={\"event_type\":\"m\",\"event_payload\":{\"k\":1}}");
	call_ok(f, "conversations.history", IN_GENERAL "&limit=1");
	message = json_arr(f->reply, "messages")->child;
	assert_string_equal(json_str(message, "metadata.event_type"), "m");
	assert_null(json_get(message, "metadata.event_payload"));
	call_ok(f, "conversations.history",
	        IN_GENERAL "&limit=1&include_all_metadata=true");
	message = json_arr(f->reply, "messages")->child;
	assert_int_equal(json_int(message, "metadata.event_payload.k", 0), 1);
}

static void test_threads(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *parent = NULL, *reply = NULL;
	const cJSON *message;

	say(f, "invite", "{\"in\":\"general\",\"bot\":true}");
	parent = verb(f, "post", "{\"in\":\"general\",\"text\":\"parent\"}");
	say(f, "post", "{\"in\":\"general\",\"text\":\"r1\",\"thread_of\":\"parent\"}");
	reply = verb(f, "post",
	        "{\"as\":\"carol\",\"in\":\"general\",\"text\":\"r2\",\"thread_of\":\"r1\"}");
	say(f, "post",
	        "{\"as\":\"dave\",\"in\":\"general\",\"text\":\"r3\",\"thread_of\":\"parent\","
	        "\"broadcast\":true}");
	call_ok(f, "conversations.history", IN_GENERAL);
	assert_string_equal(text_at(f, 0), "r3");
	assert_string_equal(text_at(f, 1), "parent");
	message = cJSON_GetArrayItem(json_arr(f->reply, "messages"), 0);
	assert_string_equal(json_str(message, "subtype"), "thread_broadcast");
	assert_string_equal(json_str(message, "root.text"), "parent");
	message = cJSON_GetArrayItem(json_arr(f->reply, "messages"), 1);
	assert_int_equal(json_int(message, "reply_count", 0), 3);
	assert_int_equal(json_int(message, "reply_users_count", 0), 3);
	assert_string_equal(json_str(message, "thread_ts"), json_str(parent, "ts"));

	autofree char *form =
	        xasprintf(IN_GENERAL "&ts=%s&limit=3", json_str(reply, "ts"));
	call_ok(f, "conversations.replies", form);
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "messages")), 3);
	assert_string_equal(text_at(f, 0), "parent");
	assert_string_equal(text_at(f, 2), "r2");
	autofree char *cursor =
	        url_encode(json_str(f->reply, "response_metadata.next_cursor"));
	autofree char *more = xasprintf("%s&cursor=%s", form, cursor);
	call_ok(f, "conversations.replies", more);
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "messages")), 1);
	assert_string_equal(text_at(f, 0), "r3");
	call_error(f, "conversations.replies", IN_GENERAL "&ts=1.000000",
	        "thread_not_found");

	autofree char *to_reply =
	        xasprintf(IN_GENERAL "&text=mine&thread_ts=%s", json_str(reply, "ts"));
	call_ok(f, "chat.postMessage", to_reply);
	assert_string_equal(
	        json_str(f->reply, "message.thread_ts"), json_str(parent, "ts"));
}

/* ---- lists ---- */

static void test_channel_lists(void **state)
{
	struct fixture *f = *state;
	autofree char *cursor = NULL;

	call_ok(f, "users.conversations", "types=public_channel,private_channel,mpim,im");
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "channels")), 0);
	say(f, "invite", "{\"in\":\"secret\",\"bot\":true}");
	call_ok(f, "users.conversations", "types=public_channel,private_channel");
	const cJSON *channel = json_arr(f->reply, "channels")->child;
	assert_string_equal(json_str(channel, "name"), "secret");
	assert_true(json_bool(channel, "is_private", false));
	assert_null(json_get(channel, "is_member"));
	assert_null(json_get(channel, "num_members"));
	call_error(f, "conversations.list", "types=nonsense", "invalid_types");

	/* Pages are cut before archived channels are left out: one is empty here. */
	say(f, "archive", "{\"in\":\"general\"}");
	call_ok(f, "conversations.list", "limit=1&exclude_archived=true");
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "channels")), 0);
	cursor = url_encode(json_str(f->reply, "response_metadata.next_cursor"));
	assert_true(*cursor != '\0');
	autofree char *form =
	        xasprintf("limit=1&exclude_archived=true&cursor=%s", cursor);
	call_ok(f, "conversations.list", form);
	assert_string_equal(
	        json_str(json_arr(f->reply, "channels")->child, "name"), "random");
	assert_string_equal(json_str(f->reply, "response_metadata.next_cursor"), "");
}

static void test_users(void **state)
{
	struct fixture *f = *state;
	unsigned count = 0;
	autofree char *form = xstrdup("limit=2");

	call_ok(f, "users.info", "user=U0SIMALICE");
	assert_string_equal(json_str(f->reply, "user.profile.display_name"), "Alice");
	assert_string_equal(json_str(f->reply, "user.profile.real_name"), "Alice Archer");
	assert_string_equal(
	        json_str(f->reply, "user.profile.email"), "alice@sim-team.example");
	assert_true(str_starts(
	        json_str(f->reply, "user.profile.image_72"), sim_slack_url(f->sim)));
	say(f, "app", "{\"ungrant\":[\"users:read.email\"]}");
	call_ok(f, "users.info", "user=U0SIMALICE");
	assert_null(json_str(f->reply, "user.profile.email"));
	call_error(f, "users.info", "user=U0NOBODY00", "user_not_found");
	call_error(f, "users.info", "", "invalid_arguments");
	assert_string_equal(
	        json_arr(f->reply, "response_metadata.messages")->child->valuestring,
	        "[ERROR] missing required field: user");
	call_ok(f, "bots.info", "bot=B0SIMBOT00");
	assert_string_equal(json_str(f->reply, "bot.user_id"), "U0SIMBOT00");
	call_error(f, "bots.info", "bot=B1", "bot_not_found");
	for (const char *next = "x"; *next;) {
		call_ok(f, "users.list", form);
		count += (unsigned)cJSON_GetArraySize(json_arr(f->reply, "members"));
		next = json_str_or(f->reply, "response_metadata.next_cursor", "");
		autofree char *cursor = url_encode(next);
		free(form);
		form = xasprintf("limit=2&cursor=%s", cursor);
	}
	assert_int_equal(count, 5);
	request(f, "GET", "/avatars/U0SIMALICE.png?v=1&s=72", NULL, NULL, NULL);
	assert_int_equal(f->status, 200);
	assert_true(str_starts(f->body, "\x89PNG"));
	request(f, "GET", "/avatars/U0NOBODY00.png", NULL, NULL, NULL);
	assert_int_equal(f->status, 404);
}

/* ---- state decides ---- */

static void test_archived_channel(void **state)
{
	struct fixture *f = *state;
	autofree char *ts = NULL;
	static const struct {
		const char *method, *more, *error; /* NULL: ok */
	} cases[] = {
	        {"chat.postMessage", "&text=x", "is_archived"},
	        {"chat.meMessage", "&text=x", "is_archived"},
	        {"chat.postEphemeral", "&text=x&user=U0SIMALICE", "is_archived"},
	        {"chat.update", "&text=x", "is_inactive"},
	        {"reactions.add", "&name=wave", "is_archived"},
	        {"pins.add", "", "is_archived"},
	        {"conversations.join", "", "is_archived"},
	        {"conversations.invite", "&users=U0SIMALICE", "is_archived"},
	        {"conversations.setTopic", "&topic=x", "is_archived"},
	        {"conversations.history", "", "not_in_channel"},
	        {"conversations.info", "", NULL},
	        {"chat.delete", "", NULL},
	};

	call_ok(f, "conversations.join", IN_GENERAL);
	call_ok(f, "chat.postMessage", IN_GENERAL "&text=mine");
	ts = xstrdup(json_str(f->reply, "ts"));
	say(f, "archive", "{\"in\":\"general\"}");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autofree char *form = xasprintf(
		        IN_GENERAL "&ts=%s&timestamp=%s%s", ts, ts, cases[i].more);

		call(f, cases[i].method, form);
		if (!str_equal(json_str(f->reply, "error"), cases[i].error)) {
			fail_msg("%s: %s", cases[i].method, f->body);
		}
	}
	call_ok(f, "users.conversations", "");
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "channels")), 0);
	say(f, "app", "{\"grant\":[\"channels:manage\"]}");
	call_error(f, "conversations.archive", IN_GENERAL, "already_archived");
	call_error(f, "conversations.unarchive", IN_GENERAL, "not_in_channel");
	say_wrong(f, "post", "{\"in\":\"general\",\"text\":\"x\"}");
	say(f, "unarchive", "{\"in\":\"general\"}");
	call_error(f, "conversations.unarchive", IN_GENERAL, "not_archived");
	/* A public channel comes back without its members. */
	call_error(f, "conversations.history", IN_GENERAL, "not_in_channel");
	call_ok(f, "conversations.join", IN_GENERAL);
	call_ok(f, "conversations.members", IN_GENERAL);
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "members")), 2);
}

static void test_membership(void **state)
{
	struct fixture *f = *state;

	say(f, "app", "{\"grant\":[\"channels:manage\"]}");
	call_ok(f, "conversations.join", IN_GENERAL);
	call_ok(f, "conversations.join", IN_GENERAL);
	assert_string_equal(json_str(f->reply, "warning"), "already_in_channel");
	call_error(f, "conversations.join", "channel=C0SECRET00", "channel_not_found");
	call_error(f, "conversations.leave", IN_GENERAL, "cant_leave_general");
	call_ok(f, "conversations.join", "channel=C0RANDOM00");
	call_ok(f, "conversations.leave", "channel=C0RANDOM00");
	call(f, "conversations.leave", "channel=C0RANDOM00");
	assert_false(json_bool(f->reply, "ok", true));
	assert_null(json_str(f->reply, "error"));
	assert_true(json_bool(f->reply, "not_in_channel", false));

	say(f, "invite", "{\"in\":\"secret\",\"bot\":true}");
	call_error(f, "conversations.join", "channel=C0SECRET00",
	        "method_not_supported_for_channel_type");
	call_error(f, "conversations.invite", "channel=C0SECRET00&users=U0SIMALICE",
	        "already_in_channel");
	call_error(f, "conversations.invite", "channel=C0SECRET00&users=U0SIMDAVE0,U0NO",
	        "user_not_found");
	assert_string_equal(
	        json_str(json_arr(f->reply, "errors")->child, "user"), "U0NO");
	call_ok(f, "conversations.invite", "channel=C0SECRET00&users=U0SIMDAVE0");
	call_ok(f, "conversations.kick", "channel=C0SECRET00&user=U0SIMDAVE0");
	call_error(f, "conversations.kick", "channel=C0SECRET00&user=U0SIMDAVE0",
	        "not_in_channel");
	call_error(f, "conversations.kick", "channel=C0SECRET00&user=U0SIMBOT00",
	        "cant_kick_self");
	call_error(f, "conversations.kick", IN_GENERAL "&user=U0SIMDAVE0",
	        "cant_kick_from_general");
}

static void test_channel_names(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *name, *error;
	} cases[] = {{"", "invalid_name_required"}, {"general", "name_taken"},
	        {"With-Capitals", "invalid_name_specials"},
	        {"a.b", "invalid_name_specials"}, {"--", "invalid_name_punctuation"},
	        {"new_one-2", NULL},
	        {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	                "invalid_name_maxlength"}};

	say(f, "app", "{\"grant\":[\"channels:manage\"]}");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autofree char *form = xasprintf("name=%s", cases[i].name);

		call(f, "conversations.create", form);
		assert_true(str_equal(json_str(f->reply, "error"), cases[i].error));
	}
	call_ok(f, "conversations.create", "name=before");
	autofree char *form =
	        xasprintf("name=after&channel=%s", json_str(f->reply, "channel.id"));
	call_ok(f, "conversations.rename", form);
	assert_string_equal(json_str(f->reply, "channel.name"), "after");
	assert_string_equal(
	        json_arr(f->reply, "channel.previous_names")->child->valuestring,
	        "before");
}

static void test_reactions_and_pins(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *sent = NULL;
	autofree char *form = NULL;

	say(f, "invite", "{\"in\":\"general\",\"bot\":true}");
	sent = verb(f, "post", "{\"in\":\"general\",\"text\":\"x\"}");
	form = xasprintf(IN_GENERAL "&timestamp=%s&name=thumbsup", json_str(sent, "ts"));
	call_ok(f, "reactions.add", form);
	call_error(f, "reactions.add", form, "already_reacted");
	say(f, "react",
	        "{\"as\":\"carol\",\"in\":\"general\",\"of\":\"x\",\"name\":\"+1\"}");
	call_ok(f, "reactions.get", form);
	const cJSON *reaction = json_arr(f->reply, "message.reactions")->child;
	assert_string_equal(json_str(reaction, "name"), "+1");
	assert_int_equal(json_int(reaction, "count", 0), 2);
	call_ok(f, "reactions.remove", form);
	call_error(f, "reactions.remove", form, "no_reaction");
	call_error(f, "reactions.add", IN_GENERAL "&name=wave", "no_item_specified");
	call_error(
	        f, "reactions.add", IN_GENERAL "&name=wave&timestamp=x", "bad_timestamp");
	call_error(f, "reactions.add", IN_GENERAL "&name=%F0%9F%91%8D&timestamp=1.0",
	        "invalid_name");
	call_ok(f, "pins.add", form);
	call_error(f, "pins.add", form, "already_pinned");
	call_ok(f, "pins.list", IN_GENERAL);
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "items")), 1);
	call_ok(f, "pins.remove", form);
	call_error(f, "pins.remove", form, "no_pin");
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(test_post_plain_and_customised),
	        T(test_update_and_delete),
	        T(test_posting_to_users),
	        T(test_history_pages),
	        T(test_history_bounds),
	        T(test_metadata_in_history),
	        T(test_threads),
	        T(test_channel_lists),
	        T(test_users),
	        T(test_archived_channel),
	        T(test_membership),
	        T(test_channel_names),
	        T(test_reactions_and_pins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
