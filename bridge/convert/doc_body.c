#include <string.h>

#include "bridge/convert/doc_matrix.h"
#include "bridge/convert/doc_path.h"
#include "bridge/convert/url.h"

/* The plain body, for clients and people without HTML: light marks, as people type them.
 */

struct writer {
	const struct doc *doc;
	struct buf *out;
	struct doc_path path;
	int entered; /* containers from this place in the path on are new with this block
	              */
	bool line;   /* the first line of the block is begun */
};

/* ---------------------------------------------------------------- lines */

static void add_prefix(struct writer *writer)
{
	for (int i = 0; i < writer->path.count; i++) {
		const struct container *container =
		        &writer->doc->containers[writer->path.containers[i]];
		bool first = !writer->line && i >= writer->entered;
		if (container->kind == CONTAINER_QUOTE) {
			buf_puts(writer->out, "> ");
		} else if (container->kind == CONTAINER_ITEM) {
			bool ordered = writer->doc->containers[container->parent].ordered;
			if (first && ordered) {
				buf_printf(writer->out, "%ld. ", container->number);
			} else {
				buf_puts(writer->out, first     ? "- "
				                      : ordered ? "   "
				                                : "  ");
			}
		}
	}
	writer->line = true;
}

static void add_lines(struct writer *writer, struct str text)
{
	while (text.n > 0) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t n = end == NULL ? text.n : (size_t)(end - text.p) + 1;
		buf_add(writer->out, text.p, n);
		if (end != NULL) {
			add_prefix(writer);
		}
		text = (struct str){text.p + n, text.n - n};
	}
}

/* ---------------------------------------------------------------- spans */

static const char *mark_of(unsigned mark)
{
	switch (mark) {
	case STYLE_BOLD:
		return "**";
	case STYLE_ITALIC:
		return "_";
	case STYLE_STRIKE:
		return "~~";
	case STYLE_CODE:
		return "`";
	default:
		return "";
	}
}

static bool is_same(struct str a, struct str b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* The text of the link that ended with `span` is its address. */
static bool says_url(const struct doc *doc, const struct span *span)
{
	struct str text = doc_str(doc, span->text), url = doc_str(doc, span->url);

	return is_same(text, url) ||
	       (url.n > 7 && memcmp(url.p, "mailto:", 7) == 0 &&
	               is_same(text, (struct str){url.p + 7, url.n - 7}));
}

static void close_marks(struct writer *writer, const struct doc_marks *marks, int down_to)
{
	for (int i = marks->count; i-- > down_to;) {
		const struct span *span = marks->span;
		buf_puts(writer->out, mark_of(marks->marks[i]));
		if (marks->marks[i] == DOC_LINK && span->kind == SPAN_TEXT &&
		        !says_url(writer->doc, span)) {
			buf_puts(writer->out, " (");
			buf_add_str(writer->out, doc_str(writer->doc, span->url));
			buf_puts(writer->out, ")");
		}
	}
}

static void add_spans(struct writer *writer, const struct block *block)
{
	struct doc_marks open = {.count = 0}, next;

	for (size_t i = 0; i < block->count; i++) {
		const struct span *span = &writer->doc->spans[block->first + i];
		doc_marks_of(span, &next);
		int shared = doc_marks_shared(&open, &next);
		close_marks(writer, &open, shared);
		for (int k = shared; k < next.count; k++) {
			buf_puts(writer->out, mark_of(next.marks[k]));
		}
		open = next;
		add_lines(writer, doc_str(writer->doc, span->text));
	}
	close_marks(writer, &open, 0);
}

/* ---------------------------------------------------------------- blocks */

static bool is_blank_between(const struct writer *writer, size_t i)
{
	const struct doc *doc = writer->doc;
	const struct block *before = &doc->blocks[i - 1], *block = &doc->blocks[i];
	int common = doc_common(doc, before->container, block->container);
	bool texts = before->kind == BLOCK_TEXT && block->kind == BLOCK_TEXT &&
	             before->container == block->container;
	/* Two quotes one after the other would look like one. */
	bool quotes = doc_quotes(doc, before->container) > doc_quotes(doc, common) &&
	              doc_quotes(doc, block->container) > doc_quotes(doc, common);

	return doc_item(doc, common) == DOC_NONE && (texts || quotes);
}

static void begin_block(struct writer *writer, size_t i)
{
	const struct doc *doc = writer->doc;
	const struct block *block = &doc->blocks[i];
	struct doc_path path;

	doc_path_to(doc, block->container, &path);
	int shared = doc_path_shared(&writer->path, &path);
	if (block->kind == BLOCK_CELL && !block->row && i > 0 &&
	        doc->blocks[i - 1].kind == BLOCK_CELL && shared == path.count) {
		buf_puts(writer->out, " | ");
		return;
	}
	if (i > 0 && is_blank_between(writer, i)) {
		buf_puts(writer->out, "\n");
		writer->path.count = shared;
		writer->line = true;
		add_prefix(writer);
	}
	buf_puts(writer->out, i > 0 ? "\n" : "");
	writer->path = path;
	writer->entered = i == 0 ? 0 : shared;
	writer->line = false;
	add_prefix(writer);
}

static void add_code(struct writer *writer, const struct block *block)
{
	buf_puts(writer->out, "```");
	buf_add_str(writer->out, doc_str(writer->doc, block->language));
	add_lines(writer, (struct str){"\n", 1});
	for (size_t i = 0; i < block->count; i++) {
		const struct span *span = &writer->doc->spans[block->first + i];
		add_lines(writer, doc_str(writer->doc, span->text));
	}
	add_lines(writer, (struct str){"\n", 1});
	buf_puts(writer->out, "```");
}

void doc_write_body(const struct doc *doc, struct buf *out)
{
	struct writer writer = {.doc = doc, .out = out};

	for (size_t i = 0; i < doc->block_count; i++) {
		const struct block *block = &doc->blocks[i];
		begin_block(&writer, i);
		switch (block->kind) {
		case BLOCK_HEADING:
			for (int k = 0; k < block->level; k++) {
				buf_puts(out, "#");
			}
			buf_puts(out, " ");
			add_spans(&writer, block);
			break;
		case BLOCK_TEXT:
		case BLOCK_CELL:
			add_spans(&writer, block);
			break;
		case BLOCK_CODE:
			add_code(&writer, block);
			break;
		case BLOCK_RULE:
			buf_puts(out, "---");
			break;
		}
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n';
}

/* An address that a reader's client finds by itself, with its right end. */
static bool is_plain_link(const struct doc *doc, size_t i)
{
	const struct block *block = &doc->blocks[0];
	const struct span *span = &doc->spans[block->first + i];
	struct str url = doc_str(doc, span->url), before, after;

	if (!is_same(doc_str(doc, span->text), url) || url_length(url) != url.n) {
		return false;
	}
	before = i == 0 ? str_from(NULL) : doc_str(doc, span[-1].text);
	after = i + 1 == block->count ? str_from(NULL) : doc_str(doc, span[1].text);
	return (before.n == 0 || is_blank(before.p[before.n - 1])) &&
	       (after.n == 0 || is_blank(after.p[0]));
}

bool doc_is_plain(const struct doc *doc)
{
	if (doc->block_count > 1 ||
	        (doc->block_count == 1 &&
	                (doc->blocks[0].kind != BLOCK_TEXT ||
	                        doc->blocks[0].container != DOC_NONE))) {
		return false;
	}
	for (size_t i = 0; doc->block_count == 1 && i < doc->blocks[0].count; i++) {
		const struct span *span = &doc->spans[doc->blocks[0].first + i];
		bool link = span->url.n > 0 && !is_plain_link(doc, i);
		if (span->style != 0 || link || span->kind == SPAN_CUSTOM) {
			return false;
		}
	}
	return true;
}
