#include "sim-matrix/pattern.h"

#include "lib/buf.h"
#include "lib/mem.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATTERN_MAX_BYTES = 8192 };

struct pattern {
	regex_t regex;
};

struct translation {
	const char *at; /* rest of the source */
	struct buf out;
	int flags;
	bool in_quantifier; /* the last thing written was a quantifier */
	char why[128];
};

static bool refuse(struct translation *t, const char *why)
{
	snprintf(t->why, sizeof(t->why), "regex parse error: %s", why);
	return false;
}

/* The inside of a bracket expression for \d, \w and \s; NULL: none. */
static const char *class_of(char c)
{
	switch (c) {
	case 'd':
		return "0-9";
	case 'w':
		return "[:alnum:]_";
	case 's':
		return "[:space:]";
	default:
		return NULL;
	}
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* What \n, \t and the like stand for; 0: not one of them. */
static char control_of(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case 'f':
		return '\f';
	case 'v':
		return '\v';
	default:
		return 0;
	}
}

static void put_literal(struct translation *t, char c)
{
	if (strchr("\\^$.[]|()*+?{}", c) != NULL) {
		buf_puts(&t->out, "\\");
	}
	buf_add(&t->out, &c, 1);
}

static bool translate_escape(struct translation *t)
{
	char c = t->at[1];
	char lower = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);

	if (c == '\0') {
		return refuse(t, "incomplete escape sequence");
	}
	t->at += 2;
	if (class_of(lower) != NULL) {
		buf_printf(&t->out, "[%s%s]", lower == c ? "" : "^", class_of(lower));
	} else if (c == 'A') {
		buf_puts(&t->out, "^");
	} else if (c == 'z' || c == 'Z') {
		buf_puts(&t->out, "$");
	} else if (control_of(c) != 0) {
		put_literal(t, control_of(c));
	} else if (is_word(c)) {
		return refuse(t, c >= '0' && c <= '9' ? "backreferences are not supported"
		                                      : "unrecognized escape sequence");
	} else {
		put_literal(t, c);
	}
	return true;
}

struct bracket { /* POSIX wants ] first and - last, and knows no escapes */
	struct buf rest;
	bool negated, has_close, has_dash, has_caret;
};

static bool bracket_escape(struct translation *t, struct bracket *b)
{
	char c = t->at[1];
	char plain = control_of(c) != 0 ? control_of(c) : c;

	t->at += 2;
	if (class_of(c) != NULL) {
		buf_puts(&b->rest, class_of(c));
	} else if (c == '\0' || (is_word(c) && control_of(c) == 0)) {
		return refuse(t, "unrecognized escape sequence in a character class");
	} else if (c == ']') {
		b->has_close = true;
	} else if (c == '-') {
		b->has_dash = true;
	} else if (c == '^') {
		b->has_caret = true;
	} else {
		buf_add(&b->rest, &plain, 1);
	}
	return true;
}

static bool bracket_read(struct translation *t, struct bracket *b)
{
	t->at++;
	if (*t->at == '^') {
		b->negated = true;
		t->at++;
	}
	if (*t->at == ']') {
		b->has_close = true;
		t->at++;
	}
	while (*t->at != ']') {
		if (*t->at == '\0') {
			return refuse(t, "unclosed character class");
		}
		if (*t->at == '\\') {
			if (!bracket_escape(t, b)) {
				return false;
			}
		} else if (*t->at == '[' && t->at[1] == ':') {
			const char *end = strstr(t->at, ":]");
			if (end == NULL) {
				return refuse(t, "unclosed character class");
			}
			buf_add(&b->rest, t->at, (size_t)(end + 2 - t->at));
			t->at = end + 2;
		} else if (*t->at == '-' && (b->rest.len == 0 || t->at[1] == ']')) {
			b->has_dash = true;
			t->at++;
		} else {
			buf_add(&b->rest, t->at, 1);
			t->at++;
		}
	}
	t->at++;
	return true;
}

static void bracket_write(struct translation *t, const struct bracket *b)
{
	bool only_caret =
	        b->has_caret && b->rest.len == 0 && !b->has_close && !b->negated;

	if (only_caret) { /* [^] would open a negated bracket */
		buf_puts(&t->out, b->has_dash ? "(\\^|-)" : "\\^");
		return;
	}
	buf_printf(&t->out, "[%s%s%s%s%s]", b->negated ? "^" : "",
	        b->has_close ? "]" : "", buf_cstr(&b->rest), b->has_caret ? "^" : "",
	        b->has_dash ? "-" : "");
}

static bool translate_bracket(struct translation *t)
{
	struct bracket b = {0};
	bool good;

	buf_init(&b.rest, PATTERN_MAX_BYTES);
	good = bracket_read(t, &b);
	if (good) {
		bracket_write(t, &b);
	}
	buf_finish(&b.rest);
	return good;
}

static bool translate_group(struct translation *t)
{
	const char *rest = t->at + 2;

	if (t->at[1] != '?') {
		buf_puts(&t->out, "(");
		t->at++;
		return true;
	}
	if (rest[0] == ':') {
		t->at += 3;
	} else if (strncmp(rest, "i)", 2) == 0 && t->out.len == 0) {
		t->flags |= REG_ICASE;
		t->at += 4;
		return true;
	} else if ((rest[0] == 'P' && rest[1] == '<') ||
	           (rest[0] == '<' && rest[1] != '=' && rest[1] != '!')) {
		const char *end = strchr(rest, '>');
		if (end == NULL) {
			return refuse(t, "invalid capture group");
		}
		t->at = end + 1;
	} else {
		return refuse(t,
		        rest[0] == '=' || rest[0] == '!' || rest[0] == '<'
		                ? "look-around, including look-ahead and look-behind, is "
		                  "not supported"
		                : "unrecognized flag");
	}
	buf_puts(&t->out, "(");
	return true;
}

static bool translate_one(struct translation *t)
{
	bool after_quantifier = t->in_quantifier;
	char c = *t->at;

	t->in_quantifier = false;
	if (c == '\\') {
		return translate_escape(t);
	}
	if (c == '[') {
		return translate_bracket(t);
	}
	if (c == '(') {
		return translate_group(t);
	}
	t->at++;
	if (c == '?' && after_quantifier) {
		return true; /* lazy: the same for a yes or no */
	}
	t->in_quantifier = c == '*' || c == '+' || c == '?' || c == '}';
	buf_add(&t->out, &c, 1);
	return true;
}

static void trim_source(struct translation *t, bool anchored)
{
	if (strncmp(t->at, "(?i)", 4) == 0) {
		t->flags |= REG_ICASE;
		t->at += 4;
	}
	if (anchored) {
		buf_puts(&t->out, "^(");
	}
}

static bool translate(struct translation *t, const char *source, bool anchored)
{
	t->at = source;
	trim_source(t, anchored);
	while (*t->at != '\0') {
		if (!translate_one(t)) {
			return false;
		}
	}
	if (anchored) {
		buf_puts(&t->out, ")");
	}
	return !t->out.failed || refuse(t, "pattern too long");
}

struct pattern *pattern_create(
        const char *source, bool anchored, char *why, size_t why_room)
{
	struct translation t = {.flags = REG_EXTENDED | REG_NOSUB};
	struct pattern *pattern = xcalloc(1, sizeof(*pattern));
	int rc;

	buf_init(&t.out, PATTERN_MAX_BYTES);
	if (translate(&t, source, anchored)) {
		/* An empty pattern matches everything; POSIX leaves that open. */
		rc = regcomp(&pattern->regex, t.out.len == 0 ? "^" : buf_cstr(&t.out),
		        t.flags);
		if (rc == 0) {
			buf_finish(&t.out);
			return pattern;
		}
		regerror(rc, &pattern->regex, t.why, sizeof(t.why));
	}
	snprintf(why, why_room, "%s", t.why);
	buf_finish(&t.out);
	free(pattern);
	return NULL;
}

void pattern_destroy(struct pattern **pattern)
{
	if (*pattern != NULL) {
		regfree(&(*pattern)->regex);
		free(*pattern);
		*pattern = NULL;
	}
}

bool pattern_matches(const struct pattern *pattern, const char *text)
{
	return regexec(&pattern->regex, text, 0, NULL, 0) == 0;
}
