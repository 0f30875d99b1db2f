/* proves: HS-03 MSG-12 */
#include "flow_fixture.h"

static void run_sql(const struct world *world, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(world->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static cJSON *message(struct world *world, const char *room, const char *sender)
{
	cJSON *content = json_set_str(json_new(), "msgtype", "m.text");

	json_set_str(content, "body", "hello");
	return matrix_event(world, room, sender, "m.room.message", content);
}

static cJSON *many_messages(struct world *world, int number)
{
	cJSON *events = cJSON_CreateArray();

	for (int i = 0; i < number; i++) {
		cJSON_AddItemToArray(events, message(world, DM, BOB));
	}
	return events;
}

static void a_transaction_is_stored_and_accepted(void **state)
{
	struct world *world = *state;

	push(world, many_messages(world, 3));
	assert_int_equal(world->txn_status, 200);
	assert_database(world, "SELECT COUNT(*) FROM inbox", "3");
	push(world, many_messages(world, 0));
	assert_int_equal(world->txn_status, 200);
}

/* However long it is: all of it is stored, or it is not accepted. */
static void a_transaction_that_is_stored_in_part_is_refused(void **state)
{
	struct world *world = *state;

	run_sql(world, "CREATE TRIGGER spoil BEFORE INSERT ON inbox "
	               "WHEN NEW.unique_key = 'm:$e7' "
	               "BEGIN SELECT RAISE(ABORT, 'no'); END");
	push(world, many_messages(world, 150));
	assert_int_equal(world->txn_status, 503);
	run_sql(world, "DROP TRIGGER spoil");
	world->events = 0; /* the same again */
	push(world, many_messages(world, 150));
	assert_int_equal(world->txn_status, 200);
	assert_database(world, "SELECT COUNT(*) FROM inbox", "150");
}

static void our_own_users_are_not_heard(void **state)
{
	struct world *world = *state;
	cJSON *events = cJSON_CreateArray();

	cJSON_AddItemToArray(events, message(world, DM, BOT));
	cJSON_AddItemToArray(events, message(world, DM, "@slack_t1-u1:x.org"));
	push(world, events);
	assert_int_equal(world->txn_status, 200);
	assert_database(world, "SELECT COUNT(*) FROM inbox", "0");
}

static void what_is_no_event_is_left_out(void **state)
{
	struct world *world = *state;
	cJSON *events = cJSON_CreateArray();

	cJSON_AddItemToArray(events, cJSON_CreateNull());
	cJSON_AddItemToArray(events, cJSON_CreateNumber(1));
	cJSON_AddItemToArray(events, json_set_str(json_new(), "event_id", "$x"));
	cJSON_AddItemToArray(events, message(world, DM, BOB));
	push(world, events);
	assert_int_equal(world->txn_status, 200);
	assert_database(world, "SELECT COUNT(*) FROM inbox", "1");
}

/* Said once; otherwise silence would be the answer to "login app". */
static void encrypted_messages_are_not_swallowed(void **state)
{
	struct world *world = *state;

	for (int i = 0; i < 3; i++) {
		push_one(world, matrix_event(world, DM, BOB, "m.room.encrypted",
		                        json_set_str(json_new(), "ciphertext", "x")));
	}
	settle(world);
	assert_int_equal(said(world, DM), 1);
	assert_says(world, DM, 0, "cannot read encrypted");
}

/* The command prefix is a word: what only begins like it is for Slack. */
static void only_the_prefix_as_a_word_makes_a_command(void **state)
{
	static const struct {
		const char *body, *flow;
	} cases[] = {
	        {"!slack help", "command"},
	        {"!slack", "command"},
	        {"!slack\nhelp", "command"},
	        {"  !slack help", "command"},
	        {"!slackers unite", "matrix_message"},
	        {"!slack.com is down", "matrix_message"},
	        {"help", "matrix_message"},
	        {"say !slack help", "matrix_message"},
	};
	struct world *world = *state;

	open_portal(world);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		matrix_says(world, PORTAL_ROOM, BOB, cases[i].body);
		assert_database(world,
		        "SELECT flow FROM inbox WHERE unique_key LIKE 'm:%' "
		        "ORDER BY id DESC LIMIT 1",
		        cases[i].flow);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_transaction_is_stored_and_accepted),
	        TEST(a_transaction_that_is_stored_in_part_is_refused),
	        TEST(our_own_users_are_not_heard),
	        TEST(what_is_no_event_is_left_out),
	        TEST(encrypted_messages_are_not_swallowed),
	        TEST(only_the_prefix_as_a_word_makes_a_command),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
