#include "sim-slack/api.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/acts.h"
#include "sim-slack/blocks.h"
#include "sim-slack/files/files.h"
#include "sim-slack/text.h"
#include "sim-slack/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ATTACHMENTS_MAX = 100,
	METADATA_MAX_BYTES = 16 * 1024,
	MARKDOWN_MAX_CHARS = 12000,
	UPDATE_FILES_MAX = 20,
};

/* What a message is made of, from the arguments. */
struct content {
	char *text; /* stored text; NULL: not given */
	cJSON *blocks, *attachments, *metadata;
};

static void content_finish(struct content *content)
{
	free(content->text);
	cJSON_Delete(content->blocks);
	cJSON_Delete(content->attachments);
	cJSON_Delete(content->metadata);
}

static bool is_blank(const char *text)
{
	return !text || text[strspn(text, " \t\r\n")] == '\0';
}

static bool read_text(struct api_call *call, struct content *out)
{
	const char *text = api_str(call, "text");
	const char *markdown = api_str(call, "markdown_text");

	if (!is_blank(markdown)) {
		if (!is_blank(text) || api_str(call, "blocks")) {
			api_fail(call, "markdown_text_conflict");
			return false;
		}
		if (text_length(markdown) > MARKDOWN_MAX_CHARS) {
			api_fail(call, "msg_too_long");
			return false;
		}
		text = markdown;
	}
	out->text = text ? text_store(text) : NULL;
	return true;
}

bool api_blocks(struct api_call *call, cJSON **out)
{
	autofree char *why = NULL;
	const char *error;

	if (!api_json(call, "blocks", out)) {
		api_fail(call, "invalid_blocks_format");
		return false;
	}
	error = *out ? blocks_error(*out, &why) : NULL;
	if (why) {
		api_fail_message(call, why);
		json_set_str(call->reply, "error", error);
	} else if (error) {
		api_fail(call, error);
	} else if (*out) {
		blocks_name(&call->sim->ids, *out);
	}
	return error == NULL;
}

static bool read_blocks(struct api_call *call, struct content *out)
{
	if (!api_blocks(call, &out->blocks)) {
		return false;
	}
	/* Attachments that cannot be read are as good as none. */
	if (!api_json(call, "attachments", &out->attachments) ||
	        !cJSON_IsArray(out->attachments)) {
		cJSON_Delete(out->attachments);
		out->attachments = NULL;
	}
	if (cJSON_GetArraySize(out->attachments) > ATTACHMENTS_MAX) {
		api_fail(call, "too_many_attachments");
		return false;
	}
	attachments_name(out->attachments);
	return true;
}

/* may_clear: {} means none. */
static bool read_metadata(struct api_call *call, struct content *out, bool may_clear)
{
	autofree char *text = NULL;

	if (!api_json(call, "metadata", &out->metadata)) {
		api_fail(call, "invalid_metadata_format");
		return false;
	}
	if (!out->metadata) {
		return true;
	}
	/* A person's own client is no app (section 6.7). */
	if (call->kind == TOKEN_CLIENT) {
		api_fail(call, "metadata_must_be_sent_from_app");
		return false;
	}
	if (!cJSON_IsObject(out->metadata)) {
		api_fail(call, "invalid_metadata_format");
		return false;
	}
	if (!out->metadata->child && may_clear) {
		cJSON_Delete(out->metadata);
		out->metadata = cJSON_CreateNull();
		return true;
	}
	if (is_blank(json_str(out->metadata, "event_type")) ||
	        !json_obj(out->metadata, "event_payload")) {
		api_fail(call, "invalid_metadata_schema");
		return false;
	}
	text = json_print(out->metadata);
	if (strlen(text) > METADATA_MAX_BYTES) {
		api_fail(call, "metadata_too_large");
		return false;
	}
	return true;
}

/* False and the call failed. */
static bool read_content(struct api_call *call, struct content *out, bool may_clear)
{
	if (!read_text(call, out) || !read_blocks(call, out) ||
	        !read_metadata(call, out, may_clear)) {
		return false;
	}
	if (is_blank(out->text) && !out->blocks && !out->attachments) {
		api_fail(call, "no_text");
		return false;
	}
	return true;
}

/* ---- where to ---- */

/* By ID, by a user's ID (their conversation with the app) or, as of old, by name. */
static struct channel *find_target(struct api_call *call, const char *name)
{
	struct sim_slack *sim = call->sim;
	struct user *user = workspace_user(&sim->ws, name);
	struct user *users[2] = {call->user, user};

	if (user) {
		return user->deleted || user == call->user
		               ? NULL
		               : act_open_direct(sim, users, 2, NULL);
	}
	return workspace_find_channel(&sim->ws, name);
}

/* Where the app may write, or NULL and the call failed. */
static struct channel *writable(struct api_call *call)
{
	const char *name = api_need(call, "channel");
	struct channel *channel = name ? find_target(call, name) : NULL;
	const struct user *bot = call->user;
	bool member = channel && channel_has(channel, bot);

	if (!name) {
		return NULL;
	}
	call->channel = channel;
	if (!channel || (channel->kind != CHANNEL_PUBLIC && !member)) {
		api_fail(call, "channel_not_found");
	} else if (channel->archived) {
		api_fail(call, "is_archived");
	} else if (!member && !api_has_scope(call, "chat:write.public")) {
		api_fail(call, "not_in_channel");
	} else {
		return channel;
	}
	return NULL;
}

/* ---- posting ---- */

/* What an app posts with a person's token bears the app's mark; what the person's own
 * client posts does not. */
static const char *author_bot_id(const struct api_call *call)
{
	return call->kind == TOKEN_CLIENT ? NULL : call->sim->app.bot->bot_id;
}

/* Without the scope Slack overlooks these arguments and says nothing. */
static void customise(const struct api_call *call, struct post *post)
{
	if (!api_has_scope(call, "chat:write.customize")) {
		return;
	}
	post->username = api_text(call, "username");
	post->icon_url = api_text(call, "icon_url");
	post->icon_emoji = api_text(call, "icon_emoji");
	if (post->username || post->icon_url || post->icon_emoji) {
		post->user = NULL;
		post->subtype = "bot_message";
		if (!post->username) {
			post->username = call->sim->app.bot->real_name;
		}
	}
}

static void post_content(
        struct api_call *call, struct channel *channel, const struct content *content)
{
	const struct user *bot = call->user;
	char client_id[UUID_SIZE];
	struct post post = {.channel = channel,
	        .user = bot,
	        .bot_id = author_bot_id(call),
	        .text = content->text ? content->text : "",
	        .blocks = content->blocks,
	        .attachments = content->attachments,
	        .metadata = content->metadata,
	        .own_blocks = true};
	const struct message *message;
	const char *refused;

	if (call->kind == TOKEN_CLIENT) {
		ids_uuid(&call->sim->ids.names, client_id);
		post.client_msg_id = client_id;
	} else {
		customise(call, &post);
	}
	if (!api_thread(call, channel, &post.thread_ts)) {
		return;
	}
	if (post.thread_ts && api_bool(call, "reply_broadcast", false)) {
		post.subtype = "thread_broadcast";
	}
	refused = channel_refuses(channel, bot, post.thread_ts != NULL);
	if (refused) {
		api_fail(call, refused);
		return;
	}
	message = act_post(call->sim, &post, NULL);
	json_set_str(call->reply, "channel", channel->id);
	json_set_str(call->reply, "ts", message->ts);
	json_set(call->reply, "message", view_message(call->sim, message, VIEW_METADATA));
}

static bool refuse_as_user(struct api_call *call)
{
	if (api_bool(call, "as_user", false)) {
		api_fail(call, "as_user_not_supported");
		return true;
	}
	return false;
}

static void run_post(struct api_call *call)
{
	struct channel *channel = writable(call);
	struct content content = {0};

	if (channel && !refuse_as_user(call) && read_content(call, &content, false)) {
		post_content(call, channel, &content);
	}
	content_finish(&content);
}

static void run_me(struct api_call *call)
{
	struct channel *channel = writable(call);
	const struct user *bot = call->user;
	autofree char *text = NULL;
	struct post post = {.channel = channel,
	        .user = bot,
	        .bot_id = author_bot_id(call),
	        .subtype = "me_message"};

	if (!channel) {
		return;
	}
	if (is_blank(api_str(call, "text"))) {
		api_fail(call, "no_text");
		return;
	}
	text = text_store(api_str(call, "text"));
	post.text = text;
	json_set_str(call->reply, "channel", channel->id);
	json_set_str(call->reply, "ts", act_post(call->sim, &post, NULL)->ts);
}

/* Shown to one person and kept nowhere. */
static void run_ephemeral(struct api_call *call)
{
	struct channel *channel = writable(call);
	const char *id = channel ? api_need(call, "user") : NULL;
	const struct user *user = id ? workspace_user(&call->sim->ws, id) : NULL;
	struct content content = {0};
	char ts[TS_SIZE];

	if (!id) {
		return;
	}
	if (!user || !channel_has(channel, user)) {
		api_fail(call, "user_not_in_channel");
		return;
	}
	if (read_content(call, &content, false)) {
		cJSON *record = sim_record("ephemeral", channel);

		ts_format(ts_next(loop_wall_ms(call->sim->loop), channel->last_us), ts);
		json_set_str(record, "text", content.text);
		sim_report(call->sim, json_set_str(record, "to", user->name));
		json_set_str(call->reply, "message_ts", ts);
	}
	content_finish(&content);
}

/* ---- changing ---- */

static bool is_own(const struct api_call *call, const struct message *message)
{
	if (str_equal(message->subtype, "tombstone")) {
		return false;
	}
	return call->kind == TOKEN_BOT
	               ? str_equal(message->bot_id, call->user->bot_id) &&
	                         (!message->user || message->user == call->user)
	               : message->user == call->user;
}

/* The caller's message named by ts, or NULL and the call failed; may_all: administrators
 * may do it to everybody's. */
static struct message *own_message(struct api_call *call, const struct channel *channel,
        const char *not_own, bool may_all)
{
	const char *ts = api_need(call, "ts");
	struct message *message = ts ? channel_message(channel, ts) : NULL;

	if (!ts) {
		return NULL;
	}
	if (!message) {
		api_fail(call, "message_not_found");
		return NULL;
	}
	if (!is_own(call, message) && !(may_all && call->user->admin)) {
		api_fail(call, not_own);
		return NULL;
	}
	return message;
}

static void update(
        struct api_call *call, struct message *message, struct content *content)
{
	struct file *files[UPDATE_FILES_MAX];
	struct edit edit = {.text = content->text,
	        .by = call->kind == TOKEN_BOT ? call->user->bot_id : call->user->id,
	        .blocks = content->blocks,
	        .attachments = content->attachments,
	        .metadata = content->metadata,
	        .own_blocks = true};

	if (!api_file_ids(call, files, UPDATE_FILES_MAX, &edit.file_count)) {
		return;
	}
	edit.files = files;
	if (message->thread_ts && !message->subtype &&
	        api_bool(call, "reply_broadcast", false)) {
		str_replace(&message->subtype, "thread_broadcast");
	}
	act_edit(call->sim, message, &edit, NULL);
	json_set_str(call->reply, "channel", message->channel->id);
	json_set_str(call->reply, "ts", message->ts);
	json_set_str(call->reply, "text", message->text);
	json_set(call->reply, "message", view_message(call->sim, message, VIEW_METADATA));
}

static void run_update(struct api_call *call)
{
	const struct channel *channel = api_channel(call, SCOPE_NONE);
	struct content content = {0};
	struct message *message;

	if (!channel || refuse_as_user(call)) {
		return;
	}
	if (channel->archived) {
		api_fail(call, "is_inactive");
		return;
	}
	message = own_message(call, channel, "cant_update_message", false);
	if (message && read_content(call, &content, true)) {
		const char *text = api_str(call, "text");

		if (text && text_length(text) > TEXT_EDIT_MAX_CHARS) {
			api_fail(call, "msg_too_long");
		} else {
			update(call, message, &content);
		}
	}
	content_finish(&content);
}

static void run_delete(struct api_call *call)
{
	const struct channel *channel = api_channel(call, SCOPE_NONE);
	struct message *message;

	if (!channel ||
	        (channel->archived &&
	                api_fail_unless_ok(call, call->sim->knobs.delete_archived))) {
		return;
	}
	message = own_message(call, channel, "cant_delete_message", true);
	if (message) {
		json_set_str(call->reply, "channel", channel->id);
		json_set_str(call->reply, "ts", message->ts);
		act_delete(call->sim, message, NULL);
	}
}

static void run_permalink(struct api_call *call)
{
	const struct channel *channel = api_channel(call, SCOPE_NONE);
	const char *ts = channel ? api_need(call, "message_ts") : NULL;
	const struct message *message = ts ? channel_message(channel, ts) : NULL;
	autofree char *url = NULL;

	if (!ts) {
		return;
	}
	if (!message) {
		api_fail(call, "message_not_found");
		return;
	}
	url = view_permalink(call->sim, message);
	json_set_str(call->reply, "channel", channel->id);
	json_set_str(call->reply, "permalink", url);
}

const struct api_method api_chat_methods[] = {
        {"chat.postMessage", FOR_BOT | TAKES_JSON, TIER_POST, "chat:write", run_post},
        {"chat.meMessage", FOR_BOT | TAKES_JSON, TIER_3, "chat:write", run_me},
        {"chat.postEphemeral", FOR_BOT | TAKES_JSON, TIER_4, "chat:write", run_ephemeral},
        {"chat.update", FOR_BOT | TAKES_JSON, TIER_3, "chat:write", run_update},
        {"chat.delete", FOR_BOT | TAKES_JSON, TIER_3, "chat:write", run_delete},
        {"chat.getPermalink", FOR_BOT, TIER_MANY, "", run_permalink},
        {0},
};
