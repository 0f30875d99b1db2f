/* proves: PORT-02 PORT-05 */
#include "flow_fixture.h"

#include "lib/buf.h"

/* ---------------------------------------------------------------- one room */

static void a_hundred_first_messages_make_one_room(void **state)
{
	struct world *world = *state;

	log_in_as(world, BOB);
	for (int i = 0; i < 100; i++) {
		autofree char *ts = xasprintf("1700000%03d.000100", i);
		slack_says(world, ts, "x");
	}
	pass(world, 1000);
	assert_int_equal(count(world, "/createRoom"), 1);
	assert_int_equal(said(world, PORTAL_ROOM), 100);
}

/* The answer is lost and the room may be there: it is looked for by its mark. */
static void a_room_whose_making_was_in_doubt_is_found_again(void **state)
{
	struct world *world = *state;

	log_in_as(world, BOB);
	script_add(&world->script, (struct answer){.path = "/createRoom", .how = DROP});
	script_say(&world->script, "/joined_rooms",
	        "{\"joined_rooms\":[\"!other:x.org\",\"!lost:x.org\",\"!next:x.org\"]}");
	script_say(&world->script, "/m.bridge/x.org%2Fslack",
	        "{\"channel\":{\"id\":\"T1-C9\"}}");
	script_say(&world->script, "/m.bridge/x.org%2Fslack",
	        "{\"channel\":{\"id\":\"T1-C1\"}}");
	slack_says(world, "1700000000.000100", "hello");
	pass(world, 20000);
	assert_int_equal(count(world, "/createRoom"), 1);
	assert_says(world, "!lost:x.org", 0, "hello");
	assert_int_equal(count(world, "/rooms/%21lost%3Ax.org/invite"), 1);
}

/* As above, but the process dies meanwhile. */
static void a_room_made_by_a_process_that_died_is_found_again(void **state)
{
	struct world *world = *state;

	log_in_as(world, BOB);
	script_add(&world->script, (struct answer){.path = "/createRoom", .how = HOLD});
	slack_says(world, "1700000000.000100", "hello");
	settle(world);
	script_say(
	        &world->script, "/joined_rooms", "{\"joined_rooms\":[\"!lost:x.org\"]}");
	script_say(&world->script, "/m.bridge/x.org%2Fslack",
	        "{\"channel\":{\"id\":\"T1-C1\"}}");
	restart_world(world);
	pass(world, 20000);
	assert_int_equal(count(world, "/createRoom"), 1);
	assert_says(world, "!lost:x.org", 0, "hello");
}

/* ---------------------------------------------------------------- its owner */

static size_t invites(const struct world *world, const char *user)
{
	size_t n = 0;

	for (size_t i = 0; nth(world, "/invite", i) != &not_asked; i++) {
		n += strstr(nth(world, "/invite", i)->body, user) != NULL;
	}
	return n;
}

static void the_owner_is_invited_although_the_process_dies_before(void **state)
{
	struct world *world = *state;

	log_in_as(world, BOB);
	script_add(&world->script, (struct answer){.path = "/invite", .how = HOLD});
	slack_says(world, "1700000000.000100", "hello");
	settle(world);
	assert_int_equal(invites(world, BOB), 1);
	restart_world(world);
	pass(world, 20000);
	assert_int_equal(invites(world, BOB), 2);
	assert_int_equal(count(world, "/createRoom"), 1);
}

/* A homeserver in trouble delays the invitation, and nobody's messages. */
static void the_owner_is_invited_although_it_fails_at_first(void **state)
{
	struct world *world = *state;

	log_in_as(world, BOB);
	for (int i = 0; i < 5; i++) {
		script_add(&world->script,
		        (struct answer){.path = "/invite", .status = 502});
	}
	slack_says(world, "1700000000.000100", "hello");
	settle(world);
	assert_says(world, PORTAL_ROOM, 0, "hello");
	pass(world, 120000);
	assert_int_equal(invites(world, BOB), 6);
	pass(world, 3600000);
	assert_int_equal(invites(world, BOB), 6);
}

static void sync_login(struct world *world, const char *key)
{
	struct store_tx *tx = store_tx_create(world->app.store);

	queue_add(
	        world->app.queue, tx, key, "l T1", FLOW_LOGIN_SYNC, "{\"team\":\"T1\"}");
	store_tx_submit(tx, NULL, NULL);
}

/* Whoever logs in second is invited into the rooms that are there, the first stays. */
static void a_second_owner_joins_the_rooms_of_the_first(void **state)
{
	struct world *world = *state;

	open_portal(world);
	assert_int_equal(invites(world, BOB), 1);
	script_say(&world->script, "/users.conversations",
	        "{\"ok\":true,\"channels\":[{\"id\":\"C1\",\"name\":\"general\"}]}");
	log_in_as(world, "@carol:x.org");
	sync_login(world, "second");
	settle(world);
	assert_int_equal(invites(world, "@carol:x.org"), 1);
	assert_int_equal(invites(world, BOB), 1);
	assert_int_equal(count(world, "/createRoom"), 1);
}

/* ---------------------------------------------------------------- many */

static char *channels_page(int from, int to, const char *cursor)
{
	struct buf page;

	buf_init(&page, 1024 * 1024);
	buf_puts(&page, "{\"ok\":true,\"channels\":[");
	for (int i = from; i < to; i++) {
		buf_printf(&page, "%s{\"id\":\"C%d\",\"name\":\"c%d\"}",
		        i == from ? "" : ",", i, i);
	}
	buf_printf(&page, "],\"response_metadata\":{\"next_cursor\":\"%s\"}}", cursor);
	return buf_take(&page);
}

/* Slack may list a thousand on a page. */
static void hundreds_of_conversations_get_their_jobs_at_login(void **state)
{
	struct world *world = *state;

	log_in_as(world, BOB);
	autofree char *one = channels_page(0, 700, "more");
	autofree char *two = channels_page(700, 1000, "");
	script_say(&world->script, "/users.conversations", one);
	script_say(&world->script, "/users.conversations", two);
	script_add(&world->script,
	        (struct answer){.path = "/conversations.info", .how = HOLD});
	sync_login(world, "first");
	settle(world);
	assert_database(
	        world, "SELECT COUNT(*) FROM inbox WHERE flow = 'open_portal'", "1000");
}

/* ---------------------------------------------------------------- tokens */

/* With the tokens revoked nothing is given up: it waits for the next login. */
static void a_refused_token_is_waited_out(void **state)
{
	static const char *const words[] = {
	        "invalid_auth", "token_revoked", "token_expired", "account_inactive"};
	struct world *world = *state;

	log_in_as(world, BOB);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		autofree char *refusal =
		        xasprintf("{\"ok\":false,\"error\":\"%s\"}", words[i]);
		script_say(&world->script, "/conversations.info", refusal);
		slack_says(world, "1700000000.000100", "hello");
		pass(world, 3600000);
	}
	script_say(&world->script, "/users.info",
	        "{\"ok\":false,\"error\":\"token_revoked\"}");
	slack_says(world, "1700000001.000100", "again");
	pass(world, 3600000);
	assert_says(world, PORTAL_ROOM, 0, "hello");
	assert_says(world, PORTAL_ROOM, 1, "again");
	assert_database(world, "SELECT name FROM ghost WHERE user_id = 'U1'", "alice");
}

/* ---------------------------------------------------------------- a deleted room */

static void a_deleted_room_holds_no_lane_for_ever(void **state)
{
	struct world *world = *state;

	open_portal(world);
	slack_says(world, "1700000000.000100", "first");
	settle(world);
	script_add(&world->script,
	        (struct answer){.status = 500,
	                .body = "{\"errcode\":\"M_UNKNOWN\",\"error\":\"non-create event "
	                        "for room of unknown version in !made1:x.org\"}"});
	slack_says(world, "1700000001.000100", "second");
	slack_says(world, "1700000002.000100", "third");
	settle(world);
	assert_database(world, "SELECT COUNT(*) FROM inbox WHERE state = 0", "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_hundred_first_messages_make_one_room),
	        TEST(a_room_whose_making_was_in_doubt_is_found_again),
	        TEST(a_room_made_by_a_process_that_died_is_found_again),
	        TEST(the_owner_is_invited_although_the_process_dies_before),
	        TEST(the_owner_is_invited_although_it_fails_at_first),
	        TEST(a_second_owner_joins_the_rooms_of_the_first),
	        TEST(hundreds_of_conversations_get_their_jobs_at_login),
	        TEST(a_refused_token_is_waited_out),
	        TEST(a_deleted_room_holds_no_lane_for_ever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
