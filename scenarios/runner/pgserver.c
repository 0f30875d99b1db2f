#include "scenarios/runner/pgserver.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "scenarios/runner/files.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_WITHIN_MS = 30000, LOOK_EVERY_MS = 10, MAX_ARGS = 16 };

struct pgserver {
	char *dir, *data, *log;
	char *bin;    /* the folder of the server's programs */
	bool durable; /* waits for the disk */
	pid_t pid;    /* 0: it does not run */
	pid_t owner;
};

/* ---------------------------------------------------------------- its programs */

/* Debian keeps each version's programs in a folder of its own. NULL: there are none. */
static char *find_programs(void)
{
	glob_t found;
	char *best = NULL;

	if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0 &&
	        found.gl_pathc > 0) {
		const char *path = found.gl_pathv[found.gl_pathc - 1];
		best = xstrndup(path, strlen(path) - strlen("/initdb"));
	}
	globfree(&found);
	return best;
}

/* The server refuses to run as root. */
static bool become_ordinary(void)
{
	if (geteuid() != 0) {
		return true;
	}
	const struct passwd *user = getpwnam("postgres");
	return user != NULL && setgid(user->pw_gid) == 0 && setuid(user->pw_uid) == 0;
}

static bool give_away(const char *dir)
{
	const struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;
	return user == NULL || chown(dir, user->pw_uid, user->pw_gid) == 0;
}

static _Noreturn void become_program(
        const struct pgserver *server, const char *const *args)
{
	char *copies[MAX_ARGS + 1] = {NULL};
	int log = open(server->log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	int nothing = open("/dev/null", O_RDONLY);

	dup2(nothing, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	signal(SIGPIPE, SIG_DFL);
	if (chdir(server->dir) == 0 && become_ordinary()) {
		prctl(PR_SET_PDEATHSIG, SIGQUIT);
		for (size_t i = 0; i < MAX_ARGS && args[i] != NULL; i++) {
			copies[i] = xstrdup(args[i]);
		}
		execv(copies[0], copies);
	}
	_exit(127);
}

static pid_t start_program(const struct pgserver *server, const char *const *args)
{
	pid_t pid = fork();
	if (pid == 0) {
		become_program(server, args);
	}
	return pid;
}

static bool run_program(
        const struct pgserver *server, const char *const *args, struct err *err)
{
	int status = -1;
	pid_t pid = start_program(server, args);

	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
		return err_set(
		        err, ERR_PERMANENT, 0, "%s failed: see %s", args[0], server->log);
	}
	return true;
}

/* template: NULL, or the folder of pgserver_make_template(). */
static bool make_cluster(
        const struct pgserver *server, const char *template, struct err *err)
{
	autofree char *program = xasprintf("%s/initdb", server->bin);
	autofree char *from = xasprintf("%s/data", template == NULL ? "" : template);
	const char *const make[] = {program, "-D", server->data, "-U", "bridge",
	        "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", NULL};
	const char *const copy[] = {"/bin/cp", "-a", from, server->data, NULL};

	return run_program(server, template == NULL ? make : copy, err);
}

/* ---------------------------------------------------------------- running */

static bool answers(const char *socket)
{
	const char *const keys[] = {"host", "dbname", "user", NULL};
	const char *const values[] = {socket, "postgres", "bridge", NULL};
	return PQpingParams(keys, values, 0) == PQPING_OK;
}

bool pgserver_start(struct pgserver *server, struct err *err)
{
	autofree char *program = xasprintf("%s/postgres", server->bin);
	const char *const args[] = {program, "-D", server->data, "-k", server->dir, "-c",
	        "listen_addresses=", "-c", server->durable ? "fsync=on" : "fsync=off",
	        "-c", "max_connections=60", "-c",
	        server->durable ? "shared_buffers=128MB" : "shared_buffers=16MB", NULL};

	server->pid = start_program(server, args);
	for (int waited = 0; waited < START_WITHIN_MS; waited += LOOK_EVERY_MS) {
		if (answers(server->dir)) {
			return true;
		}
		if (waitpid(server->pid, NULL, WNOHANG) == server->pid) {
			break;
		}
		poll(NULL, 0, LOOK_EVERY_MS);
	}
	server->pid = 0;
	return err_set(
	        err, ERR_PERMANENT, 0, "PostgreSQL does not start: see %s", server->log);
}

bool pgserver_stop(struct pgserver *server, const char *how, struct err *err)
{
	int status;

	if (server->pid == 0) {
		return true;
	}
	kill(server->pid, str_equal(how, "immediate") ? SIGQUIT : SIGINT);
	if (waitpid(server->pid, &status, 0) != server->pid) {
		return err_set(err, ERR_PERMANENT, errno, "PostgreSQL does not stop: %s",
		        strerror(errno));
	}
	server->pid = 0;
	return true;
}

static struct pgserver *make(
        const char *dir, bool durable, const char *template, struct err *err)
{
	struct pgserver *server = xcalloc(1, sizeof(*server));

	server->durable = durable;
	server->owner = getpid();
	server->dir = xstrdup(dir);
	server->data = xasprintf("%s/data", dir);
	server->log = xasprintf("%s/log", dir);
	server->bin = find_programs();
	bool ok = false;
	if (server->bin == NULL) {
		err_set(err, ERR_PERMANENT, 0,
		        "PostgreSQL's server is not installed (ci/install-deps does it)");
	} else if (mkdir(dir, 0755) != 0 || !give_away(dir)) {
		err_set(err, ERR_PERMANENT, errno, "%s: %s", dir, strerror(errno));
	} else {
		ok = make_cluster(server, template, err);
	}
	if (!ok) {
		pgserver_destroy(&server);
	}
	return server;
}

static struct pgserver *create(
        const char *dir, bool durable, const char *template, struct err *err)
{
	struct pgserver *server = make(dir, durable, template, err);

	if (server != NULL && !pgserver_start(server, err)) {
		pgserver_destroy(&server);
	}
	return server;
}

struct pgserver *pgserver_create(const char *dir, struct err *err)
{
	return create(dir, false, NULL, err);
}

struct pgserver *pgserver_create_copy(
        const char *dir, const char *template, struct err *err)
{
	return create(dir, false, template, err);
}

struct pgserver *pgserver_create_durable(const char *dir, struct err *err)
{
	return create(dir, true, NULL, err);
}

static void forget(struct pgserver *server)
{
	free(server->dir);
	free(server->data);
	free(server->log);
	free(server->bin);
	free(server);
}

bool pgserver_make_template(const char *dir, struct err *err)
{
	struct pgserver *server = make(dir, false, NULL, err);
	bool ok = server != NULL;

	if (ok) {
		forget(server);
	}
	return ok;
}

void pgserver_destroy(struct pgserver **destroying)
{
	struct pgserver *server = *destroying;

	if (server == NULL) {
		return;
	}
	if (server->owner == getpid()) {
		pgserver_stop(server, "immediate", NULL);
		folder_remove(server->dir);
	}
	forget(server);
	*destroying = NULL;
}

pid_t pgserver_pid(const struct pgserver *server)
{
	return server->pid;
}

const char *pgserver_socket(const struct pgserver *server)
{
	return server->dir;
}

static void ignore_notice(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

bool pgserver_run(
        const char *socket, const char *database, const char *sql, struct err *err)
{
	const char *const keys[] = {"host", "dbname", "user", NULL};
	const char *const values[] = {socket, database, "bridge", NULL};
	PGconn *conn = PQconnectdbParams(keys, values, 0);
	PQsetNoticeProcessor(conn, ignore_notice, NULL);
	PGresult *result = PQexec(conn, sql);
	ExecStatusType status = PQresultStatus(result);
	bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;

	if (!ok) {
		err_set(err, ERR_PERMANENT, 0, "PostgreSQL: %s", PQerrorMessage(conn));
	}
	PQclear(result);
	PQfinish(conn);
	return ok;
}
