/* proves: CONF-06 */
#include "bridge/store/store.h"

#include "bridge/store/schema.h"
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
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/schema_old.h"

struct fixture {
	struct loop *loop;
	struct store *store;
	char path[64];
};

static void open_store(struct fixture *f)
{
	struct err err;
	f->store = store_open(f->loop, "sqlite3-fk-wal", f->path, &err);
	assert_non_null(f->store);
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	snprintf(f->path, sizeof(f->path), "/tmp/msb-test-store-%d.db", (int)getpid());
	unlink(f->path);
	f->loop = loop_create();
	loop_use_virtual_clock(f->loop, INT64_C(1767225600000));
	open_store(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char aside[80];

	store_close(&f->store);
	loop_destroy(&f->loop);
	unlink(f->path);
	snprintf(aside, sizeof(aside), "%s-wal", f->path);
	unlink(aside);
	snprintf(aside, sizeof(aside), "%s-shm", f->path);
	unlink(aside);
	free(f);
	return 0;
}

struct seen {
	int calls;
	enum err_kind kind;
	size_t rows;
	int64_t changes;
	char value[64];
};

static void keep(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct seen *seen = arg;

	seen->calls++;
	seen->kind = err->kind;
	if (err->kind == ERR_NONE) {
		seen->rows = store_rows(results[0]);
		seen->changes = store_changes(results[0]);
		if (seen->rows > 0) {
			const char *text = store_text(results[0], 0, 0);
			snprintf(seen->value, sizeof(seen->value), "%s",
			        text == NULL ? "(null)" : text);
		}
	}
}

static void put_fact(struct fixture *f, const char *value, struct seen *seen)
{
	struct store_tx *tx = store_tx_create(f->store);
	store_tx_add(tx, STMT_FACT_PUT, "ss", "name", value);
	store_tx_submit(tx, keep, seen);
}

static void get_fact(struct fixture *f, struct seen *seen)
{
	struct store_tx *tx = store_tx_create(f->store);
	store_tx_add(tx, STMT_FACT_GET, "s", "name");
	store_tx_submit(tx, keep, seen);
}

static void done_comes_after_submit_returns_and_once(void **state)
{
	struct fixture *f = *state;
	struct seen put = {0}, get = {0};

	put_fact(f, "one", &put);
	get_fact(f, &get);
	assert_int_equal(put.calls, 0);
	loop_turn(f->loop, false);
	loop_turn(f->loop, false);
	assert_int_equal(put.calls, 1);
	assert_int_equal(get.calls, 1);
	assert_int_equal(get.rows, 1);
	assert_string_equal(get.value, "one");
}

static int64_t rows_seen_from_outside(const struct fixture *f)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;
	int64_t rows = -1;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(
	        sqlite3_prepare_v2(db, "SELECT COUNT(*) FROM fact", -1, &stmt, NULL),
	        SQLITE_OK);
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		rows = sqlite3_column_int64(stmt, 0);
	}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return rows;
}

struct outside {
	const struct fixture *fixture;
	int64_t rows;
};

static void look_from_outside(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct outside *outside = arg;

	(void)results;
	(void)err;
	outside->rows = rows_seen_from_outside(outside->fixture);
}

/* The heart of "commit first, then speak": whoever is told, the row is there for
 * everybody. */
static void done_means_committed(void **state)
{
	struct fixture *f = *state;
	struct outside outside = {f, -1};
	struct store_tx *tx = store_tx_create(f->store);

	store_tx_add(tx, STMT_FACT_PUT, "ss", "a", "b");
	store_tx_submit(tx, look_from_outside, &outside);
	loop_turn(f->loop, false);
	assert_int_equal(outside.rows, 1);
}

static void count_hook(bool committed, void *arg)
{
	int *counts = arg;
	counts[committed ? 1 : 0]++;
}

static void a_bad_transaction_hurts_only_itself(void **state)
{
	struct fixture *f = *state;
	struct seen good = {0}, bad = {0}, later = {0};
	int hooks[2] = {0, 0};

	put_fact(f, "good", &good);
	struct store_tx *tx = store_tx_create(f->store);
	store_tx_add(tx, STMT_FACT_PUT, "ss", "other", NULL); /* NOT NULL is broken */
	store_tx_on_commit(tx, count_hook, hooks);
	store_tx_submit(tx, keep, &bad);
	get_fact(f, &later);
	loop_turn(f->loop, false);
	loop_turn(f->loop, false);
	assert_int_equal(good.kind, ERR_NONE);
	assert_int_equal(bad.kind, ERR_PERMANENT);
	assert_int_equal(bad.calls, 1);
	assert_int_equal(hooks[0], 1);
	assert_int_equal(hooks[1], 0);
	assert_string_equal(later.value, "good");
}

static void a_transaction_is_all_or_nothing(void **state)
{
	struct fixture *f = *state;
	struct seen both = {0}, get = {0};
	struct store_tx *tx = store_tx_create(f->store);

	store_tx_add(tx, STMT_FACT_PUT, "ss", "name", "half");
	store_tx_add(tx, STMT_FACT_PUT, "ss", "other", NULL);
	store_tx_submit(tx, keep, &both);
	loop_turn(f->loop, false);
	get_fact(f, &get);
	loop_turn(f->loop, false);
	assert_int_equal(both.kind, ERR_PERMANENT);
	assert_int_equal(get.rows, 0);
}

static void cancel_is_silent_but_keeps_the_rows(void **state)
{
	struct fixture *f = *state;
	struct seen put = {0}, get = {0};
	struct store_tx *tx = store_tx_create(f->store);

	store_tx_add(tx, STMT_FACT_PUT, "ss", "name", "kept");
	store_tx_submit(tx, keep, &put);
	store_tx_cancel(&tx);
	assert_null(tx);
	get_fact(f, &get);
	loop_turn(f->loop, false);
	assert_int_equal(put.calls, 0);
	assert_string_equal(get.value, "kept");
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
	loop_turn(f->loop, false);
	assert_int_equal(first.changes, 1);
	assert_int_equal(second.changes, 0);
	assert_int_equal(second.kind, ERR_NONE);
}

static void a_locked_database_is_waited_for(void **state)
{
	struct fixture *f = *state;
	struct seen put = {0};
	sqlite3 *other;

	assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
	assert_int_equal(
	        sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	put_fact(f, "patient", &put);
	loop_turn(f->loop, false);
	assert_int_equal(put.calls, 0);
	sqlite3_exec(other, "COMMIT", NULL, NULL, NULL);
	sqlite3_close(other);
	loop_advance_to_us(f->loop, loop_now_us(f->loop) + 200000);
	loop_turn(f->loop, false);
	loop_turn(f->loop, false);
	assert_int_equal(put.calls, 1);
	assert_int_equal(put.kind, ERR_NONE);
}

static void run_sql(const char *path, const char *sql)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* Rows of version 1 come through the migrations. */
static void a_database_of_version_1_is_migrated(void **state)
{
	struct fixture *f = *state;
	autofree char *first = schema_migration(0, DIALECT_SQLITE);
	autofree char *old = xasprintf(
	        "CREATE TABLE msb_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);"
	        "INSERT INTO msb_meta VALUES ('owner', '" SCHEMA_OWNER
	        "'), ('version', '1');%s;%s",
	        first, schema_rows_of_version_1);
	sqlite3 *handle;

	store_close(&f->store);
	unlink(f->path);
	assert_int_equal(sqlite3_open(f->path, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_exec(handle, old, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(handle);
	open_store(f);
	assert_rows_of_version_1(f->store, f->loop);
}

static void a_newer_schema_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err;

	store_close(&f->store);
	run_sql(f->path, "UPDATE msb_meta SET value = '9999' WHERE name = 'version'");
	assert_null(store_open(f->loop, "sqlite3-fk-wal", f->path, &err));
	assert_int_equal(err.code, STORE_BAD_SCHEMA);
	assert_non_null(strstr(err.msg, "9999"));
	char present[96];
	snprintf(present, sizeof(present),
	        "UPDATE msb_meta SET value = '%zu' WHERE name = 'version'",
	        schema_version);
	run_sql(f->path, present);
	open_store(f);
}

static void foreign_tables_are_refused(void **state)
{
	struct fixture *f = *state;
	struct err err;

	store_close(&f->store);
	unlink(f->path);
	run_sql(f->path, "CREATE TABLE users (name TEXT)");
	assert_null(store_open(f->loop, "sqlite3-fk-wal", f->path, &err));
	assert_int_equal(err.code, STORE_BAD_SCHEMA);
	unlink(f->path);
	open_store(f);
}

static void what_cannot_be_opened_is_a_connection_error(void **state)
{
	struct fixture *f = *state;
	struct err err;

	assert_null(store_open(f->loop, "sqlite3-fk-wal", "/nonexistent/dir/x.db", &err));
	assert_int_equal(err.code, STORE_NO_CONNECTION);
	assert_null(store_open(f->loop, "mysql", "x", &err));
	assert_int_equal(err.code, STORE_NO_CONNECTION);
}

static void committed_rows_survive_reopening(void **state)
{
	struct fixture *f = *state;
	struct seen put = {0}, get = {0};

	put_fact(f, "lasting", &put);
	loop_turn(f->loop, false);
	store_close(&f->store);
	open_store(f);
	get_fact(f, &get);
	loop_turn(f->loop, false);
	assert_string_equal(get.value, "lasting");
}

static void keep_after_commit(const struct err *err, void *arg)
{
	struct seen *seen = arg;

	seen->calls++;
	seen->kind = err->kind;
}

static void after_commit_tells_of_what_failed_before_it(void **state)
{
	struct fixture *f = *state;
	struct seen good = {0}, before = {0}, bad = {0}, after = {0};

	put_fact(f, "good", &good);
	store_after_commit(f->store, keep_after_commit, &before);
	put_fact(f, NULL, &bad);
	store_after_commit(f->store, keep_after_commit, &after);
	loop_turn(f->loop, false);
	assert_int_equal(before.calls, 1);
	assert_int_equal(before.kind, ERR_NONE);
	assert_int_equal(bad.kind, ERR_PERMANENT);
	assert_int_equal(after.calls, 1);
	assert_int_equal(after.kind, ERR_PERMANENT);
}

/* What can be mended from outside is no fault of the transaction's. */
static void a_broken_file_is_no_reason_to_give_up(void **state)
{
	struct fixture *f = *state;
	struct seen put = {0};

	run_sql(f->path, "DROP TABLE fact");
	put_fact(f, "x", &put);
	loop_turn(f->loop, false);
	assert_int_equal(put.kind, ERR_RETRY);
}

static void the_file_is_for_its_owner_alone(void **state)
{
	struct fixture *f = *state;
	struct stat info;
	struct seen put = {0};
	autofree char *wal = xasprintf("%s-wal", f->path);

	put_fact(f, "x", &put);
	loop_turn(f->loop, false);
	assert_int_equal(stat(f->path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_equal(stat(wal, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
}

/* A piece that was redacted and is sent again with the next edit. */
static void a_message_that_is_known_gets_its_new_event(void **state)
{
	struct fixture *f = *state;
	struct seen first = {0}, second = {0};

	for (int i = 0; i < 2; i++) {
		struct store_tx *tx = store_tx_create(f->store);
		store_tx_add(tx, STMT_MESSAGE_PUT, "sssississssi", "T1", "C1", "1.1",
		        (int64_t)0, "!r", i == 0 ? "$one" : "$two", (int64_t)0, "@a", "s",
		        "", "", (int64_t)1);
		store_tx_add(tx, STMT_MESSAGE_GONE, "sssi", "T1", "C1", "1.1",
		        (int64_t)(i == 0 ? 0 : 7));
		store_tx_submit(tx, keep, i == 0 ? &first : &second);
	}
	loop_turn(f->loop, false);
	assert_int_equal(first.changes, 1);
	assert_int_equal(second.kind, ERR_NONE);
	assert_int_equal(second.changes, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                after_commit_tells_of_what_failed_before_it, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                a_broken_file_is_no_reason_to_give_up, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                the_file_is_for_its_owner_alone, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                a_message_that_is_known_gets_its_new_event, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                done_comes_after_submit_returns_and_once, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(done_means_committed, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                a_bad_transaction_hurts_only_itself, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                a_transaction_is_all_or_nothing, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                cancel_is_silent_but_keeps_the_rows, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                the_same_key_enters_the_inbox_once, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                a_locked_database_is_waited_for, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                a_database_of_version_1_is_migrated, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                a_newer_schema_is_refused, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                foreign_tables_are_refused, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                what_cannot_be_opened_is_a_connection_error, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                committed_rows_survive_reopening, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
