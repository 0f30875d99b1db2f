/* Compact JSON text of a cJSON tree. cJSON's own printer formats every number by floating
 * point and reads it back; most of ours are whole. The text is the same. */
#include "lib/json.h"

#include "lib/buf.h"
#include "lib/mem.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_BYTES = 32 };

static void print_value(struct buf *out, const cJSON *value);

static void print_whole(struct buf *out, int64_t number)
{
	char digits[NUMBER_BYTES];
	char *at = digits + sizeof(digits);
	uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	do {
		*--at = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (number < 0) {
		*--at = '-';
	}
	buf_add(out, at, (size_t)(digits + sizeof(digits) - at));
}

static void print_number(struct buf *out, double number)
{
	const double exact = 9007199254740992.0; /* 2^53 */
	char text[NUMBER_BYTES];

	if (isnan(number) || isinf(number)) {
		buf_puts(out, "null");
	} else if (number >= -exact && number <= exact && number == trunc(number)) {
		print_whole(out, (int64_t)number);
	} else {
		snprintf(text, sizeof(text), "%1.15g", number);
		if (strtod(text, NULL) != number) {
			snprintf(text, sizeof(text), "%1.17g", number);
		}
		buf_puts(out, text);
	}
}

/* The escape of a byte that cannot stand for itself, or NULL. */
static const char *escape_of(unsigned char byte, char room[8])
{
	static const char *const short_ones[32] = {['\b'] = "\\b",
	        ['\f'] = "\\f",
	        ['\n'] = "\\n",
	        ['\r'] = "\\r",
	        ['\t'] = "\\t"};

	if (byte == '"') {
		return "\\\"";
	}
	if (byte == '\\') {
		return "\\\\";
	}
	if (byte >= 32) {
		return NULL;
	}
	if (short_ones[byte] != NULL) {
		return short_ones[byte];
	}
	snprintf(room, 8, "\\u%04x", byte);
	return room;
}

void json_print_text(struct buf *out, struct str text)
{
	const char *end = text.p + text.n;
	char room[8];

	buf_add(out, "\"", 1);
	for (const char *from = text.p;;) {
		const char *to = from;
		while (to < end && (unsigned char)*to >= 32 && *to != '"' &&
		        *to != '\\') {
			to++;
		}
		buf_add(out, from, (size_t)(to - from));
		if (to == end) {
			break;
		}
		buf_puts(out, escape_of((unsigned char)*to, room));
		from = to + 1;
	}
	buf_add(out, "\"", 1);
}

static void print_text(struct buf *out, const char *text)
{
	json_print_text(out, str_from(text == NULL ? "" : text));
}

static void print_children(struct buf *out, const cJSON *value, bool keys)
{
	const cJSON *child;

	buf_add(out, keys ? "{" : "[", 1);
	cJSON_ArrayForEach(child, value)
	{
		if (child != value->child) {
			buf_add(out, ",", 1);
		}
		if (keys) {
			print_text(out, child->string);
			buf_add(out, ":", 1);
		}
		print_value(out, child);
	}
	buf_add(out, keys ? "}" : "]", 1);
}

static void print_value(struct buf *out, const cJSON *value)
{
	if (cJSON_IsString(value)) {
		print_text(out, value->valuestring);
	} else if (cJSON_IsNumber(value)) {
		print_number(out, value->valuedouble);
	} else if (cJSON_IsObject(value) || cJSON_IsArray(value)) {
		print_children(out, value, cJSON_IsObject(value));
	} else if (cJSON_IsBool(value)) {
		buf_puts(out, cJSON_IsTrue(value) ? "true" : "false");
	} else if (cJSON_IsRaw(value)) {
		buf_puts(out, value->valuestring);
	} else {
		buf_puts(out, "null");
	}
}

char *json_print(const cJSON *value)
{
	struct buf out;

	buf_init(&out, SIZE_MAX / 2);
	print_value(&out, value);
	if (out.failed) {
		abort(); /* out of memory, as in mem.h */
	}
	return buf_take(&out);
}
