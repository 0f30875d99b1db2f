/* proves: MSG-13 MSG-14 PORT-02 PORT-03 */
#include "flow_fixture.h"

#include "bridge/flow/catch_up.h"
#include "lib/buf.h"

static void a_message_gets_its_portal_and_its_ghost(void **state)
{
	struct world *world = *state;

	log_in_as(world, BOB);
	slack_says(world, "1700000000.000100", "hello");
	settle(world);
	assert_int_equal(count(world, "/createRoom"), 1);
	assert_says(world, PORTAL_ROOM, 0, "hello");
	assert_database(world, "SELECT COUNT(*) FROM inbox WHERE state = 0", "0");
}

/* The ghost is not known to the new process: it has to be found out again. */
static void a_message_parked_at_its_send_survives_a_restart(void **state)
{
	struct world *world = *state;

	open_portal(world);
	slack_says(world, "1700000000.000100", "first");
	settle(world);
	world->script.otherwise = (struct answer){.how = ANSWER, .status = 502};
	slack_says(world, "1700000001.000100", "second");
	settle(world);
	assert_database(world, "SELECT step FROM inbox WHERE state = 0", "send");
	restart_world(world);
	world->script.otherwise.how = CUSTOM;
	pass(world, 10000);
	assert_database(world, "SELECT COUNT(*) FROM inbox WHERE state = 0", "0");
	assert_says(world, PORTAL_ROOM, said(world, PORTAL_ROOM) - 1, "second");
}

/* The ghost was thrown out while its message waited. */
static void a_ghost_that_was_thrown_out_comes_back(void **state)
{
	struct world *world = *state;

	open_portal(world);
	slack_says(world, "1700000000.000100", "first");
	settle(world);
	size_t joins = count(world, "/join/");
	script_add(&world->script,
	        (struct answer){.status = 403, .body = "{\"errcode\":\"M_FORBIDDEN\"}"});
	slack_says(world, "1700000001.000100", "second");
	settle(world);
	assert_int_equal(count(world, "/join/"), joins + 1);
	assert_int_equal(said(world, PORTAL_ROOM), 3); /* one of them refused */
	assert_database(world, "SELECT COUNT(*) FROM inbox WHERE state = 0", "0");
}

static void a_name_that_is_refused_loses_no_message(void **state)
{
	struct world *world = *state;

	log_in_as(world, BOB);
	script_add(&world->script,
	        (struct answer){.path = "/displayname",
	                .status = 400,
	                .body = "{\"errcode\":\"M_BAD_JSON\",\"error\":\"too long\"}"});
	slack_says(world, "1700000000.000100", "hello");
	settle(world);
	assert_says(world, PORTAL_ROOM, 0, "hello");
}

static void what_has_no_text_is_said_to_be_there(void **state)
{
	struct world *world = *state;

	open_portal(world);
	slack_says(world, "1700000000.000100", "");
	slack_says(world, "1700000001.000100", " \n ");
	slack_event(world,
	        "\"type\":\"message\",\"subtype\":\"file_share\",\"channel\":"
	        "\"C1\",\"user\":\"U1\",\"ts\":\"1700000002.000100\",\"text\":\"\",\"files\":[{\"id\":\"F1\",\"name\":\"plan.pdf\",\"mode\":\"tombstone\"}]");
	slack_event(world, "\"type\":\"message\",\"subtype\":\"bot_message\",\"channel\":"
	                   "\"C1\",\"bot_id\":\"B2\",\"ts\":\"1700000003.000100\"");
	settle(world);
	assert_says(world, PORTAL_ROOM, 0, "can only be seen on Slack");
	assert_says(world, PORTAL_ROOM, 1, "can only be seen on Slack");
	assert_says(world, PORTAL_ROOM, 2, "plan.pdf");
	assert_says(world, PORTAL_ROOM, 3, "can only be seen on Slack");
}

static char *long_text(size_t lines)
{
	struct buf text;

	buf_init(&text, 4 * 1024 * 1024);
	for (size_t i = 0; i < lines; i++) {
		buf_printf(&text, "line %zu: \"\xC3\xA9\"\n", i);
	}
	return buf_take(&text);
}

/* An event has 65,536 bytes at most. */
static void a_long_text_comes_in_pieces_and_whole(void **state)
{
	struct world *world = *state;
	struct buf all;

	open_portal(world);
	autofree char *text = long_text(10000);
	slack_says(world, "1700000000.000100", text);
	slack_says(world, "1700000001.000100", "next");
	settle(world);
	size_t pieces = said(world, PORTAL_ROOM) - 1;
	assert_in_range(pieces, 3, 12);
	assert_says(world, PORTAL_ROOM, pieces, "next");
	buf_init(&all, 4 * 1024 * 1024);
	for (size_t i = 0; i < pieces; i++) {
		autofree char *piece = sent_text(world, PORTAL_ROOM, i);
		buf_printf(&all, "%s%s", i == 0 ? "" : "\n", piece);
		const struct asked *asked = nth(world, "/send/m.room.message/", i);
		assert_true(strlen(asked->body) < 60000);
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(asked->path,
			        nth(world, "/send/m.room.message/", k)->path);
		}
	}
	text[strlen(text) - 1] = '\0'; /* a line break at the end shows nothing */
	assert_string_equal(buf_cstr(&all), text);
	buf_finish(&all);
	autofree char *count = xasprintf("%zu", pieces);
	assert_database(world,
	        "SELECT COUNT(DISTINCT event_id) FROM message WHERE slack_ts = "
	        "'1700000000.000100'",
	        count);
}

static void pieces_already_sent_are_not_sent_again_after_a_restart(void **state)
{
	struct world *world = *state;

	open_portal(world);
	autofree char *text = long_text(10000);
	script_add(&world->script,
	        (struct answer){.path = "/users.info",
	                .body = "{\"ok\":true,\"user\":{\"id\":\"U1\",\"name\":\"a\"}}"});
	slack_says(world, "1700000000.000100", "first");
	settle(world);
	script_say(&world->script, NULL, "{\"event_id\":\"$p0\"}");
	script_add(&world->script, (struct answer){.status = 502});
	slack_says(world, "1700000001.000100", text);
	settle(world);
	assert_database(
	        world, "SELECT facts FROM inbox WHERE state = 0", "{\"piece\":\"1\"}");
	restart_world(world);
	size_t before = said(world, PORTAL_ROOM);
	autofree char *refused = sent_text(world, PORTAL_ROOM, before - 1);
	pass(world, 10000);
	autofree char *again = sent_text(world, PORTAL_ROOM, before);
	assert_string_equal(again, refused);
	assert_database(world, "SELECT COUNT(*) FROM inbox WHERE state = 0", "0");
}

static void a_message_that_cannot_be_delivered_is_told_of_in_its_room(void **state)
{
	struct world *world = *state;

	open_portal(world);
	slack_says(world, "1700000000.000100", "first");
	settle(world);
	script_add(&world->script,
	        (struct answer){.status = 400, .body = "{\"errcode\":\"M_BAD_JSON\"}"});
	slack_says(world, "1700000001.000100", "second");
	slack_says(world, "1700000002.000100", "third");
	settle(world);
	bool told = false, went_on = false;
	for (size_t i = 0; i < said(world, PORTAL_ROOM); i++) {
		autofree char *text = sent_text(world, PORTAL_ROOM, i);
		told = told || strstr(text, "by alice was not delivered") != NULL;
		went_on = went_on || strcmp(text, "third") == 0;
	}
	assert_true(told);
	assert_true(went_on);
}

/* ---------------------------------------------------------------- catching up */

/* A connection that comes and goes while Slack keeps us waiting: the jobs do not pile up
 * calls. */
static void a_flapping_connection_is_caught_up_once(void **state)
{
	static const char page[] =
	        "{\"ok\":true,\"messages\":[{\"type\":\"message\",\"user\":\"U1\","
	        "\"ts\":\"1800000001.000100\",\"text\":\"missed\"}]}";
	struct world *world = *state;
	struct login *login;

	open_portal(world);
	login = logins_by_team(world->app.logins, "T1");
	script_add(&world->script,
	        (struct answer){.path = "/conversations.history", .how = HOLD});
	script_say(&world->script, "/conversations.history", page);
	catch_up_begin(login);
	settle(world);
	size_t held = world->script.asked_count - 1;
	for (int i = 0; i < 20; i++) {
		pass(world, 1000);
		catch_up_begin(login);
	}
	settle(world);
	script_release(&world->script, held, &(struct answer){.body = page});
	pass(world, 60000);
	assert_int_equal(count(world, "/conversations.history"), 2);
	assert_int_equal(said(world, PORTAL_ROOM), 1);
	assert_says(world, PORTAL_ROOM, 0, "missed");
	assert_database(world, "SELECT COUNT(*) FROM inbox WHERE state = 0", "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_message_gets_its_portal_and_its_ghost),
	        TEST(a_message_parked_at_its_send_survives_a_restart),
	        TEST(a_ghost_that_was_thrown_out_comes_back),
	        TEST(a_name_that_is_refused_loses_no_message),
	        TEST(what_has_no_text_is_said_to_be_there),
	        TEST(a_long_text_comes_in_pieces_and_whole),
	        TEST(pieces_already_sent_are_not_sent_again_after_a_restart),
	        TEST(a_flapping_connection_is_caught_up_once),
	        TEST(a_message_that_cannot_be_delivered_is_told_of_in_its_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
