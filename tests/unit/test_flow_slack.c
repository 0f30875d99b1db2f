/* proves: MSG-13 MSG-14 PORT-02 PORT-03 */
#include "flow_fixture.h"

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
	for (int i = 0; i < 3; i++) {
		script_add(&world->script,
		        (struct answer){.path = NULL, .how = DROP, .used = true});
	}
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_message_gets_its_portal_and_its_ghost),
	        TEST(a_message_parked_at_its_send_survives_a_restart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
