#include "sim-slack/text.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { STORED_MAX_BYTES = 8 * TEXT_MAX_CHARS };

size_t text_length(const char *text)
{
	size_t count = 0;

	for (; *text; text++) {
		count += ((unsigned char)*text & 0xC0) != 0x80;
	}
	return count;
}

/* Bytes of "<...>" if it is one of Slack's sequences, otherwise 0. */
static size_t sequence_length(const char *p)
{
	size_t n = strcspn(p + 1, "<>\n");

	if (p[n + 1] != '>' || n < 2) {
		return 0;
	}
	if (p[1] == '@' || p[1] == '#' || p[1] == '!') {
		return n + 2;
	}
	for (size_t i = 1;
	        i <= n && (isalnum((unsigned char)p[i]) || strchr("+.-", p[i]));) {
		if (p[++i] == ':') {
			return n + 2;
		}
	}
	return 0;
}

static bool is_entity(const char *p)
{
	return str_starts(p, "&amp;") || str_starts(p, "&lt;") || str_starts(p, "&gt;");
}

static void add_escaped(struct buf *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '&' && !is_entity(p + i)) {
			buf_puts(out, "&amp;");
		} else {
			buf_add(out, p + i, 1);
		}
	}
}

/* Bytes of the web address that starts at p, otherwise 0. */
static size_t address_length(const char *start, const char *p)
{
	size_t head = str_starts(p, "https://") ? 8 : str_starts(p, "http://") ? 7 : 0;
	size_t n;

	if (head == 0 || (p > start && !strchr(" \n\t([\"*_~", p[-1]))) {
		return 0;
	}
	n = strcspn(p, " \t\n<>|\"`");
	while (n > head && strchr(".,;:!?)]*_~'", p[n - 1])) {
		n--;
	}
	return n > head ? n : 0;
}

char *text_store(const char *raw)
{
	struct buf out;
	size_t chars = 0;
	bool code = false;

	buf_init(&out, STORED_MAX_BYTES);
	for (const char *p = raw; *p;) {
		size_t n = *p == '<' ? sequence_length(p) : 0;
		size_t link = n || code ? 0 : address_length(raw, p);

		chars += ((unsigned char)*p & 0xC0) != 0x80;
		if (chars > TEXT_MAX_CHARS) {
			break;
		}
		if (n) {
			buf_add(&out, p, n);
		} else if (link) {
			n = link;
			buf_puts(&out, "<");
			add_escaped(&out, p, n);
			buf_puts(&out, ">");
		} else {
			n = 1;
			code ^= *p == '`';
			if (*p == '<' || *p == '>') {
				buf_puts(&out, *p == '<' ? "&lt;" : "&gt;");
			} else {
				add_escaped(&out, p, 1);
			}
		}
		p += n;
	}
	return out.data ? buf_take(&out) : xstrdup("");
}

/* ---- rich_text ---- */

/* The search for a closing marker goes so far: hostile text must not cost its square. */
enum { BOLD = 1, ITALIC = 2, STRIKE = 4, CODE = 8, DEPTH_MAX = 4, SPAN_MAX = 2000 };

struct rich {
	cJSON *elements;
	struct buf plain; /* text not yet made into an element */
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
		bool entity = is_entity(p);

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
	} else if (*content == '!') {
		json_set_str(
		        json_set_str(element, "type", "broadcast"), "range", content + 1);
	} else {
		json_set_str(json_set_str(element, "type", "link"), "url", content);
		json_set_str(element, "text", label);
	}
	add_element(rich, element, style);
}

/* Times of day look like emoji too; only these have no letter in their names. */
static bool is_emoji_name(const char *p, size_t n)
{
	static const char *const numbers[] = {"100", "1234", "+1", "-1", NULL};

	for (size_t i = 0; i < n; i++) {
		if (islower((unsigned char)p[i])) {
			return true;
		}
	}
	for (const char *const *name = numbers; *name; name++) {
		if (str_is((struct str){p, n}, *name)) {
			return true;
		}
	}
	return false;
}

/* Bytes of ":name:" or ":name::skin-tone-N:", otherwise 0. */
static size_t emoji_length(const char *p, const char *end)
{
	const char *q = p + 1;

	while (q < end && (islower((unsigned char)*q) || isdigit((unsigned char)*q) ||
	                          strchr("_+-'", *q))) {
		q++;
	}
	if (q == end || *q != ':' || !is_emoji_name(p + 1, (size_t)(q - p - 1))) {
		return 0;
	}
	q++;
	if (end - q >= 13 && str_starts(q, ":skin-tone-") && q[12] == ':') {
		q += 13;
	}
	return (size_t)(q - p);
}

static void add_emoji(struct rich *rich, const char *p, size_t n, unsigned style)
{
	size_t name = strcspn(p + 1, ":");
	autofree char *text = xstrndup(p + 1, name);
	cJSON *element = json_set_str(json_new(), "type", "emoji");

	json_set_str(element, "name", text);
	if (n > name + 2) {
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
	if (is_entity(p)) {
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

		if (*p == '<' && (n = sequence_length(p)) > 0) {
			add_sequence(rich, p, n, style);
			p += n;
		} else if (*p == ':' && !(style & CODE) &&
		           (n = emoji_length(p, end)) > 0) {
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

cJSON *text_to_blocks(struct ids *ids, const char *stored)
{
	struct rich rich;
	char block_id[6];
	cJSON *section, *block, *blocks, *sections;

	if (*stored == '\0' || strstr(stored, "```") || str_starts(stored, "&gt;") ||
	        strstr(stored, "\n&gt;")) {
		return NULL;
	}
	rich.elements = cJSON_CreateArray();
	buf_init(&rich.plain, STORED_MAX_BYTES);
	add_inline(&rich, stored, stored + strlen(stored), 0, 0);
	buf_finish(&rich.plain);

	rand_text(&ids->names, block_id, 5);
	section = json_set_str(json_new(), "type", "rich_text_section");
	json_set(section, "elements", rich.elements);
	sections = cJSON_CreateArray();
	cJSON_AddItemToArray(sections, section);
	block = json_set_str(json_new(), "type", "rich_text");
	json_set_str(block, "block_id", block_id);
	json_set(block, "elements", sections);
	blocks = cJSON_CreateArray();
	cJSON_AddItemToArray(blocks, block);
	return blocks;
}
