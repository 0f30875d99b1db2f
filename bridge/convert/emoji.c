#include "bridge/convert/emoji.h"

#include "lib/emoji_table.h"
#include "lib/mem.h"
#include <string.h>

char *emoji_to_key(const char *name, const char *custom)
{
	const char *text = emoji_text(str_from(name));

	if (text != NULL) {
		return xstrdup(text);
	}
	if (custom != NULL && custom[0] != '\0') {
		return xstrdup(custom);
	}
	return xasprintf(":%s:", name);
}

bool emoji_is_standard(const char *name)
{
	return emoji_text(str_from(name)) != NULL;
}

/* What emoji-data allows in a name, and what Slack allows in a custom one. */
static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		bool word = (s.p[i] >= 'a' && s.p[i] <= 'z') ||
		            (s.p[i] >= '0' && s.p[i] <= '9') ||
		            (unsigned char)s.p[i] >= 0x80;
		if (!word && strchr("_-+':.&", s.p[i]) == NULL) {
			return false;
		}
	}
	return s.n > 0 && s.n < EMOJI_NAME_BYTES;
}

char *emoji_from_key(const char *key, const char *custom)
{
	char name[EMOJI_NAME_BYTES];
	struct str text = str_from(key);

	if (emoji_name(text, name)) {
		return xstrdup(name);
	}
	if (text.n > 2 && key[0] == ':' && key[text.n - 1] == ':') {
		struct str inner = {key + 1, text.n - 2};
		if (emoji_canonical(inner, name)) {
			return xstrdup(name);
		}
		return is_name(inner) ? xstrndup(inner.p, inner.n) : NULL;
	}
	return xstrdup_null(custom);
}

bool emoji_same(const char *a, const char *b)
{
	char first[EMOJI_NAME_BYTES], second[EMOJI_NAME_BYTES];

	if (!emoji_canonical(str_from(a), first) ||
	        !emoji_canonical(str_from(b), second)) {
		return str_equal(a, b);
	}
	return str_equal(first, second);
}
