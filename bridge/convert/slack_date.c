#include "bridge/convert/slack_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const months[] = {"January", "February", "March", "April", "May",
        "June", "July", "August", "September", "October", "November", "December"};
static const char *const days[] = {
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

static const char *ordinal(int day)
{
	if (day / 10 == 1) {
		return "th";
	}
	return day % 10 == 1 ? "st" : day % 10 == 2 ? "nd" : day % 10 == 3 ? "rd" : "th";
}

static void add_zone(struct buf *out, int offset)
{
	buf_puts(out, " UTC");
	if (offset != 0) {
		buf_printf(out, "%c%02d:%02d", offset < 0 ? '-' : '+', abs(offset) / 60,
		        abs(offset) % 60);
	}
}

static void add_time(struct buf *out, const struct tm *t, bool seconds, int offset)
{
	buf_printf(out, "%02d:%02d", t->tm_hour, t->tm_min);
	if (seconds) {
		buf_printf(out, ":%02d", t->tm_sec);
	}
	add_zone(out, offset);
}

static void add_long(struct buf *out, const struct tm *t)
{
	buf_printf(out, "%s %d%s, %d", months[t->tm_mon], t->tm_mday, ordinal(t->tm_mday),
	        t->tm_year + 1900);
}

enum token { DATE_NUM, DATE, DATE_SHORT, DATE_LONG, DATE_SLASH, TIME, TIME_SECS, AGO };

/* "Pretty" forms say yesterday or today, and "ago" how long: words that would be wrong
 * when the message is read later, so the date itself is written. */
static const struct {
	const char *name;
	enum token token;
} tokens[] = {
        {"date_num", DATE_NUM},
        {"date", DATE},
        {"date_short", DATE_SHORT},
        {"date_long", DATE_LONG},
        {"date_pretty", DATE},
        {"date_short_pretty", DATE_SHORT},
        {"date_long_pretty", DATE_LONG},
        {"date_long_full", DATE_LONG},
        {"day_divider_pretty", DATE_LONG},
        {"date_slash", DATE_SLASH},
        {"time", TIME},
        {"time_secs", TIME_SECS},
        {"ago", AGO},
};
enum { TOKENS = sizeof(tokens) / sizeof(tokens[0]) };

static void add_token(struct buf *out, enum token token, const struct tm *t, int offset)
{
	switch (token) {
	case DATE_NUM:
		buf_printf(out, "%d-%02d-%02d", t->tm_year + 1900, t->tm_mon + 1,
		        t->tm_mday);
		break;
	case DATE:
		add_long(out, t);
		break;
	case DATE_SHORT:
		buf_printf(out, "%.3s %d, %d", months[t->tm_mon], t->tm_mday,
		        t->tm_year + 1900);
		break;
	case DATE_LONG:
		buf_printf(out, "%s, ", days[t->tm_wday]);
		add_long(out, t);
		break;
	case DATE_SLASH:
		buf_printf(out, "%02d/%02d/%d", t->tm_mon + 1, t->tm_mday,
		        t->tm_year + 1900);
		break;
	case TIME:
	case TIME_SECS:
		add_time(out, t, token == TIME_SECS, offset);
		break;
	case AGO:
		add_long(out, t);
		buf_puts(out, " ");
		add_time(out, t, false, offset);
		break;
	}
}

/* The token at the start of `s`, with its braces; 0 if there is none. */
static size_t match_token(struct str s, enum token *token)
{
	for (size_t i = 0; i < TOKENS; i++) {
		size_t n = strlen(tokens[i].name);
		if (s.n >= n + 2 && s.p[n + 1] == '}' &&
		        memcmp(s.p + 1, tokens[i].name, n) == 0) {
			*token = tokens[i].token;
			return n + 2;
		}
	}
	return 0;
}

bool slack_format_date(
        struct buf *out, int64_t seconds, struct str format, int utc_offset_minutes)
{
	const int64_t last = INT64_C(253402300799); /* of the year 9999 */
	time_t local = (time_t)(seconds + (int64_t)utc_offset_minutes * 60);
	struct tm t;

	if (seconds < 0 || seconds > last - 86400 || gmtime_r(&local, &t) == NULL) {
		return false;
	}
	for (size_t i = 0; i < format.n;) {
		enum token token;
		struct str rest = {format.p + i, format.n - i};
		size_t n = rest.p[0] == '{' ? match_token(rest, &token) : 0;
		if (n > 0) {
			add_token(out, token, &t, utc_offset_minutes);
		} else {
			buf_add(out, rest.p, 1);
		}
		i += n > 0 ? n : 1;
	}
	return true;
}
