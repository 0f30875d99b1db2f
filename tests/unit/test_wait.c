/* What flows wait for: shared prerequisites, and what becomes of it at the end. */
#include "bridge/flow/wait.h"

#include "flow_fixture.h"

/* ---------------------------------------------------------------- waiters */

struct party; /* of waiters on one list */

struct guest {
	struct party *party;
	struct waiter *waiter;
	char name;
	enum { ONLY_NOTE, CANCEL_NEXT, ADD_ONE, DROP_ALL } does;
};

struct party {
	struct list head;
	struct guest guests[4];
	char called[32];
	enum err_kind kind;
};

static void note_guest(const struct err *err, void *arg)
{
	struct guest *guest = arg;
	struct party *party = guest->party;

	party->called[strlen(party->called)] = guest->name;
	party->kind = err->kind;
	guest->waiter = NULL;
	if (guest->does == CANCEL_NEXT) {
		waiter_cancel(guest[1].waiter);
	} else if (guest->does == ADD_ONE) {
		guest->does = ONLY_NOTE;
		guest->waiter = waiter_add(&party->head, note_guest, guest);
	} else if (guest->does == DROP_ALL) {
		waiters_drop(&party->head);
	}
}

static void begin(struct party *party)
{
	memset(party, 0, sizeof(*party));
	list_init(&party->head);
	for (int i = 0; i < 4; i++) {
		struct guest *guest = &party->guests[i];
		guest->party = party;
		guest->name = (char)('a' + i);
		guest->waiter = waiter_add(&party->head, note_guest, guest);
	}
}

static void all_are_called_in_order_and_once(void **state)
{
	const struct err err = {.kind = ERR_RETRY};
	struct party party;

	(void)state;
	begin(&party);
	waiters_finish(&party.head, &err);
	waiters_finish(&party.head, &err);
	assert_string_equal(party.called, "abcd");
	assert_int_equal(party.kind, ERR_RETRY);
	assert_true(list_empty(&party.head));
}

static void a_cancelled_one_is_not_called(void **state)
{
	static const struct err none = ERR_INIT;
	struct party party;

	(void)state;
	begin(&party);
	waiter_cancel(party.guests[1].waiter);
	waiters_finish(&party.head, &none);
	assert_string_equal(party.called, "acd");
}

static void one_may_cancel_another_while_all_are_called(void **state)
{
	static const struct err none = ERR_INIT;
	struct party party;

	(void)state;
	begin(&party);
	party.guests[1].does = CANCEL_NEXT;
	waiters_finish(&party.head, &none);
	assert_string_equal(party.called, "abd");
}

/* It begins to wait anew: that is for the next time. */
static void who_is_added_meanwhile_is_called_the_next_time(void **state)
{
	static const struct err none = ERR_INIT;
	struct party party;

	(void)state;
	begin(&party);
	party.guests[0].does = ADD_ONE;
	waiters_finish(&party.head, &none);
	assert_string_equal(party.called, "abcd");
	waiters_finish(&party.head, &none);
	assert_string_equal(party.called, "abcda");
}

static void those_being_called_cannot_be_dropped(void **state)
{
	static const struct err none = ERR_INIT;
	struct party party;

	(void)state;
	begin(&party);
	party.guests[0].does = DROP_ALL; /* of the list, which is empty by now */
	waiters_finish(&party.head, &none);
	assert_string_equal(party.called, "abcd");
}

static void dropped_ones_are_not_called(void **state)
{
	static const struct err none = ERR_INIT;
	struct party party;

	(void)state;
	begin(&party);
	waiters_drop(&party.head);
	waiters_finish(&party.head, &none);
	assert_string_equal(party.called, "");
}

/* ---------------------------------------------------------------- flows that wait */

/* At whatever request a flow stands, the daemon can end: nothing is called afterwards,
 * nothing leaks, and the next life goes on. Each world is ended at its n-th request. */
static void the_end_may_come_at_any_request(void **state)
{
	enum { MOST = 60 };
	struct world *world = *state;
	size_t ended = 0;

	log_in_as(world, BOB);
	for (size_t n = 0; n < MOST; n++) {
		autofree char *ts = xasprintf("17000000%02zu.000100", n);
		size_t before = world->script.asked_count;
		for (size_t i = 0; i < n % 12; i++) {
			script_add(&world->script, (struct answer){.how = CUSTOM});
		}
		script_add(&world->script, (struct answer){.how = HOLD});
		slack_says(world, ts, "hello");
		settle(world);
		if (n % 3 == 1) {
			matrix_invites(world, DM, BOB);
		}
		restart_world(world);
		ended += world->script.asked_count > before;
	}
	pass(world, 3600000);
	assert_true(ended > 10);
	assert_database(world, "SELECT COUNT(*) FROM inbox WHERE state <> 1", "0");
	assert_database(world, "SELECT COUNT(*) FROM message", "60");
	assert_database(world, "SELECT COUNT(*) FROM portal", "1");
}

/* While a shared thing is made for several, the making ends with an error for all. */
static void an_error_of_the_making_reaches_all_who_wait(void **state)
{
	struct world *world = *state;
	struct party party;

	log_in_as(world, BOB);
	memset(&party, 0, sizeof(party));
	list_init(&party.head);
	script_add(&world->script,
	        (struct answer){.path = "/conversations.info",
	                .body = "{\"ok\":false,\"error\":\"channel_not_found\"}"});
	for (int i = 0; i < 4; i++) {
		struct guest *guest = &party.guests[i];
		guest->party = &party;
		guest->name = (char)('a' + i);
		guest->waiter = portals_ensure(world->app.portals,
		        logins_by_team(world->app.logins, "T1"), "C7", note_guest, guest);
	}
	waiter_cancel(party.guests[2].waiter);
	settle(world);
	assert_string_equal(party.called, "abd");
	assert_int_equal(party.kind, ERR_PERMANENT);
	assert_int_equal(count(world, "/conversations.info"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(all_are_called_in_order_and_once),
	        cmocka_unit_test(a_cancelled_one_is_not_called),
	        cmocka_unit_test(one_may_cancel_another_while_all_are_called),
	        cmocka_unit_test(who_is_added_meanwhile_is_called_the_next_time),
	        cmocka_unit_test(those_being_called_cannot_be_dropped),
	        cmocka_unit_test(dropped_ones_are_not_called),
	        TEST(the_end_may_come_at_any_request),
	        TEST(an_error_of_the_making_reaches_all_who_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
