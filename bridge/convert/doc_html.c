#include <stdio.h>
#include <string.h>

#include "bridge/convert/doc_matrix.h"
#include "bridge/convert/doc_path.h"

/* Only tags and attributes of the specification (instant messaging, m.room.message), all
 * written here; all that comes from outside goes through add_escaped(). */

struct writer {
	const struct doc *doc;
	struct buf *out;
	struct doc_path path;
	bool in_table;
	char next;  /* the first character of the next span; a line break at the end */
	bool blank; /* the last character shown was a blank, or none of the block was */
};

static void add_escaped(struct buf *out, struct str text)
{
	size_t from = 0;

	for (size_t i = 0; i < text.n; i++) {
		const char *entity = NULL;
		switch (text.p[i]) {
		case '&':
			entity = "&amp;";
			break;
		case '<':
			entity = "&lt;";
			break;
		case '>':
			entity = "&gt;";
			break;
		case '"':
			entity = "&quot;";
			break;
		default:
			continue;
		}
		buf_add(out, text.p + from, i - from);
		buf_puts(out, entity);
		from = i + 1;
	}
	buf_add(out, text.p + from, text.n - from);
}

/* HTML joins blanks and drops them at the ends of lines: those that would vanish become
 * no-break ones. */
static void add_lines(struct writer *writer, struct str text)
{
	size_t from = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		bool last = (i + 1 == text.n ? writer->next : text.p[i + 1]) == '\n';
		const char *instead = c == '\n'   ? "<br>"
		                      : c == '\t' ? "\xC2\xA0 \xC2\xA0 "
		                      : c == ' ' && (writer->blank || last) ? "\xC2\xA0"
		                                                            : NULL;
		writer->blank = c == '\n' || (c == ' ' && instead == NULL) || c == '\t';
		if (instead != NULL) {
			add_escaped(writer->out, (struct str){text.p + from, i - from});
			buf_puts(writer->out, instead);
			from = i + 1;
		}
	}
	add_escaped(writer->out, (struct str){text.p + from, text.n - from});
}

/* ---------------------------------------------------------------- spans */

static const char *tag_of(unsigned mark)
{
	switch (mark) {
	case STYLE_BOLD:
		return "strong";
	case STYLE_ITALIC:
		return "em";
	case STYLE_UNDERLINE:
		return "u";
	case STYLE_STRIKE:
		return "del";
	case STYLE_CODE:
		return "code";
	default:
		return "a";
	}
}

static void open_marks(struct writer *writer, const struct doc_marks *marks, int from)
{
	for (int i = from; i < marks->count; i++) {
		buf_puts(writer->out, "<");
		buf_puts(writer->out, tag_of(marks->marks[i]));
		if (marks->marks[i] == DOC_LINK) {
			buf_puts(writer->out, " href=\"");
			add_escaped(writer->out, doc_str(writer->doc, marks->span->url));
			buf_puts(writer->out, "\"");
		}
		buf_puts(writer->out, ">");
	}
}

static void close_marks(struct writer *writer, const struct doc_marks *marks, int down_to)
{
	for (int i = marks->count; i-- > down_to;) {
		buf_puts(writer->out, "</");
		buf_puts(writer->out, tag_of(marks->marks[i]));
		buf_puts(writer->out, ">");
	}
}

static void add_custom(struct writer *writer, const struct span *span)
{
	struct str name = doc_str(writer->doc, span->text);

	buf_puts(writer->out, "<img data-mx-emoticon src=\"");
	add_escaped(writer->out, doc_str(writer->doc, span->ref));
	buf_puts(writer->out, "\" alt=\"");
	add_escaped(writer->out, name);
	buf_puts(writer->out, "\" title=\"");
	add_escaped(writer->out, name);
	buf_puts(writer->out, "\" height=\"32\">");
}

static void add_spans(struct writer *writer, const struct block *block)
{
	struct doc_marks open = {.count = 0}, next;

	writer->blank = true;
	for (size_t i = 0; i < block->count; i++) {
		const struct span *span = &writer->doc->spans[block->first + i];
		bool last = i + 1 == block->count;
		writer->next = last ? '\n' : doc_str(writer->doc, span[1].text).p[0];
		doc_marks_of(span, &next);
		int shared = doc_marks_shared(&open, &next);
		close_marks(writer, &open, shared);
		open_marks(writer, &next, shared);
		open = next;
		if (span->kind == SPAN_CUSTOM) {
			add_custom(writer, span);
			writer->blank = false;
		} else {
			add_lines(writer, doc_str(writer->doc, span->text));
		}
	}
	close_marks(writer, &open, 0);
}

/* ---------------------------------------------------------------- containers */

static void close_containers(struct writer *writer, int down_to)
{
	for (int i = writer->path.count; i-- > down_to;) {
		const struct container *container =
		        &writer->doc->containers[writer->path.containers[i]];
		switch (container->kind) {
		case CONTAINER_QUOTE:
			buf_puts(writer->out, "</blockquote>");
			break;
		case CONTAINER_LIST:
			buf_puts(writer->out, container->ordered ? "</ol>" : "</ul>");
			break;
		case CONTAINER_ITEM:
			buf_puts(writer->out, "</li>");
			break;
		}
	}
}

static void open_list(struct writer *writer, const struct doc_path *path, int i)
{
	const struct doc *doc = writer->doc;
	const struct container *list = &doc->containers[path->containers[i]];
	/* The number this list begins with is that of the item it is opened for. */
	long number =
	        i + 1 < path->count ? doc->containers[path->containers[i + 1]].number : 1;

	if (!list->ordered) {
		buf_puts(writer->out, "<ul>");
	} else if (number == 1) {
		buf_puts(writer->out, "<ol>");
	} else {
		buf_printf(writer->out, "<ol start=\"%ld\">", number);
	}
}

static void enter_containers(struct writer *writer, int container)
{
	struct doc_path path;

	doc_path_to(writer->doc, container, &path);
	int shared = doc_path_shared(&writer->path, &path);
	close_containers(writer, shared);
	for (int i = shared; i < path.count; i++) {
		switch (writer->doc->containers[path.containers[i]].kind) {
		case CONTAINER_QUOTE:
			buf_puts(writer->out, "<blockquote>");
			break;
		case CONTAINER_LIST:
			open_list(writer, &path, i);
			break;
		case CONTAINER_ITEM:
			buf_puts(writer->out, "<li>");
			break;
		}
	}
	writer->path = path;
}

/* ---------------------------------------------------------------- blocks */

static bool is_text_in(const struct doc *doc, size_t i, int container)
{
	return i < doc->block_count && doc->blocks[i].kind == BLOCK_TEXT &&
	       doc->blocks[i].container == container;
}

/* Text between other text needs its paragraph; text alone in a container does not. */
static bool is_paragraph(const struct doc *doc, size_t i)
{
	int container = doc->blocks[i].container;

	return (container == DOC_NONE && doc->block_count > 1) ||
	       (i > 0 && is_text_in(doc, i - 1, container)) ||
	       is_text_in(doc, i + 1, container);
}

static void add_code(struct writer *writer, const struct block *block)
{
	struct str language = doc_str(writer->doc, block->language);

	buf_puts(writer->out, "<pre><code");
	if (language.n > 0) {
		buf_puts(writer->out, " class=\"language-");
		add_escaped(writer->out, language);
		buf_puts(writer->out, "\"");
	}
	buf_puts(writer->out, ">");
	for (size_t i = 0; i < block->count; i++) {
		const struct span *span = &writer->doc->spans[block->first + i];
		add_escaped(writer->out, doc_str(writer->doc, span->text));
	}
	buf_puts(writer->out, "</code></pre>");
}

static void add_cell(struct writer *writer, const struct block *block)
{
	if (writer->in_table && block->row) {
		buf_puts(writer->out, "</tr>");
	}
	if (writer->in_table && block->table) {
		buf_puts(writer->out, "</table>");
	}
	buf_puts(writer->out, block->table || !writer->in_table ? "<table>" : "");
	buf_puts(writer->out, block->row || !writer->in_table ? "<tr>" : "");
	writer->in_table = true;
	buf_puts(writer->out, block->header ? "<th>" : "<td>");
	add_spans(writer, block);
	buf_puts(writer->out, block->header ? "</th>" : "</td>");
}

static void leave_table(struct writer *writer)
{
	if (writer->in_table) {
		buf_puts(writer->out, "</tr></table>");
		writer->in_table = false;
	}
}

static void add_block(struct writer *writer, size_t i)
{
	const struct block *block = &writer->doc->blocks[i];
	bool paragraph;

	switch (block->kind) {
	case BLOCK_TEXT:
		paragraph = is_paragraph(writer->doc, i);
		buf_puts(writer->out, paragraph ? "<p>" : "");
		add_spans(writer, block);
		buf_puts(writer->out, paragraph ? "</p>" : "");
		break;
	case BLOCK_HEADING:
		buf_printf(writer->out, "<h%d>", block->level);
		add_spans(writer, block);
		buf_printf(writer->out, "</h%d>", block->level);
		break;
	case BLOCK_CODE:
		add_code(writer, block);
		break;
	case BLOCK_RULE:
		buf_puts(writer->out, "<hr>");
		break;
	case BLOCK_CELL:
		add_cell(writer, block);
		break;
	}
}

void doc_write_html(const struct doc *doc, struct buf *out)
{
	struct writer writer = {.doc = doc, .out = out};

	for (size_t i = 0; i < doc->block_count; i++) {
		const struct block *block = &doc->blocks[i];
		bool moved = i > 0 && doc->blocks[i - 1].container != block->container;
		if (block->kind != BLOCK_CELL || moved) {
			leave_table(&writer);
		}
		enter_containers(&writer, block->container);
		add_block(&writer, i);
	}
	leave_table(&writer);
	close_containers(&writer, 0);
}
