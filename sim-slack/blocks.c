#include "sim-slack/blocks.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/text.h"

#include <stdlib.h>

/* Section 6.5. */
enum {
	BLOCKS_MAX = 50,
	BLOCK_ID_MAX = 255,
	SECTION_MAX = 3000,
	FIELDS_MAX = 10,
	FIELD_MAX = 2000,
	HEADER_MAX = 150,
	ALT_MAX = 2000,
	CONTEXT_MAX = 10,
	ACTIONS_MAX = 25,
	ALL_TEXT_MAX = 13200,
	DEPTH_MAX = 16,
};

static const char *const types[] = {"actions", "context", "context_actions", "divider",
        "file", "header", "image", "input", "markdown", "rich_text", "section", "table",
        "video", NULL};

struct check {
	char **why;
	int at;      /* the block's number */
	size_t text; /* characters in all blocks */
};

static const char *fail(struct check *check, const char *what, const char *where)
{
	*check->why = xasprintf(
	        "[ERROR] %s [json-pointer:/blocks/%d%s]", what, check->at, where);
	return "invalid_blocks";
}

static size_t length_of(const cJSON *object, const char *path)
{
	return text_length(json_str_or(object, path, ""));
}

/* Everything that is shown, however deep. */
static size_t count_text(const cJSON *value, unsigned depth)
{
	const cJSON *item;
	size_t count = 0;

	if (depth > DEPTH_MAX) {
		return 0;
	}
	cJSON_ArrayForEach(item, value)
	{
		if (cJSON_IsString(item) && str_equal(item->string, "text")) {
			count += text_length(item->valuestring);
		} else {
			count += count_text(item, depth + 1);
		}
	}
	return count;
}

static const char *section_error(struct check *check, const cJSON *block)
{
	const cJSON *fields = json_arr(block, "fields"), *field;

	if (!json_str(block, "text.text") && cJSON_GetArraySize(fields) == 0) {
		return fail(check, "missing required field: text", "/text");
	}
	if (length_of(block, "text.text") > SECTION_MAX) {
		return fail(check, "must be less than 3001 characters", "/text/text");
	}
	if (cJSON_GetArraySize(fields) > FIELDS_MAX) {
		return fail(check, "no more than 10 items allowed", "/fields");
	}
	cJSON_ArrayForEach(field, fields)
	{
		if (length_of(field, "text") > FIELD_MAX) {
			return fail(
			        check, "must be less than 2001 characters", "/fields");
		}
	}
	return NULL;
}

static const char *elements_error(struct check *check, const cJSON *block, int max)
{
	int count = cJSON_GetArraySize(json_arr(block, "elements"));

	if (count == 0) {
		return fail(check, "missing required field: elements", "/elements");
	}
	return count > max ? fail(check, "too many items", "/elements") : NULL;
}

static const char *image_error(struct check *check, const cJSON *block)
{
	if (!json_str(block, "image_url") && !json_obj(block, "slack_file")) {
		return fail(check, "missing required field: image_url", "/image_url");
	}
	if (!json_str(block, "alt_text")) {
		return fail(check, "missing required field: alt_text", "/alt_text");
	}
	return length_of(block, "alt_text") > ALT_MAX
	               ? fail(check, "must be less than 2001 characters", "/alt_text")
	               : NULL;
}

static const char *header_error(struct check *check, const cJSON *block)
{
	if (!json_str(block, "text.text")) {
		return fail(check, "missing required field: text", "/text");
	}
	return length_of(block, "text.text") > HEADER_MAX
	               ? fail(check, "must be less than 151 characters", "/text/text")
	               : NULL;
}

static const char *block_error(struct check *check, const cJSON *block)
{
	const char *type = json_str(block, "type");
	const char *const *known = types;

	if (!type) {
		return fail(check, "missing required field: type", "/type");
	}
	while (*known && !str_equal(*known, type)) {
		known++;
	}
	if (!*known) {
		return fail(check, "unsupported type", "/type");
	}
	if (length_of(block, "block_id") > BLOCK_ID_MAX) {
		return fail(check, "must be less than 256 characters", "/block_id");
	}
	check->text += count_text(block, 0);
	return str_equal(type, "section")   ? section_error(check, block)
	       : str_equal(type, "header")  ? header_error(check, block)
	       : str_equal(type, "image")   ? image_error(check, block)
	       : str_equal(type, "context") ? elements_error(check, block, CONTEXT_MAX)
	       : str_equal(type, "actions") ? elements_error(check, block, ACTIONS_MAX)
	                                    : NULL;
}

static bool is_repeated(const cJSON *blocks, const cJSON *block)
{
	const char *id = json_str(block, "block_id");
	const cJSON *other;

	cJSON_ArrayForEach(other, blocks)
	{
		if (other == block) {
			return false;
		}
		if (id && str_equal(id, json_str(other, "block_id"))) {
			return true;
		}
	}
	return false;
}

const char *blocks_error(const cJSON *blocks, char **why)
{
	struct check check = {.why = why};
	const cJSON *block;

	*why = NULL;
	if (!cJSON_IsArray(blocks)) {
		return "invalid_blocks";
	}
	if (cJSON_GetArraySize(blocks) > BLOCKS_MAX) {
		*why = xstrdup(
		        "[ERROR] no more than 50 items allowed [json-pointer:/blocks]");
		return "invalid_blocks";
	}
	cJSON_ArrayForEach(block, blocks)
	{
		const char *error = block_error(&check, block);

		if (!error && is_repeated(blocks, block)) {
			error = fail(&check, "block_id already exists", "/block_id");
		}
		if (error) {
			return error;
		}
		check.at++;
	}
	return check.text > ALL_TEXT_MAX ? "msg_blocks_too_long" : NULL;
}

void blocks_name(struct ids *ids, cJSON *blocks)
{
	cJSON *block;
	char id[6];

	cJSON_ArrayForEach(block, blocks)
	{
		if (!json_str(block, "block_id")) {
			rand_text(&ids->names, id, 5);
			json_set_str(block, "block_id", id);
		}
	}
}

void attachments_name(cJSON *attachments)
{
	cJSON *attachment;
	int64_t id = 0;

	cJSON_ArrayForEach(attachment, attachments)
	{
		json_set_int(attachment, "id", ++id);
		if (!json_str(attachment, "fallback")) {
			const char *text = json_str(attachment, "text");

			json_set_str(attachment, "fallback",
			        text ? text : "[no preview available]");
		}
	}
}
