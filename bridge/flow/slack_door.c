#include "bridge/flow/slack_door.h"

#include "bridge/convert/edits.h"
#include "bridge/flow/app.h"
#include "bridge/flow/catch_up.h"
#include "bridge/flow/channel_moved.h"
#include "bridge/flow/credentials.h"
#include "bridge/flow/left_out.h"
#include "bridge/flow/logins.h"
#include "bridge/flow/portals.h"
#include "bridge/flow/quarantine.h"
#include "bridge/flow/slack_change.h"
#include "bridge/flow/slack_channel.h"
#include "bridge/flow/slack_file.h"
#include "bridge/flow/slack_limited.h"
#include "bridge/flow/slack_member.h"
#include "bridge/flow/slack_message.h"
#include "bridge/flow/slack_user.h"
#include "bridge/flow/team_lists.h"
#include "bridge/slack/events.h"
#include "lib/crumb.h"
#include "lib/log.h"
#include "lib/map.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum {
	ACK_WITHIN_MS = 3000, /* docs.slack.dev, Events API: then it is sent again */
	MAX_KEPT_BYTES = 64 * 1024,
	MAX_UNKNOWN = 100,
	MAX_KEPT_AN_HOUR = 200, /* of a login: what comes so often is known by then */
	HOUR_MS = 60 * 60 * 1000,
};

/* An acknowledgement that waits for its commit. Refers to the login by team, for it may
 * be gone by then. */
struct owed_ack {
	struct app *app;
	char *team_id;
	char *envelope_id;
	char *event_id;
	uint64_t conn;
	int64_t arrived_ms;
};

static void ack_now(struct login *login, const struct slack_envelope *envelope)
{
	socket_mode_ack(login->socket, envelope->conn, envelope->envelope_id);
}

static void free_owed(struct owed_ack *owed)
{
	free(owed->team_id);
	free(owed->envelope_id);
	free(owed->event_id);
	free(owed);
}

static void handle_committed(bool committed, void *arg)
{
	struct owed_ack *owed = arg;
	int64_t took_ms = loop_now_ms(owed->app->loop) - owed->arrived_ms;

	if (!committed) {
		log_warn("event not stored, so not acknowledged", "team=%s event=%s",
		        owed->team_id, owed->event_id);
		struct login *login =
		        owed->app->logins == NULL
		                ? NULL
		                : logins_by_team(owed->app->logins, owed->team_id);
		if (login != NULL) {
			catch_up_when_stored(login);
		}
	} else if (took_ms >= ACK_WITHIN_MS) {
		/* Slack has given this delivery up; the next one is acknowledged. */
		log_warn("event stored too late to acknowledge",
		        "team=%s event=%s took_ms=%lld", owed->team_id, owed->event_id,
		        (long long)took_ms);
	} else {
		struct login *login = logins_by_team(owed->app->logins, owed->team_id);
		log_debug("event stored", "team=%s event=%s", owed->team_id,
		        owed->event_id);
		if (login != NULL) {
			REQ("SOCK-05");
			socket_mode_ack(login->socket, owed->conn, owed->envelope_id);
		}
	}
	free_owed(owed);
}

/* A transaction whose commit acknowledges the envelope. */
static struct store_tx *acking_tx(struct login *login,
        const struct slack_envelope *envelope, const struct slack_event *event)
{
	struct owed_ack *owed = xcalloc(1, sizeof(*owed));
	struct store_tx *tx = store_tx_create(login->app->store);

	owed->app = login->app;
	owed->team_id = xstrdup(login->team_id);
	owed->envelope_id = xstrdup(envelope->envelope_id);
	owed->event_id = xstrdup(event->event_id);
	owed->conn = envelope->conn;
	owed->arrived_ms = loop_now_ms(login->app->loop);
	store_tx_on_commit(tx, handle_committed, owed);
	return tx;
}

typedef void add_fn(
        struct login *login, struct store_tx *tx, const struct slack_event *event);

static void take(struct login *login, const struct slack_envelope *envelope,
        const struct slack_event *event, add_fn *add)
{
	struct store_tx *tx = acking_tx(login, envelope, event);

	add(login, tx, event);
	if (add == slack_edit_add) {
		slack_files_changed_add(login, tx, event);
	}
	store_tx_submit(tx, NULL, NULL);
}

/* What the bridge did itself has no effect when it comes back. But a deletion of its own
 * message may be somebody else's: the flow knows. */
static bool is_edit(const struct slack_event *event)
{
	/* After an edit Slack reports its previews with the mark of the edit. */
	return (edits_slack_change(event->raw) & SLACK_CHANGE_TEXT) != 0;
}

static add_fn *adder_of(const struct login *login, const struct slack_event *event)
{
	bool is_own = slack_message_is_own(login, event);

	if (is_own) {
		REQ("MSG-12");
	}
	if (portals_is_closed(login->app->portals, login->team_id, event->channel_id)) {
		return NULL;
	}

	switch (event->kind) {
	case SLACK_EVENT_MESSAGE:
		return is_own ? NULL : slack_message_add;
	case SLACK_EVENT_EDITED:
		if (!is_own && is_edit(event)) {
			return slack_edit_add;
		}
		return (edits_slack_change(event->raw) & SLACK_CHANGE_FILES) != 0 ||
		                       slack_event_gone_file(event, 0) != NULL
		               ? slack_files_changed_add
		               : NULL;
	case SLACK_EVENT_DELETED:
		return slack_deletion_add;
	case SLACK_EVENT_FILES_GONE:
		return slack_files_gone_add;
	case SLACK_EVENT_REACTION_ADDED:
	case SLACK_EVENT_REACTION_REMOVED:
		return is_own ? NULL : slack_reaction_add;
	case SLACK_EVENT_CHANNEL:
		return slack_channel_add;
	case SLACK_EVENT_CHANNEL_MOVED:
		return channel_moved_add;
	case SLACK_EVENT_MEMBER_LEFT:
		/* Its own leaving has an event of its own, but not always. */
		return is_own ? slack_channel_add : slack_member_add;
	case SLACK_EVENT_EMOJI_CHANGED:
		return team_lists_emoji_changed;
	case SLACK_EVENT_GROUP_CHANGED:
		return team_lists_group_changed;
	case SLACK_EVENT_USER:
		return slack_user_matters(login, event) ? slack_user_add : NULL;
	case SLACK_EVENT_MEMBER_JOINED:
		return is_own ? NULL : slack_member_add;
	case SLACK_EVENT_TEAM:
	case SLACK_EVENT_TOKENS_REVOKED:
	case SLACK_EVENT_APP_UNINSTALLED:
	case SLACK_EVENT_IGNORED:
	case SLACK_EVENT_UNKNOWN:
		return NULL;
	}
	return NULL;
}

static void take_own_join(struct login *login, const struct slack_envelope *envelope,
        const struct slack_event *event)
{
	struct store_tx *tx = acking_tx(login, envelope, event);
	autofree char *key = xasprintf("s:%s", event->event_id);
	autofree char *lane = lane_from_slack(login->team_id, event->channel_id);
	autojson cJSON *payload = json_new();

	json_set_str(payload, "team", login->team_id);
	json_set_str(payload, "channel", event->channel_id);
	json_set_bool(payload, "reopen", true);
	autofree char *text = json_print(payload);
	REQ("PORT-03");
	queue_add(login->app->queue, tx, key, lane, FLOW_OPEN_PORTAL, text);
	if (portals_know(login->app->portals, login->team_id, event->channel_id)) {
		autofree char *look = xasprintf("look:%s", event->event_id);
		slack_channel_look(
		        login->app, tx, look, login->team_id, event->channel_id);
	}
	store_tx_submit(tx, NULL, NULL);
}

/* tokens_revoked names users whose tokens are gone; the bot's is one of them, or not
 * (Slack protocol reference, 5.1). */
static bool ends_login(const struct login *login, const struct slack_event *event)
{
	const cJSON *item;

	if (event->kind == SLACK_EVENT_APP_UNINSTALLED) {
		return true;
	}
	cJSON_ArrayForEach(item, json_arr(event->message, "tokens.bot"))
	{
		if (cJSON_IsString(item) &&
		        str_equal(item->valuestring, login->bot_user_id)) {
			return true;
		}
	}
	return false;
}

static void take_end(struct login *login, const struct slack_envelope *envelope,
        const struct slack_event *event)
{
	struct store_tx *tx = acking_tx(login, envelope, event);

	REQ("EVT-05");
	credentials_revoked_by_event(login->credentials, tx, event->type);
	store_tx_submit(tx, NULL, NULL);
}

static bool may_keep(struct login *login)
{
	int64_t now_ms = loop_now_ms(login->app->loop);

	if (now_ms - login->kept_since_ms >= HOUR_MS) {
		login->kept_since_ms = now_ms;
		login->kept = 0;
	}
	return login->kept++ < MAX_KEPT_AN_HOUR;
}

/* Sent again it would be no better: acknowledged, and kept as failed for people to look
 * at (command `kept`). id: what a redelivery repeats. */
static void keep(struct login *login, const struct slack_envelope *envelope,
        const char *id, const char *why)
{
	const struct slack_event event = {.event_id = id};

	if (!may_keep(login)) {
		log_warn("Slack envelope without effect",
		        "team=%s envelope=%s why=\"%s\"", login->team_id,
		        envelope->envelope_id, why);
		ack_now(login, envelope);
		return;
	}
	struct store_tx *tx = acking_tx(login, envelope, &event);
	autofree char *key = xasprintf("s:%s:envelope:%s", login->team_id, id);
	size_t n = envelope->raw.n < MAX_KEPT_BYTES ? envelope->raw.n : MAX_KEPT_BYTES;
	autofree char *raw = xstrndup(envelope->raw.p, n);
	autofree char *lane = xasprintf("s %s", login->team_id);

	log_warn("Slack envelope kept without effect", "team=%s envelope=%s why=\"%s\"",
	        login->team_id, envelope->envelope_id, why);
	store_tx_add(tx, STMT_INBOX_KEEP, "ssssiis", key, lane, "", raw, (int64_t)2,
	        loop_wall_ms(login->app->loop), why);
	store_tx_submit(tx, NULL, NULL);
}

/* True once for each type; what comes from outside is not remembered without end. */
static bool say_unknown(struct login *login, const struct slack_event *event)
{
	struct map *seen = login->app->unknown;

	if (map_get(seen, event->type) != NULL || map_count(seen) >= MAX_UNKNOWN) {
		return false;
	}
	map_set(seen, event->type, seen);
	log_warn("unknown Slack event", "team=%s type=\"%s\" event=%s", login->team_id,
	        event->type, event->event_id);
	return true;
}

static void take_event(struct login *login, const struct slack_envelope *envelope,
        const struct slack_event *event)
{
	add_fn *add = adder_of(login, event);

	if (add != NULL) {
		take(login, envelope, event, add);
		return;
	}
	switch (event->kind) {
	case SLACK_EVENT_MEMBER_JOINED:
		take_own_join(login, envelope, event);
		return;
	case SLACK_EVENT_TOKENS_REVOKED:
	case SLACK_EVENT_APP_UNINSTALLED:
		if (!ends_login(login, event)) {
			break;
		}
		take_end(login, envelope, event);
		return;
	case SLACK_EVENT_MESSAGE:
	case SLACK_EVENT_EDITED:
	case SLACK_EVENT_DELETED:
	case SLACK_EVENT_FILES_GONE:
	case SLACK_EVENT_REACTION_ADDED:
	case SLACK_EVENT_REACTION_REMOVED:
	case SLACK_EVENT_CHANNEL:
	case SLACK_EVENT_MEMBER_LEFT:
	case SLACK_EVENT_CHANNEL_MOVED:
	case SLACK_EVENT_USER:
	case SLACK_EVENT_TEAM:
	case SLACK_EVENT_EMOJI_CHANGED:
	case SLACK_EVENT_GROUP_CHANGED:
	case SLACK_EVENT_IGNORED:
		break;
	case SLACK_EVENT_UNKNOWN:
		if (say_unknown(login, event)) {
			keep(login, envelope, event->event_id, "unknown type of event");
			return;
		}
		break;
	}
	ack_now(login, envelope); /* nothing to keep */
}

static void take_rate_limited(struct login *login, const struct slack_envelope *envelope)
{
	const struct slack_event event = {.event_id = "app_rate_limited"};
	struct store_tx *tx = acking_tx(login, envelope, &event);

	slack_limited_add(
	        login, tx, json_int(envelope->payload, "minute_rate_limited", 0));
	store_tx_submit(tx, NULL, NULL);
}

/* Not a word of this is in the reference: somebody ought to look at it. */
static bool is_known(const struct slack_envelope *envelope)
{
	return str_equal(envelope->type, "slash_commands") ||
	       str_equal(envelope->type, "interactive");
}

static void take_envelope(struct login *login, const struct slack_envelope *envelope)
{
	struct slack_event event;
	struct err err;

	if (str_equal(envelope->type, "unreadable")) {
		keep(login, envelope, envelope->envelope_id, "malformed");
		return;
	}
	if (!str_equal(envelope->type, "events_api") && !is_known(envelope)) {
		keep(login, envelope, envelope->envelope_id, "unknown type of envelope");
		return;
	}
	if (is_known(envelope)) {
		log_debug("envelope without effect", "team=%s type=\"%s\"",
		        login->team_id, envelope->type);
		ack_now(login, envelope);
		return;
	}
	if (str_equal(json_str(envelope->payload, "type"), "app_rate_limited")) {
		take_rate_limited(login, envelope);
		return;
	}
	if (envelope->payload == NULL ||
	        !slack_event_parse(envelope->payload, &event, &err)) {
		keep(login, envelope, envelope->envelope_id, "malformed");
		return;
	}
	event.channel_id =
	        portals_current_id(login->app->portals, login->team_id, event.channel_id);
	log_debug("Slack event",
	        "team=%s event=%s type=\"%s\" subtype=\"%s\" channel=%s ts=%s attempt=%d",
	        login->team_id, event.event_id, event.type, event.subtype,
	        event.channel_id, event.ts, envelope->retry_attempt);
	take_event(login, envelope, &event);
}

void slack_door_again(struct login *login, const cJSON *payload)
{
	const struct slack_envelope envelope = {.type = "events_api",
	        .envelope_id = "",
	        .payload = payload,
	        .raw = str_from("")};

	take_envelope(login, &envelope);
}

/* Kept as it came, for people to look at. */
static void leave_out(struct login *login, const struct slack_envelope *envelope)
{
	const char *id = json_str_or(envelope->payload, "event_id", "");
	const struct slack_event event = {.event_id = id};
	struct store_tx *tx = acking_tx(login, envelope, &event);
	autofree char *source = xasprintf("s:%s", id);

	left_out_add(login->app, tx, source, login->team_id, envelope->payload);
	store_tx_submit(tx, NULL, NULL);
}

void slack_door_envelope(struct login *login, const struct slack_envelope *envelope)
{
	crumb_event("slack", "envelope");
	if (!quarantine_enter(
	            login->app, "s:", json_str(envelope->payload, "event_id"))) {
		leave_out(login, envelope);
		return;
	}
	take_envelope(login, envelope);
	quarantine_leave();
}
