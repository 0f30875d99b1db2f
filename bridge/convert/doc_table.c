#include <string.h>

#include "bridge/convert/doc_slack.h"

enum {
	MAX_COLUMNS = 40,
	MAX_WIDTH = 40, /* a longer cell pushes the ones after it to the right */
};

/* In characters; good enough for columns. */
static size_t width_of(const struct doc *doc, const struct block *cell)
{
	size_t width = 0;

	for (size_t i = 0; i < cell->count; i++) {
		struct str text = doc_str(doc, doc->spans[cell->first + i].text);
		for (size_t k = 0; k < text.n; k++) {
			width += ((unsigned char)text.p[k] & 0xC0) != 0x80;
		}
	}
	return width;
}

static size_t table_end(const struct doc *doc, size_t first)
{
	size_t i = first + 1;

	while (i < doc->block_count && doc->blocks[i].kind == BLOCK_CELL &&
	        !doc->blocks[i].table &&
	        doc->blocks[i].container == doc->blocks[first].container) {
		i++;
	}
	return i;
}

static void measure(
        const struct doc *doc, size_t first, size_t end, size_t widths[MAX_COLUMNS])
{
	size_t column = 0;

	for (size_t i = first; i < end; i++) {
		column = doc->blocks[i].row ? 0 : column + 1;
		size_t width = width_of(doc, &doc->blocks[i]);
		if (column < MAX_COLUMNS && width > widths[column]) {
			widths[column] = width < MAX_WIDTH ? width : MAX_WIDTH;
		}
	}
}

static void add_repeated(struct buf *out, const char *sign, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_puts(out, sign);
	}
}

static void add_cell(const struct doc *doc, const struct block *cell, struct buf *out)
{
	for (size_t i = 0; i < cell->count; i++) {
		struct str text = doc_str(doc, doc->spans[cell->first + i].text);
		for (size_t k = 0; k < text.n; k++) {
			buf_add(out, text.p[k] == '\n' ? " " : &text.p[k], 1);
		}
	}
}

/* Under the head: a line, so that it is seen to be one. */
static void add_rule(struct buf *out, const size_t widths[MAX_COLUMNS], size_t columns)
{
	buf_puts(out, "\n");
	for (size_t i = 0; i < columns && i < MAX_COLUMNS; i++) {
		buf_puts(out, i > 0 ? "-+-" : "");
		add_repeated(out, "-", widths[i]);
	}
}

size_t doc_write_table(const struct doc *doc, size_t first, struct buf *out)
{
	size_t widths[MAX_COLUMNS] = {0};
	size_t end = table_end(doc, first), column = 0, columns = 0;

	measure(doc, first, end, widths);
	for (size_t i = first; i < end; i++) {
		const struct block *cell = &doc->blocks[i];
		bool row = cell->row || i == first;
		if (row && i > first) {
			if (doc->blocks[i - 1].header && !cell->header) {
				add_rule(out, widths, columns);
			}
			buf_puts(out, "\n");
		}
		column = row ? 0 : column + 1;
		columns = column + 1;
		buf_puts(out, column > 0 ? " | " : "");
		add_cell(doc, cell, out);
		bool last = i + 1 == end || doc->blocks[i + 1].row;
		size_t width = width_of(doc, cell);
		if (!last && column < MAX_COLUMNS && width < widths[column]) {
			add_repeated(out, " ", widths[column] - width);
		}
	}
	return end;
}
