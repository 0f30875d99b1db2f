/* quarantine: what made the bridge crash, and another try. */
#include "bridge/command/command.h"

#include "bridge/flow/wait.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <assert.h>

enum { MAX_REPLY_BYTES = 16 * 1024 };

struct memory {
	bool released, listed;
};

static_assert(sizeof(struct memory) <= COMMAND_MEMORY_BYTES, "the command's memory");

static void handle_list(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct command_call *call = arg;
	struct memory *memory = call->memory;
	struct buf text;

	if (err->kind == ERR_NONE) {
		memory->listed = true;
		buf_init(&text, MAX_REPLY_BYTES);
		for (size_t i = 0; i < store_rows(results[0]); i++) {
			buf_printf(&text, "`%lld` %s, at %s: %s (%lld times)\n",
			        (long long)store_int(results[0], i, 0),
			        store_text(results[0], i, 3),
			        store_text(results[0], i, 1),
			        store_text(results[0], i, 6),
			        (long long)store_int(results[0], i, 5));
		}
		if (text.len == 0) {
			buf_puts(&text, "Nothing is in quarantine.");
		} else {
			buf_puts(&text,
			        "Say `quarantine release <number>` to try one again, or "
			        "`quarantine release all`.");
		}
		command_reply(call, "%s", buf_cstr(&text));
		buf_finish(&text);
	}
	flow_continue(call->flow, err);
}

static void handle_released(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct command_call *call = arg;
	struct memory *memory = call->memory;

	if (err->kind == ERR_NONE) {
		memory->released = true;
		if (store_changes(results[0]) > 0) {
			queue_look_again(call->app->queue);
			command_reply(call, "It is being tried again.");
		} else {
			command_reply(call, "There is no such number in quarantine.");
		}
	}
	flow_continue(call->flow, err);
}

static enum step_rc ask(
        struct command_call *call, enum store_stmt stmt, int64_t job, store_done_fn *done)
{
	struct store_tx *tx = store_tx_create(call->app->store);

	if (stmt == STMT_INBOX_RELEASE) {
		store_tx_add(tx, stmt, "i", job);
	} else {
		store_tx_add(tx, stmt, "");
	}
	store_tx_submit(tx, done, call);
	return wait_store(call->flow, tx);
}

enum step_rc command_quarantine(struct command_call *call)
{
	static const char release[] = "release ";
	struct memory *memory = call->memory;
	int64_t job = 0;

	if (memory->released || memory->listed) {
		return STEP_DONE;
	}
	if (call->args[0] == '\0' || str_equal(call->args, "list")) {
		return ask(call, STMT_INBOX_QUARANTINED, 0, handle_list);
	}
	if (str_starts(call->args, release) &&
	        str_to_int64(
	                str_from(call->args + sizeof(release) - 1), 1, INT64_MAX, &job)) {
		return ask(call, STMT_INBOX_RELEASE, job, handle_released);
	}
	if (str_equal(call->args, "release all")) {
		return ask(call, STMT_INBOX_RELEASE_ALL, 0, handle_released);
	}
	command_reply(
	        call, "Say `quarantine`, or `quarantine release <number>` (or `all`).");
	return STEP_DONE;
}
