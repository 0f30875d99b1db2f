/* kept: what came from Slack and could not be made out. */
#include "bridge/command/command.h"

#include "bridge/flow/wait.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_REPLY_BYTES = 16 * 1024, MAX_SHOWN_BYTES = 4000 };

struct memory {
	bool answered;
};

static_assert(sizeof(struct memory) <= COMMAND_MEMORY_BYTES, "the command's memory");

/* Columns: see INBOX_KEPT. */
static void handle_list(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct command_call *call = arg;
	struct memory *memory = call->memory;
	struct buf text;

	if (err->kind == ERR_NONE) {
		memory->answered = true;
		buf_init(&text, MAX_REPLY_BYTES);
		for (size_t i = 0; i < store_rows(results[0]); i++) {
			buf_printf(&text, "`%lld` %s: %s\n",
			        (long long)store_int(results[0], i, 0),
			        store_text(results[0], i, 2),
			        store_text(results[0], i, 1));
		}
		buf_puts(&text,
		        text.len == 0 ? "Nothing is kept."
		                      : "Say `kept <number>` or `kept last` to see one.");
		command_reply(call, "%s", buf_cstr(&text));
		buf_finish(&text);
	}
	flow_continue(call->flow, err);
}

/* Slack's verification token is a secret, if an old one. */
static char *without_token(const char *raw)
{
	autojson cJSON *json = json_parse(str_from(raw), NULL);

	if (json == NULL) {
		return xstrdup("(no JSON)");
	}
	cJSON_DeleteItemFromObjectCaseSensitive(
	        cJSON_GetObjectItemCaseSensitive(json, "payload"), "token");
	return json_print(json);
}

static void handle_one(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct command_call *call = arg;
	struct memory *memory = call->memory;

	if (err->kind == ERR_NONE && store_rows(results[0]) == 0) {
		memory->answered = true;
		command_reply(call, "There is no such number.");
	} else if (err->kind == ERR_NONE) {
		autofree char *raw = without_token(store_text(results[0], 0, 3));
		memory->answered = true;
		command_reply(call, "%s, %zu bytes:\n```\n%.*s\n```",
		        store_text(results[0], 0, 2), strlen(raw), MAX_SHOWN_BYTES, raw);
	}
	flow_continue(call->flow, err);
}

enum step_rc command_kept(struct command_call *call)
{
	const struct memory *memory = call->memory;
	struct store_tx *tx;
	int64_t id = 0;

	if (memory->answered) {
		return STEP_DONE;
	}
	bool last = str_equal(call->args, "last");
	if (call->args[0] != '\0' && !last &&
	        !str_to_int64(str_from(call->args), 1, INT64_MAX, &id)) {
		command_reply(call, "Say `kept`, `kept <number>` or `kept last`.");
		return STEP_DONE;
	}
	tx = store_tx_create(call->app->store);
	if (id == 0) {
		store_tx_add(tx, STMT_INBOX_KEPT, "");
		store_tx_submit(tx, last ? handle_one : handle_list, call);
	} else {
		store_tx_add(tx, STMT_INBOX_KEPT_ONE, "i", id);
		store_tx_submit(tx, handle_one, call);
	}
	return wait_store(call->flow, tx);
}
