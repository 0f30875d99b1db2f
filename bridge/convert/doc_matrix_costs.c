#include "bridge/convert/doc_matrix.h"

/* Upper bounds, in bytes of JSON text, for body and HTML together. */

static size_t cost_of_char(unsigned char c, size_t per_line)
{
	if (c > '>' && c != '\\') { /* letters, and all that is no ASCII */
		return 1 + 1;
	}
	switch (c) {
	case '\n':
		return 2 + 4 + per_line;
	case '&':
		return 1 + 5;
	case '<':
	case '>':
		return 1 + 4;
	case '"':
		return 2 + 6;
	case '\\':
		return 2 + 2;
	case '\t':
		return 2 + 6;
	case ' ':
		return 1 + 2;
	default:
		return c < 0x20 ? 6 + 6 : 1 + 1;
	}
}

static size_t fit(struct str text, size_t per_line, size_t limit, size_t *cost)
{
	size_t used = 0, n = 0;

	while (n < text.n && used <= limit) {
		used += cost_of_char((unsigned char)text.p[n++], per_line);
	}
	while (used > limit) { /* back to where a character begins */
		unsigned char c = (unsigned char)text.p[--n];
		used -= cost_of_char(c, per_line);
		bool inside = (c & 0xC0) == 0x80;
		while (inside && n > 0) {
			c = (unsigned char)text.p[--n];
			used -= cost_of_char(c, per_line);
			inside = (c & 0xC0) == 0x80;
		}
	}
	*cost = used;
	return n;
}

static size_t cost_of_text(const struct doc *doc, struct chunk chunk)
{
	size_t cost = 0;

	if (chunk.n == 0) {
		return 0;
	}
	fit(doc_str(doc, chunk), 0, SIZE_MAX, &cost);
	return cost;
}

static size_t cost_of_span(const struct doc *doc, const struct span *span)
{
	size_t cost = 0;

	for (unsigned style = span->style; style != 0; style >>= 1) {
		cost += style & 1 ? 21 : 0; /* <strong></strong> and **** */
	}
	if (span->url.n > 0) {
		cost += 24 + cost_of_text(doc, span->url);
	}
	if (span->kind == SPAN_CUSTOM) {
		cost += 80 + cost_of_text(doc, span->ref) +
		        2 * cost_of_text(doc, span->text);
	}
	return cost;
}

/* Of the containers that the block before was not in; the first of a piece are in
 * DOC_MATRIX_PIECE_BYTES. <ol start=\"1234567\"></ol> is the longest. */
static size_t cost_of_block(const struct doc *doc, const struct block *block)
{
	int depth = doc_depth(doc, block->container), shared = 0;

	if (block > doc->blocks) {
		shared = doc_depth(
		        doc, doc_common(doc, block[-1].container, block->container));
	}
	/* Each line has the marks of all of them, also the blank line before. */
	return (size_t)(depth - shared) * 50 + (size_t)depth * 8 + 24 +
	       (block->kind == BLOCK_TEXT ? 0 : 60) +
	       2 * cost_of_text(doc, block->language);
}

static size_t cost_of_line(const struct doc *doc, const struct block *block)
{
	return (size_t)doc_depth(doc, block->container) * 4;
}

const struct doc_costs doc_matrix_costs = {
        .fit = fit,
        .span = cost_of_span,
        .block = cost_of_block,
        .line = cost_of_line,
};

/* ---------------------------------------------------------------- the body alone */

static size_t plain_char(unsigned char c)
{
	return c == '"' || c == '\\' || c == '\n' || c == '\t' ? 2 : 1;
}

static size_t fit_plain(struct str text, size_t per_line, size_t limit, size_t *cost)
{
	size_t used = 0, n = 0, whole = 0, whole_used = 0;

	(void)per_line; /* a plain doc has no marks at its lines */
	for (; n < text.n; n++) {
		unsigned char c = (unsigned char)text.p[n];
		if ((c & 0xC0) != 0x80) {
			whole = n;
			whole_used = used;
		}
		used += plain_char(c);
		if (used > limit) {
			*cost = whole_used;
			return whole;
		}
	}
	*cost = used;
	return n;
}

static size_t plain_span(const struct doc *doc, const struct span *span)
{
	(void)doc;
	(void)span;
	return 0;
}

const struct doc_costs doc_plain_costs = {
        .fit = fit_plain,
        .span = plain_span,
        .block = cost_of_block,
        .line = cost_of_line,
};
