#include "sim-slack/picture.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What a stored block of deflate holds at most (RFC 1951, 3.2.4). */
enum { STORED_MAX_BYTES = 65535 };

static void put32(unsigned char *at, uint32_t value)
{
	for (int i = 0; i < 4; i++) {
		at[i] = (unsigned char)(value >> (24 - 8 * i));
	}
}

/* PNG's own, ISO 3309. */
static uint32_t crc32_of(const char *data, size_t n)
{
	uint32_t crc = 0xFFFFFFFFU;

	for (size_t i = 0; i < n; i++) {
		crc ^= (unsigned char)data[i];
		for (int bit = 0; bit < 8; bit++) {
			crc = crc & 1 ? (crc >> 1) ^ 0xEDB88320U : crc >> 1;
		}
	}
	return ~crc;
}

/* Of n zero bytes, which leave the first of its sums at 1. */
static uint32_t adler32_of_zeros(size_t n)
{
	return (uint32_t)(n % 65521) << 16 | 1;
}

static void add_chunk(struct buf *out, const char *type, struct str data)
{
	unsigned char word[4];
	size_t from;

	put32(word, (uint32_t)data.n);
	buf_add(out, word, 4);
	from = out->len;
	buf_puts(out, type);
	buf_add_str(out, data);
	if (!out->failed) {
		put32(word, crc32_of(out->data + from, out->len - from));
		buf_add(out, word, 4);
	}
}

/* n zero bytes as zlib stores them: every row is a filter byte and pixels of colour 0. */
static void add_zeros(struct buf *out, size_t n)
{
	static const char zeros[STORED_MAX_BYTES];
	unsigned char sum[4];

	put32(sum, adler32_of_zeros(n));
	buf_add(out, "\x78\x01", 2);
	while (n > 0) {
		size_t part = n < STORED_MAX_BYTES ? n : STORED_MAX_BYTES;
		unsigned char head[5] = {part == n, (unsigned char)(part & 0xFF),
		        (unsigned char)(part >> 8), (unsigned char)~(part & 0xFF),
		        (unsigned char)~(part >> 8)};

		buf_add(out, head, sizeof(head));
		buf_add(out, zeros, part);
		n -= part;
	}
	buf_add(out, sum, sizeof(sum));
}

void picture_png(struct buf *out, unsigned width, unsigned height, const char *hash)
{
	unsigned char head[13] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 0, 0, 0};
	size_t row_bytes = 1 + (width + 7) / 8;
	char digits[7] = "000000", colour[3];
	struct buf data;

	put32(head, width);
	put32(head + 4, height);
	memcpy(digits, hash, strnlen(hash, 6));
	for (int i = 0; i < 3; i++) {
		char pair[3] = {digits[2 * i], digits[2 * i + 1], '\0'};

		colour[i] = (char)strtoul(pair, NULL, 16);
	}
	buf_init(&data, PICTURE_MAX_BYTES);
	add_zeros(&data, row_bytes * height);
	buf_add(out, "\x89PNG\r\n\x1a\n", 8);
	add_chunk(out, "IHDR", (struct str){(const char *)head, sizeof(head)});
	add_chunk(out, "PLTE", (struct str){colour, sizeof(colour)});
	add_chunk(out, "IDAT", buf_str(&data));
	add_chunk(out, "IEND", str_from(""));
	buf_finish(&data);
}
