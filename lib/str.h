/* str: a borrowed run of bytes, and small questions about text. */
#ifndef LIB_STR_H
#define LIB_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	const char *p; /* not NUL-terminated; NULL only when n is 0 */
	size_t n;
};

struct str str_from(const char *s); /* NULL gives an empty one */
bool str_is(struct str s, const char *text);
bool str_equal(const char *a, const char *b); /* NULL equals only NULL */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

/* Constant time in the contents (not in the length), for secrets. */
bool str_equal_secret(struct str a, struct str b);

/* Whole decimal number in range, nothing before or after it. */
bool str_to_int64(struct str s, int64_t min, int64_t max, int64_t *out);

/* Valid UTF-8 (no surrogates, no overlong forms, nothing above U+10FFFF). */
bool str_is_utf8(struct str s);

/* Edit distance, for "did you mean"; at most `limit`, texts over 64 bytes count as far.
 */
unsigned str_distance(const char *a, const char *b, unsigned limit);

/* Percent-encodes all but unreserved characters (RFC 3986, 2.3). Caller frees. */
char *url_encode(const char *s);
/* Decodes %XX (and + as space if plus_is_space). NULL if malformed or if it decodes to a
 * NUL. Caller frees. */
char *url_decode(struct str s, bool plus_is_space);
/* The decoded value of `name` in a query string or form body, or NULL. Caller frees. */
char *form_get(struct str form, const char *name);

/* Lower-case hex of `n` bytes. Caller frees. */
char *hex_encode(const void *data, size_t n);
/* The strlen(hex) / 2 bytes, or NULL if it is not pairs of hex digits. Caller frees. */
char *hex_decode(const char *hex);
/* Unpadded base64url (RFC 4648, 5). Caller frees. */
char *base64url_encode(const void *data, size_t n);
/* The bytes, NUL-terminated besides, of text in that alphabet with or without padding;
 * NULL for anything else. Caller frees. */
char *base64url_decode(const char *text, size_t *n);
/* SHA-256 of the text, as unpadded base64url (43 characters). Caller frees. */
char *sha256_base64url(struct str s);
/* The same as lower-case hex (64 characters). */
char *sha256_hex(struct str s);

#endif
