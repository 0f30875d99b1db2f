#include "bridge/convert/edits.h"

#include "lib/json.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

/* ---------------------------------------------------------------- Slack: what changed */

static bool in_list(const char *key, const char *const *list)
{
	for (; *list != NULL; list++) {
		if (str_equal(key, *list)) {
			return true;
		}
	}
	return false;
}

/* What Slack itself fills in or numbers anew. */
static const char *const not_content[] = {
        "block_id", "id", "image_width", "image_height", "image_bytes", NULL};

static bool alike(const cJSON *a, const cJSON *b);

static bool has_all(const cJSON *a, const cJSON *b)
{
	const cJSON *member;

	cJSON_ArrayForEach(member, a)
	{
		if (!in_list(member->string, not_content) &&
		        !alike(member,
		                cJSON_GetObjectItemCaseSensitive(b, member->string))) {
			return false;
		}
	}
	return true;
}

static bool arrays_alike(const cJSON *a, const cJSON *b)
{
	const cJSON *left = a->child, *right = b->child;

	while (left != NULL && right != NULL && alike(left, right)) {
		left = left->next;
		right = right->next;
	}
	return left == NULL && right == NULL;
}

static bool alike(const cJSON *a, const cJSON *b)
{
	if (a == NULL || b == NULL) {
		return a == b;
	}
	if (cJSON_IsObject(a) && cJSON_IsObject(b)) {
		return has_all(a, b) && has_all(b, a);
	}
	if (cJSON_IsArray(a) && cJSON_IsArray(b)) {
		return arrays_alike(a, b);
	}
	return cJSON_Compare(a, b, true);
}

/* What Slack or an app shows for a link of the message; a share is the author's own. */
static bool is_unfurl(const cJSON *attachment)
{
	static const char *const marks[] = {"from_url", "original_url", "app_unfurl_url",
	        "is_app_unfurl", "is_msg_unfurl", "is_reply_unfurl",
	        "is_thread_root_unfurl", NULL};

	if (json_bool(attachment, "is_share", false)) {
		return false;
	}
	for (const char *const *mark = marks; *mark != NULL; mark++) {
		const cJSON *value = json_get(attachment, *mark);
		if (value != NULL && !cJSON_IsFalse(value) && !cJSON_IsNull(value)) {
			return true;
		}
	}
	return false;
}

static const cJSON *next_own(const cJSON *attachment)
{
	while (attachment != NULL && is_unfurl(attachment)) {
		attachment = attachment->next;
	}
	return attachment;
}

static const cJSON *first_of(const cJSON *message, const char *list)
{
	const cJSON *array = json_arr(message, list);
	return array == NULL ? NULL : array->child;
}

static bool attachments_alike(const cJSON *a, const cJSON *b)
{
	const cJSON *left = next_own(first_of(a, "attachments"));
	const cJSON *right = next_own(first_of(b, "attachments"));

	while (left != NULL && right != NULL && alike(left, right)) {
		left = next_own(left->next);
		right = next_own(right->next);
	}
	return left == NULL && right == NULL;
}

static bool text_alike(const cJSON *before, const cJSON *now)
{
	const cJSON *old_blocks = first_of(before, "blocks");
	const cJSON *new_blocks = first_of(now, "blocks");

	/* Not every copy of a message carries the blocks that Slack makes of its text. */
	if (old_blocks != NULL && new_blocks != NULL &&
	        !arrays_alike(json_arr(before, "blocks"), json_arr(now, "blocks"))) {
		return false;
	}
	return str_equal(json_str_or(before, "text", ""), json_str_or(now, "text", "")) &&
	       attachments_alike(before, now);
}

static bool files_alike(const cJSON *before, const cJSON *now)
{
	const cJSON *left = first_of(before, "files"), *right = first_of(now, "files");

	for (; left != NULL && right != NULL; left = left->next, right = right->next) {
		bool old_gone = str_equal(json_str(left, "mode"), "tombstone");
		bool new_gone = str_equal(json_str(right, "mode"), "tombstone");
		if (old_gone != new_gone ||
		        !str_equal(json_str(left, "id"), json_str(right, "id"))) {
			return false;
		}
	}
	return left == NULL && right == NULL;
}

unsigned edits_slack_change(const cJSON *event)
{
	const cJSON *now = json_obj(event, "message");
	const cJSON *before = json_obj(event, "previous_message");
	unsigned change = SLACK_CHANGE_NONE;

	if (str_equal(json_str(now, "subtype"), "tombstone")) {
		return SLACK_CHANGE_DELETED;
	}
	if (before == NULL) {
		return json_obj(now, "edited") != NULL ? SLACK_CHANGE_TEXT
		                                       : SLACK_CHANGE_NONE;
	}
	if (!text_alike(before, now)) {
		change |= SLACK_CHANGE_TEXT;
	}
	if (!files_alike(before, now)) {
		change |= SLACK_CHANGE_FILES;
	}
	return change;
}

/* ---------------------------------------------------------------- Matrix: m.replace */

static void put_star(cJSON *content, const char *name)
{
	const char *text = json_str(content, name);

	if (text != NULL) {
		autofree char *starred = xasprintf("* %s", text);
		json_set_str(content, name, starred);
	}
}

static const cJSON *mentions_of(const cJSON *content)
{
	return cJSON_GetObjectItemCaseSensitive(content, "m.mentions");
}

static bool names_user(const cJSON *content, const char *user)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, json_arr(mentions_of(content), "user_ids"))
	{
		if (cJSON_IsString(item) && str_equal(item->valuestring, user)) {
			return true;
		}
	}
	return false;
}

/* Only who was not pinged by the message before. */
static cJSON *new_mentions(const cJSON *now, const cJSON *before)
{
	cJSON *mentions = json_new(), *users = cJSON_CreateArray();
	const cJSON *item;

	cJSON_ArrayForEach(item, json_arr(mentions_of(now), "user_ids"))
	{
		if (before != NULL && cJSON_IsString(item) &&
		        !names_user(before, item->valuestring)) {
			cJSON_AddItemToArray(
			        users, cJSON_CreateString(item->valuestring));
		}
	}
	if (cJSON_GetArraySize(users) > 0) {
		json_set(mentions, "user_ids", users);
	} else {
		cJSON_Delete(users);
	}
	if (before != NULL && json_bool(mentions_of(now), "room", false) &&
	        !json_bool(mentions_of(before), "room", false)) {
		json_set_bool(mentions, "room", true);
	}
	return mentions;
}

cJSON *edits_matrix_content(
        cJSON *new_content, const cJSON *old_content, const char *event_id)
{
	cJSON *content = cJSON_Duplicate(new_content, true);
	cJSON *relation = json_new();

	put_star(content, "body");
	put_star(content, "formatted_body");
	json_set(content, "m.mentions", new_mentions(new_content, old_content));
	json_set_str(relation, "rel_type", "m.replace");
	json_set_str(relation, "event_id", event_id);
	cJSON_DeleteItemFromObjectCaseSensitive(new_content, "m.relates_to");
	json_set(content, "m.new_content", new_content);
	return json_set(content, "m.relates_to", relation);
}
