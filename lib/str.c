#include "lib/str.h"

#include "lib/mem.h"
#include <openssl/crypto.h>
#include <string.h>

struct str str_from(const char *s)
{
	return (struct str){s, s == NULL ? 0 : strlen(s)};
}

bool str_is(struct str s, const char *text)
{
	size_t n = strlen(text);
	return s.n == n && (n == 0 || memcmp(s.p, text, n) == 0);
}

bool str_equal(const char *a, const char *b)
{
	if (a == NULL || b == NULL) {
		return a == b;
	}
	return strcmp(a, b) == 0;
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);
	return n >= m && strcmp(s + n - m, suffix) == 0;
}

bool str_equal_secret(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}

bool str_to_int64(struct str s, int64_t min, int64_t max, int64_t *out)
{
	size_t i = 0;
	bool negative = s.n > 0 && s.p[0] == '-';
	if (negative) {
		i = 1;
	}
	if (i == s.n) {
		return false;
	}
	int64_t value = 0; /* kept negative: its range is the wider one */
	for (; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9') {
			return false;
		}
		if (__builtin_mul_overflow(value, 10, &value) ||
		        __builtin_sub_overflow(value, s.p[i] - '0', &value)) {
			return false;
		}
	}
	if (!negative) {
		if (value == INT64_MIN) {
			return false;
		}
		value = -value;
	}
	if (value < min || value > max) {
		return false;
	}
	*out = value;
	return true;
}

/* Length of the well-formed sequence at p (Unicode 15, table 3-7), or 0. */
static size_t utf8_sequence(const unsigned char *p, size_t n)
{
	unsigned char lowest = 0x80, highest = 0xBF;
	size_t len;

	if (p[0] < 0x80) {
		return 1;
	}
	if (p[0] >= 0xC2 && p[0] <= 0xDF) {
		len = 2;
	} else if (p[0] >= 0xE0 && p[0] <= 0xEF) {
		len = 3;
		lowest = p[0] == 0xE0 ? 0xA0 : 0x80;
		highest = p[0] == 0xED ? 0x9F : 0xBF;
	} else if (p[0] >= 0xF0 && p[0] <= 0xF4) {
		len = 4;
		lowest = p[0] == 0xF0 ? 0x90 : 0x80;
		highest = p[0] == 0xF4 ? 0x8F : 0xBF;
	} else {
		return 0;
	}
	if (n < len || p[1] < lowest || p[1] > highest) {
		return 0;
	}
	for (size_t i = 2; i < len; i++) {
		if (p[i] < 0x80 || p[i] > 0xBF) {
			return 0;
		}
	}
	return len;
}

bool str_is_utf8(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	for (size_t i = 0; i < s.n;) {
		uint64_t eight;
		if (i + sizeof(eight) <= s.n) {
			memcpy(&eight, p + i, sizeof(eight));
			if ((eight & UINT64_C(0x8080808080808080)) == 0) {
				i += sizeof(eight); /* ASCII, as most of it is */
				continue;
			}
		}
		size_t len = utf8_sequence(p + i, s.n - i);
		if (len == 0) {
			return false;
		}
		i += len;
	}
	return true;
}

unsigned str_distance(const char *a, const char *b, unsigned limit)
{
	enum { LONGEST = 64 };
	unsigned row[LONGEST + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > LONGEST || m > LONGEST) {
		return limit;
	}
	for (size_t j = 0; j <= m; j++) {
		row[j] = (unsigned)j;
	}
	for (size_t i = 1; i <= n; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned replace = diagonal + (a[i - 1] != b[j - 1]);
			unsigned insert = row[j - 1] + 1, drop = row[j] + 1;
			diagonal = row[j];
			row[j] = replace < insert ? replace : insert;
			row[j] = drop < row[j] ? drop : row[j];
		}
	}
	return row[m] < limit ? row[m] : limit;
}
