#include "bridge/convert/matrix_html.h"

#include <string.h>

void html_enter_item(struct html_parser *parser)
{
	struct doc *doc = parser->doc;

	if (doc->at != DOC_NONE && doc->containers[doc->at].kind == CONTAINER_LIST) {
		doc_reopen_item(doc);
	}
}

void html_add_now(struct html_parser *parser, const char *p, size_t n)
{
	html_enter_item(parser);
	doc_add_text(parser->doc, (struct str){p, n}, parser->style);
}

/* A no-break blank next to a blank, or at an end, is one that shall stay; between words
 * it is the sign itself. */
void html_settle(struct html_parser *parser, bool before_word)
{
	if (parser->hard) {
		parser->hard = false;
		if (before_word) {
			html_add_now(parser, "\xC2\xA0", 2);
		} else {
			html_add_now(parser, " ", 1);
		}
	}
}

void html_end_block(struct html_parser *parser)
{
	parser->hard = false;
	parser->line_begins = false;
	if (parser->in_cell > 0) {
		parser->line_begins =
		        true; /* a cell is one line: see html_begin_text() */
		return;
	}
	doc_end_block(parser->doc);
	parser->blank = true;
}

void html_begin_text(struct html_parser *parser)
{
	if (!parser->line_begins) {
		return;
	}
	parser->line_begins = false;
	if (parser->doc->in_block &&
	        parser->doc->blocks[parser->doc->block_count - 1].count > 0) {
		doc_drop_blank(parser->doc);
		doc_add_text(parser->doc, str_from(parser->in_cell > 0 ? " " : "\n"), 0);
	}
	parser->blank = true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

static bool is_hard(const char *p, size_t n)
{
	return n >= 2 && (unsigned char)p[0] == 0xC2 && (unsigned char)p[1] == 0xA0;
}

void html_add_blank(struct html_parser *parser)
{
	bool kept = parser->hard;

	html_settle(parser, false);
	if (kept || !parser->blank) {
		html_add_now(parser, " ", 1);
	}
	parser->blank = true;
}

static void add_hard(struct html_parser *parser)
{
	html_begin_text(parser);
	if (parser->hard || parser->blank) {
		html_settle(parser, false);
		html_add_now(parser, " ", 1);
		/* What follows a blank that stays is not joined with it. */
		parser->blank = false;
		return;
	}
	parser->hard = true;
}

void html_add_words(struct html_parser *parser, const char *p, size_t n)
{
	for (size_t i = 0; i < n;) {
		if (is_blank(p[i])) {
			html_add_blank(parser);
			i++;
			continue;
		}
		if (is_hard(p + i, n - i)) {
			add_hard(parser);
			i += 2;
			continue;
		}
		size_t end = i;
		while (end < n && !is_blank(p[end]) && !is_hard(p + end, n - end)) {
			end++;
		}
		html_begin_text(parser);
		html_settle(parser, true);
		html_add_now(parser, p + i, end - i);
		parser->blank = false;
		i = end;
	}
}

void html_add_code(struct html_parser *parser, const char *p, size_t n)
{
	if (parser->pre_begins && n > 0 && p[0] == '\n') {
		p++;
		n--;
	}
	parser->pre_begins = false;
	html_add_now(parser, p, n);
}

/* ---------------------------------------------------------------- raised and lowered */

static const struct {
	char plain;
	const char *raised, *lowered;
} shifted[] = {
        {'0', "⁰", "₀"},
        {'1', "¹", "₁"},
        {'2', "²", "₂"},
        {'3', "³", "₃"},
        {'4', "⁴", "₄"},
        {'5', "⁵", "₅"},
        {'6', "⁶", "₆"},
        {'7', "⁷", "₇"},
        {'8', "⁸", "₈"},
        {'9', "⁹", "₉"},
        {'+', "⁺", "₊"},
        {'-', "⁻", "₋"},
        {'=', "⁼", "₌"},
        {'(', "⁽", "₍"},
        {')', "⁾", "₎"},
        {'n', "ⁿ", "ₙ"},
        {'i', "ⁱ", "ᵢ"},
};
enum { SHIFTED = sizeof(shifted) / sizeof(shifted[0]) };

static const char *shift(char c, bool up)
{
	for (size_t i = 0; i < SHIFTED; i++) {
		if (shifted[i].plain == c) {
			return up ? shifted[i].raised : shifted[i].lowered;
		}
	}
	return NULL;
}

/* Digits have raised and lowered signs of their own; other text gets a mark. */
void html_add_shifted(struct html_parser *parser, const char *p, size_t n)
{
	bool up = parser->raised > 0, all = true;

	for (size_t i = 0; i < n; i++) {
		all = all && shift(p[i], up) != NULL;
	}
	if (!all) {
		html_add_words(parser, up ? "^" : "_", 1);
		html_add_words(parser, p, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const char *sign = shift(p[i], up);
		html_add_words(parser, sign, strlen(sign));
	}
}
