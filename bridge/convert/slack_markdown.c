#include <string.h>

#include "lib/mem.h"

#include "bridge/convert/slack_reader.h"

/* The text of a markdown block: the Markdown that apps and models write, read line by
 * line: headings, rules, fences, quotes, lists and, within a line, styles and links. What
 * has no end, or no meaning here, stays as it is written. */

struct lines {
	struct slack_reader *reader;
	bool text;   /* the last line was text: the next one goes on in its block */
	bool quoted; /* within a quote */
	int list;    /* the open list, or DOC_NONE */
	bool ordered;
};

static struct str part(struct str s, size_t from, size_t to)
{
	return (struct str){s.p + from, to - from};
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

static size_t run_of(struct str s, char c)
{
	size_t n = 0;

	while (n < s.n && s.p[n] == c) {
		n++;
	}
	return n;
}

/* ---------------------------------------------------------------- within a line */

static const struct {
	const char *sign;
	unsigned style;
} signs[] = {
        {"**", STYLE_BOLD},
        {"__", STYLE_BOLD},
        {"~~", STYLE_STRIKE},
        {"*", STYLE_ITALIC},
        {"_", STYLE_ITALIC},
};
enum { SIGNS = sizeof(signs) / sizeof(signs[0]) };

/* Where a style that begins here ends, before its sign; 0 if it does not. One sign holds
 * at most MAX_STYLED bytes, so that signs without an end cost little. */
enum { MAX_STYLED = 300, MAX_NESTED = 4 };

static size_t style_end(struct str s, const char *sign)
{
	size_t n = strlen(sign);
	size_t limit = s.n < MAX_STYLED ? s.n : MAX_STYLED;

	if (s.n < 2 * n + 1 || memcmp(s.p, sign, n) != 0 || s.p[n] == ' ' ||
	        s.p[n] == sign[0]) {
		return 0;
	}
	for (size_t i = n + 1; i + n <= limit; i++) {
		bool ends = memcmp(s.p + i, sign, n) == 0 && s.p[i - 1] != ' ' &&
		            (i + n == s.n || s.p[i + n] != sign[0]);
		bool word = sign[0] == '_' && i + n < s.n && is_word(s.p[i + n]);
		if (ends && !word) {
			return i;
		}
	}
	return 0;
}

/* "[label](address)": the bytes it takes, or 0. */
static size_t link_length(struct str s, struct str *label, struct str *url)
{
	size_t limit = s.n < MAX_STYLED * 4 ? s.n : (size_t)MAX_STYLED * 4;
	const char *close = memchr(s.p, ']', limit);
	size_t n = close == NULL ? 0 : (size_t)(close - s.p);

	if (close == NULL || n + 1 >= limit || s.p[n + 1] != '(') {
		return 0;
	}
	const char *end = memchr(close, ')', limit - n);
	if (end == NULL) {
		return 0;
	}
	*label = part(s, 1, n);
	*url = part(s, n + 2, (size_t)(end - s.p));
	return (size_t)(end - s.p) + 1;
}

static void add_inline(
        struct slack_reader *reader, struct str s, unsigned style, unsigned nesting);

/* Adds what begins here with a sign; the bytes it takes, or 0. */
static size_t add_sign(struct slack_reader *reader, struct str s, bool in_word,
        unsigned style, unsigned nesting)
{
	struct str label, url;

	if (s.p[0] == '`') {
		size_t n = run_of(s, '`');
		struct str rest = part(s, n, s.n);
		const char *end =
		        n == 1 && rest.n > 0 ? memchr(rest.p, '`', rest.n) : NULL;
		if (end == NULL || end == rest.p) {
			return 0;
		}
		doc_add_text(reader->doc, part(rest, 0, (size_t)(end - rest.p)),
		        style | STYLE_CODE);
		return (size_t)(end - s.p) + 1;
	}
	if (s.p[0] == '[') {
		size_t n = link_length(s, &label, &url);
		if (n > 0) {
			slack_add_link(reader, url, label, style);
		}
		return n;
	}
	for (size_t i = 0; i < SIGNS && nesting < MAX_NESTED; i++) {
		size_t n = strlen(signs[i].sign);
		size_t end = in_word && s.p[0] == '_' ? 0 : style_end(s, signs[i].sign);
		if (end > 0) {
			add_inline(reader, part(s, n, end), style | signs[i].style,
			        nesting + 1);
			return end + n;
		}
	}
	return 0;
}

static void add_inline(
        struct slack_reader *reader, struct str s, unsigned style, unsigned nesting)
{
	size_t from = 0;

	for (size_t i = 0; i < s.n;) {
		bool sign = strchr("`[*_~", s.p[i]) != NULL && slack_reader_count(reader);
		if (!sign) {
			i++;
			continue;
		}
		slack_read_plain(reader, part(s, from, i), true, style);
		bool in_word = i > 0 && is_word(s.p[i - 1]);
		size_t n = add_sign(reader, part(s, i, s.n), in_word, style, nesting);
		from = i + n;
		i += n > 0 ? n : 1;
	}
	slack_read_plain(reader, part(s, from, s.n), true, style);
}

/* ---------------------------------------------------------------- lines */

static void leave(struct lines *lines)
{
	struct doc *doc = lines->reader->doc;

	doc_end_block(doc);
	if (lines->list != DOC_NONE) {
		while (doc->at != lines->list) {
			doc_close(doc);
		}
		doc_close(doc);
		lines->list = DOC_NONE;
	}
	if (lines->quoted) {
		doc_close(doc);
		lines->quoted = false;
	}
	lines->text = false;
}

/* "- ", "* ", "+ " or "12. ": the bytes of the mark, or 0. */
static size_t item_mark(struct str line, bool *ordered)
{
	size_t n = 0;

	*ordered = false;
	if (line.n > 1 && strchr("-*+", line.p[0]) != NULL && line.p[1] == ' ') {
		return 2;
	}
	while (n < line.n && n < 6 && line.p[n] >= '0' && line.p[n] <= '9') {
		n++;
	}
	*ordered = true;
	return n > 0 && n + 1 < line.n && line.p[n] == '.' && line.p[n + 1] == ' ' ? n + 2
	                                                                           : 0;
}

static void add_item(struct lines *lines, struct str line, size_t mark, bool ordered)
{
	struct doc *doc = lines->reader->doc;
	int64_t number = 1;

	if (lines->list == DOC_NONE || lines->ordered != ordered || lines->quoted) {
		leave(lines);
		if (ordered) {
			str_to_int64(part(line, 0, mark - 2), 0, 999999, &number);
		}
		if (!doc_open_list(doc, ordered, (long)number)) {
			return;
		}
		lines->list = doc->at;
		lines->ordered = ordered;
	}
	doc_end_block(doc);
	doc->at = lines->list;
	doc_open(doc, CONTAINER_ITEM);
	add_inline(lines->reader, part(line, mark, line.n), 0, 0);
	doc_end_block(doc);
	lines->text = false;
}

static void add_text(struct lines *lines, struct str line, bool quoted)
{
	struct doc *doc = lines->reader->doc;

	if (quoted != lines->quoted || lines->list != DOC_NONE) {
		leave(lines);
		lines->quoted = quoted && doc_open(doc, CONTAINER_QUOTE);
	}
	if (lines->text && doc->in_block) {
		doc_add_text(doc, (struct str){"\n", 1}, 0);
	}
	add_inline(lines->reader, line, 0, 0);
	lines->text = true;
}

static bool is_rule(struct str line)
{
	return line.n >= 3 && strchr("-*_", line.p[0]) != NULL &&
	       run_of(line, line.p[0]) == line.n;
}

static void add_line(struct lines *lines, struct str line)
{
	struct doc *doc = lines->reader->doc;
	size_t indent = run_of(line, ' ');
	struct str text = part(line, indent, line.n);
	size_t heading = run_of(text, '#');
	bool ordered;
	size_t mark = text.n == 0 ? 0 : item_mark(text, &ordered);

	if (text.n == 0) {
		doc_end_block(doc);
		lines->text = false;
	} else if (heading >= 1 && heading <= 6 && heading < text.n &&
	           text.p[heading] == ' ') {
		leave(lines);
		doc_block(doc, BLOCK_HEADING)->level = (uint8_t)heading;
		add_inline(lines->reader, part(text, heading + 1, text.n), 0, 0);
		doc_end_block(doc);
	} else if (is_rule(text)) {
		leave(lines);
		doc_block(doc, BLOCK_RULE);
		doc_end_block(doc);
	} else if (mark > 0) {
		add_item(lines, text, mark, ordered);
	} else if (text.p[0] == '>') {
		size_t n = text.n > 1 && text.p[1] == ' ' ? 2 : 1;
		add_text(lines, part(text, n, text.n), true);
	} else {
		add_text(lines, text, false);
	}
}

/* Adds a fence that begins at the line; where it ends, or 0 if it has no end. */
static size_t add_fence(struct lines *lines, struct str text, size_t line_end)
{
	struct doc *doc = lines->reader->doc;
	struct str inside = part(text, line_end + 1, text.n);
	const char *close = memmem(inside.p, inside.n, "```", 3);

	if (close == NULL) {
		return 0;
	}
	size_t n = (size_t)(close - inside.p);
	struct chunk language = doc_store_language(doc, part(text, 3, line_end));
	leave(lines);
	doc_block(doc, BLOCK_CODE)->language = language;
	doc_add_text(
	        doc, part(inside, 0, n > 0 && inside.p[n - 1] == '\n' ? n - 1 : n), 0);
	doc_end_block(doc);
	const char *rest = memchr(close, '\n', inside.n - n);
	return rest == NULL ? text.n : (size_t)(rest - text.p) + 1;
}

void slack_read_markdown(struct slack_reader *reader, struct str text)
{
	struct lines lines = {.reader = reader, .list = DOC_NONE};
	bool no_fence = false;

	while (text.n > 0 && slack_reader_count(reader)) {
		const char *found = memchr(text.p, '\n', text.n);
		size_t end = found == NULL ? text.n : (size_t)(found - text.p);
		size_t next = 0;
		if (!no_fence && end < text.n && run_of(text, '`') == 3) {
			next = add_fence(&lines, text, end);
			no_fence = next == 0;
		}
		if (next == 0) {
			add_line(&lines, part(text, 0, end));
			next = end < text.n ? end + 1 : end;
		}
		text = part(text, next, text.n);
	}
	if (text.n > 0) { /* too much to be read: it is at least shown */
		doc_add_text(reader->doc, text, 0);
	}
	leave(&lines);
}
