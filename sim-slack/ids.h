/* ids: what Slack draws at random or counts up: identifiers, tickets, tokens, time
 * stamps.
 *
 * Three streams come from one seed, so that drawing a connection does not change the
 * names of what is created after it. */
#ifndef SIM_SLACK_IDS_H
#define SIM_SLACK_IDS_H

#include "lib/rand.h"
#include <stdbool.h>
#include <stdint.h>

enum {
	TS_SIZE = 32,       /* "1700000000.123009" and room for hostile numbers */
	EVENT_ID_SIZE = 16, /* "Ev" and ten characters */
	UUID_SIZE = 37,
};

struct ids {
	struct rand names;
	struct rand secrets;
	struct rand chance;
	int64_t last_event_us;
};

void ids_init(struct ids *ids, uint64_t seed);

/* prefix and upper-case letters and digits, ten characters together. Caller frees. */
char *ids_object(struct ids *ids, const char *prefix);
void ids_event(struct ids *ids, char out[EVENT_ID_SIZE]);
void ids_uuid(struct rand *rand, char out[UUID_SIZE]);
/* n hex digits. out has room for n + 1. */
void ids_hex(struct rand *rand, char *out, size_t n);
/* n lower-case letters, digits and upper-case ones. Caller frees. */
char *ids_bot_token(struct ids *ids);
char *ids_app_token(struct ids *ids, const char *app_id);

/* Time stamps are whole microseconds here and "<10 digits>.<6 digits>" outside. Real ones
 * are strictly rising in a channel, follow the clock, and nearly all end in 9. */
int64_t ts_next(int64_t wall_ms, int64_t last_us);
void ts_format(int64_t us, char out[TS_SIZE]);
/* Seconds with up to six decimals; false for anything else. */
bool ts_parse(const char *text, int64_t *out_us);

/* Slack's cursors: padded base64 of "<kind>:<value>", as recorded. Caller frees. */
char *cursor_make(const char *kind, const char *value, int64_t now_ms, int64_t ttl_ms);
/* The value, or NULL if it is no cursor of that kind or has expired. Caller frees. */
char *cursor_open(const char *cursor, const char *kind, int64_t now_ms, int64_t ttl_ms);

#endif
