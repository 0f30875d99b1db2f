#include "bridge/convert/doc_slack.h"

/* Upper bounds, in UTF-16 units of mrkdwn. */

static size_t cost_of_char(unsigned char c, size_t per_line)
{
	switch (c) {
	case '\n':
		return 1 + per_line;
	case '&':
		return 5;
	case '<':
		return 4;
	case '>':
		return 4 + 1;
	case '*':
	case '_':
	case '~':
	case '`':
		return 2;
	case ':':
		return 3;
	default:
		/* The first byte stands for the character: two units above U+FFFF. */
		return (c & 0xC0) == 0x80 ? 0 : c >= 0xF0 ? 2 : 1;
	}
}

static size_t fit(struct str text, size_t per_line, size_t limit, size_t *cost)
{
	size_t used = 0, n = 0;

	while (n < text.n) {
		size_t one = cost_of_char((unsigned char)text.p[n], per_line);
		if (used + one > limit) {
			break;
		}
		used += one;
		n++;
	}
	*cost = used;
	return n;
}

static size_t cost_of_text(const struct doc *doc, struct chunk chunk)
{
	size_t cost = 0;

	if (chunk.n > 0) {
		fit(doc_str(doc, chunk), 0, SIZE_MAX, &cost);
	}
	return cost;
}

static size_t cost_of_span(const struct doc *doc, const struct span *span)
{
	size_t cost = span->style != 0 ? 8 : 1;

	if (span->url.n > 0) {
		/* < > and | are written as three signs each, at most. */
		cost += 3 + 3 * cost_of_text(doc, span->url);
	}
	return cost + (span->ref.n > 0 ? 16 + span->ref.n : 0);
}

static size_t digits(long number)
{
	size_t n = 1;

	for (; number > 9; number /= 10) {
		n++;
	}
	return n;
}

/* "&gt; " for any number of quotes, four blanks, a bullet or a number for each item. */
static size_t cost_of_line(const struct doc *doc, const struct block *block)
{
	size_t cost = 0;
	bool quoted = false;

	for (int at = block->container; at != DOC_NONE; at = doc_parent(doc, at)) {
		const struct container *container = &doc->containers[at];
		quoted = quoted || container->kind == CONTAINER_QUOTE;
		if (container->kind == CONTAINER_ITEM) {
			size_t number = digits(container->number) + 2;
			cost += number > 4 ? number : 4;
		}
	}
	return cost + (quoted ? 5 : 0);
}

static size_t cost_of_block(const struct doc *doc, const struct block *block)
{
	size_t line = cost_of_line(doc, block);

	switch (block->kind) {
	case BLOCK_TEXT:
	case BLOCK_HEADING:
		/* Paragraphs have a blank line between them. */
		return doc_item(doc, block->container) == DOC_NONE ? 2 * line + 2
		                                                   : line + 1;
	case BLOCK_CODE:
	case BLOCK_RULE:
		return 2 * line + 10;
	case BLOCK_CELL:
		/* It may be padded, and stand over a line. */
		return 2 * line + 10 + 2 * 44;
	}
	return 2 * line + 10;
}

const struct doc_costs doc_slack_costs = {
        .fit = fit,
        .span = cost_of_span,
        .block = cost_of_block,
        .line = cost_of_line,
};
