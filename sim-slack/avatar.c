#include "sim-slack/avatar.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 16 };

static void put32(unsigned char *at, uint32_t value)
{
	for (int i = 0; i < 4; i++) {
		at[i] = (unsigned char)(value >> (24 - 8 * i));
	}
}

/* PNG's own, ISO 3309. */
static uint32_t crc32_of(const unsigned char *data, size_t n)
{
	uint32_t crc = 0xFFFFFFFFU;

	for (size_t i = 0; i < n; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++) {
			crc = crc & 1 ? (crc >> 1) ^ 0xEDB88320U : crc >> 1;
		}
	}
	return ~crc;
}

static uint32_t adler32_of(const unsigned char *data, size_t n)
{
	uint32_t a = 1, b = 0;

	for (size_t i = 0; i < n; i++) {
		a = (a + data[i]) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}

static void add_chunk(
        struct buf *out, const char *type, const unsigned char *data, size_t n)
{
	unsigned char chunk[4 + 512], word[4];

	memcpy(chunk, type, 4);
	memcpy(chunk + 4, data, n);
	put32(word, (uint32_t)n);
	buf_add(out, word, 4);
	buf_add(out, chunk, n + 4);
	put32(word, crc32_of(chunk, n + 4));
	buf_add(out, word, 4);
}

void avatar_png(struct buf *out, const char *hash)
{
	static const unsigned char head[13] = {
	        0, 0, 0, SIDE, 0, 0, 0, SIDE, 8, 3, 0, 0, 0};
	unsigned char rows[SIDE * (SIDE + 1)] = {0}; /* filter 0, then palette index 0 */
	unsigned char zlib[2 + 5 + sizeof(rows) + 4] = {0x78, 0x01, 0x01};
	unsigned char colour[3];
	char digits[7] = "000000";

	memcpy(digits, hash, strnlen(hash, 6));
	put32(zlib + 2 + 5 + sizeof(rows), adler32_of(rows, sizeof(rows)));
	zlib[3] = sizeof(rows) & 0xFF;
	zlib[4] = sizeof(rows) >> 8;
	zlib[5] = (unsigned char)~zlib[3];
	zlib[6] = (unsigned char)~zlib[4];
	for (int i = 0; i < 3; i++) {
		char pair[3] = {digits[2 * i], digits[2 * i + 1], '\0'};

		colour[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
	buf_add(out, "\x89PNG\r\n\x1a\n", 8);
	add_chunk(out, "IHDR", head, sizeof(head));
	add_chunk(out, "PLTE", colour, sizeof(colour));
	add_chunk(out, "IDAT", zlib, sizeof(zlib));
	add_chunk(out, "IEND", head, 0);
}
