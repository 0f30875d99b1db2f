/* The PostgreSQL driver: runs batches in pipeline mode, never blocks the loop.
 *
 * A batch that writes goes out as BEGIN, its statements, and a mark of its own; COMMIT
 * follows when all of them have answered. So a connection that is lost before COMMIT left
 * has certainly applied nothing, and one that is lost after it has given all results
 * already: the next connection reads the mark and knows. The mark is a row, not the
 * transaction's ID, because after a crash of the server IDs may be given again. */
#include "bridge/store/driver.h"
#include "bridge/store/pg_link.h"
#include "bridge/store/pg_schema.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/rand.h"
#include "lib/str.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ANSWER_DEADLINE_MS =
	        30000,   /* a batch without an answer: the connection is no good */
	MARK_CHARS = 16, /* of chance, then a number */
	MARK_BYTES = MARK_CHARS + 24,
	NAME_BYTES = 16, /* of a prepared statement: "s" and its number */
};

enum phase {
	IDLE,
	RUNNING,    /* the statements, or all of a batch that only reads */
	COMMITTING, /* COMMIT */
	UNDOING,    /* ROLLBACK of a batch that failed */
	UNSURE,     /* the connection was lost while committing */
	ASKING,     /* a new one is asked for the mark */
};

/* What the next result is the answer to. */
enum answer { TO_ITEM, TO_PREPARE, TO_PREPARE_MARK, TO_OTHER, TO_MARK_QUESTION };

struct expected {
	enum answer kind;
	enum store_stmt stmt;    /* of TO_PREPARE and TO_ITEM */
	struct store_item *item; /* of TO_ITEM */
};

struct postgres {
	struct driver driver;
	struct loop *loop;
	struct pg_link *link;
	bool prepared[STMT_COUNT], mark_prepared; /* on this connection */
	enum phase phase;
	struct list *batch;
	bool writes; /* the batch */
	batch_done_fn *done;
	void *arg;
	struct timer deadline;
	struct expected *expected; /* in the order of sending */
	size_t expected_count, expected_room, answered;
	struct err failure; /* of the batch; ERR_NONE: none so far */
	bool is_away;       /* the failure is one that passes */
	char mark[MARK_BYTES];
	uint64_t marks; /* given so far; the chance in front is this process's */
	bool mark_found;
};

/* ---------------------------------------------------------------- errors */

static bool is_class(const char *state, const char *class)
{
	return state != NULL && strncmp(state, class, 2) == 0;
}

/* Classes of "PostgreSQL Error Codes" (appendix A). What is wrong with the transaction
 * itself is permanent; all else may pass, and then everything in it is wanted again. */
static void note_failure(struct postgres *db, const PGresult *result, const char *what)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	bool is_wrong =
	        is_class(state, "22") || is_class(state, "23") || is_class(state, "54");

	if (db->failure.kind != ERR_NONE) {
		return;
	}
	err_set(&db->failure, is_wrong ? ERR_PERMANENT : ERR_RETRY, 0, "%s: %s (%s)",
	        what, message == NULL ? "no message" : message,
	        state == NULL ? "?" : state);
	/* Deadlocks; an operator's intervention; a server that only reads. */
	db->is_away = is_class(state, "40") || is_class(state, "57") ||
	              str_equal(state, "25006");
}

/* ---------------------------------------------------------------- sending */

static void expect(struct postgres *db, struct expected expected)
{
	if (db->expected_count == db->expected_room) {
		db->expected_room = db->expected_room * 2 + 64;
		db->expected = xrealloc(
		        db->expected, db->expected_room * sizeof(db->expected[0]));
	}
	db->expected[db->expected_count++] = expected;
}

/* libpq refuses only what is misused or when memory is out (which xmalloc would not
 * survive either); a lost connection shows at the next input. */
static void send_plain(struct postgres *db, const char *sql)
{
	PQsendQueryParams(pg_link_conn(db->link), sql, 0, NULL, NULL, NULL, NULL, 0);
	expect(db, (struct expected){.kind = TO_OTHER});
}

static void send_mark(struct postgres *db)
{
	const char *values[] = {db->mark};

	snprintf(db->mark + MARK_CHARS, sizeof(db->mark) - MARK_CHARS, ".%llu",
	        (unsigned long long)++db->marks);
	if (!db->mark_prepared) {
		PQsendPrepare(pg_link_conn(db->link), "mark",
		        "INSERT INTO msb_meta (name, value) VALUES ('commit', $1) "
		        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
		        0, NULL);
		db->mark_prepared = true;
		expect(db, (struct expected){.kind = TO_PREPARE_MARK});
	}
	PQsendQueryPrepared(pg_link_conn(db->link), "mark", 1, values, NULL, NULL, 0);
	expect(db, (struct expected){.kind = TO_OTHER});
}

static void send_item(struct postgres *db, struct store_item *item)
{
	char name[NAME_BYTES], numbers[STORE_MAX_PARAMS][24];
	const char *values[STORE_MAX_PARAMS];
	PGconn *conn = pg_link_conn(db->link);

	snprintf(name, sizeof(name), "s%d", (int)item->stmt);
	if (!db->prepared[item->stmt]) {
		PQsendPrepare(conn, name, store_sql(item->stmt), 0, NULL);
		db->prepared[item->stmt] = true;
		expect(db, (struct expected){.kind = TO_PREPARE, .stmt = item->stmt});
	}
	for (unsigned i = 0; i < item->param_count; i++) {
		const struct store_param *param = &item->params[i];
		if (param->is_int) {
			snprintf(numbers[i], sizeof(numbers[i]), "%lld",
			        (long long)param->number);
		}
		values[i] = param->is_int ? numbers[i] : param->text;
	}
	PQsendQueryPrepared(conn, name, (int)item->param_count, values, NULL, NULL, 0);
	expect(db, (struct expected){.kind = TO_ITEM, .stmt = item->stmt, .item = item});
}

static void end_of_sending(struct postgres *db, enum phase phase)
{
	db->phase = phase;
	timer_start(&db->deadline, ANSWER_DEADLINE_MS);
	PQpipelineSync(pg_link_conn(db->link));
	pg_link_flush(db->link);
}

static size_t count_items(const struct list *batch, bool *writes)
{
	size_t count = 0;

	*writes = false;
	list_for_each(it, batch)
	{
		const struct store_tx *tx = container_of(it, struct store_tx, link);
		for (size_t i = 0; i < tx->item_count; i++) {
			*writes = *writes ||
			          !str_starts(store_sql(tx->items[i].stmt), "SELECT");
			count++;
		}
	}
	return count;
}

static void send_batch(struct postgres *db)
{
	db->expected_count = db->answered = 0;
	db->failure.kind = ERR_NONE;
	db->is_away = false;
	if (db->writes) {
		send_plain(db, "BEGIN");
	}
	list_for_each(it, db->batch)
	{
		struct store_tx *tx = container_of(it, struct store_tx, link);
		for (size_t i = 0; i < tx->item_count; i++) {
			send_item(db, &tx->items[i]);
		}
	}
	if (db->writes) {
		send_mark(db);
	}
	end_of_sending(db, RUNNING);
}

static void send_one(struct postgres *db, const char *sql, enum phase phase)
{
	db->expected_count = db->answered = 0;
	send_plain(db, sql);
	end_of_sending(db, phase);
}

/* ---------------------------------------------------------------- the end of a batch */

static void end_batch(struct postgres *db, enum batch_outcome outcome)
{
	static const struct err none = ERR_INIT;
	struct err err = outcome == BATCH_DONE ? none : db->failure;

	if (outcome != BATCH_DONE) {
		list_for_each(it, db->batch)
		{
			store_tx_clear_results(container_of(it, struct store_tx, link));
		}
	}
	db->phase = IDLE;
	db->batch = NULL;
	timer_stop(&db->deadline);
	db->done(outcome, &err, db->arg);
}

static void end_failed(struct postgres *db)
{
	if (db->failure.kind == ERR_NONE) {
		err_set(&db->failure, ERR_RETRY, 0, "the connection was lost");
		db->is_away = true;
	}
	end_batch(db, db->is_away ? BATCH_AWAY : BATCH_FAILED);
}

static void ask_for_mark(struct postgres *db)
{
	db->expected_count = db->answered = 0;
	db->mark_found = false;
	db->failure.kind = ERR_NONE;
	const char *values[] = {db->mark};
	PQsendQueryParams(pg_link_conn(db->link),
	        "SELECT 1 FROM msb_meta WHERE name = 'commit' AND value = $1", 1, NULL,
	        values, NULL, NULL, 0);
	expect(db, (struct expected){.kind = TO_MARK_QUESTION});
	end_of_sending(db, ASKING);
}

/* ---------------------------------------------------------------- results */

static void keep_rows(const PGresult *result, struct store_result *into)
{
	int rows = PQntuples(result), columns = PQnfields(result);

	into->columns = (unsigned)columns;
	into->rows = (size_t)rows;
	into->cells = xcalloc((size_t)rows * (size_t)columns + 1, sizeof(into->cells[0]));
	for (int row = 0; row < rows; row++) {
		for (int column = 0; column < columns; column++) {
			if (!PQgetisnull(result, row, column)) {
				into->cells[row * columns + column] =
				        xstrdup(PQgetvalue(result, row, column));
			}
		}
	}
}

static void take_good(
        struct postgres *db, const struct expected *expected, PGresult *result)
{
	if (expected->kind == TO_MARK_QUESTION) {
		db->mark_found = PQntuples(result) > 0;
	} else if (expected->kind == TO_ITEM) {
		struct store_result *into = &expected->item->result;
		if (PQresultStatus(result) == PGRES_TUPLES_OK) {
			keep_rows(result, into);
		} else {
			into->changes = strtoll(PQcmdTuples(result), NULL, 10);
		}
	}
}

static void take_result(struct postgres *db, PGresult *result)
{
	static const struct expected nothing = {.kind = TO_OTHER};
	const struct expected *expected = db->answered < db->expected_count
	                                          ? &db->expected[db->answered]
	                                          : &nothing;
	ExecStatusType status = PQresultStatus(result);

	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
		take_good(db, expected, result);
		return;
	}
	if (expected->kind == TO_PREPARE) {
		db->prepared[expected->stmt] = false;
	} else if (expected->kind == TO_PREPARE_MARK) {
		db->mark_prepared = false;
	}
	if (status == PGRES_FATAL_ERROR) {
		bool is_item = expected->kind == TO_PREPARE || expected->kind == TO_ITEM;
		note_failure(db, result,
		        is_item ? store_stmt_name(expected->stmt) : "transaction");
	}
}

/* All answers of a phase are there. */
static void end_phase(struct postgres *db)
{
	bool failed = db->failure.kind != ERR_NONE;

	switch (db->phase) {
	case RUNNING:
		if (!db->writes) {
			failed ? end_failed(db) : end_batch(db, BATCH_DONE);
		} else if (failed) {
			send_one(db, "ROLLBACK", UNDOING);
		} else {
			send_one(db, "COMMIT", COMMITTING);
		}
		break;
	case COMMITTING:
		failed ? end_failed(db) : end_batch(db, BATCH_DONE);
		break;
	case UNDOING:
		end_failed(db);
		break;
	case ASKING:
		if (failed) {
			db->phase = UNSURE;
			pg_link_drop(db->link, db->failure.msg);
		} else if (db->mark_found) {
			end_batch(db, BATCH_DONE);
		} else {
			end_failed(db);
		}
		break;
	case IDLE:
	case UNSURE:
		break;
	}
}

/* In pipeline mode a command's results end with NULL, and the pipeline's with a result of
 * its own (libpq, "Pipeline Mode"). */
static void handle_input(void *arg)
{
	struct postgres *db = arg;

	while (pg_link_conn(db->link) != NULL && !PQisBusy(pg_link_conn(db->link))) {
		PGresult *result = PQgetResult(pg_link_conn(db->link));
		if (result == NULL) {
			if (db->answered >= db->expected_count) {
				return;
			}
			db->answered++;
			continue;
		}
		bool is_end = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
		if (!is_end) {
			take_result(db, result);
		}
		PQclear(result);
		if (is_end) {
			end_phase(db);
		}
	}
}

/* ---------------------------------------------------------------- the connection */

static void handle_down(void *arg)
{
	struct postgres *db = arg;

	memset(db->prepared, 0, sizeof(db->prepared));
	db->mark_prepared = false;
	timer_stop(&db->deadline);
	switch (db->phase) {
	case RUNNING:
	case UNDOING:
		db->failure.kind = ERR_NONE;
		end_failed(db);
		break;
	case COMMITTING:
	case ASKING:
		log_warn("the database was lost during a commit; it will be asked", "%s",
		        "");
		db->phase = UNSURE;
		break;
	case IDLE:
	case UNSURE:
		break;
	}
}

static void handle_up(void *arg)
{
	struct postgres *db = arg;

	if (db->phase == UNSURE) {
		ask_for_mark(db);
	}
}

static void handle_deadline(void *arg)
{
	struct postgres *db = arg;
	pg_link_drop(db->link, "a transaction got no answer in time");
}

/* ---------------------------------------------------------------- the driver's face */

static void run(struct driver *driver, struct list *batch, batch_done_fn *done, void *arg)
{
	struct postgres *db = container_of(driver, struct postgres, driver);

	assert(db->phase == IDLE);
	db->batch = batch;
	db->done = done;
	db->arg = arg;
	if (count_items(batch, &db->writes) == 0) {
		end_batch(db, BATCH_DONE);
	} else if (pg_link_conn(db->link) == NULL) {
		err_set(&db->failure, ERR_RETRY, 0, "there is no connection");
		end_batch(db, BATCH_AWAY);
	} else {
		send_batch(db);
	}
}

static bool finish(struct driver *driver, int wait_ms)
{
	enum { STEP_MS = 100 };
	struct postgres *db = container_of(driver, struct postgres, driver);

	for (int waited = 0; db->phase != IDLE && waited < wait_ms;) {
		size_t before = db->answered;
		enum phase phase = db->phase;
		pg_link_wait(db->link, STEP_MS);
		bool moved = db->answered != before || db->phase != phase;
		waited += moved ? 0 : STEP_MS;
	}
	return db->phase == IDLE;
}

static void close_db(struct driver *driver)
{
	struct postgres *db = container_of(driver, struct postgres, driver);

	timer_stop(&db->deadline);
	pg_link_close(&db->link);
	free(db->expected);
	free(db);
}

struct driver *postgres_open(struct loop *loop, const char *uri, struct err *err)
{
	static const struct pg_link_handlers handlers = {
	        handle_up, handle_input, handle_down};
	struct pg_link *link = pg_link_open(loop, uri, err);

	if (link == NULL) {
		return NULL;
	}
	if (!pg_schema_migrate(pg_link_conn(link), err)) {
		pg_link_close(&link);
		return NULL;
	}
	struct postgres *db = xcalloc(1, sizeof(*db));
	db->driver = (struct driver){run, finish, close_db};
	rand_secret(db->mark, MARK_CHARS);
	db->loop = loop;
	db->link = link;
	timer_init(&db->deadline, loop, handle_deadline, db);
	pg_link_start(link, &handlers, db);
	return &db->driver;
}
