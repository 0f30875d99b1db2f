#include "bridge/matrix/json_skip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* An event has at most 65,535 bytes, so nothing honest nests deeper. */
enum { MAX_LEVELS = 65536 };

/* What each open bracket is, one bit a level: 1 for an object. */
struct levels {
	uint8_t bits[MAX_LEVELS / 8];
	size_t depth;
};

static bool levels_push(struct levels *levels, bool is_object)
{
	if (levels->depth == MAX_LEVELS) {
		return false;
	}
	uint8_t bit = (uint8_t)(1U << (levels->depth % 8));
	uint8_t *byte = &levels->bits[levels->depth / 8];
	*byte = (uint8_t)(is_object ? *byte | bit : *byte & ~bit);
	levels->depth++;
	return true;
}

static bool levels_top_is_object(const struct levels *levels)
{
	size_t top = levels->depth - 1;

	return (levels->bits[top / 8] >> (top % 8) & 1) != 0;
}

const char *json_skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) {
		p++;
	}
	return p;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* p: after the backslash. */
static const char *skip_escape(const char *p, const char *end)
{
	if (p == end) {
		return NULL;
	}
	if (*p != 'u') {
		return *p != '\0' && strchr("\"\\/bfnrt", *p) != NULL ? p + 1 : NULL;
	}
	for (int i = 1; i <= 4; i++) {
		if (p + i >= end || !is_hex(p[i])) {
			return NULL;
		}
	}
	return p + 5;
}

const char *json_skip_string(const char *p, const char *end)
{
	if (p == end || *p != '"') {
		return NULL;
	}
	p++;
	while (p != NULL && p < end) {
		if (*p == '"') {
			return p + 1;
		}
		if ((unsigned char)*p < 0x20) {
			return NULL;
		}
		p = *p == '\\' ? skip_escape(p + 1, end) : p + 1;
	}
	return NULL;
}

static const char *skip_digits(const char *p, const char *end)
{
	const char *from = p;

	while (p < end && *p >= '0' && *p <= '9') {
		p++;
	}
	return p == from ? NULL : p;
}

static const char *skip_number(const char *p, const char *end)
{
	if (p < end && *p == '-') {
		p++;
	}
	p = p < end && *p == '0' ? p + 1 : skip_digits(p, end);
	if (p != NULL && p < end && *p == '.') {
		p = skip_digits(p + 1, end);
	}
	if (p != NULL && p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-')) {
			p++;
		}
		p = skip_digits(p, end);
	}
	return p;
}

static const char *skip_scalar(const char *p, const char *end)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i]);
		if ((size_t)(end - p) >= n && memcmp(p, words[i], n) == 0) {
			return p + n;
		}
	}
	return *p == '"' ? json_skip_string(p, end) : skip_number(p, end);
}

/* A key and its colon, up to the value. */
static const char *skip_key(const char *p, const char *end)
{
	p = json_skip_string(json_skip_space(p, end), end);
	if (p == NULL) {
		return NULL;
	}
	p = json_skip_space(p, end);
	return p < end && *p == ':' ? p + 1 : NULL;
}

/* p: after a whole value. Leaves the brackets that close here; if another value must
 * follow, *more is set and p is before it. */
static const char *skip_after_value(
        const char *p, const char *end, struct levels *levels, bool *more)
{
	*more = false;
	while (levels->depth > 0) {
		bool in_object = levels_top_is_object(levels);
		p = json_skip_space(p, end);
		if (p == end) {
			return NULL;
		}
		if (*p == ',') {
			*more = true;
			return in_object ? skip_key(p + 1, end) : p + 1;
		}
		if (*p != (in_object ? '}' : ']')) {
			return NULL;
		}
		levels->depth--;
		p++;
	}
	return p;
}

const char *json_skip_value(const char *p, const char *end)
{
	struct levels levels = {.depth = 0};
	bool more = true;

	while (p != NULL && more) {
		p = json_skip_space(p, end);
		if (p == end) {
			return NULL;
		}
		if (*p != '{' && *p != '[') {
			p = skip_scalar(p, end);
		} else {
			bool is_object = *p == '{';
			if (!levels_push(&levels, is_object)) {
				return NULL;
			}
			p = json_skip_space(p + 1, end);
			if (p == end || *p != (is_object ? '}' : ']')) {
				p = is_object ? skip_key(p, end) : p;
				continue;
			}
		}
		if (p != NULL) {
			p = skip_after_value(p, end, &levels, &more);
		}
	}
	return p;
}
