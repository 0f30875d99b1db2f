#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

#include "bridge/convert/slack_reader.h"

/* Slack's text (Slack protocol reference, 6.1): fences cut it into code and lines; in a
 * line the marks are found first, then it is written from left to right. */

enum { MAX_EMOJI_NAME = 100 };

struct mark {
	size_t at;
	unsigned style; /* switched on or off here; STYLE_CODE: a run of code begins */
};

struct marks { /* of one line */
	struct mark *all;
	size_t count, room;
};

/* ---------------------------------------------------------------- small questions */

/* Bytes of other scripts are letters to Slack: it wants blanks around its marks there. */
static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool may_open(struct str line, size_t i)
{
	bool before = i == 0 || !is_word(line.p[i - 1]);
	bool after =
	        i + 1 < line.n && !is_space(line.p[i + 1]) && line.p[i + 1] != line.p[i];

	return before && after && (i == 0 || line.p[i - 1] != line.p[i]);
}

static bool may_close(struct str line, size_t i)
{
	bool before = i > 0 && !is_space(line.p[i - 1]) && line.p[i - 1] != line.p[i];
	bool after = i + 1 == line.n ||
	             (!is_word(line.p[i + 1]) && line.p[i + 1] != line.p[i]);

	return before && after;
}

static struct str part(struct str s, size_t from, size_t to)
{
	return (struct str){s.p + from, to - from};
}

/* The position of c in s from `from` on, or s.n. */
static size_t find(struct str s, size_t from, char c)
{
	for (; from < s.n; from++) {
		if (s.p[from] == c) {
			return from;
		}
	}
	return s.n;
}

/* ---------------------------------------------------------------- entities */

static const struct {
	const char *escaped;
	size_t n;
	char plain;
} entities[] = {{"&amp;", 5, '&'}, {"&lt;", 4, '<'}, {"&gt;", 4, '>'}};

/* Adds text, unescaped once. */
static void add_unescaped(struct slack_reader *reader, struct str s, unsigned style)
{
	size_t from = 0;

	for (size_t i = find(s, 0, '&'); i < s.n; i = find(s, i, '&')) {
		size_t used = 0;
		for (size_t k = 0; k < 3 && used == 0; k++) {
			if (s.n - i >= entities[k].n &&
			        memcmp(s.p + i, entities[k].escaped, entities[k].n) ==
			                0) {
				used = entities[k].n;
				doc_add_text(reader->doc, part(s, from, i), style);
				doc_add_text(reader->doc,
				        (struct str){&entities[k].plain, 1}, style);
				from = i + used;
			}
		}
		i += used == 0 ? 1 : used;
	}
	doc_add_text(reader->doc, part(s, from, s.n), style);
}

/* A copy, unescaped once. Caller frees. */
static char *unescape(struct str s)
{
	char *out = xmalloc(s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; n++) {
		size_t used = 1;
		out[n] = s.p[i];
		for (size_t k = 0; k < 3 && s.p[i] == '&'; k++) {
			if (s.n - i >= entities[k].n &&
			        memcmp(s.p + i, entities[k].escaped, entities[k].n) ==
			                0) {
				out[n] = entities[k].plain;
				used = entities[k].n;
			}
		}
		i += used;
	}
	out[n] = '\0';
	return out;
}

/* ---------------------------------------------------------------- <...> */

static bool starts(struct str s, const char *prefix)
{
	size_t n = strlen(prefix);
	return s.n >= n && memcmp(s.p, prefix, n) == 0;
}

static struct str split_label(struct str inner, struct str *label)
{
	size_t bar = find(inner, 0, '|');

	*label = bar == inner.n ? (struct str){NULL, 0} : part(inner, bar + 1, inner.n);
	return part(inner, 0, bar);
}

/* "!date^1392734382^{date}^https://x": false if it is none. */
static bool add_date(
        struct slack_reader *reader, struct str target, struct str label, unsigned style)
{
	size_t first = strlen("!date^");
	int64_t seconds;

	if (!starts(target, "!date^")) {
		return false;
	}
	size_t second = find(target, first, '^');
	size_t third = find(target, second + 1, '^');
	if (second == target.n ||
	        !str_to_int64(part(target, first, second), 0, INT64_MAX, &seconds)) {
		return false;
	}
	doc_end_span(reader->doc);
	size_t span = reader->doc->span_count;
	slack_add_date(reader, seconds, part(target, second + 1, third), label, style);
	if (third < target.n) {
		struct str url = part(target, third + 1, target.n);
		if (url_is_allowed(url, URL_FOR_MATRIX)) {
			doc_make_link(reader->doc, span, url);
		}
	}
	return true;
}

static void add_command(
        struct slack_reader *reader, struct str target, struct str label, unsigned style)
{
	if (str_is(target, "!here") || str_is(target, "!channel") ||
	        str_is(target, "!everyone")) {
		slack_add_broadcast(reader, style);
	} else if (starts(target, "!subteam^")) {
		size_t n = strlen("!subteam^");
		slack_add_group(reader, part(target, n, target.n), label, style);
	} else if (add_date(reader, target, label, style)) {
		return;
	} else if (label.n > 0) {
		doc_add_text(reader->doc, label, style);
	} else {
		doc_add_text(reader->doc, str_from("<"), style);
		doc_add_text(reader->doc, target, style);
		doc_add_text(reader->doc, str_from(">"), style);
	}
}

/* What stands between < and >. */
static void add_bracketed(struct slack_reader *reader, struct str inner, unsigned style)
{
	struct str label, target = split_label(inner, &label);
	bool escaped = find(inner, 0, '&') < inner.n;
	autofree char *target_text = escaped ? unescape(target) : NULL;
	autofree char *label_text = escaped ? unescape(label) : NULL;

	if (escaped) {
		target = str_from(target_text);
		label = str_from(label_text);
	}
	if (style & STYLE_CODE) {
		doc_add_text(reader->doc, label.n > 0 ? label : target, style);
		return;
	}
	switch (target.n == 0 ? '\0' : target.p[0]) {
	case '@':
		slack_add_user(reader, part(target, 1, target.n), label, style);
		break;
	case '#':
		slack_add_channel(reader, part(target, 1, target.n), label, style);
		break;
	case '!':
		add_command(reader, target, label, style);
		break;
	default:
		slack_add_link(reader, target, label, style);
	}
}

/* "@U1", "#C1", "!here", or a scheme as in "https:". */
static bool is_target(struct str s)
{
	size_t n = 0;

	if (s.n > 0 && (s.p[0] == '@' || s.p[0] == '#' || s.p[0] == '!')) {
		return true;
	}
	while (n < s.n &&
	        (is_word(s.p[n]) || s.p[n] == '+' || s.p[n] == '-' || s.p[n] == '.')) {
		n++;
	}
	return n > 1 && n < s.n && s.p[n] == ':';
}

/* The end of a bracketed sequence that begins at i, or 0: then the bracket is a sign,
 * which somebody did not escape. */
static size_t bracket_end(struct str line, size_t i, bool *none)
{
	size_t end = *none || !is_target(part(line, i + 1, line.n))
	                     ? line.n
	                     : find(line, i + 1, '>');

	*none = *none || (end == line.n && is_target(part(line, i + 1, line.n)));
	return end == line.n ? 0 : end;
}

/* ---------------------------------------------------------------- marks */

static void add_mark(struct marks *marks, size_t at, unsigned style)
{
	if (marks->count == marks->room) {
		marks->room = marks->room == 0 ? 16 : marks->room * 2;
		marks->all = xrealloc(marks->all, marks->room * sizeof(*marks->all));
	}
	marks->all[marks->count++] = (struct mark){at, style};
}

struct finder {
	struct str line;
	struct marks *marks;
	size_t open[3]; /* marks that wait for their end: their numbers, innermost last */
	size_t open_count;
	bool no_tick, no_bracket; /* none follows in this line */
};

static unsigned style_of(char c)
{
	return c == '*' ? STYLE_BOLD : c == '_' ? STYLE_ITALIC : STYLE_STRIKE;
}

/* The end of code that begins at i, or 0. */
static size_t code_end(struct finder *finder, size_t i)
{
	if (finder->no_tick || !may_open(finder->line, i)) {
		return 0;
	}
	for (size_t end = find(finder->line, i + 1, '`'); end < finder->line.n;
	        end = find(finder->line, end + 1, '`')) {
		if (end > i + 1 && may_close(finder->line, end)) {
			return end;
		}
	}
	finder->no_tick = true;
	return 0;
}

static void meet_mark(struct finder *finder, size_t i)
{
	unsigned style = style_of(finder->line.p[i]);
	struct mark *all = finder->marks->all;

	for (size_t k = finder->open_count; k > 0; k--) {
		if (all[finder->open[k - 1]].style != style) {
			continue;
		}
		if (may_close(finder->line, i)) {
			/* What was opened within and has no end is text. */
			for (size_t inner = k; inner < finder->open_count; inner++) {
				all[finder->open[inner]].style = 0;
			}
			add_mark(finder->marks, i, style);
			finder->open_count = k - 1;
		}
		return;
	}
	if (may_open(finder->line, i)) {
		finder->open[finder->open_count++] = finder->marks->count;
		add_mark(finder->marks, i, style);
	}
}

static void find_marks(struct finder *finder)
{
	struct str line = finder->line;

	for (size_t i = 0; i < line.n; i++) {
		size_t end = 0;
		switch (line.p[i]) {
		case '<':
			end = bracket_end(line, i, &finder->no_bracket);
			break;
		case '`':
			end = code_end(finder, i);
			if (end > 0) {
				add_mark(finder->marks, i, STYLE_CODE);
			}
			break;
		case '*':
		case '_':
		case '~':
			meet_mark(finder, i);
			break;
		default:
			break;
		}
		i = end > 0 ? end : i;
	}
	while (finder->open_count > 0) {
		finder->marks->all[finder->open[--finder->open_count]].style = 0;
	}
}

/* ---------------------------------------------------------------- writing a line */

static bool is_emoji_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
	       c == '+' || c == '\'' || c == '.' || (unsigned char)c >= 0x80;
}

/* The end of ":name:" or ":name::skin-tone-3:" that begins at i, or 0. */
static size_t emoji_end(struct str line, size_t i)
{
	static const char tone[] = "::skin-tone-";
	size_t n = i + 1;

	while (n < line.n && n - i <= MAX_EMOJI_NAME && is_emoji_char(line.p[n])) {
		n++;
	}
	if (n == i + 1 || n == line.n || line.p[n] != ':') {
		return 0;
	}
	if (starts(part(line, n, line.n), tone)) {
		size_t end = n + strlen(tone);
		while (end < line.n && end - n < 20 &&
		        (line.p[end] == '-' ||
		                (line.p[end] >= '2' && line.p[end] <= '6'))) {
			end++;
		}
		if (end < line.n && line.p[end] == ':') {
			return end;
		}
	}
	return n;
}

/* ":b:" in "a:b:c" is no emoji. */
static bool is_within_word(struct str line, size_t i, size_t end)
{
	return i > 0 && is_word(line.p[i - 1]) && end + 1 < line.n &&
	       is_word(line.p[end + 1]);
}

/* Adds the emoji that begins at i; the position after it, or 0. */
static size_t add_emoji(
        struct slack_reader *reader, struct str line, size_t i, unsigned style)
{
	size_t end = emoji_end(line, i);

	if (end == 0 || is_within_word(line, i, end)) {
		return 0;
	}
	if (slack_try_emoji(reader, part(line, i + 1, end), style)) {
		return end + 1;
	}
	/* A tone that this emoji does not have stands for itself. */
	size_t first = find(line, i + 1, ':');
	return first < end && slack_try_emoji(reader, part(line, i + 1, first), style)
	               ? first + 1
	               : 0;
}

/* Adds what begins at i with a special sign; the position after it. */
static size_t add_special(struct slack_reader *reader, struct str line, size_t i,
        unsigned style, bool *none)
{
	size_t end = line.p[i] == '<' ? bracket_end(line, i, none) : 0;

	if (end > 0) {
		add_bracketed(reader, part(line, i + 1, end), style);
		return end + 1;
	}
	end = line.p[i] == ':' ? add_emoji(reader, line, i, style) : 0;
	if (end > 0) {
		return end;
	}
	doc_add_text(reader->doc, part(line, i, i + 1), style);
	return i + 1;
}

static void add_run(struct slack_reader *reader, struct str run, unsigned style)
{
	bool none = false;

	for (size_t i = 0; i < run.n;) {
		size_t n = i;
		while (n < run.n && run.p[n] != '<' &&
		        (style & STYLE_CODE || run.p[n] != ':')) {
			n++;
		}
		add_unescaped(reader, part(run, i, n), style);
		i = n == run.n ? n : add_special(reader, run, n, style, &none);
	}
}

static void add_line(struct slack_reader *reader, struct str line, unsigned base)
{
	struct marks marks = {NULL, 0, 0};
	struct finder finder = {.line = line, .marks = &marks};
	unsigned style = 0;
	size_t from = 0;

	find_marks(&finder);
	for (size_t i = 0; i < marks.count; i++) {
		const struct mark *mark = &marks.all[i];
		if (mark->style == 0) {
			continue;
		}
		add_run(reader, part(line, from, mark->at), base | style);
		from = mark->at + 1;
		if (mark->style == STYLE_CODE) {
			finder.no_tick = false;
			size_t end = code_end(&finder, mark->at);
			add_run(reader, part(line, from, end), base | style | STYLE_CODE);
			from = end + 1;
		} else {
			style ^= mark->style;
		}
	}
	add_run(reader, part(line, from, line.n), base | style);
	free(marks.all);
}

/* ---------------------------------------------------------------- lines and fences */

/* How many bytes of quote marks a line begins with; three mean the whole rest. */
static size_t quote_mark(struct str line, bool *rest)
{
	size_t count = 0, n = 0;

	while (count < 3) {
		struct str left = part(line, n, line.n);
		size_t one = starts(left, "&gt;") ? 4 : starts(left, ">") ? 1 : 0;
		if (one == 0) {
			break;
		}
		n += one;
		count++;
	}
	*rest = count == 3;
	if (count == 2) { /* Slack knows one level: the second is text */
		n = starts(line, "&gt;") ? 4 : 1;
	}
	return n > 0 && n < line.n && line.p[n] == ' ' ? n + 1 : n;
}

struct lines {
	bool quoted, all; /* within a quote; within >>> */
	bool begun;       /* there was a line in this block */
};

static void begin_line(struct slack_reader *reader, struct lines *lines, bool quoted)
{
	if (quoted != lines->quoted) {
		if (quoted) {
			quoted = doc_open(reader->doc, CONTAINER_QUOTE);
		} else {
			doc_close(reader->doc);
		}
		lines->quoted = quoted;
		lines->begun = false;
	}
	if (lines->begun) {
		doc_add_text(reader->doc, (struct str){"\n", 1}, 0);
	}
	lines->begun = true;
}

static void read_lines(struct slack_reader *reader, struct str text, unsigned style)
{
	struct lines lines = {false, false, false};

	for (size_t i = 0; i <= text.n;) {
		size_t end = find(text, i, '\n');
		struct str line = part(text, i, end);
		bool rest = false;
		size_t mark = lines.all ? 0 : quote_mark(line, &rest);
		lines.all = lines.all || rest;
		begin_line(reader, &lines, lines.all || mark > 0);
		add_line(reader, part(line, mark, line.n), style);
		i = end + 1;
	}
	if (lines.quoted) {
		doc_close(reader->doc);
	}
}

static void read_code(struct slack_reader *reader, struct str code)
{
	if (code.n > 0 && code.p[0] == '\n') {
		code = part(code, 1, code.n);
	}
	if (code.n > 0 && code.p[code.n - 1] == '\n') {
		code.n--;
	}
	doc_block(reader->doc, BLOCK_CODE);
	add_run(reader, code, STYLE_CODE);
	doc_end_block(reader->doc);
}

static struct str find_fence(struct str s)
{
	const char *found = memmem(s.p, s.n, "```", 3);
	return found == NULL ? (struct str){NULL, 0}
	                     : part(s, (size_t)(found - s.p), s.n);
}

/* A line break next to code is the one that code brings anyway. */
static struct str without_breaks(struct str text, bool before, bool after)
{
	if (before && text.n > 0 && text.p[0] == '\n') {
		text = part(text, 1, text.n);
	}
	if (after && text.n > 0 && text.p[text.n - 1] == '\n') {
		text.n--;
	}
	return text;
}

void slack_read_mrkdwn(struct slack_reader *reader, struct str text, unsigned style)
{
	bool before = false;

	while (text.n > 0) {
		struct str open = find_fence(text);
		struct str inner = open.n > 6 ? part(open, 3, open.n) : open;
		struct str close = open.n > 6 ? find_fence(inner) : (struct str){NULL, 0};
		if (close.p == NULL || close.p == inner.p) {
			break;
		}
		struct str plain = {text.p, (size_t)(open.p - text.p)};
		plain = without_breaks(plain, before, true);
		if (plain.n > 0) {
			read_lines(reader, plain, style);
		}
		read_code(reader, (struct str){inner.p, (size_t)(close.p - inner.p)});
		text = part(close, 3, close.n);
		before = true;
	}
	text = without_breaks(text, before, false);
	if (text.n > 0) {
		read_lines(reader, text, style);
	}
}

void slack_read_plain(
        struct slack_reader *reader, struct str text, bool emoji, unsigned style)
{
	for (size_t i = 0; i < text.n;) {
		size_t n = find(text, i, ':');
		n = emoji ? n : text.n;
		add_unescaped(reader, part(text, i, n), style);
		size_t end = n < text.n ? add_emoji(reader, text, n, style) : 0;
		if (end == 0) {
			end = n < text.n ? n + 1 : n;
			doc_add_text(reader->doc, part(text, n, end), style);
		}
		i = end;
	}
}
