#include <string.h>
#include <strings.h>

#include "lib/emoji_table.h"
#include "lib/mark.h"
#include "lib/mem.h"

#include "bridge/convert/matrix_reader.h"
#include "bridge/convert/url.h"

/* Running text is looked through once it is whole: the HTML parser delivers it in parts.
 */

enum { MAX_HANDLE_BYTES = 80 };

struct scan {
	struct matrix_reader *reader; /* its doc is the new one */
	unsigned style;
	unsigned emoji;     /* found so far */
	struct str pending; /* ordinary text that is not yet added */
};

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

static size_t blank_at(struct str text)
{
	size_t n = 0;

	while (n < text.n && (unsigned char)text.p[n] > ' ') {
		n++;
	}
	return n;
}

static void flush(struct scan *scan)
{
	doc_add_text(scan->reader->doc, scan->pending, scan->style);
	scan->pending = (struct str){NULL, 0};
}

static size_t add_emoji(struct scan *scan, struct str text)
{
	char name[EMOJI_NAME_BYTES];
	size_t n = scan->emoji < MATRIX_MAX_EMOJI ? emoji_length(text) : 0;
	struct str emoji = {text.p, n};

	if (n == 0 || !emoji_name(emoji, name)) {
		return 0;
	}
	scan->emoji++;
	flush(scan);
	doc_add_span(scan->reader->doc, &(struct new_span){.kind = SPAN_EMOJI,
	                                        .style = scan->style,
	                                        .text = emoji,
	                                        .ref = str_from(name)});
	return n;
}

/* The permalink of a message whose matrix.to address stands in the text, or NULL. */
static const char *permalink_of(const struct scan *scan, struct str url)
{
	const struct to_slack_names *names = scan->reader->names;
	autofree char *href = xstrndup(url.p, url.n);
	struct matrix_uri uri;
	const char *found = NULL;

	if (names->message == NULL || !matrix_uri_parse(href, &uri)) {
		return NULL;
	}
	if (uri.event_id != NULL) {
		found = names->message(names->arg, uri.entity, uri.event_id);
	}
	matrix_uri_finish(&uri);
	return found;
}

/* A part that looks like an address and is none is passed over as a whole, or it would be
 * tried again at each of its letters. */
static size_t add_url(struct scan *scan, struct str text)
{
	struct doc *doc = scan->reader->doc;
	size_t n = url_length(text);
	struct str url = {text.p, n};

	if (n > 0) {
		flush(scan);
		doc_end_span(doc);
		size_t first = doc->span_count;
		const char *permalink = permalink_of(scan, url);
		url = permalink == NULL ? url : str_from(permalink);
		doc_add_text(doc, url, scan->style);
		doc_make_link(doc, first, url);
		doc_end_span(doc);
		return n;
	}
	bool tried = text.n > 7 && (strncasecmp(text.p, "http", 4) == 0 ||
	                                   strncasecmp(text.p, "mailto:", 7) == 0);
	n = tried ? blank_at(text) : 0;
	if (n > 0) {
		flush(scan);
		doc_add_text(doc, (struct str){text.p, n}, scan->style);
	}
	return n;
}

static size_t add_room(struct scan *scan, struct str text)
{
	static const char room[] = "@room";
	size_t n = strlen(room);
	const struct matrix_reader *reader = scan->reader;

	if (!reader->options->may_ping_room || !matrix_room_is_mentioned(reader) ||
	        text.n < n || memcmp(text.p, room, n) != 0 ||
	        (text.n > n && is_word(text.p[n]))) {
		REQ("SEC-05"); /* a mention of everybody that is not allowed is a text */
		return 0;
	}
	flush(scan);
	doc_add_span(reader->doc,
	        &(struct new_span){
	                .kind = SPAN_ROOM, .style = scan->style, .text = {text.p, n}});
	return n;
}

/* "@alice:example.org", if m.mentions says that it means somebody. */
static size_t add_mxid(struct scan *scan, struct str text)
{
	size_t n = 1;

	while (n < text.n && n < 255 &&
	        (is_word(text.p[n]) || strchr("._=/+-", text.p[n]))) {
		n++;
	}
	if (n == 1 || n == text.n || text.p[n] != ':') {
		return 0;
	}
	size_t colon = n;
	while (n < text.n && n < 255 &&
	        (is_word(text.p[n]) || strchr(".:-", text.p[n]))) {
		n++;
	}
	while (n > colon && !is_word(text.p[n - 1])) {
		n--;
	}
	if (n <= colon + 1) {
		return 0;
	}
	autofree char *mxid = xstrndup(text.p, n);
	if (strchr(mxid, ':') == NULL || scan->reader->mentions == NULL ||
	        !matrix_is_mentioned(scan->reader, mxid)) {
		return 0;
	}
	flush(scan);
	matrix_add_user(scan->reader, mxid, str_from(NULL), scan->style);
	return n;
}

static size_t add_group(struct scan *scan, struct str text)
{
	const struct to_slack_names *names = scan->reader->names;
	size_t n = 1;

	while (n < text.n && n < MAX_HANDLE_BYTES &&
	        (is_word(text.p[n]) || text.p[n] == '-' || text.p[n] == '.')) {
		n++;
	}
	while (n > 1 && text.p[n - 1] == '.') {
		n--;
	}
	if (n == 1 || names->group == NULL || !scan->reader->options->may_ping_groups) {
		return 0;
	}
	autofree char *handle = xstrndup(text.p + 1, n - 1);
	const char *id = names->group(names->arg, handle);
	if (id == NULL) {
		return 0;
	}
	flush(scan);
	doc_add_span(scan->reader->doc, &(struct new_span){.kind = SPAN_GROUP,
	                                        .style = scan->style,
	                                        .text = {text.p, n},
	                                        .ref = str_from(id)});
	return n;
}

static size_t add_at(struct scan *scan, struct str text)
{
	size_t n = add_room(scan, text);

	n = n == 0 ? add_mxid(scan, text) : n;
	return n == 0 ? add_group(scan, text) : n;
}

static bool may_begin_emoji(struct str text)
{
	unsigned char c = (unsigned char)text.p[0];

	return c == 0xC2 || c == 0xE2 || c == 0xE3 || c == 0xF0 ||
	       (c < 0x80 && text.n > 1 && (unsigned char)text.p[1] >= 0xE2);
}

/* Adds what begins here; 0 if that is ordinary text. */
static size_t add_found(struct scan *scan, struct str text, bool at_word)
{
	char c = text.p[0];

	if (at_word && (c == 'h' || c == 'H' || c == 'm' || c == 'M')) {
		return add_url(scan, text);
	}
	if (at_word && c == '@') {
		return add_at(scan, text);
	}
	return may_begin_emoji(text) ? add_emoji(scan, text) : 0;
}

static bool is_special(char c)
{
	return c == 'h' || c == 'H' || c == 'm' || c == 'M' || c == '@' || c == '#' ||
	       c == '*' || (c >= '0' && c <= '9') || (unsigned char)c >= 0xC2;
}

static void scan_text(struct scan *scan, struct str text)
{
	for (size_t i = 0; i < text.n;) {
		struct str rest = {text.p + i, text.n - i};
		bool at_word = i == 0 || !is_word(text.p[i - 1]);
		size_t n = is_special(text.p[i]) ? add_found(scan, rest, at_word) : 0;
		if (n == 0) {
			scan->pending.p = scan->pending.n == 0 ? rest.p : scan->pending.p;
			scan->pending.n += n = 1;
		}
		i += n;
	}
	flush(scan);
}

static void copy_block(
        struct scan *scan, const struct doc *from, const struct block *source)
{
	struct doc *doc = scan->reader->doc;
	doc_copy_block(doc, from, source);
	for (size_t i = 0; i < source->count; i++) {
		const struct span *span = &from->spans[source->first + i];
		bool plain = span->kind == SPAN_TEXT && span->link == 0 &&
		             !(span->style & STYLE_CODE) && source->kind != BLOCK_CODE;
		scan->style = span->style;
		if (plain) {
			scan_text(scan, doc_str(from, span->text));
		} else {
			doc_copy_span(doc, from, span);
		}
	}
	doc_end_block(doc);
}

void matrix_enrich(struct matrix_reader *reader, struct doc *out)
{
	struct doc *from = reader->doc;
	struct scan scan = {.reader = reader};

	doc_init(out);
	doc_borrow_containers(out, from);
	reader->doc = out;
	for (size_t i = 0; i < from->block_count; i++) {
		copy_block(&scan, from, &from->blocks[i]);
	}
	reader->doc = from;
}
