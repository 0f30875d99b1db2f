#include "bridge/convert/matrix_html.h"

#include <stdlib.h>
#include <string.h>

/* libxml2 reads the HTML, however broken, and tells of its parts (SAX); here they become
 * blocks and spans. */

#define ROOT "<mx-root>"

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

static void handle_start(void *arg, const xmlChar *name, const xmlChar **attributes)
{
	struct html_parser *parser = arg;

	if (parser->too_deep) {
		return;
	}
	if (parser->depth == MATRIX_MAX_NESTING) {
		parser->too_deep = true;
		xmlStopParser(parser->context);
		return;
	}
	struct html_open_tag *open = &parser->open[parser->depth++];
	*open = (struct html_open_tag){.tag = html_find_tag((const char *)name),
	        .attributes = attributes,
	        .style_before = parser->style,
	        .container_before = parser->doc->at,
	        .first_block = parser->doc->block_count,
	        .list = DOC_NONE};
	if (open->tag != NULL && parser->skipping > 0 && !open->tag->hides) {
		open->tag = NULL;
	}
	if (parser->in_pre == 0) {
		html_settle(parser, false);
	}
	if (open->tag != NULL) {
		open->tag->begin(parser, open);
	}
}

static void end_tag(struct html_parser *parser, struct html_open_tag *open)
{
	if (open->tag != NULL && open->tag->end != NULL) {
		open->tag->end(parser, open);
	}
	if (parser->doc->at != open->container_before) {
		doc_end_block(parser->doc);
		parser->doc->at = open->container_before;
	}
	parser->style = open->style_before;
	free(open->href);
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
