#include "sim-slack/text.h"

#include "lib/buf.h"
#include "lib/emoji_table.h"
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

size_t text_sequence_length(const char *p)
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

bool text_is_entity(const char *p)
{
	return str_starts(p, "&amp;") || str_starts(p, "&lt;") || str_starts(p, "&gt;");
}

static void add_escaped(struct buf *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '&' && !text_is_entity(p + i)) {
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

/* ":name:" for the emoji at p, whose bytes are given back; 0: there is none. */
static size_t add_emoji(struct buf *out, const char *p)
{
	size_t n = (unsigned char)*p >= 0x80
	                   ? emoji_length((struct str){p, strnlen(p, EMOJI_TEXT_BYTES)})
	                   : 0;
	char name[EMOJI_NAME_BYTES];

	if (n == 0 || !emoji_name((struct str){p, n}, name)) {
		return 0;
	}
	buf_printf(out, ":%s:", name);
	return n;
}

char *text_store(const char *raw)
{
	struct buf out;
	size_t chars = 0;
	bool code = false;

	buf_init(&out, STORED_MAX_BYTES);
	for (const char *p = raw; *p;) {
		size_t n = *p == '<' ? text_sequence_length(p) : 0;
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
		} else if ((n = add_emoji(&out, p)) == 0) {
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
