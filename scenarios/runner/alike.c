#include "scenarios/runner/alike.h"

#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

static const char wildcard = '\x01';

/* Appends c unless it is formatting or another space. */
static char *put(char *start, char *end, char c)
{
	if (strchr("*_~`", c) != NULL && c != '\0') {
		return end;
	}
	c = c == '\n' || c == '\t' ? ' ' : c;
	bool is_double = end > start && (c == ' ' || c == wildcard) && end[-1] == c;
	if (is_double || (c == ' ' && end == start)) {
		return end;
	}
	*end = c;
	return end + 1;
}

static char *finish(char *start, char *end)
{
	while (end > start && end[-1] == ' ') {
		end--;
	}
	*end = '\0';
	return start;
}

char *alike_matrix(const char *text)
{
	char *start = xmalloc(strlen(text) + 1), *end = start;

	for (; *text != '\0'; text++) {
		end = put(start, end, *text);
	}
	return finish(start, end);
}

/* The length of ":name:" at the begin of text, which is a sign or a picture on Matrix; 0:
 * there is none. */
static size_t emoji_length(const char *text)
{
	size_t n = *text != ':' ? 0
	                        : strspn(text + 1, "abcdefghijklmnopqrstuvwxyz"
	                                           "0123456789_+-'");
	bool has_letter = n > strspn(text + 1, "0123456789");

	return has_letter && text[n + 1] == ':' ? n + 2 : 0;
}

char *alike_slack(const char *text)
{
	static const struct {
		const char *escape;
		char c;
	} escapes[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}};
	char *start = xmalloc(strlen(text) + 1), *end = start;

	while (*text != '\0') {
		const char *close = *text == '<' ? strchr(text, '>') : NULL;
		size_t emoji = emoji_length(text);
		char c = close != NULL || emoji > 0 ? wildcard : *text;
		size_t n = close != NULL ? (size_t)(close - text) + 1
		           : emoji > 0   ? emoji
		                         : 1;
		for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
			size_t length = strlen(escapes[i].escape);
			if (strncmp(text, escapes[i].escape, length) == 0) {
				c = escapes[i].c;
				n = length;
			}
		}
		end = put(start, end, c);
		text += n;
	}
	return finish(start, end);
}

bool alike(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = NULL;

	while (*text != '\0') {
		if (*pattern == wildcard) {
			star = pattern++;
			resume = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star + 1;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == wildcard) {
		pattern++;
	}
	return *pattern == '\0';
}
