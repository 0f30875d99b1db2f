#include "bridge/convert/matrix_html.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/mem.h"

/* libxml2 reads the HTML, however broken, and tells of its parts (SAX); here they become
 * blocks and spans. Unknown tags are looked through: their text stays. */

#define ROOT "<mx-root>"

static const struct {
	const char *name;
	enum html_tag tag;
	unsigned style;
} tags[] = {
        {"a", TAG_LINK, 0},
        {"b", TAG_STYLE, STYLE_BOLD},
        {"blockquote", TAG_QUOTE, 0},
        {"br", TAG_BR, 0},
        {"caption", TAG_PARAGRAPH, STYLE_BOLD},
        {"code", TAG_CODE, 0},
        {"del", TAG_STYLE, STYLE_STRIKE},
        {"details", TAG_PARAGRAPH, 0},
        {"div", TAG_LINE, 0},
        {"em", TAG_STYLE, STYLE_ITALIC},
        {"h1", TAG_HEADING, 1},
        {"h2", TAG_HEADING, 2},
        {"h3", TAG_HEADING, 3},
        {"h4", TAG_HEADING, 4},
        {"h5", TAG_HEADING, 5},
        {"h6", TAG_HEADING, 6},
        {"hr", TAG_RULE, 0},
        {"i", TAG_STYLE, STYLE_ITALIC},
        {"img", TAG_IMAGE, 0},
        {"ins", TAG_STYLE, STYLE_UNDERLINE},
        {"kbd", TAG_CODE, 0},
        {"li", TAG_ITEM, 0},
        {"mx-reply", TAG_SKIP, 0},
        {"ol", TAG_ORDERED, 0},
        {"p", TAG_PARAGRAPH, 0},
        {"pre", TAG_PRE, 0},
        {"s", TAG_STYLE, STYLE_STRIKE},
        {"script", TAG_SKIP, 0},
        {"span", TAG_SPAN, 0},
        {"strike", TAG_STYLE, STYLE_STRIKE},
        {"strong", TAG_STYLE, STYLE_BOLD},
        {"style", TAG_SKIP, 0},
        {"sub", TAG_SUB, 0},
        {"summary", TAG_PARAGRAPH, STYLE_BOLD},
        {"sup", TAG_SUP, 0},
        {"table", TAG_TABLE, 0},
        {"td", TAG_CELL, 0},
        {"th", TAG_HEAD_CELL, 0},
        {"title", TAG_SKIP, 0},
        {"tr", TAG_ROW, 0},
        {"tt", TAG_CODE, 0},
        {"u", TAG_STYLE, STYLE_UNDERLINE},
        {"ul", TAG_LIST, 0},
};
enum { TAGS = sizeof(tags) / sizeof(tags[0]) };

static void handle_text(void *arg, const xmlChar *text, int length)
{
	struct html_parser *parser = arg;
	const char *p = (const char *)text;
	size_t n = length < 0 ? 0 : (size_t)length;

	if (parser->skipping > 0 || parser->too_deep) {
		return;
	}
	if (parser->in_pre > 0) {
		html_add_code(parser, p, n);
	} else if (parser->raised + parser->lowered > 0) {
		html_add_shifted(parser, p, n);
	} else {
		html_add_words(parser, p, n);
	}
}

/* ---------------------------------------------------------------- tags that begin */

static const char *attribute(const xmlChar **attributes, const char *name)
{
	for (size_t i = 0; attributes != NULL && attributes[i] != NULL; i += 2) {
		if (strcasecmp((const char *)attributes[i], name) == 0) {
			return attributes[i + 1] == NULL
			               ? ""
			               : (const char *)attributes[i + 1];
		}
	}
	return NULL;
}

static void begin_list(struct html_parser *parser, struct html_open_tag *open,
        const xmlChar **attributes)
{
	bool ordered = open->tag == TAG_ORDERED;
	const char *start = attribute(attributes, "start");
	int64_t number = 1;

	if (start == NULL || !str_to_int64(str_from(start), 0, 999999, &number)) {
		number = 1;
	}
	html_end_block(parser);
	if (parser->in_cell == 0 && parser->in_pre == 0) {
		html_enter_item(parser);
		if (doc_open_list(parser->doc, ordered, (long)number)) {
			open->list = parser->doc->at;
		}
	}
}

/* The list an item is for: that of the innermost list tag, unless an item or a quote is
 * between. DOC_NONE if there is none. */
static int list_for_item(const struct html_parser *parser)
{
	for (unsigned i = parser->depth - 1; i-- > 0;) {
		const struct html_open_tag *open = &parser->open[i];
		if (open->tag == TAG_LIST || open->tag == TAG_ORDERED) {
			return open->list;
		}
		if (open->tag == TAG_ITEM || open->tag == TAG_QUOTE) {
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

static void begin_item(struct html_parser *parser)
{
	struct doc *doc = parser->doc;

	html_end_block(parser);
	if (parser->in_cell > 0 || parser->in_pre > 0) {
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

static void begin_pre(struct html_parser *parser)
{
	html_end_block(parser);
	if (parser->in_cell == 0 && parser->in_pre == 0) {
		html_enter_item(parser);
		doc_block(parser->doc, BLOCK_CODE);
	}
	parser->in_pre++;
	parser->pre_begins = true;
}

static void begin_code(struct html_parser *parser, const xmlChar **attributes)
{
	static const char prefix[] = "language-";
	const char *class = attribute(attributes, "class");
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

static void begin_cell(struct html_parser *parser, bool header)
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
	cell->header = header;
	cell->table = parser->new_table || !after_cell;
	cell->row = parser->new_row || cell->table;
	parser->new_table = parser->new_row = false;
	parser->blank = true;
	parser->hard = parser->line_begins = false;
}

static void add_word(struct html_parser *parser, const char *text)
{
	html_add_words(parser, text, strlen(text));
}

static void add_image(struct html_parser *parser, const xmlChar **attributes)
{
	const struct to_slack_names *names = parser->reader->names;
	const char *src = attribute(attributes, "src");
	const char *alt = attribute(attributes, "alt");
	const char *title = attribute(attributes, "title");
	const char *name = NULL;

	if (src != NULL && str_starts(src, "mxc://") && names->emoji != NULL) {
		name = names->emoji(names->arg, src);
	}
	if (name != NULL && parser->in_pre == 0) {
		autofree char *shown = xasprintf(":%s:", name);
		html_begin_text(parser);
		html_enter_item(parser);
		doc_add_span(parser->doc, &(struct new_span){.kind = SPAN_CUSTOM,
		                                  .style = parser->style,
		                                  .text = str_from(shown),
		                                  .ref = str_from(name)});
		parser->blank = false;
		return;
	}
	alt = alt == NULL || alt[0] == '\0' ? title : alt;
	add_word(parser, alt == NULL || alt[0] == '\0' ? "[image]" : alt);
}

/* Slack cannot hide text: what is hidden on Matrix is announced. */
static void begin_span(struct html_parser *parser, const xmlChar **attributes)
{
	const char *reason = attribute(attributes, "data-mx-spoiler");

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

static void add_break(struct html_parser *parser)
{
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

static void begin_link(
        struct html_parser *parser, struct html_open_tag *open, const char *href)
{
	if (href == NULL || parser->in_pre > 0 || parser->in_link > 0) {
		return;
	}
	html_begin_text(parser);
	parser->in_link++;
	open->href = xstrdup(href);
	doc_end_span(parser->doc);
	open->first_span = parser->doc->span_count;
}

static void begin_block(struct html_parser *parser, enum block_kind kind, unsigned level)
{
	html_end_block(parser);
	if (parser->in_cell == 0 && parser->in_pre == 0) {
		html_enter_item(parser);
		doc_block(parser->doc, kind)->level = (uint8_t)level;
	}
}

static void begin_tag(struct html_parser *parser, struct html_open_tag *open,
        unsigned style, const xmlChar **attributes)
{
	switch (open->tag) {
	case TAG_UNKNOWN:
		break;
	case TAG_STYLE:
		parser->style |= parser->in_pre > 0 ? 0 : style;
		break;
	case TAG_LINE:
		parser->line_begins = parser->in_pre == 0;
		break;
	case TAG_PARAGRAPH:
		if (parser->in_pre == 0) {
			html_end_block(parser);
			parser->style |= style;
		}
		break;
	case TAG_HEADING:
		begin_block(parser, BLOCK_HEADING, style);
		break;
	case TAG_BR:
		add_break(parser);
		break;
	case TAG_RULE:
		begin_block(parser, BLOCK_RULE, 0);
		html_end_block(parser);
		break;
	case TAG_QUOTE:
		html_end_block(parser);
		if (parser->in_cell == 0 && parser->in_pre == 0) {
			html_enter_item(parser);
			doc_open(parser->doc, CONTAINER_QUOTE);
		}
		break;
	case TAG_LIST:
	case TAG_ORDERED:
		begin_list(parser, open, attributes);
		break;
	case TAG_ITEM:
		begin_item(parser);
		break;
	case TAG_PRE:
		begin_pre(parser);
		break;
	case TAG_CODE:
		begin_code(parser, attributes);
		break;
	case TAG_LINK:
		begin_link(parser, open, attribute(attributes, "href"));
		break;
	case TAG_IMAGE:
		add_image(parser, attributes);
		break;
	case TAG_SPAN:
		begin_span(parser, attributes);
		break;
	case TAG_TABLE:
		html_end_block(parser);
		parser->new_table = true;
		break;
	case TAG_ROW:
		parser->new_row = true;
		break;
	case TAG_HEAD_CELL:
	case TAG_CELL:
		begin_cell(parser, open->tag == TAG_HEAD_CELL);
		break;
	case TAG_SUP:
		parser->raised++;
		break;
	case TAG_SUB:
		parser->lowered++;
		break;
	case TAG_SKIP:
		parser->skipping++;
		break;
	}
}

/* ---------------------------------------------------------------- tags that end */

/* An item without anything is still an item. */
static void end_item(struct html_parser *parser, const struct html_open_tag *open)
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

/* A text that became another, such as a name, ends with no blank. */
static void end_link(struct html_parser *parser, const struct html_open_tag *open)
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

static void end_tag(struct html_parser *parser, struct html_open_tag *open)
{
	switch (open->tag) {
	case TAG_PARAGRAPH:
	case TAG_HEADING:
	case TAG_QUOTE:
	case TAG_LIST:
	case TAG_ORDERED:
		if (parser->in_pre == 0) {
			html_end_block(parser);
		}
		break;
	case TAG_ITEM:
		end_item(parser, open);
		break;
	case TAG_LINE:
		parser->line_begins = parser->in_pre == 0;
		break;
	case TAG_PRE:
		parser->in_pre -= parser->in_pre > 0;
		doc_drop_break(parser->doc);
		html_end_block(parser);
		break;
	case TAG_LINK:
		if (open->href != NULL) {
			parser->in_link--;
			html_enter_item(parser);
			end_link(parser, open);
		}
		break;
	case TAG_HEAD_CELL:
	case TAG_CELL:
		parser->in_cell -= parser->in_cell > 0;
		if (parser->in_cell == 0) {
			html_end_block(parser);
		}
		break;
	case TAG_TABLE:
		html_end_block(parser);
		parser->new_table = parser->new_row = false;
		break;
	case TAG_SUP:
		parser->raised--;
		break;
	case TAG_SUB:
		parser->lowered--;
		break;
	case TAG_SKIP:
		parser->skipping--;
		/* What was skipped has no end: the rest of the message is in it. */
		parser->root_closed = parser->root_closed || parser->at_end;
		break;
	case TAG_UNKNOWN:
	case TAG_STYLE:
	case TAG_BR:
	case TAG_RULE:
	case TAG_CODE:
	case TAG_IMAGE:
	case TAG_SPAN:
	case TAG_ROW:
		break;
	}
	if (parser->doc->at != open->container_before) {
		doc_end_block(parser->doc);
		parser->doc->at = open->container_before;
	}
	parser->style = open->style_before;
	free(open->href);
}

/* ---------------------------------------------------------------- SAX */

/* Its place in the table, which is sorted; libxml2 gives names in lower case. */
static size_t find_tag(const char *name)
{
	size_t low = 0, high = TAGS;

	while (name != NULL && low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(name, tags[middle].name);
		if (order == 0) {
			return middle;
		}
		if (order < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return TAGS;
}

static void handle_start(void *arg, const xmlChar *name, const xmlChar **attributes)
{
	struct html_parser *parser = arg;
	unsigned style = 0;

	if (parser->too_deep) {
		return;
	}
	if (parser->depth == MATRIX_MAX_NESTING) {
		parser->too_deep = true;
		xmlStopParser(parser->context);
		return;
	}
	struct html_open_tag *open = &parser->open[parser->depth++];
	*open = (struct html_open_tag){.tag = TAG_UNKNOWN,
	        .style_before = parser->style,
	        .container_before = parser->doc->at,
	        .first_block = parser->doc->block_count,
	        .list = DOC_NONE};
	size_t known = find_tag((const char *)name);
	if (known < TAGS) {
		open->tag = tags[known].tag;
		style = tags[known].style;
	}
	if (parser->in_pre == 0) {
		html_settle(parser, false);
	}
	bool skipped = parser->skipping > 0 && open->tag != TAG_SKIP;
	if (skipped) {
		open->tag = TAG_UNKNOWN;
	}
	begin_tag(parser, open, style, attributes);
}

static void handle_end(void *arg, const xmlChar *name)
{
	struct html_parser *parser = arg;

	(void)name; /* libxml2 balances the tags: it is always the innermost */
	if (parser->depth > 0 && !parser->too_deep) {
		if (parser->in_pre == 0) {
			html_settle(parser, false);
		}
		end_tag(parser, &parser->open[--parser->depth]);
		parser->root_closed =
		        parser->root_closed || (parser->depth == 0 && !parser->at_end);
	}
}

static void ignore_error(void *arg, const char *message, ...)
{
	(void)arg;
	(void)message;
}

static void free_open(struct html_parser *parser)
{
	while (parser->depth > 0) {
		free(parser->open[--parser->depth].href);
	}
}

bool matrix_read_html(struct matrix_reader *reader, const char *html)
{
	static htmlSAXHandler handler = {.startElement = handle_start,
	        .endElement = handle_end,
	        .characters = handle_text,
	        .cdataBlock = handle_text,
	        .ignorableWhitespace = handle_text,
	        .warning = ignore_error,
	        .error = ignore_error};
	size_t n = strlen(html);
	struct html_parser parser = {.reader = reader, .doc = reader->doc, .blank = true};

	if (n > MATRIX_MAX_HTML_BYTES) {
		return false;
	}
	parser.context = htmlCreatePushParserCtxt(
	        &handler, &parser, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
	if (parser.context == NULL) {
		return false;
	}
	htmlCtxtUseOptions(parser.context,
	        HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
	                HTML_PARSE_NONET | HTML_PARSE_NOIMPLIED | HTML_PARSE_IGNORE_ENC);
	/* Without a root the parser would stop after the first element. */
	htmlParseChunk(parser.context, ROOT, (int)strlen(ROOT), 0);
	htmlParseChunk(parser.context, html, (int)n, 0);
	parser.at_end = true;
	htmlParseChunk(parser.context, NULL, 0, 1);
	htmlFreeParserCtxt(parser.context);
	free_open(&parser);
	doc_end_block(reader->doc);
	return !parser.too_deep && !parser.root_closed;
}
