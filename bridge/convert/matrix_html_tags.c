/* The tags of a message and what each of them does. Unknown tags are looked through:
 * their text stays. */
#include "bridge/convert/matrix_html.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/mem.h"

/* In code everything but its text and its end is looked through, in a cell what would
 * need a block of its own. */
static bool is_in_text(const struct html_parser *parser)
{
	return parser->in_cell == 0 && parser->in_pre == 0;
}

static const char *attribute(const struct html_open_tag *open, const char *name)
{
	const xmlChar **attributes = open->attributes;

	for (size_t i = 0; attributes != NULL && attributes[i] != NULL; i += 2) {
		if (strcasecmp((const char *)attributes[i], name) == 0) {
			return attributes[i + 1] == NULL
			               ? ""
			               : (const char *)attributes[i + 1];
		}
	}
	return NULL;
}

/* ---------------------------------------------------------------- styles */

static void begin_style(struct html_parser *parser, struct html_open_tag *open)
{
	parser->style |= parser->in_pre > 0 ? 0 : open->tag->detail;
}

static void add_word(struct html_parser *parser, const char *text)
{
	html_add_words(parser, text, strlen(text));
}

/* Slack cannot hide text: what is hidden on Matrix is announced. */
static void begin_span(struct html_parser *parser, struct html_open_tag *open)
{
	const char *reason = attribute(open, "data-mx-spoiler");

	if (reason == NULL || parser->in_pre > 0) {
		return;
	}
	if (reason[0] != '\0') {
		add_word(parser, "[spoiler: ");
		add_word(parser, reason);
		add_word(parser, "] ");
	} else {
		add_word(parser, "[spoiler] ");
	}
	parser->style |= STYLE_SPOILER;
}

static void begin_sup(struct html_parser *parser, struct html_open_tag *open)
{
	(void)open;
	parser->raised++;
}

static void end_sup(struct html_parser *parser, struct html_open_tag *open)
{
	(void)open;
	parser->raised--;
}

static void begin_sub(struct html_parser *parser, struct html_open_tag *open)
{
	(void)open;
	parser->lowered++;
}

static void end_sub(struct html_parser *parser, struct html_open_tag *open)
{
	(void)open;
	parser->lowered--;
}

static void begin_link(struct html_parser *parser, struct html_open_tag *open)
{
	const char *href = attribute(open, "href");

	if (href == NULL || parser->in_pre > 0 || parser->in_link > 0) {
		return;
	}
	html_begin_text(parser);
	parser->in_link++;
	open->href = xstrdup(href);
	doc_end_span(parser->doc);
	open->first_span = parser->doc->span_count;
}

/* A text that became another, such as a name, ends with no blank. */
static void finish_link(struct html_parser *parser, const struct html_open_tag *open)
{
	struct doc *doc = parser->doc;
	size_t length = doc->text.len, spans = doc->span_count;

	matrix_end_link(parser->reader, open->first_span, open->href);
	/* The address of a link is stored as well; it makes no span. */
	bool same = doc->span_count == spans && spans > 0 &&
	            doc->spans[spans - 1].kind == SPAN_TEXT &&
	            doc->spans[spans - 1].text.at < length;
	parser->blank = same && parser->blank;
	doc_end_span(doc);
}

static void end_link(struct html_parser *parser, struct html_open_tag *open)
{
	if (open->href != NULL) {
		parser->in_link--;
		html_enter_item(parser);
		finish_link(parser, open);
	}
}

/* True: it is an emoji that Slack knows. */
static bool add_emoji(struct html_parser *parser, const char *src)
{
	const struct to_slack_names *names = parser->reader->names;
	const char *name = NULL;

	if (src != NULL && str_starts(src, "mxc://") && names->emoji != NULL) {
		name = names->emoji(names->arg, src);
	}
	if (name == NULL || parser->in_pre > 0) {
		return false;
	}
	autofree char *shown = xasprintf(":%s:", name);
	html_begin_text(parser);
	html_enter_item(parser);
	doc_add_span(parser->doc, &(struct new_span){.kind = SPAN_CUSTOM,
	                                  .style = parser->style,
	                                  .text = str_from(shown),
	                                  .ref = str_from(name)});
	parser->blank = false;
	return true;
}

static void begin_image(struct html_parser *parser, struct html_open_tag *open)
{
	const char *alt = attribute(open, "alt");

	if (add_emoji(parser, attribute(open, "src"))) {
		return;
	}
	if (alt == NULL || alt[0] == '\0') {
		alt = attribute(open, "title");
	}
	add_word(parser, alt == NULL || alt[0] == '\0' ? "[image]" : alt);
}

/* ---------------------------------------------------------------- lines and blocks */

static void begin_line(struct html_parser *parser, struct html_open_tag *open)
{
	(void)open;
	parser->line_begins = parser->in_pre == 0;
}

static void begin_break(struct html_parser *parser, struct html_open_tag *open)
{
	(void)open;
	if (parser->in_pre > 0) {
		html_add_now(parser, "\n", 1);
		return;
	}
	if (parser->in_cell > 0) {
		html_add_blank(parser);
		return;
	}
	html_begin_text(parser);
	if (parser->blank) {
		doc_drop_blank(parser->doc);
	}
	html_add_now(parser, "\n", 1);
	parser->blank = true;
}

static void begin_paragraph(struct html_parser *parser, struct html_open_tag *open)
{
	if (parser->in_pre == 0) {
		html_end_block(parser);
		parser->style |= open->tag->detail;
	}
}

static void end_block(struct html_parser *parser, struct html_open_tag *open)
{
	(void)open;
	if (parser->in_pre == 0) {
		html_end_block(parser);
	}
}

static void begin_block(struct html_parser *parser, enum block_kind kind, unsigned level)
{
	html_end_block(parser);
	if (is_in_text(parser)) {
		html_enter_item(parser);
		doc_block(parser->doc, kind)->level = (uint8_t)level;
	}
}

static void begin_heading(struct html_parser *parser, struct html_open_tag *open)
{
	begin_block(parser, BLOCK_HEADING, open->tag->detail);
}

static void begin_rule(struct html_parser *parser, struct html_open_tag *open)
{
	(void)open;
	begin_block(parser, BLOCK_RULE, 0);
	html_end_block(parser);
}

static void begin_quote(struct html_parser *parser, struct html_open_tag *open)
{
	(void)open;
	html_end_block(parser);
	if (is_in_text(parser)) {
		html_enter_item(parser);
		doc_open(parser->doc, CONTAINER_QUOTE);
	}
}

static void begin_pre(struct html_parser *parser, struct html_open_tag *open)
{
	(void)open;
	begin_block(parser, BLOCK_CODE, 0);
	parser->in_pre++;
	parser->pre_begins = true;
}

static void end_pre(struct html_parser *parser, struct html_open_tag *open)
{
	(void)open;
	parser->in_pre -= parser->in_pre > 0;
	doc_drop_break(parser->doc);
	html_end_block(parser);
}

static void begin_code(struct html_parser *parser, struct html_open_tag *open)
{
	static const char prefix[] = "language-";
	const char *class = attribute(open, "class");
	const char *language = class == NULL ? NULL : strstr(class, prefix);
	struct doc *doc = parser->doc;

	if (parser->in_pre == 0) {
		parser->style |= STYLE_CODE;
		return;
	}
	parser->pre_begins = false;
	if (language != NULL && doc->in_block &&
	        doc->blocks[doc->block_count - 1].kind == BLOCK_CODE) {
		language += strlen(prefix);
		doc->blocks[doc->block_count - 1].language = doc_store_language(
		        doc, (struct str){language, strcspn(language, " \t\n")});
	}
}

/* ---------------------------------------------------------------- lists */

static void begin_list(struct html_parser *parser, struct html_open_tag *open)
{
	bool ordered = open->tag->detail;
	const char *start = attribute(open, "start");
	int64_t number = 1;

	if (start == NULL || !str_to_int64(str_from(start), 0, 999999, &number)) {
		number = 1;
	}
	html_end_block(parser);
	if (is_in_text(parser)) {
		html_enter_item(parser);
		if (doc_open_list(parser->doc, ordered, (long)number)) {
			open->list = parser->doc->at;
		}
	}
}

static void begin_item(struct html_parser *parser, struct html_open_tag *open);

static bool begins_with(const struct html_open_tag *open, html_tag_fn *begin)
{
	return open->tag != NULL && open->tag->begin == begin;
}

/* The list an item is for: that of the innermost list tag, unless an item or a quote is
 * between. DOC_NONE if there is none. */
static int list_for_item(const struct html_parser *parser)
{
	for (unsigned i = parser->depth - 1; i-- > 0;) {
		const struct html_open_tag *open = &parser->open[i];
		if (begins_with(open, begin_list)) {
			return open->list;
		}
		if (begins_with(open, begin_item) || begins_with(open, begin_quote)) {
			return DOC_NONE;
		}
	}
	return DOC_NONE;
}

/* Items without a list of their own go on with the one that was just there. */
static int list_before(const struct doc *doc)
{
	if (doc->block_count == 0) {
		return DOC_NONE;
	}
	int item = doc_item(doc, doc->blocks[doc->block_count - 1].container);
	int list = doc_parent(doc, item);
	return list != DOC_NONE && doc_parent(doc, list) == doc->at ? list : DOC_NONE;
}

static void begin_item(struct html_parser *parser, struct html_open_tag *open)
{
	struct doc *doc = parser->doc;

	(void)open;
	html_end_block(parser);
	if (!is_in_text(parser)) {
		return;
	}
	int list = list_for_item(parser);
	list = list == DOC_NONE ? list_before(doc) : list;
	if (list != DOC_NONE) {
		doc->at = list;
	} else if (!doc_open_list(doc, false, 1)) {
		return;
	}
	doc_open(doc, CONTAINER_ITEM);
}

/* An item without anything is still an item. */
static void end_item(struct html_parser *parser, struct html_open_tag *open)
{
	struct doc *doc = parser->doc;

	if (parser->in_pre > 0) {
		return;
	}
	html_end_block(parser);
	if (parser->in_cell == 0 && doc->block_count == open->first_block &&
	        doc->at != open->container_before) {
		doc_block(doc, BLOCK_TEXT);
		doc_end_block(doc);
	}
}

/* ---------------------------------------------------------------- tables */

static void begin_table(struct html_parser *parser, struct html_open_tag *open)
{
	(void)open;
	html_end_block(parser);
	parser->new_table = true;
}

static void end_table(struct html_parser *parser, struct html_open_tag *open)
{
	(void)open;
	html_end_block(parser);
	parser->new_table = parser->new_row = false;
}

static void begin_row(struct html_parser *parser, struct html_open_tag *open)
{
	(void)open;
	parser->new_row = true;
}

static void begin_cell(struct html_parser *parser, struct html_open_tag *open)
{
	struct doc *doc = parser->doc;

	if (parser->in_cell++ > 0 || parser->in_pre > 0) {
		return;
	}
	doc_end_block(doc);
	html_enter_item(parser);
	struct block *cell = doc_block(doc, BLOCK_CELL);
	size_t count = doc->block_count;
	bool after_cell = count > 1 && doc->blocks[count - 2].kind == BLOCK_CELL &&
	                  doc->blocks[count - 2].container == cell->container;
	cell->header = open->tag->detail;
	cell->table = parser->new_table || !after_cell;
	cell->row = parser->new_row || cell->table;
	parser->new_table = parser->new_row = false;
	parser->blank = true;
	parser->hard = parser->line_begins = false;
}

static void end_cell(struct html_parser *parser, struct html_open_tag *open)
{
	(void)open;
	parser->in_cell -= parser->in_cell > 0;
	if (parser->in_cell == 0) {
		html_end_block(parser);
	}
}

/* ---------------------------------------------------------------- what is not shown */

static void begin_hidden(struct html_parser *parser, struct html_open_tag *open)
{
	(void)open;
	parser->skipping++;
}

static void end_hidden(struct html_parser *parser, struct html_open_tag *open)
{
	(void)open;
	parser->skipping--;
	/* It has no end of its own: the rest of the message is in it. */
	parser->root_closed = parser->root_closed || parser->at_end;
}

/* ---------------------------------------------------------------- all of them */

/* Sorted by name. */
static const struct html_tag tags[] = {
        {"a", begin_link, end_link, 0, false},
        {"b", begin_style, NULL, STYLE_BOLD, false},
        {"blockquote", begin_quote, end_block, 0, false},
        {"br", begin_break, NULL, 0, false},
        {"caption", begin_paragraph, end_block, STYLE_BOLD, false},
        {"code", begin_code, NULL, 0, false},
        {"del", begin_style, NULL, STYLE_STRIKE, false},
        {"details", begin_paragraph, end_block, 0, false},
        {"div", begin_line, begin_line, 0, false},
        {"em", begin_style, NULL, STYLE_ITALIC, false},
        {"h1", begin_heading, end_block, 1, false},
        {"h2", begin_heading, end_block, 2, false},
        {"h3", begin_heading, end_block, 3, false},
        {"h4", begin_heading, end_block, 4, false},
        {"h5", begin_heading, end_block, 5, false},
        {"h6", begin_heading, end_block, 6, false},
        {"hr", begin_rule, NULL, 0, false},
        {"i", begin_style, NULL, STYLE_ITALIC, false},
        {"img", begin_image, NULL, 0, false},
        {"ins", begin_style, NULL, STYLE_UNDERLINE, false},
        {"kbd", begin_code, NULL, 0, false},
        {"li", begin_item, end_item, 0, false},
        {"mx-reply", begin_hidden, end_hidden, 0, true},
        {"ol", begin_list, end_block, true, false},
        {"p", begin_paragraph, end_block, 0, false},
        {"pre", begin_pre, end_pre, 0, false},
        {"s", begin_style, NULL, STYLE_STRIKE, false},
        {"script", begin_hidden, end_hidden, 0, true},
        {"span", begin_span, NULL, 0, false},
        {"strike", begin_style, NULL, STYLE_STRIKE, false},
        {"strong", begin_style, NULL, STYLE_BOLD, false},
        {"style", begin_hidden, end_hidden, 0, true},
        {"sub", begin_sub, end_sub, 0, false},
        {"summary", begin_paragraph, end_block, STYLE_BOLD, false},
        {"sup", begin_sup, end_sup, 0, false},
        {"table", begin_table, end_table, 0, false},
        {"td", begin_cell, end_cell, false, false},
        {"th", begin_cell, end_cell, true, false},
        {"title", begin_hidden, end_hidden, 0, true},
        {"tr", begin_row, NULL, 0, false},
        {"tt", begin_code, NULL, 0, false},
        {"u", begin_style, NULL, STYLE_UNDERLINE, false},
        {"ul", begin_list, end_block, false, false},
};

const struct html_tag *html_find_tag(const char *name)
{
	size_t low = 0, high = sizeof(tags) / sizeof(tags[0]);

	while (name != NULL && low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(name, tags[middle].name);
		if (order == 0) {
			return &tags[middle];
		}
		if (order < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return NULL;
}
