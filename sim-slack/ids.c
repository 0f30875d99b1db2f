#include "sim-slack/ids.h"

#include "lib/mem.h"
#include "lib/str.h"

#include <ctype.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OBJECT_LENGTH = 10, CURSOR_MAX = 400 };

void ids_init(struct ids *ids, uint64_t seed)
{
	rand_seed(&ids->names, seed);
	rand_seed(&ids->secrets, seed ^ 0x5ec2e75ec2e7ULL);
	rand_seed(&ids->chance, seed ^ 0xc0117ec7104ULL);
	ids->last_event_us = 0;
}

static void upper(char *text)
{
	for (; *text; text++) {
		*text = (char)toupper((unsigned char)*text);
	}
}

char *ids_object(struct ids *ids, const char *prefix)
{
	char tail[OBJECT_LENGTH + 1];
	size_t n = OBJECT_LENGTH - strlen(prefix);

	rand_text(&ids->names, tail, n);
	upper(tail);
	return xasprintf("%s%s", prefix, tail);
}

void ids_event(struct ids *ids, char out[EVENT_ID_SIZE])
{
	char tail[11];

	rand_text(&ids->names, tail, 10);
	upper(tail);
	snprintf(out, EVENT_ID_SIZE, "Ev%s", tail);
}

void ids_hex(struct rand *rand, char *out, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[i] = digits[rand_below(rand, 16)];
	}
	out[n] = '\0';
}

void ids_uuid(struct rand *rand, char out[UUID_SIZE])
{
	char hex[33];

	ids_hex(rand, hex, 32);
	hex[12] = '4';
	hex[16] = "89ab"[rand_below(rand, 4)];
	snprintf(out, UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
	        hex + 16, hex + 20);
}

char *ids_bot_token(struct ids *ids)
{
	char secret[25];
	uint64_t team = 100000000000ULL + rand_below(&ids->secrets, 899999999999ULL);
	uint64_t bot = 1000000000000ULL + rand_below(&ids->secrets, 8999999999999ULL);

	rand_text(&ids->secrets, secret, 24);
	return xasprintf("xoxb-%" PRIu64 "-%" PRIu64 "-%s", team, bot, secret);
}

char *ids_app_token(struct ids *ids, const char *app_id)
{
	char secret[65];
	uint64_t number = 1000000000000ULL + rand_below(&ids->secrets, 8999999999999ULL);

	ids_hex(&ids->secrets, secret, 64);
	return xasprintf("xapp-1-%s-%" PRIu64 "-%s", app_id, number, secret);
}

int64_t ts_next(int64_t wall_ms, int64_t last_us)
{
	int64_t us = wall_ms * 1000 + 9;

	return us > last_us ? us : last_us + 10;
}

void ts_format(int64_t us, char out[TS_SIZE])
{
	snprintf(out, TS_SIZE, "%010" PRId64 ".%06" PRId64, us / 1000000, us % 1000000);
}

bool ts_parse(const char *text, int64_t *out_us)
{
	int64_t seconds = 0, fraction = 0, unit = 100000;
	const char *p = text;

	if (!isdigit((unsigned char)*p)) {
		return false;
	}
	for (; isdigit((unsigned char)*p); p++) {
		seconds = seconds * 10 + (*p - '0');
		if (seconds > 99999999999LL) {
			return false;
		}
	}
	if (*p == '.') {
		for (p++; isdigit((unsigned char)*p); p++, unit /= 10) {
			fraction += (*p - '0') * unit;
			if (unit == 0) {
				return false;
			}
		}
	}
	if (*p != '\0') {
		return false;
	}
	*out_us = seconds * 1000000 + fraction;
	return true;
}

char *cursor_make(const char *kind, const char *value, int64_t now_ms, int64_t ttl_ms)
{
	autofree char *plain = NULL;
	size_t n;
	char *out;

	plain = ttl_ms > 0 ? xasprintf("%s:%s;%" PRId64, kind, value, now_ms)
	                   : xasprintf("%s:%s", kind, value);
	n = strlen(plain);
	out = xmalloc(4 * ((n + 2) / 3) + 1);
	EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)plain, (int)n);
	return out;
}

/* The plain text of padded base64, or NULL. */
static char *base64_open(const char *text)
{
	size_t n = strlen(text);
	char *out;
	int got;

	if (n == 0 || n % 4 != 0 || n > CURSOR_MAX) {
		return NULL;
	}
	out = xcalloc(1, n);
	got = EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)text, (int)n);
	if (got < 0) {
		free(out);
		return NULL;
	}
	out[got] = '\0';
	return out;
}

char *cursor_open(const char *cursor, const char *kind, int64_t now_ms, int64_t ttl_ms)
{
	autofree char *plain = base64_open(cursor);
	size_t n = strlen(kind);
	char *mark;
	int64_t made_ms;

	if (!plain || strncmp(plain, kind, n) != 0 || plain[n] != ':') {
		return NULL;
	}
	mark = strrchr(plain, ';');
	if (mark) {
		if (!str_to_int64(str_from(mark + 1), 0, INT64_MAX, &made_ms) ||
		        (ttl_ms > 0 && now_ms - made_ms > ttl_ms)) {
			return NULL;
		}
		*mark = '\0';
	}
	return xstrdup(plain + n + 1);
}
