/* doc: a message between the two worlds: blocks of styled text in nested containers. Both
 * directions read into a doc and write from one, so that each rule is written once.
 *
 * All texts lie in one buffer, and all parts in flat arrays in the order of reading, so
 * everything is linear in time and freed at once. Sizes are bounded: beyond the bounds
 * text still goes to the last span, styles and nesting get lost, and what is over
 * DOC_MAX_BYTES is cut. */
#ifndef BRIDGE_CONVERT_DOC_H
#define BRIDGE_CONVERT_DOC_H

#include "lib/buf.h"
#include "lib/str.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DOC_MAX_BYTES = 1024 * 1024,
	DOC_MAX_SPANS = 50000,
	DOC_MAX_BLOCKS = 20000,
	DOC_MAX_DEPTH = 12, /* containers in containers */
	DOC_MAX_URL_BYTES = 2000,
	DOC_NONE = -1, /* no container: the top */
};

enum doc_style {
	STYLE_BOLD = 1,
	STYLE_ITALIC = 2,
	STYLE_STRIKE = 4,
	STYLE_CODE = 8,
	STYLE_UNDERLINE = 16,
	STYLE_SPOILER = 32,
};

enum span_kind {
	SPAN_TEXT,    /* text; a link if there is a url */
	SPAN_USER,    /* text is the name as shown, ref the ID on Slack or empty */
	SPAN_CHANNEL, /* likewise */
	SPAN_GROUP,   /* likewise */
	SPAN_ROOM,    /* everyone here; text is "@room" */
	SPAN_EMOJI,   /* text is the Unicode */
	SPAN_CUSTOM,  /* text is ":name:", ref the mxc: URI, or the name on Slack */
};

struct chunk { /* of doc.text */
	uint32_t at, n;
};

struct span {
	enum span_kind kind;
	uint8_t style;
	bool quiet;    /* a mention that pings nobody: within a quoted message */
	uint32_t link; /* spans of one link share a number; 0: none */
	struct chunk text, ref, url;
};

struct new_span { /* as struct span */
	enum span_kind kind;
	unsigned style;
	struct str text, ref, url;
};

enum block_kind {
	BLOCK_TEXT, /* lines of spans */
	BLOCK_HEADING,
	BLOCK_CODE, /* spans without style */
	BLOCK_RULE,
	BLOCK_CELL, /* of a table; the cells of a table follow each other */
};

struct block {
	enum block_kind kind;
	int container; /* index, or DOC_NONE */
	size_t first, count;
	uint8_t level; /* heading: 1 to 6 */
	bool header;   /* cell: of the head */
	bool row;      /* cell: the first of its row */
	bool table;    /* cell: the first of its table */
	struct chunk language;
};

enum container_kind { CONTAINER_QUOTE, CONTAINER_LIST, CONTAINER_ITEM };

struct container {
	enum container_kind kind;
	int parent;
	uint8_t depth; /* 1 at the top */
	bool ordered;  /* list */
	long number;   /* list: of its next item; item: its own */
	int last_item; /* list: its newest item, or DOC_NONE */
};

struct doc {
	struct buf text;
	struct span *spans;
	struct block *blocks;
	struct container *containers;
	size_t span_count, span_room;
	size_t block_count, block_room;
	size_t container_count, container_room;
	bool borrowed;        /* the containers are those of another doc */
	int at;               /* the innermost open container */
	bool in_block;        /* spans go to the last block */
	bool quiet;           /* of the spans that are added */
	bool split;           /* the next text begins a span */
	uint32_t links;       /* numbers given so far */
	uint32_t copied_link; /* the number, in its doc, of the link copied last */
};

void doc_init(struct doc *doc);
void doc_finish(struct doc *doc);

struct str doc_str(const struct doc *doc, struct chunk chunk); /* until the next change */
struct chunk doc_store(struct doc *doc, struct str text);
/* Nothing is stored for what is no name of a language. */
struct chunk doc_store_language(struct doc *doc, struct str name);

/* ---------------------------------------------------------------- building */

/* A container, closed by doc_close(). A list holds items only. False: too deep, nothing
 * was opened. Opening and closing end the open block. */
bool doc_open(struct doc *doc, enum container_kind kind);
bool doc_open_list(struct doc *doc, bool ordered, long start);
void doc_close(struct doc *doc);
/* In a list, outside its items: opens its newest item again, or its first. */
bool doc_reopen_item(struct doc *doc);

/* Begins a block in the open container; the one before ends. */
struct block *doc_block(struct doc *doc, enum block_kind kind);
void doc_end_block(struct doc *doc);

/* Both add to the open block; without one a BLOCK_TEXT begins. style is a set of enum
 * doc_style; texts with equal style become one span. */
void doc_add_text(struct doc *doc, struct str text, unsigned style);
void doc_add_span(struct doc *doc, const struct new_span *span);
/* The next text does not join the span before. */
void doc_end_span(struct doc *doc);
/* For a doc made of another's parts, which lives longer: all its containers, with their
 * numbers; then blocks and spans one by one. A block is copied without its spans. No
 * container can be opened in such a doc. */
void doc_borrow_containers(struct doc *doc, const struct doc *from);
struct block *doc_copy_block(
        struct doc *doc, const struct doc *from, const struct block *block);
void doc_copy_span(struct doc *doc, const struct doc *from, const struct span *span);
/* Makes the spans from number `first` on one link. */
void doc_make_link(struct doc *doc, size_t first, struct str url);

/* Takes back the spans from number `first` on. */
void doc_drop_spans(struct doc *doc, size_t first);
/* Takes back a blank that was added last. */
void doc_drop_blank(struct doc *doc);
void doc_drop_break(struct doc *doc); /* likewise a line break */

/* Takes away empty blocks, and white space at both ends of blocks that are no code. */
void doc_tidy(struct doc *doc);

/* ---------------------------------------------------------------- asking */

/* How many quotes, or lists, there are around and including a container. */
unsigned doc_quotes(const struct doc *doc, int container);
unsigned doc_lists(const struct doc *doc, int container);
/* The innermost item around a container, or DOC_NONE. */
int doc_item(const struct doc *doc, int container);
/* The innermost container that holds both. */
int doc_common(const struct doc *doc, int a, int b);
int doc_parent(const struct doc *doc, int container);
int doc_depth(const struct doc *doc, int container);

#endif
