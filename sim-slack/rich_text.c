/* The rich_text block of a message that a person typed (section 6.3). */
#include "sim-slack/text.h"

#include "lib/buf.h"
#include "lib/emoji_table.h"
#include "lib/mem.h"
#include "lib/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The search for a closing marker goes so far: hostile text must not cost its square. */
enum { STORED_MAX_BYTES = 8 * TEXT_MAX_CHARS };
enum { BOLD = 1, ITALIC = 2, STRIKE = 4, CODE = 8, DEPTH_MAX = 4, SPAN_MAX = 2000 };

struct rich {
	cJSON *elements;
	struct buf plain;         /* text not yet made into an element */
	const struct map *custom; /* emoji of the workspace's own, or NULL */
};

static cJSON *with_style(cJSON *element, unsigned style)
{
	static const char *const names[] = {"bold", "italic", "strike", "code"};
	cJSON *object;

	if (style == 0) {
		return element;
	}
	object = json_new();
	for (unsigned i = 0; i < 4; i++) {
		if (style & (1U << i)) {
			json_set_bool(object, names[i], true);
		}
	}
	return json_set(element, "style", object);
}

static void flush(struct rich *rich, unsigned style)
{
	cJSON *element;

	if (rich->plain.len == 0) {
		return;
	}
	element = json_set_str(json_new(), "type", "text");
	json_set_str(element, "text", buf_cstr(&rich->plain));
	cJSON_AddItemToArray(rich->elements, with_style(element, style));
	buf_clear(&rich->plain);
}

static void add_element(struct rich *rich, cJSON *element, unsigned style)
{
	flush(rich, style);
	cJSON_AddItemToArray(rich->elements, with_style(element, style));
}

/* Blocks carry plain text. Caller frees. */
static char *unescaped(const char *p, size_t n)
{
	struct buf out;

	buf_init(&out, n + 1);
	for (const char *end = p + n; p < end;) {
		bool entity = text_is_entity(p);

		buf_add(&out,
		        entity ? (p[1] == 'a'          ? "&"
		                         : p[1] == 'l' ? "<"
		                                       : ">")
		               : p,
		        1);
		p += entity ? strcspn(p, ";") + 1 : 1;
	}
	return out.data ? buf_take(&out) : xstrdup("");
}

static bool is_broadcast(const char *content)
{
	return str_equal(content, "!here") || str_equal(content, "!channel") ||
	       str_equal(content, "!everyone");
}

/* "<seconds>^<format>" and perhaps "^<link>". */
static void set_date(cJSON *element, char *date, const char *fallback)
{
	char *format = strchr(date, '^'), *link = NULL;
	int64_t seconds = 0;

	if (format) {
		*format++ = '\0';
		link = strchr(format, '^');
	}
	if (link) {
		*link++ = '\0';
	}
	str_to_int64(str_from(date), 0, INT64_MAX, &seconds);
	json_set_str(element, "type", "date");
	json_set_int(element, "timestamp", seconds);
	json_set_str(element, "format", format ? format : "");
	json_set_str(element, "url", link);
	json_set_str(element, "fallback", fallback);
}

/* "<...>" of n bytes. */
static void add_sequence(struct rich *rich, const char *p, size_t n, unsigned style)
{
	autofree char *content = unescaped(p + 1, n - 2);
	char *label = strchr(content, '|');
	cJSON *element = json_new();

	if (label) {
		*label++ = '\0';
	}
	if (*content == '@') {
		json_set_str(
		        json_set_str(element, "type", "user"), "user_id", content + 1);
	} else if (*content == '#') {
		json_set_str(json_set_str(element, "type", "channel"), "channel_id",
		        content + 1);
	} else if (str_starts(content, "!subteam^")) {
		json_set_str(json_set_str(element, "type", "usergroup"), "usergroup_id",
		        content + 9);
	} else if (is_broadcast(content)) {
		json_set_str(
		        json_set_str(element, "type", "broadcast"), "range", content + 1);
	} else if (str_starts(content, "!date^")) {
		set_date(element, content + 6, label);
	} else if (*content == '!') {
		json_set_str(json_set_str(element, "type", "text"), "text",
		        label ? label : content);
	} else {
		json_set_str(json_set_str(element, "type", "link"), "url", content);
		json_set_str(element, "text", label);
	}
	add_element(rich, element, style);
}

/* Bytes of ":name:" or ":name::skin-tone-N:" of an emoji there is, otherwise 0: times of
 * day look alike. */
static size_t emoji_bytes(const struct rich *rich, const char *p, const char *end)
{
	const char *q = p + 1;
	char name[EMOJI_NAME_BYTES];
	autofree char *own = NULL;

	while (q < end && (islower((unsigned char)*q) || isdigit((unsigned char)*q) ||
	                          strchr("_+-'", *q))) {
		q++;
	}
	if (q == end || *q != ':' || q == p + 1) {
		return 0;
	}
	own = xstrndup(p + 1, (size_t)(q - p - 1));
	if (!emoji_canonical(str_from(own), name) &&
	        !(rich->custom && map_get(rich->custom, own))) {
		return 0;
	}
	q++;
	if (end - q >= 13 && str_starts(q, ":skin-tone-") && q[12] == ':') {
		q += 13;
	}
	return (size_t)(q - p);
}

/* Code points in hex, joined by hyphens. Caller frees. */
static char *code_points(const char *text)
{
	struct buf out;

	buf_init(&out, 16 * EMOJI_TEXT_BYTES);
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		unsigned n = *p >= 0xF0 ? 4 : *p >= 0xE0 ? 3 : *p >= 0xC0 ? 2 : 1;
		unsigned point = n == 1 ? *p : *p & (0x7FU >> n);

		for (unsigned i = 1; i < n && p[i]; i++) {
			point = point << 6 | (p[i] & 0x3F);
		}
		buf_printf(&out, "%s%04x", out.len ? "-" : "", point);
		p += n;
	}
	return out.data ? buf_take(&out) : xstrdup("");
}

static void add_emoji(struct rich *rich, const char *p, size_t n, unsigned style)
{
	size_t length = strcspn(p + 1, ":");
	autofree char *name = xstrndup(p + 1, length);
	const char *text = emoji_text((struct str){p + 1, n - 2});
	cJSON *element = json_set_str(json_new(), "type", "emoji");

	json_set_str(element, "name", name);
	if (text) {
		autofree char *points = code_points(text);
		json_set_str(element, "unicode", points);
	}
	if (n > length + 2) {
		json_set_int(element, "skin_tone", p[n - 2] - '0');
	}
	add_element(rich, element, style);
}

/* A pair of markers at word boundaries: bytes between them, otherwise 0. */
static size_t span_length(const char *start, const char *p, const char *end)
{
	const char *last = end - p > SPAN_MAX ? p + SPAN_MAX : end;

	if ((p > start && isalnum((unsigned char)p[-1])) || p + 2 >= end ||
	        isspace((unsigned char)p[1]) || p[1] == *p) {
		return 0;
	}
	for (const char *q = p + 2; q < last && *q != '\n'; q++) {
		if (*q == *p && !isspace((unsigned char)q[-1]) &&
		        (q + 1 == end || !isalnum((unsigned char)q[1]))) {
			return (size_t)(q - p - 1);
		}
	}
	return 0;
}

static unsigned marker_style(char c)
{
	return c == '*'   ? BOLD
	       : c == '_' ? ITALIC
	       : c == '~' ? STRIKE
	       : c == '`' ? CODE
	                  : 0;
}

static size_t add_plain(struct rich *rich, const char *p)
{
	if (text_is_entity(p)) {
		buf_puts(&rich->plain, p[1] == 'a' ? "&" : p[1] == 'l' ? "<" : ">");
		return strcspn(p, ";") + 1;
	}
	buf_add(&rich->plain, p, 1);
	return 1;
}

static void add_inline(struct rich *rich, const char *start, const char *end,
        unsigned style, unsigned depth)
{
	for (const char *p = start; p < end;) {
		unsigned marker = style & CODE ? 0 : marker_style(*p);
		size_t n;

		if (*p == '<' && (n = text_sequence_length(p)) > 0) {
			add_sequence(rich, p, n, style);
			p += n;
		} else if (*p == ':' && !(style & CODE) &&
		           (n = emoji_bytes(rich, p, end)) > 0) {
			add_emoji(rich, p, n, style);
			p += n;
		} else if (marker && depth < DEPTH_MAX &&
		           (n = span_length(start, p, end)) > 0) {
			flush(rich, style);
			add_inline(rich, p + 1, p + 1 + n, style | marker, depth + 1);
			flush(rich, style | marker);
			p += n + 2;
		} else {
			p += add_plain(rich, p);
		}
	}
	flush(rich, style);
}

/* ---- containers ---- */

/* The pieces of a text, one after the other. */
struct blocks {
	cJSON *containers;
	const struct map *custom;
	/* the list that goes on as long as its lines are of one kind */
	cJSON *list;
	int64_t list_next;
};

static cJSON *inline_elements(
        struct blocks *blocks, const char *start, const char *end, unsigned style)
{
	struct rich rich = {.elements = cJSON_CreateArray(), .custom = blocks->custom};

	buf_init(&rich.plain, STORED_MAX_BYTES);
	add_inline(&rich, start, end, style, 0);
	buf_finish(&rich.plain);
	return rich.elements;
}

static cJSON *add_container(struct blocks *blocks, const char *type, cJSON *elements)
{
	cJSON *container = json_set_str(json_new(), "type", type);

	json_set(container, "elements", elements);
	cJSON_AddItemToArray(blocks->containers, container);
	blocks->list = NULL;
	return container;
}

static void add_section(struct blocks *blocks, const char *start, const char *end)
{
	if (end > start) {
		add_container(blocks, "rich_text_section",
		        inline_elements(blocks, start, end, 0));
	}
}

/* Nothing but links is made of what stands between the marks; they carry no style. */
static void add_preformatted(struct blocks *blocks, const char *start, const char *end)
{
	cJSON *elements, *element;

	start += start < end && *start == '\n';
	end -= end > start && end[-1] == '\n';
	elements = inline_elements(blocks, start, end, CODE);
	cJSON_ArrayForEach(element, elements)
	{
		cJSON_DeleteItemFromObjectCaseSensitive(element, "style");
	}
	json_set_int(
	        add_container(blocks, "rich_text_preformatted", elements), "border", 0);
}

static const char *line_end(const char *p, const char *end)
{
	const char *stop = memchr(p, '\n', (size_t)(end - p));

	return stop ? stop : end;
}

/* Lines that begin with ">" (stored as an entity), as one quote without their marks. */
static const char *add_quote(struct blocks *blocks, const char *p, const char *end)
{
	struct buf quote;
	bool rest = str_starts(p, "&gt;&gt;&gt;");

	buf_init(&quote, STORED_MAX_BYTES);
	while (p < end && (rest || str_starts(p, "&gt;"))) {
		const char *stop = line_end(p, end);

		while (str_starts(p, "&gt;")) {
			p += 4;
		}
		p += p < stop && *p == ' ';
		buf_add(&quote, quote.len ? "\n" : "", quote.len ? 1 : 0);
		buf_add(&quote, p, (size_t)(stop - p));
		p = stop < end ? stop + 1 : end;
	}
	add_container(blocks, "rich_text_quote",
	        inline_elements(
	                blocks, buf_cstr(&quote), buf_cstr(&quote) + quote.len, 0));
	buf_finish(&quote);
	return p;
}

/* What begins a line of a list. */
struct bullet {
	bool ordered;
	int64_t indent, number;
	size_t bytes;
};

static bool read_bullet(const char *line, const char *end, struct bullet *out)
{
	static const char *const marks[] = {"\xe2\x80\xa2 ", "\xe2\x97\xa6 ",
	        "\xe2\x96\xaa\xef\xb8\x8e ", "\xe2\x96\xaa "};
	size_t spaces = strspn(line, " "), digits;
	const char *p = line + spaces;

	*out = (struct bullet){.indent = (int64_t)spaces / 4};
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (str_starts(p, marks[i])) {
			out->bytes = spaces + strlen(marks[i]);
			return line + out->bytes <= end;
		}
	}
	digits = strspn(p, "0123456789");
	out->ordered = true;
	out->bytes = spaces + digits + 2;
	return digits > 0 && digits < 6 && str_starts(p + digits, ". ") &&
	       line + out->bytes <= end &&
	       str_to_int64((struct str){p, digits}, 1, 99999, &out->number);
}

static void add_item(struct blocks *blocks, const struct bullet *bullet,
        const char *start, const char *end)
{
	const char *style = bullet->ordered ? "ordered" : "bullet";
	cJSON *list = blocks->list, *section;

	if (!list || !str_equal(json_str(list, "style"), style) ||
	        json_int(list, "indent", 0) != bullet->indent ||
	        (bullet->ordered && blocks->list_next != bullet->number)) {
		list = add_container(blocks, "rich_text_list", cJSON_CreateArray());
		json_set_str(list, "style", style);
		json_set_int(list, "indent", bullet->indent);
		if (bullet->ordered && bullet->number > 1) {
			json_set_int(list, "offset", bullet->number - 1);
		}
		json_set_int(list, "border", 0);
		blocks->list = list;
	}
	blocks->list_next = bullet->number + 1;
	section = json_set_str(json_new(), "type", "rich_text_section");
	json_set(section, "elements", inline_elements(blocks, start, end, 0));
	cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(list, "elements"), section);
}

/* "```...```" at p: where its content ends; NULL: it is none. */
static const char *preformatted_end(const char *p)
{
	return str_starts(p, "```") && p[3] ? strstr(p + 3, "```") : NULL;
}

/* One line, quote or preformatted part. *section is where the text began that is none of
 * them. */
static const char *add_piece(struct blocks *blocks, const char *p, const char *end,
        bool line_start, const char **section)
{
	const char *stop = preformatted_end(p);
	struct bullet bullet;

	if (stop) {
		add_section(blocks, *section, p);
		add_preformatted(blocks, p + 3, stop);
		p = stop + 3 + (stop[3] == '\n');
	} else if (line_start && str_starts(p, "&gt;")) {
		add_section(blocks, *section, p);
		p = add_quote(blocks, p, end);
	} else if (line_start && read_bullet(p, end, &bullet)) {
		add_section(blocks, *section, p);
		stop = line_end(p, end);
		add_item(blocks, &bullet, p + bullet.bytes, stop);
		p = stop < end ? stop + 1 : end;
	} else {
		return p + 1;
	}
	*section = p;
	return p;
}

cJSON *text_to_blocks(struct ids *ids, const struct map *custom, const char *stored)
{
	struct blocks blocks = {.custom = custom};
	const char *end = stored + strlen(stored), *section = stored;
	char block_id[6];
	cJSON *block, *list;

	if (*stored == '\0') {
		return NULL;
	}
	blocks.containers = cJSON_CreateArray();
	for (const char *p = stored; p < end;) {
		p = add_piece(&blocks, p, end, p == section || p[-1] == '\n', &section);
	}
	add_section(&blocks, section, end);
	rand_text(&ids->names, block_id, 5);
	block = json_set_str(json_new(), "type", "rich_text");
	json_set_str(block, "block_id", block_id);
	json_set(block, "elements", blocks.containers);
	list = cJSON_CreateArray();
	cJSON_AddItemToArray(list, block);
	return list;
}
