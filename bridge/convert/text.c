#include "bridge/convert/text.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include <stdbool.h>
#include <string.h>

enum { MAX_TEXT_BYTES = 1024 * 1024 };

static const struct {
	const char *escaped;
	char plain;
} entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}};
enum { ENTITIES = sizeof(entities) / sizeof(entities[0]) };

static void add_unescaped(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n;) {
		size_t used = 0;
		for (size_t k = 0; k < ENTITIES && used == 0; k++) {
			size_t n = strlen(entities[k].escaped);
			if (s.n - i >= n &&
			        memcmp(s.p + i, entities[k].escaped, n) == 0) {
				buf_add(out, &entities[k].plain, 1);
				used = n;
			}
		}
		if (used == 0) {
			buf_add(out, s.p + i, 1);
			used = 1;
		}
		i += used;
	}
}

static struct str label_of(struct str inner, struct str *target)
{
	const char *bar = memchr(inner.p, '|', inner.n);

	if (bar == NULL) {
		*target = inner;
		return (struct str){NULL, 0};
	}
	*target = (struct str){inner.p, (size_t)(bar - inner.p)};
	return (struct str){bar + 1, inner.n - target->n - 1};
}

/* A mention: "@U1", "#C1", or a command "!here": its label, or what is known of it. */
static void add_mention(struct buf *out, struct str target, struct str label)
{
	char sign = target.p[0];
	struct str name = label.n > 0 ? label : (struct str){target.p + 1, target.n - 1};

	if (sign == '!' && label.n > 0) {
		add_unescaped(
		        out, label); /* dates and groups: the label is the whole text */
		return;
	}
	if (name.n == 0 || (name.p[0] != '@' && name.p[0] != '#')) {
		buf_puts(out, sign == '#' ? "#" : "@");
	}
	add_unescaped(out, name);
}

static void add_link(struct buf *out, struct str target, struct str label)
{
	if (label.n == 0 ||
	        (label.n == target.n && memcmp(label.p, target.p, label.n) == 0)) {
		add_unescaped(out, target);
		return;
	}
	add_unescaped(out, label);
	buf_puts(out, " (");
	add_unescaped(out, target);
	buf_puts(out, ")");
}

static void add_bracketed(struct buf *out, struct str inner)
{
	struct str target;
	struct str label = label_of(inner, &target);

	if (target.n > 0 && strchr("@#!", target.p[0]) != NULL) {
		add_mention(out, target, label);
	} else {
		add_link(out, target, label);
	}
}

char *text_from_slack(const char *mrkdwn)
{
	struct buf out;
	const char *p = mrkdwn;
	/* Found once: the text may be all opening brackets. */
	const char *last = strrchr(mrkdwn, '>');

	buf_init(&out, MAX_TEXT_BYTES);
	while (*p != '\0') {
		size_t plain = strcspn(p, "<");
		add_unescaped(&out, (struct str){p, plain});
		p += plain;
		bool closed = *p == '<' && last != NULL && last > p;
		const char *end = closed ? strchr(p, '>') : NULL;
		if (end != NULL && end > p + 1 && p[1] != '|') {
			add_bracketed(&out, (struct str){p + 1, (size_t)(end - p) - 1});
			p = end + 1;
		} else if (*p != '\0') {
			buf_add(&out, p, 1); /* a stray bracket stands for itself */
			p++;
		}
	}
	char *text = buf_take(&out);
	return text == NULL ? xstrdup("(a message that is too long to show)") : text;
}

/* Of one byte, between the quotes of a JSON text. */
static size_t json_bytes(char c)
{
	if (c == '"' || c == '\\' || (c != '\0' && strchr("\b\f\n\r\t", c) != NULL)) {
		return 2;
	}
	return (unsigned char)c < 0x20 ? 6 : 1;
}

static bool is_inside_character(char c)
{
	return ((unsigned char)c & 0xC0) == 0x80;
}

/* Where the text can be cut best so that at most n bytes come before; the byte there is
 * dropped if it is a break. */
static size_t find_cut(const char *text, size_t n)
{
	static const char breaks[] = "\n ";

	for (const char *c = breaks; *c != '\0'; c++) {
		const char *found = memrchr(text + n / 2, *c, n - n / 2);
		if (found != NULL && found > text) {
			return (size_t)(found - text);
		}
	}
	while (n > 1 && is_inside_character(text[n])) {
		n--;
	}
	return n;
}

char *text_piece(const char *text, size_t max_bytes, const char **rest)
{
	size_t n = 0, used = 0;

	while (text[n] != '\0' && used + json_bytes(text[n]) <= max_bytes) {
		used += json_bytes(text[n++]);
	}
	if (text[n] == '\0') {
		*rest = text + n;
		return xstrdup(text);
	}
	n = find_cut(text, n);
	*rest = text + n + (text[n] == '\n' || text[n] == ' ' ? 1 : 0);
	return xstrndup(text, n);
}

char *text_to_slack(const char *body)
{
	struct buf out;

	buf_init(&out, MAX_TEXT_BYTES);
	for (const char *p = body; *p != '\0'; p++) {
		const char *escaped = NULL;
		for (size_t k = 0; k < ENTITIES; k++) {
			if (*p == entities[k].plain) {
				escaped = entities[k].escaped;
			}
		}
		if (escaped != NULL) {
			buf_puts(&out, escaped);
		} else {
			buf_add(&out, p, 1);
		}
	}
	char *text = buf_take(&out);
	return text == NULL ? xstrdup("(a message that is too long to show)") : text;
}
