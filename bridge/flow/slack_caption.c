#include "bridge/flow/slack_caption.h"

#include "bridge/flow/payload.h"
#include "bridge/flow/slack_file.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum {
	MAX_WAITED_FOR_BYTES = 10 * 1024 * 1024,
	PATIENCE_MS = 5000, /* that a text waits for its file */
};

/* The message's only file; false if it has none, or several. */
static bool only_file(const struct flow *flow, struct slack_file *file)
{
	const cJSON *message = json_obj(flow->payload, "message");
	const cJSON *files = json_arr(message, "files");

	return cJSON_GetArraySize(files) == 1 &&
	       slack_file_parse(cJSON_GetArrayItem(files, 0), file);
}

/* The one it was shown with, if it was: files that an edit added stand behind it. */
static bool first_file(const struct flow *flow, struct slack_file *file)
{
	const cJSON *message = json_obj(flow->payload, "message");

	return slack_file_parse(cJSON_GetArrayItem(json_arr(message, "files"), 0), file);
}

static char *key_of(const struct flow *flow, const struct slack_file *file)
{
	return slack_file_key(payload_text(flow, "team"), payload_text(flow, "channel"),
	        payload_text(flow, "ts"), file->id);
}

static enum step_rc decide(struct flow *flow, const char *how)
{
	flow_set_fact(flow, "caption", how);
	return STEP_SAVE;
}

static bool take_media(struct slack_caption *caption)
{
	if (caption->media == NULL && caption->row.result != NULL) {
		caption->media = json_parse(str_from(caption->row.result), NULL);
	}
	return caption->media != NULL;
}

enum step_rc slack_caption_decide(struct flow *flow, struct slack_caption *caption)
{
	const char *decided = flow_fact(flow, "caption");
	struct slack_file file;

	if (str_equal(decided, "no") || caption->media != NULL ||
	        !only_file(flow, &file)) {
		return STEP_DONE;
	}
	autofree char *key = key_of(flow, &file);
	if (!caption->row.known) {
		return files_ask(flow, &caption->row, key);
	}
	if (caption->row.state == FILE_CARRIED && take_media(caption)) {
		return decided != NULL ? STEP_DONE : decide(flow, "yes");
	}
	if (caption->row.state != FILE_UNDER_WAY || caption->waited ||
	        file.bytes > MAX_WAITED_FOR_BYTES) {
		return decide(flow, "no");
	}
	caption->waited = true;
	files_forget(&caption->row);
	return files_wait(flow, key, PATIENCE_MS);
}

enum step_rc slack_caption_recall(struct flow *flow, struct slack_caption *caption)
{
	struct slack_file file;

	if (!first_file(flow, &file)) {
		return STEP_DONE;
	}
	if (!caption->row.known) {
		autofree char *key = key_of(flow, &file);
		return files_ask(flow, &caption->row, key);
	}
	if (caption->row.state == FILE_CARRIED && caption->row.reason[0] != '\0') {
		take_media(caption);
	}
	return STEP_DONE;
}

void slack_caption_finish(struct slack_caption *caption)
{
	files_forget(&caption->row);
	cJSON_Delete(caption->media);
	*caption = (struct slack_caption){0};
}

cJSON *slack_caption_event(const struct slack_caption *caption, cJSON *text)
{
	static const char *const kept[] = {"body", "format", "formatted_body",
	        "m.mentions", "m.relates_to", "com.beeper.per_message_profile"};
	cJSON *event = cJSON_Duplicate(caption->media, true);

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		cJSON *value = cJSON_DetachItemFromObjectCaseSensitive(text, kept[i]);
		if (value != NULL) {
			cJSON_DeleteItemFromObjectCaseSensitive(event, kept[i]);
			json_set(event, kept[i], value);
		}
	}
	cJSON_Delete(text);
	return event;
}

void slack_caption_record(struct flow *flow, const cJSON *text)
{
	struct slack_file file;

	if (first_file(flow, &file)) {
		autofree char *key = key_of(flow, &file);
		autofree char *printed = text == NULL ? xstrdup("{}") : json_print(text);
		store_tx_add(flow_tx(flow), STMT_FILE_CAPTION, "ss", key, printed);
	}
}
