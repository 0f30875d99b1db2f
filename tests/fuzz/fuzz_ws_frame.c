/* fuzz_ws_frame: any bytes, in portions the first byte chooses. What is decoded must come
 * out the same however the bytes were cut, and must survive being encoded and decoded
 * again. */
#include "lib/ws_frame.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

enum { CAP = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct ws_frame *frame)
{
	static const uint8_t mask[4] = {1, 2, 3, 255};
	struct ws_decoder decoder;
	struct ws_frame copy;
	struct err err;
	struct buf bytes;

	buf_init(&bytes, CAP + 14);
	assert(ws_frame_encode(&bytes, frame->fin, frame->opcode, frame->payload,
	        frame->masked ? mask : NULL));
	ws_decoder_init(&decoder, CAP);
	assert(ws_decoder_feed(&decoder, buf_str(&bytes)));
	assert(ws_decoder_next(&decoder, &copy, &err) == WS_FRAME);
	assert(copy.fin == frame->fin && copy.opcode == frame->opcode);
	assert(copy.masked == frame->masked && copy.payload.n == frame->payload.n);
	assert(copy.payload.n == 0 ||
	        memcmp(copy.payload.p, frame->payload.p, copy.payload.n) == 0);
	ws_decoder_finish(&decoder);
	buf_finish(&bytes);
}

/* A digest of all frames and of how it ended. */
static uint64_t decode(const uint8_t *data, size_t size, size_t portion)
{
	struct ws_decoder decoder;
	struct ws_frame frame;
	struct err err;
	uint64_t digest = 14695981039346656037u;
	enum ws_decode result = WS_MORE;

	ws_decoder_init(&decoder, CAP);
	for (size_t at = 0; at < size && result != WS_ERROR; at += portion) {
		size_t n = size - at < portion ? size - at : portion;
		if (!ws_decoder_feed(
		            &decoder, (struct str){(const char *)data + at, n})) {
			break;
		}
		while ((result = ws_decoder_next(&decoder, &frame, &err)) == WS_FRAME) {
			assert(frame.payload.n <= CAP);
			assert(frame.opcode < WS_CLOSE || frame.payload.n <= 125);
			for (size_t i = 0; i < frame.payload.n; i++) {
				digest = (digest ^ (uint8_t)frame.payload.p[i]) *
				         1099511628211u;
			}
			digest = (digest ^ frame.opcode ^ (uint64_t)frame.rsv << 4 ^
			                 (uint64_t)frame.fin << 7) *
			         1099511628211u;
			check_again(&frame);
		}
	}
	ws_decoder_finish(&decoder);
	return digest ^ (uint64_t)result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > 16 * 1024) {
		return 0;
	}
	uint64_t whole = decode(data + 1, size - 1, size);
	uint64_t portions = decode(data + 1, size - 1, (size_t)data[0] + 1);
	assert(whole == portions);
	return 0;
}
