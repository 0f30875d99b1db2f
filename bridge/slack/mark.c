#include "bridge/slack/mark.h"

#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

enum { EVENT_CHARS = 32, EDIT_CHARS = 16 };

#define BEGINNING "mx:"

static char *digest(const char *text, size_t chars)
{
	autofree char *all = sha256_hex(str_from(text));

	return xstrndup(all, chars);
}

char *mark_block_id(const struct slack_mark *mark, bool with_edit)
{
	autofree char *event = digest(mark->event_id, EVENT_CHARS);
	autofree char *edit = !with_edit || mark->edit_id == NULL
	                              ? xstrdup("")
	                              : digest(mark->edit_id, EDIT_CHARS);

	return xasprintf(BEGINNING "%s:%s:%u:%s", mark->tag, event, mark->piece, edit);
}

bool slack_mark_is_edit(const char *found, const char *edit_id)
{
	if (found[0] == '\0' || edit_id == NULL) {
		return false;
	}
	autofree char *short_id = digest(edit_id, EDIT_CHARS);
	return str_equal(found, edit_id) || str_equal(found, short_id);
}

/* One block that says the text. */
static cJSON *plain_blocks(const char *text)
{
	cJSON *element = json_set_str(json_new(), "type", "text");
	cJSON *section = json_set_str(json_new(), "type", "rich_text_section");
	cJSON *block = json_set_str(json_new(), "type", "rich_text");
	cJSON *elements = cJSON_CreateArray(), *sections = cJSON_CreateArray();
	cJSON *blocks = cJSON_CreateArray();

	cJSON_AddItemToArray(elements, json_set_str(element, "text", text));
	cJSON_AddItemToArray(sections, json_set(section, "elements", elements));
	cJSON_AddItemToArray(blocks, json_set(block, "elements", sections));
	return blocks;
}

char *mark_blocks(const char *blocks, const char *text, const struct slack_mark *mark)
{
	autojson cJSON *list = blocks == NULL ? NULL : json_parse(str_from(blocks), NULL);
	autofree char *id = mark_block_id(mark, true);

	if (cJSON_GetArraySize(list) == 0) {
		cJSON_Delete(list);
		list = plain_blocks(text);
	}
	json_set_str(cJSON_GetArrayItem(list, 0), "block_id", id);
	return json_print(list);
}

const char *mark_of_blocks(const cJSON *message)
{
	const char *id = json_str_or(
	        cJSON_GetArrayItem(json_arr(message, "blocks"), 0), "block_id", "");

	return str_starts(id, BEGINNING) ? id : "";
}

const char *mark_edit(const char *block_id)
{
	const char *colon = strrchr(block_id, ':');

	return colon == NULL ? "" : colon + 1;
}

bool mark_has_tag(const char *block_id, const char *tag)
{
	size_t n = strlen(BEGINNING), m = strlen(tag);

	return str_starts(block_id, BEGINNING) && strncmp(block_id + n, tag, m) == 0 &&
	       block_id[n + m] == ':';
}
