#include "bridge/convert/slack_reader.h"

#include <ctype.h>
#include <string.h>

static bool take(struct str *s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (s->n < n || memcmp(s->p, prefix, n) != 0) {
		return false;
	}
	*s = (struct str){s->p + n, s->n - n};
	return true;
}

static bool take_until(struct str *s, char end, char *out, size_t room)
{
	size_t n = 0;

	while (n < s->n && s->p[n] != end) {
		unsigned char c = (unsigned char)s->p[n];
		if (!isalnum(c) && c != '.' && c != '-') {
			return false;
		}
		n++;
	}
	if (n == s->n || n == 0 || n >= room) {
		return false;
	}
	memcpy(out, s->p, n);
	out[n] = '\0';
	*s = (struct str){s->p + n + 1, s->n - n - 1};
	return true;
}

/* p1700000000000100 is ts 1700000000.000100; a reply names its own ts, and its parent's
 * as thread_ts in the query, which does not matter here. */
static bool take_ts(struct str *s, char ts[24])
{
	size_t n = 0;

	while (n < s->n && isdigit((unsigned char)s->p[n])) {
		n++;
	}
	if (n != 16 || (n < s->n && strchr("?#/", s->p[n]) == NULL)) {
		return false;
	}
	memcpy(ts, s->p, 10);
	ts[10] = '.';
	memcpy(ts + 11, s->p + 10, 6);
	ts[17] = '\0';
	return true;
}

bool slack_permalink_parse(struct str url, struct slack_permalink *out)
{
	struct str rest = url;

	return take(&rest, "https://") &&
	       take_until(&rest, '/', out->host, sizeof(out->host)) &&
	       strlen(out->host) > strlen(".slack.com") &&
	       str_ends(out->host, ".slack.com") && take(&rest, "archives/") &&
	       take_until(&rest, '/', out->channel, sizeof(out->channel)) &&
	       take(&rest, "p") && take_ts(&rest, out->ts);
}
