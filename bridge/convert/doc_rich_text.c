#include <stdio.h>
#include <string.h>

#include "lib/emoji_table.h"

#include "bridge/convert/doc_slack.h"

/* rich_text (Slack protocol reference, 6.3). Its elements do not nest: a block goes where
 * its innermost quote or list says. */

enum element { ELEMENT_NONE, ELEMENT_SECTION, ELEMENT_QUOTE, ELEMENT_LIST };

struct writer {
	const struct doc *doc;
	struct buf *out;
	enum element open;
	int container; /* of the open quote or list */
	int item;      /* the open one of the list */
	enum block_kind last;
	bool any_element, any_span;
};

/* ---------------------------------------------------------------- JSON */

static void add_json(struct buf *out, struct str text)
{
	size_t from = 0;

	buf_puts(out, "\"");
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c >= 0x20 && c != '"' && c != '\\') {
			continue;
		}
		buf_add(out, text.p + from, i - from);
		if (c == '"' || c == '\\') {
			buf_puts(out, c == '"' ? "\\\"" : "\\\\");
		} else if (c == '\n') {
			buf_puts(out, "\\n");
		} else {
			buf_printf(out, "\\u%04x", c);
		}
		from = i + 1;
	}
	buf_add(out, text.p + from, text.n - from);
	buf_puts(out, "\"");
}

static void add_number(struct buf *out, const char *name, unsigned long number)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	buf_puts(out, name);
	buf_add(out, digits + at, sizeof(digits) - at);
}

static void add_field(struct buf *out, const char *name, struct str value)
{
	buf_puts(out, ",\"");
	buf_puts(out, name);
	buf_puts(out, "\":");
	add_json(out, value);
}

static void add_style(struct buf *out, unsigned style)
{
	static const struct {
		unsigned style;
		const char *name;
	} names[] = {{STYLE_BOLD, "bold"}, {STYLE_ITALIC, "italic"},
	        {STYLE_STRIKE, "strike"}, {STYLE_CODE, "code"},
	        {STYLE_UNDERLINE, "underline"}};
	bool any = false;

	if (style == 0) {
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (style & names[i].style) {
			buf_puts(out, any ? ",\"" : ",\"style\":{\"");
			buf_puts(out, names[i].name);
			buf_puts(out, "\":true");
			any = true;
		}
	}
	buf_puts(out, any ? "}" : "");
}

/* ---------------------------------------------------------------- spans */

static void begin_span(struct writer *writer, const char *type)
{
	buf_puts(writer->out, writer->any_span ? ",{\"type\":\"" : "{\"type\":\"");
	buf_puts(writer->out, type);
	buf_puts(writer->out, "\"");
	writer->any_span = true;
}

/* Most of what is written: so in few steps. */
static void add_text(struct writer *writer, struct str text, unsigned style)
{
	static const char begin[] = ",{\"type\":\"text\",\"text\":";
	size_t skip = writer->any_span ? 0 : 1;

	buf_add(writer->out, begin + skip, sizeof(begin) - 1 - skip);
	writer->any_span = true;
	add_json(writer->out, text);
	add_style(writer->out, style);
	buf_add(writer->out, "}", 1);
}

static void add_link(struct writer *writer, const struct span *span)
{
	struct str text = doc_str(writer->doc, span->text);
	struct str url = doc_str(writer->doc, span->url);

	begin_span(writer, "link");
	add_field(writer->out, "url", url);
	if (text.n != url.n || memcmp(text.p, url.p, url.n) != 0) {
		add_field(writer->out, "text", text);
	}
	add_style(writer->out, span->style);
	buf_puts(writer->out, "}");
}

/* "wave::skin-tone-3" is the name wave and the tone 3. */
static void add_emoji(struct writer *writer, const struct span *span)
{
	static const char mark[] = "::skin-tone-";
	struct str name = doc_str(writer->doc, span->ref);
	const char *tone = memmem(name.p, name.n, mark, strlen(mark));
	bool single = tone != NULL && tone + strlen(mark) + 1 == name.p + name.n;
	const char *text = emoji_text(name);
	const char *sign = "";

	begin_span(writer, "emoji");
	add_field(writer->out, "name",
	        single ? (struct str){name.p, (size_t)(tone - name.p)} : name);
	buf_puts(writer->out, text == NULL ? "" : ",\"unicode\":\"");
	for (const unsigned char *p = (const unsigned char *)text; p != NULL && *p;) {
		size_t n = *p < 0x80 ? 1 : *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : 4;
		unsigned point = n == 1 ? *p : *p & (0x7FU >> n);
		for (size_t i = 1; i < n; i++) {
			point = point << 6 | (p[i] & 0x3FU);
		}
		buf_printf(writer->out, "%s%04x", sign, point);
		sign = "-";
		p += n;
	}
	buf_puts(writer->out, text == NULL ? "" : "\"");
	if (single) {
		buf_printf(writer->out, ",\"skin_tone\":%c", tone[strlen(mark)]);
	}
	add_style(writer->out, span->style & ~(unsigned)(STYLE_CODE | STYLE_UNDERLINE));
	buf_puts(writer->out, "}");
}

static void add_named(struct writer *writer, const char *type, const char *field,
        const struct span *span)
{
	begin_span(writer, type);
	add_field(writer->out, field, doc_str(writer->doc, span->ref));
	add_style(writer->out, span->style & ~(unsigned)(STYLE_CODE | STYLE_UNDERLINE));
	buf_puts(writer->out, "}");
}

static void add_span(struct writer *writer, const struct span *span, unsigned style)
{
	struct span styled = *span;
	bool known = span->ref.n > 0 && span->url.n == 0;

	styled.style = (uint8_t)(span->style | style);
	if (span->url.n > 0) {
		add_link(writer, &styled);
	} else if (span->kind == SPAN_EMOJI && known) {
		add_emoji(writer, &styled);
	} else if (span->kind == SPAN_CUSTOM && known) {
		add_named(writer, "emoji", "name", &styled);
	} else if (span->kind == SPAN_USER && known) {
		add_named(writer, "user", "user_id", &styled);
	} else if (span->kind == SPAN_CHANNEL && known) {
		add_named(writer, "channel", "channel_id", &styled);
	} else if (span->kind == SPAN_GROUP && known) {
		add_named(writer, "usergroup", "usergroup_id", &styled);
	} else if (span->kind == SPAN_ROOM) {
		begin_span(writer, "broadcast");
		add_field(writer->out, "range", str_from("channel"));
		buf_puts(writer->out, "}");
	} else {
		add_text(writer, doc_str(writer->doc, span->text), styled.style);
	}
}

/* ---------------------------------------------------------------- elements */

static void begin_element(struct writer *writer, const char *type)
{
	buf_puts(writer->out, writer->any_element ? ",{\"type\":\"" : "{\"type\":\"");
	buf_puts(writer->out, type);
	buf_puts(writer->out, "\"");
	writer->any_element = true;
	writer->any_span = false;
}

static void end_section(struct writer *writer)
{
	if (!writer->any_span) { /* Slack wants something in it */
		add_text(writer, str_from(" "), 0);
	}
	buf_puts(writer->out, "]}");
}

static void end_element(struct writer *writer)
{
	switch (writer->open) {
	case ELEMENT_NONE:
		break;
	case ELEMENT_SECTION:
	case ELEMENT_QUOTE:
		end_section(writer);
		break;
	case ELEMENT_LIST:
		end_section(writer);
		buf_puts(writer->out, "]}");
		break;
	}
	writer->open = ELEMENT_NONE;
}

static void begin_section(struct writer *writer)
{
	begin_element(writer, "rich_text_section");
	buf_puts(writer->out, ",\"elements\":[");
	writer->open = ELEMENT_SECTION;
}

static void begin_quote(struct writer *writer, int container)
{
	begin_element(writer, "rich_text_quote");
	if (doc_quotes(writer->doc, container) > 1) {
		buf_puts(writer->out, ",\"border\":1");
	}
	buf_puts(writer->out, ",\"elements\":[");
	writer->open = ELEMENT_QUOTE;
	writer->container = container;
}

static void begin_item(struct writer *writer, int item)
{
	static const char begin[] = "{\"type\":\"rich_text_section\",\"elements\":[";

	buf_add(writer->out, begin, sizeof(begin) - 1);
	writer->item = item;
	writer->any_span = false;
}

static void begin_list(struct writer *writer, int list, int item)
{
	const struct container *container = &writer->doc->containers[list];
	long number = writer->doc->containers[item].number;

	begin_element(writer, "rich_text_list");
	add_field(writer->out, "style",
	        str_from(container->ordered ? "ordered" : "bullet"));
	add_number(writer->out, ",\"indent\":", doc_lists(writer->doc, list) - 1);
	if (container->ordered && number > 1) {
		add_number(writer->out, ",\"offset\":", (unsigned long)number - 1);
	}
	if (doc_quotes(writer->doc, list) > 0) {
		buf_puts(writer->out, ",\"border\":1");
	}
	buf_puts(writer->out, ",\"elements\":[");
	writer->open = ELEMENT_LIST;
	writer->container = list;
	begin_item(writer, item);
}

/* Between two blocks in one element. */
static void add_separator(struct writer *writer, enum block_kind kind)
{
	bool paragraphs = kind != BLOCK_RULE && writer->last == BLOCK_TEXT &&
	                  writer->open != ELEMENT_LIST;

	if (writer->any_span) {
		add_text(writer, str_from(paragraphs ? "\n\n" : "\n"), 0);
	}
}

static void enter_list(struct writer *writer, int item, enum block_kind kind)
{
	int list = doc_parent(writer->doc, item);

	if (writer->open != ELEMENT_LIST || writer->container != list) {
		end_element(writer);
		begin_list(writer, list, item);
	} else if (writer->item != item) {
		end_section(writer);
		buf_puts(writer->out, ",");
		begin_item(writer, item);
	} else {
		add_separator(writer, kind);
	}
}

static void enter(struct writer *writer, const struct block *block)
{
	const struct doc *doc = writer->doc;
	int container = block->container;

	if (container != DOC_NONE && doc->containers[container].kind == CONTAINER_ITEM) {
		enter_list(writer, container, block->kind);
	} else if (container != DOC_NONE) {
		if (writer->open == ELEMENT_QUOTE && writer->container == container) {
			add_separator(writer, block->kind);
			return;
		}
		end_element(writer);
		begin_quote(writer, container);
	} else if (writer->open == ELEMENT_SECTION) {
		add_separator(writer, block->kind);
	} else {
		end_element(writer);
		begin_section(writer);
	}
}

static void add_preformatted(struct writer *writer, const struct block *block,
        struct str text, struct str language)
{
	end_element(writer);
	begin_element(writer, "rich_text_preformatted");
	if (doc_quotes(writer->doc, block->container) > 0) {
		buf_puts(writer->out, ",\"border\":1");
	}
	if (language.n > 0) {
		add_field(writer->out, "language", language);
	}
	buf_puts(writer->out, ",\"elements\":[");
	add_text(writer, text.n > 0 ? text : str_from(" "), 0);
	buf_puts(writer->out, "]}");
}

static size_t add_table(struct writer *writer, size_t i)
{
	const struct block *block = &writer->doc->blocks[i];
	struct buf text;

	buf_init(&text, DOC_MAX_BYTES * 8);
	size_t next = doc_write_table(writer->doc, i, &text);
	add_preformatted(writer, block, buf_str(&text), str_from(NULL));
	buf_finish(&text);
	return next;
}

static void add_code(struct writer *writer, const struct block *block)
{
	struct buf text;

	buf_init(&text, DOC_MAX_BYTES);
	for (size_t i = 0; i < block->count; i++) {
		const struct span *span = &writer->doc->spans[block->first + i];
		buf_add_str(&text, doc_str(writer->doc, span->text));
	}
	add_preformatted(
	        writer, block, buf_str(&text), doc_str(writer->doc, block->language));
	buf_finish(&text);
}

static void add_block(struct writer *writer, const struct block *block)
{
	unsigned style = block->kind == BLOCK_HEADING ? STYLE_BOLD : 0;

	enter(writer, block);
	if (block->kind == BLOCK_RULE) {
		add_text(writer, str_from("---"), 0);
	}
	for (size_t i = 0; i < block->count; i++) {
		add_span(writer, &writer->doc->spans[block->first + i], style);
	}
	writer->last = block->kind;
}

void doc_write_rich_text(const struct doc *doc, struct buf *out)
{
	struct writer writer = {.doc = doc, .out = out};

	buf_puts(out, "[{\"type\":\"rich_text\",\"elements\":[");
	for (size_t i = 0; i < doc->block_count;) {
		const struct block *block = &doc->blocks[i];
		if (block->kind == BLOCK_CELL) {
			i = add_table(&writer, i);
			continue;
		}
		if (block->kind == BLOCK_CODE) {
			add_code(&writer, block);
		} else {
			add_block(&writer, block);
		}
		i++;
	}
	end_element(&writer);
	buf_puts(out, "]}]");
}
