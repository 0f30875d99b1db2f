#include "bridge/flow/catch_up_compare.h"

#include "bridge/flow/app.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/slack_change.h"
#include "bridge/flow/slack_file.h"
#include "bridge/flow/wait.h"
#include "bridge/slack/events.h"
#include "lib/log.h"
#include "lib/map.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

struct known_message {
	char *edited_ts;
	bool from_slack, seen;
};

struct known_reaction {
	char *changed_ts, *ts, *emoji, *user;
	bool seen;
};

struct catch_up_window {
	struct flow *flow;
	struct catch_up_window **out;
	char *channel_id;
	struct map *messages;  /* ts -> struct known_message */
	struct map *reactions; /* "ts emoji user" -> struct known_reaction */
};

static void free_message(void *value)
{
	struct known_message *message = value;

	free(message->edited_ts);
	free(message);
}

static void free_reaction(void *value)
{
	struct known_reaction *reaction = value;

	free(reaction->changed_ts);
	free(reaction->ts);
	free(reaction->emoji);
	free(reaction->user);
	free(reaction);
}

void catch_up_window_free(struct catch_up_window **window)
{
	if (*window == NULL) {
		return;
	}
	map_destroy(&(*window)->messages, free_message);
	map_destroy(&(*window)->reactions, free_reaction);
	free((*window)->channel_id);
	free(*window);
	*window = NULL;
}

/* ---------------------------------------------------------------- loading */

static void take_message(
        struct catch_up_window *window, const struct store_result *rows, size_t row)
{
	const char *ts = store_text(rows, row, 0);
	struct known_message *message = map_get(window->messages, ts);

	if (message != NULL) {
		return; /* another part of it */
	}
	message = xcalloc(1, sizeof(*message));
	message->edited_ts = xstrdup(store_text(rows, row, 1));
	message->from_slack = str_equal(store_text(rows, row, 2), "s");
	map_set(window->messages, ts, message);
}

static char *reaction_key(const char *ts, const char *emoji, const char *user)
{
	return xasprintf("%s %s %s", ts, emoji, user);
}

static void take_reaction(
        struct catch_up_window *window, const struct store_result *rows, size_t row)
{
	struct known_reaction *reaction = xcalloc(1, sizeof(*reaction));

	reaction->ts = xstrdup(store_text(rows, row, 0));
	reaction->emoji = xstrdup(store_text(rows, row, 1));
	reaction->user = xstrdup(store_text(rows, row, 2));
	reaction->changed_ts = xstrdup(store_text(rows, row, 3));
	autofree char *key = reaction_key(reaction->ts, reaction->emoji, reaction->user);
	map_set(window->reactions, key, reaction);
}

static void handle_rows(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct catch_up_window *window = *(struct catch_up_window **)arg;
	struct flow *flow = window->flow;

	if (err->kind != ERR_NONE) {
		catch_up_window_free(arg);
		flow_continue(flow, err);
		return;
	}
	for (size_t i = 0; i < store_rows(results[0]); i++) {
		take_message(window, results[0], i);
	}
	for (size_t i = 0; i < store_rows(results[1]); i++) {
		take_reaction(window, results[1], i);
	}
	flow_continue(flow, err);
}

enum step_rc catch_up_window_load(struct flow *flow, struct catch_up_window **window,
        const char *from_ts, const char *to_ts)
{
	struct app *app = flow->app;
	struct store_tx *tx = store_tx_create(app->store);

	*window = xcalloc(1, sizeof(**window));
	(*window)->flow = flow;
	(*window)->channel_id = xstrdup(payload_text(flow, "channel"));
	(*window)->messages = map_create();
	(*window)->reactions = map_create();
	store_tx_add(tx, STMT_MESSAGE_WINDOW, "ssss", payload_text(flow, "team"),
	        payload_text(flow, "channel"), from_ts, to_ts);
	store_tx_add(tx, STMT_REACTION_WINDOW, "ssss", payload_text(flow, "team"),
	        payload_text(flow, "channel"), from_ts, to_ts);
	store_tx_submit(tx, handle_rows, window);
	return wait_store(flow, tx);
}

/* ---------------------------------------------------------------- comparing */

static void add_deletion(const struct catch_up_window *window, struct login *login,
        struct store_tx *tx, const char *ts)
{
	const struct slack_event event = {.kind = SLACK_EVENT_DELETED,
	        .channel_id = window->channel_id,
	        .target_ts = ts,
	        .ts = ts};

	log_info("deletion found in the history", "team=%s channel=%s ts=%s",
	        login->team_id, window->channel_id, ts);
	slack_deletion_add(login, tx, &event);
}

static void add_edit(
        struct login *login, struct store_tx *tx, const struct slack_event *message)
{
	struct slack_event event = *message;

	event.kind = SLACK_EVENT_EDITED;
	event.target_ts = message->ts;
	event.ts = message->edited_ts;
	log_info("edit found in the history", "team=%s channel=%s ts=%s", login->team_id,
	        message->channel_id, message->ts);
	slack_edit_add(login, tx, &event);
}

/* Its time is only just later than that of the last word we have: whatever Slack says
 * itself counts more. */
static void add_reaction(const struct catch_up_window *window, struct login *login,
        struct store_tx *tx, const struct known_reaction *about, bool added)
{
	autofree char *ts = xasprintf("%s0", about->changed_ts);
	autofree char *id = xasprintf("%s:%s:%s:%s:%d", window->flow->key, about->ts,
	        about->emoji, about->user, added);
	const struct slack_event event = {
	        .kind = added ? SLACK_EVENT_REACTION_ADDED : SLACK_EVENT_REACTION_REMOVED,
	        .event_id = id,
	        .channel_id = window->channel_id,
	        .user_id = about->user,
	        .reaction = about->emoji,
	        .target_ts = about->ts,
	        .ts = ts};

	slack_reaction_add(login, tx, &event);
}

static void compare_reactions(struct catch_up_window *window, struct login *login,
        struct store_tx *tx, const struct slack_event *message)
{
	const char *name, *user;
	void *value;

	for (size_t i = 0; slack_event_reaction(message, &i, &name, &user);) {
		autofree char *key = reaction_key(message->ts, name, user);
		struct known_reaction *known = map_get(window->reactions, key);
		if (known != NULL) {
			known->seen = true;
		} else if (!str_equal(user, login->bot_user_id) && name[0] != '\0') {
			autofree char *ts = xstrdup(message->ts);
			autofree char *emoji = xstrdup(name);
			autofree char *who = xstrdup(user);
			const struct known_reaction fresh = {
			        .changed_ts = ts, .ts = ts, .emoji = emoji, .user = who};
			add_reaction(window, login, tx, &fresh, true);
		}
	}
	for (size_t i = 0; map_next(window->reactions, &i, NULL, &value);) {
		struct known_reaction *known = value;
		if (!known->seen && str_equal(known->ts, message->ts)) {
			known->seen = true;
			add_reaction(window, login, tx, known, false);
		}
	}
}

bool catch_up_compare(struct catch_up_window *window, struct login *login,
        struct store_tx *tx, const struct slack_event *message)
{
	struct known_message *known = map_get(window->messages, message->ts);

	if (known == NULL || known->seen) {
		return known != NULL;
	}
	known->seen = true;
	if (message->kind == SLACK_EVENT_DELETED) {
		add_deletion(window, login, tx, message->ts);
		return true;
	}
	/* Ours say when they were edited too, but only we edit them. */
	if (known->from_slack && message->kind == SLACK_EVENT_MESSAGE &&
	        message->edited_ts[0] != '\0' &&
	        strcmp(known->edited_ts, message->edited_ts) < 0) {
		add_edit(login, tx, message);
		slack_files_add(login, tx, message); /* those it had have their jobs */
	}
	compare_reactions(window, login, tx, message);
	return true;
}

void catch_up_find_deleted(
        struct catch_up_window *window, struct login *login, struct store_tx *tx)
{
	const char *ts;
	void *value;

	for (size_t i = 0; map_next(window->messages, &i, &ts, &value);) {
		const struct known_message *known = value;
		if (!known->seen) {
			add_deletion(window, login, tx, ts);
		}
	}
}
