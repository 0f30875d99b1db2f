#include "sim-slack/acts.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/events.h"
#include "sim-slack/files/files.h"
#include "sim-slack/text.h"
#include "sim-slack/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cJSON *copy_or_null(const cJSON *value)
{
	return value && !cJSON_IsNull(value) ? cJSON_Duplicate(value, true) : NULL;
}

static const char *author_name(const struct sim_slack *sim, const struct message *message)
{
	return message->user ? message->user->name : sim->app.bot->name;
}

static void report_message(
        struct sim_slack *sim, const struct message *message, const char *kind)
{
	cJSON *record = sim_record(kind, message->channel);
	bool by_app = message->by_client || message->bot_id ||
	              (message->user && message->user->bot_id);

	json_set_str(record, "event", str_equal(kind, "message") ? "message" : kind);
	json_set_str(record, "ts", message->ts);
	json_set_str(record, "text", message->text);
	json_set_str(record, "user", author_name(sim, message));
	json_set_str(record, "by", by_app ? "app" : "person");
	json_set_str(record, "username", message->username);
	json_set_str(record, "thread_ts", message->thread_ts);
	json_set_str(record, "subtype", message->subtype);
	record_files(record, message->files, message->file_count);
	json_set_str(
	        record, "mark", json_str(message->metadata, "event_payload.event_id"));
	if (json_get(message->metadata, "event_payload.piece") != NULL) {
		json_set_int(record, "piece",
		        json_int(message->metadata, "event_payload.piece", 0));
	}
	sim_report(sim, record);
}

/* A change has a time stamp of its own in the channel: it is the change's ID. */
static cJSON *change_event(
        struct sim_slack *sim, struct channel *channel, const char *subtype)
{
	cJSON *inner = json_set_str(event_new("message"), "subtype", subtype);
	char ts[TS_SIZE];

	channel->last_us = ts_next(loop_wall_ms(sim->loop), channel->last_us);
	ts_format(channel->last_us, ts);
	json_set_bool(inner, "hidden", true);
	json_set_str(inner, "channel", channel->id);
	json_set_str(inner, "ts", ts);
	json_set_str(inner, "event_ts", ts);
	return json_set_str(inner, "channel_type", view_channel_type(channel));
}

/* Takes previous. */
static void emit_changed(struct sim_slack *sim, const struct message *message,
        cJSON *previous, char event_id[EVENT_ID_SIZE])
{
	unsigned what =
	        VIEW_THREAD | (sim->knobs.event_metadata_payload ? VIEW_METADATA : 0);
	cJSON *inner = change_event(sim, message->channel, "message_changed");

	json_set(inner, "message", view_message(sim, message, what));
	json_set(inner, "previous_message", previous);
	event_message(sim, message->channel, inner, event_id);
}

cJSON *act_message_before(const struct sim_slack *sim, const struct message *message)
{
	return view_message(sim, message, VIEW_THREAD);
}

void act_message_changed(
        struct sim_slack *sim, const struct message *message, cJSON *before)
{
	emit_changed(sim, message, before, NULL);
}

static void emit_parent_changed(struct sim_slack *sim, const struct message *reply)
{
	const struct message *parent = message_parent(reply);

	if (parent && sim->knobs.parent_changed) {
		emit_changed(sim, parent, view_message(sim, parent, VIEW_THREAD), NULL);
	}
}

static void add_files(struct message *message, struct file *const *files, size_t count)
{
	if (count == 0) {
		return;
	}
	message->files = xrealloc(
	        message->files, (message->file_count + count) * sizeof(*message->files));
	for (size_t i = 0; i < count; i++) {
		message->files[message->file_count++] = files[i];
		file_add_share(files[i], message);
	}
}

/* Besides the message itself, and under a scope of its own. */
static void emit_mention(struct sim_slack *sim, const struct message *message)
{
	autofree char *mention = xasprintf("<@%s", sim->app.bot->id);
	struct event event = {"app_mention", "app_mentions:read", message->channel, true};
	cJSON *inner;

	if (message->channel->kind == CHANNEL_IM || message->user == sim->app.bot ||
	        !strstr(message->text, mention)) {
		return;
	}
	inner = view_message_event(sim, message);
	json_set_str(inner, "type", "app_mention");
	cJSON_DeleteItemFromObjectCaseSensitive(inner, "channel_type");
	event_emit(sim, &event, inner, NULL);
}

struct message *act_post(
        struct sim_slack *sim, const struct post *post, char event_id[EVENT_ID_SIZE])
{
	struct message *message = channel_add_message(
	        post->channel, loop_wall_ms(sim->loop), post->user, post->thread_ts);

	str_replace(&message->text, post->text);
	message->subtype = xstrdup_null(post->subtype);
	message->bot_id = xstrdup_null(post->bot_id);
	message->username = xstrdup_null(post->username);
	message->icon_url = xstrdup_null(post->icon_url);
	message->icon_emoji = xstrdup_null(post->icon_emoji);
	message->client_msg_id = xstrdup_null(post->client_msg_id);
	message->by_client = sim->client_acts;
	message->attachments = copy_or_null(post->attachments);
	message->metadata = copy_or_null(post->metadata);
	message->extra = copy_or_null(post->extra);
	add_files(message, post->files, post->file_count);
	message->blocks = post->blocks       ? copy_or_null(post->blocks)
	                  : post->own_blocks ? text_to_blocks(&sim->ids, sim->ws.emoji,
	                                               message->text)
	                                     : NULL;
	report_message(sim, message, "message");
	if (event_id) {
		event_id[0] = '\0';
	}
	if (event_message_is_heard(sim, message->channel)) {
		event_message(sim, message->channel, view_message_event(sim, message),
		        event_id);
	}
	emit_mention(sim, message);
	emit_parent_changed(sim, message);
	return message;
}

void act_note(struct sim_slack *sim, struct channel *channel, const struct user *user,
        const char *subtype, const char *text, cJSON *extra)
{
	struct post post = {.channel = channel,
	        .user = user,
	        .subtype = subtype,
	        .text = text,
	        .extra = extra};

	act_post(sim, &post, NULL);
	cJSON_Delete(extra);
}

static void replace(cJSON **field, const cJSON *value)
{
	if (value) {
		cJSON *copy = copy_or_null(value);

		cJSON_Delete(*field);
		*field = copy;
	}
}

void act_edit(struct sim_slack *sim, struct message *message, const struct edit *edit,
        char event_id[EVENT_ID_SIZE])
{
	cJSON *previous = view_message(sim, message, VIEW_THREAD);

	if (edit->text) {
		str_replace(&message->text, edit->text);
		cJSON_Delete(message->blocks);
		message->blocks = edit->own_blocks ? text_to_blocks(&sim->ids,
		                                             sim->ws.emoji, edit->text)
		                                   : NULL;
	}
	add_files(message, edit->files, edit->file_count);
	replace(&message->blocks, edit->blocks);
	replace(&message->attachments, edit->attachments);
	replace(&message->metadata, edit->metadata);
	str_replace(&message->edited_by, edit->by);
	message->edited_s = sim_now_s(sim);
	report_message(sim, message, "edit");
	if (event_id) {
		event_id[0] = '\0';
	}
	emit_changed(sim, message, previous, event_id);
}

/* ---- deleting ---- */

static void bury(
        struct sim_slack *sim, struct message *message, char event_id[EVENT_ID_SIZE])
{
	cJSON *previous = view_message(sim, message, VIEW_THREAD);

	str_replace(&message->subtype, "tombstone");
	str_replace(&message->text, "This message was deleted.");
	message->user = workspace_user(&sim->ws, "USLACKBOT");
	str_replace(&message->bot_id, NULL);
	str_replace(&message->username, NULL);
	str_replace(&message->client_msg_id, NULL);
	str_replace(&message->edited_by, NULL);
	cJSON_Delete(message->blocks);
	cJSON_Delete(message->attachments);
	cJSON_Delete(message->metadata);
	cJSON_Delete(message->reactions);
	cJSON_Delete(message->extra);
	act_unshare(sim, message);
	message->file_count = 0;
	message->blocks = message->attachments = message->metadata = message->reactions =
	        NULL;
	message->extra = json_set_bool(json_new(), "hidden", true);
	emit_changed(sim, message, previous, event_id);
}

static void remove_message(
        struct sim_slack *sim, struct message *message, char event_id[EVENT_ID_SIZE])
{
	struct channel *channel = message->channel;
	cJSON *inner = change_event(sim, channel, "message_deleted");

	json_set_str(inner, "deleted_ts", message->ts);
	json_set(inner, "previous_message", view_message(sim, message, VIEW_THREAD));
	act_unshare(sim, message);
	channel_remove_message(message);
	event_message(sim, channel, inner, event_id);
}

void act_delete(
        struct sim_slack *sim, struct message *message, char event_id[EVENT_ID_SIZE])
{
	struct message *parent = message_parent(message);

	report_message(sim, message, "delete");
	if (event_id) {
		event_id[0] = '\0';
	}
	if (message->reply_count) {
		bury(sim, message, event_id);
		return;
	}
	remove_message(sim, message, event_id);
	if (!parent) {
		return;
	}
	if (str_equal(parent->subtype, "tombstone") && !parent->reply_count) {
		remove_message(sim, parent, NULL);
	} else if (sim->knobs.parent_changed) {
		emit_changed(sim, parent, view_message(sim, parent, VIEW_THREAD), NULL);
	}
}

/* ---- reactions and pins ---- */

static cJSON *item_of(const struct message *message)
{
	cJSON *item = json_set_str(json_new(), "type", "message");

	json_set_str(item, "channel", message->channel->id);
	return json_set_str(item, "ts", message->ts);
}

void act_react(struct sim_slack *sim, struct message *message, const struct user *user,
        const char *name, bool add)
{
	const char *type = add ? "reaction_added" : "reaction_removed";
	struct event event = {type, "reactions:read", message->channel, true};
	cJSON *record = sim_record("reaction", message->channel);
	cJSON *inner = json_set_str(event_new(type), "user", user->id);

	if (add) {
		message_react(message, name, user->id);
	} else {
		message_unreact(message, name, user->id);
	}
	json_set_str(record, "reaction", name);
	json_set_str(record, "action", add ? "added" : "removed");
	json_set_str(record, "ts", message->ts);
	json_set_str(record, "user", user->name);
	json_set_str(record, "by", user->bot_id || sim->client_acts ? "app" : "person");
	sim_report(sim, record);

	json_set_str(inner, "reaction", name);
	json_set(inner, "item", item_of(message));
	json_set_str(inner, "item_user", message->user ? message->user->id : NULL);
	event_emit(sim, &event, event_stamp(sim, inner), NULL);
}

static int64_t count_pins(const struct channel *channel)
{
	int64_t count = 0;

	for (size_t i = 0; i < channel->message_count; i++) {
		count += channel->messages[i]->pinned_by != NULL;
	}
	return count;
}

static cJSON *pin_item(const struct sim_slack *sim, const struct message *message,
        const char *by, int64_t at_s)
{
	autofree char *permalink = view_permalink(sim, message);
	cJSON *item = json_set_str(json_new(), "type", "message");
	cJSON *inside = view_message(sim, message, VIEW_THREAD);

	json_set_int(item, "created", at_s);
	json_set_str(item, "created_by", by);
	json_set_str(item, "channel", message->channel->id);
	return json_set(item, "message", json_set_str(inside, "permalink", permalink));
}

void act_pin(
        struct sim_slack *sim, struct message *message, const struct user *user, bool add)
{
	const char *type = add ? "pin_added" : "pin_removed";
	struct event event = {type, "pins:read", message->channel, true};
	cJSON *record = sim_record("pin", message->channel);
	cJSON *inner = json_set_str(event_new(type), "user", user->id);
	cJSON *info = json_set_str(json_new(), "channel", message->channel->id);
	int64_t count;

	if (add) {
		message->pinned_s = sim_now_s(sim);
	}
	str_replace(&message->pinned_by, add ? user->id : NULL);
	count = count_pins(message->channel);
	json_set_str(record, "pin", add ? "added" : "removed");
	json_set_str(record, "ts", message->ts);
	json_set_str(record, "user", user->name);
	sim_report(sim, record);

	json_set_str(inner, "channel_id", message->channel->id);
	json_set(inner, "item", pin_item(sim, message, user->id, message->pinned_s));
	json_set_str(inner, "item_user", message->user ? message->user->id : NULL);
	json_set_int(inner, "pin_count", count);
	json_set_str(info, "pinned_by", user->id);
	json_set(
	        inner, "pinned_info", json_set_int(info, "pinned_ts", message->pinned_s));
	if (!add) {
		json_set_bool(inner, "has_pins", count > 0);
	}
	event_emit(sim, &event, event_stamp(sim, inner), NULL);
}
