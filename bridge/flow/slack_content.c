#include "bridge/flow/slack_content.h"

#include "bridge/flow/app.h"
#include "bridge/flow/ghosts.h"
#include "bridge/flow/portals.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum {
	/* Ghosts made for the sake of one message; others are shown as Slack names them.
	 */
	MAX_MENTIONS = 25,
	MAX_EVENTS = 50, /* PART_BROADCAST comes after them */
	MAX_NAME_BYTES = 4096,
};

/* ---------------------------------------------------------------- names */

static bool name_of_user(void *arg, const char *user_id, struct to_matrix_user *out)
{
	const struct slack_content *content = arg;
	const struct ghost *ghost =
	        ghosts_find(content->app->ghosts, content->login->team_id, user_id);

	if (ghost != NULL) {
		*out = (struct to_matrix_user){.mxid = ghost->mxid, .name = ghost->name};
	}
	return ghost != NULL;
}

static bool name_of_channel(
        void *arg, const char *channel_id, struct to_matrix_channel *out)
{
	const struct slack_content *content = arg;
	const struct portal *portal = portals_by_channel(
	        content->app->portals, content->login->team_id, channel_id);

	if (portal != NULL) {
		*out = (struct to_matrix_channel){.room = portal->room_id,
		        .via = content->app->config->homeserver.domain,
		        .name = portal->name[0] == '\0' ? NULL : portal->name};
	}
	return portal != NULL;
}

static const char *link_to_message(
        void *arg, const char *host, const char *channel_id, const char *ts)
{
	const struct slack_content *content = arg;

	return slack_links_url(&content->links, content->login, host, channel_id, ts);
}

static const char *handle_of_group(void *arg, const char *group_id)
{
	const struct slack_content *content = arg;

	return user_groups_handle(&content->groups, group_id);
}

static const char *text_of_emoji(void *arg, const char *name)
{
	const struct slack_content *content = arg;

	return custom_emoji_text(&content->emoji, name);
}

/* STEP_DONE once every user that is mentioned has a ghost. */
static enum step_rc ensure_mentioned(
        struct flow *flow, struct login *login, const struct to_matrix_refs *refs)
{
	struct app *app = flow->app;

	for (size_t i = 0; i < refs->users.count && i < MAX_MENTIONS; i++) {
		const char *user_id = refs->users.ids[i];
		if (ghosts_find(app->ghosts, login->team_id, user_id) == NULL) {
			return wait_waiter(
			        flow, ghosts_ensure(app->ghosts, login, user_id,
			                      user_id[0] == 'B', flow_ready, flow));
		}
	}
	return STEP_DONE;
}

enum step_rc slack_content_make(struct flow *flow, struct slack_content *content,
        struct login *login, const cJSON *message)
{
	if (content->made) {
		return STEP_DONE;
	}
	struct to_matrix_refs refs;
	to_matrix_list_refs(message, &refs);
	enum step_rc rc = ensure_mentioned(flow, login, &refs);
	if (rc == STEP_DONE) {
		rc = slack_links_find(flow, &content->links, login, &refs);
	}
	if (rc == STEP_DONE) {
		rc = user_groups_find(flow, &content->groups, login, &refs.groups);
	}
	if (rc == STEP_DONE) {
		rc = custom_emoji_find(flow, &content->emoji, login, &refs.emoji);
	}
	to_matrix_refs_finish(&refs);
	if (rc != STEP_DONE) {
		return rc;
	}
	const struct to_matrix_names names = {
	        .arg = content,
	        .user = name_of_user,
	        .channel = name_of_channel,
	        .group = handle_of_group,
	        .emoji = text_of_emoji,
	        .message = link_to_message,
	};
	content->app = flow->app;
	content->login = login;
	content->username = json_str_or(message, "username", "");
	content->has_files = cJSON_GetArraySize(json_arr(message, "files")) > 0;
	to_matrix_convert(message, &names, NULL, &content->text);
	content->made = true;
	return STEP_DONE;
}

void slack_content_finish(struct slack_content *content)
{
	if (content->made) {
		to_matrix_finish(&content->text);
	}
	slack_links_finish(&content->links);
	custom_emoji_finish(&content->emoji);
	user_groups_finish(&content->groups);
	*content = (struct slack_content){0};
}

/* ---------------------------------------------------------------- events */

unsigned slack_content_count(const struct slack_content *content)
{
	size_t count = content->text.count;

	if (count == 0) {
		return content->has_files ? 0 : 1;
	}
	return count > MAX_EVENTS ? MAX_EVENTS : (unsigned)count;
}

static cJSON *mentions_of(
        const struct slack_content *content, const struct to_matrix_piece *piece)
{
	cJSON *mentions = json_new(), *ids = cJSON_CreateArray();

	for (size_t i = 0; i < piece->users.count; i++) {
		const struct ghost *ghost = ghosts_find(content->app->ghosts,
		        content->login->team_id, piece->users.ids[i]);
		if (ghost != NULL) {
			cJSON_AddItemToArray(ids, cJSON_CreateString(ghost->mxid));
		}
	}
	if (cJSON_GetArraySize(ids) > 0) {
		json_set(mentions, "user_ids", ids);
	} else {
		cJSON_Delete(ids);
	}
	if (piece->room) {
		json_set_bool(mentions, "room", true);
	}
	return mentions;
}

/* As text of HTML. Caller frees. */
static char *escaped(const char *text)
{
	struct buf out;

	buf_init(&out, MAX_NAME_BYTES);
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '&':
			buf_puts(&out, "&amp;");
			break;
		case '<':
			buf_puts(&out, "&lt;");
			break;
		case '>':
			buf_puts(&out, "&gt;");
			break;
		default:
			buf_add(&out, text, 1);
		}
	}
	char *whole = buf_take(&out);
	return whole == NULL ? xstrdup("somebody") : whole;
}

/* Apps speak under many names: the name of this message is shown by clients that know
 * per-message profiles (MSC4144), and stands before the text for all others. */
static void add_username(cJSON *event, const char *username)
{
	cJSON *profile = json_new();
	autofree char *body =
	        xasprintf("%s: %s", username, json_str_or(event, "body", ""));

	json_set_str(profile, "id", username);
	json_set_str(profile, "displayname", username);
	json_set_bool(profile, "has_fallback", true);
	json_set(event, "com.beeper.per_message_profile", profile);
	json_set_str(event, "body", body);
	if (json_str(event, "formatted_body") != NULL) {
		autofree char *name = escaped(username);
		autofree char *html =
		        xasprintf("<strong data-mx-profile-fallback>%s: </strong>%s",
		                name, json_str(event, "formatted_body"));
		json_set_str(event, "formatted_body", html);
	}
}

cJSON *slack_content_event(const struct slack_content *content, unsigned index)
{
	cJSON *event = json_new();

	if (content->text.count == 0) {
		json_set_str(event, "msgtype", "m.notice");
		json_set_str(event, "body", "(a message that can only be seen on Slack)");
		/* Always there, so that no server guesses mentions from the text. */
		return json_set(event, "m.mentions", json_new());
	}
	const struct to_matrix_piece *piece = &content->text.pieces[index];
	json_set_str(event, "msgtype", to_matrix_msgtype(content->text.kind));
	json_set_str(event, "body", piece->body);
	if (piece->html != NULL) {
		json_set_str(event, "format", "org.matrix.custom.html");
		json_set_str(event, "formatted_body", piece->html);
	}
	json_set(event, "m.mentions", mentions_of(content, piece));
	if (index == 0 && content->username[0] != '\0' &&
	        !str_equal(content->username, content->author)) {
		add_username(event, content->username);
	}
	return event;
}

void slack_content_thread(
        cJSON *content, const char *root, const char *last, bool in_thread)
{
	cJSON *relates = json_new(), *reply = json_new();

	json_set_str(reply, "event_id", in_thread && last != NULL ? last : root);
	if (in_thread) {
		json_set_str(relates, "rel_type", "m.thread");
		json_set_str(relates, "event_id", root);
		json_set_bool(relates, "is_falling_back", true);
	}
	json_set(relates, "m.in_reply_to", reply);
	json_set(content, "m.relates_to", relates);
}
