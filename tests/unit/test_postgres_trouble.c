/* What a PostgreSQL server does to those who use it. proves: CONF-06, MSG-13 */
#include "tests/unit/postgres_fixture.h"
#include "tests/unit/schema_old.h"

#include <libpq-fe.h>
#include <pwd.h>

enum { FASTER = 100 };

/* How often a row was put, whatever became of it later. */
static void count_runs(const struct fixture *f)
{
	database(f, "CREATE TABLE runs (n INTEGER);"
	            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
	            "$$ BEGIN INSERT INTO runs VALUES (1); RETURN NULL; END $$;"
	            "CREATE TRIGGER t AFTER INSERT OR UPDATE ON fact "
	            "FOR EACH ROW EXECUTE FUNCTION note()");
}

static void assert_runs(const struct fixture *f, int runs)
{
	autofree char *check =
	        xasprintf("DO $$ BEGIN IF (SELECT COUNT(*) FROM runs) <> %d "
	                  "THEN RAISE 'not %d runs'; END IF; END $$",
	                runs, runs);
	database(f, check);
}

static void assert_value(struct fixture *f, const char *value)
{
	struct seen get = {0};

	get_fact(f, &get);
	turn_until(f, &get);
	assert_string_equal(get.value, value);
}

/* Ended after so many turns of the loop: before BEGIN left, between the statements and
 * their answers, around COMMIT, after all. */
static void a_session_that_is_ended_at_any_moment_costs_nothing(void **state)
{
	struct fixture *f = *state;
	enum { MOMENTS = 12 };

	count_runs(f);
	for (int moment = 0; moment < MOMENTS; moment++) {
		autofree char *value = xasprintf("at %d", moment);
		struct seen put = {0};
		put_fact(f, value, &put);
		for (int turn = 0; turn < moment; turn++) {
			timer_start(&f->tick, 1);
			loop_turn(f->loop, true);
		}
		end_our_session(f);
		turn_until(f, &put);
		assert_int_equal(put.kind, ERR_NONE);
		assert_value(f, value);
	}
	assert_runs(f, MOMENTS);
}

/* database.max_open_conns and max_idle_conns may be as small as one. */
static void there_is_one_connection_whatever_happens(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++) {
		struct seen put = {0};
		put_fact(f, "x", &put);
		turn_until(f, &put);
		database(f, "DO $$ BEGIN IF (SELECT COUNT(*) FROM pg_stat_activity WHERE "
		            "application_name LIKE 'matrix-slack-bridge %' AND "
		            "datname = current_database()) <> 1 "
		            "THEN RAISE 'not one'; END IF; END $$");
		end_our_session(f);
	}
}

static void a_long_lock_is_waited_for(void **state)
{
	struct fixture *f = *state;
	struct seen put = {0};
	PGconn *other = PQconnectdb(f->uri);

	count_runs(f);
	PQclear(PQexec(other, "BEGIN; LOCK TABLE fact IN EXCLUSIVE MODE"));
	put_fact(f, "late", &put);
	turn_a_while(f);
	assert_int_equal(put.calls, 0);
	PQfinish(other);
	turn_until(f, &put);
	assert_int_equal(put.kind, ERR_NONE);
	assert_value(f, "late");
	assert_runs(f, 1);
}

/* Longer than anybody can wait: told after half a minute, so that a homeserver has its
 * refusal, and then all is as before. */
static void a_lock_without_end_is_told(void **state)
{
	struct fixture *f = *state;
	struct seen first = {0}, second = {0};
	PGconn *other = PQconnectdb(f->uri);

	store_close(&f->store);
	loop_scale_time(f->loop, FASTER);
	open_store(f);
	PQclear(PQexec(other, "BEGIN; LOCK TABLE fact IN EXCLUSIVE MODE"));
	put_fact(f, "first", &first);
	turn_a_while(f);
	put_fact(f, "second", &second); /* behind the batch that hangs */
	turn_until(f, &second);
	assert_int_equal(second.kind, ERR_RETRY);
	PQfinish(other);
	turn_until(f, &first);
	struct seen third = {0};
	put_fact(f, "third", &third);
	turn_until(f, &third);
	assert_int_equal(third.kind, ERR_NONE);
	assert_value(f, "third");
}

static void a_statement_that_takes_too_long_is_tried_again(void **state)
{
	struct fixture *f = *state;
	struct seen put = {0};
	char alter[96];

	store_close(&f->store);
	snprintf(alter, sizeof(alter),
	        "ALTER DATABASE t%d SET statement_timeout = '50ms'", f->databases);
	sql(f, "postgres", alter);
	open_store(f);
	database(f, "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS "
	            "$$ BEGIN PERFORM pg_sleep(5); RETURN NULL; END $$;"
	            "CREATE TRIGGER t AFTER INSERT ON fact FOR EACH ROW EXECUTE FUNCTION "
	            "hold()");
	put_fact(f, "slow", &put);
	turn_a_while(f);
	assert_int_equal(put.calls, 0);
	database(f, "DROP TRIGGER t ON fact");
	turn_until(f, &put);
	assert_int_equal(put.kind, ERR_NONE);
	assert_value(f, "slow");
}

/* A real full disk needs the right to mount one; the server's words are the same. when:
 * while the row is put, or not before the commit. */
static void fill_disk(const struct fixture *f, const char *when)
{
	autofree char *make = xasprintf(
	        "CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
	        "$$ BEGIN RAISE disk_full USING MESSAGE = 'could not extend file'; END $$;"
	        "CREATE %s FOR EACH ROW EXECUTE FUNCTION full_disk()",
	        when);
	database(f, make);
}

static void a_full_disk_is_told_and_nothing_is_kept(void **state)
{
	struct fixture *f = *state;
	static const char *const whens[] = {"TRIGGER t AFTER INSERT OR UPDATE ON fact",
	        "CONSTRAINT TRIGGER t AFTER INSERT OR UPDATE ON fact DEFERRABLE INITIALLY "
	        "DEFERRED"};

	for (size_t i = 0; i < 2; i++) {
		struct seen before = {0}, refused = {0}, after = {0};
		put_fact(f, "before", &before);
		turn_until(f, &before);
		fill_disk(f, whens[i]);
		put_fact(f, "refused", &refused);
		turn_until(f, &refused);
		assert_int_equal(refused.kind, ERR_RETRY); /* it may pass */
		assert_value(f, "before");
		database(f, "DROP TRIGGER t ON fact");
		put_fact(f, "after", &after);
		turn_until(f, &after);
		assert_int_equal(after.kind, ERR_NONE);
		assert_value(f, "after");
	}
}

static void a_server_that_only_reads_is_waited_for(void **state)
{
	struct fixture *f = *state;
	struct seen put = {0};

	sql(f, "postgres", "ALTER SYSTEM SET default_transaction_read_only = on");
	sql(f, "postgres", "SELECT pg_reload_conf()");
	turn_a_while(f);
	put_fact(f, "after the failover", &put);
	turn_a_while(f);
	assert_int_equal(put.calls, 0);
	sql(f, "postgres",
	        "SET default_transaction_read_only = off;"
	        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE");
	sql(f, "postgres", "ALTER SYSTEM RESET default_transaction_read_only");
	sql(f, "postgres", "SELECT pg_reload_conf()");
	turn_until(f, &put);
	assert_int_equal(put.kind, ERR_NONE);
	assert_value(f, "after the failover");
}

/* Whoever supervises the daemon must start it again: its tables are as they should be. */
static void a_session_that_ends_while_the_schema_is_read_is_no_bad_schema(void **state)
{
	struct fixture *f = *state;

	store_close(&f->store);
	database(f, "ALTER TABLE msb_meta RENAME TO meta;"
	            "CREATE VIEW msb_meta AS SELECT 'version' AS name, "
	            "pg_terminate_backend(pg_backend_pid())::text AS value");
	assert_refused(f, f->uri, STORE_NO_CONNECTION, "reading the database failed");
}

static void write_hba(const struct fixture *f, const char *text)
{
	autofree char *path =
	        xasprintf("%s/data/pg_hba.conf", pgserver_socket(f->server));
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	sql(f, "postgres", "SELECT pg_reload_conf()");
}

/* As Debian and NixOS set it up: who you are to the system is who you are to the server.
 */
static void peers_are_known_by_their_socket(void **state)
{
	struct fixture *f = *state;
	const struct passwd *user = getpwuid(geteuid());
	autofree char *make = xasprintf(
	        "DROP ROLE IF EXISTS \"%s\"; CREATE ROLE \"%s\" LOGIN SUPERUSER;"
	        "DROP ROLE IF EXISTS stranger; CREATE ROLE stranger LOGIN SUPERUSER",
	        user->pw_name, user->pw_name);
	autofree char *own = xasprintf(
	        "postgres:///t%d?host=%s", f->databases, pgserver_socket(f->server));
	autofree char *other = xasprintf("postgres://stranger@/t%d?host=%s", f->databases,
	        pgserver_socket(f->server));
	struct err err = ERR_INIT;

	store_close(&f->store);
	sql(f, "postgres", make);
	write_hba(f, "local all bridge trust\nlocal all all peer\n");
	f->store = store_open(f->loop, "postgres", own, &err);
	for (int i = 0; f->store == NULL && i < 50; i++) { /* the reload takes a moment */
		turn_a_while(f);
		f->store = store_open(f->loop, "postgres", own, &err);
	}
	assert_non_null(f->store);
	assert_refused(f, other, STORE_NO_CONNECTION, "eer authentication");
	store_close(&f->store);
	write_hba(f, "local all all trust\n");
}

/* Rows of version 1 come through the migrations. */
static void a_database_of_version_1_is_migrated(void **state)
{
	struct fixture *f = *state;
	autofree char *first = schema_migration(0, DIALECT_POSTGRES);
	autofree char *old = xasprintf(
	        "DROP SCHEMA public CASCADE; CREATE SCHEMA public;"
	        "CREATE TABLE msb_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);"
	        "INSERT INTO msb_meta VALUES ('owner', '" SCHEMA_OWNER
	        "'), ('version', '1');%s;%s",
	        first, schema_rows_of_version_1);

	store_close(&f->store);
	database(f, old);
	open_store(f);
	assert_rows_of_version_1(f->store, f->loop);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        TEST(a_session_that_is_ended_at_any_moment_costs_nothing),
	        TEST(there_is_one_connection_whatever_happens),
	        TEST(a_long_lock_is_waited_for),
	        TEST(a_lock_without_end_is_told),
	        TEST(a_statement_that_takes_too_long_is_tried_again),
	        TEST(a_full_disk_is_told_and_nothing_is_kept),
	        TEST(a_server_that_only_reads_is_waited_for),
	        TEST(a_session_that_ends_while_the_schema_is_read_is_no_bad_schema),
	        TEST(peers_are_known_by_their_socket),
	        TEST(a_database_of_version_1_is_migrated),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
