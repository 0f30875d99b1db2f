#include "lib/err.h"

#include "lib/str.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A text cut in the middle of a character could not be sent on as JSON. */
static void keep_utf8(char *text)
{
	while (*text != '\0') {
		unsigned char lead = (unsigned char)*text;
		size_t n = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
		if (strnlen(text, n) == n && str_is_utf8((struct str){text, n})) {
			text += n;
		} else {
			*text++ = '?';
		}
	}
}

bool err_set(struct err *err, enum err_kind kind, int code, const char *fmt, ...)
{
	if (err == NULL) {
		return false;
	}
	*err = (struct err){.kind = kind, .code = code};

	va_list args;
	va_start(args, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, args);
	va_end(args);
	keep_utf8(err->msg);
	return false;
}

bool err_prefix(struct err *err, const char *fmt, ...)
{
	char before[96];
	char whole[sizeof(err->msg) + sizeof(before) + 2];

	if (err == NULL) {
		return false;
	}
	va_list args;
	va_start(args, fmt);
	vsnprintf(before, sizeof(before), fmt, args);
	va_end(args);
	int n = snprintf(whole, sizeof(whole), "%s: %s", before, err->msg);
	size_t len = n < 0 ? 0 : (size_t)n;
	if (len >= sizeof(err->msg)) {
		len = sizeof(err->msg) - 1;
	}
	memcpy(err->msg, whole, len);
	err->msg[len] = '\0';
	keep_utf8(err->msg);
	return false;
}

void err_set_name(struct err *err, const char *name)
{
	if (err == NULL) {
		return;
	}
	snprintf(err->name, sizeof(err->name), "%s", name == NULL ? "" : name);
	keep_utf8(err->name);
}

const char *err_kind_to_str(enum err_kind kind)
{
	switch (kind) {
	case ERR_NONE:
		return "none";
	case ERR_RETRY:
		return "retry";
	case ERR_UNSURE:
		return "unsure";
	case ERR_PERMANENT:
		return "permanent";
	case ERR_CANCELLED:
		return "cancelled";
	}
	return "?";
}
