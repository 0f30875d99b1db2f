#include <stdio.h>
#include <string.h>

#include "lib/emoji_table.h"

#include "bridge/convert/doc_path.h"
#include "bridge/convert/doc_slack.h"

/* Slack's text (Slack protocol reference, 6.1): everything from outside is escaped, and
 * what stands between < and > is written here alone. */

#define APART "\xE2\x80\x8B" /* U+200B */

struct writer {
	const struct doc *doc;
	struct buf *out;
	struct doc_path path;
	int entered; /* containers from this place in the path on are new with this block
	              */
	bool line;   /* the first line of the block is begun */
	bool protect, code;
	bool hidden; /* the last span was a spoiler that is left out */
};

/* ---------------------------------------------------------------- text */

static void add_prefix(struct writer *writer)
{
	bool quoted = doc_quotes(writer->doc,
	                      writer->path.count > 0
	                              ? writer->path.containers[writer->path.count - 1]
	                              : DOC_NONE) > 0;

	buf_puts(writer->out, quoted ? "&gt; " : "");
	for (int i = 0; i < writer->path.count; i++) {
		const struct container *container =
		        &writer->doc->containers[writer->path.containers[i]];
		if (container->kind != CONTAINER_ITEM) {
			continue;
		}
		if (writer->line || i < writer->entered) {
			buf_puts(writer->out, "    ");
		} else if (writer->doc->containers[container->parent].ordered) {
			buf_printf(writer->out, "%ld. ", container->number);
		} else {
			buf_puts(writer->out, "• ");
		}
	}
	writer->line = true;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

/* ":name:" */
static bool begins_emoji(struct str text)
{
	size_t n = 1;

	while (n < text.n && n < EMOJI_NAME_BYTES &&
	        (is_word(text.p[n]) || strchr("_+-'", text.p[n]) != NULL)) {
		n++;
	}
	return n > 1 && n < text.n && text.p[n] == ':';
}

/* Whether Slack may take the sign at i for formatting. */
static bool is_mark(struct str text, size_t i)
{
	char c = text.p[i];

	if (c == '>') {
		return i == 0 || text.p[i - 1] == '\n';
	}
	if (c == ':') {
		return begins_emoji((struct str){text.p + i, text.n - i});
	}
	if (c == '\0' || strchr("*_~`", c) == NULL) {
		return false;
	}
	return i == 0 || i + 1 == text.n || !is_word(text.p[i - 1]) ||
	       !is_word(text.p[i + 1]);
}

static void add_escaped(struct writer *writer, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (writer->protect && !writer->code && is_mark(text, i)) {
			buf_puts(writer->out, APART);
		}
		if (c == '&') {
			buf_puts(writer->out, "&amp;");
		} else if (c == '<') {
			buf_puts(writer->out, "&lt;");
		} else if (c == '>') {
			buf_puts(writer->out, "&gt;");
		} else {
			buf_add(writer->out, &c, 1);
		}
		if (writer->protect && !writer->code && c == ':' && is_mark(text, i)) {
			buf_puts(writer->out, APART);
		}
		if (c == '\n') {
			add_prefix(writer);
		}
	}
}

/* ---------------------------------------------------------------- spans */

/* Within < and > some signs would end the sequence. */
static void add_url(struct writer *writer, struct str url)
{
	for (size_t i = 0; i < url.n; i++) {
		char c = url.p[i];
		if (c == '<' || c == '>' || c == '|') {
			buf_printf(writer->out, "%%%02X", (unsigned)c);
		} else if (c == '&') {
			buf_puts(writer->out, "&amp;");
		} else {
			buf_add(writer->out, &c, 1);
		}
	}
}

static void add_link(struct writer *writer, const struct span *span)
{
	struct str text = doc_str(writer->doc, span->text);
	struct str url = doc_str(writer->doc, span->url);
	bool same = text.n == url.n && memcmp(text.p, url.p, url.n) == 0;

	buf_puts(writer->out, "<");
	add_url(writer, url);
	if (!same) {
		buf_puts(writer->out, "|");
		for (size_t i = 0; i < text.n; i++) {
			char c = text.p[i];
			const char *entity = c == '&'    ? "&amp;"
			                     : c == '<'  ? "&lt;"
			                     : c == '>'  ? "&gt;"
			                     : c == '\n' ? " "
			                                 : NULL;
			buf_add(writer->out, entity == NULL ? &c : entity,
			        entity == NULL ? 1 : strlen(entity));
		}
	}
	buf_puts(writer->out, ">");
}

static void add_named(struct writer *writer, const char *sign, const struct span *span)
{
	buf_printf(writer->out, "<%s", sign);
	buf_add_str(writer->out, doc_str(writer->doc, span->ref));
	buf_puts(writer->out, ">");
}

static void add_content(struct writer *writer, const struct span *span)
{
	bool known = span->ref.n > 0;

	if (span->url.n > 0) {
		add_link(writer, span);
	} else if (span->kind == SPAN_USER && known) {
		add_named(writer, "@", span);
	} else if (span->kind == SPAN_CHANNEL && known) {
		add_named(writer, "#", span);
	} else if (span->kind == SPAN_GROUP && known) {
		add_named(writer, "!subteam^", span);
	} else if (span->kind == SPAN_ROOM) {
		buf_puts(writer->out, "<!channel>");
	} else if ((span->kind == SPAN_EMOJI || span->kind == SPAN_CUSTOM) && known) {
		buf_puts(writer->out, ":");
		buf_add_str(writer->out, doc_str(writer->doc, span->ref));
		buf_puts(writer->out, ":");
	} else {
		add_escaped(writer, doc_str(writer->doc, span->text));
	}
}

/* The marks of a style, if Slack will see them as such: at the edges of words, around
 * text of one line that begins and ends with no blank. Code holds no other mark. */
static size_t marks_for(
        const struct writer *writer, const struct span *span, char next, char marks[4])
{
	struct str text = doc_str(writer->doc, span->text);
	char before =
	        writer->out->len == 0 ? ' ' : writer->out->data[writer->out->len - 1];
	size_t n = 0;

	if (is_word(before) || is_word(next) || strchr("*_~`", before) != NULL ||
	        text.n == 0 || memchr(text.p, '\n', text.n) != NULL ||
	        memchr(text.p, '`', text.n) != NULL || text.p[0] == ' ' ||
	        text.p[text.n - 1] == ' ') {
		return 0;
	}
	if (span->style & STYLE_BOLD) {
		marks[n++] = '*';
	}
	if (span->style & STYLE_ITALIC) {
		marks[n++] = '_';
	}
	if (span->style & STYLE_STRIKE) {
		marks[n++] = '~';
	}
	if (span->style & STYLE_CODE && span->kind == SPAN_TEXT) {
		marks[n++] = '`';
	}
	for (size_t i = 0; i < n; i++) {
		if (!(span->style & STYLE_CODE) &&
		        memchr(text.p, marks[i], text.n) != NULL) {
			return 0;
		}
	}
	return n;
}

static void add_marked(struct writer *writer, const struct span *span, char next)
{
	char marks[4];
	size_t n = marks_for(writer, span, next, marks);

	buf_add(writer->out, marks, n);
	writer->code = n > 0 && marks[n - 1] == '`';
	add_content(writer, span);
	writer->code = false;
	while (n > 0) {
		buf_add(writer->out, &marks[--n], 1);
	}
}

/* Bold " word " becomes " *word* ": the blanks go outside. */
static void add_span(struct writer *writer, const struct span *span, char next)
{
	struct span inner = *span;
	struct str text = doc_str(writer->doc, span->text);
	size_t front = 0, back = 0;

	if (span->kind == SPAN_TEXT && span->url.n == 0 && span->style != 0) {
		while (front < text.n && text.p[front] == ' ') {
			front++;
		}
		while (back + front < text.n && text.p[text.n - 1 - back] == ' ') {
			back++;
		}
	}
	inner.text.at += (uint32_t)front;
	inner.text.n -= (uint32_t)(front + back);
	buf_add(writer->out, text.p, front);
	add_marked(writer, &inner, back > 0 ? ' ' : next);
	buf_add(writer->out, text.p + text.n - back, back);
}

static void add_spans(struct writer *writer, const struct block *block, unsigned style)
{
	for (size_t i = 0; i < block->count; i++) {
		struct span span = writer->doc->spans[block->first + i];
		bool last = i + 1 == block->count;
		struct str next =
		        last ? str_from(NULL)
		             : doc_str(writer->doc,
		                       writer->doc->spans[block->first + i + 1].text);
		bool hidden = (span.style & STYLE_SPOILER) && !writer->protect;
		span.style |= (uint8_t)style;
		if (hidden) { /* said once for all of it */
			buf_puts(writer->out, writer->hidden ? "" : "…");
		} else {
			add_span(writer, &span, next.n == 0 ? ' ' : next.p[0]);
		}
		writer->hidden = hidden;
	}
	writer->hidden = false;
}

/* ---------------------------------------------------------------- blocks */

static void begin_block(struct writer *writer, size_t i)
{
	const struct doc *doc = writer->doc;
	const struct block *block = &doc->blocks[i];
	struct doc_path path;

	doc_path_to(doc, block->container, &path);
	int shared = doc_path_shared(&writer->path, &path);
	bool paragraphs = i > 0 && doc->blocks[i - 1].kind == BLOCK_TEXT &&
	                  block->kind == BLOCK_TEXT &&
	                  doc->blocks[i - 1].container == block->container &&
	                  doc_item(doc, block->container) == DOC_NONE;
	if (paragraphs) {
		buf_puts(writer->out, "\n");
		writer->line = true;
		add_prefix(writer);
	}
	buf_puts(writer->out, i > 0 ? "\n" : "");
	writer->path = path;
	writer->entered = i == 0 ? 0 : shared;
	writer->line = false;
	add_prefix(writer);
}

static size_t add_table(struct writer *writer, size_t i)
{
	struct buf text;

	buf_init(&text, DOC_MAX_BYTES * 8);
	size_t next = doc_write_table(writer->doc, i, &text);
	buf_puts(writer->out, "```\n");
	writer->code = true;
	add_escaped(writer, buf_str(&text));
	writer->code = false;
	buf_puts(writer->out, "\n```");
	buf_finish(&text);
	return next;
}

static void add_code(struct writer *writer, const struct block *block)
{
	buf_puts(writer->out, "```\n");
	writer->code = true;
	for (size_t i = 0; i < block->count; i++) {
		const struct span *span = &writer->doc->spans[block->first + i];
		add_escaped(writer, doc_str(writer->doc, span->text));
	}
	writer->code = false;
	buf_puts(writer->out, "\n```");
}

void doc_write_mrkdwn(const struct doc *doc, bool protect, struct buf *out)
{
	struct writer writer = {.doc = doc, .out = out, .protect = protect};

	for (size_t i = 0; i < doc->block_count;) {
		const struct block *block = &doc->blocks[i];
		begin_block(&writer, i);
		switch (block->kind) {
		case BLOCK_TEXT:
			add_spans(&writer, block, 0);
			break;
		case BLOCK_HEADING:
			add_spans(&writer, block, STYLE_BOLD);
			break;
		case BLOCK_CODE:
			add_code(&writer, block);
			break;
		case BLOCK_RULE:
			buf_puts(out, "---");
			break;
		case BLOCK_CELL:
			i = add_table(&writer, i) - 1;
			break;
		}
		i++;
	}
}

/* Nothing in it that <url|label> has to write in another way. */
static bool is_simple_link(const struct doc *doc, const struct span *span)
{
	struct str url = doc_str(doc, span->url), text = doc_str(doc, span->text);

	return memchr(url.p, '<', url.n) == NULL && memchr(url.p, '>', url.n) == NULL &&
	       memchr(url.p, '|', url.n) == NULL && memchr(text.p, '\n', text.n) == NULL;
}

bool doc_is_plain_text(const struct doc *doc)
{
	if (doc->block_count != 1 || doc->blocks[0].kind != BLOCK_TEXT ||
	        doc->blocks[0].container != DOC_NONE) {
		return false;
	}
	for (size_t i = 0; i < doc->blocks[0].count; i++) {
		const struct span *span = &doc->spans[doc->blocks[0].first + i];
		struct str text = doc_str(doc, span->text);
		bool plain = span->kind == SPAN_TEXT && span->url.n == 0;
		if (span->style != 0 || (span->url.n > 0 && !is_simple_link(doc, span))) {
			return false;
		}
		for (size_t k = 0; plain && k < text.n; k++) {
			if (is_mark(text, k)) {
				return false;
			}
		}
	}
	return true;
}
