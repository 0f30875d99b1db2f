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
#include <sqlite3.h>
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
	uint32_t wish_ms;     /* of the failure */
	struct flow *waiting; /* of the flows "slow" and "aside" */
	bool let_go;
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
		flow->err.retry_after_ms = world->wish_ms;
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

static enum step_rc step_hang(struct flow *flow)
{
	return flow_wait(flow, flow->app, cancel_slow);
}

/* Waits where it costs nobody a place; goes on when the test lets it. */
static enum step_rc step_aside(struct flow *flow)
{
	struct world *world = flow->app;

	if (world->let_go) {
		tell(world, "back", flow);
		return STEP_DONE;
	}
	world->waiting = flow;
	return flow_wait_aside(flow, world, cancel_slow);
}

/* Writes something of its own, and remembers that it did. */
static enum step_rc step_write(struct flow *flow)
{
	store_tx_add(flow_tx(flow), STMT_FACT_PUT, "ss", "written", "yes");
	flow_set_fact(flow, "wrote", "yes");
	tell(flow->app, "write", flow);
	return STEP_DONE;
}

static enum step_rc step_read(struct flow *flow)
{
	tell(flow->app, flow_fact(flow, "wrote") != NULL ? "wrote" : "forgot", flow);
	return STEP_DONE;
}

/* What the database refuses: a fact without a value. */
static enum step_rc step_spoil(struct flow *flow)
{
	tell(flow->app, "spoil", flow);
	store_tx_add(flow_tx(flow), STMT_FACT_PUT, "ss", "bad", NULL);
	return json_bool(flow->payload, "saves", false) ? STEP_SAVE : STEP_END;
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
static const struct step hang_steps[] = {{"hang", step_hang}, {NULL, NULL}};
static const struct step write_steps[] = {
        {"slow", step_slow}, {"write", step_write}, {"read", step_read}, {NULL, NULL}};
static const struct step spoil_steps[] = {{"spoil", step_spoil}, {NULL, NULL}};
static const struct flow_def hang = {.name = "hang", .steps = hang_steps};
static const struct flow_def writer = {
        .name = "writer", .steps = write_steps, .state_size = 8};
static const struct flow_def spoiler = {
        .name = "spoiler", .steps = spoil_steps, .dead = dead};
static const struct step patient_steps[] = {{"aside", step_aside}, {NULL, NULL}};
static const struct flow_def patient = {.name = "aside", .steps = patient_steps};
static const struct flow_def *const defs[] = {
        &plain, &slow, &hang, &writer, &spoiler, &patient, NULL};

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

/* ---------------------------------------------------------------- a database in trouble
 */

static sqlite3 *open_beside(const struct world *world)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(world->path, &db), SQLITE_OK);
	return db;
}

static void run_sql(sqlite3 *db, const char *sql)
{
	char *why = NULL;
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
		fail_msg("%s: %s", sql, why);
	}
}

static int64_t ask_number(const struct world *world, const char *sql)
{
	sqlite3 *db = open_beside(world);
	sqlite3_stmt *stmt;
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	int64_t number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return number;
}

static void pass_ms(struct world *world, int64_t ms)
{
	int64_t end_us = loop_now_us(world->loop) + ms * 1000;

	settle(world);
	while (loop_next_due_us(world->loop) <= end_us) {
		loop_advance_to_us(world->loop, loop_next_due_us(world->loop));
		settle(world);
	}
	loop_advance_to_us(world->loop, end_us);
	settle(world);
}

/* A step's facts and its statements are one commit: if that fails, both are gone. */
static void a_step_that_could_not_be_saved_is_done_again(void **state)
{
	struct world *world = *state;

	add(world, "1", "a", "writer");
	settle(world);
	sqlite3 *other = open_beside(world);
	run_sql(other, "BEGIN IMMEDIATE");
	flow_continue(world->waiting, NULL);
	pass_ms(world, 31000); /* longer than the store is patient */
	run_sql(other, "ROLLBACK");
	sqlite3_close(other);
	pass_ms(world, 5000);
	flow_continue(world->waiting, NULL); /* the job began anew */
	pass_ms(world, 1000);
	assert_non_null(strstr(world->story, "write:1 slow:1 write:1 wrote:1"));
	assert_int_equal(
	        ask_number(world, "SELECT COUNT(*) FROM fact WHERE name = 'written'"), 1);
}

static void what_the_database_refuses_holds_nobody_up(void **state)
{
	struct world *world = *state;

	add(world, "1", "a", "spoiler");
	add(world, "2", "a", "plain");
	pass_ms(world, 10000);
	assert_string_equal(world->story, "spoil:1 intent:2 act:2");
	assert_int_equal(ask_number(world, "SELECT state FROM inbox WHERE id = 1"), 2);
}

static void a_step_whose_commit_is_refused_fails_for_good(void **state)
{
	struct world *world = *state;
	struct store_tx *tx = store_tx_create(world->store);

	queue_add(world->queue, tx, "1", "a", "spoiler", "{\"n\":\"1\",\"saves\":true}");
	store_tx_submit(tx, NULL, NULL);
	add(world, "2", "a", "plain");
	pass_ms(world, 10000);
	assert_non_null(strstr(world->story, "spoil:1 dead:1"));
	assert_non_null(strstr(world->story, "act:2"));
	assert_non_null(strstr(world->story, "act:told"));
}

static void an_unreadable_inbox_is_asked_for_again_in_peace(void **state)
{
	struct world *world = *state;

	add(world, "1", "a", "hang");
	settle(world);
	close_world(world);
	sqlite3 *other = open_beside(world);
	open_world(world);
	run_sql(other, "ALTER TABLE inbox RENAME TO elsewhere");
	for (int i = 0; i < 20; i++) {
		loop_turn(world->loop, false);
	}
	/* Not at once and again and again. */
	assert_true(loop_next_due_us(world->loop) >= loop_now_us(world->loop) + 500000);
	run_sql(other, "ALTER TABLE elsewhere RENAME TO inbox");
	sqlite3_close(other);
	pass_ms(world, 3000);
	assert_int_equal(queue_lanes(world->queue), 1);
}

/* ---------------------------------------------------------------- clocks */

static void shift_due(const struct world *world, int64_t by_ms)
{
	sqlite3 *db = open_beside(world);
	autofree char *sql =
	        xasprintf("UPDATE inbox SET due_ms = due_ms + %lld", (long long)by_ms);
	run_sql(db, sql);
	sqlite3_close(db);
}

/* A wall clock that is set back looks like a due time far away. */
static void a_clock_set_back_holds_no_lane(void **state)
{
	struct world *world = *state;

	world->fail_times = 1;
	add(world, "1", "a", "plain");
	settle(world);
	shift_due(world, INT64_C(86400000));
	pass_ms(world, 2000);
	assert_string_equal(world->story, "intent:1 fail:1 act:1");
}

static void a_wrong_clock_of_an_earlier_life_holds_a_lane_for_an_hour_at_most(
        void **state)
{
	struct world *world = *state;

	world->fail_times = 1;
	add(world, "1", "a", "plain");
	settle(world);
	close_world(world);
	shift_due(world, INT64_C(365) * 86400000);
	open_world(world);
	pass_ms(world, 3600 * 1000 + 1000);
	assert_string_equal(world->story, "intent:1 fail:1 act:1");
}

static void an_odd_wish_of_a_server_is_bounded(void **state)
{
	struct world *world = *state;

	world->fail_times = 1;
	world->wish_ms = UINT32_MAX; /* 49 days */
	add(world, "1", "a", "plain");
	pass_ms(world, 3600 * 1000 + 1000);
	assert_string_equal(world->story, "intent:1 fail:1 act:1");
}

/* ---------------------------------------------------------------- fairness */

static void lanes_that_wait_on_one_side_keep_nobody_waiting_on_the_other(void **state)
{
	struct world *world = *state;

	for (int i = 0; i < 500; i++) {
		autofree char *key = xasprintf("%d", i);
		autofree char *lane = xasprintf("s %d", i);
		add(world, key, lane, "hang");
	}
	settle(world);
	add(world, "x", "m room", "plain");
	settle(world);
	assert_string_equal(world->story, "intent:x act:x");
}

static void who_waits_aside_takes_nobodys_place(void **state)
{
	struct world *world = *state;

	for (int i = 0; i < 500; i++) {
		autofree char *key = xasprintf("%d", i);
		autofree char *lane = xasprintf("s %d", i);
		add(world, key, lane, "aside");
	}
	settle(world);
	add(world, "x", "s room", "plain");
	settle(world);
	assert_string_equal(world->story, "intent:x act:x");
	world->let_go = true;
	flow_continue(world->waiting, NULL);
	settle(world);
	assert_non_null(strstr(world->story, "back:499"));
	assert_int_equal(queue_lanes(world->queue), 499);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                a_step_that_could_not_be_saved_is_done_again, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                what_the_database_refuses_holds_nobody_up, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                a_step_whose_commit_is_refused_fails_for_good, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                an_unreadable_inbox_is_asked_for_again_in_peace, set_up,
	                tear_down),
	        cmocka_unit_test_setup_teardown(
	                a_clock_set_back_holds_no_lane, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                a_wrong_clock_of_an_earlier_life_holds_a_lane_for_an_hour_at_most,
	                set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                an_odd_wish_of_a_server_is_bounded, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                lanes_that_wait_on_one_side_keep_nobody_waiting_on_the_other,
	                set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                who_waits_aside_takes_nobodys_place, set_up, tear_down),
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
