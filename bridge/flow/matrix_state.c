#include "bridge/flow/matrix_state.h"

#include "bridge/flow/app.h"
#include "bridge/flow/failure.h"
#include "bridge/flow/notice.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/slack_channel.h"
#include "bridge/flow/slack_name.h"
#include "bridge/flow/wait.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_TOPIC_BYTES = 64 * 1024 };

struct state {
	bool known;   /* what is so on Slack */
	bool is_so;   /* that it is so already */
	bool carried; /* or refused for good */
	struct err refusal;
};

bool matrix_state_is_carried(const char *type)
{
	return str_equal(type, "m.room.name") || str_equal(type, "m.room.topic");
}

static bool is_name(const struct flow *flow)
{
	return str_equal(payload_text(flow, "type"), "m.room.name");
}

/* What it shall be on Slack. Caller frees. */
static char *wish(const struct flow *flow)
{
	const cJSON *content = json_obj(flow->payload, "content");

	return is_name(flow) ? slack_name_from(json_str_or(content, "name", ""))
	                     : xstrdup(json_str_or(content, "topic", ""));
}

/* ---------------------------------------------------------------- is it so? */

/* A topic as Slack keeps and lists it (Slack protocol reference, 6.1). */
static char *stored_form(const char *text)
{
	struct buf stored;

	buf_init(&stored, MAX_TOPIC_BYTES);
	for (; *text != '\0'; text++) {
		const char *entity = *text == '&'   ? "&amp;"
		                     : *text == '<' ? "&lt;"
		                     : *text == '>' ? "&gt;"
		                                    : NULL;
		if (entity != NULL) {
			buf_puts(&stored, entity);
		} else {
			buf_add(&stored, text, 1);
		}
	}
	char *taken = buf_take(&stored);
	return taken == NULL ? xstrdup("") : taken;
}

static void handle_info(
        const struct slack_channel *channel, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	static const struct err none = ERR_INIT;

	if (err->kind == ERR_PERMANENT) {
		state->refusal = *err;
		state->known = state->carried = true;
		err = &none;
	} else if (err->kind == ERR_NONE) {
		autofree char *text = wish(flow);
		autofree char *stored = stored_form(text);
		state->known = true;
		state->is_so = is_name(flow) ? str_equal(text, channel->name)
		                             : str_equal(stored, channel->topic);
	}
	flow_continue(flow, err);
}

/* The room says what the bridge itself last put there: somebody was faster. */
static bool is_ours(const struct flow *flow, const struct portal *portal)
{
	const cJSON *content = json_obj(flow->payload, "content");

	return is_name(flow)
	               ? str_equal(json_str_or(content, "name", ""), portal->name)
	               : str_equal(json_str_or(content, "topic", ""), portal->topic);
}

static enum step_rc look(struct flow *flow)
{
	struct app *app = flow->app;
	struct state *state = flow->state;
	const struct portal *portal = payload_portal(flow);

	if (portal == NULL || is_ours(flow, portal)) {
		return STEP_END;
	}
	struct login *login = payload_login(flow);
	if (login == NULL || config_permission(app->config,
	                             payload_text(flow, "sender")) < PERM_RELAY) {
		err_set(&state->refusal, ERR_PERMANENT, 0,
		        login == NULL ? "nobody is logged in to this workspace"
		                      : "you are not allowed to use this bridge");
		state->known = state->carried = true;
	}
	if (!state->known) {
		return wait_slack(flow, slack_conversations_info(login->bot_api,
		                                portal->channel_id, handle_info, flow));
	}
	return STEP_DONE;
}

/* ---------------------------------------------------------------- carry */

static void handle_carried(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	static const struct err none = ERR_INIT;

	if (err->kind == ERR_PERMANENT) {
		state->refusal = *err;
	}
	state->carried = err->kind == ERR_NONE || err->kind == ERR_PERMANENT;
	flow_continue(flow, state->carried ? &none : err);
}

static enum step_rc carry(struct flow *flow)
{
	struct state *state = flow->state;
	const struct portal *portal = payload_portal(flow);
	struct login *login = payload_login(flow);
	autofree char *text = wish(flow);

	if (!state->known) {
		return look(flow); /* in a new life */
	}
	if (state->carried || state->is_so || login == NULL) {
		return STEP_DONE;
	}
	return wait_slack(flow,
	        is_name(flow) ? slack_conversations_rename(login->bot_api,
	                                portal->channel_id, text, handle_carried, flow)
	                      : slack_conversations_set_topic(login->bot_api,
	                                portal->channel_id, text, handle_carried, flow));
}

/* ---------------------------------------------------------------- the end */

static const struct {
	const char *error, *words;
} words[] = {
        {"missing_scope", "the Slack app lacks the permission"},
        {"name_taken", "another channel has this name"},
        {"not_authorized", "the workspace does not let the app do this"},
        {"restricted_action", "the workspace does not let the app do this"},
        {"user_is_restricted", "the workspace does not let the app do this"},
        {"too_long", "Slack takes up to 250 characters"},
        {"invalid_name", "Slack takes no such name"},
        {"invalid_name_maxlength", "Slack takes up to 80 characters"},
        {"invalid_name_punctuation", "Slack wants letters in a name"},
        {"invalid_name_required", "Slack wants a name"},
        {"invalid_name_specials", "Slack takes no such name"},
        {"method_not_supported_for_channel_type",
                "there is no such thing in this kind of conversation on Slack"},
        {"cant_invite_self", "that is the bridge's own user"},
        {"cant_kick_self", "that is the bridge's own user"},
        {"cant_kick_from_general", "nobody can be put out of this channel"},
        {"user_not_found", "Slack knows no such user"},
        {"user_disabled", "that user is deactivated on Slack"},
        {"ura_max_channels", "that guest is in as many channels as allowed"},
};

static const char *words_for(const struct err *err)
{
	const struct failure *failure = failure_find(err->name);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (str_equal(words[i].error, err->name)) {
			return words[i].words;
		}
	}
	return failure != NULL && failure->words[0] != '\0' ? failure->words : err->msg;
}

void matrix_state_refused(
        struct flow *flow, struct store_tx *tx, const char *what, const struct err *err)
{
	bool has_name = err->name[0] != '\0';
	autofree char *key = xasprintf("notice:%s", flow->key);
	autofree char *text = xasprintf(
	        "\xE2\x9A\xA0 %s was not changed on Slack: %s.%s%s%s It is as before here too.",
	        what, words_for(err), has_name ? " (" : "", err->name,
	        has_name ? ")" : "");

	notice_add(flow->app, tx, key, payload_text(flow, "room"),
	        payload_text(flow, "event"), text);
}

/* Whatever came of it, the room shall say what Slack says, in the bridge's own way. */
static enum step_rc settle(struct flow *flow)
{
	struct state *state = flow->state;
	const struct portal *portal = payload_portal(flow);
	autofree char *key = xasprintf("look:%s", flow->key);

	enum step_rc rc = carry(flow);
	if (rc != STEP_DONE) {
		return rc;
	}
	if (portal == NULL) {
		return STEP_END;
	}
	if (state->refusal.kind != ERR_NONE) {
		matrix_state_refused(flow, flow_tx(flow),
		        is_name(flow) ? "The name" : "The topic", &state->refusal);
	}
	slack_channel_look_as(flow->app, flow_tx(flow), key, CHANNEL_LOOK_ROOM,
	        portal->team_id, portal->channel_id);
	return STEP_END;
}

static const struct step steps[] = {
        {"look", look},
        {"carry", carry},
        {"settle", settle},
        {NULL, NULL},
};

const struct flow_def matrix_state_flow = {
        .name = FLOW_MATRIX_STATE,
        .steps = steps,
        .state_size = sizeof(struct state),
};
