#include "bridge/flow/channel_shape.h"

#include "bridge/config/template.h"
#include "bridge/convert/to_matrix.h"
#include "bridge/flow/power_levels.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

char *channel_shape_name(const struct config *config, const struct slack_channel *channel,
        const struct channel_team *team)
{
	autojson cJSON *vars = json_new();
	cJSON *names = json_new();
	enum slack_channel_kind kind = channel->kind;
	struct err err;

	json_set_str(names, "Name", team->name);
	json_set_str(names, "Domain", team->domain);
	json_set(vars, "Team", names);
	json_set_str(vars, "ID", channel->id);
	json_set_str(vars, "Name", channel->name);
	json_set_bool(vars, "IsChannel", kind == SLACK_PUBLIC || kind == SLACK_PRIVATE);
	json_set_bool(vars, "IsPrivate", kind == SLACK_PRIVATE);
	json_set_bool(vars, "IsIM", kind == SLACK_IM);
	json_set_bool(vars, "IsMpIM", kind == SLACK_MPIM);
	json_set_bool(vars, "IsGeneral", channel->is_general);
	json_set_bool(vars, "IsShared", channel->is_shared);
	json_set_bool(vars, "IsExtShared", channel->is_ext_shared);
	json_set_bool(vars, "IsOrgShared", channel->is_org_shared);
	json_set_bool(vars, "IsNoteToSelf", false);
	char *name = template_expand(config->slack.channel_name_template, vars, &err);
	return name == NULL ? xstrdup(channel->name) : name;
}

char *channel_shape_topic(const struct slack_channel *channel)
{
	const char *text = channel->topic[0] != '\0' ? channel->topic : channel->purpose;
	autojson cJSON *message = json_set_str(json_new(), "text", text);
	struct to_matrix shown;

	if (text[0] == '\0') {
		return xstrdup("");
	}
	to_matrix_convert(message, NULL, NULL, &shown);
	char *topic = xstrdup(shown.count == 0 ? "" : shown.pieces[0].body);
	to_matrix_finish(&shown);
	return topic;
}

const char *channel_shape_kind(enum slack_channel_kind kind)
{
	static const char *const names[] = {"public", "private", "mpim", "im"};

	return names[kind];
}

bool channel_shape_is_wanted(const struct config *config, const char *team_id,
        const struct slack_channel *channel)
{
	bool direct = channel->kind == SLACK_IM || channel->kind == SLACK_MPIM;

	return (direct || !config->slack.dm_only) &&
	       config_filter_allows(config, team_id, channel->id, channel->name);
}

const char *channel_shape_state(const struct slack_channel *channel)
{
	if (channel->is_archived) {
		return "archived";
	}
	return channel->is_member ? "open" : "left";
}

int channel_shape_level(const char *state, enum slack_posting posting)
{
	if (!str_equal(state, "open")) {
		return LEVEL_READ_ONLY;
	}
	/* Who may write in threads alone cannot be said in levels. */
	return posting == SLACK_POSTING_ADMINS ? LEVEL_MODERATOR : 0;
}
