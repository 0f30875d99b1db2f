#include "sim-slack/state.h"

#include "lib/mem.h"
#include "lib/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void message_free(struct message *message)
{
	free(message->subtype);
	free(message->text);
	free(message->bot_id);
	free(message->username);
	free(message->icon_url);
	free(message->icon_emoji);
	free(message->client_msg_id);
	free(message->thread_ts);
	cJSON_Delete(message->blocks);
	cJSON_Delete(message->attachments);
	cJSON_Delete(message->metadata);
	cJSON_Delete(message->extra);
	cJSON_Delete(message->reactions);
	cJSON_Delete(message->reply_users);
	free(message->files);
	free(message->edited_by);
	free(message->pinned_by);
	free(message);
}

static const char *author_id(const struct message *message)
{
	return message->user ? message->user->id : message->bot_id;
}

static void count_reply(struct message *parent, const struct message *reply)
{
	const char *author = author_id(reply);

	parent->reply_count++;
	snprintf(parent->latest_reply, TS_SIZE, "%s", reply->ts);
	if (!parent->reply_users) {
		parent->reply_users = cJSON_CreateArray();
	}
	if (author && !array_has(parent->reply_users, author)) {
		cJSON_AddItemToArray(parent->reply_users, cJSON_CreateString(author));
	}
}

/* From the messages that are left: who replied, and when last, cannot be counted
 * backwards. */
static void recount_replies(struct message *parent)
{
	const struct channel *channel = parent->channel;

	parent->reply_count = 0;
	parent->latest_reply[0] = '\0';
	cJSON_Delete(parent->reply_users);
	parent->reply_users = NULL;
	for (size_t i = 0; i < channel->message_count; i++) {
		const struct message *reply = channel->messages[i];

		if (str_equal(reply->thread_ts, parent->ts)) {
			count_reply(parent, reply);
		}
	}
}

struct message *channel_add_message(struct channel *channel, int64_t wall_ms,
        const struct user *user, const char *thread_ts)
{
	struct message *message = xcalloc(1, sizeof(*message));
	struct message *parent;

	if (channel->message_count == channel->message_room) {
		channel->message_room =
		        channel->message_room ? channel->message_room * 2 : 16;
		channel->messages = xrealloc(channel->messages,
		        channel->message_room * sizeof(*channel->messages));
	}
	message->channel = channel;
	message->us = channel->last_us = ts_next(wall_ms, channel->last_us);
	ts_format(message->us, message->ts);
	message->user = user;
	message->text = xstrdup("");
	message->thread_ts = xstrdup_null(thread_ts);
	channel->messages[channel->message_count++] = message;
	parent = message_parent(message);
	if (parent) {
		count_reply(parent, message);
	}
	return message;
}

void channel_remove_message(struct message *message)
{
	struct channel *channel = message->channel;
	struct message *parent = message_parent(message);
	size_t at = channel_seek(channel, message->us);

	channel->message_count--;
	memmove(&channel->messages[at], &channel->messages[at + 1],
	        (channel->message_count - at) * sizeof(*channel->messages));
	message_free(message);
	if (parent) {
		recount_replies(parent);
	}
}

void channel_clear(struct channel *channel)
{
	for (size_t i = 0; i < channel->message_count; i++) {
		message_free(channel->messages[i]);
	}
	free(channel->messages);
	channel->messages = NULL;
	channel->message_count = channel->message_room = 0;
}

size_t channel_seek(const struct channel *channel, int64_t us)
{
	size_t low = 0, high = channel->message_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (channel->messages[mid]->us < us) {
			low = mid + 1;
		} else {
			high = mid;
		}
	}
	return low;
}

struct message *channel_message(const struct channel *channel, const char *ts)
{
	int64_t us;
	size_t at;

	if (!ts || !ts_parse(ts, &us)) {
		return NULL;
	}
	at = channel_seek(channel, us);
	if (at == channel->message_count || channel->messages[at]->us != us) {
		return NULL;
	}
	return channel->messages[at];
}

struct message *message_parent(const struct message *message)
{
	return message->thread_ts ? channel_message(message->channel, message->thread_ts)
	                          : NULL;
}

cJSON *message_reaction(const struct message *message, const char *name)
{
	cJSON *reaction;

	cJSON_ArrayForEach(reaction, message->reactions)
	{
		if (str_equal(json_str(reaction, "name"), name)) {
			return reaction;
		}
	}
	return NULL;
}

bool reaction_has(const cJSON *reaction, const char *user_id)
{
	return array_has(json_arr(reaction, "users"), user_id);
}

void message_react(struct message *message, const char *name, const char *user_id)
{
	cJSON *reaction = message_reaction(message, name);
	cJSON *users;

	if (!reaction) {
		if (!message->reactions) {
			message->reactions = cJSON_CreateArray();
		}
		reaction = json_set_str(json_new(), "name", name);
		json_set(reaction, "users", cJSON_CreateArray());
		cJSON_AddItemToArray(message->reactions, reaction);
	}
	users = cJSON_GetObjectItemCaseSensitive(reaction, "users");
	cJSON_AddItemToArray(users, cJSON_CreateString(user_id));
	json_set_int(reaction, "count", cJSON_GetArraySize(users));
}

void message_unreact(struct message *message, const char *name, const char *user_id)
{
	cJSON *reaction = message_reaction(message, name);
	cJSON *users = cJSON_GetObjectItemCaseSensitive(reaction, "users");

	for (int i = 0; i < cJSON_GetArraySize(users); i++) {
		if (str_equal(cJSON_GetArrayItem(users, i)->valuestring, user_id)) {
			cJSON_DeleteItemFromArray(users, i);
			break;
		}
	}
	json_set_int(reaction, "count", cJSON_GetArraySize(users));
	if (cJSON_GetArraySize(users) == 0) {
		cJSON_DetachItemViaPointer(message->reactions, reaction);
		cJSON_Delete(reaction);
	}
	if (cJSON_GetArraySize(message->reactions) == 0) {
		cJSON_Delete(message->reactions);
		message->reactions = NULL;
	}
}
