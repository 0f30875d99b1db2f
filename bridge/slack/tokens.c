#include "bridge/slack/tokens.h"

#include "lib/mem.h"
#include "lib/str.h"
#include <string.h>

enum { MAX_TOKEN_BYTES = 1024 };

bool slack_token_has(const char *text, const char *prefix)
{
	static const char allowed[] =
	        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._%";
	size_t n = strlen(text);

	return str_starts(text, prefix) && n <= MAX_TOKEN_BYTES &&
	       strspn(text, allowed) == n;
}

bool slack_token_is_bot(const char *text)
{
	return slack_token_has(text, "xoxb-") || slack_token_has(text, "xoxe.xoxb-");
}

bool slack_token_is_app(const char *text)
{
	return slack_token_has(text, "xapp-");
}

bool slack_token_rotates(const char *text)
{
	return slack_token_has(text, "xoxe.xoxb-");
}

bool slack_token_is_refresh(const char *text)
{
	return slack_token_has(text, "xoxe-");
}

bool slack_token_is_client(const char *text)
{
	return slack_token_has(text, "xoxc-") || slack_token_has(text, "xoxs-");
}

char *slack_token_cookie(const char *text)
{
	/* What base64 and percent-encoding are made of. */
	static const char allowed[] =
	        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._%+/=";
	const char *value = str_starts(text, "d=") ? text + 2 : text;
	size_t n = strspn(value, allowed);

	if (!str_starts(value, "xoxd-") || n > MAX_TOKEN_BYTES ||
	        (value[n] != '\0' && !(value[n] == ';' && value[n + 1] == '\0'))) {
		return NULL;
	}
	return xstrndup(value, n);
}

/* xapp-, xoxe-1- and xoxe., and xoxb-, xoxp-, xoxc- and others like them. */
bool slack_token_is_in(const char *text)
{
	if (strstr(text, "xapp-") != NULL) {
		return true;
	}
	while ((text = strstr(text, "xox")) != NULL) {
		text += strlen("xox");
		if (text[0] != '\0' && (text[1] == '-' || text[1] == '.')) {
			return true;
		}
	}
	return false;
}
