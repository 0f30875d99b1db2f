/* The PostgreSQL driver against a real server. proves: CONF-06, MSG-13 */
#include "tests/unit/postgres_fixture.h"

static void what_was_put_is_got(void **state)
{
	struct fixture *f = *state;
	static const char *const texts[] = {"one", "", "it's \"quoted\" \\ $1 ?",
	        "\xC3\xA4\xF0\x9F\x98\x80", "line\nbreak\ttab"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct seen put = {0}, get = {0};
		put_fact(f, texts[i], &put);
		assert_int_equal(put.calls, 0);
		get_fact(f, &get);
		turn_until(f, &get);
		assert_int_equal(put.kind, ERR_NONE);
		assert_string_equal(get.value, texts[i]);
	}
}

/* A text that PostgreSQL cannot hold is the fault of its transaction alone. */
static void a_bad_transaction_hurts_only_itself(void **state)
{
	struct fixture *f = *state;
	static const char *const bad_values[] = {NULL, "\xFF\xFE", "\xED\xA0\x80"};

	for (size_t i = 0; i < sizeof(bad_values) / sizeof(bad_values[0]); i++) {
		struct seen good = {0}, bad = {0}, later = {0};
		put_fact(f, "good", &good);
		struct store_tx *tx = store_tx_create(f->store);
		store_tx_add(tx, STMT_FACT_PUT, "ss", "half", "half");
		store_tx_add(tx, STMT_FACT_PUT, "ss", "other", bad_values[i]);
		store_tx_submit(tx, keep, &bad);
		get_fact(f, &later);
		turn_until(f, &later);
		assert_int_equal(good.kind, ERR_NONE);
		assert_int_equal(bad.kind, ERR_PERMANENT);
		assert_int_equal(bad.calls, 1);
		assert_string_equal(later.value, "good");
		database(f,
		        "DO $$ BEGIN IF EXISTS (SELECT 1 FROM fact WHERE name = 'half') "
		        "THEN RAISE 'half of it is there'; END IF; END $$");
	}
}

static void the_same_key_enters_the_inbox_once(void **state)
{
	struct fixture *f = *state;
	struct seen first = {0}, second = {0};

	for (int i = 0; i < 2; i++) {
		struct store_tx *tx = store_tx_create(f->store);
		store_tx_add(tx, STMT_INBOX_ADD, "sssssii", "s:Ev1", "lane", "", "flow",
		        "{}", (int64_t)1, (int64_t)0);
		store_tx_submit(tx, keep, i == 0 ? &first : &second);
	}
	turn_until(f, &second);
	assert_int_equal(first.changes, 1);
	assert_int_equal(second.changes, 0);
}

/* A server with another language would sort "1-" before "1.": a ts sorts as bytes do. */
static void text_sorts_as_bytes(void **state)
{
	struct fixture *f = *state;

	database(f,
	        "DO $$ BEGIN IF (SELECT collation_name FROM information_schema.columns "
	        "WHERE table_name = 'inbox' AND column_name = 'sort_key') <> 'C' "
	        "THEN RAISE 'not C'; END IF; END $$");
}

static void a_crashed_server_is_waited_for(void **state)
{
	struct fixture *f = *state;
	static const char *const ends[] = {"fast", "immediate"};

	for (size_t i = 0; i < 2; i++) {
		struct seen put = {0}, get = {0};
		assert_true(pgserver_stop(f->server, ends[i], NULL));
		put_fact(f, ends[i], &put);
		for (int turn = 0; turn < 20; turn++) {
			timer_start(&f->tick, 10);
			loop_turn(f->loop, true);
		}
		assert_int_equal(put.calls, 0);
		assert_true(pgserver_start(f->server, NULL));
		turn_until(f, &put);
		assert_int_equal(put.kind, ERR_NONE);
		get_fact(f, &get);
		turn_until(f, &get);
		assert_string_equal(get.value, ends[i]);
	}
}

/* Durable here, but the answer waits for a standby that does not exist: then the
 * connection is lost. It was committed, so it must not be done again. */
static void a_commit_without_an_answer_was_one(void **state)
{
	struct fixture *f = *state;
	struct seen put = {0};

	sql(f, "postgres", "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
	sql(f, "postgres", "SELECT pg_reload_conf()");
	database(f, "SET synchronous_commit = local;"
	            "CREATE TABLE runs (n INTEGER);"
	            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
	            "$$ BEGIN INSERT INTO runs VALUES (1); RETURN NULL; END $$;"
	            "CREATE TRIGGER t AFTER INSERT ON fact EXECUTE FUNCTION note()");
	put_fact(f, "committed", &put);
	turn_a_while(f);
	assert_int_equal(put.calls, 0);
	sql(f, "postgres", "ALTER SYSTEM RESET synchronous_standby_names");
	end_our_session(f);
	sql(f, "postgres", "SELECT pg_reload_conf()");
	turn_until(f, &put);
	assert_int_equal(put.kind, ERR_NONE);
	database(f, "DO $$ BEGIN IF (SELECT COUNT(*) FROM runs) <> 1 "
	            "THEN RAISE 'done twice'; END IF; END $$");
}

/* The same moment, but the commit itself fails: a trigger holds it up, and the session is
 * ended there. Nothing was applied, so it is done again. */
static void a_commit_that_never_was_is_repeated(void **state)
{
	struct fixture *f = *state;
	struct seen put = {0}, get = {0};

	database(f, "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS "
	            "$$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;"
	            "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON fact "
	            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hold()");
	put_fact(f, "again", &put);
	turn_a_while(f);
	assert_int_equal(put.calls, 0);
	database(f, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
	            "WHERE application_name LIKE 'matrix-slack-bridge %';"
	            "DROP TRIGGER t ON fact");
	turn_until(f, &put);
	assert_int_equal(put.kind, ERR_NONE);
	get_fact(f, &get);
	turn_until(f, &get);
	assert_string_equal(get.value, "again");
}

/* synchronous_commit off would make every acknowledgement a lie. */
static void commits_are_durable_whatever_the_server_says(void **state)
{
	struct fixture *f = *state;
	char alter[96];

	store_close(&f->store);
	snprintf(alter, sizeof(alter), "ALTER DATABASE t%d SET synchronous_commit = off",
	        f->databases);
	sql(f, "postgres", alter);
	open_store(f);
	database(f, "CREATE FUNCTION check_it() RETURNS trigger LANGUAGE plpgsql AS "
	            "$$ BEGIN IF current_setting('synchronous_commit') <> 'on' THEN "
	            "RAISE check_violation; END IF; RETURN NULL; END $$;"
	            "CREATE TRIGGER t AFTER INSERT ON fact EXECUTE FUNCTION check_it()");
	struct seen put = {0};
	put_fact(f, "durable", &put);
	turn_until(f, &put);
	assert_int_equal(put.kind, ERR_NONE);
}

static void a_second_bridge_is_kept_out(void **state)
{
	struct fixture *f = *state;
	assert_refused(f, f->uri, STORE_NO_CONNECTION, "another bridge");
}

static void schemas_are_checked(void **state)
{
	struct fixture *f = *state;
	char present[96];

	store_close(&f->store);
	database(f, "UPDATE msb_meta SET value = '9999' WHERE name = 'version'");
	assert_refused(f, f->uri, STORE_BAD_SCHEMA, "9999");
	snprintf(present, sizeof(present),
	        "UPDATE msb_meta SET value = '%zu' WHERE name = 'version'",
	        schema_version);
	database(f, present);
	open_store(f);
	sql(f, "postgres", "CREATE DATABASE foreign_one");
	sql(f, "foreign_one", "CREATE TABLE users (name TEXT)");
	autofree char *uri = xasprintf(
	        "postgres://bridge@/foreign_one?host=%s", pgserver_socket(f->server));
	assert_refused(f, uri, STORE_BAD_SCHEMA, "another program");
}

static void what_cannot_be_reached_is_a_connection_error(void **state)
{
	struct fixture *f = *state;
	autofree char *nowhere = xasprintf(
	        "postgres://bridge:geheim@/nothing?host=%s", pgserver_socket(f->server));

	assert_refused(f, nowhere, STORE_NO_CONNECTION, "nothing");
	assert_refused(f, "postgres:///x?host=/nonexistent", STORE_NO_CONNECTION,
	        "/nonexistent");
	assert_refused(f, "postgres://bridge:geheim@127.0.0.1:1/x", STORE_NO_CONNECTION,
	        "refused");
	assert_refused(f, "postgres://u:geheim@[::1", STORE_NO_CONNECTION, "not shown");
}

static void closing_commits_what_was_submitted(void **state)
{
	struct fixture *f = *state;
	struct seen put[3] = {{0}}, get = {0};

	for (int i = 0; i < 3; i++) {
		put_fact(f, i < 2 ? "early" : "last", &put[i]);
		if (i == 0) {
			loop_turn(f->loop, false);
		}
	}
	store_close(&f->store);
	assert_int_equal(put[2].calls, 0);
	open_store(f);
	get_fact(f, &get);
	turn_until(f, &get);
	assert_string_equal(get.value, "last");
}

#define with_store(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        with_store(what_was_put_is_got),
	        with_store(a_bad_transaction_hurts_only_itself),
	        with_store(the_same_key_enters_the_inbox_once),
	        with_store(text_sorts_as_bytes),
	        with_store(a_crashed_server_is_waited_for),
	        with_store(a_commit_without_an_answer_was_one),
	        with_store(a_commit_that_never_was_is_repeated),
	        with_store(commits_are_durable_whatever_the_server_says),
	        with_store(a_second_bridge_is_kept_out),
	        with_store(schemas_are_checked),
	        with_store(what_cannot_be_reached_is_a_connection_error),
	        with_store(closing_commits_what_was_submitted),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
