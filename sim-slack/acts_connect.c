/* What befalls a channel as a whole: shared with another organisation, another ID,
 * another kind, deleted, closed to most writers. */
#include "sim-slack/acts.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/events.h"
#include "sim-slack/view.h"

#include <stdlib.h>

static void report(struct sim_slack *sim, const struct channel *channel, const char *what,
        const struct user *by)
{
	cJSON *record = json_set_str(sim_record("channel", channel), "channel", what);

	json_set_str(record, "channel_id", channel->id);
	json_set_str(record, "by", by ? by->name : NULL);
	sim_report(sim, record);
}

static void touch(struct sim_slack *sim, struct channel *channel)
{
	channel->updated_ms = loop_wall_ms(sim->loop);
}

/* channel_shared and channel_unshared are so called for private ones too. */
static void emit_sharing(struct sim_slack *sim, const struct channel *channel,
        const char *name, cJSON *inner)
{
	struct event event = {name, scopes_for(SCOPE_READ, channel->kind), channel,
	        channel->kind != CHANNEL_PUBLIC};

	json_set_str(inner, "channel", channel->id);
	event_emit(sim, &event, event_stamp(sim, inner), NULL);
}

void act_share_channel(
        struct sim_slack *sim, struct channel *channel, const char *team_id)
{
	cJSON *inner = event_new("channel_shared");

	cJSON_AddItemToArray(channel->teams, cJSON_CreateString(team_id));
	touch(sim, channel);
	report(sim, channel, "shared", NULL);
	json_set_str(inner, "connected_team_id", team_id);
	emit_sharing(sim, channel, "channel_shared", inner);
}

static void part_team(struct channel *channel, const char *team_id)
{
	size_t cursor = 0;
	struct user *user;

	while ((user = channel_next_member(channel, &cursor))) {
		if (str_equal(user->team_id, team_id)) {
			channel_part(channel, user);
		}
	}
}

void act_unshare_channel(
        struct sim_slack *sim, struct channel *channel, const char *team_id)
{
	cJSON *inner = event_new("channel_unshared");

	for (int i = cJSON_GetArraySize(channel->teams) - 1; i >= 0; i--) {
		if (str_equal(cJSON_GetArrayItem(channel->teams, i)->valuestring,
		            team_id)) {
			cJSON_DeleteItemFromArray(channel->teams, i);
		}
	}
	part_team(channel, team_id);
	touch(sim, channel);
	report(sim, channel, "unshared", NULL);
	json_set_str(inner, "previously_connected_team_id", team_id);
	json_set_bool(inner, "is_ext_shared", cJSON_GetArraySize(channel->teams) > 0);
	emit_sharing(sim, channel, "channel_unshared", inner);
}

void act_change_channel_id(
        struct sim_slack *sim, struct channel *channel, const char *new_id)
{
	autofree char *old = xstrdup(channel->id);
	struct event event = {"channel_id_changed", scopes_for(SCOPE_READ, channel->kind),
	        channel, channel->kind != CHANNEL_PUBLIC};
	cJSON *inner = json_set_str(event_new(event.name), "old_channel_id", old);

	workspace_rename_channel_id(&sim->ws, channel, new_id);
	touch(sim, channel);
	report(sim, channel, "id_changed", NULL);
	json_set_str(inner, "new_channel_id", new_id);
	event_emit(sim, &event, event_stamp(sim, inner), NULL);
}

void act_convert(struct sim_slack *sim, struct channel *channel, const struct user *user,
        bool to_private)
{
	autofree char *text = xasprintf(
	        to_private
	                ? "<@%s> made this channel *private*. Now, it can only be viewed or "
	                  "joined by invitation."
	                : "<@%s> made this channel *public*. Any member can see and join it.",
	        user->id);

	channel->kind = to_private ? CHANNEL_PRIVATE : CHANNEL_PUBLIC;
	touch(sim, channel);
	report(sim, channel, to_private ? "made_private" : "made_public", user);
	act_note(sim, channel, user,
	        to_private ? "channel_convert_to_private" : "channel_convert_to_public",
	        text, NULL);
}

void act_delete_channel(
        struct sim_slack *sim, struct channel *channel, const struct user *user)
{
	cJSON *inner = json_set_str(json_new(), "channel", channel->id);

	json_set_str(inner, "actor_id", user->id);
	if (channel->kind != CHANNEL_PUBLIC) {
		json_set_int(inner, "date_deleted", sim_now_s(sim));
	}
	report(sim, channel, "deleted", user);
	event_channel(sim, channel, "deleted", event_stamp(sim, inner));
	workspace_remove_channel(&sim->ws, channel);
}

void act_restrict_posting(struct sim_slack *sim, struct channel *channel,
        const struct user *user, const struct posting *posting)
{
	autofree char *text = xasprintf("<@%s> changed who can post in this channel: %s",
	        user->id, posting->admins_only ? "Admins only" : "Everyone");

	channel->posting = *posting;
	touch(sim, channel);
	report(sim, channel, "posting", user);
	act_note(sim, channel, user, "channel_posting_permissions", text, NULL);
}

/* A bulk change such as an import. Neither documented nor recorded with a channel
 * (section 2.2). */
void act_history_changed(struct sim_slack *sim, struct channel *channel)
{
	static const char *const names[CHANNEL_KINDS] = {"channel_history_changed",
	        "group_history_changed", "group_history_changed", "im_history_changed"};
	struct event event = {names[channel->kind],
	        scopes_for(SCOPE_HISTORY, channel->kind), channel, true};
	cJSON *inner = event_new(event.name);
	char latest[TS_SIZE], ts[TS_SIZE];

	ts_format(channel->last_us, latest);
	sim_event_ts(sim, ts);
	json_set_str(inner, "latest", latest);
	json_set_str(inner, "ts", ts);
	report(sim, channel, "history_changed", NULL);
	event_emit(sim, &event, event_stamp(sim, inner), NULL);
}
