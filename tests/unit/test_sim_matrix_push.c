/* Transactions towards an appservice, over real sockets on a virtual clock. */
#include "sim-matrix/push.h"

#include "tests/unit/sim_matrix_fixture.h"

/* alice's room "r" with the bot in it; the transactions so far are forgotten. */
static void make_room(struct fixture *f)
{
	autofree char *room = NULL;
	autofree char *join = NULL;

	start_as(f);
	say(f, "register_user", "{\"name\":\"alice\"}");
	expect_call(f, 200, NULL, "POST", C3 "register", "AS",
	        "{\"type\":\"m.login.application_service\",\"username\":\"slackbot\"}");
	room = verb_text(f, "create_room",
	        "{\"as\":\"alice\",\"room\":\"r\",\"invite\":[\"slackbot\"]}", "room_id");
	join = xasprintf(C3 "rooms/%s/join", room);
	expect_call(f, 200, NULL, "POST", join, "AS", "");
	settle(f);
	forget_txns(f);
	forget_records(f);
}

static int setup_room(void **state)
{
	struct fixture *f = fixture_create(NULL);

	make_room(f);
	*state = f;
	return 0;
}

static int setup_synapse_room(void **state)
{
	struct fixture *f = fixture_create("synapse");

	make_room(f);
	*state = f;
	return 0;
}

static void post(struct fixture *f, const char *text)
{
	autofree char *args =
	        xasprintf("{\"as\":\"alice\",\"in\":\"r\",\"text\":\"%s\"}", text);

	say(f, "post", args);
}

static void post_many(struct fixture *f, int count)
{
	for (int i = 1; i <= count; i++) {
		autofree char *text = xasprintf("m%d", i);
		post(f, text);
	}
}

/* Ends the request that the appservice left unanswered. */
static void release(struct fixture *f, size_t index, int status)
{
	assert_non_null(f->txns[index].held);
	as_reply(f->txns[index].held, status);
	f->txns[index].held = NULL;
	settle(f);
}

static int pending(struct fixture *f)
{
	autojson cJSON *sentences = sim_matrix_pending(f->sim);

	return cJSON_GetArraySize(sentences);
}

/* ---- conduwuit ---- */

static void test_shape(void **state)
{
	struct fixture *f = *state;
	const cJSON *event;

	post(f, "hi");
	wait_txns(f, 1);
	assert_string_equal(f->txns[0].bearer, "HS");
	assert_string_equal(f->txns[0].query_token, "HS");
	assert_int_equal(strlen(f->txns[0].id), 43);
	assert_int_equal(cJSON_GetArraySize(f->txns[0].body), 1); /* events alone */
	event = cJSON_GetArrayItem(json_arr(f->txns[0].body, "events"), 0);
	assert_string_equal(json_str(event, "content.body"), "hi");
	assert_string_equal(json_str(event, "sender"), "@alice:sim.test");
	assert_non_null(json_str(event, "room_id"));
	assert_null(json_get(event, "unsigned"));
	assert_int_equal(pending(f), 0);
	assert_string_equal(json_str(last_record(f, "kind", "push"), "result"), "ok");
	assert_int_equal(json_int(last_record(f, "kind", "push"), "attempt", 0), 1);
}

static void test_each_batch_has_its_id(void **state)
{
	struct fixture *f = *state;

	post(f, "same");
	wait_txns(f, 1);
	post(f, "same");
	wait_txns(f, 2);
	assert_string_not_equal(f->txns[0].id, f->txns[1].id);
}

/* One event alone, then up to 48 of what came meanwhile. */
static void test_batches(void **state)
{
	struct fixture *f = *state;

	f->as_status = 0;
	post_many(f, 60);
	wait_txns(f, 1);
	assert_int_equal(txn_events(f, 0), 1);
	assert_int_equal(pending(f), 2);
	f->as_status = 200;
	release(f, 0, 200);
	wait_txns(f, 3);
	assert_int_equal(txn_events(f, 1), 48);
	assert_int_equal(txn_events(f, 2), 11);
	assert_string_equal(txn_text(f, 1, 0), "m2");
	assert_string_equal(txn_text(f, 2, 10), "m60");
	assert_int_equal(pending(f), 0);
}

/* The ID is made of the batch: the same again after a failure, another for another batch.
 */
static void test_no_retry_until_the_next_event(void **state)
{
	struct fixture *f = *state;

	f->as_status = 500;
	post(f, "one");
	wait_txns(f, 1);
	assert_int_equal(pending(f), 0);
	advance(f, 1000LL * 3600 * 24);
	assert_int_equal(f->txn_count, 1);
	post(f, "two");
	wait_txns(f, 2);
	assert_string_equal(f->txns[1].id, f->txns[0].id);
	assert_int_equal(txn_events(f, 1), 1);
	assert_string_equal(txn_text(f, 1, 0), "one");
	assert_int_equal(json_int(last_record(f, "kind", "push"), "attempt", 0), 2);
	f->as_status = 200;
	post(f, "three");
	wait_txns(f, 4);
	assert_string_equal(f->txns[2].id, f->txns[0].id);
	assert_string_not_equal(f->txns[3].id, f->txns[0].id);
	assert_int_equal(txn_events(f, 3), 2);
	assert_string_equal(txn_text(f, 3, 0), "two");
}

static void test_timeout_after_35_s(void **state)
{
	struct fixture *f = *state;

	f->as_status = 0;
	post(f, "slow");
	wait_txns(f, 1);
	advance(f, 34000);
	assert_int_equal(count_records(f, "kind", "push"), 0);
	advance(f, 2000);
	assert_string_equal(json_str(last_record(f, "kind", "push"), "result"), "failed");
	assert_int_equal(json_int(last_record(f, "kind", "push"), "status", -1), 0);
	assert_int_equal(pending(f), 0);
}

static void test_restart_sends_the_active_batch(void **state)
{
	struct fixture *f = *state;

	f->as_status = 500;
	post(f, "one");
	wait_txns(f, 1);
	post(f, "two");
	wait_txns(f, 2);
	f->as_status = 200;
	say(f, "restart", "{}");
	wait_txns(f, 4); /* the batch, then what was queued */
	assert_string_equal(f->txns[2].id, f->txns[0].id);
	assert_string_equal(txn_text(f, 3, 0), "two");
}

/* A restart in the middle of a transaction sends it again: the answer was never read. */
static void test_restart_while_running(void **state)
{
	struct fixture *f = *state;

	f->as_status = 0;
	post(f, "one");
	wait_txns(f, 1);
	say(f, "restart", "{}");
	wait_txns(f, 2);
	assert_string_equal(f->txns[1].id, f->txns[0].id);
}

/* A backlog goes room by room, in the order the rooms were made. */
static void test_backlog_by_room(void **state)
{
	struct fixture *f = *state;
	autofree char *room = verb_text(f, "create_room",
	        "{\"as\":\"alice\",\"room\":\"later\",\"invite\":[\"slackbot\"]}",
	        "room_id");
	autofree char *join = xasprintf(C3 "rooms/%s/join", room);

	expect_call(f, 200, NULL, "POST", join, "AS", "");
	settle(f);
	forget_txns(f);
	f->as_status = 0;
	post(f, "a");
	wait_txns(f, 1);
	say(f, "post", "{\"as\":\"alice\",\"in\":\"later\",\"text\":\"x1\"}");
	post(f, "b");
	say(f, "post", "{\"as\":\"alice\",\"in\":\"later\",\"text\":\"x2\"}");
	post(f, "c");
	f->as_status = 200;
	release(f, 0, 200);
	wait_txns(f, 2);
	assert_string_equal(txn_text(f, 1, 0), "b");
	assert_string_equal(txn_text(f, 1, 1), "c");
	assert_string_equal(txn_text(f, 1, 2), "x1");
	assert_string_equal(txn_text(f, 1, 3), "x2");
}

/* Own events come back, with the transaction ID of the send. */
static void test_echo(void **state)
{
	struct fixture *f = *state;
	autofree char *room = NULL;
	autofree char *send = NULL;
	const cJSON *event;

	expect_call(f, 200, NULL, "POST", C3 "createRoom", "AS", "{}");
	room = xstrdup(json_str(f->reply, "room_id"));
	settle(f);
	assert_true(f->txn_count >= 1);
	assert_string_equal(
	        json_str(cJSON_GetArrayItem(json_arr(f->txns[0].body, "events"), 0),
	                "type"),
	        "m.room.create");
	forget_txns(f);
	send = xasprintf(C3 "rooms/%s/send/m.room.message/t9", room);
	expect_call(f, 200, NULL, "PUT", send, "AS", "{\"body\":\"own\"}");
	wait_txns(f, 1);
	event = cJSON_GetArrayItem(json_arr(f->txns[0].body, "events"), 0);
	assert_string_equal(json_str(event, "unsigned.transaction_id"), "t9");
}

static struct room *labelled(struct fixture *f, const char *label)
{
	void *room;

	for (size_t i = 0; map_next(f->sim->rooms, &i, NULL, &room);) {
		if (str_equal(((struct room *)room)->label, label)) {
			return room;
		}
	}
	return NULL;
}

static void alias_room(struct fixture *f, const char *alias, const char *label)
{
	alias_set(f->sim, alias, labelled(f, label), "@slackbot:sim.test");
}

/* Which events are the appservice's. */
static void test_interest(void **state)
{
	struct fixture *f = *state;

	say(f, "create_room", "{\"as\":\"alice\",\"room\":\"private\"}");
	say(f, "post", "{\"as\":\"alice\",\"in\":\"private\",\"text\":\"secret\"}");
	settle(f);
	assert_int_equal(f->txn_count, 0);
	/* the invite of a user in the namespace, and nothing before */
	say(f, "invite", "{\"as\":\"alice\",\"room\":\"private\",\"user\":\"slack_g\"}");
	wait_txns(f, 1);
	assert_int_equal(txn_events(f, 0), 1);
	say(f, "post", "{\"as\":\"alice\",\"in\":\"private\",\"text\":\"still\"}");
	settle(f);
	assert_int_equal(f->txn_count, 1);
	/* an alias in the namespace makes the room its own */
	alias_room(f, "#slack_p:sim.test", "private");
	say(f, "post", "{\"as\":\"alice\",\"in\":\"private\",\"text\":\"now\"}");
	wait_txns(f, 2);
	assert_string_equal(txn_text(f, 1, 0), "now");
}

static void test_no_url_drops(void **state)
{
	struct fixture *f = *state;

	register_as(f, "null");
	post(f, "gone");
	settle(f);
	assert_int_equal(f->txn_count, 0);
	assert_int_equal(pending(f), 0);
}

static void test_unregister_drops_the_queue(void **state)
{
	struct fixture *f = *state;

	f->as_status = 0;
	post_many(f, 5);
	wait_txns(f, 1);
	say(f, "unregister_appservice", "{\"id\":\"slack\"}");
	settle(f);
	assert_int_equal(pending(f), 0);
	post(f, "after");
	settle(f);
	assert_int_equal(f->txn_count, 1);
}

static void test_down_and_up(void **state)
{
	struct fixture *f = *state;

	f->as_status = 0;
	post(f, "one");
	wait_txns(f, 1);
	say(f, "down", "{\"for\":\"10m\"}");
	say_wrong(f, "post", "{\"as\":\"alice\",\"in\":\"r\",\"text\":\"x\"}");
	assert_int_equal(pending(f), 1);
	advance(f, 599000);
	assert_int_equal(f->txn_count, 1);
	advance(f, 2000);
	wait_txns(f, 2);
	assert_int_equal(count_records(f, "server", "up"), 1);
}

static void test_ping(void **state)
{
	struct fixture *f = *state;

	start_call(f, "POST", "/_matrix/client/v1/appservice/slack/ping", "AS",
	        "{\"transaction_id\":\"x\"}");
	assert_int_equal(pending(f), 0); /* the one who asks waits, not the homeserver */
	wait_answer(f);
	assert_int_equal(f->status, 200);
	assert_true(f->as_pinged);
	assert_non_null(json_get(f->reply, "duration_ms"));
	register_as(f, "http://127.0.0.1:1");
	expect_call(f, 500, "M_UNKNOWN", "POST",
	        "/_matrix/client/v1/appservice/slack/ping", "AS", "{}");
}

static void test_odd(void **state)
{
	struct fixture *f = *state;

	say_wrong(f, "push", "{\"how\":\"dance\"}");
	post(f, "one");
	post(f, "two");
	settle(f);
	wait_txns(f, 2);
	say(f, "push", "{\"how\":\"replay_last\"}");
	wait_txns(f, 3);
	assert_string_equal(f->txns[2].id, f->txns[1].id);
	say(f, "push", "{\"how\":\"rebatch\"}");
	wait_txns(f, 4);
	assert_string_not_equal(f->txns[3].id, f->txns[1].id);
	assert_int_equal(txn_events(f, 3), 2);
	assert_string_equal(txn_text(f, 3, 0), "one");
	say(f, "push", "{\"how\":\"empty\"}");
	wait_txns(f, 5);
	assert_int_equal(txn_events(f, 4), 0);
	say(f, "push", "{\"how\":\"wrong_token\"}");
	wait_txns(f, 6);
	assert_string_not_equal(f->txns[5].bearer, "HS");
	say(f, "push", "{\"how\":\"garbage\"}");
	wait_txns(f, 7);
	assert_null(f->txns[6].body);
	say(f, "push", "{\"how\":\"unknown_types\"}");
	wait_txns(f, 8);
	say(f, "push", "{\"how\":\"oversized\"}");
	wait_txns(f, 9);
	assert_string_equal(json_str(last_record(f, "odd", "oversized"), "result"), "ok");
}

/* ---- Synapse ---- */

static void test_synapse_counts_and_retries(void **state)
{
	struct fixture *f = *state;
	autofree char *first = NULL;

	post(f, "one");
	wait_txns(f, 1);
	assert_null(f->txns[0].query_token);
	first = xstrdup(f->txns[0].id);
	assert_true(strspn(first, "0123456789") == strlen(first));
	f->as_status = 500;
	post(f, "two");
	wait_txns(f, 2);
	assert_int_equal(atol(f->txns[1].id), atol(first) + 1);
	assert_int_equal(pending(f), 1); /* it will try again by itself */
	advance(f, 1900);
	assert_int_equal(f->txn_count, 2);
	advance(f, 200);
	wait_txns(f, 3); /* after 2 s */
	assert_string_equal(f->txns[2].id, f->txns[1].id);
	advance(f, 3900);
	assert_int_equal(f->txn_count, 3);
	post(f, "three"); /* waits its turn as a transaction of its own */
	f->as_status = 200;
	advance(f, 200);
	wait_txns(f, 5); /* after 4 s more */
	assert_string_equal(txn_text(f, 3, 0), "two");
	assert_string_equal(txn_text(f, 4, 0), "three");
	assert_int_equal(pending(f), 0);
}

static void test_synapse_batches_and_fields(void **state)
{
	struct fixture *f = *state;
	const cJSON *event;

	f->as_status = 0;
	post_many(f, 150);
	wait_txns(f, 1);
	f->as_status = 200;
	release(f, 0, 200);
	wait_txns(f, 3);
	assert_int_equal(txn_events(f, 1), 100);
	assert_int_equal(txn_events(f, 2), 49);
	event = cJSON_GetArrayItem(json_arr(f->txns[1].body, "events"), 0);
	assert_non_null(json_get(event, "unsigned.age"));
	assert_non_null(json_get(event, "user_id"));
}

static void test_synapse_typing_is_pushed(void **state)
{
	struct fixture *f = *state;
	const struct room *room = labelled(f, "r");
	autofree char *token = NULL;
	autofree char *target = NULL;
	void *value;

	for (size_t i = 0; map_next(
	             user_find(f->sim, "@alice:sim.test")->devices, &i, NULL, &value);) {
		token = xstrdup(((struct device *)value)->token);
	}
	target = xasprintf(C3 "rooms/%s/typing/@alice:sim.test", room->room_id);
	expect_call(f, 200, NULL, "PUT", target, token,
	        "{\"typing\":true,\"timeout\":30000}");
	wait_txns(f, 1);
	assert_int_equal(cJSON_GetArraySize(json_arr(f->txns[0].body, "ephemeral")), 1);
	assert_int_equal(txn_events(f, 0), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_room, teardown)
#define SYNAPSE(name) cmocka_unit_test_setup_teardown(name, setup_synapse_room, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(test_shape),
	        TEST(test_each_batch_has_its_id),
	        TEST(test_batches),
	        TEST(test_no_retry_until_the_next_event),
	        TEST(test_timeout_after_35_s),
	        TEST(test_restart_sends_the_active_batch),
	        TEST(test_restart_while_running),
	        TEST(test_backlog_by_room),
	        TEST(test_echo),
	        TEST(test_interest),
	        TEST(test_no_url_drops),
	        TEST(test_unregister_drops_the_queue),
	        TEST(test_down_and_up),
	        TEST(test_ping),
	        TEST(test_odd),
	        SYNAPSE(test_synapse_counts_and_retries),
	        SYNAPSE(test_synapse_batches_and_fields),
	        SYNAPSE(test_synapse_typing_is_pushed),
	};

	return cmocka_run_group_tests_name("sim_matrix_push", tests, NULL, NULL);
}
