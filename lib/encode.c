/* The encodings declared in str.h: percent, form, hex, base64url, SHA-256. */
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static const char hex_digits[] = "0123456789ABCDEF";

static bool is_unreserved(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

char *url_encode(const char *s)
{
	size_t n = strlen(s);
	char *out = xmalloc(n * 3 + 1);
	size_t o = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		if (is_unreserved(c)) {
			out[o++] = (char)c;
		} else {
			out[o++] = '%';
			out[o++] = hex_digits[c >> 4];
			out[o++] = hex_digits[c & 15];
		}
	}
	out[o] = '\0';
	return out;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	if (c >= 'A' && c <= 'F') {
		return c - 'A' + 10;
	}
	return -1;
}

char *url_decode(struct str s, bool plus_is_space)
{
	char *out = xmalloc(s.n + 1);
	size_t o = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '+' && plus_is_space) {
			c = ' ';
		} else if (c == '%') {
			int high = s.n - i > 2 ? hex_value(s.p[i + 1]) : -1;
			int low = s.n - i > 2 ? hex_value(s.p[i + 2]) : -1;
			if (high < 0 || low < 0) {
				free(out);
				return NULL;
			}
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (c == '\0') {
			free(out);
			return NULL;
		}
		out[o++] = c;
	}
	out[o] = '\0';
	return out;
}

char *form_get(struct str form, const char *name)
{
	size_t at = 0;

	while (at < form.n) {
		const char *start = form.p + at;
		const char *amp = memchr(start, '&', form.n - at);
		size_t len = amp == NULL ? form.n - at : (size_t)(amp - start);
		const char *equals = memchr(start, '=', len);
		size_t name_len = equals == NULL ? len : (size_t)(equals - start);
		autofree char *key = url_decode((struct str){start, name_len}, true);
		if (key != NULL && strcmp(key, name) == 0) {
			if (equals == NULL) {
				return xstrdup("");
			}
			return url_decode(
			        (struct str){equals + 1, len - name_len - 1}, true);
		}
		at += len + 1;
	}
	return NULL;
}

char *hex_encode(const void *data, size_t n)
{
	static const char lower[] = "0123456789abcdef";
	const unsigned char *p = data;
	char *out = xmalloc(n * 2 + 1);

	for (size_t i = 0; i < n; i++) {
		out[i * 2] = lower[p[i] >> 4];
		out[i * 2 + 1] = lower[p[i] & 15];
	}
	out[n * 2] = '\0';
	return out;
}

char *hex_decode(const char *hex)
{
	size_t n = strlen(hex);
	char *out;

	if (n % 2 != 0) {
		return NULL;
	}
	out = xmalloc(n / 2 + 1);
	for (size_t i = 0; i < n; i += 2) {
		int high = hex_value(hex[i]), low = hex_value(hex[i + 1]);

		if (high < 0 || low < 0) {
			free(out);
			return NULL;
		}
		out[i / 2] = (char)(high << 4 | low);
	}
	out[n / 2] = '\0';
	return out;
}

char *base64url_encode(const void *data, size_t n)
{
	static const char digits[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const unsigned char *p = data;
	char *out = xmalloc(n * 4 / 3 + 4);
	size_t o = 0;

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		unsigned v = (unsigned)p[i] << 16;
		v |= left > 1 ? (unsigned)p[i + 1] << 8 : 0U;
		v |= left > 2 ? (unsigned)p[i + 2] : 0U;
		size_t characters = left > 2 ? 4 : left + 1;
		for (size_t k = 0; k < characters; k++) {
			out[o++] = digits[v >> (18 - 6 * k) & 63];
		}
	}
	out[o] = '\0';
	return out;
}

static int base64url_value(char c)
{
	return c >= 'A' && c <= 'Z'   ? c - 'A'
	       : c >= 'a' && c <= 'z' ? c - 'a' + 26
	       : c >= '0' && c <= '9' ? c - '0' + 52
	       : c == '-'             ? 62
	       : c == '_'             ? 63
	                              : -1;
}

char *base64url_decode(const char *text, size_t *n)
{
	size_t length = strcspn(text, "=");
	char *out;
	unsigned bits = 0, value = 0;

	if (length % 4 == 1 || strlen(text) - length > 2 ||
	        strspn(text + length, "=") != strlen(text) - length) {
		return NULL;
	}
	out = xmalloc(length * 3 / 4 + 1);
	*n = 0;
	for (size_t i = 0; i < length; i++) {
		int digit = base64url_value(text[i]);

		if (digit < 0) {
			free(out);
			return NULL;
		}
		value = value << 6 | (unsigned)digit;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[(*n)++] = (char)(value >> bits & 0xFF);
		}
	}
	out[*n] = '\0';
	return out;
}

/* Gives the digest's length. */
static unsigned sha256(struct str s, unsigned char digest[EVP_MAX_MD_SIZE])
{
	unsigned len = 0;

	if (EVP_Digest(s.n == 0 ? "" : s.p, s.n, digest, &len, EVP_sha256(), NULL) != 1) {
		abort(); /* only out of memory or a broken OpenSSL can do this */
	}
	return len;
}

char *sha256_base64url(struct str s)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = sha256(s, digest);

	return base64url_encode(digest, len);
}

char *sha256_hex(struct str s)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = sha256(s, digest);

	return hex_encode(digest, len);
}
