#include "bridge/convert/doc.h"

#include "lib/mem.h"
#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void doc_init(struct doc *doc)
{
	*doc = (struct doc){.at = DOC_NONE};
	/* Room for what is added around the texts, such as names. */
	buf_init(&doc->text, DOC_MAX_BYTES * 2);
}

void doc_finish(struct doc *doc)
{
	buf_finish(&doc->text);
	free(doc->spans);
	free(doc->blocks);
	if (!doc->borrowed) {
		free(doc->containers);
	}
	doc_init(doc);
}

struct str doc_str(const struct doc *doc, struct chunk chunk)
{
	return (struct str){chunk.n == 0 ? "" : doc->text.data + chunk.at, chunk.n};
}

/* Never in the middle of a character. */
static struct str cut(struct str text, size_t max)
{
	if (text.n <= max) {
		return text;
	}
	while (max > 0 && ((unsigned char)text.p[max] & 0xC0) == 0x80) {
		max--;
	}
	return (struct str){text.p, max};
}

static bool is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\n' && c != '\t') || c == 0x7F;
}

/* Control characters are of no use to a reader, and may do harm. */
static void add_clean(struct buf *out, struct str text)
{
	size_t from = 0;

	for (size_t i = 0; i < text.n; i++) {
		if (is_control(text.p[i])) {
			buf_add(out, text.p + from, i - from);
			from = i + 1;
		}
	}
	buf_add(out, text.p + from, text.n - from);
}

struct chunk doc_store(struct doc *doc, struct str text)
{
	size_t at = doc->text.len;

	text = cut(text, DOC_MAX_BYTES - (at < DOC_MAX_BYTES ? at : DOC_MAX_BYTES));
	if (text.n > 0) {
		add_clean(&doc->text, text);
	}
	return (struct chunk){(uint32_t)at, (uint32_t)(doc->text.len - at)};
}

struct chunk doc_store_language(struct doc *doc, struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];
		if (!isalnum(c) && strchr("+#._-", c) == NULL) {
			return (struct chunk){0, 0};
		}
	}
	return doc_store(doc, name.n <= 40 ? name : (struct str){NULL, 0});
}

/* ---------------------------------------------------------------- containers */

int doc_parent(const struct doc *doc, int container)
{
	return container == DOC_NONE ? DOC_NONE : doc->containers[container].parent;
}

int doc_depth(const struct doc *doc, int container)
{
	return container == DOC_NONE ? 0 : doc->containers[container].depth;
}

static struct container *grow_containers(struct doc *doc)
{
	assert(!doc->borrowed);
	if (doc->container_count == doc->container_room) {
		doc->container_room =
		        doc->container_room == 0 ? 8 : doc->container_room * 2;
		doc->containers = xrealloc(
		        doc->containers, doc->container_room * sizeof(*doc->containers));
	}
	return &doc->containers[doc->container_count++];
}

bool doc_open(struct doc *doc, enum container_kind kind)
{
	int depth = doc_depth(doc, doc->at);

	doc_end_block(doc);
	if (depth >= DOC_MAX_DEPTH || doc->container_count >= DOC_MAX_BLOCKS) {
		return false;
	}
	struct container *opened = grow_containers(doc);
	*opened = (struct container){.kind = kind,
	        .parent = doc->at,
	        .depth = (uint8_t)(depth + 1),
	        .last_item = DOC_NONE};
	if (kind == CONTAINER_ITEM) {
		assert(doc->at != DOC_NONE &&
		        doc->containers[doc->at].kind == CONTAINER_LIST);
		opened->number = doc->containers[doc->at].number++;
		doc->containers[doc->at].last_item = (int)doc->container_count - 1;
	}
	doc->at = (int)doc->container_count - 1;
	return true;
}

bool doc_open_list(struct doc *doc, bool ordered, long start)
{
	if (doc_depth(doc, doc->at) + 1 >= DOC_MAX_DEPTH ||
	        !doc_open(doc, CONTAINER_LIST)) {
		return false; /* there must be room for its items */
	}
	doc->containers[doc->at].ordered = ordered;
	doc->containers[doc->at].number = start;
	return true;
}

void doc_close(struct doc *doc)
{
	doc_end_block(doc);
	doc->at = doc_parent(doc, doc->at);
}

bool doc_reopen_item(struct doc *doc)
{
	int item = doc->containers[doc->at].last_item;

	doc_end_block(doc);
	if (item == DOC_NONE) {
		return doc_open(doc, CONTAINER_ITEM);
	}
	doc->at = item;
	return true;
}

static unsigned count_kind(const struct doc *doc, int container, enum container_kind kind)
{
	unsigned count = 0;

	for (; container != DOC_NONE; container = doc_parent(doc, container)) {
		count += doc->containers[container].kind == kind;
	}
	return count;
}

unsigned doc_quotes(const struct doc *doc, int container)
{
	return count_kind(doc, container, CONTAINER_QUOTE);
}

unsigned doc_lists(const struct doc *doc, int container)
{
	return count_kind(doc, container, CONTAINER_LIST);
}

int doc_item(const struct doc *doc, int container)
{
	while (container != DOC_NONE &&
	        doc->containers[container].kind != CONTAINER_ITEM) {
		container = doc_parent(doc, container);
	}
	return container;
}

int doc_common(const struct doc *doc, int a, int b)
{
	while (a != b) {
		if (doc_depth(doc, a) >= doc_depth(doc, b)) {
			a = doc_parent(doc, a);
		} else {
			b = doc_parent(doc, b);
		}
	}
	return a;
}

/* ---------------------------------------------------------------- blocks and spans */

struct block *doc_block(struct doc *doc, enum block_kind kind)
{
	doc->in_block = true;
	if (doc->block_count == DOC_MAX_BLOCKS) {
		return &doc->blocks[doc->block_count - 1];
	}
	if (doc->block_count == doc->block_room) {
		doc->block_room = doc->block_room == 0 ? 8 : doc->block_room * 2;
		doc->blocks =
		        xrealloc(doc->blocks, doc->block_room * sizeof(*doc->blocks));
	}
	struct block *block = &doc->blocks[doc->block_count++];
	*block = (struct block){
	        .kind = kind, .container = doc->at, .first = doc->span_count};
	return block;
}

void doc_end_block(struct doc *doc)
{
	doc->in_block = false;
}

static struct span *grow_spans(struct doc *doc)
{
	if (doc->span_count == doc->span_room) {
		doc->span_room = doc->span_room == 0 ? 16 : doc->span_room * 2;
		doc->spans = xrealloc(doc->spans, doc->span_room * sizeof(*doc->spans));
	}
	if (!doc->in_block) {
		doc_block(doc, BLOCK_TEXT);
	}
	doc->blocks[doc->block_count - 1].count++;
	return &doc->spans[doc->span_count++];
}

/* The last span of the open block. */
static struct span *last_span(struct doc *doc)
{
	if (!doc->in_block || doc->blocks[doc->block_count - 1].count == 0) {
		return NULL;
	}
	return &doc->spans[doc->span_count - 1];
}

void doc_add_text(struct doc *doc, struct str text, unsigned style)
{
	struct span *last = last_span(doc);
	bool full = doc->span_count >= DOC_MAX_SPANS;
	struct chunk chunk = doc_store(doc, text);

	if (chunk.n == 0) {
		return;
	}
	bool follows = last != NULL && last->kind == SPAN_TEXT &&
	               last->text.at + last->text.n == chunk.at;
	bool same = follows && last->style == style && last->link == 0 &&
	            last->quiet == doc->quiet && !doc->split;
	doc->split = false;
	if (same || (follows && full)) {
		last->text.n += chunk.n;
		return;
	}
	struct span *span = grow_spans(doc);
	*span = (struct span){.kind = SPAN_TEXT,
	        .style = (uint8_t)(full ? 0 : style),
	        .quiet = doc->quiet,
	        .text = chunk};
}

void doc_add_span(struct doc *doc, const struct new_span *added)
{
	if (doc->span_count >= DOC_MAX_SPANS) {
		doc_add_text(doc, added->text, 0);
		return;
	}
	struct chunk text = doc_store(doc, added->text);
	struct chunk ref = doc_store(doc, added->ref);
	struct chunk url = doc_store(doc, added->url);
	*grow_spans(doc) = (struct span){.kind = added->kind,
	        .style = (uint8_t)added->style,
	        .quiet = doc->quiet,
	        .text = text,
	        .ref = ref,
	        .url = url};
}

void doc_borrow_containers(struct doc *doc, const struct doc *from)
{
	assert(doc->container_count == 0);
	doc->containers = from->containers;
	doc->container_count = from->container_count;
	doc->borrowed = true;
}

struct block *doc_copy_block(
        struct doc *doc, const struct doc *from, const struct block *source)
{
	struct chunk language = doc_store(doc, doc_str(from, source->language));

	doc->at = source->container;
	struct block *block = doc_block(doc, source->kind);
	size_t first = block->first;
	*block = *source;
	block->first = first;
	block->count = 0;
	block->language = language;
	return block;
}

/* Of text that another doc has stored: it is clean. */
static struct chunk store_copy(struct doc *doc, struct str text)
{
	size_t at = doc->text.len;

	buf_add_str(&doc->text, cut(text, DOC_MAX_BYTES * 2 - at));
	return (struct chunk){(uint32_t)at, (uint32_t)(doc->text.len - at)};
}

void doc_copy_span(struct doc *doc, const struct doc *from, const struct span *span)
{
	struct span *last = last_span(doc);
	bool same_link = last != NULL && last->link != 0 && span->link != 0 &&
	                 doc->copied_link == span->link;
	struct chunk url =
	        same_link ? last->url : store_copy(doc, doc_str(from, span->url));
	struct chunk ref = store_copy(doc, doc_str(from, span->ref));
	struct chunk text = store_copy(doc, doc_str(from, span->text));
	uint32_t link = span->link == 0 ? 0 : same_link ? last->link : ++doc->links;

	struct span *copy = grow_spans(doc);
	*copy = *span;
	copy->text = text;
	copy->ref = ref;
	copy->url = url;
	copy->link = link;
	doc->copied_link = span->link;
}

void doc_end_span(struct doc *doc)
{
	doc->split = true;
}

void doc_make_link(struct doc *doc, size_t first, struct str url)
{
	struct chunk chunk = {0, 0};

	if (url.n == 0 || first >= doc->span_count) {
		return;
	}
	chunk = doc_store(doc, url);
	if (chunk.n < url.n) {
		return;
	}
	doc->links++;
	for (size_t i = first; i < doc->span_count; i++) {
		doc->spans[i].link = doc->links;
		doc->spans[i].url = chunk;
	}
}

void doc_drop_spans(struct doc *doc, size_t first)
{
	for (size_t i = doc->block_count; i-- > 0 && doc->span_count > first;) {
		struct block *block = &doc->blocks[i];
		size_t extra = doc->span_count - first;
		extra = extra < block->count ? extra : block->count;
		block->count -= extra;
		doc->span_count -= extra;
	}
	/* Blocks that are empty now begin where the next span will be. */
	for (size_t i = doc->block_count; i-- > 0 && doc->blocks[i].first > first;) {
		doc->blocks[i].first = first;
	}
}

static void drop_last(struct doc *doc, char sign)
{
	struct span *last = last_span(doc);
	size_t end = doc->text.len;

	if (last == NULL || last->kind != SPAN_TEXT || last->text.n == 0 ||
	        last->text.at + last->text.n != end || doc->text.data[end - 1] != sign) {
		return;
	}
	doc->text.len--;
	if (--last->text.n == 0) {
		doc_drop_spans(doc, doc->span_count - 1);
	}
}

void doc_drop_blank(struct doc *doc)
{
	drop_last(doc, ' ');
}

void doc_drop_break(struct doc *doc)
{
	drop_last(doc, '\n');
}

/* ---------------------------------------------------------------- tidying */

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Shortens the spans of a block at its ends; a span that gets empty is dropped. */
static void trim(struct doc *doc, struct block *block)
{
	while (block->count > 0) {
		struct span *span = &doc->spans[block->first];
		while (span->kind == SPAN_TEXT && span->text.n > 0 &&
		        is_blank(doc->text.data[span->text.at])) {
			span->text.at++;
			span->text.n--;
		}
		if (span->text.n > 0) {
			break;
		}
		block->first++;
		block->count--;
	}
	while (block->count > 0) {
		struct span *span = &doc->spans[block->first + block->count - 1];
		while (span->kind == SPAN_TEXT && span->text.n > 0 &&
		        is_blank(doc->text.data[span->text.at + span->text.n - 1])) {
			span->text.n--;
		}
		if (span->text.n > 0) {
			break;
		}
		block->count--;
	}
}

/* An empty item, cell or rule is still something to see. */
static bool is_kept(const struct doc *doc, const struct block *block)
{
	if (block->count > 0 || block->kind == BLOCK_RULE || block->kind == BLOCK_CELL) {
		return true;
	}
	return block->container != DOC_NONE &&
	       doc->containers[block->container].kind == CONTAINER_ITEM &&
	       block->kind == BLOCK_TEXT;
}

void doc_tidy(struct doc *doc)
{
	size_t kept = 0;

	for (size_t i = 0; i < doc->block_count; i++) {
		struct block *block = &doc->blocks[i];
		if (block->kind != BLOCK_CODE) {
			trim(doc, block);
		}
		if (is_kept(doc, block)) {
			doc->blocks[kept++] = *block;
		}
	}
	doc->block_count = kept;
	doc->in_block = false;
}
