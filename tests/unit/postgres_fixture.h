/* postgres_fixture: a PostgreSQL server of the test's own, and a store in a database of
 * each test's own. Included by one file of tests at a time. */
#ifndef TESTS_POSTGRES_FIXTURE_H
#define TESTS_POSTGRES_FIXTURE_H

#include "bridge/store/schema.h"
#include "bridge/store/store.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/str.h"
#include "scenarios/runner/pgserver.h"
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

enum { ROUNDS = 3000 };

struct fixture {
	struct pgserver *server;
	struct loop *loop;
	struct store *store;
	struct timer tick; /* keeps loop_turn() from waiting for ever */
	char uri[160];
	int databases;
};

static inline void do_nothing(void *arg)
{
	(void)arg;
}

static inline void sql(const struct fixture *f, const char *database, const char *text)
{
	struct err err = ERR_INIT;

	if (!pgserver_run(pgserver_socket(f->server), database, text, &err)) {
		fail_msg("%s", err.msg);
	}
}

static inline int start_server(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct err err = ERR_INIT;
	autofree char *dir = xasprintf("/tmp/msb-test-pg-%d", (int)getpid());

	f->server = pgserver_create(dir, &err);
	if (f->server == NULL) {
		fprintf(stderr, "%s\n", err.msg);
	}
	*state = f;
	return f->server == NULL ? -1 : 0;
}

static inline int stop_server(void **state)
{
	struct fixture *f = *state;

	pgserver_destroy(&f->server);
	free(f);
	return 0;
}

static inline void open_store(struct fixture *f)
{
	struct err err = ERR_INIT;

	f->store = store_open(f->loop, "postgres", f->uri, &err);
	if (f->store == NULL) {
		fail_msg("%s", err.msg);
	}
}

static inline int set_up(void **state)
{
	struct fixture *f = *state;
	char make[64];

	snprintf(make, sizeof(make), "CREATE DATABASE t%d", ++f->databases);
	sql(f, "postgres", make);
	snprintf(f->uri, sizeof(f->uri), "postgres://bridge@/t%d?host=%s", f->databases,
	        pgserver_socket(f->server));
	f->loop = loop_create();
	timer_init(&f->tick, f->loop, do_nothing, NULL);
	open_store(f);
	return 0;
}

static inline int tear_down(void **state)
{
	struct fixture *f = *state;

	store_close(&f->store);
	timer_stop(&f->tick);
	loop_destroy(&f->loop);
	return 0;
}

static inline void database(const struct fixture *f, const char *text)
{
	char name[16];
	snprintf(name, sizeof(name), "t%d", f->databases);
	sql(f, name, text);
}

struct seen {
	int calls;
	enum err_kind kind;
	size_t rows;
	int64_t changes;
	char value[64];
};

static inline void keep(
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

static inline void put_fact(struct fixture *f, const char *value, struct seen *seen)
{
	struct store_tx *tx = store_tx_create(f->store);
	store_tx_add(tx, STMT_FACT_PUT, "ss", "name", value);
	store_tx_submit(tx, keep, seen);
}

static inline void get_fact(struct fixture *f, struct seen *seen)
{
	struct store_tx *tx = store_tx_create(f->store);
	store_tx_add(tx, STMT_FACT_GET, "s", "name");
	store_tx_submit(tx, keep, seen);
}

/* Until it was called, or for a while. */
static inline void turn_until(struct fixture *f, const struct seen *seen)
{
	for (int i = 0; i < ROUNDS && seen->calls == 0; i++) {
		timer_start(&f->tick, 10);
		loop_turn(f->loop, true);
	}
	assert_int_equal(seen->calls, 1);
}

static inline void end_our_session(const struct fixture *f)
{
	database(f, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
	            "WHERE application_name LIKE 'matrix-slack-bridge %'");
}

static inline void turn_a_while(struct fixture *f)
{
	for (int turn = 0; turn < 30; turn++) {
		timer_start(&f->tick, 10);
		loop_turn(f->loop, true);
	}
}

static inline void assert_refused(
        struct fixture *f, const char *uri, int code, const char *word)
{
	struct err err = ERR_INIT;
	struct store *store = store_open(f->loop, "postgres", uri, &err);

	assert_null(store);
	assert_int_equal(err.code, code);
	if (strstr(err.msg, word) == NULL) {
		fail_msg("\"%s\" does not say \"%s\"", err.msg, word);
	}
}

#endif
