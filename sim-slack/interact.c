#include "sim-slack/interact.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/envelopes.h"
#include "sim-slack/replies.h"
#include "sim-slack/view.h"

#include <stdlib.h>
#include <string.h>

/* Who waits for the answer. */
struct waiting {
	struct sim_slack *sim;
	char *what; /* the payload's type */
	char *user_id, *channel_id, *message_ts, *view_id;
};

/* ---- answers ---- */

static void waiting_free(void *arg)
{
	struct waiting *waiting = arg;

	free(waiting->what);
	free(waiting->user_id);
	free(waiting->channel_id);
	free(waiting->message_ts);
	free(waiting->view_id);
	free(waiting);
}

/* What a view_submission's answer does with the view (Slack's documentation, "Modals:
 * handling and responding to submissions"). Returns what was done. */
static const char *answer_view(
        struct sim_slack *sim, struct modal *modal, const cJSON *response)
{
	const char *action = json_str_or(response, "response_action", "");
	const cJSON *view = json_obj(response, "view");

	if (str_equal(action, "errors")) {
		return "errors";
	}
	if (str_equal(action, "update") && view) {
		modals_change(sim->modals, modal, view);
		return "update";
	}
	if (str_equal(action, "push") && view) {
		modals_open(sim->modals, modal->user_id, modal, view);
		return "push";
	}
	if (str_equal(action, "clear")) {
		modals_clear(sim->modals, modal);
		return "clear";
	}
	modals_close(sim->modals, modal);
	return "close";
}

static void report(const struct waiting *waiting, bool acknowledged, const char *action)
{
	struct sim_slack *sim = waiting->sim;
	const struct channel *channel =
	        waiting->channel_id ? workspace_channel(&sim->ws, waiting->channel_id)
	                            : NULL;
	const struct user *user = workspace_user(&sim->ws, waiting->user_id);
	cJSON *record = sim_record("interaction", channel);

	json_set_str(record, "interaction", waiting->what);
	json_set_str(record, "user", user ? user->name : NULL);
	json_set_str(record, "view", waiting->view_id);
	json_set_str(record, "action", action);
	json_set_str(record, "answered", acknowledged ? "ok" : "timeout");
	sim_report(sim, record);
}

static void handle_done(bool acknowledged, const cJSON *response, void *arg)
{
	struct waiting *waiting = arg;
	struct sim_slack *sim = waiting->sim;
	const struct reply_to to = {
	        waiting->channel_id, waiting->user_id, waiting->message_ts};
	struct modal *modal = waiting->view_id
	                              ? modals_find(sim->modals, waiting->view_id, NULL)
	                              : NULL;
	const char *action = NULL;

	if (acknowledged && modal) {
		action = answer_view(sim, modal, response);
	}
	report(waiting, acknowledged, action);
	if (acknowledged && to.channel_id && json_str(response, "text")) {
		replies_apply(sim, &to, response);
	}
	waiting_free(waiting);
}

/* ---- what all have ---- */

static struct waiting *wait_for(
        struct sim_slack *sim, const char *what, const struct user *user)
{
	struct waiting *waiting = xcalloc(1, sizeof(*waiting));

	waiting->sim = sim;
	waiting->what = xstrdup(what);
	waiting->user_id = xstrdup(user->id);
	return waiting;
}

static void send(struct waiting *waiting, bool command, bool accepts, cJSON *payload)
{
	struct sim_slack *sim = waiting->sim;
	const struct channel *channel =
	        waiting->channel_id ? workspace_channel(&sim->ws, waiting->channel_id)
	                            : NULL;
	struct envelope_once once = {.type = command ? "slash_commands" : "interactive",
	        .accepts = accepts,
	        .payload = payload,
	        .record = sim_record("envelope", channel),
	        .done = handle_done,
	        .forget = waiting_free,
	        .arg = waiting};

	json_set_str(once.record, "event", waiting->what);
	envelopes_send_once(sim->envelopes, &once);
}

static cJSON *payload_new(
        struct sim_slack *sim, const char *type, const struct user *user)
{
	cJSON *payload = json_set_str(json_new(), "type", type);
	cJSON *team = json_set_str(json_new(), "id", sim->ws.team_id);
	cJSON *who = json_set_str(json_new(), "id", user->id);

	json_set_str(team, "domain", sim->ws.domain);
	json_set(payload, "team", team);
	json_set_str(who, "username", user->name);
	json_set_str(who, "name", user->name);
	json_set_str(who, "team_id", sim->ws.team_id);
	json_set(payload, "user", who);
	json_set_str(payload, "api_app_id", sim->app.id);
	json_set_str(payload, "token", sim->app.verification);
	json_set(payload, "enterprise", cJSON_CreateNull());
	return json_set_bool(payload, "is_enterprise_install", false);
}

static void add_trigger(
        struct sim_slack *sim, const struct user *user, cJSON *payload, cJSON *result)
{
	autofree char *trigger = modals_trigger(sim->modals, user);

	json_set_str(payload, "trigger_id", trigger);
	json_set_str(result, "trigger_id", trigger);
}

static void add_response_url(
        struct sim_slack *sim, const struct reply_to *to, cJSON *payload, cJSON *result)
{
	autofree char *url = replies_new_url(sim->replies, to);

	json_set_str(payload, "response_url", url);
	json_set_str(result, "response_url", url);
}

static void add_action_ts(struct sim_slack *sim, cJSON *to)
{
	char ts[TS_SIZE];

	sim_event_ts(sim, ts);
	json_set_str(to, "action_ts", ts);
}

static const char *payload_channel_name(const struct channel *channel)
{
	return channel->kind == CHANNEL_IM ? "directmessage" : channel->name;
}

/* ---- slash commands ---- */

cJSON *interact_command(struct sim_slack *sim, const struct channel *channel,
        const struct user *user, const char *command, const char *text)
{
	struct waiting *waiting = wait_for(sim, "slash_command", user);
	const struct reply_to to = {channel->id, user->id, NULL};
	cJSON *payload = json_set_str(json_new(), "token", sim->app.verification);
	cJSON *result = json_new();

	waiting->channel_id = xstrdup(channel->id);
	json_set_str(payload, "team_id", sim->ws.team_id);
	json_set_str(payload, "team_domain", sim->ws.domain);
	json_set_str(payload, "channel_id", channel->id);
	json_set_str(payload, "channel_name", payload_channel_name(channel));
	json_set_str(payload, "user_id", user->id);
	json_set_str(payload, "user_name", user->name);
	json_set_str(payload, "command", command);
	json_set_str(payload, "text", text);
	json_set_str(payload, "api_app_id", sim->app.id);
	json_set_str(payload, "is_enterprise_install", "false");
	add_response_url(sim, &to, payload, result);
	add_trigger(sim, user, payload, result);
	send(waiting, true, true, payload);
	return result;
}

/* ---- messages ---- */

static void add_message(
        struct sim_slack *sim, cJSON *payload, const struct message *message)
{
	const struct channel *channel = message->channel;
	cJSON *where = json_set_str(json_new(), "id", channel->id);

	json_set(payload, "channel",
	        json_set_str(where, "name", payload_channel_name(channel)));
	json_set(payload, "message", view_message(sim, message, VIEW_THREAD));
}

static cJSON *container_of_message(const struct message *message)
{
	cJSON *container = json_set_str(json_new(), "type", "message");

	json_set_str(container, "message_ts", message->ts);
	json_set_str(container, "channel_id", message->channel->id);
	return json_set_bool(container, "is_ephemeral", false);
}

cJSON *interact_click(struct sim_slack *sim, const struct message *message,
        const struct user *user, cJSON *action)
{
	const struct reply_to to = {message->channel->id, user->id, message->ts};
	struct waiting *waiting = wait_for(sim, "block_actions", user);
	cJSON *payload = payload_new(sim, "block_actions", user);
	cJSON *result = json_new(), *actions = cJSON_CreateArray();

	waiting->channel_id = xstrdup(to.channel_id);
	waiting->message_ts = xstrdup(to.message_ts);
	json_set(payload, "container", container_of_message(message));
	add_trigger(sim, user, payload, result);
	add_message(sim, payload, message);
	json_set(payload, "state", json_set(json_new(), "values", json_new()));
	add_response_url(sim, &to, payload, result);
	add_action_ts(sim, action);
	cJSON_AddItemToArray(actions, action);
	json_set(payload, "actions", actions);
	send(waiting, false, false, payload);
	return result;
}

cJSON *interact_shortcut(struct sim_slack *sim, const struct message *message,
        const struct user *user, const char *callback_id)
{
	const char *type = message ? "message_action" : "shortcut";
	struct waiting *waiting = wait_for(sim, type, user);
	cJSON *payload = payload_new(sim, type, user), *result = json_new();

	add_action_ts(sim, payload);
	json_set_str(payload, "callback_id", callback_id);
	add_trigger(sim, user, payload, result);
	if (message) {
		const struct reply_to to = {message->channel->id, user->id, message->ts};

		waiting->channel_id = xstrdup(to.channel_id);
		waiting->message_ts = xstrdup(to.message_ts);
		json_set_str(payload, "message_ts", message->ts);
		add_message(sim, payload, message);
		add_response_url(sim, &to, payload, result);
	}
	send(waiting, false, false, payload);
	return result;
}

/* ---- views ---- */

cJSON *interact_submit(
        struct sim_slack *sim, struct modal *modal, const struct user *user)
{
	struct waiting *waiting = wait_for(sim, "view_submission", user);
	cJSON *payload = payload_new(sim, "view_submission", user), *result = json_new();

	waiting->view_id = xstrdup(modal->id);
	add_trigger(sim, user, payload, result);
	json_set_str(result, "view", modal->id);
	json_set(payload, "view", modals_view(sim->modals, modal));
	json_set(payload, "response_urls", cJSON_CreateArray());
	send(waiting, false, true, payload);
	return result;
}

void interact_close(struct sim_slack *sim, struct modal *modal, const struct user *user)
{
	if (json_bool(modal->body, "notify_on_close", false)) {
		cJSON *payload = payload_new(sim, "view_closed", user);

		json_set(payload, "view", modals_view(sim->modals, modal));
		json_set_bool(payload, "is_cleared", false);
		send(wait_for(sim, "view_closed", user), false, false, payload);
	}
	modals_close(sim->modals, modal);
}

cJSON *interact_suggest(struct sim_slack *sim, const struct user *user,
        const char *block_id, const char *action_id, const char *value)
{
	cJSON *payload = payload_new(sim, "block_suggestion", user);
	const struct modal *modal = modals_find(sim->modals, NULL, user->id);
	cJSON *container = json_set_str(json_new(), "type", "view");

	json_set_str(container, "view_id", modal ? modal->id : NULL);
	json_set(payload, "container", container);
	if (modal) {
		json_set(payload, "view", modals_view(sim->modals, modal));
	}
	json_set_str(payload, "action_id", action_id);
	json_set_str(payload, "block_id", block_id);
	json_set_str(payload, "value", value);
	send(wait_for(sim, "block_suggestion", user), false, true, payload);
	return json_new();
}
