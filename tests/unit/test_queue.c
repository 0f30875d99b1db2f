/* proves: MSG-13 */
#include "bridge/queue/queue.h"
#include "bridge/store/store.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/str.h"
/* cmocka wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/**/
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A world in which the steps of a flow write down what they did. */
struct world {
	struct loop *loop;
	struct store *store;
	struct queue *queue;
	char path[64];
	char story[16384];
	int fail_times; /* how often "act" fails before it works */
	enum err_kind fail_kind;
	struct flow *waiting; /* of the flow "slow" */
	int cancelled;
};

static void tell(struct world *world, const char *what, const struct flow *flow)
{
	size_t n = strlen(world->story);
	snprintf(world->story + n, sizeof(world->story) - n, "%s%s:%s", n == 0 ? "" : " ",
	        what, json_str_or(flow->payload, "n", "?"));
}

static enum step_rc step_act(struct flow *flow)
{
	struct world *world = flow->app;

	if (world->fail_times > 0) {
		world->fail_times--;
		tell(world, "fail", flow);
		err_set(&flow->err, world->fail_kind, 0, "as told");
		return STEP_FAIL;
	}
	tell(world, "act", flow);
	return STEP_DONE;
}

static enum step_rc step_intent(struct flow *flow)
{
	if (flow_fact(flow, "intent") == NULL) {
		flow_set_fact(flow, "intent", "yes");
		tell(flow->app, "intent", flow);
		return STEP_SAVE;
	}
	return STEP_DONE;
}

static void cancel_slow(void *handle)
{
	struct world *world = handle;
	world->cancelled++;
}

static enum step_rc step_slow(struct flow *flow)
{
	struct world *world = flow->app;

	if (world->waiting == flow) {
		world->waiting = NULL;
		tell(world, "slow", flow);
		return STEP_DONE;
	}
	world->waiting = flow;
	return flow_wait(flow, world, cancel_slow);
}

static void dead(struct flow *flow, struct store_tx *tx)
{
	tell(flow->app, "dead", flow);
	queue_add(flow->queue, tx, "told", "other", "plain", "{\"n\":\"told\"}");
}

static const struct step plain_steps[] = {
        {"intent", step_intent}, {"act", step_act}, {NULL, NULL}};
static const struct step slow_steps[] = {{"slow", step_slow}, {NULL, NULL}};
static const struct flow_def plain = {
        .name = "plain", .steps = plain_steps, .dead = dead};
static const struct flow_def slow = {
        .name = "slow", .steps = slow_steps, .state_size = 8};
static const struct flow_def *const defs[] = {&plain, &slow, NULL};

static void open_world(struct world *world)
{
	struct err err;

	world->store = store_open(world->loop, "sqlite3-fk-wal", world->path, &err);
	assert_non_null(world->store);
	world->queue = queue_create(world->loop, world->store, defs, world, 1);
	queue_start(world->queue);
}

static void close_world(struct world *world)
{
	queue_destroy(&world->queue);
	store_close(&world->store);
}

static int set_up(void **state)
{
	struct world *world = xcalloc(1, sizeof(*world));

	snprintf(world->path, sizeof(world->path), "/tmp/msb-test-queue-%d.db",
	        (int)getpid());
	unlink(world->path);
	world->loop = loop_create();
	loop_use_virtual_clock(world->loop, INT64_C(1767225600000));
	world->fail_kind = ERR_RETRY;
	open_world(world);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	char aside[80];

	close_world(world);
	loop_destroy(&world->loop);
	unlink(world->path);
	snprintf(aside, sizeof(aside), "%s-wal", world->path);
	unlink(aside);
	snprintf(aside, sizeof(aside), "%s-shm", world->path);
	unlink(aside);
	free(world);
	return 0;
}

/* The turn-end commits are no callbacks of the loop, so a quiet turn may still have moved
 * things: a few more are asked for. */
static void settle(struct world *world)
{
	for (int i = 0; i < 50; i++) {
		loop_drain(world->loop);
	}
}

static void add(struct world *world, const char *key, const char *lane, const char *flow)
{
	struct store_tx *tx = store_tx_create(world->store);
	autofree char *payload = xasprintf("{\"n\":\"%s\"}", key);

	queue_add(world->queue, tx, key, lane, flow, payload);
	store_tx_submit(tx, NULL, NULL);
}

static void jobs_of_a_lane_run_in_order(void **state)
{
	struct world *world = *state;

	add(world, "1", "a", "plain");
	add(world, "2", "a", "plain");
	add(world, "3", "a", "plain");
	settle(world);
	assert_string_equal(world->story, "intent:1 act:1 intent:2 act:2 intent:3 act:3");
	assert_int_equal(queue_lanes(world->queue), 0);
}

static void a_repeated_key_runs_once(void **state)
{
	struct world *world = *state;

	add(world, "1", "a", "plain");
	settle(world);
	add(world, "1", "a", "plain");
	settle(world);
	assert_string_equal(world->story, "intent:1 act:1");
}

static void a_waiting_head_holds_its_lane_and_no_other(void **state)
{
	struct world *world = *state;

	add(world, "1", "a", "slow");
	add(world, "2", "a", "plain");
	add(world, "3", "b", "plain");
	settle(world);
	assert_string_equal(world->story, "intent:3 act:3");
	flow_continue(world->waiting, NULL);
	settle(world);
	assert_string_equal(world->story, "intent:3 act:3 slow:1 intent:2 act:2");
}

static void retry_waits_longer_each_time_and_keeps_order(void **state)
{
	struct world *world = *state;

	world->fail_times = 3;
	add(world, "1", "a", "plain");
	add(world, "2", "a", "plain");
	settle(world);
	assert_string_equal(world->story, "intent:1 fail:1");
	for (int i = 0; i < 3; i++) {
		int64_t due = loop_next_due_us(world->loop);
		int64_t wait_ms = (due - loop_now_us(world->loop)) / 1000;
		assert_in_range(wait_ms, 800 << i, (1000 << i) + 1);
		loop_advance_to_us(world->loop, due);
		settle(world);
	}
	assert_string_equal(
	        world->story, "intent:1 fail:1 fail:1 fail:1 act:1 intent:2 act:2");
}

static void a_permanent_failure_tells_and_lets_the_lane_go_on(void **state)
{
	struct world *world = *state;

	world->fail_times = 1;
	world->fail_kind = ERR_PERMANENT;
	add(world, "1", "a", "plain");
	add(world, "2", "a", "plain");
	settle(world);
	assert_non_null(strstr(world->story, "dead:1"));
	assert_non_null(strstr(world->story, "act:2"));
	assert_non_null(strstr(world->story, "act:told"));
}

static void a_new_life_goes_on_where_the_old_one_stood(void **state)
{
	struct world *world = *state;

	world->fail_times = 1;
	add(world, "1", "a", "plain");
	add(world, "2", "a", "plain");
	settle(world);
	close_world(world);
	open_world(world);
	settle(world);
	assert_string_equal(
	        world->story, "intent:1 fail:1"); /* parked: its time has not come */
	loop_advance_to_us(world->loop, loop_now_us(world->loop) + 2000000);
	settle(world);
	/* The intent was remembered: it is not done again. */
	assert_string_equal(world->story, "intent:1 fail:1 act:1 intent:2 act:2");
}

static void destroy_cancels_what_is_waited_for(void **state)
{
	struct world *world = *state;

	add(world, "1", "a", "slow");
	settle(world);
	close_world(world);
	assert_int_equal(world->cancelled, 1);
	world->waiting = NULL;
	open_world(world);
	settle(world);
	assert_non_null(world->waiting); /* the row was still there */
}

static void an_unknown_flow_is_dead_and_holds_nobody_up(void **state)
{
	struct world *world = *state;

	add(world, "1", "a", "of-a-later-version");
	add(world, "2", "a", "plain");
	settle(world);
	assert_string_equal(world->story, "intent:2 act:2");
}

static void many_lanes_share_the_work(void **state)
{
	struct world *world = *state;

	for (int i = 0; i < 200; i++) {
		autofree char *key = xasprintf("%d", i);
		autofree char *lane = xasprintf("lane%d", i);
		add(world, key, lane, "plain");
	}
	settle(world);
	int acts = 0;
	for (const char *p = world->story; (p = strstr(p, "act:")) != NULL; p += 4) {
		acts++;
	}
	assert_int_equal(acts, 200);
	assert_int_equal(queue_lanes(world->queue), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                jobs_of_a_lane_run_in_order, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                a_repeated_key_runs_once, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                a_waiting_head_holds_its_lane_and_no_other, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                retry_waits_longer_each_time_and_keeps_order, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                a_permanent_failure_tells_and_lets_the_lane_go_on, set_up,
	                tear_down),
	        cmocka_unit_test_setup_teardown(
	                a_new_life_goes_on_where_the_old_one_stood, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                destroy_cancels_what_is_waited_for, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                an_unknown_flow_is_dead_and_holds_nobody_up, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                many_lanes_share_the_work, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
