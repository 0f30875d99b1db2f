/* open: makes the room of a conversation now, or invites to it. */
#include "bridge/command/meant.h"
#include "bridge/flow/wait.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PAGES = 100 };

struct memory {
	char channel_id[40], cursor[256];
	unsigned pages;
	bool read; /* all pages, or it was found */
	unsigned found;
};

static_assert(sizeof(struct memory) <= COMMAND_MEMORY_BYTES, "the command's memory");

static void add_job(
        struct command_call *call, const char *team_id, const char *channel_id)
{
	struct app *app = call->app;
	autofree char *key = xasprintf("open:%s:%s", call->flow->key, channel_id);
	autofree char *lane = lane_from_slack(team_id, channel_id);
	autojson cJSON *payload = json_set_str(json_new(), "team", team_id);

	json_set_str(payload, "channel", channel_id);
	json_set_bool(payload, "invite", true);
	json_set_bool(payload, "reopen", true);
	json_set_str(payload, "owner", call->sender);
	json_set_str(payload, "asked_in", call->room_id);
	autofree char *text = json_print(payload);
	queue_add(app->queue, flow_tx(call->flow), key, lane, FLOW_OPEN_PORTAL, text);
	command_reply(call, "Opening %s: you are invited to its room.", call->args);
}

static void copy(char *into, size_t size, const char *text)
{
	size_t n = strlen(text) < size ? strlen(text) : 0; /* too long: none of ours */

	memcpy(into, text, n);
	into[n] = '\0';
}

static void handle_page(const struct slack_channel *channels, size_t count,
        const char *next_cursor, const struct err *err, void *arg)
{
	struct command_call *call = arg;
	struct memory *memory = call->memory;
	const char *name = call->args[0] == '#' ? call->args + 1 : call->args;

	for (size_t i = 0; err->kind == ERR_NONE && i < count; i++) {
		if (str_equal(channels[i].name, name)) {
			copy(memory->channel_id, sizeof(memory->channel_id),
			        channels[i].id);
			memory->found++;
		}
	}
	if (err->kind == ERR_NONE) {
		copy(memory->cursor, sizeof(memory->cursor), next_cursor);
		memory->read = memory->cursor[0] == '\0' || memory->found > 0 ||
		               ++memory->pages >= MAX_PAGES;
	}
	flow_continue(call->flow, err);
}

enum step_rc command_open(struct command_call *call)
{
	struct memory *memory = call->memory;
	autofree char *channel_id = NULL;

	if (call->args[0] == '\0') {
		command_reply(call, "Say which channel: `open #general`, or its ID.");
		return STEP_DONE;
	}
	struct login *login = meant_conversation(call, &channel_id);
	if (login == NULL) {
		return STEP_DONE;
	}
	if (channel_id != NULL) {
		add_job(call, login->team_id, channel_id);
		return STEP_DONE;
	}
	if (!memory->read) {
		return wait_slack(call->flow, slack_users_conversations(login->bot_api,
		                                      memory->cursor, handle_page, call));
	}
	if (memory->found == 0) {
		command_reply(call,
		        "The app is in no channel called %s. Invite it there on Slack "
		        "(/invite), and the room comes by itself.",
		        call->args);
		return STEP_DONE;
	}
	add_job(call, login->team_id, memory->channel_id);
	return STEP_DONE;
}
