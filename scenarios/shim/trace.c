#include "scenarios/shim/trace.h"

#include "scenarios/shim/shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_FDS = 4096 };

static bool traced[MAX_FDS]; /* TCP connections */
static uint64_t out_bytes;

static bool is_traced(const struct shim *shim, int fd)
{
	return fd >= 0 && fd < MAX_FDS && traced[fd] && shim->to_trace > 0 &&
	       shim_in_daemon(shim);
}

bool trace_is_tcp(int fd)
{
	return fd >= 0 && fd < MAX_FDS && traced[fd];
}

/* The raw call: it is none of the daemon's. */
static void put(const struct shim *shim, const void *data, size_t n)
{
	const char *p = data;

	while (n > 0) {
		long done = syscall(SYS_write, shim->to_trace, p, n);
		if (done < 0 && errno != EINTR) {
			return;
		}
		if (done > 0) {
			p += done;
			n -= (size_t)done;
		}
	}
}

static void put_record(const struct shim *shim, struct trace_head head, const void *data)
{
	int failed = errno;

	head.bytes = head.all_bytes < TRACE_MAX_BYTES ? (uint32_t)head.all_bytes
	                                              : TRACE_MAX_BYTES;
	head.out_bytes = out_bytes;
	put(shim, &head, sizeof(head));
	put(shim, data, head.bytes);
	errno = failed;
}

/* ---------------------------------------------------------------- connections */

void trace_connection(int fd, const struct sockaddr *peer, socklen_t peer_bytes)
{
	struct shim *shim = shim_get();
	struct sockaddr_in address = {0};
	socklen_t n = sizeof(address);
	bool is_ours = peer != NULL;

	if (fd < 0 || fd >= MAX_FDS || shim->to_trace <= 0 || !shim_in_daemon(shim)) {
		return;
	}
	if (is_ours && peer_bytes >= sizeof(address)) {
		memcpy(&address, peer, sizeof(address));
	} else if (!is_ours) {
		getsockname(fd, (struct sockaddr *)&address, &n);
	}
	traced[fd] = address.sin_family == AF_INET;
	if (traced[fd]) {
		put_record(shim,
		        (struct trace_head){
		                .kind = is_ours ? TRACE_OPENED : TRACE_ACCEPTED,
		                .fd = fd,
		                .port = ntohs(address.sin_port)},
		        NULL);
	}
}

void trace_closed(int fd)
{
	struct shim *shim = shim_get();

	if (is_traced(shim, fd)) {
		traced[fd] = false;
		put_record(
		        shim, (struct trace_head){.kind = TRACE_CLOSED, .fd = fd}, NULL);
	}
}

void trace_bytes(enum trace_kind kind, int fd, const void *data, ssize_t n)
{
	struct shim *shim = shim_get();

	if (n <= 0) {
		return;
	}
	if (fd == STDOUT_FILENO && kind == TRACE_SENT) {
		out_bytes += (uint64_t)n;
	} else if (is_traced(shim, fd)) {
		put_record(shim,
		        (struct trace_head){
		                .kind = kind, .fd = fd, .all_bytes = (uint64_t)n},
		        data);
	}
}

void trace_parts(int fd, const struct iovec *parts, size_t count, ssize_t n)
{
	for (size_t i = 0; i < count && n > 0; i++) {
		ssize_t part =
		        (ssize_t)parts[i].iov_len < n ? (ssize_t)parts[i].iov_len : n;
		trace_bytes(TRACE_SENT, fd, parts[i].iov_base, part);
		n -= part;
	}
}

/* What went from file to connection without passing through the daemon. */
void trace_file(int fd, int from, off_t at, ssize_t n)
{
	static char chunk[TRACE_MAX_BYTES];
	struct shim *shim = shim_get();

	if (n > 0 && is_traced(shim, fd)) {
		size_t want = (size_t)n < sizeof(chunk) ? (size_t)n : sizeof(chunk);
		long got = syscall(SYS_pread64, from, chunk, want, at);
		put_record(shim,
		        (struct trace_head){.kind = TRACE_SENT,
		                .fd = fd,
		                .all_bytes = got > 0 ? (uint64_t)got : 0},
		        chunk);
	}
}

/* ---------------------------------------------------------------- SQLite */

static bool is_question(const char *sql)
{
	return strncmp(sql, "SELECT", 6) == 0 || strncmp(sql, "--", 2) == 0 ||
	       strncmp(sql, "PRAGMA", 6) == 0;
}

void trace_sql(const char *sql)
{
	struct shim *shim = shim_get();

	if (sql != NULL && shim->to_trace > 0 && shim_in_daemon(shim) &&
	        !is_question(sql)) {
		put_record(shim,
		        (struct trace_head){
		                .kind = TRACE_SQL, .fd = -1, .all_bytes = strlen(sql)},
		        sql);
	}
}

static struct {
	int (*open)(const char *, sqlite3 **, int, const char *);
	int (*trace)(
	        sqlite3 *, unsigned, int (*)(unsigned, void *, void *, void *), void *);
	char *(*expand)(sqlite3_stmt *);
	void (*release)(void *);
	sqlite3_int64 (*last_row)(sqlite3 *);
} sqlite;

static void find(void *pointer, const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);
	memcpy(pointer, &found, sizeof(found));
}

/* The row that a job got: what becomes of it is said by that number. */
static void tell_row(sqlite3 *db, sqlite3_stmt *stmt)
{
	static const char insert[] = "INSERT INTO inbox";
	char *sql = sqlite.expand(stmt);
	char text[40];

	if (sql != NULL && strncmp(sql, insert, strlen(insert)) == 0) {
		snprintf(text, sizeof(text), "-> row %lld", sqlite.last_row(db));
		trace_sql(text);
	}
	sqlite.release(sql);
}

static int take_statement(unsigned kind, void *db, void *stmt, void *sql)
{
	if (kind == SQLITE_TRACE_STMT && !is_question(sql)) {
		char *text = sqlite.expand(stmt);
		trace_sql(text != NULL ? text : sql);
		sqlite.release(text);
	} else if (kind == SQLITE_TRACE_PROFILE) {
		tell_row(db, stmt);
	}
	return 0;
}

int sqlite3_open_v2(const char *path, sqlite3 **out, int flags, const char *vfs)
{
	find(&sqlite.open, "sqlite3_open_v2");
	find(&sqlite.trace, "sqlite3_trace_v2");
	find(&sqlite.expand, "sqlite3_expanded_sql");
	find(&sqlite.release, "sqlite3_free");
	find(&sqlite.last_row, "sqlite3_last_insert_rowid");
	int rc = sqlite.open(path, out, flags, vfs);
	if (rc == SQLITE_OK && shim_in_daemon(shim_get())) {
		sqlite.trace(*out, SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE,
		        take_statement, *out);
	}
	return rc;
}
