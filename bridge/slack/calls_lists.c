/* emoji.list, usergroups.list: what a workspace has for all of its messages */
#include "bridge/slack/web_api.h"

#include "lib/mem.h"

#include "bridge/slack/call.h"
#include "bridge/slack/errors.h"

#include <stdlib.h>
#include <string.h>

enum {
	/* Far above what any workspace is known to have. */
	MAX_EMOJI = 50000,
	MAX_GROUPS = 10000,
	MAX_NAME_BYTES = 255,
	MAX_VALUE_BYTES = 2000,
};

static void report_emoji(
        struct slack_call *call, const cJSON *answer, const struct err *err)
{
	const cJSON *list = json_obj(answer, "emoji");
	struct err unusable;

	if (answer != NULL && list == NULL) {
		slack_unusable(
		        slack_method_info(call->method), "list of emoji", &unusable);
		err = &unusable;
	}
	if (err->kind != ERR_NONE) {
		call->done.emoji(NULL, 0, "", err, call->arg);
		return;
	}

	struct slack_emoji *emoji = xcalloc(MAX_EMOJI, sizeof(emoji[0]));
	size_t count = 0;
	const cJSON *item;
	cJSON_ArrayForEach(item, list)
	{
		if (count < MAX_EMOJI && cJSON_IsString(item) &&
		        strlen(item->string) <= MAX_NAME_BYTES &&
		        strlen(item->valuestring) <= MAX_VALUE_BYTES) {
			emoji[count++] =
			        (struct slack_emoji){item->string, item->valuestring};
		}
	}
	call->done.emoji(
	        emoji, count, json_str_or(answer, "cache_ts", ""), err, call->arg);
	free(emoji);
}

struct slack_call *slack_emoji_list(
        struct slack_api *api, slack_emoji_list_fn *done, void *arg)
{
	struct slack_call *call = slack_call_create(api, SLACK_EMOJI_LIST);

	slack_call_start(call, report_emoji, (union slack_done){.emoji = done}, arg);
	return call;
}

bool slack_group_parse(const cJSON *obj, struct slack_group *out)
{
	*out = (struct slack_group){
	        .id = json_str_or(obj, "id", ""),
	        .handle = json_str_or(obj, "handle", ""),
	        .disabled = json_int(obj, "date_delete", 0) != 0,
	        .updated_s = json_int(obj, "date_update", 0),
	};
	return out->id[0] != '\0' && strlen(out->id) <= MAX_NAME_BYTES &&
	       out->handle[0] != '\0' && strlen(out->handle) <= MAX_NAME_BYTES;
}

static void report_groups(
        struct slack_call *call, const cJSON *answer, const struct err *err)
{
	const cJSON *list = json_arr(answer, "usergroups");
	int listed = cJSON_GetArraySize(list);
	struct err unusable;

	if (answer != NULL && (list == NULL || listed > MAX_GROUPS)) {
		slack_unusable(slack_method_info(call->method), "list of user groups",
		        &unusable);
		err = &unusable;
	}
	if (err->kind != ERR_NONE) {
		call->done.groups(NULL, 0, err, call->arg);
		return;
	}

	struct slack_group *groups = xcalloc((size_t)listed + 1, sizeof(groups[0]));
	size_t count = 0;
	const cJSON *item;
	cJSON_ArrayForEach(item, list)
	{
		count += slack_group_parse(item, &groups[count]);
	}
	call->done.groups(groups, count, err, call->arg);
	free(groups);
}

struct slack_call *slack_group_list(
        struct slack_api *api, slack_group_list_fn *done, void *arg)
{
	struct slack_call *call = slack_call_create(api, SLACK_USERGROUPS_LIST);

	slack_call_set(call, "include_disabled", "true");
	slack_call_start(call, report_groups, (union slack_done){.groups = done}, arg);
	return call;
}
