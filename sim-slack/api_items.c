#include "sim-slack/api.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/acts.h"
#include "sim-slack/emoji/emoji.h"
#include "sim-slack/view.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reactions ---- */

/* The name argument as Slack keeps it. False and the call failed. */
static bool read_name(struct api_call *call, char out[EMOJI_NAME_BYTES])
{
	const char *name = api_str(call, "name");

	if (name && emoji_known(call->sim, name, out)) {
		return true;
	}
	api_fail(call, "invalid_name");
	return false;
}

static int64_t count_of(const struct message *message, const char *user_id)
{
	int64_t count = 0;
	const cJSON *reaction;

	cJSON_ArrayForEach(reaction, message->reactions)
	{
		count += !user_id || reaction_has(reaction, user_id);
	}
	return count;
}

static void run_react(struct api_call *call)
{
	const struct channel *channel = api_channel(call, SCOPE_NONE);
	const struct user *bot = call->user;
	const struct knobs *knobs = &call->sim->knobs;
	struct message *message;
	char name[EMOJI_NAME_BYTES];

	if (!channel || !read_name(call, name)) {
		return;
	}
	if (channel->archived) {
		api_fail(call, "is_archived");
		return;
	}
	if (!channel_has(channel, bot)) {
		api_fail(call, "not_in_channel");
		return;
	}
	message = api_item(call, channel);
	if (!message) {
		return;
	}
	if (reaction_has(message_reaction(message, name), bot->id)) {
		api_fail(call, "already_reacted");
	} else if (count_of(message, bot->id) >= knobs->reactions_per_person) {
		api_fail(call, "too_many_reactions");
	} else if (!message_reaction(message, name) &&
	           count_of(message, NULL) >= knobs->emoji_per_message) {
		api_fail(call, "too_many_emoji");
	} else {
		act_react(call->sim, message, bot, name, true);
	}
}

static void run_unreact(struct api_call *call)
{
	const struct channel *channel = NULL;
	const struct user *bot = call->user;
	struct message *message;
	char name[EMOJI_NAME_BYTES];

	if (!read_name(call, name)) {
		return;
	}
	if (!api_str(call, "channel")) {
		api_fail(call, "no_item_specified");
		return;
	}
	channel = api_channel(call, SCOPE_NONE);
	if (!channel ||
	        (channel->archived &&
	                api_fail_unless_ok(call, call->sim->knobs.unreact_archived))) {
		return;
	}
	message = api_item(call, channel);
	if (!message) {
		return;
	}
	if (reaction_has(message_reaction(message, name), bot->id)) {
		act_react(call->sim, message, bot, name, false);
	} else {
		api_fail(call, "no_reaction");
	}
}

static void run_reactions_get(struct api_call *call)
{
	const struct channel *channel;
	const struct message *message;
	autofree char *permalink = NULL;
	cJSON *object;

	if (!api_str(call, "channel")) {
		api_fail(call, "no_item_specified");
		return;
	}
	channel = api_channel(call, SCOPE_NONE);
	message = channel ? api_item(call, channel) : NULL;
	if (!message) {
		return;
	}
	permalink = view_permalink(call->sim, message);
	object = view_message(call->sim, message, VIEW_THREAD);
	json_set_str(call->reply, "type", "message");
	json_set_str(call->reply, "channel", channel->id);
	json_set(call->reply, "message", json_set_str(object, "permalink", permalink));
}

/* ---- pins ---- */

static void pin(struct api_call *call, bool add)
{
	const struct channel *channel = api_channel(call, SCOPE_NONE);
	const struct knobs *knobs = &call->sim->knobs;
	struct message *message;

	if (!channel) {
		return;
	}
	if (channel->archived) {
		if (api_fail_unless_ok(
		            call, add ? knobs->pin_archived : knobs->unpin_archived)) {
			return;
		}
	} else if (!channel_has(channel, call->user)) {
		api_fail(call, "not_in_channel");
		return;
	}
	message = api_item(call, channel);
	if (!message) {
		return;
	}
	if (add && message->pinned_by) {
		api_fail(call, "already_pinned");
	} else if (!add && !message->pinned_by) {
		api_fail(call, "no_pin");
	} else {
		act_pin(call->sim, message, call->user, add);
	}
}

static void run_pin(struct api_call *call)
{
	pin(call, true);
}

static void run_unpin(struct api_call *call)
{
	pin(call, false);
}

static void run_pins_list(struct api_call *call)
{
	const struct channel *channel = api_channel(call, SCOPE_NONE);
	cJSON *items;

	if (!channel) {
		return;
	}
	items = cJSON_CreateArray();
	json_set(call->reply, "items", items);
	for (size_t i = channel->message_count; i > 0; i--) {
		const struct message *message = channel->messages[i - 1];
		autofree char *permalink = NULL;
		cJSON *item, *inside;

		if (!message->pinned_by) {
			continue;
		}
		permalink = view_permalink(call->sim, message);
		inside = view_message(call->sim, message, VIEW_THREAD);
		item = json_set_str(json_new(), "type", "message");
		json_set_int(item, "created", message->pinned_s);
		json_set_str(item, "created_by", message->pinned_by);
		json_set_str(item, "channel", channel->id);
		json_set(item, "message", json_set_str(inside, "permalink", permalink));
		cJSON_AddItemToArray(items, item);
	}
}

const struct api_method api_items_methods[] = {
        {"reactions.add", FOR_BOT | TAKES_JSON, TIER_3, "reactions:write", run_react},
        {"reactions.remove", FOR_BOT | TAKES_JSON, TIER_2, "reactions:write",
                run_unreact},
        {"reactions.get", FOR_BOT, TIER_3, "reactions:read", run_reactions_get},
        {"pins.add", FOR_BOT | TAKES_JSON, TIER_2, "pins:write", run_pin},
        {"pins.remove", FOR_BOT | TAKES_JSON, TIER_2, "pins:write", run_unpin},
        {"pins.list", FOR_BOT, TIER_2, "pins:read", run_pins_list},
        {0},
};
