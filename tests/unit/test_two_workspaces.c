/* proves: AUTH-05, AUTH-10 */
/* Two workspaces that use the same channel ID and the same user ID, and three persons:
 * what belongs to one never reaches the other, and the end of one login ends nothing
 * else. */
#include "tests/unit/flow_fixture.h"

#include "bridge/flow/user_logins.h"

#define ANN "@ann:x.org"
#define FIRST_ROOM "!made1:x.org"
#define SECOND_ROOM "!made2:x.org"

static void log_in_to(struct world *world, const char *team, const char *owner)
{
	struct store_tx *tx = store_tx_create(world->app.store);
	autofree char *bot = xasprintf("xoxb-of-%s", team);
	autofree char *app = xasprintf("xapp-of-%s", team);

	store_tx_add(tx, STMT_LOGIN_PUT, "sssssssssisis", team, team, team, "", "UBOT",
	        "BBOT", owner, bot, app, (int64_t)1, "", (int64_t)0, "");
	store_tx_submit(tx, NULL, NULL);
	logins_load(world->app.logins, NULL, NULL);
	settle(world);
}

static void log_in_as_user(struct world *world, const char *team, const char *mxid)
{
	struct store_tx *tx = store_tx_create(world->app.store);
	autofree char *token = xasprintf("xoxc-of-%s", team);

	store_tx_add(tx, STMT_USER_LOGIN_PUT, "ssssssssi", team, mxid, "U9", "nine", team,
	        token, "xoxd-cookie", "", (int64_t)1);
	store_tx_submit(tx, NULL, NULL);
	user_logins_load(world->app.users, NULL, NULL);
	settle(world);
}

static void alice_says(struct world *world, const char *team, const char *text)
{
	autofree char *printed = xasprintf(
	        "{\"event_id\":\"Ev%u\",\"team_id\":\"%s\",\"event\":{\"type\":\"message\","
	        "\"channel\":\"C1\",\"user\":\"U1\",\"ts\":\"17000000%02u.000100\","
	        "\"text\":\"%s\"}}",
	        world->events + 1, team, 10 + world->events, text);
	autojson cJSON *payload = json_parse(str_from(printed), NULL);
	const struct slack_envelope envelope = {.conn = 1,
	        .envelope_id = "e1",
	        .type = "events_api",
	        .retry_reason = "",
	        .payload = payload};

	world->events++;
	slack_door_envelope(logins_by_team(world->app.logins, team), &envelope);
	settle(world);
}

static void assert_posted_with(struct world *world, size_t n, const char *token)
{
	autofree char *expected = xasprintf("Bearer %s", token);

	assert_string_equal(nth(world, "/chat.postMessage", n)->authorization, expected);
}

static void two_workspaces(struct world *world)
{
	log_in_to(world, "T1", BOB);
	log_in_to(world, "T2", ANN);
	alice_says(world, "T1", "in the first");
	pass(world, 1000);
	alice_says(world, "T2", "in the second");
	pass(world, 1000);
}

static void the_same_ids_in_two_workspaces_are_two_rooms_and_two_people(void **state)
{
	struct world *world = *state;

	two_workspaces(world);
	assert_int_equal(count(world, "/createRoom"), 2);
	assert_says(world, FIRST_ROOM, 0, "in the first");
	assert_says(world, SECOND_ROOM, 0, "in the second");
	const struct ghost *one = ghosts_find(world->app.ghosts, "T1", "U1");
	const struct ghost *other = ghosts_find(world->app.ghosts, "T2", "U1");
	assert_non_null(one);
	assert_non_null(other);
	assert_string_not_equal(one->mxid, other->mxid);
}

static void each_room_is_written_to_with_its_own_token(void **state)
{
	struct world *world = *state;

	two_workspaces(world);
	log_in_as_user(world, "T2", BOB);
	matrix_says(world, FIRST_ROOM, BOB, "one");
	pass(world, 1000);
	matrix_says(world, SECOND_ROOM, ANN, "two");
	pass(world, 1000);
	/* His own login counts in its workspace alone. */
	matrix_says(world, SECOND_ROOM, BOB, "three");
	pass(world, 1000);
	matrix_says(world, FIRST_ROOM, EVE, "four");
	pass(world, 1000);
	assert_int_equal(count(world, "/chat.postMessage"), 4);
	assert_posted_with(world, 0, "xoxb-of-T1");
	assert_posted_with(world, 1, "xoxb-of-T2");
	assert_posted_with(world, 2, "xoxc-of-T2");
	assert_posted_with(world, 3, "xoxb-of-T1");
}

static void one_logs_out_and_the_others_go_on(void **state)
{
	struct world *world = *state;

	two_workspaces(world);
	log_in_as_user(world, "T2", BOB);
	struct store_tx *tx = store_tx_create(world->app.store);
	logins_end(logins_by_team(world->app.logins, "T1"), tx);
	store_tx_submit(tx, NULL, NULL);
	settle(world);
	size_t before = count(world, "/chat.postMessage");
	matrix_says(world, FIRST_ROOM, BOB, "nobody there");
	pass(world, 1000);
	assert_int_equal(count(world, "/chat.postMessage"), before);
	matrix_says(world, SECOND_ROOM, BOB, "still there");
	pass(world, 1000);
	assert_int_equal(count(world, "/chat.postMessage"), before + 1);
	assert_posted_with(world, before, "xoxc-of-T2");
	alice_says(world, "T2", "and here");
	pass(world, 1000);
	assert_says(world, SECOND_ROOM, 1, "and here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(the_same_ids_in_two_workspaces_are_two_rooms_and_two_people),
	        TEST(each_room_is_written_to_with_its_own_token),
	        TEST(one_logs_out_and_the_others_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
