/* proves: HS-04 */
#include "flow_fixture.h"

#include "bridge/flow/poke.h"

#define POKES "/send/org.matrix-slack-bridge.poke/"

static struct poke *poke;

static int set_up_poke(void **state)
{
	set_up(state);
	poke = poke_create(&((struct world *)*state)->app);
	return 0;
}

static int tear_down_poke(void **state)
{
	poke_destroy(&poke);
	return tear_down(state);
}

#define POKE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_poke, tear_down_poke)

static void the_bot_pokes_in_a_room_of_its_own(void **state)
{
	struct world *world = *state;

	poke_soon(poke, 0);
	pass(world, 1000);
	assert_int_equal(count(world, "/createRoom"), 1);
	assert_int_equal(count(world, POKES), 1);
	poke_soon(poke, 10000);
	poke_soon(poke, 20000); /* one of the two is enough */
	pass(world, 9000);
	assert_int_equal(count(world, POKES), 1);
	pass(world, 30000);
	assert_int_equal(count(world, POKES), 2);
	/* A request of its own each time. */
	assert_string_not_equal(nth(world, POKES, 0)->path, nth(world, POKES, 1)->path);
}

static void the_room_is_remembered(void **state)
{
	struct world *world = *state;

	poke_soon(poke, 0);
	pass(world, 1000);
	poke_destroy(&poke);
	restart_world(world);
	poke = poke_create(&world->app);
	poke_soon(poke, 0);
	pass(world, 1000);
	assert_int_equal(count(world, "/createRoom"), 1);
	assert_int_equal(count(world, POKES), 2);
}

static void a_poke_that_failed_is_repeated_until_it_is_through(void **state)
{
	struct world *world = *state;

	poke_soon(poke, 0);
	pass(world, 1000);
	for (int i = 0; i < 3; i++) {
		script_add(&world->script, (struct answer){.status = 502});
	}
	poke_soon(poke, 0);
	pass(world, 60000);
	assert_int_equal(count(world, POKES), 1 + 3 + 1);
	pass(world, 600000);
	assert_int_equal(count(world, POKES), 5);
}

static void a_room_that_is_gone_is_replaced(void **state)
{
	struct world *world = *state;

	poke_soon(poke, 0);
	pass(world, 1000);
	script_add(&world->script,
	        (struct answer){.status = 500,
	                .body = "{\"errcode\":\"M_UNKNOWN\",\"error\":\"non-create event "
	                        "for room of unknown version in !made1:x.org\"}"});
	poke_soon(poke, 0);
	pass(world, 60000);
	assert_int_equal(count(world, "/createRoom"), 2);
	assert_non_null(strstr(nth(world, POKES, 2)->path, "made2"));
}

/* What was refused meanwhile came after the event that is under way. */
static void a_poke_asked_for_meanwhile_is_not_forgotten(void **state)
{
	struct world *world = *state;

	poke_soon(poke, 0);
	pass(world, 1000);
	script_add(&world->script, (struct answer){.how = HOLD});
	poke_soon(poke, 0);
	settle(world);
	poke_soon(poke, 0);
	pass(world, 1000);
	script_release(&world->script, world->script.asked_count - 1,
	        &(struct answer){.body = "{\"event_id\":\"$x\"}"});
	pass(world, 60000);
	assert_int_equal(count(world, POKES), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        POKE_TEST(the_bot_pokes_in_a_room_of_its_own),
	        POKE_TEST(the_room_is_remembered),
	        POKE_TEST(a_poke_that_failed_is_repeated_until_it_is_through),
	        POKE_TEST(a_room_that_is_gone_is_replaced),
	        POKE_TEST(a_poke_asked_for_meanwhile_is_not_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
