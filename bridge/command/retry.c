/* retry: what was given up is tried again: in a portal all that was given up there, in
 * the management room what is named. */
#include "bridge/command/command.h"

#include "bridge/flow/portals.h"
#include "bridge/flow/retry.h"
#include "bridge/flow/wait.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <assert.h>
#include <stdlib.h>

enum { MAX_RANGES = 8, MAX_REPLY_BYTES = 16 * 1024 };

struct memory {
	bool done;
	bool lists;
	unsigned ranges;
};

static_assert(sizeof(struct memory) <= COMMAND_MEMORY_BYTES, "the command's memory");

/* Lanes by name, from and to, both included. */
struct range {
	char *from, *to;
};

static void add_range(struct range *ranges, unsigned *count, char *from, char *to)
{
	ranges[*count] = (struct range){from, to};
	(*count)++;
}

/* What this person may try again from here. */
static unsigned ranges_of(const struct command_call *call, struct range *ranges)
{
	const struct app *app = call->app;
	const struct portal *portal = portals_by_room(app->portals, call->room_id);
	struct login *login;
	unsigned count = 0;

	if (portal != NULL) {
		add_range(ranges, &count, lane_from_matrix(portal->room_id),
		        lane_from_matrix(portal->room_id));
		add_range(ranges, &count,
		        lane_from_slack(portal->team_id, portal->channel_id),
		        lane_from_slack(portal->team_id, portal->channel_id));
		return count;
	}
	/* '!' is what follows the space. */
	if (config_permission(app->config, call->sender) >= PERM_ADMIN) {
		add_range(ranges, &count, xstrdup("m "), xstrdup("m!"));
		add_range(ranges, &count, xstrdup("s "), xstrdup("s!"));
		return count;
	}
	for (size_t i = 0; count < MAX_RANGES && logins_next(app->logins, &i, &login);) {
		if (str_equal(login->owner_mxid, call->sender)) {
			add_range(ranges, &count, xasprintf("s %s ", login->team_id),
			        xasprintf("s %s!", login->team_id));
		}
	}
	return count;
}

/* ---------------------------------------------------------------- answers */

static void list_rows(struct buf *text, const struct store_result *rows)
{
	for (size_t i = 0; i < store_rows(rows); i++) {
		buf_printf(text, "`%lld` %s, %s: %s\n", (long long)store_int(rows, i, 0),
		        store_text(rows, i, 2), store_text(rows, i, 1),
		        store_text(rows, i, 3));
	}
}

static void reply_list(struct command_call *call, unsigned ranges,
        const struct store_result *const *results)
{
	struct buf text;

	buf_init(&text, MAX_REPLY_BYTES);
	for (unsigned i = 0; i < ranges; i++) {
		list_rows(&text, results[i]);
	}
	if (text.len == 0) {
		buf_puts(&text, "Nothing was given up.");
	} else {
		buf_puts(&text, "Say `retry <number>` or `retry all` to try again.");
	}
	command_reply(call, "%s", buf_cstr(&text));
	buf_finish(&text);
}

static void handle_rows(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct command_call *call = arg;
	struct memory *memory = call->memory;
	size_t changes = 0;

	if (err->kind == ERR_NONE) {
		memory->done = true;
		for (unsigned i = 0; !memory->lists && i < memory->ranges; i++) {
			changes += store_changes(results[i]);
		}
	}
	if (memory->done && memory->lists) {
		reply_list(call, memory->ranges, results);
	} else if (memory->done && changes == 0) {
		command_reply(call, "There is nothing to try again.");
	} else if (memory->done) {
		queue_look_again(call->app->queue);
		command_reply(call, "%zu %s tried again.", changes,
		        changes == 1 ? "is" : "are");
	}
	flow_continue(call->flow, err);
}

static enum step_rc ask(struct command_call *call, const struct range *ranges,
        unsigned count, bool lists, int64_t id)
{
	struct memory *memory = call->memory;
	struct store_tx *tx = store_tx_create(call->app->store);

	memory->lists = lists;
	memory->ranges = count;
	for (unsigned i = 0; i < count; i++) {
		const char *from = ranges[i].from, *to = ranges[i].to;
		if (lists) {
			store_tx_add(tx, STMT_INBOX_GIVEN_UP, "ssss", from, to,
			        FLOW_COMMAND, FLOW_INVITE);
		} else if (id > 0) {
			store_tx_add(tx, STMT_INBOX_REVIVE_ID, "issss", id, from, to,
			        FLOW_COMMAND, FLOW_INVITE);
		} else {
			store_tx_add(tx, STMT_INBOX_REVIVE_LANES, "ssss", from, to,
			        FLOW_COMMAND, FLOW_INVITE);
		}
	}
	store_tx_submit(tx, handle_rows, call);
	return wait_store(call->flow, tx);
}

static bool in_portal(const struct command_call *call)
{
	return portals_by_room(call->app->portals, call->room_id) != NULL;
}

enum step_rc command_retry(struct command_call *call)
{
	struct memory *memory = call->memory;
	struct range ranges[MAX_RANGES];
	enum step_rc rc = STEP_DONE;
	int64_t id = 0;

	if (memory->done) {
		return STEP_DONE;
	}
	unsigned count = ranges_of(call, ranges);
	bool all = str_equal(call->args, "all");
	bool bare = call->args[0] == '\0';
	bool one = !all && !bare && str_to_int64(str_from(call->args), 1, INT64_MAX, &id);
	if (count == 0) {
		command_reply(call, "Say it in the room of the conversation.");
	} else if (all || bare || one) {
		rc = ask(call, ranges, count, bare && !in_portal(call), id);
	} else {
		command_reply(call, "Say `retry`, `retry all` or `retry <number>`.");
	}
	for (unsigned i = 0; i < count; i++) {
		free(ranges[i].from);
		free(ranges[i].to);
	}
	return rc;
}
