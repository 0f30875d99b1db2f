/* matrix_html: the parts of the HTML reader, and nobody else's: the reading itself in
 * matrix_html.c, what each tag does in matrix_html_tags.c, the text between them in
 * matrix_html_text.c. */
#ifndef BRIDGE_CONVERT_MATRIX_HTML_H
#define BRIDGE_CONVERT_MATRIX_HTML_H

#include "bridge/convert/matrix_reader.h"

#include <libxml/HTMLparser.h>

struct html_parser;
struct html_open_tag;

typedef void html_tag_fn(struct html_parser *parser, struct html_open_tag *open);

struct html_tag {
	const char *name;         /* in lower case, as libxml2 gives it */
	html_tag_fn *begin, *end; /* end NULL: nothing beyond what every end does */
	unsigned detail; /* the style; the level of a heading; is the list numbered, the
	                    cell a head */
	bool hides;      /* all that is in it */
};

struct html_open_tag {
	const struct html_tag *tag; /* NULL: looked through */
	const xmlChar **attributes; /* while it begins */
	unsigned style_before;
	int container_before; /* goes back there at the end */
	int list;             /* what a list tag opened, or DOC_NONE */
	size_t first_span, first_block;
	char *href; /* of a link, or NULL */
};

struct html_parser {
	struct matrix_reader *reader;
	struct doc *doc;
	htmlParserCtxt *context;
	struct html_open_tag open[MATRIX_MAX_NESTING];
	unsigned depth;
	unsigned style;
	unsigned skipping, in_pre, in_link, in_cell, raised, lowered;
	bool too_deep;
	bool at_end, root_closed; /* what follows a closed root would be lost */
	bool blank;               /* a blank now would be one too many */
	bool hard;                /* a no-break blank waits for what follows it */
	bool pre_begins;          /* the line break after <pre> does not count */
	bool line_begins;         /* a new line in the same block waits for its text */
	bool new_row, new_table;
};

/* NULL: no tag that means anything here. */
const struct html_tag *html_find_tag(const char *name);

/* Text goes into items, not into lists. */
void html_enter_item(struct html_parser *parser);
/* A blank that waits for what follows it gets its place. */
void html_settle(struct html_parser *parser, bool before_word);
void html_end_block(struct html_parser *parser);
/* Before a span that is no text: the line break that waits. */
void html_begin_text(struct html_parser *parser);
/* As it stands, without joining blanks. */
void html_add_now(struct html_parser *parser, const char *p, size_t n);
void html_add_blank(struct html_parser *parser);
void html_add_words(struct html_parser *parser, const char *p, size_t n);
void html_add_code(struct html_parser *parser, const char *p, size_t n);
/* In <sup> or <sub>. */
void html_add_shifted(struct html_parser *parser, const char *p, size_t n);

#endif
