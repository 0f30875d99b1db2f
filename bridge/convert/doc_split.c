#include "bridge/convert/doc_split.h"

#include "lib/mark.h"

#include <string.h>

void doc_cutter_init(struct doc_cutter *cutter, const struct doc *doc,
        const struct doc_costs *costs, size_t limit)
{
	*cutter = (struct doc_cutter){.doc = doc, .costs = costs, .limit = limit};
}

static void begin_block(struct doc_cutter *cutter, struct doc *piece)
{
	const struct block *source = &cutter->doc->blocks[cutter->block];
	bool first_of_piece = piece->block_count == 0;
	struct block *block = doc_copy_block(piece, cutter->doc, source);

	/* A table that is cut goes on as a table. */
	block->table = source->table || (source->kind == BLOCK_CELL && first_of_piece);
	block->row = source->row || block->table;
}

static void copy_part(
        struct doc_cutter *cutter, struct doc *piece, const struct span *span, size_t n)
{
	struct span part = *span;

	part.text.at += (uint32_t)cutter->at;
	part.text.n = (uint32_t)n;
	doc_copy_span(piece, cutter->doc, &part);
}

/* ---------------------------------------------------------------- where to cut a text */

static bool follows(const char *p)
{
	static const char *const parts[] = {"\xE2\x80\x8D", "\xEF\xB8\x8F",
	        "\xF0\x9F\x8F\xBB", "\xF0\x9F\x8F\xBC", "\xF0\x9F\x8F\xBD",
	        "\xF0\x9F\x8F\xBE", "\xF0\x9F\x8F\xBF"};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strncmp(p, parts[i], strlen(parts[i])) == 0) {
			return true;
		}
	}
	/* U+0300 to U+036F: accents of the character before. */
	return (unsigned char)p[0] == 0xCC ||
	       ((unsigned char)p[0] == 0xCD && (unsigned char)p[1] <= 0xAF);
}

/* text[0..n) fits; n is less than the text. */
static size_t find_cut(struct str text, size_t n)
{
	const char *found = memrchr(text.p, '\n', n);

	if (found != NULL && (size_t)(found - text.p) >= n / 2) {
		return (size_t)(found - text.p) + 1;
	}
	found = memrchr(text.p, ' ', n);
	if (found != NULL && (size_t)(found - text.p) >= n / 2) {
		return (size_t)(found - text.p) + 1;
	}
	size_t back = n;
	for (unsigned steps = 0; steps < 32 && back > 0 && follows(text.p + back);
	        steps++) {
		do {
			back--;
		} while (back > 0 && ((unsigned char)text.p[back] & 0xC0) == 0x80);
	}
	return back > 0 ? back : n;
}

/* ---------------------------------------------------------------- filling a piece */

struct filling {
	size_t used;
	size_t in_block; /* spans of the open block that are in the piece */
};

enum filled { FILLED_ALL, FILLED_CUT };

/* Adds one span or its part; FILLED_CUT: the rest is for the next piece. */
static enum filled add_span(
        struct doc_cutter *cutter, struct doc *piece, struct filling *filling)
{
	const struct doc *doc = cutter->doc;
	const struct block *block = &doc->blocks[cutter->block];
	struct span span = doc->spans[block->first + cutter->span];
	struct str text = doc_str(doc, span.text);
	size_t cost = 0, own = cutter->costs->span(doc, &span);
	bool empty = filling->in_block == 0 && piece->block_count <= 1;

	if (own > cutter->limit / 2) { /* a link of absurd length: its text stays */
		span.url = span.ref = (struct chunk){0, 0};
		span.link = 0;
		own = cutter->costs->span(doc, &span);
	}
	text = (struct str){text.p + cutter->at, text.n - cutter->at};
	size_t left = cutter->limit > filling->used + own
	                      ? cutter->limit - filling->used - own
	                      : 0;
	size_t n = cutter->costs->fit(text, cutter->costs->line(doc, block), left, &cost);
	if (n < text.n && span.kind != SPAN_TEXT) {
		n = empty ? text.n : 0;
	} else if (n < text.n) {
		n = find_cut(text, n);
		/* A few letters at the end of a piece are not worth a cut. */
		if (n < 20 && !empty) {
			n = 0;
		}
		if (n == 0 && empty) {
			n = cutter->costs->fit(text, 0, 16, &cost);
		}
	}
	if (n > 0 || text.n == 0) {
		/* The line break at a cut of code is the end of the piece. */
		bool broken = n < text.n && block->kind == BLOCK_CODE && n > 1 &&
		              text.p[n - 1] == '\n';
		copy_part(cutter, piece, &span, broken ? n - 1 : n);
		filling->used += own + cost;
		filling->in_block++;
	}
	if (n < text.n) {
		cutter->at += n;
		return FILLED_CUT;
	}
	cutter->at = 0;
	cutter->span++;
	return FILLED_ALL;
}

/* What a later block would cost, so that a short one is not torn: at most `limit`. */
static size_t cost_of_block(const struct doc_cutter *cutter, size_t limit)
{
	const struct doc *doc = cutter->doc;
	const struct block *block = &doc->blocks[cutter->block];
	size_t total = cutter->costs->block(doc, block);
	size_t line = cutter->costs->line(doc, block);

	for (size_t i = 0; i < block->count && total <= limit; i++) {
		const struct span *span = &doc->spans[block->first + i];
		struct str text = doc_str(doc, span->text);
		size_t cost = 0;
		size_t n = cutter->costs->fit(text, line, limit, &cost);
		total += cutter->costs->span(doc, span) + cost;
		if (n < text.n) {
			return limit + 1;
		}
	}
	return total;
}

/* Whether a new block goes to the next piece: when this one is half full and the block
 * would be torn, or when there is no room for anything of it. */
static bool is_for_next(const struct doc_cutter *cutter, const struct filling *filling)
{
	size_t left = cutter->limit > filling->used ? cutter->limit - filling->used : 0;
	const struct block *block = &cutter->doc->blocks[cutter->block];

	if (filling->used > cutter->limit / 2) {
		return cost_of_block(cutter, left) > left;
	}
	return cutter->costs->block(cutter->doc, block) + cutter->limit / 8 > left;
}

bool doc_fits(const struct doc *doc, const struct doc_costs *costs, size_t limit)
{
	struct doc_cutter cutter = {.doc = doc, .costs = costs, .limit = limit};
	size_t used = 0;

	for (; cutter.block < doc->block_count && used <= limit; cutter.block++) {
		used += cost_of_block(&cutter, limit - used);
	}
	return used <= limit;
}

bool doc_cutter_next(struct doc_cutter *cutter, struct doc *piece)
{
	const struct doc *doc = cutter->doc;
	struct filling filling = {0, 0};

	if (cutter->block == doc->block_count) {
		return false;
	}
	REQ("MSG-11");
	doc_init(piece);
	doc_borrow_containers(piece, doc);
	for (; cutter->block < doc->block_count; cutter->block++, cutter->span = 0) {
		const struct block *block = &doc->blocks[cutter->block];
		if (piece->block_count > 0 && is_for_next(cutter, &filling)) {
			break;
		}
		filling.used += cutter->costs->block(doc, block);
		filling.in_block = 0;
		begin_block(cutter, piece);
		while (cutter->span < block->count) {
			if (add_span(cutter, piece, &filling) == FILLED_CUT) {
				doc_tidy(piece);
				return true;
			}
		}
		doc_end_block(piece);
	}
	doc_tidy(piece);
	return true;
}
