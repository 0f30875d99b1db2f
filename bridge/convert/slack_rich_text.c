#include <string.h>

#include "lib/json.h"
#include "lib/mem.h"
#include "lib/str.h"

#include "bridge/convert/slack_reader.h"

/* rich_text (Slack protocol reference, 6.3): its texts are not escaped. */

static const struct {
	const char *name;
	unsigned style;
} styles[] = {
        {"bold", STYLE_BOLD},
        {"italic", STYLE_ITALIC},
        {"strike", STYLE_STRIKE},
        {"code", STYLE_CODE},
        {"underline", STYLE_UNDERLINE},
};
enum { STYLES = sizeof(styles) / sizeof(styles[0]) };

static unsigned style_of(const cJSON *element)
{
	const cJSON *style = json_obj(element, "style");
	unsigned set = 0;

	for (size_t i = 0; style != NULL && i < STYLES; i++) {
		set |= json_bool(style, styles[i].name, false) ? styles[i].style : 0;
	}
	return set;
}

static struct str field(const cJSON *element, const char *name)
{
	return str_from(json_str(element, name));
}

/* ---------------------------------------------------------------- inline elements */

typedef void read_element_fn(
        struct slack_reader *reader, const cJSON *element, unsigned style);

static void read_text(struct slack_reader *reader, const cJSON *element, unsigned style)
{
	doc_add_text(reader->doc, field(element, "text"), style);
}

static void read_link(struct slack_reader *reader, const cJSON *element, unsigned style)
{
	slack_add_link(reader, field(element, "url"), field(element, "text"), style);
}

static void read_emoji(struct slack_reader *reader, const cJSON *element, unsigned style)
{
	int64_t tone = json_int(element, "skin_tone", 0);
	struct str name = field(element, "name"), unicode = field(element, "unicode");

	if (tone < 2 || tone > 6 || unicode.n > 0) {
		slack_add_emoji(reader, name, unicode, style);
		return;
	}
	autofree char *toned = xasprintf("%.*s::skin-tone-%d",
	        (int)(name.n < 100 ? name.n : 100), name.n > 0 ? name.p : "", (int)tone);
	slack_add_emoji(reader, str_from(toned), unicode, style);
}

static void read_user(struct slack_reader *reader, const cJSON *element, unsigned style)
{
	slack_add_user(reader, field(element, "user_id"), str_from(NULL), style);
}

static void read_group(struct slack_reader *reader, const cJSON *element, unsigned style)
{
	slack_add_group(reader, field(element, "usergroup_id"), str_from(NULL), style);
}

static void read_channel(
        struct slack_reader *reader, const cJSON *element, unsigned style)
{
	slack_add_channel(reader, field(element, "channel_id"), str_from(NULL), style);
}

static void read_team(struct slack_reader *reader, const cJSON *element, unsigned style)
{
	doc_add_text(reader->doc, str_from("@"), style);
	doc_add_text(reader->doc, field(element, "team_id"), style);
}

static void read_broadcast(
        struct slack_reader *reader, const cJSON *element, unsigned style)
{
	(void)element;
	slack_add_broadcast(reader, style);
}

static void read_color(struct slack_reader *reader, const cJSON *element, unsigned style)
{
	doc_add_text(reader->doc, field(element, "value"), style);
}

static void read_date(struct slack_reader *reader, const cJSON *element, unsigned style)
{
	struct str url = field(element, "url");
	size_t first = reader->doc->span_count;

	doc_end_span(reader->doc);
	slack_add_date(reader, json_int(element, "timestamp", -1),
	        field(element, "format"), field(element, "fallback"), style);
	if (url_is_allowed(url, URL_FOR_MATRIX)) {
		doc_make_link(reader->doc, first, url);
	}
}

static void read_message(
        struct slack_reader *reader, const cJSON *element, unsigned style)
{
	struct str url = field(element, "url"), text = field(element, "text");

	if (url.n > 0 && text.n > 0) {
		slack_add_link(reader, url, text, style);
		return;
	}
	struct str ts = field(element, "message_ts");
	slack_add_message(reader, field(element, "channel_id"),
	        ts.n > 0 ? ts : field(element, "ts"), url, style);
}

static const struct {
	const char *type;
	read_element_fn *read;
} elements[] = {
        {"text", read_text},
        {"link", read_link},
        {"emoji", read_emoji},
        {"user", read_user},
        {"usergroup", read_group},
        {"channel", read_channel},
        {"team", read_team},
        {"broadcast", read_broadcast},
        {"color", read_color},
        {"date", read_date},
        {"message_mention", read_message},
};
enum { ELEMENTS = sizeof(elements) / sizeof(elements[0]) };

/* What is newer than this table is shown by whatever text it has. */
static void read_unknown(
        struct slack_reader *reader, const cJSON *element, unsigned style)
{
	static const char *const names[] = {
	        "text", "fallback", "name", "title", "value", "url"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct str text = field(element, names[i]);
		if (text.n > 0) {
			doc_add_text(reader->doc, text, style);
			return;
		}
	}
	doc_add_text(reader->doc, str_from("["), style);
	doc_add_text(reader->doc, field(element, "type"), style);
	doc_add_text(reader->doc, str_from("]"), style);
}

static void read_element(struct slack_reader *reader, const cJSON *element)
{
	const char *type = json_str_or(element, "type", "");
	unsigned style = style_of(element);

	if (!cJSON_IsObject(element) || !slack_reader_count(reader)) {
		return;
	}
	for (size_t i = 0; i < ELEMENTS; i++) {
		if (str_equal(type, elements[i].type)) {
			elements[i].read(reader, element, style);
			return;
		}
	}
	read_unknown(reader, element, style);
}

static void read_elements(struct slack_reader *reader, const cJSON *holder)
{
	const cJSON *element;

	cJSON_ArrayForEach(element, json_arr(holder, "elements"))
	{
		read_element(reader, element);
	}
}

/* ---------------------------------------------------------------- lists */

/* Lists follow each other, deeper ones with a higher indent: this one's place in the
 * nest of those before. */
struct open_lists {
	int lists[DOC_MAX_DEPTH]; /* containers, by depth */
	unsigned count;
	bool quoted;
};

static bool continues(const struct doc *doc, int list, bool ordered, long start)
{
	const struct container *container = &doc->containers[list];
	return container->ordered == ordered && (!ordered || container->number == start);
}

/* Leaves the item (its list stays) or list that is open, down to `depth` lists. */
static void leave_lists(struct doc *doc, struct open_lists *open, unsigned depth)
{
	while (open->count > depth) {
		int list = open->lists[--open->count];
		while (doc->at != list) {
			doc_close(doc);
		}
		doc_close(doc);
	}
	if (depth == 0 && open->quoted) {
		doc_close(doc);
		open->quoted = false;
	}
}

/* Opens the list an element needs, inside the last item of the list around it. */
static bool enter_list(struct doc *doc, struct open_lists *open, const cJSON *element)
{
	int64_t indent = json_int(element, "indent", 0);
	bool ordered = str_equal(json_str(element, "style"), "ordered");
	int64_t offset = json_int(element, "offset", 0);
	long start = offset >= 0 && offset < 1000000 ? (long)offset + 1 : 1;
	unsigned level = indent < 0             ? 0
	                 : indent > open->count ? open->count
	                                        : (unsigned)indent;

	leave_lists(doc, open, level + 1);
	if (open->count == level + 1) {
		while (doc->at != open->lists[level]) {
			doc_close(doc);
		}
		if (continues(doc, open->lists[level], ordered, start)) {
			return true;
		}
		leave_lists(doc, open, level);
	}
	if (level == 0 && json_int(element, "border", 0) > 0 && !open->quoted) {
		open->quoted = doc_open(doc, CONTAINER_QUOTE);
	}
	if (open->count == DOC_MAX_DEPTH || !doc_open_list(doc, ordered, start)) {
		return false;
	}
	open->lists[open->count++] = doc->at;
	return true;
}

static void read_list(
        struct slack_reader *reader, struct open_lists *open, const cJSON *element)
{
	struct doc *doc = reader->doc;
	const cJSON *item;

	bool listed = enter_list(doc, open, element);
	int list = doc->at;
	cJSON_ArrayForEach(item, json_arr(element, "elements"))
	{
		while (listed && doc->at != list) {
			doc_close(doc);
		}
		if (listed) {
			doc_open(doc, CONTAINER_ITEM);
		}
		doc_block(doc, BLOCK_TEXT);
		read_elements(reader, item);
		doc_end_block(doc);
		/* The last item stays open for a list inside it. */
	}
}

/* ---------------------------------------------------------------- containers */

static void read_section(struct slack_reader *reader, const cJSON *element)
{
	if (reader->doc->in_block) {
		doc_add_text(reader->doc, str_from("\n"), 0);
	}
	read_elements(reader, element);
}

/* border: one more level than a quote has (peers report, 9.3 case 9). */
static void read_quote(struct slack_reader *reader, const cJSON *element)
{
	struct doc *doc = reader->doc;
	bool inner = json_int(element, "border", 0) > 0;
	bool outer_open = doc_open(doc, CONTAINER_QUOTE);
	bool inner_open = inner && doc_open(doc, CONTAINER_QUOTE);

	doc_block(doc, BLOCK_TEXT);
	read_elements(reader, element);
	if (inner_open) {
		doc_close(doc);
	}
	if (outer_open) {
		doc_close(doc);
	}
}

static void read_preformatted(struct slack_reader *reader, const cJSON *element)
{
	struct doc *doc = reader->doc;
	struct str language = field(element, "language");
	bool quoted =
	        json_int(element, "border", 0) > 0 && doc_open(doc, CONTAINER_QUOTE);
	struct chunk stored = doc_store_language(doc, language);
	const cJSON *child;

	doc_block(doc, BLOCK_CODE)->language = stored;
	cJSON_ArrayForEach(child, json_arr(element, "elements"))
	{
		struct str text = field(child, "text");
		if (slack_reader_count(reader)) {
			doc_add_text(doc, text.n > 0 ? text : field(child, "url"), 0);
		}
	}
	doc_end_block(doc);
	if (quoted) {
		doc_close(doc);
	}
}

/* A section goes on in the block of the section before, on a line of its own. */
void slack_read_rich_text(struct slack_reader *reader, const cJSON *block)
{
	struct open_lists open = {.count = 0};
	const cJSON *element;

	doc_end_block(reader->doc);
	cJSON_ArrayForEach(element, json_arr(block, "elements"))
	{
		const char *type = json_str_or(element, "type", "");
		if (!slack_reader_count(reader)) {
			break;
		}
		if (str_equal(type, "rich_text_list")) {
			read_list(reader, &open, element);
			continue;
		}
		leave_lists(reader->doc, &open, 0);
		if (str_equal(type, "rich_text_quote")) {
			read_quote(reader, element);
		} else if (str_equal(type, "rich_text_preformatted")) {
			read_preformatted(reader, element);
		} else if (json_arr(element, "elements") != NULL) {
			read_section(reader, element);
		} else {
			read_element(reader, element);
		}
	}
	leave_lists(reader->doc, &open, 0);
	doc_end_block(reader->doc);
}
