/* status: the workspaces, the state of their connections, and what waits. */
#include "bridge/command/command.h"

#include "bridge/flow/credentials.h"
#include "bridge/flow/wait.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <assert.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_REPLY_BYTES = 16 * 1024, MAX_LOGINS = 100 };

struct memory {
	bool answered;
	size_t asked; /* logins */
};

static_assert(sizeof(struct memory) <= COMMAND_MEMORY_BYTES, "the command's memory");

static void add_time(struct buf *text, int64_t wall_ms)
{
	const time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;
	char out[32];

	gmtime_r(&seconds, &tm);
	strftime(out, sizeof(out), "%Y-%m-%d %H:%M:%S UTC", &tm);
	buf_puts(text, out);
}

static void add_connection(struct buf *text, const struct login *login)
{
	const struct socket_mode_health health = socket_mode_health(login->socket);
	enum socket_mode_state state = socket_mode_state(login->socket);
	const char *trouble = credentials_trouble(login->credentials);
	const char *why = trouble[0] == '\0' ? login->why : trouble;

	buf_printf(text, "%s (%s): %s", login->team_name, login->team_id,
	        trouble[0] == '\0' ? socket_mode_state_to_str(state) : "bad_credentials");
	if (why[0] != '\0') {
		buf_printf(text, " - %s", why);
	}
	buf_puts(text, "\n");
	if (state == SM_CONNECTED) {
		buf_printf(text, "  %u of %u connections, since ", health.connections,
		        health.wanted);
		add_time(text, health.since_ms);
		buf_puts(text, "\n");
	}
	buf_printf(text, "  reconnects: %llu", (unsigned long long)health.reconnects);
	if (health.last_error[0] != '\0') {
		buf_printf(text, "; last error: %s, ", health.last_error);
		add_time(text, health.last_error_ms);
	}
	buf_puts(text, "\n");
}

static void add_depth(struct buf *text, const char *what,
        const struct store_result *result, int64_t now_ms)
{
	int64_t count = store_int(result, 0, 0);

	buf_printf(text, "%s %lld", what, (long long)count);
	if (count > 0) {
		buf_printf(text, " (oldest %lld s)",
		        (long long)((now_ms - store_int(result, 0, 1)) / 1000));
	}
}

/* Two results for each login, in their order. */
static void handle_depths(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct command_call *call = arg;
	struct memory *memory = call->memory;
	int64_t now_ms = loop_wall_ms(call->app->loop);
	struct login *login;
	size_t next = 0;
	struct buf text;

	if (err->kind != ERR_NONE || memory->asked != logins_count(call->app->logins)) {
		flow_continue(call->flow, err); /* or asked again */
		return;
	}
	buf_init(&text, MAX_REPLY_BYTES);
	for (size_t i = 0; logins_next(call->app->logins, &i, &login);) {
		add_connection(&text, login);
		if (next < MAX_LOGINS) {
			add_depth(&text, "  waiting: from Slack", results[2 * next],
			        now_ms);
			add_depth(&text, ", to Slack", results[2 * next + 1], now_ms);
			buf_puts(&text, "\n");
		}
		next++;
	}
	memory->answered = true;
	command_reply(call, "%s", buf_cstr(&text));
	buf_finish(&text);
	flow_continue(call->flow, err);
}

static void ask_for_depths(const struct login *login, struct store_tx *tx)
{
	/* All lanes "s TEAM CHANNEL": up to the character after the space. */
	autofree char *from = xasprintf("s %s ", login->team_id);
	autofree char *to = xasprintf("s %s!", login->team_id);

	store_tx_add(tx, STMT_DEPTH_FROM_SLACK, "ss", from, to);
	store_tx_add(tx, STMT_DEPTH_TO_SLACK, "s", login->team_id);
}

enum step_rc command_status(struct command_call *call)
{
	struct memory *memory = call->memory;
	struct login *login;

	if (memory->answered) {
		return STEP_DONE;
	}
	if (logins_count(call->app->logins) == 0) {
		command_reply(call,
		        "No Slack workspace is connected. Say `login app` to log in.");
		return STEP_DONE;
	}
	struct store_tx *tx = store_tx_create(call->app->store);
	size_t count = 0;
	for (size_t i = 0; logins_next(call->app->logins, &i, &login);) {
		if (count++ < MAX_LOGINS) {
			ask_for_depths(login, tx);
		}
	}
	memory->asked = logins_count(call->app->logins);
	store_tx_submit(tx, handle_depths, call);
	return wait_store(call->flow, tx);
}
