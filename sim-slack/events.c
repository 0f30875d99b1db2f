#include "sim-slack/events.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/clients.h"
#include "sim-slack/envelopes.h"
#include "sim-slack/view.h"

#include <stdlib.h>
#include <string.h>

cJSON *event_new(const char *type)
{
	return json_set_str(json_new(), "type", type);
}

cJSON *event_stamp(struct sim_slack *sim, cJSON *inner)
{
	char ts[TS_SIZE];

	sim_event_ts(sim, ts);
	return json_set_str(inner, "event_ts", ts);
}

static bool is_heard(const struct sim_slack *sim, const struct event *event)
{
	const struct app *app = &sim->app;

	return scopes_have(app->subscriptions, event->name) &&
	       scopes_have(app->tokens[TOKEN_BOT].scopes, event->scopes) &&
	       (!event->members_only || channel_has(event->channel, app->bot));
}

/* Opaque to apps, and recorded as "4-" and the base64 of this. */
static char *event_context(
        const struct sim_slack *sim, const char *type, const char *channel)
{
	autojson cJSON *plain = json_set_str(json_new(), "et", type);
	autofree char *text = NULL, *coded = NULL;

	json_set_str(plain, "tid", sim->ws.team_id);
	json_set_str(plain, "aid", sim->app.id);
	json_set_str(plain, "cid", channel);
	text = json_print(plain);
	coded = base64url_encode(text, strlen(text));
	return xasprintf("4-%s", coded);
}

bool event_context_is_ours(const struct sim_slack *sim, const char *text)
{
	autofree char *plain = NULL;
	autojson cJSON *context = NULL;
	size_t n;

	if (!str_starts(text, "4-")) {
		return false;
	}
	plain = base64url_decode(text + 2, &n);
	context = plain ? json_parse((struct str){plain, n}, NULL) : NULL;
	return str_equal(json_str(context, "tid"), sim->ws.team_id);
}

cJSON *event_authorizations(const struct sim_slack *sim)
{
	cJSON *list = cJSON_CreateArray();
	cJSON *one = json_new();

	cJSON_AddNullToObject(one, "enterprise_id");
	json_set_str(one, "team_id", sim->ws.team_id);
	json_set_str(one, "user_id", sim->app.bot->id);
	json_set_bool(one, "is_bot", true);
	json_set_bool(one, "is_enterprise_install", false);
	cJSON_AddItemToArray(list, one);
	return list;
}

bool event_emit(struct sim_slack *sim, const struct event *event, cJSON *inner,
        char id[EVENT_ID_SIZE])
{
	const char *type = json_str_or(inner, "type", "");
	const char *channel = event->channel ? event->channel->id : NULL;
	char event_id[EVENT_ID_SIZE];
	autofree char *context = NULL;
	cJSON *payload;

	clients_hear(sim->clients, event, inner);
	if (!is_heard(sim, event)) {
		cJSON_Delete(inner);
		return false;
	}
	ids_event(&sim->ids, event_id);
	context = event_context(sim, type, channel);
	payload = json_set_str(json_new(), "token", sim->app.verification);
	json_set_str(payload, "team_id", sim->ws.team_id);
	json_set_str(payload, "context_team_id", sim->ws.team_id);
	cJSON_AddNullToObject(payload, "context_enterprise_id");
	json_set_str(payload, "api_app_id", sim->app.id);
	json_set(payload, "event", inner);
	json_set_str(payload, "type", "event_callback");
	json_set_str(payload, "event_id", event_id);
	json_set_int(payload, "event_time", sim_now_s(sim));
	json_set(payload, "authorizations", event_authorizations(sim));
	json_set_bool(payload, "is_ext_shared_channel",
	        event->channel && cJSON_GetArraySize(event->channel->teams) > 0);
	json_set_str(payload, "event_context", context);
	envelopes_send(sim->envelopes, event->channel, event_id, payload);
	cJSON_Delete(payload);
	if (id) {
		memcpy(id, event_id, EVENT_ID_SIZE);
	}
	return true;
}

static struct event message_event(const struct channel *channel)
{
	static const char *const names[CHANNEL_KINDS] = {
	        "message.channels", "message.groups", "message.mpim", "message.im"};

	return (struct event){names[channel->kind],
	        scopes_for(SCOPE_HISTORY, channel->kind), channel, true};
}

bool event_message_is_heard(const struct sim_slack *sim, const struct channel *channel)
{
	const struct event event = message_event(channel);

	return clients_any(sim->clients) || is_heard(sim, &event);
}

bool event_message(struct sim_slack *sim, const struct channel *channel, cJSON *inner,
        char id[EVENT_ID_SIZE])
{
	const struct event event = message_event(channel);

	return event_emit(sim, &event, inner, id);
}

void event_channel(struct sim_slack *sim, const struct channel *channel, const char *what,
        cJSON *inner)
{
	bool open = channel->kind == CHANNEL_PUBLIC;
	autofree char *name = xasprintf("%s_%s", open ? "channel" : "group", what);
	struct event event = {
	        name, scopes_for(SCOPE_READ, channel->kind), channel, !open};

	json_set_str(inner, "type", name);
	event_emit(sim, &event, inner, NULL);
}
