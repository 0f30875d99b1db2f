#include <string.h>

#include "lib/json.h"
#include "lib/str.h"

#include "bridge/convert/slack_reader.h"

/* Block Kit: every kind readable, also those that are newer than this file. */

enum { MAX_UNKNOWN_NESTING = 10 };

static struct str field(const cJSON *object, const char *path)
{
	return str_from(json_str(object, path));
}

/* A text object, or a bare text, as some kinds have. */
void slack_read_text_object(
        struct slack_reader *reader, const cJSON *object, unsigned style)
{
	struct str text = cJSON_IsString(object) ? str_from(object->valuestring)
	                                         : field(object, "text");

	if (str_equal(json_str(object, "type"), "mrkdwn")) {
		slack_read_mrkdwn(reader, text, style);
	} else {
		slack_read_plain(reader, text, json_bool(object, "emoji", true), style);
	}
}

static bool has_text(const cJSON *object)
{
	return cJSON_IsString(object) ? object->valuestring[0] != '\0'
	                              : field(object, "text").n > 0;
}

static void add(struct slack_reader *reader, const char *text)
{
	doc_add_text(reader->doc, str_from(text), 0);
}

/* ---------------------------------------------------------------- elements */

static void read_image(struct slack_reader *reader, const cJSON *image)
{
	struct str title = field(image, "title.text"), alt = field(image, "alt_text");
	struct str url = field(image, "image_url");
	struct str name = title.n > 0 ? title : alt;

	if (url.n == 0) {
		url = field(image, "slack_file.url");
	}
	slack_add_link(reader, url,
	        name.n > 0  ? name
	        : url.n > 0 ? str_from(NULL)
	                    : str_from("[image]"),
	        0);
}

/* Buttons and menus cannot be used from Matrix: what they say is shown, links work. */
static void read_button(struct slack_reader *reader, const cJSON *element)
{
	struct str url = field(element, "url");

	if (url.n > 0) {
		slack_add_link(reader, url, field(element, "text.text"), 0);
		return;
	}
	add(reader, "[");
	slack_read_text_object(reader, json_get(element, "text"), 0);
	add(reader, "]");
}

static void read_options(struct slack_reader *reader, const cJSON *element)
{
	const cJSON *option;
	size_t count = 0;

	cJSON_ArrayForEach(option, json_arr(element, "options"))
	{
		if (slack_reader_count(reader)) {
			add(reader, count++ > 0 ? " / " : "");
			slack_read_text_object(reader, json_get(option, "text"), 0);
		}
	}
}

static void read_menu(struct slack_reader *reader, const cJSON *element)
{
	static const char *const values[] = {
	        "initial_value", "initial_date", "initial_time", "value"};

	add(reader, "[");
	const cJSON *shown = json_get(element, "initial_option.text");
	if (!has_text(shown)) {
		shown = json_get(element, "placeholder");
	}
	if (!has_text(shown)) {
		shown = json_get(element, "text");
	}
	for (size_t i = 0; !has_text(shown) && i < sizeof(values) / sizeof(values[0]);
	        i++) {
		shown = json_get(element, values[i]);
	}
	if (has_text(shown)) {
		slack_read_text_object(reader, shown, 0);
	} else if (json_arr(element, "options") != NULL) {
		read_options(reader, element);
	} else {
		doc_add_text(reader->doc, field(element, "type"), 0);
	}
	add(reader, "]");
}

static void read_element(struct slack_reader *reader, const cJSON *element)
{
	const char *type = json_str_or(element, "type", "");

	if (!slack_reader_count(reader)) {
		return;
	}
	if (str_equal(type, "image")) {
		read_image(reader, element);
	} else if (str_equal(type, "mrkdwn") || str_equal(type, "plain_text")) {
		slack_read_text_object(reader, element, 0);
	} else if (str_equal(type, "button") || str_equal(type, "workflow_button")) {
		read_button(reader, element);
	} else {
		read_menu(reader, element);
	}
}

/* All in one line, apart. */
static void read_elements(struct slack_reader *reader, const cJSON *elements)
{
	const cJSON *element;

	doc_end_block(reader->doc);
	cJSON_ArrayForEach(element, elements)
	{
		if (reader->doc->in_block) {
			add(reader, " ");
		}
		read_element(reader, element);
	}
	doc_end_block(reader->doc);
}

/* ---------------------------------------------------------------- blocks */

typedef void read_block_fn(struct slack_reader *reader, const cJSON *block);

static void read_section(struct slack_reader *reader, const cJSON *block)
{
	const cJSON *one;

	if (json_get(block, "text") != NULL) {
		slack_read_text_object(reader, json_get(block, "text"), 0);
		doc_end_block(reader->doc);
	}
	cJSON_ArrayForEach(one, json_arr(block, "fields"))
	{
		if (slack_reader_count(reader)) {
			slack_read_text_object(reader, one, 0);
			doc_end_block(reader->doc);
		}
	}
	if (json_obj(block, "accessory") != NULL) {
		read_element(reader, json_obj(block, "accessory"));
	}
}

static void read_header(struct slack_reader *reader, const cJSON *block)
{
	doc_block(reader->doc, BLOCK_HEADING)->level = 3;
	slack_read_text_object(reader, json_get(block, "text"), 0);
}

static void read_divider(struct slack_reader *reader, const cJSON *block)
{
	(void)block;
	doc_block(reader->doc, BLOCK_RULE);
}

static void read_row_of_elements(struct slack_reader *reader, const cJSON *block)
{
	read_elements(reader, json_arr(block, "elements"));
}

static void read_input(struct slack_reader *reader, const cJSON *block)
{
	slack_read_text_object(reader, json_get(block, "label"), STYLE_BOLD);
	add(reader, ": ");
	read_element(reader, json_obj(block, "element"));
}

static void read_video(struct slack_reader *reader, const cJSON *block)
{
	struct str url = field(block, "title_url");
	struct str title = field(block, "title.text");

	slack_add_link(reader, url.n > 0 ? url : field(block, "video_url"),
	        title.n > 0 ? title : field(block, "alt_text"), STYLE_BOLD);
	if (has_text(json_get(block, "description"))) {
		add(reader, "\n");
		slack_read_text_object(reader, json_get(block, "description"), 0);
	}
	struct str author = field(block, "author_name");
	struct str provider = field(block, "provider_name");
	if (author.n + provider.n > 0) {
		add(reader, "\n");
		doc_add_text(reader->doc, author, STYLE_ITALIC);
		doc_add_text(reader->doc,
		        str_from(author.n > 0 && provider.n > 0 ? ", " : ""),
		        STYLE_ITALIC);
		doc_add_text(reader->doc, provider, STYLE_ITALIC);
	}
}

static void read_file(struct slack_reader *reader, const cJSON *block)
{
	struct str url = field(block, "file.permalink");
	struct str name = field(block, "file.title");

	name = name.n > 0 ? name : field(block, "file.name");
	if (name.n + url.n > 0) {
		slack_add_link(reader, url, name, 0);
		return;
	}
	add(reader, "[file ");
	doc_add_text(reader->doc, field(block, "external_id"), 0);
	add(reader, "]");
}

static void read_call(struct slack_reader *reader, const cJSON *block)
{
	struct str name = field(block, "call.v1.name");
	struct str url = field(block, "call.v1.join_url");

	add(reader, "Call: ");
	slack_add_link(reader, url, name.n > 0 ? name : url, 0);
}

/* Within a cell all is one line, so of rich text only the spans are taken over. */
static void read_cell(struct slack_reader *reader, const cJSON *cell)
{
	struct doc *outer = reader->doc, inner;

	if (!str_equal(json_str(cell, "type"), "rich_text")) {
		slack_read_plain(reader, field(cell, "text"), true, 0);
		return;
	}
	doc_init(&inner);
	reader->doc = &inner;
	slack_read_rich_text(reader, cell);
	reader->doc = outer;
	for (size_t i = 0; i < inner.span_count; i++) {
		doc_copy_span(outer, &inner, &inner.spans[i]);
	}
	doc_finish(&inner);
}

static void read_table(struct slack_reader *reader, const cJSON *block)
{
	const cJSON *row, *cell;
	bool table = true, header = true;

	cJSON_ArrayForEach(row, json_arr(block, "rows"))
	{
		bool first = true;
		cJSON_ArrayForEach(cell, row)
		{
			if (!slack_reader_count(reader)) {
				return;
			}
			struct block *made = doc_block(reader->doc, BLOCK_CELL);
			made->table = table;
			made->row = first;
			made->header = header;
			read_cell(reader, cell);
			doc_end_block(reader->doc);
			table = first = false;
		}
		header = false;
	}
}

static void read_markdown(struct slack_reader *reader, const cJSON *block)
{
	slack_read_markdown(reader, field(block, "text"));
}

static const struct {
	const char *type;
	read_block_fn *read;
} kinds[] = {
        {"rich_text", slack_read_rich_text},
        {"section", read_section},
        {"header", read_header},
        {"divider", read_divider},
        {"context", read_row_of_elements},
        {"actions", read_row_of_elements},
        {"context_actions", read_row_of_elements},
        {"image", read_image},
        {"input", read_input},
        {"video", read_video},
        {"file", read_file},
        {"call", read_call},
        {"table", read_table},
        {"markdown", read_markdown},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* Every text found in a block of an unknown kind, each on a line of its own. */
static void read_any_text(struct slack_reader *reader, const cJSON *value, unsigned depth)
{
	static const char *const names[] = {"text", "title", "subtitle", "description",
	        "label", "alt_text", "name", "value"};
	const cJSON *child;

	if (depth == MAX_UNKNOWN_NESTING) {
		return;
	}
	cJSON_ArrayForEach(child, value)
	{
		bool named = cJSON_IsString(child) && child->string == NULL;
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			named = named || (cJSON_IsString(child) &&
			                         str_equal(child->string, names[i]));
		}
		if (!slack_reader_count(reader)) {
			return;
		}
		if (named && child->valuestring[0] != '\0') {
			slack_read_plain(reader, str_from(child->valuestring), true, 0);
			doc_end_block(reader->doc);
		} else if (cJSON_IsArray(child) || cJSON_IsObject(child)) {
			read_any_text(reader, child, depth + 1);
		}
	}
}

static void read_unknown(struct slack_reader *reader, const cJSON *block)
{
	size_t before = reader->doc->span_count;

	read_any_text(reader, block, 0);
	if (reader->doc->span_count == before) {
		add(reader, "[");
		doc_add_text(reader->doc, field(block, "type"), 0);
		add(reader, "]");
	}
}

static void read_block(struct slack_reader *reader, const cJSON *block)
{
	const char *type = json_str_or(block, "type", "");

	doc_end_block(reader->doc);
	for (size_t i = 0; i < KINDS; i++) {
		if (str_equal(type, kinds[i].type)) {
			kinds[i].read(reader, block);
			doc_end_block(reader->doc);
			return;
		}
	}
	read_unknown(reader, block);
	doc_end_block(reader->doc);
}

void slack_read_blocks(struct slack_reader *reader, const cJSON *blocks)
{
	const cJSON *block;

	if (reader->nesting == SLACK_MAX_NESTING) {
		return;
	}
	reader->nesting++;
	cJSON_ArrayForEach(block, blocks)
	{
		if (cJSON_IsObject(block) && slack_reader_count(reader)) {
			read_block(reader, block);
		}
	}
	reader->nesting--;
}
