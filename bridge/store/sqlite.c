/* The embedded driver: runs a batch on one connection, at once. */
#include "bridge/store/driver.h"
#include "bridge/store/schema.h"
#include "lib/list.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum around { BEGIN_READING, BEGIN_WRITING, COMMIT, AROUNDS };
static const char *const arounds[] = {"BEGIN", "BEGIN IMMEDIATE", "COMMIT"};

struct sqlite_db {
	struct driver driver;
	sqlite3 *handle;
	struct prepared {
		sqlite3_stmt *stmt;           /* NULL: made at first use */
		int places[STORE_MAX_PARAMS]; /* of $1, $2 ...: SQLite counts otherwise */
	} prepared[STMT_COUNT];
	sqlite3_stmt *around[AROUNDS];
};

/* ---------------------------------------------------------------- running */

static enum batch_outcome failed(sqlite3 *handle, const char *what, struct err *err)
{
	int rc = sqlite3_errcode(handle);
	if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED) {
		err_set(err, ERR_RETRY, rc, "it is locked by another program");
		return BATCH_AWAY;
	}
	/* The fault of the transaction itself. A full disk may pass, and even a broken
	 * file is no reason to give up what waits in it: somebody may mend it. */
	bool is_wrong =
	        rc == SQLITE_CONSTRAINT || rc == SQLITE_MISMATCH || rc == SQLITE_TOOBIG;
	err_set(err, is_wrong ? ERR_PERMANENT : ERR_RETRY, rc, "%s: %s", what,
	        sqlite3_errmsg(handle));
	return BATCH_FAILED;
}

/* NULL: it cannot be. */
static sqlite3_stmt *prepare(struct sqlite_db *db, enum store_stmt stmt)
{
	struct prepared *prepared = &db->prepared[stmt];

	if (prepared->stmt != NULL) {
		return prepared->stmt;
	}
	sqlite3_prepare_v3(db->handle, store_sql(stmt), -1, SQLITE_PREPARE_PERSISTENT,
	        &prepared->stmt, NULL);
	for (int i = 0; prepared->stmt != NULL && i < STORE_MAX_PARAMS; i++) {
		char name[16];
		snprintf(name, sizeof(name), "$%d", i + 1);
		prepared->places[i] = sqlite3_bind_parameter_index(prepared->stmt, name);
	}
	return prepared->stmt;
}

static bool run_around(struct sqlite_db *db, enum around around)
{
	sqlite3_stmt **stmt = &db->around[around];

	if (*stmt == NULL) {
		sqlite3_prepare_v3(db->handle, arounds[around], -1,
		        SQLITE_PREPARE_PERSISTENT, stmt, NULL);
	}
	/* Before the reset, which would tell of an error once more. */
	bool ok = *stmt != NULL && sqlite3_step(*stmt) == SQLITE_DONE;
	sqlite3_reset(*stmt);
	return ok;
}

static void bind_params(const struct prepared *prepared, const struct store_item *item)
{
	for (unsigned i = 0; i < item->param_count; i++) {
		const struct store_param *param = &item->params[i];
		int at = prepared->places[i];
		if (param->is_int) {
			sqlite3_bind_int64(prepared->stmt, at, param->number);
		} else if (param->text != NULL) {
			sqlite3_bind_text(
			        prepared->stmt, at, param->text, -1, SQLITE_STATIC);
		} else {
			sqlite3_bind_null(prepared->stmt, at);
		}
	}
}

static void keep_row(sqlite3_stmt *prepared, struct store_result *result)
{
	unsigned columns = (unsigned)sqlite3_column_count(prepared);

	result->columns = columns;
	result->cells = xrealloc(
	        result->cells, (result->rows + 1) * columns * sizeof(result->cells[0]));
	for (unsigned i = 0; i < columns; i++) {
		const void *text = sqlite3_column_text(prepared, (int)i);
		result->cells[result->rows * columns + i] = xstrdup_null(text);
	}
	result->rows++;
}

static bool run_item(struct sqlite_db *db, struct store_item *item)
{
	sqlite3_stmt *prepared = prepare(db, item->stmt);
	if (prepared == NULL) {
		return false;
	}
	bind_params(&db->prepared[item->stmt], item);
	int before = sqlite3_total_changes(db->handle);
	int rc = sqlite3_step(prepared);
	while (rc == SQLITE_ROW) {
		keep_row(prepared, &item->result);
		rc = sqlite3_step(prepared);
	}
	item->result.changes = sqlite3_total_changes(db->handle) - before;
	sqlite3_reset(prepared);
	sqlite3_clear_bindings(prepared);
	return rc == SQLITE_DONE;
}

static bool is_read_only(struct sqlite_db *db, struct list *batch)
{
	list_for_each(it, batch)
	{
		const struct store_tx *tx = container_of(it, struct store_tx, link);
		for (size_t i = 0; i < tx->item_count; i++) {
			sqlite3_stmt *prepared = prepare(db, tx->items[i].stmt);
			if (prepared == NULL || !sqlite3_stmt_readonly(prepared)) {
				return false;
			}
		}
	}
	return true;
}

static enum batch_outcome roll_back(
        struct sqlite_db *db, struct list *batch, const char *what, struct err *err)
{
	enum batch_outcome outcome = failed(db->handle, what, err);

	sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL,
	        NULL); /* fails if it rolled back itself */
	list_for_each(it, batch)
	{
		store_tx_clear_results(container_of(it, struct store_tx, link));
	}
	return outcome;
}

static enum batch_outcome run_batch(
        struct sqlite_db *db, struct list *batch, struct err *err)
{
	/* The write lock at the start: a batch that began by reading must not find out
	 * half-way that another program was faster. */
	if (!run_around(db, is_read_only(db, batch) ? BEGIN_READING : BEGIN_WRITING)) {
		return failed(db->handle, "begin", err);
	}
	list_for_each(it, batch)
	{
		struct store_tx *tx = container_of(it, struct store_tx, link);
		for (size_t i = 0; i < tx->item_count; i++) {
			if (!run_item(db, &tx->items[i])) {
				return roll_back(db, batch,
				        store_stmt_name(tx->items[i].stmt), err);
			}
		}
	}
	if (!run_around(db, COMMIT)) {
		return roll_back(db, batch, "commit", err);
	}
	return BATCH_DONE;
}

static void run(struct driver *driver, struct list *batch, batch_done_fn *done, void *arg)
{
	struct sqlite_db *db = container_of(driver, struct sqlite_db, driver);
	struct err err = ERR_INIT;
	enum batch_outcome outcome = run_batch(db, batch, &err);

	done(outcome, &err, arg);
}

static bool finish(struct driver *driver, int wait_ms)
{
	(void)driver;
	(void)wait_ms;
	return true; /* nothing ever runs on */
}

static void close_db(struct driver *driver)
{
	struct sqlite_db *db = container_of(driver, struct sqlite_db, driver);

	for (size_t i = 0; i < STMT_COUNT; i++) {
		sqlite3_finalize(db->prepared[i].stmt);
	}
	for (size_t i = 0; i < AROUNDS; i++) {
		sqlite3_finalize(db->around[i]);
	}
	sqlite3_close(db->handle);
	free(db);
}

/* ---------------------------------------------------------------- opening */

/* "file:name?options" as mautrix bridges write it; the options are for their driver. */
static char *path_of_uri(const char *uri)
{
	const char *path = str_starts(uri, "file:") ? uri + 5 : uri;
	return xstrndup(path, strcspn(path, "?"));
}

static bool open_failed(struct sqlite_db *db, int code, const char *what, struct err *err)
{
	return err_set(
	        err, ERR_PERMANENT, code, "%s: %s", what, sqlite3_errmsg(db->handle));
}

static bool run_sql(struct sqlite_db *db, const char *sql)
{
	return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* The first column of the first row, or -1. */
static int64_t ask_number(struct sqlite_db *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	int64_t number = -1;

	if (sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL) == SQLITE_OK &&
	        sqlite3_step(stmt) == SQLITE_ROW) {
		number = sqlite3_column_int64(stmt, 0);
	}
	sqlite3_finalize(stmt);
	return number;
}

static bool migrate_from(struct sqlite_db *db, size_t version, struct err *err)
{
	for (size_t v = version; v < schema_version; v++) {
		autofree char *sql = schema_migration(v, DIALECT_SQLITE);
		char set_version[96];
		snprintf(set_version, sizeof(set_version),
		        "UPDATE msb_meta SET value = '%zu' WHERE name = 'version'",
		        v + 1);
		if (!run_sql(db, "BEGIN IMMEDIATE") || !run_sql(db, sql) ||
		        !run_sql(db, set_version) || !run_sql(db, "COMMIT")) {
			open_failed(db, STORE_BAD_SCHEMA, "upgrading the database failed",
			        err);
			run_sql(db, "ROLLBACK");
			return false;
		}
	}
	return true;
}

static bool migrate(struct sqlite_db *db, const char *path, struct err *err)
{
	int64_t tables =
	        ask_number(db, "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table'");
	int64_t ours = ask_number(db,
	        "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'msb_meta'");

	if (tables < 0 || ours < 0) {
		return open_failed(db, STORE_NO_CONNECTION, path, err);
	}
	if (tables > 0 && ours == 0) {
		return err_set(err, ERR_PERMANENT, STORE_BAD_SCHEMA,
		        "%s holds tables of another program; give the bridge a database of its own",
		        path);
	}
	if (ours == 0 &&
	        (!run_sql(db, "BEGIN IMMEDIATE") ||
	                !run_sql(db, "CREATE TABLE msb_meta (name TEXT PRIMARY KEY, "
	                             "value TEXT NOT NULL)") ||
	                !run_sql(db,
	                        "INSERT INTO msb_meta VALUES ('owner', '" SCHEMA_OWNER
	                        "'), ('version', '0')") ||
	                !run_sql(db, "COMMIT"))) {
		return open_failed(db, STORE_NO_CONNECTION, path, err);
	}
	int64_t version = ask_number(
	        db, "SELECT CAST(value AS INTEGER) FROM msb_meta WHERE name = 'version'");
	if (version < 0 || (uint64_t)version > schema_version) {
		return err_set(err, ERR_PERMANENT, STORE_BAD_SCHEMA,
		        "%s has schema version %lld, this program knows up to %zu; "
		        "downgrading is not supported",
		        path, (long long)version, schema_version);
	}
	return migrate_from(db, (size_t)version, err);
}

/* The tokens are in it: a new file is for its owner's eyes alone. SQLite gives the files
 * beside it the same mode. What goes wrong here SQLite says better. */
static void create_private(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0) {
		close(fd);
	}
}

/* FULL: what was committed survives a power cut too, which is what an acknowledgement to
 * Slack promises. */
static bool set_up(struct sqlite_db *db, const char *path, struct err *err)
{
	if (sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
	            NULL) != SQLITE_OK ||
	        !run_sql(db, "PRAGMA journal_mode = WAL") ||
	        !run_sql(db, "PRAGMA synchronous = FULL") ||
	        !run_sql(db, "PRAGMA cache_size = -8192") || /* KiB */
	        !run_sql(db, "PRAGMA foreign_keys = ON")) {
		return open_failed(db, STORE_NO_CONNECTION, path, err);
	}
	return migrate(db, path, err);
}

struct driver *sqlite_open(const char *uri, struct err *err)
{
	struct sqlite_db *db = xcalloc(1, sizeof(*db));
	autofree char *path = path_of_uri(uri);

	db->driver = (struct driver){run, finish, close_db};
	create_private(path);
	if (!set_up(db, path, err)) {
		close_db(&db->driver);
		return NULL;
	}
	return &db->driver;
}
