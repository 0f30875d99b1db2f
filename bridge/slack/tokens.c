#include "bridge/slack/tokens.h"

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
