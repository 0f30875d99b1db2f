#include "bridge/convert/url.h"

#include "bridge/convert/doc.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char *scheme;
	bool matrix, slack;
} schemes[] = {
        {"https://", true, true},
        {"http://", true, true},
        {"mailto:", true, true},
        {"ftp://", true, true},
        {"magnet:", true, true},
        {"tel:", false, true},
};
enum { SCHEMES = sizeof(schemes) / sizeof(schemes[0]) };

static bool starts(struct str s, const char *prefix)
{
	size_t n = strlen(prefix);
	return s.n > n && strncasecmp(s.p, prefix, n) == 0;
}

bool url_is_allowed(struct str url, enum url_for side)
{
	bool known = false;

	for (size_t i = 0; i < SCHEMES && !known; i++) {
		bool fits = side == URL_FOR_MATRIX ? schemes[i].matrix : schemes[i].slack;
		known = fits && starts(url, schemes[i].scheme);
	}
	if (!known || url.n > DOC_MAX_URL_BYTES) {
		return false;
	}
	for (size_t i = 0; i < url.n; i++) {
		if ((unsigned char)url.p[i] <= ' ' || url.p[i] == 0x7F) {
			return false;
		}
	}
	return true;
}

static bool ends_address(char c)
{
	return (unsigned char)c <= ' ' || c == '<' || c == '>' || c == '"' || c == '`' ||
	       c == '|' || c == 0x7F;
}

/* A full stop after an address ends the sentence; a bracket belongs to it only if it was
 * opened in it. */
static size_t without_tail(struct str url)
{
	size_t n = url.n, open = 0, closed = 0;

	for (size_t i = 0; i < n; i++) {
		open += url.p[i] == '(';
		closed += url.p[i] == ')';
	}
	while (n > 0) {
		char last = url.p[n - 1];
		if (last == ')' && closed > open) {
			closed--;
		} else if (strchr(".,;:!?'*_~|]}", last) == NULL) {
			break;
		}
		n--;
	}
	return n;
}

size_t url_length(struct str text)
{
	const char *scheme = starts(text, "https://")  ? "https://"
	                     : starts(text, "http://") ? "http://"
	                     : starts(text, "mailto:") ? "mailto:"
	                                               : NULL;
	size_t n = 0;

	if (scheme == NULL) {
		return 0;
	}
	while (n < text.n && n <= DOC_MAX_URL_BYTES && !ends_address(text.p[n])) {
		n++;
	}
	n = without_tail((struct str){text.p, n});
	return n <= strlen(scheme) || n > DOC_MAX_URL_BYTES ? 0 : n;
}
