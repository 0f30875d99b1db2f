#include "sim-slack/verbs.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/clients.h"
#include "sim-slack/interact.h"

#include <string.h>

/* The person; apps have no hands. */
static struct user *person(struct sim_slack *sim, const cJSON *args, struct err *err)
{
	struct user *user = verb_user(sim, args, "as", err);

	if (user && user->bot_id) {
		err_set(err, ERR_PERMANENT, 0, "%s is an app", user->name);
		return NULL;
	}
	return user;
}

bool verb_command(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct user *user = person(sim, args, err);
	const struct channel *channel = user ? verb_channel(sim, args, user, err) : NULL;
	const char *command = json_str_or(args, "command", "");

	if (!channel) {
		return false;
	}
	if (command[0] != '/' || !command[1]) {
		return err_set(err, ERR_PERMANENT, 0, "a command begins with a slash");
	}
	*result = interact_command(
	        sim, channel, user, command, json_str_or(args, "text", ""));
	return true;
}

/* ---- buttons and menus ---- */

static const cJSON *named_in(const cJSON *list, const char *action_id)
{
	const cJSON *element;

	cJSON_ArrayForEach(element, list)
	{
		if (str_equal(json_str(element, "action_id"), action_id)) {
			return element;
		}
	}
	return NULL;
}

/* The element with that action_id, and the block it is in. */
static const cJSON *find_element(
        const cJSON *blocks, const char *action_id, const cJSON **in)
{
	const cJSON *block, *found = NULL;

	cJSON_ArrayForEach(block, blocks)
	{
		const cJSON *accessory = json_obj(block, "accessory");

		found = named_in(json_arr(block, "elements"), action_id);
		if (!found && str_equal(json_str(accessory, "action_id"), action_id)) {
			found = accessory;
		}
		if (found) {
			*in = block;
			return found;
		}
	}
	return NULL;
}

static cJSON *action_of(const cJSON *element, const cJSON *block, const cJSON *with)
{
	static const char *const kept[] = {"action_id", "type", "text", "value", NULL};
	cJSON *action = json_new();
	const cJSON *item;

	for (const char *const *name = kept; *name; name++) {
		item = json_get(element, *name);
		if (item) {
			json_set(action, *name, cJSON_Duplicate(item, true));
		}
	}
	json_set_str(action, "block_id", json_str_or(block, "block_id", "b"));
	cJSON_ArrayForEach(item, with)
	{
		json_set(action, item->string, cJSON_Duplicate(item, true));
	}
	return action;
}

bool verb_click(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct user *user = person(sim, args, err);
	const struct channel *channel = user ? verb_channel(sim, args, user, err) : NULL;
	const struct message *message =
	        channel ? verb_message(channel, args, NULL, err) : NULL;
	const char *action_id = json_str_or(args, "action_id", "");
	const cJSON *block = NULL, *element;

	if (!message) {
		return false;
	}
	element = find_element(message->blocks, action_id, &block);
	if (!element) {
		return err_set(err, ERR_PERMANENT, 0, "the message has no element %s",
		        action_id);
	}
	*result = interact_click(
	        sim, message, user, action_of(element, block, json_obj(args, "with")));
	return true;
}

bool verb_shortcut(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct user *user = person(sim, args, err);
	const struct channel *channel = NULL;
	const struct message *message = NULL;

	if (user && json_str(args, "in")) {
		channel = verb_channel(sim, args, user, err);
		message = channel ? verb_message(channel, args, NULL, err) : NULL;
	}
	if (!user || (json_str(args, "in") && !message)) {
		return false;
	}
	*result = interact_shortcut(
	        sim, message, user, json_str_or(args, "callback_id", ""));
	return true;
}

/* ---- views ---- */

/* What a value given as text is in Slack's words: that of a plain-text input. */
static cJSON *filled_in(const cJSON *values)
{
	cJSON *state = json_new();
	const cJSON *block, *value;

	cJSON_ArrayForEach(block, values)
	{
		cJSON *inputs = json_new();

		cJSON_ArrayForEach(value, block)
		{
			cJSON *input = cJSON_Duplicate(value, true);

			if (cJSON_IsString(value)) {
				cJSON_Delete(input);
				input = json_set_str(
				        json_new(), "type", "plain_text_input");
				json_set_str(input, "value", value->valuestring);
			}
			json_set(inputs, value->string, input);
		}
		json_set(state, block->string, inputs);
	}
	return state;
}

bool verb_submit(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct user *user = person(sim, args, err);
	struct modal *modal =
	        user ? modals_find(sim->modals, json_str(args, "view"), user->id) : NULL;

	if (!user) {
		return false;
	}
	if (!modal) {
		return err_set(
		        err, ERR_PERMANENT, 0, "%s has no such view open", user->name);
	}
	if (json_bool(args, "close", false)) {
		interact_close(sim, modal, user);
		return true;
	}
	cJSON_Delete(modal->state);
	modal->state = filled_in(json_obj(args, "values"));
	*result = interact_submit(sim, modal, user);
	return true;
}

bool verb_suggest(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct user *user = person(sim, args, err);

	if (!user) {
		return false;
	}
	*result = interact_suggest(sim, user, json_str_or(args, "block_id", "b"),
	        json_str_or(args, "action_id", ""), json_str_or(args, "value", ""));
	return true;
}

/* ---- people in Slack's own client ---- */

bool verb_session(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct user *user = person(sim, args, err);
	const char *token, *cookie;

	if (!user) {
		return false;
	}
	if (json_bool(args, "end", false)) {
		clients_end(sim->clients, user);
		return true;
	}
	if (json_bool(args, "drop", false)) {
		clients_drop(sim->clients, user);
	}
	clients_session(sim->clients, user, &token, &cookie);
	if (json_str(args, "error")) {
		const char *error = json_str(args, "error");
		clients_refuse(sim->clients, user, str_equal(error, "none") ? "" : error);
	}
	*result = json_set_str(json_new(), "token", token);
	json_set_str(*result, "cookie", cookie);
	return true;
}

bool verb_typing(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct user *user = verb_user(sim, args, "as", err);
	const struct channel *channel = user ? verb_channel(sim, args, user, err) : NULL;

	(void)result;
	if (!channel) {
		return false;
	}
	clients_typing(sim->clients, channel, user);
	return true;
}
