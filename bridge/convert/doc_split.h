/* doc_split: a doc that is too long for one message, cut into docs that are not. */
#ifndef BRIDGE_CONVERT_DOC_SPLIT_H
#define BRIDGE_CONVERT_DOC_SPLIT_H

#include "bridge/convert/doc.h"

/* What parts take at most where they are written to, in the units of the limit. */
struct doc_costs {
	/* n characters of text at p make `cost`; never more than `limit` unless it is one
	 * character. Returns how many bytes fit. */
	size_t (*fit)(struct str text, size_t per_line, size_t limit, size_t *cost);
	size_t (*span)(const struct doc *doc, const struct span *span); /* without text */
	size_t (*block)(const struct doc *doc, const struct block *block);
	/* Of each line in a block, such as the marks of a quote. */
	size_t (*line)(const struct doc *doc, const struct block *block);
};

/* Whether the doc need not be cut. */
bool doc_fits(const struct doc *doc, const struct doc_costs *costs, size_t limit);

struct doc_cutter {
	const struct doc *doc;
	const struct doc_costs *costs;
	size_t limit;
	size_t block, span,
	        at; /* where the next piece begins: at is in the span's text */
};

void doc_cutter_init(struct doc_cutter *cutter, const struct doc *doc,
        const struct doc_costs *costs, size_t limit);

/* Fills *piece, which is to be doc_finish()ed, with the next one; false if there is none.
 * Cuts are between blocks if that fills half a piece, else after a line, else after a
 * word, never inside a mention or an emoji. Code that is cut is code in both pieces, and
 * a list goes on with its number. */
bool doc_cutter_next(struct doc_cutter *cutter, struct doc *piece);

#endif
