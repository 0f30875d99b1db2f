/* What administrators do: Slack Connect, kinds of channel, user groups, guests, the
 * workspace itself. */
/* proves: SIMS-01 */
#include "tests/unit/sim_slack_fixture.h"

#define IN_GENERAL "channel=C0GENERAL0"

/* An app that is in general, with a connection that has seen all so far. */
static void be_ready(struct fixture *f, struct ws *ws)
{
	say(f, "knob", "{\"name\":\"tiers\",\"value\":false}");
	invite_bot(f);
	ws_ready(ws, f);
}

/* The next event of the type; those before it are passed over. Caller deletes. */
static cJSON *next_event(struct ws *ws, const char *type)
{
	cJSON *envelope, *event = NULL;

	advance(ws->f, 20);
	while (!event && (envelope = ws_message(ws))) {
		const cJSON *inner = json_obj(envelope, "payload.event");

		ws_ack(ws, envelope);
		if (str_equal(json_str(inner, "type"), type)) {
			event = cJSON_Duplicate(json_obj(envelope, "payload"), true);
		}
		cJSON_Delete(envelope);
	}
	if (!event) {
		fail_msg("no event %s", type);
	}
	return event;
}

static void no_event(struct ws *ws, const char *type)
{
	cJSON *envelope;

	advance(ws->f, 20);
	while ((envelope = ws_message(ws))) {
		ws_ack(ws, envelope);
		assert_string_not_equal(
		        json_str_or(envelope, "payload.event.type", ""), type);
		cJSON_Delete(envelope);
	}
}

static void test_slack_connect(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *shared = NULL, *message = NULL, *unshared = NULL;
	struct ws ws;

	be_ready(f, &ws);
	say(f, "share_channel", "{\"in\":\"general\"}");
	say_wrong(f, "share_channel", "{\"in\":\"general\"}");
	shared = next_event(&ws, "channel_shared");
	assert_string_equal(json_str(shared, "event.connected_team_id"), "T0OTHERTM0");
	call_ok(f, "conversations.info", IN_GENERAL);
	assert_true(json_bool(f->reply, "channel.is_ext_shared", false));
	assert_int_equal(
	        cJSON_GetArraySize(json_arr(f->reply, "channel.shared_team_ids")), 2);

	say(f, "add_user", "{\"name\":\"eve\",\"team\":\"T0OTHERTM0\"}");
	no_event(&ws, "team_join");
	call_ok(f, "users.list", "");
	const cJSON *user, *eve = NULL;
	cJSON_ArrayForEach(user, json_arr(f->reply, "members"))
	{
		eve = str_equal(json_str(user, "name"), "eve") ? user : eve;
	}
	assert_true(json_bool(eve, "is_stranger", false));
	assert_string_equal(json_str(eve, "team_id"), "T0OTHERTM0");
	say(f, "invite", "{\"in\":\"general\",\"user\":\"eve\"}");
	say(f, "post", "{\"as\":\"eve\",\"in\":\"general\",\"text\":\"hello\"}");
	do {
		cJSON_Delete(message);
		message = next_event(&ws, "message");
	} while (!str_equal(json_str(message, "event.text"), "hello"));
	assert_true(json_bool(message, "is_ext_shared_channel", false));
	assert_string_equal(json_str(message, "event.user_team"), "T0OTHERTM0");
	say(f, "unshare_channel", "{\"in\":\"general\"}");
	unshared = next_event(&ws, "channel_unshared");
	assert_false(json_bool(unshared, "event.is_ext_shared", true));
	call_ok(f, "conversations.members", IN_GENERAL);
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "members")), 4);
	ws_close(&ws);
}

static void test_id_change_conversion_deletion(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *changed = NULL, *converted = NULL, *deleted = NULL, *made = NULL;
	struct ws ws;

	be_ready(f, &ws);
	say(f, "post", "{\"in\":\"general\",\"text\":\"before\"}");
	say(f, "change_channel_id", "{\"in\":\"general\",\"id\":\"C0NEWID000\"}");
	changed = next_event(&ws, "channel_id_changed");
	assert_string_equal(json_str(changed, "event.old_channel_id"), "C0GENERAL0");
	assert_string_equal(json_str(changed, "event.new_channel_id"), "C0NEWID000");
	call_error(f, "conversations.info", IN_GENERAL, "channel_not_found");
	call_ok(f, "conversations.history", "channel=C0NEWID000");
	say_wrong(f, "change_channel_id", "{\"in\":\"random\",\"id\":\"C0NEWID000\"}");

	say(f, "convert", "{\"in\":\"general\"}");
	converted = next_event(&ws, "message");
	while (!str_equal(
	        json_str(converted, "event.subtype"), "channel_convert_to_private")) {
		cJSON_Delete(converted);
		converted = next_event(&ws, "message");
	}
	assert_string_equal(json_str(converted, "event.channel_type"), "group");
	call_ok(f, "conversations.info", "channel=C0NEWID000");
	assert_true(json_bool(f->reply, "channel.is_private", false));
	say_wrong(f, "convert", "{\"in\":\"general\"}");

	say_wrong(f, "delete_channel", "{\"in\":\"general\"}");
	say(f, "delete_channel", "{\"in\":\"random\"}");
	deleted = next_event(&ws, "channel_deleted");
	assert_string_equal(json_str(deleted, "event.channel"), "C0RANDOM00");
	assert_string_equal(json_str(deleted, "event.actor_id"), "U0SIMALICE");
	call_error(f, "conversations.info", "channel=C0RANDOM00", "channel_not_found");
	made = verb(f, "create_channel", "{\"name\":\"random\"}");
	assert_string_not_equal(json_str(made, "id"), "C0RANDOM00");
	ws_close(&ws);
}

static void test_private_deletion_is_the_members(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *deleted = NULL;
	struct ws ws;

	be_ready(f, &ws);
	say(f, "create_channel", "{\"name\":\"hidden\",\"private\":true}");
	say(f, "delete_channel", "{\"in\":\"hidden\"}");
	no_event(&ws, "group_deleted");
	say(f, "invite", "{\"in\":\"secret\",\"bot\":true}");
	say(f, "delete_channel", "{\"in\":\"secret\"}");
	deleted = next_event(&ws, "group_deleted");
	assert_true(json_int(deleted, "event.date_deleted", 0) > 0);
	ws_close(&ws);
}

static void test_posting_rules(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *parent = NULL;
	struct ws ws;

	be_ready(f, &ws);
	parent = verb(f, "post", "{\"in\":\"general\",\"text\":\"top\"}");
	autofree char *reply =
	        xasprintf(IN_GENERAL "&text=r&thread_ts=%s", json_str(parent, "ts"));
	say(f, "posting", "{\"in\":\"general\",\"admins_only\":true}");
	call_error(f, "chat.postMessage", IN_GENERAL "&text=x",
	        "restricted_action_read_only_channel");
	call_ok(f, "chat.postMessage", reply);
	say(f, "post", "{\"in\":\"general\",\"text\":\"alice is an admin\"}");
	say_wrong(f, "post", "{\"as\":\"dave\",\"in\":\"general\",\"text\":\"x\"}");
	call_ok(f, "conversations.info", IN_GENERAL);
	assert_true(json_bool(f->reply, "channel.is_read_only", false));
	say(f, "posting", "{\"in\":\"general\",\"threads_only\":true}");
	call_error(f, "chat.postMessage", IN_GENERAL "&text=x",
	        "restricted_action_thread_only_channel");
	say(f, "posting", "{\"in\":\"general\",\"no_threads\":true}");
	call_error(
	        f, "chat.postMessage", reply, "restricted_action_non_threadable_channel");
	ws_close(&ws);
}

static void test_user_groups(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *created = NULL, *members = NULL, *updated = NULL, *made = NULL;
	struct ws ws;

	be_ready(f, &ws);
	say(f, "app",
	        "{\"subscribe\":[\"subteam_created\",\"subteam_updated\","
	        "\"subteam_members_changed\"]}");
	made = verb(f, "create_group", "{\"handle\":\"devs\",\"members\":[\"carol\"]}");
	created = next_event(&ws, "subteam_created");
	assert_string_equal(json_str(created, "event.subteam.handle"), "devs");
	members = next_event(&ws, "subteam_members_changed");
	assert_string_equal(cJSON_GetArrayItem(json_arr(members, "event.added_users"), 0)
	                            ->valuestring,
	        "U0SIMCAROL");
	say_wrong(f, "create_group", "{\"handle\":\"devs\"}");
	call_ok(f, "usergroups.list", "include_users=true&include_count=1");
	const cJSON *group = cJSON_GetArrayItem(json_arr(f->reply, "usergroups"), 0);
	assert_int_equal(json_int(group, "user_count", 0), 1);
	assert_int_equal(json_int(group, "date_delete", 1), 0);
	say(f, "change_group", "{\"group\":\"devs\",\"disabled\":true}");
	updated = next_event(&ws, "subteam_updated");
	assert_true(json_int(updated, "event.subteam.date_delete", 0) > 0);
	call_ok(f, "usergroups.list", "");
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "usergroups")), 0);
	call_ok(f, "usergroups.list", "include_disabled=true");
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "usergroups")), 1);
	call_error(f, "usergroups.create", "name=x", "missing_scope");
	say(f, "app", "{\"grant\":[\"usergroups:write\"]}");
	call_error(f, "usergroups.create", "name=x&handle=devs", "handle_already_exists");
	call_ok(f, "usergroups.create", "name=Ops&handle=ops");
	autofree char *form = xasprintf("usergroup=%s&users=U0SIMALICE,U0SIMDAVE0",
	        json_str(f->reply, "usergroup.id"));
	call_ok(f, "usergroups.users.update", form);
	call_ok(f, "usergroups.users.list", form);
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "users")), 2);
	call_error(f, "usergroups.users.list", "usergroup=S0NONE", "no_such_subteam");
	ws_close(&ws);
}

static void test_people(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *guest = NULL, *bot = NULL, *status = NULL;
	struct ws ws;

	be_ready(f, &ws);
	say(f, "app", "{\"subscribe\":[\"user_status_changed\"]}");
	guest = verb(f, "add_user", "{\"name\":\"gus\",\"guest\":\"single\"}");
	autofree char *form = xasprintf("user=%s", json_str(guest, "id"));
	call_ok(f, "users.info", form);
	assert_true(json_bool(f->reply, "user.is_restricted", false));
	assert_true(json_bool(f->reply, "user.is_ultra_restricted", false));
	autofree char *invite = xasprintf(IN_GENERAL "&users=%s", json_str(guest, "id"));
	call_ok(f, "conversations.invite", invite);
	autofree char *again =
	        xasprintf("channel=C0RANDOM00&users=%s", json_str(guest, "id"));
	call_ok(f, "conversations.join", "channel=C0RANDOM00");
	call_error(f, "conversations.invite", again, "ura_max_channels");

	say(f, "update_user",
	        "{\"user\":\"alice\",\"status_text\":\"away\",\"status_emoji\":\":zzz:\"}");
	status = next_event(&ws, "user_status_changed");
	assert_string_equal(json_str(status, "event.user.profile.status_text"), "away");
	say(f, "update_user", "{\"user\":\"alice\",\"fields\":{\"Team\":\"Blue\"}}");
	no_event(&ws, "user_change");
	call_ok(f, "users.profile.get", "user=U0SIMALICE&include_labels=true");
	assert_string_equal(
	        json_str(f->reply, "profile.fields.Xf0FIELD001.value"), "Blue");
	assert_string_equal(
	        json_str(f->reply, "profile.fields.Xf0FIELD001.label"), "Team");

	bot = verb(f, "add_user", "{\"name\":\"jira\",\"bot\":true}");
	autofree char *about = xasprintf("bot=%s", json_str(bot, "bot_id"));
	call_ok(f, "bots.info", about);
	assert_string_equal(json_str(f->reply, "bot.name"), "jira");
	ws_close(&ws);
}

static void test_the_workspace(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *renamed = NULL, *domain = NULL, *email = NULL, *history = NULL;
	struct ws ws;

	be_ready(f, &ws);
	say(f, "change_team",
	        "{\"name\":\"New Name\",\"domain\":\"new-one\",\"email_domain\":\"x.org\","
	        "\"icon\":true}");
	renamed = next_event(&ws, "team_rename");
	assert_string_equal(json_str(renamed, "event.name"), "New Name");
	domain = next_event(&ws, "team_domain_change");
	assert_string_equal(json_str(domain, "event.domain"), "new-one");
	email = next_event(&ws, "email_domain_changed");
	assert_string_equal(json_str(email, "event.email_domain"), "x.org");
	call_ok(f, "team.info", "");
	assert_string_equal(json_str(f->reply, "team.name"), "New Name");
	assert_false(json_bool(f->reply, "team.icon.image_default", true));
	say(f, "history_changed", "{\"in\":\"general\"}");
	history = next_event(&ws, "channel_history_changed");
	assert_null(json_get(history, "event.channel"));
	assert_non_null(json_str(history, "event.latest"));
	ws_close(&ws);
}

static void test_mentions_are_told_besides(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *mention = NULL;
	struct ws ws;

	be_ready(f, &ws);
	say(f, "app",
	        "{\"subscribe\":[\"app_mention\"],\"grant\":[\"app_mentions:read\"]}");
	say(f, "post", "{\"in\":\"general\",\"text\":\"<@U0SIMBOT00> hi\"}");
	mention = next_event(&ws, "app_mention");
	assert_string_equal(json_str(mention, "event.user"), "U0SIMALICE");
	assert_null(json_get(mention, "event.channel_type"));
	say(f, "post", "{\"in\":\"general\",\"text\":\"no one\"}");
	no_event(&ws, "app_mention");
	ws_close(&ws);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                test_slack_connect, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(test_id_change_conversion_deletion,
	                fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(test_private_deletion_is_the_members,
	                fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_posting_rules, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_user_groups, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_people, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_the_workspace, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_mentions_are_told_besides, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
