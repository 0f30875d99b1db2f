/* ws_frame: WebSocket frames as bytes (RFC 6455, section 5): a pure encoder and an
 * incremental decoder, for the server side of the simulators, which must be able to send
 * any frame, right or wrong. The daemon speaks through libwebsockets (ws_client), so that
 * each checks the other. */
#ifndef LIB_WS_FRAME_H
#define LIB_WS_FRAME_H

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/str.h"
#include <stdbool.h>
#include <stdint.h>

enum ws_opcode {
	WS_CONTINUATION = 0x0,
	WS_TEXT = 0x1,
	WS_BINARY = 0x2,
	WS_CLOSE = 0x8,
	WS_PING = 0x9,
	WS_PONG = 0xA,
};

struct ws_frame {
	bool fin;
	uint8_t rsv; /* the three reserved bits */
	uint8_t opcode;
	bool masked;
	struct str payload; /* unmasked; borrowed from the decoder until the next call */
};

/* Appends one frame. mask NULL: unmasked, as servers send. */
bool ws_frame_encode(struct buf *out, bool fin, uint8_t opcode, struct str payload,
        const uint8_t mask[4]);

struct ws_decoder {
	struct buf in;
	size_t consumed;
	size_t max_payload_bytes;
};

void ws_decoder_init(struct ws_decoder *decoder, size_t max_payload_bytes);
void ws_decoder_finish(struct ws_decoder *decoder);
/* Feeds bytes as they come, any number at a time. False: more than the cap is waiting. */
bool ws_decoder_feed(struct ws_decoder *decoder, struct str bytes);
enum ws_decode { WS_FRAME, WS_MORE, WS_ERROR };
/* The next whole frame; WS_ERROR (with *err: the frame breaks RFC 6455: reserved opcode,
 * long or fragmented control frame, over the cap, length not minimal; its code is the
 * close code that fits, 1002 or 1009) is final. Reserved bits and masking are for the
 * caller to judge. */
enum ws_decode ws_decoder_next(
        struct ws_decoder *decoder, struct ws_frame *out, struct err *err);

/* The Sec-WebSocket-Accept for a key (RFC 6455, 4.2.2). Caller frees. */
char *ws_accept_key(const char *key);

#endif
