#include "bridge/store/pg_link.h"

#include "bridge/store/pg_address.h"
#include "bridge/store/store.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/rand.h"
#include "lib/str.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_BACKOFF_MS = 100,
	MAX_BACKOFF_MS = 5000,
	CONNECT_DEADLINE_MS = 10000,
	NAME_CHARS = 12,
};

enum state {
	RESTING,    /* until the back-off is over */
	RESOLVING,  /* the host's name is looked up */
	CONNECTING, /* PQconnectPoll() */
	SETTING_UP, /* the set-up statements run */
	UP,
};

struct pg_link {
	struct loop *loop;
	struct pg_address *address;
	char *set_up; /* the statements every new connection begins with */
	PGconn *conn;
	struct loop_io *io;
	int io_fd;
	enum state state;
	struct timer timer; /* back-off while resting, else the deadline */
	int64_t backoff_ms, down_since_ms;
	const struct pg_link_handlers *handlers;
	void *arg;
};

static void connect_again(struct pg_link *link);

/* ---------------------------------------------------------------- set-up */

/* application_name tells this process's connections from all others, also after a
 * failover, when process IDs mean something else. An old one may still sit on the server
 * in the middle of a transaction, with its locks: a half-open connection does for hours.
 * It is ended, and the lock is had only when it is gone.
 *
 * synchronous_commit: an acknowledgement to Slack promises that the event survives the
 * server's power cut. */
static char *make_set_up(const char *name)
{
	return xasprintf(
	        "SET lock_timeout = '5s';"
	        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
	        "WHERE application_name = '%s' AND datname = current_database() "
	        "AND pid <> pg_backend_pid();"
	        "SELECT pg_advisory_lock(1936551779, hashtext(current_schema()));"
	        "RESET lock_timeout;"
	        "SELECT set_config('synchronous_commit', 'on', false) "
	        "WHERE current_setting('synchronous_commit') = 'off'",
	        name);
}

/* libpq's texts end with a line break and may have several lines. Caller frees. */
static char *reason(const PGconn *conn)
{
	char *text = xstrdup(PQerrorMessage(conn));

	for (char *at = text; *at != '\0'; at++) {
		*at = *at == '\n' || *at == '\t' ? ' ' : *at;
	}
	size_t n = strlen(text);
	while (n > 0 && text[n - 1] == ' ') {
		text[--n] = '\0';
	}
	if (n == 0) {
		free(text);
		return xstrdup("the connection was closed");
	}
	return text;
}

static void handle_notice(void *arg, const PGresult *result)
{
	(void)arg;
	(void)result; /* nothing of it is for the operator of a bridge */
}

/* ---------------------------------------------------------------- losing it */

static void let_go(struct pg_link *link)
{
	loop_io_destroy(&link->io);
	link->io_fd = -1;
	PQfinish(link->conn);
	link->conn = NULL;
}

static void rest(struct pg_link *link)
{
	link->state = RESTING;
	timer_start(&link->timer, link->backoff_ms);
	link->backoff_ms = link->backoff_ms * 2 > MAX_BACKOFF_MS ? MAX_BACKOFF_MS
	                                                         : link->backoff_ms * 2;
}

void pg_link_drop(struct pg_link *link, const char *why)
{
	bool was_up = link->state == UP;

	if (was_up) {
		log_warn("the connection to the database was lost", "error=\"%s\"", why);
		link->down_since_ms = loop_now_ms(link->loop);
		link->backoff_ms = FIRST_BACKOFF_MS;
	} else {
		log_debug("the database cannot be reached", "error=\"%s\" retry_ms=%lld",
		        why, (long long)link->backoff_ms);
	}
	let_go(link);
	rest(link);
	if (was_up) {
		link->handlers->down(link->arg);
	}
}

static void drop_for_reason(struct pg_link *link)
{
	autofree char *why = reason(link->conn);
	pg_link_drop(link, why);
}

/* ---------------------------------------------------------------- having it */

static void watch(struct pg_link *link, int events);

static void come_up(struct pg_link *link)
{
	timer_stop(&link->timer);
	PQsetnonblocking(link->conn, 1);
	PQenterPipelineMode(link->conn);
	link->state = UP;
	link->backoff_ms = FIRST_BACKOFF_MS;
	watch(link, LOOP_READ);
	log_info("connected to the database again", "after_ms=%lld",
	        (long long)(loop_now_ms(link->loop) - link->down_since_ms));
	link->handlers->up(link->arg);
}

static void go_on_setting_up(struct pg_link *link)
{
	if (!PQconsumeInput(link->conn)) {
		drop_for_reason(link);
		return;
	}
	while (!PQisBusy(link->conn)) {
		PGresult *result = PQgetResult(link->conn);
		if (result == NULL) {
			come_up(link);
			return;
		}
		ExecStatusType status = PQresultStatus(result);
		PQclear(result);
		if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
			drop_for_reason(link);
			return;
		}
	}
}

static void go_on_connecting(struct pg_link *link)
{
	switch (PQconnectPoll(link->conn)) {
	case PGRES_POLLING_READING:
		watch(link, LOOP_READ);
		break;
	case PGRES_POLLING_WRITING:
		watch(link, LOOP_WRITE);
		break;
	case PGRES_POLLING_OK:
		link->state = SETTING_UP;
		watch(link, LOOP_READ);
		if (!PQsendQuery(link->conn, link->set_up)) {
			drop_for_reason(link);
		}
		break;
	case PGRES_POLLING_FAILED:
	case PGRES_POLLING_ACTIVE:
		drop_for_reason(link);
		break;
	}
}

void pg_link_flush(struct pg_link *link)
{
	int left = PQflush(link->conn);

	if (left < 0) {
		drop_for_reason(link);
	} else {
		watch(link, left > 0 ? LOOP_READ | LOOP_WRITE : LOOP_READ);
	}
}

static void go_on(struct pg_link *link)
{
	if (!PQconsumeInput(link->conn)) {
		drop_for_reason(link);
		return;
	}
	pg_link_flush(link);
	if (link->state == UP) {
		link->handlers->input(link->arg);
	}
}

static void handle_io(int events, void *arg)
{
	struct pg_link *link = arg;
	(void)events;

	if (link->state == CONNECTING) {
		go_on_connecting(link);
	} else if (link->state == SETTING_UP) {
		go_on_setting_up(link);
	} else {
		go_on(link);
	}
}

/* libpq may change its descriptor between two steps of connecting. */
static void watch(struct pg_link *link, int events)
{
	int fd = PQsocket(link->conn);

	if (link->io != NULL && link->io_fd == fd) {
		loop_io_set(link->io, events);
		return;
	}
	loop_io_destroy(&link->io);
	link->io_fd = fd;
	link->io = loop_io_create(link->loop, fd, events, handle_io, link);
}

/* ---------------------------------------------------------------- connecting */

static void handle_address(const char *const *keys, const char *const *values,
        const struct err *err, void *arg)
{
	struct pg_link *link = arg;

	if (keys == NULL) {
		pg_link_drop(link, err->msg);
		return;
	}
	link->state = CONNECTING;
	link->conn = PQconnectStartParams(keys, values, 0);
	if (link->conn == NULL || PQstatus(link->conn) == CONNECTION_BAD) {
		drop_for_reason(link);
		return;
	}
	PQsetNoticeReceiver(link->conn, handle_notice, NULL);
	watch(link, LOOP_WRITE);
}

static void connect_again(struct pg_link *link)
{
	link->state = RESOLVING;
	timer_start(&link->timer, CONNECT_DEADLINE_MS);
	pg_address_find(link->address, handle_address, link);
}

static void handle_timer(void *arg)
{
	struct pg_link *link = arg;

	if (link->state == RESTING) {
		connect_again(link);
		return;
	}
	pg_address_cancel(link->address);
	pg_link_drop(link, "no answer in time");
}

/* ---------------------------------------------------------------- the first time */

static bool is_locked_out(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	return str_equal(state, "55P03"); /* lock_not_available */
}

static bool open_first(struct pg_link *link, struct err *err)
{
	link->conn = pg_address_connect(link->address);
	PQsetNoticeReceiver(link->conn, handle_notice, NULL);
	if (PQstatus(link->conn) != CONNECTION_OK) {
		autofree char *why = reason(link->conn);
		return err_set(err, ERR_PERMANENT, STORE_NO_CONNECTION, "%s", why);
	}
	if (PQserverVersion(link->conn) < 130000) {
		return err_set(err, ERR_PERMANENT, STORE_NO_CONNECTION,
		        "the server is PostgreSQL %d; 13 or newer is needed",
		        PQserverVersion(link->conn) / 10000);
	}
	PGresult *result = PQexec(link->conn, link->set_up);
	bool ok = PQresultStatus(result) == PGRES_TUPLES_OK;
	if (!ok && is_locked_out(result)) {
		err_set(err, ERR_PERMANENT, STORE_NO_CONNECTION,
		        "another bridge is using this database; give each its own");
	} else if (!ok) {
		autofree char *why = reason(link->conn);
		err_set(err, ERR_PERMANENT, STORE_NO_CONNECTION, "%s", why);
	}
	PQclear(result);
	return ok;
}

struct pg_link *pg_link_open(struct loop *loop, const char *uri, struct err *err)
{
	struct pg_link *link = xcalloc(1, sizeof(*link));
	char random[NAME_CHARS + 1];

	rand_secret(random, NAME_CHARS);
	autofree char *name = xasprintf("matrix-slack-bridge %s", random);
	link->loop = loop;
	link->io_fd = -1;
	link->set_up = make_set_up(name);
	link->backoff_ms = FIRST_BACKOFF_MS;
	timer_init(&link->timer, loop, handle_timer, link);
	link->address = pg_address_read(loop, uri, name, err);
	if (link->address == NULL || !open_first(link, err)) {
		pg_link_close(&link);
		return NULL;
	}
	return link;
}

void pg_link_start(
        struct pg_link *link, const struct pg_link_handlers *handlers, void *arg)
{
	link->handlers = handlers;
	link->arg = arg;
	PQsetnonblocking(link->conn, 1);
	PQenterPipelineMode(link->conn);
	link->state = UP;
	watch(link, LOOP_READ);
}

void pg_link_close(struct pg_link **closing)
{
	struct pg_link *link = *closing;

	if (link == NULL) {
		return;
	}
	timer_stop(&link->timer);
	let_go(link);
	pg_address_free(&link->address);
	free(link->set_up);
	free(link);
	*closing = NULL;
}

PGconn *pg_link_conn(struct pg_link *link)
{
	return link->state == UP || link->handlers == NULL ? link->conn : NULL;
}

void pg_link_wait(struct pg_link *link, int wait_ms)
{
	struct pollfd fd = {.fd = link->io_fd, .events = POLLIN};

	if (link->state != UP) {
		return;
	}
	if (PQflush(link->conn) > 0) {
		fd.events |= POLLOUT;
	}
	if (poll(&fd, 1, wait_ms) > 0) {
		go_on(link);
	}
}
