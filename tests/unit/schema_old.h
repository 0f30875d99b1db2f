/* schema_old: rows as version 1 of the schema had them, and what must have become of them
 * after the migrations, whatever the driver. */
#ifndef TESTS_SCHEMA_OLD_H
#define TESTS_SCHEMA_OLD_H

#include "bridge/store/store.h"
#include "lib/str.h"

static const char schema_rows_of_version_1[] =
        "INSERT INTO inbox (unique_key, lane, sort_key, flow, step, payload, facts, state, "
        "attempts, due_ms, received_ms) VALUES "
        "('s:1', 'S T C', '2', 'slack_message', '', '{\"n\":2}', '{}', 0, 0, 0, 5),"
        "('s:2', 'S T C', '1', 'slack_message', 'send', '{\"n\":1}', '{}', 0, 3, 0, 6),"
        "('s:3', 'S T C', '0', 'slack_message', '', '', '{}', 1, 0, 0, 4);"
        "INSERT INTO message (team_id, channel_id, slack_ts, part, room_id, event_id, sender, "
        "direction, thread_ts, created_ms) VALUES "
        "('T', 'C', '1.1', 0, '!r:x', '$one', '@a:x', 's', '', 1),"
        "('T', 'C', '1.2', 0, '!r:x', '$two', '@a:x', 'm', '1.1', 2);"
        "INSERT INTO login VALUES ('T', 'Team', 'team', 'A', 'U', 'B', '@bob:x', 'xoxb', "
        "'xapp', 'connected', 1);"
        "INSERT INTO portal VALUES ('T', 'C', '!r:x', 'general', 'channel', 'open', 1);"
        "INSERT INTO ghost VALUES ('T', 'U1', '@g:x', 'Alice', '', '', 1);"
        "INSERT INTO person VALUES ('@bob:x', '!m:x', '');";

static inline void schema_check_rows(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	int *calls = arg;

	++*calls;
	assert_int_equal(err->kind, ERR_NONE);
	/* What waited waits still, in its order. */
	assert_int_equal(store_rows(results[0]), 1);
	assert_string_equal(store_text(results[0], 0, 1), "s:2");
	assert_string_equal(store_text(results[0], 0, 3), "send");
	assert_int_equal(store_int(results[0], 0, 6), 3);
	/* Messages are found by either name. */
	assert_int_equal(store_rows(results[1]), 1);
	assert_string_equal(store_text(results[1], 0, 2), "$two");
	assert_string_equal(store_text(results[1], 0, 6), "1.1");
	assert_int_equal(store_rows(results[2]), 1);
	assert_string_equal(store_text(results[2], 0, 0), "1.1");
	assert_int_equal(store_int(results[2], 0, 8), 0);
	/* The login is there, with a token that does not expire. */
	assert_int_equal(store_rows(results[3]), 1);
	assert_string_equal(store_text(results[3], 0, 7), "xoxb");
	assert_string_equal(store_text(results[3], 0, 10), "");
	assert_int_equal(store_int(results[3], 0, 11), 0);
	assert_int_equal(store_rows(results[4]), 1);
	assert_string_equal(store_text(results[4], 0, 2), "!r:x");
	/* And what is done is known to be. */
	assert_int_equal(store_int(results[5], 0, 0), 1);
}

static inline void assert_rows_of_version_1(struct store *store, struct loop *loop)
{
	int calls = 0;
	struct store_tx *tx = store_tx_create(store);

	store_tx_add(tx, STMT_INBOX_HEAD, "s", "S T C");
	store_tx_add(tx, STMT_MESSAGE_BY_TS, "sss", "T", "C", "1.2");
	store_tx_add(tx, STMT_MESSAGE_BY_EVENT, "s", "$one");
	store_tx_add(tx, STMT_LOGIN_ALL, "");
	store_tx_add(tx, STMT_PORTAL_ALL, "");
	store_tx_add(tx, STMT_INBOX_STATE, "s", "s:3");
	store_tx_submit(tx, schema_check_rows, &calls);
	for (int i = 0; i < 10000000 && calls == 0; i++) {
		loop_turn(loop, false);
	}
	assert_int_equal(calls, 1);
}

#endif
